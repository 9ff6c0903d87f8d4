"""Names beside what is read: gender and case of a Lithuanian surname, and what stands before a name in the genitive.

Only surnames with a Lithuanian suffix are known: women's in -ienė (wives), -aitė, -ytė, -utė, -ūtė (daughters); men's
in -auskas, -inskas, -ėnas, -ūnas, -onas, -enas, -aitis, -ytis, -utis, -elis, -ėlis, -ulis, -onis, -evičius, -avičius,
-kus. A foreign name tells neither gender nor case. Source: *Dabartinės lietuvių kalbos gramatika*, chapters on word
formation and on the declension of nouns.
"""

from __future__ import annotations

import re

from textnorm.languages.lt.grammar import Case, Gender

_CASES: tuple[Case, ...] = ("nom", "gen", "dat", "acc", "ins")
# Suffixes, and endings in the order of the cases; t before a soft ending is č (Petraitis, Petraičio).
_DECLENSIONS: tuple[tuple[Gender, str, str], ...] = (
    ("f", "ien|ait|yt|ut|ūt", "ė ės ei ę e"),
    ("m", "ausk|insk|ėn|ūn|on|en", "as o ui ą u"),
    ("m", "ai[tč]|y[tč]|u[tč]|el|ėl|ul|on", "is io iui į iu"),
    ("m", "[ea]vič", "ius iaus iui ių iumi"),
    ("m", "[lmnrstšvz]k", "us aus ui ų umi"),
)
_FORMS = tuple(
    (gender, case, re.compile(f".{{1,}}(?:{suffixes}){ending}"))
    for gender, suffixes, endings in _DECLENSIONS
    for case, ending in zip(_CASES, endings.split(), strict=True)
)


def surname_forms(name: str) -> tuple[tuple[Gender, Case], ...]:
    """Return the genders and cases in which a surname as written can stand; none where it is no known kind."""
    low = name.lower()
    return tuple(dict.fromkeys((gender, case) for gender, case, form in _FORMS if form.fullmatch(low)))


def before_name(left: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the name in the genitive that ends the words before a slot (prie Beržų g.), with the initials before it."""
    end = len(left) - 1
    while end > 0 and len(left[end - 1]) == 2 and left[end - 1][1] == ".":
        end -= 1
    return left[: max(end, 0)]
