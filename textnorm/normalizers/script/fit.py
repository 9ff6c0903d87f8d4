"""Fitting the few numbers of a model that are not counts: weights of the features, and the margin of the gate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def fit_weights(
    features: Doubles,
    fixed: Doubles,
    offsets: Ints,
    gold: Ints,
    start: Doubles,
    *,
    rounds: int = 300,
    ridge: float = 1e-3,
) -> Doubles:
    """Return the weights that make the right readings likeliest: conditional maximum likelihood (McFadden 1974), Adam.

    Args:
        features: float64 ``[rows, f]``.
        fixed: float64 ``[rows]``, what is added to the score of a row with weight one.
        offsets: int64 ``[occurrences + 1]``.
        gold: int64 ``[occurrences]``, the right row of each occurrence.
        start: float64 ``[f]``, weights to begin with, which the ridge draws towards.
        rounds: steps of the gradient.
        ridge: strength of the ridge.
    """
    weights = start.copy()
    first = offsets[:-1]
    occurrence = np.repeat(np.arange(len(first)), np.diff(offsets))
    target = features[gold].mean(axis=0)
    moment, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, rounds + 1):
        score = features @ weights + fixed
        top = np.maximum.reduceat(score, first)
        likely = np.exp(score - top[occurrence])
        likely /= np.add.reduceat(likely, first)[occurrence]
        gradient = target - (features * likely[:, None]).sum(axis=0) / len(first) - ridge * (weights - start)
        moment = 0.9 * moment + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        rate = 0.05 * (1 - 0.9 * step / rounds)
        weights += rate * (moment / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)
    return weights


def fit_margin(gains: Doubles, words: int, *, allowed: float, least: float = 0.0) -> float:
    """Return the smallest margin under which at most a share ``allowed`` of right words is changed.

    Args:
        gains: by how many nats the best reading beats the word as it stands, for each right word that would change.
        words: how many right words there were.
        allowed: share of words.
        least: smallest margin that may be returned.
    """
    sorted_gains = np.sort(gains)[::-1]
    spare = int(allowed * words)
    return least if len(sorted_gains) <= spare else max(least, float(sorted_gains[spare]) + 1e-6)
