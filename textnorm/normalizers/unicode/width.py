"""Full-width variants of ASCII and of a few signs, U+FF01 to U+FF5E and U+FFE0 to U+FFE6."""

from __future__ import annotations

from textnorm.normalizers.unicode.level import RunLevel

# Not NFKC: it would make a space and a combining macron of U+FFE3.
_TABLE: dict[int, int | str] = {
    **{cp: cp - 0xFEE0 for cp in range(0xFF01, 0xFF5F)},
    **dict(zip(range(0xFFE0, 0xFFE7), "¢£¬¯¦¥₩", strict=True)),
}


def _new(old: str) -> str:
    return old.translate(_TABLE)


def make_width() -> RunLevel:
    """Return the level that makes full-width characters ordinary."""
    return RunLevel("\uff01-\uff5e\uffe0-\uffe6", "unicode.width", _new)
