"""Texts as tokens: words, numbers and signs with their places; folding that never moves an offset.

Matching is done on tokens, so spaces and most punctuation never matter, and a span of tokens is a span of the source.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import regex

#: Scripts written without spaces (Hangul: with particles joined): every character is a token of its own.
_SINGLE = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
#: A word with its marks; a number with its separators; or one sign that means something in commands.
TOKEN = regex.compile(
    rf"[{_SINGLE}]\p{{M}}*|[^\W\p{{N}}_{_SINGLE}][\p{{L}}\p{{M}}--[{_SINGLE}]]*"
    r"|(?:(?<![\w-])[-\u2212])?\p{N}+(?:[.,]\p{N}+)*|\p{S}|['’%&#@*/]",
    regex.V1,
)
_MARKS = regex.compile(r"\p{M}+")
#: Letters that differ by a stroke, not by a mark that can be taken off.
_STROKES = str.maketrans("łđøħŧıŁĐØĦŦ", "ldohtilDOHT"[:11])


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a text.

    Attributes:
        form: folded (case, composed form).
        start, end: code points of the source.
    """

    form: str
    start: int
    end: int


def fold(word: str) -> str:
    """Return a word as it is compared: case folded, composed, the typographic apostrophe as the plain one."""
    if word.isascii():
        return word.lower()
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", word).casefold())
    return folded.replace("’", "'").replace("\u2212", "-")


@lru_cache(maxsize=65536)
def strip_marks(form: str) -> str:
    """Return a folded word without its diacritics (``naktinė`` → ``naktine``)."""
    if form.isascii():
        return form
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", form))).translate(_STROKES)


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text."""
    return [Token(fold(m[0]), m.start(), m.end()) for m in TOKEN.finditer(text)]


def forms(text: str) -> list[str]:
    """Return the folded tokens of a text."""
    return [fold(word) for word in TOKEN.findall(text)]


def split_open(text: str) -> tuple[list[str], str]:
    """Return the tokens of a text that are complete, and the rest that what follows may continue.

    Words and numbers go on until a space or another sign ends them.
    """
    found = list(TOKEN.finditer(text))
    if not found:
        return [], ""
    last = found[-1]
    if last.end() < len(text) or not (last[0][-1].isalnum() or unicodedata.category(last[0][-1])[0] == "M"):
        return [fold(m[0]) for m in found], ""
    return [fold(m[0]) for m in found[:-1]], last[0]
