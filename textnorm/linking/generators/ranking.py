"""From scored names to ranked concepts, each by its best name, for many queries at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Candidates

#: Bytes of the table that finds a concept's first name, a block of queries.
SCRATCH = 32 << 20
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


class Slots(NamedTuple):
    """Names in the order of their concepts, then of their rows: so ties are broken by position alone.

    Attributes:
        rows: int32 [names], the row of the name in each slot.
        concepts: int32 [names], its concept.
    """

    rows: NDArray[np.int32]
    concepts: NDArray[np.int32]

    @classmethod
    def of(cls, kb: KnowledgeBase) -> Slots:
        """Return the slots of a knowledge base."""
        rows = kb.rows.items
        return cls(rows, kb.concept[rows])

    @property
    def places(self) -> NDArray[np.int64]:
        """The slot of each row."""
        found = np.empty(len(self.rows), np.int64)
        found[self.rows] = np.arange(len(self.rows))
        return found


class Scored(NamedTuple):
    """Names of a batch of queries, in any order.

    Attributes:
        indptr: int64 [queries + 1].
        slots: int [n].
        scores: float32 [n], above 0.
        whole: bool [queries], no name with a score above 0 is left out.
    """

    indptr: NDArray[np.int64]
    slots: NDArray[np.int32]
    scores: NDArray[np.float32]
    whole: NDArray[np.bool_]


#: Returns the best names (at least so many, where there are) of the queries in some rows of a batch.
Find = Callable[[NDArray[np.int64], int], Scored]


def top_concepts(find: Find, queries: int, slots: Slots, k: int, *, names_each: int = 4) -> Candidates:
    """Return the ``k`` best concepts of each query, exactly: where names run out before concepts, more are asked for.

    Args:
        find: finds the best names.
        queries: how many.
        slots: of the names.
        k: concepts a query.
        names_each: names asked for first, a concept.
    """
    if not queries or k < 1 or not len(slots.rows):
        return Candidates.empty(queries)
    want = min(len(slots.rows), max(k * names_each, 32))
    left = np.arange(queries)
    counts = np.zeros(queries, np.int64)
    pieces: list[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]] = []
    while len(left):
        found = find(left, want)
        of, concepts, scores, names, done = _reduce(found, slots, k)
        done |= want == len(slots.rows)
        keep = done[of]
        pieces.append((left[of[keep]], concepts[keep], scores[keep], names[keep]))
        counts[left[done]] = np.bincount(of[keep], minlength=len(left))[done]
        left = left[~done]
        want = min(len(slots.rows), want * 8)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    of, concepts, scores, names = (np.concatenate(column) for column in zip(*pieces, strict=True))
    if len(pieces) > 1:
        order = np.argsort(of, kind="stable")
        concepts, scores, names = concepts[order], scores[order], names[order]
    return Candidates(indptr, concepts, scores, names)


def _reduce(
    found: Scored, slots: Slots, k: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.int32], NDArray[np.bool_]]:
    """Return query, concept, score and name of the best concepts in order, and which queries are decided."""
    sizes = np.diff(found.indptr)
    n, width = len(sizes), int(sizes.max(initial=0))
    done = np.ones(n, np.bool_)
    none = np.zeros(0, np.int32)
    if not width:
        return np.zeros(0, np.int64), none, np.zeros(0, np.float32), none, done
    of = np.repeat(np.arange(n), sizes)
    column = np.arange(len(of)) - np.repeat(found.indptr[:-1], sizes)
    # A positive float's bits are in the order of its value: best score first, then the lowest slot.
    keys = np.full((n, width), ~np.uint64(0))
    bits = found.scores.astype(np.float32, copy=False).view(np.uint32).astype(np.uint64)
    keys[of, column] = ((_LOW - bits) << _SHIFT) | found.slots.astype(np.uint64)
    keys.sort(axis=1)
    full = keys != ~np.uint64(0)
    at = np.where(full, keys & _LOW, 0).astype(np.int64)
    concepts = slots.concepts[at]
    first = _firsts(concepts, full, int(slots.concepts.max()) + 1)
    rank = np.cumsum(first, axis=1)
    best = first & (rank <= k)
    scores = (_LOW - (keys >> _SHIFT)).astype(np.uint32).view(np.float32)
    # What was left out scores at most as the last name that was found; ties with it are not decided.
    last = scores[np.arange(n), np.maximum(sizes - 1, 0)]
    above = (best & (scores > last[:, None])).sum(axis=1)
    done = found.whole | (sizes == 0) | (above >= k)
    where = np.nonzero(best)
    return where[0], concepts[where], scores[where], slots.rows[at[where]], done


def _firsts(concepts: NDArray[np.int32], full: NDArray[np.bool_], total: int) -> NDArray[np.bool_]:
    """Return which entries [n, width] are the first of their concept in their row."""
    n, width = concepts.shape
    first = np.zeros((n, width), np.bool_)
    step = max(1, SCRATCH // (4 * total))
    table = np.empty(min(step, n) * total, np.int32)
    for start in range(0, n, step):
        block = concepts[start : start + step]
        keys = (block + np.arange(len(block))[:, None] * total).ravel()
        place = np.arange(len(keys), dtype=np.int32)
        use = full[start : start + step].ravel()
        keys, place = keys[use], place[use]
        table[keys[::-1]] = place[::-1]  # the last that is written stays: the first of the row
        mine = np.zeros(len(use), np.bool_)
        mine[place] = table[keys] == place
        first[start : start + step] = mine.reshape(block.shape)
    return first
