"""Mines a word table from names of the same concepts in two languages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textnorm.linking.lexicon.align import Bitext, align
from textnorm.linking.lexicon.table import WordTable
from textnorm.linking.lexicon.units import Cutter, is_run, pieces, words

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A pair of names: source, target, weight; both folded.
Pair = tuple[str, str, float]


#: What a letter of a known piece is worth when a run is cut; at most 1 for one that is mined.
KNOWN = 0.9


@dataclass(frozen=True)
class MineSettings:
    """How a word table is mined.

    Attributes:
        rounds: rounds of EM.
        null: prior weight of NULL.
        choice: how far a name's pairs are weighed by their likelihood.
        doubt: added to a unit's count: a unit seen once is believed less.
        least: smallest weight of a translation that is kept.
        most: translations kept a unit.
        rare: smallest weighted count of a piece of a run.
        fewest: smallest weighted count of a unit.
        trust: how many occurrences an entry of the lexicons that ship is worth.
    """

    rounds: int = 8
    null: float = 0.02
    choice: float = 1.0
    doubt: float = 0.5
    least: float = 0.02
    most: int = 16
    rare: float = 1.5
    trust: float = 2.0
    fewest: float = 0.0


def mine(
    lang: str,
    pairs: Sequence[Pair],
    settings: MineSettings | None = None,
    known: Mapping[str, Sequence[tuple[str, float]]] | None = None,
) -> WordTable:
    """Return the word table of pairs of names.

    Args:
        lang: the source language.
        pairs: of names.
        settings: how.
        known: translations that are known beforehand; the pairs outweigh them where a unit is frequent.
    """
    how = settings or MineSettings()
    prior = known or {}
    left = [words(source) for source, _, _ in pairs]
    target_of: dict[str, int] = {}
    right = [[target_of.setdefault(word, len(target_of)) for word in target.split()] for _, target, _ in pairs]
    weights = [weight for _, _, weight in pairs]
    values = {unit: KNOWN * len(unit) for unit in prior if is_run(unit)}
    if any(run for source in left for _, run in source):
        for piece, value in piece_values(left, right, weights, how).items():
            values[piece] = max(value, values.get(piece, 0.0))
    cutter = Cutter(values)
    unit_of: dict[str, int] = {}
    cut: dict[str, list[int]] = {}
    numbered = []
    for source in left:
        row: list[int] = []
        for word, run in source:
            if word not in cut:
                cut[word] = [unit_of.setdefault(u, len(unit_of)) for u in (cutter(word) if run else [word])]
            row.extend(cut[word])
        numbered.append(row)
    both = [(a, b, w) for a, b, w in zip(numbered, right, weights, strict=True) if a and b]
    counts = align(Bitext.of(both), rounds=how.rounds, null=how.null, choice=how.choice)
    made = defaultdict[str, dict[str, float]](dict)
    total = dict.fromkeys(unit_of, 0.0)
    total.update(zip(unit_of, counts.totals.tolist(), strict=False))
    units, vocabulary = list(unit_of), list(target_of)
    keep = counts.counts >= how.least * (counts.totals[counts.source] + how.doubt)
    found = (counts.source[keep].tolist(), counts.target[keep].tolist(), counts.counts[keep].tolist())
    for unit, word, count in zip(*found, strict=True):
        made[units[unit]][vocabulary[word]] = count
    for known_unit, translations in prior.items():
        total[known_unit] = total.get(known_unit, 0.0) + how.trust
        for known_word, weight in translations:
            own = made[known_unit]
            own[known_word] = own.get(known_word, 0.0) + how.trust * weight
    entries = []
    for unit_text, often in total.items():
        if often < how.fewest:
            continue
        ranked = sorted(((count / (often + how.doubt), w) for w, count in made[unit_text].items()), reverse=True)
        best = [(w, min(weight, 1.0)) for weight, w in ranked[: how.most] if weight >= how.least]
        entries.append((unit_text, best))
    return WordTable.build(lang, entries, values)


def piece_values(
    left: Sequence[Sequence[tuple[str, bool]]],
    right: Sequence[Sequence[int]],
    weights: Sequence[float],
    how: MineSettings,
) -> Mapping[str, float]:
    """Return what the pieces of runs are worth: their length times their highest Dice coefficient with a word.

    A piece of several words has a low coefficient, for each of its words occurs elsewhere too; a part of a word has a
    low one, since it occurs in other words. So the best cut is one into words.
    """
    from scipy.sparse import csr_matrix

    parts = [set().union(*(pieces(word) for word, run in source if run)) for source in left]
    often: Counter[str] = Counter()
    for found, weight in zip(parts, weights, strict=True):
        for piece in found:
            often[piece] += weight  # type: ignore[assignment]
    column = {piece: at for at, piece in enumerate(p for p, n in often.items() if n >= how.rare or len(p) == 1)}
    rows = [[column[piece] for piece in found if piece in column] for found in parts]
    w = np.array(weights, np.float32)
    xs = np.fromiter((c for row in rows for c in row), np.int32)
    xp = np.cumsum([0, *map(len, rows)])
    x = csr_matrix((np.ones(len(xs), np.float32), xs, xp), shape=(len(rows), len(column)))
    targets = [sorted(set(row)) for row in right]
    ys = np.fromiter((c for row in targets for c in row), np.int32)
    yp = np.cumsum([0, *map(len, targets)])
    width = int(ys.max(initial=-1)) + 1
    y = csr_matrix((np.repeat(w, np.diff(yp)), ys, yp), shape=(len(rows), width))
    together = (x.T.tocsr() @ y).tocsr()
    piece_total, word_total = x.T @ w, np.asarray(y.sum(axis=0)).ravel()
    of = np.repeat(np.arange(len(column)), np.diff(together.indptr))
    dice = 2 * together.data / (piece_total[of] + word_total[together.indices] + 1)
    best = np.zeros(len(column))
    np.maximum.at(best, of, dice)
    return {piece: len(piece) * float(best[at]) for piece, at in column.items()}
