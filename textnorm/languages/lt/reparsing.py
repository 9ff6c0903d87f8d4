"""Lithuanian ordinals and collectives in words back to numbers, and numerals of any kind at the head of a phrase.

The inverse of `ordinals.ordinal` and `cardinals.collective`; that of `cardinals.cardinal` is in `parsing`. An ordinal
is taken apart at its last word, the only one that inflects, and is accepted only where naming the number that was found
gives the same words again: so nothing ill-formed has a value.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Literal, NamedTuple, get_args

from textnorm.languages.lt.cardinals import MAGNITUDES, One, collective
from textnorm.languages.lt.grammar import CASES, GENDERS, NUMBERS, Case, Gender, Number
from textnorm.languages.lt.ordinals import LIMIT, RoundStyle, ordinal
from textnorm.languages.lt.parsing import parse_cardinal

NumeralKind = Literal["cardinal", "ordinal", "collective"]
_HUNDRED = 100
#: Multipliers with a form of their own before šimtas, tūkstantas … (dušimtas, dvidešimttūkstantasis).
_MULTIPLIERS = (*range(2, 20), *range(20, 101, 10))


class Numeral(NamedTuple):
    """A numeral that was understood: its kind and what it names."""

    kind: NumeralKind
    value: int


class _Last(NamedTuple):
    """A form of an ordinal's last word: the number it names by itself and the form."""

    value: int
    case: Case
    gender: Gender
    number: Number
    definite: bool


def _forms() -> list[tuple[Case, Gender, Number, bool]]:
    return list(product(CASES, GENDERS, NUMBERS, (False, True)))


@lru_cache(maxsize=1)
def _last_words() -> dict[str, tuple[_Last, ...]]:
    """All forms of what can be the last word of an ordinal; built on first use."""
    bases = (_HUNDRED, *(value for value, _ in MAGNITUDES if value <= LIMIT))
    # Compound forms of 1000 by 100 and the like are made by `ordinal`; those that it makes of two words are none.
    numbers = [*range(20), *range(20, 100, 10), *bases, *(m * base for base in bases for m in _MULTIPLIERS)]
    words: dict[str, list[_Last]] = {}
    for n in numbers:
        if n > LIMIT:
            continue
        for case, gender, number, definite in _forms():
            form = ordinal(n, case, gender, number, definite=definite)
            if " " not in form:
                words.setdefault(form, []).append(_Last(n, case, gender, number, definite))
    return {form: tuple(found) for form, found in words.items()}


def _values(last: int, front: int) -> set[int]:
    """Return the numbers that an ordinal can name whose last word names ``last`` and the words before it ``front``."""
    # Either the words before it are added (dvidešimt pirmas), or their last three digits multiply it (du šimtasis).
    multiplier = front % 1000
    found = {front + last}
    if multiplier and last >= _HUNDRED:
        found.add(front - multiplier + multiplier * last)
    return {n for n in found if n <= LIMIT}


def parse_ordinal(words: str) -> int | None:
    """Return the number that an ordinal names, None when the words are no well-formed ordinal.

    Accepts every form that `ordinals.ordinal` and `ordinals.year` make: all cases, genders and numbers, plain and
    pronominal, compound (*dušimtasis*) and analytic (*du šimtasis*), with and without *vienas*; in lower or upper case.
    """
    said = " ".join(words.lower().split())
    front, _, last = said.rpartition(" ")
    before = parse_cardinal(front) if front else 0
    if before is None or before < 0:
        return None
    for form in _last_words().get(last, ()):
        for n in _values(form.value, before):
            for style, one in product(get_args(RoundStyle), get_args(One)):
                made = ordinal(
                    n, form.case, form.gender, form.number, definite=form.definite, round_style=style, one=one
                )
                if made == said:
                    return n
    return None


@lru_cache(maxsize=1)
def _collectives() -> dict[str, int]:
    return {collective(n, case, number): n for n, case, number in product(range(2, 10), CASES, NUMBERS)}


def parse_collective(word: str) -> int | None:
    """Return the number that a collective numeral names (*dvejetas*, *trejetu*), None for any other word."""
    return _collectives().get(word.strip().lower())


@lru_cache(maxsize=4096)
def parse_numeral(words: str) -> Numeral | None:
    """Return kind and value of a numeral in words, None when the words are none."""
    for kind, parse in (("cardinal", parse_cardinal), ("ordinal", parse_ordinal), ("collective", parse_collective)):
        value = parse(words)
        if value is not None:
            return Numeral(kind, value)  # type: ignore[arg-type]
    return None


def numeral_at_head(words: str) -> tuple[Numeral, str] | None:
    """Return the longest numeral with which a phrase begins, and what stands behind it; None where none does."""
    parts = words.split()
    for end in range(len(parts), 0, -1):
        found = parse_numeral(" ".join(parts[:end]))
        if found is not None:
            return found, " ".join(parts[end:])
    return None
