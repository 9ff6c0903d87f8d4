"""Links beside the rows that they belong to: TSV and Parquet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any

from textnorm.errors import DataError
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.stream import LinkOptions, Row, check_free
from textnorm.streaming.chunks import Chunk, Record
from textnorm.streaming.formats import Kind

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = ("link_id", "link_name", "link_p", "link_candidates")


def added_columns(column: str) -> tuple[str, ...]:
    """Return the names of the new columns."""
    return tuple(f"{column}_{suffix}" for suffix in SUFFIXES)


def make_sink(
    kind: Kind, stream: IO[bytes], options: LinkOptions, kb: KnowledgeBase, stack: ExitStack
) -> TsvSink | ParquetSink:
    """Return what writes a table; what it holds is let go of with ``stack``."""
    if kind == "tsv":
        return TsvSink(stream, options, kb)
    sink = ParquetSink(stream, options, kb)
    stack.callback(sink.abort)
    return sink


def _records(chunk: Chunk, rows: Sequence[Row]) -> list[Record]:
    found = [record for record in chunk.records() if record is not None]
    if len(found) != len(rows):
        return [{chunk.column: row.text} for row in rows]
    # Of a row that could not be read the whole line stands in the query's column, so that nothing is lost.
    return [
        {chunk.column: (row.text or "").replace("\t", " ")}
        if row.error is not None and not any(record.values())
        else record
        for record, row in zip(found, rows, strict=True)
    ]


def _facts(answer: str, kb: KnowledgeBase) -> tuple[str | None, str | None, float | None, list[Any]]:
    found = json.loads("{" + answer)
    concept, candidates = found["id"], found["candidates"]
    name = None
    if concept is not None:
        name = next((c["name"] for c in candidates if c["id"] == concept), None) or kb.title(kb.number[concept])
    return concept, name, found["p"], candidates


def _with_lines(batch: pa.RecordBatch, column: str, rows: Sequence[Row]) -> pa.RecordBatch:
    """Return a batch with the line of each row that could not be read in the query's column, where that has room."""
    import pyarrow as pa

    at = batch.schema.get_field_index(column)
    if at < 0 or not any(row.error for row in rows):
        return batch
    kind = batch.schema.field(at).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return batch
    values = batch.column(at).to_pylist()
    texts = [row.text if row.error and not value else value for row, value in zip(rows, values, strict=True)]
    return batch.set_column(at, batch.schema.field(at), pa.array(texts, kind))


class TsvSink:
    """Rows with four more fields; candidates are JSON, null is an empty field, and nothing is quoted."""

    def __init__(self, stream: IO[bytes], options: LinkOptions, kb: KnowledgeBase) -> None:
        self.stream, self.options, self.kb = stream, options, kb
        self.added = added_columns(options.column)
        self._names: list[str] | None = None

    def write(self, chunk: Chunk, rows: Sequence[Row], answers: Sequence[str]) -> None:
        """Write the rows of a chunk.

        Raises:
            DataError: a field holds a tab or a line feed, or a row has fields that the first rows lack.
            UsageError: a column is there already.
        """
        records = _records(chunk, rows)
        names = list(dict.fromkeys(key for record in records for key in record)) or [self.options.column]
        lines = []
        if self._names is None:
            check_free(names, self.added, chunk.label, self.options)
            self._names = [name for name in names if name not in self.added]
            lines.append("\t".join((*self._names, *self.added)))
        new = set(names) - set(self._names) - set(self.added)
        if new:
            msg = f"{chunk.label}: new fields appear: {', '.join(sorted(new))}; write .jsonl."
            raise DataError(msg)
        for i, (record, answer) in enumerate(zip(records, answers, strict=True)):
            fields = [*(record.get(name) for name in self._names), *_facts(answer, self.kb)]
            lines.append("\t".join(self._field(value, chunk, i) for value in fields))
        self.stream.write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))

    def _field(self, value: Any, chunk: Chunk, i: int) -> str:
        if value is None:
            return ""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        if "\t" in text or "\n" in text:
            msg = f"{chunk.where(i)}: a tab or line feed cannot stand in a TSV field; write .jsonl or .parquet."
            raise DataError(msg)
        return text

    def close(self) -> None:
        """Write at least a header."""
        if self._names is None:
            self.stream.write(("\t".join((self.options.column, *self.added)) + "\n").encode())


class ParquetSink:
    """Rows with four more columns; candidates are a list of structs, ``why`` in them JSON."""

    def __init__(self, stream: IO[bytes], options: LinkOptions, kb: KnowledgeBase) -> None:
        self.stream, self.options, self.kb = stream, options, kb
        self.added = added_columns(options.column)
        self._writer: Any = None
        self._source: Any = None

    def _types(self) -> list[Any]:
        import pyarrow as pa

        text = pa.string()
        parts = [("id", text), ("name", text), ("lang", text), ("score", pa.float64()), ("p", pa.float64())]
        return [text, text, pa.float64(), pa.list_(pa.struct([*parts, ("why", text)]))]

    def write(self, chunk: Chunk, rows: Sequence[Row], answers: Sequence[str]) -> None:
        """Write the rows of a chunk.

        Raises:
            DataError: rows do not fit the columns so far.
            UsageError: a column is there already.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not rows:
            return
        try:
            batch = chunk.batch(self._source)
        except (ValueError, pa.ArrowException) as error:
            what = " ".join(str(error).split())
            msg = f"{chunk.where(0)} and on: these rows do not fit the columns so far ({what}); write .jsonl."
            raise DataError(msg) from error
        if self._writer is None:
            check_free(batch.schema.names, self.added, chunk.label, self.options)
            self._source = batch.schema
        batch = _with_lines(batch, chunk.column, rows)
        kept = [i for i, name in enumerate(batch.schema.names) if name not in self.added]
        facts = [_facts(answer, self.kb) for answer in answers]
        for _, _, _, candidates in facts:
            for candidate in candidates:
                candidate["why"] = json.dumps(candidate["why"], ensure_ascii=False)
        new = [pa.array(column, kind) for column, kind in zip(zip(*facts, strict=True), self._types(), strict=True)]
        names = [*(batch.schema.names[i] for i in kept), *self.added]
        table = pa.table([*(batch.column(i) for i in kept), *new], names=names)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.stream, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        """Write the footer."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            fields = [(self.options.column, pa.string()), *zip(self.added, self._types(), strict=True)]
            self._writer = pq.ParquetWriter(self.stream, pa.schema(fields))
        self._writer.close()

    def abort(self) -> None:
        """Close Arrow's writer while there is still a file."""
        from contextlib import suppress

        if self._writer is not None and self._writer.is_open:
            with suppress(Exception):
                self._writer.close()
