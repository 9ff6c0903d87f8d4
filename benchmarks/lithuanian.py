"""Accuracy of ``lt-speech`` on our own gold and on the gold sets of the data, with parts of the grammar switched off.

    python benchmarks/lithuanian.py [--json FILE]

Own gold: a row is right when the whole sentence is one of its accepted readings (case of letters and punctuation
ignored; rows of class NONE must not change at all). Gold sets of the data folder (``TEXTNORM_DATA``): slots right, as
``textnorm bench lt`` counts them. Intervals are Wilson's, 95 %. Ablations: *no noun tagger* reads every number as if
nothing followed it; *no government* drops what prepositions, verbs and nouns to the left demand; *neither* does both;
*no plural-only rule* says dveji metai as du metai.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "lt"))

import data
import gold

from textnorm import __version__, load
from textnorm.bench import lt
from textnorm.bench.report import wilson
from textnorm.errors import UsageError
from textnorm.languages.lt import wording, reader
from textnorm.languages.lt.context import Context

Row = dict[str, object]
ABLATIONS = ("full", "no noun tagger", "no government", "neither", "no plural-only rule")
#: Groups of the gold sets that an ablation is shown on, where a set has them.
GROUPS = ("card", "card/oblique", "card_plural_only", "NUM", "MEASURE", "MONEY", "PERCENT", lt.ALL)


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
        elif name == "no noun tagger":
            stack.enter_context(patch.object(reader, "context_key", _blind(right=True)))
        elif name == "neither":
            stack.enter_context(patch.object(reader, "context_key", _blind(left=True, right=True)))
        elif name == "no plural-only rule":
            plain = wording.cardinal

            def cardinal(*args: object, **kwargs: object) -> str:
                return plain(*args, **{**kwargs, "series": "plain"})  # type: ignore[arg-type]

            stack.enter_context(patch.object(wording, "cardinal", cardinal))
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
        _row(f"own gold, {split}", f"{label}, {name}", right[label, split], n)
        for (label, split), n in sorted(total.items())
    ]


def score_sets(name: str) -> list[Row]:
    """Return one row a gold set of the data and group; none where the data are not here."""
    try:
        sets = lt.gold_sets(data.data_dir())
    except UsageError as error:
        print(f"{error} Left out.", file=sys.stderr)
        return []
    rows = []
    with ablated(name):
        for path in sets:
            found = lt.score(list(lt.read_gold(path)), lt.reading_of(load("lt-speech")))
            for group in GROUPS:
                right, n = found.right(group)
                if n:
                    rows.append(_row(path.stem, f"{group}, {name}", right, n))
            wrong = found.outcomes[lt.ALL]["wrong_value"]
            rows.append(_row(path.stem, f"wrong values, {name}", wrong, found.outcomes[lt.ALL].total()))
    return rows


def _row(where: str, measure: str, hits: int, n: int) -> Row:
    lo, hi = wilson(hits, n)
    value = {"value": round(100 * hits / n, 1), "n": n, "lo": round(100 * lo, 1), "hi": round(100 * hi, 1)}
    return {"set": where, "lang": "lt", "measure": measure, **value}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    scores = {name: [*score(name), *score_sets(name)] for name in ABLATIONS}
    print(f"{'class':10} {'set':16} {'n':>4} {'right':>7}  95 % interval")
    for row in scores["full"]:
        label, own = str(row["measure"]).partition(",")[0], str(row["set"]).startswith("own")
        if own:
            print(f"{label:10} {row['set']!s:16} {row['n']:>4} {row['value']:>6} %  [{row['lo']}, {row['hi']}]")
    print(f"\n{'set':16} {'group':18} {'n':>5}  " + "  ".join(ABLATIONS))
    for rows in zip(*scores.values(), strict=True):
        label, where = str(rows[0]["measure"]).partition(",")[0], str(rows[0]["set"])
        if where.startswith("own") and (label != "ALL" or not where.endswith("all")):
            continue
        cells = (f"{row['value']} %".rjust(len(name)) for row, name in zip(rows, ABLATIONS, strict=True))
        print(f"{where:16} {label:18} {rows[0]['n']:>5}  " + "  ".join(cells))
    if args.json:
        document = {"name": "lithuanian", "rows": [row for rows in scores.values() for row in rows]}
        document["version"] = __version__
        args.json.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
