"""Key phrases: what counts, what is left out, what names change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textnorm import conformance, load
from textnorm.edits import Edit, Edits
from textnorm.errors import ConfigError, DataError, UnknownNameError
from textnorm.normalizers.keyphrases import Cluster, Keyphrases, make_keyphrases
from textnorm.normalizers.keyphrases.candidates import find_candidates
from textnorm.normalizers.keyphrases.score import Weights, score
from textnorm.protocols import Scope
from textnorm.terms.background import count_background
from textnorm.terms.sentences import split_sentences
from textnorm.terms.tables import load_tables
from textnorm.terms.words import find_words, term_of

TEXT = (
    "Vėjo jėgainių parkas bus pastatytas prie Kregždynės. Bendrovė „Vėtra“ vėjo jėgaines užsakė Danijoje. "
    "Kregždynės gyventojai vėjo jėgainių bijo, bet „Vėtros“ vadovas Tomas Lapys juos ramina. "
    "„Vėtrai“ jėgainės kainuos daug, sakė T. Lapys. Lapio teigimu, parkas veiks nuo rudens."
)


def span(text: str, part: str, nth: int = 0) -> list[int]:
    at = -1
    for _ in range(nth + 1):
        at = text.index(part, at + 1)
    return [at, at + len(part)]


VETRA = {"canonical": "Vėtra", "mentions": [span(TEXT, "Vėtra"), span(TEXT, "Vėtros"), span(TEXT, "Vėtrai")]}
LAPYS = {
    "canonical": "Tomas Lapys",
    "mentions": [span(TEXT, "Tomas Lapys"), span(TEXT, "T. Lapys"), span(TEXT, "Lapio")],
}


def phrases(text: str = TEXT, clusters: Any = None, **options: Any) -> list[str]:
    return [item.phrase for item in make_keyphrases(**{"lang": "lt", **options}).extract(text, clusters)]


def test_a_recurring_phrase_comes_before_its_parts() -> None:
    found = phrases()
    assert found[0] == "Vėjo jėgainių"
    assert "vėjo" not in [phrase.casefold() for phrase in found]


def test_inflected_forms_count_together() -> None:
    best = make_keyphrases(lang="lt").extract(TEXT)[0]
    assert best.count == 3
    assert [TEXT[start:end] for start, end in best.spans] == ["Vėjo jėgainių", "vėjo jėgaines", "vėjo jėgainių"]
    (raw,) = [
        item
        for item in make_keyphrases(lang="lt", lemmas="off", top=99).extract(TEXT)
        if item.phrase == "Vėjo jėgainių"
    ]
    assert raw.count == 2


def test_phrases_do_not_cross_marks_sentences_or_function_words() -> None:
    found = phrases("Miesto taryba. Meras tyli, biudžetas ir planas", top=99)
    assert "Miesto taryba" in found
    assert not {"taryba Meras", "tyli biudžetas", "biudžetas planas", "biudžetas ir planas"} & set(found)


def test_position_and_phrases_can_be_left_out() -> None:
    text = "Aviena kepama. Duona kepama. Pienas geriamas. Pienas šildomas."
    assert phrases(text)[0] == "kepama"
    assert phrases(text, position=False, phrases=False)[:2] == ["kepama", "Pienas"]
    assert "vėjo" in [phrase.casefold() for phrase in phrases(phrases=False)]


def test_rarity_decides_between_equals() -> None:
    text = "Svarstytas miestas. Svarstyta gilė."
    background = count_background(["miestas svarsto svarstytas svarstyta"] * 99 + ["gilė"], "lt")
    assert Keyphrases(1, lang="lt", background=background).extract(text)[0].phrase == "gilė"
    assert phrases(text, top=1) != ["gilė"]


def test_longest_and_top_bound_what_comes_out() -> None:
    text = "Naujas miesto tilto remonto planas. Naujas miesto tilto remonto planas."
    assert max(len(phrase.split()) for phrase in phrases(text, longest=5)) == 5
    assert max(len(phrase.split()) for phrase in phrases(text, longest=2)) == 2
    assert len(phrases(top=3)) == 3


# -- names -----------------------------------------------------------------------------------------------------------
def test_a_name_counts_with_all_its_forms() -> None:
    found = {item.phrase: item for item in make_keyphrases(lang="lt").extract(TEXT, [VETRA, LAPYS])}
    assert found["Tomas Lapys"].count == 3
    assert found["Vėtra"].count == 3
    assert sorted(map(list, found["Tomas Lapys"].spans)) == sorted(LAPYS["mentions"])
    assert not {"Tomas", "Lapys", "Lapio", "T. Lapys"} & (set(found) - {"Tomas Lapys"})
    assert "Tomas Lapys" in phrases(clusters=[LAPYS], top=4)
    assert "Tomas Lapys" not in phrases(top=4)


def test_without_names_the_forms_stand_apart() -> None:
    assert "Tomas Lapys" not in [
        item.phrase for item in make_keyphrases(lang="lt", top=99).extract(TEXT) if item.count == 3
    ]


def test_a_city_and_its_club_are_two() -> None:
    text = "Kaune žaidė Kauno „Žalgiris“. Kauną džiugina „Žalgiris“. Kaunas švenčia."
    city = {"canonical": "Kaunas", "mentions": [span(text, "Kaune"), span(text, "Kauną"), span(text, "Kaunas")]}
    club = {"canonical": "Kauno „Žalgiris“", "mentions": [span(text, "Kauno „Žalgiris“"), span(text, "Žalgiris", 1)]}
    found = {item.phrase: item.count for item in make_keyphrases(lang="lt").extract(text, [city, club])}
    assert found["Kaunas"] == 3
    assert found["Kauno „Žalgiris“"] == 2


def test_of_overlapping_mentions_the_longer_counts() -> None:
    text = "Vilniaus universitetas laukia."
    inner = {"canonical": "Vilnius", "mentions": [span(text, "Vilniaus")]}
    outer = {"canonical": "Vilniaus universitetas", "mentions": [span(text, "Vilniaus universitetas")]}
    assert phrases(text, [inner, outer]) == ["Vilniaus universitetas", "laukia"]


@pytest.mark.parametrize(
    ("clusters", "complaint"),
    [
        ([{"canonical": "A", "mentions": [[0, 9999]]}], r"Cluster 0 \('A'\).*outside"),
        ([{"canonical": "A", "mentions": [[3, 3]]}], "outside"),
        ([{"canonical": "A", "mentions": [[-1, 3]]}], "outside"),
        ([{"canonical": "A"}], "Cluster 0 is no object"),
        (["x"], "Cluster 0 is no object"),
        ([{"canonical": 5, "mentions": [[0, 1]]}], "is a string"),
        ([{"canonical": "A", "mentions": [[0.0, 1.0]]}], "pairs of integers"),
        ([{"canonical": "A", "mentions": [[0, True]]}], "pairs of integers"),
    ],
)
def test_broken_clusters_are_named(clusters: Any, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        phrases(TEXT, clusters)


class Names:
    """A component that knows one name."""

    name, version, languages = "test.names", "1", ()
    scope: Scope = "document"

    def __call__(self, texts: Sequence[str]) -> Edits:
        value = {"cluster": 0, "canonical": "Tomas Lapys"}
        rows = []
        for text in texts:
            given = [(a, b) for a, b in LAPYS["mentions"] if text == TEXT]
            rows.append(
                [Edit(a, b, None, "NAME", "x", 1.0, value) for a, b in given] + [Edit(0, len(text), None, "ANY", "y")]
            )
        return Edits.from_rows(rows)


def test_names_come_from_any_component_that_annotates_clusters() -> None:
    rows = make_keyphrases(lang="lt", names=Names())([TEXT, "Kitas tekstas."])
    values = {edit.value["phrase"]: edit.value for edit in rows.row(0)}
    assert values["Tomas Lapys"]["count"] == 3
    assert rows.row(1)
    same = [
        item.phrase
        for item in make_keyphrases(lang="lt").extract(
            TEXT, [Cluster("Tomas Lapys", tuple(map(tuple, LAPYS["mentions"])))]
        )
    ]
    assert {edit.value["rank"]: edit.value["phrase"] for edit in rows.row(0)} == dict(enumerate(same, 1))


CFG = """
[textnorm]
pipeline = ["phrases"]

[components]

[components.phrases]
@normalizers = "textnorm.keyphrases.v1"
lang = "lt"

[components.phrases.names]
@normalizers = "textnorm.coref.v1"
"""


def test_with_the_names_of_coref_in_a_pipeline(tmp_path: Path) -> None:
    path = tmp_path / "phrases.cfg"
    path.write_text(CFG, encoding="utf-8")
    out = load(str(path))(TEXT)
    assert out.text == TEXT
    counts = {edit.value["phrase"]: edit.value["count"] for edit in out.edits}
    assert counts["Tomas Lapys"] == 3


# -- the component ---------------------------------------------------------------------------------------------------
def test_every_place_is_annotated() -> None:
    row = make_keyphrases(2, lang="lt")([TEXT]).row(0)
    assert {edit.value["rank"] for edit in row} == {1, 2}
    assert all(edit.replacement is None and edit.label == "KEYPHRASE" for edit in row)
    first = [TEXT[edit.start : edit.end] for edit in row if edit.value["rank"] == 1]
    assert first == ["Vėjo jėgainių", "vėjo jėgaines", "vėjo jėgainių"]


@pytest.mark.parametrize("options", [{}, {"lang": "lt", "names": Names()}, {"lang": "", "lemmas": "off", "top": 2}])
def test_it_keeps_the_contract(options: dict[str, Any]) -> None:
    made = make_keyphrases(**options)
    assert conformance.check(made, [TEXT], registered="textnorm.keyphrases.v1") == []


@given(st.text(alphabet="Aab ėĖ1.,!\n„“'-", max_size=50), st.integers(1, 4), st.booleans())
def test_spans_lie_in_the_text_and_hold_the_phrase(text: str, longest: int, whole: bool) -> None:
    found = make_keyphrases(5, lang="lt", longest=longest, phrases=whole, lemmas="endings").extract(text)
    term = term_of(load_tables("lt"), "endings")
    assert len(found) <= 5
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)
    for item in found:
        keys = {tuple(term(word) for word in text[start:end].split()) for start, end in item.spans}
        assert tuple(term(word) for word in item.phrase.split()) in keys
        assert 1 <= item.count <= len(item.spans)


@pytest.mark.parametrize("text", ["", " ", "ir kad bet", "12 34", "\ud800"])
def test_texts_without_content_have_none(text: str) -> None:
    assert phrases(text) == []


@pytest.mark.parametrize(
    ("options", "error", "complaint"),
    [
        ({"top": 0}, ConfigError, "'top'.*not 0"),
        ({"top": True}, ConfigError, "'top'"),
        ({"longest": 1.5}, ConfigError, "'longest'"),
        ({"longest": 11}, ConfigError, "from 1 to 10, not 11"),
        ({"lemmas": "x"}, ConfigError, "'lemmas'"),
        ({"lang": "xx"}, UnknownNameError, "en, lt"),
        ({"names": 5}, ConfigError, "'names'"),
        ({"background": "nowhere.json"}, ConfigError, "nowhere"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], error: type[Exception], complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        make_keyphrases(**options)


# -- counting --------------------------------------------------------------------------------------------------------
def counts(text: str, *, phrases: bool) -> dict[tuple[str, ...], int]:
    tables = load_tables("lt")
    words = find_words(text, term_of(tables, "off"))
    sentences = split_sentences(text, tables)
    candidates = find_candidates(text, words, sentences, [], tables, 3)
    return {item.candidate.key: item.count for item in score(candidates, words, sentences, Weights(phrases=phrases))}


def test_what_stands_in_a_longer_phrase_does_not_count_by_itself() -> None:
    text = "Stipri vėjo jėgainė. Toli vėjo jėgainė. Gūsingas vėjo šuoras. Ten Pablas Ruizas."
    plain, aware = counts(text, phrases=False), counts(text, phrases=True)
    assert plain["vėjo",] == 3
    assert aware["vėjo",] == 1
    assert plain["jėgainė",] == 2
    assert ("jėgainė",) not in aware
    assert aware["vėjo", "jėgainė"] == plain["vėjo", "jėgainė"] == 2
    assert ("pablas",) in plain
    assert ("pablas",) not in aware  # of a name that stands once
    assert aware["gūsingas",] == 1  # of a phrase that stands once and is none
