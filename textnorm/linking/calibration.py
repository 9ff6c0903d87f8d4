"""Scores as probabilities: is the first candidate right, and is any?

``p`` of a query's first candidate is a logistic function of what is known of the query's list (:data:`SIGNALS`),
straightened by isotonic regression where there were labelled queries enough (Platt 1999; Zadrozny and Elkan, KDD
2002). The other candidates share what is left by their softmax, ``none of these`` has the rest. A threshold for a
wanted precision is chosen by split-conformal risk control (Angelopoulos, Bates, Fisch, Lei and Schuster, ICLR 2024).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.features import Scored
from textnorm.linking.fusion import Floats

#: What is known of a query's list: score of the first, its lead on the second, its softmax share, share of the
#: generators that found any that put it first, logarithm of the query's length, whether it has descendants, the best
#: score that a generator gave it. The scores of all of them come after.
SIGNALS = ("score", "lead", "share", "first", "length", "group", "near")
BINS = 10


def signal_names(generators: Sequence[str]) -> list[str]:
    """Return the names of the signals."""
    return [*SIGNALS, *generators]


def signals_of(
    scored: Scored, order: NDArray[np.int64], starts: NDArray[np.int64], share: Floats, lengths: Sequence[int]
) -> Floats:
    """Return the signals [queries, signal_names]; zeros for a query without candidates.

    Args:
        scored: the pool.
        order: its rows by query, best first.
        starts: int64 [queries + 1], where each query's rows begin in ``order``.
        share: float64 [rows], softmax of the scores within a query.
        lengths: characters of each query.
    """
    out = np.zeros((len(starts) - 1, len(SIGNALS) + scored.pool.scores.shape[1]))
    some = np.flatnonzero(np.diff(starts) > 0)
    if not len(some):
        return out
    first = order[starts[some]]
    two = np.minimum(starts[some] + 1, starts[some + 1] - 1)
    lead = scored.score[first] - np.where(np.diff(starts)[some] > 1, scored.score[order[two]], 0)
    pool = scored.pool
    # A group that only inherits stands on its child's names.
    child = np.where(scored.child[first] >= 0, scored.child[first], first)
    own = pool.scores[first].sum(axis=1) >= pool.scores[child].sum(axis=1)
    base = np.where(own, first, child)
    out[some, 0] = scored.score[first]
    out[some, 1] = lead
    out[some, 2] = share[first]
    voters = np.bincount(pool.query, (pool.ranks == 1).sum(axis=1), minlength=len(out))
    out[some, 3] = (pool.ranks[base] == 1).sum(axis=1) / np.maximum(voters[some], 1)
    out[some, 4] = np.log1p(np.asarray(lengths)[some])
    out[some, 5] = scored.roll[first].any(axis=1)
    out[some, 6] = pool.scores[base].max(axis=1, initial=0)
    out[some, 7:] = pool.scores[base]
    return out


def sigmoid(x: Floats) -> Floats:
    """Return ``1 / (1 + exp(-x))`` without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * np.asarray(x, np.float64))))


@dataclass(frozen=True)
class Calibration:
    """From signals to probabilities.

    Attributes:
        weights: of each signal, and ``bias``.
        by_lang: by language: what is added to ``weights``.
        steps: isotonic map of the logistic's probability: lower ends and values, both ascending; empty: none.
        found: probability that a right one is among the other candidates where the first is wrong.
        min_p: threshold below which a query is linked to nothing.
        curve: for the conformal option: thresholds of held-back queries' ``p``, ascending, and at each the number of
            links at or above it and of wrong ones among them.
    """

    weights: Mapping[str, float]
    by_lang: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    steps: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    found: float = 0.4
    min_p: float = 0.5
    curve: tuple[tuple[float, ...], tuple[int, ...], tuple[int, ...]] = ((), (), ())

    def first(self, signals: Floats, generators: Sequence[str], langs: Sequence[str | None]) -> Floats:
        """Return the probability [queries] that the first candidate is right."""
        names = ["bias", *signal_names(generators)]
        both = np.column_stack([np.ones(len(signals)), signals])
        rows = {
            lang: np.array(
                [self.weights.get(name, 0.0) + self.by_lang.get(lang or "", {}).get(name, 0.0) for name in names]
            )
            for lang in set(langs)
        }
        table = np.array([rows[lang] for lang in langs]).reshape(len(signals), len(names))
        raw = sigmoid(np.einsum("ij,ij->i", both, table))
        if not self.steps[0]:
            return raw
        return np.asarray(np.interp(raw, np.asarray(self.steps[0]), np.asarray(self.steps[1])), np.float64)

    def threshold(self, precision: float) -> float | None:
        """Return the lowest threshold whose links are right at least so often, with the one-sided bound of conformal
        risk control, ``(wrong + 1) / (links + 1) <= 1 - precision``; ``None`` where none is.

        The bound holds on average over draws of the labelled queries, for queries like them.
        """
        at, links, wrong = (np.asarray(column) for column in self.curve)
        good = np.flatnonzero((wrong + 1) / (links + 1) <= 1 - precision) if len(at) else np.zeros(0, np.int64)
        return float(at[good[0]]) if len(good) else None

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "weights": dict(self.weights),
            "by_lang": {lang: dict(more) for lang, more in self.by_lang.items()},
            "steps": [list(column) for column in self.steps],
            "found": self.found,
            "min_p": self.min_p,
            "curve": [list(column) for column in self.curve],
        }

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Calibration:
        """Return the calibration that was stored."""
        steps, curve = found["steps"], found["curve"]
        return cls(
            dict(found["weights"]),
            {lang: dict(more) for lang, more in found["by_lang"].items()},
            (tuple(steps[0]), tuple(steps[1])),
            found["found"],
            found["min_p"],
            (tuple(curve[0]), tuple(curve[1]), tuple(curve[2])),
        )


#: Without tuning: a logistic fitted on eight development sets together, moved down by .4: cautious. A query without
#: a near name is linked to nothing, and neither is one that two concepts answer equally well.
PRIOR = Calibration({"bias": -4.6, "near": 4.1, "lead": 3.5, "first": 0.25})


def curve_of(p: Floats, right: NDArray[np.bool_]) -> tuple[tuple[float, ...], tuple[int, ...], tuple[int, ...]]:
    """Return the curve of :class:`Calibration`: thresholds, links at or above each, wrong ones among them."""
    order = np.argsort(-p, kind="stable")
    value, wrong = p[order], np.cumsum(~right[order])
    last = np.flatnonzero(np.r_[value[1:] != value[:-1], True]) if len(value) else np.zeros(0, np.int64)
    last = last[::-1]
    at = tuple(float(v) for v in value[last])
    return at, tuple(int(i) + 1 for i in last), tuple(int(w) for w in wrong[last])


def isotonic(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the non-decreasing step function nearest to points (pool adjacent violators), as (mean x, value)."""
    order = np.argsort(x, kind="stable")
    blocks: list[list[float]] = []  # sum of y, weight, sum of x
    for i in order:
        blocks.append([float(y[i]), 1.0, float(x[i])])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    found = np.array(blocks)
    return found[:, 2] / found[:, 1], found[:, 0] / found[:, 1]


class Bin(NamedTuple):
    """One bar of a reliability plot: how many, their mean ``p``, and the share that was right."""

    lo: float
    n: int
    p: float
    right: float


def reliability(p: Floats, right: NDArray[np.bool_], bins: int = BINS) -> list[Bin]:
    """Return the bars of a reliability plot, ``bins`` of equal width; empty ones are left out."""
    at = np.minimum((p * bins).astype(np.int64), bins - 1)
    out = []
    for b in np.unique(at):
        inside = at == b
        out.append(Bin(float(b) / bins, int(inside.sum()), float(p[inside].mean()), float(right[inside].mean())))
    return out


def ece(p: Floats, right: NDArray[np.bool_], bins: int = BINS) -> float:
    """Return the expected calibration error (Guo, Pleiss, Sun and Weinberger, ICML 2017), bins of equal width."""
    if not len(p):
        return 0.0
    return sum(b.n * abs(b.p - b.right) for b in reliability(p, right, bins)) / len(p)


def coverage(p: Floats, right: NDArray[np.bool_], precision: float) -> float:
    """Return the largest share of queries whose links, those of the highest ``p``, are right at least so often."""
    if not len(p):
        return 0.0
    _, links, wrong = curve_of(p, right)
    good = [n for n, w in zip(links, wrong, strict=True) if 1 - w / n >= precision]
    return max(good, default=0) / len(p)
