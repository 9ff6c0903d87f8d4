"""Random strings that a rule's pattern matches, drawn by walking its parse tree."""

from __future__ import annotations

import random
import re
from re import _constants as sre
from re import _parser as parser

_WILD = "aA1 ąŽ.,-–/"
_CLASS = {
    sre.CATEGORY_DIGIT: "0123456789",
    sre.CATEGORY_WORD: "abAž9_",
    sre.CATEGORY_SPACE: " \u00a0",
    sre.CATEGORY_NOT_SPACE: "aŽ.7",
    sre.CATEGORY_NOT_WORD: " .,-",
    sre.CATEGORY_NOT_DIGIT: "aŽ .",
}


def strings(pattern: str, rng: random.Random) -> tuple[str, str, str]:
    """Return ``(before, match, after)``: what the lookbehinds, the pattern and its lookaheads want."""
    walk = _Walk(rng)
    body = walk.sequence(parser.parse(pattern))
    return walk.before, body, walk.after


class _Walk:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.before = ""
        self.after = ""
        self.groups: dict[int, str] = {}

    def sequence(self, nodes: object) -> str:
        return "".join(self.node(op, arg) for op, arg in nodes)

    def node(self, op: object, arg: object) -> str:
        rng = self.rng
        if op is sre.LITERAL:
            return chr(arg)
        if op is sre.NOT_LITERAL or op is sre.ANY:
            return rng.choice(_WILD)
        if op is sre.IN:
            return self.one_of(arg)
        if op is sre.BRANCH:
            return self.sequence(rng.choice(arg[1]))
        if op is sre.SUBPATTERN:
            text = self.sequence(arg[3])
            if arg[0] is not None:
                self.groups[arg[0]] = text
            return text
        if op is sre.ATOMIC_GROUP:
            return self.sequence(arg)
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            low, high, body = arg
            times = rng.choice([low, min(high, low + 1), min(high, low + rng.randint(0, 4))])
            return "".join(self.sequence(body) for _ in range(times))
        if op is sre.GROUPREF:
            return self.groups[arg]
        if op is sre.ASSERT:
            text = self.sequence(arg[1])
            if arg[0] == 1:
                self.after = self.after or text
            else:
                self.before = self.before or text
        return ""

    def one_of(self, items: object) -> str:
        choices: list[str] = []
        for op, arg in items:
            if op is sre.NEGATE:
                return self.other_than(items)
            if op is sre.LITERAL:
                choices.append(chr(arg))
            elif op is sre.RANGE:
                choices.append(chr(self.rng.randint(*arg)))
            else:
                choices.append(self.rng.choice(_CLASS[arg]))
        return self.rng.choice(choices)

    def other_than(self, items: object) -> str:
        source = [c for c in _WILD + "bž" if not self.excluded(c, items)]
        return self.rng.choice(source) if source else "a"

    def excluded(self, char: str, items: object) -> bool:
        for op, arg in items:
            if op is sre.LITERAL and chr(arg) == char:
                return True
            if op is sre.RANGE and arg[0] <= ord(char) <= arg[1]:
                return True
            if op is sre.CATEGORY and re.fullmatch(_SHORT[arg], char):
                return True
        return False


_SHORT = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_NOT_WORD: r"\W",
    sre.CATEGORY_NOT_DIGIT: r"\D",
}
