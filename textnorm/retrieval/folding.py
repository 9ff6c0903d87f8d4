"""One bias an item as one more coordinate: the corrected score is an inner product.

``row = [g ; -(bias - mean) ; 0 …]`` and ``query = [q ; e ; 0 …]`` give ``<query, row> = <q, g> - e * (bias - mean)``:
with ``e = 1`` the ranking of the corrected score, with ``e = 0`` that of the cosine, from the same rows. Methods with
gates have one coordinate a bank, each with a switch of its own. The mean is taken off for numeric range only; it
changes no ranking.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError

#: How far from 1 the length of a row may be; int8 and half precision stay well below.
UNIT_TOLERANCE = 1e-2


@dataclass(frozen=True)
class Fold:
    """Geometry of folded rows.

    Attributes:
        dim: length of a vector.
        mean: what is taken off each bias column; its length is the number of columns.
        width: length of a folded row; ``dim`` and one coordinate a bias column, filled up with zeros.
    """

    dim: int
    mean: tuple[float, ...] = ()
    width: int = 0

    @classmethod
    def of(cls, dim: int, bias: NDArray[np.float32], multiple: int) -> Fold:
        """Return the fold for vectors of ``dim`` and ``bias`` [n, b]; the width is a multiple of ``multiple``."""
        mean = tuple(float(m) for m in bias.mean(axis=0, dtype=np.float64)) if len(bias) else (0.0,) * bias.shape[1]
        return cls(dim, mean, -(-(dim + bias.shape[1]) // multiple) * multiple)

    @property
    def slots(self) -> int:
        """Number of bias columns."""
        return len(self.mean)

    def rows(self, vectors: NDArray[np.float32], bias: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return folded rows [n, width] of ``vectors`` [n, dim] and ``bias`` [n, slots]."""
        out = np.zeros((len(vectors), self.width), np.float32)
        out[:, : self.dim] = vectors
        out[:, self.dim : self.dim + self.slots] = np.asarray(self.mean) - bias
        return out

    def queries(self, queries: NDArray[np.float32], switch: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return folded queries [nq, width] of ``queries`` [nq, dim] and ``switch`` [nq, slots]."""
        out = np.zeros((len(queries), self.width), np.float32)
        out[:, : self.dim] = queries
        out[:, self.dim : self.dim + self.slots] = switch
        return out


def check_vectors(vectors: NDArray[np.float32], what: str, *, dim: int | None = None) -> NDArray[np.float32]:
    """Return ``vectors`` as float32 [n, d], C-contiguous, once they are known to be unit rows of finite numbers.

    A memory map stays one.

    Raises:
        DataError: not two-dimensional, of another length than ``dim``, or a row is not finite, zero, or not of length
            1.
    """
    if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.floating):
        msg = f"{what}: unit rows are expected as an array of floats [n, d], not {vectors.dtype} {list(vectors.shape)}."
        raise DataError(msg)
    if dim is not None and vectors.shape[1] != dim:
        msg = f"{what}: vectors of length {vectors.shape[1]}, but length {dim} is needed."
        raise DataError(msg)
    found = np.ascontiguousarray(vectors, dtype=np.float32)
    step = max(1, (1 << 24) // max(1, found.shape[1]))
    for at in range(0, len(found), step):
        block = found[at : at + step]
        norms = np.sqrt(np.einsum("ij,ij->i", block, block, dtype=np.float64))
        bad = ~(np.abs(norms - 1) <= UNIT_TOLERANCE)
        if bad.any():
            i = int(np.flatnonzero(bad)[0])
            length = float(norms[i])
            fault = "holds NaN or infinity" if not np.isfinite(length) else f"has length {length:.4g}"
            advice = "Leave the text out, or scale the rows to length 1."
            msg = (
                f"{what}: row {at + i} is no unit vector but {fault} ({int(bad.sum())} of {len(block)} rows). {advice}"
            )
            raise DataError(msg)
    return found
