"""An index of unit vectors under string ids, with the hubness correction folded in.

faiss finds candidates; their scores are then computed again from the rows themselves in float64. So the scores of a
hit do not depend on what else is in the batch, the order of hits is that of the definition (corrected score, ties by
position), and on a ``Flat`` index so is the choice of hits: where the rounding of the fast search could hide a better
row, the query is searched again in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError, UsageError
from textnorm.retrieval import ann, changing, storage
from textnorm.retrieval.checks import folded_arrays, id_array
from textnorm.retrieval.folding import Fold, check_vectors
from textnorm.retrieval.maps import LinearMap
from textnorm.retrieval.rows import Folded, FoldedRows, Positions, Rows, Segment

if TYPE_CHECKING:
    import pyarrow as pa

    from textnorm.retrieval.correction import Correction


class Hits(NamedTuple):
    """Neighbours, best first. Of equal scores the item added first comes first.

    Attributes:
        ids: [nq, k] strings as an object array; ``None`` where an approximate index found fewer.
        scores: [nq, k] float32: the score that ranks; ``-inf`` where nothing was found.
        raw: [nq, k] float32: the cosine.
    """

    ids: NDArray[np.object_]
    scores: NDArray[np.float32]
    raw: NDArray[np.float32]


class FoldedIndex:
    """Neighbours by inner product, with or without hubness correction, from the same rows.

    Score of item j for query q: ``<q, g_j> - sum_b e_b(q) * bias[j, b]`` with ``e_b = 1``, or, where the correction
        has gates,
    ``e_b(q) = gate[j*, b]`` for the item ``j*`` that is nearest by cosine. See docs/hubness.md.

    Searching does not change an index, so threads may search one at the same time; changing it is the caller's to keep
    apart.

    Attributes:
        store: the rows.
        factory: faiss' factory string; ``Flat`` is exact.
        encoder_identity: of the encoder that made the vectors; ``""`` where it was not given.
        query_map: applied to queries first, after an upgrade that left the stored vectors as they are.
        parameters: of the approximate search, in faiss' words.
    """

    def __init__(
        self,
        store: FoldedRows,
        ids: pa.ChunkedArray,
        *,
        factory: str = ann.FLAT,
        encoder_identity: str = "",
        near: ann.Approximate | None = None,
        parameters: str = "",
        query_map: LinearMap | None = None,
    ) -> None:
        self.store = store
        self.factory = factory
        self.encoder_identity = encoder_identity
        self.query_map = query_map
        self.parameters = ""
        self.near = near
        self.names = ids
        if parameters:
            self.set_parameters(parameters)

    # -- building --------------------------------------------------------------------------------------------------
    @classmethod
    def build(
        cls,
        vectors: Rows,
        ids: Sequence[str],
        *,
        factory: str = ann.FLAT,
        correction: Correction | None = None,
        encoder_identity: str = "",
        parameters: str = "",
        multiple: int | None = None,
        threads: int = 1,
    ) -> FoldedIndex:
        """Index unit rows.

        Args:
            vectors: [n, d] float32 unit rows. Without correction a read-only array (a memory map) is used in place.
            ids: one a row, all different.
            factory: ``Flat``, ``HNSW32``, ``IVF1024,PQ50x4fs,RFlat`` or any other of faiss. Refinement uses the
                index's own rows, mapped from disk, and needs no second copy of them.
            correction: fitted on these rows; folded in.
            encoder_identity: identity of the encoder.
            parameters: of an approximate search, in faiss' words: ``efSearch=64``, ``nprobe=32``.
            multiple: the width of a row is a multiple of this; by default 1 for ``Flat``, else 16.
            threads: for building; with more than one a graph is not the same every time.

        Raises:
            DataError: rows that are no unit vectors, ids that are doubled or no strings, numbers that do not agree.
            UsageError: a factory string or parameter that cannot be used.
            MissingExtraError: faiss is not installed.
        """
        ann.faiss()
        rows = check_vectors(vectors, "The index")
        names = id_array(ids, len(rows))
        folded = None
        if correction is not None:
            facts = correction.method, dict(correction.params), dict(correction.banks)
            folded = folded_arrays(*facts, correction.bias, correction.gate, len(rows))
        bias = folded.bias if folded is not None else np.zeros((len(rows), 0), np.float32)
        fold = Fold.of(rows.shape[1], bias, multiple or ann.multiple_for(factory))
        if fold.width > fold.dim:
            rows = fold.rows(rows, bias)
        elif rows.flags.writeable and np.may_share_memory(rows, vectors):
            rows = rows.copy()
        segments = [Segment(rows)] if len(rows) else []
        store = FoldedRows(fold, np.ones(len(rows), np.bool_), segments, folded)
        index = cls(store, names, factory=factory, encoder_identity=encoder_identity)
        index.build_near(threads)
        if parameters:
            index.set_parameters(parameters)
        return index

    def build_near(self, threads: int = 1) -> None:
        """Build the approximate part over all rows, where the factory string asks for one."""
        self.near = None
        if self.factory != ann.FLAT and self.store.total:
            rows = (segment.rows for segment in self.store.segments)
            self.near = ann.Approximate.build(self.factory, self.width, rows, threads)
            if self.parameters:
                self.near.set(self.parameters)

    def set_parameters(self, parameters: str) -> None:
        """Set parameters of an approximate search: ``efSearch=64``, ``nprobe=32``.

        Raises:
            UsageError: the index has none of that name.
        """
        if self.factory == ann.FLAT:
            msg = f"'{parameters}': an index '{self.factory}' is exact and has no parameters of the search."
            raise UsageError(msg)
        if self.near is not None:
            self.near.set(parameters)
        self.parameters = parameters

    # -- facts -----------------------------------------------------------------------------------------------------
    def __len__(self) -> int:
        """Return how many items can be found."""
        return self.store.count

    @property
    def dim(self) -> int:
        """Length of a stored vector."""
        return self.store.fold.dim

    @property
    def width(self) -> int:
        """Length of a folded row."""
        return self.store.fold.width

    @property
    def ids(self) -> list[str]:
        """Ids of all items, in the order in which they were added."""
        import pyarrow as pa

        return cast("list[str]", self.names.filter(pa.array(self.store.alive)).to_pylist())

    @property
    def correction(self) -> Correction | None:
        """The correction, one row an item in the order of :attr:`ids`; ``None`` without one."""
        found, alive = self.store.folded, self.store.alive
        if found is None:
            return None
        from textnorm.retrieval.correction import Correction

        gate = None if found.gate is None else found.gate[alive]
        return Correction(found.method, dict(found.params), found.bias[alive], gate, dict(found.banks))

    def blocks(self, rows: int = 1 << 14) -> Iterator[Rows]:
        """Yield the stored vectors [m, dim] of all items in the order of :attr:`ids`, at most ``rows`` at a time."""
        return self.store.blocks(rows)

    def vectors(self, ids: Sequence[str]) -> Rows:
        """Return the stored vectors [len(ids), dim] of some items.

        Raises:
            DataError: there is no such item.
        """
        return self.store.vectors(self._known(ids))

    def check_encoder(self, identity: str) -> None:
        """Check that queries of an encoder may be searched here.

        Raises:
            UsageError: the vectors are another encoder's; names both.
        """
        if self.encoder_identity and identity != self.encoder_identity:
            advice = "Use that encoder, or change the index: textnorm index upgrade."
            msg = f"The index holds vectors of '{self.encoder_identity}', the queries are of '{identity}'. {advice}"
            raise UsageError(msg)

    # -- searching -------------------------------------------------------------------------------------------------
    def search(self, queries: Rows, k: int = 10, *, corrected: bool = True) -> Hits:
        """Return the ``k`` best items of each query; fewer where the index holds fewer.

        Args:
            queries: [nq, d] float32 unit rows.
            k: hits a query.
            corrected: rank by the corrected score where there is a correction; else by the cosine.

        Raises:
            DataError: queries of another length, or no unit rows.
            UsageError: ``k`` below 1.
        """
        found = self.search_positions(queries, k, corrected=corrected)
        flat = found.positions.ravel()
        names = np.empty(len(flat), object)
        names[flat >= 0] = self.names.take(flat[flat >= 0]).to_pylist()
        return Hits(names.reshape(found.positions.shape), found.scores, found.raw)

    def search_positions(self, queries: Rows, k: int = 10, *, corrected: bool = True) -> Positions:
        """Return the same as :meth:`search`, with positions for ids.

        A position is the number of items added before, removed ones included; a save may pack the rows and lower it.
        """
        dim = self.dim if self.query_map is None else self.query_map.matrix.shape[0]
        rows = check_vectors(queries, "The queries", dim=dim)
        if self.query_map is not None:
            rows = self.query_map(rows)
        if k < 1:
            msg = f"k is {k}; at least one neighbour is to be asked for."
            raise UsageError(msg)
        store, k = self.store, min(k, len(self))
        off = np.zeros((len(rows), store.fold.slots), np.bool_)
        if not len(rows) or not k:
            return Positions.empty(len(rows), k)
        lossy = ann.is_lossy(self.factory)
        folded = store.folded if corrected else None
        if folded is not None and folded.gate is None:
            return store.top(rows, ~off, k, self.near, lossy=lossy)
        out = store.top(rows, off, k, self.near, lossy=lossy)
        if folded is not None and folded.gate is not None:
            first = out.positions[:, 0]
            switch = folded.gate[first] & (first >= 0)[:, None]
            on = np.flatnonzero(switch.any(axis=1))
            if len(on):
                out.put(on, store.top(rows[on], switch[on], k, self.near, lossy=lossy))
        return out

    # -- changing --------------------------------------------------------------------------------------------------
    def positions(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """Return the position of each id, -1 where there is no such item."""
        import pyarrow as pa
        import pyarrow.compute as pc

        distinct = list(dict.fromkeys(ids))
        rank = pc.index_in(self.names, value_set=pa.array(distinct, pa.string())).fill_null(-1).to_numpy()
        hit = np.flatnonzero((rank >= 0) & self.store.alive)
        place = dict(zip((distinct[i] for i in rank[hit]), hit.tolist(), strict=True))
        return np.array([place.get(name, -1) for name in ids], np.int64)

    def add(
        self, vectors: Rows, ids: Sequence[str], *, bias: Rows | None = None, gate: NDArray[np.bool_] | None = None
    ) -> None:
        """Add items behind the others; nothing that is there moves. An approximate index is searched in full behind
        its part.

        Args:
            vectors: [m, d] unit rows.
            ids: one a row; none may be in the index (see :meth:`update`).
            bias: [m, b] of the new items, where the index has a correction (``HubnessCorrector.append_gallery``).
            gate: where the correction has gates: [m, b] of the new items, or [n, b] of all items as they are
                afterwards, because new items may close the gates of others.

        Raises:
            DataError: an id is there already; shapes do not fit; a correction is there but no ``bias``, or the other
                way round.
        """
        rows, names, extra, gates = self._new(vectors, ids, bias, gate, len(self))
        here = self.positions(ids)
        if (here >= 0).any():
            known = ids[int(np.flatnonzero(here >= 0)[0])]
            msg = f"The index has an item '{known}' already; update() replaces items."
            raise DataError(msg)
        self._append(rows, names, extra)
        self._set_gates(gates)

    def remove(self, ids: Sequence[str], *, gate: NDArray[np.bool_] | None = None) -> None:
        """Remove items.

        Args:
            ids: of the items.
            gate: [n, b] of the items that stay, where the correction has gates and they changed.

        Raises:
            DataError: there is no such item, or the gates do not fit; nothing is removed then.
        """
        places = self._known(ids)
        alive = self.store.alive.copy()
        alive[places] = False
        gates = None if gate is None else self._checked_gates(gate, int(np.count_nonzero(alive)))
        self.store.alive = alive
        self._set_gates(gates)

    def update(
        self, vectors: Rows, ids: Sequence[str], *, bias: Rows | None = None, gate: NDArray[np.bool_] | None = None
    ) -> None:
        """Replace items; they come behind the others, as if removed and added.

        Raises:
            DataError: as for :meth:`add` and :meth:`remove`; nothing changes then.
        """
        self._known(ids)
        rows, names, extra, gates = self._new(vectors, ids, bias, gate, len(self) - len(ids))
        self.remove(ids)
        self._append(rows, names, extra)
        self._set_gates(gates)

    def _known(self, ids: Sequence[str]) -> NDArray[np.int64]:
        places = self.positions(ids)
        if (places < 0).any():
            missing = ids[int(np.flatnonzero(places < 0)[0])]
            msg = f"The index has no item '{missing}' ({int((places < 0).sum())} of {len(ids)} are unknown)."
            raise DataError(msg)
        return places

    def _new(
        self, vectors: Rows, ids: Sequence[str], bias: Rows | None, gate: NDArray[np.bool_] | None, others: int
    ) -> tuple[Rows, pa.ChunkedArray, Folded | None, NDArray[np.bool_] | None]:
        """Check new items; return them with what they need of the correction, and the gates of all if those were given.

        Raises:
            DataError: see :meth:`add`.
        """
        rows = check_vectors(vectors, "The new items", dim=self.dim)
        names = id_array(ids, len(rows))
        found = self.store.folded
        if found is None:
            if bias is not None or gate is not None:
                msg = "The index has no correction; leave 'bias' and 'gate' of the new items out."
                raise DataError(msg)
            return rows, names, None, None
        if bias is None:
            msg = f"The index has the correction '{found.method}': give the new items' bias (append_gallery gives it)."
            raise DataError(msg)
        if (found.gate is None) != (gate is None):
            msg = f"The correction '{found.method}' has {'no ' if found.gate is None else ''}gates; so must new items."
            raise DataError(msg)
        gates = None
        if gate is not None and len(gate) == others + len(rows) != len(rows):
            gates = self._checked_gates(gate, len(gate))
            gate = gates[others:]
        extra = folded_arrays(found.method, found.params, found.banks, bias, gate, len(rows), self.store.fold.slots)
        return rows, names, extra, gates

    def _checked_gates(self, gate: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
        """Return gates of all items.

        Raises:
            DataError: there are none in the correction, or their shape is another.
        """
        gates = np.asarray(gate, np.bool_)
        wanted = (n, self.store.fold.slots)
        if self.store.folded is None or self.store.folded.gate is None or gates.shape != wanted:
            msg = f"Gates {list(gates.shape)} do not fit a correction that needs {list(wanted)}, or has none."
            raise DataError(msg)
        return gates

    def _set_gates(self, gates: NDArray[np.bool_] | None) -> None:
        """Replace the gates of all items."""
        found = self.store.folded
        if gates is None or found is None or found.gate is None:
            return
        fresh = found.gate.copy()
        fresh[self.store.alive] = gates
        self.store.folded = Folded(found.method, found.params, found.banks, found.bias, fresh)

    def _append(self, rows: Rows, names: pa.ChunkedArray, extra: Folded | None) -> None:
        import pyarrow as pa

        store = self.store
        if not len(rows):
            return
        bias = np.zeros((len(rows), 0), np.float32)
        if store.folded is not None and extra is not None:
            old, bias = store.folded, extra.bias
            gate = None if old.gate is None or extra.gate is None else np.concatenate([old.gate, extra.gate])
            store.folded = Folded(old.method, old.params, old.banks, np.concatenate([old.bias, bias]), gate)
        store.segments.append(Segment(store.fold.rows(rows, bias)))
        store.alive = np.concatenate([store.alive, np.ones(len(rows), np.bool_)])
        self.names = pa.chunked_array([*self.names.chunks, *names.chunks], pa.string())

    def rebuilt(
        self, correction: Correction | None = None, *, factory: str | None = None, threads: int = 1
    ) -> FoldedIndex:
        """Return a new index of the same items: with another correction (rows in the order of :attr:`ids`), or none.

        Args:
            correction: to fold in.
            factory: of the new index; by default the same.
            threads: for building.
        """
        blocks = list(self.blocks())
        vectors = np.concatenate(blocks) if blocks else np.zeros((0, self.dim), np.float32)
        same = factory is None or factory == self.factory
        found = FoldedIndex.build(
            vectors,
            self.ids,
            factory=self.factory if factory is None else factory,
            correction=correction,
            encoder_identity=self.encoder_identity,
            parameters=self.parameters if same else "",
            threads=threads,
        )
        found.query_map = self.query_map
        return found

    # -- folder ----------------------------------------------------------------------------------------------------
    def save(self, folder: Path | str) -> None:
        """Write a folder of its own, or change the one that was there, as a whole; see
        :mod:`textnorm.retrieval.storage`.

        Raises:
            UsageError: the folder holds something else.
            DataError: another process is changing it.
        """
        with changing.committing(Path(folder)) as writer:
            self.write(writer)

    @classmethod
    def load(cls, folder: Path | str, *, mmap: bool = True, encoder_identity: str | None = None) -> FoldedIndex:
        """Open a folder; with ``mmap`` the rows are read from disk when a search touches them.

        Raises:
            UsageError: there is no index, or it is another encoder's than ``encoder_identity``.
            DataError: it is damaged, cut off, or made by a newer version.
        """
        index = storage.opening(Path(folder), lambda reader: cls.read(reader, mmap=mmap))
        if encoder_identity is not None:
            index.check_encoder(encoder_identity)
        return index

    def write(self, writer: changing.Writer, prefix: str = "") -> None:
        """Add the parts of this index to a change of a folder, under names that begin with ``prefix``."""
        from textnorm.retrieval.packing import write

        write(self, writer, prefix)

    @classmethod
    def read(cls, reader: storage.Reader, prefix: str = "", *, mmap: bool = True) -> FoldedIndex:
        """Return the index whose parts have names that begin with ``prefix``."""
        from textnorm.retrieval.packing import read

        return read(cls, reader, prefix, mmap=mmap)
