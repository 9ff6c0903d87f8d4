"""Names by their character n-grams: the base of all linking, in any language, without training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import UsageError, choices
from textnorm.linking.generators.folding import fold_names
from textnorm.linking.generators.grams import GramSettings
from textnorm.linking.generators.postings import Postings
from textnorm.linking.generators.ranking import Scored, Slots, top_concepts
from textnorm.linking.kb import KnowledgeBase, language
from textnorm.linking.protocol import Candidates, Queries

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from textnorm.retrieval.changing import Writer
    from textnorm.retrieval.storage import Reader

#: Queries that show what scores to expect, and the share of queries that may need a second search.
PROBE, SHORT = 24, 0.1
#: Queries searched at once.
BATCH = 512


#: A language in which at least such a share of the concepts have a name is one of the base's own.
OWN = 0.9
#: Words of a name, on average, from which on names are texts.
LONG = 12


class Lexical:
    """Cosine of TF-IDF vectors of folded character n-grams.

    Queries in a language of the base, or of unknown language, do without the shortest n-grams, which takes a third of
    the time and changes little; queries in another language need them.

    Attributes:
        name: ``lexical``.
        postings: of all names.
        slots: their order in the postings.
        own: languages in which nearly all concepts have a name.
    """

    name = "lexical"

    def __init__(self, postings: Postings, slots: Slots, own: frozenset[str]) -> None:
        self.postings = postings
        self.slots = slots
        self.own = own

    @staticmethod
    def fold(texts: Sequence[str]) -> list[str]:
        """Return texts as they are compared."""
        return fold_names(texts)

    @classmethod
    def of(cls, kb: KnowledgeBase, settings: GramSettings) -> Self:
        """Return the generator of a base."""
        slots = Slots.of(kb)
        folded = folded_slots(kb, slots, cls.fold)
        return cls(Postings.build(folded, boosts(kb, slots), settings), slots, own_languages(kb))

    def search(self, queries: Queries, k: int) -> Candidates:
        """Return at most ``k`` candidates a query."""
        return self.search_texts(self.fold(queries.texts), k, self.foreign(queries))

    def foreign(self, queries: Queries) -> NDArray[np.bool_]:
        """Return which queries are in a language of their own."""
        known = {lang: lang is not None and language(lang) not in self.own for lang in set(queries.langs)}
        return np.array([known[lang] for lang in queries.langs], np.bool_)

    def search_texts(self, folded: Sequence[str], k: int, thorough: NDArray[np.bool_] | None = None) -> Candidates:
        """Return candidates of folded texts; an empty one has none.

        Args:
            folded: texts.
            k: candidates each.
            thorough: bool [texts], look at the most common n-grams, too.
        """
        parts = []
        for at in range(0, len(folded), BATCH):
            block = slice(at, at + BATCH)
            rows = self.postings.vectors(folded[block], None if thorough is None else thorough[block])
            parts.append(self.search_vectors(rows, k))
        return joined(parts)

    def vectors(self, folded: Sequence[str]) -> csr_matrix:
        """Return folded texts as rows of weighed grams, of length 1 at most."""
        return self.postings.vectors(folded)

    def search_vectors(self, rows: csr_matrix, k: int) -> Candidates:
        """Return candidates of rows of weighed grams, as :meth:`vectors` makes them or sums of those."""

        def find(which: NDArray[np.int64], n: int) -> Scored:
            return self.postings.best(rows[which], n)

        def first(_which: NDArray[np.int64], n: int) -> Scored:
            return self.postings.best(rows, n, self._likely(rows, n))

        return top_concepts(find, rows.shape[0], self.slots, k, first=first)

    def _likely(self, rows: csr_matrix, n: int) -> float:
        """Return a score that the last of ``n`` names of most queries exceeds, as the first queries show.

        To look only for names above it is faster. What is found does not depend on it.
        """
        if rows.shape[0] < 4 * PROBE:
            return 0.0
        return float(np.quantile(self.postings.best(rows[:PROBE], n).floor, SHORT)) * 0.95

    def write(self, writer: Writer, prefix: str) -> None:
        """Put the posting lists into an index folder."""
        self.postings.write(writer, prefix)

    def updated(self, kb: KnowledgeBase, kept: NDArray[np.int64]) -> Self:
        """Return the generator for a changed base; the same as one that is built anew, at the cost of the new names."""
        slots = Slots.of(kb)
        places = slots.places
        old = kept[self.slots.rows]
        fresh = np.setdiff1d(np.arange(len(kb.texts)), kept[kept >= 0])
        folded = self.fold([kb.texts[i] for i in fresh.tolist()])
        moved = np.where(old >= 0, places[np.maximum(old, 0)], -1)
        postings = self.postings.updated(moved, places[fresh], folded, boosts(kb, slots))
        return type(self)(postings, slots, own_languages(kb))


class Words(Lexical):
    """Cosine of TF-IDF vectors of whole words, for texts that are too long for their letters to say much.

    Attributes:
        name: ``words``.
    """

    name = "words"


class WordsFactory:
    """Makes and reads :class:`Words`; applies to bases whose names are texts of a dozen words and more."""

    @classmethod
    def build(cls, kb: KnowledgeBase, **settings: Any) -> Words | None:
        """Return the generator for a base; ``None`` where names are short.

        Raises:
            UsageError: a setting; there are none.
        """
        if settings:
            gram_settings("words", {"": None})
        sample = kb.texts[:: max(1, len(kb.texts) // 10_000)]
        if sum(text.count(" ") + 1 for text in sample) < LONG * len(sample):
            return None
        return Words.of(kb, GramSettings(0, 0, words=True))

    @classmethod
    def read(cls, reader: Reader, prefix: str, kb: KnowledgeBase) -> Words:
        """Return the generator of an index folder."""
        return Words(Postings.read(reader, prefix), Slots.of(kb), own_languages(kb))


class LexicalFactory:
    """Makes and reads :class:`Lexical`; applies to every base."""

    @classmethod
    def build(cls, kb: KnowledgeBase, **settings: Any) -> Lexical | None:
        """Return the generator for a base.

        Args:
            kb: the base.
            settings: ``min_n``, ``max_n`` (2 and 4), ``words``.

        Raises:
            UsageError: no such setting, or out of range.
        """
        return Lexical.of(kb, gram_settings("lexical", settings))

    @classmethod
    def read(cls, reader: Reader, prefix: str, kb: KnowledgeBase) -> Lexical:
        """Return the generator of an index folder."""
        return Lexical(Postings.read(reader, prefix), Slots.of(kb), own_languages(kb))


def gram_settings(generator: str, settings: dict[str, Any]) -> GramSettings:
    """Return settings by name.

    Raises:
        UsageError: there is none of that name.
    """
    for name in settings:
        if name not in GramSettings.__dataclass_fields__:
            known = choices(name, GramSettings.__dataclass_fields__)
            msg = f"The generator '{generator}' has no setting '{name}'. {known}"
            raise UsageError(msg)
    return GramSettings(**settings)


def own_languages(kb: KnowledgeBase) -> frozenset[str]:
    """Return the languages in which nearly all concepts that have a name have one."""
    codes: dict[str | None, int] = {lang: i for i, lang in enumerate(dict.fromkeys(kb.langs))}
    of = np.fromiter((codes[lang] for lang in kb.langs), np.int64, len(kb.langs))
    pairs = np.unique(of * max(1, len(kb)) + kb.concept) // max(1, len(kb))
    counts = np.bincount(pairs, minlength=len(codes))
    return frozenset(language(code) for code, i in codes.items() if code is not None and counts[i] >= OWN * kb.named)


def folded_slots(kb: KnowledgeBase, slots: Slots, fold: Callable[[Sequence[str]], list[str]]) -> list[str]:
    """Return all names folded, in the order of the slots."""
    folded: list[str] = []
    for at in range(0, len(kb.texts), 1 << 14):
        folded.extend(fold(kb.texts[at : at + (1 << 14)]))
    return [folded[row] for row in slots.rows.tolist()]


def boosts(kb: KnowledgeBase, slots: Slots) -> NDArray[np.float32]:
    """Return the weight of the name in each slot as a share of the largest."""
    top = float(kb.weights.max(initial=0.0))
    return (kb.weights[slots.rows] / (top or 1.0)).astype(np.float32)


def batches(texts: Sequence[str]) -> list[Sequence[str]]:
    """Return texts in blocks that are searched at once."""
    return [texts[at : at + BATCH] for at in range(0, len(texts), BATCH)]


def joined(parts: Sequence[Candidates]) -> Candidates:
    """Return the candidates of one batch after the other as one."""
    if len(parts) == 1:
        return parts[0]
    sizes = [np.diff(part.indptr) for part in parts]
    indptr = (
        np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64) if parts else np.zeros(1, np.int64)
    )
    if not parts:
        return Candidates.empty(0)
    return Candidates(indptr, *(np.concatenate([part[i] for part in parts]) for i in (1, 2, 3)))
