"""From scored names to ranked concepts, each by its best name, for many queries at once."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Candidates

#: Bytes of the table that finds a concept's first name, a block of queries.
SCRATCH = 32 << 20
#: Names asked for first, a concept, at most.
NAMES_EACH = 5.0
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
        floor: float32 [queries], no name that scores above it is left out; 0 where none is.
    """

    indptr: NDArray[np.int64]
    slots: NDArray[np.int32]
    scores: NDArray[np.float32]
    floor: NDArray[np.float32]


#: Returns the best names, so many where there are, of the queries in some rows of a batch.
Find = Callable[[NDArray[np.int64], int], Scored]


def top_concepts(find: Find, queries: int, slots: Slots, k: int, *, first: Find | None = None) -> Candidates:
    """Return the ``k`` best concepts of each query, exactly: where names run out before concepts, more are asked for.

    Args:
        find: finds the best names.
        queries: how many.
        slots: of the names.
        k: concepts a query.
        first: asked instead of ``find`` the first time; may leave out names of low scores.
    """
    if not queries or k < 1 or not len(slots.rows):
        return Candidates.empty(queries)
    each = len(slots.rows) / (int(slots.concepts[-1]) + 1)
    want = min(len(slots.rows), int(k * min(NAMES_EACH, 1.5 * each)) + 16)
    left = np.arange(queries)
    counts = np.zeros(queries, np.int64)
    pieces: list[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]] = []
    while len(left):
        found = (first or find)(left, want)
        of, concepts, scores, names, done = _reduce(found, slots, k)
        keep = done[of]
        pieces.append((left[of[keep]], concepts[keep], scores[keep], names[keep]))
        counts[left[done]] = np.bincount(of[keep], minlength=len(left))[done]
        left = left[~done]
        if first is None:
            want = min(len(slots.rows), want * 8)
        first = None
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    of, concepts, scores, names = (np.concatenate(column) for column in zip(*pieces, strict=True))
    if len(pieces) > 1:
        order = np.argsort(of, kind="stable")
        concepts, scores, names = concepts[order], scores[order], names[order]
    return Candidates(indptr, concepts, scores, names)


def merged(found: Candidates, of: NDArray[np.int64], queries: Sized, k: int) -> Candidates:
    """Return the best candidates of queries that were searched in several ways: each concept by its best score.

    Args:
        found: of the ways.
        of: int64 [ways], the query of each.
        queries: all queries.
        k: candidates a query.
    """
    query = np.repeat(of, np.diff(found.indptr))
    order = np.lexsort((found.names, -found.scores, found.concepts, query))
    query, concepts = query[order], found.concepts[order]
    new = (np.diff(query, prepend=-1) != 0) | (np.diff(concepts, prepend=-1) != 0)
    order, query = order[new], query[new]
    again = np.lexsort((found.concepts[order], -found.scores[order], query))
    order, query = order[again], query[again]
    counts = np.bincount(query, minlength=len(queries))
    keep = np.arange(len(query)) - np.repeat(np.cumsum(counts) - counts, counts) < k
    indptr = np.concatenate([[0], np.cumsum(np.minimum(counts, k))]).astype(np.int64)
    order = order[keep]
    return Candidates(indptr, found.concepts[order], found.scores[order], found.names[order])


def _reduce(
    found: Scored, slots: Slots, k: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.int32], NDArray[np.bool_]]:
    """Return query, concept, score and name of the best concepts in order, and which queries are decided."""
    sizes = np.diff(found.indptr)
    n, width = len(sizes), int(sizes.max(initial=0))
    none = np.zeros(0, np.int32)
    if not width:
        done = found.floor <= 0
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
    # Ties with what was left out are not decided.
    above = (best & (scores > found.floor[:, None])).sum(axis=1)
    done = (found.floor <= 0) | (above >= k)
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
