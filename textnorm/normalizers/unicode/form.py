"""Unicode normalization forms as small edits (UAX #15)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, partial
from typing import Literal

from textnorm.normalizers.unicode.level import RunLevel

Form = Literal["NFC", "NFKC"]

#: Blocks whose every character is a stable starter: CJK ideographs, Hangul syllables, private use, the empty planes.
_STABLE = ((0x3400, 0x9FFF), (0xAC00, 0xD7A3), (0xD800, 0xF8FF), (0x20000, 0x2F7FF), (0x2FA20, 0xE0000))
_LAST = 0xE01F0


@cache
def unsettled(form: Form) -> tuple[int, ...]:
    """Return, sorted, every character that is not a starter with quick check "yes".

    Before any other character there is a normalization boundary (UAX #15, section 9), so a text without these
    characters is normalized, and a run of them changes together with the one character before it and no other.
    """
    found: set[int] = {*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}  # Hangul vowels and finals join a syllable
    stable = iter(_STABLE)
    first, last = next(stable)
    cp = 0x80
    while cp < _LAST:
        if cp == first:
            cp = last + 1
            first, last = next(stable, (_LAST, _LAST))
            continue
        char = chr(cp)
        if unicodedata.combining(char) or not unicodedata.is_normalized(form, char):
            found.add(cp)
        parts = unicodedata.decomposition(char).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            found.add(int(parts[1], 16))  # may join what stands before it
        cp += 1
    return tuple(sorted(found))


def _class(points: Iterable[int], gap: int = 1) -> str:
    """Return the body of a character class; astral points at most ``gap`` apart share a range."""
    ranges: list[list[int]] = []
    for point in points:
        if ranges and point - ranges[-1][1] <= (gap if ranges[-1][1] > 0xFFFF else 1):
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(re.escape(chr(a)) + (f"-{re.escape(chr(b))}" if b > a else "") for a, b in ranges)


def make_form(form: Form) -> RunLevel:
    """Return the level that brings text into ``form``; equal to ``unicodedata.normalize`` on every text."""
    points = unsettled(form)
    exact = _class(points)
    # The engine tries astral ranges one by one at every character of every text, so the trigger has few and wide ones.
    return RunLevel(
        _class(points, 0x8000),
        f"unicode.{form.lower()}",
        partial(unicodedata.normalize, form),
        f"[^{exact}]?[{exact}]+",
    )
