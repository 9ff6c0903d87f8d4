"""Numbers, dates and times in words back to values: the inverse of reading out, Lithuanian and English."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.languages.en import spoken as en
from textnorm.languages.lt import spoken as lt
from textnorm.languages.lt.cardinals import cardinal
from textnorm.languages.lt.grammar import CASES, GENDERS
from textnorm.languages.lt.ordinals import ordinal


def last(found):
    return found[-1] if found else None


@settings(max_examples=300, deadline=None)
@given(st.integers(-(10**9), 10**9), st.sampled_from(CASES), st.sampled_from(GENDERS), st.booleans(), st.booleans())
def test_lithuanian_cardinals_come_back(n, case, gender, keep, declined):
    """Every form that reading out makes, in any case, is read back whole."""
    words = cardinal(n, case, gender, one="keep" if keep else "drop", ten="declined" if declined else "bare").split()
    assert last(lt.read_number(words)) == (len(words), n)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 9999), st.sampled_from(CASES[:6]))
def test_lithuanian_cardinals_without_diacritics(n, case):
    words = lt.bare(cardinal(n, case)).split()
    found = dict(lt.read_number(words))
    # Without marks some forms of two numbers fall together; then nothing is read rather than something wrong.
    assert found.get(len(words), n) == n


@given(st.integers(1, 99), st.sampled_from(CASES), st.sampled_from(GENDERS), st.booleans())
def test_lithuanian_ordinals_come_back(n, case, gender, definite):
    words = ordinal(n, case, gender, definite=definite).split()
    assert last(lt.read_ordinal(words)) == (len(words), n)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("dvidešimt kablelis penki", 20.5),
        ("trys kablelis nulis penki", 3.05),
        ("dvidešimt ir penkios dešimtosios", 20.5),
        ("du ir trisdešimt šimtųjų", 2.3),
        ("du su puse", 2.5),
        ("du ir pusė", 2.5),
        ("pusantros", 1.5),
        ("pusė", 0.5),
        ("minus du su puse", -2.5),
        ("šimtas penkių", 100),  # the parts do not agree: only the first is a number
    ],
)
def test_lithuanian_parts(text, value):
    assert last(lt.read_number(text.split()))[1] == pytest.approx(value)


@pytest.mark.parametrize("text", ["namas", "ir", "kablelis penki", "minus", ""])
def test_what_is_no_lithuanian_number(text):
    assert lt.read_number(text.split()) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("kovo penktą", "--03-05"),
        ("kovo penktąją dieną", "--03-05"),
        ("gegužės 2 d", "--05-02"),
        ("geguzes antra", "--05-02"),
        ("2024 m kovo 5 d", "2024-03-05"),
        ("2024 metų vasario dvidešimt devintą", "2024-02-29"),
        ("2024 03 05", "2024-03-05"),
        ("vasario 30", None),
        ("2024 13 05", None),
        ("kovo", None),
    ],
)
def test_lithuanian_dates(text, value):
    words = text.split()
    assert last(lt.read_date(words)) == (None if value is None else (len(words), value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("19 30", "19:30"),
        ("7 val 30 min", "07:30"),
        ("septintą valandą", "07:00"),
        ("septintą trisdešimt", "07:30"),
        ("dvidešimt pirmą valandą penkias minutes", "21:05"),
        ("pusę aštuonių", "07:30"),
        ("pusė pirmos", "12:30"),
        ("puse astuoniu", "07:30"),
        ("25 00", None),
        ("19 75", None),
        ("valandą", None),
    ],
)
def test_lithuanian_times(text, value):
    words = text.split()
    found = dict(lt.read_time(words))
    assert found.get(len(words)) == value


UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
UNITS += "seventeen eighteen nineteen".split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def english(n, with_and):
    """Say a number: an own small speller, so that the reader is not tested with itself."""
    if n < 20:
        return UNITS[n]
    if n < 100:
        return TENS[n // 10] + (f" {UNITS[n % 10]}" if n % 10 else "")
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if n >= size:
            rest = n % size
            joined = " and " if with_and and rest < 100 else " "
            return f"{english(n // size, with_and)} {name}" + (f"{joined}{english(rest, with_and)}" if rest else "")
    raise AssertionError


@settings(max_examples=400)
@given(st.one_of(st.integers(0, 2000), st.integers(0, 10**11)), st.booleans(), st.booleans())
def test_english_cardinals_come_back(n, with_and, negative):
    words = english(n, with_and).split()
    if negative:
        words = ["minus", *words]
    assert last(en.read_number(words)) == (len(words), -n if negative else n)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("twenty point five", 20.5),
        ("three point one four one", 3.141),
        ("two and a half", 2.5),
        ("half", 0.5),
        ("a quarter", 0.25),
        ("three quarters", 0.75),
        ("a hundred and one", 101),
        ("a dozen", 12),
        ("two dozen", 24),
        ("negative five", -5),
    ],
)
def test_english_parts(text, value):
    words = text.split()
    assert dict(en.read_number(words)).get(len(words)) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize("text", ["five twenty", "twenty eleven", "one and two", "hundred hundred", "thousand"])
def test_what_is_no_single_english_number(text):
    words = text.split()
    assert len(words) not in dict(en.read_number(words))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("march the fifth", "--03-05"),
        ("march 5", "--03-05"),
        ("the fifth of march 2024", "2024-03-05"),
        ("5 march", "--03-05"),
        ("the twenty first of may", "--05-21"),
        ("2024 03 05", "2024-03-05"),
        ("february 30", None),
        ("may", None),
    ],
)
def test_english_dates(text, value):
    words = text.split()
    assert last(en.read_date(words)) == (None if value is None else (len(words), value))


def test_english_ordinals():
    assert en.read_ordinal(["twenty", "first"]) == [(2, 21)]
    assert en.read_ordinal(["3", "rd"]) == [(2, 3)]
    assert en.read_ordinal([]) == en.read_ordinal(["house"]) == []
