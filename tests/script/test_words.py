"""Training on pairs of words: the letters around an arc, whose hand wrote a word, readings that are several words."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm import load
from textnorm.conformance import check
from textnorm.errors import DataError
from textnorm.normalizers.script import make_script, store
from textnorm.normalizers.script.beam import _rank
from textnorm.normalizers.script.channel import Arc, Channel
from textnorm.normalizers.script.counting import Plan
from textnorm.normalizers.script.hands import STRETCH, Hands, find_hands, learn_hands, posterior, taught_shares
from textnorm.normalizers.script.reader import parts_of
from textnorm.normalizers.script.spelling import WHOLE, WIDTH, Examples, Sparse, Speller, arc_features, fit_speller
from textnorm.normalizers.script.train import train

VOWELS = "aeo"


def modern(word):
    """The rule of a made-up language: d is ð behind a vowel, and j is í where a word begins."""
    out = [("ð" if c == "d" and i and word[i - 1] in VOWELS else c) for i, c in enumerate(word)]
    return "".join("í" if c == "j" and i == 0 else c for i, c in enumerate(out))


def old_words(n, seed):
    draw = random.Random(seed)
    syllables = [c + v + e for c in "dbtgjs" for v in VOWELS for e in ("", "d", "n", "r")]
    return ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(n)]


@pytest.fixture(scope="module")
def trained():
    """A model of the made-up language, from 2,400 pairs."""
    pairs = [(word, modern(word)) for word in old_words(2400, 1)]
    return train([target for _, target in pairs], {}, pairs, Plan(order=5))


# -- the letters around an arc -----------------------------------------------------------------------------------------
ARCS = [Arc("d", "d", 0.7), Arc("d", "ð", 0.3), Arc("a", "a", 1.0), Arc("", "x", 0.1), Arc("x", "x", 0.9)]


def test_features_are_those_of_arcs_where_there_is_a_choice():
    channel = Channel(ARCS)
    # Last arc first: "ad" read as "að", and as "ad"; then "d" with an inserted letter.
    arcs = np.array([[1, 2], [0, 2], [3, 0]], dtype=np.int32)
    found = arc_features(channel, ["ad", "d"], np.array([0, 2, 3]), arcs)
    assert found.rows == 3
    assert np.bincount(found.row).tolist() == [WIDTH, WIDTH, 2 * WIDTH]
    assert not set(found.at[found.row == 0]) & set(found.at[found.row == 1])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("adx", min_size=1, max_size=8), min_size=1, max_size=5))
def test_features_of_a_unit_are_the_same_alone_and_in_a_batch(units):
    channel = Channel(ARCS)
    first = {"a": 2, "d": 1, "x": 4}
    steps = max(map(len, units))
    arcs = np.full((len(units), steps), -2, dtype=np.int32)
    for i, unit in enumerate(units):
        arcs[i, : len(unit)] = [first[c] for c in reversed(unit)]
    together = arc_features(channel, units, np.arange(len(units) + 1), arcs)
    for i, unit in enumerate(units):
        alone = arc_features(channel, [unit], np.array([0, 1]), arcs[i : i + 1, : len(unit)])
        assert alone.at.tolist() == together.at[together.row == i].tolist()


def test_the_speller_learns_what_dense_features_cannot_tell():
    n = 200
    # Two readings of each unit, alike but for one feature of the right one.
    at = np.tile([7, 9], n)
    examples = Examples(
        np.zeros((2 * n, len(WHOLE))), Sparse(at, np.arange(2 * n), 2 * n), np.arange(0, 2 * n + 1, 2), np.arange(n) * 2
    )
    table, weights = fit_speller(examples, np.zeros(len(WHOLE)), np.zeros(2 * n))
    assert table[7] > 5
    assert table[9] < -5
    score = Speller(table, weights)(examples.sparse, examples.dense)
    assert (score[::2] > score[1::2]).all()


def test_unseen_words_follow_the_letters_around(trained):
    fresh = [word for word in dict.fromkeys(old_words(900, 2)) if word not in trained.memory]
    assert len(fresh) > 200

    def right(model):
        found = model.read(fresh, [model.spans(word) for word in fresh])
        got = [model.memo.texts[i] for i in found.rows.reading[found.best].tolist()]
        return sum(g == modern(w) for g, w in zip(got, fresh, strict=True)) / len(fresh)

    with_speller = right(trained)
    speller, trained.speller = trained.speller, None
    without = right(trained)
    trained.speller = speller
    assert with_speller > 0.97
    assert with_speller > without


def test_the_same_pairs_make_the_same_model(trained):
    pairs = [(word, modern(word)) for word in old_words(2400, 1)]
    again = train([target for _, target in pairs], {}, pairs, Plan(order=5))
    assert (again.speller.table == trained.speller.table).all()
    assert again.speller.whole.tolist() == trained.speller.whole.tolist()


# -- hands -------------------------------------------------------------------------------------------------------------
def two_writers(n, seed=4):
    """Running pairs: the first writer's ``nu`` is read ``nú``, the second's stays; each has words of his own."""
    draw = random.Random(seed)
    out = []
    for others, right in (("segir madr ok", "nú"), ("seiger mand oc", "nu")):
        for _ in range(n):
            word = draw.choice(["nu", *others.split()])
            out.append((word, right if word == "nu" else word))
    return out


def test_the_words_around_say_whose_hand_it_is():
    pairs = two_writers(4 * STRETCH)
    hands = learn_hands(pairs, np.arange(len(pairs)) // 60 % 5)
    assert hands.count > 1
    for others, right in (("segir madr ok", "nú"), ("seiger mand oc", "nu")):
        words = [*others.split(), "nu", *others.split()]
        own = posterior(np.array([hands.evidence(word) for word in words]), np.zeros(len(words), dtype=np.int64))
        counts = np.array([hands.targets("nu")[target] for target in ("nú", "nu")])
        share = taught_shares(counts, own[3:4], np.zeros(1, dtype=np.int64), np.zeros(2, dtype=np.int64))
        assert ("nú", "nu")[int(share.argmax())] == right
        assert share.sum() == pytest.approx(1.0)


def test_one_writer_is_one_hand():
    pairs = two_writers(4 * STRETCH)[: 4 * STRETCH]
    assert learn_hands(pairs, np.arange(len(pairs)) // 60 % 5).count == 1


def test_few_words_are_one_hand():
    assert find_hands(["a"] * 10, 8).tolist() == [0] * 10


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(2, 4), st.integers(0, 100))
def test_a_document_knows_nothing_of_others(documents, hands, seed):
    document = np.sort(np.array(documents))
    evidence = np.random.default_rng(seed).normal(size=(len(document), hands))
    together = posterior(evidence, document)
    assert together.sum(axis=1) == pytest.approx(np.ones(len(document)))
    for number in set(documents):
        alone = posterior(evidence[document == number], np.zeros(documents.count(number), dtype=np.int64))
        assert together[document == number] == pytest.approx(alone)
        if documents.count(number) == 1:  # a word alone says nothing of its own hand
            assert alone[0] == pytest.approx(np.full(hands, 1 / hands))


@given(st.lists(st.floats(0, 50), min_size=1, max_size=6))
def test_a_word_alone_is_read_as_it_was_most_often(counts):
    several = np.array(counts)[:, None] * np.array([[0.5, 0.25, 0.25]]) + 0.01
    start, occurrence = np.zeros(1, dtype=np.int64), np.zeros(len(counts), dtype=np.int64)
    share = taught_shares(several, np.full((1, 3), 1 / 3), start, occurrence)
    assert share == pytest.approx(several.sum(axis=1) / several.sum())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a model of two writers."""
    pairs = two_writers(4 * STRETCH)
    model = train([target for _, target in pairs], {}, pairs, Plan(order=5))
    path = tmp_path_factory.mktemp("hands") / "old"
    store.save(model, path, name="old", lang="qtt", about={}, card="", licence="")
    return path


def test_hands_come_back_from_the_folder(folder):
    read, _ = store.read(folder)
    assert read.memory.count > 1
    assert read.memory.targets("nu")["nú"].sum() > 100


def test_rows_of_one_document_are_one_writers(folder):
    pipeline = load(str(folder))
    rows = ["seiger", "mand", "oc", "seiger", "nu", "mand", "oc"]
    as_one = [n.text for n in pipeline.batch(rows, ["a"] * len(rows))]
    assert as_one == rows
    other = ["segir", "madr", "ok", "segir", "nu", "madr", "ok"]
    assert [n.text for n in pipeline.batch(other, ["b"] * len(other))][4] == "nú"
    assert [n.text for n in pipeline.batch(rows + other, ["a"] * 7 + ["b"] * 7)] == [
        *rows,
        *other[:4],
        "nú",
        *other[5:],
    ]


def test_what_was_remembered_is_part_of_the_fingerprint(folder, tmp_path):
    read, manifest = store.read(folder)
    read.memory.targets("nu")["nú"][:] += 1
    store.save(read, tmp_path / "old", name="old", lang="qtt", about=manifest["about"], card="", licence="")
    assert make_script(str(tmp_path / "old")).fingerprint != make_script(str(folder)).fingerprint


def test_contract_of_a_model_of_pairs(folder):
    assert check(make_script(str(folder)), ["nu segir madr", "", "x nu y"], registered="textnorm.script.v1") == []


@pytest.mark.parametrize("line", ["nu\tnú\t1\tx", "nu", "nu\tnú\t1\t2\t3\t4\t5\t6\t7"])
def test_a_memory_that_cannot_be_used(line, tmp_path, folder):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    with (copy / store.MEMORY).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=r"memory\.tsv, line \d+: .*again"):
        store.read(copy)


# -- readings that are several words; sorting --------------------------------------------------------------------------
def test_parts_are_those_of_several_words():
    offsets, hashes = parts_of(["ab cd", "ab", "cd ab ef"], {})
    assert offsets.tolist() == [0, 2, 2, 5]
    assert hashes[0] == hashes[3]


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-1e6, 1e6, width=32)), max_size=40))
def test_numbers_sort_by_word_and_from_the_best(rows):
    word = np.array([w for w, _ in rows], dtype=np.int64)
    score = np.array([s for _, s in rows], dtype=np.float32) + np.float32(0.0)
    order = np.argsort(_rank(word, score), kind="stable")
    expected = np.lexsort((-score, word))
    assert word[order].tolist() == word[expected].tolist()
    assert score[order].tolist() == score[expected].tolist()


def test_one_hand_is_stored_as_one_column():
    hands = Hands.of_pairs([("a", "b"), ("a", "b"), ("a", "c")], np.zeros(3, dtype=np.int64), 1)
    assert [(s, t, n.tolist()) for s, t, n in hands.rows()] == [("a", "b", [2.0]), ("a", "c", [1.0])]
    assert len(hands) == 1
    assert "a" in hands
    assert "b" not in hands
