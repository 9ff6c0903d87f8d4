"""Lithuanian cardinals in words back to numbers: the inverse of `cardinals.cardinal`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from textnorm.languages.lt.cardinals import (
    LIMIT,
    MAGNITUDES,
    Series,
    noun_form,
    small_part,
)
from textnorm.languages.lt.grammar import CASES, GENDERS, NUMBERS, Case, Number, join
from textnorm.languages.lt.nouns import decline

_ALL: frozenset[Case] = frozenset(CASES)
_SERIES: tuple[Series, ...] = ("plain", "plural_only")
_Kind = Literal["zero", "unit", "teen", "ten", "hundred", "magnitude"]


@dataclass(slots=True)
class _Word:
    """What one word form can be: its value, and the cases it can stand in."""

    kind: _Kind
    value: int
    final: set[Case] = field(default_factory=set)
    multiplier: set[Case] = field(default_factory=set)
    by_number: dict[Number, set[Case]] = field(default_factory=lambda: {"sg": set(), "pl": set()})


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, _Word]:
    """All word forms of the cardinals; built on first use."""
    words: dict[str, _Word] = {}

    def entry(form: str, kind: _Kind, value: int) -> _Word:
        return words.setdefault(form, _Word(kind, value))

    for case in CASES:
        entry(join(*small_part(0, case, "m", "plain", "bare")), "zero", 0).final.add(case)
        for n in range(1, 10):
            entry(join(*small_part(n, case, "m", "plain", "bare")), "unit", n).multiplier.add(case)
            for gender in GENDERS:
                for series in _SERIES:
                    entry(join(*small_part(n, case, gender, series, "bare")), "unit", n).final.add(case)
        for n in range(11, 20):
            word = entry(join(*small_part(n, case, "m", "plain", "bare")), "teen", n)
            word.final.add(case)
            word.multiplier.add(case)
        for n in range(10, 100, 10):
            bare = entry(join(*small_part(n, case, "m", "plain", "bare")), "ten", n)
            declined = entry(join(*small_part(n, case, "m", "plain", "declined")), "ten", n)
            for word in (bare, declined):
                word.final.add(case)
                word.multiplier.add(case)
        if case == "voc":
            continue
        cases: set[Case] = {"nom", "voc"} if case == "nom" else {case}
        for number in NUMBERS:
            entry(decline("šimtas", case, number), "hundred", 100).by_number[number] |= cases
            for value, magnitude in MAGNITUDES:
                entry(decline(magnitude.lemma, case, number), "magnitude", value).by_number[number] |= cases
    return words


class _Mismatch(Exception):
    """The words are no cardinal."""


class _Reader:
    """One pass over the words of a cardinal; `cases` narrows to the cases in which all of them can stand."""

    def __init__(self, words: list[_Word]) -> None:
        self.words = words
        self.at = 0
        self.cases: set[Case] = set(CASES)

    def peek(self, kind: _Kind, ahead: int = 0) -> _Word | None:
        at = self.at + ahead
        return self.words[at] if at < len(self.words) and self.words[at].kind == kind else None

    def narrow(self, cases: set[Case]) -> None:
        self.cases &= cases
        if not self.cases:
            raise _Mismatch

    def agree(self, noun: _Word, multiplier: int) -> None:
        """Check šimtas, tūkstantis … against the number before it."""
        form = noun_form(multiplier)
        if form == "gen_pl":
            if "gen" not in noun.by_number["pl"]:
                raise _Mismatch
        else:
            self.narrow(noun.by_number[form])

    def group(self) -> int:
        """Read up to three digits and the magnitude after them; the value with the magnitude."""
        start = self.at
        value = self.hundreds()
        rest: list[_Word] = []
        if (word := self.peek("ten")) is not None:
            rest.append(word)
            self.at += 1
        # No unit follows ten: that is eleven to nineteen.
        if (not rest or rest[0].value > 10) and (word := self.peek("unit")) is not None:
            rest.append(word)
            self.at += 1
        if not rest and (word := self.peek("teen")) is not None:
            rest.append(word)
            self.at += 1
        value += sum(word.value for word in rest)
        magnitude = self.peek("magnitude")
        for word in rest:
            self.narrow(word.multiplier if magnitude is not None else word.final)
        if magnitude is None:
            if self.at == start:
                raise _Mismatch
            return value
        self.at += 1
        self.agree(magnitude, value or 1)
        return (value or 1) * magnitude.value

    def hundreds(self) -> int:
        count = 1
        unit = self.peek("unit")
        if unit is not None and self.peek("hundred", 1) is not None:
            self.narrow(unit.multiplier)
            count = unit.value
            self.at += 1
        hundred = self.peek("hundred")
        if hundred is None:
            return 0
        self.at += 1
        self.agree(hundred, count)
        return count * 100

    def read(self) -> int:
        if len(self.words) == 1 and self.words[0].kind == "zero":
            return 0
        total, bound = 0, LIMIT * 1000
        while self.at < len(self.words):
            value = self.group()
            magnitude = self.words[self.at - 1].value if self.words[self.at - 1].kind == "magnitude" else 1
            if magnitude >= bound:
                raise _Mismatch
            bound = magnitude
            total += value
        return total


def number_words() -> Collection[str]:
    """Return every word form that cardinals are made of, *minus* apart."""
    return _lexicon().keys()


def parse_cardinal(words: str) -> int | None:
    """Return the number that a cardinal names, None when the words are no well-formed cardinal.

    Accepts every form that `cardinals.cardinal` makes (all cases, genders, series, with or without *vienas* before
    šimtas …, *minus*), and twenties to nineties declined before a unit too (*dvidešimties penkerių*), as some write
    them; in lower or upper case. All parts must be able to stand in one case, and the parts must
    agree: *šimtas penkių*, *du tūkstantis* and *penki dešimt* give None.
    """
    tokens = words.lower().split()
    negative = tokens[:1] == ["minus"]
    lexicon = _lexicon()
    try:
        read = [lexicon[token] for token in tokens[negative:]]
    except KeyError:
        return None
    if not read:
        return None
    try:
        value = _Reader(read).read()
    except _Mismatch:
        return None
    return -value if negative else value
