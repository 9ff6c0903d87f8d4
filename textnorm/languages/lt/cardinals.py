"""Lithuanian cardinal and collective numerals: forms of every number, case, gender and series, and their inverse.

Every declinable part of a cardinal declines: units, 11-19 (nouns in *-a* whose accusative equals the nominative),
šimtas, tūkstantis, milijonas …, which agree with their own multiplier. Round tens stay bare or decline, as asked.
Source: *Dabartinės lietuvių kalbos gramatika*, chapter on the numeral.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

from textnorm.languages.lt.grammar import (
    GENDERS,
    Case,
    Gender,
    Number,
    NumberRangeError,
    case_index,
    join,
    words,
)
from textnorm.languages.lt.nouns import decline, noun

Series = Literal["plain", "plural_only"]
Ten = Literal["bare", "declined"]
One = Literal["drop", "keep"]
NounForm = Literal["sg", "pl", "gen_pl"]

LIMIT: Final = 10**18
"""Largest absolute value that the cardinals name."""

# Tables are written with a bar between the stem and the ending, because written endings (5-ių) are checked against it.
# Six cases; the vocative of a numeral is its nominative.
_UNITS_M = (
    "vien|as vien|o vien|am vien|ą vien|u vien|ame",
    "d|u dv|iejų dv|iem d|u dv|iem dv|iejuose",
    "tr|ys tr|ijų tr|ims tr|is tr|imis tr|ijuose",
)
_UNITS_F = (
    "vien|a vien|os vien|ai vien|ą vien|a vien|oje",
    "dv|i dv|iejų dv|iem dv|i dv|iem dv|iejose",
    "tr|ys tr|ijų tr|ims tr|is tr|imis tr|ijose",
)
_STEMS_4_TO_9 = ("ketur", "penk", "šeš", "septyn", "aštuon", "devyn")
_ENDINGS_4_TO_9 = {"m": "i ių iems is iais iuose", "f": "ios ių ioms ias iomis iose"}
_PLURAL_STEMS = ("vien", "dv", "tr", "ketv", "penk", "šeš", "septyn", "aštuon", "devyn")
_PLURAL_ENDINGS = {
    "m": ("eri erių eriems erius eriais eriuose", "eji ejų ejiems ejus ejais ejuose"),
    "f": ("erios erių erioms erias eriomis eriose", "ejos ejų ejoms ejas ejomis ejose"),
}
_TEEN_STEMS = words("vienuolik dvylik trylik keturiolik penkiolik šešiolik septyniolik aštuoniolik devyniolik")
_TEEN_ENDINGS = words("a os ai a a oje")
_TEN_STEMS = words(
    "dešimt dvidešimt trisdešimt keturiasdešimt penkiasdešimt šešiasdešimt septyniasdešimt aštuoniasdešimt "
    "devyniasdešimt"
)
# The accusative of a round ten that stands alone is bare even where the other cases decline.
_TEN_DECLINED = ("", "ies", "iai", "", "ia", "yje")
_ZERO_ENDINGS = words("is io iui į iu yje")

MAGNITUDES: Final = tuple(
    (10**power, noun(lemma))
    for power, lemma in (
        (18, "kvintilijonas"),
        (15, "kvadrilijonas"),
        (12, "trilijonas"),
        (9, "milijardas"),
        (6, "milijonas"),
        (3, "tūkstantis"),
    )
)
"""(value, noun) of the powers of a thousand that have a name, largest first."""

Part = tuple[str, str]
"""(stem, ending) of one word; `grammar.join` makes the word."""


def _parts(row: str) -> tuple[Part, ...]:
    stems_and_endings = (cell.partition("|") for cell in row.split())
    return tuple((stem, ending) for stem, _, ending in stems_and_endings)


def _unit_table(gender: Gender) -> tuple[tuple[Part, ...], ...]:
    rows = [_parts(row) for row in (_UNITS_M if gender == "m" else _UNITS_F)]
    rows += [tuple((stem, e) for e in _ENDINGS_4_TO_9[gender].split()) for stem in _STEMS_4_TO_9]
    return tuple(rows)


def _plural_table(gender: Gender) -> tuple[tuple[Part, ...], ...]:
    er, ej = _PLURAL_ENDINGS[gender]
    return tuple(tuple((stem, e) for e in (ej if stem in ("dv", "tr") else er).split()) for stem in _PLURAL_STEMS)


_UNITS: dict[tuple[Series, Gender], tuple[tuple[Part, ...], ...]] = {
    ("plain", "m"): _unit_table("m"),
    ("plain", "f"): _unit_table("f"),
    ("plural_only", "m"): _plural_table("m"),
    ("plural_only", "f"): _plural_table("f"),
}


def _case(case: Case) -> int:
    return case_index("nom" if case == "voc" else case)


def small_part(n: int, case: Case, gender: Gender, series: Series, ten: Ten) -> Part:
    """Return (stem, ending) of a one-word numeral 0-20, 30 … 90."""
    at = _case(case)
    if n == 0:
        return "nul", _ZERO_ENDINGS[at]
    if n < 10:
        return _UNITS[series, gender][n - 1][at]
    if 10 < n < 20:
        return _TEEN_STEMS[n - 11], _TEEN_ENDINGS[at]
    return _TEN_STEMS[n // 10 - 1], _TEN_DECLINED[at] if ten == "declined" else ""


def noun_form(n: int) -> NounForm:
    """Return the form that a counted noun takes after a cardinal: "sg" (1, 21 …), "pl" (2-9, 22 …) or "gen_pl".

    "sg" and "pl" stand in the case of the phrase; "gen_pl" is the genitive plural whatever the case (0, 10-20, 30 …).
    """
    n = abs(n)
    if n % 10 == 0 or 10 < n % 100 < 20:
        return "gen_pl"
    return "sg" if n % 10 == 1 else "pl"


def _counted(word: str, value: int, case: Case) -> str:
    """Return šimtas, tūkstantis … as its multiplier `value` demands."""
    form = noun_form(value)
    if form == "gen_pl":
        return decline(word, "gen", "pl")
    return decline(word, "nom" if case == "voc" else case, form)


def _below_thousand(n: int, case: Case, gender: Gender, series: Series, ten: Ten, one: One) -> list[str]:
    """Words of 1-999."""
    said = []
    hundreds, rest = divmod(n, 100)
    if hundreds:
        if hundreds > 1 or one == "keep":
            said.append(join(*small_part(hundreds, case, "m", "plain", "bare")))
        said.append(_counted("šimtas", hundreds, case))
    if rest >= 20 and rest % 10:
        said.append(_TEN_STEMS[rest // 10 - 1])
        rest %= 10
    if rest:
        said.append(join(*small_part(rest, case, gender, series, ten)))
    return said


@lru_cache(maxsize=65536)
def cardinal(
    n: int,
    case: Case = "nom",
    gender: Gender = "m",
    *,
    series: Series = "plain",
    ten: Ten = "bare",
    one: One = "drop",
) -> str:
    """Return a cardinal numeral in words.

    Args:
        n: number, at most 10^18 in absolute value; a negative one is read with *minus*.
        case: grammatical case; every declinable part takes it. The vocative equals the nominative.
        gender: gender of the counted noun; it shows only in a final 1-9.
        series: "plural_only" takes vieneri, dveji, treji … for a final 1-9 (counting metai, durys, žirklės).
        ten: "declined" declines 10, 20 … 90 as the last word of the number or of a multiplier (dešimties, dešimčiai);
            "bare" leaves them (both are standard).
        one: "keep" says *vienas šimtas*, *vienas tūkstantis* for one hundred, one thousand …; "drop" *šimtas*.

    Raises:
        NumberRangeError: `n` is beyond the limit.
        ValueError: unknown case or gender.
    """
    if abs(n) > LIMIT:
        msg = f"cardinal numerals are named up to 10^18 in absolute value; got {n}"
        raise NumberRangeError(msg)
    if gender not in GENDERS:
        msg = f"unknown gender {gender!r}; the genders are m and f"
        raise ValueError(msg)
    if n == 0:
        return join(*small_part(0, case, gender, series, ten))
    said = ["minus"] if n < 0 else []
    rest = abs(n)
    for value, magnitude in MAGNITUDES:
        count, rest = divmod(rest, value)
        if count:
            if count > 1 or one == "keep":
                said += _below_thousand(count, case, "m", "plain", ten, one)
            said.append(_counted(magnitude.lemma, count, case))
    if rest:
        said += _below_thousand(rest, case, gender, series, ten, one)
    return " ".join(said)


_COLLECTIVES = words("dvejetas trejetas ketvertas penketas šešetas septynetas aštuonetas devynetas")


def collective(n: int, case: Case = "nom", number: Number = "sg") -> str:
    """Return the collective numeral of 2-9 (dvejetas, trejetas, ketvertas … devynetas), declined as a noun.

    Raises:
        NumberRangeError: there is no collective of `n`.
        ValueError: unknown case or number.
    """
    if not 2 <= n <= 9:
        msg = f"collective numerals exist for 2 to 9; got {n}"
        raise NumberRangeError(msg)
    return decline(_COLLECTIVES[n - 2], case, number)
