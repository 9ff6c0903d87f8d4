"""Measures of hubness and of retrieval.

Hubness is a property of neighbours, not of quality: a lower skewness is no evidence of better retrieval. So
:class:`Hubness` is meant to be printed beside :func:`recall_at` and :func:`mrr`, never for them.

Sources: k-occurrence and its skewness: Radovanović, Nanopoulos, Ivanović (JMLR 11, 2010), section 3; anti-hubs: the
same, section 4; Robin Hood index: Feldbauer, Leodolter, Plant, Flexer (ICBK 2018), after Hoover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError


@dataclass(frozen=True)
class Hubness:
    """How unevenly items occur among the ``k`` nearest of the queries.

    Attributes:
        k: neighbours a query.
        queries: number of queries. The measures depend on it: compare only figures with the same queries.
        skewness: of the k-occurrence over all items; 0 for a symmetric distribution, NaN where all are equal.
        robin_hood: share of occurrences that would have to move for all items to be equal, 0 to 1.
        gini: Gini coefficient of the k-occurrence, 0 to 1.
        anti_hubs: share of items that no query has among its neighbours.
        largest: largest k-occurrence.
    """

    k: int
    queries: int
    skewness: float
    robin_hood: float
    gini: float
    anti_hubs: float
    largest: int

    @classmethod
    def of(cls, neighbours: NDArray[np.integer[Any]], n: int) -> Hubness:
        """Measure ``neighbours`` [nq, k]: positions in a gallery of ``n`` items, -1 where there is none.

        Raises:
            DataError: no table of positions, or a position outside the gallery.
        """
        counts = k_occurrence(neighbours, n)
        queries, k = neighbours.shape
        largest = int(counts.max()) if n else 0
        return cls(k, queries, skewness(counts), robin_hood(counts), gini(counts), anti_hub_share(counts), largest)


def k_occurrence(neighbours: NDArray[np.integer[Any]], n: int) -> NDArray[np.int64]:
    """Return [n]: how often each of ``n`` items stands in ``neighbours`` [nq, k]; -1 stands for no neighbour.

    Raises:
        DataError: no table of positions, or a position outside the gallery.
    """
    found = np.asarray(neighbours)
    if found.ndim != 2 or not np.issubdtype(found.dtype, np.integer):
        msg = f"Neighbours are positions [queries, k], not {found.dtype} {list(found.shape)}."
        raise DataError(msg)
    flat = found[found != -1]
    if len(flat) and (flat.min() < 0 or flat.max() >= n):
        wrong = flat[(flat < 0) | (flat >= n)][0]
        msg = f"The neighbour {wrong} lies outside a gallery of {n} items."
        raise DataError(msg)
    return np.bincount(flat, minlength=n).astype(np.int64)


def skewness(counts: NDArray[Any]) -> float:
    """Return the third standardised moment of all ``counts`` (population moments); NaN where they are all equal."""
    x = np.asarray(counts, np.float64)
    if not len(x) or x.min() == x.max():
        return float("nan")
    away = x - x.mean()
    square = away * away
    return float(np.mean(square * away) / np.mean(square) ** 1.5)


def robin_hood(counts: NDArray[Any]) -> float:
    """Return half the relative mean deviation of ``counts``; NaN where nothing occurs."""
    x = np.asarray(counts, np.float64)
    total = x.sum()
    return float(np.abs(x - x.mean()).sum() / (2 * total)) if total else float("nan")


def gini(counts: NDArray[Any]) -> float:
    """Return the Gini coefficient of ``counts``, in O(n log n); NaN where nothing occurs."""
    x = np.sort(np.asarray(counts, np.float64))
    n, total = len(x), x.sum()
    if not total:
        return float("nan")
    return float(2 * (np.arange(1, n + 1) @ x) / (n * total) - (n + 1) / n)


def anti_hub_share(counts: NDArray[Any]) -> float:
    """Return the share of items that never occur; NaN for an empty gallery."""
    x = np.asarray(counts)
    return float(np.mean(x == 0)) if len(x) else float("nan")


# -- retrieval -------------------------------------------------------------------------------------------------------
def first_ranks(scores: NDArray[Any], right: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return [nq]: rank, from 1, of the best right candidate of each query; 0 where no candidate is right.

    Args:
        scores: [nq, k]. Of equal scores the earlier candidate comes first.
        right: [nq, k].
    """
    nq = len(scores)
    ranks = np.zeros(nq, np.int64)
    if not scores.size:
        return ranks
    best = np.where(right, scores, -np.inf).argmax(axis=1)
    value = scores[np.arange(nq), best][:, None]
    before = np.arange(scores.shape[1]) < best[:, None]
    found = right[np.arange(nq), best]
    ranks[found] = 1 + ((scores > value) | ((scores == value) & before)).sum(axis=1)[found]
    return ranks


def recall_at(ranks: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Return [nq]: 1 where a right item is among the first ``k`` (its mean is the recall at k), else 0."""
    return ((ranks > 0) & (ranks <= k)).astype(np.float64)


def reciprocal(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return [nq]: one by the rank of the first right item, 0 where none was found (its mean is the MRR)."""
    return np.where(ranks > 0, 1 / np.maximum(ranks, 1), 0.0)


def mrr(ranks: NDArray[np.int64]) -> float:
    """Return the mean reciprocal rank; NaN without queries."""
    return float(reciprocal(ranks).mean()) if len(ranks) else float("nan")


def paired_interval(
    ours: Sequence[float] | NDArray[np.float64],
    theirs: Sequence[float] | NDArray[np.float64],
    *,
    groups: NDArray[np.int64] | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Return the mean difference of two figures over the same queries and its 95 % interval (paired bootstrap).

    The interval is the percentile interval of means over queries drawn with replacement.

    Args:
        ours: [q] one figure a query.
        theirs: [q].
        groups: [q] queries that are not independent have the same number, such as those with the same right item; then
            whole groups are drawn. Without, each query is a group.
        resamples: number of draws.
        seed: of the draws.

    Raises:
        DataError: not the same number of queries, or none.
    """
    difference = np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)
    if difference.ndim != 1 or not len(difference):
        msg = "A paired interval needs one figure a query, and at least one query."
        raise DataError(msg)
    place = np.arange(len(difference)) if groups is None else np.unique(groups, return_inverse=True)[1]
    sums, counts = np.bincount(place, difference), np.bincount(place)
    rng = np.random.default_rng(seed)
    means = np.empty(resamples)
    for i in range(resamples):
        drawn = rng.integers(0, len(sums), len(sums), dtype=np.int32)
        means[i] = sums[drawn].sum() / counts[drawn].sum()
    lo, hi = np.quantile(means, (0.025, 0.975))
    return float(difference.mean()), float(lo), float(hi)
