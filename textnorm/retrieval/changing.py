"""Changing an index folder as a whole, or making one; see :mod:`textnorm.retrieval.storage` for what a folder is."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError, UsageError
from textnorm.retrieval.storage import (
    BLOCK,
    FORMAT,
    MANIFEST,
    VERSION,
    Part,
    Reader,
    checksum,
    generation_of,
    hash_file,
    hash_folder,
    read_manifest,
)

if TYPE_CHECKING:
    import pyarrow as pa

LOCK = ".lock"
_OURS = re.compile(r"^[\w-]+\.[0-9a-f]{16}(\.[a-z]+)?$|^\.[\w.-]+\.[0-9a-f]{12}\.tmp$")
_NAME = re.compile(r"^[\w-]+(/[\w-]+)*(\.[a-z]+)?$")


@dataclass
class Writer:
    """Collects the parts of the next manifest.

    Attributes:
        folder: where the files go.
        old: the index as it is now; ``None`` where this is the first build.
        parts: parts of the next manifest.
        meta: notes of the next manifest; JSON.
    """

    folder: Path
    old: Reader | None
    parts: dict[str, Part] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)

    def keep(self, *prefixes: str) -> None:
        """Take over every part of the present index whose name is, or lies under, one of ``prefixes``."""
        if self.old is None:
            return
        for name, part in self.old.parts.items():
            if any(name == prefix or name.startswith(f"{prefix}/") for prefix in prefixes):
                self.parts[name] = part

    def drop(self, *prefixes: str) -> None:
        """Leave out parts that were kept."""
        for name in list(self.parts):
            if any(name == prefix or name.startswith(f"{prefix}/") for prefix in prefixes):
                del self.parts[name]

    def array(self, name: str, data: NDArray[Any]) -> None:
        """Write an array as ``.npy``."""
        # Not np.save: a memory map must be copied block by block, not read whole.
        self.blocks(name, iter([data]), data.shape, data.dtype)

    def blocks(
        self, name: str, blocks: Iterable[NDArray[Any]], shape: tuple[int, ...], dtype: np.dtype[Any] | type[Any]
    ) -> None:
        """Write an array that comes in blocks of rows; never held as a whole.

        Raises:
            ValueError: the blocks do not add up to ``shape``.
        """
        kind = np.dtype(dtype)

        def write(stream: IO[bytes]) -> None:
            header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": tuple(shape)}
            np.lib.format.write_array_header_1_0(cast("Any", stream), header)
            rows = 0
            for block in blocks:
                if block.shape[1:] != tuple(shape[1:]):
                    msg = f"{name}: a block of shape {block.shape} in an array of shape {shape}"
                    raise ValueError(msg)
                step = max(1, BLOCK // max(1, block[:1].nbytes))
                for at in range(0, len(block), step):
                    stream.write(np.ascontiguousarray(block[at : at + step], dtype=kind).tobytes())
                rows += len(block)
            if rows != shape[0]:
                msg = f"{name}: {rows} rows, not {shape[0]}"
                raise ValueError(msg)

        self.stream(name, write)

    def table(self, name: str, table: pa.Table) -> None:
        """Write a table as an uncompressed Arrow file, which can be mapped."""
        import pyarrow as pa

        def write(stream: IO[bytes]) -> None:
            with pa.ipc.new_file(stream, table.schema) as sink:
                sink.write_table(table)

        self.stream(name, write)

    def stream(self, name: str, write: Callable[[IO[bytes]], object]) -> None:
        """Write a file by calling ``write`` with a stream open for binary writing."""
        self.file(name, lambda path: _write(path, write))

    def file(self, name: str, make: Callable[[Path], object]) -> None:
        """Add the file that ``make`` writes at the path it is given."""
        target = self._target(name)
        temporary = target.with_name(f".{target.name}.{token_hex(6)}.tmp")
        try:
            make(temporary)
            digest, size = hash_file(temporary), temporary.stat().st_size
            _sync(temporary)
            final = target.with_name(f"{target.stem}.{digest[:16]}{target.suffix}")
            if final.exists() and hash_file(final) == digest:  # perhaps in use
                temporary.unlink()
            else:
                _replace(temporary, final)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self.parts[name] = Part(final.relative_to(self.folder).as_posix(), size, digest)

    def tree(self, name: str, make: Callable[[Path], object]) -> None:
        """Add the folder that ``make`` fills at the path it is given; the path does not exist yet."""
        target = self._target(name)
        temporary = target.with_name(f".{target.name}.{token_hex(6)}.tmp")
        try:
            make(temporary)
            digest, sizes = hash_folder(temporary)
            for file in sizes:
                _sync(temporary / file)
            final = target.with_name(f"{target.name}.{digest[:16]}")
            if final.exists() and hash_folder(final) == (digest, sizes):
                shutil.rmtree(temporary)
            else:
                if final.exists():  # left by a killed build on a system without renames over folders
                    shutil.rmtree(final)
                _replace(temporary, final)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        self.parts[name] = Part(final.relative_to(self.folder).as_posix(), sum(sizes.values()), digest, sizes)

    def _target(self, name: str) -> Path:
        if not _NAME.match(name):
            msg = f"'{name}' is no name of a part"
            raise ValueError(msg)
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


@contextmanager
def committing(folder: Path, *, based_on: int | None = None) -> Iterator[Writer]:
    """Change an index folder, or make one: yields a writer, and makes the change when the block ends without error.

    A folder that does not exist is filled under a temporary name beside it and renamed as a whole.

    Args:
        folder: of the index.
        based_on: generation that the change began from; ``None`` where the new index does not depend on the old one.

    Raises:
        UsageError: the folder holds other things than an index, or its parent does not exist.
        DataError: another process changed the index meanwhile, or is changing it.
    """
    if folder.is_symlink():
        folder = folder.resolve()
    if not folder.exists():
        if not folder.parent.is_dir():
            msg = f"{folder}: the folder {folder.parent} does not exist."
            raise UsageError(msg)
        if based_on is not None:
            msg = f"There is no index {folder}."
            raise UsageError(msg)
        with _fresh(folder) as writer:
            yield writer
        return
    if not folder.is_dir():
        msg = f"{folder} is a file; an index is a folder."
        raise UsageError(msg)
    there = any(entry.name != LOCK and not _OURS.match(entry.name) for entry in folder.iterdir())
    if there and not (folder / MANIFEST).exists():
        msg = f"{folder} is not empty and holds no index; name a folder of its own."
        raise UsageError(msg)
    with _locked(folder):
        old = _old(folder)
        generation = old.generation if old is not None else max(0, generation_of(folder))
        if based_on is not None and generation != based_on:
            msg = f"{folder}: another process changed the index meanwhile; run the command again."
            raise DataError(msg)
        writer = Writer(folder, old)
        try:
            yield writer
            _publish(writer, generation + 1)
        finally:
            _sweep(folder)


@contextmanager
def _fresh(folder: Path) -> Iterator[Writer]:
    for left in folder.parent.glob(f".{glob.escape(folder.name)}.*.tmp"):
        # Left by a killed build, unless its lock is held.
        with suppress(OSError, DataError), _locked(left):
            if _OURS.match(left.name) and os.name != "nt":
                shutil.rmtree(left, ignore_errors=True)
    temporary = folder.with_name(f".{folder.name}.{token_hex(6)}.tmp")
    temporary.mkdir()
    try:
        with _locked(temporary):
            writer = Writer(temporary, None)
            yield writer
            _publish(writer, 1)
        try:
            _replace(temporary, folder)
        except OSError as error:
            if folder.exists():
                msg = f"{folder}: another process made this folder meanwhile; run the command again."
                raise DataError(msg) from error
            raise
        _sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _old(folder: Path) -> Reader | None:
    """Return the present index; ``None`` where there is none, or one that cannot be used any more."""
    try:
        return read_manifest(folder)
    except (UsageError, DataError, FileNotFoundError):
        return None


def _publish(writer: Writer, generation: int) -> None:
    """Write the manifest; its rename is the change."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "generation": generation,
        "meta": writer.meta,
        "parts": {name: part.to_json() for name, part in sorted(writer.parts.items())},
    }
    content["checksum"] = checksum(content)
    temporary = writer.folder / f".{MANIFEST}.{token_hex(6)}.tmp"
    try:
        text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        _write(temporary, lambda stream: stream.write(text.encode()))
        _sync(temporary)
        _replace(temporary, writer.folder / MANIFEST)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(writer.folder)


def _sweep(folder: Path) -> None:
    """Remove files of ours that the manifest does not name; what cannot be removed now is left to the next change."""
    try:
        reader = read_manifest(folder)
    except (UsageError, DataError, OSError):
        return  # nothing says what is still needed
    named = {part.path for part in reader.parts.values()}
    inner = {Path(path).parent.as_posix() for path in named} | {"."}
    for base in inner:
        for entry in (folder / base).iterdir():
            if _OURS.match(entry.name) and entry.relative_to(folder).as_posix() not in named:
                with suppress(OSError):
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other writers out; the system frees the lock of a killed process.

    Raises:
        DataError: another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows: the generation alone must tell
        yield
        return
    with (folder / LOCK).open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"{folder}: another process is changing the index; wait for it to end."
            raise DataError(msg) from error
        yield


# -- bytes -----------------------------------------------------------------------------------------------------------
def _write(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    with path.open("xb") as stream:
        write(stream)


def _replace(source: Path, target: Path) -> None:
    source.replace(target)


def _sync(path: Path) -> None:
    """Have the system put a file or folder on the disk, so that a rename never comes before what it names."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():  # some file systems cannot sync folders
            raise
    finally:
        os.close(handle)
