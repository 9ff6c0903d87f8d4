"""Word lexicons mined from names in two languages, and the generator that searches with them."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")

from textnorm import registry
from textnorm.errors import DataError, UsageError
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.lexicon.align import Bitext, align
from textnorm.linking.lexicon.mine import MineSettings, mine
from textnorm.linking.lexicon.table import WordTable
from textnorm.linking.lexicon.units import Cutter, words
from textnorm.linking.protocol import Generator, Queries
from textnorm.retrieval.changing import committing
from textnorm.retrieval.storage import read_manifest

#: An invented language: adjectives and nouns that are said in no other.
ADJECTIVES = {"red": "zuba", "small": "miko", "left": "tavo", "broken": "kreshni", "old": "velu"}
NOUNS = {"door": "portu", "window": "glazh", "lamp": "svetka", "table": "dosku", "chair": "sedlo"}
#: The same in a script without spaces.
SIGNS = dict(
    zip([*ADJECTIVES, *NOUNS], ["赤", "小型", "左側", "破損", "旧", "扉", "窓", "照明", "机", "椅子"], strict=True)
)


def rows(*, held=(), langs=("xx", "ja")):
    found = []
    for adjective, one in ADJECTIVES.items():
        for noun, other in NOUNS.items():
            concept = f"{adjective}-{noun}"
            found.append((concept, f"{adjective.title()} {noun}", "en", None, None, None))
            if concept in held:
                continue
            if "xx" in langs:
                found.append((concept, f"{other} {one}", "xx", None, None, None))
            if "ja" in langs:
                found.append((concept, SIGNS[adjective] + SIGNS[noun], "ja", None, None, None))
    return found


HELD = ("red-lamp", "broken-chair", "left-window")
BASE = KnowledgeBase(rows(held=HELD))
FACTORY = registry.generators.get("mined")
QUERIES = {
    "xx": ["svetka zuba", "sedlo kreshni", "glazh tavo"],
    "ja": ["赤照明", "破損椅子", "左側窓"],
}


@pytest.fixture(scope="module")
def generator():
    found = FACTORY.build(BASE)
    assert found is not None
    return found


def firsts(found, kb=BASE):
    """Return the id of each query's first candidate, ``None`` without candidates."""
    bounds = zip(found.indptr[:-1].tolist(), found.indptr[1:].tolist(), strict=True)
    return [kb.ids[found.concepts[a]] if b > a else None for a, b in bounds]


def same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


# -- alignment -------------------------------------------------------------------------------------------------------
pairs = st.lists(
    st.tuples(
        st.lists(st.integers(0, 5), min_size=1, max_size=4),
        st.lists(st.integers(0, 5), min_size=1, max_size=4),
        st.floats(0.1, 2),
    ),
    min_size=1,
    max_size=12,
)


@given(pairs, st.sampled_from([0.0, 1.0]))
def test_every_target_word_is_made_at_most_once(given_pairs, choice):
    bitext = Bitext.of(given_pairs)
    found = align(bitext, rounds=4, choice=choice)
    # With a choice the weight of a name's pairs moves between them: at most to the longest.
    longest = max(len(set(target)) for _, target, _ in given_pairs)
    total = sum(weight * (longest if choice else len(set(target))) for _, target, weight in given_pairs)
    assert (found.counts >= 0).all()
    assert found.counts.sum() <= total + 1e-6
    seen = {(a, b) for one, other, _ in given_pairs for a in one for b in other}
    assert set(zip(found.source.tolist(), found.target.tolist(), strict=True)) == seen


def test_words_that_go_together_are_aligned():
    adjectives, nouns = range(4), range(4, 8)
    found = align(Bitext.of([((a, n), (n + 10, a + 10), 1.0) for a in adjectives for n in nouns]), rounds=8)
    best = {}
    for source, target, count in zip(*map(np.ndarray.tolist, found[:3]), strict=True):
        best.setdefault(source, []).append((count, target))
    assert {source: max(made)[1] for source, made in best.items()} == {word: word + 10 for word in range(8)}


def test_a_name_chooses_its_translation_among_synonyms():
    # Word 0 is 10; the second name of its concepts is noise of its own each time.
    noisy = [((0, n), other, 0.5) for n in range(1, 6) for other in ((10, 10 + n), (50 + n, 60 + n))]
    plain, choosing = (align(Bitext.of(noisy), rounds=6, choice=choice) for choice in (0.0, 4.0))

    def count(found, source, target):
        return float(found.counts[(found.source == source) & (found.target == target)].sum())

    assert count(choosing, 0, 10) > count(plain, 0, 10)


# -- cutting ---------------------------------------------------------------------------------------------------------
def cuts(run):
    for n in range(len(run)):
        for marks in combinations(range(1, len(run)), n):
            ends = [0, *marks, len(run)]
            yield [run[a:b] for a, b in pairwise(ends)]


@given(
    st.text(alphabet="心臓病変性", min_size=1, max_size=7),
    st.dictionaries(st.text(alphabet="心臓病変性", min_size=1, max_size=4), st.floats(0, 5)),
)
def test_a_cut_has_the_highest_sum_of_values(run, values):
    found = Cutter(values)(run)
    assert "".join(found) == run

    def worth(cut):
        return sum(values.get(piece, 0.0) if piece in values or len(piece) == 1 else -1e9 for piece in cut)

    assert worth(found) == pytest.approx(max(map(worth, cuts(run))))


def test_runs_are_told_from_words():
    assert words("type 2 糖尿病 in 新生児abc") == [
        ("type", False), ("2", False), ("糖尿病", True), ("in", False), ("新生児", True), ("abc", False),
    ]  # fmt: skip


# -- tables ----------------------------------------------------------------------------------------------------------
TABLE = WordTable.build(
    "lt",
    [("inkstas", [("kidney", 1.0)]), ("inkstu", [("renal", 0.8)]), ("kaulu ciulpai", [("bone", 1.0), ("marrow", 1.0)]),
     ("ir", [])],
    {},
)  # fmt: skip


def test_a_phrase_is_one_unit():
    assert TABLE.split("kaulu ciulpai ir inkstas") == ["kaulu ciulpai", "ir", "inkstas"]
    assert TABLE.split("kaulu") == ["kaulu"]


def test_an_unknown_ending_has_the_translations_of_its_stem():
    assert TABLE.of("inkstams") == []
    assert [word for word, _ in TABLE.like("inkstams")] == ["kidney"]
    assert {word for word, _ in TABLE.like("inkstel")} == {"kidney", "renal"}
    assert all(0 < weight < 1 for word in ("inkstams", "inkstel") for _, weight in TABLE.like(word))
    assert TABLE.like("inksrrrrrrr") == []
    assert TABLE.like("ink") == []


def test_mining_gives_each_word_its_translation():
    table = mine("xx", [(f"{n} {a}", f"{ea} {en}", 1.0) for ea, a in ADJECTIVES.items() for en, n in NOUNS.items()])
    for english, word in {**ADJECTIVES, **NOUNS}.items():
        assert table.of(word)[0][0] == english


def test_mined_pieces_are_words():
    table = mine("ja", [(SIGNS[a] + SIGNS[n], f"{a} {n}", 1.0) for a in ADJECTIVES for n in NOUNS])
    assert table.split("小型照明") == ["小型", "照明"]
    assert table.of("照明")[0][0] == "lamp"


def test_known_translations_serve_where_pairs_are_silent_and_yield_where_they_speak():
    said = [(f"{n} {a}", f"{ea} {en}", 1.0) for ea, a in ADJECTIVES.items() for en, n in NOUNS.items()]
    table = mine("xx", said, known={"zuba": [("blue", 1.0)], "gorod": [("town", 1.0)]})
    assert table.of("gorod")[0][0] == "town"
    assert table.of("zuba")[0][0] == "red"


def test_rare_units_can_be_left_out():
    table = mine("xx", [("a b", "c d", 1.0), ("a e", "c f", 1.0)], MineSettings(fewest=2))
    assert list(table.units) == ["a"]


# -- the generator ---------------------------------------------------------------------------------------------------
def test_it_is_a_generator(generator):
    assert isinstance(generator, Generator)
    assert generator.name == "mined"
    assert generator.lexicon.target == "en"


@pytest.mark.parametrize("lang", sorted(QUERIES))
def test_concepts_without_a_name_in_the_language_are_found(generator, lang):
    found = generator.search(Queries.of(QUERIES[lang], langs=[lang] * 3), 3)
    assert firsts(found) == list(HELD)
    assert all(BASE.langs[row] == "en" for row in found.names.tolist())
    assert (np.diff(found.indptr) <= 3).all()
    assert ((found.scores > 0) & (found.scores <= 1 + 1e-6)).all()


@pytest.mark.parametrize("lang", sorted(QUERIES))
def test_the_language_of_a_query_is_found_where_it_is_not_given(generator, lang):
    assert firsts(generator.search(Queries.of(QUERIES[lang]), 1)) == list(HELD)


def test_words_without_a_translation_pass_through(generator):
    assert firsts(generator.search(Queries.of(["table zuba"], langs=["xx"]), 1)) == ["red-table"]


def test_no_opinion_on_the_main_language_nor_on_one_without_a_table(generator):
    asked = Queries.of(["red door", "red door", "", "??", "porte"], langs=["en", None, "xx", "xx", "qq"])
    assert np.diff(generator.search(asked, 5).indptr).tolist()[:2] == [0, 0]
    assert firsts(generator.search(asked, 5))[2:] == [None, None, None]


def test_candidates_do_not_depend_on_the_rest_of_the_batch(generator):
    texts = [*QUERIES["xx"], *QUERIES["ja"], "velu portu", ""]
    langs = ["xx"] * 3 + ["ja"] * 3 + ["xx", None]
    whole = generator.search(Queries.of(texts, langs=langs), 4)
    for at, (text, lang) in enumerate(zip(texts, langs, strict=True)):
        alone = generator.search(Queries.of([text], langs=[lang]), 4)
        part = slice(whole.indptr[at], whole.indptr[at + 1])
        np.testing.assert_array_equal(alone.concepts, whole.concepts[part])
        np.testing.assert_allclose(alone.scores, whole.scores[part], rtol=1e-5)


def written(folder, generator, *, beside=()):
    with committing(folder) as writer:
        for other in beside:
            other.write(writer, f"generators/{other.name}/")
        generator.write(writer, "generators/mined/")
    return read_manifest(folder)


def test_written_and_read_it_answers_the_same(generator, tmp_path):
    reader = written(tmp_path / "index", generator)
    again = FACTORY.read(reader, "generators/mined/", BASE)
    asked = Queries.of([*QUERIES["xx"], *QUERIES["ja"]], langs=["xx"] * 3 + [None] * 3)
    same(generator.search(asked, 5), again.search(asked, 5))
    assert again.settings == generator.settings


def test_a_base_of_one_language_has_one_copy_of_its_posting_lists(tmp_path):
    names = ["Kidney failure", "Heart failure", "Small kidney", "Abnormal heart", "Liver failure", "Bone pain",
             "Abnormal liver", "Lung cancer", "Skin cancer", "Abnormal skin", "Short thumb", "Broad thumb"]  # fmt: skip
    kb = KnowledgeBase([(f"c{at}", name, "en", None, None, None) for at, name in enumerate(names)])
    found = FACTORY.build(kb)
    assert found is not None
    lexical = registry.generators.get("lexical").build(kb)
    reader = written(tmp_path / "index", found, beside=[lexical])
    assert not any(name.startswith("generators/mined/names/") for name in reader.parts)
    again = FACTORY.read(reader, "generators/mined/", kb)
    asked = Queries.of(["Nierenversagen", "inkstų nepakankamumas", "akciğer kanseri", "肝不全"],
                       langs=["de", "lt", "tr", "ja"])  # fmt: skip
    same(found.search(asked, 3), again.search(asked, 3))
    assert firsts(again.search(asked, 3), kb)[1:] == ["c0", "c7", "c4"]


def test_a_damaged_table_is_told(generator, tmp_path):
    import pyarrow as pa

    folder = tmp_path / "index"
    reader = written(folder, generator)
    with committing(folder) as writer:
        writer.keep(*reader.parts)
        writer.table("generators/mined/tables.arrow", pa.table({"lang": ["xx"]}))
    with pytest.raises(DataError, match="damaged"):
        FACTORY.read(read_manifest(folder), "generators/mined/", BASE)


def test_an_updated_base_is_mined_anew(generator):
    before = KnowledgeBase(rows(held=HELD, langs=("xx",)))
    found = FACTORY.build(before).updated(BASE, np.full(len(before.texts), -1))
    asked = Queries.of([*QUERIES["xx"], *QUERIES["ja"]], langs=["xx"] * 3 + ["ja"] * 3)
    same(found.search(asked, 5), generator.search(asked, 5))


def test_what_is_left_of_a_base_may_hold_nothing_to_mine(generator):
    left = KnowledgeBase([("c", "zuba", None, None, None, None)])
    found = generator.updated(left, np.full(len(BASE.texts), -1))
    assert firsts(found.search(Queries.of(["zuba", ""], langs=["xx", None]), 3), left) == [None, None]


def test_it_does_not_apply_without_languages():
    assert FACTORY.build(KnowledgeBase([("c", "red door", None, None, None, None)])) is None
    assert FACTORY.build(KnowledgeBase([("c", "qqq", "qq", None, None, None)])) is None


def test_an_unknown_setting_is_told():
    with pytest.raises(UsageError, match=r"no setting 'round'.*rounds"):
        FACTORY.build(BASE, round=3)
