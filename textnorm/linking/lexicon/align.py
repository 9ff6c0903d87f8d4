"""Word alignment in pairs of names: IBM model 1 by expectation maximization, on whole arrays.

Model 1 (Brown et al., "The Mathematics of Statistical Machine Translation", Computational Linguistics 19(2), 1993)
says that each word of the target name was made by one word of the source name, or by none (NULL). Names are short, so
all pairs of words of a language fit into memory, and a round of EM is five calls of numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Bitext(NamedTuple):
    """Pairs of names as numbers of words; a word counts once in a name.

    Attributes:
        source: int64, source words of all pairs.
        source_indptr: int64 [pairs + 1].
        target: int64, target words of all pairs.
        target_indptr: int64 [pairs + 1].
        weights: float64 [pairs].
    """

    source: Ints
    source_indptr: Ints
    target: Ints
    target_indptr: Ints
    weights: Floats

    @classmethod
    def of(cls, pairs: Sequence[tuple[Sequence[int], Sequence[int], float]]) -> Bitext:
        """Return pairs of (source words, target words, weight)."""
        left, right = [sorted(set(a)) for a, _, _ in pairs], [sorted(set(b)) for _, b, _ in pairs]
        return cls(*_flat(left), *_flat(right), np.array([w for _, _, w in pairs], np.float64))


class Counts(NamedTuple):
    """Expected counts of aligned words, sorted by source word, then target word.

    Attributes:
        source: int64 [n].
        target: int64 [n].
        counts: float64 [n], how often the source word made the target word.
        totals: float64 [source words], how often the source word is in a pair.
    """

    source: Ints
    target: Ints
    counts: Floats
    totals: Floats


def _flat(lists: list[list[int]]) -> tuple[Ints, Ints]:
    sizes = np.array([0, *map(len, lists)], np.int64)
    return np.fromiter((x for found in lists for x in found), np.int64, int(sizes.sum())), np.cumsum(sizes)


def align(bitext: Bitext, *, rounds: int = 5, null: float = 0.02, choice: float = 0.0) -> Counts:
    """Return expected counts of aligned words after so many rounds of EM.

    A name is paired with all names of its concept in the other language, of which few are its translation. With
    ``choice`` above 0 the weights of neighbouring pairs of one source name shift, round by round, towards those whose
    words it explains.

    Args:
        bitext: the pairs.
        rounds: rounds of EM; the first starts from Dice coefficients.
        null: prior weight of NULL, which makes a target word by its frequency.
        choice: power of a pair's likelihood per word in its weight.
    """
    a, b = np.diff(bitext.source_indptr), np.diff(bitext.target_indptr)
    # One row for each (pair, target word, source word).
    slot_pair = np.repeat(np.arange(len(b)), b)  # a slot is a target word of a pair
    slots = len(slot_pair)
    row_slot = np.repeat(np.arange(slots), a[slot_pair])
    first = np.cumsum(a[slot_pair]) - a[slot_pair]
    row_source = bitext.source[np.arange(len(row_slot)) - first[row_slot] + bitext.source_indptr[slot_pair[row_slot]]]
    row_target = bitext.target[row_slot]
    width = int(bitext.target.max(initial=-1)) + 1
    kinds, row_kind = np.unique(row_source * width + row_target, return_inverse=True)
    source, target = kinds // max(width, 1), kinds % max(width, 1)
    pair_weight = bitext.weights
    row_weight = pair_weight[slot_pair][row_slot]
    totals: Floats = np.bincount(bitext.source, np.repeat(pair_weight, a)).astype(np.float64)
    seen = np.bincount(bitext.target, pair_weight[slot_pair], width)
    counts: Floats = np.bincount(row_kind, row_weight, len(kinds)).astype(np.float64)
    chance = 2 * counts / (totals[source] + seen[target])
    noise = (null * seen / max(seen.sum(), 1e-9))[bitext.target]
    group = _groups(bitext) if choice else np.zeros(0, np.int64)
    for turn in range(rounds):
        made = chance[row_kind]
        whole = np.bincount(row_slot, made, slots) + noise
        if choice and turn:
            likely = np.bincount(slot_pair, np.log(np.maximum(whole, 1e-9)), len(b)) / np.maximum(b, 1)
            share = np.exp(choice * likely) * bitext.weights
            mass = np.bincount(group, bitext.weights) / np.maximum(np.bincount(group, share), 1e-300)
            pair_weight = share * mass[group]
            row_weight = pair_weight[slot_pair][row_slot]
        post = made / whole[row_slot]
        counts = np.bincount(row_kind, post * row_weight, len(kinds)).astype(np.float64)
        chance = counts / np.maximum(np.bincount(source, counts, len(totals)), 1e-12)[source]
    return Counts(source, target, counts, totals)


def _groups(bitext: Bitext) -> Ints:
    """Return numbers of runs of pairs with the same source words."""
    a = bitext.source_indptr
    sizes = np.diff(a)
    new = np.ones(len(sizes), np.bool_)
    for at in range(1, len(sizes)):
        new[at] = sizes[at] != sizes[at - 1] or not np.array_equal(
            bitext.source[a[at] : a[at + 1]], bitext.source[a[at - 1] : a[at]]
        )
    return np.cumsum(new) - 1
