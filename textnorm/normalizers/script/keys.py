"""Keys of words: what a word and all its spellings by the channel have in common, and 64-bit hashes of words.

Letters that may stand for each other fall into one class, and letters that may leave no trace are dropped, so the key
of a neighbour can be read off the source before anything is repaired.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
_P1, _P2, _P3 = (np.uint64(k) for k in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))


def hash_word(word: str) -> int:
    """Return a 64-bit hash that is the same in every process."""
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def hashes(words: Iterable[str]) -> Hashes:
    """Return the hashes of words."""
    return np.array([hash_word(word) for word in words], dtype=np.uint64)


def join(a: Hashes, b: Hashes, salt: int) -> Hashes:
    """Return one hash for each pair, different for each salt."""
    x = a * _P1 ^ (b + np.full(1, salt, dtype=np.uint64)) * _P2
    return np.asarray((x ^ (x >> np.uint64(29))) * _P3, dtype=np.uint64)


class Keys:
    """Keys of words.

    Attributes:
        table: translation of each letter to the letter of its class, or to nothing.
    """

    def __init__(self, table: dict[int, str]) -> None:
        self.table = table

    @classmethod
    def of_arcs(cls, arcs: Iterable[tuple[str, str]]) -> Keys:
        """Make the classes that the arcs ``(source, target)`` imply."""
        parent: dict[str, str] = {}

        def find(char: str) -> str:
            while parent.setdefault(char, char) != char:
                char = parent[char]
            return char

        dropped: set[str] = set()
        for source, target in arcs:
            if source == target:
                continue
            if len(source) == len(target):
                for a, b in zip(source, target, strict=True):
                    parent[find(b)] = find(a)
            else:
                shared = set(source) & set(target)
                rest_s = [c for c in source if c not in shared]
                rest_t = [c for c in target if c not in shared]
                if len(rest_s) == len(rest_t) == 1:
                    parent[find(rest_t[0])] = find(rest_s[0])
                elif len(rest_s) > 1 and len(rest_t) == 1:  # a digraph: its first letter tells
                    parent[find(rest_t[0])] = find(rest_s[0])
                    dropped.update(rest_s[1:])
                else:
                    dropped.update(rest_s + rest_t)
        roots = {char: find(char) for char in parent}
        gone = {find(char) for char in dropped}
        table = {ord(char): ("" if root in gone else root) for char, root in roots.items()}
        table.update({ord(char): "" for char in dropped})
        return cls(table)

    def __call__(self, word: str) -> str:
        """Return the key of a word."""
        return word.translate(self.table)
