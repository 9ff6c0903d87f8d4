"""Hyphens and dashes (general category Pd, and the minus sign)."""

from __future__ import annotations

from textnorm.normalizers.unicode.level import RunLevel

_HYPHENS = "\u2010\u2011"
_DASHES = "\u2012\u2014\u2015\u2e3a\u2e3b"


def _ascii(old: str) -> str:
    return "-" * len(old)


def _en(old: str) -> str:
    return "-" if old in _HYPHENS else "–"


def make_ascii() -> RunLevel:
    """Return the level that makes every hyphen, dash and minus sign U+002D."""
    return RunLevel(f"{_HYPHENS}\u2013{_DASHES}\u2212", "unicode.dashes", _ascii)


def make_en() -> RunLevel:
    """Return the level that writes dashes as U+2013.

    Long dashes, two hyphens between other characters, and a hyphen between two spaces are dashes; a hyphen inside a
    word or between digits stays, and so does the minus sign. U+2010 and U+2011 become U+002D.
    """
    pattern = f"[{_HYPHENS}]|[{_DASHES}]|(?<=[ \u00a0])-(?=[ \u00a0])|(?<![-\\s])--(?![-\\s])|(?<= )--(?= )"
    return RunLevel(f"{_HYPHENS}{_DASHES}\\-", "unicode.dashes", _en, pattern)
