"""Fitting the probabilities of :mod:`textnorm.linking.calibration` on labelled queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.calibration import (
    Calibration,
    coverage,
    curve_of,
    ece,
    isotonic,
    reliability,
    sigmoid,
    signal_names,
    signals_of,
)
from textnorm.linking.fusion import Floats
from textnorm.linking.learn import fit_logistic

if TYPE_CHECKING:
    from textnorm.linking.features import Model
    from textnorm.linking.tune import Bench

#: Penalties of the logistic regression that are tried.
PENALTIES = (0.3, 1.0, 4.0, 16.0)
#: Queries that a step of the isotonic map stands for at least, and those that it takes to have one.
STEP, ENOUGH = 25, 200
#: Share of right links that the default threshold aims at, and the range it lies in.
AIM, LEAST, MOST = 0.9, 0.5, 0.95
#: Share of queries below which hardly any are linked.
FEW = 0.05


@dataclass(frozen=True)
class Judged:
    """Labelled queries with the signals of their lists.

    Attributes:
        signals: float64 [queries, signals].
        right: bool [queries], whether the first candidate is right.
        within: bool [queries], whether any candidate is.
        known: bool [queries], whether a right concept is in the base.
        lang: int64 [queries], number of the language; -1: no weights of its own.
        langs: languages by number.
        fold: int64 [queries].
        generators: names.
    """

    signals: Floats
    right: NDArray[np.bool_]
    within: NDArray[np.bool_]
    known: NDArray[np.bool_]
    lang: NDArray[np.int64]
    langs: tuple[str, ...]
    fold: NDArray[np.int64]
    generators: tuple[str, ...]

    @classmethod
    def of(cls, bench: Bench, model: Model, scores: Floats) -> Judged:
        """Return the lists of a bench, judged by held-back scores."""
        from textnorm.linking.tune import judged_lists, languages_of

        scored, order, starts, share = judged_lists(bench, model, scores)
        texts = bench.dev.queries.texts
        reciprocal = bench.reciprocal(scores)
        langs = tuple(languages_of(bench.dev))
        code = [langs.index(lang) if lang in langs else -1 for lang in bench.dev.queries.langs]
        signals = signals_of(scored, order, starts, share, [len(text) for text in texts])
        return cls(
            signals,
            reciprocal >= 1,
            reciprocal > 0,
            bench.dev.known,
            np.array(code, np.int64),
            langs,
            bench.dev.fold,
            tuple(bench.names),
        )


def fit_calibration(judged: Judged) -> tuple[Calibration, dict[str, Any]]:
    """Return the calibration, and figures of it on queries that it did not see; JSON."""
    x = np.column_stack([np.ones(len(judged.signals)), judged.signals])
    trials = []
    for penalty in PENALTIES:
        p = _held_back(x, judged, penalty)
        trials.append((_log_loss(p, judged.right), penalty, p))
    _, penalty, p = min(trials, key=lambda trial: trial[0])
    fit = fit_logistic(x, judged.right, judged.lang, len(judged.langs), penalty=penalty, lang_penalty=4 * penalty)
    steps: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    if len(p) >= ENOUGH:
        straight = np.empty(len(p))
        for fold in np.unique(judged.fold).tolist():
            mine = judged.fold == fold
            straight[mine] = _interpolated(p[mine], _steps(p[~mine], judged.right[~mine]))
        if _log_loss(straight, judged.right) < _log_loss(p, judged.right):
            steps = _steps(p, judged.right)
            p = straight
    names = ["bias", *signal_names(judged.generators)]
    wrong = ~judged.right
    found = float(judged.within[wrong].mean()) if wrong.any() else 0.5
    curve = curve_of(p, judged.right)
    calibration = Calibration(
        dict(zip(names, fit.common.tolist(), strict=True)),
        {lang: dict(zip(names, fit.by_lang[i].tolist(), strict=True)) for i, lang in enumerate(judged.langs)},
        steps,
        min(0.99, max(0.01, found)),
        0.5,
        curve,
    )
    min_p = default_threshold(p, judged.right, none=not bool(judged.known.all()))
    calibration = Calibration(
        calibration.weights, calibration.by_lang, steps, calibration.found, min_p, calibration.curve
    )
    return calibration, figures_of(p, judged, min_p)


def default_threshold(p: Floats, right: NDArray[np.bool_], *, none: bool = False) -> float:
    """Return the threshold to link at: the lowest from :data:`LEAST` on whose links are right in :data:`AIM` of cases,
    by the labelled queries.

    Where that links hardly any: with ``none`` (some queries mean nothing of the base) the one where most are right,
    because silence is an answer then; else :data:`LEAST`, what is likelier right than wrong.
    """
    best, at = 0.0, LEAST
    for threshold in np.round(np.arange(LEAST, MOST + 1e-9, 0.01), 2).tolist():
        linked = p >= threshold
        if not linked.any():
            break
        share = (right[linked].sum()) / linked.sum()
        if share >= AIM and (none or linked.mean() >= FEW):
            return float(threshold)
        if share > best:
            best, at = float(share), threshold
    return round(at, 2) if none else LEAST


def figures_of(p: Floats, judged: Judged, min_p: float) -> dict[str, Any]:
    """Return what is reported of probabilities."""
    linked = p >= min_p
    out: dict[str, Any] = {
        "ece": round(ece(p, judged.right), 4),
        "brier": round(float(np.mean((p - judged.right) ** 2)), 4),
        "coverage_95": round(coverage(p, judged.right, 0.95), 4),
        "min_p": min_p,
        "linked": round(float(linked.mean()), 4),
        "links_right": round(float(judged.right[linked].mean()), 4) if linked.any() else None,
        "bins": [[b.lo, b.n, round(b.p, 4), round(b.right, 4)] for b in reliability(p, judged.right)],
    }
    if not judged.known.all():
        null, none = ~linked, ~judged.known
        both = int((null & none).sum())
        precision, recall = both / max(1, int(null.sum())), both / max(1, int(none.sum()))
        f1 = 2 * precision * recall / (precision + recall) if both else 0.0
        out["null"] = {"n": int(none.sum()), "precision": round(precision, 4), "recall": round(recall, 4)}
        out["null"]["f1"] = round(f1, 4)
    return out


def _held_back(x: Floats, judged: Judged, penalty: float) -> Floats:
    out = np.empty(len(x))
    for fold in np.unique(judged.fold).tolist():
        mine = judged.fold == fold
        fit = fit_logistic(
            x[~mine],
            judged.right[~mine],
            judged.lang[~mine],
            len(judged.langs),
            penalty=penalty,
            lang_penalty=4 * penalty,
        )
        more = np.concatenate([fit.by_lang, np.zeros((1, x.shape[1]))])  # -1 is the last: nothing is added
        theta = fit.common + more[judged.lang[mine]]
        out[mine] = sigmoid(np.einsum("ij,ij->i", x[mine], theta))
    return out


def _log_loss(p: Floats, right: NDArray[np.bool_]) -> float:
    safe = np.clip(p, 1e-3, 1 - 1e-3)
    return float(-np.mean(np.where(right, np.log(safe), np.log1p(-safe))))


def _steps(p: Floats, right: NDArray[np.bool_]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return an isotonic map over equal parts of the queries, so that no step rests on a few."""
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, max(2, len(p) // STEP))
    mean = np.array([p[part].mean() for part in parts])
    share = np.array([(right[part].sum() + 0.5) / (len(part) + 1) for part in parts])
    at, value = isotonic(mean, share)
    return tuple(float(v) for v in at), tuple(float(v) for v in value)


def _interpolated(p: Floats, steps: tuple[tuple[float, ...], tuple[float, ...]]) -> Floats:
    return np.asarray(np.interp(p, np.asarray(steps[0]), np.asarray(steps[1])), np.float64)
