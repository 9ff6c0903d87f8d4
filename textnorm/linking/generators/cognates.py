"""Spellings of one Latin or Greek word in many languages, brought together by rules (``rules/linking/cognates.tsv``).

Texts in other scripts are transliterated first, so that "кардиомиопатия" and "cardiomyopathy" meet, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from textnorm.errors import DataError, MissingExtraError
from textnorm.linking.generators.folding import fold_names
from textnorm.resources import rules_dir

#: Letters that an ending must leave.
STEM = 3
#: Folded words that are remembered at most.
MEMORY = 1 << 18


@dataclass(frozen=True)
class Rules:
    """The rules of the table.

    Attributes:
        first: for ``str.translate``.
        begin: beginnings, the longest first, and what they become.
        any: replacements anywhere, in order.
        end: endings and what they become.
        longest: length of the longest ending.
    """

    first: dict[int, str]
    begin: tuple[tuple[str, str], ...]
    any: tuple[tuple[str, str], ...]
    end: dict[str, str]
    longest: int


@cache
def rules() -> Rules:
    """Return the rules.

    Raises:
        DataError: a line of the table is not as it should be; names it.
    """
    path = rules_dir("linking") / "cognates.tsv"
    found: dict[str, dict[str, str]] = {"first": {}, "begin": {}, "any": {}, "end": {}}
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if not line or line.startswith(("#", "where\t")):
            continue
        fields = line.split("\t")
        if len(fields) < 3 or fields[0] not in found or not fields[1]:
            msg = f"{path}, line {number}: where (first, begin, any, end), from and to are expected."
            raise DataError(msg)
        found[fields[0]][fields[1]] = fields[2]
    begin = tuple(sorted(found["begin"].items(), key=lambda pair: -len(pair[0])))
    first = {ord(char): to for char, to in found["first"].items()}
    return Rules(first, begin, tuple(found["any"].items()), found["end"], max(map(len, found["end"])))


_DOUBLE = re.compile(r"(.)\1+")
_words: dict[str, str] = {}


def fold_cognates(texts: Sequence[str]) -> list[str]:
    """Return texts as they are compared: in Latin letters, each word by the rules.

    Raises:
        MissingExtraError: a text is in another script, and anyascii is not installed.
    """
    first = rules().first
    lower = [text if text.isascii() else text.lower().translate(first) for text in texts]
    folded = latin(fold_names(lower))
    if len(_words) > MEMORY:
        _words.clear()
    found = []
    for text in folded:
        words = []
        for word in text.split():
            own = _words.get(word)
            if own is None:
                own = _words[word] = fold_word(word) or word
            words.append(own)
        found.append(" ".join(words))
    return found


def latin(folded: Sequence[str]) -> list[str]:
    """Return folded texts in Latin letters.

    Raises:
        MissingExtraError: one is not, and anyascii is not installed.
    """
    if all(text.isascii() for text in folded):
        return list(folded)
    try:
        from anyascii import anyascii
    except ImportError as error:
        what, package, extra = "Transliteration", "anyascii", "linking"
        raise MissingExtraError(what, package, extra) from error
    return [text if text.isascii() else fold_names([anyascii(text)])[0] for text in folded]


def fold_word(word: str) -> str:
    """Return a folded word by the rules."""
    if not word.isalpha():
        return word
    table = rules()
    for begin, to in table.begin:
        if word.startswith(begin) and len(word) > len(begin):
            word = to + word[len(begin) :]
            break
    for part, to in table.any:
        if part == "double":
            word = _DOUBLE.sub(r"\1", word)
        elif part in word:
            word = word.replace(part, to)
    for size in range(min(table.longest, len(word) - STEM), 0, -1):
        ending = table.end.get(word[-size:])
        if ending is not None:
            return word[:-size] + ending
    return word
