"""Keys, nominatives and cases of inflected names."""

from __future__ import annotations

import pytest
from cases import rows
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from textnorm.languages.lt.grammar import CASES
from textnorm.languages.lt.names import LithuanianNames
from textnorm.languages.lt.nouns import decline, noun

LT = LithuanianNames()


@pytest.mark.parametrize(("nominative", "forms"), rows("keys.tsv"))
def test_forms_share_a_key_and_give_the_nominative(nominative, forms):
    keys = LT.lemmas(forms.split())
    assert len(set(keys.values())) == 1
    assert {LT.nominative([form], "person", keys) for form in forms.split()} == {(nominative,)}


@pytest.mark.parametrize("row", rows("inflected.tsv"))
def test_a_name_in_the_case_of_another_form(row):
    nominative, type_, like, result = (*row, "")[:4]
    keys = LT.lemmas([*nominative.split(), *like.split()])
    made = LT.in_case_of(nominative.split(), like.split(), type_, keys)
    assert made == (tuple(result.split()) if result else None)


@pytest.mark.parametrize(
    ("name", "adjective", "agrees"),
    [
        ("Petraitis", "jaunesnysis", True),
        ("Petraičiui", "jaunesniajam", True),
        ("Petraitienę", "jaunesniąją", True),
        ("Petraičio", "jaunesnysis", False),
        ("Petraitis", "jaunesnis", False),
        ("Petraitis", "atvyko", False),
    ],
)
def test_an_adjective_behind_a_name_agrees_in_case(name, adjective, agrees):
    assert LT.agree(name, adjective) is agrees


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Petraitis", "Petraitienė"),
        ("Petraitis", "Petraitytė"),
        ("Petraitis", "Petraičiai"),
        ("Jonaitis", "Jonaitė"),
        ("Vilnius", "Vilija"),
        ("Butkus", "Butkutė"),
    ],
)
def test_other_persons_have_other_keys(one, two):
    keys = LT.lemmas([one, two])
    assert keys[one] != keys[two]


STEMS = st.from_regex(r"[BDGKLMPRSTV][aeu][lmnrk][bdgklmnprstv]", fullmatch=True)
ENDINGS = st.sampled_from(["as", "is", "us", "ius", "a", "ė", "aitis", "ytė", "ienė", "auskas", "evičius"])


@settings(max_examples=200, deadline=None)
@given(STEMS, ENDINGS)
def test_a_declined_surname_keeps_its_key_and_gives_itself_back(stem, ending):
    assume(ending != "ius" or stem[-1] not in "td")  # the grammar writes -čius, -džius
    name = stem + ending
    word = noun(name, plural_only=False)
    forms = {decline(word, case, "sg") for case in CASES[:6]}
    keys = LT.lemmas(forms)
    assert len(set(keys.values())) == 1, dict(keys)
    assert {LT.nominative([form], "person", keys) for form in forms} == {(name,)}


@settings(max_examples=100, deadline=None)
@given(STEMS, ENDINGS, st.sampled_from(CASES[:6]))
def test_what_is_put_into_a_case_is_right_or_left(stem, ending, case):
    name, word = stem + ending, noun(stem + ending, plural_only=False)
    like = decline(word, case, "sg")
    keys = LT.lemmas([name, like])
    made = LT.in_case_of((name,), (like,), "person", keys)
    assert made in (None, (like,))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=12))
def test_any_word_has_a_key(word):
    keys = LT.lemmas([word])
    assert isinstance(keys[word], str)
    assert len(LT.nominative([word], "person", keys)) == 1
