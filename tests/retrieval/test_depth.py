"""Depth in O(n d) is the definition in O(n^2); the drift test holds its level and finds drift."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.errors import DataError
from textnorm.retrieval.depth import Centre, drift, occurrences


def unit(rng, n, d, *, at=None, spread=1.0):
    rows = rng.standard_normal((n, d)) * spread
    if at is not None:
        rows += at
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def definition(corpus, texts, *, members):
    """Return ``2 - mean of the cosine distance``, every pair by itself; members leave themselves out."""
    out = []
    for i, y in enumerate(texts.astype(np.float64)):
        distances = [1 - float(x @ y) for j, x in enumerate(corpus.astype(np.float64)) if not (members and i == j)]
        out.append(2 - sum(distances) / len(distances))
    return np.array(out)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 40),
    m=st.integers(1, 40),
    d=st.integers(1, 12),
    step=st.integers(1, 50),
    members=st.booleans(),
)
def test_depth_equals_the_definition(seed, n, m, d, step, members):
    rng = np.random.default_rng(seed)
    corpus = unit(rng, n, d)
    texts = corpus if members else unit(rng, m, d)
    centre = Centre.of(corpus[i : i + step] for i in range(0, n, step))
    assert centre.n == n
    got = centre.depths(texts, members=members)
    np.testing.assert_allclose(got, definition(corpus, texts, members=members), rtol=0, atol=1e-9)


def test_equal_sizes_are_no_special_case():
    """The published code takes depths along the wrong axis where both corpora have one size."""
    rng = np.random.default_rng(0)
    f, g = unit(rng, 50, 16), unit(rng, 50, 16)
    np.testing.assert_allclose(Centre.of([f]).depths(g, members=False), definition(f, g, members=False), atol=1e-12)


def quality(f, g):
    """Q(F, G) by the definition: all pairs."""
    inner, outer = definition(f, f, members=True), definition(f, g, members=False)
    return np.mean([(y > x) + 0.5 * (y == x) for y in outer for x in inner])


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 15), m=st.integers(2, 15))
def test_the_figures_of_drift_equal_the_definition(seed, n, m):
    rng = np.random.default_rng(seed)
    f, g = unit(rng, n, 6), unit(rng, m, 6)
    found = drift(f, g, permutations=9)
    assert found.quality == pytest.approx(quality(f, g), abs=1e-9)
    gap = f.mean(axis=0, dtype=np.float64) - g.mean(axis=0, dtype=np.float64)
    assert found.shift == pytest.approx(gap @ gap, abs=1e-9)
    # The shift is what texts lose in depth, on average, in the other corpus: both ways together.
    own = Centre.of([f]), Centre.of([g])
    lost = [own[0].depths(f, members=False).mean() - own[1].depths(f, members=False).mean()]
    lost.append(own[1].depths(g, members=False).mean() - own[0].depths(g, members=False).mean())
    assert sum(lost) == pytest.approx(found.shift, abs=1e-6)
    assert found.interval[0] <= found.quality <= found.interval[1]
    assert found.n == (n, m)


def test_p_counts_permutations_as_all_of_them_would(monkeypatch):
    """With few rows every split can be looked at: the sampled p is near the share of splits as extreme."""
    from itertools import combinations

    rng = np.random.default_rng(3)
    f, g = unit(rng, 5, 4, at=[1, 0, 0, 0]), unit(rng, 5, 4)
    rows = np.concatenate([f, g])
    seen, qualities, shifts = (quality(f, g), np.square(f.mean(0) - g.mean(0)).sum()), [], []
    for chosen in combinations(range(10), 5):
        inside = np.isin(np.arange(10), chosen)
        qualities.append(quality(rows[inside], rows[~inside]))
        shifts.append(np.square(rows[inside].mean(0) - rows[~inside].mean(0)).sum())
    p_depth = np.mean(np.abs(np.array(qualities) - 0.5) >= abs(seen[0] - 0.5) - 1e-9)
    p_shift = np.mean(np.array(shifts) >= seen[1] - 1e-7)
    found = drift(f, g, permutations=4999)
    assert found.p_depth == pytest.approx(p_depth, abs=0.03)
    assert found.p_shift == pytest.approx(p_shift, abs=0.03)
    monkeypatch.setattr("textnorm.retrieval.depth._BLOCK", 30)  # in many small blocks
    again = drift(f, g, permutations=4999)
    assert (again.p_depth, again.p_shift) == (found.p_depth, found.p_shift)


def test_no_drift_is_called_drift_about_as_often_as_promised():
    rng = np.random.default_rng(4)
    centre = np.eye(8)[0]
    hits = sum(
        drift(unit(rng, 30, 8, at=centre), unit(rng, 40, 8, at=centre), permutations=99, seed=i).p <= 0.05
        for i in range(200)
    )
    assert hits <= 20  # the chance of more is below 1 in 1000 at 5 %


@pytest.mark.parametrize("kind", ["farther", "nearer", "sideways"])
def test_drift_is_found(kind):
    rng = np.random.default_rng(5)
    x, y, z = np.eye(8)[:3] * 2
    f = unit(rng, 150, 8, at=x + y)
    g = {
        "farther": lambda: unit(rng, 120, 8, at=x + y, spread=2.0),
        "nearer": lambda: unit(rng, 120, 8, at=x + y, spread=0.3),
        "sideways": lambda: unit(rng, 120, 8, at=x + z),
    }[kind]()
    found = drift(f, g, permutations=199)
    assert found.p <= 0.01
    assert (found.quality < 0.5) == (kind != "nearer")
    assert not found.interval[0] <= 0.5 <= found.interval[1]


def test_a_corpus_does_not_drift_from_itself():
    rng = np.random.default_rng(6)
    f = unit(rng, 200, 16, at=np.eye(16)[0])
    found = drift(f, f, permutations=199)
    assert found.shift == pytest.approx(0, abs=1e-12)
    assert found.p > 0.1


def test_drift_is_the_same_for_one_seed():
    rng = np.random.default_rng(7)
    f, g = unit(rng, 20, 5), unit(rng, 30, 5)
    assert drift(f, g, permutations=50) == drift(f, g, permutations=50)


def test_occurrences_by_hand():
    angles = np.array([0, 0.1, 0.25, 3.0])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert list(occurrences(rows, 1)) == [1, 2, 1, 0]  # nearest: 1, 0, 1, 2
    assert occurrences(rows, 9).tolist() == [3] * 4
    assert occurrences(rows[:1]).tolist() == [0]
    rng = np.random.default_rng(8)
    rows = unit(rng, 300, 10)
    cosine = rows @ rows.T
    np.fill_diagonal(cosine, -2)
    wanted = np.bincount(np.argsort(-cosine, axis=1)[:, :7].ravel(), minlength=300)
    np.testing.assert_array_equal(occurrences(rows, 7), wanted)


GOOD = unit(np.random.default_rng(9), 5, 3)


def test_bad_input():
    bad = GOOD.copy()
    bad[3] = np.nan
    with pytest.raises(DataError, match="no texts"):
        Centre.of([])
    with pytest.raises(DataError, match="no texts"):
        Centre.of([GOOD[:0]])
    with pytest.raises(DataError, match="row 3"):
        Centre.of([bad])
    with pytest.raises(DataError, match="length 2"):
        Centre.of([GOOD, GOOD[:, :2]])
    with pytest.raises(DataError, match="one text"):
        Centre.of([GOOD[:1]]).depths(GOOD[:1], members=True)
    with pytest.raises(DataError, match="not 1 and 5"):
        drift(GOOD[:1], GOOD)
    with pytest.raises(DataError, match="length 2"):
        drift(GOOD, unit(np.random.default_rng(0), 5, 2))
    with pytest.raises(DataError, match="row 3"):
        drift(GOOD, bad)
