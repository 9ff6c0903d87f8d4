"""A linear map between the spaces of two encoders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError


@dataclass(frozen=True)
class LinearMap:
    """``x -> normalise(x @ matrix + offset)``.

    Attributes:
        matrix: [d_in, d_out] float32.
        offset: [d_out] float32.
    """

    matrix: NDArray[np.float32]
    offset: NDArray[np.float32]

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return unit rows [n, d_out] of ``vectors`` [n, d_in].

        Raises:
            DataError: vectors of another length, or one that the map sends to zero; names the row.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.matrix.shape[0]:
            msg = f"The map takes vectors of length {self.matrix.shape[0]}, not {list(vectors.shape)}."
            raise DataError(msg)
        rows = vectors @ self.matrix + self.offset
        norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
        if not (norms > 0).all():
            at = int(np.flatnonzero(~(norms > 0))[0])
            msg = f"The map sends row {at} to zero or to no number; fit it on more pairs."
            raise DataError(msg)
        return np.ascontiguousarray(rows / norms[:, None], dtype=np.float32)
