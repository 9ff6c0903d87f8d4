"""Writers: chunks and what became of them, as a file of any format.

Where a line keeps its format it is kept byte for byte and new fields are added behind it.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from textnorm.arrow import Outcome, output_schema
from textnorm.edits.text import edit_dicts
from textnorm.errors import DataError, UsageError
from textnorm.pipeline import Pipeline
from textnorm.streaming.added import Added, Normed, dumps, names_of, string
from textnorm.streaming.added import encode_json as encode_json
from textnorm.streaming.chunks import Chunk, JsonlChunk, ParquetChunk, Record, TextChunk, TsvChunk
from textnorm.streaming.formats import Kind

if TYPE_CHECKING:
    import pyarrow as pa

#: A row group is written when it is this large, even where the input's goes on: memory stays bounded.
ROW_GROUP_BYTES = 64 << 20
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class WriteOptions:
    """How to write.

    Attributes:
        added: names of the new columns, in order.
        schema: the schema of the output for that of an input.
        column: column with the text, for a file without rows.
        overwrite_columns: replace columns that have the new names.
        sources: the column that each step reads, in order.
    """

    added: tuple[str, ...]
    schema: Callable[[pa.Schema], pa.Schema]
    column: str = "text"
    overwrite_columns: bool = False
    sources: tuple[str, ...] = ()

    @classmethod
    def of(cls, pipeline: Pipeline, column: str = "text", overwrite_columns: bool = False) -> WriteOptions:
        """Return the options of one pipeline on one column."""

        def schema(old: pa.Schema) -> pa.Schema:
            return output_schema(old, pipeline, column, overwrite_columns=overwrite_columns)

        return cls(names_of(column), schema, column, overwrite_columns, (column,))

    @cached_property
    def _added(self) -> frozenset[str]:
        return frozenset(self.added)

    def check(self, names: Collection[str], label: str) -> bool:
        """Return whether a new name is taken.

        Raises:
            UsageError: it is, and must not be overwritten.
        """
        if self._added.isdisjoint(names):
            return False
        taken = [name for name in self.added if name in names]
        if not self.overwrite_columns:
            msg = f"{label}: there is a column '{taken[0]}' already; --overwrite-columns replaces it."
            raise UsageError(msg)
        return True


class Writer(ABC):
    """Writes chunks, in order."""

    def __init__(self, sink: IO[bytes], options: WriteOptions) -> None:
        self.sink = sink
        self.options = options

    @abstractmethod
    def write(self, chunk: Chunk, added: Sequence[Added]) -> None:
        """Write one chunk.

        Raises:
            DataError: the format cannot hold a row; names it.
        """

    def close(self) -> None:
        """Write what is still held."""
        self.sink.flush()

    def abort(self) -> None:  # noqa: B027 - only Arrow's writer holds anything
        """Let go of the sink, done or not; nothing more is written."""


def make_writer(kind: Kind, sink: IO[bytes], options: WriteOptions) -> Writer:
    """Return the writer of a format."""
    writers: dict[Kind, type[Writer]] = {
        "text": TextWriter,
        "jsonl": JsonlWriter,
        "tsv": TsvWriter,
        "parquet": ParquetWriter,
    }
    return writers[kind](sink, options)


class TextWriter(Writer):
    """Readings only, one a line; a null or quarantined row is an empty line."""

    def __init__(self, sink: IO[bytes], options: WriteOptions) -> None:
        super().__init__(sink, options)
        self._open = False  # the last line lacks its line feed

    def write(self, chunk: Chunk, added: Sequence[Added]) -> None:
        """Write one chunk."""
        got = _readings(added)
        if not got.norm:
            return
        if self._open:
            self.sink.write(b"\n")
        ends = chunk.ends if isinstance(chunk, TextChunk) else True
        self._open = not ends
        if isinstance(chunk, TextChunk) and chunk.block and not got.edits.count and not got.failures:
            self.sink.write(chunk.block)
            return
        text = "\n".join("" if line is None else line for line in got.norm)
        if text.count("\n") >= len(got.norm):
            i = next(i for i, line in enumerate(got.norm) if line and "\n" in line)
            msg = f"{chunk.where(i)}: the reading has a line feed, so it is no line of text; write .jsonl or .parquet."
            raise DataError(msg)
        self.sink.write(_encode(text, chunk, added))
        if ends:
            self.sink.write(b"\n")


class JsonlWriter(Writer):
    """Objects with three more fields."""

    def __init__(self, sink: IO[bytes], options: WriteOptions) -> None:
        super().__init__(sink, options)
        self._open = False
        self._column = string(options.column)

    def write(self, chunk: Chunk, added: Sequence[Added]) -> None:
        """Write one chunk."""
        parts: list[str] = ["\n"] if self._open and chunk.texts else []
        if isinstance(chunk, TextChunk):
            for i, text in enumerate(chunk.texts):
                parts += ["{", self._column, ": ", string(text), ", ", _fields(added, i), "}\n"]
            self.sink.write(encode_json("".join(parts)))
            return
        lines = chunk.lines if isinstance(chunk, JsonlChunk) else None
        for i, record in enumerate(chunk.records()):
            if record is None:
                parts += [lines[i], "\n"] if lines is not None else []
                continue
            taken = self.options.check(record, chunk.label) if record else False
            fields = _fields(added, i)
            if taken:
                parts.append(dumps({**record, **json.loads(f"{{{fields}}}")}))
            elif lines is not None and i not in chunk.bad:
                body = lines[i].rstrip()
                parts += [body[:-1], ", " if record else "", fields, "}", lines[i][len(body) :]]
            elif record:
                parts += [dumps(record)[:-1], ", ", fields, "}"]
            else:
                parts += ["{", fields, "}"]
            parts.append("\n")
        if isinstance(chunk, JsonlChunk):
            self._open = not chunk.ends
            if self._open and parts:
                parts.pop()
        self.sink.write(encode_json("".join(parts)))


class TsvWriter(Writer):
    """Rows with three more fields; null is an empty field, and nothing is quoted or escaped."""

    def __init__(self, sink: IO[bytes], options: WriteOptions) -> None:
        super().__init__(sink, options)
        self._names: list[str] | None = None
        self._open = False

    def write(self, chunk: Chunk, added: Sequence[Added]) -> None:
        """Write one chunk."""
        source = chunk if isinstance(chunk, TsvChunk) else None
        records = chunk.records() if source is None else []
        names = source.names if source is not None else self._columns(records)
        taken = self.options.check(names, chunk.label)
        tail = source.tail if source is not None else ""
        parts: list[str] = ["\n"] if self._open else []
        if self._names is None:
            self._names = names
            kept = [name for name in names if name not in self.options.added]
            head = source.header if source is not None and not taken else "\t".join(kept)
            parts += [head, "\t", "\t".join(self.options.added), tail, "\n"]
        elif names != self._names:
            msg = f"{chunk.label}: other columns than before: {', '.join(names)} instead of {', '.join(self._names)}."
            raise DataError(msg)
        for i in range(len(chunk.texts)):
            if source is not None and not taken and i not in chunk.bad:
                row = source.lines[i]
            else:
                record = None if source is not None else records[i]
                if source is None and record is None:
                    continue
                values = source.fields(i) if source is not None else [(record or {}).get(name) for name in names]
                pairs = zip(names, values, strict=True)
                row = "\t".join(self._field(value, chunk, i) for name, value in pairs if name not in self.options.added)
            cells = [self._field(cell, chunk, i) for one in added for cell in one.cells(i)]
            parts += [row, "\t", "\t".join(cells), tail, "\n"]
        if isinstance(chunk, TsvChunk):
            self._open = not chunk.ends
            if self._open:
                parts.pop()
        self.sink.write(_encode("".join(parts), chunk, added))

    def close(self) -> None:
        """Write at least a header: without one it would be no TSV file."""
        if self._names is None:
            self.sink.write(("\t".join((self.options.column, *self.options.added)) + "\n").encode())
        super().close()

    def go_on(self, names: list[str]) -> None:
        """Write a later part of a file: its header stands in the first."""
        self._names = names

    def _columns(self, records: list[Record | None]) -> list[str]:
        names = list(dict.fromkeys(key for record in records if record for key in record))
        # A later row may lack a field, but a new one would have no column.
        return self._names if self._names is not None and set(names) <= set(self._names) else names

    def _field(self, value: Any, chunk: Chunk, i: int) -> str:
        text = "" if value is None else value if isinstance(value, str) else dumps(value)
        if "\t" in text or "\n" in text:
            msg = f"{chunk.where(i)}: a tab or line feed cannot stand in a TSV field; write .jsonl or .parquet."
            raise DataError(msg)
        return text


class ParquetWriter(Writer):
    """All columns with three more; row groups as in the input, cut where they are too large."""

    def __init__(self, sink: IO[bytes], options: WriteOptions) -> None:
        super().__init__(sink, options)
        self._writer: Any = None
        self._source: Any = None  # schema of the input
        self._schema: Any = None
        self._held: list[Any] = []
        self._size = 0

    def write(self, chunk: Chunk, added: Sequence[Added]) -> None:
        """Write one chunk."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if isinstance(chunk, JsonlChunk) and not chunk.rows:
            return  # blank lines say nothing of columns
        try:
            batch = chunk.batch(self._source)
        except UnicodeEncodeError as error:
            msg = f"{chunk.where(0)} and on: Parquet cannot hold half a surrogate pair; write .jsonl or repair it."
            raise DataError(msg) from error
        except (ValueError, pa.ArrowException) as error:
            what = " ".join(str(error).split())
            msg = f"{chunk.where(0)} and on: these rows do not fit the columns so far ({what}); write .jsonl."
            raise DataError(msg) from error
        if self._writer is None:
            self.options.check(batch.schema.names, chunk.label)
            self._source = batch.schema
            self._schema = self.options.schema(batch.schema)
            found = chunk.compression if isinstance(chunk, ParquetChunk) else {}
            self._writer = pq.ParquetWriter(self.sink, self._schema, compression=_codecs(self._schema, found))
        elif not batch.schema.equals(self._source):
            msg = f"{chunk.label}: other columns than before: {batch.schema.names} instead of {self._source.names}."
            raise DataError(msg)
        new = dict(zip(self.options.added, self._new_columns(chunk, batch, added), strict=True))
        fields = enumerate(self._schema.names)
        columns = [new[name] if name in new else batch.column(i) for i, name in fields]
        out = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        self._held.append(out)
        self._size += out.nbytes
        if (isinstance(chunk, ParquetChunk) and chunk.last) or self._size >= ROW_GROUP_BYTES:
            self._flush()

    def _new_columns(self, chunk: Chunk, batch: pa.RecordBatch, added: Sequence[Added]) -> list[pa.Array]:
        import pyarrow as pa

        whole = isinstance(chunk, ParquetChunk)  # only then are the rows of the batch those of the chunk
        names = batch.schema.names
        columns = [
            array
            for one, name in zip(added, self.options.sources, strict=True)
            for array in one.arrays(batch.column(name) if whole and name in names else None)
        ]
        new = [
            array.cast(self._schema.field(name).type) if array.type != self._schema.field(name).type else array
            for name, array in zip(self.options.added, columns, strict=True)
        ]
        if isinstance(chunk, JsonlChunk):
            records = chunk.records()
            if None in records:  # blank lines are no rows
                rows = pa.array([i for i, record in enumerate(records) if record is not None], pa.int64())
                new = [column.take(rows) for column in new]
        return new

    def _flush(self) -> None:
        import pyarrow as pa

        if self._held:
            table = pa.Table.from_batches(self._held)
            if table.num_rows:
                self._writer.write_table(table, row_group_size=max(1, table.num_rows))
            self._held, self._size = [], 0

    def close(self) -> None:
        """Write the last row group and the footer."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:  # nothing was read
            names = dict.fromkeys(self.options.sources or (self.options.column,))
            names = {name: None for name in names if name not in self.options.added}
            schema = self.options.schema(pa.schema([(name, pa.string()) for name in names]))
            self._writer = pq.ParquetWriter(self.sink, schema)
        self._flush()
        self._writer.close()

    def abort(self) -> None:
        """Close Arrow's writer while there is still a file: left open, it would complain when it is collected."""
        if self._writer is not None and self._writer.is_open:
            with suppress(Exception):
                self._writer.close()


def _codecs(schema: pa.Schema, found: dict[str, str]) -> str | dict[str, str]:
    """Return the compression of each column of a file: the input's for its own, that of the first for new ones."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    usual = next(iter(found.values()), "snappy")
    if set(found.values()) <= {usual}:
        return usual
    with pa.BufferOutputStream() as sink:
        pq.write_table(schema.empty_table(), sink)
        with pq.ParquetFile(sink.getvalue()) as empty:
            paths = [empty.schema.column(k).path for k in range(len(empty.schema))]
    return {path: found.get(path, usual) for path in paths}


class EditsWriter:
    """``EDITS.jsonl``: one object a text."""

    def __init__(self, sink: IO[bytes], line: int = 0) -> None:
        self.sink = sink
        self._line = line

    def write(self, chunk: Chunk, got: Outcome) -> None:
        """Write one chunk."""
        sizes = (got.edits.offsets[1:] - got.edits.offsets[:-1]).tolist()
        parts: list[str] = []
        for i, size in enumerate(sizes):
            if not size and i not in got.failures:
                parts.append(f'{{"line": {self._line + i}, "edits": []}}\n')
                continue
            item: dict[str, Any] = {"line": self._line + i, "edits": []}
            if size:
                item["edits"] = edit_dicts(chunk.texts[i] or "", got.edits.row(i))
            if i in got.failures:
                item["error"] = got.failures[i]
            parts += [dumps(item), "\n"]
        self._line += len(sizes)
        self.sink.write(encode_json("".join(parts)))


def _readings(added: Sequence[Added]) -> Outcome:
    """Return the readings of a text file, which can hold nothing else."""
    if len(added) == 1 and isinstance(added[0], Normed):
        return added[0].got
    msg = "Plain text holds one reading a line; write .jsonl or .parquet."
    raise UsageError(msg)


def _fields(added: Sequence[Added], i: int) -> str:
    return added[0].json(i) if len(added) == 1 else ", ".join(one.json(i) for one in added)


def _encode(text: str, chunk: Chunk, added: Sequence[Added]) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        rows = ("".join(cell or "" for one in added for cell in one.cells(i)) for i in range(len(chunk.texts)))
        i = next((i for i, row in enumerate(rows) if _SURROGATE.search(row)), 0)
        msg = f"{chunk.where(i)}: half a surrogate pair cannot be written as UTF-8; write .jsonl or repair it."
        raise DataError(msg) from error
