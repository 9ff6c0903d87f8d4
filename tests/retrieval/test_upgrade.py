"""Upgrades: maps that are what they are called, honest figures, an index that answers the new encoder."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("faiss", reason="the extra 'linking' is not installed")

from textnorm.errors import DataError
from textnorm.retrieval import upgrade as module
from textnorm.retrieval.correction import Correction
from textnorm.retrieval.index import FoldedIndex
from textnorm.retrieval.maps import LinearMap
from textnorm.retrieval.upgrade import apply_upgrade, fit_upgrade, orthogonal_map, reembed, refined_map, soft_map


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def rotation(rng, d, wide=None):
    return np.linalg.qr(rng.standard_normal((wide or d, wide or d)))[0][:d]


def names_of(rng, n, d, *, groups, noise=0.5):
    """Unit rows of names of concepts, and their concepts."""
    labels = rng.integers(0, groups, n)
    return unit(rng.standard_normal((groups, d))[labels] + noise * rng.standard_normal((n, d))), labels


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), d=st.integers(2, 12), more=st.integers(0, 4))
def test_an_orthogonal_change_is_found_exactly(seed, d, more):
    rng = np.random.default_rng(seed)
    x = unit(rng.standard_normal((60, d)))
    y = unit(x @ rotation(rng, d, d + more))
    for found in (orthogonal_map(x, y), soft_map(x, y, 3.0)):
        np.testing.assert_allclose(found(x), y, atol=1e-5)
    matrix = orthogonal_map(x, y).matrix
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(d), atol=1e-5)
    back = orthogonal_map(y, x).matrix
    np.testing.assert_allclose(back.T @ back, np.eye(d), atol=1e-5)


def test_softness_goes_from_free_to_orthogonal():
    rng = np.random.default_rng(0)
    x = unit(rng.standard_normal((200, 6)))
    y = unit(x @ rng.standard_normal((6, 6)))
    free = np.linalg.lstsq(x.astype(np.float64), y.astype(np.float64), rcond=None)[0]
    np.testing.assert_allclose(soft_map(x, y, 1e-9).matrix, free, atol=1e-5)
    np.testing.assert_allclose(soft_map(x, y, 1e7).matrix, orthogonal_map(x, y).matrix, atol=1e-5)
    losses = [np.square(x @ soft_map(x, y, a).matrix - y).sum() for a in (1e-9, 0.1, 1.0, 10.0, 1e7)]
    assert losses == sorted(losses)


def test_refinement_brings_each_text_nearer_to_itself_than_to_others():
    rng = np.random.default_rng(8)
    x = unit(rng.standard_normal((600, 10)))
    y = unit(np.sign(x @ rng.standard_normal((10, 12))) + 0.1 * rng.standard_normal((600, 12)))
    start = soft_map(x, y, 1.0)

    def found(map_):
        return ((map_(x) @ y.T).argmax(axis=1) == np.arange(600)).mean()

    assert found(refined_map(x, y, start, 60)) > found(start) + 0.05
    np.testing.assert_array_equal(refined_map(x, y, start, 0).matrix, start.matrix)
    again = [refined_map(x, y, start, 5, seed=3).matrix for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_the_gradient_of_the_refinement_is_that_of_the_loss():
    """One tiny step of Adam goes along the sign of the gradient; compare with differences of the loss itself."""
    rng = np.random.default_rng(9)
    x, y = unit(rng.standard_normal((12, 3))), unit(rng.standard_normal((12, 4)))
    labels = np.array([0, 0, *range(1, 11)])
    start = soft_map(x, y, 1.0)

    def loss(matrix):
        moved = x.astype(np.float64) @ matrix + start.offset
        score = module.SCALE * (moved / np.linalg.norm(moved, axis=1, keepdims=True)) @ y.T.astype(np.float64)
        score[0, 1] = score[1, 0] = -np.inf
        right = np.diag(score)
        return -(2 * right - np.log(np.exp(score).sum(axis=1)) - np.log(np.exp(score).sum(axis=0))).mean() / 2

    step = refined_map(x, y, start, 1, labels=labels).matrix - start.matrix
    for i in range(3):
        for j in range(4):
            nudge = np.zeros((3, 4))
            nudge[i, j] = 1e-4
            slope = loss(start.matrix + nudge) - loss(start.matrix - nudge)
            assert np.sign(step[i, j]) == -np.sign(slope), (i, j)


def test_centred_maps_carry_the_mean():
    rng = np.random.default_rng(1)
    x = unit(rng.standard_normal((100, 5)) * 0.1 + np.eye(5)[0])
    y = unit(x + np.eye(5)[1])
    found = orthogonal_map(x, y, centred=True)
    np.testing.assert_allclose((x @ found.matrix + found.offset).mean(axis=0), y.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found(x), axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("side", ["stored", "queries"])
def test_a_change_by_rotation_keeps_everything(side):
    rng = np.random.default_rng(2)
    old, labels = names_of(rng, 400, 12, groups=100)
    new = unit(old @ rotation(rng, 12))
    found = fit_upgrade(old, new, side=side, groups=labels.tolist(), pairs=200)
    overlap, recall = found.kept
    assert overlap.measure == "overlap@10"
    assert recall.measure == "recall@10"
    assert overlap.mapped == pytest.approx(1, abs=0.01)
    assert recall.mapped == pytest.approx(recall.new, abs=0.01)
    assert recall.share == pytest.approx(1, abs=0.01)
    assert 200 <= found.pairs <= 210
    index = FoldedIndex.build(old, [str(i) for i in range(400)], encoder_identity="old")
    moved = apply_upgrade(index, found, "new")
    moved.check_encoder("new")
    assert [row[0] for row in moved.search(new, 1).ids] == [str(i) for i in range(400)]


def test_figures_come_from_texts_that_were_not_fitted_on(monkeypatch):
    """A map that knows every text it was fitted on and nothing else must not look good."""
    rng = np.random.default_rng(3)
    old, new = unit(rng.standard_normal((300, 150))), unit(rng.standard_normal((300, 150)))
    found = fit_upgrade(old, new, pairs=150)
    assert found.kept[0].mapped < 0.25  # ten neighbours of 149 by chance: 0.07
    assert found.kept[0].new == 1


def test_groups_are_never_split():
    rng = np.random.default_rng(4)
    labels = np.sort(rng.integers(0, 30, 300))
    order = module._by_group(labels, rng)
    assert sorted(order) == list(range(300))
    for at in (1, 50, 150, 299):
        cut = module._end_of_group(labels, order, at)
        assert cut == at or not set(labels[order[:cut]]) & set(labels[order[cut:]])


def test_a_softer_map_is_chosen_where_it_serves_and_the_stored_side_beats_the_old_index():
    """The new space knows directions that the old one drowned: a free map can lift them, a rotation cannot."""
    rng = np.random.default_rng(5)
    new, labels = names_of(rng, 2000, 16, groups=400, noise=0.7)
    scale = np.linspace(0.2, 3, 16)
    old = unit(new @ rotation(rng, 16) * scale)
    found = fit_upgrade(old, new, groups=labels.tolist(), pairs=1000)
    assert found.kind != "orthogonal"
    recall = found.kept[-1]
    assert recall.old < recall.mapped <= recall.new + 0.01
    assert recall.interval[0] <= recall.mapped <= recall.interval[1]


def test_moved_vectors_lose_the_correction_and_moved_queries_keep_it():
    rng = np.random.default_rng(6)
    old = unit(rng.standard_normal((100, 8)))
    new = unit(old @ rotation(rng, 8))
    bias = rng.normal(0, 0.3, (100, 1)).astype(np.float32)
    ids = [str(i) for i in range(100)]
    index = FoldedIndex.build(old, ids, correction=Correction("is", {}, bias, None, {}), encoder_identity="old")
    stored = apply_upgrade(index, fit_upgrade(old, new, side="stored"), "new")
    assert stored.correction is None
    queries = apply_upgrade(index, fit_upgrade(old, new, side="queries"), "new")
    wanted = index.search(old[:20], 5)
    got = queries.search(new[:20], 5)
    assert (wanted.ids == got.ids).mean() > 0.95
    assert index.query_map is None
    assert index.encoder_identity == "old"


# -- embedding anew --------------------------------------------------------------------------------------------------
TEXTS = [f"text {i}" for i in range(25)]


def fake(texts):
    return unit(np.array([[len(text), int(text.split()[1]) + 1.0] for text in texts]))


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 10)


@pytest.mark.usefixtures("small_blocks")
def test_reembedding_goes_on_where_it_stopped(tmp_path):
    asked = []

    def encode(texts):
        asked.append(len(texts))
        if len(asked) == 2:
            raise KeyboardInterrupt
        return fake(texts)

    folder = tmp_path / "work"
    with pytest.raises(KeyboardInterrupt):
        list(reembed(TEXTS, encode, "new", folder))
    done = []
    rows = np.concatenate(list(reembed(TEXTS, encode, "new", folder, lambda n, of: done.append((n, of)))))
    np.testing.assert_array_equal(rows, fake(TEXTS))
    assert asked == [10, 10, 10, 5]  # the first block was not made again
    assert done == [(10, 25), (20, 25), (25, 25)]


@pytest.mark.usefixtures("small_blocks")
def test_blocks_of_other_texts_or_encoders_and_broken_ones_are_made_again(tmp_path):
    folder = tmp_path / "work"
    list(reembed(TEXTS, lambda texts: -fake(texts), "other", folder))
    rows = np.concatenate(list(reembed(TEXTS, fake, "new", folder)))
    np.testing.assert_array_equal(rows, fake(TEXTS))
    again = [*TEXTS[:-1], "text 99"]
    np.testing.assert_array_equal(np.concatenate(list(reembed(again, fake, "new", folder))), fake(again))
    (folder / "block-000001.npy").write_bytes(b"broken")
    np.testing.assert_array_equal(np.concatenate(list(reembed(again, fake, "new", folder))), fake(again))


def test_bad_input(tmp_path):
    rng = np.random.default_rng(7)
    rows = unit(rng.standard_normal((50, 4)))
    with pytest.raises(DataError, match="50 vectors of the old encoder, 49 of the new one"):
        fit_upgrade(rows, rows[:49])
    with pytest.raises(DataError, match="needs 40 texts at least"):
        fit_upgrade(rows[:39], rows[:39])
    with pytest.raises(DataError, match="row 3"):
        fit_upgrade(rows, np.where(np.arange(50)[:, None] == 3, np.nan, rows).astype(np.float32))
    with pytest.raises(DataError, match="fitted on pairs"):
        soft_map(rows[:0], rows[:0], None)
    with pytest.raises(DataError, match="sends row 0 to zero"):
        LinearMap(np.zeros((4, 4), np.float32), np.zeros(4, np.float32))(rows)
    with pytest.raises(DataError, match="vectors of length 4, not"):
        LinearMap(np.eye(4, dtype=np.float32), np.zeros(4, np.float32))(rows[:, :3])
    with pytest.raises(DataError, match="1 vectors for 25 texts"):
        list(reembed(TEXTS, lambda texts: fake(texts)[:1], "new", tmp_path / "a"))
