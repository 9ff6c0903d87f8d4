"""What an index is given besides vectors: ids, and the arrays of a correction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError
from textnorm.retrieval.rows import Folded, Rows

if TYPE_CHECKING:
    import pyarrow as pa


def id_array(ids: Sequence[str], n: int) -> pa.ChunkedArray:
    """Return ids as Arrow strings.

    Raises:
        DataError: their number is not ``n``, one is no string, or two are equal.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(ids) != n:
        msg = f"{len(ids)} ids for {n} vectors."
        raise DataError(msg)
    try:
        found = pa.chunked_array([pa.array(ids, pa.string())], pa.string())
    except (pa.ArrowException, TypeError, UnicodeEncodeError) as error:
        at = next((i for i, name in enumerate(ids) if not _is_text(name)), 0)
        msg = f"Id {at} is {ids[at]!r}; ids are strings without half surrogate pairs."
        raise DataError(msg) from error
    if found.null_count:
        msg = f"Id {next(i for i, name in enumerate(ids) if name is None)} is missing."
        raise DataError(msg)
    if pc.count_distinct(found).as_py() != n:
        seen: set[str] = set()
        twice = next(name for name in ids if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        msg = f"The id '{twice}' stands for two items; each needs one of its own."
        raise DataError(msg)
    return found


def _is_text(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def folded_arrays(
    method: str,
    params: dict[str, float | int | bool],
    banks: dict[str, str],
    bias: Rows,
    gate: NDArray[np.bool_] | None,
    n: int,
    slots: int | None = None,
) -> Folded:
    """Return a correction's arrays once they fit ``n`` items.

    Raises:
        DataError: they do not, or the bias is not finite.
    """
    bias = np.asarray(bias, np.float32)
    wanted = f"[{n}, {slots if slots is not None else 'b'}]"
    if bias.ndim != 2 or len(bias) != n or not bias.shape[1] or (slots is not None and bias.shape[1] != slots):
        msg = f"The correction '{method}' has a bias {list(bias.shape)}, but the items need {wanted}."
        raise DataError(msg)
    if not np.isfinite(bias).all():
        at = int(np.flatnonzero(~np.isfinite(bias).all(axis=1))[0])
        msg = f"The correction '{method}' has a bias that is NaN or infinite for item {at}; its bank is faulty."
        raise DataError(msg)
    if gate is not None:
        gate = np.asarray(gate, np.bool_)
        if gate.shape != bias.shape:
            msg = f"The correction '{method}' has gates {list(gate.shape)} for a bias {list(bias.shape)}."
            raise DataError(msg)
    return Folded(method, dict(params), dict(banks), bias, gate)
