"""What ``index tune`` learns on labelled queries: weights, roll-up or none, probabilities, a threshold.

Everything is judged by cross-validation in which no query is ranked by weights that saw one of its concepts. A guard
compares the learned ranking with every single generator, language by language; where it is worse by more than
:data:`SLACK`, that language keeps what is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError
from textnorm.linking.calibration import Calibration, signal_names
from textnorm.linking.features import ROLL, SOURCES, Model, RollUp, Scored, best_rows, columns_of, roll_features, score
from textnorm.linking.fusion import Floats, Pool, Weights, bounds, rank_rows
from textnorm.linking.labelled import Labelled, queries_of
from textnorm.linking.learn import Lists, fit_lists, folds_of
from textnorm.linking.linker import BLOCK, Linker, softmax
from textnorm.linking.probability import Judged, fit_calibration
from textnorm.linking.protocol import Candidates, Queries
from textnorm.linking.report import DEFAULT, report_lines
from textnorm.linking.structure import ranges

FOLDS = 5
#: How much worse than the best single generator a language may be, in MRR.
SLACK = 0.003
#: Labelled queries below which nothing is learned, and those of a language below which it has no weights of its own.
FEWEST, FEWEST_LANG = 20, 30
#: Gain in MRR below which roll-up is left off.
ROLL_GAIN = 0.002
#: Unknown ids that are named one by one.
SHOWN = 5
#: Penalties that are tried.
PENALTIES = (1.0, 4.0, 16.0)


@dataclass
class Dev:
    """Labelled queries against a base.

    Attributes:
        queries: as they are linked.
        gold: numbers of the right concepts of each; empty: none of the base is.
        unknown: ids that the base does not have, with how often each was named.
        fold: int64 [queries], for cross-validation.
    """

    queries: Queries
    gold: list[NDArray[np.int64]]
    unknown: dict[str, int]
    fold: NDArray[np.int64]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether a query has a right concept in the base."""
        return np.array([len(ids) > 0 for ids in self.gold], np.bool_)

    def keys(self, concepts: int) -> NDArray[np.int64]:
        """Return the right ``query * concepts + concept``, sorted."""
        each = [ids + i * concepts for i, ids in enumerate(self.gold)]
        return np.unique(np.concatenate(each)) if each else np.zeros(0, np.int64)


def dev_of(rows: Sequence[Labelled], linker: Linker, folds: int = FOLDS) -> Dev:
    """Return labelled queries against a linker's base.

    Raises:
        DataError: fewer than :data:`FEWEST` have a concept of the base.
    """
    number = linker.kb.number
    gold = [np.array(sorted({number[c] for c in row.ids if c in number}), np.int64) for row in rows]
    unknown: dict[str, int] = {}
    for row in rows:
        for c in row.ids:
            if c not in number:
                unknown[c] = unknown.get(c, 0) + 1
    queries = linker.told(queries_of(rows))
    known = sum(len(ids) > 0 for ids in gold)
    if known < FEWEST:
        msg = (
            f"{known} of {len(rows)} labelled queries have a concept of the index; at least {FEWEST} are needed. "
            "Check that concept_ids are ids of this index."
        )
        raise DataError(msg)
    groups = [[linker.kb.ids[c] for c in ids.tolist()] for ids in gold]
    fold = folds_of(groups, folds)
    if np.bincount(fold, minlength=folds).max() > 2 * len(rows) / folds:  # everything hangs together
        fold = folds_of([ids[:1] for ids in groups], folds)
    return Dev(queries, gold, unknown, fold)


class Bench:
    """A pool of labelled queries, scored again and again.

    Attributes:
        linker: whose generators found the candidates.
        dev: labelled queries.
        found: candidates of each generator.
        base: the pool, with the ancestors of its best rows where the base has a taxonomy.
        target: bool [rows], whether a row is right.
        near: bool [rows], whether it, or an ancestor of it, is right.
    """

    def __init__(self, linker: Linker, dev: Dev) -> None:
        self.linker = linker
        self.dev = dev
        n, concepts = len(dev.queries), len(linker.kb)
        parts = [
            linker.search(dev.queries.part(range(at, min(at + BLOCK, n))), linker.model.depth)
            for at in range(0, n, BLOCK)
        ]
        self.found = [_joined([part[g] for part in parts]) for g in range(len(linker.generators))]
        self.names = linker.model.generators
        self.base = self.scored(replace(Model.default(self.names), roll=RollUp(on=True)))
        pool = self.base.pool
        right = dev.keys(concepts)
        self.target = np.isin(pool.keys, right)
        above = linker.facts.structure.ancestors
        sizes = np.diff(above.indptr)[pool.concept]
        row = np.repeat(np.arange(len(pool.keys)), sizes)
        parent = above.items[ranges(above.indptr[:-1][pool.concept], sizes)]
        self.near = self.target.copy()
        self.near[row[np.isin(pool.query[row] * concepts + parent, right)]] = True

    def scored(self, model: Model) -> Scored:
        """Return the pool scored by a model."""
        return score(self.found, self.dev.queries, model, self.linker.facts)

    def reciprocal(self, scores: Floats, pool: Pool | None = None, target: NDArray[np.bool_] | None = None) -> Floats:
        """Return 1 / rank [queries] of the best right candidate, 0 where there is none."""
        pool = self.base.pool if pool is None else pool
        target = self.target if target is None else target
        n = len(self.dev.queries)
        order = rank_rows(pool.query, pool.concept, scores)
        starts = bounds(pool.query, n)
        rank = np.empty(len(order))
        rank[order] = np.arange(len(order)) - starts[pool.query[order]] + 1
        out = np.zeros(n)
        there = target & np.isfinite(scores)
        np.maximum.at(out, pool.query[there], 1 / rank[there])
        return out

    def single(self, g: int) -> Floats:
        """Return 1 / rank [queries] by one generator alone."""
        got = self.found[g]
        query = np.repeat(np.arange(len(self.dev.queries)), np.diff(got.indptr))
        hit = np.isin(query * len(self.linker.kb) + got.concepts, self.dev.keys(len(self.linker.kb)))
        rank = np.arange(len(query)) - got.indptr[:-1][query] + 1
        out = np.zeros(len(self.dev.queries))
        np.maximum.at(out, query[hit], 1 / rank[hit])
        return out


def _joined(parts: Sequence[Candidates]) -> Candidates:
    sizes = np.concatenate([np.diff(part.indptr) for part in parts])
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    columns = [np.concatenate([part[i] for part in parts]) for i in (1, 2, 3)]
    return Candidates(indptr, columns[0], columns[1], columns[2])


@dataclass(frozen=True)
class Plan:
    """What is fitted.

    Attributes:
        roll: whether with roll-up.
        penalty: of the weights.
        without: generators that are left out (their features stay at 0).
        decay: of roll-up.
    """

    roll: bool
    penalty: float = 1.0
    without: tuple[str, ...] = ()
    decay: float = 0.8


def languages_of(dev: Dev) -> list[str]:
    """Return the languages with queries enough for weights of their own; none where there is but one language."""
    known = dev.known
    counts: dict[str, int] = {}
    for lang, good in zip(dev.queries.langs, known.tolist(), strict=True):
        if lang and good:
            counts[lang] = counts.get(lang, 0) + 1
    found = sorted(lang for lang, count in counts.items() if count >= FEWEST_LANG)
    return found if len(set(dev.queries.langs)) > 1 else []


def fit_model(bench: Bench, plan: Plan, rows: NDArray[np.bool_]) -> Model:
    """Return the model fitted on the queries ``rows`` [queries]."""
    default = Model.default(bench.names)
    columns = columns_of(bench.names)
    langs = languages_of(bench.dev)
    code = np.array([langs.index(lang) if lang in langs else -1 for lang in bench.dev.queries.langs], np.int64)
    scored, pool = bench.base, bench.base.pool
    gone = np.array([column.split(":")[0] in plan.without for column in columns])
    prior = np.where(gone, 0, default.weights.of(columns, None) * default.scale)
    # Labelled queries seldom have a level; what they happen to say of it would not carry over.
    free = ~gone & np.array([column != "level" for column in columns])
    # All rows of the pool are learned from: with the best only, right ones far down would look better than they are.
    usable = rows[pool.query] & (plan.roll | (scored.name >= 0))
    near = bench.near if plan.roll else bench.target
    lists = Lists(scored.features[usable], pool.query[usable], near[usable], code)
    fit = fit_lists(lists, prior, len(langs), penalty=plan.penalty, lang_penalty=4 * plan.penalty, free=free)
    weights = _weights(columns, fit.common / default.scale, fit.by_lang / default.scale, langs)
    model = replace(default, weights=weights)
    if not plan.roll:
        return model
    own, roll = _rolled(bench, model, plan)
    usable = rows[pool.query]
    both = np.column_stack([own, roll])[usable] * default.scale
    begin = np.r_[1.0, np.zeros(len(ROLL))]
    only = np.arange(len(begin)) > 0
    lists = Lists(both, pool.query[usable], bench.target[usable], code)
    fit = fit_lists(lists, begin, len(langs), penalty=1.0, lang_penalty=8.0, free=only)
    rolled = _weights(("own", *ROLL), fit.common, fit.by_lang, langs)
    return replace(model, roll=RollUp(on=True, decay=plan.decay, weights=rolled))


def _weights(columns: Sequence[str], common: Floats, by_lang: Floats, langs: Sequence[str]) -> Weights:
    def named(values: Floats) -> dict[str, float]:
        return {name: float(value) for name, value in zip(columns, values, strict=True) if value and name != "own"}

    return Weights(named(common), {lang: named(by_lang[i]) for i, lang in enumerate(langs)})


def own_scores(bench: Bench, model: Model) -> Floats:
    """Return the first sum [rows] of a model over the bench's pool."""
    table = model.weights.table(columns_of(bench.names), bench.dev.queries.langs)
    return np.asarray(np.einsum("ij,ij->i", bench.base.features, table[bench.base.pool.query]))


def _rolled(bench: Bench, model: Model, plan: Plan) -> tuple[Floats, Floats]:
    """Return the first sum [rows] and the roll-up features [rows, ROLL]."""
    own, pool = own_scores(bench, model), bench.base.pool
    sources = best_rows(pool, own, len(bench.dev.queries), SOURCES)
    with_decay = replace(model, roll=replace(model.roll, decay=plan.decay))
    return own, roll_features(pool, own, sources, with_decay, bench.linker.facts)[0]


def scores_of(bench: Bench, model: Model) -> Floats:
    """Return the scores [rows] of a model over the bench's pool."""
    if not model.roll.on:
        return np.where(bench.base.name >= 0, own_scores(bench, model), -np.inf)
    own, roll = _rolled(bench, model, Plan(roll=True, decay=model.roll.decay))
    table = model.roll.weights.table(ROLL, bench.dev.queries.langs)
    return np.asarray(own + np.einsum("ij,ij->i", roll, table[bench.base.pool.query]))


def cross_validated(bench: Bench, plan: Plan) -> tuple[Floats, list[Model]]:
    """Return the scores [rows] of models that did not see the concepts of a query, and the models by fold."""
    out = np.zeros(len(bench.base.own))
    models = []
    for fold in np.unique(bench.dev.fold).tolist():
        model = fit_model(bench, plan, bench.dev.fold != fold)
        mine = bench.dev.fold[bench.base.pool.query] == fold
        out[mine] = scores_of(bench, model)[mine]
        models.append(model)
    return out, models


@dataclass(frozen=True)
class Outcome:
    """What tuning found.

    Attributes:
        model: to use.
        calibration: to use.
        report: figures; JSON.
    """

    model: Model
    calibration: Calibration
    report: dict[str, Any]

    def lines(self) -> list[str]:
        """Return the report for people."""
        return report_lines(self.report)


def tune(linker: Linker, dev: Dev, progress: Any = None) -> Outcome:
    """Learn on labelled queries.

    Args:
        linker: with the generators to weigh; its present model is the "before".
        dev: labelled queries.
        progress: called with what is done, how much, and of how much.
    """
    bench = Bench(linker, dev)
    known = dev.known
    taxonomy = not linker.facts.structure.flat
    plans = [Plan(roll=False, penalty=penalty) for penalty in PENALTIES]
    steps = len(plans) + taxonomy + len(bench.names) + 2
    done = 0

    def tell(what: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(what, done, steps)

    trials: list[tuple[float, Plan, Floats]] = []
    for plan in plans:
        scores, _ = cross_validated(bench, plan)
        trials.append((float(bench.reciprocal(scores)[known].mean()), plan, scores))
        tell("learning")
    flat = max(trials, key=lambda trial: trial[0])
    best = flat
    if taxonomy:
        plan = replace(flat[1], roll=True)
        scores, _ = cross_validated(bench, plan)
        top = (float(bench.reciprocal(scores)[known].mean()), plan, scores)
        tell("learning with roll-up")
        best = top if top[0] > flat[0] + ROLL_GAIN else flat
    plan, scores = best[1], best[2]
    model = fit_model(bench, plan, np.ones(len(known), np.bool_))
    model, scores, kept = _guarded(bench, model, scores)
    tell("guarding")
    judged = Judged.of(bench, model, scores)
    calibration, figures = fit_calibration(judged)
    tell("calibrating")
    rows = _report_rows(bench, scores, flat[2], known)
    ablations = {"all": _figures(bench.reciprocal(scores)[known])}
    if plan.roll:
        ablations["without roll-up"] = _figures(bench.reciprocal(flat[2])[known])
    if len(bench.names) > 1:
        for g, name in enumerate(bench.names):
            if not len(bench.found[g].concepts):
                continue
            less, _ = cross_validated(bench, replace(plan, without=(name,)))
            ablations[f"without {name}"] = _figures(bench.reciprocal(less)[known])
            tell("leaving out")
    report = {
        "queries": len(known),
        "none": int((~known).sum()),
        "unknown": len(dev.unknown),
        "unknown_first": list(dev.unknown)[:SHOWN],
        "folds": len(np.unique(dev.fold)),
        "penalty": plan.penalty,
        "roll_up": plan.roll,
        "kept": kept,
        "rows": rows,
        "ablations": ablations,
        "calibration": figures,
        "signals": signal_names(bench.names),
    }
    return Outcome(model, calibration, report)


def _figures(reciprocal: Floats) -> dict[str, float]:
    if not len(reciprocal):
        return {"mrr": 0.0, "a1": 0.0, "a10": 0.0}
    first, ten = (reciprocal >= 1).mean(), (reciprocal >= 0.1 - 1e-9).mean()
    return {"mrr": round(float(reciprocal.mean()), 4), "a1": round(float(first), 4), "a10": round(float(ten), 4)}


def _report_rows(bench: Bench, scores: Floats, flat: Floats, known: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return figures by language: before, each generator alone, rank fusion, the maximum, and after."""
    pool = bench.base.pool
    found = np.where(pool.ranks > 0, 1 / (60.0 + pool.ranks), 0).sum(axis=1)
    before = score(bench.found, bench.dev.queries, bench.linker.active, bench.linker.facts)
    right = np.isin(before.pool.keys, bench.dev.keys(len(bench.linker.kb)))
    kinds = {
        "before": bench.reciprocal(before.score, before.pool, right),
        **{name: bench.single(g) for g, name in enumerate(bench.names)},
        "rank fusion": bench.reciprocal(found),
        "maximum": bench.reciprocal(np.where(pool.ranks > 0, pool.scores, 0).max(axis=1)),
        "after": bench.reciprocal(scores),
    }
    langs = np.array([lang or "" for lang in bench.dev.queries.langs])
    out = []
    for lang in ["all", *sorted(set(langs.tolist()))]:
        mask = known if lang == "all" else known & (langs == lang)
        if mask.any():
            figures = {kind: _figures(values[mask]) for kind, values in kinds.items()}
            out.append({"lang": lang, "n": int(mask.sum()), **figures})
    return out


def _guarded(bench: Bench, model: Model, scores: Floats) -> tuple[Model, Floats, dict[str, str]]:
    """Return the model, and its held-back scores, with what is better put in its place language by language.

    Weights that gain nothing on the default are not taken: what they do further down a list is not judged here.
    """
    pool, known = bench.base.pool, bench.dev.known
    langs = np.array([lang or "" for lang in bench.dev.queries.langs])
    learned = bench.reciprocal(scores)
    default = Model.default(bench.names)
    rivals: dict[str, tuple[Model, Floats]] = {DEFAULT: (default, bench.reciprocal(scores_of(bench, default)))}
    for g, name in enumerate(bench.names):
        alone = replace(default, weights=Weights({name: 1.0}))
        rivals[name] = (alone, bench.single(g))
    kept: dict[str, str] = {}
    out = scores.copy()
    by_lang, roll_lang = dict(model.weights.by_lang), dict(model.roll.weights.by_lang)
    for lang in sorted(set(langs.tolist())):
        mask = known & (langs == lang)
        if not mask.any():
            continue
        name, (rival, values) = max(rivals.items(), key=lambda item: float(item[1][1][mask].mean()))
        idle = learned[mask].mean() < rivals[DEFAULT][1][mask].mean() + SLACK
        if learned[mask].mean() >= values[mask].mean() - SLACK and not idle:
            continue
        if idle and values[mask].mean() <= rivals[DEFAULT][1][mask].mean() + SLACK:
            name, (rival, values) = DEFAULT, rivals[DEFAULT]
        kept[lang] = name
        columns = columns_of(bench.names)
        change = rival.weights.of(columns, None) - model.weights.of(columns, None)
        by_lang[lang] = dict(zip(columns, change.tolist(), strict=True))
        roll_lang[lang] = {column: -weight for column, weight in model.roll.weights.common.items()}
        rows = langs[pool.query] == lang
        out[rows] = scores_of(bench, rival)[rows]
    if not kept:
        return model, scores, kept
    weights = Weights(model.weights.common, by_lang)
    roll = replace(model.roll, weights=Weights(model.roll.weights.common, roll_lang))
    return replace(model, weights=weights, roll=roll), out, kept


def judged_lists(
    bench: Bench, model: Model, scores: Floats
) -> tuple[Scored, NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return the bench's pool with held-back scores: rows by query best first, where queries begin, softmax shares."""
    pool, n = bench.base.pool, len(bench.dev.queries)
    roll = np.zeros((len(scores), len(ROLL)))
    child = np.full(len(scores), -1, np.int64)
    if model.roll.on:
        own = own_scores(bench, model)
        sources = best_rows(pool, own, n, SOURCES)
        roll, child = roll_features(pool, own, sources, model, bench.linker.facts)
    scored = bench.base._replace(score=scores, roll=roll, child=child)
    starts = bounds(pool.query, n)
    order = rank_rows(pool.query, pool.concept, scores)
    return scored, order, starts, softmax(scores * model.scale, pool.query, starts)
