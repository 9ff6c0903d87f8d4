"""Cardinals against tables written from the grammar, and the laws that all forms obey."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textnorm.languages.lt.grammar import CASES, GENDERS, NumberRangeError
from textnorm.languages.lt.numerals import (
    LIMIT,
    cardinal,
    collective,
    decimal,
    digits,
    fraction,
    noun_form,
    parse_cardinal,
)

# nom gen dat acc ins loc
UNITS = {
    (0, "m"): "nulis nulio nuliui nulį nuliu nulyje",
    (1, "m"): "vienas vieno vienam vieną vienu viename",
    (1, "f"): "viena vienos vienai vieną viena vienoje",
    (2, "m"): "du dviejų dviem du dviem dviejuose",
    (2, "f"): "dvi dviejų dviem dvi dviem dviejose",
    (3, "m"): "trys trijų trims tris trimis trijuose",
    (3, "f"): "trys trijų trims tris trimis trijose",
    (4, "m"): "keturi keturių keturiems keturis keturiais keturiuose",
    (4, "f"): "keturios keturių keturioms keturias keturiomis keturiose",
    (5, "m"): "penki penkių penkiems penkis penkiais penkiuose",
    (5, "f"): "penkios penkių penkioms penkias penkiomis penkiose",
    (6, "m"): "šeši šešių šešiems šešis šešiais šešiuose",
    (6, "f"): "šešios šešių šešioms šešias šešiomis šešiose",
    (7, "m"): "septyni septynių septyniems septynis septyniais septyniuose",
    (7, "f"): "septynios septynių septynioms septynias septyniomis septyniose",
    (8, "m"): "aštuoni aštuonių aštuoniems aštuonis aštuoniais aštuoniuose",
    (8, "f"): "aštuonios aštuonių aštuonioms aštuonias aštuoniomis aštuoniose",
    (9, "m"): "devyni devynių devyniems devynis devyniais devyniuose",
    (9, "f"): "devynios devynių devynioms devynias devyniomis devyniose",
    (10, "m"): "dešimt dešimt dešimt dešimt dešimt dešimt",
    (11, "f"): "vienuolika vienuolikos vienuolikai vienuolika vienuolika vienuolikoje",
    (12, "m"): "dvylika dvylikos dvylikai dvylika dvylika dvylikoje",
    (13, "m"): "trylika trylikos trylikai trylika trylika trylikoje",
    (14, "m"): "keturiolika keturiolikos keturiolikai keturiolika keturiolika keturiolikoje",
    (15, "m"): "penkiolika penkiolikos penkiolikai penkiolika penkiolika penkiolikoje",
    (16, "m"): "šešiolika šešiolikos šešiolikai šešiolika šešiolika šešiolikoje",
    (17, "m"): "septyniolika septyniolikos septyniolikai septyniolika septyniolika septyniolikoje",
    (18, "m"): "aštuoniolika aštuoniolikos aštuoniolikai aštuoniolika aštuoniolika aštuoniolikoje",
    (19, "f"): "devyniolika devyniolikos devyniolikai devyniolika devyniolika devyniolikoje",
    (20, "m"): "dvidešimt dvidešimt dvidešimt dvidešimt dvidešimt dvidešimt",
}


@pytest.mark.parametrize(("key", "row"), UNITS.items(), ids=str)
def test_small_cardinals(key, row):
    n, gender = key
    assert [cardinal(n, case, gender) for case in CASES[:-1]] == row.split()
    assert cardinal(n, "voc", gender) == row.split()[0]


@pytest.mark.parametrize(
    ("n", "case", "gender", "expected"),
    [
        (21, "nom", "m", "dvidešimt vienas"),
        (21, "dat", "f", "dvidešimt vienai"),
        (30, "gen", "m", "trisdešimt"),
        (47, "acc", "f", "keturiasdešimt septynias"),
        (58, "ins", "m", "penkiasdešimt aštuoniais"),
        (69, "loc", "f", "šešiasdešimt devyniose"),
        (72, "gen", "m", "septyniasdešimt dviejų"),
        (83, "dat", "m", "aštuoniasdešimt trims"),
        (96, "ins", "f", "devyniasdešimt šešiomis"),
        (100, "nom", "m", "šimtas"),
        (100, "gen", "m", "šimto"),
        (100, "loc", "f", "šimte"),
        (101, "ins", "f", "šimtu viena"),
        (105, "gen", "m", "šimto penkių"),
        (112, "dat", "m", "šimtui dvylikai"),
        (200, "ins", "m", "dviem šimtais"),
        (253, "gen", "m", "dviejų šimtų penkiasdešimt trijų"),
        (300, "acc", "f", "tris šimtus"),
        (999, "loc", "m", "devyniuose šimtuose devyniasdešimt devyniuose"),
        (1000, "nom", "m", "tūkstantis"),
        (1000, "gen", "m", "tūkstančio"),
        (1000, "loc", "m", "tūkstantyje"),
        (1001, "acc", "f", "tūkstantį vieną"),
        (2000, "dat", "f", "dviem tūkstančiams"),
        (2345, "nom", "f", "du tūkstančiai trys šimtai keturiasdešimt penkios"),
        (2345, "gen", "m", "dviejų tūkstančių trijų šimtų keturiasdešimt penkių"),
        (2345, "acc", "f", "du tūkstančius tris šimtus keturiasdešimt penkias"),
        (2706, "ins", "m", "dviem tūkstančiais septyniais šimtais šešiais"),
        (10_000, "nom", "m", "dešimt tūkstančių"),
        (10_500, "gen", "m", "dešimt tūkstančių penkių šimtų"),
        (19_000, "acc", "m", "devyniolika tūkstančių"),
        (19_000, "gen", "m", "devyniolikos tūkstančių"),
        (21_000, "acc", "m", "dvidešimt vieną tūkstantį"),
        (39_000, "acc", "m", "trisdešimt devynis tūkstančius"),
        (100_000, "dat", "m", "šimtui tūkstančių"),
        (101_000, "ins", "m", "šimtu vienu tūkstančiu"),
        (200_000, "gen", "m", "dviejų šimtų tūkstančių"),
        (10**6, "nom", "m", "milijonas"),
        (10**6, "ins", "f", "milijonu"),
        (2 * 10**6, "acc", "m", "du milijonus"),
        (21 * 10**6 + 1, "nom", "f", "dvidešimt vienas milijonas viena"),
        (21 * 10**6 + 1, "acc", "m", "dvidešimt vieną milijoną vieną"),
        (11 * 10**9, "gen", "m", "vienuolikos milijardų"),
        (3 * 10**12, "loc", "m", "trijuose trilijonuose"),
        (10**15, "nom", "m", "kvadrilijonas"),
        (5 * 10**15, "dat", "m", "penkiems kvadrilijonams"),
        (10**18, "gen", "m", "kvintilijono"),
        (-5, "nom", "m", "minus penki"),
        (-1_001, "gen", "m", "minus tūkstančio vieno"),
    ],
)
def test_compound_cardinals(n, case, gender, expected):
    assert cardinal(n, case, gender) == expected


@pytest.mark.parametrize(
    ("n", "case", "expected"),
    [
        (10, "nom", "dešimt"),
        (10, "gen", "dešimties"),
        (10, "dat", "dešimčiai"),
        (10, "acc", "dešimt"),
        (10, "ins", "dešimčia"),
        (10, "loc", "dešimtyje"),
        (40, "gen", "keturiasdešimties"),
        (90, "ins", "devyniasdešimčia"),
        (45, "gen", "keturiasdešimt penkių"),
        (110, "gen", "šimto dešimties"),
        (80_000, "gen", "aštuoniasdešimties tūkstančių"),
    ],
)
def test_declined_tens(n, case, expected):
    assert cardinal(n, case, ten="declined") == expected


def test_one_may_be_kept_before_magnitudes():
    assert cardinal(1_101_100, one="keep") == "vienas milijonas vienas šimtas vienas tūkstantis vienas šimtas"
    assert cardinal(1000, "gen", one="keep") == "vieno tūkstančio"
    assert cardinal(2000, one="keep") == "du tūkstančiai"


PLURAL_ONLY = {
    (1, "m"): "vieneri vienerių vieneriems vienerius vieneriais vieneriuose",
    (2, "f"): "dvejos dvejų dvejoms dvejas dvejomis dvejose",
    (2, "m"): "dveji dvejų dvejiems dvejus dvejais dvejuose",
    (3, "m"): "treji trejų trejiems trejus trejais trejuose",
    (4, "f"): "ketverios ketverių ketverioms ketverias ketveriomis ketveriose",
    (5, "m"): "penkeri penkerių penkeriems penkerius penkeriais penkeriuose",
    (6, "m"): "šešeri šešerių šešeriems šešerius šešeriais šešeriuose",
    (7, "f"): "septynerios septynerių septynerioms septynerias septyneriomis septyneriose",
    (8, "m"): "aštuoneri aštuonerių aštuoneriems aštuonerius aštuoneriais aštuoneriuose",
    (9, "m"): "devyneri devynerių devyneriems devynerius devyneriais devyneriuose",
    (11, "m"): "vienuolika vienuolikos vienuolikai vienuolika vienuolika vienuolikoje",
}


@pytest.mark.parametrize(("key", "row"), PLURAL_ONLY.items(), ids=str)
def test_plural_only_series(key, row):
    n, gender = key
    assert [cardinal(n, case, gender, series="plural_only") for case in CASES[:-1]] == row.split()


def test_plural_only_series_changes_only_the_last_part():
    assert cardinal(32, "gen", series="plural_only") == "trisdešimt dvejų"
    assert cardinal(2002, "acc", series="plural_only") == "du tūkstančius dvejus"
    assert cardinal(200, "gen", series="plural_only") == "dviejų šimtų"


@pytest.mark.parametrize(
    ("n", "form"),
    [(1, "sg"), (21, "sg"), (1001, "sg"), (11, "gen_pl"), (111, "gen_pl"), (2, "pl"), (9, "pl"), (25, "pl"),
     (0, "gen_pl"), (10, "gen_pl"), (12, "gen_pl"), (19, "gen_pl"), (20, "gen_pl"), (100, "gen_pl"), (10**6, "gen_pl"),
     (-1, "sg")],
)  # fmt: skip
def test_form_of_the_counted_noun(n, form):
    assert noun_form(n) == form


def test_collectives():
    assert " ".join(collective(n) for n in range(2, 10)) == (
        "dvejetas trejetas ketvertas penketas šešetas septynetas aštuonetas devynetas"
    )
    assert collective(5, "loc") == "penkete"
    assert collective(4, "gen") == "ketverto"
    with pytest.raises(NumberRangeError, match="2 to 9"):
        collective(10)


def test_digits():
    assert digits("3700") == "trys septyni nulis nulis"
    assert digits("12", "f") == "viena dvi"
    for bad in ("", "1a", "٣"):
        with pytest.raises(ValueError, match="digits"):
            digits(bad)


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        (("2", "5"), {}, "du kablelis penki"),
        (("1", "05"), {}, "vienas kablelis nulis penki"),
        (("2", "50"), {}, "du kablelis penkiasdešimt"),
        (("0", "00"), {}, "nulis kablelis nulis nulis"),
        (("2", "5", "gen"), {}, "dviejų kablelis penkių"),
        (("0", "7"), {"sign": "minus"}, "minus nulis kablelis septyni"),
        (("2", "5", "gen"), {"style": "fraction"}, "dviejų ir penkių dešimtųjų"),
        (("2", "1"), {"style": "fraction", "gender": "f"}, "dvi ir viena dešimtoji"),
        (("3", "14"), {"style": "fraction"}, "trys ir keturiolika šimtųjų"),
        (("1", "005", "ins"), {"style": "fraction"}, "vienu ir penkiomis tūkstantosiomis"),
    ],
)
def test_decimals(args, kwargs, expected):
    assert decimal(*args, **kwargs) == expected


def test_decimals_refuse_what_is_no_digits():
    with pytest.raises(ValueError, match="integer part"):
        decimal("-1", "5")
    with pytest.raises(ValueError, match="decimal part"):
        decimal("1", "")


@pytest.mark.parametrize(
    ("numerator", "denominator", "case", "style", "expected"),
    [
        (2, 3, "nom", "noun", "du trečdaliai"),
        (1, 3, "nom", "noun", "vienas trečdalis"),
        (1, 3, "gen", "noun", "vieno trečdalio"),
        (3, 4, "ins", "noun", "trimis ketvirtadaliais"),
        (1, 2, "nom", "noun", "pusė"),
        (1, 2, "gen", "noun", "pusės"),
        (1, 2, "nom", "ordinal", "viena antroji"),
        (2, 3, "nom", "ordinal", "dvi trečiosios"),
        (2, 3, "gen", "ordinal", "dviejų trečiųjų"),
        (5, 12, "acc", "noun", "penkias dvyliktąsias"),
        (11, 100, "dat", "noun", "vienuolikai šimtųjų"),
        (1, 21, "loc", "noun", "vienoje dvidešimt pirmojoje"),
    ],
)
def test_fractions(numerator, denominator, case, style, expected):
    assert fraction(numerator, denominator, case, style=style) == expected


def test_limits():
    assert cardinal(LIMIT) == "kvintilijonas"
    for n in (LIMIT + 1, -LIMIT - 1):
        with pytest.raises(NumberRangeError, match=r"10\^18"):
            cardinal(n)
    with pytest.raises(NumberRangeError, match="denominator"):
        fraction(1, 0)
    with pytest.raises(ValueError, match="unknown case"):
        cardinal(1, "abl")
    with pytest.raises(ValueError, match="unknown gender"):
        cardinal(1, "nom", "n")


# Small numbers and round ones are where the forms differ most; a plain range would hardly meet them.
numbers = st.one_of(
    st.integers(0, 2000),
    st.integers(0, 10**15),
    st.builds(lambda a, p: a * 10**p, st.integers(0, 999), st.integers(0, 12)),
)
options = st.fixed_dictionaries(
    {
        "series": st.sampled_from(["plain", "plural_only"]),
        "ten": st.sampled_from(["bare", "declined"]),
        "one": st.sampled_from(["drop", "keep"]),
    }
)


@given(numbers, st.sampled_from(CASES), st.sampled_from(GENDERS), options, st.booleans())
def test_parsing_inverts_every_form(n, case, gender, kwargs, negative):
    n = -n if negative else n
    form = cardinal(n, case, gender, **kwargs)
    assert parse_cardinal(form) == n
    assert parse_cardinal(form.upper()) == n


@given(numbers, st.sampled_from(CASES), st.sampled_from(GENDERS), options)
def test_forms_are_clean_text(n, case, gender, kwargs):
    form = cardinal(n, case, gender, **kwargs)
    assert form == " ".join(form.split())
    assert form.islower()
    assert "|" not in form


@given(st.integers(0, 10**15), st.integers(0, 10**15), st.sampled_from(CASES))
def test_two_numbers_never_share_a_form(a, b, case):
    assert (cardinal(a, case) == cardinal(b, case)) == (a == b)


def test_parsing_knows_tens_declined_before_a_unit():
    assert parse_cardinal("dvidešimties penkerių") == 25
    assert parse_cardinal("dvidešimties penki") is None


def test_every_number_below_two_thousand_comes_back():
    for n, case, gender in product(range(2000), CASES, GENDERS):
        assert parse_cardinal(cardinal(n, case, gender)) == n


@pytest.mark.parametrize(
    "words",
    ["", "minus", "namas", "šimtas penkių", "du tūkstantis", "penki dešimt", "vienas du", "dešimt penki",
     "nulis vienas", "tūkstantis milijonas", "tūkstantis tūkstantis", "šimtas šimtas", "dvi tūkstančiai",
     "dešimties penkių",
     "vienuolika penki", "dveji tūkstančiai", "penki tūkstančių", "pirmas"],
)  # fmt: skip
def test_parsing_refuses_what_is_no_cardinal(words):
    assert parse_cardinal(words) is None
