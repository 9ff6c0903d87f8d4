"""Which format a file has, and which files an argument means."""

from __future__ import annotations

import glob
import os
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, TextIO, get_args

from textnorm.errors import UsageError

Kind = Literal["text", "jsonl", "tsv", "parquet"]
Codec = Literal["", "gzip", "zstd"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_ENDINGS: dict[str, Kind] = {".txt": "text", ".jsonl": "jsonl", ".tsv": "tsv", ".parquet": "parquet"}
_CODECS: dict[str, Codec] = {".gz": "gzip", ".zst": "zstd"}
STDIO = "-"


@dataclass(frozen=True)
class Format:
    """Format of a file.

    Attributes:
        kind: text, JSON Lines, TSV or Parquet.
        codec: compression round it; Parquet compresses inside.
        named: whether the ending says so; a file with any other ending counts as text.
    """

    kind: Kind
    codec: Codec = ""
    named: bool = True


def detect(path: str) -> Format:
    """Return the format that the ending of a path means; ``-`` is plain text.

    Raises:
        UsageError: a compressed Parquet file.
    """
    if path == STDIO:
        return Format("text", named=False)
    name = Path(path).name.lower()
    codec: Codec = ""
    for ending, found in _CODECS.items():
        if name.endswith(ending):
            codec, name = found, name[: -len(ending)]
    kind = _ENDINGS.get(Path(name).suffix)
    if kind == "parquet" and codec:
        msg = f"{path}: Parquet compresses its own columns; decompress the file first."
        raise UsageError(msg)
    return Format(kind or "text", codec, named=kind is not None)


def check_input(path: str) -> None:
    """Check that an input can be a file.

    Raises:
        UsageError: it is missing, a folder, or cannot be read.
    """
    if path == STDIO:
        return
    place = Path(path)
    try:
        mode = place.stat().st_mode
    except FileNotFoundError as error:
        msg = f"{path}: there is no such file."
        raise UsageError(msg) from error
    except OSError as error:
        msg = f"{path}: {error.strerror}."
        raise UsageError(msg) from error
    if stat.S_ISDIR(mode):
        msg = f"{path} is a folder; 'textnorm run' reads folders."
        raise UsageError(msg)
    if not os.access(place, os.R_OK):
        msg = f"{path}: no permission to read it."
        raise UsageError(msg)


def check_output(path: str, inputs: list[str]) -> None:
    """Check that an output can be written and is none of the inputs, by whatever name or link.

    Raises:
        UsageError: it is a folder, lies in no folder, or is an input.
    """
    _check_distinct(path, inputs)
    if path == STDIO:
        return
    place = Path(path)
    if place.is_dir():
        msg = f"{path} is a folder; name a file."
        raise UsageError(msg)
    if not place.resolve().parent.is_dir():
        msg = f"{path}: the folder {place.resolve().parent} does not exist."
        raise UsageError(msg)
    if not place.exists() or place.is_file():  # a device or named pipe is written directly
        check_folder(place.resolve().parent)


def check_folder(folder: Path) -> None:
    """Check that files can be made in a folder, or that the folder can be made.

    Raises:
        UsageError: they cannot.
    """
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        msg = f"{there}: no permission to write there; choose another folder."
        raise UsageError(msg)


def _check_distinct(path: str, inputs: list[str]) -> None:
    """Check that an output is no input; standard streams may be files, too (``textnorm normalize < a >> a``)."""
    output = _facts(path, sys.stdout)
    if output is None or not stat.S_ISREG(output.st_mode):
        return
    for item in inputs:
        source = _facts(item, sys.stdin)
        if source is not None and os.path.samestat(output, source):
            what = "Standard output" if path == STDIO else f"The output {path}"
            msg = f"{what} is the input {label_of(item)}; write to another file."
            raise UsageError(msg)


def _facts(path: str, stream: TextIO | None) -> os.stat_result | None:
    """Return the status of a file, for ``-`` of the standard stream; ``None`` where there is none."""
    with suppress(OSError, ValueError, AttributeError):
        return os.fstat(stream.fileno()) if path == STDIO and stream is not None else Path(path).stat()
    return None


def is_same(a: str, b: str) -> bool:
    """Whether two outputs are one file, or would be."""
    if a == b or STDIO in (a, b):
        return a == b
    here, there = _facts(a, None), _facts(b, None)
    linked = here is not None and there is not None and stat.S_ISREG(here.st_mode) and os.path.samestat(here, there)
    return linked or Path(a).resolve() == Path(b).resolve()


def label_of(path: str) -> str:
    """Return how messages name an input."""
    return "standard input" if path == STDIO else path


@dataclass(frozen=True)
class Unit:
    """One input file of a run.

    Attributes:
        path: where it is.
        name: relative name, with forward slashes, that its output keeps.
    """

    path: Path
    name: str


def expand(inputs: list[str], out_dir: Path, over: list[Path] | None = None) -> list[Unit]:
    """Return the files that arguments mean: files, folders (searched deep) and glob patterns, sorted within each.

    Of a folder or a pattern only files with known endings are taken; names that begin with ``.`` or ``_`` are passed
    over, and so is the output folder.

    Args:
        inputs: the arguments.
        out_dir: the output folder.
        over: gets the files that were passed over for their endings.

    Raises:
        UsageError: an argument means nothing, or two files have one relative name.
    """
    units: list[Unit] = []
    for item in inputs:
        if item == STDIO:
            msg = "'run' reads files and folders; for standard input use 'textnorm normalize'."
            raise UsageError(msg)
        place = Path(item)
        if place.is_dir():
            if place.resolve() == out_dir.resolve():
                msg = f"The output folder {out_dir} is the input {item}; choose another, perhaps {place / 'out'}."
                raise UsageError(msg)
            found, base = _files_below(place), place
            found = _take(found, base, out_dir, over)
            what = "holds no .txt, .jsonl, .tsv or .parquet files"
        elif place.exists():
            found, base, what = [place], place.parent, ""
        elif glob.has_magic(item):
            base = _fixed_part(item)
            found = [Path(p) for p in sorted(glob.glob(item, recursive=True))]  # noqa: PTH207 - a pattern may be absolute
            found = _take([p for p in found if p.is_file()], base, out_dir, over)
            what = "matches no .txt, .jsonl, .tsv or .parquet files"
        else:
            check_input(item)
            continue
        if not found:
            msg = f"{item}: {what}."
            raise UsageError(msg)
        units.extend(Unit(path, path.relative_to(base).as_posix()) for path in found)
    seen: dict[str, Path] = {}
    for unit in units:
        if unit.name in seen:
            msg = f"Two inputs would be written as {unit.name}: {seen[unit.name]} and {unit.path}."
            raise UsageError(msg)
        seen[unit.name] = unit.path
    return units


def _files_below(folder: Path) -> list[Path]:
    """Return all files below a folder, sorted.

    Raises:
        UsageError: a folder cannot be read; its files would be left out without a word.
    """

    def refuse(error: OSError) -> NoReturn:
        msg = f"{error.filename}: {error.strerror}."
        raise UsageError(msg) from error

    found = (Path(at, name) for at, _, names in os.walk(folder, onerror=refuse) for name in names)
    return sorted(path for path in found if path.is_file())


def _fixed_part(pattern: str) -> Path:
    """Return the folder in front of the first part that has a wildcard."""
    parts: list[str] = []
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts)


def _take(paths: list[Path], base: Path, out_dir: Path, over: list[Path] | None) -> list[Path]:
    """Return the files that are inputs; note those of other endings."""
    out = out_dir.resolve()
    seen = [
        path
        for path in paths
        if not any(part.startswith((".", "_")) for part in path.relative_to(base).parts)
        and out not in path.resolve().parents
    ]
    if over is not None:
        over.extend(path for path in seen if not _known(path))
    return [path for path in seen if _known(path)]


def _known(path: Path) -> bool:
    """Whether a name has an ending that is known."""
    ending = path.name.lower()
    for codec in _CODECS:
        ending = ending.removesuffix(codec)
    return Path(ending).suffix in _ENDINGS
