"""Names by their character n-grams: the base of all linking, in any language, without training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import UsageError, choices
from textnorm.linking.generators.folding import fold_names
from textnorm.linking.generators.grams import GramSettings
from textnorm.linking.generators.postings import Postings
from textnorm.linking.generators.ranking import Scored, Slots, top_concepts
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Candidates, Queries

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from textnorm.retrieval.changing import Writer
    from textnorm.retrieval.storage import Reader

#: Queries searched at once.
BATCH = 512


class Lexical:
    """Cosine of TF-IDF vectors of folded character n-grams.

    Attributes:
        name: ``lexical``.
        postings: of all names.
        slots: their order in the postings.
    """

    name = "lexical"

    def __init__(self, postings: Postings, slots: Slots) -> None:
        self.postings = postings
        self.slots = slots

    def search(self, queries: Queries, k: int) -> Candidates:
        """Return at most ``k`` candidates a query."""
        return self.search_texts(fold_names(queries.texts), k)

    def search_texts(self, folded: Sequence[str], k: int) -> Candidates:
        """Return candidates of folded texts; an empty one has none."""
        return joined([self.search_vectors(self.vectors(block), k) for block in batches(folded)])

    def vectors(self, folded: Sequence[str]) -> csr_matrix:
        """Return folded texts as rows of weighed grams, of length 1 at most."""
        return self.postings.vectors(folded)

    def search_vectors(self, rows: csr_matrix, k: int) -> Candidates:
        """Return candidates of rows of weighed grams, as :meth:`vectors` makes them or sums of those."""

        def find(which: NDArray[np.int64], n: int) -> Scored:
            return self.postings.best(rows if len(which) == rows.shape[0] else rows[which], n)

        return top_concepts(find, rows.shape[0], self.slots, k)

    def write(self, writer: Writer, prefix: str) -> None:
        """Put the posting lists into an index folder."""
        self.postings.write(writer, prefix)

    def updated(self, kb: KnowledgeBase, kept: NDArray[np.int64]) -> Lexical:
        """Return the generator for a changed base; the same as one that is built anew, at the cost of the new names."""
        slots = Slots.of(kb)
        places = slots.places
        old = kept[self.slots.rows]
        fresh = np.setdiff1d(np.arange(len(kb.texts)), kept[kept >= 0])
        folded = fold_names([kb.texts[i] for i in fresh.tolist()])
        moved = np.where(old >= 0, places[np.maximum(old, 0)], -1)
        return type(self)(self.postings.updated(moved, places[fresh], folded, boosts(kb, slots)), slots)


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
        slots = Slots.of(kb)
        chosen = gram_settings(settings)
        return Lexical(Postings.build(folded_slots(kb, slots), boosts(kb, slots), chosen), slots)

    @classmethod
    def read(cls, reader: Reader, prefix: str, kb: KnowledgeBase) -> Lexical:
        """Return the generator of an index folder."""
        return Lexical(Postings.read(reader, prefix), Slots.of(kb))


def gram_settings(settings: dict[str, Any]) -> GramSettings:
    """Return settings by name.

    Raises:
        UsageError: there is none of that name.
    """
    for name in settings:
        if name not in GramSettings.__dataclass_fields__:
            msg = f"The lexical generator has no setting '{name}'. {choices(name, GramSettings.__dataclass_fields__)}"
            raise UsageError(msg)
    return GramSettings(**settings)


def folded_slots(kb: KnowledgeBase, slots: Slots) -> list[str]:
    """Return all names folded, in the order of the slots."""
    folded: list[str] = []
    for at in range(0, len(kb.texts), 1 << 14):
        folded.extend(fold_names(kb.texts[at : at + (1 << 14)]))
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
