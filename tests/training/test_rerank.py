"""Re-ranking: order and probabilities of a verdict, the cross-encoder's start, training, files, what it reads."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textnorm.errors import DataError, UsageError
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Candidates, Queries
from textnorm.linking.rerank import Names, Reranker, Verdict, load_reranker, mention_text, reorder


def candidates(*lists):
    """Return candidates from lists of (concept, score, name)."""
    flat = [item for one in lists for item in one]
    indptr = np.concatenate(([0], np.cumsum([len(one) for one in lists]))).astype(np.int64)
    return Candidates(
        indptr,
        np.array([item[0] for item in flat], np.int32),
        np.array([item[1] for item in flat], np.float32),
        np.array([item[2] for item in flat], np.int32),
    )


# -- order and probabilities -----------------------------------------------------------------------------------------
@given(
    st.lists(st.lists(st.floats(-30, 30, width=32), max_size=5), min_size=1, max_size=4), st.floats(-30, 30, width=32)
)
def test_probabilities_of_a_query_and_none_sum_to_one_and_fall(lists, none):
    found = candidates(*[[(i, score, i) for i, score in enumerate(one)] for one in lists])
    order = reorder(found, Verdict(found.scores, np.full(len(lists), none, np.float32)))
    assert sorted(order.rows.tolist()) == list(range(len(found.scores)))
    for i in range(len(lists)):
        rows = slice(found.indptr[i], found.indptr[i + 1])
        assert abs(order.p[rows].sum() + order.none[i] - 1) < 1e-9
        assert (np.diff(order.p[rows]) <= 1e-12).all()
        assert (np.diff(found.scores[order.rows[rows]]) <= 0).all()
        assert set(order.rows[rows]) == set(range(int(found.indptr[i]), int(found.indptr[i + 1])))


def test_of_equal_scores_the_linkers_first_stays_first():
    found = candidates([(5, 3, 0), (2, 2, 0), (9, 1, 0)])
    order = reorder(found, Verdict(np.array([1, 1, 2], np.float32), np.array([0], np.float32)))
    assert order.rows.tolist() == [2, 0, 1]


# -- what is read ----------------------------------------------------------------------------------------------------
def test_a_mention_is_marked_in_its_context():
    assert mention_text("the  nurse", None) == "the nurse"
    assert mention_text("nurse", "We seek a Nurse now") == "nurse | We seek a [ nurse ] now"
    assert mention_text("cook", "nothing here") == "cook | nothing here"
    assert mention_text("x", "a" * 500 + "x" + "b" * 500) == f"x | {'a' * 128}[ x ]{'b' * 128}"
    assert mention_text("nurse", None, ("first aid", "hygiene")) == "nurse | first aid, hygiene"


def test_a_candidate_is_read_by_its_names_and_types():
    kb = KnowledgeBase(
        [
            ("1", "cook", "en", "preferred", None, None),
            ("1", "chef", "en", None, None, None),
            ("1", "virėjas", "lt", None, None, None),
            ("1", "kitchen chief", "en", None, None, None),
            ("1", "culinary worker of the house", "en", None, None, None),
        ],
        {"1": {"types": ["occupation"], "parents": [], "attributes": []}},
    )
    names = Names(kb)
    assert names.text(0, 2, "en") == "virėjas; cook; chef; kitchen chief (occupation)"
    assert names.text(0, -1, "lt").startswith("virėjas; cook")


# -- the cross-encoder -----------------------------------------------------------------------------------------------
LETTERS = "abcdefghijklmnop"


@pytest.fixture(scope="module")
def cross():
    """The module, where torch is installed."""
    pytest.importorskip("torch", reason="the cross-encoder is an extra: encoders")
    pytest.importorskip("transformers", reason="the cross-encoder is an extra: encoders")
    from textnorm.linking import cross

    return cross


@pytest.fixture(scope="module")
def world():
    """A base in which the linker always puts the wrong concept first: the one that a letter's code name hides."""
    rows = [
        (f"{x}{i}", f"{word} {x}", None, None, None, None) for i, word in enumerate(("nurse", "cook")) for x in LETTERS
    ]
    kb = KnowledgeBase(rows)
    queries, gold, lists = [], [], []
    for x in LETTERS:
        wrong, right = kb.number[f"{x}0"], kb.number[f"{x}1"]
        for text in (f"driver {x}", f"the driver of {x}"):
            queries.append(text)
            gold.append(frozenset([right]))
            lists.append([(wrong, 0.9, wrong), (right, 0.8, right)])
        queries.append(f"head {x}")
        gold.append(frozenset())
        lists.append([(wrong, 0.9, wrong), (right, 0.8, right)])
    return kb, Queries.of(queries), gold, candidates(*lists)


@pytest.fixture(scope="module")
def trained(cross, world, tiny_model):
    kb, queries, gold, found = world
    settings = cross.CrossSettings(epochs=40, rate=2e-3, batch=8, regularization=0.001, threads=1, length=24)
    seen = []
    examples = cross.Examples(queries, gold, found)
    model, back = cross.train_cross(
        tiny_model, examples, kb, settings=settings, on_event=lambda *event: seen.append(event)
    )
    assert [event[0] for event in seen] == list(range(1, seen[0][1] + 1))
    return model, back


def test_an_untrained_cross_encoder_changes_nothing(cross, world, tiny_model):
    kb, queries, _, found = world
    model = cross.CrossReranker.fresh(tiny_model, cross.Base(10, 0.5), cross.CrossSettings(threads=1))
    assert isinstance(model, Reranker)
    verdict = model.verdict(queries, found, kb)
    assert np.allclose(verdict.scores, 10 * found.scores, atol=1e-5)
    assert np.allclose(verdict.none, 5, atol=1e-5)
    assert (model.scores(queries, found, kb) == verdict.scores).all()


def test_it_learns_what_the_linker_gets_wrong_and_when_nothing_is_right(cross, world, trained):
    kb = world[0]
    model, back = trained
    order = reorder(back.candidates, model.verdict(back.queries, back.candidates, kb))
    right = 0
    for i, gold in enumerate(back.gold):
        first = int(back.candidates.concepts[order.rows[back.candidates.indptr[i]]])
        p = order.p[back.candidates.indptr[i]]
        right += (first in gold and p > order.none[i]) if gold else p < order.none[i]
    assert right >= 0.8 * len(back.gold)


def test_a_query_is_judged_alone_as_in_a_batch(world, trained):
    kb, queries, _, found = world
    model, _ = trained
    whole = model.verdict(queries, found, kb)
    one = model.verdict(
        queries.part([3]),
        candidates([(int(found.concepts[j]), float(found.scores[j]), int(found.names[j])) for j in range(6, 8)]),
        kb,
    )
    assert np.allclose(one.scores, whole.scores[6:8], atol=1e-4)
    assert np.allclose(one.none, whole.none[3:4], atol=1e-4)


def test_what_is_not_looked_at_stays_behind_in_its_order(cross, world, tiny_model):
    kb = world[0]
    model = cross.CrossReranker.fresh(tiny_model, cross.Base(10, 0.5), cross.CrossSettings(top=2, threads=1))
    model.corrections = lambda first, second: np.array([-9.0, -8.0, 0.0, 1.0, 0.0])
    found = candidates([(0, 0.9, 0), (1, 0.8, 1), (2, 0.7, 2), (3, 0.6, 3)], [(4, 0.5, 4)])
    scores = model.verdict(Queries.of(["driver", "cook"]), found, kb).scores
    assert np.allclose(scores[:2], [0, 0], atol=1e-5)
    assert scores[2] < scores[:2].min()
    assert scores[3] < scores[2]
    assert np.isclose(scores[2] - scores[3], 1, atol=1e-5)
    assert np.isclose(scores[4], 6)


def test_no_candidates_at_all(cross, world, tiny_model):
    kb = world[0]
    model = cross.CrossReranker.fresh(tiny_model, cross.Base(10, 0.5), cross.CrossSettings(threads=1))
    verdict = model.verdict(Queries.of(["driver", "cook"]), Candidates.empty(2), kb)
    assert reorder(Candidates.empty(2), verdict).none.tolist() == [1, 1]


def test_saved_and_loaded(cross, world, trained, tmp_path):
    kb, queries, _, found = world
    model, _ = trained
    model.save(tmp_path / "r")
    again = load_reranker(tmp_path / "r", threads=1)
    assert np.allclose(again.scores(queries, found, kb), model.scores(queries, found, kb), atol=1e-4)
    assert again.card["queries"] > 0
    model.save(tmp_path / "r")
    manifest = json.loads((tmp_path / "r" / "textnorm-reranker.json").read_text("utf-8"))
    (tmp_path / "r" / "textnorm-reranker.json").write_text(json.dumps({**manifest, "version": 9}), "utf-8")
    with pytest.raises(DataError, match="version 9"):
        load_reranker(tmp_path / "r")
    with pytest.raises(UsageError, match="is no re-ranker"):
        load_reranker(tmp_path)
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="is no re-ranker"):
        model.save(tmp_path)


def test_the_right_candidates_are_always_in_a_step(cross):
    rng = np.random.default_rng(0)
    found = candidates([(i, 1 - i / 40, i) for i in range(30)])
    settings = cross.CrossSettings(top=16, sampled=5)
    for right in (0, 7, 15):
        examples = cross.Examples(Queries.of(["x"]), [frozenset([right])], found)
        got = cross._sampled(examples, [0], settings, rng).candidates
        assert right in got.concepts.tolist()
        assert len(got.concepts) == 5
        assert (np.diff(got.concepts) > 0).all()
        assert got.concepts.max() < 16


def test_the_base_and_the_temperature_are_the_likeliest(cross):
    lists = [[(0, 0.9, 0), (1, 0.5, 1)]] * 9 + [[(0, 0.2, 0), (1, 0.1, 1)]] * 3
    examples = cross.Examples(Queries.of(["q"] * 12), [frozenset([0])] * 9 + [frozenset()] * 3, candidates(*lists))
    base = cross.fit_base(examples, 16)
    assert 0.2 < base.level < 0.9
    assert base.scale > 10
    unsure = Verdict(examples.candidates.scores * 0.1, np.full(12, 0.05, np.float32))
    assert cross.fit_temperature(unsure, examples, 16) < 0.5


@pytest.mark.parametrize(
    "wrong", [{"top": 0}, {"sampled": 1}, {"epochs": 0}, {"rate": 0.0}, {"regularization": -1.0}, {"held_back": 1.0}]
)
def test_settings_out_of_range(cross, wrong):
    with pytest.raises(UsageError):
        cross.CrossSettings(**wrong)


def test_too_few_examples_are_refused(cross, world, tiny_model):
    kb, queries, gold, found = world
    few = cross.Examples(queries, gold, found).part(range(4))
    with pytest.raises(DataError, match="too few"):
        cross.train_cross(tiny_model, few, kb)
