"""Lithuanian stress marks: grave, acute and tilde in dictionaries, textbooks and synthesizers' input.

Grave and acute stand on vowels, the tilde on vowels and on l, m, n, r that close a mixed diphthong. Ogonek, caron,
macron and the dot of ė belong to the letter and are never touched. A dotted i may keep its dot under a mark, written as
U+0307 before it (Unicode, SpecialCasing, conditions for ``lt``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from textnorm.edits import Edit
from textnorm.normalizers.unicode.level import CharLevel, trimmed

GRAVE, ACUTE, TILDE, DOT = "\u0300", "\u0301", "\u0303", "\u0307"
_MARKS = GRAVE + ACUTE + TILDE
_DOTTED = re.compile(f"{DOT}?[{_MARKS}]")
_PLAIN = re.compile(f"[{_MARKS}]")
_KEPT_DOT = re.compile(f"([ijIJ]\u0328?){DOT}([{_MARKS}])")
_VOWELS = "aąeęėiįyouųū"
_LETTERS = "aąbcčdeęėfghiįyjklmnoprsštuųūvzž"


def _precomposed() -> str:
    """Return the letters that Unicode has in one piece with a stress mark."""
    found = []
    for base in "aeiouylmnr":
        for mark in _MARKS:
            for letter in (base, base.upper()):
                char = unicodedata.normalize("NFC", letter + mark)
                if len(char) == 1:
                    found.append(char)
    return "".join(found)


class StressLevel(CharLevel):
    """Rewrites words that carry stress marks."""

    def __init__(self, new: Callable[[str], str]) -> None:
        super().__init__(_precomposed() + _MARKS, "unicode.lt_stress")
        self.new = new
        # A word is letters and the marks that such words can hold; anything else ends it.
        self._word = re.compile("(?:[^\\W\\d_][\u0300-\u036f]*)+")

    def edits(self, text: str) -> list[Edit]:
        """See :class:`~textnorm.normalizers.unicode.level.Level`."""
        out: list[Edit] = []
        for match in self._word.finditer(text):
            if self.trigger.search(match.group()):
                out.extend(self._word_edits(match.start(), match.group()))
        return out

    def _word_edits(self, start: int, word: str) -> list[Edit]:
        new = self.new(word)
        return [] if new == word else [trimmed(start, word, new, self.rule)]


def strip_word(word: str) -> str:
    """Return a Lithuanian word without its stress mark; any other word as it is.

    Lithuanian is a word of the 32 letters with one mark in a place where stress can be marked: España, Gdańsk, façade
    and résumé stay. A foreign name that looks like such a word (José) loses its mark, so this is for texts that are
    stressed throughout.
    """
    parts = re.findall(".[\u0300-\u036f]*", unicodedata.normalize("NFD", word))
    bare = [_DOTTED.sub("", part) if part[0] in "iIjJ" else _PLAIN.sub("", part) for part in parts]
    letters = unicodedata.normalize("NFC", "".join(bare))
    marks = [(k, mark) for k, part in enumerate(parts) for mark in part if mark in _MARKS]
    if len(marks) != 1 or len(letters) != len(parts) or not set(letters.lower()) <= set(_LETTERS):
        return word
    k, mark = marks[0]
    low = letters.lower()
    if low[k] in "lmnr":
        before = low[k - 1 : k] if k else ""
        behind = low[k + 1 : k + 2]
        fits = mark == TILDE and before in tuple("aeiou") and behind not in tuple(_VOWELS)
    else:
        fits = low[k] in _VOWELS
    return letters if fits else word


def compose_word(word: str) -> str:
    """Return a word whose stressed letters are one code point where Unicode has one (NFC; a kept dot goes)."""
    return unicodedata.normalize("NFC", _KEPT_DOT.sub(r"\1\2", unicodedata.normalize("NFD", word)))


def make_strip() -> StressLevel:
    """Return the level that strips stress marks of Lithuanian words."""
    return StressLevel(strip_word)


def make_compose() -> StressLevel:
    """Return the level that composes stressed letters."""
    return StressLevel(compose_word)
