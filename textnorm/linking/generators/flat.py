"""The best concepts by inner product over all names' vectors: blocked matrix products, a maximum a concept.

As in :mod:`textnorm.retrieval.rows` the fast product only proposes: what may be the best name of one of the best
concepts, as far as rounding tells, is scored again in float64. So scores do not depend on what else is in the batch.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.generators.ranking import Slots
from textnorm.linking.protocol import Candidates
from textnorm.retrieval.rows import FoldedRows

#: Names scored at once, and bytes of the table of scores: where the rows are copied once, and where for each block.
CHUNK, TABLE, LARGE = 4096, 64 << 20, 256 << 20
#: Bytes of rows up to which a copy in the order of the names is kept.
COPY = 256 << 20
#: Queries scored at once, at most.
QUERIES = 256
#: Groups of concepts, for each that is wanted, whose maxima bound the score of the last that is wanted.
GROUPS = 8


class Flat:
    """Exact search over the rows of an index.

    Attributes:
        store: the rows.
        slots: of the names.
        order: int64 [names], the slot of each name in the order in which they are scored.
        places: int64 [names], its row in the index.
        boosts: float32 [names], its weight; ``None`` where all are 1.
        layers: int64 [most names of a concept + 1], where the first, second … names of the concepts begin.
        concepts: int32, the concepts that have names, in the order of each layer.
        sizes: int64, how many names each has.
    """

    def __init__(
        self, store: FoldedRows, slots: Slots, places: NDArray[np.int64], boosts: NDArray[np.float32] | None
    ) -> None:
        self.store = store
        self.slots = slots
        # Names stand in layers: the first names of all concepts, the second names … ; concepts with most names first.
        # So the maximum of each concept is that of a few long runs of rows.
        runs = np.flatnonzero(np.diff(slots.concepts, prepend=-1))
        sizes = np.diff(runs, append=len(slots.concepts))
        order = np.argsort(-sizes, kind="stable")
        runs, self.sizes = runs[order], sizes[order]
        self.concepts = slots.concepts[runs]
        widths = len(sizes) - np.searchsorted(np.sort(sizes), np.arange(int(sizes.max(initial=0))), "right")
        self.layers = np.concatenate([[0], np.cumsum(widths)])
        self.order = np.concatenate([runs[:width] + layer for layer, width in enumerate(widths.tolist())] or [runs])
        self.places = places[self.order]
        self.boosts = None if boosts is None else boosts[self.order]

    def search(self, queries: NDArray[np.float32], k: int, *, corrected: bool) -> Candidates:
        """Return at most ``k`` concepts of each unit row, those with a score above 0."""
        if not len(queries) or not len(self.places):
            return Candidates.empty(len(queries))
        fold = self.store.fold
        switch = np.full((len(queries), fold.slots), corrected and self.store.folded is not None)
        folded = fold.queries(queries, switch)
        step = max(1, min(QUERIES, (TABLE if self._rows is not None else LARGE) // (4 * len(self.places))))
        # One table for all blocks: fresh memory costs as much as filling it.
        table = np.empty(len(self.places) * min(step, len(queries)), np.float32)
        pieces = [
            self._block(queries[at : at + step], folded[at : at + step], k, table, corrected=corrected)
            for at in range(0, len(queries), step)
        ]
        counts, concepts, scores, names = (np.concatenate(column) for column in zip(*pieces, strict=True))
        return Candidates(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), concepts, scores, names)

    def _block(
        self,
        queries: NDArray[np.float32],
        folded: NDArray[np.float32],
        k: int,
        memory: NDArray[np.float32],
        *,
        corrected: bool,
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]:
        table = memory[: len(self.places) * len(folded)].reshape(len(self.places), len(folded))
        best = self._scores(folded, table)
        slack = 2 * self.store._error() + (0 if self.boosts is None else 1e-6)
        least = _least(best, k) - slack
        which, query = np.nonzero(best >= np.maximum(least, 0.0))
        sizes = self.sizes[which]
        group = np.repeat(np.arange(len(which)), sizes)
        layer = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        at = self.layers[layer] + which[group]
        rough = table[at, query[group]]
        near = rough >= (best[which, query] - slack)[group]
        group, at = group[near], at[near]
        of, slot, concepts = query[group], self.order[at], self.concepts[which[group]]
        scores = self._exact(queries, of, at, corrected=corrected)
        order = np.lexsort((slot, -scores, of))
        order = order[scores[order] > 0]
        of, slot, scores, concepts = of[order], slot[order], scores[order], concepts[order]
        keep = _first_of_each(of, concepts, len(self.slots.concepts))
        of, slot, scores, concepts = of[keep], slot[keep], scores[keep], concepts[keep]
        counts = np.bincount(of, minlength=len(queries))
        rank = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
        cut = rank < k
        return np.minimum(counts, k), concepts[cut], scores[cut], self.slots.rows[slot[cut]]

    def _scores(self, folded: NDArray[np.float32], table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Put the rough scores into ``table`` [names, queries]; return their maxima [concepts, queries]."""
        turned = np.ascontiguousarray(folded.T)
        if self._rows is not None:
            np.matmul(self._rows, turned, out=table)  # one product: in pieces it takes twice as long
        else:
            for at in range(0, len(self.places), CHUNK):
                part = slice(at, at + CHUNK)
                np.matmul(self._gathered(self.places[part]), turned, out=table[part])
        if len(self.store.fold.mean):
            table -= self._mean(folded)
        if self.boosts is not None:
            table *= self.boosts[:, None]
        best = table[: len(self.concepts)].copy()
        for start, stop in zip(self.layers[1:-1].tolist(), self.layers[2:].tolist(), strict=True):
            np.maximum(best[: stop - start], table[start:stop], out=best[: stop - start])
        return best

    @cached_property
    def _rows(self) -> NDArray[np.float32] | None:
        """The rows in the order in which they are scored; ``None`` where a copy would be too large."""
        small = len(self.places) * self.store.fold.width * 4 <= COPY
        return np.ascontiguousarray(self._gathered(self.places)) if small else None

    def _mean(self, folded: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what folding added to the score of each query."""
        fold = self.store.fold
        found: NDArray[np.float32] = folded[:, fold.dim : fold.dim + fold.slots] @ np.asarray(fold.mean, np.float32)
        return found

    def _gathered(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        segments = self.store.segments
        if len(segments) == 1:
            return segments[0].rows[places]
        out = np.empty((len(places), self.store.fold.width), np.float32)
        at = 0
        for segment in segments:
            inside = (places >= at) & (places < at + len(segment.rows))
            out[inside] = segment.rows[places[inside] - at]
            at += len(segment.rows)
        return out

    def _exact(
        self, queries: NDArray[np.float32], of: NDArray[np.int64], at: NDArray[np.int64], *, corrected: bool
    ) -> NDArray[np.float32]:
        """Return the scores of pairs of query and name."""
        places, dim = self.places[at], self.store.fold.dim
        scores = np.empty(len(of))
        for first in range(0, len(of), CHUNK):
            part = slice(first, first + CHUNK)
            rows = self._gathered(places[part])[:, :dim]
            products = rows * queries[of[part]].astype(np.float64)
            scores[part] = products.sum(axis=1)
        if corrected and self.store.folded is not None:
            scores -= self.store.folded.bias[places].sum(axis=1, dtype=np.float64)
        if self.boosts is not None:
            scores *= self.boosts[at]
        return scores.astype(np.float32)


def _least(best: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """Return for each query a bound below its ``k``-th maximum: that of maxima of groups of concepts."""
    count = max(1, min(len(best), GROUPS * k))
    groups = best[:count].copy()
    for at in range(count, len(best), count):
        part = best[at : at + count]
        np.maximum(groups[: len(part)], part, out=groups[: len(part)])
    if len(groups) <= k:
        return np.full(best.shape[1], -np.inf, np.float32)
    rows = np.ascontiguousarray(groups.T)
    found: NDArray[np.float32] = np.partition(rows, len(groups) - k, axis=1)[:, len(groups) - k]
    return found


def _first_of_each(of: NDArray[np.int64], concepts: NDArray[np.int32], total: int) -> NDArray[np.int64]:
    """Return the positions, ascending, of the first entry of each pair of query and concept."""
    first: NDArray[np.int64] = np.sort(np.unique(of * total + concepts, return_index=True)[1])
    return first
