"""The raw best items of queries, and how a correction ranks them again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textnorm.retrieval.banks import Floats
from textnorm.retrieval.correction import Correction
from textnorm.retrieval.measures import first_ranks

#: Entries of one block of similarities.
BLOCK = 1 << 23


@dataclass(frozen=True)
class Candidates:
    """The ``k`` items with the largest similarity of each query, in the order of positions.

    Attributes:
        items: [q, k] positions, ascending, so that of equal scores the lower position comes first.
        similarities: [q, k].
        first: [q] position of the item with the largest similarity, which opens the gates.
        gallery_size: items of the gallery.
    """

    items: NDArray[np.int64]
    similarities: Floats
    first: NDArray[np.int64]
    gallery_size: int

    def part(self, rows: NDArray[np.int64]) -> Candidates:
        """Return those of some queries."""
        return Candidates(self.items[rows], self.similarities[rows], self.first[rows], self.gallery_size)

    def scores(self, correction: Correction | None) -> NDArray[np.float64]:
        """Return the scores [q, k] by which the candidates are ranked."""
        found = self.similarities.astype(np.float64)
        if correction is None or not found.size:
            return found
        for column in range(correction.bias.shape[1]):
            away = correction.bias[self.items, column]
            found -= away if correction.gate is None else away * correction.gate[self.first, column][:, None]
        return found

    def ranks(self, correction: Correction | None, right: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the rank [q], from 1, of the first right item; 0 where none is among the candidates."""
        return first_ranks(self.scores(correction), right)

    def best(self, correction: Correction | None, k: int) -> NDArray[np.int64]:
        """Return the ``k`` best items [q, k], best first."""
        order = np.argsort(-self.scores(correction), axis=1, kind="stable")[:, :k]
        return np.take_along_axis(self.items, order, axis=1)


def raw_candidates(gallery: Floats, queries: Floats, depth: int) -> Candidates:
    """Search the ``depth`` nearest items of each query, exactly; blocks of queries by blocks of the gallery."""
    n, k = len(gallery), min(depth, len(gallery))
    items = np.empty((len(queries), k), np.int64)
    values = np.empty((len(queries), k), queries.dtype)
    rows = max(1, min(len(queries), BLOCK // max(1, min(n, 1 << 15))))
    for at in range(0, len(queries), rows):
        block = queries[at : at + rows]
        best, place = np.empty((len(block), 0), queries.dtype), np.empty((len(block), 0), np.int64)
        for start in range(0, n, 1 << 15):
            x = block @ gallery[start : start + (1 << 15)].T
            found = np.broadcast_to(np.arange(start, start + x.shape[1]), x.shape)
            if best.shape[1]:
                x, found = np.concatenate([best, x], axis=1), np.concatenate([place, found], axis=1)
            if x.shape[1] > k:
                top = np.argpartition(x, x.shape[1] - k, axis=1)[:, x.shape[1] - k :]
                x, found = np.take_along_axis(x, top, axis=1), np.take_along_axis(found, top, axis=1)
            best, place = x, found
        order = np.argsort(place, axis=1)
        items[at : at + rows] = np.take_along_axis(place, order, axis=1)
        values[at : at + rows] = np.take_along_axis(best, order, axis=1)
    first = items[np.arange(len(items)), values.argmax(axis=1)] if k else np.full(len(items), -1, np.int64)
    return Candidates(items, values, first, n)
