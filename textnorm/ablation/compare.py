"""Paired comparison of out-of-fold predictions: bootstrap intervals, sign-flip tests, Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEVEL = 0.05
#: Resamples computed at a time.
STEP = 100


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % percentile bootstrap interval (Efron 1979)."""

    value: float
    lo: float
    hi: float

    def as_list(self) -> list[float]:
        """Return value, lower end, upper end."""
        return [self.value, self.lo, self.hi]


class Resamples:
    """Bootstrap resamples of groups of equal texts, the same for every variant, so differences are paired.

    Args:
        truth: class of each text ``[n]``.
        groups: group of each text ``[n]``, 0 to the number of groups minus 1.
        classes: number of classes.
        draws: number of resamples.
        seed: of the draws.
    """

    def __init__(self, truth: IntArray, groups: IntArray, classes: int, draws: int, seed: int) -> None:
        self.truth, self.groups, self.classes = truth, groups, classes
        self.draws, self.seed = draws, seed
        self.count = int(groups.max()) + 1

    def figures(self, predictions: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return accuracy ``[draws + 1]``, macro-F1 ``[draws + 1]`` and recall by class ``[draws + 1, classes]``.

        The first row is of the texts themselves; predictions ``[repeats, n]`` of several repeats are pooled.
        """
        hits = (predictions == self.truth).mean(axis=0)
        one = np.eye(self.classes)
        truth = one[self.truth]
        # By group: texts, hits, texts and hits by class, predictions by class.
        given = np.mean([one[row] for row in predictions], axis=0)
        facts = np.concatenate([np.ones((len(hits), 1)), hits[:, None], truth, truth * hits[:, None], given], axis=1)
        by_group = np.zeros((self.count, facts.shape[1]))
        np.add.at(by_group, self.groups, facts)
        sums = np.concatenate([by_group.sum(axis=0, keepdims=True), *self._draw(by_group)])
        n, right = sums[:, 0], sums[:, 1]
        k = self.classes
        of_class, right_of, said = sums[:, 2 : 2 + k], sums[:, 2 + k : 2 + 2 * k], sums[:, 2 + 2 * k :]
        both = of_class + said
        f1 = np.divide(2 * right_of, both, out=np.zeros_like(both), where=both > 0)
        recall = np.divide(right_of, of_class, out=np.full_like(both, np.nan), where=of_class > 0)
        return right / n, f1.mean(axis=1), recall

    def _draw(self, by_group: FloatArray) -> list[FloatArray]:
        rng = np.random.default_rng(self.seed)
        even = np.full(self.count, 1 / self.count)
        parts = []
        for a in range(0, self.draws, STEP):
            weights = rng.multinomial(self.count, even, size=min(STEP, self.draws - a))
            parts.append(weights @ by_group)
        return parts


def interval(figures: FloatArray) -> Interval:
    """Return the interval of figures whose first is of the texts themselves."""
    drawn = figures[1:][~np.isnan(figures[1:])]
    lo, hi = np.quantile(drawn, (0.025, 0.975)) if len(drawn) else (np.nan, np.nan)
    return Interval(float(figures[0]), float(lo), float(hi))


def sign_flip(differences: FloatArray, groups: IntArray, draws: int, seed: int) -> float:
    """Return the two-sided p of a mean difference of zero: signs of whole groups are flipped (Fisher's paired test).

    Args:
        differences: of each text ``[n]``, for example right in one variant minus right in the other.
        groups: group of each text ``[n]``.
        draws: number of random flips; the observed one counts as one more.
        seed: of the flips.
    """
    by_group = np.zeros(int(groups.max()) + 1)
    np.add.at(by_group, groups, differences)
    by_group = by_group[np.abs(by_group) > 1e-12]
    if not len(by_group):
        return 1.0
    rng = np.random.default_rng(seed)
    seen = abs(by_group.sum()) - 1e-9
    reached = 1
    for a in range(0, draws, STEP):
        signs = rng.integers(0, 2, (min(STEP, draws - a), len(by_group)), dtype=np.int8) * 2 - 1
        reached += int((np.abs(signs @ by_group) >= seen).sum())
    return reached / (draws + 1)


def holm(values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number (Holm 1979), in the same order."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    out = [0.0] * len(values)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[i]))
        out[i] = highest
    return out


def verdict(difference: float, p: float) -> str:
    """Return in words what a corrected p says at 5 %."""
    if p > LEVEL:
        return "no difference can be shown"
    return "helps" if difference > 0 else "hurts"
