"""Space characters (general category Zs, and the two separators of Zl and Zp)."""

from __future__ import annotations

from textnorm.normalizers.unicode.level import RunLevel

#: Without U+1680, which is drawn as a stroke in Ogham.
_SPACES = "\u00a0\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
#: U+202F joins suffixes to their stem in Mongolian.
_PATTERN = f"[{_SPACES}](?<![\u1800-\u18aa]\u202f)[{_SPACES}]*"


def _plain(old: str) -> str:
    return " " * len(old)


def _one(_: str) -> str:
    return " "


def make_spaces() -> RunLevel:
    """Return the level that makes every space U+0020, one for one."""
    return RunLevel(_SPACES, "unicode.spaces", _plain, _PATTERN)


def make_collapse() -> RunLevel:
    """Return the level that joins runs of spaces and tabs; line ends stay, and so does a single tab."""
    return RunLevel("", "unicode.spaces", _one, "[ \t][ \t]+")
