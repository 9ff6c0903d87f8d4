"""Hubness correction: one number an item, fitted on banks of vectors, taken off every similarity.

A :class:`HubnessCorrector` fits it in one pass and keeps what it needs to grow: rows may be added to either bank and
to the gallery, and taken from the gallery, with the result of a new fit. A :class:`Correction` is what an index folds
into its rows (:mod:`textnorm.retrieval.index`). The methods are in :mod:`textnorm.retrieval.methods`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError, UsageError
from textnorm.retrieval.banks import GALLERY_ROWS, BankStatistics, Floats, check_rows, scan
from textnorm.retrieval.methods import BANKS, Bank, Method, Needs, make_method
from textnorm.retrieval.storage import content_hash

#: Items that stand for the gallery where no gallery bank is named.
OWN_BANK = 4000


@dataclass(frozen=True)
class Correction:
    """What a fit gives and an index folds.

    The corrected score of item j for query q is ``<q, g_j> - sum_c e_c(q) * bias[j, c]``. Without gates every
    ``e_c`` is 1; with gates it is ``gate[j*, c]``, where ``j*`` is the item with the largest ``<q, g_j>``.

    Attributes:
        method: name of the method.
        params: its parameters.
        bias: [n, c] float32.
        gate: [n, c] activation sets, or ``None``.
        banks: hash of the content of each bank, by ``query`` and ``gallery``.
    """

    method: str
    params: dict[str, float | int | bool]
    bias: NDArray[np.float32]
    gate: NDArray[np.bool_] | None = None
    banks: dict[str, str] = field(default_factory=dict)

    def apply(self, similarities: Floats) -> NDArray[np.float64]:
        """Return the corrected scores [nq, n] of a full table of similarities: the definition, for small galleries.

        Raises:
            DataError: the table is not as wide as the gallery.
        """
        if similarities.ndim != 2 or similarities.shape[1] != len(self.bias):
            msg = f"Similarities {list(similarities.shape)} do not fit a correction of {len(self.bias)} items."
            raise DataError(msg)
        scores = similarities.astype(np.float64)
        if self.gate is None or not len(self.bias):
            scores -= self.bias.sum(axis=1, dtype=np.float64)
        else:
            scores -= self.gate[similarities.argmax(axis=1)] @ self.bias.astype(np.float64).T
        return scores


class HubnessCorrector:
    """Fits corrections in the log domain, in one pass, without a table of all similarities.

    Memory: one block of similarities for each thread, the statistics of the items (16 bytes an item and 8 more for
    each temperature, 4 for each of ``k``), and the bank. The gallery is read block by block and may be a memory map;
    the corrector keeps a reference to it, because new bank rows are compared with it.

    Attributes:
        method: what is fitted.
        threads: blocks worked on at the same time; the result is the same.
    """

    def __init__(self, method: str | Method = "is", *, threads: int = 1, **params: Any) -> None:
        """Choose a method.

        Args:
            method: a method, or the name of one with ``params`` as in :func:`~textnorm.retrieval.methods.make_method`.
            threads: blocks worked on at the same time.
            params: of the method.

        Raises:
            UsageError: there is no such method or parameter.
        """
        if isinstance(method, Method) and params:
            msg = f"{method} is complete; give parameters with a method's name only."
            raise UsageError(msg)
        if threads < 1:
            msg = f"threads is {threads}; it must be at least 1."
            raise UsageError(msg)
        self.method = method if isinstance(method, Method) else make_method(method, **params)
        self.threads = threads
        self._gallery = _Gallery()
        self._banks: dict[Bank, _Bank] = {}

    # -- fitting ---------------------------------------------------------------------------------------------------
    def fit(self, gallery: Floats, query_bank: Floats | None = None, gallery_bank: Floats | None = None) -> Correction:
        """Return the correction of a gallery; forgets any fit before.

        Args:
            gallery: [n, d] float32 vectors, mostly unit rows; float64 is computed in float64.
            query_bank: [m, d] vectors of texts that look like queries. They must not be those that a figure is
                measured on.
            gallery_bank: for the dual methods: [v, d] vectors of texts that look like items, or [v] integers, the
                positions of gallery items that serve as the bank; an item is then not compared with itself. ``None``
                takes :func:`own_bank`.

        Raises:
            UsageError: a bank is missing, or one is given that the method does not use.
            DataError: a bank without rows, vectors of different lengths, zero vectors, NaN.
        """
        self.collect(gallery, query_bank, gallery_bank)
        return self.correction()

    def collect(self, gallery: Floats, query_bank: Floats | None = None, gallery_bank: Floats | None = None) -> None:
        """Do the pass of :meth:`fit` and leave :meth:`correction` for later."""
        _check_given(self.method, query_bank, gallery_bank)
        gallery = np.asarray(gallery)
        if gallery.ndim != 2 or not np.issubdtype(gallery.dtype, np.floating):
            check_rows(gallery, "The gallery")
        self._gallery = _Gallery([_Chunk(gallery)])
        self._banks = {}
        for bank in self.method.banks:
            rows = query_bank if bank == "query" else gallery_bank
            if rows is None:
                rows = own_bank(len(gallery))
            vectors, own = self._rows_of(rows, bank)
            found = self._scan(vectors, self.method.needs(bank), own)
            self._banks[bank] = _Bank(vectors, own, found)

    def append_bank(self, rows: Floats, bank: Bank = "query") -> Correction:
        """Return the correction after adding rows to a bank: the same as a fit with all of them.

        Args:
            rows: as in :meth:`fit`: vectors, or for the gallery bank also positions.
            bank: ``query`` or ``gallery``.

        Raises:
            UsageError: the method has no such bank, or nothing is fitted.
            DataError: see :meth:`fit`.
        """
        known = self._bank(bank)
        vectors, own = self._rows_of(np.asarray(rows), bank)
        found = self._scan(vectors, self.method.needs(bank), own)
        self._banks[bank] = _Bank(
            np.concatenate([known.rows, vectors]),
            np.concatenate([known.own, own]),
            known.statistics.with_bank(found),
        )
        return self.correction()

    def append_gallery(self, rows: Floats) -> Correction:
        """Return the correction after adding items behind the others: the same as a fit with all of them.

        The last rows of its ``bias`` and ``gate`` are those of the new items. A gallery bank does not grow by itself.
        With gates the activation set may change for old items too.

        Raises:
            UsageError: nothing is fitted.
            DataError: see :meth:`fit`.
        """
        self._fitted()
        rows = np.asarray(rows)
        check_rows(rows, "The new items", dim=self._gallery.dim)
        new = _Gallery([_Chunk(rows.astype(self._gallery.dtype, copy=False))])
        for bank, known in self._banks.items():
            needs = self.method.needs(bank)
            found = scan(new.blocks(), len(rows), known.rows, needs, threads=self.threads)
            self._banks[bank] = _Bank(known.rows, known.own, known.statistics.with_gallery(found))
        self._gallery = _Gallery([*self._gallery.chunks, *new.chunks])
        return self.correction()

    def remove_gallery(self, gone: NDArray[np.bool_]) -> Correction:
        """Return the correction after removing items: that of a fit without them.

        Removed items that are in the gallery bank stay there: the bank is a sample of what names look like.

        Args:
            gone: [n], true for items to remove.

        Raises:
            UsageError: nothing is fitted.
            DataError: the mask does not fit the gallery.
        """
        self._fitted()
        gone = np.asarray(gone)
        if gone.dtype != np.bool_ or gone.shape != (len(self._gallery),):
            msg = f"The mask of removed items is {gone.dtype} {list(gone.shape)}, not bool [{len(self._gallery)}]."
            raise DataError(msg)
        place = np.where(gone, -1, np.cumsum(~gone) - 1)
        self._gallery = self._gallery.without(gone)
        for bank, known in self._banks.items():
            own = np.where(known.own >= 0, place[known.own], -1) if len(place) else known.own
            left, lost = known.statistics.without_gallery(gone)
            if len(lost):
                again = self._scan(known.rows[lost], Needs(gate=True), own[lost])
                left = left.with_best(lost, again)
            self._banks[bank] = _Bank(known.rows, own, left)
        return self.correction()

    def correction(self) -> Correction:
        """Return the correction of the present gallery and banks.

        Raises:
            UsageError: nothing is fitted.
            DataError: an item has nothing to be compared with but itself.
        """
        self._fitted()
        return correction_of(self.method, self.statistics, self.banks)

    @property
    def statistics(self) -> dict[Bank, BankStatistics]:
        """What each bank says about each item."""
        return {bank: found.statistics for bank, found in self._banks.items()}

    @property
    def banks(self) -> dict[Bank, str]:
        """Hash of the content of each bank."""
        return {bank: content_hash(found.rows) for bank, found in self._banks.items()}

    # -- state -----------------------------------------------------------------------------------------------------
    def state(self) -> dict[str, NDArray[Any]]:
        """Return arrays to store, from which :meth:`from_state` goes on; the gallery is not among them."""
        self._fitted()
        found: dict[str, NDArray[Any]] = {}
        for bank, known in self._banks.items():
            found[f"{bank}/rows"], found[f"{bank}/own"] = known.rows, known.own
            for name in _STATISTICS:
                found[f"{bank}/{name}"] = getattr(known.statistics, name)
        return found

    @classmethod
    def from_state(
        cls,
        method: str | Method,
        state: Mapping[str, NDArray[Any]],
        gallery: Floats,
        *,
        threads: int = 1,
        **params: Any,
    ) -> HubnessCorrector:
        """Return a corrector that goes on where another stopped.

        Args:
            method: the same method, or its name with ``params``.
            state: what :meth:`state` returned.
            gallery: [n, d] the gallery, in the same order.
            threads: see the class.
            params: of the method.

        Raises:
            DataError: the state lacks an array, or is not one of this method and gallery.
        """
        made = cls(method, threads=threads, **params)
        gallery = np.asarray(gallery)
        made._gallery = _Gallery([_Chunk(gallery)])
        for bank in made.method.banks:
            needs = made.method.needs(bank)
            try:
                arrays = {name: state[f"{bank}/{name}"] for name in ("rows", "own", *_STATISTICS)}
            except KeyError as error:
                msg = f"The state of a correction lacks {error}: it is another method's than {made.method}, or damaged."
                raise DataError(msg) from error
            rows, own = arrays.pop("rows"), arrays.pop("own")
            n, m, dim = len(gallery), len(rows), gallery.shape[1:]
            gates = m if needs.gate else 0
            wanted = {"count": (n,), "peak": (n,), "sums": (n, len(needs.betas)), "top": (n, needs.k), "total": (n,)}
            wanted |= {"best": (gates,), "best_item": (gates,)}
            shapes = {name: array.shape for name, array in arrays.items()}
            if shapes != wanted or rows.shape[1:] != dim or own.shape != (m,):
                msg = f"The state of a correction does not fit {made.method} and a gallery {list(gallery.shape)}."
                raise DataError(msg)
            made._banks[bank] = _Bank(rows, own, BankStatistics(needs, **arrays))
        return made

    # -- inside ----------------------------------------------------------------------------------------------------
    def _fitted(self) -> None:
        if not self._banks:
            msg = "Nothing is fitted: call fit(gallery, query_bank) first."
            raise UsageError(msg)

    def _bank(self, bank: Bank) -> _Bank:
        self._fitted()
        if bank not in self._banks:
            msg = f"The correction {self.method} has no bank '{bank}', only {', '.join(self._banks)}."
            raise UsageError(msg)
        return self._banks[bank]

    def _scan(self, rows: Floats, needs: Needs, own: NDArray[np.int64]) -> BankStatistics:
        return scan(self._gallery.blocks(), len(self._gallery), rows, needs, own, threads=self.threads)

    def _rows_of(self, rows: Floats, bank: Bank) -> tuple[Floats, NDArray[np.int64]]:
        """Return bank vectors and their positions in the gallery, -1 for others.

        Raises:
            DataError: see :meth:`fit`.
        """
        what = f"The {bank} bank"
        rows = np.asarray(rows)
        if bank == "gallery" and rows.ndim == 1 and np.issubdtype(rows.dtype, np.integer):
            n = len(self._gallery)
            if len(rows) and (rows.min() < 0 or rows.max() >= n):
                msg = f"{what}: a position lies outside the gallery of {n} items."
                raise DataError(msg)
            own = rows.astype(np.int64)
            vectors = self._gallery.take(own)
        else:
            check_rows(rows, what, dim=self._gallery.dim)
            vectors, own = rows.astype(self._gallery.dtype, copy=True), np.full(len(rows), -1, np.int64)
        if not len(vectors):
            msg = (
                f"{what} has no rows; give vectors of texts that look like {'queries' if bank == 'query' else 'items'}."
            )
            raise DataError(msg)
        return vectors, own


def own_bank(n: int, size: int = OWN_BANK, seed: int = 0) -> NDArray[np.int64]:
    """Return the positions of at most ``size`` of ``n`` items, drawn at random, ascending: a gallery bank."""
    if n <= size:
        return np.arange(n, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(n, size, replace=False)).astype(np.int64)


def correction_of(method: Method, statistics: Mapping[Bank, BankStatistics], banks: Mapping[Bank, str]) -> Correction:
    """Return the correction of a method from statistics that hold at least what it needs.

    Raises:
        DataError: an item has nothing to be compared with but itself.
    """
    for bank in method.banks:
        alone = statistics[bank].count == 0
        if alone.any():
            msg = f"The {bank} bank holds nothing but item {int(np.flatnonzero(alone)[0])} itself; it needs two rows."
            raise DataError(msg)
    columns = [
        np.sum([term.weight * statistics[term.bank].term(term) for term in column.terms], axis=0)
        for column in method.columns
    ]
    gate = None
    if method.gated:
        sets = {bank: statistics[bank].active() for bank in method.banks}
        always = np.ones(len(columns[0]), np.bool_)
        gate = np.stack([always if c.gate is None else sets[c.gate] for c in method.columns], axis=1)
    bias = np.stack(columns, axis=1).astype(np.float32)
    return Correction(method.name, dict(method.params), bias, gate, {bank: banks[bank] for bank in method.banks})


_STATISTICS: tuple[Literal["count", "peak", "sums", "top", "total", "best", "best_item"], ...] = (
    "count",
    "peak",
    "sums",
    "top",
    "total",
    "best",
    "best_item",
)


@dataclass(frozen=True)
class _Bank:
    rows: Floats
    own: NDArray[np.int64]
    statistics: BankStatistics


@dataclass(frozen=True)
class _Chunk:
    """Some rows of an array; all where ``rows`` is ``None``."""

    array: Floats
    rows: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.array) if self.rows is None else len(self.rows)

    def part(self, start: int, end: int) -> Floats:
        return self.array[start:end] if self.rows is None else self.array[self.rows[start:end]]

    def take(self, places: NDArray[np.int64]) -> Floats:
        return self.array[places if self.rows is None else self.rows[places]]


@dataclass(frozen=True)
class _Gallery:
    """The gallery as it is now, without copies of what was given."""

    chunks: list[_Chunk] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(len(chunk) for chunk in self.chunks)

    @property
    def dim(self) -> int:
        return int(self.chunks[0].array.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 where the first rows were, else float32."""
        return np.dtype(np.float64 if self.chunks[0].array.dtype == np.float64 else np.float32)

    def blocks(self) -> Iterator[Floats]:
        """Yield checked blocks of rows."""
        at = 0
        for chunk in self.chunks:
            for start in range(0, len(chunk), GALLERY_ROWS):
                block = chunk.part(start, min(start + GALLERY_ROWS, len(chunk)))
                check_rows(block, "The gallery", dim=self.dim, first=at)
                at += len(block)
                yield block

    def take(self, places: NDArray[np.int64]) -> Floats:
        out = np.empty((len(places), self.dim), self.dtype)
        start = 0
        for chunk in self.chunks:
            here = (places >= start) & (places < start + len(chunk))
            out[here] = chunk.take(places[here] - start)
            start += len(chunk)
        return out

    def without(self, gone: NDArray[np.bool_]) -> _Gallery:
        chunks, start = [], 0
        for chunk in self.chunks:
            keep = np.flatnonzero(~gone[start : start + len(chunk)])
            chunks.append(_Chunk(chunk.array, keep if chunk.rows is None else chunk.rows[keep]))
            start += len(chunk)
        return _Gallery(chunks)


def _check_given(method: Method, query_bank: Floats | None, gallery_bank: Floats | None) -> None:
    """Check that the banks are those that a method uses.

    Raises:
        UsageError: one is missing, or needless.
    """
    for bank, rows in zip(BANKS, (query_bank, gallery_bank), strict=True):
        if bank == "query" and bank in method.banks and rows is None:
            msg = f"The correction {method} needs a query bank: vectors of unlabelled texts that look like queries."
            raise UsageError(msg)
        if rows is not None and bank not in method.banks:
            msg = f"The correction {method} uses no {bank} bank; leave it out or take a dual method."
            raise UsageError(msg)
