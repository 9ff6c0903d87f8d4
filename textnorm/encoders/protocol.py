"""What an encoder must be, and the checks that every encoder of this package makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError, UsageError

#: How much of a text an error message quotes, in code points.
QUOTED = 60


@runtime_checkable
class Encoder(Protocol):
    """Texts in, unit vectors out.

    Deterministic, and independent of batch-mates and of the batch size: exactly so for static encoders, within 1e-4 in
    each coordinate for transformers (padding changes the order of float additions).

    Every text has a direction, also the empty one: an encoder gives all texts in which it sees nothing one fixed
    direction. It never returns a zero row.

    Attributes:
        identity: kind, name and content hash of weights and settings. Equal identity means equal vectors (float32 and
            half precision of one transformer count as equal, 8-bit weights do not).
        dim: length of a vector.
    """

    @property
    def identity(self) -> str:
        """Kind, name and content hash."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row a text, float32 ``[len(texts), dim]``, C-contiguous and the caller's own.

        Raises:
            UsageError: ``texts`` is a single string.
            DataError: an item is no string, or its vector is not finite or has length zero; names the item.
        """
        ...


def as_texts(texts: Sequence[str]) -> list[str]:
    """Return ``texts`` as a list of strings.

    Raises:
        UsageError: it is a single string.
        DataError: an item is no string; names its position.
    """
    if isinstance(texts, str):
        msg = "encode() takes a sequence of texts, not one string; write encode([text])."
        raise UsageError(msg)
    items = list(texts)
    for position, item in enumerate(items):
        if not isinstance(item, str):
            msg = f"Text {position} is {type(item).__name__}, not str; leave out or replace missing values first."
            raise DataError(msg)
    return items


def unit_rows(rows: NDArray[np.float32], texts: Sequence[str], encoder: str) -> NDArray[np.float32]:
    """Return ``rows`` scaled to length 1, in place where they are float32.

    Raises:
        DataError: a row is not finite or has length zero; names the text.
    """
    rows = np.ascontiguousarray(rows, dtype=np.float32)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    bad = ~(np.isfinite(norms) & (norms > 0))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        what = "has length zero" if norms[first] == 0 else "holds NaN or infinity"
        text = texts[first][:QUOTED]
        msg = f"The vector of text {first} ({text!r}) from {encoder} {what} ({int(bad.sum())} of {len(rows)} texts)."
        msg += " The weights are damaged, or half precision overflows: try precision='float32'."
        raise DataError(msg)
    rows /= norms[:, None].astype(np.float32)
    return rows
