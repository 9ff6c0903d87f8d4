"""How names and queries are folded before they are compared by their letters.

One folding for all lexical generators, in any language: NFKC, case folded, Latin, Greek and Cyrillic letters without
accents (``ß`` is ``ss``, ``ø`` is ``o``, ``ł`` is ``l``), no vowel points of Arabic and Hebrew, no invisible
characters, every sign but ``+`` and ``#`` a space, single spaces. Letters of other scripts stay as they are.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.features import WORD_SIGNS, FeatureSettings, fold

_SETTINGS = FeatureSettings(fold_case=True, fold_accents=True)
#: Vowel points and the stretching stroke: written or not at will.
_POINTS = frozenset([*range(0x591, 0x5C0), 0x5C1, 0x5C2, 0x5C4, 0x5C5, 0x5C7, 0x640, *range(0x64B, 0x660), 0x670])
_BREAK = "\n"


class _Signs(dict[int, "int | str | None"]):
    """A table for ``str.translate`` that fills as characters are met."""

    def __missing__(self, code: int) -> int | str | None:
        char = chr(code)
        kind = unicodedata.category(char)
        found: int | str | None = code
        if code in _POINTS or kind == "Cf":
            found = None
        elif char != _BREAK and kind[0] not in "LMN" and char not in WORD_SIGNS:
            found = " "
        self[code] = found
        return found


_SIGNS = _Signs()


def fold_names(texts: Sequence[str]) -> list[str]:
    """Return texts folded; one of nothing but signs keeps them, so that it can be told from the empty one."""
    lines = [text if _BREAK not in text else text.replace(_BREAK, " ") for text in texts]
    if not lines:
        return []
    signs = fold(_BREAK.join(lines), _SETTINGS).split(_BREAK)
    if len(signs) != len(lines):  # a compatibility character that stands for a line break
        signs = [fold(line, _SETTINGS).replace(_BREAK, " ") for line in lines]
    words = _BREAK.join(signs).translate(_SIGNS).split(_BREAK)
    return [" ".join(found.split()) or " ".join(sign.split()) for found, sign in zip(words, signs, strict=True)]


def key_hashes(folded: Sequence[str]) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each text (BLAKE2b), the same on every machine."""
    digests = b"".join(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in folded
    )
    return np.frombuffer(digests, "<u8").astype(np.uint64, copy=False)
