"""What surrounds a slot of text, small enough to be a memo key.

The reading of a written number hangs on a few words to either side: a preposition, a verb, the counted noun. `Context`
holds exactly those, lower-cased and cut at the sentence, so that equal surroundings share one analysis.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: Code points looked at on each side of a slot: the cost is the same on a line of a megabyte.
WINDOW = 72
#: Most tokens kept to the left and to the right.
LEFT_TOKENS = 7
RIGHT_TOKENS = 7

# Words and numbers with what joins their parts, and the full stop behind; any other mark by itself.
_tokens = re.compile(r"\w+(?:[-'’.,:]\w+)*\.?|[^\w\s]").findall
_SENTENCE_END = frozenset("!?…")

ABBREVIATIONS = frozenset(
    """
    str. d. p. pnkt. skyr. sk. pvz. proc. mln. mlrd. trln. tūkst. val. min. sek. mėn. m. g. a. r. t. y. k. pan.
    žr. plg. nr. st. gyd. prof. dr. doc. vyr. šv. t.y. kt. pr. kr. sav. raj. mst. gyv. vnt. egz. eur. lt. dol.
    lit. angl. vok. pranc. rus. liet. lot. pav. lent. pried. tel. faks. el. apyt. maks. vid. gim. mir. red. sud.
    išl. leid. dir. pirm. pavad. inž. akad. hab. gen. plk. mjr. kpt. ltn. amž. kv. kub. a.a. š. sekr. aukšt. ct.
    s.
    """.split()
)
"""Abbreviations after which a full stop ends no sentence."""


class Context(NamedTuple):
    """The surroundings of a slot.

    Attributes:
        left: at most `LEFT_TOKENS` lower-cased tokens, the nearest last. Numbers are classes: ``#1`` (counts like 1),
            ``#2`` (like 2–9), ``#0`` (like 10), ``#y`` (four digits, 1500–2099), ``#d`` (decimal), ``#o`` (with a
            written ending). Punctuation marks are tokens; an abbreviation keeps its full stop.
        right: at most `RIGHT_TOKENS` tokens, the nearest first. A sentence end is the token ``.``.
        caps: for each token of `right`, whether it begins with a capital letter; empty when none does.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    caps: tuple[bool, ...] = ()


def number_class(token: str) -> str:
    """Return the class token of a number as written (see `Context`)."""
    if token[-1].isalpha():
        return "#o"
    if "," in token or "." in token or ":" in token:
        return "#d"
    last = token[-1]
    if len(token) > 1 and token[-2] == "1":
        return "#y" if _is_year(token) else "#0"
    if _is_year(token):
        return "#y"
    return "#0" if last == "0" else "#1" if last == "1" else "#2"


def _is_year(token: str) -> bool:
    return len(token) == 4 and "1500" <= token < "2100"


_WORD, _SHORT, _NUMBER, _END, _MARK = range(5)


@lru_cache(maxsize=32768)
def _describe(token: str) -> tuple[int, str, bool]:
    """Return the kind of a token, its text in a context, and whether it begins with a capital letter."""
    first = token[0]
    if first.isalpha():
        low = token.lower()
        capital = first != low[0]
        if token[-1] != ".":
            return _WORD, low, capital
        if low in ABBREVIATIONS or (len(token) == 2 and capital):
            return _WORD, low, capital
        return _SHORT, low[:-1], capital
    if first.isdigit():
        return (_SHORT, number_class(token[:-1]), False) if token[-1] == "." else (_NUMBER, number_class(token), False)
    if token in _SENTENCE_END or token == ".":
        return _END, ".", False
    return _MARK, token, False


def _grouped(token: str) -> bool:
    """Tell whether a token may be a group of thousands."""
    return len(token) == 3 and token.isdigit()


def _left(text: str, start: int) -> tuple[str, ...]:
    low_edge = start - WINDOW if start > WINDOW else 0
    tokens = _tokens(text[low_edge:start])
    if low_edge and tokens and text[low_edge].isalnum() and text[low_edge - 1].isalnum():
        del tokens[0]
    out: list[str] = []
    following = ""
    for token in reversed(tokens):
        kind, low, _ = _describe(token)
        # A full stop ends the sentence unless the next word goes on in lower case.
        if (kind == _SHORT and not following[:1].islower()) or (
            kind == _END and (token != "." or not following[:1].islower())
        ):
            break
        if kind == _NUMBER and _grouped(following) and len(token) <= 3:
            following = token  # the thousands of a number written in groups: the last group has told its class
        elif kind != _END:
            out.append(low)
            if len(out) == LEFT_TOKENS:
                break
        following = token
    out.reverse()
    return tuple(out)


def _right(text: str, end: int) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    high_edge = end + WINDOW
    tokens = _tokens(text[end:high_edge])
    if high_edge < len(text) and tokens and text[high_edge].isalnum() and text[high_edge - 1].isalnum():
        del tokens[-1]
    out: list[str] = []
    caps: list[bool] = []
    count = len(tokens)
    any_capital = False
    for i in range(min(count, RIGHT_TOKENS)):
        kind, low, capital = _describe(tokens[i])
        if i and kind == _NUMBER and _grouped(tokens[i]) and tokens[i - 1].isdigit() and len(tokens[i - 1]) <= 3:
            out[-1] = low
            continue
        out.append(low)
        caps.append(capital)
        any_capital = any_capital or capital
        if kind == _END:
            break
        if kind == _SHORT and (i + 1 >= count or not tokens[i + 1][0].islower()):
            out.append(".")
            caps.append(False)
            break
    return tuple(out), tuple(caps) if any_capital else ()


def context_key(text: str, start: int, end: int) -> Context:
    """Describe what surrounds ``text[start:end]``.

    Looks at most `WINDOW` code points to either side, so the cost does not depend on the length of `text`.
    """
    right, caps = _right(text, end)
    return Context(_left(text, start), right, caps)
