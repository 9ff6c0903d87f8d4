"""The linker and a re-ranker together: answers re-ranked, labelled queries made into examples, before and after."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError
from textnorm.linking.cross import Examples
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.labelled import Labelled, queries_of
from textnorm.linking.protocol import Candidates
from textnorm.linking.rerank import Reranker, reorder

if TYPE_CHECKING:
    from textnorm.linking.linker import Linker, Ranked

#: Bins of the expected calibration error.
BINS = 10


def reranked(
    ranked: Ranked, reranker: Reranker, kb: KnowledgeBase, min_p: float | None = None, k: int | None = None
) -> Ranked:
    """Return a block of the linker's answers after a second look.

    Order, scores and probabilities are the re-ranker's; the user's decisions stay as they are. An answer is given
    where the first candidate is likelier than none of these, or, with ``min_p``, where its ``p`` reaches it. With
    ``k``, each query keeps so many candidates.
    """
    candidates = candidates_of(ranked)
    verdict = reranker.verdict(ranked.queries, candidates, kb)
    order = reorder(candidates, verdict)
    rows = ranked.rows[order.rows]
    score = ranked.scored.score.copy()
    score[ranked.rows] = verdict.scores
    counts = np.diff(ranked.indptr)
    some = np.flatnonzero(counts > 0)
    first = np.zeros(len(counts))
    first[some] = order.p[ranked.indptr[:-1][some]]
    sure = first > order.none if min_p is None else first >= min_p
    chosen = ranked.chosen.copy()
    free = ~ranked.decided
    chosen[free] = -1
    linked = np.flatnonzero(free & sure & (counts > 0))
    chosen[linked] = ranked.scored.pool.concept[rows[ranked.indptr[:-1][linked]]]
    scored = ranked.scored._replace(score=score)
    indptr, p = ranked.indptr, order.p
    if k is not None:
        keep = np.arange(len(rows)) - np.repeat(indptr[:-1], counts) < k
        rows, p = rows[keep], p[keep]
        indptr = np.concatenate(([0], np.cumsum(np.minimum(counts, k)))).astype(np.int64)
    return ranked._replace(scored=scored, indptr=indptr, rows=rows, p=p, none=order.none, chosen=chosen)


def candidates_of(ranked: Ranked) -> Candidates:
    """Return the linker's answers as candidates, with the scores that ranked them."""
    rows = ranked.rows
    scored = ranked.scored
    names = scored.name[rows].astype(np.int32)
    return Candidates(ranked.indptr, scored.pool.concept[rows], scored.score[rows].astype(np.float32), names)


def examples_of(linker: Linker, rows: Sequence[Labelled], top: int) -> tuple[Examples, int]:
    """Return labelled queries with the linker's first ``top`` candidates, and how many queries were left out.

    A query that names concepts, but none of the base, is left out. A query without concepts is an example of "none of
    these".

    Raises:
        DataError: nothing is left.
    """
    number = linker.kb.number
    kept = [row for row in rows if not row.ids or any(concept in number for concept in row.ids)]
    if not kept:
        msg = f"None of the {len(rows)} labelled queries has a concept of this index."
        raise DataError(msg)
    parts = [candidates_of(part) for part in linker.rank(queries_of(kept), top)]
    counts = np.concatenate([np.diff(part.indptr) for part in parts])
    found = Candidates(
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        np.concatenate([part.concepts for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.names for part in parts]),
    )
    gold = [frozenset(number[concept] for concept in row.ids if concept in number) for row in kept]
    return Examples(queries_of(kept), gold, found), len(rows) - len(kept)


@dataclass(frozen=True)
class Figures:
    """Figures of a ranking on labelled queries; those on rank are of the queries with a concept of the base.

    Attributes:
        what: which ranking.
        n: queries.
        mrr: mean reciprocal rank.
        at1: share with a right concept first.
        ece: expected calibration error of the first candidate's ``p``; ``None`` without probabilities.
        seconds: CPU-seconds a query; ``None`` where nothing was run.
    """

    what: str
    n: int
    mrr: float
    at1: float
    ece: float | None = None
    seconds: float | None = None

    def record(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        found = {"what": self.what, "n": self.n, "MRR": self.mrr, "A@1": self.at1}
        more = {"ECE": self.ece, "cpu_s_per_query": self.seconds}
        return {**found, **{name: value for name, value in more.items() if value is not None}}


def compare(reranker: Reranker, examples: Examples, kb: KnowledgeBase) -> list[Figures]:
    """Return figures before and after re-ranking."""
    before = _figures("linker", examples, np.arange(len(examples.candidates.concepts)), None, None)
    start = time.process_time()
    verdict = reranker.verdict(examples.queries, examples.candidates, kb)
    seconds = (time.process_time() - start) / max(1, len(examples.gold))
    order = reorder(examples.candidates, verdict)
    return [before, _figures("re-ranked", examples, order.rows, order.p, seconds)]


def lines(figures: Sequence[Figures], top: int) -> Iterator[str]:
    """Yield the table for people."""
    yield f"labelled queries held back from training, first {top} candidates:"
    yield f"{'':9}  {'MRR':>5}  {'A@1':>5}  {'ECE':>5}  {'CPU-s a query':>13}  {'n':>5}"
    for row in figures:
        ece = "" if row.ece is None else f"{row.ece:.3f}"
        seconds = "" if row.seconds is None else f"{row.seconds:.4f}"
        yield f"{row.what:9}  {row.mrr:>5.3f}  {row.at1:>5.3f}  {ece:>5}  {seconds:>13}  {row.n:>5}"


def _figures(
    what: str, examples: Examples, rows: NDArray[np.int64], p: NDArray[np.float64] | None, seconds: float | None
) -> Figures:
    at = examples.candidates.indptr
    reciprocal: list[float] = []
    sure: list[float] = []
    right: list[bool] = []
    for i, gold in enumerate(examples.gold):
        ids = examples.candidates.concepts[rows[at[i] : at[i + 1]]].tolist()
        rank = next((k for k, concept in enumerate(ids, 1) if concept in gold), 0)
        if gold:
            reciprocal.append(1 / rank if rank else 0.0)
        if ids and p is not None:
            sure.append(float(p[at[i]]))
            right.append(rank == 1)
    n = len(reciprocal)
    mrr = float(np.mean(reciprocal)) if n else 0.0
    at1 = float(np.mean([value == 1 for value in reciprocal])) if n else 0.0
    return Figures(what, n, mrr, at1, _ece(np.array(sure), np.array(right)) if sure else None, seconds)


def _ece(p: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over bins of equal width (Naeini et al., AAAI 2015)."""
    bins = np.minimum((p * BINS).astype(np.int64), BINS - 1)
    gap = np.abs(np.bincount(bins, p, BINS) - np.bincount(bins, right.astype(np.float64), BINS))
    return float(gap.sum() / len(p))
