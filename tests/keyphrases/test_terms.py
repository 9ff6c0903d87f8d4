"""Sentences, words and terms: cases that a linguist reads, laws, and what goes wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textnorm.errors import ConfigError, MissingExtraError, UnknownNameError
from textnorm.languages.lt.context import ABBREVIATIONS
from textnorm.terms import words as words_module
from textnorm.terms.background import count_background, load_background
from textnorm.terms.sentences import split_sentences
from textnorm.terms.tables import codes, guess, load_tables, tables_for, tables_hash
from textnorm.terms.words import check_lemmas, find_words, is_content, term_of

CASES = Path(__file__).parent.parent / "cases" / "terms" / "sentences.tsv"
LT = load_tables("lt")
EN = load_tables("en")


def cases() -> list[tuple[str, str]]:
    header, *rows = CASES.read_text(encoding="utf-8").splitlines()
    assert header == "lang\ttext"
    return [(row.split("\t")[0], row.split("\t")[1]) for row in rows]


@pytest.mark.parametrize(("lang", "marked"), cases())
def test_sentences_end_where_the_bars_stand(lang: str, marked: str) -> None:
    parts = marked.split("|")
    text = "".join(parts)
    found = [text[start:end] for start, end in split_sentences(text, load_tables(lang))]
    assert found == [part.strip() for part in parts]


@given(st.text(alphabet='Aab1.!?… \n\t"„“)[3]–-', max_size=60), st.sampled_from(["", "lt", "en"]), st.booleans())
def test_sentences_cover_all_but_white_space_once(text: str, lang: str, wrapped: bool) -> None:
    spans = split_sentences(text, load_tables(lang), newlines="space" if wrapped else "break")
    at = 0
    for start, end in spans:
        assert start >= at
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip() != ""
        at = end
    assert not text[at:].strip()


def test_line_ends_end_sentences_unless_the_text_is_wrapped() -> None:
    text = "Miesto\ntaryba.\n\nKita pastraipa"
    assert [text[a:b] for a, b in split_sentences(text, LT)] == ["Miesto", "taryba.", "Kita pastraipa"]
    wrapped = [text[a:b] for a, b in split_sentences(text, LT, newlines="space")]
    assert wrapped == ["Miesto\ntaryba.", "Kita pastraipa"]


@pytest.mark.parametrize(
    "text", ["." * 60_000, '."' * 30_000, ". " * 30_000, " \n" * 30_000, "a." * 30_000, "1. " * 20_000]
)
def test_hard_texts_are_split_in_the_end(text: str) -> None:
    """Each took quadratic time in some version: with a test of a minute a return of that would not go unseen."""
    spans = split_sentences(text, EN)
    assert len(spans) <= len(text)


def test_abbreviations_of_the_reader_are_known_here_too() -> None:
    dotted = {word for word in ABBREVIATIONS if word.endswith(".")}
    assert dotted <= LT.before | LT.inside


def test_tables_are_consistent() -> None:
    for code in codes():
        tables = load_tables(code)
        assert not tables.before & tables.inside
        assert all(word == word.casefold() for word in tables.before | tables.inside | tables.stop)
        assert all(word.endswith(".") for word in tables.inside)


def test_language_is_told_by_function_words() -> None:
    assert guess("Jis sakė, kad taryba nebuvo pasirengusi ir dar svarsto.") == "lt"
    assert guess("He said that the council was not ready and is still thinking.") == "en"
    assert guess("12345 !!! Фраза") == ""
    assert tables_for("He was there.", "auto").code == "en"
    with pytest.raises(UnknownNameError, match=r"'xx'.*en, lt"):
        load_tables("xx")
    assert len({tables_hash(code) for code in ("", "lt", "en", "auto")}) == 4


@pytest.mark.parametrize(
    "forms",
    [
        "Nausėda Nausėdos Nausėdai Nausėdą",
        "Kregždienė Kregždienės Kregždienei Kregždienę",
        "Vilnius Vilniaus Vilniui Vilniuje",
    ],
)
@pytest.mark.parametrize("lemmas", ["endings", "auto"])
def test_cases_of_a_name_are_one_term(forms: str, lemmas: str) -> None:
    term = term_of(LT, lemmas)
    assert len({term(form) for form in forms.split()}) == 1


def test_husband_and_wife_are_two_terms() -> None:
    term = term_of(LT, "endings")
    assert term("Kregždės") != term("Kregždienės")


def test_without_endings_and_dictionary_words_stay() -> None:
    assert term_of(LT, "off")("Nausėdos") == "nausėdos"
    assert term_of(EN, "off")("Museum's") == "museum"


def test_dictionary_knows_what_endings_do_not() -> None:
    pytest.importorskip("simplemma", reason="the extra 'lemmas' is not installed")
    assert term_of(EN, "simplemma")("children") == "child"
    assert term_of(EN, "endings")("children") == "children"


def test_a_missing_dictionary_is_named_only_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simplemma", None)
    words_module._lemma_version.cache_clear()
    words_module._term_of.cache_clear()
    try:
        check_lemmas("auto")
        assert term_of(EN, "auto")("children") == "children"
        assert words_module.lemma_state("auto") == "auto"
        with pytest.raises(MissingExtraError, match="lemmas"):
            check_lemmas("simplemma")
    finally:
        monkeypatch.undo()
        words_module._lemma_version.cache_clear()
        words_module._term_of.cache_clear()
    with pytest.raises(ConfigError, match="'stems'"):
        check_lemmas("stems")


def test_words_have_spans_and_content() -> None:
    text = "„Google'o“ eye-tracking 3 ir a"
    found = find_words(text, term_of(LT, "off"))
    assert [text[word.start : word.end] for word in found] == ["Google'o", "eye-tracking", "3", "ir", "a"]
    assert [is_content(word.term, LT) for word in found] == [True, True, False, False, False]


# -- background ------------------------------------------------------------------------------------------------------
def test_background_counts_documents_not_words() -> None:
    background = count_background(["upė upė upės", "upė ir miestas", "miestas"], "lt", lemmas="endings")
    assert background.documents == 3
    assert background.counts[term_of(LT, "endings")("upės")] == 2
    rare, common = background.idf("nežinomas"), background.idf(term_of(LT, "endings")("upė"))
    assert rare > common > 0
    assert count_background(["a upė", "miestas"], "lt", lemmas="endings", least=2).counts == {}


def test_background_survives_a_file(tmp_path: Path) -> None:
    background = count_background(["Upė plati.", "Miestas senas."], "lt", lemmas="endings")
    path = tmp_path / "b.json"
    background.save(path)
    again = load_background(path, "lt", "endings")
    assert again == background
    assert again.digest() == background.digest()
    assert [item.name for item in tmp_path.iterdir()] == ["b.json"]
    assert load_background(path, "auto", "endings") == background
    with pytest.raises(ConfigError, match="'lt', here it is 'en'"):
        load_background(path, "en", "endings")
    with pytest.raises(ConfigError, match="count anew"):
        load_background(path, "lt", "off")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("{", "no JSON"), ("[]", "lacks or breaks"), ('{"documents": 1}', "counts"), (None, "cannot be read")],
)
def test_a_broken_background_is_named(tmp_path: Path, content: str | None, complaint: str) -> None:
    path = tmp_path / "b.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_background(path, "lt", "off")
    assert "b.json" in str(caught.value)


def test_a_background_of_wrong_values_is_named(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    body = {"documents": "x", "counts": {}, "lang": "lt", "lemmas": "off", "state": "off"}
    path.write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(ConfigError, match="lacks or breaks"):
        load_background(path, "lt", "off")
