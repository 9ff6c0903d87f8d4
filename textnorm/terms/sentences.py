"""Sentences of running text, by punctuation and the language's abbreviations. Linear in the text."""

from __future__ import annotations

import re

from textnorm.terms.tables import TermTables

Span = tuple[int, int]

# Marks that end sentences with the closing quotes and brackets behind them, then white space; or line ends.
# References to sources ("[3] [4]") stay with what they prove.
_END = re.compile(r"(?<![.!?…])(?P<mark>[.!?…]++)[\"'”“’»)\]]*+(?:\s?\[\d{1,3}\]){0,9}+(?=\s)|(?P<line>\n\s*)")
_OPENING = "\"'“„‘‚«‹([{"
_DASHES = "-‐‒–—―⎯"
#: Longest token before a full stop that can be an abbreviation.
_LONGEST = 16
# "2018 m." opens a sentence, it does not make one.
_NUMBER = re.compile(r"[\d\s.,:–-]+[^\W\d_]+\.")
_INITIAL = re.compile(r"(?:[^\W\d_]\.-?)*[^\W\d_]\.")


def split_sentences(text: str, tables: TermTables, *, newlines: str = "break") -> list[Span]:
    """Return the sentences of a text as spans without the white space around them, in order.

    Args:
        text: a document.
        tables: of its language.
        newlines: ``break``: every line end is a sentence end; ``space``: only blank lines are (hard-wrapped text).
    """
    out: list[Span] = []
    start = _skip(text, 0)
    glued = False  # whether the sentence goes on in the line of the one before
    for match in _END.finditer(text):
        line = match["line"]
        if line is not None:
            if newlines == "space" and line.count("\n") < 2:
                continue
            end = _back(text, match.start())
        elif _is_end(text, start, match, tables):
            end = match.end()
        else:
            continue
        if end > start:
            _add(out, text, start, end, glued)
            glued = line is None
        else:
            glued = glued and line is None
        start = _skip(text, max(start, match.end()))
    end = _back(text, len(text))
    if end > start:
        _add(out, text, start, end, glued)
    return out


def _add(out: list[Span], text: str, start: int, end: int, glued: bool) -> None:
    """Append a sentence; what has neither letter nor digit belongs to the one before it in its line."""
    if glued and out and end - start <= _LONGEST and not any(map(str.isalnum, text[start:end])):
        out[-1] = (out[-1][0], end)
    else:
        out.append((start, end))


def _back(text: str, at: int) -> int:
    while at and text[at - 1].isspace():
        at -= 1
    return at


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _is_end(text: str, start: int, match: re.Match[str], tables: TermTables) -> bool:
    """Return whether the mark ends the sentence from ``start``, by the word before it and what follows."""
    word, dashed = _next(text, match.end())
    if not word:
        return True
    if word[0].islower():
        return False  # also: "…!“ – sakė ji." goes on behind the dash
    mark = match["mark"]
    if mark != "." or dashed or match.end() > match.end("mark"):
        return True
    token = _token(text, match.start("mark"))
    if not token:
        return True
    if _INITIAL.fullmatch(token) and token[0].isupper():
        return token == "I." and tables.opens_sentence(word)
    low = token.casefold()
    if low in tables.inside:
        only_number = match.start("mark") - start <= _LONGEST and _NUMBER.fullmatch(text, start, match.end("mark"))
        return not only_number and tables.opens_sentence(word)
    if low in tables.before:
        return False
    if token[:-1].isdigit():
        return not _opens_line(text, match.start("mark") - len(token) + 1)  # "1. Bendra dalis" numbers, closes nothing
    return True


def _opens_line(text: str, at: int) -> bool:
    while at and text[at - 1] in " \t":
        at -= 1
    return not at or text[at - 1] == "\n"


def _next(text: str, at: int) -> tuple[str, bool]:
    """Return the word behind ``at``, empty where the line ends or a sign stands, and whether a dash is before it."""
    dashed = False
    while at < len(text) and (text[at].isspace() or text[at] in _OPENING or text[at] in _DASHES):
        if text[at] == "\n":
            return "", dashed
        dashed |= text[at] in _DASHES
        at += 1
    end = at
    while end < len(text) and end - at < 40 and text[end].isalnum():
        end += 1
    return text[at:end], dashed


def _token(text: str, mark: int) -> str:
    """Return the token that the full stop at ``mark`` closes, with it; empty where it is too long for a short form."""
    start = mark
    while start and mark - start <= _LONGEST and (text[start - 1].isalnum() or text[start - 1] in ".-"):
        start -= 1
    return "" if mark - start > _LONGEST or start == mark else text[start : mark + 1]
