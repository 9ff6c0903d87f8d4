"""Folded rows in memory or mapped from files, and the exact part of every search.

The fast search proposes candidates; here they are scored again from the rows, in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textnorm.retrieval import ann
from textnorm.retrieval.folding import UNIT_TOLERANCE, Fold
from textnorm.retrieval.storage import Part

Rows = NDArray[np.float32]
#: Candidates beyond ``k`` that are scored again, and how many times ``k`` where the index keeps only images of rows.
SLACK, REFINE = 6, 20
#: How many times as many candidates a query gets that these do not decide, and from how many on all rows are looked at.
WIDER, WIDEST = 8, 1000
#: Length of a row at most.
UNIT = 1 + UNIT_TOLERANCE
#: Bytes of working memory of one step of a search.
WORK = 64 << 20


class Positions(NamedTuple):
    """Neighbours by position, best first. Of equal scores the lower position comes first.

    Attributes:
        positions: [nq, k] int64; -1 where an approximate index found fewer.
        scores: [nq, k] float32: the score that ranks; ``-inf`` where nothing was found.
        raw: [nq, k] float32: the cosine.
    """

    positions: NDArray[np.int64]
    scores: NDArray[np.float32]
    raw: NDArray[np.float32]

    @classmethod
    def empty(cls, n: int, k: int) -> Positions:
        """Return hits of ``n`` queries that found nothing."""
        nothing = np.full((n, k), -np.inf, np.float32)
        return cls(np.full((n, k), -1, np.int64), nothing, nothing.copy())

    def put(self, rows: slice | NDArray[np.int64], found: Positions) -> None:
        """Overwrite the hits of some queries."""
        self.positions[rows], self.scores[rows], self.raw[rows] = found


@dataclass
class Segment:
    """Consecutive folded rows; ``part`` is the file that they were mapped from."""

    rows: Rows
    part: Part | None = None


@dataclass
class Folded:
    """What a correction leaves beside the rows: one line an item, removed ones included.

    Attributes:
        method, params, banks: as in ``Correction``.
        bias: [n, b] float32.
        gate: [n, b], or ``None`` where the correction is always on.
    """

    method: str
    params: dict[str, float | int | bool]
    banks: dict[str, str]
    bias: Rows
    gate: NDArray[np.bool_] | None

    @cached_property
    def largest(self) -> NDArray[np.float64]:
        """The largest absolute bias of each column."""
        found: NDArray[np.float64] = np.abs(self.bias).max(axis=0, initial=0.0).astype(np.float64)
        return found


@dataclass
class FoldedRows:
    """All rows of an index.

    Attributes:
        fold: geometry of a row.
        segments: the rows, in the order of positions.
        alive: [n]; false where an item was removed.
        folded: of the correction, or ``None``.
    """

    fold: Fold
    alive: NDArray[np.bool_]
    segments: list[Segment] = field(default_factory=list)
    folded: Folded | None = None

    @property
    def total(self) -> int:
        """Number of rows, those of removed items included; positions run below it."""
        return len(self.alive)

    @property
    def count(self) -> int:
        """Number of items that can be found."""
        return int(np.count_nonzero(self.alive))

    def blocks(self, rows: int) -> Iterator[Rows]:
        """Yield the vectors [m, dim] of the items that can be found, at most ``rows`` at a time; the caller's own."""
        at = 0
        for segment in self.segments:
            for start in range(0, len(segment.rows), rows):
                block = segment.rows[start : start + rows]
                keep = self.alive[at : at + len(block)]
                at += len(block)
                if keep.any():
                    yield np.array(block[keep, : self.fold.dim])

    def vectors(self, places: NDArray[np.int64]) -> Rows:
        """Return the vectors [n, dim] at some positions."""
        out = np.empty((len(places), self.fold.dim), np.float32)
        at = 0
        for segment in self.segments:
            inside = (places >= at) & (places < at + len(segment.rows))
            out[inside] = segment.rows[places[inside] - at][:, : self.fold.dim]
            at += len(segment.rows)
        return out

    def top(
        self, queries: Rows, switch: NDArray[np.bool_], k: int, near: ann.Approximate | None, *, lossy: bool
    ) -> Positions:
        """Return the best ``k`` items of each query under its switches [nq, slots]; ``k`` is at most :attr:`count`."""
        folded = self.fold.queries(queries, switch)
        if near is not None:
            scores, places = self._exact(folded, k + SLACK, near.count)
            places = np.hstack([places, self._near(near, folded, k, k * REFINE if lossy else 0)])
            return self._rank(queries, switch, places, k)[0]
        out = Positions.empty(len(queries), k)
        error = self._error()
        mean = switch @ np.asarray(self.fold.mean)
        left, want = np.arange(len(queries)), k + SLACK
        while len(left):
            scores, places = self._exact(folded[left], want, 0)
            best, last = self._rank(queries[left], switch[left], places, k)
            out.put(left, best)
            if want >= self.total:
                break
            # No row outside the candidates may reach the k-th.
            left = left[~(scores[:, -1] - mean[left] + error < last)]
            want *= WIDER
            if want > WIDEST:
                for i in left.tolist():
                    self._in_full(out, i, queries, folded, switch, k)
                break
        return out

    def _error(self) -> float:
        """Return a bound on the error of a float32 inner product of a query with a row.

        Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition 2002, section 3.1, for any order of
        additions.
        """
        reach = 0.0 if self.folded is None else float(np.square(self.folded.largest + np.abs(self.fold.mean)).sum())
        norms = np.sqrt((UNIT**2 + reach) * (UNIT**2 + self.fold.slots))
        return float(2 * self.fold.width * 2.0**-24 * norms)

    def _exact(self, folded: Rows, want: int, start: int) -> tuple[Rows, NDArray[np.int64]]:
        """Return the ``want`` best rows from position ``start`` on, by the fast search."""
        scores = [np.empty((len(folded), 0), np.float32)]
        places = [np.empty((len(folded), 0), np.int64)]
        at = 0
        for segment in self.segments:
            rows, first = segment.rows, at
            at += len(rows)
            if at <= start:
                continue
            skip = max(0, start - first)
            found, rank = ann.top(rows[skip:], folded, min(want, len(rows) - skip))
            scores.append(found)
            places.append(rank + (first + skip))
        score, place = np.hstack(scores), np.hstack(places)
        if len(scores) > 2:
            order = np.argsort(-score, axis=1, kind="stable")[:, :want]
            score, place = np.take_along_axis(score, order, 1), np.take_along_axis(place, order, 1)
        return score, place

    def _near(self, near: ann.Approximate, folded: Rows, k: int, least: int) -> NDArray[np.int64]:
        """Return candidates of the approximate index, enough that ``k`` of each query are not removed items."""
        covered = near.count
        want = min(covered, max(k + SLACK, least))
        enough = min(k, int(np.count_nonzero(self.alive[:covered])))
        while True:
            _, places = near.search(folded, want)
            living = (self.alive[places] & (places >= 0)).sum(axis=1)
            # An approximate index may find fewer than it was asked for; asking for more helps only where dead ones
            # fill up.
            full = (places >= 0).all(axis=1)
            if want >= covered or not (full & (living < enough)).any():
                return places
            want = min(covered, want * 4)

    def _rank(
        self, queries: Rows, switch: NDArray[np.bool_], places: NDArray[np.int64], k: int
    ) -> tuple[Positions, NDArray[np.float64]]:
        """Score candidates from their rows; return the best ``k`` and the score of the last of them."""
        n, m = places.shape
        out = Positions.empty(n, k)
        last = np.full(n, -np.inf)
        step = max(1, WORK // max(1, 12 * m * self.fold.dim))
        for at in range(0, n, step):
            part = slice(at, at + step)
            where = np.where(places[part] >= 0, places[part], 0)
            usable = self.alive[where] & (places[part] >= 0)
            raw = self._cosines(queries[part], where)
            exact = raw
            if self.folded is not None:
                exact = raw - np.einsum("qb,qmb->qm", switch[part], self.folded.bias[where], dtype=np.float64)
            exact = np.where(usable, exact, -np.inf)
            scores = exact.astype(np.float32)
            order = np.lexsort((where, -scores), axis=1)[:, :k]
            width = order.shape[1]
            best = np.take_along_axis(scores, order, 1)
            out.scores[part, :width] = best
            out.raw[part, :width] = np.where(np.isfinite(best), np.take_along_axis(raw, order, 1), -np.inf)
            out.positions[part, :width] = np.where(np.isfinite(best), np.take_along_axis(where, order, 1), -1)
            if width == k:
                last[part] = np.take_along_axis(exact, order[:, -1:], 1)[:, 0]
        return out, last

    def _cosines(self, queries: Rows, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return inner products [nq, m] of each query with the rows at its places, in float64."""
        gathered = np.empty((*places.shape, self.fold.dim), np.float64)
        at = 0
        for segment in self.segments:
            vectors: NDArray[Any] = segment.rows[:, : self.fold.dim]
            inside = (places >= at) & (places < at + len(vectors))
            if inside.all():
                gathered[...] = vectors[places - at]
            elif inside.any():
                gathered[inside] = vectors[places[inside] - at]
            at += len(vectors)
        return (gathered @ queries[:, :, None].astype(np.float64))[:, :, 0]

    def _in_full(self, out: Positions, i: int, queries: Rows, folded: Rows, switch: NDArray[np.bool_], k: int) -> None:
        """Search all rows for query ``i``: every row that rounding may have hidden is scored again."""
        rough = np.concatenate([segment.rows @ folded[i] for segment in self.segments])
        rough[~self.alive] = -np.inf
        least = np.partition(rough, len(rough) - k)[len(rough) - k] - 2 * self._error()
        places = np.flatnonzero(rough >= least)[None]
        one = slice(i, i + 1)
        best, _ = self._rank(queries[one], switch[one], places, k)
        out.put(one, best)
