"""A linear ranker of readings: how the ending of a word goes with the words around it.

Agreement and government show in endings, and they hold for words that were never seen. Each feature joins an ending of
the reading with a neighbour or a neighbour's ending; its weight lies in a hashed table of signed bytes (Weinberger et
al. 2009), learned by conditional maximum likelihood with AdaGrad (Duchi, Hazan and Singer 2011).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from textnorm.normalizers.script.keys import Hashes, hash_word, join

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: Bits of the table of weights.
BITS = 20
#: Weight of one step of a stored byte.
STEP = 1 / 32
#: Endings of a reading, in characters.
OWN = (1, 2, 3, 4, 5)
#: Endings of a neighbour; 0 is the whole word.
OTHER = (2, 3, 0)
_MASK = np.uint64((1 << BITS) - 1)
#: Features: ending of the reading, and (distance, ending) of each neighbour that goes with it.
TEMPLATES: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
    (2, ()),
    (3, ()),
    (4, ()),
    (5, ()),
    (1, ((-1, 0),)),
    (2, ((-1, 0),)),
    (3, ((-1, 0),)),
    (1, ((1, 0),)),
    (2, ((1, 0),)),
    (3, ((1, 0),)),
    (1, ((-1, 2),)),
    (2, ((-1, 3),)),
    (3, ((-1, 3),)),
    (1, ((1, 2),)),
    (2, ((1, 3),)),
    (3, ((1, 3),)),
    (1, ((-2, 0),)),
    (2, ((-2, 3),)),
    (2, ((2, 3),)),
    (1, ((2, 0),)),
    (1, ((-1, 2), (1, 2))),
    (2, ((-1, 2), (1, 2))),
    (2, ((-1, 3), (1, 3))),
    (1, ((-2, 2), (-1, 2))),
    (2, ((-2, 3), (-1, 3))),
    (2, ((-2, 0), (-1, 2))),
    (1, ((1, 2), (2, 2))),
    (2, ((1, 3), (2, 3))),
)


def ending_hashes(words: Sequence[str], lengths: Sequence[int], known: dict[str, int]) -> Hashes:
    """Return uint64 ``[words, len(lengths)]``: hashes of the endings of words, the edge of a short word included."""
    out = np.zeros((len(words), len(lengths)), dtype=np.uint64)
    for i, word in enumerate(words):
        for j, length in enumerate(lengths):
            part = f"^{word}"[-length:] if length else word
            value = known.get(part)
            if value is None:
                value = known[part] = hash_word(part)
            out[i, j] = value
    return out


def places(own: Hashes, around: dict[int, Hashes], occurrence: Ints) -> Ints:
    """Return int64 ``[rows, templates]``, places in the table of weights.

    Args:
        own: uint64 ``[rows, len(OWN)]``, hashes of the endings of each reading.
        around: for each distance uint64 ``[occurrences, len(OTHER)]``, hashes of the neighbour's endings.
        occurrence: int64 ``[rows]``.
    """
    zero = np.zeros(1, dtype=np.uint64)
    out = np.empty((len(own), len(TEMPLATES)), dtype=np.int64)
    for t, (length, neighbours) in enumerate(TEMPLATES):
        hashed = own[:, OWN.index(length)]
        context: Hashes | None = None
        for distance, ending in neighbours:
            column = around[distance][:, OTHER.index(ending)]
            context = join(column, zero if context is None else context, 31 + distance)
        joined = join(hashed, zero if context is None else context[occurrence], 101 + t)
        out[:, t] = ((joined ^ (joined >> np.uint64(32))) & _MASK).astype(np.int64)
    return out


class Ranker:
    """Weights of features.

    Attributes:
        table: int8 ``[2 ** BITS]``, weights in steps.
    """

    def __init__(self, table: npt.NDArray[np.int8]) -> None:
        self.table = table

    def __call__(self, places: Ints) -> Doubles:
        """Return the score of each row of features."""
        return np.asarray(self.table[places].sum(axis=1, dtype=np.int64) * STEP)

    @classmethod
    def fit(
        cls,
        places: Ints,
        dense: Doubles,
        weights: Doubles,
        fixed: Doubles,
        offsets: Ints,
        gold: Ints,
        *,
        epochs: int = 3,
        batch: int = 4096,
        rate: float = 0.15,
        ridge: float = 2e-6,
        trust: float = 0.4,
        seed: int = 5,
    ) -> tuple[Ranker, Doubles]:
        """Learn the table, and the weights of the dense features together with it.

        Args:
            places: int64 ``[rows, templates]``.
            dense: float64 ``[rows, f]``.
            weights: float64 ``[f]``, to begin with.
            fixed: float64 ``[rows]``, added to the score.
            offsets: int64 ``[occurrences + 1]``.
            gold: int64 ``[occurrences]``, right rows.
            epochs: passes over the occurrences.
            batch: occurrences of a step.
            rate: of AdaGrad.
            ridge: pull of a weight towards zero at each step that touches it.
            trust: what a learned weight is worth on text of another kind than it was learned on.
            seed: of the order.

        Returns:
            The ranker and the dense weights.
        """
        size = 1 << BITS
        table, square = np.zeros(size), np.full(size, 1e-2)
        weights, dense_square = weights.copy(), np.full(dense.shape[1], 1e-1)
        order = np.random.default_rng(seed).permutation(len(gold))
        width = places.shape[1]
        for _ in range(epochs):
            for first in range(0, len(order), batch):
                chosen = np.sort(order[first : first + batch])
                counts = offsets[chosen + 1] - offsets[chosen]
                starts = np.cumsum(counts) - counts
                rows = np.repeat(offsets[chosen] - starts, counts) + np.arange(int(counts.sum()))
                inside = np.repeat(np.arange(len(chosen)), counts)
                at = places[rows]
                score = table[at].sum(axis=1) + dense[rows] @ weights + fixed[rows]
                top = np.maximum.reduceat(score, starts)
                error = np.exp(score - top[inside])
                error /= -np.add.reduceat(error, starts)[inside]
                error[gold[chosen] - offsets[chosen] + starts] += 1.0
                flat = at.ravel()
                gradient = np.bincount(flat, weights=np.repeat(error, width), minlength=size)
                touched = np.flatnonzero(gradient)
                g = gradient[touched] - ridge * batch * table[touched]
                square[touched] += g * g
                table[touched] += rate * g / np.sqrt(square[touched])
                g = error @ dense[rows] / len(chosen)
                dense_square += g * g
                weights += 0.02 * g / np.sqrt(dense_square)
        return cls(np.clip(np.rint(trust * table / STEP), -127, 127).astype(np.int8)), weights
