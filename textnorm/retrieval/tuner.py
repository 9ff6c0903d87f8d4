"""Choosing a correction on labelled queries, or none.

Everything is measured from one pass over the banks and one over the gallery: settings differ only in the bias, so each
is scored by ranking again the raw best candidates of a query. The setting is chosen on one half of the queries and
judged on the other; queries with the same right item stay together and are drawn together, because they win or lose
together. It is taken only if the bank looks like the queries and the 95 % interval of its gain holds no loss; skewness
is reported and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError, UsageError
from textnorm.retrieval.banks import BankStatistics, Floats, check_rows
from textnorm.retrieval.candidates import Candidates, raw_candidates
from textnorm.retrieval.correction import Correction, HubnessCorrector, correction_of
from textnorm.retrieval.guard import BankCheck, check_bank
from textnorm.retrieval.measures import Hubness, paired_interval, recall_at, reciprocal
from textnorm.retrieval.methods import BANKS, Bank, Column, Method, make_method

Objective = Literal["mrr", "recall@1"]
#: Labelled queries, and different right items, below which nothing is chosen: half could not show even a large gain.
FEWEST = 40
#: Below this, the report says that more are needed to trust a choice.
ENOUGH = 200
#: Candidates a query that are ranked again.
DEPTH = 300


@dataclass(frozen=True)
class Figures:
    """Retrieval figures of a setting, shares from 0 to 1, and its hubness beside them."""

    recall_1: float
    recall_10: float
    mrr: float
    hubness: Hubness


@dataclass(frozen=True)
class Trial:
    """A setting and its figures on the half that settings are chosen on."""

    method: Method
    figures: Figures


@dataclass(frozen=True)
class Gain:
    """Difference of a figure to no correction, and its 95 % interval (paired bootstrap over queries)."""

    value: float
    lo: float
    hi: float


@dataclass(frozen=True)
class TuneReport:
    """What the tuner did.

    Attributes:
        method: to use; ``None``: do not correct.
        reason: why, in words.
        best: the best setting on the half for choosing, whether it is used or not; ``None`` where nothing was tried.
        queries: labelled queries of the half for choosing, and of the half for judging.
        raw: figures without correction, on the half for judging.
        corrected: figures of ``best`` there.
        gains: of ``best`` there: ``recall@1``, ``recall@10``, ``mrr``.
        trials: all settings on the half for choosing, the best first.
        bank: what the guard found.
        warnings: what a person should know.
    """

    method: Method | None
    reason: str
    best: Method | None = None
    queries: tuple[int, int] = (0, 0)
    raw: Figures | None = None
    corrected: Figures | None = None
    gains: dict[str, Gain] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    bank: BankCheck | None = None
    warnings: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the report for people."""
        yield f"correction: {self.method or 'none'}: {self.reason}"
        if self.raw is not None and self.corrected is not None:
            chosen = f"chosen on {self.queries[0]} others among {len(self.trials)} settings"
            yield f"judged on {self.queries[1]} queries, {chosen}:"
            for name, figures in (("none", self.raw), (str(self.best), self.corrected)):
                hub = figures.hubness
                yield (
                    f"  {name}: R@1 {figures.recall_1:.4f}, R@10 {figures.recall_10:.4f}, MRR {figures.mrr:.4f} "
                    f"(skewness of the {hub.k}-occurrence {hub.skewness:.2f}, never a neighbour {hub.anti_hubs:.3f})"
                )
            for name, gain in self.gains.items():
                yield f"  gain in {name}: {gain.value:+.4f} [{gain.lo:+.4f}, {gain.hi:+.4f}]"
        yield from (f"warning: {warning}" for warning in self.warnings)


def settings_for(banks: Sequence[Bank] = BANKS) -> list[Method]:
    """Return the settings that the tuner tries: the safe ones first, because of equal ones the first is taken."""
    found = [make_method("csls", k=k, gated=gated) for gated in (True, False) for k in (5, 10, 32)]
    found += [make_method(name, beta=beta) for name in ("dis", "is") for beta in (5, 10, 20, 40)]
    found += [make_method("nnn", k=k, alpha=alpha) for alpha in (0.25, 0.75, 1.0) for k in (5, 10, 32, 128)]
    found += [make_method("centering", weight=weight) for weight in (0.5, 1.0)]
    if "gallery" in banks:
        pairs = [(one, two) for one in (10, 20, 40) for two in (2, 5, 20)]
        for name in ("dual-dis", "dual-is"):
            found += [make_method(name, beta=one, beta_gallery=two) for one, two in pairs]
        found += [
            make_method("signed", beta=one, beta_gallery=two, weight=x, weight_gallery=y)
            for one in (5, 10, 20)
            for two in (5, 10, 20)
            for x in (0.75, 1.0)
            for y in (-0.5, -0.25, 0.1)
        ]
    return found


def default_method(bank_rows: int, *, cross_lingual: bool) -> Method:
    """Return what to use where there are no labelled queries.

    Args:
        bank_rows: size of the query bank.
        cross_lingual: whether queries and gallery differ in language, or are as differently worded as that. Then an
            inverted softmax, whose best temperature grows with the bank (5 at 50 rows, 10 at 300, 20 from 1,800);
            else CSLS with its gate on, which corrects only queries whose raw best item is one that the bank's rows
            lead to.
    """
    if not cross_lingual:
        return make_method("csls", k=10, gated=True)
    slope = np.log(4) / np.log(1800 / 50)
    beta = float(np.clip(5 * (max(1, bank_rows) / 50) ** slope, 5, 20))
    return make_method("is", beta=round(beta, 1))


def tune(
    gallery: Floats,
    queries: Floats,
    gold: Sequence[Sequence[int] | NDArray[np.int64]],
    query_bank: Floats,
    gallery_bank: Floats | None = None,
    *,
    settings: Sequence[Method] | None = None,
    objective: Objective = "mrr",
    depth: int = DEPTH,
    trust_bank: bool = False,
    threads: int = 1,
    seed: int = 0,
) -> TuneReport:
    """Choose a correction, or none, on labelled queries.

    Args:
        gallery: [n, d] unit rows.
        queries: [q, d] labelled queries; 200 and more.
        gold: positions of the right items, for each query.
        query_bank: [m, d] unlabelled texts like queries. Rows that are one of ``queries`` are left out here: a bank
            that holds the queries it is judged on flatters itself.
        gallery_bank: see :meth:`~textnorm.retrieval.correction.HubnessCorrector.fit`.
        settings: to choose from; by default :func:`settings_for`.
        objective: by which the best is chosen. It must not lose, and neither may recall@1.
        depth: raw candidates a query that are ranked again.
        trust_bank: let the labelled queries alone decide, also where the guard finds the bank unlike the queries.
        threads: for the pass over the banks.
        seed: of the halves and of the bootstrap.

    Raises:
        UsageError: an unknown objective, no settings.
        DataError: vectors that do not fit, a query without a right item, a bank of nothing but the queries.
    """
    if objective not in ("mrr", "recall@1"):
        msg = f"There is no objective '{objective}': mrr or recall@1."
        raise UsageError(msg)
    tried = list(settings_for() if settings is None else settings)
    if not tried:
        msg = "There are no settings to choose from."
        raise UsageError(msg)
    _check_queries(queries, gold, gallery)
    check_rows(query_bank, "The query bank", dim=gallery.shape[1])
    shared = _shared(query_bank, queries)
    if shared.all():
        msg = f"The query bank ({len(shared)} rows) holds nothing but labelled queries; add other texts like queries."
        raise DataError(msg)
    query_bank = query_bank[~shared]
    bank = check_bank(query_bank, queries, gallery)
    warnings = [] if bank.fits else [bank.reason]
    if shared.any():
        warnings.append(
            f"{shared.sum()} of {len(shared)} bank rows are labelled queries; they were left out to choose."
        )
    if len(queries) < FEWEST:
        reason = f"{len(queries)} labelled queries are too few to choose with ({FEWEST} at least, {ENOUGH} better)"
        return TuneReport(None, reason, bank=bank, warnings=warnings)
    if len(queries) < ENOUGH:
        warnings.append(f"{len(queries)} labelled queries show only large gains; give {ENOUGH} or more.")
    groups = np.array([min(positions) for positions in gold], np.int64)
    if (distinct := len(np.unique(groups))) < FEWEST:
        reason = f"the labelled queries have only {distinct} different right items ({FEWEST} at least)"
        return TuneReport(None, reason, bank=bank, warnings=warnings)
    bench = Bench.of(gallery, queries, gold, query_bank, gallery_bank, tried, depth=depth, threads=threads)
    choose, judge = _halves(groups, seed)
    trials = [Trial(method, bench.figures(method, choose)) for method in tried]
    by = (lambda t: t.figures.mrr) if objective == "mrr" else (lambda t: t.figures.recall_1)
    trials.sort(key=by, reverse=True)
    best = trials[0].method
    before, after = bench.ranks(None)[judge], bench.ranks(best)[judge]
    figures = {
        "recall@1": (recall_at(after, 1), recall_at(before, 1)),
        "recall@10": (recall_at(after, 10), recall_at(before, 10)),
        "mrr": (reciprocal(after), reciprocal(before)),
    }
    gains = {
        name: Gain(*paired_interval(ours, theirs, groups=groups[judge], seed=seed))
        for name, (ours, theirs) in figures.items()
    }
    deciding = {"recall@1": gains["recall@1"], objective: gains[objective]}
    losing = [name for name, gain in deciding.items() if gain.lo < 0 or gain.value <= 0]
    taken = not losing and (bank.fits or trust_bank)
    if losing:
        gain = gains[losing[0]]
        interval = f"{gain.value:+.4f} [{gain.lo:+.4f}, {gain.hi:+.4f}]"
        reason = f"the best of {len(tried)} settings, {best}, has a gain in {losing[0]} of {interval} on other queries"
        reason += ", which does not rule out a loss"
    elif not taken:
        reason = f"{best} would be the best of {len(tried)} settings, but {bank.reason}"
    else:
        reason = (
            f"R@1 {gains['recall@1'].value:+.4f}, MRR {gains['mrr'].value:+.4f} on queries that it was not chosen on"
        )
    return TuneReport(
        method=best if taken else None,
        reason=reason,
        best=best,
        queries=(len(choose), len(judge)),
        raw=bench.figures(None, judge),
        corrected=bench.figures(best, judge),
        gains=gains,
        trials=trials,
        bank=bank,
        warnings=warnings,
    )


@dataclass(frozen=True)
class Bench:
    """Candidates of labelled queries and the statistics of all settings, from which each setting is scored.

    Attributes:
        candidates: raw best items of each query.
        right: [q, k] whether a candidate is right.
        statistics: of each bank, for all settings together.
        banks: hash of each bank.
    """

    candidates: Candidates
    right: NDArray[np.bool_]
    statistics: dict[Bank, BankStatistics]
    banks: dict[Bank, str]

    @classmethod
    def of(
        cls,
        gallery: Floats,
        queries: Floats,
        gold: Sequence[Sequence[int] | NDArray[np.int64]],
        query_bank: Floats,
        gallery_bank: Floats | None,
        settings: Sequence[Method],
        *,
        depth: int = DEPTH,
        threads: int = 1,
        shared: Bench | None = None,
    ) -> Bench:
        """Search the candidates and compare the gallery with the banks, each once for all settings.

        ``shared`` is a bench with the same gallery, banks and settings, whose statistics are taken over.
        """
        candidates = raw_candidates(gallery, queries, depth)
        right = np.zeros(candidates.items.shape, np.bool_)
        for row, positions in enumerate(gold):
            right[row] = np.isin(candidates.items[row], positions)
        if shared is not None:
            return cls(candidates, right, shared.statistics, shared.banks)
        together = _together(settings)
        corrector = HubnessCorrector(together, threads=threads)
        corrector.collect(
            gallery,
            query_bank if "query" in together.banks else None,
            gallery_bank if "gallery" in together.banks else None,
        )
        return cls(candidates, right, corrector.statistics, corrector.banks)

    def correction(self, method: Method) -> Correction:
        """Return the correction of a setting."""
        return correction_of(method, self.statistics, self.banks)

    def ranks(self, method: Method | None) -> NDArray[np.int64]:
        """Return the rank [q] of the first right item; 0 where it is not among the candidates."""
        return self.candidates.ranks(None if method is None else self.correction(method), self.right)

    def figures(self, method: Method | None, part: NDArray[np.int64] | None = None) -> Figures:
        """Return the figures of a setting on a part of the queries."""
        rows = np.arange(len(self.right)) if part is None else part
        correction = None if method is None else self.correction(method)
        candidates = self.candidates.part(rows)
        ranks = candidates.ranks(correction, self.right[rows])
        best = candidates.best(correction, 10)
        return Figures(
            float(recall_at(ranks, 1).mean()),
            float(recall_at(ranks, 10).mean()),
            float(reciprocal(ranks).mean()),
            Hubness.of(best, candidates.gallery_size),
        )


def _together(settings: Sequence[Method]) -> Method:
    """Return a method that asks each bank for everything that the settings need; not for use itself."""
    columns: tuple[Column, ...] = tuple(dict.fromkeys(column for method in settings for column in method.columns))
    return Method("all settings", (), columns)


def _halves(groups: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return two parts of the queries of about the same size that have no group in common."""
    _, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(counts))
    before = np.empty(len(counts), np.int64)
    before[order] = np.cumsum(counts[order]) - counts[order]
    first = (before + counts / 2)[place] < len(groups) / 2
    return np.flatnonzero(first), np.flatnonzero(~first)


def _check_queries(queries: Floats, gold: Sequence[Sequence[int] | NDArray[np.int64]], gallery: Floats) -> None:
    """Check labelled queries.

    Raises:
        DataError: see :func:`tune`.
    """
    check_rows(queries, "The queries", dim=gallery.shape[1])
    if len(gold) != len(queries):
        msg = f"{len(gold)} lists of right items for {len(queries)} queries."
        raise DataError(msg)
    for row, positions in enumerate(gold):
        if not len(positions):
            msg = f"Query {row} has no right item; leave out queries without one."
            raise DataError(msg)
        if min(positions) < 0 or max(positions) >= len(gallery):
            msg = f"Query {row} has a right item outside the gallery of {len(gallery)} items."
            raise DataError(msg)


def _shared(bank: Floats, queries: Floats) -> NDArray[np.bool_]:
    """Return [m]: whether a bank row is equal to one of the queries."""
    known = {row.tobytes() for row in np.ascontiguousarray(queries, np.float32)}
    return np.array([row.tobytes() in known for row in np.ascontiguousarray(bank, np.float32)], np.bool_)
