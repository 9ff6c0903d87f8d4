"""The user's own decisions: a table of queries with the concept that each means, or none. They always win."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textnorm.errors import DataError, UsageError, choices

if TYPE_CHECKING:
    import pyarrow as pa


def decision_key(query: str) -> str:
    """Return a query as decisions are looked up: NFKC, without case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", query).casefold().split())


@dataclass(frozen=True)
class Decisions:
    """What queries mean.

    Attributes:
        table: concept id by :func:`decision_key`; ``None`` where the query means nothing of the base.
    """

    table: Mapping[str, str | None] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.table)

    def __contains__(self, query: str) -> bool:
        """Whether a query is decided."""
        return bool(self.table) and decision_key(query) in self.table

    def of(self, query: str) -> str | None:
        """Return the concept that a decided query means, or ``None``."""
        return self.table[decision_key(query)]

    def __or__(self, later: Decisions) -> Decisions:
        """Return both; of two on one query the later wins."""
        return Decisions({**self.table, **later.table})

    def arrow(self) -> pa.Table:
        """Return them as an Arrow table."""
        import pyarrow as pa

        kinds = (pa.array(list(self.table), pa.string()), pa.array(list(self.table.values()), pa.string()))
        return pa.table({"query": kinds[0], "concept_id": kinds[1]})

    @classmethod
    def of_arrow(cls, table: pa.Table) -> Decisions:
        """Return the decisions of an Arrow table."""
        return cls(dict(zip(table["query"].to_pylist(), table["concept_id"].to_pylist(), strict=True)))


def read_decisions(path: str, known: Iterable[str]) -> Decisions:
    """Return the decisions of a table with ``query`` and ``concept_id``; an empty id (or null) means "none of these".

    Raises:
        UsageError: the table lacks a column.
        DataError: a row without a query, with an id that the base does not have, or a query decided in two ways; names
            the row.
    """
    from textnorm.streaming.formats import detect
    from textnorm.streaming.readers import ReadOptions, read

    ids = set(known)
    found: dict[str, str | None] = {}
    chunks = read(path, detect(path), ReadOptions(column="query", advice=f"Save {path} as UTF-8."))
    rows = ((chunk.where(i), row) for chunk in chunks for i, row in enumerate(chunk.records()) if row is not None)
    for where, row in rows:
        if "concept_id" not in row:
            msg = f"{where}: there is no 'concept_id'. {choices('concept_id', row)}"
            raise UsageError(msg)
        query, concept = row["query"], row["concept_id"]
        if not isinstance(query, str) or not query.strip():
            msg = f"{where}: query is empty."
            raise DataError(msg)
        if isinstance(concept, int) and not isinstance(concept, bool):
            concept = str(concept)
        if concept is not None and not isinstance(concept, str):
            msg = f"{where}: concept_id is {concept!r}, no text."
            raise DataError(msg)
        concept = concept or None
        if concept is not None and concept not in ids:
            msg = f"{where}: there is no concept '{concept}' in the index; mend the row, or leave the id empty."
            raise DataError(msg)
        key = decision_key(query)
        if found.get(key, concept) != concept:
            told = found[key] or "none"
            msg = f"{where}: '{query}' is decided as {told} in an earlier row and as {concept or 'none'} here."
            raise DataError(msg)
        found[key] = concept
    return Decisions(found)
