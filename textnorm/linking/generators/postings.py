"""TF-IDF over hashed grams as posting lists: built, changed, searched, memory-mapped.

Weights are those of scikit-learn's ``TfidfVectorizer(sublinear_tf=True)``: ``(1 + ln tf) * (1 + ln((1 + n) / (1 +
df)))``, rows of length 1 (Salton and Buckley 1988). A query's length counts the grams that no name has, too: its score
is a cosine, and the same in every base that weighs its grams alike.

The counts are kept beside the weights, so that a changed base has the very weights of one that is built anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError
from textnorm.linking.generators.grams import CHUNK, LENGTH, Counts, GramSettings, count, sparse
from textnorm.linking.generators.ranking import Scored

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from textnorm.retrieval.changing import Writer
    from textnorm.retrieval.storage import Reader

#: ``1 + ln tf``; counts above 255 are 255.
_TF = np.concatenate([[0], 1 + np.log(np.arange(1, 256))]).astype(np.float64)
#: In bases of at least so many names a query may do without n-grams of two letters, and without those of three that are
#: in more than such a share of the names and in more than so many: they cost most of the time and say least
#: (docs/generators.md). Longer ones stay, so that every word can be found.
STOP_NAMES, STOP_SHARE, STOP_FROM = 5000, 0.1, 1000
#: Postings weighed at once.
BLOCK = 1 << 22
_PARTS = ("hashes", "indptr", "slots", "counts", "weights")


@dataclass(frozen=True)
class Postings:
    """Which grams are in which names, and how much they weigh there.

    Attributes:
        settings: what was counted.
        total: number of names.
        hashes: int32 ``[grams]``, ascending.
        indptr: int32 ``[grams + 1]``.
        slots: int32 ``[n]``, names in which a gram is, ascending.
        counts: uint8 ``[n]``, how often.
        weights: float32 ``[n]``.
    """

    settings: GramSettings
    total: int
    hashes: NDArray[np.int32]
    indptr: NDArray[np.int32]
    slots: NDArray[np.int32]
    counts: NDArray[np.uint8]
    weights: NDArray[np.float32]

    # -- building ----------------------------------------------------------------------------------------------------
    @classmethod
    def build(cls, folded: Sequence[str], boosts: NDArray[np.float32], settings: GramSettings) -> Postings:
        """Index folded texts, one a slot; a slot's weights are multiplied by its boost."""
        matrix, hashes = _counted(folded, settings)
        return cls._of(matrix, hashes, boosts, settings)

    def updated(
        self, kept: NDArray[np.int64], fresh: NDArray[np.int64], folded: Sequence[str], boosts: NDArray[np.float32]
    ) -> Postings:
        """Return the postings of a changed base, the same as if built anew.

        Args:
            kept: int64 [old slots], the new slot, or -1.
            fresh: the slots of new names.
            folded: their texts.
            boosts: float32 [new slots].
        """
        _, csr = sparse()
        old = _transposed(csr, (self.counts, self.slots, self.indptr), (len(self.hashes), self.total))
        new, hashes = _counted(folded, self.settings)
        merged = np.union1d(self.hashes, hashes)
        alive = np.flatnonzero(kept >= 0)
        rows = [old[alive], new]
        for part, own in zip(rows, (self.hashes, hashes), strict=True):
            part.indices = np.searchsorted(merged, own).astype(np.int32)[part.indices]
        sizes = np.concatenate([np.diff(part.indptr) for part in rows])
        data, indices = (np.concatenate([getattr(part, name) for part in rows]) for name in ("data", "indices"))
        stacked = csr((data, indices, _indptr(sizes)), shape=(len(sizes), len(merged)))
        order = np.argsort(np.concatenate([kept[alive], fresh]), kind="stable")
        return self._of(stacked[order], merged, boosts, self.settings)

    @classmethod
    def _of(
        cls, matrix: csr_matrix, hashes: NDArray[np.int32], boosts: NDArray[np.float32], settings: GramSettings
    ) -> Postings:
        """Turn counts uint8 [slots, grams] round; grams that are nowhere are left out."""
        _, csr = sparse()
        turned = _transposed(csr, (matrix.data, matrix.indices, matrix.indptr), matrix.shape)
        used = np.diff(turned.indptr) > 0
        indptr = np.concatenate([[0], turned.indptr[1:][used]]).astype(np.int32)
        total = matrix.shape[0]
        bare = cls(settings, total, hashes[used], indptr, turned.indices, turned.data, np.zeros(0, np.float32))
        return replace(bare, weights=bare._weigh(boosts))

    def _weigh(self, boosts: NDArray[np.float32]) -> NDArray[np.float32]:
        squares = np.zeros(self.total)
        for at, values in self._values():
            squares += np.bincount(self.slots[at], values * values, self.total)
        scale = boosts / np.sqrt(np.where(squares > 0, squares, 1))
        weights = np.empty(len(self.slots), np.float32)
        for at, values in self._values():
            weights[at] = values * scale[self.slots[at]]
        return weights

    def _values(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield ``tf * idf`` of all postings, block by block."""
        idf = self.idf
        for at in range(0, len(self.slots), BLOCK):
            block = slice(at, min(at + BLOCK, len(self.slots)))
            low, high = np.searchsorted(self.indptr, [at, block.stop], "right") - 1
            grams = np.arange(low, min(int(high), len(idf) - 1) + 1)
            sizes = np.minimum(self.indptr[grams + 1], block.stop) - np.maximum(self.indptr[grams], at)
            yield block, _TF[self.counts[block]] * np.repeat(idf[grams], sizes)

    @property
    def idf(self) -> NDArray[np.float64]:
        """Weight of each gram by its rarity."""
        return 1 + np.log((1 + self.total) / (1 + np.diff(self.indptr).astype(np.float64)))

    @cached_property
    def stops(self) -> NDArray[np.bool_]:
        """Which grams are so common that a query may do without them."""
        if self.total < STOP_NAMES:
            return np.zeros(len(self.hashes), np.bool_)
        length = self.hashes & LENGTH
        often: NDArray[np.bool_] = np.diff(self.indptr) > max(STOP_SHARE * self.total, STOP_FROM)
        found: NDArray[np.bool_] = (length == 2) | ((length == 3) & often)
        return found

    # -- searching ---------------------------------------------------------------------------------------------------
    def vectors(self, folded: Sequence[str], thorough: NDArray[np.bool_] | None = None) -> csr_matrix:
        """Return queries as unit rows, float32 [queries, grams]; the part of grams that no name has is left out.

        Args:
            folded: texts.
            thorough: bool [queries], look at the most common grams, too; ``None``: at no query's.
        """
        return self.weighed(count(folded, self.settings), thorough)

    def weighed(self, counts: Counts, thorough: NDArray[np.bool_] | None = None) -> csr_matrix:
        """Return counted queries as unit rows."""
        _, csr = sparse()
        hashes, width = counts.hashes, len(self.hashes)
        columns = np.searchsorted(self.hashes, hashes).astype(np.int64)
        columns[columns == width] = 0
        unknown = self.hashes[columns] != hashes if width else np.ones(len(hashes), np.bool_)
        strange, place = np.unique(hashes[unknown], return_inverse=True)
        columns[unknown] = width + place
        matrix = counts.matrix(columns, width + len(strange))
        idf = np.concatenate([self.idf, np.full(len(strange), 1 + np.log(1 + self.total))])
        values = (1 + np.log(matrix.data)) * idf[matrix.indices]
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        common = np.append(self.stops, np.zeros(len(strange), np.bool_))[matrix.indices]
        if thorough is not None:
            common &= ~thorough[rows]
        values[common] = 0
        norms = np.sqrt(np.bincount(rows, values * values, matrix.shape[0]))
        norms[norms == 0] = 1
        known = (matrix.indices < width) & (values > 0)
        values = (values / norms[rows])[known].astype(np.float32)
        sizes = np.bincount(rows[known], minlength=matrix.shape[0])
        return csr((values, matrix.indices[known], _indptr(sizes)), shape=(matrix.shape[0], width))

    def best(self, queries: csr_matrix, n: int, above: float = 0.0) -> Scored:
        """Return the ``n`` best names of each query among those that score ``above``; of equal last ones, any."""
        top, csr = sparse()
        lists = csr((self.weights, self.slots, self.indptr), shape=(len(self.hashes), self.total), copy=False)
        found = top(queries, lists, n, threshold=above)
        sizes = np.diff(found.indptr)
        floor = np.full(len(sizes), above, np.float32)
        full = np.flatnonzero(sizes == n) if n < self.total else np.zeros(0, np.int64)
        if len(full):
            floor[full] = np.minimum.reduceat(found.data, found.indptr[:-1][sizes > 0])[(sizes > 0).cumsum()[full] - 1]
        return Scored(found.indptr.astype(np.int64), found.indices, found.data, floor)

    # -- folder ------------------------------------------------------------------------------------------------------
    def write(self, writer: Writer, prefix: str) -> None:
        """Put the lists into an index folder."""
        facts = {"settings": asdict(self.settings), "total": self.total}
        writer.stream(f"{prefix}settings.json", lambda stream: stream.write(json.dumps(facts).encode()))
        for name in _PARTS:
            writer.array(f"{prefix}{name}.npy", getattr(self, name))

    @classmethod
    def read(cls, reader: Reader, prefix: str) -> Postings:
        """Return the lists of an index folder, mapped from it.

        Raises:
            DataError: they are damaged.
        """
        facts = read_json(reader, f"{prefix}settings.json")
        arrays = [mapped(reader, f"{prefix}{name}.npy") for name in _PARTS]
        try:
            found = cls(GramSettings(**facts["settings"]), int(facts["total"]), *arrays)
        except (KeyError, TypeError, ValueError) as error:
            msg = f"{reader.path(f'{prefix}settings.json')}: damaged: {error}. Build the index again."
            raise DataError(msg) from error
        if (
            len(found.indptr) != len(found.hashes) + 1
            or len({len(a) for a in arrays[2:]} | {int(found.indptr[-1])}) != 1
        ):
            msg = f"{reader.folder}: the parts {prefix}* do not fit each other. Build the index again."
            raise DataError(msg)
        return found


def mapped(reader: Reader, name: str) -> NDArray[Any]:
    """Return an array mapped copy-on-write: the sparse product takes only arrays that could be written to.

    Raises:
        DataError: it is not there, or no array.
    """
    reader.array(name)
    found: NDArray[Any] = np.load(reader.path(name), mmap_mode="c", allow_pickle=False).view(np.ndarray)
    return found


def read_json(reader: Reader, name: str) -> dict[str, Any]:
    """Return a small JSON part.

    Raises:
        DataError: it is damaged.
    """
    path = reader.path(name)
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        msg = f"{path}: damaged: {error}. Build the index again."
        raise DataError(msg) from error
    if not isinstance(found, dict):
        msg = f"{path}: damaged: no object. Build the index again."
        raise DataError(msg)
    return found


def _counted(folded: Sequence[str], settings: GramSettings) -> tuple[csr_matrix, NDArray[np.int32]]:
    """Return counts uint8 [texts, grams] and the hashes of the grams, ascending."""
    _, csr = sparse()
    pieces = []
    for at in range(0, len(folded), CHUNK):
        counts = count(folded[at : at + CHUNK], settings)
        own, columns = np.unique(counts.hashes, return_inverse=True)
        matrix = counts.matrix(columns, len(own))
        pieces.append((own, np.diff(matrix.indptr), matrix.indices, np.minimum(matrix.data, 255).astype(np.uint8)))
    merged = np.unique(np.concatenate([own for own, *_ in pieces])) if pieces else np.zeros(0, np.int64)
    indices = [np.searchsorted(merged, own).astype(np.int32)[of] for own, _, of, _ in pieces]
    sizes = np.concatenate([sizes for _, sizes, _, _ in pieces]) if pieces else np.zeros(0, np.int64)
    data = np.concatenate([data for *_, data in pieces]) if pieces else np.zeros(0, np.uint8)
    column = np.concatenate(indices) if indices else np.zeros(0, np.int32)
    return csr((data, column, _indptr(sizes)), shape=(len(folded), len(merged))), merged.astype(np.int32)


def _transposed(csr: Any, parts: tuple[Any, Any, Any], shape: tuple[int, int]) -> csr_matrix:
    """Return a transposed matrix; the indices of its rows ascend."""
    return csr(parts, shape=shape, copy=False).tocsc().T


def _indptr(sizes: NDArray[Any]) -> NDArray[np.int32]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
