"""Vectors kept on disk between runs: Arrow files that are only ever added, one folder for each encoder identity.

Layout: ``<folder>/<hash of the identity>/identity.txt`` and ``<serial>.arrow`` segments with the columns ``key`` (16
bytes, BLAKE2b of the text) and ``vector`` (float32 list of fixed size). A segment is written under a temporary name and
renamed when it is whole, so a crash loses at most the rows that were not written yet, and any number of processes may
share a folder. Readers map segments into memory.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
import warnings
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.protocol import Encoder, as_texts
from textnorm.errors import DataError, UsageError

#: Rows that wait in memory before they become a segment, so that single queries do not make a file each.
PENDING = 512
#: More segments than this are joined into one.
SEGMENTS = 64
#: Texts of one round: encoded, written, then the next; what a crash can lose.
ROUND = 65_536
SUFFIX = ".arrow"


@dataclass(frozen=True)
class _Segment:
    """One file: sorted upper halves of the keys, the lower halves and rows in that order, and the vectors."""

    upper: NDArray[np.uint64]
    lower: NDArray[np.uint64]
    row: NDArray[np.int64]
    vectors: NDArray[np.float32]

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the row of each key ``[n, 2]``, -1 where it is not here."""
        place = np.searchsorted(self.upper, keys[:, 0])
        place[place == len(self.upper)] = 0
        # Two texts that agree in 64 bits but not in 128 would make one of them a miss, never a wrong hit.
        hit = (self.upper[place] == keys[:, 0]) & (self.lower[place] == keys[:, 1])
        return np.where(hit, self.row[place], -1)


class CachedEncoder:
    """An encoder that asks the disk first; see :class:`~textnorm.encoders.protocol.Encoder`.

    Same identity, same vectors. New vectors are written in segments of at least :data:`PENDING` rows; what waits is
    written by :meth:`flush`, :meth:`close`, the end of a ``with`` block, or when the object or the program ends.

    The folder holds at most ``max_bytes``: when a new segment makes it larger, the segments used longest ago (of any
    encoder) are deleted first.
    """

    def __init__(self, encoder: Encoder, folder: str | Path, *, max_bytes: int = 4 << 30) -> None:
        """Open or make the cache of one encoder in ``folder``.

        Raises:
            UsageError: ``folder`` is a file, or ``max_bytes`` is not positive.
            DataError: the folder belongs to another identity (two hashes that agree, or files moved by hand).
        """
        if max_bytes < 1:
            msg = f"max_bytes is {max_bytes}; it must be positive."
            raise UsageError(msg)
        self.encoder = encoder
        self.root = Path(folder)
        if self.root.exists() and not self.root.is_dir():
            msg = f"The cache {self.root} is a file; give a folder."
            raise UsageError(msg)
        self.max_bytes = max_bytes
        self.folder = self.root / hashlib.blake2b(encoder.identity.encode(), digest_size=16).hexdigest()
        self.folder.mkdir(parents=True, exist_ok=True)
        note = self.folder / "identity.txt"
        if not note.exists():
            _write(note, f"{encoder.identity}\n".encode())
        found = note.read_text(encoding="utf-8").strip()
        if found != encoder.identity:
            msg = f"The cache {self.folder} belongs to {found}, not to {encoder.identity}; delete it."
            raise DataError(msg)
        self.hits = self.misses = 0
        self._segments: dict[str, _Segment | None] = {}
        self._waiting: dict[bytes, NDArray[np.float32]] = {}
        weakref.finalize(self, _write_waiting, self.folder, self._waiting)

    @property
    def identity(self) -> str:
        """That of the encoder behind the cache."""
        return self.encoder.identity

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.encoder.dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row a text; only texts that were never seen reach the encoder, each once."""
        items = as_texts(texts)
        place: dict[str, int] = {}
        inverse = np.fromiter((place.setdefault(text, len(place)) for text in items), dtype=np.int64, count=len(items))
        distinct = list(place)
        out = np.empty((len(distinct), self.dim), dtype=np.float32)
        for start in range(0, len(distinct), ROUND):
            out[start : start + ROUND] = self._round(distinct[start : start + ROUND])
        return out[inverse]

    def _round(self, texts: list[str]) -> NDArray[np.float32]:
        digests = [_key(text) for text in texts]
        keys = np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64).reshape(-1, 2)
        out = np.empty((len(texts), self.dim), dtype=np.float32)
        missing = np.ones(len(texts), dtype=np.bool_)
        self._refresh()
        for name, segment in list(self._segments.items()):
            if segment is None or not missing.any():
                continue
            left = np.flatnonzero(missing)
            rows = segment.find(keys[left])
            hit = rows >= 0
            if hit.any():
                out[left[hit]] = segment.vectors[rows[hit]]
                missing[left[hit]] = False
                _touch(self.folder / name)
        for i in np.flatnonzero(missing):
            kept = self._waiting.get(digests[i])
            if kept is not None:
                out[i] = kept
                missing[i] = False
        new = np.flatnonzero(missing)
        self.hits += len(texts) - len(new)
        self.misses += len(new)
        if len(new):
            found = self.encoder.encode([texts[i] for i in new])
            out[new] = found
            self._waiting.update((digests[i], row) for i, row in zip(new, found, strict=True))
            if len(self._waiting) >= PENDING:
                self.flush()
        return out

    def flush(self) -> None:
        """Write what waits to the disk, then keep the folder within its bounds."""
        if not self._waiting:
            return
        _write_waiting(self.folder, self._waiting)
        self._refresh()
        self._join()
        self._evict()

    def close(self) -> None:
        """Write what waits and let go of the files."""
        self.flush()
        self._segments.clear()

    def __enter__(self) -> CachedEncoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _refresh(self) -> None:
        """Open segments that other processes have added; forget those that are gone."""
        names = {path.name for path in self.folder.glob(f"*{SUFFIX}")}
        for gone in self._segments.keys() - names:
            del self._segments[gone]
        for name in sorted(names - self._segments.keys()):
            self._segments[name] = self._open(self.folder / name)

    def _open(self, path: Path) -> _Segment | None:
        """Return a segment, ``None`` (with one warning) where it cannot be read: its texts are encoded again."""
        import pyarrow as pa

        try:
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_file(source).read_all().combine_chunks()
            keys, vectors = _columns(table, self.dim)
        except FileNotFoundError:  # joined or evicted by another process since it was listed
            return None
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            warnings.warn(f"{path} cannot be read and is left out: {error}. Delete it.", RuntimeWarning, stacklevel=4)
            return None
        order = np.argsort(keys[:, 0], kind="stable")
        return _Segment(keys[order, 0], keys[order, 1], order, vectors)

    def _join(self) -> None:
        """Join all segments into one when there are many; readers of the old ones keep their maps."""
        readable = {name: segment for name, segment in self._segments.items() if segment is not None}
        if len(readable) <= SEGMENTS:
            return
        keys: dict[bytes, NDArray[np.float32]] = {}
        for segment in readable.values():
            pairs = np.stack((segment.upper, segment.lower), axis=1).astype(">u8").tobytes()
            for i, row in enumerate(segment.row):
                keys.setdefault(pairs[16 * i : 16 * i + 16], segment.vectors[row])
        _write_waiting(self.folder, keys)
        for name in readable:
            (self.folder / name).unlink(missing_ok=True)
        self._refresh()

    def _evict(self) -> None:
        """Delete the segments used longest ago until the folder is within its bound; the newest one stays."""
        found: list[tuple[float, int, Path]] = []
        for path in self.root.glob(f"*/*{SUFFIX}"):
            try:
                state = path.stat()
            except FileNotFoundError:
                continue
            found.append((state.st_mtime, state.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found)[:-1]:
            if total <= self.max_bytes:
                break
            path.unlink(missing_ok=True)
            total -= size
        self._refresh()


def _write_waiting(folder: Path, waiting: dict[bytes, NDArray[np.float32]]) -> None:
    """Write rows by key as one segment, and forget them."""
    import pyarrow as pa

    if not waiting:
        return
    rows = np.stack(list(waiting.values()))
    names = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(rows), [None, pa.py_buffer(b"".join(waiting))])
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])
    table = pa.table({"key": names, "vector": vectors})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    # The time first, so that names sort by age.
    _write(folder / f"{time.time_ns():020d}-{uuid.uuid4().hex[:12]}{SUFFIX}", sink.getvalue())
    waiting.clear()


def _columns(table: Any, dim: int) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """Return keys ``[n, 2]`` and vectors ``[n, dim]`` of a segment, the vectors without a copy."""
    key, vector = table.column("key").chunk(0), table.column("vector").chunk(0)
    if key.type.byte_width != 16 or vector.type.list_size != dim or key.null_count or vector.null_count:
        msg = f"its columns are {key.type} and {vector.type}"
        raise ValueError(msg)
    raw = np.frombuffer(key.buffers()[1], dtype=">u8", count=2 * len(key), offset=16 * key.offset)
    return raw.astype(np.uint64).reshape(-1, 2), vector.flatten().to_numpy().reshape(-1, dim)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _touch(path: Path) -> None:
    """Note that a segment was used; it may be gone by now, or the cache may be read-only."""
    try:
        os.utime(path)
    except OSError:
        return


def _write(path: Path, data: Any) -> None:
    """Write a file that is either whole or not there."""
    fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
