"""A compact, read-only map from 64-bit keys to a few bytes, looked up for whole arrays at once.

Each key has two buckets of four slots; a slot keeps 16 bits of the key and the value's bytes. A key that is not there
is mistaken for one that is about once in 8,000 look-ups (eight slots, 16 bits each), which smoothed counts can bear.
Arrays may be memory-mapped.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
SLOTS = 4
#: Share of slots that are filled; with two buckets a key this leaves next to no key without a place.
FILL = 0.80

_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S48, _S16 = (np.uint64(k) for k in (30, 27, 31, 48, 16))


def mix(keys: Keys) -> Keys:
    """Return well-mixed 64-bit hashes (the finalizer of SplitMix64: Steele, Lea and Flood 2014)."""
    x = (keys ^ (keys >> _S30)) * _M1
    x = (x ^ (x >> _S27)) * _M2
    return x ^ (x >> _S31)


class HashedMap:
    """Keys to rows of ``width`` bytes.

    Attributes:
        prints: uint16 ``[buckets, 4]``, 0 marks an empty slot.
        values: uint8 ``[buckets * 4, width]``.
    """

    def __init__(self, prints: npt.NDArray[np.uint16], values: npt.NDArray[np.uint8]) -> None:
        self.prints = prints
        self.values = values
        self._buckets = np.uint64(len(prints))

    @classmethod
    def build(cls, keys: Keys, values: npt.NDArray[np.uint8]) -> HashedMap:
        """Place ``n`` distinct keys with ``values`` ``[n, width]``; earlier keys are placed first.

        The few keys for which both buckets are full (none to some in ten thousand) are left out.
        """
        buckets = max(1, int(np.ceil(len(keys) / (SLOTS * FILL))))
        made = cls(
            np.zeros((buckets, SLOTS), dtype=np.uint16), np.zeros((buckets * SLOTS, values.shape[1]), dtype=np.uint8)
        )
        prints, first, second = made._places(keys)
        used = np.zeros(buckets, dtype=np.int64)
        left = np.arange(len(keys))
        for turn in range(6):
            places = (first if turn % 2 == 0 else second)[left].astype(np.int64)
            limit = SLOTS if turn else SLOTS // 2 + 1  # not quite full at first, so that the second choice finds room
            order = np.argsort(places, kind="stable")
            sorted_places = places[order]
            rank = np.arange(len(order)) - np.searchsorted(sorted_places, sorted_places)
            slot = used[sorted_places] + rank
            ok = slot < limit
            rows = left[order[ok]]
            made.prints[sorted_places[ok], slot[ok]] = prints[rows]
            made.values[sorted_places[ok] * SLOTS + slot[ok]] = values[rows]
            np.add.at(used, sorted_places[ok], 1)
            left = left[np.sort(order[~ok])]
            if not len(left):
                break
        return made

    def _places(self, keys: Keys) -> tuple[npt.NDArray[np.uint16], Keys, Keys]:
        hashed = mix(keys)
        prints = (hashed >> _S48).astype(np.uint16)
        prints[prints == 0] = 1
        first = hashed % self._buckets
        second = mix(hashed) % self._buckets
        return prints, first, second

    def find(self, keys: Keys) -> npt.NDArray[np.int64]:
        """Return for each key the row of :attr:`values`, or -1."""
        if not len(keys):
            return np.zeros(0, dtype=np.int64)
        prints, first, second = self._places(keys)
        found = np.full(len(keys), -1, dtype=np.int64)
        todo = np.arange(len(keys))
        for places in (first, second):
            at = places[todo].astype(np.int64)
            hit = self.prints[at] == prints[todo, None]
            any_hit = hit.any(axis=1)
            found[todo[any_hit]] = at[any_hit] * SLOTS + hit[any_hit].argmax(axis=1)
            todo = todo[~any_hit]
            if not len(todo):
                break
        return found
