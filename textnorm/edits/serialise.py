"""Edits as Arrow arrays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textnorm.edits.edit import FIELDS, Edit
from textnorm.errors import EditError


class Columns(Protocol):
    """The columns of a batch of edits, as :class:`textnorm.edits.Edits` has them."""

    offsets: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    replacement: list[str | None]
    label: list[str]
    rule: list[str]
    confidence: npt.NDArray[np.float64]
    value: list[Any]


def arrow_type() -> pa.DataType:
    """Return ``list<struct<start, end, replacement, label, rule, confidence, value>>``; ``value`` is JSON text."""
    return pa.list_(
        pa.struct(
            [
                ("start", pa.int32()),
                ("end", pa.int32()),
                ("replacement", pa.string()),
                ("label", pa.string()),
                ("rule", pa.string()),
                ("confidence", pa.float64()),
                ("value", pa.string()),
            ]
        )
    )


def to_arrow(edits: Columns) -> pa.ListArray:
    """Return one list of edit structs a text, type :func:`arrow_type`."""
    value = [None if v is None else json.dumps(v, ensure_ascii=False, sort_keys=True) for v in edits.value]
    columns = [
        pa.array(edits.start.astype(np.int32)),
        pa.array(edits.end.astype(np.int32)),
        pa.array(edits.replacement, pa.string()),
        pa.array(edits.label, pa.string()),
        pa.array(edits.rule, pa.string()),
        pa.array(edits.confidence),
        pa.array(value, pa.string()),
    ]
    structs = pa.StructArray.from_arrays(columns, fields=list(arrow_type().value_type))
    return pa.ListArray.from_arrays(pa.array(edits.offsets.astype(np.int32)), structs, type=arrow_type())


def rows_from_arrow(array: pa.Array) -> Iterator[list[Edit]]:
    """Return the edits of each text that :func:`to_arrow` wrote; a null list counts as no edits.

    Raises:
        EditError: the array has another type.
    """
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    kind = array.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_struct(kind.value_type):
        msg = f"Edits are a list of structs in Arrow, not {kind}."
        raise EditError(msg)
    missing = set(FIELDS) - {field.name for field in kind.value_type}
    if missing:
        msg = f"The Arrow edits lack the fields {', '.join(sorted(missing))}."
        raise EditError(msg)
    return (
        [Edit(**{**d, "value": None if d["value"] is None else json.loads(d["value"])}) for d in row or ()]
        for row in ([{name: d[name] for name in FIELDS} for d in row or ()] for row in array.to_pylist())
    )
