"""Reading the documents with marked names of the case files."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
MARK = re.compile(r"\[([^\[\]|]+)\|(\d+)(?: (\w+))?\]")


def rows(name):
    """Return the rows of a case file without comments and header."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line.strip() and not line.startswith("#")][1:]


def marked(text):
    """Return the text without marks, its mentions as a record has them, and the cluster of each."""
    plain, mentions, clusters, at = "", [], [], 0
    for match in MARK.finditer(text):
        plain += text[at : match.start()]
        mention = {"start": len(plain), "end": len(plain) + len(match[1])}
        if match[3]:
            mention["type"] = match[3]
        plain += match[1]
        mentions.append(mention)
        clusters.append(match[2])
        at = match.end()
    return plain + text[at:], mentions, clusters


def partition(labels):
    """Return a clustering as the set of its groups."""
    groups = {}
    for k, label in enumerate(labels):
        groups.setdefault(label, set()).add(k)
    return {frozenset(group) for group in groups.values()}
