"""Surrogate code points, which no encoding form can write (Unicode, section 3.8)."""

from __future__ import annotations

from textnorm.normalizers.unicode.level import RunLevel


def _new(old: str) -> str:
    if len(old) == 2:
        return chr(0x10000 + ((ord(old[0]) - 0xD800) << 10) + (ord(old[1]) - 0xDC00))
    return "\ufffd"


def make_surrogates() -> RunLevel:
    """Return the level that joins surrogate pairs and replaces lone surrogates by U+FFFD."""
    return RunLevel("\ud800-\udfff", "unicode.surrogates", _new, "[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")
