"""One fact of the annotations in an edits column, as a column of its own: to filter a corpus by."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from textnorm.errors import EditError


def annotation(edits: pa.Array | pa.ChunkedArray, label: str, key: str | None = None) -> pa.Array:
    """Return for each row what its first edit of a label says.

    Args:
        edits: a column that textnorm wrote (``COL_edits``), type :func:`textnorm.edits.serialise.arrow_type`.
        label: of the edits, for example ``LANGUAGE``.
        key: of the edit's value; without it the number of edits with that label is counted.

    Returns:
        An array of the column's length; null where the row has no such edit or the value no such key. The type is what
        Arrow makes of the values; lists and objects become JSON text.

    Raises:
        EditError: the column holds no edits.
    """
    column = edits.combine_chunks() if isinstance(edits, pa.ChunkedArray) else edits
    kind = column.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_struct(kind.value_type):
        msg = f"Edits are a list of structs in Arrow, not {kind}."
        raise EditError(msg)
    import pyarrow.compute as pc

    n = len(column)
    rows = pc.list_parent_indices(column)
    flat = column.flatten()
    keep = pc.equal(flat.field("label"), label)
    rows, values = rows.filter(keep).to_pylist(), flat.field("value").filter(keep)
    if key is None:
        counts = [0] * n
        for row in rows:
            counts[row] += 1
        return pa.array(counts, pa.int64())
    found: list[Any] = [None] * n
    seen = [False] * n
    for row, text in zip(rows, values.to_pylist(), strict=True):
        if not seen[row]:
            seen[row] = True
            found[row] = _plain(text, key)
    return pa.array(found)


def _plain(text: str | None, key: str) -> Any:
    value = json.loads(text) if text is not None else None
    item = value.get(key) if isinstance(value, dict) else None
    return json.dumps(item, ensure_ascii=False) if isinstance(item, list | dict) else item
