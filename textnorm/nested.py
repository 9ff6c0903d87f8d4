"""Columns of lists of texts: each item is normalized, the lists stay lists.

``COL_norm`` is a list of readings and ``COL_edits`` a list of lists of edits, item by item; ``COL_status`` stays one
word a row, so that a filter reads the same whatever the column holds. A row with an item that fails is quarantined
whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textnorm.edits import Edits
from textnorm.edits.serialise import arrow_type, to_arrow
from textnorm.errors import Reason

#: Statuses of items, the one that decides a row's first.
ORDER = ("quarantined", "changed", "abstained", "unchanged")
TextLists = Sequence[Sequence[str | None] | None]


def is_nested(kind: pa.DataType) -> bool:
    """Whether a type is a list, of whatever kind."""
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


def reading_type(kind: pa.DataType, item: pa.DataType) -> pa.DataType:
    """Return the type of the readings of a list column whose items read as ``item``."""
    large = pa.types.is_large_list(kind) or pa.types.is_large_list_view(kind)
    return pa.large_list(item) if large else pa.list_(item)


def edits_type() -> pa.DataType:
    """Return the type of the edits of a list column."""
    return pa.list_(arrow_type())


@dataclass(frozen=True)
class Flat:
    """The items of ``n`` lists, one behind the other.

    Attributes:
        texts: the items.
        sizes: int64 ``[n]``, items a row; 0 for a null row.
        null: rows that are null.
    """

    texts: list[str | None]
    sizes: np.ndarray[Any, np.dtype[np.int64]]
    null: list[bool]

    @property
    def rows(self) -> list[int]:
        """The row of each item."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes).tolist()

    def spread(self, documents: Sequence[Any] | None, *, whole: bool) -> list[Any] | None:
        """Return the document id of each item; with ``whole`` a row without ids is a document of its own."""
        if documents is None:
            return [("row", row) for row in self.rows] if whole else None
        return [("row", row) if documents[row] is None else ("id", documents[row]) for row in self.rows]


def flatten(lists: TextLists) -> Flat:
    """Return the items of lists."""
    return Flat(
        [text for row in lists for text in row or ()],
        np.fromiter((len(row or ()) for row in lists), dtype=np.int64, count=len(lists)),
        [row is None for row in lists],
    )


@dataclass(frozen=True)
class NestedOutcome:
    """What became of ``n`` lists.

    Attributes:
        flat: the items that went in.
        norm: reading of each item.
        edits: edits of each item.
        status: one a row; ``None`` for a null row.
        failures: reason by row.
    """

    flat: Flat
    norm: list[str | None]
    edits: Edits
    status: list[str | None]
    failures: dict[int, str]

    def arrays(self, item: pa.DataType, *, large: bool = False) -> list[pa.Array]:
        """Return readings, edits and status as Arrow arrays; items read as ``item``."""
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.flat.sizes)])
        lost = np.array(self.flat.null, dtype=np.bool_)
        lost[list(self.failures)] = True
        mask = pa.array(lost) if lost.any() else None
        place = pa.array(offsets if large else offsets.astype(np.int32))
        kind = pa.LargeListArray if large else pa.ListArray
        norm = kind.from_arrays(place, pa.array(self.norm, item), mask=mask)
        edits = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), to_arrow(self.edits), mask=mask)
        return [norm, edits, pa.array(self.status, pa.string())]


def regroup(
    flat: Flat, norm: list[str | None], edits: Edits, status: Sequence[str | None], failures: dict[int, str]
) -> NestedOutcome:
    """Return what became of the rows, given what became of their items."""
    found: list[str | None] = [None if null else "unchanged" for null in flat.null]
    bad: dict[int, str] = {}
    rows = flat.rows
    for k, state in enumerate(status):
        row = rows[k]
        if state is not None and ORDER.index(state) < ORDER.index(found[row] or "unchanged"):
            found[row] = state
        if k in failures and row not in bad:
            why, first = failures[k], rows.index(row)
            bad[row] = Reason(f"item {k - first}: {why}", getattr(why, "component", None), getattr(why, "rule", None))
    return NestedOutcome(flat, norm, edits, found, bad)
