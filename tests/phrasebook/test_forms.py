"""Forms of Lithuanian words and phrases given by lemma."""

from __future__ import annotations

import pytest

from textnorm.languages.lt.forms import phrase_forms, phrase_in, verb_forms, word_forms
from textnorm.languages.lt.grammar import UnknownParadigmError


@pytest.mark.parametrize(
    ("infinitive", "forms"),
    [
        ("įjungti", "įjunk įjunkite įjunkim įjungtum įjungtų įjungčiau"),
        ("degti", "dek dekite degtum"),
        ("sukti", "suk sukite suktum"),
        ("rodyti", "rodyk rodykite rodytumėte"),
        ("nešti", "nešk neškite neštum"),
        ("grįžti", "grįžk grįžkite grįžtų"),
        ("baigtis", "baikis baikitės baigtųsi"),
    ],
)
def test_verbs(infinitive, forms):
    assert set(forms.split()) <= set(verb_forms(infinitive))


def test_what_is_no_infinitive():
    with pytest.raises(UnknownParadigmError):
        verb_forms("namas")


@pytest.mark.parametrize(
    ("lemma", "has", "lacks"),
    [
        ("šviesa", "šviesos šviesą šviesomis", "šviesus"),
        ("mažas", "mažo mažai mažasis mažąją", "mažinti"),
        ("pilis", "pilies pilių pilyje", "pilio"),
        ("durys", "durų duris", "duryje"),
        ("laikmatis", "laikmačio laikmatį", "laikmatas"),
        ("žadintuvas", "žadintuvo žadintuvą", "žadintuvoji"),
        ("radio", "radio", "radijas"),
    ],
)
def test_words(lemma, has, lacks):
    forms = set(word_forms(lemma))
    assert set(has.split()) <= forms
    assert lacks not in forms


@pytest.mark.parametrize(
    ("lemma", "case", "form"),
    [
        ("vonios kambarys", "loc", "vonios kambaryje"),
        ("miegamasis kambarys", "loc", "miegamajame kambaryje"),
        ("miegamasis", "gen", "miegamojo"),
        ("didelis ekranas", "acc", "didelį ekraną"),
        ("*lempa prie lovos", "ins", "lempa prie lovos"),
        ("garažo vartai", "gen", "garažo vartų"),
        ("lauko durys", "acc", "lauko duris"),
        ("žaliuzės", "acc", "žaliuzes"),
        ("foje", "loc", "foje"),
    ],
)
def test_phrases(lemma, case, form):
    assert phrase_in(lemma, case) == form
    assert form in phrase_forms(lemma)
    assert phrase_forms(lemma)[0] == lemma.replace("*", "")


def test_an_unknown_case():
    with pytest.raises(ValueError, match="unknown case 'abl'"):
        phrase_in("namas", "abl")
