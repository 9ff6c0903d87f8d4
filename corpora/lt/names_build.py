"""Make ``names_dev.jsonl`` and ``names_test.jsonl`` from the marked-up texts beside this file.

    python corpora/lt/names_build.py [--check]

Markup of a document (blank line between documents)::

    == lt-001 local
    p1 = Gintarė Balsevičiūtė
    Taryba išrinko [Gintarę Balsevičiūtę|p1].

First its id and topic, then one line a cluster (the letter of its key is its type, what follows is its canonical name),
then the text, one line a paragraph. ``[form|key]`` is a mention. ``--check`` writes nothing and fails
where a file is stale.
"""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED = 20261121
TYPES = {"p": "person", "g": "person", "l": "place", "o": "organization", "e": "event", "r": "product", "x": "other"}

_CLUSTER = re.compile(r"([pgloerx]\d+) = (\S.*)")
_MENTION = re.compile(r"\[([^\[\]|]+)\|([a-z]\d+)\]")
# An initial or a short form keeps its full stop, as in the English gold; so do "šv." and "kun." before a name.
_ABBREVIATION = r"(?:[A-ZĄČĘĖĮŠŲŪŽ][a-z]?|šv|Šv|kun|pvz)\.(?=\s*\w)"
_TOKEN = re.compile(rf"\b{_ABBREVIATION}|\w+(?:[-'’:]\w+)*|[^\w\s]")


def tokenize(text: str) -> list[tuple[int, int]]:
    """Return the tokens of ``text`` as spans of code points, in order."""
    return [match.span() for match in _TOKEN.finditer(text)]


def parse(source: str) -> list[dict[str, Any]]:
    """Return the documents of a marked-up file.

    Raises:
        ValueError: markup that does not hold together; the message names the document.
    """
    return [_document(block) for block in source.split("\n\n") if block.strip()]


def _document(block: str) -> dict[str, Any]:
    head, *lines = block.strip("\n").split("\n")
    name, topic = head.removeprefix("== ").split()
    canonical: dict[str, str] = {}
    while lines and (match := _CLUSTER.fullmatch(lines[0])):
        if match[1] in canonical:
            msg = f"{name}: the cluster {match[1]} is declared twice"
            raise ValueError(msg)
        canonical[match[1]] = match[2]
        lines.pop(0)
    text, spans = _strip("\n".join(lines))
    starts, ends = {}, {}
    tokens = tokenize(text)
    for position, (start, end) in enumerate(tokens):
        starts[start], ends[end] = position, position
    mentions = []
    for start, end, key in spans:
        form = text[start:end]
        if key not in canonical:
            msg = f"{name}: '{form}' is of the cluster {key}, which is not declared"
            raise ValueError(msg)
        if start not in starts or end not in ends:
            msg = f"{name}: '{form}' does not begin and end with a token"
            raise ValueError(msg)
        row = {"s": starts[start], "e": ends[end], "t": TYPES[key[0]], "c": key, "text": form}
        mentions.append({**row, "start": start, "end": end})
    if unused := sorted(set(canonical) - {key for _, _, key in spans}):
        msg = f"{name}: no mention of {', '.join(unused)}"
        raise ValueError(msg)
    clusters = {key: {"type": TYPES[key[0]], "canonical": value} for key, value in canonical.items()}
    return {
        "id": name,
        "genre": topic,
        "text": text,
        "tokens": [text[start:end] for start, end in tokens],
        "mentions": mentions,
        "clusters": clusters,
    }


def _strip(marked: str) -> tuple[str, list[tuple[int, int, str]]]:
    """Return the text without markup and the spans of its mentions."""
    parts: list[str] = []
    spans: list[tuple[int, int, str]] = []
    length = last = 0
    for match in _MENTION.finditer(marked):
        before = marked[last : match.start()]
        start = length + len(before)
        length, last = start + len(match[1]), match.end()
        parts += [before, match[1]]
        spans.append((start, length, match[2]))
    text = "".join([*parts, marked[last:]])
    if any(sign in text for sign in "[]|"):
        msg = f"broken markup near {text[:60]!r}"
        raise ValueError(msg)
    return text, spans


def halves(names: list[str]) -> tuple[set[str], set[str]]:
    """Return the ids of the dev and of the test half: a seeded shuffle over documents."""
    order = sorted(names)
    random.Random(SEED).shuffle(order)
    return set(order[: len(order) // 2]), set(order[len(order) // 2 :])


def render(documents: list[dict[str, Any]]) -> str:
    """Return the documents as JSON Lines."""
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)


def main(arguments: list[str]) -> int:
    """Write both files, or with ``--check`` compare them; returns the exit status."""
    stale = []
    for half in ("dev", "test"):
        target = HERE / f"names_{half}.jsonl"
        made = render(parse((HERE / f"names_{half}.txt").read_text(encoding="utf-8")))
        if "--check" not in arguments:
            target.write_text(made, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != made:
            stale.append(target.name)
    if stale:
        sys.stderr.write(f"stale: {', '.join(stale)}; run python corpora/lt/names_build.py\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
