"""What ``textnorm duplicates`` does with files: read them twice, the second time to write each row with its verdict."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from textnorm.dedup.clusters import Clusters, Verdict
from textnorm.dedup.signature import Signer, exact_key
from textnorm.errors import DataError, UsageError
from textnorm.streaming.added import encode_json
from textnorm.streaming.chunks import Chunk
from textnorm.streaming.files import writing
from textnorm.streaming.formats import Codec, Format
from textnorm.streaming.readers import ReadOptions, read

SUFFIXES = ("dup_of", "dup_kind", "dup_similarity", "dup_size")


@dataclass
class Marked:
    """Counts of one run.

    Attributes:
        rows: rows read.
        texts: rows with a text.
        bad: rows that could not be read.
        clusters: clusters of two texts or more.
        exact: texts equal to an earlier one.
        near: texts that are only similar to an earlier one.
    """

    rows: int = 0
    texts: int = 0
    bad: int = 0
    clusters: int = 0
    exact: int = 0
    near: int = 0

    def counts(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Yield what a person wants to know."""
        share = (self.exact + self.near) / self.texts if self.texts else 0.0
        yield (
            f"{self.rows:,} rows, {self.texts:,} texts: {self.exact:,} equal to an earlier one, {self.near:,} similar "
            f"({share:.1%} in all), {self.clusters:,} clusters"
        )
        if self.bad:
            yield f"{self.bad:,} rows could not be read: they have no verdict"


Row = tuple[int | None, str | None, float | None, int | None]
NO_VERDICT: Row = (None, None, None, None)


def mark(
    inputs: Sequence[tuple[str, Format]],
    output: str,
    kind: str,
    codec: Codec,
    options: ReadOptions,
    signer: Signer | None,
    *,
    overwrite_columns: bool = False,
    budget: int = 64 << 20,
    say: Callable[[str], None] = lambda line: None,
) -> Marked:
    """Write the rows of all inputs with their verdicts; ``say`` gets a line for each row that cannot be read.

    Raises:
        DataError: damaged data, or an input that changed while it was read.
        UsageError: a column is missing or taken.
    """
    marked = Marked()
    with tempfile.TemporaryDirectory(prefix="textnorm-") as folder, ExitStack() as stack:
        clusters = Clusters(Path(folder), signer, budget)
        stack.callback(clusters.close)
        for path, form in inputs:
            for chunk in read(path, form, options):
                clusters.add([text for _, text in _texts(chunk)])
        clusters.finish()
        sink = stack.enter_context(writing(output, codec))
        writer = _Writer(kind, sink, options.column, overwrite=overwrite_columns)
        stack.callback(writer.abort)
        row = at = 0
        numbers: dict[int, int] = {}  # text -> row, where they differ: only for first texts of clusters
        for path, form in inputs:
            for chunk in read(path, form, options):
                for i, why in sorted(chunk.bad.items()):
                    say(f"quarantined: {chunk.where(i)}: {why}")
                records = chunk.records()
                texts = _texts(chunk)
                if clusters.digests(at, at + len(texts)) != b"".join(exact_key(text) for _, text in texts):
                    msg = f"{chunk.where(0)} and on: the file changed while it was read; run the command again."
                    raise DataError(msg)
                verdict = clusters.verdict(at, at + len(texts))
                place = {i: k for k, (i, _) in enumerate(texts)}
                out: list[Row] = []
                for i, record in enumerate(records):
                    if record is None:
                        continue
                    k = place.get(i)
                    out.append(NO_VERDICT if k is None else _row(verdict, k, at, row, numbers))
                    marked.rows += 1
                    marked.bad += i in chunk.bad
                    row += 1
                _count(marked, verdict)
                at += len(texts)
                writer.write(chunk, records, out)
        if at != clusters.n:
            msg = "The input became shorter while it was read; run the command again."
            raise DataError(msg)
        writer.close()
    return marked


def _texts(chunk: Chunk) -> list[tuple[int, str]]:
    return [(i, text) for i, text in enumerate(chunk.texts) if text is not None and i not in chunk.bad]


def _row(verdict: Verdict, k: int, at: int, row: int, numbers: dict[int, int]) -> Row:
    size, first = int(verdict.size[k]), int(verdict.dup_of[k])
    if first < 0:
        if size > 1 and row != at + k:
            numbers[at + k] = row
        return None, None, None, size
    kind = "exact" if verdict.exact[k] else "near"
    return numbers.get(first, first), kind, round(float(verdict.similarity[k]), 4), size


def _count(marked: Marked, verdict: Verdict) -> None:
    marked.texts += len(verdict.size)
    marked.clusters += int(((verdict.dup_of < 0) & (verdict.size > 1)).sum())
    marked.exact += int(((verdict.dup_of >= 0) & verdict.exact).sum())
    marked.near += int(((verdict.dup_of >= 0) & ~verdict.exact).sum())


def _unlike(now: Any, before: Any) -> str:
    """Say how two Arrow schemas differ: the first fields that are new, gone, or of another type."""
    kinds = [{field.name: str(field.type) for field in schema} for schema in (now, before)]
    said = [
        f"'{name}' is {kinds[0].get(name, 'missing')} instead of {kinds[1].get(name, 'missing')}"
        for name in dict.fromkeys([*now.names, *before.names])
        if kinds[0].get(name) != kinds[1].get(name)
    ]
    return ", ".join(said[:3]) or f"{now.names} instead of {before.names}"


class _Writer:
    """Rows with four more columns."""

    def __init__(self, kind: str, sink: IO[bytes], column: str, *, overwrite: bool) -> None:
        self.kind, self.sink, self.overwrite = kind, sink, overwrite
        self.added = [f"{column}_{suffix}" for suffix in SUFFIXES]
        self._column = column
        self._names: list[str] | None = None
        self._writer: Any = None
        self._schema: Any = None

    def _check(self, names: Sequence[str], label: str) -> None:
        taken = [name for name in self.added if name in names]
        if taken and not self.overwrite:
            msg = f"{label}: there is a column '{taken[0]}' already; --overwrite-columns replaces it."
            raise UsageError(msg)

    def write(self, chunk: Chunk, records: Sequence[dict[str, Any] | None], rows: Sequence[Row]) -> None:
        """Write one chunk; ``rows`` are those of the records that are not ``None``."""
        if self.kind == "parquet":
            if rows or self._writer is None:
                self._parquet(chunk, rows)
            return
        kept = [record for record in records if record is not None]
        parts: list[str] = []
        for record, row in zip(kept, rows, strict=True):
            self._check(list(record), chunk.label)
            own = {name: value for name, value in record.items() if name not in self.added}
            if self.kind == "jsonl":
                parts.append(
                    json.dumps({**own, **dict(zip(self.added, row, strict=True))}, ensure_ascii=False, default=str)
                )
                continue
            if self._names is None:
                self._names = list(own)
                parts.append("\t".join([*self._names, *self.added]))
            if list(own) != self._names:
                msg = f"{chunk.label}: other columns than before; write .jsonl."
                raise DataError(msg)
            parts.append("\t".join(self._field(value, chunk) for value in (*own.values(), *row)))
        if parts:
            self.sink.write(encode_json("\n".join(parts) + "\n"))

    def _field(self, value: Any, chunk: Chunk) -> str:
        text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if "\t" in text or "\n" in text:
            msg = f"{chunk.where(0)} and on: a tab or line feed cannot stand in a TSV field; write .jsonl or .parquet."
            raise DataError(msg)
        return text

    def _parquet(self, chunk: Chunk, rows: Sequence[Row]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            batch = chunk.batch(self._schema)
        except (ValueError, pa.ArrowException) as error:
            what = " ".join(str(error).split())
            msg = f"{chunk.where(0)} and on: these rows do not fit the columns so far ({what}); write .jsonl."
            raise DataError(msg) from error
        self._check(batch.schema.names, chunk.label)
        if self._schema is None:
            self._schema = batch.schema
        elif not batch.schema.equals(self._schema):
            msg = f"{chunk.label}: other columns than before: {_unlike(batch.schema, self._schema)}; write .jsonl."
            raise DataError(msg)
        table = pa.Table.from_batches([batch]).drop_columns([n for n in self.added if n in batch.schema.names])
        kinds = (pa.int64(), pa.string(), pa.float32(), pa.int64())
        for name, kind, values in zip(self.added, kinds, list(zip(*rows, strict=True)) or [()] * 4, strict=True):
            table = table.append_column(name, pa.array(values, kind))
        if self._writer is None:
            compression = getattr(chunk, "compression", "zstd")
            self._writer = pq.ParquetWriter(self.sink, table.schema, compression=compression)
        if table.num_rows:
            self._writer.write_table(table)

    def close(self) -> None:
        """Write what a reader needs even where there were no rows."""
        if self.kind == "parquet":
            if self._writer is not None:
                self._writer.close()
        elif self.kind == "tsv" and self._names is None:
            self.sink.write(("\t".join([self._column, *self.added]) + "\n").encode())
        self.sink.flush()

    def abort(self) -> None:
        """Let go of Arrow's writer."""
        if self._writer is not None and self._writer.is_open:
            with suppress(Exception):
                self._writer.close()
