"""Learning from labelled lists: listwise softmax for ranking, logistic regression for probabilities.

Both are convex and small, and drawn towards a prior by a quadratic penalty: the safe default weights for all languages,
the weights of all languages for each one. The listwise loss is ListNet's top-one likelihood (Cao, Qin, Liu, Tsai and
Li, ICML 2007) with several right items summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import MissingExtraError
from textnorm.linking.calibration import sigmoid
from textnorm.linking.fusion import Floats

#: Rounds of the optimizer at most.
ROUNDS = 200
#: Spread below which a feature counts as rare.
RARE = 0.1


class Lists(NamedTuple):
    """Labelled candidates of some queries.

    Attributes:
        features: float64 [rows, columns].
        query: int64 [rows], number of the query, ascending.
        target: bool [rows], whether a candidate is right.
        lang: int64 [queries], number of the query's language; -1: no weights of its own.
    """

    features: Floats
    query: NDArray[np.int64]
    target: NDArray[np.bool_]
    lang: NDArray[np.int64]

    def usable(self) -> Lists:
        """Return only the queries with a right candidate and a wrong one, numbered anew, each language's together."""
        n = len(self.lang)
        right = np.bincount(self.query[self.target], minlength=n)
        good = (right > 0) & (np.bincount(self.query, minlength=n) > right)
        number = np.full(n, -1, np.int64)
        kept = np.flatnonzero(good)
        order = kept[np.argsort(self.lang[kept], kind="stable")]
        number[order] = np.arange(len(order))
        rows = np.flatnonzero(good[self.query])
        rows = rows[np.argsort(number[self.query[rows]], kind="stable")]
        return Lists(self.features[rows], number[self.query[rows]], self.target[rows], self.lang[order])


class Fit(NamedTuple):
    """Learned weights: float64 [columns], and what each language adds [languages, columns]."""

    common: Floats
    by_lang: Floats


def fit_lists(
    lists: Lists,
    prior: Floats,
    languages: int = 0,
    *,
    penalty: float = 1.0,
    lang_penalty: float = 4.0,
    free: NDArray[np.bool_] | None = None,
    rounds: int = 60,
) -> Fit:
    """Return the weights under which right candidates have the largest softmax.

    Args:
        lists: labelled candidates.
        prior: float64 [columns], where the penalty draws the weights.
        languages: how many have weights of their own.
        penalty: of the distance to the prior, in units of a feature's spread within a query.
        lang_penalty: of what a language adds.
        free: bool [columns], weights that may change; by default all.
        rounds: of the optimizer at most.

    Raises:
        MissingExtraError: scipy is not installed.
    """
    minimize = _minimizer()
    used = lists.usable()
    columns = len(prior)
    free = np.ones(columns, np.bool_) if free is None else free
    if not len(used.lang):
        return Fit(prior.copy(), np.zeros((languages, columns)))
    queries = len(used.lang)
    starts = np.searchsorted(used.query, np.arange(queries))
    mean = np.add.reduceat(used.features, starts, axis=0) / np.bincount(used.query, minlength=queries)[:, None]
    spread = np.sqrt(np.mean((used.features - mean[used.query]) ** 2, axis=0))
    # A rare feature has a small spread; it must not be cheap for that.
    scale = np.where((spread > 1e-9) & free, 1 / np.maximum(spread, RARE), 0)
    x = (used.features - mean[used.query]) * scale
    offset = used.features @ prior
    # Rows of a language lie together: a slice is no copy. Single precision is enough to learn from.
    x = np.ascontiguousarray(x, np.float32)
    lang = used.lang[used.query]
    of_lang = [slice(*np.searchsorted(lang, [code, code + 1]).tolist()) for code in range(languages)]
    target = np.flatnonzero(used.target)

    def loss(flat: Floats) -> tuple[float, Floats]:
        theta = flat.reshape(1 + languages, columns)
        small = theta.astype(np.float32)
        z = offset + x @ small[0]
        for code, rows in enumerate(of_lang):
            z[rows] += x[rows] @ small[1 + code]
        top = np.maximum.reduceat(z, starts)
        weight = np.exp(z - top[used.query])
        total = np.add.reduceat(weight, starts)
        right = np.bincount(used.query[target], weight[target], minlength=queries)
        right = np.maximum(right, 1e-300)
        value = float(np.log(total / right).sum())
        slope = weight / total[used.query]
        slope[target] -= weight[target] / right[used.query[target]]
        gradient = np.empty_like(theta)
        slope = slope.astype(np.float32)
        gradient[0] = slope @ x + penalty * theta[0]
        for code, rows in enumerate(of_lang):
            gradient[1 + code] = slope[rows] @ x[rows] + lang_penalty * theta[1 + code]
        value += 0.5 * penalty * float(theta[0] @ theta[0]) + 0.5 * lang_penalty * float((theta[1:] ** 2).sum())
        return value, gradient.ravel()

    start = np.zeros((1 + languages) * columns)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds, "ftol": 1e-7}).x
    theta = found.reshape(1 + languages, columns) * scale
    return Fit(prior + theta[0], theta[1:])


def fit_logistic(
    signals: Floats,
    right: NDArray[np.bool_],
    lang: NDArray[np.int64],
    languages: int = 0,
    *,
    penalty: float = 1.0,
    lang_penalty: float = 4.0,
    weights: Floats | None = None,
) -> Fit:
    """Return the weights of a logistic regression; the first column is the constant and is not drawn to 0.

    Args:
        signals: float64 [queries, columns].
        right: bool [queries].
        lang: int64 [queries], number of each query's language; -1: none.
        languages: how many have weights of their own.
        penalty: of the weights, in units of a signal's spread.
        lang_penalty: of what a language adds.
        weights: float64 [queries]; by default 1.

    Raises:
        MissingExtraError: scipy is not installed.
    """
    minimize = _minimizer()
    columns = signals.shape[1]
    mean, spread = signals.mean(axis=0), signals.std(axis=0)
    mean[0], spread[0] = 0, 1
    scale = np.where(spread > 1e-9, 1 / np.maximum(spread, 1e-9), 0)
    x = (signals - mean) * scale
    x[:, 0] = 1
    y = right.astype(np.float64)
    load = np.ones(len(y)) if weights is None else weights
    of_lang = [np.flatnonzero(lang == code) for code in range(languages)]
    drawn = np.r_[1e-3, np.full(columns - 1, penalty)]

    def loss(flat: Floats) -> tuple[float, Floats]:
        theta = flat.reshape(1 + languages, columns)
        z = x @ theta[0]
        for code, rows in enumerate(of_lang):
            z[rows] += x[rows] @ theta[1 + code]
        value = float((load * (np.logaddexp(0, z) - y * z)).sum())
        slope = load * (sigmoid(z) - y)
        gradient = np.empty_like(theta)
        gradient[0] = slope @ x + drawn * theta[0]
        for code, rows in enumerate(of_lang):
            gradient[1 + code] = slope[rows] @ x[rows] + lang_penalty * theta[1 + code]
        value += 0.5 * float(drawn @ theta[0] ** 2) + 0.5 * lang_penalty * float((theta[1:] ** 2).sum())
        return value, gradient.ravel()

    start = np.zeros((1 + languages) * columns)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS}).x
    theta = found.reshape(1 + languages, columns) * scale
    theta[:, 0] = found.reshape(1 + languages, columns)[:, 0] - theta[:, 1:] @ mean[1:]
    return Fit(theta[0], theta[1:])


def _minimizer() -> Any:
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        what, package, extra = "Tuning", "scipy", "linking"
        raise MissingExtraError(what, package, extra) from error
    return minimize


def folds_of(groups: Sequence[Sequence[str]], folds: int) -> NDArray[np.int64]:
    """Return the fold [queries] of each query, so that queries that share a concept are in one fold.

    Args:
        groups: ids of each query's right concepts.
        folds: how many.
    """
    import hashlib

    parent: dict[str, str] = {}

    def root(item: str) -> str:
        while parent.setdefault(item, item) != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for i, ids in enumerate(groups):
        first = root(ids[0] if ids else f"\0{i}")
        for other in ids[1:]:
            parent[root(other)] = first
    out = []
    for i, ids in enumerate(groups):
        name = root(ids[0] if ids else f"\0{i}")
        out.append(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") % folds)
    return np.array(out, np.int64)
