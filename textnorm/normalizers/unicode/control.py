"""Control characters and terminal escapes (ECMA-48; C0 and C1 of ISO/IEC 6429)."""

from __future__ import annotations

from textnorm.normalizers.unicode.level import RunLevel

#: Controls that separate words go to a space, so that the words stay apart; the rest go.
_SEPARATORS = "\x0b\x0c\x1c\x1d\x1e\x1f\x85"
_CHARS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_ESCAPE = "\x1b\\[[0-?]*[ -/]*[a-zA-Z@`]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)"


def _new(old: str) -> str:
    return " " if old in _SEPARATORS else ""


def make_control() -> RunLevel:
    """Return the level that removes controls; tab, line feed and carriage return stay."""
    return RunLevel(_CHARS, "unicode.control", _new, f"{_ESCAPE}|[{_CHARS}]")
