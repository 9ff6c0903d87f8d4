"""Many generators, one list: candidates put together, described by features, and scored by a weighted sum.

A *pool* holds the union of what the generators found for a batch of queries, one row a pair of query and concept. The
score of a row is a weighted sum of features: the scores of the generators, what they say together, what is known of
the name, and what the concept inherits from its descendants. Weights are safe by default and learned by
``textnorm index tune``; there may be others for a language. Reciprocal rank fusion and the maximum are baselines only
(``bench titles``): both lose to the sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.protocol import Candidates

Floats = NDArray[np.float64]


class Pool(NamedTuple):
    """Candidates of a batch of queries, one row a pair of query and concept, sorted by query and concept.

    Attributes:
        keys: int64 [rows], ``query * concepts + concept``.
        query: int64 [rows].
        concept: int32 [rows].
        scores: float64 [rows, generators]; where a generator did not find the concept, the most that it can have
            scored: the query's last score if the generator was cut off there, else 0.
        ranks: int32 [rows, generators], rank in the query's list from 1; 0 where not found.
        names: int32 [rows, generators], row of the name that scored; -1 where not found.
    """

    keys: NDArray[np.int64]
    query: NDArray[np.int64]
    concept: NDArray[np.int32]
    scores: Floats
    ranks: NDArray[np.int32]
    names: NDArray[np.int32]


def pool_of(found: Sequence[Candidates], queries: int, concepts: int, depth: int) -> Pool:
    """Return the pool of the generators' candidates.

    Args:
        found: of each generator.
        queries: number of queries.
        concepts: number of concepts in the knowledge base.
        depth: candidates a query that the generators were asked for.
    """
    size = max(1, concepts)
    each = []
    for got in found:
        query = np.repeat(np.arange(queries, dtype=np.int64), np.diff(got.indptr))
        each.append(query * size + got.concepts)
    keys = np.sort(np.concatenate(each)) if each else np.zeros(0, np.int64)
    keys = keys[np.r_[True, keys[1:] != keys[:-1]]] if len(keys) else keys
    return fill(keys, found, queries, concepts, depth)


def fill(
    keys: NDArray[np.int64],
    found: Sequence[Candidates],
    queries: int,
    concepts: int,
    depth: int,
) -> Pool:
    """Return the pool with the rows ``keys``, which hold all that was found."""
    size = max(1, concepts)
    query = keys // size
    rows = len(keys)
    scores = np.zeros((rows, len(found)))
    ranks = np.zeros((rows, len(found)), np.int32)
    names = np.full((rows, len(found)), -1, np.int32)
    for g, got in enumerate(found):
        counts = np.diff(got.indptr)
        own = np.repeat(np.arange(queries, dtype=np.int64), counts) * size + got.concepts
        floor = np.zeros(queries)
        full = np.flatnonzero(counts >= depth)
        floor[full] = np.maximum(0, got.scores[got.indptr[full + 1] - 1])
        scores[:, g] = floor[query]
        at = np.searchsorted(keys, own)
        scores[at, g] = got.scores
        ranks[at, g] = np.arange(len(own)) - np.repeat(got.indptr[:-1], counts) + 1
        names[at, g] = got.names
    return Pool(keys, query, (keys % size).astype(np.int32), scores, ranks, names)


@dataclass(frozen=True)
class Weights:
    """Weights of features by name, for all languages and the differences of some.

    Attributes:
        common: weight of each feature.
        by_lang: by language: what is added to ``common``.
    """

    common: Mapping[str, float]
    by_lang: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def of(self, columns: Sequence[str], lang: str | None) -> Floats:
        """Return the weights of ``columns`` for queries of a language."""
        more = self.by_lang.get(lang or "", {})
        return np.array([self.common.get(name, 0.0) + more.get(name, 0.0) for name in columns])

    def table(self, columns: Sequence[str], langs: Sequence[str | None]) -> Floats:
        """Return the weights [queries, columns]."""
        rows = {lang: self.of(columns, lang) for lang in set(langs)}
        return np.array([rows[lang] for lang in langs]).reshape(len(langs), len(columns))

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {"common": dict(self.common), "by_lang": {lang: dict(more) for lang, more in self.by_lang.items()}}

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Weights:
        """Return the weights that were stored."""
        return cls(dict(found["common"]), {lang: dict(more) for lang, more in found["by_lang"].items()})


def top_scores(pool: Pool, queries: int) -> Floats:
    """Return the best score [queries, generators] of each generator, 0 where it found nothing."""
    best = np.zeros((queries, pool.scores.shape[1]))
    for g in range(best.shape[1]):
        first = np.flatnonzero(pool.ranks[:, g] == 1)
        best[pool.query[first], g] = pool.scores[first, g]
    return best


def rank_rows(query: NDArray[np.int64], concept: NDArray[np.int32], scores: Floats) -> NDArray[np.int64]:
    """Return the rows ordered by query, best first; of equal scores the lower concept."""
    order = np.argsort(-scores, kind="stable")
    if len(query) and query[-1] < 1 << 15 and (np.diff(query) >= 0).all():
        # Rows of a pool are sorted: the stable order of equal scores is that of concepts, and few queries sort fast.
        return order[np.argsort(query[order].astype(np.int16), kind="stable")]
    return np.lexsort((concept, -scores, query))


def bounds(query: NDArray[np.int64], queries: int) -> NDArray[np.int64]:
    """Return [queries + 1]: where the rows of each query begin, rows being sorted by query."""
    return np.searchsorted(query, np.arange(queries + 1)).astype(np.int64)
