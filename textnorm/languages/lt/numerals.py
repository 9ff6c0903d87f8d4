"""Lithuanian numerals: the face of the cardinals, and what is built of numerals: digits, decimals, fractions.

Cardinals live in `cardinals`, their inverse in `parsing`, ordinals in `ordinals`. Source: *Dabartinės lietuvių kalbos
gramatika*, chapter on the numeral.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from textnorm.languages.lt.cardinals import LIMIT, NounForm, One, Series, Ten, cardinal, collective, noun_form
from textnorm.languages.lt.grammar import Case, Gender, Number, NumberRangeError
from textnorm.languages.lt.nouns import decline
from textnorm.languages.lt.ordinals import ordinal
from textnorm.languages.lt.parsing import parse_cardinal

__all__ = [
    "LIMIT",
    "DecimalStyle",
    "FractionStyle",
    "NounForm",
    "NumberRangeError",
    "One",
    "Series",
    "Ten",
    "cardinal",
    "collective",
    "decimal",
    "digits",
    "fraction",
    "noun_form",
    "parse_cardinal",
]

DecimalStyle = Literal["kablelis", "fraction"]
FractionStyle = Literal["noun", "ordinal"]

_ASCII_DIGITS = frozenset("0123456789")
_PART_NOUNS = {
    3: "trečdalis",
    4: "ketvirtadalis",
    5: "penktadalis",
    6: "šeštadalis",
    7: "septintadalis",
    8: "aštuntadalis",
    9: "devintadalis",
    10: "dešimtadalis",
}


def _require_digits(s: str, what: str) -> None:
    if not s or not _ASCII_DIGITS.issuperset(s):
        msg = f"{what} must be one or more digits 0-9; got {s!r}"
        raise ValueError(msg)


def digits(s: str, gender: Gender = "m") -> str:
    """Return a string of digits read one by one in the nominative ("370": *trys septyni nulis*).

    Raises:
        ValueError: `s` is empty or holds anything but the digits 0-9.
    """
    _require_digits(s, "a number read digit by digit")
    return " ".join(cardinal(int(digit), "nom", gender) for digit in s)


def _with_leading_zeros(s: str, case: Case, gender: Gender) -> str:
    """Read digits as a number whose leading zeros are said; all zeros are said one by one."""
    significant = s.lstrip("0")
    words = [cardinal(0, case)] * (len(s) - len(significant))
    if significant:
        words.append(cardinal(int(significant), case, gender))
    return " ".join(words)


@lru_cache(maxsize=16384)
def decimal(
    integer: str,
    fraction: str,
    case: Case = "nom",
    *,
    style: DecimalStyle = "kablelis",
    gender: Gender = "m",
    sign: Literal["", "minus"] = "",
) -> str:
    """Return a decimal number in words; the counted noun follows in the genitive singular.

    Args:
        integer: digits before the comma, as written.
        fraction: digits after the comma, as written: a leading zero is said, a final one keeps its value (2,50).
        case: grammatical case; style "kablelis" is usually left in the nominative whatever the sentence demands.
        style: "kablelis" *du kablelis penki*; "fraction" *dviejų ir penkių dešimtųjų* (at most 15 decimals).
        gender: gender of the integer part in style "fraction", and of both parts in style "kablelis".
        sign: "minus" puts the word first.

    Raises:
        ValueError: a part is no string of digits.
        NumberRangeError: a part is too long to be named.
    """
    _require_digits(integer, "the integer part")
    _require_digits(fraction, "the decimal part")
    if style == "kablelis":
        words = [cardinal(int(integer), case, gender), "kablelis", _with_leading_zeros(fraction, case, gender)]
    else:
        parts = _ordinal_fraction(int(fraction), 10 ** len(fraction), case)
        words = [cardinal(int(integer), case, gender), "ir", parts]
    return " ".join([sign, *words] if sign else words)


def _ordinal_fraction(numerator: int, denominator: int, case: Case) -> str:
    """Return *dvi trečiosios*: both parts agree with the unsaid feminine noun dalis."""
    form = noun_form(numerator)
    number: Number = "sg" if form == "sg" else "pl"
    part_case: Case = "gen" if form == "gen_pl" else case
    return f"{cardinal(numerator, case, 'f')} {ordinal(denominator, part_case, 'f', number, definite=True)}"


@lru_cache(maxsize=4096)
def fraction(numerator: int, denominator: int, case: Case = "nom", *, style: FractionStyle = "noun") -> str:
    """Return a common fraction in words.

    Args:
        numerator: number of parts, 0 or more.
        denominator: what the whole is divided by, 2 or more.
        case: grammatical case.
        style: "noun" says *pusė* for 1/2, *vienas trečdalis*, *du ketvirtadaliai* … for denominators 3-10, and falls
            to the ordinal form for all others (3/2, 5/12), which have no such noun; "ordinal" says *viena antroji*,
            *dvi trečiosios*, *penkios dvyliktosios* throughout.

    Raises:
        NumberRangeError: a negative numerator, a denominator below 2, or one beyond the ordinals.
        ValueError: unknown case.
    """
    if numerator < 0 or denominator < 2:
        msg = f"a fraction has a numerator of 0 or more and a denominator of 2 or more; got {numerator}/{denominator}"
        raise NumberRangeError(msg)
    if style == "noun" and (numerator, denominator) == (1, 2):
        return decline("pusė", case, "sg")
    if style == "noun" and denominator in _PART_NOUNS:
        form = noun_form(numerator)
        noun_case: Case = "gen" if form == "gen_pl" else case
        part = decline(_PART_NOUNS[denominator], noun_case, "sg" if form == "sg" else "pl")
        return f"{cardinal(numerator, case, 'm')} {part}"
    return _ordinal_fraction(numerator, denominator, case)
