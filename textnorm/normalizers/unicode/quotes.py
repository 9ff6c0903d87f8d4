"""Quotation marks."""

from __future__ import annotations

import re

from textnorm.edits import Edit
from textnorm.normalizers.unicode.level import LABEL, CharLevel, RunLevel

_STRAIGHT = {
    **dict.fromkeys(map(ord, "“”„‟«»"), '"'),
    **dict.fromkeys(map(ord, "‘’‚‛‹›"), "'"),
}
_DOUBLE = '"“”„‟«»'
#: What may stand before an opening mark and behind a closing one, apart from spaces and other marks.
_BEFORE = "([{<-–—/…"
_BEHIND = ")]}>-–—/….,;:!?"


def _straight(old: str) -> str:
    return old.translate(_STRAIGHT)


def make_straight() -> RunLevel:
    """Return the level that makes every quotation mark straight."""
    return RunLevel("“”„‟«»‘’‚‛‹›", "unicode.quotes", _straight)


class LithuanianQuotes(CharLevel):
    """Makes pairs of double quotation marks „…“, the Lithuanian convention.

    Which mark opens and which closes is read from the spaces and punctuation round it, never from its shape: “ opens in
    English and closes in Lithuanian. Marks that find no partner in their line stay as they are (5", 3").
    """

    def __init__(self) -> None:
        super().__init__('"“”‟«»', "unicode.quotes")
        self._mark = re.compile(f"[{_DOUBLE}]+|\n")

    def edits(self, text: str) -> list[Edit]:
        """See :class:`~textnorm.normalizers.unicode.level.Level`."""
        out: list[Edit] = []
        waiting: list[int] = []
        for match in self._mark.finditer(text):
            if match.group() == "\n":
                waiting.clear()
                continue
            before = text[match.start() - 1 : match.start()]
            behind = text[match.end() : match.end() + 1]
            opens = (before == "" or before.isspace() or before in _BEFORE) and not (behind == "" or behind.isspace())
            closes = (behind == "" or behind.isspace() or behind in _BEHIND) and not (before == "" or before.isspace())
            for at in range(match.start(), match.end()):
                if closes and waiting:
                    pair = ((waiting.pop(), "„"), (at, "“"))
                    out.extend(Edit(k, k + 1, new, LABEL, self.rule) for k, new in pair if text[k] != new)
                elif opens:
                    waiting.append(at)
        return sorted(out, key=lambda e: e.start)


def make_lithuanian() -> LithuanianQuotes:
    """Return the level that makes Lithuanian quotation marks."""
    return LithuanianQuotes()
