"""Words with their places, and the language of a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import regex

#: A word, with points inside abbreviations, hyphens and apostrophes inside; else one sign.
_WORD = regex.compile(
    r"\n\s*\n|(?:\p{L}\.[-‐]?){2,}|\p{Lu}\p{Ll}?\.(?=\s?\p{Lu})|['’]s\b"
    r"|[\p{L}\p{N}\p{M}]+(?:[-‐‑'’&.](?!s\b)[\p{L}\p{N}\p{M}]+)*|[^\s\p{L}\p{N}\p{M}]|\p{M}"
)
#: The word that stands for an empty line: no name goes on over it.
PARAGRAPH = "\n"
#: Words of a document that are looked at to tell its language.
SAMPLE = 400


class Words(NamedTuple):
    """The words of a text.

    Attributes:
        words: as written.
        start, end: their code points.
    """

    words: list[str]
    start: list[int]
    end: list[int]


def split_words(text: str) -> Words:
    """Return the words and signs of a text with their places."""
    out = Words([], [], [])
    for match in _WORD.finditer(text):
        word = match.group()
        out.words.append(PARAGRAPH if word.isspace() else word)
        out.start.append(match.start())
        out.end.append(match.end())
    return out


def language_of(
    words: Sequence[str], stops: Mapping[str, frozenset[str]], letters: Mapping[str, frozenset[str]]
) -> str:
    """Return the language whose small words and own letters a document has most of; the first where none has any.

    Args:
        words: of the document.
        stops: language -> its small words, folded.
        letters: language -> letters that tell it.
    """
    sample = [word.casefold() for word in words[:SAMPLE]]
    joined = set("".join(sample))
    scores: dict[str, float] = {}
    for code, known in stops.items():
        own = letters.get(code, frozenset()) & joined
        scores[code] = sum([word in known for word in sample]) + 0.5 * sum(
            [not own.isdisjoint(word) for word in sample] if own else ()
        )
    return max(scores, key=lambda code: scores[code]) if any(scores.values()) else next(iter(stops))
