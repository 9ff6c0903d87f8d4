"""What a level of repair is, and the pieces that most of them share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from textnorm.edits import Edit

LABEL = "UNICODE"


class Level(Protocol):
    """One kind of repair.

    Attributes:
        chars: body of a character class; a text without any of these characters is not changed by this level. Empty if
            ``needs`` says it instead.
    """

    chars: str

    def needs(self, text: str, start: int = 0) -> int | None:
        """Return where the first place at or after ``start`` is that this level may change; ``None``: none is."""
        ...

    def edits(self, text: str) -> list[Edit]:
        """Return the edits of one text, sorted and disjoint, against that text."""
        ...


class CharLevel(ABC):
    """A level that is called for by single characters, or by the pattern ``trigger`` where they do not say enough."""

    def __init__(self, chars: str, rule: str, trigger: str | None = None) -> None:
        self.chars = chars
        self.rule = rule
        self.trigger = re.compile(trigger or f"[{chars}]")

    def needs(self, text: str, start: int = 0) -> int | None:
        """See :class:`Level`."""
        match = self.trigger.search(text, start)
        return None if match is None else match.start()

    @abstractmethod
    def edits(self, text: str) -> list[Edit]:
        """See :class:`Level`."""


class RunLevel(CharLevel):
    """A level that rewrites matches of a pattern, each by itself."""

    def __init__(self, chars: str, rule: str, new: Callable[[str], str], pattern: str | None = None) -> None:
        super().__init__(chars, rule, None if chars else pattern)
        self.new = new
        self.pattern = re.compile(pattern or f"[{chars}]+")

    def edits(self, text: str) -> list[Edit]:
        """See :class:`Level`."""
        out: list[Edit] = []
        for match in self.pattern.finditer(text):
            old = match.group()
            new = self.new(old)
            if new != old:
                out.append(trimmed(match.start(), old, new, self.rule))
        return out


def trimmed(start: int, old: str, new: str, rule: str, confidence: float = 1.0, value: object = None) -> Edit:
    """Return the edit of ``old`` at ``start`` into ``new``, without the characters that they share at both ends."""
    limit = min(len(old), len(new))
    a = 0
    while a < limit and old[a] == new[a]:
        a += 1
    b = 0
    while b < limit - a and old[-1 - b] == new[-1 - b]:
        b += 1
    return Edit(start + a, start + len(old) - b, new[a : len(new) - b], LABEL, rule, confidence, value)
