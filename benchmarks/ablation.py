"""What `textnorm ablate` says of two tasks made from the development data.

    python benchmarks/ablation.py [--json FILE]

Law or news: which of two Lithuanian texts a stretch of six words comes from, 1,000 stretches each. Once as written,
under ``lt-speech`` (numbers and abbreviations read out); once with all diacritics stripped, under ``lt-diacritics``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

from data import lines

from textnorm.ablation.study import Settings, study
from textnorm.commands.ablate import lines as report_lines

TEXTS = {"law": "lt/text_law.txt.gz", "news": "lt/text_news.txt.gz"}
EACH, WORDS = 1000, 6
STRIP = str.maketrans("ąčęėįšųūžĄČĘĖĮŠŲŪŽ", "aceeisuuzACEEISUUZ")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    texts: list[str] = []
    labels: list[str] = []
    rng = random.Random(0)
    for label, file in TEXTS.items():
        found = lines(file, 3_000_000)
        if found is None:
            print(f"{file} is not among the data (set TEXTNORM_DATA).", file=sys.stderr)
            raise SystemExit(2)
        stretches = []
        for line in found:
            words = line.split()
            if len(words) >= WORDS:
                at = rng.randrange(len(words) - WORDS + 1)
                stretches.append(" ".join(words[at : at + WORDS]))
        texts += rng.sample(stretches, EACH)
        labels += [label] * EACH
    reports = {}
    for name, pipeline, layer in (
        ("law or news", "lt-speech", texts),
        ("law or news, diacritics stripped", "lt-diacritics", [text.translate(STRIP) for text in texts]),
    ):
        report = {"file": name, "read": len(layer), "without_text_or_label": 0}
        report |= study(layer, labels, Settings(pipeline, {}))
        reports[name] = report
        print("\n".join(report_lines(report)) + "\n")
    if args.json:
        args.json.write_text(json.dumps(reports, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
