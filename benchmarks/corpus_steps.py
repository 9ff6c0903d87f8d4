"""What the steps that annotate a corpus find, and how fast: language, quality, personal data, duplicates.

    python benchmarks/corpus_steps.py [--json FILE]

* *language*: share of lines of 20 letters or more that get the language of their file, among all that the model knows
  and among seven.
* *personal data*: how many random strings of the right form pass as a code (the check digit's worth), and matches per
  MB of running text, where few are expected.
* *duplicates*: documents of eight lines; one in five is copied as it is, one in five with some words changed. Recall of
  the changed copies by their true Jaccard similarity (counted, not estimated).

Rates are MB of UTF-8 by CPU-second of one process, warm.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import process_time

from data import lines

from textnorm import __version__, registry
from textnorm.bench.report import Report, Row, share
from textnorm.dedup.clusters import Clusters
from textnorm.dedup.signature import Signer, shingles

TEXTS = {
    "en web": ("en", "text/en_EWT.txt.gz"),
    "lt news": ("lt", "lt/text_news.txt.gz"),
    "lt law": ("lt", "lt/text_law.txt.gz"),
}
#: Classes of changed copies by their true similarity, from this limit on.
NEAR = {"near, true ≥ .9": 0.9, "near, true .8 to .9": 0.8, "near, true .7 to .8": 0.7, "near, true < .7": -1.0}
LIMIT = 1_000_000
SEVEN = ["lt", "en", "lv", "et", "pl", "ru", "de"]
LETTERS = 20
CODES = 200_000


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    report = Report("corpus-steps")
    texts = {}
    for name, (lang, file) in TEXTS.items():
        found = lines(file, LIMIT)
        if found is None:
            report.notes.append(f"{name}: {file} is not among the data; left out.")
        else:
            texts[name] = (lang, [line for line in found if line.strip()])
    for name, (lang, found) in texts.items():
        languages(report, name, lang, found)
        rates(report, name, lang, found)
    codes(report)
    for name, (lang, found) in texts.items():
        duplicates(report, name, lang, found)
    for line in report.lines():
        print(line)
    if args.json:
        args.json.write_text(json.dumps(report.payload(__version__), ensure_ascii=False, indent=1), encoding="utf-8")


def languages(report: Report, name: str, lang: str, texts: Sequence[str]) -> None:
    """Add how many lines get their language."""
    long = [text for text in texts if sum(map(str.isalpha, text)) >= LETTERS]
    for label, candidates in (("language right, all", []), ("language right, of seven", SEVEN)):
        component = registry.normalizers.get("textnorm.language.v1")(candidates)
        hits = sum(component.identify(text)[0] == lang for text in long)
        report.add(share(name, lang, label, hits, len(long)))


def rates(report: Report, name: str, lang: str, texts: Sequence[str]) -> None:
    """Add the speed of each component, and the matches of personal data."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    for plugin, options in (
        ("language", {}),
        ("quality", {}),
        ("pii", {}),
        ("duplicates", {}),
        ("duplicates", {"keys": True}),
    ):
        component = registry.normalizers.get(f"textnorm.{plugin}.v1")(**options)
        component(texts[:100])
        before = process_time()
        edits = component(texts)
        seconds = process_time() - before
        label = f"{plugin}{', keys' if options else ''}"
        report.add(Row(name, lang, f"{label}, MB per CPU-s", size / seconds, len(texts)))
        if plugin == "pii":
            counts = ", ".join(f"{rule[4:]} {count}" for rule, count in sorted(Counter(edits.rule).items()))
            report.add(Row(name, lang, "pii, matches per MB", edits.count / size, edits.count, note=counts))


def codes(report: Report) -> None:
    """Add how many random strings of the right form pass a check."""
    from textnorm.normalizers.corpus.personal_checks import checks

    rng = random.Random(1)
    draw = {
        "lt_personal_code": lambda: f"{rng.randrange(10**11):011d}",
        "lt_company_code": lambda: f"{rng.randrange(10**9):09d}",
        "card": lambda: f"{rng.randrange(10**16):016d}",
        "iban": lambda: f"LT{rng.randrange(10**18):018d}",
    }
    for check, make in draw.items():
        passed = sum(checks()[check](make()) is not None for _ in range(CODES))
        report.add(share("random", "", f"{check} passes", passed, CODES))


def duplicates(report: Report, name: str, lang: str, texts: Sequence[str]) -> None:
    """Add recall of copies and the speed of clustering."""
    rng = random.Random(1)
    documents = [" ".join(texts[i : i + 8]) for i in range(0, len(texts) - 7, 8)]
    corpus: list[str] = []
    origin: dict[int, int] = {}
    for document in documents:
        first = len(corpus)
        corpus.append(document)
        if rng.random() < 0.2:
            origin[len(corpus)] = first
            corpus.append(document)
        if rng.random() < 0.2:
            words = document.split()
            for _ in range(max(1, len(words) // rng.choice((20, 40, 80, 160)))):
                words[rng.randrange(len(words))] = "kitaip"
            origin[len(corpus)] = first
            corpus.append(" ".join(words))
    before = process_time()
    with tempfile.TemporaryDirectory() as folder:
        clusters = Clusters(Path(folder), Signer())
        clusters.add(corpus)
        clusters.finish()
        verdict = clusters.verdict(0, len(corpus))
    seconds = process_time() - before
    size = sum(len(text.encode()) for text in corpus) / 1e6
    report.add(Row(name, lang, "clusters, MB per CPU-s", size / seconds, len(corpus)))
    by: dict[str, list[bool]] = {label: [] for label in ("equal", *NEAR)}
    for copy, first in origin.items():
        a, b = (set(shingles(corpus[i], 5)) for i in (copy, first))
        true = len(a & b) / len(a | b) if a | b else 0.0
        near = next(label for label, limit in NEAR.items() if true >= limit)
        key = "equal" if corpus[copy] == corpus[first] else near
        by[key].append(bool(verdict.dup_of[copy] >= 0))
    for label, hits in by.items():
        report.add(share(name, lang, f"copies found, {label}", sum(hits), len(hits)))
    others = [i for i in range(len(corpus)) if i not in origin and verdict.dup_of[i] >= 0]
    report.add(
        Row(name, lang, "found beside the copies", len(others), len(corpus), note="near texts of the source itself")
    )


if __name__ == "__main__":
    main()
