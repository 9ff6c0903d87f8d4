"""``textnorm run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from textnorm.commands.common import (
    QUARANTINED,
    Notes,
    column_option,
    document_option,
    overrides_of,
    overwrite_option,
    pipeline_option,
    set_option,
)
from textnorm.errors import UsageError
from textnorm.streaming.formats import Unit, detect, expand

if TYPE_CHECKING:
    from textnorm.streaming.run import Mode
    from textnorm.streaming.work import Tally


@click.command("run")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="OUTDIR", help="Folder to write to; made where it is missing.")
@pipeline_option
@set_option
@column_option
@document_option
@overwrite_option
@click.option("--engine", default="local", show_default=True, metavar="local", help="Only 'local' exists so far.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Only 1 is possible so far.")
@click.option("--resume", is_flag=True, help="Go on: skip files that are finished and unchanged.")
@click.option("--fresh", is_flag=True, help="Begin again: remove what an earlier run wrote.")
@click.option(
    "--on-error",
    type=click.Choice(["quarantine", "fail"]),
    default="quarantine",
    show_default=True,
    help="Set bad rows and unreadable files aside in _errors.jsonl (exit code 3), or stop at the first.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Read at most N rows in all, to try out.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def command(
    inputs: tuple[str, ...],
    output: str,
    pipeline: str,
    settings: tuple[str, ...],
    column: str,
    document: str | None,
    overwrite_columns: bool,
    engine: str,
    jobs: int,
    resume: bool,
    fresh: bool,
    on_error: str,
    limit: int | None,
    dry_run: bool,
) -> int:
    """Normalize INPUTs (files, folders, patterns) into OUTDIR, under their own names.

    \b
    textnorm run corpus/ -o out/
    textnorm run 'data/*.parquet' -o out/ --column body --resume

    OUTDIR also gets _manifest.jsonl (what was done), _errors.jsonl (rows set aside), _edits/ (edits of text files) and,
    when everything is done, _SUCCESS.
    """  # noqa: D301 - click reads the escape
    _possible(engine, jobs, resume, fresh)
    out_dir = Path(output)
    units = expand(list(inputs), out_dir)
    mode: Mode | None = "resume" if resume else "fresh" if fresh else None

    from textnorm.config import load
    from textnorm.streaming.run import ERRORS, RunOptions, check, run

    check(units, out_dir, mode)
    nlp = load(pipeline, overrides=overrides_of(settings))
    if dry_run:
        for unit in units:
            size = unit.path.stat().st_size
            click.echo(f"{unit.path}\t{out_dir / unit.name}\t{detect(unit.name).kind}\t{size} bytes")
        click.echo(f"dry run: {len(units)} files with {nlp.name} ({nlp.fingerprint}); nothing is written", err=True)
        return 0
    notes = Notes()

    def on_unit(unit: Unit, state: str, tally: Tally, why: str) -> None:
        if state == "done":
            why = f"{tally.rows} rows, {tally.changed} changed, {tally.quarantined} quarantined"
        notes.say(f"{state} {unit.name}{f': {why}' if why else ''}")

    options = RunOptions(column, document, "quarantine" if on_error == "quarantine" else "fail", overwrite_columns)
    try:
        report = run(units, out_dir, nlp, options, mode=mode, limit=limit, on_chunk=notes.chunk, on_unit=on_unit)
    finally:
        notes.clear()
    tally = report.tally
    click.echo(
        f"{report.done} files done, {report.skipped} skipped, {report.failed} set aside; "
        f"{tally.rows} rows, {tally.changed} changed, {tally.abstained} abstained, {tally.quarantined} quarantined",
        err=True,
    )
    if tally.quarantined or report.failed:
        click.echo(f"rows and files set aside are in {out_dir / ERRORS}", err=True)
        return QUARANTINED
    return 0


def _possible(engine: str, jobs: int, resume: bool, fresh: bool) -> None:
    if resume and fresh:
        msg = "--resume and --fresh exclude each other."
        raise UsageError(msg)
    if engine == "ray":
        msg = "--engine ray comes with a later release; this one has --engine local."
        raise UsageError(msg)
    if engine != "local":
        msg = f"There is no engine '{engine}'. Known: local."
        raise UsageError(msg)
    if jobs > 1:
        msg = "--jobs above 1 comes with a later release; start several runs on separate folders instead."
        raise UsageError(msg)
