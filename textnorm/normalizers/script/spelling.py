"""A ranker of readings by the letters around each arc: when a letter is kept and when it is replaced.

The channel says how often a letter stands for another, whatever stands beside it; old spelling follows the letters
around (Icelandic ``d`` is ``ð`` after a vowel, and ``d`` where a word begins). Each feature joins an arc of the reading
with characters of the source before and after it; its weight lies in a hashed table of signed bytes (Weinberger et al.
2009). Weights are learned by conditional maximum likelihood with AdaGrad (Duchi, Hazan and Singer 2011) on words that
the channel and the character model had not seen (jackknife).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from textnorm.normalizers.script.channel import Channel
from textnorm.normalizers.script.keys import Hashes, hash_word, join

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: Bits of the table of weights.
BITS = 20
#: Weight of one step of a stored byte.
STEP = 1 / 32
_MASK = np.uint64((1 << BITS) - 1)
#: Characters beside the arc that make a feature with it, by distance from its first and behind its last character.
AROUND: tuple[tuple[int, ...], ...] = (
    (), (-1,), (1,), (-1, 1), (-1, -2), (1, 2), (-1, -2, 1), (-1, 1, 2), (-1, -2, 1, 2),
)  # fmt: skip
#: Features of one arc: those with characters, and with the arc before and the arc after it.
WIDTH = len(AROUND) + 2
#: Features of a whole reading beside those of its arcs.
WHOLE = ("channel", "same", "length")
_EDGE = 3


@dataclass
class Sparse:
    """Features of readings, in columns.

    Attributes:
        at: int32, places in the table of weights.
        row: int32, the reading of each; ascending.
        rows: number of readings.
    """

    at: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    rows: int


def arc_features(channel: Channel, units: Sequence[str], offsets: Ints, arcs: npt.NDArray[np.int32]) -> Sparse:
    """Return the features of readings.

    Args:
        channel: its arcs.
        units: ``n`` units of source.
        offsets: int64 ``[n + 1]`` into the readings.
        arcs: int32 ``[readings, steps]``, arcs of each reading from the last to the first; below zero is no arc but
            for -1, a character that stands for itself.
    """
    rows = int(offsets[-1])
    if not rows or not arcs.shape[1]:
        return Sparse(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32), rows)
    forward = arcs[:, ::-1].astype(np.int64)
    safe = np.maximum(forward, 0)
    sizes = np.array([len(arc.source) for arc in channel.arcs], dtype=np.int64)
    length = np.where(forward >= 0, sizes[safe], (forward == -1).astype(np.int64))
    end = np.cumsum(length, axis=1)
    choice = np.array([not arc.source or len(channel.by_source[arc.source]) > 1 for arc in channel.arcs], dtype=bool)
    live = (forward >= 0) & choice[safe]
    row, column = np.nonzero(live)
    hashed = np.array([hash_word(f"{arc.source}\t{arc.target}") for arc in channel.arcs], dtype=np.uint64)
    # The arc before and the arc after it, whatever rests lie between.
    arc = hashed[forward[row, column]]
    first = np.append(True, row[1:] != row[:-1])
    last = np.append(row[1:] != row[:-1], True)
    zero = np.uint64(0)
    before = np.where(first, zero, np.roll(arc, 1))
    after = np.where(last, zero, np.roll(arc, -1))
    letters = _letters(units)
    owner = np.repeat(np.arange(len(units)), np.diff(offsets))[row]
    stop = end[row, column] + _EDGE
    start = stop - length[row, column]
    made: list[Hashes] = []
    for number, distances in enumerate(AROUND):
        value = arc
        for distance in distances:
            place = start + distance if distance < 0 else stop + distance - 1
            value = join(value, letters[owner, place], 8 * number + distance + 3)
        made.append(join(value, np.zeros(1, dtype=np.uint64), 101 + number))
    made.append(join(arc, before, 201))
    made.append(join(arc, after, 202))
    joined = np.stack(made, axis=1).ravel()
    at = ((joined ^ (joined >> np.uint64(32))) & _MASK).astype(np.int32)
    return Sparse(at, np.repeat(row.astype(np.int32), WIDTH), rows)


def _letters(units: Sequence[str]) -> Hashes:
    """Return uint64 ``[units, longest + 2 * edge]``: code points, with edges."""
    longest = max(map(len, units), default=0)
    out = np.zeros((len(units), longest + 2 * _EDGE), dtype=np.uint64)
    for i, unit in enumerate(units):
        points = np.frombuffer(unit.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        out[i, _EDGE : _EDGE + len(points)] = points
    return out


@dataclass
class Examples:
    """Readings of units whose right reading is known.

    Attributes:
        dense: float64 ``[rows, f]``, features of a whole reading.
        sparse: features of its arcs.
        offsets: int64 ``[units + 1]`` into the rows.
        gold: int64 ``[units]``, the right row of each.
    """

    dense: Doubles
    sparse: Sparse
    offsets: Ints
    gold: Ints

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        """Return the examples of all parts."""
        starts = np.cumsum([0, *(len(part.dense) for part in parts)])
        pairs = list(zip(parts, starts[:-1].tolist(), strict=True))
        return cls(
            np.concatenate([part.dense for part in parts]),
            Sparse(
                np.concatenate([part.sparse.at for part in parts]),
                np.concatenate([part.sparse.row + np.int32(start) for part, start in pairs]),
                int(starts[-1]),
            ),
            np.concatenate([[0], *(part.offsets[1:] + start for part, start in pairs)]),
            np.concatenate([part.gold + start for part, start in pairs]),
        )


class Speller:
    """Weights of the features of arcs, and of the whole reading.

    Attributes:
        table: int8 ``[2 ** BITS]``, weights in steps.
        whole: float64 ``[len(WHOLE)]``; that of the channel comes on top of one.
    """

    def __init__(self, table: npt.NDArray[np.int8], whole: Doubles) -> None:
        self.table = table
        self.whole = whole

    def __call__(self, sparse: Sparse, whole: Doubles) -> Doubles:
        """Return what each reading scores beside channel, character model and lexicon, ``[rows]``.

        Args:
            sparse: features of the arcs.
            whole: float64 ``[rows, len(WHOLE)]``.
        """
        steps = np.bincount(sparse.row, weights=self.table[sparse.at].astype(np.float64), minlength=sparse.rows)
        return np.asarray(steps * STEP + whole @ self.whole)


def fit_speller(
    examples: Examples,
    start: Doubles,
    fixed: Doubles,
    *,
    epochs: int = 5,
    batch: int = 256,
    rate: float = 0.1,
    ridge: float = 1e-4,
    seed: int = 5,
) -> tuple[npt.NDArray[np.int8], Doubles]:
    """Return the table of weights in steps, and the weights of the dense features.

    Args:
        examples: what to learn from.
        start: float64 ``[f]``, weights of the dense features to begin with.
        fixed: float64 ``[rows]``, added to the score.
        epochs: passes over the units.
        batch: units of a step.
        rate: of AdaGrad.
        ridge: pull of a weight towards zero at each step that touches it, for each unit of the step.
        seed: of the order.
    """
    size = 1 << BITS
    table, square = np.zeros(size), np.full(size, 1e-2)
    weights, dense_square = start.copy(), np.full(len(start), 1e-1)
    random = np.random.default_rng(seed)
    sparse, offsets, gold = examples.sparse, examples.offsets, examples.gold
    begins = np.searchsorted(sparse.row, np.arange(sparse.rows + 1))
    for _ in range(epochs):
        order = random.permutation(len(gold))
        for first in range(0, len(order), batch):
            chosen = order[first : first + batch]
            counts = offsets[chosen + 1] - offsets[chosen]
            starts = np.cumsum(counts) - counts
            rows = np.repeat(offsets[chosen] - starts, counts) + np.arange(int(counts.sum()))
            inside = np.repeat(np.arange(len(chosen)), counts)
            each = begins[rows + 1] - begins[rows]
            where = np.repeat(begins[rows] - (np.cumsum(each) - each), each) + np.arange(int(each.sum()))
            owner = np.repeat(np.arange(len(rows)), each)
            at = sparse.at[where]
            steps: Doubles = np.bincount(owner, weights=table[at], minlength=len(rows)).astype(np.float64)
            score = steps + examples.dense[rows] @ weights + fixed[rows]
            top = np.maximum.reduceat(score, starts)
            error = np.exp(score - top[inside])
            error /= -np.add.reduceat(error, starts)[inside]
            error[gold[chosen] - offsets[chosen] + starts] += 1.0
            gradient = np.bincount(at, weights=error[owner], minlength=size)
            touched = np.flatnonzero(gradient)
            g = gradient[touched] - ridge * len(chosen) * table[touched]
            square[touched] += g * g
            table[touched] += rate * g / np.sqrt(square[touched])
            g = error @ examples.dense[rows] / len(chosen)
            dense_square += g * g
            weights += 0.02 * g / np.sqrt(dense_square)
    return np.clip(np.rint(table / STEP), -127, 127).astype(np.int8), weights
