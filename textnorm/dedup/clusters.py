"""Which texts of a corpus are duplicates: keys on disk, candidates by sorting, verified, joined.

Memory is bounded by ``budget``: signatures, keys and the forest lie in files of a temporary folder (per text
4 bytes a permutation, 16 a band, 16 for the exact key and 8 for the forest).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.dedup.signature import Signer, exact_key

#: Key and number of a text.
RECORD = np.dtype([("key", "<u8"), ("row", "<i8")])
#: Of the texts that share a band, how many stand for the others before the rest is left.
LEADERS = 64
#: Texts whose signatures are compared with a leader at a time.
STEP = 65_536


@dataclass(frozen=True)
class Verdict:
    """What is known of some consecutive texts.

    Attributes:
        dup_of: number of the first text of the cluster, -1 for that text itself and for a text alone.
        exact: whether it is equal to an earlier text of its cluster.
        similarity: estimated Jaccard similarity to the text ``dup_of``; 1 where equal, NaN where there is none.
        size: texts in the cluster.
    """

    dup_of: NDArray[np.int64]
    exact: NDArray[np.bool_]
    similarity: NDArray[np.float32]
    size: NDArray[np.int64]


class Clusters:
    """Finds the clusters of duplicates among texts that are added in order.

    Args:
        folder: an empty folder for the files.
        signer: makes signatures; ``None`` finds equal texts only.
        budget: bytes of keys that are sorted at a time.
    """

    def __init__(self, folder: Path, signer: Signer | None, budget: int = 64 << 20) -> None:
        self.folder = folder
        self.signer = signer
        self.records = max(1, budget // RECORD.itemsize // 3)  # sorting needs copies
        self.n = 0
        names = ["exact", *(f"band{i}" for i in range(signer.count if signer is not None else 0))]
        self._files: dict[str, IO[bytes]] = {name: self._path(name).open("wb") for name in names}
        for name in ("digests", "signatures"):
            self._files[name] = self._path(name).open("wb")
        self._parent: NDArray[np.int64] = np.zeros(0, np.int64)
        self._size: NDArray[np.int64] = np.zeros(0, np.int64)
        self._equal: NDArray[np.int64] = np.zeros(0, np.int64)

    def _path(self, name: str) -> Path:
        return self.folder / name

    def add(self, texts: Sequence[str]) -> None:
        """Take the next texts."""
        if not texts:
            return
        digests = np.frombuffer(b"".join(map(exact_key, texts)), "<u8").reshape(-1, 2)
        rows = np.arange(self.n, self.n + len(texts), dtype=np.int64)
        self._files["digests"].write(digests.tobytes())
        self._write("exact", digests[:, 0], rows)
        if self.signer is not None:
            signatures = self.signer.sign(texts)
            self._files["signatures"].write(signatures.astype("<u4").tobytes())
            worded = (signatures != 0xFFFFFFFF).any(axis=1)  # texts without words are alike in nothing
            bands = self.signer.bands(signatures)
            for i in range(self.signer.count):
                self._write(f"band{i}", bands[worded, i], rows[worded])
        self.n += len(texts)

    def _write(self, name: str, keys: NDArray[np.uint64], rows: NDArray[np.int64]) -> None:
        made = np.empty(len(keys), RECORD)
        made["key"], made["row"] = keys, rows
        self._files[name].write(made.tobytes())

    def finish(self) -> None:
        """Find the clusters of all texts added; nothing can be added after."""
        for file in self._files.values():
            file.close()
        self._parent = self._array("forest")
        self._equal = self._array("equal")
        if self.n:
            digests: Any = np.memmap(self._path("digests"), "<u8", "r", shape=(self.n, 2))
            for rows in self._runs("exact"):
                self._join(rows, digests, 1.0, self._equal)
            if self.signer is not None:
                shape = (self.n, self.signer.permutations)
                self._signatures: Any = np.memmap(self._path("signatures"), "<u4", "r", shape=shape)
                for i in range(self.signer.count):
                    for rows in self._runs(f"band{i}"):
                        # An equal text is where its first is.
                        kept = rows[self._equal[rows] == rows]
                        self._join(kept, self._signatures, self.signer.threshold, None)
        self._size = self._array("size", zero=True)
        for a in range(0, self.n, STEP):
            roots = self._roots(np.arange(a, min(self.n, a + STEP)))
            self._parent[a : a + len(roots)] = roots
            np.add.at(self._size, roots, 1)

    def _array(self, name: str, *, zero: bool = False) -> NDArray[np.int64]:
        if not self.n:
            return np.zeros(0, np.int64)
        made: Any = np.memmap(self._path(name), np.int64, "w+", shape=(self.n,))
        if not zero:
            for a in range(0, self.n, STEP):
                made[a : a + STEP] = np.arange(a, min(self.n, a + STEP))
        return made  # type: ignore[no-any-return]

    def _runs(self, name: str) -> Iterator[NDArray[np.int64]]:
        """Yield the numbers of texts that share a key, ascending; keys in order."""
        path = self._path(name)
        records: Any = np.memmap(path, RECORD, "r") if path.stat().st_size else np.zeros(0, RECORD)
        parts = max(1, -(-len(records) // self.records))
        # A part holds keys of one range of their highest bits: those are mixed, so ranges are even.
        bits = max(0, (parts - 1).bit_length())
        for part in range(1 << bits):
            found = [
                block[block["key"] >> np.uint64(64 - bits) == part] if bits else block
                for a in range(0, len(records), self.records)
                for block in (np.asarray(records[a : a + self.records]),)
            ]
            held = np.concatenate(found) if found else np.zeros(0, RECORD)
            order = np.lexsort((held["row"], held["key"]))
            keys, rows = held["key"][order], held["row"][order]
            ends = np.flatnonzero(keys[1:] != keys[:-1]) + 1
            starts = np.concatenate([[0], ends])
            sizes = np.diff(np.concatenate([starts, [len(keys)]]))
            for k in np.flatnonzero(sizes > 1):
                yield rows[starts[k] : starts[k] + sizes[k]]

    def _join(
        self, rows: NDArray[np.int64], facts: NDArray[Any], threshold: float, equal: NDArray[np.int64] | None
    ) -> None:
        """Join each text with the first before it whose facts agree: of each group one leads, the first."""
        for _ in range(LEADERS):
            if len(rows) < 2:
                return
            lead, rest = rows[0], rows[1:]
            alike = np.concatenate(
                [(facts[rest[a : a + STEP]] == facts[lead]).mean(axis=1) for a in range(0, len(rest), STEP)]
            )
            near = alike >= threshold
            for row in rest[near].tolist():
                self._unite(int(lead), row)
            if equal is not None:
                equal[rest[near]] = lead
            rows = rest[~near]

    def _unite(self, a: int, b: int) -> None:
        a, b = self._root(a), self._root(b)
        if a != b:
            self._parent[max(a, b)] = min(a, b)  # the first text stands for the cluster

    def _root(self, i: int) -> int:
        parent = self._parent
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = int(parent[i])
        return i

    def _roots(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        roots = self._parent[rows]
        while not np.array_equal(above := self._parent[roots], roots):
            roots = above
        return roots

    def verdict(self, a: int, b: int) -> Verdict:
        """Return what is known of texts ``a`` to ``b`` (exclusive)."""
        rows = np.arange(a, b)
        roots = np.asarray(self._parent[a:b])
        first = roots == rows
        similarity = np.full(b - a, np.nan, np.float32)
        same = np.asarray(self._equal[rows]) != rows
        same_as_root = np.asarray(self._equal[rows]) == roots
        if self.signer is not None:
            for i in np.flatnonzero(~first).tolist():
                similarity[i] = (self._signatures[a + i] == self._signatures[roots[i]]).mean()
        similarity[~first & same_as_root] = 1.0
        return Verdict(np.where(first, -1, roots), same, similarity, np.asarray(self._size[roots]))

    def close(self) -> None:
        """Let go of the files, done or not."""
        for file in self._files.values():
            file.close()

    def digests(self, a: int, b: int) -> bytes:
        """Return the exact keys of texts ``a`` to ``b``, to see whether an input has changed meanwhile."""
        with self._path("digests").open("rb") as file:
            file.seek(16 * a)
            return file.read(16 * (b - a))
