"""Probabilities: isotonic maps, ECE, coverage, thresholds with a guarantee."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textnorm.linking.calibration import PRIOR, Calibration, coverage, curve_of, ece, isotonic, reliability, sigmoid
from textnorm.linking.probability import Judged, default_threshold, fit_calibration
from textnorm.linking.report import calibration_lines, reliability_svg

points = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 10)), min_size=1, max_size=12)


@given(points)
def test_isotonic_never_falls_keeps_the_mean_and_beats_shifted_steps(pairs):
    x, y = (np.array(column, float) for column in zip(*pairs, strict=True))
    at, value = isotonic(x, y)
    assert (np.diff(value) > 0).all()
    order = np.argsort(x, kind="stable")
    # Blocks are means of consecutive points: pooling keeps the sum.
    assert value[0] >= y.min() - 1e-9
    assert value[-1] <= y.max() + 1e-9
    assert (np.diff(at) >= 0).all()
    if (np.diff(y[order]) > 0).all():
        assert np.allclose(value, y[order])


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=60))
def test_ece_and_coverage_are_their_definitions(pairs):
    p = np.array([a / 100 for a, _ in pairs])
    right = np.array([b for _, b in pairs])
    total = 0.0
    for b in range(10):
        inside = (np.minimum((p * 10).astype(int), 9)) == b
        if inside.any():
            total += abs(p[inside].sum() - right[inside].sum())
    assert ece(p, right) == pytest.approx(total / len(p))
    assert sum(b.n for b in reliability(p, right)) == len(p)
    best = max(
        ((p >= t).mean() for t in p if right[p >= t].mean() >= 0.8),
        default=0.0,
    )
    assert coverage(p, right, 0.8) == pytest.approx(best)
    at, links, wrong = curve_of(p, right)
    assert list(at) == sorted(set(p.tolist()))
    assert [(int((p >= t).sum()), int((~right[p >= t]).sum())) for t in at] == list(zip(links, wrong, strict=True))


def test_the_conformal_threshold_keeps_its_word_on_average():
    rng = np.random.default_rng(0)
    misses = []
    for _ in range(300):
        p = rng.random(400)
        right = rng.random(400) < p
        at = Calibration({}, curve=curve_of(p[:200], right[:200])).threshold(0.8)
        if at is not None and (p[200:] >= at).any():
            misses.append((~right[200:][p[200:] >= at]).mean())
    assert np.mean(misses) <= 0.2 + 0.01
    assert Calibration({}, curve=curve_of(np.array([0.9]), np.array([False]))).threshold(0.5) is None
    assert PRIOR.threshold(0.9) is None


def judged(n=3000, seed=0, langs=("",)):
    rng = np.random.default_rng(seed)
    signals = rng.random((n, 8))
    truth = sigmoid(6 * signals[:, 0] - 3 + signals[:, 6])
    right = rng.random(n) < truth
    lang = rng.integers(0, len(langs), n)
    fold = rng.integers(0, 5, n)
    return Judged(signals, right, right | (rng.random(n) < 0.3), np.ones(n, bool), lang, langs, fold, ("lexical",))


def test_fitted_probabilities_mean_what_they_say_on_other_queries():
    calibration, figures = fit_calibration(judged())
    other = judged(seed=1)
    p = calibration.first(other.signals, other.generators, [""] * len(other.right))
    assert ece(p, other.right) < 0.05
    assert figures["ece"] < 0.05
    at = calibration.threshold(0.85)
    assert at is not None
    assert other.right[p >= at].mean() > 0.8
    again = Calibration.of_json(calibration.to_json())
    assert np.array_equal(again.first(other.signals, other.generators, [""] * len(p)), p)
    assert again == calibration


def test_a_language_may_have_a_curve_of_its_own():
    one = judged(langs=("a", "b"))
    flipped = Judged(
        *[
            v if name != "right" else np.where(one.lang == 1, ~one.right, one.right)
            for name, v in zip(one.__dataclass_fields__, vars(one).values(), strict=True)
        ]
    )
    calibration, _ = fit_calibration(flipped)
    high = np.tile([[0.95, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]], (2, 1))
    p = calibration.first(high, ("lexical",), ["a", "b"])
    assert p[0] > 0.8
    assert p[1] < 0.3


def test_the_default_threshold_aims_at_nine_in_ten():
    p = np.repeat([0.55, 0.75, 0.95], 100)
    right = np.r_[np.arange(100) < 50, np.arange(100) < 92, np.arange(100) < 99]
    assert 0.55 < default_threshold(p, right) <= 0.75
    assert default_threshold(np.full(50, 0.2), np.zeros(50, bool)) == 0.5
    # Few are sure: without queries that mean nothing, link what is likelier right than wrong.
    p, right = np.r_[np.full(2, 0.93), np.full(98, 0.6)], np.r_[True, True, np.arange(98) < 59]
    assert default_threshold(p, right) == 0.5
    assert default_threshold(p, right, none=True) > 0.6


def test_reports():
    _, figures = fit_calibration(judged())
    lines = calibration_lines(figures)
    assert lines[0].startswith("p of the first candidate: ECE 0.0")
    assert any("|" in line and "right" in line for line in lines)
    svg = reliability_svg(figures["bins"], "a < b & c")
    assert "a &lt; b &amp; c" in svg
    assert svg.count("<circle") == len(figures["bins"])
