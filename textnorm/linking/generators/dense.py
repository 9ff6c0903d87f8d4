"""Names by their vectors: an encoder, and the index of the different names' vectors (docs/retrieval.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.attributes import encode_with
from textnorm.encoders.protocol import Encoder
from textnorm.errors import DataError, UsageError
from textnorm.linking.generators.flat import Flat
from textnorm.linking.generators.lexical import boosts, joined
from textnorm.linking.generators.ranking import Scored, Slots, top_concepts
from textnorm.linking.kb import KnowledgeBase, Links
from textnorm.linking.protocol import Candidates, Queries
from textnorm.retrieval.ann import FLAT
from textnorm.retrieval.index import FoldedIndex

if TYPE_CHECKING:
    from textnorm.retrieval.changing import Writer
    from textnorm.retrieval.correction import HubnessCorrector
    from textnorm.retrieval.storage import Reader

#: Queries encoded at once.
BATCH = 2048


class Dense:
    """Cosine of the vectors of query and name, corrected for hubness where the index is.

    Attributes:
        name: ``dense``.
        kb: the base.
        index: vectors of its different names; a name that several concepts have is there once.
        encoder: of the queries.
    """

    name = "dense"

    def __init__(self, kb: KnowledgeBase, index: FoldedIndex, encoder: Encoder, *, corrected: bool = True) -> None:
        """Join a base with the index of its names.

        Args:
            kb: the base.
            index: items are the texts of names.
            encoder: of the queries.
            corrected: rank by the corrected score where the index has a correction.

        Raises:
            UsageError: the index holds another encoder's vectors.
        """
        index.check_encoder(encoder.identity)
        self.kb = kb
        self.index = index
        self.encoder = encoder
        self.corrected = corrected
        self.slots = Slots.of(kb)

    @cached_property
    def holders(self) -> Links:
        """From positions in the index to the slots of the names with that text.

        Raises:
            DataError: a name has no vector.
        """
        places = _positions(self.index, self.kb.texts)
        if len(places) and places.min() < 0:
            missing = self.kb.texts[int(np.argmin(places))]
            msg = f"The index holds no vector of the name '{missing}'; build it again."
            raise DataError(msg)
        own = places[self.slots.rows]
        order = np.argsort(own, kind="stable")
        counts = np.bincount(own, minlength=self.index.store.total)
        return Links(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), order.astype(np.int32))

    @cached_property
    def _flat(self) -> Flat:
        """Search over all rows at once."""
        places = np.empty(len(self.slots.rows), np.int64)
        places[self.holders.items] = np.repeat(np.arange(self.index.store.total), np.diff(self.holders.indptr))
        return Flat(self.index.store, self.slots, places, self._boosts)

    @cached_property
    def _boosts(self) -> NDArray[np.float32] | None:
        """Weights of the names; ``None`` where all are alike."""
        found = boosts(self.kb, self.slots)
        return None if (found == 1).all() else found

    def search(self, queries: Queries, k: int) -> Candidates:
        """Return at most ``k`` candidates a query; one without a letter, a digit or a sign has none."""
        texts = [text if not text.isspace() else "" for text in queries.texts]
        given, starts = queries.attributes, range(0, len(texts), BATCH)
        return joined([self._search(texts[at : at + BATCH], given[at : at + BATCH], k) for at in starts])

    def vectors(self, texts: Sequence[str], attributes: Sequence[Sequence[str]] = ()) -> NDArray[np.float32]:
        """Return the vectors of queries with their attributes, float32 ``[len(texts), dim]``."""
        return encode_with(self.encoder, texts, attributes) if any(attributes) else self.encoder.encode(texts)

    def search_vectors(self, vectors: NDArray[np.float32], k: int) -> Candidates:
        """Return candidates of unit rows."""
        folded = self.index.store.folded
        gated = self.corrected and folded is not None and folded.gate is not None
        if self.index.factory == FLAT and not gated:
            if self.index.query_map is not None:
                vectors = self.index.query_map(vectors)
            return self._flat.search(vectors, k, corrected=self.corrected)
        holders, index = self.holders, self.index

        def find(which: NDArray[np.int64], n: int) -> Scored:
            hits = index.search_positions(vectors[which], min(n, len(index)), corrected=self.corrected)
            # An item found has a score of any sign; ranks need one above 0.
            good = hits.positions >= 0
            flat = hits.positions[good]
            sizes = holders.indptr[flat + 1] - holders.indptr[flat]
            of = np.repeat(np.nonzero(good)[0], sizes)
            ends = np.cumsum(sizes)
            slots = holders.items[np.repeat(holders.indptr[flat] - (ends - sizes), sizes) + np.arange(len(of))]
            scores = np.repeat(hits.scores[good], sizes)
            if self._boosts is not None:
                scores = scores * self._boosts[slots]
            keep = scores > 0
            counts = np.bincount(of[keep], minlength=len(which))
            floor = hits.scores[:, -1].copy() if len(index) else np.zeros(len(which), np.float32)
            floor[(~good).any(axis=1) | (floor < 0) | (good.shape[1] == len(index))] = 0
            indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
            return Scored(indptr, slots[keep], scores[keep].astype(np.float32), floor)

        return top_concepts(find, len(vectors), self.slots, k)

    def _search(self, texts: Sequence[str], attributes: Sequence[Sequence[str]], k: int) -> Candidates:
        told = np.flatnonzero([bool(text) for text in texts])
        if not len(told):
            return Candidates.empty(len(texts))
        some = told.tolist()
        found = self.search_vectors(self.vectors([texts[i] for i in some], [attributes[i] for i in some]), k)
        sizes = np.zeros(len(texts), np.int64)
        sizes[told] = np.diff(found.indptr)
        return found._replace(indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))

    def with_correction(self, method: str, bank: Sequence[str], **params: float) -> Dense:
        """Return the generator with a hubness correction fitted on a bank of queries; ``off`` and an empty bank: none.

        Args:
            method: ``off``, ``is``, ``dis``, ``dual-is``, ``dual-dis``, ``csls``, ``nnn`` or ``centering``; ``auto``
                is ``csls`` behind a gate, which the field note on hubness found safe without labelled data.
            bank: queries as they come in, without answers.
            params: of the method.

        Raises:
            UsageError: there is no such method.
        """
        plain = self.index.rebuilt() if self.index.correction is not None else self.index
        if method == "off" or not bank:
            return Dense(self.kb, plain, self.encoder)
        from textnorm.retrieval.correction import HubnessCorrector

        chosen: Mapping[str, Any] = {"k": 10, "gated": True, **params} if method == "auto" else params
        corrector: HubnessCorrector = HubnessCorrector("csls" if method == "auto" else method, **dict(chosen))
        blocks = list(plain.blocks())
        gallery = np.concatenate(blocks) if blocks else np.zeros((0, plain.dim), np.float32)
        rows = self.encoder.encode(list(dict.fromkeys(bank)))
        if plain.query_map is not None:
            rows = plain.query_map(rows)
        return Dense(self.kb, plain.rebuilt(corrector.fit(gallery, rows)), self.encoder)

    def write(self, writer: Writer, prefix: str) -> None:
        """Put the index of vectors into a folder; the encoder is the folder's business."""
        self.index.write(writer, prefix)

    def updated(self, kb: KnowledgeBase, kept: NDArray[np.int64]) -> Dense:
        """Return the generator for a changed base: new texts are encoded, texts that are gone removed.

        Raises:
            UsageError: the index has a correction; the folder, which keeps its banks, changes such an index.
        """
        if self.index.correction is not None:
            msg = "The index has a hubness correction, whose bank is in the index folder; use 'textnorm index add'."
            raise UsageError(msg)
        index = self.index.rebuilt()
        there = set(index.ids)
        texts = dict.fromkeys(kb.texts)
        gone = [text for text in index.ids if text not in texts]
        fresh = [text for text in texts if text not in there]
        if gone:
            index.remove(gone)
        if fresh:
            index.add(self.encoder.encode(fresh), fresh)
        return Dense(kb, index, self.encoder, corrected=self.corrected)


class DenseFactory:
    """Makes and reads :class:`Dense`; applies where there is an encoder."""

    @classmethod
    def build(
        cls,
        kb: KnowledgeBase,
        *,
        encoder: Encoder | None = None,
        index: FoldedIndex | None = None,
        factory: str = "Flat",
        parameters: str = "",
    ) -> Dense | None:
        """Return the generator for a base; ``None`` without an encoder.

        Args:
            kb: the base.
            encoder: of names and queries.
            index: of the different names, where there is one already.
            factory: of a new index, in faiss' words.
            parameters: of the search.
        """
        if encoder is None:
            return None
        if index is None:
            texts = list(dict.fromkeys(kb.texts))
            rows = np.empty((len(texts), encoder.dim), np.float32)
            for at in range(0, len(texts), 4096):
                rows[at : at + 4096] = encoder.encode(texts[at : at + 4096])
            rows.flags.writeable = False
            index = FoldedIndex.build(
                rows, texts, factory=factory, parameters=parameters, encoder_identity=encoder.identity
            )
        return Dense(kb, index, encoder)

    @classmethod
    def read(cls, reader: Reader, prefix: str, kb: KnowledgeBase, *, encoder: Encoder | None = None) -> Dense:
        """Return the generator of an index folder; without ``encoder`` the folder's own is loaded.

        Raises:
            DataError: there are no vectors.
            UsageError: the encoder that the folder names is another by now.
        """
        index = FoldedIndex.read(reader, prefix)
        if encoder is None:
            from textnorm.encoders.load import load_encoder

            spec = reader.meta["encoder"]["spec"]
            encoder = load_encoder(reader.path("encoder") if "encoder" in reader.parts else spec)
        return Dense(kb, index, encoder)


def _positions(index: FoldedIndex, texts: Sequence[str]) -> NDArray[np.int64]:
    """Return the position of each text, -1 where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    alive = np.flatnonzero(index.store.alive)
    known = index.names.take(alive)
    rank = pc.index_in(pa.array(texts, pa.string()), value_set=known).fill_null(-1).to_numpy()
    return np.where(rank >= 0, alive[np.maximum(rank, 0)], -1) if len(alive) else np.full(len(texts), -1, np.int64)
