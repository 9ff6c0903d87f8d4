"""What every benchmark shares: rows of figures with intervals, tables, where the data lie, CPU time.

A benchmark is a function ``run(data: Path | None) -> Report`` registered under ``benchmarks`` (a built-in in
:mod:`textnorm.registry`, others by the entry point ``textnorm.benchmarks``).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from textnorm.errors import UsageError

#: Environment variable with the folder of the data.
VARIABLE = "TEXTNORM_DATA"
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        set: the data and its split.
        lang: language code, or ``""``.
        measure: what was measured, a field term.
        value: the figure; shares are 0 to 1.
        n: items it rests on, 0 where that says nothing.
        lo: lower end of the 95 % interval, where there is one.
        hi: upper end.
        note: what a reader must know beside the figure; not in the JSON contract's seven fields but kept there.
    """

    set: str
    lang: str
    measure: str
    value: float
    n: int = 0
    lo: float | None = None
    hi: float | None = None
    note: str = ""


@dataclass
class Report:
    """The figures of one benchmark and what a person wants to read beside them.

    Attributes:
        name: of the benchmark.
        rows: the figures.
        notes: lines printed under the table.
    """

    name: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Append a figure."""
        self.rows.append(row)

    def payload(self, version: str) -> dict[str, Any]:
        """Return what ``--json`` writes: ``name``, ``rows``, ``version`` (of textnorm) and ``notes``."""
        return {
            "name": self.name,
            "rows": [asdict(row) for row in self.rows],
            "notes": list(self.notes),
            "version": version,
        }

    def lines(self) -> Iterator[str]:
        """Yield the table as aligned plain text, the notes under it."""
        cells = [("set", "lang", "measure", "value", "95 % interval", "n", "")]
        for row in self.rows:
            interval = "" if row.lo is None or row.hi is None else f"[{figure(row.lo)}, {figure(row.hi)}]"
            count = str(row.n) if row.n else ""
            cells.append((row.set, row.lang, row.measure, figure(row.value), interval, count, row.note))
        widths = [max(len(line[k]) for line in cells) for k in range(len(cells[0]))]
        for line in cells:
            yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        if self.notes:
            yield ""
            yield from self.notes


def figure(value: float) -> str:
    """Return a figure for people: four places below ten, thousands apart above."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.4f}"


def data_folder(given: Path | None) -> Path:
    """Return the folder with the data: ``--data``, or the variable ``TEXTNORM_DATA``.

    Raises:
        UsageError: neither is set, or the folder is not there.
    """
    named = os.environ.get(VARIABLE)
    folder = given if given is not None else Path(named) if named else None
    if folder is None:
        msg = f"This benchmark needs its data: give --data DIR or set {VARIABLE} (layout: benchmarks/README.md)."
        raise UsageError(msg)
    if not folder.is_dir():
        msg = f"There is no folder {folder}: give --data DIR or set {VARIABLE}."
        raise UsageError(msg)
    return folder


def need(folder: Path, names: Iterable[str]) -> list[Path]:
    """Return the paths of files that a benchmark reads.

    Raises:
        UsageError: one is missing; names it.
    """
    found = [folder / name for name in names]
    for path in found:
        if not path.exists():
            msg = f"The data folder {folder} lacks {path.relative_to(folder)}, which this benchmark reads."
            raise UsageError(msg)
    return found


def share(set_: str, lang: str, measure: str, hits: int, n: int, note: str = "") -> Row:
    """Return a share with its Wilson interval (Wilson 1927); an empty set has no value."""
    if not n:
        return Row(set_, lang, measure, math.nan, 0, note=note)
    lo, hi = wilson(hits, n)
    return Row(set_, lang, measure, hits / n, n, lo, hi, note)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of ``hits`` of ``n``."""
    p, z2 = hits / n, Z95 * Z95
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def mean(set_: str, lang: str, measure: str, values: Sequence[float], note: str = "", *, seed: int = 0) -> Row:
    """Return a mean with its percentile bootstrap interval (1,000 resamples, seeded)."""
    import numpy as np

    sample = np.asarray(values, dtype=np.float64)
    if not len(sample):
        return Row(set_, lang, measure, math.nan, 0, note=note)
    drawn = np.random.default_rng(seed).integers(0, len(sample), size=(1000, len(sample)), dtype=np.int32)
    means = sample[drawn].mean(axis=1)
    lo, hi = np.quantile(means, (0.025, 0.975))
    return Row(set_, lang, measure, float(sample.mean()), len(sample), float(lo), float(hi), note)


class Clock:
    """CPU seconds of this process between entering and leaving."""

    seconds: float = 0.0


@contextmanager
def cpu_time() -> Iterator[Clock]:
    """Measure CPU seconds of all threads of this process; set when the block ends."""
    clock = Clock()
    start = time.process_time()
    try:
        yield clock
    finally:
        clock.seconds = time.process_time() - start
