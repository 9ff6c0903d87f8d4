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
#: Share of slots that are filled; cuckoo hashing with two buckets of four slots finds room up to 0.97.
FILL = 0.80
#: Rounds of placing; a few dozen are needed.
ROUNDS = 2000

_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
#: One in each of four lanes of 16 bits, the top bits of these lanes, and those of the first three alone.
_LANES, _TOPS = np.uint64(0x0001000100010001), np.uint64(0x8000800080008000)
_TOP = (np.uint64(0x8000), np.uint64(0x80000000), np.uint64(0x800000000000))
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
        # Plain arrays over the same memory: indexing a memory map costs far more than the look-up itself.
        self.prints = np.asarray(prints)
        self.values = np.asarray(values)
        self._buckets = np.uint64(len(prints))
        # The four prints of a bucket as one number: a look-up reads one word of memory and compares all four at once.
        self._rows = np.ascontiguousarray(self.prints, dtype="<u2").view("<u8").reshape(-1)

    @classmethod
    def build(cls, keys: Keys, values: npt.NDArray[np.uint8]) -> HashedMap:
        """Place ``n`` distinct keys with ``values`` ``[n, width]`` by cuckoo hashing (Pagh and Rodler 2004).

        Raises:
            ValueError: no room was found, which keys that are distinct do not bring about.
        """
        buckets = int(np.ceil(len(keys) / (SLOTS * FILL))) + 1
        width = values.shape[1]
        made = cls(np.zeros((buckets, SLOTS), dtype=np.uint16), np.zeros((buckets * SLOTS, width), dtype=np.uint8))
        prints, first, second = made._places(keys)
        places = np.stack([first, second]).astype(np.int64)
        owner = np.full((buckets, SLOTS), -1, dtype=np.int64)
        choice = np.zeros(len(keys), dtype=np.int64)
        todo = np.arange(len(keys))
        for turn in range(ROUNDS):
            if not len(todo):
                break
            # One key a bucket and round; where the bucket is full it turns one out, which tries its other bucket.
            bucket, at = np.unique(places[choice[todo], todo], return_index=True)
            placed = todo[at]
            free = owner[bucket] < 0
            slot = np.where(free.any(axis=1), free.argmax(axis=1), turn % SLOTS)
            out = owner[bucket, slot]
            owner[bucket, slot] = placed
            out = out[out >= 0]
            choice[out] ^= 1
            todo = np.concatenate([np.delete(todo, at), out])
        if len(todo):
            msg = f"{len(todo)} of {len(keys)} keys found no place"
            raise ValueError(msg)
        full = np.flatnonzero(owner.ravel() >= 0)
        made.prints.ravel()[full] = prints[owner.ravel()[full]]
        made.values[full] = values[owner.ravel()[full]]
        return cls(made.prints, made.values)

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
        hashed = mix(keys)
        wanted = hashed >> _S48
        wanted[wanted == 0] = 1
        wanted *= _LANES
        bucket = hashed % self._buckets
        hits = _matches(self._rows[bucket], wanted)
        missed = np.flatnonzero(hits == 0)
        if len(missed):
            second = mix(hashed[missed]) % self._buckets
            bucket[missed] = second
            hits[missed] = _matches(self._rows[second], wanted[missed])
        found = np.full(len(keys), -1, dtype=np.int64)
        at = np.flatnonzero(hits)
        lowest = hits[at] & (~hits[at] + np.uint64(1))
        lane = (lowest > _TOP[0]).astype(np.int64) + (lowest > _TOP[1]) + (lowest > _TOP[2])
        found[at] = bucket[at].astype(np.int64) * SLOTS + lane
        return found


def _matches(rows: Keys, wanted: Keys) -> Keys:
    """Return numbers whose lowest set bit is the top bit of the first of four 16-bit lanes that are equal; 0: none."""
    apart = rows ^ wanted
    return np.asarray((apart - _LANES) & ~apart & _TOPS)
