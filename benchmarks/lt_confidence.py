"""What the confidence of Lithuanian readings is worth: how often readings are right at each raw confidence.

    python benchmarks/lt_confidence.py [--write]

Slots of the gold sets of the data (``TEXTNORM_DATA``), each with the confidence of the edit that read it before
calibration; edits of rules that have a bound of their own are left out. Classes that get their confidence in the same
way are taken together. A step's confidence is (right + 1) / (n + 2), made to ascend by joining neighbours that do not
(pool adjacent violators). The table is checked out of sample: fitted on the documents of one half, measured on those of
the other, both ways. ``--write`` fits on all and writes ``rules/lt/confidence.tsv``.
"""

from __future__ import annotations

import argparse
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import data

from textnorm.bench import lt
from textnorm.bench.lt_score import RIGHT, align, judge
from textnorm.languages.lt.reader import make_reader
from textnorm.rules.calibration import COLUMNS, Calibration, calibration_of
from textnorm.rules.engine import FastEngine
from textnorm.rules.pack import CLASSES, load_pack

#: Classes whose raw confidence comes from the same functions.
GROUPS = (
    "NUM MEASURE MONEY PERCENT FRACTION RANGE DECIMAL",
    "NORD ROMAN SYMBOL",
    "NDATE NTIME NYEAR",
)
EDGES = (0.0, 0.52, 0.6, 0.7, 0.8, 0.9, 0.95)
#: What ``lt-speech-safe`` asks for.
SAFE = 0.95
#: A step of fewer slots is joined to the one above it, or below where there is none above.
LEAST = 15
TABLE = data.ROOT / "rules" / "lt" / "confidence.tsv"


@dataclass(frozen=True)
class Seen:
    """One slot that was read: its document, class of the rule, raw confidence, and whether it is right."""

    document: str
    label: str
    raw: float
    right: bool


@dataclass
class Step:
    """Slots of one range of raw confidence."""

    lower: float
    n: int = 0
    right: int = 0

    @property
    def confidence(self) -> float:
        """Laplace's estimate."""
        return (self.right + 1) / (self.n + 2)

    def join(self, other: Step) -> None:
        """Take the slots of a neighbour in."""
        self.lower, self.n, self.right = min(self.lower, other.lower), self.n + other.n, self.right + other.right


def observe() -> list[Seen]:
    """Return the slots of all gold sets."""
    pack = replace(load_pack("lt"), calibration=None)
    engine = FastEngine(pack, make_reader())
    bounded = {rule.id for rule in pack.rules if rule.confidence < 1.0}
    seen = []
    for path in lt.gold_sets(data.data_dir()):
        rows = list(lt.read_gold(path))
        texts = [row.text for row in rows]
        edits = engine.edits(texts)
        for i, (row, reading) in enumerate(zip(rows, edits.apply(texts), strict=True)):
            aligned, made = align(row, reading), list(edits.row(i))
            for k, slot in enumerate(row.slots):
                here = [e for e in made if e.start < slot.end and e.end > slot.start and e.replacement is not None]
                if not here or any(edit.rule in bounded for edit in here):
                    continue
                right = judge(aligned.found[k], row.written(k), slot.accepted, aligned.around[k]) in RIGHT
                document = re.sub(r"(?:#\d+|-s\d+)$", "", row.id)
                seen.append(Seen(document, here[0].label, min(edit.confidence for edit in here), right))
    return seen


def fit(seen: Iterable[Seen], group: str) -> list[Step]:
    """Return the steps of one group of classes."""
    steps = [Step(edge) for edge in EDGES]
    labels = group.split()
    for slot in seen:
        if slot.label in labels:
            step = max((s for s in steps if s.lower <= slot.raw), key=lambda s: s.lower)
            step.n += 1
            step.right += slot.right
    out: list[Step] = []
    for step in reversed(steps):  # from the surest down
        if out and (out[-1].n < LEAST or step.n < LEAST or step.confidence > out[-1].confidence):
            out[-1].join(step)
            while len(out) > 1 and out[-1].confidence > out[-2].confidence:
                out[-2].join(out.pop())
        else:
            out.append(step)
    return out[::-1]


def table(seen: Sequence[Seen]) -> list[dict[str, str]]:
    """Return the rows of the table."""
    rows = []
    for group in GROUPS:
        for step in fit(seen, group):
            cells = (group, f"{step.lower:g}", str(step.n), str(step.right), f"{step.confidence:.3f}")
            rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def brier(seen: Sequence[Seen], calibration: Calibration | None) -> tuple[float, float]:
    """Return the Brier score, and the gap between mean confidence and the share that is right."""
    told = [calibration(s.label, s.raw) if calibration else s.raw for s in seen]
    score = sum((p - s.right) ** 2 for p, s in zip(told, seen, strict=True)) / len(seen)
    return score, sum(told) / len(seen) - sum(s.right for s in seen) / len(seen)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    seen = observe()
    halves = [[s for s in seen if zlib.crc32(s.document.encode()) % 2 == half] for half in (0, 1)]
    head = "mean confidence - share right: raw  calibrated"
    print(f"out of sample       n  Brier raw  calibrated  {head}  read at {SAFE}  right of read")
    for fitted, held in (halves, halves[::-1]):
        made = calibration_of(table(fitted), CLASSES)
        (raw, raw_gap), (good, good_gap) = brier(held, None), brier(held, made)
        sure = [s.right for s in held if made(s.label, s.raw) >= SAFE]
        shares = f"{len(sure) / len(held):12.4f}  {sum(sure) / len(sure):13.4f}"
        print(f"held-out half  {len(held):6}  {raw:9.4f}  {good:10.4f}  {raw_gap:33.4f}  {good_gap:10.4f}  {shares}")
    rows = table(seen)
    lines = ["\t".join(COLUMNS), *("\t".join(row[column] for column in COLUMNS) for row in rows)]
    print("\n" + "\n".join(lines))
    if args.write:
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
