"""Accuracy of ``lt-speech`` on our own gold, per class, with and without the parts that claim a gain.

    python benchmarks/lithuanian.py [--json FILE]

A row is right when the whole sentence is one of its accepted readings (case of letters and punctuation ignored; rows
of class NONE must not change at all). Intervals are Wilson's, 95 %. Ablations: *no counted noun* reads every number
as if nothing followed it; *no government* drops what prepositions, verbs and nouns to the left demand; *no plural-
only series* says dveji metai as du metai; *no context* does all of it.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "lt"))

import gold

from textnorm import __version__, load
from textnorm.languages.lt import reader
from textnorm.languages.lt.context import Context

Row = dict[str, object]


def wilson(right: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, in percent."""
    z, p = 1.96, right / n
    centre, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return 100 * (centre - spread) / (1 + z * z / n), 100 * (centre + spread) / (1 + z * z / n)


def _blind(*, left: bool = False, right: bool = False) -> Callable[[str, int, int], Context]:
    see = reader.context_key

    def context(text: str, start: int, end: int) -> Context:
        seen = see(text, start, end)
        return Context(() if left else seen.left, () if right else seen.right, () if right else seen.caps)

    return context


@contextmanager
def ablated(name: str) -> Iterator[None]:
    """Switch one part off."""
    with ExitStack() as stack:
        if name == "no government":
            stack.enter_context(patch.object(reader, "context_key", _blind(left=True)))
        elif name == "no counted noun":
            stack.enter_context(patch.object(reader, "context_key", _blind(right=True)))
        elif name == "no context":
            stack.enter_context(patch.object(reader, "context_key", _blind(left=True, right=True)))
        elif name == "no plural-only series":
            plain = reader.cardinal

            def cardinal(*args: object, **kwargs: object) -> str:
                return plain(*args, **{**kwargs, "series": "plain"})  # type: ignore[arg-type]

            stack.enter_context(patch.object(reader, "cardinal", cardinal))
        yield


def score(name: str) -> list[Row]:
    """Return one row a class and split, and the totals."""
    rows = gold.load()
    with ablated(name):
        outs = load("lt-speech").batch([row.written for row in rows])
    right: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for row, out in zip(rows, outs, strict=True):
        for key in ((row.label, "all"), ("ALL", row.split), ("ALL", "all")):
            total[key] += 1
            right[key] += row.right(out.text)
    return [
        {
            "set": f"own gold, {split}",
            "lang": "lt",
            "measure": f"{label}, {name}",
            "value": round(100 * right[label, split] / n, 1),
            "n": n,
            "lo": round(wilson(right[label, split], n)[0], 1),
            "hi": round(wilson(right[label, split], n)[1], 1),
        }
        for (label, split), n in sorted(total.items())
    ]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    full = score("full")
    rows = list(full)
    print(f"{'class':10} {'set':16} {'n':>4} {'right':>7}  95 % interval")
    for row in full:
        label = str(row["measure"]).partition(",")[0]
        print(f"{label:10} {row['set']!s:16} {row['n']:>4} {row['value']:>6} %  [{row['lo']}, {row['hi']}]")
    print(f"\n{'ablation, all rows':24} {'right':>7}")
    for name in ("full", "no government", "no counted noun", "no plural-only series", "no context"):
        found = full if name == "full" else score(name)
        rows += [] if name == "full" else found
        (whole,) = [r for r in found if str(r["measure"]).startswith("ALL,") and str(r["set"]).endswith("all")]
        print(f"{name:24} {whole['value']:>6} %")
    if args.json:
        document = {"name": "lithuanian", "rows": rows, "version": __version__}
        args.json.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
