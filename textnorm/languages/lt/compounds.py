"""Numerals as the first part of compound nouns and adjectives (trimetis, penkiaaukštis, dvidešimtmetis)."""

from __future__ import annotations

from textnorm.languages.lt.cardinals import cardinal
from textnorm.languages.lt.grammar import NumberRangeError, words

# Stems of 1 to 9; those of 11 to 19 and of the round tens are the cardinals themselves.
_STEMS = words("vien dvi tri keturia penkia šešia septynia aštuonia devynia")


def compound_stem(n: int) -> str:
    """Return the first part of a compound, 1 to 100; above 20 the tens stand apart (dvidešimt penkia-).

    Raises:
        NumberRangeError: beyond 100, where such compounds are not usual.
    """
    if not 1 <= n <= 100:
        msg = f"numerals grow together with nouns from 1 to 100; got {n}"
        raise NumberRangeError(msg)
    tens, units = divmod(n, 10)
    if n < 10:
        return _STEMS[n - 1]
    if n == 100:
        return "šimt"
    if units == 0 or tens == 1:
        return cardinal(n)
    return f"{cardinal(tens * 10)} {_STEMS[units - 1]}"
