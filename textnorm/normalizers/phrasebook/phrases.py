"""Thousands of literal phrases found in running text: leftmost-longest, at word boundaries, offsets kept.

One Aho–Corasick pass (A. V. Aho, M. J. Corasick, CACM 18(6), 1975) over a folded copy in which every character that is
no part of a word is a space. Keys carry a space at both ends, so only hits at word boundaries come back, overlapping
ones among them: nothing has to be dropped, and the shorter phrase is still there where the longer one fails. What the
copy hides (which sign stood there) is compared once for each hit that has signs inside.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

_SPACE = 32
_SIZE = 0x110000


def is_wordish(char: str) -> bool:
    """Whether a character belongs to a word: a letter, a mark, a digit or an underscore."""
    return char == "_" or unicodedata.category(char)[0] in "LMN"


def is_boundary(text: str, at: int) -> bool:
    """Whether a phrase may begin or end at a place: not inside a word, and never before a combining mark."""
    if at <= 0 or at >= len(text):
        return True
    before, behind = text[at - 1], text[at]
    return not (is_wordish(before) and is_wordish(behind)) and unicodedata.category(behind)[0] != "M"


def fold_char(char: str, diacritics: bool) -> str:
    """Return what a character is compared as; it may be several characters, or none."""
    folded = char.casefold()
    if diacritics:
        folded = "".join(c for c in unicodedata.normalize("NFD", folded) if unicodedata.category(c)[0] != "M")
    return folded


class _Folding:
    """Folding tables, filled for the characters that have been seen.

    A character that folds into exactly one stands in ``single``; all others go the slow way.
    """

    def __init__(self, diacritics: bool) -> None:
        self.diacritics = diacritics
        self.known = np.zeros(_SIZE, dtype=np.bool_)
        self.single = np.zeros(_SIZE, dtype=np.uint32)
        self.word = np.zeros(_SIZE, dtype=np.uint32)
        self.plain = np.zeros(_SIZE, dtype=np.bool_)
        self.several: dict[int, str] = {}

    def learn(self, codes: Any) -> None:
        """Fill the tables for characters not seen before."""
        for code in np.unique(codes).tolist():
            char = chr(code)
            folded = fold_char(char, self.diacritics)
            self.known[code] = True
            # A letter that folds into a sign, or a sign into a letter, would move a boundary.
            if len(folded) == 1 and is_wordish(folded) == is_wordish(char):
                self.plain[code] = True
                self.single[code] = ord(folded)
                self.word[code] = ord(folded) if is_wordish(char) else _SPACE
            else:
                self.several[code] = folded


@lru_cache(maxsize=4)
def _folding(diacritics: bool) -> _Folding:
    return _Folding(diacritics)


def _codes(text: str) -> Any:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _text(codes: Any) -> str:
    return str(codes.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass"))


class Folded:
    """A text as it is compared.

    Attributes:
        text: folded.
        spaced: the same, every character that is no part of a word a space.
        offsets: source offset of each folded character and of the end; ``None`` where nothing moved.
    """

    __slots__ = ("offsets", "spaced", "text")

    def __init__(self, source: str, folding: _Folding) -> None:
        codes = _codes(source)
        known = folding.known[codes]
        if not known.all():
            folding.learn(codes[~known])
        if folding.plain[codes].all():
            self.text = _text(folding.single[codes])
            self.spaced = _text(folding.word[codes])
            self.offsets: Any = None
            return
        several = folding.several
        parts = [several[code] if code in several else chr(int(folding.single[code])) for code in codes.tolist()]
        lengths = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
        self.text = "".join(parts)
        self.spaced = "".join(
            part if is_wordish(char) else " " * len(part) for char, part in zip(source, parts, strict=True)
        )
        self.offsets = np.append(np.repeat(np.arange(len(parts)), lengths), len(source))


class PhraseMatcher:
    """Finds phrases in running text.

    Args:
        phrases: phrase → anything; a phrase needs a character that folding leaves.
        diacritics: whether letters are compared without their marks.

    Raises:
        ValueError: a phrase is empty once folded.
    """

    def __init__(self, phrases: Mapping[str, Any], *, diacritics: bool = False) -> None:
        import ahocorasick

        self.diacritics = diacritics
        self._folding = _folding(diacritics)
        entries: dict[str, list[tuple[str, int, bool, Any]]] = {}
        for phrase, value in phrases.items():
            folded = Folded(phrase, self._folding)
            if not folded.text:
                msg = f"The phrase {phrase!r} is empty once folded."
                raise ValueError(msg)
            # A sign at an edge needs no boundary there: it is the boundary.
            lead = folded.spaced[0] != " "
            trail = folded.spaced[-1] != " "
            key = " " * lead + folded.spaced + " " * trail
            marked = unicodedata.category(phrase[0])[0] == "M"
            entry = (folded.text, int(lead), not (lead and trail) or marked, value)
            same = entries.setdefault(key, [])
            same[:] = [one for one in same if one[0] != folded.text]
            same.append(entry)
        self._automaton: Any = ahocorasick.Automaton()
        for key, found in entries.items():
            # Without signs inside, the key says all; then nothing is compared again.
            text, _, sign, value = found[0]
            exact = len(found) == 1 and f" {text} " == key and " " not in text and not sign
            self._automaton.add_word(key, (len(key), exact, value if exact else found))
        self.size = len(entries)
        if entries:
            self._automaton.make_automaton()

    def __len__(self) -> int:
        return self.size

    def find(self, text: str) -> list[tuple[int, int, Any]]:
        """Return (start, end, value) of the leftmost-longest phrases, ascending, none overlapping."""
        if not self.size or not text:
            return []
        folded = Folded(text, self._folding)
        hits = self._hits(text, folded)
        if folded.offsets is not None:
            hits = list(self._moved(text, folded, hits))
        hits.sort(key=_by_start)
        chosen: list[tuple[int, int, Any]] = []
        reach = 0
        for hit in hits:
            if hit[0] >= reach:
                chosen.append(hit)
                reach = hit[1]
        return chosen

    def _hits(self, text: str, folded: Folded) -> list[tuple[int, int, Any]]:
        """Return every phrase that stands at word boundaries of the folded text, by its end."""
        compared, moved = folded.text, folded.offsets is not None
        found: list[tuple[int, int, Any]] = []
        for last, (length, exact, entries) in self._automaton.iter(f" {folded.spaced} "):
            # The copy has a space before the text, so its places are one further.
            if exact:
                found.append((last - length + 1, last - 1, entries))
                continue
            for phrase, lead, sign, value in entries:
                start = last - length + lead
                if start < 0 or not compared.startswith(phrase, start):
                    continue
                end = start + len(phrase)
                # A space in the key shuts out letters, marks and digits. Only a sign at an edge has none there.
                if moved or not sign or (is_boundary(text, start) and is_boundary(text, end)):
                    found.append((start, end, value))
        return found

    @staticmethod
    def _moved(text: str, folded: Folded, hits: list[tuple[int, int, Any]]) -> Iterator[tuple[int, int, Any]]:
        """Move hits to source offsets; drop those that cut a character in two or end before a mark."""
        offsets = folded.offsets
        for start, end, value in hits:
            begin, stop = int(offsets[start]), int(offsets[end])
            if (start and offsets[start - 1] == begin) or offsets[end - 1] == stop:
                continue
            # What folds into nothing has no place of its own and so belongs to the character before it.
            if is_boundary(text, begin) and is_boundary(text, stop):
                yield begin, stop, value


def _by_start(hit: tuple[int, int, Any]) -> tuple[int, int]:
    return hit[0], -hit[1]
