"""The tuner and the guard: gains are found, losses are refused, wrong banks are seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from textnorm.errors import DataError, UsageError
from textnorm.retrieval.candidates import raw_candidates
from textnorm.retrieval.correction import HubnessCorrector
from textnorm.retrieval.guard import LIMIT, check_bank, script_distance
from textnorm.retrieval.measures import first_ranks
from textnorm.retrieval.methods import make_method
from textnorm.retrieval.tuner import Bench, _halves, default_method, settings_for, tune


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def world(seed, *, n=600, queries=400, bank=500, d=24, noise=0.8, hubs=0.9):
    """A gallery with hubs: items are pulled towards the queries' common direction, each as far as chance has it."""
    rng = np.random.default_rng(seed)
    clean = rng.standard_normal((n, d)) / math.sqrt(d)
    common = np.ones(d) / math.sqrt(d)
    gallery = unit(clean + hubs * rng.random((n, 1)) * common)

    def asked(rows):
        return unit(clean[rows] + common + noise * rng.standard_normal((len(rows), d)) / math.sqrt(d))

    gold = rng.integers(0, n // 2, queries)
    others = rng.integers(n // 2, n, bank)
    return gallery, asked(gold), [[int(g)] for g in gold], asked(others)


SOME = [make_method("csls"), make_method("is", beta=10), make_method("dis", beta=10), make_method("dual-is")]


def test_a_gain_is_taken():
    gallery, queries, gold, bank = world(0)
    report = tune(gallery, queries, gold, bank, settings=SOME)
    assert report.method is not None
    assert report.method == report.best == report.trials[0].method
    assert report.gains["recall@1"].lo >= 0
    assert report.corrected.recall_1 - report.raw.recall_1 == pytest.approx(report.gains["recall@1"].value)
    assert report.corrected.recall_1 > report.raw.recall_1 + 0.05
    assert report.raw.hubness.skewness > report.corrected.hubness.skewness
    assert sum(report.queries) == 400
    assert abs(report.queries[0] - 200) < 10
    assert len(report.trials) == len(SOME)
    assert report.bank.fits
    assert report.warnings == []
    text = "\n".join(report.lines())
    assert text.startswith("correction: ")
    assert "skewness" in text
    assert "gain in recall@1: +" in text


@pytest.mark.parametrize("seed", range(5))
def test_a_correction_that_hurts_is_refused_though_skewness_falls(seed):
    """A few items are what most queries are for: right to be hubs. Correction takes them away."""
    rng = np.random.default_rng(seed)
    gallery, _, _, _ = world(seed, hubs=0)

    def asked(n, popular):
        items = np.where(rng.random(n) < popular, rng.integers(0, 60, n), rng.integers(0, len(gallery), n))
        return unit(gallery[items] + 0.12 * rng.standard_normal((n, gallery.shape[1]))), items

    queries, gold = asked(300, 0.7)
    bank, _ = asked(500, 0.9)
    harmful = [make_method("csls", k=5), make_method("is", beta=10)]
    report = tune(gallery, queries, [[int(g)] for g in gold], bank, settings=harmful)
    assert report.method is None
    assert report.best in harmful
    assert "does not rule out a loss" in report.reason
    assert report.gains["recall@1"].value < 0
    assert report.corrected.hubness.skewness < report.raw.hubness.skewness
    assert next(report.lines()).startswith("correction: none: ")


def test_noise_is_refused():
    """Nothing to gain: a bank at random, no hubs. Whatever looks best on one half must prove itself on the other."""
    taken = 0
    for seed in range(20):
        gallery, queries, gold, _ = world(seed, n=200, queries=120, hubs=0)
        bank = unit(np.random.default_rng(seed).standard_normal((100, gallery.shape[1])))
        taken += tune(gallery, queries, gold, bank, settings=SOME).method is not None
    assert taken <= 2


def test_few_queries_choose_nothing():
    gallery, queries, gold, bank = world(0)
    report = tune(gallery, queries[:30], gold[:30], bank)
    assert report.method is None
    assert "30 labelled queries are too few" in report.reason
    warned = tune(gallery, queries[:100], gold[:100], bank, settings=SOME)
    assert any("give 200 or more" in warning for warning in warned.warnings)


def test_the_settings_are_scored_as_a_full_ranking_would(monkeypatch):
    gallery, queries, gold, bank = world(3, n=150)
    settings = [*SOME, make_method("dual-dis"), make_method("signed", weight_gallery=-0.5), make_method("centering")]
    bench = Bench.of(gallery, queries, gold, bank, np.arange(50), settings, depth=150)
    table = queries @ gallery.T
    right = np.zeros(table.shape, bool)
    right[np.arange(len(gold)), np.array(gold)[:, 0]] = True
    assert np.array_equal(bench.ranks(None), first_ranks(table, right))
    for method in settings:
        own = np.arange(50) if "gallery" in method.banks else None
        alone = HubnessCorrector(method).fit(gallery, bank, own)
        assert np.allclose(bench.correction(method).bias, alone.bias, atol=1e-7)
        assert bench.correction(method).banks == alone.banks
        assert np.array_equal(bench.ranks(method), first_ranks(alone.apply(table), right))


@pytest.mark.parametrize("block", [64, 1 << 23])
def test_candidates_are_the_nearest(block, monkeypatch):
    monkeypatch.setattr("textnorm.retrieval.candidates.BLOCK", block)
    gallery, queries, _, _ = world(1, n=300, queries=40)
    found = raw_candidates(gallery, queries, 20)
    table = queries @ gallery.T
    assert np.array_equal(found.items, np.sort(np.argsort(-table, axis=1)[:, :20], axis=1))
    assert np.allclose(found.similarities, np.take_along_axis(table, found.items, axis=1), atol=1e-6)
    assert np.array_equal(found.first, table.argmax(axis=1))
    assert np.array_equal(found.best(None, 5), np.argsort(-table, axis=1)[:, :5])


def test_a_gallery_smaller_than_the_depth():
    gallery, queries, gold, bank = world(1, n=200, queries=200)
    assert tune(gallery, queries, gold, bank, settings=SOME).raw.recall_10 > 0


def test_the_order_of_the_settings_is_from_safe_to_daring():
    names = [method.name for method in settings_for()]
    assert names.index("csls") < names.index("dis") < names.index("is") < names.index("signed")
    assert len(set(settings_for())) == len(names)
    assert "signed" not in {method.name for method in settings_for(["query"])}


@pytest.mark.parametrize(("rows", "beta"), [(1, 5), (50, 5), (300, 10), (1800, 20), (100_000, 20)])
def test_the_default_across_languages_grows_with_the_bank(rows, beta):
    method = default_method(rows, cross_lingual=True)
    assert method.name == "is"
    assert dict(method.params)["beta"] == pytest.approx(beta, abs=0.1)


def test_the_default_in_one_language_is_gated():
    method = default_method(1800, cross_lingual=False)
    assert method.name == "csls"
    assert method.gated


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g, q, gold, b: (g, q, gold[:-1], b), "399 lists of right items for 400 queries"),
        (lambda g, q, gold, b: (g, q, [[], *gold[1:]], b), "Query 0 has no right item"),
        (lambda g, q, gold, b: (g, q, [[600], *gold[1:]], b), "Query 0 has a right item outside the gallery of 600"),
        (lambda g, q, gold, b: (g, q[:, :5], gold, b), "vectors of length 5"),
        (lambda g, q, gold, b: (g, q, gold, q[:3]), "holds nothing but labelled queries"),
        (lambda g, q, gold, b: (g, q, gold, b * np.nan), "NaN"),
        (lambda g, q, gold, b: (g * 0, q, gold, b), "zero vector"),
    ],
)
def test_bad_input(change, message):
    with pytest.raises(DataError, match=message):
        tune(*change(*world(0)), settings=SOME)


def test_a_bank_unlike_the_queries_needs_a_word():
    """The same gain, but from a bank that the guard does not know: only on demand."""
    gallery, queries, gold, bank = world(0)
    shifted = unit(bank + np.linspace(0, 0.6, bank.shape[1]))
    report = tune(gallery, queries, gold, shifted, settings=SOME)
    assert report.gains["recall@1"].lo > 0
    assert report.method is None
    assert "does not look like the queries" in report.reason
    trusted = tune(gallery, queries, gold, shifted, settings=SOME, trust_bank=True)
    assert trusted.method == report.best
    assert trusted.warnings == report.warnings != []


def test_queries_of_one_item_stay_together():
    groups = np.repeat(np.arange(60), 7)
    for seed in range(5):
        one, two = _halves(groups, seed)
        assert not set(groups[one]) & set(groups[two])
        assert sorted([*one, *two]) == list(range(420))
        assert abs(len(one) - len(two)) <= 14


def test_queries_with_few_answers_teach_nothing():
    gallery, queries, _, bank = world(0)
    report = tune(gallery, queries, [[i % 39] for i in range(len(queries))], bank, settings=SOME)
    assert report.method is None
    assert "only 39 different right items (40 at least)" in report.reason


def test_labelled_queries_in_the_bank_are_left_out():
    gallery, queries, gold, bank = world(0)
    clean = tune(gallery, queries, gold, bank, settings=SOME)
    mixed = tune(gallery, queries, gold, np.concatenate([queries[:70], bank]), settings=SOME)
    assert mixed.warnings == ["70 of 570 bank rows are labelled queries; they were left out to choose."]
    assert mixed.trials == clean.trials
    assert mixed.gains == clean.gains


def test_bad_options():
    with pytest.raises(UsageError, match="no objective 'map'"):
        tune(*world(0), objective="map")
    with pytest.raises(UsageError, match="no settings"):
        tune(*world(0), settings=[])


# -- guard -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(5))
def test_a_sample_of_the_queries_fits(seed):
    gallery, queries, _, bank = world(seed)
    found = check_bank(bank, queries, gallery)
    assert found.fits
    assert abs(found.separability - 0.5) < 0.15
    assert found.mean_cosine > 0.9
    assert found.nearest_bank == pytest.approx(found.nearest_queries, abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_another_kind_of_text_does_not_fit(seed):
    gallery, queries, _, _ = world(seed)
    other = unit(np.random.default_rng(seed).standard_normal((300, gallery.shape[1])))
    found = check_bank(other, queries, gallery)
    assert not found.fits
    assert found.separability > LIMIT
    assert "does not look like the queries" in found.reason
    report = tune(gallery, queries, world(seed)[2], other, settings=SOME)
    assert found.reason in report.warnings


def test_items_of_the_gallery_do_not_fit():
    gallery, queries, _, _ = world(0)
    found = check_bank(gallery[:300], queries, gallery)
    assert not found.fits
    assert found.nearness > LIMIT
    assert "by the similarity to their nearest item" in found.reason
    assert found.nearest_bank == pytest.approx(1)


def test_too_few_rows_are_not_judged():
    gallery, queries, _, bank = world(0)
    found = check_bank(bank[:5], queries, gallery)
    assert found.fits
    assert math.isnan(found.separability)
    assert found.reason.startswith("not checked")


def test_scripts_are_compared_where_texts_are_given():
    _, queries, _, bank = world(0)
    found = check_bank(bank, queries, bank_texts=["žmogus", "namas 12"], query_texts=["человек", "дом"])
    assert found.scripts == 1
    assert script_distance(["abč"], ["xyz", "ab"]) == 0
    assert script_distance(["aб"], ["a"]) == pytest.approx(0.5)
    assert math.isnan(script_distance(["12"], ["a"]))
    assert math.isnan(check_bank(bank, queries).scripts)


def test_bad_vectors_are_named():
    gallery, queries, _, bank = world(0)
    with pytest.raises(DataError, match="The query bank: row 2 is a zero vector"):
        check_bank(np.where(np.arange(500)[:, None] == 2, 0, bank), queries)
    with pytest.raises(DataError, match="The queries: vectors of length 3"):
        check_bank(bank, queries[:, :3])
    with pytest.raises(DataError, match="gallery"):
        check_bank(bank, queries, gallery[:, :3])
