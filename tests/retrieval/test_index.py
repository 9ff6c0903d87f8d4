"""A folded index is its definition: brute force over ``<q, g> - sum e * bias``, ids and scores, after any change."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("faiss", reason="the extra 'linking' is not installed")

from textnorm.errors import DataError, MissingExtraError, UsageError
from textnorm.retrieval import ann
from textnorm.retrieval.correction import Correction, HubnessCorrector
from textnorm.retrieval.folding import Fold
from textnorm.retrieval.index import FoldedIndex
from textnorm.retrieval.maps import LinearMap
from textnorm.retrieval.methods import METHODS
from textnorm.retrieval.rows import FoldedRows

ROOT = Path(__file__).resolve().parents[2]


def unit(rng, n, d, *, grid=None):
    """Unit rows; with ``grid`` few different ones, so that scores tie."""
    rows = rng.integers(-grid, grid + 1, (n, d)).astype(np.float64) if grid else rng.standard_normal((n, d))
    rows[np.abs(rows).sum(axis=1) == 0, 0] = 1
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def names(n, start=0):
    return [f"id{i}" for i in range(start, start + n)]


def make_correction(bias, gate=None, method="test"):
    banks = {f"bank{b}": "00" for b in range(bias.shape[1])}
    return Correction(method, {"beta": 20.0}, bias.astype(np.float32), gate, banks)


def brute(vectors, ids, queries, k, bias=None, gate=None, *, corrected=True):
    """Return ids, scores, raw by the definition, in float64; ties by position."""
    raw = queries.astype(np.float64) @ vectors.astype(np.float64).T
    score = raw
    if bias is not None and corrected:
        switch = np.ones((len(queries), bias.shape[1]))
        if gate is not None:
            switch = gate[(-raw.astype(np.float32)).argmin(axis=1)]
        score = raw - switch.astype(np.float64) @ bias.astype(np.float64).T
    score = score.astype(np.float32)
    order = np.lexsort((np.broadcast_to(np.arange(len(vectors)), raw.shape), -score))[:, :k]
    take = np.take_along_axis
    return np.array(ids, object)[order], take(score, order, 1), take(raw, order, 1).astype(np.float32)


def same(hits, wanted):
    """Equal ids; scores equal but for the last bit, which the order of float64 additions may turn."""
    ids, scores, raw = wanted
    np.testing.assert_allclose(hits.scores, scores, rtol=0, atol=1.2e-7)
    np.testing.assert_allclose(hits.raw, raw, rtol=0, atol=1.2e-7)
    differ = hits.ids != ids
    if differ.any():  # only where two scores are within that bit
        at = np.argwhere(differ)
        for i, j in at:
            near = np.abs(scores[i] - scores[i, j]) <= 1.2e-7
            assert near.sum() > 1 or j == scores.shape[1] - 1, (i, j, hits.ids[i], ids[i])


# -- folded = brute force --------------------------------------------------------------------------------------------
@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 60),
    d=st.integers(1, 9),
    nq=st.integers(1, 30),
    k=st.integers(1, 12),
    slots=st.integers(0, 3),
    gated=st.booleans(),
    grid=st.sampled_from([None, 1, 2]),
    level=st.sampled_from([0.0, 4.0, -4.0]),
    multiple=st.sampled_from([None, 1, 16]),
    corrected=st.booleans(),
)
def test_folded_equals_brute_force(seed, n, d, nq, k, slots, gated, grid, level, multiple, corrected):
    rng = np.random.default_rng(seed)
    vectors, queries = unit(rng, n, d, grid=grid), unit(rng, nq, d, grid=grid)
    bias = np.round(rng.normal(level, 0.3, (n, slots)), 1 if grid else 6).astype(np.float32) if slots else None
    gate = rng.random((n, slots)) < 0.5 if slots and gated else None
    correction = make_correction(bias, gate) if slots else None
    index = FoldedIndex.build(vectors, names(n), correction=correction, multiple=multiple)
    same(
        index.search(queries, k, corrected=corrected),
        brute(vectors, names(n), queries, k, bias, gate, corrected=corrected),
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    gated=st.booleans(),
    slots=st.integers(0, 2),
    steps=st.lists(st.sampled_from(["add", "remove", "update", "save"]), min_size=1, max_size=6),
    grid=st.sampled_from([None, 1]),
)
def test_changes_equal_an_index_built_of_what_is_left(seed, gated, slots, steps, grid, tmp_path_factory):
    rng = np.random.default_rng(seed)
    d, fresh = 5, 100
    gated = gated and slots > 0

    def rows(n):
        bias = rng.normal(0, 0.3, (n, slots)).astype(np.float32) if slots else None
        return unit(rng, n, d, grid=grid), bias, (rng.random((n, slots)) < 0.5 if gated else None)

    vectors, bias, gate = rows(12)
    held = {
        name: (vectors[i], bias[i] if slots else None, gate[i] if gated else None) for i, name in enumerate(names(12))
    }
    index = FoldedIndex.build(vectors, names(12), correction=make_correction(bias, gate) if slots else None)
    folder = tmp_path_factory.mktemp("steps") / "index"
    for step in steps:
        if step == "save":
            index.save(folder)
            index = FoldedIndex.load(folder)
            continue
        if step == "add":
            ids = names(int(rng.integers(0, 5)), fresh)
            fresh += len(ids)
        else:
            ids = [str(x) for x in rng.choice(list(held), size=min(len(held), int(rng.integers(0, 6))), replace=False)]
        if step == "remove":
            index.remove(ids)
        else:
            vectors, bias, gate = rows(len(ids))
            (index.add if step == "add" else index.update)(vectors, ids, bias=bias, gate=gate)
        for i, name in enumerate(ids):
            held.pop(name, None)
            if step != "remove":
                held[name] = (vectors[i], bias[i] if slots else None, gate[i] if gated else None)
    assert index.ids == list(held)
    assert len(index) == len(held)
    queries = unit(rng, 25, d, grid=grid)
    if not held:
        assert index.search(queries, 3).ids.shape == (25, 0)
        return
    left = [np.array(column) if column[0] is not None else None for column in zip(*held.values(), strict=True)]
    for corrected in (True, False):
        wanted = brute(left[0], list(held), queries, 7, left[1], left[2], corrected=corrected)
        same(index.search(queries, 7, corrected=corrected), wanted)
    np.testing.assert_array_equal(np.concatenate(list(index.blocks(3))), left[0])
    if slots:
        np.testing.assert_array_equal(index.correction.bias, left[1])


def test_hits_do_not_depend_on_the_batch():
    """faiss takes another path for fewer than 20 queries; our scores are the same bits."""
    rng = np.random.default_rng(0)
    vectors, queries = unit(rng, 3000, 40), unit(rng, 50, 40)
    index = FoldedIndex.build(vectors, names(3000), correction=make_correction(rng.normal(0, 0.1, (3000, 1))))
    whole = index.search(queries, 10)
    for i in range(50):
        one = index.search(queries[i : i + 1], 10)
        assert (one.ids[0] == whole.ids[i]).all()
        assert (one.scores[0] == whole.scores[i]).all()
        assert (one.raw[0] == whole.raw[i]).all()


def test_ties_go_to_the_lower_position_also_among_many():
    rng = np.random.default_rng(1)
    vectors = np.repeat(unit(rng, 3, 8), 500, axis=0)
    index = FoldedIndex.build(vectors, names(1500))
    hits = index.search(vectors[[0, 500, 1000]], 4)
    assert [list(row) for row in hits.ids] == [names(4), names(4, 500), names(4, 1000)]
    index.remove(names(499, 0))
    assert list(index.search(vectors[:1], 1).ids[0]) == ["id499"]


def test_near_ties_that_float32_cannot_tell_are_ranked_by_float64():
    """The fast search rounds; which of many almost equal rows is best must come from the rows."""
    rng = np.random.default_rng(2)
    base = unit(rng, 1, 64)[0].astype(np.float64)
    rows = (base + rng.normal(0, 2e-5, (4000, 64))).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index = FoldedIndex.build(rows, names(4000))
    queries = rows[:25]
    hits = index.search_positions(queries, 10)
    exact = queries.astype(np.float64) @ rows.astype(np.float64).T
    wanted = np.sort(exact, axis=1)[:, ::-1][:, :10]
    np.testing.assert_allclose(hits.raw, wanted, rtol=0, atol=6e-8)


@pytest.mark.parametrize("level", [0.0, 3.0, -3.0])
def test_the_fast_search_decides_nearly_every_query(level, monkeypatch):
    """Also where the bias is far from zero: only the order matters, not the constant that the fold takes off."""
    rng = np.random.default_rng(13)
    vectors, queries = unit(rng, 5000, 32), unit(rng, 200, 32)
    asked = []
    top = ann.top
    monkeypatch.setattr(ann, "top", lambda rows, q, k: asked.append((len(q), k)) or top(rows, q, k))
    index = FoldedIndex.build(vectors, names(5000), correction=make_correction(rng.normal(level, 0.1, (5000, 1))))
    index.search(queries, 10)
    assert asked[0] == (200, 16)
    assert sum(n for n, _ in asked[1:]) <= 4


def test_plateaus_are_searched_wider_before_all_rows_are_looked_at(monkeypatch):
    rng = np.random.default_rng(14)
    sizes = [20, 200, 3000]
    vectors = np.repeat(unit(rng, 3, 8), sizes, axis=0)
    full = []
    in_full = FoldedRows._in_full
    monkeypatch.setattr(
        FoldedRows, "_in_full", lambda self, out, i, *rest: full.append(i) or in_full(self, out, i, *rest)
    )
    hits = FoldedIndex.build(vectors, names(sum(sizes))).search_positions(vectors[[0, 20, 220]], 5)
    assert hits.positions.tolist() == [[0, 1, 2, 3, 4], [20, 21, 22, 23, 24], [220, 221, 222, 223, 224]]
    assert full == [2]


def test_gates_ask_for_a_second_search_only_where_one_is_open(monkeypatch):
    rng = np.random.default_rng(3)
    vectors, queries = unit(rng, 200, 12), unit(rng, 40, 12)
    nearest = (queries @ vectors.T).argmax(axis=1)
    gate = np.zeros((200, 1), np.bool_)
    gate[nearest[:5]] = True
    index = FoldedIndex.build(vectors, names(200), correction=make_correction(rng.normal(0, 0.2, (200, 1)), gate))
    asked = []
    top = ann.top
    monkeypatch.setattr(ann, "top", lambda rows, q, k: asked.append(len(q)) or top(rows, q, k))
    index.search(queries, 5)
    assert asked == [40, int(gate[nearest, 0].sum())]
    asked.clear()
    index.search(queries, 5, corrected=False)
    assert asked == [40]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("gated", [False, True])
def test_every_method_folds(method, gated):
    """The index ranks as the correction itself, applied to the whole table of similarities."""
    rng = np.random.default_rng(16)
    vectors, bank, queries = unit(rng, 300, 24), unit(rng, 80, 24), unit(rng, 50, 24)
    weights = {"weight": 1.0, "weight_gallery": -0.25} if method == "signed" else {}
    correction = HubnessCorrector(method, gated=gated, **weights).fit(vectors, bank)
    wanted = correction.apply(queries.astype(np.float64) @ vectors.astype(np.float64).T)
    index = FoldedIndex.build(vectors, names(300), correction=correction)
    hits = index.search_positions(queries, 10)
    np.testing.assert_allclose(hits.scores, np.sort(wanted, axis=1)[:, ::-1][:, :10], rtol=0, atol=1e-6)
    np.testing.assert_allclose(hits.scores, np.take_along_axis(wanted, hits.positions, 1), rtol=0, atol=1e-6)
    assert index.correction.method == correction.method
    assert index.correction.banks == correction.banks


# -- approximate indexes ---------------------------------------------------------------------------------------------
def clustered(rng, n, d):
    centres = unit(rng, 40, d)
    rows = centres[rng.integers(0, 40, n)] + rng.normal(0, 0.6 / np.sqrt(d), (n, d))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("factory", "parameters", "least"),
    [
        ("HNSW16", "efSearch=128", 0.95),
        ("IVF16,Flat", "nprobe=16", 0.999),
        ("IVF16,PQ16x4fs,RFlat", "nprobe=16", 0.9),
        ("SQ8", "", 0.99),
    ],
)
def test_approximate_indexes_find_most_of_the_corrected_exact_ranking(factory, parameters, least, tmp_path):
    rng = np.random.default_rng(4)
    vectors, queries = clustered(rng, 3000, 28), clustered(rng, 100, 28)
    correction = make_correction(rng.normal(0, 0.1, (3000, 1)))
    exact = FoldedIndex.build(vectors, names(3000), correction=correction)
    index = FoldedIndex.build(vectors, names(3000), factory=factory, correction=correction, parameters=parameters)
    assert index.width == 32
    index.save(tmp_path / "index")
    for found in (index, FoldedIndex.load(tmp_path / "index"), FoldedIndex.load(tmp_path / "index", mmap=False)):
        for corrected in (True, False):
            wanted, got = (one.search(queries, 10, corrected=corrected) for one in (exact, found))
            recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(wanted.ids, got.ids, strict=True)])
            assert recall >= least
            shared = wanted.ids == got.ids  # whatever is found has its exact score
            np.testing.assert_array_equal(wanted.scores[shared], got.scores[shared])
    assert found.parameters == parameters


def test_an_approximate_index_finds_what_was_added_and_not_what_was_removed(tmp_path):
    rng = np.random.default_rng(5)
    vectors = clustered(rng, 1000, 16)
    index = FoldedIndex.build(vectors, names(1000), factory="HNSW16", parameters="efSearch=64")
    new = unit(rng, 3, 16)
    index.add(new, ["x", "y", "z"])
    assert [row[0] for row in index.search(new, 1).ids] == ["x", "y", "z"]
    index.remove([*names(40), "y"])
    index.save(tmp_path / "index")
    for found in (index, FoldedIndex.load(tmp_path / "index")):
        assert found.near.count == 1000  # the graph was not built again
        ids = set(found.search(np.concatenate([vectors[:40], new]), 10).ids.ravel())
        assert not ids & {*names(40), "y"}
        assert "x" in ids
    index.remove(names(200, 40))  # enough to pack
    index.save(tmp_path / "index")
    found = FoldedIndex.load(tmp_path / "index")
    assert found.near.count == found.store.total == len(found) == 1000 + 3 - 40 - 1 - 200


def test_building_twice_gives_the_same_graph():
    rng = np.random.default_rng(6)
    vectors, queries = clustered(rng, 2000, 16), clustered(rng, 50, 16)
    one, two = (FoldedIndex.build(vectors, names(2000), factory="HNSW8") for _ in range(2))
    for a, b in zip(one.search(queries, 10), two.search(queries, 10), strict=True):
        np.testing.assert_array_equal(a, b)


# -- odds and ends ---------------------------------------------------------------------------------------------------
def test_padding_is_for_all_but_flat():
    bias = np.zeros((3, 1), np.float32)
    assert Fold.of(384, bias, ann.multiple_for("Flat")).width == 385
    assert Fold.of(384, bias, ann.multiple_for("HNSW32")).width == 400
    assert Fold.of(384, bias, ann.multiple_for("SQ8")).width == 400
    assert Fold.of(384, bias, ann.multiple_for("IVF64,PQ50x4fs,RFlat")).width == 400
    assert Fold.of(384, bias[:, :0], ann.multiple_for("Flat")).width == 384


def test_rebuilt_folds_another_correction():
    rng = np.random.default_rng(7)
    vectors, queries = unit(rng, 50, 6), unit(rng, 9, 6)
    index = FoldedIndex.build(vectors, names(50), encoder_identity="e")
    index.remove(["id3"])
    keep = np.arange(50) != 3
    bias = rng.normal(0, 0.3, (49, 1)).astype(np.float32)
    new = index.rebuilt(make_correction(bias))
    assert new.encoder_identity == "e"
    ids = [name for name in names(50) if name != "id3"]
    same(new.search(queries, 5), brute(vectors[keep], ids, queries, 5, bias))
    same(new.rebuilt().search(queries, 5), brute(vectors[keep], ids, queries, 5))
    assert new.rebuilt().correction is None


def test_a_query_map_is_applied_first(tmp_path):
    rng = np.random.default_rng(8)
    vectors, queries = unit(rng, 30, 4), unit(rng, 6, 7)
    index = FoldedIndex.build(vectors, names(30))
    index.query_map = LinearMap(rng.standard_normal((7, 4)).astype(np.float32), np.zeros(4, np.float32))
    index.save(tmp_path / "index")
    mapped = index.query_map(queries)
    for found in (index, FoldedIndex.load(tmp_path / "index")):
        same(found.search(queries, 3), brute(vectors, names(30), mapped, 3))
    with pytest.raises(DataError, match="length 4, but length 7 is needed"):
        index.search(vectors, 3)


def test_the_callers_array_may_change_afterwards():
    rng = np.random.default_rng(9)
    vectors = unit(rng, 20, 4)
    kept = vectors.copy()
    index = FoldedIndex.build(vectors, names(20))
    vectors[:] = 0
    same(index.search(kept, 2), brute(kept, names(20), kept, 2))


def test_threads_may_search_together():
    rng = np.random.default_rng(10)
    vectors, queries = unit(rng, 500, 8), unit(rng, 60, 8)
    index = FoldedIndex.build(vectors, names(500), correction=make_correction(rng.normal(0, 0.1, (500, 1))))
    wanted = index.search(queries, 5)
    got = [None] * 8

    def work(i):
        got[i] = index.search(queries, 5)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all((one.ids == wanted.ids).all() and (one.scores == wanted.scores).all() for one in got)


def test_the_setting_of_faiss_is_as_it_was_after_a_search():
    module = ann.faiss()
    before = module.cvar.distance_compute_blas_threshold
    rng = np.random.default_rng(15)
    vectors = unit(rng, 100, 4)
    index = FoldedIndex.build(vectors, names(100))
    index.search(vectors, 3)
    assert module.cvar.distance_compute_blas_threshold == before
    with ann._MATRIX_PRODUCTS, ann._MATRIX_PRODUCTS:
        index.search(vectors, 3)
        assert module.cvar.distance_compute_blas_threshold == 1
    assert module.cvar.distance_compute_blas_threshold == before


def test_k_beyond_the_items_and_no_queries():
    rng = np.random.default_rng(11)
    vectors = unit(rng, 3, 4)
    index = FoldedIndex.build(vectors, names(3))
    assert index.search(vectors, 10).ids.shape == (3, 3)
    assert index.search(vectors[:0], 10).ids.shape == (0, 3)
    empty = FoldedIndex.build(vectors[:0], [])
    assert len(empty) == 0
    assert empty.search(vectors, 10).ids.shape == (3, 0)


# -- bad input -------------------------------------------------------------------------------------------------------
GOOD = unit(np.random.default_rng(12), 4, 3)


def damaged(value, row=2):
    rows = GOOD.copy()
    rows[row] = value
    return rows


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        (damaged(np.nan), "row 2 is no unit vector but holds NaN or infinity"),
        (damaged(np.inf), "row 2 is no unit vector but holds NaN or infinity"),
        (damaged(0), "row 2 is no unit vector but has length 0"),
        (GOOD * 3, "row 0 is no unit vector but has length 3"),
        (GOOD[0], r"not float32 \[3\]"),
        (np.ones((4, 3), np.int64), r"not int64 \[4, 3\]"),
        (GOOD[:, :0], "no unit vector"),
    ],
)
def test_vectors_that_are_no_unit_rows(vectors, words):
    with pytest.raises(DataError, match=words):
        FoldedIndex.build(vectors, names(len(vectors)))
    index = FoldedIndex.build(GOOD, names(4))
    with pytest.raises(DataError):
        index.search(vectors)
    with pytest.raises(DataError):
        index.add(vectors, names(len(vectors), 10))
    assert len(index) == 4


def test_dimensions_and_encoders_are_named():
    index = FoldedIndex.build(GOOD, names(4), encoder_identity="static/one:1234")
    with pytest.raises(DataError, match="length 2, but length 3 is needed"):
        index.search(unit(np.random.default_rng(0), 2, 2))
    index.check_encoder("static/one:1234")
    with pytest.raises(UsageError, match=r"'static/one:1234'.*'minilm:9999'"):
        index.check_encoder("minilm:9999")


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (["a", "b", "c"], "3 ids for 4 vectors"),
        (["a", "b", "a", "c"], "'a' stands for two"),
        (["a", "b", 3, "c"], "Id 2 is 3"),
        (["a", None, "b", "c"], "Id 1 is missing"),
        (["a", "b", "c", "\ud800"], "Id 3"),
    ],
)
def test_ids(ids, words):
    with pytest.raises(DataError, match=words):
        FoldedIndex.build(GOOD, ids)


def test_unknown_and_taken_ids_change_nothing():
    index = FoldedIndex.build(GOOD, names(4))
    with pytest.raises(DataError, match="item 'id1' already"):
        index.add(GOOD[:2], ["new", "id1"])
    with pytest.raises(DataError, match="no item 'no'"):
        index.remove(["id0", "no"])
    with pytest.raises(DataError, match="no item 'no'"):
        index.update(GOOD[:2], ["id0", "no"])
    with pytest.raises(DataError, match="stands for two"):
        index.update(GOOD[:2], ["id0", "id0"])
    with pytest.raises(DataError, match="NaN"):
        index.update(damaged(np.nan, 0)[:1], ["id0"])
    assert index.ids == names(4)
    same(index.search(GOOD, 2), brute(GOOD, names(4), GOOD, 2))


def test_corrections_that_do_not_fit():
    bias = np.zeros((4, 1), np.float32)
    for wrong, gate, words in [
        (bias[:3], None, r"bias \[3, 1\], but the items need \[4, b\]"),
        (bias[:, 0], None, r"bias \[4\]"),
        (bias[:, :0], None, r"bias \[4, 0\]"),
        (bias + np.nan, None, "NaN or infinite for item 0"),
        (bias, np.zeros((4, 2), np.bool_), r"gates \[4, 2\]"),
    ]:
        with pytest.raises(DataError, match=words):
            FoldedIndex.build(GOOD, names(4), correction=Correction("is", {}, wrong, gate, {}))
    index = FoldedIndex.build(GOOD, names(4), correction=make_correction(bias, bias > 0, "dis"))
    with pytest.raises(DataError, match="correction 'dis': give the new items' bias"):
        index.add(GOOD[:1], ["x"])
    with pytest.raises(DataError, match="gates; so must"):
        index.add(GOOD[:1], ["x"], bias=bias[:1])
    with pytest.raises(DataError, match="has no correction"):
        FoldedIndex.build(GOOD, names(4)).add(GOOD[:1], ["x"], bias=bias[:1])


def test_factories_and_parameters():
    with pytest.raises(UsageError, match="'Nonsense' cannot be used"):
        FoldedIndex.build(GOOD, names(4), factory="Nonsense")
    with pytest.raises(UsageError, match="does not suit 4 rows"):
        FoldedIndex.build(GOOD, names(4), factory="IVF16,Flat")
    with pytest.raises(UsageError, match="no parameters"):
        FoldedIndex.build(GOOD, names(4), parameters="efSearch=64")
    with pytest.raises(UsageError, match="'nonsense=1' cannot be set"):
        FoldedIndex.build(GOOD, names(4), factory="HNSW8", parameters="nonsense=1")
    with pytest.raises(UsageError, match="k is 0"):
        FoldedIndex.build(GOOD, names(4)).search(GOOD, 0)


def test_without_faiss_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    with pytest.raises(MissingExtraError, match=r"faiss-cpu.*\[linking\]"):
        FoldedIndex.build(GOOD, names(4))


# -- memory ----------------------------------------------------------------------------------------------------------
OPEN = """
import sys
import faiss, numpy, pyarrow.compute
from textnorm.retrieval.index import FoldedIndex
def resident():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))
before = resident()
index = FoldedIndex.load(sys.argv[1])
print(resident() - before, len(index))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc on this system")
def test_opening_maps_the_rows_and_does_not_read_them(tmp_path):
    n, d = 300_000, 64
    rows = np.zeros((n, d), np.float32)
    rows[np.arange(n), np.arange(n) % d] = 1
    rows.flags.writeable = False
    FoldedIndex.build(rows, names(n)).save(tmp_path / "index")
    size = sum(path.stat().st_size for path in (tmp_path / "index").rglob("*.npy"))
    assert size > 76e6
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(tmp_path / "index")], env=env, capture_output=True, text=True, check=True
    )
    grown, count = done.stdout.split()
    assert int(count) == n
    assert int(grown) < size / 6  # ids are mapped, too; the marks of removed items are a byte an item
