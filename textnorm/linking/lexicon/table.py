"""A word table: units of one language with the words of another that they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.lexicon.units import Cutter, words


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

    def split(self, folded: str) -> list[str]:
        """Return the units of a folded text."""
        found: list[str] = []
        for word, run in words(folded):
            if run:
                found.extend(self.cutter(word))
            else:
                found.append(word)
        return found

    def of(self, unit: str) -> list[tuple[str, float]]:
        """Return the translations of a unit with their weights; empty where it is not known."""
        row = self.rows.get(unit)
        if row is None:
            return []
        part = slice(int(self.indptr[row]), int(self.indptr[row + 1]))
        pairs = zip(self.targets[part].tolist(), self.weights[part].tolist(), strict=True)
        return [(self.vocabulary[word], weight) for word, weight in pairs]

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
