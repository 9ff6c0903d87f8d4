"""Categories that all Lithuanian paradigms share, and the one sound change that they all obey.

Source of the tables in this package: the standard grammar of Lithuanian (*Dabartinės lietuvių kalbos gramatika*,
chapters on the noun, the adjective and the numeral), written out as stems and endings.
"""

from __future__ import annotations

from typing import Literal, get_args

Case = Literal["nom", "gen", "dat", "acc", "ins", "loc", "voc"]
Gender = Literal["m", "f"]
Number = Literal["sg", "pl"]

CASES: tuple[Case, ...] = get_args(Case)
GENDERS: tuple[Gender, ...] = get_args(Gender)
NUMBERS: tuple[Number, ...] = get_args(Number)

CASE_INDEX: dict[Case, int] = {case: i for i, case in enumerate(CASES)}
"""Place of a case in a row of endings."""

_BACK_VOWELS = frozenset("aąouųū")
_SOFTENED = {"t": "č", "d": "dž"}


class NumberRangeError(ValueError):
    """A number lies outside what a function can name; the message says what the limits are."""


class UnknownParadigmError(ValueError):
    """A lemma's ending belongs to no paradigm (a plural given as a lemma, an indeclinable or foreign word)."""


def case_index(case: Case) -> int:
    """Return the place of `case` in a row of endings.

    Raises:
        ValueError: `case` is none of `CASES`.
    """
    try:
        return CASE_INDEX[case]
    except KeyError:
        msg = f"unknown case {case!r}; the cases are {', '.join(CASES)}"
        raise ValueError(msg) from None


def join(stem: str, ending: str) -> str:
    """Join a stem and an ending.

    Before *i* + back vowel *t* and *d* become *č* and *dž* (medis, medžio); *j* takes the *i* in (rugsėjis, rugsėjo).
    """
    if len(ending) > 1 and ending[0] == "i" and ending[1] in _BACK_VOWELS and stem:
        if stem[-1] == "j":
            return stem + ending[1:]
        if stem[-1] in _SOFTENED:
            return stem[:-1] + _SOFTENED[stem[-1]] + ending
    return stem + ending


def words(text: str) -> tuple[str, ...]:
    """Return the words of a table row; tables are written as running text so that a linguist can read them."""
    return tuple(text.split())


def harden(stem: str) -> str:
    """Undo the change of `join` at the end of a stem (sveč- to svet-, medž- to med-)."""
    if stem.endswith("dž"):
        return stem[:-1]
    return stem[:-1] + "t" if stem.endswith("č") else stem
