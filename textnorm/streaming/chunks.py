"""Pieces of an input file: their texts, and all else that must come out again unchanged."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textnorm.errors import DataError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

Record = dict[str, Any]
#: Values of one column, a text or a list of texts each, and why some cannot be read, by index.
Values = tuple[list[Any], dict[int, str]]


def check_distinct(names: Sequence[str], label: str) -> None:
    """Check that columns can be told apart by name.

    Raises:
        UsageError: two have one name.
    """
    for name in names:
        if names.count(name) > 1:
            msg = f"{label}: there are {names.count(name)} columns '{name}'; give each a name of its own."
            raise UsageError(msg)


def _below(bad: dict[int, str], n: int) -> dict[int, str]:
    return {i: why for i, why in bad.items() if i < n}


def is_blank(line: str) -> bool:
    """Whether a line of JSON Lines holds nothing: only what JSON counts as white space, and perhaps a BOM."""
    return not line.strip("\r \t\ufeff")


@dataclass(kw_only=True)
class Chunk:
    """Some consecutive rows of one file.

    Attributes:
        label: how messages name the file.
        first: number of the first row in the file, from 0.
        column: name of the column with the text.
        texts: one a row; ``None`` is null.
        documents: document ids, or ``None`` where no column was named.
        bad: reason by index of each row that could not be read; set aside, never normalized.
        size: bytes read for it, for progress.
        replaced: rows in which invalid UTF-8 was replaced.
        others: more columns that are read, by name.
    """

    label: str
    first: int
    column: str
    texts: list[Any]
    documents: list[Any] | None = None
    bad: dict[int, str] = field(default_factory=dict)
    size: int = 0
    replaced: int = 0
    others: dict[str, Values] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows that hold data (blank lines of JSON Lines do not)."""
        return len(self.texts)

    def where(self, i: int) -> str:
        """Return file and place of row ``i`` for messages; people count lines from 1."""
        return f"{self.label}, line {self.first + i + 1}"

    def raw(self, i: int) -> str:
        """Return row ``i`` as it was written, as far as it can be shown."""
        text = self.texts[i]
        return text if isinstance(text, str) else "" if text is None else json.dumps(text, ensure_ascii=False)

    def head(self, n: int) -> Chunk:
        """Return only the first ``n`` rows."""
        return dataclasses.replace(
            self,
            texts=self.texts[:n],
            documents=None if self.documents is None else self.documents[:n],
            bad=_below(self.bad, n),
            others={name: (texts[:n], _below(bad, n)) for name, (texts, bad) in self.others.items()},
        )

    def records(self) -> list[Record | None]:
        """Return the rows as dictionaries, without new columns; ``None`` for a line that is no row."""
        return [{self.column: text} for text in self.texts]

    def batch(self, schema: pa.Schema | None) -> pa.RecordBatch:
        """Return the rows as Arrow, in ``schema`` where it is known already.

        Raises:
            ValueError: a row does not fit the schema.
        """
        import pyarrow as pa

        rows = [record for record in self.records() if record is not None]
        if schema is None:
            names = list(dict.fromkeys(key for row in rows for key in row))
            # A text that is null in all rows so far is still a text.
            kinds = {self.column: pa.string()} if not any(row.get(self.column) for row in rows) else {}
            table = pa.table({name: pa.array([row.get(name) for row in rows], kinds.get(name)) for name in names})
        else:
            extra = {key for row in rows for key in row} - set(schema.names)
            if extra:
                msg = f"new fields appear: {', '.join(sorted(extra))}"
                raise ValueError(msg)
            table = pa.Table.from_pylist(rows, schema=schema)
        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


@dataclass(kw_only=True)
class LineChunk(Chunk):
    """Rows that are lines.

    Attributes:
        lines: the lines without their line feeds; a bad line as far as it can be shown.
        ends: whether the last line has a line feed.
    """

    lines: list[str]
    ends: bool = True

    def raw(self, i: int) -> str:
        """Return the whole line."""
        return self.lines[i]

    def head(self, n: int) -> LineChunk:
        """Return only the first ``n`` lines."""
        short = super().head(n)
        assert isinstance(short, LineChunk)
        return dataclasses.replace(short, lines=self.lines[:n], ends=self.ends or n < len(self.lines))


@dataclass(kw_only=True)
class TextChunk(LineChunk):
    """Lines of plain text; ``block`` is the bytes they came from."""

    block: bytes = b""

    def head(self, n: int) -> TextChunk:
        """Return only the first ``n`` lines."""
        short = super().head(n)
        assert isinstance(short, TextChunk)
        return dataclasses.replace(short, block=b"") if n < len(self.lines) else self


@dataclass(kw_only=True)
class JsonlChunk(LineChunk):
    """Lines of JSON; ``objects`` are what they say, ``None`` for a blank or bad line."""

    objects: list[Record | None]

    @property
    def rows(self) -> int:
        """Number of lines that are not blank."""
        return sum(not is_blank(line) for line in self.lines)

    def records(self) -> list[Record | None]:
        """Return the objects; a bad line is a row of nulls, a blank one no row."""
        return [
            record if record is not None else ({self.column: None} if i in self.bad else None)
            for i, record in enumerate(self.objects)
        ]

    def head(self, n: int) -> JsonlChunk:
        """Return the lines up to the ``n``-th that is not blank."""
        places = [i for i, line in enumerate(self.lines) if not is_blank(line)]
        lines = places[n - 1] + 1 if len(places) >= n else len(self.lines)
        short = super().head(lines)
        assert isinstance(short, JsonlChunk)
        return dataclasses.replace(short, objects=self.objects[:lines])


@dataclass(kw_only=True)
class TsvChunk(LineChunk):
    """Rows of a TSV file.

    Attributes:
        names: the columns.
        header: the header line as it was written, without its line feed (and carriage return).
        tail: what stands between each row and its line feed: a carriage return in files from Windows.
    """

    names: list[str]
    header: str
    tail: str = ""

    def where(self, i: int) -> str:
        """Return file and line; the header is line 1."""
        return f"{self.label}, line {self.first + i + 2}"

    def fields(self, i: int) -> list[str | None]:
        """Return the fields of row ``i``, one a column; a bad row has nulls."""
        return [None] * len(self.names) if i in self.bad else list(self.lines[i].split("\t"))

    def records(self) -> list[Record | None]:
        """Return the rows; a bad one has nulls.

        Raises:
            UsageError: two columns have one name.
        """
        check_distinct(self.names, self.label)
        return [dict(zip(self.names, self.fields(i), strict=True)) for i in range(len(self.lines))]

    def batch(self, schema: pa.Schema | None) -> pa.RecordBatch:
        """Return the rows as Arrow: every column is a string, also where there is no row to tell."""
        import pyarrow as pa

        rows = self.records()
        columns = [pa.array([row[name] for row in rows if row is not None], pa.string()) for name in self.names]
        return pa.RecordBatch.from_arrays(columns, names=self.names)


@dataclass(kw_only=True)
class ParquetChunk(Chunk):
    """Rows of a Parquet file.

    Attributes:
        data: the rows with all columns.
        compression: of each column, in the words of Arrow's writer.
        last: whether a row group ends here.
    """

    data: pa.RecordBatch
    compression: dict[str, str] = field(default_factory=dict)
    last: bool = True

    def where(self, i: int) -> str:
        """Return file and row."""
        return f"{self.label}, row {self.first + i}"

    def records(self) -> list[Record | None]:
        """Return the rows as dictionaries.

        Raises:
            DataError: a column that is not the text holds invalid UTF-8.
            UsageError: two columns have one name.
        """
        check_distinct(self.data.schema.names, self.label)
        try:
            return list(self.data.to_pylist())
        except UnicodeDecodeError as error:
            msg = f"{self.where(0)} and on: invalid UTF-8 ({error.reason}); only .parquet can keep these columns."
            raise DataError(msg) from error

    def batch(self, schema: pa.Schema | None) -> pa.RecordBatch:
        """Return the rows as they are."""
        return self.data

    def head(self, n: int) -> ParquetChunk:
        """Return only the first ``n`` rows."""
        short = super().head(n)
        assert isinstance(short, ParquetChunk)
        return dataclasses.replace(short, data=self.data.slice(0, n))
