"""The parts of a script model: hashed maps, character model, channel, keys, alignment, noise, casing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.normalizers.script.adapt import Adapting
from textnorm.normalizers.script.align import belong, learn, regions
from textnorm.normalizers.script.beam import Beam
from textnorm.normalizers.script.casing import recase
from textnorm.normalizers.script.channel import LEVELS, Arc, Channel
from textnorm.normalizers.script.charlm import Alphabet, count_chars, train
from textnorm.normalizers.script.context import Counts
from textnorm.normalizers.script.fit import fit_margin, fit_weights
from textnorm.normalizers.script.hashed import HashedMap
from textnorm.normalizers.script.keys import Keys, hashes
from textnorm.normalizers.script.noise import Noise

WORDS = {"banana": 5.0, "bandana": 2.0, "cab": 3.0, "dab": 1.0, "nab": 1.0, "abandon": 1.0}


# -- hashed maps -----------------------------------------------------------------------------------------------------
@settings(deadline=None)
@given(st.sets(st.integers(0, 2**64 - 1), max_size=300))
def test_what_was_put_in_is_found_with_its_value(keys):
    array = np.array(sorted(keys), dtype=np.uint64)
    values = (np.arange(len(array)) % 251).astype(np.uint8)[:, None]
    table = HashedMap.build(array, values)
    at = table.find(array)
    # Two keys whose 16 bits and bucket agree are one to the map; that is rare, and no key is lost.
    assert (at >= 0).all()
    assert (table.values[at, 0] == values[:, 0]).mean() >= 0.98 if len(array) else True


def test_what_was_not_put_in_is_seldom_found():
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 2**63, 20_000, dtype=np.uint64)
    table = HashedMap.build(keys, np.ones((len(keys), 1), dtype=np.uint8))
    assert (table.find(keys) >= 0).all()
    others = rng.integers(2**63, 2**64 - 1, 200_000, dtype=np.uint64)
    assert (table.find(others) >= 0).mean() < 3e-4


def test_counts_come_back_nearly_as_they_were():
    events = hashes(["a", "b", "c"])
    counts = Counts.build(events, np.array([1.0, 100.0, 1e6]))
    assert counts(events) == pytest.approx([1, 100, 1e6], rel=0.05)
    assert counts(hashes(["d"])) == [0.0]


# -- character model -------------------------------------------------------------------------------------------------
def lm(order=5, size=10_000, words=WORDS):
    return train(words, Alphabet.of(count_chars(words)), order=order, size=size)


@pytest.mark.parametrize("before", ["", "b", "ban", "anan", "bandan", "zzz", "dcd"])
@pytest.mark.parametrize("size", [10_000, 8])
def test_probabilities_after_any_context_sum_to_one(before, size):
    model = lm(size=size)
    n = len(model.alphabet)
    context, matched = np.full(n, model.start, dtype=np.uint64), np.ones(n, dtype=np.uint8)
    for char in before:
        number = np.full(n, model.alphabet.numbers.get(char, 0), dtype=np.uint8)
        _, context, matched = model.extend(context, matched, number)
    score, _, _ = model.extend(context, matched, np.arange(n, dtype=np.uint8))
    assert np.exp(score.astype(float)).sum() == pytest.approx(1.0, abs=0.06)  # stored in steps of 1/16 nat


def test_words_of_the_language_are_likelier_than_others():
    model = lm()
    known, other, foreign = model.words(["banana", "nabana", "zyzyzy"])
    assert known > other > foreign


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text("abdnoz", max_size=8), max_size=5))
def test_a_word_scores_the_same_alone_and_in_a_batch(words):
    model = lm()
    together = model.words(words)
    assert [float(model.words([w])[0]) for w in words] == pytest.approx(together.tolist(), abs=1e-4)


def test_weights_need_not_be_whole():
    model = lm(words={"aba": 1.3, "abb": 1.2, "bab": 2.7, "aab": 1.01})
    assert np.isfinite(model.words(["aba", "bbb"])).all()


# -- channel and beam ------------------------------------------------------------------------------------------------
ARCS = [
    Arc("s", "s", 1.0),
    Arc("s", "š", 0.5),
    Arc("š", "š", 0.5),
    Arc("a", "a", 1.0),
    Arc("", "x", 0.2),
    Arc("x", "x", 0.8),
]


def test_levels_go_from_keeping_to_replacing():
    channel = Channel(ARCS)
    kept = channel.prob[:, 2]
    assert len(kept) == len(LEVELS)
    assert (np.diff(kept) < 0).all()
    assert kept[0] > 0.99
    assert kept[-1] < 0.01
    assert (channel.prob[:, 0] == channel.prob[0, 0]).all()  # what nobody replaces does not move
    assert channel.prob[:, 1] + kept == pytest.approx(np.ones(len(LEVELS)), abs=1e-3)


def beam(words, arcs=ARCS):
    alphabet = Alphabet.of(count_chars(words), {c for arc in arcs for c in arc.target})
    return Beam(Channel(arcs), train(words, alphabet, order=4, size=1000))


def test_the_beam_reads_by_language_and_channel():
    read = beam({"šaša": 50.0, "sasa": 1.0, "xas": 20.0})
    found = read(["sasa", "as", "", "q?"], keep=5)
    best = [found.texts[found.offsets[i]] for i in range(4)]
    assert best == ["šaša", "xas", "", "q?"]  # letters come back, one that left no trace too; the unknown stays


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("sašxq", max_size=10), min_size=1, max_size=6))
def test_a_word_is_read_the_same_alone_and_in_a_batch(words):
    read = beam({"šaša": 50.0, "sasa": 1.0, "xas": 20.0})
    together = read(words, keep=4)
    for i, word in enumerate(words):
        alone = read([word], keep=4)
        assert alone.texts == together.texts[together.offsets[i] : together.offsets[i + 1]]


def test_arcs_of_a_reading_spell_its_source():
    read = beam({"šaša": 50.0, "sasa": 1.0, "xas": 20.0})
    found = read(["sasa", "as"], keep=6)
    for i, word in enumerate(["sasa", "as"]):
        for row in range(found.offsets[i], found.offsets[i + 1]):
            path = [a for a in found.arcs[row][::-1].tolist() if a >= 0]
            assert "".join(read.channel.arcs[a].source for a in path) == word
            assert "".join(read.channel.targets[a] for a in path) == found.texts[row]


# -- keys ------------------------------------------------------------------------------------------------------------
def test_all_spellings_of_a_word_have_one_key():
    keys = Keys.of_arcs([("s", "š"), ("s", "s"), ("ه ", "ە"), ("", "x")])
    assert keys("saš") == keys("šas") == keys("sxas")
    assert keys("tak") == "tak"
    assert keys("کە") == keys("که")


# -- alignment -------------------------------------------------------------------------------------------------------
def test_regions_are_what_differs():
    kept, differing = regions("kalbos sasa", "kalbos šaša")
    assert differing == {("sas", "šaš"): 1}
    assert kept["k"] == 1


@pytest.mark.parametrize(
    ("pairs", "segment"),
    [
        ([("sala", "šala"), ("sus", "šuš"), ("kas", "kaš")], ("s", "š")),
        ([("cha", "ča"), ("ach", "ač"), ("chch", "čč")], ("ch", "č")),
        ([("bta", "bata"), ("kta", "kata"), ("mta", "mata")], ("", "a")),
        ([("ه نه ", "ەنە"), ("که ر", "کەر")], ("ه ", "ە")),
    ],
)
def test_segments_are_learned_from_pairs(pairs, segment):
    counts, _ = learn(pairs, {})
    assert max(counts, key=counts.__getitem__) == segment


def test_a_table_settles_what_pairs_leave_open():
    counts, _ = learn([("ab", "xy")] * 3, {("a", "x"): 1.0, ("b", "y"): 1.0})
    assert counts == {("a", "x"): 3.0, ("b", "y"): 3.0}


def test_sides_of_different_texts_do_not_belong_together():
    assert belong("svente", "šventė")
    assert not belong("svente buvo", "zzzzzzzzzzzzzz")


# -- noise -----------------------------------------------------------------------------------------------------------
FORMS = {"š": [("s", 1.0)], "au": [("o", 1.0)], "ė": [("e", 0.5), ("ie", 0.5)], "x": [("", 1.0)]}


def test_longest_segments_are_replaced_whole():
    assert Noise(FORMS, 1.0)("šauax") == "soa"


def test_noise_is_seeded():
    text = "ėšė ėxė " * 5
    assert Noise(FORMS, 0.6, seed=4)(text) == Noise(FORMS, 0.6, seed=4)(text)
    assert len({Noise(FORMS, 0.6, seed=k)(text) for k in range(12)}) > 1


def test_one_writer_replaces_a_letter_the_same_way():
    for seed in range(20):
        noisy = Noise(FORMS, 1.0, seed=seed)("ė" * 30)
        assert noisy in ("e" * 30, "ie" * 30)
    assert len(set(Noise(FORMS, 1.0, seed=1, consistent=False)("ė" * 30).replace("ie", "I"))) == 2


@given(st.text("šėxau k.", max_size=40), st.integers(0, 100))
def test_no_noise_at_level_zero(text, seed):
    assert Noise(FORMS, 0.0, seed=seed)(text) == text


def test_counting_all_types_makes_the_same_level_harder():
    text = "šėx klmn., 12"  # three letters with forms, twelve types of characters
    left = [
        sum(a in Noise(FORMS, 0.6, seed=s, counted=c)(text) for s in range(60) for a in "šėx")
        for c in ("letters", "all")
    ]
    assert left == [60, 0]


# -- fitting ---------------------------------------------------------------------------------------------------------
def test_weights_find_the_feature_that_tells():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(600, 2))
    offsets = np.arange(0, 601, 3)
    gold = np.array([a + int(np.argmax(features[a : a + 3, 0])) for a in offsets[:-1]])
    weights = fit_weights(features, np.zeros(600), offsets, gold, np.zeros(2))
    assert weights[0] > 2
    assert abs(weights[1]) < 0.5


def test_the_margin_lets_through_what_is_allowed():
    gains = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    for allowed, let in ((0.0, 0), (0.02, 2), (0.05, 5)):
        margin = fit_margin(gains, 100, allowed=allowed)
        assert (gains >= margin).sum() == let
    assert fit_margin(gains[:0], 100, allowed=0.0, least=1.5) == 1.5


def test_adapting_has_safe_defaults():
    assert Adapting().clean >= 0


# -- capitals --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("source", "reading", "expected"),
    [
        ("svente", "šventė", "šventė"),
        ("Svente", "šventė", "Šventė"),
        ("SVENTE", "šventė", "ŠVENTĖ"),
        ("SvenTe", "šventė", "ŠvenTė"),
        ("Shvente", "šventė", "Šventė"),
        ("SHVENTE", "šventė", "ŠVENTĖ"),
        ("SHvente", "šventė", "SHvente"),
        ("S", "š", "Š"),
    ],
)
def test_capitals_come_back(source, reading, expected):
    assert recase(source, reading) == expected
