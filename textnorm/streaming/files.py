"""Bytes in, bytes out: compression, standard streams, binary files, and outputs that appear only when whole."""

from __future__ import annotations

import gzip
import stat
import sys
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import IO, Any, cast

from textnorm.errors import DataError, UsageError
from textnorm.streaming.formats import STDIO, Codec

BLOCK = 1 << 20
#: First bytes of files that are no text, and what they are.
_MAGIC = {
    b"PAR1": "Parquet",
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"%PDF-": "PDF",
    b"\x7fELF": "a program",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"ARROW1": "Arrow",
    b"SQLite format 3": "a database",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


@contextmanager
def reading(path: str, codec: Codec) -> Iterator[IO[bytes]]:
    """Open an input as a stream of decompressed bytes; ``-`` is standard input."""
    if path == STDIO:
        if sys.stdin is None:
            msg = "Standard input is closed."
            raise UsageError(msg)
        yield sys.stdin.buffer
        return
    with Path(path).open("rb") as raw:
        if codec == "gzip":
            with gzip.GzipFile(fileobj=raw) as stream:
                yield cast("IO[bytes]", stream)
        elif codec == "zstd":
            import pyarrow as pa

            # An empty file is an empty text, whatever its ending.
            with pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd") as stream:
                yield cast("IO[bytes]", stream)
        else:
            yield raw


def blocks(stream: IO[bytes], label: str, *, first: bool = True) -> Iterator[bytes]:
    """Yield blocks of about a megabyte that end behind a line feed (the last one where the stream ends).

    Args:
        stream: what is read.
        label: how messages name it.
        first: whether it is read from its beginning, which shows what is no text.

    Raises:
        DataError: the stream is binary, or its compression is damaged or cut off.
    """
    # A pipe gives what it has, so that lines come out as they come in.
    read = (
        stream.read1
        if sys.stdin is not None and stream is sys.stdin.buffer and hasattr(stream, "read1")
        else stream.read
    )
    held: list[bytes] = []
    while True:
        try:
            block = bytes(read(BLOCK))
        except EOFError as error:
            msg = f"{label}: the compressed file is cut off."
            raise DataError(msg) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            msg = f"{label}: damaged or no gzip file: {error}."
            raise DataError(msg) from error
        except OSError as error:
            if error.errno is not None:
                raise
            msg = f"{label}: damaged or no Zstandard file: {error}."
            raise DataError(msg) from error
        if not block:
            break
        if first:
            _refuse_binary(block, label)
            first = False
        cut = block.rfind(b"\n") + 1
        if cut:
            yield b"".join([*held, block[:cut]])
            held = [block[cut:]] if cut < len(block) else []
        else:
            held.append(block)
    if held:
        yield b"".join(held)


def _refuse_binary(block: bytes, label: str) -> None:
    for magic, what in _MAGIC.items():
        if block.startswith(magic):
            if magic.isascii() and magic.decode().isprintable() and _is_text(block):
                continue  # a text may begin with these letters
            advice = "; convert it to UTF-8" if what.startswith("UTF-16") else ""
            msg = f"{label}: not UTF-8 text but {what}{advice}."
            raise DataError(msg)
    at = block.find(b"\0", 0, 1 << 16)
    if at >= 0:
        msg = f"{label}: a binary file (zero byte at byte {at}), not UTF-8 text."
        raise DataError(msg)


def _is_text(block: bytes) -> bool:
    """Whether a block is UTF-8 without zero bytes, perhaps cut within its last character."""
    if b"\0" in block:
        return False
    try:
        getincrementaldecoder("utf-8")().decode(block)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def writing(path: str, codec: Codec = "") -> Iterator[IO[bytes]]:
    """Open an output; the file appears under its name only when all is written, and not at all after an error.

    ``-`` is standard output. A device or a named pipe is written directly; a link is followed.
    """
    if path == STDIO:
        if sys.stdout is None:
            msg = "Standard output is closed."
            raise UsageError(msg)
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as raw, _compressed(raw, codec) as stream:
            yield stream
        return
    temporary = target.with_name(f".{target.name}.{token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as raw:
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            with _compressed(raw, codec) as stream:
                yield stream
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _compressed(raw: IO[bytes], codec: Codec) -> Iterator[IO[bytes]]:
    stream: Any
    if codec == "gzip":
        # No name and no time inside: equal texts give equal bytes.
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as stream:
            yield cast("IO[bytes]", stream)
    elif codec == "zstd":
        import pyarrow as pa

        sink = pa.PythonFile(raw, "w")
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            yield cast("IO[bytes]", stream)
    else:
        yield raw
