"""What two spellings of one word share: case, compatibility forms, marks, apostrophes, the points of abbreviations."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_MAP = str.maketrans(
    {"’": "'", "ʼ": "'", "‘": "'", "`": "'", "‐": "-", "‑": "-", "–": "-", "ł": "l", "ø": "o", "ı": "i"}
)
#: Diacritics that make another letter in Lithuanian stay; in English a name is often written without them.
_CARON = {"č", "š", "ž", "ą", "ę", "ė", "į", "ų", "ū"}


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """Return the key of a word: NFKC, case-folded, apostrophes and hyphens unified, points dropped.

    Letters lose their marks, except those that are letters of their own in Lithuanian. A word of nothing but points
    stays as it is.
    """
    text = unicodedata.normalize("NFKC", word).casefold().translate(_MAP)
    if not text.isascii():
        text = "".join(
            c if c in _CARON else unicodedata.normalize("NFD", c)[0] for c in unicodedata.normalize("NFC", text)
        )
    return text.replace(".", "") or text


def fold_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return the folded words."""
    return tuple(fold(w) for w in words)


@lru_cache(maxsize=65536)
def plain(key: str) -> str:
    """Return a folded word without any marks, for looking alike."""
    return (
        key if key.isascii() else "".join(c for c in unicodedata.normalize("NFD", key) if not unicodedata.combining(c))
    )
