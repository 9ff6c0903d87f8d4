"""A word table: units of one language with the words of another that they stand for."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.lexicon.units import Cutter, is_run, words

#: Least share of a word that its stem has; units that are looked at for one; longest ending of theirs.
STEM = 0.6
KIN = 12
ENDING = 5


def _shared(one: str, other: str) -> int:
    """Return how many letters two words begin with alike."""
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


@dataclass(frozen=True)
class WordTable:
    """Translations of units; those of unit ``u`` are ``targets[indptr[u]:indptr[u + 1]]``, the likeliest first.

    Attributes:
        lang: language of the units.
        units: folded words, pieces of runs.
        values: float32 [units], worth of a unit when a run is cut; 0 for what is no piece.
        indptr: int64 [units + 1].
        targets: int32, numbers of target words.
        weights: float32, how often the unit, where it occurs, makes the word: 0 to 1. A unit that makes two words
            each time has two weights of 1.
        vocabulary: target words, folded.
    """

    lang: str
    units: Sequence[str]
    values: NDArray[np.float32]
    indptr: NDArray[np.int64]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]
    vocabulary: Sequence[str]

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """From units to their numbers."""
        return {unit: row for row, unit in enumerate(self.units)}

    @cached_property
    def cutter(self) -> Cutter:
        """Cuts runs into units."""
        pieces = np.flatnonzero(self.values > 0).tolist()
        values = self.values.tolist()
        return Cutter({self.units[row]: values[row] for row in pieces})

    @cached_property
    def phrases(self) -> Mapping[str, list[tuple[str, ...]]]:
        """Units of several words by their first word, the longest first."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for unit in self.units:
            if " " in unit:
                parts = tuple(unit.split())
                found.setdefault(parts[0], []).append(parts)
        return {first: sorted(units, key=lambda parts: (-len(parts), parts)) for first, units in found.items()}

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(unit for unit in self.units if " " not in unit and not is_run(unit))

    def split(self, folded: str) -> list[str]:
        """Return the units of a folded text."""
        found: list[str] = []
        for word, run in words(folded):
            if run:
                found.extend(self.cutter(word))
            else:
                found.append(word)
        if not self.phrases:
            return found
        joined: list[str] = []
        at = 0
        while at < len(found):
            for parts in self.phrases.get(found[at], ()):
                if tuple(found[at : at + len(parts)]) == parts:
                    joined.append(" ".join(parts))
                    at += len(parts)
                    break
            else:
                joined.append(found[at])
                at += 1
        return joined

    def of(self, unit: str) -> list[tuple[str, float]]:
        """Return the translations of a unit with their weights; empty where it is not known."""
        row = self.rows.get(unit)
        if row is None:
            return []
        part = slice(int(self.indptr[row]), int(self.indptr[row + 1]))
        pairs = zip(self.targets[part].tolist(), self.weights[part].tolist(), strict=True)
        return [(self.vocabulary[word], weight) for word, weight in pairs]

    def like(self, unit: str) -> list[tuple[str, float]]:
        """Return translations of the units that share the longest beginning with one that is not known.

        Endings change, beginnings stay: a word of another case or number has the stem of one that is known. The stem
        has at least four letters and ``STEM`` of the word; each translation counts as far as the stems agree.
        """
        least = max(4, math.ceil(STEM * len(unit)))
        if len(unit) < least or is_run(unit):
            return []
        at = bisect.bisect_left(self._sorted, unit)
        near = self._sorted[max(0, at - 1) : at + 1]
        shared = max((_shared(unit, other) for other in near), default=0)
        if shared < least:
            return []
        stem = unit[:shared]
        low = bisect.bisect_left(self._sorted, stem)
        found: dict[str, float] = {}
        kin = 0
        for other in self._sorted[low : low + KIN]:
            if not other.startswith(stem):
                break
            if len(other) - shared <= ENDING:
                kin += 1
                for word, weight in self.of(other):
                    found[word] = found.get(word, 0.0) + weight
        part = shared / len(unit)
        ranked = sorted(((weight / max(kin, 1) * part, word) for word, weight in found.items()), reverse=True)
        return [(word, weight) for weight, word in ranked[:KIN]]

    @classmethod
    def build(
        cls, lang: str, entries: Iterable[tuple[str, Sequence[tuple[str, float]]]], values: Mapping[str, float]
    ) -> WordTable:
        """Return the table of (unit, translations) pairs."""
        vocabulary: dict[str, int] = {}
        units: list[str] = []
        sizes, targets, weights = [0], list[int](), list[float]()
        for unit, found in entries:
            units.append(unit)
            sizes.append(len(found))
            for word, weight in sorted(found, key=lambda pair: (-pair[1], pair[0])):
                targets.append(vocabulary.setdefault(word, len(vocabulary)))
                weights.append(weight)
        return cls(
            lang,
            units,
            np.array([values.get(unit, 0.0) for unit in units], np.float32),
            np.cumsum(np.array(sizes, np.int64)),
            np.array(targets, np.int32),
            np.array(weights, np.float32),
            list(vocabulary),
        )
