"""The estimator: its definition, its algebra, appending and removing, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.errors import DataError, UsageError
from textnorm.retrieval import banks as banks_module
from textnorm.retrieval import correction as correction_module
from textnorm.retrieval.correction import Correction, HubnessCorrector, own_bank
from textnorm.retrieval.methods import METHODS, make_method

#: Every method with its gate off and on.
ALL = [(name, gated) for name in METHODS for gated in (False, True) if not (gated and name in ("dis", "dual-dis"))]


def unit(rng, n, d=8, dtype=np.float64):
    rows = rng.standard_normal((n, d))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(dtype)


def method_of(name, gated=False, **params):
    if name == "signed":
        params.setdefault("weight_gallery", -0.5)
    return make_method(name, gated=gated, **params)


def fit(method, gallery, queries, own=None):
    given_bank = None if "gallery" not in method.banks else own
    return HubnessCorrector(method).fit(gallery, queries, given_bank)


# -- an implementation of the definitions, with full tables ----------------------------------------------------------
def soft_maximum(table, beta):
    """L [n] of similarities [n, m]; NaN marks what is not counted."""
    return np.log(np.nanmean(np.exp(beta * table), axis=1)) / beta


def best_mean(table, k):
    ordered = -np.sort(-np.where(np.isnan(table), -np.inf, table), axis=1)[:, :k]
    return np.array([row[np.isfinite(row)].mean() for row in ordered])


def plain_bias(name, p, query_table, gallery_table):
    """One array [n] for each bank."""
    if name in ("is", "dis"):
        return [soft_maximum(query_table, p["beta"])]
    if name in ("dual-is", "dual-dis"):
        one, two = p["beta"], p["beta_gallery"]
        return [
            one / (one + two) * soft_maximum(query_table, one),
            two / (one + two) * soft_maximum(gallery_table, two),
        ]
    if name == "signed":
        return [
            p["weight"] * soft_maximum(query_table, p["beta"]),
            p["weight_gallery"] * soft_maximum(gallery_table, p["beta_gallery"]),
        ]
    if name == "csls":
        return [best_mean(query_table, p["k"]) / 2]
    if name == "nnn":
        return [p["alpha"] * best_mean(query_table, p["k"])]
    return [p["weight"] * np.nanmean(query_table, axis=1)]


def winners(table):
    """Activation set [n] of similarities [n, m]."""
    found = np.zeros(len(table), bool)
    found[np.nanargmax(table, axis=0)] = True
    return found


@pytest.mark.parametrize(("name", "gated"), ALL)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 40), m=st.integers(1, 60), v=st.integers(2, 20))
@settings(max_examples=25, deadline=None)
def test_every_method_is_its_definition(name, gated, seed, n, m, v):
    rng = np.random.default_rng(seed)
    gallery, bank = unit(rng, n), unit(rng, m)
    own = rng.choice(n, min(v, n), replace=False)
    method = method_of(name, gated)
    found = fit(method, gallery, bank, own)
    table = gallery @ gallery[own].T
    table[own, np.arange(len(own))] = np.nan
    tables = [gallery @ bank.T, table]
    terms = plain_bias(name, dict(method.params), *tables)
    if gated or name in ("dis", "dual-dis"):
        assert np.array_equal(found.gate, np.stack([winners(t) for t in tables[: len(terms)]], axis=1))
        assert np.allclose(found.bias, np.stack(terms, axis=1), atol=1e-6)
    else:
        assert found.gate is None
        assert np.allclose(found.bias[:, 0], sum(terms), atol=1e-6)


# -- identities between methods, in float64 --------------------------------------------------------------------------
def bias64(method, gallery, bank, own=None):
    """The bias before it is rounded to float32."""
    made = HubnessCorrector(method)
    made.fit(gallery, bank, own if "gallery" in method.banks else None)
    return sum(term.weight * made._banks[term.bank].statistics.term(term) for c in method.columns for term in c.terms)


seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, k=st.integers(1, 12))
@settings(deadline=None)
def test_csls_is_nnn_with_one_half(seed, k):
    rng = np.random.default_rng(seed)
    gallery, bank = unit(rng, 30), unit(rng, 15)
    ours = bias64(make_method("csls", k=k), gallery, bank)
    assert np.array_equal(ours, bias64(make_method("nnn", k=k, alpha=0.5), gallery, bank))


@given(seed=seeds)
@settings(deadline=None)
def test_csls_ranks_as_its_paper_says(seed):
    """2 cos(q, g) - r(q) - r(g), with the mean similarity of a query to its neighbours: a constant for each query."""
    rng = np.random.default_rng(seed)
    gallery, bank, queries = unit(rng, 25), unit(rng, 20), unit(rng, 9)
    s = queries @ gallery.T
    paper = 2 * s - best_mean(s, 5)[:, None] - best_mean(gallery @ bank.T, 5)[None, :]
    ours = s - bias64(make_method("csls", k=5), gallery, bank)
    constant = paper - 2 * ours
    assert np.allclose(constant, constant[:, :1], atol=1e-12)


@given(seed=seeds)
@settings(deadline=None)
def test_inverted_softmax_goes_to_the_largest_similarity(seed):
    rng = np.random.default_rng(seed)
    gallery, bank = unit(rng, 30), unit(rng, 15)
    largest = bias64(make_method("nnn", k=1, alpha=1.0), gallery, bank)
    for beta in (1e3, 1e6):
        ours = bias64(make_method("is", beta=beta), gallery, bank)
        # max - log(m) / beta <= L <= max
        assert (largest - np.log(15) / beta - 1e-12 <= ours).all()
        assert (ours <= largest + 1e-12).all()


@given(seed=seeds)
@settings(deadline=None)
def test_inverted_softmax_goes_to_centring(seed):
    rng = np.random.default_rng(seed)
    gallery, bank = unit(rng, 30), unit(rng, 15)
    centred = (gallery @ (bank - bank.mean(axis=0)).T, gallery @ bank.T)
    ours = bias64(make_method("centering"), gallery, bank)
    assert np.allclose(centred[1] - ours[:, None], centred[0], atol=1e-12)
    beta = 1e-5
    # the second cumulant: L = mean + beta * variance / 2 + ...
    assert np.abs(bias64(make_method("is", beta=beta), gallery, bank) - ours).max() <= beta


@given(seed=seeds)
@settings(deadline=None)
def test_centring_both_sides_ranks_the_same(seed):
    rng = np.random.default_rng(seed)
    gallery, bank, queries = unit(rng, 30), unit(rng, 15), unit(rng, 9)
    both = (queries - bank.mean(axis=0)) @ (gallery - gallery.mean(axis=0)).T
    ours = queries @ gallery.T - bias64(make_method("centering"), gallery, bank)
    away = both - ours
    assert np.allclose(away, away[:, :1], atol=1e-12)


@given(seed=seeds, one=st.floats(0.5, 60), two=st.floats(0.5, 60))
@settings(deadline=None)
def test_the_dual_product_is_the_folded_inner_product(seed, one, two):
    """DBNorm multiplies two normalised exponentials; its logarithm is (b1 + b2)(s - bias)."""
    rng = np.random.default_rng(seed)
    gallery, bank, queries = unit(rng, 20), unit(rng, 15), unit(rng, 9)
    own = np.arange(8)
    inside = gallery @ gallery[own].T
    inside[own, own] = np.nan
    s = queries @ gallery.T
    first = np.exp(one * s) / np.nanmean(np.exp(one * (gallery @ bank.T)), axis=1)
    second = np.exp(two * s) / np.nanmean(np.exp(two * inside), axis=1)
    bias = bias64(make_method("dual-is", beta=one, beta_gallery=two), gallery, bank, own)
    rows = np.hstack([gallery, -bias[:, None]])
    folded = np.hstack([queries, np.ones((len(queries), 1))]) @ rows.T
    assert np.allclose(np.log(first * second), (one + two) * folded, atol=1e-10)


@pytest.mark.parametrize("name", ["dis", "dual-dis"])
@given(seed=seeds)
@settings(deadline=None)
def test_a_dynamic_method_is_a_gated_coordinate(name, seed):
    rng = np.random.default_rng(seed)
    gallery, bank, queries = unit(rng, 30), unit(rng, 6), unit(rng, 25)
    method = method_of(name)
    found = fit(method, gallery, bank, np.arange(10))
    s = queries @ gallery.T
    wanted = np.empty_like(s)
    for row in range(len(queries)):
        on = found.gate[s[row].argmax()]
        wanted[row] = s[row] - sum(bias for bias, switch in zip(found.bias.T.astype(float), on, strict=True) if switch)
    assert np.allclose(found.apply(s), wanted, atol=1e-12)
    rows = np.hstack([gallery, -found.bias])
    folded = np.hstack([queries, found.gate[s.argmax(axis=1)]]) @ rows.T
    assert np.allclose(folded, wanted, atol=1e-12)


@given(seed=seeds)
@settings(deadline=None)
def test_signed_weights_of_the_dual_softmax_are_the_dual_softmax(seed):
    rng = np.random.default_rng(seed)
    gallery, bank, own = unit(rng, 20), unit(rng, 15), np.arange(8)
    signed = make_method("signed", beta=20, beta_gallery=5, weight=0.8, weight_gallery=0.2)
    assert np.allclose(bias64(signed, gallery, bank, own), bias64(make_method("dual-is"), gallery, bank, own))


# -- streaming -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", METHODS)
@given(seed=seeds, gallery_rows=st.integers(1, 50), bank_rows=st.integers(1, 50), threads=st.sampled_from([1, 3]))
@settings(deadline=None, max_examples=20)
def test_blocks_and_threads_change_nothing(name, seed, gallery_rows, bank_rows, threads):
    rng = np.random.default_rng(seed)
    gallery, bank, own = unit(rng, 40), unit(rng, 33), np.arange(12)
    method = method_of(name)
    whole = fit(method, gallery, bank, own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(correction_module, "GALLERY_ROWS", gallery_rows)
        patch.setattr(banks_module.scan, "__kwdefaults__", {**banks_module.scan.__kwdefaults__, "bank_rows": bank_rows})
        made = HubnessCorrector(method, threads=threads)
        parts = made.fit(gallery, bank, own if "gallery" in method.banks else None)
    assert np.allclose(parts.bias, whole.bias, atol=1e-7)
    assert (parts.gate is None) == (whole.gate is None)
    assert parts.gate is None or np.array_equal(parts.gate, whole.gate)
    assert parts.banks == whole.banks


@pytest.mark.parametrize("name", METHODS)
@given(seed=seeds)
@settings(deadline=None, max_examples=20)
def test_the_order_of_the_bank_changes_nothing(name, seed):
    rng = np.random.default_rng(seed)
    gallery, bank, own = unit(rng, 40), unit(rng, 33), np.arange(12)
    method = method_of(name)
    one = fit(method, gallery, bank, own)
    two = fit(method, gallery, bank[rng.permutation(33)], rng.permutation(own))
    assert np.allclose(one.bias, two.bias, atol=1e-6)
    assert one.gate is None or np.array_equal(one.gate, two.gate)


@pytest.mark.parametrize(("name", "gated"), ALL)
@given(seed=seeds, cut=st.integers(1, 32), split=st.integers(1, 39))
@settings(deadline=None, max_examples=15)
def test_growing_is_a_new_fit(name, gated, seed, cut, split):
    rng = np.random.default_rng(seed)
    gallery, bank = unit(rng, 40), unit(rng, 33)
    own = rng.permutation(split)[: max(2, split // 2)] if split > 1 else np.zeros(1, int)
    extra = unit(rng, 4)
    method = method_of(name, gated)
    dual = "gallery" in method.banks
    made = HubnessCorrector(method)
    if dual and split == 1:  # an item alone with itself
        with pytest.raises(DataError, match="nothing but item 0 itself"):
            made.fit(gallery[:split], bank[:cut], own)
        return
    made.fit(gallery[:split], bank[:cut], own if dual else None)
    made.append_gallery(gallery[split:])
    found = made.append_bank(bank[cut:]) if cut < 33 else made.correction()
    wanted = HubnessCorrector(method).fit(gallery, bank, own if dual else None)
    same(found, wanted)
    if dual:
        found = made.append_bank(extra, "gallery")
        all_rows = np.concatenate([gallery[own], extra])
        fresh = HubnessCorrector(method)
        fresh.fit(gallery, bank, own)
        assert found.banks["gallery"] != wanted.banks["gallery"]
        assert np.allclose(found.bias, fresh.append_bank(extra, "gallery").bias, atol=1e-7)
        assert found.banks["gallery"] == HubnessCorrector(method).fit(gallery, bank, all_rows).banks["gallery"]


def same(found, wanted):
    assert np.allclose(found.bias, wanted.bias, atol=2e-7)
    assert (found.gate is None) == (wanted.gate is None)
    assert found.gate is None or np.array_equal(found.gate, wanted.gate)
    assert (found.method, found.params, found.banks) == (wanted.method, wanted.params, wanted.banks)


@pytest.mark.parametrize(("name", "gated"), ALL)
@given(seed=seeds, share=st.floats(0.05, 0.9))
@settings(deadline=None, max_examples=15)
def test_removing_is_a_new_fit(name, gated, seed, share):
    rng = np.random.default_rng(seed)
    gallery, bank = unit(rng, 40), unit(rng, 33)
    gone = rng.random(40) < share
    own = rng.permutation(np.flatnonzero(~gone))[:9]
    if len(own) < 2:
        return
    method = method_of(name, gated)
    dual = "gallery" in method.banks
    made = HubnessCorrector(method)
    made.fit(gallery, bank[:28], own if dual else None)
    found = made.remove_gallery(gone)
    place = (np.cumsum(~gone) - 1)[own] if dual else None
    same(found, HubnessCorrector(method).fit(gallery[~gone], bank[:28], place))
    # and it goes on growing
    again = np.concatenate([gallery[~gone], gallery[gone]])
    same(made.append_gallery(gallery[gone]), HubnessCorrector(method).fit(again, bank[:28], place))
    same(made.append_bank(bank[28:]), HubnessCorrector(method).fit(again, bank, place))


def test_a_removed_item_stays_in_the_gallery_bank():
    rng = np.random.default_rng(3)
    gallery, bank = unit(rng, 12), unit(rng, 9)
    method = make_method("dual-dis")
    made = HubnessCorrector(method)
    made.fit(gallery, bank, np.arange(6))
    gone = np.arange(12) == 2
    found = made.remove_gallery(gone)
    left = HubnessCorrector(method)
    left.fit(gallery[~gone], bank, np.arange(2))
    left.append_bank(gallery[2:3], "gallery")
    wanted = left.append_bank(np.array([2, 3, 4]), "gallery")
    same(found, wanted)


@pytest.mark.parametrize(("name", "gated"), ALL)
def test_a_stored_state_goes_on(name, gated, tmp_path):
    rng = np.random.default_rng(5)
    gallery, bank, more = unit(rng, 30), unit(rng, 20), unit(rng, 7)
    method = method_of(name, gated)
    made = HubnessCorrector(method)
    made.fit(gallery, bank, np.arange(10) if "gallery" in method.banks else None)
    np.savez(tmp_path / "state.npz", **made.state())
    with np.load(tmp_path / "state.npz", allow_pickle=False) as stored:
        again = HubnessCorrector.from_state(method, dict(stored), gallery)
    same(again.correction(), made.correction())
    same(again.append_bank(more), made.append_bank(more))
    same(again.append_gallery(more), made.append_gallery(more))


# -- precision -------------------------------------------------------------------------------------------------------
def test_float32_stays_near_float64_where_plain_exponentials_overflow():
    rng = np.random.default_rng(0)
    gallery, bank = unit(rng, 200, 32), unit(rng, 3000, 32)
    bank[:200] = gallery  # similarities of 1: exp(100) is infinite in float32
    for beta in (20.0, 100.0):
        exact = fit(make_method("is", beta=beta), gallery, bank)
        fast = fit(make_method("is", beta=beta), gallery.astype(np.float32), bank.astype(np.float32))
        assert np.isfinite(fast.bias).all()
        assert np.abs(fast.bias - exact.bias).max() < 1e-6
    with np.errstate(over="ignore"):
        assert np.isinf(np.exp(np.float32(100)))


def test_dual_softmax_in_float32():
    rng = np.random.default_rng(1)
    gallery, bank = unit(rng, 300, 32), unit(rng, 800, 32)
    method = make_method("dual-is", beta=100, beta_gallery=50)
    exact = fit(method, gallery, bank, np.arange(300))
    fast = fit(method, gallery.astype(np.float32), bank.astype(np.float32), np.arange(300))
    assert np.abs(fast.bias - exact.bias).max() < 1e-5


def test_an_item_is_not_compared_with_itself():
    rng = np.random.default_rng(0)
    gallery, bank = unit(rng, 6), unit(rng, 5)
    method = make_method("signed", beta=20, beta_gallery=20, weight=0, weight_gallery=1)
    inside = fit(method, gallery, bank, np.arange(6))
    one_by_one = [
        HubnessCorrector(method).fit(gallery, bank, np.delete(gallery, j, axis=0)).bias[j, 0] for j in range(6)
    ]
    assert np.allclose(inside.bias[:, 0], one_by_one, atol=1e-6)
    with_itself = HubnessCorrector(method).fit(gallery, bank, gallery)
    assert (with_itself.bias > inside.bias).all()


def test_without_a_gallery_bank_items_of_its_own_serve():
    rng = np.random.default_rng(0)
    gallery, bank = unit(rng, 60), unit(rng, 5)
    same(HubnessCorrector("dual-is").fit(gallery, bank), HubnessCorrector("dual-is").fit(gallery, bank, np.arange(60)))
    sample = own_bank(10_000)
    assert len(sample) == correction_module.OWN_BANK == len(set(sample.tolist()))
    assert np.array_equal(sample, own_bank(10_000))
    assert (np.diff(sample) > 0).all()


def test_a_memory_map_is_read_block_by_block(tmp_path):
    rng = np.random.default_rng(0)
    gallery, bank = unit(rng, 3000, 16, np.float32), unit(rng, 50, 16, np.float32)
    np.save(tmp_path / "rows.npy", gallery)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    same(HubnessCorrector("is").fit(mapped, bank), HubnessCorrector("is").fit(gallery, bank))


# -- what means nothing ----------------------------------------------------------------------------------------------
def test_a_bank_of_one_row_is_defined():
    rng = np.random.default_rng(0)
    gallery, bank = unit(rng, 9), unit(rng, 1)
    s = (gallery @ bank.T)[:, 0]
    for name, weight in (("is", 1), ("dis", 1), ("csls", 0.5), ("nnn", 0.75), ("centering", 1)):
        assert np.allclose(fit(make_method(name), gallery, bank).bias[:, 0], weight * s, atol=1e-6)
    gate = fit(make_method("dis"), gallery, bank).gate
    assert gate.sum() == 1
    assert gate[s.argmax(), 0]


def test_an_empty_gallery_has_an_empty_correction():
    found = HubnessCorrector("is").fit(np.zeros((0, 4), np.float32), np.eye(4, dtype=np.float32))
    assert found.bias.shape == (0, 1)
    assert found.apply(np.zeros((3, 0))).shape == (3, 0)


ROWS = np.eye(4, dtype=np.float32)


@pytest.mark.parametrize(
    ("gallery", "bank", "message"),
    [
        (np.vstack([ROWS, np.zeros((1, 4), np.float32)]), ROWS, "The gallery: row 4 is a zero vector"),
        (np.where(np.arange(4)[:, None] == 2, np.nan, ROWS), ROWS, "The gallery: row 2 holds NaN"),
        (ROWS, np.where(np.arange(4)[:, None] == 1, np.inf, ROWS), "The query bank: row 1 holds NaN or inf"),
        (ROWS, np.zeros((2, 4), np.float32), "The query bank: row 0 is a zero vector"),
        (ROWS, ROWS[:, :3], "vectors of length 3, but the gallery has vectors of length 4"),
        (ROWS, ROWS[:0], "The query bank has no rows"),
        (ROWS[0], ROWS, "The gallery: vectors are expected"),
        (ROWS.astype(int), ROWS, "The gallery: vectors are expected"),
        (ROWS, ROWS.astype(int), "The query bank: vectors are expected"),
    ],
)
@pytest.mark.parametrize("name", ["is", "csls", "centering", "dis"])
def test_bad_vectors(name, gallery, bank, message):
    with pytest.raises(DataError, match=message):
        HubnessCorrector(name).fit(gallery, bank)


def test_bad_rows_far_inside_are_named():
    gallery = np.ones((5000, 4), np.float32)
    gallery[4321] = 0
    with pytest.raises(DataError, match="row 4321 "):
        HubnessCorrector("is").fit(gallery, ROWS)


@pytest.mark.parametrize("own", [np.array([4]), np.array([-1])])
def test_positions_outside_the_gallery(own):
    with pytest.raises(DataError, match="outside the gallery of 4 items"):
        HubnessCorrector("dual-is").fit(ROWS, ROWS, own)


def test_failed_changes_leave_the_fit_as_it_was():
    made = HubnessCorrector("dual-dis")
    before = made.fit(ROWS, ROWS, np.arange(4))
    bad = np.full((1, 4), np.nan, np.float32)
    for change in (
        lambda: made.append_bank(bad),
        lambda: made.append_bank(bad, "gallery"),
        lambda: made.append_gallery(bad),
        lambda: made.remove_gallery(np.zeros(3, bool)),
        lambda: made.remove_gallery(np.zeros(4)),
    ):
        with pytest.raises(DataError):
            change()
    same(made.correction(), before)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_method("iss"), "There is no correction 'iss'. Did you mean 'is'"),
        (lambda: make_method("is", k=3), "has no parameter 'k'"),
        (lambda: make_method("is", beta=0), "must be above 0"),
        (lambda: make_method("is", beta=float("nan")), "finite number"),
        (lambda: make_method("nnn", k=2.5), "whole number"),
        (lambda: make_method("csls", k=0), "whole number from 1"),
        (lambda: make_method("signed"), "needs weight_gallery, chosen on development data"),
        (lambda: HubnessCorrector("is", threads=0), "at least 1"),
        (lambda: HubnessCorrector(make_method("is"), beta=3.0), "is complete"),
        (lambda: HubnessCorrector("is").fit(ROWS), "needs a query bank"),
        (lambda: HubnessCorrector("is").fit(ROWS, ROWS, ROWS), "uses no gallery bank"),
        (lambda: HubnessCorrector("is").append_bank(ROWS), "Nothing is fitted"),
        (lambda: HubnessCorrector("is").correction(), "Nothing is fitted"),
    ],
)
def test_bad_calls(call, message):
    with pytest.raises(UsageError, match=message):
        call()


def test_a_bank_that_the_method_does_not_have():
    made = HubnessCorrector("is")
    made.fit(ROWS, ROWS)
    with pytest.raises(UsageError, match="has no bank 'gallery', only query"):
        made.append_bank(ROWS, "gallery")


def test_a_state_of_something_else():
    made = HubnessCorrector("is")
    made.fit(ROWS, ROWS)
    with pytest.raises(DataError, match="lacks 'gallery/rows'"):
        HubnessCorrector.from_state("dual-is", made.state(), ROWS)
    with pytest.raises(DataError, match="does not fit is"):
        HubnessCorrector.from_state("is", made.state(), ROWS[:3])
    with pytest.raises(DataError, match="does not fit dis"):
        HubnessCorrector.from_state("dis", made.state(), ROWS)


def test_similarities_of_another_gallery():
    found = Correction("is", {}, np.zeros((4, 1), np.float32))
    with pytest.raises(DataError, match="do not fit a correction of 4 items"):
        found.apply(np.zeros((2, 5)))
