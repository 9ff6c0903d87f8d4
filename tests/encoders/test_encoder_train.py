"""Training: the gradient is that of the loss, batches are dealt as promised, and what is learned carries over."""

from __future__ import annotations

import numpy as np
import pytest

sparse = pytest.importorskip("scipy.sparse", reason="training needs scipy (extra: linking)")

from textnorm.encoders import (  # noqa: E402
    FeatureSettings,
    PairSource,
    StaticEncoder,
    TrainSettings,
    attributes_source,
    names_source,
    parents_source,
    train_static,
)
from textnorm.encoders.features import features  # noqa: E402
from textnorm.encoders.pairs import Dealer, Side  # noqa: E402
from textnorm.encoders.train import _Corpus, _gradient  # noqa: E402
from textnorm.errors import DataError, MissingExtraError, UsageError  # noqa: E402

FEATURES = FeatureSettings(buckets=2003)
QUICK = TrainSettings(dim=32, batch=32, passes=60, init=0.1)
#: Two words for one thing, without a common n-gram.
SYNONYMS = dict(
    zip(
        "nurse driver cook baker tailor painter farmer judge pilot clerk".split(),
        "medix chauffo kuliv pastov sutzi vopimu agrolo lexad aviot bufik".split(),
        strict=True,
    )
)
FIELDS = [f"{a}{b}" for a in "lor min tav pel gud".split() for b in "ba ke ri so tu".split()]


def concepts():
    """Return names by concept: a word of a job and a field, each job by either of its two words."""
    return {f"{job}/{field}": [f"{job} {field}", f"{SYNONYMS[job]} of {field}"] for job in SYNONYMS for field in FIELDS}


def mrr(encoder, queries, targets):
    scores = encoder.encode(queries) @ encoder.encode(targets).T
    own = np.diagonal(scores)[:, None]
    return float((1 / (1 + (scores > own).sum(axis=1))).mean())


def held_out():
    """Return the names to train on and, for concepts that were left out, their two names."""
    names = concepts()
    unseen = set(list(names)[::7])
    pairs = [names[concept] for concept in names if concept in unseen]
    known = {concept: group for concept, group in names.items() if concept not in unseen}
    return known, [pair[1] for pair in pairs], [pair[0] for pair in pairs]


def test_what_is_learned_holds_for_concepts_that_were_left_out():
    known, queries, targets = held_out()
    before = mrr(StaticEncoder.untrained(FEATURES, dim=32), queries, targets)
    after = mrr(train_static(known, settings=QUICK, feature_settings=FEATURES), queries, targets)
    assert before < 0.7  # the field alone is found, the job is not
    assert after > 0.9


def test_the_same_seed_gives_the_same_encoder_and_another_another():
    known, *_ = held_out()
    few = TrainSettings(dim=8, batch=16, passes=2)
    first, again = (train_static(known, settings=few, feature_settings=FEATURES) for _ in range(2))
    other = train_static(known, settings=TrainSettings(dim=8, batch=16, passes=2, seed=1), feature_settings=FEATURES)
    assert first.identity == again.identity
    assert (first.encode(["cook"]) == again.encode(["cook"])).all()
    assert other.identity != first.identity


def _loss(table, corpus, left, right, scale):
    """The objective, written down plainly in float64."""

    def side(given):
        items = sparse.csr_matrix(
            (np.ones(len(given.texts)), np.arange(len(given.texts)), given.indptr), (given.count, len(given.texts))
        )
        sums = items @ (corpus.texts[given.texts] @ corpus.words @ table)
        return sums / np.linalg.norm(sums, axis=1, keepdims=True)

    scores = scale * side(left) @ side(right).T
    scores[left.same(right)] = -np.inf
    own = np.diagonal(scores)
    by_row, by_column = (np.log(np.exp(scores).sum(axis=axis)) for axis in (1, 0))
    return float(np.mean(by_row + by_column - 2 * own) / 2)


@pytest.mark.parametrize("bags", [False, True])
def test_a_step_follows_the_gradient_of_the_loss(bags):
    options = FeatureSettings(buckets=61, min_n=2, max_n=2)
    names = {"a": ["red cat", "rot"], "b": ["blue dog", "red cat"], "c": ["eel", "aal", "eel fish"]}
    source = PairSource("t", list(names.values()), list(names.values()) if bags else None, bag=(1, 2) if bags else None)
    corpus = _Corpus([source], options)
    left = Side(np.array([0, 2, 3]), np.arange(4))
    right = Side(np.array([1, 2, 0, 4, 5]), np.array([0, 1, 3, 5])) if bags else Side(np.array([1, 0, 4]), np.arange(4))
    table = np.random.default_rng(0).standard_normal((61, 5)).astype(np.float32)
    plain = table.astype(np.float64)
    gradient = np.zeros_like(plain)
    for i in np.ndindex(*plain.shape):
        ends = []
        for sign in (1, -1):
            moved = plain.copy()
            moved[i] += sign * 1e-5
            ends.append(_loss(moved, corpus, left, right, 7.0))
        gradient[i] = (ends[0] - ends[1]) / 2e-5
    loss, rows, found = _gradient(table, corpus, left, right, 7.0)
    assert loss == pytest.approx(_loss(plain, corpus, left, right, 7.0), abs=1e-4)
    assert len(rows) > 10
    assert np.allclose(found, gradient[rows], atol=1e-4 * np.abs(gradient).max())
    assert np.abs(np.delete(gradient, rows, axis=0)).max() == 0


def test_rare_words_start_longer_and_a_row_seen_once_does_not_jump():
    names = {str(i): [f"common word{i}", f"common other{i}"] for i in range(40)}
    calm = train_static(names, settings=TrainSettings(dim=16, passes=1, damping=1e6), feature_settings=FEATURES)
    table = StaticEncoder.weighted([name for group in names.values() for name in group], FEATURES).table()
    lengths = [np.linalg.norm(encoder, axis=1) for encoder in (calm.table(), table)]
    common, rare = (features([word], FEATURES).word_rows[0] for word in ("common", "word7"))
    for found in lengths:
        assert found[rare] > 1.5 * found[common]
    wild = train_static(names, settings=TrainSettings(dim=16, passes=1, damping=0), feature_settings=FEATURES)
    assert (wild.encode(["word7"]) @ calm.encode(["word7"]).T).item() < 0.999


def test_names_without_a_partner_count_for_what_is_rare():
    known, *_ = held_out()
    few = TrainSettings(dim=8, batch=16, passes=1)
    plain = train_static(known, settings=few, feature_settings=FEATURES)
    single = train_static({**known, "x": ["nurse of all"]}, settings=few, feature_settings=FEATURES)
    again = train_static(known, texts=["nurse of all"], settings=few, feature_settings=FEATURES)
    assert single.identity == again.identity != plain.identity


def test_a_name_of_two_concepts_is_no_negative():
    left = Side(np.array([0, 1, 2]), np.arange(4))
    assert left.same(Side(np.array([5, 0, 7]), np.arange(4))).tolist() == [
        [False, True, False],
        [False, False, False],
        [False, False, False],
    ]
    assert not left.same(Side(np.array([5, 6, 7]), np.arange(4))).any()
    assert left.same(Side(np.array([5, 7, 7]), np.arange(4))).sum() == 2


@pytest.mark.parametrize("batch", [2, 3, 7, 100])
def test_no_group_comes_twice_in_a_batch_and_all_come_often(batch):
    groups = [[f"{i} a", f"{i} b", f"{i} c"] for i in range(10)]
    source = PairSource("t", groups)
    corpus = _Corpus([source], FEATURES)
    deck = Dealer(source, corpus.number, batch, np.random.default_rng(0))
    of = {corpus.number[text]: i for i, group in enumerate(groups) for text in group}
    seen = np.zeros(10, dtype=int)
    for _ in range(60):
        left, right = deck.deal()
        own = [of[text] for text in left.texts]
        assert own == [of[text] for text in right.texts]
        assert len(set(own)) == len(own) == min(batch, 10)
        assert (left.texts != right.texts).all()
        np.add.at(seen, own, 1)
    assert seen.min() > 0.4 * seen.max()


def test_a_bag_has_the_promised_number_of_texts_and_no_repeats():
    skills = {"a": [f"s{i}" for i in range(9)], "b": ["s1", "s2"], "c": ["s3"]}
    source = attributes_source({"a": ["x"], "b": ["y"], "c": ["z"], "d": ["w"]}, skills, bag=(2, 4))
    assert len(source) == 3
    corpus = _Corpus([source], FEATURES)
    deck = Dealer(source, corpus.number, 3, np.random.default_rng(0))
    x = corpus.number["x"]
    sizes = set()
    for _ in range(50):
        left, right = deck.deal()
        for i, text in enumerate(left.texts):
            bag = right.texts[right.indptr[i] : right.indptr[i + 1]]
            assert len(set(bag)) == len(bag)
            if text == x:
                sizes.add(len(bag))
    assert sizes == {2, 3, 4}


def test_sources():
    names = {"1": ["a", "a", "b"], "2": ["c"], "p": ["parent", "top"], "3": []}
    assert names_source(names).left == [["a", "b"], ["parent", "top"]]
    assert names_source(names).pairs() == 2
    above = parents_source(names, {"1": ["p"], "2": ["p"], "3": ["p"], "p": ["unknown"]})
    assert (above.left, above.right) == ([["a", "b", "c"]], [["parent", "top"]])
    with pytest.raises(DataError, match="Text 0 is int"):
        names_source({"1": [1, 2]})


def test_each_source_is_taken_by_its_weight():
    names = {str(i): [f"name {i}", f"other {i}"] for i in range(20)}
    sources = [names_source(names, weight=3), names_source(names, name="again", weight=1), PairSource("none", [])]
    seen = []
    encoder = train_static(
        sources, settings=TrainSettings(dim=4, batch=8, passes=40), feature_settings=FEATURES, on_event=seen.append
    )
    share = np.mean([event.source == "names" for event in seen])
    assert 0.6 < share < 0.9
    assert set(encoder.card["sources"]) == {"names", "again"}


def test_progress_and_card():
    known, *_ = held_out()
    seen = []
    settings = TrainSettings(dim=8, batch=32, passes=3)
    encoder = train_static(
        known, settings=settings, feature_settings=FEATURES, on_event=seen.append, name="jobs", card={"licence": "own"}
    )
    assert [event.step for event in seen] == list(range(1, seen[0].steps + 1))
    assert seen[-1].pairs == 32 * len(seen) == encoder.card["training"]["pairs"]
    assert seen[-1].loss < seen[0].loss
    assert encoder.card["licence"] == "own"
    assert encoder.identity.startswith("textnorm.static.v1:jobs:")


def test_pairs_are_bounded():
    known, *_ = held_out()
    seen = []
    settings = TrainSettings(dim=8, batch=32, passes=1000, max_pairs=320)
    train_static(known, settings=settings, feature_settings=FEATURES, on_event=seen.append)
    assert len(seen) == 10


@pytest.mark.parametrize("names", [{}, {"a": ["x", "y"]}, {"a": ["x", "x"], "b": ["y"]}])
def test_nothing_to_train_on(names):
    with pytest.raises(UsageError, match="nothing to train on"):
        train_static(names)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dim": 0},
        {"batch": 1},
        {"passes": 0},
        {"scale": 0},
        {"scale": 41},
        {"rate": -1.0},
        {"init": 0.0},
        {"damping": -1.0},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError):
        TrainSettings(**wrong)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"left": [["a"]]}, "without a pair"),
        ({"left": [["a"], ["b"]], "right": [["c"]]}, "2 groups on the left and 1"),
        ({"left": [["a"]], "right": [[]]}, "without a pair"),
        ({"left": [["a", "b"]], "bag": (1, 2)}, "needs a right side"),
        ({"left": [["a"]], "right": [["b"]], "bag": (3, 2)}, "least <= most"),
    ],
)
def test_sources_that_cannot_be_dealt_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        PairSource("t", **arguments)


def test_a_rate_that_diverges_is_an_error():
    known, *_ = held_out()
    wild = TrainSettings(dim=8, batch=32, passes=4, rate=1e38, init=1e-3)
    with pytest.raises(DataError, match="diverged"), np.errstate(all="ignore"):
        train_static(known, settings=wild, feature_settings=FEATURES)


def test_without_scipy_the_error_says_how_to_get_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingExtraError, match="linking"):
        train_static({"a": ["x", "y"], "b": ["z", "w"]}, feature_settings=FEATURES)
