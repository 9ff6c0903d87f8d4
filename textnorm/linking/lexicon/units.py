"""Texts as units that can be translated: words, and pieces of runs in scripts that do not write spaces."""

from __future__ import annotations

from collections.abc import Mapping

import regex

from textnorm.linking.generators.folding import fold_names

#: Scripts without spaces between words, and Hangul, whose terms are written as one word; a run of them is cut by
#: :class:`Cutter`.
_RUN = regex.compile(
    r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\u30fc\u3005\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+)",
)
_KATAKANA = regex.compile(r"[\p{Katakana}\u30fc]{2,}")
#: Longest piece of a run, in characters. Japanese and Chinese terms of four are common; Thai words are longer.
LONGEST = 6
LONGEST_ALPHABETIC = 12


def fold_all(texts: list[str]) -> list[str]:
    """Return texts as all lexical parts of the linker fold them."""
    return fold_names(texts)


def words(folded: str) -> list[tuple[str, bool]]:
    """Return the words of a folded text, each with whether it is a run that has still to be cut."""
    found: list[tuple[str, bool]] = []
    for word in folded.split():
        if word.isascii():
            found.append((word, False))
            continue
        for at, piece in enumerate(_RUN.split(word)):
            if piece:
                found.append((piece, at % 2 == 1))
    return found


def is_run(unit: str) -> bool:
    """Return whether a unit is a piece of a run."""
    return _RUN.fullmatch(unit) is not None


def longest(run: str) -> int:
    """Return how long a piece of a run may be: alphabets need more letters for a word than Han characters."""
    return LONGEST_ALPHABETIC if ord(run[0]) < 0x3000 else LONGEST


def pieces(run: str) -> set[str]:
    """Return all pieces of a run that may be words: those that are short, and all that is written in Katakana."""
    most = longest(run)
    found = {run[i:j] for i in range(len(run)) for j in range(i + 1, min(len(run), i + most) + 1)}
    return found.union(_KATAKANA.findall(run))


class Cutter:
    """Cuts runs of letters into known pieces: the cut with the highest sum of values (dynamic programming).

    Attributes:
        values: value of each known piece, at least 0.
    """

    def __init__(self, values: Mapping[str, float]) -> None:
        self.values = values
        self._most = max(map(len, values), default=1)

    def __call__(self, run: str) -> list[str]:
        """Return the pieces of a run, in order; a letter of no known piece stands alone."""
        n, most = len(run), self._most
        best = [0.0] + [-1.0] * n
        back = [0] * (n + 1)
        for i in range(n):
            base = best[i]
            for j in range(i + 1, min(n, i + most) + 1):
                value = self.values.get(run[i:j])
                if value is None:
                    if j > i + 1:
                        continue
                    value = 0.0
                if base + value > best[j]:
                    best[j], back[j] = base + value, i
        found = []
        at = n
        while at:
            found.append(run[back[at] : at])
            at = back[at]
        return found[::-1]
