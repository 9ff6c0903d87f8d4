"""Ordinals, years and the readings of written endings."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textnorm.languages.lt.grammar import CASES, GENDERS, NUMBERS, NumberRangeError
from textnorm.languages.lt.ordinals import LIMIT, Match, ordinal, ordinal_from_ending, year

# (definite, gender, number): nom gen dat acc ins loc of antras
SECOND = {
    (False, "m", "sg"): "antras antro antram antrą antru antrame",
    (False, "m", "pl"): "antri antrų antriems antrus antrais antruose",
    (False, "f", "sg"): "antra antros antrai antrą antra antroje",
    (False, "f", "pl"): "antros antrų antroms antras antromis antrose",
    (True, "m", "sg"): "antrasis antrojo antrajam antrąjį antruoju antrajame",
    (True, "m", "pl"): "antrieji antrųjų antriesiems antruosius antraisiais antruosiuose",
    (True, "f", "sg"): "antroji antrosios antrajai antrąją antrąja antrojoje",
    (True, "f", "pl"): "antrosios antrųjų antrosioms antrąsias antrosiomis antrosiose",
}
THIRD = {
    (False, "m", "sg"): "trečias trečio trečiam trečią trečiu trečiame",
    (False, "m", "pl"): "treti trečių tretiems trečius trečiais trečiuose",
    (False, "f", "sg"): "trečia trečios trečiai trečią trečia trečioje",
    (False, "f", "pl"): "trečios trečių trečioms trečias trečiomis trečiose",
    (True, "m", "sg"): "trečiasis trečiojo trečiajam trečiąjį trečiuoju trečiajame",
    (True, "m", "pl"): "tretieji trečiųjų tretiesiems trečiuosius trečiaisiais trečiuosiuose",
    (True, "f", "sg"): "trečioji trečiosios trečiajai trečiąją trečiąja trečiojoje",
    (True, "f", "pl"): "trečiosios trečiųjų trečiosioms trečiąsias trečiosiomis trečiosiose",
}


@pytest.mark.parametrize(("n", "table"), [(2, SECOND), (3, THIRD)])
@pytest.mark.parametrize("key", list(SECOND), ids=str)
def test_full_paradigm(n, table, key):
    definite, gender, number = key
    forms = [ordinal(n, case, gender, number, definite=definite) for case in CASES[:-1]]
    assert forms == table[key].split()
    assert ordinal(n, "voc", gender, number, definite=definite) == forms[0]


LEMMAS = {
    0: "nulinis", 1: "pirmas", 4: "ketvirtas", 5: "penktas", 6: "šeštas", 7: "septintas", 8: "aštuntas", 9: "devintas",
    10: "dešimtas", 11: "vienuoliktas", 12: "dvyliktas", 13: "tryliktas", 14: "keturioliktas", 15: "penkioliktas",
    16: "šešioliktas", 17: "septynioliktas", 18: "aštuonioliktas", 19: "devynioliktas", 20: "dvidešimtas",
    21: "dvidešimt pirmas", 23: "dvidešimt trečias", 30: "trisdešimtas", 90: "devyniasdešimtas", 100: "šimtas",
    101: "šimtas pirmas", 110: "šimtas dešimtas", 112: "šimtas dvyliktas", 200: "dušimtas", 300: "trišimtas",
    400: "keturiašimtas", 900: "devyniašimtas", 1000: "tūkstantas", 1001: "tūkstantis pirmas", 2000: "dutūkstantas",
    2300: "du tūkstančiai trišimtas", 10_000: "dešimttūkstantas", 12_000: "dvylikatūkstantas",
    20_000: "dvidešimttūkstantas", 25_000: "dvidešimt penki tūkstantas", 100_000: "šimtatūkstantas",
    10**6: "milijonas", 2 * 10**6: "dumilijonas", 10**6 + 3: "milijonas trečias", 10**9: "milijardas",
    5_000_000_021: "penki milijardai dvidešimt pirmas",
}  # fmt: skip


@pytest.mark.parametrize(("n", "lemma"), LEMMAS.items(), ids=str)
def test_lemmas(n, lemma):
    assert ordinal(n) == lemma


def test_only_the_last_word_inflects():
    assert ordinal(21, "gen", definite=True) == "dvidešimt pirmojo"
    assert ordinal(2003, "ins", "f", "pl") == "du tūkstančiai trečiomis"
    assert ordinal(100, "nom", "f", definite=True) == "šimtoji"
    assert ordinal(1000, "gen", definite=True) == "tūkstantojo"
    assert ordinal(0, "gen", "f") == "nulinės"
    assert ordinal(200, definite=True, round_style="analytic") == "du šimtasis"
    assert ordinal(1100, one="keep") == "vienas tūkstantis šimtas"


@pytest.mark.parametrize(
    ("y", "case", "definite", "expected"),
    [
        (2016, "ins", False, "du tūkstančiai šešioliktais"),
        (2016, "gen", False, "du tūkstančiai šešioliktų"),
        (2016, "ins", True, "du tūkstančiai šešioliktaisiais"),
        (2016, "nom", True, "du tūkstančiai šešioliktieji"),
        (1998, "ins", False, "tūkstantis devyni šimtai devyniasdešimt aštuntais"),
        (2009, "dat", False, "du tūkstančiai devintiems"),
        (2003, "nom", True, "du tūkstančiai tretieji"),
        (2000, "ins", False, "du tūkstantaisiais"),
        (2000, "nom", True, "du tūkstantieji"),
        (1900, "gen", False, "tūkstantis devyni šimtųjų"),
        (1000, "acc", False, "tūkstantuosius"),
        (33, "loc", False, "trisdešimt trečiuose"),
        (370, "ins", False, "trys šimtai septyniasdešimtais"),
    ],
)
def test_years(y, case, definite, expected):
    assert year(y, case, definite=definite) == expected


@pytest.mark.parametrize(
    ("n", "ending", "first"),
    [
        (3, "iasis", ("trečiasis", "ord_def", "nom", "m", "sg")),
        (2, "ojo", ("antrojo", "ord_def", "gen", "m", "sg")),
        (2, "o", ("antro", "ord", "gen", "m", "sg")),
        (3, "iosios", ("trečiosios", "ord_def", "gen", "f", "sg")),
        (3, "ią", ("trečią", "ord", "acc", "m", "sg")),
        (3, "ieji", ("tretieji", "ord_def", "nom", "m", "pl")),
        (3, "iesiems", ("tretiesiems", "ord_def", "dat", "m", "pl")),
        (3, "iojoje", ("trečiojoje", "ord_def", "loc", "f", "sg")),
        (12, "ųjų", ("dvyliktųjų", "ord_def", "gen", "m", "pl")),
        (2012, "ųjų", ("du tūkstančiai dvyliktųjų", "ord_def", "gen", "m", "pl")),
        (2016, "aisiais", ("du tūkstančiai šešioliktaisiais", "ord_def", "ins", "m", "pl")),
        (2016, "ieji", ("du tūkstančiai šešioliktieji", "ord_def", "nom", "m", "pl")),
        (2000, "ųjų", ("du tūkstantųjų", "ord_def", "gen", "m", "pl")),
        (200, "asis", ("dušimtasis", "ord_def", "nom", "m", "sg")),
        (15, "a", ("penkiolikta", "ord", "nom", "f", "sg")),
        (15, "OJI", ("penkioliktoji", "ord_def", "nom", "f", "sg")),
        (7, "erius", ("septynerius", "plural_only", "acc", "m", "pl")),
        (35, "erių", ("trisdešimt penkerių", "plural_only", "gen", "m", "pl")),
        (2, "ejus", ("dvejus", "plural_only", "acc", "m", "pl")),
        (20, "čia", ("dvidešimčia", "card", "ins", "m", "pl")),
        (40, "ies", ("keturiasdešimties", "card", "gen", "m", "pl")),
        (5, "ių", ("penkių", "card", "gen", "m", "pl")),
        (5, "is", ("penkis", "card", "acc", "m", "pl")),
        (2, "jų", ("dviejų", "card", "gen", "m", "pl")),
        (5, "iems", ("penktiems", "ord", "dat", "m", "pl")),
        (5, "to", ("penkto", "ord", "gen", "m", "sg")),
        (5, "tojo", ("penktojo", "ord_def", "gen", "m", "sg")),
        (21, "as", ("dvidešimt pirmas", "ord", "nom", "m", "sg")),
        (21, "mas", ("dvidešimt pirmas", "ord", "nom", "m", "sg")),
        (1, "ąja", ("pirmąja", "ord_def", "ins", "f", "sg")),
        (3, "ojo", ("trečiojo", "ord_def", "gen", "m", "sg")),
        (9, "jame", ("devintajame", "ord_def", "loc", "m", "sg")),
        (1, "ame", ("pirmame", "ord", "loc", "m", "sg")),
    ],
)
def test_likeliest_reading_of_a_written_ending(n, ending, first):
    assert ordinal_from_ending(n, ending)[0] == first


def test_an_ending_may_leave_several_readings_open():
    forms = [(m.form, m.kind) for m in ordinal_from_ending(18, "os")]
    assert forms[0] == ("aštuonioliktos", "ord")
    assert ("aštuoniolikos", "card") in forms
    assert ("septynerių", "plural_only") not in [(m.form, m.kind) for m in ordinal_from_ending(7, "ių")]


@pytest.mark.parametrize(
    ("n", "ending"), [(76, "tar"), (28, "lit"), (5, ""), (5, "x"), (13, "metį"), (5, "iasis"), (1000, "ies")]
)
def test_endings_of_no_form(n, ending):
    assert ordinal_from_ending(n, ending) == []


@given(
    st.integers(1, 3000), st.sampled_from(CASES[:-1]), st.sampled_from(GENDERS), st.sampled_from(NUMBERS), st.booleans()
)
def test_every_form_is_found_by_its_own_ending(n, case, gender, number, definite):
    form = ordinal(n, case, gender, number, definite=definite)
    word = form.split()[-1]
    kind = "ord_def" if definite else "ord"
    assert Match(form, kind, case, gender, number) in ordinal_from_ending(n, word)
    # A longer piece of the word never has a reading that the whole paradigm lacks.
    for length in range(1, len(word) + 1):
        for match in ordinal_from_ending(n, word[-length:]):
            assert match.form.endswith(word[-length:])


def test_paradigms_have_no_gaps():
    for n, case, gender, number, definite in product(range(1, 121), CASES, GENDERS, NUMBERS, (False, True)):
        form = ordinal(n, case, gender, number, definite=definite)
        assert form == " ".join(form.split())
        assert form.islower()


def test_limits():
    with pytest.raises(NumberRangeError, match=r"10\^15"):
        ordinal(LIMIT + 1)
    with pytest.raises(NumberRangeError, match="from 0"):
        ordinal(-1)
    with pytest.raises(NumberRangeError, match="from 1"):
        year(0)
    with pytest.raises(ValueError, match="unknown gender"):
        ordinal(1, "nom", "n")
