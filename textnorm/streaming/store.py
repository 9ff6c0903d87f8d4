"""The folder of a run: what belongs to it, what was done, what was set aside."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from textnorm.errors import UsageError
from textnorm.streaming.added import encode_json
from textnorm.streaming.files import writing
from textnorm.streaming.worker import PARTS, error_line

MANIFEST, PLAN, SUCCESS, EDITS, LOCK = "_manifest.jsonl", "_plan.json", "_SUCCESS", "_edits", "_lock"
ERRORS, ERROR_TABLE = "_errors.jsonl", "_errors.parquet"
SUMMARY, PAGE, TIMINGS = "_summary.json", "_summary.html", "_timings.json"
SAMPLE, SAMPLE_PAGE = "_sample.jsonl", "_sample.html"
OWN = (
    MANIFEST, PLAN, SUCCESS, EDITS, LOCK, ERRORS, ERROR_TABLE, SUMMARY, PAGE, TIMINGS, SAMPLE, SAMPLE_PAGE, PARTS,
)  # fmt: skip
#: Columns of ``_errors.parquet``.
ERROR_COLUMNS = ("file", "row", "step", "rule", "reason", "text")
Entry = dict[str, Any]
BLOCK = 1 << 20


class Store:
    """The folder of a run.

    Attributes:
        folder: where it is.
        finished: manifest entries of finished files, by name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.finished = self._manifest()

    # -- beginning ---------------------------------------------------------------------------------------------------
    def check_plan(self, digest: str) -> None:
        """Check that what lies in the folder was made by the same plan.

        Raises:
            UsageError: it was made by another; names both.
        """
        known = {entry.get("plan") for entry in self.finished.values()}
        with suppress(OSError, ValueError, TypeError, KeyError):
            known.add(json.loads((self.folder / PLAN).read_text(encoding="utf-8"))["plan"])
        others = sorted(str(plan) for plan in known - {digest})
        if others:
            msg = (
                f"{self.folder} holds the output of another pipeline or other options: its plan is {others[0]}, this "
                f"one's {digest} ({PLAN} says what it was). Choose another folder, or begin again with --fresh."
            )
            raise UsageError(msg)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second run out of the folder.

        Raises:
            UsageError: another run is at work.
        """
        try:
            import fcntl
        except ImportError:  # not on this system
            yield
            return
        path = self.folder / LOCK
        with path.open("ab") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                msg = f"Another run is at work in {self.folder}; wait for it, or choose another folder."
                raise UsageError(msg) from error
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def begin(self, plan: Entry, digest: str) -> None:
        """Note what will be done."""
        for name in (SUCCESS, SUMMARY, PAGE, TIMINGS, SAMPLE, SAMPLE_PAGE, ERROR_TABLE):
            (self.folder / name).unlink(missing_ok=True)
        write_json(self.folder / PLAN, {"plan": digest, **plan})

    def clear(self) -> None:
        """Remove what an earlier run wrote, and nothing else."""
        for name in self.finished:
            (self.folder / name).unlink(missing_ok=True)
            (self.folder / EDITS / f"{name}.jsonl").unlink(missing_ok=True)
        for name in OWN:
            if name not in (EDITS, PARTS, LOCK):
                (self.folder / name).unlink(missing_ok=True)
        shutil.rmtree(self.folder / PARTS, ignore_errors=True)
        self.finished = {}

    # -- files -------------------------------------------------------------------------------------------------------
    def _manifest(self) -> dict[str, Entry]:
        path = self.folder / MANIFEST
        entries: dict[str, Entry] = {}
        for line in path.read_text(encoding="utf-8").split("\n") if path.exists() else []:
            try:
                entry = json.loads(line)
                entries[entry["unit"]] = entry
            except (ValueError, TypeError, KeyError):
                continue  # a line that was being written when the run was killed
        return {name: entry for name, entry in entries.items() if "complete" in entry}

    def state_of(self, name: str, stamp: str, digest: str) -> str:
        """Return ``done`` for a file that is finished, ``""`` for one that was never, else why it is done again."""
        old = self.finished.get(name)
        if old is None or not old["complete"] or old.get("plan") != digest:
            return ""
        if old.get("input_sha256") != stamp:
            return "the input has changed since"
        output = self.folder / name
        if not output.is_file():
            return "the output is gone"
        if sha256(output) != old.get("output_sha256"):
            return "the output has been changed"
        return "done"

    def finish(self, entry: Entry, errors: Iterable[Entry]) -> None:
        """Note a file that is finished, and its rows that were set aside."""
        append(self.folder / ERRORS, map(error_line, errors))
        self.finished[entry["unit"]] = entry
        append(self.folder / MANIFEST, [line_of(entry)])
        shutil.rmtree(self.folder / PARTS / entry["unit"], ignore_errors=True)

    def forget(self, name: str) -> None:
        """Drop the note on a file that is done again."""
        if self.finished.pop(name, None) is not None:
            self.keep_errors()

    def set_aside(self, name: str, why: str) -> None:
        """Note a file that could not be read."""
        error = {"file": name, "row": None, "step": "read", "rule": None, "reason": why, "text": None}
        append(self.folder / ERRORS, [error_line(error)])
        shutil.rmtree(self.folder / PARTS / name, ignore_errors=True)

    def keep_errors(self) -> None:
        """Drop the notes on files that are not finished: they will be made again."""
        path = self.folder / ERRORS
        if not path.exists():
            return
        with writing(str(path)) as sink:
            sink.writelines(error_line(error) for error in self._errors() if error["file"] in self.finished)

    def _errors(self) -> Iterator[Entry]:
        with (self.folder / ERRORS).open("rb") as stream:
            for line in stream:
                try:
                    error = json.loads(line)
                    error["file"]
                except (ValueError, TypeError, KeyError):
                    continue  # half written when the run was killed
                yield error

    # -- end ---------------------------------------------------------------------------------------------------------
    def close(self, order: Sequence[str]) -> None:
        """Write manifest and errors in an order that depends on the inputs alone, and the table of errors."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with writing(str(self.folder / MANIFEST)) as sink:
            sink.writelines(line_of(self.finished[name]) for name in sorted(self.finished))
        (self.folder / ERRORS).touch()
        place = {name: k for k, name in enumerate(order)}
        rows = sorted(self._errors(), key=lambda error: place.get(error["file"], len(place)))  # stable: rows stay
        with writing(str(self.folder / ERRORS)) as sink:
            sink.writelines(map(error_line, rows))
        schema = pa.schema([(name, pa.int64() if name == "row" else pa.string()) for name in ERROR_COLUMNS])
        columns = [[_text(error.get(name)) for error in rows] for name in ERROR_COLUMNS]
        arrays = [pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)]
        with writing(str(self.folder / ERROR_TABLE)) as sink:
            pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink)
        for name in self.finished:  # a worker that was thought dead may have come late
            shutil.rmtree(self.folder / PARTS / name, ignore_errors=True)
        with suppress(OSError):  # only where nothing is left in it
            for folder, _, _ in os.walk(self.folder / PARTS, topdown=False):
                os.rmdir(folder)  # noqa: PTH106


def _text(value: Any) -> Any:
    """Parquet cannot hold half a surrogate pair."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class HashingSink:
    """A binary file that knows the hash of what went into it."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write and take note."""
        self._hash.update(data)
        return self._raw.write(data)

    @property
    def digest(self) -> str:
        """The hash so far."""
        return self._hash.hexdigest()


def line_of(item: Entry) -> bytes:
    """Return an object as a line of JSON."""
    return encode_json(json.dumps(item, ensure_ascii=False) + "\n")


def write_json(path: Path, item: Any) -> None:
    """Write an object for people to read."""
    with writing(str(path)) as sink:
        sink.write(encode_json(json.dumps(item, ensure_ascii=False, indent=1) + "\n"))


def append(path: Path, lines: Iterable[bytes]) -> None:
    """Append lines to a file; a line that a killed run left half written is ended first."""
    with path.open("ab+") as sink:
        if sink.tell():
            sink.seek(-1, os.SEEK_END)
            if sink.read(1) != b"\n":
                sink.write(b"\n")
        sink.writelines(lines)
