"""Cognates and transliteration: rules, and what the two generators find and pass over."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")
pytest.importorskip("anyascii", reason="the extra 'linking' is not installed")

from textnorm import registry
from textnorm.errors import DataError
from textnorm.linking.generators import cognates
from textnorm.linking.generators.cognates import fold_cognates, fold_word
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Queries


def base(*rows):
    return KnowledgeBase([(concept, name, lang, None, None, None) for concept, name, lang in rows])


def found(name, kb, texts, langs=None, k=5):
    generator = registry.generators.get(name).build(kb)
    result = generator.search(Queries.of(texts, langs=langs), k)
    ids = [kb.ids[concept] for concept in result.concepts.tolist()]
    return [ids[a:b] for a, b in zip(result.indptr[:-1], result.indptr[1:], strict=True)]


@pytest.mark.parametrize(
    "spellings",
    [
        ["osteoarthritis", "osteoartritis", "osteoartrite", "ostéoarthrite", "osteoartritida"],
        ["atrophy", "atrofia", "atrophie", "Atrophie", "atrofie", "atrofi", "атрофия"],
        ["scoliosis", "escoliosis", "scoliose", "scoliosi", "skoliose", "skolióza", "skolyoz"],
        ["hypertrophic", "hipertrófico", "hypertrophique", "ipertrofico", "hypertrophisch", "hipertrofik"],
        ["anemia", "anaemia", "Anämie", "anémie", "anemie", "anemi", "anemia"],
        ["calcification", "calcificación", "calcificazione", "calcificação", "Calcification"],
        ["immunity", "inmunidad"[:2].replace("in", "im") + "munidad", "immunité", "immunità", "Immunität", "imunidade"],
        ["κολίτιδα", "colitis", "colite", "kolitida"],
    ],
)
def test_cognates_meet(spellings):
    assert len(set(fold_cognates(spellings))) == 1, dict(zip(spellings, fold_cognates(spellings), strict=True))


@pytest.mark.parametrize(
    ("one", "other"),
    [("hypertension", "hypotension"), ("adenoma", "adenitis"), ("colitis", "colic"), ("nurse", "nursery")],
)
def test_different_words_stay_apart(one, other):
    assert fold_word(one) != fold_word(other)


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(st.text(max_size=12), max_size=5))
def test_cognates_know_no_batch_and_lose_no_text(texts):
    once = fold_cognates(texts)
    assert once == [fold_cognates([text])[0] for text in texts]
    for text in once:
        assert text == " ".join(text.split())


def test_a_word_keeps_its_stem():
    for word in ("as", "os", "ia", "otitis", "acne", "iris", "pus"):
        assert len(fold_word(word)) >= min(2, len(word))


def test_a_query_in_another_language_is_found_by_its_cognates():
    kb = base(("a", "Cardiomyopathy", "en"), ("b", "Scoliosis", "en"), ("c", "Kyphosis", "en"))
    assert found("cognate", kb, ["cardiomiopatía", "кардиомиопатия", "kifoz"], ["es", "ru", "tr"], 1) == [
        ["a"],
        ["a"],
        ["c"],
    ]


def test_cognates_are_silent_on_queries_in_the_bases_own_language():
    kb = base(("a", "Cardiomyopathy", "en"), ("b", "Scoliosis", "en"), ("b", "escoliosis", "es"))
    queries = ["scoliosis"] * 4
    silent = found("cognate", kb, queries, ["en", "en-GB", "es", None])
    assert [bool(ids) for ids in silent] == [False, False, True, True]


def test_transliteration_applies_to_bases_in_other_scripts():
    factory = registry.generators.get("translit")
    assert factory.build(base(("a", "Moskva", "en"))) is None
    kb = base(("a", "Москва", "ru"), ("b", "東京", "ja"), ("c", "Vilnius", "lt"))
    assert found("translit", kb, ["Moskva", "Dong Jing", "Вильнюс"], ["en", "en", "ru"], 1) == [["a"], ["b"], ["c"]]


def test_a_broken_table_names_its_line(tmp_path, monkeypatch):
    folder = tmp_path / "linking"
    folder.mkdir()
    (folder / "cognates.tsv").write_text("where\tfrom\tto\nend\tosis\tos\nsomewhere\ta\tb\n", encoding="utf-8")
    monkeypatch.setattr(cognates, "rules_dir", lambda code: tmp_path / code)
    cognates.rules.cache_clear()
    try:
        with pytest.raises(DataError, match="line 3"):
            cognates.rules()
    finally:
        cognates.rules.cache_clear()


def test_no_rule_is_there_twice():
    path = cognates.rules_dir("linking") / "cognates.tsv"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    keys = [tuple(line.split("\t")[:2]) for line in lines]
    assert len(keys) == len(set(keys)), sorted({key for key in keys if keys.count(key) > 1})
