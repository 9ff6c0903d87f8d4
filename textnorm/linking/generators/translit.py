"""Names across languages and scripts by their letters: transliterated, and with spellings of cognates brought together.

``translit`` compares texts in Latin letters; it has an opinion where the query or the base is in another script.
``cognate`` also applies the rules of :mod:`textnorm.linking.generators.cognates`; it has an opinion on queries that
are not in a language of the base.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.generators.cognates import fold_cognates, latin
from textnorm.linking.generators.folding import fold_names
from textnorm.linking.generators.lexical import Lexical, gram_settings, own_languages
from textnorm.linking.generators.postings import Postings
from textnorm.linking.generators.ranking import Slots
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Candidates, Queries

if TYPE_CHECKING:
    from textnorm.retrieval.storage import Reader

#: Share of names in Latin letters from which on cognates are looked for, and up to which names are transliterated: a
#: Greek letter in one name of a hundred makes no base of another script.
LATIN, ALL_LATIN = 0.1, 0.99
#: Names that show in which scripts a base is.
SAMPLE = 20_000


class Cognate(Lexical):
    """Lexical search over transliterated words without the spellings and endings of one language.

    Attributes:
        name: ``cognate``.
    """

    name = "cognate"

    @staticmethod
    def fold(texts: Sequence[str]) -> list[str]:
        """Return texts as they are compared."""
        return fold_cognates(texts)

    def search(self, queries: Queries, k: int) -> Candidates:
        """Return at most ``k`` candidates a query; none for queries in a language of the base."""
        spoken = np.flatnonzero(self.foreign(queries) | np.array([lang is None for lang in queries.langs], np.bool_))
        texts = self.fold([queries.texts[i] for i in spoken.tolist()])
        return spread(self.search_texts(texts, k, np.ones(len(texts), np.bool_)), spoken, len(queries))


class Transliterated(Lexical):
    """Lexical search over names and queries in Latin letters.

    Attributes:
        name: ``translit``.
    """

    name = "translit"

    @staticmethod
    def fold(texts: Sequence[str]) -> list[str]:
        """Return texts as they are compared."""
        return latin(fold_names(texts))

    def search(self, queries: Queries, k: int) -> Candidates:
        """Return at most ``k`` candidates a query; none for queries of the base's languages in Latin letters."""
        folded = fold_names(queries.texts)
        spoken = np.flatnonzero(self.foreign(queries) | np.array([not text.isascii() for text in folded], np.bool_))
        texts = latin([folded[i] for i in spoken.tolist()])
        return spread(self.search_texts(texts, k, np.ones(len(texts), np.bool_)), spoken, len(queries))


class CognateFactory:
    """Makes and reads :class:`Cognate`; applies to bases with names in Latin letters."""

    @classmethod
    def build(cls, kb: KnowledgeBase, **settings: Any) -> Cognate | None:
        """Return the generator for a base; ``None`` where hardly any name is in Latin letters.

        Args:
            kb: the base.
            settings: as for ``lexical``.

        Raises:
            UsageError: no such setting, or out of range.
        """
        chosen = gram_settings("cognate", settings)
        return Cognate.of(kb, chosen) if latin_share(kb) >= LATIN else None

    @classmethod
    def read(cls, reader: Reader, prefix: str, kb: KnowledgeBase) -> Cognate:
        """Return the generator of an index folder."""
        return Cognate(Postings.read(reader, prefix), Slots.of(kb), own_languages(kb))


class TranslitFactory:
    """Makes and reads :class:`Transliterated`; applies to bases with names in other letters than Latin ones.

    Where all names are in Latin letters, ``cognate`` does the same and more.
    """

    @classmethod
    def build(cls, kb: KnowledgeBase, **settings: Any) -> Transliterated | None:
        """Return the generator for a base; ``None`` where nearly all names are in Latin letters.

        Args:
            kb: the base.
            settings: as for ``lexical``.

        Raises:
            UsageError: no such setting, or out of range.
        """
        chosen = gram_settings("translit", settings)
        return Transliterated.of(kb, chosen) if latin_share(kb) < ALL_LATIN else None

    @classmethod
    def read(cls, reader: Reader, prefix: str, kb: KnowledgeBase) -> Transliterated:
        """Return the generator of an index folder."""
        return Transliterated(Postings.read(reader, prefix), Slots.of(kb), own_languages(kb))


def latin_share(kb: KnowledgeBase) -> float:
    """Return the share of names in Latin letters, of a sample."""
    step = max(1, len(kb.texts) // SAMPLE)
    sample = fold_names(kb.texts[::step])
    return sum(map(str.isascii, sample)) / max(1, len(sample))


def spread(found: Candidates, rows: NDArray[np.int64], queries: int) -> Candidates:
    """Return candidates of some rows of a batch as those of the whole batch."""
    sizes = np.zeros(queries, np.int64)
    sizes[rows] = np.diff(found.indptr)
    return found._replace(indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))
