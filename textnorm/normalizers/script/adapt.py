"""Choosing among readings by document: how strongly this writer replaces letters, and which ones.

The readings of each unit of text were found once. Here only their weights change: the level of noise of a document is
inferred from all its units, then each letter's own odds, since one writer replaces a letter the same way throughout
(rounds of expectation and maximisation over the readings; nothing is decoded again).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from textnorm.normalizers.script.channel import LEVELS, Channel

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Adapting:
    """How documents are adapted to.

    Attributes:
        rounds: of expectation and maximisation over single letters; 0 leaves it at the level of the document, and -1
            takes all levels for equally likely.
        prior: weight of the level's odds against what the document shows, in occurrences of a letter.
        clean: log-odds that a document is right, before anything of it was read, against each other level.
    """

    rounds: int = 2
    prior: float = 3.0
    clean: float = 1.0


@dataclass
class Store:
    """Readings of known units, in columns.

    Attributes:
        offsets: int64 ``[units + 1]`` into the readings.
        model: float64 ``[readings]``, log-probability by the character model.
        fixed: float64 ``[readings]``, cost of the arcs that do not depend on the document.
        level: float64 ``[readings, levels]``, cost of the other arcs at each level.
        arc_offsets: int64 ``[readings + 1]`` into ``arcs``.
        arcs: int64, the other arcs: those of letters that writers replace.
    """

    offsets: Ints
    model: Doubles
    fixed: Doubles
    level: Doubles
    arc_offsets: Ints
    arcs: Ints


@dataclass
class Rows:
    """Readings of the occurrences of a batch, one row a reading of an occurrence.

    Attributes:
        offsets: int64 ``[occurrences + 1]`` into the rows.
        reading: int64 ``[rows]``, number of the reading in the store.
        occurrence: int64 ``[rows]``.
        document: int64 ``[occurrences]``, ascending from 0.
    """

    offsets: Ints
    reading: Ints
    occurrence: Ints
    document: Ints

    @classmethod
    def of(cls, store: Store, units: Ints, documents: Ints) -> Rows:
        """Return the readings of units that stand in documents."""
        count = store.offsets[units + 1] - store.offsets[units]
        offsets = np.concatenate([[0], np.cumsum(count)])
        return cls(offsets, spread(store.offsets[units], count), np.repeat(np.arange(len(units)), count), documents)


def spread(starts: Ints, counts: Ints) -> Ints:
    """Return ``start, start + 1 …`` for each pair of a start and a count, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts - starts, counts)


def choose(store: Store, channel: Channel, rows: Rows, score: Doubles, how: Adapting) -> tuple[Doubles, Doubles]:
    """Return the log-probability of each row within its occurrence, and of each document how surely it is right.

    Args:
        store: readings of the units.
        channel: its arcs.
        rows: readings of the occurrences.
        score: float64 ``[rows]``, all that speaks for a reading but the arcs that depend on the document.
        how: how documents are adapted to.
    """
    if not len(rows.reading):
        return np.zeros(0), np.zeros(0)
    start, occurrence = rows.offsets[:-1], rows.occurrence
    doc = rows.document[occurrence]
    n_docs = int(rows.document[-1]) + 1
    per_level = score[:, None] - store.level[rows.reading]
    weight = np.full((n_docs, len(LEVELS)), 1.0 / len(LEVELS))
    if how.rounds >= 0:
        top = np.maximum.reduceat(per_level, start, axis=0)
        evidence = top + np.log(np.add.reduceat(np.exp(per_level - top[occurrence]), start, axis=0))
        total = np.stack([np.bincount(rows.document, evidence[:, k], n_docs) for k in range(len(LEVELS))], axis=1)
        total[:, 0] = total[:, 0] + how.clean
        weight = np.exp(total - total.max(axis=1, keepdims=True))
        weight = weight / weight.sum(axis=1, keepdims=True)
    best = per_level.max(axis=1)
    mixed = best + np.log((np.exp(per_level - best[:, None]) * weight[doc]).sum(axis=1) + 1e-30)
    logp = _normal(mixed, start, occurrence)
    if how.rounds <= 0:
        return logp, weight[:, 0]

    counts = store.arc_offsets[rows.reading + 1] - store.arc_offsets[rows.reading]
    arc = store.arcs[spread(store.arc_offsets[rows.reading], counts)]
    row = np.repeat(np.arange(len(rows.reading)), counts)
    key, key_at = np.unique(doc[row] * len(channel.arcs) + arc, return_inverse=True)
    key_doc, key_arc = key // len(channel.arcs), key % len(channel.arcs)
    group, group_at = np.unique(key_doc * channel.groups + channel.group[key_arc], return_inverse=True)
    expected = np.einsum("kl,kl->k", weight[key_doc], channel.prob.T[key_arc])
    for _ in range(how.rounds):
        seen = np.bincount(key_at, weights=np.exp(logp)[row], minlength=len(key))
        seen_group = np.bincount(group_at, weights=seen, minlength=len(group))[group_at]
        cost = -np.log((seen + how.prior * expected) / (seen_group + how.prior) + 1e-9)
        logp = _normal(score - np.bincount(row, weights=cost[key_at], minlength=len(score)), start, occurrence)
    return logp, weight[:, 0]


def _normal(logp: Doubles, start: Ints, occurrence: Ints) -> Doubles:
    top = np.maximum.reduceat(logp, start)
    total = top + np.log(np.add.reduceat(np.exp(logp - top[occurrence]), start))
    return np.asarray(logp - total[occurrence])
