"""Latin typographic ligatures, U+FB00 to U+FB06; letters such as æ, œ and the digraphs ǆ, ĳ are left alone."""

from __future__ import annotations

import unicodedata

from textnorm.normalizers.unicode.level import RunLevel


def _new(old: str) -> str:
    return unicodedata.normalize("NFKC", old)


def make_ligatures() -> RunLevel:
    """Return the level that takes ligatures apart."""
    return RunLevel("\ufb00-\ufb06", "unicode.ligatures", _new)
