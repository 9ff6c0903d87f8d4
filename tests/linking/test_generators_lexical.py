"""Exact, lexical and dense generators against definitions written out with dense matrices."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")
pytest.importorskip("faiss", reason="the extra 'linking' is not installed")

from textnorm import registry
from textnorm.encoders.features import FeatureSettings
from textnorm.encoders.static import StaticEncoder
from textnorm.errors import DataError, UsageError
from textnorm.linking.generators import postings
from textnorm.linking.generators.cognates import fold_cognates, latin
from textnorm.linking.generators.folding import fold_names, key_hashes
from textnorm.linking.generators.grams import GramSettings
from textnorm.linking.generators.translit import Cognate, Transliterated
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Generator, Queries
from textnorm.retrieval.changing import committing
from textnorm.retrieval.storage import read_manifest

ENCODER = StaticEncoder.untrained(FeatureSettings(buckets=1024), dim=16)
SETTINGS = {"exact": {}, "lexical": {}, "dense": {"encoder": ENCODER}, "translit": {}, "cognate": {}}
NAMES = sorted(SETTINGS)
FOLDS = {
    "lexical": fold_names,
    "cognate": fold_cognates,
    "translit": lambda texts: latin(fold_names(texts)),
}

words = st.text(alphabet="abcdeąč 本語й", min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
tables = st.lists(st.tuples(st.integers(0, 6), words), min_size=1, max_size=25)


def base(rows):
    return KnowledgeBase([(f"c{concept}", name, None, None, None, None) for concept, name in rows])


def build(name, kb, **changed):
    found = registry.generators.get(name).build(kb, **{**SETTINGS[name], **changed})
    if found is None:  # no name is in the letters that these two are for
        assert name in ("translit", "cognate")
        found = {"translit": Transliterated, "cognate": Cognate}[name].of(kb, GramSettings())
    return found


def listed(found):
    """Return the candidates of each query as tuples."""
    columns = [column.tolist() for column in found[1:]]
    every = list(zip(*columns, strict=True))
    return [every[a:b] for a, b in zip(found.indptr[:-1], found.indptr[1:], strict=True)]


def same(one, other):
    for a, b in zip(one, other, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


# -- references ------------------------------------------------------------------------------------------------------
def grams(text, low=2, high=4):
    found = {}
    for word in text.split():
        edged = f"\x00{word}\x01"
        for n in range(low, high + 1):
            for at in range(len(edged) - n + 1):
                gram = edged[at : at + n]
                found[gram] = found.get(gram, 0) + 1
    return found


def tfidf_scores(names, query):
    """Return the cosine of a folded query with each folded name, by the formula."""
    bags = [grams(name) for name in names]
    df = {}
    for bag in bags:
        for gram in bag:
            df[gram] = df.get(gram, 0) + 1

    def vector(bag):
        row = {g: (1 + math.log(n)) * (1 + math.log((1 + len(names)) / (1 + df.get(g, 0)))) for g, n in bag.items()}
        norm = math.sqrt(sum(value * value for value in row.values())) or 1.0
        return {gram: value / norm for gram, value in row.items()}

    wanted = vector(grams(query))
    return [sum(wanted.get(gram, 0.0) * value for gram, value in vector(bag).items()) for bag in bags]


def brute(name, kb, query):
    if name == "translit" and fold_names([query])[0].isascii():
        return [0.0] * len(kb.texts)
    folded = FOLDS.get(name, fold_names)(kb.texts)
    own = FOLDS.get(name, fold_names)([query])[0]
    if name in FOLDS:
        return tfidf_scores(folded, own)
    if name == "exact":
        return [(1.0 if text == query else 0.995) * (fold == own) for text, fold in zip(kb.texts, folded, strict=True)]
    return (ENCODER.encode(kb.texts) @ ENCODER.encode([query])[0]).tolist()


# -- what holds for all ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30, deadline=None)
@given(rows=tables, query=words, k=st.integers(1, 5))
def test_the_best_concepts_are_those_of_the_definition(name, rows, query, k):
    kb = base(rows)
    found = listed(build(name, kb).search(Queries.of([query]), k))[0]
    scores = brute(name, kb, query)
    best = {}
    for row, score in enumerate(scores):
        concept = int(kb.concept[row])
        if score > 1e-6:
            best[concept] = max(best.get(concept, 0.0), score)
    wanted = sorted(best.values(), reverse=True)[:k]
    assert [score for _, score, _ in found] == pytest.approx(wanted, abs=2e-5)
    for concept, score, row in found:
        assert kb.concept[row] == concept
        assert score == pytest.approx(best[concept], abs=2e-5)
        assert score == pytest.approx(scores[row], abs=2e-5)
    order = [(-score, concept) for concept, score, _ in found]
    assert order == sorted(order)
    assert len({concept for concept, *_ in found}) == len(found)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(rows=tables, queries=st.lists(words, min_size=2, max_size=6))
def test_a_query_does_not_depend_on_the_batch(name, rows, queries):
    generator = build(name, base(rows))
    together = listed(generator.search(Queries.of(queries), 4))
    assert together == [listed(generator.search(Queries.of([query]), 4))[0] for query in queries]
    assert together[::-1] == listed(generator.search(Queries.of(queries[::-1]), 4))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(rows=tables, more=tables, data=st.data())
def test_a_changed_base_is_as_one_that_is_built_anew(name, rows, more, data):
    kb = base(rows)
    gone = data.draw(st.sets(st.integers(0, len(rows) - 1), max_size=len(rows) - 1))
    stay = [i for i in range(len(rows)) if i not in gone]
    after = [rows[i] for i in stay] + more
    order = data.draw(st.permutations(range(len(after))))
    changed = base([after[i] for i in order])
    kept = np.full(len(rows), -1, np.int64)
    for new, old in enumerate(order):
        if old < len(stay):
            kept[stay[old]] = new
    queries = Queries.of([name for _, name in rows[:3] + more[:3]])
    generator = build(name, kb).updated(changed, kept)
    assert isinstance(generator, Generator)
    same(generator.search(queries, 4), build(name, changed).search(queries, 4))


@pytest.mark.parametrize("name", NAMES)
def test_adding_and_removing_leaves_no_trace(name):
    rows = [(i % 3, text) for i, text in enumerate(["Java developer", "nurse", "Nurse II", "teacher", "dėstytoja"])]
    kb, more = base(rows), base([*rows, (9, "nurse assistant"), (1, "coder")])
    there = np.arange(len(rows))
    back = np.concatenate([there, [-1, -1]])
    queries = Queries.of(["nurse", "java", "destytoja", "coder"])
    before = build(name, kb)
    after = before.updated(more, there).updated(kb, back)
    same(before.search(queries, 3), after.search(queries, 3))


@pytest.mark.parametrize("name", NAMES)
def test_written_and_read_back(name, tmp_path):
    kb = base([(0, "Java developer"), (1, "nurse"), (1, "slaugytoja"), (2, "本語")])
    generator = build(name, kb)
    queries = Queries.of(["java dev", "slaugytoja", "本", "", "xyz"])
    for folder in ("one", "two"):
        with committing(tmp_path / folder) as writer:
            generator.write(writer, f"{name}/")
    reader = read_manifest(tmp_path / "one")
    hashes = {part: facts.hash for part, facts in reader.parts.items()}
    assert hashes
    assert hashes == {part: facts.hash for part, facts in read_manifest(tmp_path / "two").parts.items()}
    more = {"encoder": ENCODER} if name == "dense" else {}
    again = registry.generators.get(name).read(reader, f"{name}/", kb, **more)
    same(generator.search(queries, 3), again.search(queries, 3))
    with committing(tmp_path / "three") as writer:
        again.write(writer, f"{name}/")
    assert hashes == {part: facts.hash for part, facts in read_manifest(tmp_path / "three").parts.items()}


@pytest.mark.parametrize("name", NAMES)
def test_what_says_nothing_finds_nothing(name):
    generator = build(name, base([(0, "nurse"), (1, "C++")]))
    found = generator.search(Queries.of(["", "  ", "\n"]), 5)
    assert found.indptr.tolist() == [0, 0, 0, 0]
    assert len(generator.search(Queries.of([]), 5).concepts) == 0
    page = "nurse " * 20_000
    first = [concept for concept, *_ in listed(generator.search(Queries.of([page]), 1))[0]]
    assert first == ([] if name in ("exact", "translit") else [0])


# -- depth and ties --------------------------------------------------------------------------------------------------
def test_many_names_of_one_concept_hide_no_other():
    rows = [(0, f"nurse {i:04}") for i in range(500)] + [(i, f"nurse of ward number {i}") for i in range(1, 6)]
    for name in ("lexical", "dense"):
        found = listed(build(name, base(rows)).search(Queries.of(["nurse 0001"]), 6))[0]
        assert sorted(concept for concept, *_ in found) == [0, 1, 2, 3, 4, 5]


def test_of_equal_scores_the_lower_concept_comes_first_however_many():
    rows = [(i, "няня") for i in range(300)]
    random.Random(1).shuffle(rows)
    for name in NAMES:
        found = listed(build(name, base(rows)).search(Queries.of(["няня"]), 7))[0]
        assert [concept for concept, *_ in found] == list(range(7))


# -- one by one ------------------------------------------------------------------------------------------------------
def test_exact_prefers_preferred_names_and_weights():
    rows = [
        ("a", "Mercury", "en", "synonym", None, None),
        ("b", "Mercury", "en", "preferred", None, None),
        ("c", "Mercury", "lt", "preferred", None, None),
        ("d", "MERCURY", "en", "preferred", None, 0.5),
        ("e", "mercury", "en", "preferred", None, 0.0),
    ]
    kb = KnowledgeBase(rows)
    found = listed(build("exact", kb).search(Queries.of(["Mercury"], langs=["en"]), 9))[0]
    assert [kb.ids[concept] for concept, *_ in found] == ["b", "a", "c", "d"]
    assert found[0][1] == 1.0


def test_weights_of_names_scale_lexical_scores():
    rows = [("a", "nurse", None, None, None, 0.5), ("b", "nurse", None, None, None, None)]
    kb = KnowledgeBase([*rows, ("c", "nurse", None, None, None, 0.0)])
    found = listed(build("lexical", kb).search(Queries.of(["nurse"]), 9))[0]
    assert [(kb.ids[concept], pytest.approx(score)) for concept, score, _ in found] == [("b", 1.0), ("a", 0.5)]


def test_unknown_settings_are_named():
    with pytest.raises(UsageError, match="no setting 'min'"):
        build("lexical", base([(0, "a")]), min=3)
    with pytest.raises(UsageError, match="min_n is 5"):
        build("lexical", base([(0, "a")]), min_n=5)


def test_words_apply_to_texts():
    factory = registry.generators.get("words")
    assert factory.build(base([(0, "senior nurse"), (1, "teacher")])) is None
    likes = [" ".join(f"thing{(i * 7 + j) % 40}" for j in range(20)) for i in range(12)]
    kb = base([(i, f"Person likes {text}") for i, text in enumerate(likes)])
    found = listed(factory.build(kb).search(Queries.of(["who likes thing13"]), 20))[0]
    assert {kb.texts[row] for *_, row in found[:3]} <= {text for text in kb.texts if "thing13" in text.split()}
    with pytest.raises(UsageError, match="no setting"):
        factory.build(kb, depth=3)


def test_queries_of_the_bases_language_do_without_the_shortest_grams(monkeypatch):
    monkeypatch.setattr(postings, "STOP_NAMES", 5)
    names = [f"ward {word} nurse" for word in ("red", "blue", "green", "grey", "black", "white")]
    kb = KnowledgeBase([(name, name, "en", None, None, None) for name in names])
    generator = build("lexical", kb)
    assert generator.own == {"en"}
    lengths = generator.postings.hashes[generator.postings.stops] & 7
    assert set(lengths.tolist()) == {2}
    queries = Queries.of(["red nurses"] * 4, langs=["en", "en-GB", None, "de"])
    scores = [found[0][1] for found in listed(generator.search(queries, 3))]
    assert scores[0] == scores[1] == scores[2] != scores[3]
    first = [found[0][0] for found in listed(generator.search(queries, 3))]
    assert [kb.ids[concept] for concept in first] == ["ward red nurse"] * 4


def test_damaged_parts_are_named(tmp_path):
    kb = base([(0, "nurse"), (1, "teacher")])
    with committing(tmp_path / "index") as writer:
        build("lexical", kb).write(writer, "lexical/")
        writer.array("lexical/slots.npy", np.zeros(3, np.int32))
    with pytest.raises(DataError, match="do not fit"):
        registry.generators.get("lexical").read(read_manifest(tmp_path / "index"), "lexical/", kb)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Vyr. INŽINIERIUS-elektrikas", "vyr inzinierius elektrikas"),
        ("Straße  ŁÓDŹ, smørrebrød", "strasse lodz smorrebrod"),
        ("C++/C# (.NET)", "c++ c# net"),
        ("ﬁle①\u00a0x", "file1 x"),
        ("co\u00adop", "coop"),
        ("مُحَمَّد شـــريف", "محمد شريف"),
        ("שָׁלוֹם", "שלום"),
        ("日本語・カタカナ ガ", "日本語 カタカナ ガ"),
        ("กำลัง", "กําลัง"),
        ("Ёлка Йод", "елка иод"),
        ("--", "--"),
        ("", ""),
    ],
)
def test_folding(text, folded):
    assert fold_names([text]) == [folded]


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text(max_size=12), max_size=6))
def test_folding_is_idempotent_and_knows_no_batch(texts):
    once = fold_names(texts)
    assert once == [fold_names([text])[0] for text in texts]
    assert len(once) == len(texts)
    assert fold_names(once) == once


def test_hashes_of_names_are_part_of_the_format():
    assert key_hashes(["nurse"]).tolist() == [int.from_bytes(_blake("nurse"), "little")]
    code = (
        "from textnorm.linking.generators.grams import *;"
        "print(sorted(count(['nurse ą'], GramSettings()).hashes.tolist()))"
    )
    seeds = []
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        call = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        seeds.append(call.stdout)
    assert seeds[0] == seeds[1]
    assert seeds[0].count(",") == 17  # 6 + 5 + 4 of <nurse>, 2 + 1 of <a>


def _blake(text):
    import hashlib

    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def test_a_correction_can_be_fitted_and_taken_out():
    kb = base([(i, f"ward {i} nurse") for i in range(12)])
    generator = build("dense", kb)
    bank = [f"nurse of ward {i}" for i in range(12)]
    queries = Queries.of(bank)
    before = generator.search(queries, 4)
    for method in ("auto", "is", "dis", "csls", "nnn", "centering", "dual-is"):
        corrected = generator.with_correction(method, bank)
        assert corrected.index.correction is not None
        same(before, corrected.with_correction("off", []).search(queries, 4))
    same(before, generator.search(queries, 4))
