"""A lexicon: word tables of many languages into one, and what they make of a batch of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from textnorm.linking.lexicon.table import WordTable
from textnorm.linking.lexicon.units import words

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from textnorm.linking.generators.postings import Postings

#: Share of a text's letters in words of the target language from which on it is taken for a text in that.
NATIVE = 0.75


class Units(NamedTuple):
    """The distinct units of a batch of texts, and what they stand for.

    Attributes:
        texts: csr float32 [texts, units], how often a unit is in a text.
        units: the units, as they are written.
        words: distinct target words.
        translations: csr float32 [units, words], weights of translations.
        unknown: float32 [units], what share of a unit no translation accounts for; 1 where it is not known.
    """

    texts: csr_matrix
    units: list[str]
    words: list[str]
    translations: csr_matrix
    unknown: np.ndarray[tuple[int], np.dtype[np.float32]]


class Lexicon:
    """Word tables by source language.

    Attributes:
        target: the language that is translated into.
        tables: by source language.
    """

    def __init__(self, target: str, tables: Mapping[str, WordTable]) -> None:
        self.target = target
        self.tables = dict(tables)

    def detect(self, folded: str, native: frozenset[str]) -> str | None:
        """Return the language whose table knows most letters of a text.

        Letters of a word that is known only by its stem count half; of equal languages the first by name is taken.

        Args:
            folded: the text.
            native: words of the target language.

        Returns:
            ``None`` where the target knows ``NATIVE`` of the letters, or no table knows any.
        """
        every = words(folded)
        if sum(len(word) for word, _ in every if word in native) >= NATIVE * sum(len(word) for word, _ in every):
            return None
        best, lang = 0.0, None
        for code in sorted(self.tables):
            table = self.tables[code]
            known = 0.0
            for unit in table.split(folded):
                known += len(unit) * (1.0 if unit in table.rows else 0.5 if table.like(unit) else 0.0)
            if known > best:
                best, lang = known, code
        return lang

    def units(self, folded: Sequence[str], langs: Sequence[str | None]) -> Units:
        """Return the units of folded texts; a text whose language has no table has none."""
        from scipy.sparse import csr_matrix

        number: dict[tuple[str, str], int] = {}
        indptr, columns = [0], list[int]()
        for text, lang in zip(folded, langs, strict=True):
            table = self.tables.get(lang) if lang is not None else None
            if table is not None and lang is not None:
                columns.extend(number.setdefault((lang, unit), len(number)) for unit in table.split(text))
            indptr.append(len(columns))
        vocabulary: dict[str, int] = {}
        unknown = np.ones(len(number), np.float32)
        starts, targets, weights = [0], list[int](), list[float]()
        for at, (lang, unit) in enumerate(number):
            table = self.tables[lang]
            known = unit in table.rows
            found = table.of(unit) if known else table.like(unit)
            targets.extend(vocabulary.setdefault(word, len(vocabulary)) for word, _ in found)
            weights.extend(weight for _, weight in found)
            unknown[at] = max(0.0, 1.0 - sum(weight for _, weight in found)) if found or not known else 0.0
            starts.append(len(targets))
        ones = np.ones(len(columns), np.float32)
        shape = len(number), max(1, len(vocabulary))
        return Units(
            csr_matrix((ones, columns, indptr), shape=(len(folded), max(1, len(number)))),
            [unit for _, unit in number] or [""],
            list(vocabulary) or [""],
            csr_matrix((np.array(weights, np.float32), targets, starts), shape=shape)
            if number
            else csr_matrix((1, 1), dtype=np.float32),
            unknown if number else np.zeros(1, np.float32),
        )


def vectors(units: Units, postings: Postings, *, power: float = 0.7) -> csr_matrix:
    """Return texts as unit rows in the space of the target names' n-grams, float32 [texts, grams].

    A text is the sum of its units; a unit the sum of its translations, each with its weight to a power, and of itself
    for the share that has no translation: names, numbers, cognates pass through. Grams that no name has count for the
    length, not for the score.
    """
    from scipy.sparse import diags

    made, width = weighed(postings, [*units.words, *units.units])
    split = len(units.words)
    weights = units.translations.copy()
    weights.data **= power
    rows = weights @ made[:split] + diags(units.unknown) @ made[split:]
    rows = (units.texts @ rows).tocsr()
    of = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    norms = np.sqrt(np.bincount(of, rows.data.astype(np.float64) ** 2, rows.shape[0]))
    rows.data = (rows.data / norms[of]).astype(np.float32)
    return rows[:, :width]


def weighed(postings: Postings, folded: Sequence[str]) -> tuple[csr_matrix, int]:
    """Return words as rows of ``count * idf``; the grams that no name has stand behind the others, from a column on."""
    from textnorm.linking.generators.grams import count

    counts = count(folded, postings.settings)
    width = len(postings.hashes)
    columns = np.searchsorted(postings.hashes, counts.hashes).astype(np.int64)
    columns[columns == width] = 0
    unknown = postings.hashes[columns] != counts.hashes if width else np.ones(len(columns), np.bool_)
    strange, place = np.unique(counts.hashes[unknown], return_inverse=True)
    columns[unknown] = width + place
    matrix = counts.matrix(columns, width + len(strange)).tocsr()
    idf = np.concatenate([postings.idf, np.full(len(strange), 1 + np.log(1 + postings.total))])
    matrix.data = (matrix.data * idf[matrix.indices]).astype(np.float32)
    return matrix, width
