"""What surrounds a slot of text, small enough to be a memo key.

The reading of a written number hangs on a few words to either side: a preposition, a verb, the counted noun. `Context`
holds exactly those, lower-cased and cut at the sentence, so that equal surroundings share one analysis.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Code points looked at on each side of a slot: the cost is the same on a line of a megabyte.
WINDOW = 84
#: Most tokens kept to the left and to the right.
LEFT_TOKENS = 7
RIGHT_TOKENS = 7

_TOKEN = re.compile(
    r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d])(?:,\d+)?|\d+(?:[.,:]\d+)*(?:-[^\W\d_]+)?"
    r"|[^\W\d_]+(?:[-'’][^\W\d_]+)*\.?|[^\w\s]"
)
_SENTENCE_END = frozenset("!?…")

ABBREVIATIONS = frozenset(
    """str. d. p. pnkt. skyr. sk. pvz. proc. proc mln. mlrd. trln. tūkst. val. min. sek. mėn. m. g. a. r. t. y. k. pan. žr. plg. nr.
    st. gyd. prof. dr. doc. vyr. šv. t.y. ir. kt. pr. kr. sav. raj. mst. gyv. vnt. egz. eur. lt. dol. lit. angl. vok.
    pranc. rus. liet. lot. pav. lent. pried. tel. faks. el. apyt. maks. vid. gim. mir. red. sud. išl. leid. tomas.
    dir. pirm. pavad. inž. akad. hab. gen. plk. mjr. kpt. ltn. amž. kv. kub. a.a. š. dec. sekr. past. aukšt. ct. s.
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
        caps: for each token of `right`, whether it is written with a capital letter.
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


def _is_abbreviation(token: str, low: str) -> bool:
    return low in ABBREVIATIONS or (len(token) == 2 and token[0].isupper())


def _left(text: str, start: int) -> tuple[str, ...]:
    low_edge = start - WINDOW if start > WINDOW else 0
    tokens = _TOKEN.findall(text[low_edge:start])
    if low_edge and tokens and text[low_edge].isalnum() and text[low_edge - 1].isalnum():
        tokens = tokens[1:]
    out: list[str] = []
    following = ""
    for token in reversed(tokens):
        first = token[0]
        if first.isalpha():
            low = token.lower()
            if token[-1] == "." and not _is_abbreviation(token, low):
                if not following[:1].islower():
                    break
                low = low[:-1]
            out.append(low)
        elif first.isdigit():
            out.append(number_class(token))
        elif token == ".":
            if not following[:1].islower():
                break
        elif token in _SENTENCE_END:
            break
        else:
            out.append(token)
        if len(out) == LEFT_TOKENS:
            break
        following = token
    out.reverse()
    return tuple(out)


def _right(text: str, end: int) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    high_edge = end + WINDOW
    tokens = _TOKEN.findall(text[end:high_edge])
    if high_edge < len(text) and text[high_edge].isalnum() and text[high_edge - 1].isalnum() and tokens:
        tokens.pop()
    out: list[str] = []
    caps: list[bool] = []
    count = len(tokens)
    for i, token in enumerate(tokens[:RIGHT_TOKENS]):
        first = token[0]
        if first.isalpha():
            low = token.lower()
            caps.append(first != low[0])
            if token[-1] == "." and not _is_abbreviation(token, low):
                out.append(low[:-1])
                if i + 1 >= count or not tokens[i + 1][0].islower():
                    out.append(".")
                    caps.append(False)
                    break
            else:
                out.append(low)
        elif first.isdigit():
            out.append(number_class(token))
            caps.append(False)
        else:
            if token in _SENTENCE_END:
                token = "."
            out.append(token)
            caps.append(False)
            if token == ".":
                break
    return tuple(out), tuple(caps)


def context_key(text: str, start: int, end: int) -> Context:
    """Describe what surrounds ``text[start:end]``.

    Looks at most `WINDOW` code points to either side, so the cost does not depend on the length of `text`.
    """
    right, caps = _right(text, end)
    return Context(_left(text, start), right, caps)
