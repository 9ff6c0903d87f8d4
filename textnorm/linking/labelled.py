"""Labelled queries: a table of queries with the concepts that are right for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textnorm.errors import DataError, UsageError, choices
from textnorm.linking.protocol import Queries


@dataclass(frozen=True)
class Labelled:
    """A query with the concepts that are right for it.

    Attributes:
        query: the text.
        ids: of the concepts that are right; empty: nothing of the base is.
        lang: language code, or ``None``.
        context: the text around it, or ``None``.
        attributes: what else is known of it, such as the skills of a vacancy.
    """

    query: str
    ids: tuple[str, ...]
    lang: str | None = None
    context: str | None = None
    attributes: tuple[str, ...] = ()


def queries_of(rows: Sequence[Labelled]) -> Queries:
    """Return labelled queries as the linker takes them."""
    return Queries.of(
        [row.query for row in rows],
        langs=[row.lang for row in rows],
        contexts=[row.context for row in rows],
        attributes=[row.attributes for row in rows],
    )


def read_dev(path: str) -> list[Labelled]:
    """Return the rows of a table: ``query, concept_ids`` (joined by ``|``), perhaps ``lang, context, attributes``.

    An empty ``concept_ids`` says that no concept is right.

    Raises:
        UsageError: the table lacks a column.
        DataError: a row without a query, or a field that is no text; names the row.
    """
    from textnorm.streaming.formats import detect
    from textnorm.streaming.readers import ReadOptions, read

    found = []
    for chunk in read(path, detect(path), ReadOptions(column="query", advice=f"Save {path} as UTF-8.")):
        for i, row in enumerate(chunk.records()):
            if row is None:
                continue
            where = chunk.where(i)
            if "concept_ids" not in row:
                msg = f"{where}: there is no 'concept_ids'. {choices('concept_ids', row)}"
                raise UsageError(msg)
            query = row["query"]
            if not isinstance(query, str) or not query.strip():
                msg = f"{where}: query is empty."
                raise DataError(msg)
            lang, context = _text(row, "lang", where), _text(row, "context", where)
            attributes = _ids(row.get("attributes"), where, "attributes")
            found.append(Labelled(query, _ids(row["concept_ids"], where), lang, context, attributes))
    if not found:
        msg = f"{path}: there is no labelled query."
        raise DataError(msg)
    return found


def _text(row: dict[str, Any], column: str, where: str) -> str | None:
    value = row.get(column)
    if value is not None and not isinstance(value, str):
        msg = f"{where}: {column} is {value!r}, no text."
        raise DataError(msg)
    return value or None


def _ids(value: object, where: str, column: str = "concept_ids") -> tuple[str, ...]:
    parts = value.split("|") if isinstance(value, str) else [] if value is None else value
    if isinstance(parts, int) and not isinstance(parts, bool):
        parts = [parts]  # ids are often numbers in JSON and Parquet
    if not isinstance(parts, list) or any(not isinstance(part, str | int) for part in parts):
        msg = f"{where}: {column} is {value!r}, neither text nor a list of texts."
        raise DataError(msg)
    return tuple(str(part).strip() for part in parts if str(part).strip())
