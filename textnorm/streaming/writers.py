"""Writers: chunks and what became of them, as a file of any format.

Where a line keeps its format it is kept byte for byte and new fields are added behind it.
"""

from __future__ import annotations

import base64
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from json.encoder import encode_basestring
from typing import IO, Any

from textnorm.arrow import SUFFIXES, Outcome, new_columns, output_schema
from textnorm.edits.text import edit_dicts
from textnorm.errors import DataError, UsageError
from textnorm.pipeline import Pipeline
from textnorm.streaming.chunks import Chunk, JsonlChunk, ParquetChunk, Record, TextChunk, TsvChunk
from textnorm.streaming.formats import Kind

#: A row group is written when it is this large, even where the input's goes on: memory stays bounded.
ROW_GROUP_BYTES = 64 << 20
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class WriteOptions:
    """How to write.

    Attributes:
        pipeline: the pipeline, for the schema's metadata.
        column: column with the text; new columns are named after it.
        overwrite_columns: replace columns that have the new names.
    """

    pipeline: Pipeline
    column: str = "text"
    overwrite_columns: bool = False

    @cached_property
    def added(self) -> tuple[str, ...]:
        """Names of the new columns."""
        return tuple(f"{self.column}_{suffix}" for suffix in SUFFIXES)

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
    def write(self, chunk: Chunk, got: Outcome) -> None:
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

    def write(self, chunk: Chunk, got: Outcome) -> None:
        """Write one chunk."""
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
        self.sink.write(_encode(text, chunk, got))
        if ends:
            self.sink.write(b"\n")


class JsonlWriter(Writer):
    """Objects with three more fields."""

    def __init__(self, sink: IO[bytes], options: WriteOptions) -> None:
        super().__init__(sink, options)
        self._open = False
        self._column = _string(options.column)
        self._norm, self._edits, self._status = (_string(name) for name in options.added)

    def write(self, chunk: Chunk, got: Outcome) -> None:
        """Write one chunk."""
        parts: list[str] = ["\n"] if self._open and got.norm else []
        sizes = (got.edits.offsets[1:] - got.edits.offsets[:-1]).tolist()
        if isinstance(chunk, TextChunk):
            for i, text in enumerate(chunk.texts):
                parts += ["{", self._column, ": ", _string(text), ", ", self._added(got, i, sizes[i])[1:], "\n"]
            self.sink.write(encode_json("".join(parts)))
            return
        lines = chunk.lines if isinstance(chunk, JsonlChunk) else None
        for i, record in enumerate(chunk.records()):
            if record is None:
                parts += [lines[i], "\n"] if lines is not None else []
                continue
            taken = self.options.check(record, chunk.label) if record else False
            added = self._added(got, i, sizes[i])
            if taken:
                parts.append(_dumps({**record, **json.loads(added)}))
            elif lines is not None and i not in chunk.bad:
                body = lines[i].rstrip()
                parts += [body[:-1], ", " if record else "", added[1:], lines[i][len(body) :]]
            elif record:
                parts += [_dumps(record)[:-1], ", ", added[1:]]
            else:
                parts.append(added)
            parts.append("\n")
        if isinstance(chunk, JsonlChunk):
            self._open = not chunk.ends
            if self._open and parts:
                parts.pop()
        self.sink.write(encode_json("".join(parts)))

    def _added(self, got: Outcome, i: int, size: int) -> str:
        norm, status = got.norm[i], got.status[i]
        edits = "null" if norm is None else "[]" if not size else _dumps([e.to_dict() for e in got.edits.row(i)])
        return f"{{{self._norm}: {_string(norm)}, {self._edits}: {edits}, {self._status}: {_string(status)}}}"


class TsvWriter(Writer):
    """Rows with three more fields; null is an empty field, and nothing is quoted or escaped."""

    def __init__(self, sink: IO[bytes], options: WriteOptions) -> None:
        super().__init__(sink, options)
        self._names: list[str] | None = None
        self._open = False

    def write(self, chunk: Chunk, got: Outcome) -> None:
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
        sizes = (got.edits.offsets[1:] - got.edits.offsets[:-1]).tolist()
        for i in range(len(got.norm)):
            if source is not None and not taken and i not in chunk.bad:
                row = source.lines[i]
            else:
                record = None if source is not None else records[i]
                if source is None and record is None:
                    continue
                values = source.fields(i) if source is not None else [(record or {}).get(name) for name in names]
                pairs = zip(names, values, strict=True)
                row = "\t".join(self._field(value, chunk, i) for name, value in pairs if name not in self.options.added)
            norm = got.norm[i]
            edits = "" if norm is None else "[]" if not sizes[i] else _dumps([e.to_dict() for e in got.edits.row(i)])
            parts += [row, "\t", self._field(norm, chunk, i), "\t", edits, "\t", got.status[i] or "", tail, "\n"]
        if isinstance(chunk, TsvChunk):
            self._open = not chunk.ends
            if self._open:
                parts.pop()
        self.sink.write(_encode("".join(parts), chunk, got))

    def close(self) -> None:
        """Write at least a header: without one it would be no TSV file."""
        if self._names is None:
            self.sink.write(("\t".join((self.options.column, *self.options.added)) + "\n").encode())
        super().close()

    def _columns(self, records: list[Record | None]) -> list[str]:
        names = list(dict.fromkeys(key for record in records if record for key in record))
        # A later row may lack a field, but a new one would have no column.
        return self._names if self._names is not None and set(names) <= set(self._names) else names

    def _field(self, value: Any, chunk: Chunk, i: int) -> str:
        text = "" if value is None else value if isinstance(value, str) else _dumps(value)
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

    def write(self, chunk: Chunk, got: Outcome) -> None:
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
            self._schema = output_schema(
                batch.schema,
                self.options.pipeline,
                self.options.column,
                overwrite_columns=self.options.overwrite_columns,
            )
            compression = chunk.compression if isinstance(chunk, ParquetChunk) else "snappy"
            self._writer = pq.ParquetWriter(self.sink, self._schema, compression=compression)
        elif not batch.schema.equals(self._source):
            msg = f"{chunk.label}: other columns than before: {batch.schema.names} instead of {self._source.names}."
            raise DataError(msg)
        new = dict(zip(self.options.added, self._new_columns(chunk, got), strict=True))
        fields = enumerate(self._schema.names)
        columns = [new[name] if name in new else batch.column(i) for i, name in fields]
        out = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        self._held.append(out)
        self._size += out.nbytes
        if (isinstance(chunk, ParquetChunk) and chunk.last) or self._size >= ROW_GROUP_BYTES:
            self._flush()

    def _new_columns(self, chunk: Chunk, got: Outcome) -> list[Any]:
        import pyarrow as pa

        new = new_columns(got, self._schema.field(self.options.added[0]).type)
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
            schema = pa.schema([(self.options.column, pa.string())])
            schema = output_schema(schema, self.options.pipeline, self.options.column)
            self._writer = pq.ParquetWriter(self.sink, schema)
        self._flush()
        self._writer.close()

    def abort(self) -> None:
        """Close Arrow's writer while there is still a file: left open, it would complain when it is collected."""
        if self._writer is not None and self._writer.is_open:
            with suppress(Exception):
                self._writer.close()


class EditsWriter:
    """``EDITS.jsonl``: one object a text."""

    def __init__(self, sink: IO[bytes]) -> None:
        self.sink = sink
        self._line = 0

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
            parts += [_dumps(item), "\n"]
        self._line += len(sizes)
        self.sink.write(encode_json("".join(parts)))


def _default(value: Any) -> Any:
    """Return a JSON form for values that Arrow columns may hold."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _finite(value: Any) -> Any:
    """JSON has no number for NaN and the infinities; they become null."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def _string(text: str | None) -> str:
    """Return a string as JSON; several times faster than the general way, and most of what is written."""
    return "null" if text is None else encode_basestring(text)


def _dumps(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_default)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, default=_default)


def encode_json(text: str) -> bytes:
    """Encode JSON text; half surrogate pairs, which UTF-8 cannot hold, are escaped as JSON does."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda m: f"\\u{ord(m.group()):04x}", text).encode("utf-8")


def _encode(text: str, chunk: Chunk, got: Outcome) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        rows = enumerate(got.norm)
        i = next((i for i, norm in rows if norm is not None and _SURROGATE.search(norm)), 0)
        msg = f"{chunk.where(i)}: half a surrogate pair cannot be written as UTF-8; write .jsonl or repair it."
        raise DataError(msg) from error
