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
RIGHT_TOKENS = 9

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


#: A token: its kind; its text in a context; whether it begins with a capital letter; with a small one; its length;
#: whether it is all digits; whether it is a full stop. A plain tuple, which the garbage collector leaves alone.
_Token = tuple[int, str, bool, bool, int, bool, bool]


def _describe(token: str) -> _Token:
    kind, low, capital = _kind(token)
    return kind, low, capital, token[0].islower(), len(token), token.isdigit(), token == "."


def _kind(token: str) -> tuple[int, str, bool]:
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


# No token holds white space, so a text is split at it first: most of what stands between was seen before.
@lru_cache(maxsize=32768)
def _described(chunk: str) -> tuple[_Token, ...]:
    """Return the tokens of a text without white space."""
    return tuple(map(_describe, _tokens(chunk)))


@lru_cache(maxsize=32768)
def _reversed(chunk: str) -> tuple[_Token, ...]:
    return _described(chunk)[::-1]


def _left(text: str, start: int) -> tuple[str, ...]:
    low_edge = start - WINDOW if start > WINDOW else 0
    chunks = text[low_edge:start].split()
    cut = low_edge and text[low_edge].isalnum() and text[low_edge - 1].isalnum()
    out: list[str] = []
    lower = group = False  # whether the token behind begins with a small letter; whether it is a group of thousands
    for i in range(len(chunks) - 1, -1, -1):
        tokens = _reversed(chunks[i])
        if not i and cut:
            tokens = tokens[:-1]  # the window begins inside a word
        for kind, low, _, is_lower, size, digits, stop in tokens:
            if kind == _SHORT:
                # A full stop ends the sentence unless the next word goes on in lower case.
                if not lower:
                    return tuple(out[::-1])
                out.append(low)
            elif kind == _END:
                if not stop or not lower:
                    return tuple(out[::-1])
            elif not (kind == _NUMBER and group and size <= 3):
                # (The thousands of a number written in groups are left out: the last group has told its class.)
                out.append(low)
            if len(out) == LEFT_TOKENS:
                return tuple(out[::-1])
            lower, group = is_lower, digits and size == 3
    return tuple(out[::-1])


def _right(text: str, end: int) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    high_edge = end + WINDOW
    chunks = text[end:high_edge].split()
    cut = high_edge < len(text) and text[high_edge].isalnum() and text[high_edge - 1].isalnum()
    tokens: list[_Token] = []
    for chunk in chunks:
        tokens += _described(chunk)
        # One more than is kept tells whether the last ends its sentence.
        if len(tokens) > RIGHT_TOKENS and chunk is not chunks[-1]:
            break
    else:
        if cut and tokens:
            del tokens[-1]  # the window ends inside a word
    out: list[str] = []
    caps: list[bool] = []
    count = len(tokens)
    any_capital = False
    leads = False  # the token before may be the group before this one
    for i, (kind, low, capital, _, size, digits, _) in enumerate(tokens[:RIGHT_TOKENS]):
        if leads and size == 3 and digits and kind == _NUMBER:
            out[-1] = low
            continue
        leads = digits and size <= 3
        out.append(low)
        caps.append(capital)
        any_capital = any_capital or capital
        if kind == _END:
            break
        if kind == _SHORT and (i + 1 >= count or not tokens[i + 1][3]):
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
