"""Index folders: memory-mapped files under one manifest, changed only as a whole.

A folder holds ``manifest.json`` and the files that it names. The name of every file but the manifest holds a hash of
what is in it, so files are never changed, only added: a change writes new files, then replaces the manifest by one
rename. That rename is the change. Killed at any moment before it, the old index opens; after it, the new one does.
Files that no manifest names any more are removed at the end of a change, and those of a killed one at the end of the
next.

Readers take no lock. One that finds a file gone because the manifest changed under it reads the new manifest; what it
has mapped already stays readable after removal. Writers exclude each other by a lock on ``.lock`` (where the system
has ``flock``) and by the generation in the manifest.

The folder is made of: arrays (``.npy``), tables (Arrow IPC, uncompressed), whole folders (an encoder). Nothing is
pickled.
"""

from __future__ import annotations

import errno
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "textnorm.index"
#: Version of the folder's layout; a reader refuses what is newer.
VERSION = 1
MANIFEST = "manifest.json"
ADVICE = "Build the index again or restore it from a copy."
BLOCK = 1 << 22
Result = TypeVar("Result")
#: numpy reads the head of an array with CPython's parser of literals, which fails now and then where several threads
#: use it at once (python/cpython#106905).
_LOADING = threading.Lock()


@dataclass(frozen=True)
class Part:
    """One file, or one folder of files, that a manifest names.

    Attributes:
        path: relative to the folder, with forward slashes.
        bytes: size; of a folder the sum of its files.
        hash: BLAKE2b-128 of the content; of a folder that of its files' names and hashes.
        files: of a folder: its files with their sizes; ``None`` for a file.
    """

    path: str
    bytes: int
    hash: str
    files: dict[str, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what the manifest holds."""
        found: dict[str, Any] = {"path": self.path, "bytes": self.bytes, "hash": self.hash}
        return found if self.files is None else {**found, "files": self.files}


# -- reading ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Reader:
    """An index folder as one manifest describes it.

    Attributes:
        folder: where it is.
        generation: number of the change that the manifest came with, from 1.
        parts: files and folders by their logical names (``names.arrow``, ``dense/rows.npy``).
        meta: everything else that the writer noted; JSON.
    """

    folder: Path
    generation: int
    parts: dict[str, Part]
    meta: dict[str, Any]

    def path(self, name: str) -> Path:
        """Return where a part lies.

        Raises:
            DataError: the manifest does not name it.
        """
        if name not in self.parts:
            msg = f"{self.folder}: the index has no part '{name}'; it was built without it or is damaged."
            raise DataError(msg)
        return self.folder / self.parts[name].path

    def array(self, name: str, *, mmap: bool = True) -> NDArray[Any]:
        """Return an array; memory-mapped read-only unless ``mmap`` is false.

        Raises:
            DataError: it is not there, or no array.
        """
        path = self.path(name)
        try:
            with _LOADING:
                found = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, EOFError) as error:
            msg = f"{path}: damaged, or no array: {error}."
            raise DataError(msg) from error
        return cast("NDArray[Any]", found)

    def table(self, name: str) -> pa.Table:
        """Return an Arrow table; memory-mapped.

        Raises:
            DataError: it is not there, or no table.
        """
        import pyarrow as pa

        path = self.path(name)
        try:
            with pa.memory_map(str(path)) as source:
                return pa.ipc.open_file(source).read_all()
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException) as error:
            msg = f"{path}: damaged, or no Arrow file: {' '.join(str(error).split())}"
            raise DataError(msg) from error

    def verify(self) -> None:
        """Read every file and compare its hash with the manifest's.

        Raises:
            DataError: one differs; names it.
            FileNotFoundError: one is gone; :func:`opening` turns this into a new attempt or a ``DataError``.
        """
        for part in self.parts.values():
            place = self.folder / part.path
            if part.files is None:
                found = hash_file(place)
            else:
                found, there = hash_folder(place)
                for gone in sorted(part.files.keys() - there.keys()):
                    raise FileNotFoundError(errno.ENOENT, "missing", str(place / gone))
            if found != part.hash:
                msg = f"{place}: not what was written (hash {found}, not {part.hash}). {ADVICE}"
                raise DataError(msg)


def read_manifest(folder: Path) -> Reader:
    """Return the present manifest; sizes of its files are checked, contents are not read.

    Raises:
        UsageError: there is no index in the folder.
        DataError: the manifest is damaged or newer than this program, or a file is cut off.
        FileNotFoundError: a file is gone; :func:`opening` turns this into a new attempt or a ``DataError``.
    """
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        if not folder.exists():
            msg = f"There is no index {folder}; make one with: textnorm index build NAMES -o {folder}"
        elif not folder.is_dir():
            msg = f"{folder} is a file; an index is a folder."
        else:
            msg = f"{folder} holds no {MANIFEST}: no index, or one whose first build did not end."
        raise UsageError(msg) from error
    try:
        found = json.loads(raw)
        kind, version = found["format"], found["version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        msg = f"{path}: the manifest is damaged. {ADVICE}"
        raise DataError(msg) from error
    if kind != FORMAT or not isinstance(version, int):
        msg = f"{path}: no manifest of an index but of '{kind}'."
        raise DataError(msg)
    if version > VERSION:
        msg = (
            f"{folder}: the index has format {version}, this textnorm reads up to {VERSION}. "
            "Upgrade textnorm, or build the index again with this one."
        )
        raise DataError(msg)
    try:
        if found.pop("checksum") != checksum(found):
            msg = f"{path}: the manifest was changed or damaged (its checksum is wrong). {ADVICE}"
            raise DataError(msg)
        parts = {name: Part(**facts) for name, facts in found["parts"].items()}
        reader = Reader(folder, int(found["generation"]), parts, found["meta"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        msg = f"{path}: the manifest is damaged. {ADVICE}"
        raise DataError(msg) from error
    for part in parts.values():
        sizes = (
            {part.path: part.bytes} if part.files is None else {f"{part.path}/{k}": n for k, n in part.files.items()}
        )
        for name, wanted in sizes.items():
            size = (folder / name).stat().st_size
            if size != wanted:
                what = "cut off" if size < wanted else "too long"
                msg = f"{folder / name}: {what}: {size:,} bytes, not {wanted:,}. {ADVICE}"
                raise DataError(msg)
    return reader


def opening(folder: Path, use: Callable[[Reader], Result]) -> Result:
    """Return ``use(reader)``; where files vanish because another process changed the index, try the new manifest.

    Raises:
        DataError: a file that the manifest names is not there.
        UsageError: there is no index.
    """
    seen: set[int] = set()
    while True:
        before = generation_of(folder)
        try:
            return use(read_manifest(folder))
        except FileNotFoundError as error:
            now = generation_of(folder)
            if now == before and now in seen:
                msg = f"{error.filename}: missing, though the manifest names it. Build the index again or restore it."
                raise DataError(msg) from error
            seen.add(now)


def generation_of(folder: Path) -> int:
    """Return the number of the last change of a folder; -1 where its manifest does not say."""
    try:
        return int(json.loads((folder / MANIFEST).read_bytes())["generation"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return -1


# -- hashes ----------------------------------------------------------------------------------------------------------
def hash_file(path: Path) -> str:
    """Return BLAKE2b-128 of a file."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def hash_folder(folder: Path) -> tuple[str, dict[str, int]]:
    """Return the hash of a folder and its files with their sizes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in files]
    digest = hashlib.blake2b(digest_size=16)
    for name, path in zip(names, files, strict=True):
        digest.update(f"{name}\0{hash_file(path)}\0".encode())
    return digest.hexdigest(), {name: path.stat().st_size for name, path in zip(names, files, strict=True)}


def content_hash(data: NDArray[Any]) -> str:
    """Return BLAKE2b-128 of an array's type, shape and values, as used for banks and encoders."""
    digest = hashlib.blake2b(f"{data.dtype.str}{data.shape}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(data).data)
    return digest.hexdigest()


def checksum(content: dict[str, Any]) -> str:
    """Return the checksum of a manifest, which is taken without the checksum itself."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
