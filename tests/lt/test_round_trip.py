"""Every numeral form up to 10^15 is parsed back to its value: cardinals, plural-only, ordinals, collectives, years."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm import load
from textnorm.languages.lt.cardinals import cardinal, collective
from textnorm.languages.lt.grammar import CASES, GENDERS, NUMBERS
from textnorm.languages.lt.ordinals import LIMIT, ordinal, ordinal_from_ending, year
from textnorm.languages.lt.parsing import parse_cardinal
from textnorm.languages.lt.reparsing import (
    Numeral,
    numeral_at_head,
    parse_collective,
    parse_numeral,
    parse_ordinal,
)

# As many numbers of each length, and numbers made of groups that are round, teens or ones.
GROUPS = st.sampled_from([0, 0, 0, 1, 2, 9, 10, 11, 19, 20, 21, 99, 100, 101, 110, 111, 200, 219, 300, 999])
numbers = st.one_of(
    st.integers(0, 15).flatmap(lambda k: st.integers(0, 10**k)),
    st.lists(GROUPS, min_size=1, max_size=5).map(lambda parts: sum(part * 1000**k for k, part in enumerate(parts))),
)
cases, genders, numbers_of = st.sampled_from(CASES), st.sampled_from(GENDERS), st.sampled_from(NUMBERS)
FORMS = list(product(CASES, GENDERS, NUMBERS, (False, True)))


@settings(max_examples=400, deadline=None)
@given(
    numbers, cases, genders, st.sampled_from(["plain", "plural_only"]), st.sampled_from(["bare", "declined"]),
    st.sampled_from(["drop", "keep"]),
)  # fmt: skip
def test_cardinals(n, case, gender, series, ten, one):
    form = cardinal(n, case, gender, series=series, ten=ten, one=one)
    assert parse_cardinal(form) == n
    assert parse_ordinal(form) in (None, n)  # šimtas is both
    assert parse_numeral(form) == Numeral("cardinal", n)


@settings(max_examples=600, deadline=None)
@given(
    numbers, cases, genders, numbers_of, st.booleans(), st.sampled_from(["compound", "analytic"]),
    st.sampled_from(["drop", "keep"]),
)  # fmt: skip
def test_ordinals(n, case, gender, number, definite, style, one):
    form = ordinal(n, case, gender, number, definite=definite, round_style=style, one=one)
    assert parse_ordinal(form) == n
    assert parse_ordinal(form.upper()) == n
    assert parse_cardinal(form) in (None, n)
    assert parse_numeral(form).value == n


@settings(max_examples=200, deadline=None)
@given(numbers.filter(bool), cases, st.booleans(), st.sampled_from(["drop", "keep"]))
def test_years(n, case, definite, one):
    assert parse_ordinal(year(n, case, definite=definite, one=one)) == n


def test_every_form_of_the_small_ordinals():
    for n in range(131):
        for case, gender, number, definite in FORMS:
            assert parse_ordinal(ordinal(n, case, gender, number, definite=definite)) == n


def test_every_ordinal_below_three_thousand():
    for n in range(3000):
        case, gender, number, definite = FORMS[n % len(FORMS)]
        assert parse_ordinal(ordinal(n, case, gender, number, definite=definite)) == n


@pytest.mark.slow
def test_every_form_below_a_thousand():
    for n, (case, gender, number, definite) in product(range(1000), FORMS):
        assert parse_ordinal(ordinal(n, case, gender, number, definite=definite, round_style="analytic")) == n
        for series, ten in product(("plain", "plural_only"), ("bare", "declined")):
            assert parse_cardinal(cardinal(n, case, gender, series=series, ten=ten)) == n


def test_collectives():
    for n, case, number in product(range(2, 10), CASES, NUMBERS):
        assert parse_collective(collective(n, case, number)) == n
        assert parse_numeral(collective(n, case, number)) == Numeral("collective", n)
    assert parse_collective("dvejetukas") is None


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 10**6), cases.filter(lambda case: case != "voc"), genders, numbers_of, st.booleans())
def test_what_a_written_ending_may_mean_is_of_the_same_number(n, case, gender, number, definite):
    ending = ordinal(n, case, gender, number, definite=definite)[-3:]
    for match in ordinal_from_ending(n, ending):
        parse = parse_ordinal if match.kind in ("ord", "ord_def") else parse_cardinal
        assert parse(match.form) == n


@pytest.mark.parametrize(
    "words",
    [
        "", "pirmas antras", "dvidešimt vienuoliktas", "dvidešimties pirmas", "dviejų šimtų pirmas", "du dušimtas",
        "šimto pirmojo", "pirmas šimtas", "penki", "dešimt pirmas", "tūkstantis tūkstantas", "minus pirmas", "metai",
        "trisdešimtas trečias", "vienas pirmas",
    ],
)  # fmt: skip
def test_what_is_no_ordinal(words):
    assert parse_ordinal(words) is None


def test_a_numeral_at_the_head_of_a_phrase():
    assert numeral_at_head("dvidešimt pirmos dienos") == (Numeral("ordinal", 21), "dienos")
    assert numeral_at_head("dviem tūkstančiais eurų") == (Numeral("cardinal", 2000), "eurų")
    assert numeral_at_head("eurų du") is None


def _readings() -> Iterator[tuple[int, str]]:
    for n in (0, 1, 2, 11, 21, 100, 1001, 12_345, 999_999, 10**6, 21 * 10**6, 10**9 + 1, 10**12, LIMIT - 1):
        for frame in ("Be {} vaikų.", "Su {} vaikais.", "Turi {} vaikus.", "Sumokėjo {} eurų."):
            yield n, frame.format(n)


def test_what_the_pipeline_says_is_the_number_that_stands_there():
    pairs = list(_readings())
    for (n, text), out in zip(pairs, load("lt-speech").batch([text for _, text in pairs]), strict=True):
        (edit,) = out.edits
        found = parse_numeral(edit.replacement)
        assert found is not None, text
        assert found.value == n
