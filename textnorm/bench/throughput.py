"""Throughput of ``textnorm run`` on Parquet beside the floor, what a second process brings, and peak memory.

The corpus is made from the texts of the data: their lines in another order in each row group. The floor is what any
tool pays that reads the file, copies the column and writes the columns that ``run`` writes, with the same codec. Every
figure is of a process of its own; speeds are megabytes of text per CPU-second of all its threads and workers.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from textnorm.bench.report import Report, Row, data_folder, need
from textnorm.errors import DataError, UsageError

#: Megabytes of text to make of each kind.
VARIABLE, DEFAULT_MB = "TEXTNORM_BENCH_MB", 64
LT, EN = ("lt/text_law.txt.gz", "lt/text_news.txt.gz"), "text/en_EWT.txt.gz"
PIPELINES = ("lt-speech", "lt-clean")
_DIGITS = re.compile(r"\d+")
_NOTHING = '[textnorm]\nname = "nothing"\npipeline = []\n'


def run(data: Path | None) -> Report:
    """Measure; see the module.

    Raises:
        UsageError: the data are not there, or the size that is asked for is no number.
    """
    folder = data_folder(data)
    *lithuanian, english = need(folder, [*LT, EN])
    size = _size()
    report = Report("throughput")
    with TemporaryDirectory(prefix="textnorm-bench-") as at:
        work = Path(at)
        lines = [line for path in lithuanian for line in _lines(path)]
        kinds = {
            "lt, nothing to read": _plain(lines),
            "lt, law and news": lines,
            "en, web": _lines(english),
        }
        for name, texts in kinds.items():
            source = work / f"{len(report.rows)}.parquet"
            mb = make(source, texts, size)
            _measure(report, name, source, mb, work)
            source.unlink()
    report.notes.append(
        f"{size} MB of text of each kind ({VARIABLE}), snappy; share of the floor: CPU-s of floor / run."
    )
    report.notes.append(
        "peak: over what the process held when the pipeline was loaded; of a worker, with its pipeline."
    )
    return report


def _size() -> int:
    said = os.environ.get(VARIABLE, str(DEFAULT_MB))
    if not said.isdecimal() or not int(said):
        msg = f"{VARIABLE} is '{said}'; it is a number of megabytes."
        raise UsageError(msg)
    return int(said)


def _lines(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [line for line in stream.read().split("\n") if line]


def _plain(lines: Sequence[str]) -> list[str]:
    """Return lines with nothing to read: digits taken out, and those left out that still have something."""
    from textnorm.config import load

    bare = [_DIGITS.sub("", line) for line in lines]
    touched = set(load("lt-speech").edits(bare).touched_rows().tolist())
    return [line for i, line in enumerate(bare) if i not in touched]


def make(path: Path, lines: Sequence[str], mb: int) -> float:
    """Write a Parquet file of about ``mb`` megabytes of text, in row groups of about 16; return how many it has."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    total = index = 0
    schema = pa.schema([("id", pa.int64()), ("text", pa.string())])
    each = sum(len(line.encode()) for line in lines) / max(1, len(lines))
    rows = min(len(lines), int((16 << 20) / each))
    with pq.ParquetWriter(path, schema, compression="snappy") as writer:
        while total < mb * 1e6:
            texts = random.Random(index).sample(lines, rows)
            ids = range(index * rows, (index + 1) * rows)
            writer.write_table(pa.table({"id": ids, "text": texts}, schema=schema), row_group_size=rows)
            total += sum(len(text.encode()) for text in texts)
            index += 1
    return total / 1e6


def _measure(report: Report, name: str, source: Path, mb: float, work: Path) -> None:
    floor = child("floor", source, work / "floor.parquet")
    report.add(Row(name, "", "floor: MB per CPU-s", mb / floor["cpu"]))
    nothing = work / "nothing.cfg"
    nothing.write_text(_NOTHING, encoding="utf-8")
    for pipeline in (str(nothing), *PIPELINES):
        label = Path(pipeline).stem
        got = child("run", source, work / "out", pipeline, "1")
        report.add(
            Row(name, "", f"{label}: MB per CPU-s", mb / got["cpu"], note=f"{got['changed']:.1%} of rows changed")
        )
        report.add(Row(name, "", f"{label}: share of the floor", floor["cpu"] / got["cpu"]))
        report.add(Row(name, "", f"{label}: peak MB over its tables", got["peak"]))
        if pipeline != "lt-speech":
            continue
        two = child("run", source, work / "out2", pipeline, "2")
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        note = f"{cores} cores, load {os.getloadavg()[0]:.1f}"
        report.add(Row(name, "", f"{label}: wall time, 1 job / 2 jobs", got["wall"] / two["wall"], note=note))
        report.add(Row(name, "", f"{label}: CPU-s, 1 job / 2 jobs", got["cpu"] / two["cpu"]))
        report.add(Row(name, "", f"{label}: peak MB of a worker, 2 jobs", two["peak"]))


def child(what: str, *args: object) -> dict[str, float]:
    """Do one thing in a process of its own; return ``cpu`` and ``wall`` seconds, ``peak`` MB, ``changed`` share.

    Raises:
        DataError: it failed.
    """
    command = [sys.executable, "-m", "textnorm.bench.throughput", what, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"The measurement '{what}' failed: {done.stderr.strip().splitlines()[-1:]}"
        raise DataError(msg)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def floor(source: Path, target: Path) -> dict[str, float]:
    """Read, copy the column, write the columns that a run writes: what no tool can do without."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from textnorm.arrow import added_fields
    from textnorm.edits.serialise import arrow_type

    pa.array(["warm"])  # looks for pandas, once
    before, start = _cpu(), time.perf_counter()
    with pq.ParquetFile(source) as file:
        schema = pa.schema([*file.schema_arrow, *added_fields(file.schema_arrow.field("text"))])
        with pq.ParquetWriter(target, schema, compression="snappy") as writer:
            for group in range(file.metadata.num_row_groups):
                table = file.read_row_group(group).combine_chunks()
                n = table.num_rows
                text = table["text"].combine_chunks()
                copied = pa.concat_arrays([text.slice(0, 1), text.slice(1)])
                edits = pa.array([[]], arrow_type()).take(pa.repeat(0, n))
                arrays = [*table.columns, copied, edits, pa.repeat("unchanged", n)]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=n)
    target.unlink()
    return {"cpu": _cpu() - before, "wall": time.perf_counter() - start, "peak": 0.0, "changed": 0.0}


def one_run(source: Path, out: Path, pipeline: str, jobs: int) -> dict[str, float]:
    """Run a pipeline over a file; what is loaded once, by importing or by a first row, is not counted."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from textnorm.config import load
    from textnorm.streaming.formats import Unit
    from textnorm.streaming.run import RunOptions
    from textnorm.streaming.run import run as run_files
    from textnorm.streaming.steps import Normalize, Plan

    plan = Plan((Normalize("text", load(pipeline)),))
    first = source.with_name("first.parquet")
    pq.write_table(pa.table({"text": ["Kaina 15 Eur."]}), first)
    run_files([Unit(first, first.name)], out, plan, RunOptions())
    shutil.rmtree(out)
    with _Memory() as memory:
        before, start = _cpu(), time.perf_counter()
        report = run_files([Unit(source, source.name)], out, plan, RunOptions(jobs=jobs))
        cpu, wall = _cpu() - before, time.perf_counter() - start
    shutil.rmtree(out)
    changed = report.tally.changed / max(1, report.tally.rows)
    return {"cpu": cpu, "wall": wall, "peak": memory.peak, "changed": changed}


class _Memory:
    """Peak megabytes of this process over what it holds now, and of its children (Linux; elsewhere not a number)."""

    def __enter__(self) -> _Memory:
        self._done = threading.Event()
        self._base = resident(os.getpid())
        self.peak = 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        own = os.getpid()
        while True:
            now = max([resident(own) - self._base, *map(resident, children(own))])
            self.peak = max(self.peak, now) if now == now else now
            if self._done.wait(0.02):
                return


def resident(process: int) -> float:
    """Return the megabytes that a process holds, NaN where that cannot be told."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").split("\n")
    except OSError:
        return math.nan if process == os.getpid() else 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def children(process: int) -> list[int]:
    """Return the ids of the children of a process."""
    found: list[int] = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found.extend(map(int, path.read_text(encoding="ascii").split()))
    return found


def _cpu() -> float:
    """Return CPU-seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _main(args: Sequence[str]) -> dict[str, Any]:
    what, source, target, *rest = args
    if what == "floor":
        return floor(Path(source), Path(target))
    return one_run(Path(source), Path(target), rest[0], int(rest[1]))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_main(sys.argv[1:])) + "\n")
