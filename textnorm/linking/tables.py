"""Names and concepts of a knowledge base: read from files, checked row by row, kept as Arrow tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textnorm.errors import DataError, UsageError, choices
from textnorm.linking.kb import NameRow
from textnorm.streaming.formats import check_input, detect

if TYPE_CHECKING:
    import pyarrow as pa

    from textnorm.streaming.chunks import Chunk

ID, NAME = "concept_id", "name"
TEXTS = ("lang", "kind", "source")
LISTS = ("parents", "types", "attributes")
Concepts = dict[str, dict[str, list[str]]]
NAMES_HELP = "Names need columns: a .tsv with a header, a .jsonl or a .parquet file with concept_id and name."


def check_tables(paths: Sequence[str]) -> None:
    """Check that files are there and have columns.

    Raises:
        UsageError: one has not.
    """
    for path in paths:
        check_input(path)
        if detect(path).kind == "text":
            msg = f"{path}: {NAMES_HELP}"
            raise UsageError(msg)


@dataclass
class Names:
    """Rows of the names table, each pair of concept and name once a language, kind and source.

    Attributes:
        rows: ``concept_id, name, lang, kind, source, weight``.
        repeated: rows left out because they were there already.
    """

    rows: list[NameRow] = field(default_factory=list)
    repeated: int = 0

    @property
    def texts(self) -> list[str]:
        """All different names, in the order of their first row."""
        return list(dict.fromkeys(row[1] for row in self.rows))

    @property
    def by_concept(self) -> dict[str, list[str]]:
        """The different names of each concept."""
        found: dict[str, dict[str, None]] = {}
        for row in self.rows:
            found.setdefault(row[0], {})[row[1]] = None
        return {concept: list(names) for concept, names in found.items()}

    def extend(self, rows: Iterable[tuple[Any, ...]]) -> int:
        """Add rows that are not there yet; return how many were added."""
        known = {row[:5] for row in self.rows}
        before = len(self.rows)
        for row in rows:
            if row[:5] in known:
                self.repeated += 1
            else:
                known.add(row[:5])
                self.rows.append(row)
        return len(self.rows) - before

    def table(self) -> pa.Table:
        """Return them as an Arrow table."""
        import pyarrow as pa

        columns = list(zip(*self.rows, strict=True)) if self.rows else [()] * 6
        kinds = [pa.string()] * 5 + [pa.float64()]
        arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
        return pa.table(dict(zip((ID, NAME, *TEXTS, "weight"), arrays, strict=True)))

    @classmethod
    def of(cls, table: pa.Table) -> Names:
        """Return the rows of an Arrow table."""
        return cls(list(zip(*(column.to_pylist() for column in table.columns), strict=True)))


def read_names(paths: Sequence[str]) -> Names:
    """Return the names of all files.

    Raises:
        UsageError: a column is not there.
        DataError: a row is not as it should be; names file, row and column.
    """
    names = Names()
    for path in paths:
        names.extend(name_rows(path))
    if not names.rows:
        msg = f"{', '.join(paths)}: there is no name; an index needs one at least."
        raise DataError(msg)
    return names


def name_rows(path: str) -> Iterator[NameRow]:
    """Yield the rows of one file of names.

    Raises:
        UsageError: a column is not there.
        DataError: a row is not as it should be; names file, row and column.
    """
    return (_name(row, where) for where, row in _rows(path, NAME, (ID, NAME)))


def fill_lang(rows: Iterable[NameRow], lang: str | None) -> Iterable[NameRow]:
    """Return rows with ``lang`` as the language of those that state none."""
    if lang is None:
        return rows
    return ((*row[:2], row[2] or lang, *row[3:]) for row in rows)


def read_concepts(path: str) -> Concepts:
    """Return parents, types and attributes by concept.

    Raises:
        UsageError: there is no column ``concept_id``.
        DataError: a row is not as it should be, or a concept has two.
    """
    found: Concepts = {}
    for where, row in _rows(path, ID, (ID,)):
        concept = _text(row, ID, where)
        if concept in found:
            msg = f"{where}: the concept '{concept}' has a row already; join several values by '|'."
            raise DataError(msg)
        found[concept] = {name: _values(row.get(name), name, where) for name in LISTS}
    return found


def read_labelled(path: str) -> list[tuple[str, list[str]]]:
    """Return labelled queries: the text, and the ids of the concepts that are right for it.

    Raises:
        UsageError: the table lacks ``query`` or ``concept_ids``.
        DataError: a row that holds no query or no id; names it.
    """
    found = []
    for where, row in _rows(path, "query", ("query", "concept_ids")):
        ids = _values(row["concept_ids"], "concept_ids", where)
        if not ids:
            msg = f"{where}: concept_ids is empty."
            raise DataError(msg)
        found.append((_text(row, "query", where), ids))
    return found


def concepts_table(concepts: Concepts) -> pa.Table:
    """Return concepts as an Arrow table."""
    import pyarrow as pa

    lists = {name: pa.array([facts[name] for facts in concepts.values()], pa.list_(pa.string())) for name in LISTS}
    return pa.table({ID: pa.array(list(concepts), pa.string()), **lists})


def concepts_of(table: pa.Table) -> Concepts:
    """Return the concepts of an Arrow table."""
    return {row.pop(ID): row for row in table.to_pylist()}


def _rows(path: str, column: str, needed: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place and the fields of each row; blank lines of JSON Lines are passed over."""
    from textnorm.streaming.readers import ReadOptions, read

    advice = f"Save {path} as UTF-8."
    chunk: Chunk
    for chunk in read(path, detect(path), ReadOptions(column=column, advice=advice)):
        for i, row in enumerate(chunk.records()):
            if row is None:
                continue
            missing = [name for name in needed if name not in row]
            if missing:
                msg = f"{chunk.where(i)}: there is no '{missing[0]}'. {choices(missing[0], row)}"
                raise UsageError(msg)
            yield chunk.where(i), row


def _name(row: dict[str, Any], where: str) -> NameRow:
    concept, name = _text(row, ID, where), _text(row, NAME, where)
    lang, kind, source = (_optional(row.get(column), column, where) for column in TEXTS)
    return concept, name, lang, kind, source, _weight(row.get("weight"), where)


def _text(row: dict[str, Any], column: str, where: str) -> str:
    """Return a value that must be there.

    Raises:
        DataError: it is missing, blank or no text.
    """
    value = row[column]
    if isinstance(value, int) and not isinstance(value, bool) and column == ID:
        return str(value)  # ids are often numbers in JSON and Parquet
    if not isinstance(value, str) or not value.strip():
        what = "is empty" if value is None or isinstance(value, str) else f"is {value!r}, no text"
        msg = f"{where}: {column} {what}."
        raise DataError(msg)
    return _encodable(value, column, where)


def _encodable(value: str, column: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        msg = f"{where}: {column} holds half a surrogate pair at character {error.start}."
        raise DataError(msg) from error
    return value


def _optional(value: Any, column: str, where: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        msg = f"{where}: {column} is {value!r}, no text."
        raise DataError(msg)
    return _encodable(value, column, where)


def _weight(value: Any, where: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        found = float(value)
    except (TypeError, ValueError) as error:
        msg = f"{where}: weight is {value!r}, no number."
        raise DataError(msg) from error
    if not math.isfinite(found) or found < 0:
        msg = f"{where}: weight is {value}; it must be 0 or more."
        raise DataError(msg)
    return found


def _values(value: Any, column: str, where: str) -> list[str]:
    """Return the values of a field: joined by ``|``, or a list in JSON Lines and Parquet."""
    if isinstance(value, list):
        parts = value
    elif value is None or isinstance(value, str):
        parts = (value or "").split("|")
    else:
        msg = f"{where}: {column} is {value!r}, neither text nor a list of texts."
        raise DataError(msg)
    return [text for text in (_optional(part, column, where) for part in parts) if text is not None and text.strip()]
