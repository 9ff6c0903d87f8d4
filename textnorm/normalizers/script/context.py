"""Words and their neighbours: how often a word stands in the language, and beside which others.

All counts are kept as one byte (a logarithm) in a :class:`HashedMap`. A neighbour is known by its key
(:mod:`~textnorm.normalizers.script.keys`), so that each word is judged by itself: nothing waits for the repair of what
stands before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from textnorm.normalizers.script.hashed import HashedMap
from textnorm.normalizers.script.keys import Hashes, join

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: Steps of a stored count: ``round(SCALE * log(count)) + 1``.
SCALE = 16.0
WORD, LEFT, RIGHT, BOTH, SUFFIX_LEFT, SUFFIX_RIGHT, SUFFIX = range(1, 8)
#: Names of the features, in the order of the weights.
FEATURES = ("model", "known", "word", "left", "right", "both", "suffix", "suffix-left", "suffix-right")
#: Count of a word that only a dictionary knows.
VOUCHED = 2.0
#: Weight of a share without context against counts with it.
PRIOR = 0.5


class Counts:
    """Counts of hashed events."""

    def __init__(self, table: HashedMap) -> None:
        self.table = table

    @classmethod
    def build(cls, keys: Hashes, counts: Doubles) -> Counts:
        """Store counts of distinct events."""
        order = np.argsort(-counts, kind="stable")
        value = np.clip(np.rint(SCALE * np.log(np.maximum(counts, 1.0))) + 1, 1, 255).astype(np.uint8)
        return cls(HashedMap.build(keys[order], value[order][:, None]))

    def __call__(self, keys: Hashes) -> Doubles:
        """Return the count of each event, 0 where there is none."""
        at = self.table.find(keys)
        value = np.where(at >= 0, self.table.values[np.maximum(at, 0), 0], 0).astype(np.float64)
        return np.where(value > 0, np.exp((value - 1) / SCALE), 0.0)


class Context:
    """Features of readings from words and neighbours.

    Attributes:
        counts: counts of words and of words with neighbours.
        total: running words that were counted.
        weights: float64 ``[len(FEATURES)]``.
    """

    def __init__(self, counts: Counts, total: float, weights: Doubles) -> None:
        self.counts = counts
        self.total = total
        self.weights = weights

    def features(
        self,
        word: Hashes,
        suffix: Hashes,
        model: Doubles,
        offsets: Ints,
        rows: Ints,
        beside: tuple[Hashes, Hashes, Hashes, Hashes],
        vouched: npt.NDArray[np.bool_],
        parts: tuple[Ints, Hashes],
    ) -> Doubles:
        """Return the features of readings, ``[rows, len(FEATURES)]``.

        Args:
            word: uint64 ``[rows]``, hash of each reading.
            suffix: uint64 ``[rows]``, hash of its ending.
            model: float64 ``[rows]``, log-probability of the character model.
            offsets: int64 ``[occurrences + 1]`` into the rows.
            rows: int64 ``[rows]``, the occurrence of each row.
            beside: uint64 ``[occurrences]`` each: hashes of the keys left and right, and of their endings.
            vouched: bool ``[rows]``, whether a dictionary knows the reading.
            parts: where a reading is several words, these: int64, the row of each, ascending, and uint64, its hash.
        """
        start = offsets[:-1]
        left, right, left_end, right_end = beside
        zero = np.zeros(1, dtype=np.uint64)
        out = np.zeros((len(word), len(FEATURES)))
        seen = self.counts(join(word, zero, WORD))
        seen = np.where(vouched, np.maximum(seen, VOUCHED), seen)
        out[:, 0] = model
        out[:, 1] = seen > 0
        out[:, 2] = np.log((seen + 0.1) / self.total)
        several, hashes = parts
        if len(several):  # each of several words counts for itself: a space more is neither a loss nor a gain
            each = self.counts(join(hashes, zero, WORD))
            known = np.bincount(several, weights=each > 0, minlength=len(word))
            logs = np.bincount(several, weights=np.log((each + 0.1) / self.total), minlength=len(word))
            n = np.bincount(several, minlength=len(word))[several]
            out[several, 1], out[several, 2] = known[several] / n, logs[several] / n
        share = _share(seen, 0.1, start, rows)
        one = self.counts(join(word, left[rows], LEFT))
        out[:, 3] = _gain(one, share, start, rows)
        two = self.counts(join(word, right[rows], RIGHT))
        out[:, 4] = _gain(two, share, start, rows)
        both = self.counts(join(join(word, left[rows], LEFT), right[rows], BOTH))
        out[:, 5] = _gain(both, share, start, rows)
        ending = self.counts(join(suffix, zero, SUFFIX))
        share_end = _share(ending, 0.5, start, rows)
        out[:, 6] = np.log((ending + 0.5) / self.total)
        out[:, 7] = _gain(self.counts(join(suffix, left_end[rows], SUFFIX_LEFT)), share_end, start, rows)
        out[:, 8] = _gain(self.counts(join(suffix, right_end[rows], SUFFIX_RIGHT)), share_end, start, rows)
        return out

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays to store."""
        return {
            "context_prints": self.counts.table.prints,
            "context_values": self.counts.table.values,
            "context_weights": np.append(self.weights, self.total),
        }

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Context:
        """Return the context of stored arrays."""
        weights = np.asarray(arrays["context_weights"], dtype=np.float64)
        counts = Counts(HashedMap(arrays["context_prints"], arrays["context_values"]))
        return cls(counts, float(weights[-1]), weights[:-1])


def _share(seen: Doubles, smooth: float, start: Ints, rows: Ints) -> Doubles:
    part = seen + smooth
    return part / np.add.reduceat(part, start)[rows]


def _gain(seen: Doubles, share: Doubles, start: Ints, rows: Ints) -> Doubles:
    """Return the log of how much likelier a reading is with its neighbour than without; 0 where nothing is known."""
    total = np.add.reduceat(seen, start)[rows]
    return np.asarray(np.log((seen + PRIOR * share) / (total + PRIOR) / share))
