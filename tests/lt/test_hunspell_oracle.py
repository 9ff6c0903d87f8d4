"""Every word form that the numerals and the listed nouns make, against the Lithuanian spelling dictionary.

Needs the package spylls and the files lt_LT.aff and lt_LT.dic (Debian: hunspell-lt; elsewhere name them without their
ending in TEXTNORM_HUNSPELL_LT). The dictionary is no grammar: what it lacks is listed here, so that a new miss fails.
"""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

from textnorm.languages.lt.adjectives import decline_adjective, decline_phrase
from textnorm.languages.lt.cardinals import cardinal, collective
from textnorm.languages.lt.grammar import CASES, GENDERS, NUMBERS
from textnorm.languages.lt.noun_lists import FEMININE_IN_IS, IRREGULAR, MASCULINE_THIRD_DECLENSION, PLURAL_ONLY
from textnorm.languages.lt.nouns import decline, noun
from textnorm.languages.lt.ordinals import ordinal
from textnorm.languages.lt.tables import read_table
from textnorm.rules.pack import load_pack

hunspell = pytest.importorskip("spylls.hunspell", reason="spylls is not installed: no spelling oracle")
pytestmark = pytest.mark.oracle

# Standard forms that the dictionary (7.5) lacks: the instrumental of round tens, parts of treji and of tretieji,
# single forms of šunys and atlaidai, and these lemmas altogether.
UNKNOWN_NUMERALS = frozenset(
    """
    dešimčia dvidešimčia trisdešimčia keturiasdešimčia penkiasdešimčia šešiasdešimčia septyniasdešimčia
    aštuoniasdešimčia devyniasdešimčia trejas trejomis trejoms trejose trejuose tretieji tretiesiems
    """.split()
)
UNKNOWN_NOUN_FORMS = frozenset(["šunims", "atlaidais", "atlaidams", "atlaiduose"])
UNKNOWN_NOUNS = frozenset(["piršlybos", "akėčios", "džiunglės", "Užgavėnės", "Sekminės"])
# Prefixes of units; the dictionary has kilovatas but not kilovoltas, so a unit is looked up without them, too.
PREFIXES = tuple("kilo mega giga tera mili mikro nano centi deci hekto volt niuton euro po".split())
# Lemmas of tables that the dictionary lacks altogether (currencies, units, pluralia tantum, words of villages).
UNKNOWN_LEMMAS = frozenset(
    """
    bitkoinas grivina hrivnia jena jenas juanis bekerelis sivertas milisivertas mikrosivertas niutonmetris erdmetris
    palūkana kortis išlaidos varžytynės skerstuvės žirklutės sukaktuvės Farenheito viensėdis
    """.split()
)


@pytest.fixture(scope="module")
def known() -> Callable[[str], bool]:
    base = os.environ.get("TEXTNORM_HUNSPELL_LT", "/usr/share/hunspell/lt_LT")
    if not Path(base + ".dic").exists():
        pytest.skip("no Lithuanian hunspell dictionary")
    with warnings.catch_warnings():
        # spylls leaves its files open; they must be collected while that is not yet an error.
        warnings.simplefilter("ignore", ResourceWarning)
        dictionary = hunspell.Dictionary.from_files(base)
        gc.collect()
    return dictionary.lookup


def _words(forms: Iterator[str]) -> set[str]:
    return {word for form in forms for word in form.split()}


def _cardinals() -> Iterator[str]:
    numbers = [*range(100), 100, 200, 1000, 2000, 10**6, 2 * 10**6, 10**9, 2 * 10**9, 10**12, 2 * 10**12]
    for n, case, gender in product(numbers, CASES, GENDERS):
        for series, ten in product(("plain", "plural_only"), ("bare", "declined")):
            yield cardinal(n, case, gender, series=series, ten=ten)
    for n, case, number in product(range(2, 10), CASES, NUMBERS):
        yield collective(n, case, number)


def _ordinals() -> Iterator[str]:
    numbers = [*range(1, 21), *range(30, 100, 10), 100, 200, 400, 900, 1000, 2000, 10_000, 10**6]
    for n, case, gender, number, definite in product(numbers, CASES, GENDERS, NUMBERS, (False, True)):
        yield ordinal(n, case, gender, number, definite=definite)


def test_cardinals(known):
    assert {word for word in _words(_cardinals()) if not known(word)} <= UNKNOWN_NUMERALS


def test_ordinals(known):
    unknown = {word for word in _words(_ordinals()) if not known(word)} - UNKNOWN_NUMERALS
    # The dictionary has no ordinal of milijonas at all.
    assert {word for word in unknown if not word.startswith("milijon")} == set()


def test_listed_nouns(known):
    lemmas = {*FEMININE_IN_IS, *MASCULINE_THIRD_DECLENSION, *IRREGULAR, *PLURAL_ONLY} - UNKNOWN_NOUNS
    forms = {decline(lemma, case, number) for lemma, case, number in product(lemmas, CASES[:-1], NUMBERS)}
    assert {form for form in forms if not known(form)} <= UNKNOWN_NOUN_FORMS


def test_unit_names(known):
    lemmas = """
    euras doleris centas svaras zlotas procentas punktas metras kilometras centimetras milimetras litras gramas
    kilogramas tona hektaras aras laipsnis vatas voltas kalorija diena valanda minutė sekundė savaitė dešimtmetis amžius
    mėnuo straipsnis dalis skyrius žodis puslapis žmogus gyventojas asmuo mylia pėda colis statinė pusė trečdalis
    ketvirtadalis taškas kablelis televizorius
    """.split()
    forms = {decline(lemma, case, number) for lemma, case, number in product(lemmas, CASES[:-1], NUMBERS)}
    assert {form for form in forms if not known(form)} == set()


def _known_unit(known: Callable[[str], bool], word: str) -> bool:
    """Look a word up as it is, as a name, and without the prefixes of units one after the other."""
    if known(word) or known(word.capitalize()):
        return True
    if (at := word.find("valand")) > 0:  # vatvalandė: only kilovatvalandė is in the dictionary
        return known("kilovat" + word[at:])
    return any(word.startswith(p) and _known_unit(known, word[len(p) :]) for p in PREFIXES if len(word) > len(p) + 2)


def test_every_phrase_of_the_tables(known):
    """Units, currencies, percents, magnitudes, places, months: every word of every form."""
    phrases = set()
    for domain in load_pack("lt").domains:
        tables = load_pack("lt", domain).tables
        phrases |= {row["phrase"] for n in ("units", "currencies", "percent", "magnitudes") for row in tables[n].rows}
        phrases |= {row["lemma"] for name in ("places", "months") for row in tables[name].rows}
    forms = {phrase: {decline_phrase(phrase, c, n) for c, n in product(CASES[:-1], NUMBERS)} for phrase in phrases}
    unknown = {
        phrase: missing
        for phrase, made in forms.items()
        if (missing := sorted(word for word in _words(iter(made)) if not _known_unit(known, word)))
        and not UNKNOWN_LEMMAS & set(phrase.replace("*", "").split())
    }
    assert unknown == {}
    assert len({word for made in forms.values() for word in _words(iter(made))}) > 1500


def test_every_noun_that_the_tagger_lists(known):
    unknown: dict[str, list[str]] = {}
    total = 0
    for row in read_table("nouns.tsv", ("classes", "gender", "lemmas", "note")):
        plural_only = "plural_only" in row.cell("classes").split("|")
        gender = None if row.cell("gender") == "-" else row.cell("gender")
        for lemma in set(row.cell("lemmas").split()) - UNKNOWN_LEMMAS - UNKNOWN_NOUNS:
            word = noun(lemma, gender, plural_only=plural_only)  # type: ignore[arg-type]
            forms = {decline(word, c, n) for c, n in product(CASES[:-1], ("pl",) if plural_only else NUMBERS)}
            total += len(forms)
            missing = {form for form in forms if not _known_unit(known, form)} - UNKNOWN_NOUN_FORMS
            if missing:
                unknown[lemma] = sorted(missing)
    assert unknown == {}
    assert total > 4000


def test_every_pronoun_that_the_tagger_lists(known):
    rows = read_table("pronouns.tsv", ("lemma", "gender", "number", "forms"))
    unknown = {form for row in rows for form in row.cell("forms").split() if not known(form)}
    assert unknown <= {"niekame"}


def test_adjectives_of_every_class(known):
    """Plain and pronominal; the dictionary has no pronominal forms of relative adjectives (medinis)."""
    unknown = set()
    for lemma, definite in product(
        "geras naujas žalias didelis medinis kvadratinis kubinis gražus platus".split(), (0, 1)
    ):
        if definite and lemma.endswith("inis"):
            continue
        for case, gender, number in product(CASES[:-1], GENDERS, NUMBERS):
            form = decline_adjective(lemma, case, gender, number, definite=bool(definite))
            unknown |= {form} if not known(form) else set()
    assert unknown == {"didysis", "didįjį"}
