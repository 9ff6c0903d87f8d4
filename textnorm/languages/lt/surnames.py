"""Names beside what is read: gender and case of a Lithuanian surname, and what stands before a name in the genitive.

Surnames of women have suffixes of their own (-ienė of wives, -aitė, -ytė, -utė, -ūtė of daughters); those of men
decline like nouns of their ending. Source: *Dabartinės lietuvių kalbos gramatika*, chapter on word formation.
"""

from __future__ import annotations

import re

from textnorm.languages.lt.grammar import Case, Gender
from textnorm.languages.lt.tagger import analyse

_WOMAN = re.compile(r".{2,}(?:ien|ait|yt|ut|ūt)(ė|ės|ei|ę|e|ėje)$")
_CASES: dict[str, Case] = {"ė": "nom", "ės": "gen", "ei": "dat", "ę": "acc", "e": "ins", "ėje": "loc"}


def surname_forms(name: str) -> tuple[tuple[Gender, Case], ...]:
    """Return the genders and cases in which a surname as written can stand, the likeliest first; none where unknown."""
    low = name.lower()
    woman = _WOMAN.match(low)
    if woman is not None:
        return (("f", _CASES[woman[1]]),)
    found = (r for r in analyse(low) if r.pos == "noun" and r.number == "sg" and r.case != "voc")
    return tuple(dict.fromkeys((r.gender, r.case) for r in found))


def before_name(left: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the name in the genitive that ends the words before a slot (prie Beržų g.), with the initials before it."""
    end = len(left) - 1
    while end > 0 and len(left[end - 1]) == 2 and left[end - 1][1] == ".":
        end -= 1
    return left[: max(end, 0)]
