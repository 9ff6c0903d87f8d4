"""Names that a query matches letter by letter, once both are folded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import UsageError
from textnorm.linking.generators.folding import fold_names, key_hashes
from textnorm.linking.generators.lexical import boosts, folded_slots
from textnorm.linking.generators.ranking import Scored, Slots, top_concepts
from textnorm.linking.kb import PREFERRED, KnowledgeBase
from textnorm.linking.protocol import Candidates, Queries

if TYPE_CHECKING:
    from textnorm.retrieval.changing import Writer
    from textnorm.retrieval.storage import Reader

#: What a name loses that is not the preferred one, is of another language than the query, or differs in case or signs.
SYNONYM, FOREIGN, FOLDED = 0.99, 0.98, 0.995


class Exact:
    """Folded equality: score 1, a little less where the name is no preferred one, of another language, or differs
    before folding; times the name's weight.

    Attributes:
        name: ``exact``.
    """

    name = "exact"

    def __init__(self, kb: KnowledgeBase, slots: Slots, hashes: NDArray[np.uint64], holders: NDArray[np.int32]) -> None:
        """Wrap the sorted ``hashes`` of folded names, and the slots that hold them."""
        self.kb = kb
        self.slots = slots
        self.hashes = hashes
        self.holders = holders
        self._boosts = boosts(kb, slots)

    @classmethod
    def of(cls, kb: KnowledgeBase) -> Exact:
        """Return the generator of a base."""
        slots = Slots.of(kb)
        hashes = key_hashes(folded_slots(kb, slots, fold_names))
        order = np.argsort(hashes, kind="stable")
        return cls(kb, slots, hashes[order], order.astype(np.int32))

    def search(self, queries: Queries, k: int) -> Candidates:
        """Return the concepts that have the query as a name."""
        folded = fold_names(queries.texts)
        keys = key_hashes(folded)
        low, high = (np.searchsorted(self.hashes, keys, side) for side in ("left", "right"))
        high = np.where([bool(text) for text in folded], high, low)
        sizes = high - low
        indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        where = np.repeat(low - indptr[:-1], sizes) + np.arange(indptr[-1])
        holders = self.holders[where].astype(np.int32)
        scores = self._boosts[holders].copy()
        of = np.repeat(np.arange(len(queries)), sizes)
        for at, (query, row) in enumerate(zip(of.tolist(), self.slots.rows[holders].tolist(), strict=True)):
            scores[at] *= self._worth(queries.texts[query], queries.langs[query], row)
        keep = scores > 0
        indptr = np.concatenate([[0], np.cumsum(np.bincount(of[keep], minlength=len(queries)))]).astype(np.int64)
        found = Scored(indptr, holders[keep], scores[keep], np.zeros(len(queries), np.float32))
        return top_concepts(lambda *_: found, len(queries), self.slots, k)

    def _worth(self, text: str, lang: str | None, row: int) -> float:
        kind, own = self.kb.kinds[row], self.kb.langs[row]
        worth = 1.0
        if kind is not None and kind not in PREFERRED:
            worth *= SYNONYM
        if lang is not None and own is not None and lang != own:
            worth *= FOREIGN
        return worth if self.kb.texts[row] == text else worth * FOLDED

    def write(self, writer: Writer, prefix: str) -> None:
        """Put the hashes into an index folder."""
        writer.array(f"{prefix}hashes.npy", self.hashes)
        writer.array(f"{prefix}holders.npy", self.holders)

    def updated(self, kb: KnowledgeBase, kept: NDArray[np.int64]) -> Exact:
        """Return the generator for a changed base."""
        slots = Slots.of(kb)
        places = slots.places
        old = kept[self.slots.rows[self.holders]]
        fresh = np.setdiff1d(np.arange(len(kb.texts)), old[old >= 0])
        new = key_hashes(fold_names([kb.texts[i] for i in fresh.tolist()]))
        hashes = np.concatenate([self.hashes[old >= 0], new])
        holders = places[np.concatenate([old[old >= 0], fresh])]
        order = np.lexsort((holders, hashes))
        return Exact(kb, slots, hashes[order], holders[order].astype(np.int32))


class ExactFactory:
    """Makes and reads :class:`Exact`; applies to every base."""

    @classmethod
    def build(cls, kb: KnowledgeBase, **settings: Any) -> Exact | None:
        """Return the generator for a base.

        Raises:
            UsageError: a setting; there are none.
        """
        no_settings("exact", settings)
        return Exact.of(kb)

    @classmethod
    def read(cls, reader: Reader, prefix: str, kb: KnowledgeBase) -> Exact:
        """Return the generator of an index folder."""
        hashes, holders = (reader.array(f"{prefix}{name}.npy").view(np.ndarray) for name in ("hashes", "holders"))
        return Exact(kb, Slots.of(kb), hashes, holders)


def no_settings(name: str, settings: dict[str, Any]) -> None:
    """Check that there are none.

    Raises:
        UsageError: there is one.
    """
    if settings:
        msg = f"The generator '{name}' has no setting '{next(iter(settings))}'; it has none."
        raise UsageError(msg)
