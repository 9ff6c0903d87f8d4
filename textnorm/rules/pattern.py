"""From one authored pattern: the exact form, and a wider form that a linear-time scanner can run.

Rules are written once, in the common core of Python's ``re`` and ``regex``. RE2 has no lookaround and knows words,
digits and boundaries for ASCII only, so the scanning form is derived here from the parse tree: classes become Unicode
classes, assertions are dropped, and what cannot be said in RE2 is widened. Whatever the exact form matches at a place,
the scanning form matches there too (a property test holds every shipped rule to that); the reverse need not hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

# Whether an upper bound is needed: unbounded repeats make the cost of one try depend on the text's length.
MAX_REPEAT = 64

# What \w holds besides digits in ``regex`` and ``re`` together: letters, marks, connectors, joiners, circled letters.
_LETTERS = (
    r"\pL\pM\p{Nl}\p{No}\p{Pc}\x{200c}\x{200d}"
    r"\x{24b6}-\x{24e9}\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189}"
)
_CATEGORY = {
    sre.CATEGORY_DIGIT: r"\p{Nd}",
    sre.CATEGORY_NOT_DIGIT: r"\P{Nd}",
    # \s of Python holds U+001C..U+001F, U+0085 and the Unicode spaces beside ASCII white space.
    sre.CATEGORY_SPACE: r"\t-\r\x{1c}-\x{20}\x{85}\p{Z}",
    sre.CATEGORY_WORD: _LETTERS + r"\p{Nd}",
}
_BOUNDARY = r"(?:[^\pL\pN_]|$)"
_COMMON = frozenset("-‐‑‒–—−+=")
#: RE2 text, as made here, of a full stop, a comma, or either.
_STOPS = r"\[?(?:\\x\{2[ce]\})+\]?"
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)


class PatternError(ValueError):
    """A pattern that the engine must not run: not in the common core, or able to backtrack without end."""


@dataclass(frozen=True, slots=True)
class Derived:
    """Scanning forms of one pattern.

    Attributes:
        full: RE2 text that matches wherever the exact pattern matches, as far as it matches.
        head: RE2 text for the scan: the shortest prefix of ``full`` that is rare in plain text.
    """

    full: str
    head: str


def _char(code: int) -> str:
    char = chr(code)
    return char if (char.isalnum() and code > 127) or (char.isascii() and char.isalnum()) else f"\\x{{{code:x}}}"


@dataclass(frozen=True, slots=True)
class _Piece:
    """RE2 text of one node; ``rare``: a prefix that ends here is selective; ``stop``: nothing may follow it."""

    text: str
    rare: bool = False
    stop: bool = False


def _is_rare(code: int) -> bool:
    """Whether a prefix that ends in this sign is rare in plain text: digits and signs are, hyphens are not."""
    char = chr(code)
    return not (char.isalpha() or char.isspace() or char in _COMMON)


def _is_stop(head: str) -> bool:
    """Whether a head is a full stop or comma alone, the commonest signs of any text."""
    return re.fullmatch(_STOPS, head) is not None


def _join(pieces: list[_Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _rare(pieces: list[_Piece]) -> bool:
    return any(piece.rare for piece in pieces)


def _group(pieces: list[_Piece], flag: str = "") -> _Piece:
    return _Piece(f"(?{flag}:{_join(pieces)})", _rare(pieces), any(piece.stop for piece in pieces))


class _Deriver:
    """Walks one parse tree and widens each node to RE2.

    ``loose`` drops upper bounds of repeats: in one alternation of all rules they multiply the automaton's states until
    it no longer fits its cache, and the scan falls to a crawl.
    """

    def __init__(self, *, loose: bool = False) -> None:
        self.loose = loose

    def sequence(self, nodes: Any) -> list[_Piece]:
        pieces: list[_Piece] = []
        for op, arg in nodes:
            if op is sre.ASSERT and arg[0] == 1:
                # What a lookahead demands follows at once: matching it and stopping is a necessary condition.
                return [*pieces, replace(_group(self.sequence(arg[1])), rare=True, stop=True)]
            pieces.append(self.node(op, arg))
            if pieces[-1].stop:
                break
        return pieces

    def node(self, op: Any, arg: Any) -> _Piece:
        if op is sre.LITERAL:
            return _Piece(_char(arg), _is_rare(arg))
        if op is sre.NOT_LITERAL:
            return _Piece(f"[^{_char(arg)}]")
        if op is sre.ANY:
            return _Piece("(?s:.)")
        if op is sre.IN:
            return self.klass(arg)
        if op is sre.BRANCH:
            parts = [self.sequence(alternative) for alternative in arg[1]]
            text = "|".join(_join(part) for part in parts)
            return _Piece(f"(?:{text})", all(map(_rare, parts)), any(p.stop for part in parts for p in part))
        if op is sre.SUBPATTERN:
            return _group(self.sequence(arg[3]), "i" if arg[1] & re.IGNORECASE else "")
        if op is sre.ATOMIC_GROUP:
            return _group(self.sequence(arg))
        if op in _REPEATS:
            return self.repeat(*arg)
        if op in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
            return _Piece("")
        if op is sre.GROUPREF:
            # RE2 has none: what went before is a necessary condition.
            return _Piece("", stop=True)
        msg = f"'{str(op).lower()}' cannot be used in a rule: write the pattern without it"
        raise PatternError(msg)

    def repeat(self, low: int, high: int, body: Any) -> _Piece:
        piece = _group(self.sequence(body))
        bound = "" if (self.loose and high > 1) or high > 20 else str(high)
        return _Piece(f"{piece.text}{{{low},{bound}}}", low > 0 and piece.rare, piece.stop)

    def klass(self, items: Any) -> _Piece:
        if (sre.NEGATE, None) in items and (sre.CATEGORY, sre.CATEGORY_NOT_WORD) in items:
            # [^\W...] is a part of \w; without digits where \d is excluded too.
            digits = "" if (sre.CATEGORY, sre.CATEGORY_DIGIT) in items else r"\p{Nd}"
            return _Piece(f"[{_LETTERS}{digits}]")
        out: list[str] = []
        negate = wide = common = False
        for op, arg in items:
            if op is sre.NEGATE:
                negate = True
            elif op is sre.LITERAL:
                out.append(_char(arg))
                common |= not _is_rare(arg)
            elif op is sre.RANGE:
                out.append(f"{_char(arg[0])}-{_char(arg[1])}")
                common |= not all(map(_is_rare, arg))
            elif op is sre.CATEGORY and arg in _CATEGORY:
                out.append(_CATEGORY[arg])
                common |= arg is not sre.CATEGORY_DIGIT
                # RE2's classes may hold more than Python's (\p{M} in \w), so their complement is widened to anything.
                wide |= negate
            elif op is sre.CATEGORY:
                wide = True
        if wide:
            return _Piece("(?s:.)")
        return _Piece("[^" + "".join(out) + "]") if negate else _Piece("[" + "".join(out) + "]", not common)


def _check_repeats(nodes: Any, inside: bool = False) -> None:
    """Refuse what can backtrack without end: unbounded repeats, and a variable repeat inside a repeat."""
    for op, arg in nodes:
        if op in _REPEATS:
            low, high, body = arg
            if high == sre.MAXREPEAT or high > MAX_REPEAT:
                msg = f"a repeat without a bound of at most {MAX_REPEAT} (write {{0,{MAX_REPEAT}}} instead of * or +)"
                raise PatternError(msg)
            variable = low != high and not (low == 0 and high == 1)
            if variable and inside and op is not sre.POSSESSIVE_REPEAT:
                msg = "a variable repeat inside a repeat can backtrack without end (make the inner possessive: {1,3}+)"
                raise PatternError(msg)
            _check_repeats(body, inside or high > 1)
        elif op is sre.BRANCH:
            for alternative in arg[1]:
                _check_repeats(alternative, inside)
        elif op is sre.SUBPATTERN:
            _check_repeats(arg[3], inside)
        elif op is sre.ATOMIC_GROUP:
            _check_repeats(arg, False)
        elif op in (sre.ASSERT, sre.ASSERT_NOT):
            _check_repeats(arg[1], False)


def derive(pattern: str, *, flags: int = 0, bounded: bool = True) -> Derived:
    """Return the scanning forms of an authored pattern.

    Args:
        pattern: in the common core of ``re`` and ``regex``, macros expanded.
        flags: ``re`` flags of the whole pattern.
        bounded: the engine demands a token boundary at the end, so the scan may demand one too.

    Raises:
        PatternError: not in the common core, or it can backtrack without end.
    """
    try:
        tree = parser.parse(pattern, flags)
    except re.error as error:
        raise PatternError(str(error)) from error
    _check_repeats(tree)
    if tree.getwidth()[0] == 0:
        msg = "it can match nothing, so no scan can find it"
        raise PatternError(msg)
    pieces = _Deriver().sequence(tree)
    stopped = any(piece.stop for piece in pieces)
    tail = _BOUNDARY if bounded and not stopped and _ends_in_word(tree) else ""
    prefix = "(?i)" if tree.state.flags & re.IGNORECASE else ""
    loose = _Deriver(loose=True).sequence(tree)
    # A full stop or comma alone is no selective beginning: the piece behind it goes into the head, too.
    first = next(
        (k + 1 for k, piece in enumerate(loose) if piece.rare and not _is_stop(_join(loose[: k + 1]))), len(loose)
    )
    head = _join(loose[:first]) + (tail if first == len(loose) else "")
    return Derived(prefix + _join(pieces) + tail, prefix + head)


def may_start_with(pattern: str, sign: str) -> bool:
    """Return whether some match of ``pattern`` may begin with ``sign``, a sign without case; surely not where False."""
    return _may_start(parser.parse(pattern), sign)


def _may_start(nodes: Any, sign: str) -> bool:
    for op, arg in nodes:
        if op in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
            continue
        if op is sre.LITERAL:
            return bool(arg == ord(sign))
        if op is sre.IN:
            return _may_hold(arg, sign)
        if op is sre.BRANCH:
            # An alternative that may be empty is taken for one that holds anything.
            return any(_may_start([*alternative, (sre.ANY, None)], sign) for alternative in arg[1])
        if op in _REPEATS:
            if _may_start(arg[2], sign):
                return True
            if arg[0] == 0 or arg[2].getwidth()[0] == 0:
                continue
            return False
        if op is sre.SUBPATTERN and arg[3].getwidth()[0]:
            return _may_start(arg[3], sign)
        return True
    return False


def _may_hold(items: Any, sign: str) -> bool:
    if items[0] == (sre.NEGATE, None):
        return True
    for op, arg in items:
        if op is sre.CATEGORY:
            kinds = {sre.CATEGORY_DIGIT: sign.isdecimal(), sre.CATEGORY_WORD: sign.isalnum() or sign == "_"}
            if kinds.get(arg, True):
                return True
        elif op is sre.LITERAL:
            if arg == ord(sign):
                return True
        elif op is not sre.RANGE or arg[0] <= ord(sign) <= arg[1]:
            return True
    return False


def _ends_in_word(nodes: Any) -> bool:
    """Tell whether every match surely ends in a letter or digit, so that a boundary after it can be demanded."""
    for op, arg in reversed(list(nodes)):
        if op in (sre.AT, sre.ASSERT_NOT):
            continue
        if op is sre.LITERAL:
            return chr(arg).isalnum()
        if op is sre.IN:
            return all(
                (o is sre.CATEGORY and a in (sre.CATEGORY_DIGIT,))
                or (o is sre.LITERAL and chr(a).isalnum())
                or (o is sre.RANGE and chr(a[0]).isalnum() and chr(a[1]).isalnum())
                for o, a in arg
            )
        if op in _REPEATS:
            return bool(arg[0] > 0 and _ends_in_word(arg[2]))
        if op is sre.SUBPATTERN:
            return _ends_in_word(arg[3])
        if op is sre.BRANCH:
            return all(_ends_in_word(alternative) for alternative in arg[1])
        return False
    return False
