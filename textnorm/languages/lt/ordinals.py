"""Lithuanian ordinal numerals: plain and pronominal, years, and the readings of a written ending (3-iasis, 2-ojo).

In a compound ordinal only the last word is ordinal and inflects; what stands before it is the cardinal nominative
(dvidešimt pirmas, tūkstantis devyni šimtai aštuntas). Ordinals decline like adjectives in *-as*, trečias like one in
*-ias*. Source: *Dabartinės lietuvių kalbos gramatika*, chapter on the numeral; the notation of endings follows the
recommendation of the State Commission of the Lithuanian Language (the ending with the mark of a soft stem: 3-iasis).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, NamedTuple

from textnorm.languages.lt.adjectives import DEFINITE, INDEFINITE, Endings, split_adjective
from textnorm.languages.lt.cardinals import MAGNITUDES, One, Part, Series, Ten, cardinal, noun_form, small_part
from textnorm.languages.lt.grammar import (
    CASES,
    GENDERS,
    NUMBERS,
    Case,
    Gender,
    Number,
    NumberRangeError,
    case_index,
    join,
    words,
)
from textnorm.languages.lt.nouns import noun, split

RoundStyle = Literal["compound", "analytic"]
Kind = Literal["ord", "ord_def", "card", "plural_only"]

LIMIT: Final = 10**15
"""Largest number whose ordinal is named."""

ENDINGS: Final[dict[bool, Endings]] = {False: INDEFINITE["as"], True: DEFINITE["as"]}
"""Endings of all ordinals but trečias: `ENDINGS[definite][gender, number][case]`, seven cases."""
SOFT_ENDINGS: Final[dict[bool, Endings]] = {False: INDEFINITE["ias"], True: DEFINITE["ias"]}
"""The same for trečias, whose *t* becomes *č* before a back vowel (treti, trečių)."""

_UNIT_STEMS = ("pirm", "antr", "tret", "ketvirt", "penkt", "šešt", "septint", "aštunt", "devint")
_COMPOUND_STEMS = {
    2: "du", 3: "tri", 4: "keturia", 5: "penkia", 6: "šešia", 7: "septynia", 8: "aštuonia", 9: "devynia", 100: "šimta",
}  # fmt: skip


class _Ordinal(NamedTuple):
    """An ordinal before inflection: the cardinal words before it, the stem of the last word, soft or hard."""

    front: str
    stem: str
    soft: bool
    multiplied: bool  # the last word is šimtas, tūkstantas … with a multiplier of 2 or more


def _compound_stem(multiplier: int) -> str | None:
    """Return the first part of dušimtas, dešimttūkstantas; None where the multiplier has no such form."""
    if multiplier in _COMPOUND_STEMS:
        return _COMPOUND_STEMS[multiplier]
    if 10 < multiplier < 20 or (multiplier < 100 and multiplier % 10 == 0):
        return cardinal(multiplier)
    return None


@lru_cache(maxsize=16384)
def _analyse(n: int, style: RoundStyle, one: One) -> _Ordinal:
    last = n % 100
    if last:
        if last < 20 or last % 10 == 0:
            unit = last
            front = n - last
        else:
            unit = last % 10
            front = n - unit
        if unit < 10:
            stem = _UNIT_STEMS[unit - 1]
        else:
            stem, _ = small_part(unit, "nom", "m", "plain", "bare")
            stem += "t" if unit < 20 and unit != 10 else ""
        return _Ordinal(cardinal(front, one=one) if front else "", stem, unit == 3, False)
    if n % 1000:
        value, stem = 100, "šimt"
    else:
        value, word = next((value, word) for value, word in MAGNITUDES if n % value == 0)
        # tūkstantis is soft as a noun, its ordinal tūkstantas is hard: the stem serves both.
        stem = split(word, "nom", "sg")[0]
    multiplier = n // value % (10 if value == 100 else 1000)
    higher = n - multiplier * value
    front_words = [cardinal(higher, one=one)] if higher else []
    if multiplier > 1:
        prefix = _compound_stem(multiplier) if style == "compound" else None
        if prefix is None:
            front_words.append(cardinal(multiplier, one=one))
        else:
            stem = prefix + stem
    return _Ordinal(" ".join(front_words), stem, False, multiplier > 1)


def _check(n: int) -> None:
    if not 0 <= n <= LIMIT:
        msg = f"ordinal numerals are named from 0 to 10^15; got {n}"
        raise NumberRangeError(msg)


@lru_cache(maxsize=65536)
def ordinal(
    n: int,
    case: Case = "nom",
    gender: Gender = "m",
    number: Number = "sg",
    *,
    definite: bool = False,
    round_style: RoundStyle = "compound",
    one: One = "drop",
) -> str:
    """Return an ordinal numeral in words.

    Args:
        n: number, 0 to 10^15; the ordinal of 0 is the adjective nulinis.
        case: grammatical case of the last word; the vocative equals the nominative.
        gender: gender of the last word.
        number: number of the last word.
        definite: True for the pronominal form (pirmasis, trečioji).
        round_style: how a multiple of 100, 1000 … with a multiplier is formed: "compound" *dušimtas*,
            *dutūkstantasis*, or "analytic" *du šimtasis*, *du tūkstantieji* as years are read. Multipliers without a
            compound form (25 000th) are analytic in both.
        one: "keep" says *vienas šimtas pirmas*; see `cardinals.cardinal`.

    Raises:
        NumberRangeError: `n` is negative or beyond the limit.
        ValueError: unknown case, gender or number.
    """
    _check(n)
    if gender not in GENDERS or number not in NUMBERS:
        msg = f"unknown gender {gender!r} or number {number!r}"
        raise ValueError(msg)
    if n == 0:
        return join(*split_adjective("nulinis", case, gender, number, definite=definite))
    front, stem, soft, _ = _analyse(n, round_style, one)
    ending = (SOFT_ENDINGS if soft else ENDINGS)[definite][gender, number][case_index(case)]
    word = join(stem, ending)
    return f"{front} {word}" if front else word


def year(y: int, case: Case = "nom", *, definite: bool = False, one: One = "drop") -> str:
    """Return the number of a year as it stands before *metai* (plural masculine ordinal, without the noun).

    A multiple of 100 is always pronominal and analytic (2000: *du tūkstantieji*, 1900: *tūkstantis devyni šimtieji*):
    the plain plural of šimtas and tūkstantas is not used of years.

    Raises:
        NumberRangeError: `y` is below 1 or beyond the limit.
        ValueError: unknown case.
    """
    if y < 1:
        msg = f"years are numbered from 1; got {y}"
        raise NumberRangeError(msg)
    return ordinal(y, case, "m", "pl", definite=definite or y % 100 == 0, round_style="analytic", one=one)


class Match(NamedTuple):
    """One reading of a number with a written ending.

    Attributes:
        form: the whole numeral in words.
        kind: plain ordinal, pronominal ordinal, cardinal, or cardinal of the plural-only series.
        case: grammatical case (never "voc": it equals the nominative).
        gender: gender of the numeral, or of its noun.
        number: number of the ordinal; of a cardinal, that of the counted noun's agreement ("sg" after 1, 21 …).
    """

    form: str
    kind: Kind
    case: Case
    gender: Gender
    number: Number


class _Candidate(NamedTuple):
    match: Match
    last_word: str
    ending: str
    preference: int


_KIND_ORDER: dict[Kind, int] = {"ord": 0, "ord_def": 1, "card": 2, "plural_only": 3}
# What the pronoun jis adds to the plain adjective: the part that short spellings keep (5-jo, 9-jame, 1-sis).
_PRONOUN_PARTS = frozenset(
    words("sis jo jam jį ju jame ji jų siems sius siais siuose sios jai ją ja joje sioms sias siomis siose")
)
# Endings of dviejų, trijų, dvejų … without the vowel that belongs to them as much as to the stem.
_SHORT_CARDINAL_ENDINGS = frozenset(("jų", "juose", "jose", "em", "ms", "mis"))


def _ordinal_candidates(n: int) -> list[_Candidate]:
    found = []
    styles: tuple[RoundStyle, ...] = ("compound", "analytic") if n and n % 100 == 0 else ("compound",)
    for definite in (False, True):
        for number in NUMBERS:
            for gender in GENDERS:
                for case in CASES[:-1]:
                    for style in styles:
                        if n == 0:
                            stem, ending = split_adjective("nulinis", case, gender, number, definite=definite)
                        else:
                            _, stem, soft, multiplied = _analyse(n, style, "drop")
                            if style == "analytic" and (not multiplied or not definite):
                                continue
                            table = SOFT_ENDINGS if soft else ENDINGS
                            ending = table[definite][gender, number][case_index(case)]
                        form = ordinal(n, case, gender, number, definite=definite, round_style=style)
                        # 2000-ųjų is mostly a year, 2000-asis is mostly a visitor.
                        preference = int((style == "analytic") != (number == "pl")) if len(styles) > 1 else 0
                        kind: Kind = "ord_def" if definite else "ord"
                        match = Match(form, kind, case, gender, number)
                        found.append(_Candidate(match, join(stem, ending), ending, preference))
    return found


def _cardinal_part(n: int, case: Case, gender: Gender, series: Series, ten: Ten) -> Part:
    """Return (stem, ending) of the last word of a cardinal."""
    if n == 0:
        return small_part(0, case, gender, series, ten)
    last = n % 100
    if last:
        return small_part(last if last < 20 or last % 10 == 0 else last % 10, case, gender, series, ten)
    if n % 1000:
        lemma, count = "šimtas", n // 100 % 10
    else:
        value, word = next((value, word) for value, word in MAGNITUDES if n % value == 0)
        lemma, count = word.lemma, n // value % 1000
    form = noun_form(count)
    return split(noun(lemma), "gen" if form == "gen_pl" else case, "sg" if form == "sg" else "pl")


def _cardinal_candidates(n: int) -> list[_Candidate]:
    found = []
    number: Number = "sg" if noun_form(n) == "sg" else "pl"
    has_plural_series = n % 10 != 0 and not 10 < n % 100 < 20
    variants: list[tuple[Kind, Series, Ten]] = [("card", "plain", "bare"), ("card", "plain", "declined")]
    if has_plural_series:
        variants.append(("plural_only", "plural_only", "bare"))
    for kind, series, ten in variants:
        for gender in GENDERS:
            for case in CASES[:-1]:
                stem, ending = _cardinal_part(n, case, gender, series, ten)
                form = cardinal(n, case, gender, series=series, ten=ten)
                match = Match(form, kind, case, gender, number)
                found.append(_Candidate(match, join(stem, ending), ending, 0))
    return found


@lru_cache(maxsize=4096)
def _candidates(n: int) -> tuple[_Candidate, ...]:
    return tuple(dict.fromkeys(_ordinal_candidates(n) + _cardinal_candidates(n)))


def _fit(candidate: _Candidate, written: str) -> int | None:
    """Return how well a written ending fits a form: 0 exactly its ending, 1 more or customarily less, 2 the pronoun."""
    if not candidate.last_word.endswith(written):
        return None
    ending = candidate.ending
    if written == ending:
        return 0
    if len(written) > len(ending):
        return 1
    # A soft stem's ending without its mark (3-ojo for 3-iojo).
    if ending.startswith("i") and written == ending[1:] and candidate.match.kind in ("ord", "ord_def"):
        return 1
    if candidate.match.kind in ("card", "plural_only") and written in _SHORT_CARDINAL_ENDINGS:
        return 1
    return 2 if candidate.match.kind == "ord_def" and written in _PRONOUN_PARTS else None


@lru_cache(maxsize=16384)
def _ranked(n: int, written: str) -> tuple[Match, ...]:
    fits = [
        (fit, _KIND_ORDER[c.match.kind], c.preference, c.match)
        for c in _candidates(n)
        if (fit := _fit(c, written)) is not None
    ]
    fits.sort(key=lambda item: item[:3])
    return tuple(dict.fromkeys(match for *_, match in fits))


def ordinal_from_ending(n: int, ending: str) -> list[Match]:
    """Return all readings of a number written with an ending (3-iasis, 15-a, 7-erius, 20-čia), the likeliest first.

    A form matches when its last word ends in `ending` and `ending` covers the form's inflection; a pronominal form
    also matches by its pronoun alone (9-jame), dviejų and trijų by *-jų*, and a soft stem without its mark (3-ojo).
    Exact endings come first, then longer and customary short ones (5-tojo, 3-ojo, 2-jų), then the pronoun alone.
    Within each: plain ordinals, pronominal ordinals, cardinals, plural-only cardinals; within these singular before
    plural, and cases in their usual order. The noun decides between readings that the ending leaves open (18-os).

    Args:
        n: the number, 0 to 10^15.
        ending: what is written after the hyphen, in any letter case.

    Returns:
        The readings; empty when no form of the number ends so (5-tar) or the ending is empty.

    Raises:
        NumberRangeError: `n` is negative or beyond the limit.
    """
    _check(n)
    written = ending.lower()
    return list(_ranked(n, written)) if written else []
