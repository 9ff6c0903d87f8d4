"""Files cut into tasks: the units of work, of resuming and of quarantine.

A task is some row groups of a Parquet file, or a stretch of whole lines. Where the cuts fall depends on the file alone,
never on the number of workers, so that the pieces, and what is put together of them, are always the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from textnorm.errors import DataError
from textnorm.streaming.chunks import Chunk
from textnorm.streaming.files import blocks, reading
from textnorm.streaming.formats import Format, Unit, detect, label_of
from textnorm.streaming.readers import Part, ReadOptions, check_columns, read, read_lines

#: Bytes of a task: lines, or the uncompressed size of neighbouring small row groups. A larger row group is one task.
TASK_BYTES = 8 << 20


@dataclass(frozen=True)
class Task:
    """A part of one file.

    Attributes:
        name: relative name of the file.
        path: where it is.
        form: its format.
        stamp: hash of the file.
        index: number of the part in the file.
        part: which part it is.
        span: first and last byte (exclusive) of lines that are not compressed.
        whole: the part is the whole file.
        size: bytes of input that it stands for, for progress.
        rows: its rows, where that is known beforehand.
        limit: rows to read at most.
        skip: rows that must not be touched, by number, and why.
        careful: try each row alone first, and say which.
        data: lines that were compressed, decompressed; travels beside the task, as bytes.
    """

    name: str
    path: str
    form: Format
    stamp: str
    index: int
    part: Part
    span: tuple[int, int] | None = None
    whole: bool = False
    size: int = 0
    rows: int | None = None
    limit: int | None = None
    skip: tuple[tuple[int, str], ...] = ()
    careful: bool = False
    data: bytes | None = field(default=None, repr=False, compare=False)

    def key(self, plan: str) -> str:
        """Return a hash of all that decides what is made of it under a plan."""
        part = [self.part.line, self.part.byte, self.part.groups, self.span]
        facts: list[Any] = [plan, self.name, self.stamp, self.index, part, self.whole, self.limit]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def cut(unit: Unit, stamp: str, options: ReadOptions, *, whole: bool) -> Iterator[Task]:
    """Yield the tasks of a file, in order; at least one.

    Args:
        unit: the file.
        stamp: its hash.
        options: how it will be read.
        whole: whether it must stay in one piece.

    Raises:
        DataError: the file is damaged or binary.
        UsageError: a column is not there.
    """
    form, path = detect(unit.name), str(unit.path)
    if form.kind == "parquet":
        yield from _cut_parquet(unit, path, form, stamp, options, whole)
    elif whole:
        yield Task(unit.name, path, form, stamp, 0, Part(), whole=True, size=unit.path.stat().st_size)
    else:
        yield from _cut_lines(unit, path, form, stamp, options)


def _cut_parquet(unit: Unit, path: str, form: Format, stamp: str, options: ReadOptions, whole: bool) -> Iterator[Task]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            facts, schema = file.metadata, file.schema_arrow
            groups = [(facts.row_group(k).num_rows, facts.row_group(k).total_byte_size) for k in range(len_of(facts))]
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        msg = f"{path}: damaged or no Parquet file: {' '.join(str(error).split())}"
        raise DataError(msg) from error
    check_columns(schema, path, options)
    each = unit.path.stat().st_size / max(1, sum(size for _, size in groups))
    runs: list[list[int]] = []
    held = 0
    for k, (_, size) in enumerate(groups):
        if runs and (whole or held + size <= TASK_BYTES):
            runs[-1].append(k)
            held += size
        else:
            runs.append([k])
            held = size
    row = 0
    for index, run in enumerate(runs or [[]]):
        rows = sum(groups[k][0] for k in run)
        size = round(each * sum(groups[k][1] for k in run))
        part = Part(groups=tuple(run), row=row)
        yield Task(unit.name, path, form, stamp, index, part, whole=whole, size=size, rows=rows)
        row += rows


def len_of(facts: Any) -> int:
    """Return the number of row groups that a footer names."""
    return int(facts.num_row_groups)


def _cut_lines(unit: Unit, path: str, form: Format, stamp: str, options: ReadOptions) -> Iterator[Task]:
    label = label_of(path)
    total = unit.path.stat().st_size
    line = byte = index = told = 0
    header = b""
    held: list[bytes] = []

    def task(stream: IO[bytes], *, end: bool = False) -> Task:
        nonlocal held, line, byte, index, told
        block = b"".join(held)
        part = Part(line, byte, header if byte and form.kind == "tsv" else b"")
        at = total if end else stream.tell() if not form.codec else min(total, told + len(block) // 4)
        size, told = max(0, at - told), at
        span = (byte, byte + len(block)) if not form.codec else None
        made = Task(unit.name, path, form, stamp, index, part, span, size=size, data=block if form.codec else None)
        line, byte, index, held = line + block.count(b"\n"), byte + len(block), index + 1, []
        return made

    with reading(path, form.codec) as stream:
        first, size = True, 0
        for block in blocks(stream, label):
            if first:
                header = block.partition(b"\n")[0] if form.kind == "tsv" else b""
                _try_columns(block, label, form, options)
                first = False
            elif size + len(block) > TASK_BYTES:
                yield task(stream)
                size = 0
            held.append(block)
            size += len(block)
        yield task(stream, end=True)


def _try_columns(block: bytes, label: str, form: Format, options: ReadOptions) -> None:
    """Read the first lines for the columns' sake: whether they are there is known before any work is handed out."""
    if form.kind != "text":
        next(read_lines(io.BytesIO(block), label, form, options), None)
    elif options.document is not None or options.also:
        next(read_lines(io.BytesIO(b""), label, form, options), None)


def chunks_of(task: Task, options: ReadOptions) -> Iterator[Chunk]:
    """Yield the chunks of a task; rows that must not be touched are bad."""
    skip = dict(task.skip)
    for chunk in _read(task, options):
        for row in [row for row in skip if chunk.first <= row < chunk.first + len(chunk.texts)]:
            for bad in (chunk.bad, *(faults for _, faults in chunk.others.values())):
                bad[row - chunk.first] = skip[row]
        yield chunk


def _read(task: Task, options: ReadOptions) -> Iterator[Chunk]:
    if task.form.kind == "parquet" or task.whole:
        yield from read(task.path, task.form, options, task.part)
        return
    label = label_of(task.path)
    if task.data is not None:
        yield from read_lines(io.BytesIO(task.data), label, task.form, options, task.part)
        return
    assert task.span is not None
    with open(task.path, "rb") as stream:  # noqa: PTH123 - a path as it was given
        stream.seek(task.span[0])
        data = stream.read(task.span[1] - task.span[0])
    yield from read_lines(io.BytesIO(data), label, task.form, options, task.part)
