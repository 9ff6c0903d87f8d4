"""What ``explain`` says of an inflected word: kind, case, gender and number, in words.

One account is a small dictionary that JSON can hold: ``{"words": "trijų", "kind": "cardinal", "case": "genitive", …}``.
"""

from __future__ import annotations

from textnorm.languages.lt.demand import CASE_NAMES
from textnorm.languages.lt.grammar import Case, Gender, Number

GENDER_NAMES: dict[Gender, str] = {"m": "masculine", "f": "feminine"}
NUMBER_NAMES: dict[Number, str] = {"sg": "singular", "pl": "plural"}

Account = dict[str, str]


def account(spoken: str, kind: str, case: Case, gender: Gender | None = None, number: Number | None = None) -> Account:
    """Return the account of words that a reading function inflected.

    Args:
        spoken: the words.
        kind: ``cardinal``, ``plural-only cardinal``, ``ordinal``, ``pronominal ordinal``, ``noun`` …
        case: its case.
        gender: its gender, where the form shows or takes one.
        number: its number, where it has one (a cardinal's is that of the counted noun).
    """
    found = {"words": spoken, "kind": kind, "case": CASE_NAMES[case]}
    if gender is not None:
        found["gender"] = GENDER_NAMES[gender]
    if number is not None:
        found["number"] = NUMBER_NAMES[number]
    return found
