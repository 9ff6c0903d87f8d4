"""Measures against their definitions, and what they are on degenerate input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textnorm.errors import DataError
from textnorm.retrieval.measures import (
    Hubness,
    anti_hub_share,
    first_ranks,
    gini,
    k_occurrence,
    mrr,
    paired_interval,
    recall_at,
    reciprocal,
    robin_hood,
    skewness,
)

counts_lists = st.lists(st.integers(0, 50), min_size=2, max_size=60).filter(lambda x: sum(x) > 0)


@given(counts=counts_lists)
def test_gini_is_half_the_relative_mean_difference(counts):
    x = np.array(counts, float)
    pairs = np.abs(x[:, None] - x).sum() / (2 * len(x) ** 2 * x.mean())
    assert gini(x) == pytest.approx(pairs, abs=1e-9)


@given(counts=counts_lists)
def test_robin_hood_is_what_must_move(counts):
    x = np.array(counts, float)
    assert robin_hood(x) == pytest.approx(np.maximum(x - x.mean(), 0).sum() / x.sum(), abs=1e-9)
    assert 0 <= robin_hood(x) < 1


@given(counts=counts_lists, shift=st.integers(1, 9), scale=st.integers(2, 9))
def test_skewness_does_not_see_shift_and_scale(counts, shift, scale):
    x = np.array(counts, float)
    if x.min() == x.max():
        assert math.isnan(skewness(x))
        return
    assert skewness(x * scale + shift) == pytest.approx(skewness(x), abs=1e-6)
    assert skewness(-x) == pytest.approx(-skewness(x), abs=1e-9)


def test_anti_hubs_count():
    """Skewness over items retrieved at least once would be another figure."""
    counts = np.array([0, 0, 0, 0, 1, 2, 3])
    assert skewness(counts) != pytest.approx(skewness(counts[counts > 0]))
    assert anti_hub_share(counts) == pytest.approx(4 / 7)


def test_few_queries_make_robin_hood_the_anti_hub_share():
    """Why S_k is printed beside it: with 10 * queries < n it says nothing new."""
    rng = np.random.default_rng(0)
    neighbours = np.array([rng.choice(1000, 10, replace=False) for _ in range(20)])
    found = Hubness.of(neighbours, 1000)
    assert found.robin_hood == pytest.approx(found.anti_hubs, abs=1e-12)
    assert (found.k, found.queries) == (10, 20)


def test_missing_neighbours_count_for_nobody():
    assert k_occurrence(np.array([[0, -1], [2, 0]]), 4).tolist() == [2, 0, 1, 0]


@pytest.mark.parametrize(
    ("neighbours", "message"),
    [
        (np.array([[0, 5]]), "The neighbour 5 lies outside a gallery of 5 items"),
        (np.array([[0, -2]]), "The neighbour -2 "),
        (np.array([0, 1]), "positions \\[queries, k\\]"),
        (np.array([[0.5]]), "positions \\[queries, k\\]"),
    ],
)
def test_bad_neighbours(neighbours, message):
    with pytest.raises(DataError, match=message):
        Hubness.of(neighbours, 5)


def test_nothing_at_all():
    found = Hubness.of(np.zeros((0, 10), int), 0)
    assert all(math.isnan(x) for x in (found.skewness, found.robin_hood, found.gini, found.anti_hubs))
    assert math.isnan(mrr(np.zeros(0, int)))
    assert first_ranks(np.zeros((3, 0)), np.zeros((3, 0), bool)).tolist() == [0, 0, 0]


# -- retrieval -------------------------------------------------------------------------------------------------------
@given(
    scores=st.lists(st.lists(st.integers(0, 5), min_size=6, max_size=6), min_size=1, max_size=8),
    right=st.integers(0, 63),
)
def test_ranks_are_those_of_a_stable_sort(scores, right):
    table = np.array(scores, float)
    marks = np.array([bool(right >> i & 1) for i in range(6)])
    found = first_ranks(table, np.tile(marks, (len(table), 1)))
    for row, rank in zip(table, found, strict=True):
        order = np.argsort(-row, kind="stable")
        hits = np.flatnonzero(marks[order])
        assert rank == (hits[0] + 1 if len(hits) else 0)


def test_figures_of_ranks():
    ranks = np.array([1, 0, 2, 11])
    assert recall_at(ranks, 1).tolist() == [1, 0, 0, 0]
    assert recall_at(ranks, 10).tolist() == [1, 0, 1, 0]
    assert reciprocal(ranks).tolist() == [1, 0, 0.5, 1 / 11]
    assert mrr(ranks) == pytest.approx((1 + 0.5 + 1 / 11) / 4)


def test_the_paired_interval_is_that_of_the_normal_approximation():
    rng = np.random.default_rng(1)
    theirs = (rng.random(2000) < 0.3).astype(float)
    ours = np.where(rng.random(2000) < 0.1, 1, theirs)
    value, lo, hi = paired_interval(ours, theirs)
    error = (ours - theirs).std() / math.sqrt(2000)
    assert value == pytest.approx((ours - theirs).mean())
    assert (lo, hi) == pytest.approx((value - 1.96 * error, value + 1.96 * error), abs=0.15 * error)
    assert paired_interval(ours, theirs) == (value, lo, hi)
    assert paired_interval(ours, ours) == (0, 0, 0)


def test_queries_that_stand_together_are_drawn_together():
    """Ten copies of each query are no more evidence than one."""
    rng = np.random.default_rng(2)
    ours, theirs = (rng.random((2, 100)) < 0.4).astype(float)
    once = paired_interval(ours, theirs)
    copied = paired_interval(np.repeat(ours, 10), np.repeat(theirs, 10), groups=np.repeat(np.arange(100) * 7, 10))
    assert copied == pytest.approx(once)
    alone = paired_interval(np.repeat(ours, 10), np.repeat(theirs, 10))
    assert alone[2] - alone[1] < 0.4 * (once[2] - once[1])


@pytest.mark.parametrize(("ours", "theirs"), [([], []), ([[1.0]], [[2.0]])])
def test_an_interval_of_nothing(ours, theirs):
    with pytest.raises(DataError, match="at least one query"):
        paired_interval(ours, theirs)
