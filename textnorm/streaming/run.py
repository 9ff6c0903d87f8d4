"""Many files in, a folder out: what ``textnorm run`` does, in one process.

Each file is a unit: it is written whole or not at all, and noted in ``_manifest.jsonl`` when it is done, so that a run
that was stopped goes on where it was. Nothing that is written names a time, a host or a number of workers.
"""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Literal

from textnorm.arrow import OnError
from textnorm.errors import DataError, UsageError
from textnorm.pipeline import Pipeline
from textnorm.streaming.files import writing
from textnorm.streaming.formats import Unit, check_folder, detect
from textnorm.streaming.readers import ReadOptions, read
from textnorm.streaming.work import OnChunk, Tally, limited, process
from textnorm.streaming.writers import EditsWriter, WriteOptions, encode_json, make_writer

MANIFEST, ERRORS, SUCCESS, EDITS = "_manifest.jsonl", "_errors.jsonl", "_SUCCESS", "_edits"
OWN = (MANIFEST, ERRORS, SUCCESS, EDITS)
Mode = Literal["resume", "fresh"]
State = Literal["done", "skipped", "failed"]
Entry = dict[str, Any]
#: Called with each file that is done, skipped or failed; the last is the reason of a failure, otherwise empty.
OnUnit = Callable[[Unit, State, "Tally", str], None]


@dataclass(frozen=True)
class RunOptions:
    """How to run.

    Attributes:
        column: column with the text.
        document: column with document ids.
        on_error: ``quarantine`` sets bad rows and unreadable files aside, ``fail`` stops at the first.
        overwrite_columns: replace columns that have the new names.
    """

    column: str = "text"
    document: str | None = None
    on_error: OnError = "quarantine"
    overwrite_columns: bool = False


@dataclass
class Report:
    """What a run did: counts over all units, and units by state."""

    tally: Tally
    done: int = 0
    skipped: int = 0
    failed: int = 0
    cut: bool = False


def check(units: Sequence[Unit], out_dir: Path, mode: Mode | None) -> None:
    """Check the output folder before anything is read.

    Raises:
        UsageError: it is a file, is in use and no mode says what to do, or an output is an input or has a name that the
            run needs.
    """
    if out_dir.exists() and not out_dir.is_dir():
        msg = f"{out_dir} is a file; -o names a folder."
        raise UsageError(msg)
    places = {unit.path.resolve() for unit in units}
    for unit in units:
        detect(unit.name)
        if unit.name.split("/")[0] in OWN:
            msg = f"{unit.path} would be written as {unit.name}, a name that the run needs itself; rename the input."
            raise UsageError(msg)
        if (out_dir / unit.name).resolve() in places:
            msg = f"The output {out_dir / unit.name} is an input; choose another folder."
            raise UsageError(msg)
    check_folder(out_dir)
    if mode is None and out_dir.is_dir() and any(out_dir.iterdir()):
        msg = (
            f"{out_dir} is not empty: --resume goes on with what was begun there (finished files are skipped), "
            f"--fresh begins again."
        )
        raise UsageError(msg)


def run(
    units: Sequence[Unit],
    out_dir: Path,
    pipeline: Pipeline,
    options: RunOptions,
    *,
    mode: Mode | None = None,
    limit: int | None = None,
    on_chunk: OnChunk | None = None,
    on_unit: OnUnit | None = None,
) -> Report:
    """Normalize files into a folder.

    Text files also get ``_edits/NAME.jsonl``; the other formats hold their edits in a column.

    Args:
        units: the files.
        out_dir: the folder; made where it is missing.
        pipeline: the pipeline.
        options: how to run.
        mode: go on, or begin again, where the folder is in use.
        limit: rows to read in all; a file that is cut short is not noted as complete.
        on_chunk: called with each chunk that is written.
        on_unit: called with each file that is done, skipped or failed.

    Raises:
        DataError: a row or a file cannot be read and ``on_error`` is ``fail``.
        UsageError: see :func:`check`; or the first file that has columns lacks one. A later file that lacks it is an
            odd one among good ones, and set aside.
    """
    check(units, out_dir, mode)
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / SUCCESS).unlink(missing_ok=True)
    if mode == "fresh":
        _clear(out_dir)
    finished = _manifest(out_dir)
    _keep_errors(out_dir, finished)
    report = Report(Tally())
    left = limit
    columns_fit = False  # a file with columns has been read with these options
    for unit in units:
        if left is not None and left <= 0:
            report.cut = True
            break
        wanted = {"pipeline": pipeline.name, "fingerprint": pipeline.fingerprint, "options": asdict(options)}
        try:
            wanted["input_sha256"] = _sha256(unit.path)
        except OSError as error:
            why = f"{unit.path}: {error.strerror}"
            if options.on_error == "fail":
                raise DataError(why) from error
            _set_aside(unit, why, out_dir, report, on_unit)
            continue
        old = finished.get(unit.name)
        if old is not None and old["complete"] and _same(old, wanted, out_dir / unit.name):
            report.skipped += 1
            columns_fit = columns_fit or detect(unit.name).kind != "text"
            if on_unit is not None:
                on_unit(unit, "skipped", Tally(), "")
            continue
        if finished.pop(unit.name, None) is not None:
            _keep_errors(out_dir, finished)  # they will be noted again
        with SpooledTemporaryFile(max_size=8 << 20) as bad:
            try:
                tally = _unit(unit, out_dir, pipeline, options, left, bad, on_chunk)
            except (DataError, UsageError) as error:
                if options.on_error == "fail" or (isinstance(error, UsageError) and not columns_fit):
                    raise
                # Rows noted so far are moot: the whole file is set aside.
                _set_aside(unit, str(error), out_dir, report, on_unit)
                continue
            bad.seek(0)
            _append(out_dir / ERRORS, bad)
        if left is not None:
            left -= tally.rows
        cut = left is not None and left <= 0
        report.cut = report.cut or cut
        entry = {"unit": unit.name, **wanted, **tally.to_dict(), "output_sha256": _sha256(out_dir / unit.name)}
        entry["complete"] = not cut
        finished[unit.name] = entry
        _append(out_dir / MANIFEST, [_line(entry)])
        report.done += 1
        columns_fit = columns_fit or detect(unit.name).kind != "text"
        report.tally.merge(tally)
        if on_unit is not None:
            on_unit(unit, "done", tally, "")
    with writing(str(out_dir / MANIFEST)) as sink:
        sink.writelines(_line(finished[name]) for name in sorted(finished))
    if not report.failed and not report.cut:
        (out_dir / SUCCESS).touch()
    return report


def _set_aside(unit: Unit, why: str, out_dir: Path, report: Report, on_unit: OnUnit | None) -> None:
    """Note a file that could not be read."""
    _append(out_dir / ERRORS, [_error(unit.name, None, why, None)])
    report.failed += 1
    if on_unit is not None:
        on_unit(unit, "failed", Tally(), why)


def _unit(
    unit: Unit,
    out_dir: Path,
    pipeline: Pipeline,
    options: RunOptions,
    limit: int | None,
    bad: IO[bytes],
    on_chunk: OnChunk | None,
) -> Tally:
    """Normalize one file."""
    form, target = detect(unit.name), out_dir / unit.name
    beside = out_dir / EDITS / f"{unit.name}.jsonl"
    for place in (target, beside):
        for stale in place.parent.glob(f".{glob.escape(place.name)}.*.tmp"):  # of a run that was killed
            stale.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    quarantine = options.on_error == "quarantine"
    how = ReadOptions(
        options.column,
        options.document if form.kind != "text" else None,
        "quarantine" if quarantine else "strict",
        "--on-error quarantine sets it aside.",
    )
    tally = Tally()
    with ExitStack() as stack:
        sink = stack.enter_context(writing(str(target), form.codec))
        writer = make_writer(form.kind, sink, WriteOptions(pipeline, options.column, options.overwrite_columns))
        stack.callback(writer.abort)
        notes = None
        if form.kind == "text":
            beside.parent.mkdir(parents=True, exist_ok=True)
            notes = EditsWriter(stack.enter_context(writing(str(beside))))
        chunks = limited(read(str(unit.path), form, how), limit)
        for chunk, got in process(chunks, pipeline, quarantine=quarantine):
            writer.write(chunk, got)
            if notes is not None:
                notes.write(chunk, got)
            for i, reason in sorted(got.failures.items()):
                bad.write(_error(unit.name, chunk.first + i, reason, chunk.raw(i)))
            tally.add(chunk, got)
            if on_chunk is not None:
                on_chunk(chunk, got)
        writer.close()
    return tally


def _same(old: Entry, wanted: Entry, output: Path) -> bool:
    """Whether a finished unit is what this run would make, and still there."""
    if any(old.get(key) != value for key, value in wanted.items()):
        return False
    return output.is_file() and _sha256(output) == old.get("output_sha256")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _manifest(out_dir: Path) -> dict[str, Entry]:
    path = out_dir / MANIFEST
    entries: dict[str, Entry] = {}
    for line in path.read_text(encoding="utf-8").split("\n") if path.exists() else []:
        try:
            entry = json.loads(line)
            entries[entry["unit"]] = entry
        except (ValueError, TypeError, KeyError):
            continue  # a line that was being written when the run was killed
    return {name: entry for name, entry in entries.items() if "complete" in entry}


def _keep_errors(out_dir: Path, finished: dict[str, Entry]) -> None:
    """Drop the notes on files that are not finished: they will be made again."""
    path = out_dir / ERRORS
    if not path.exists():
        return
    kept: list[bytes] = []
    for line in path.read_bytes().split(b"\n"):
        try:
            if json.loads(line)["file"] in finished:
                kept.append(line + b"\n")
        except (ValueError, TypeError, KeyError):
            continue
    with writing(str(path)) as sink:
        sink.writelines(kept)


def _clear(out_dir: Path) -> None:
    """Remove what an earlier run wrote, and nothing else."""
    for name in _manifest(out_dir):
        (out_dir / name).unlink(missing_ok=True)
        (out_dir / EDITS / f"{name}.jsonl").unlink(missing_ok=True)
    for name in (MANIFEST, ERRORS):
        (out_dir / name).unlink(missing_ok=True)


def _error(name: str, row: int | None, reason: str, text: str | None) -> bytes:
    return _line({"file": name, "row": row, "reason": reason, "text": text})


def _line(item: Entry) -> bytes:
    return encode_json(json.dumps(item, ensure_ascii=False) + "\n")


def _append(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("ab") as sink:
        sink.writelines(lines)
