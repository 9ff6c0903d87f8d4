"""``textnorm run``."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from textnorm.commands.common import (
    NAMED,
    QUARANTINED,
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
    from textnorm.streaming.plans import StepSpec
    from textnorm.streaming.run import Engine, Mode, Report, RunOptions
    from textnorm.streaming.steps import Plan

ENGINES = ("local", "ray")


@click.command("run")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="OUTDIR", help="Folder to write to; made where it is missing.")
@pipeline_option
@set_option
@column_option
@click.option(
    "--step",
    "steps",
    multiple=True,
    metavar="COLUMN=PIPELINE",
    help="Normalize COLUMN with PIPELINE, or COLUMN=link:INDEX, COLUMN=encode:MODEL; several in one pass, instead of "
    "-p and --column.",
)
@click.option("--plan", "plan_file", metavar="PLAN.toml", help="The steps from a file, instead of -p and --column.")
@document_option
@overwrite_option
@click.option("--engine", default="local", show_default=True, metavar="|".join(ENGINES), help="Who does the work.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that work at once.")
@click.option("--resume", is_flag=True, help="Go on: skip what is finished and unchanged.")
@click.option("--fresh", is_flag=True, help="Begin again: remove what an earlier run wrote.")
@click.option(
    "--on-error",
    type=click.Choice(["quarantine", "fail"]),
    default="quarantine",
    show_default=True,
    help="Set bad rows and unreadable files aside in _errors.parquet (exit code 3), or stop at the first.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Read at most N rows in all, to try out.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--explain-sample",
    "sample",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Explain N changed rows in _sample.html and _sample.jsonl.",
)
@click.pass_context
def command(
    ctx: click.Context,
    inputs: tuple[str, ...],
    output: str,
    pipeline: str,
    settings: tuple[str, ...],
    column: str,
    steps: tuple[str, ...],
    plan_file: str | None,
    document: str | None,
    overwrite_columns: bool,
    engine: str,
    jobs: int,
    resume: bool,
    fresh: bool,
    on_error: str,
    limit: int | None,
    dry_run: bool,
    sample: int,
) -> int:
    """Normalize INPUTs (files, folders, patterns) into OUTDIR, under their own names.

    \b
    textnorm run corpus/ -o out/ --jobs 4
    textnorm run 'data/*.parquet' -o out/ --column body --resume
    textnorm run ads.parquet -o out/ --step title=lt-clean --step body=lt-speech

    OUTDIR also gets _summary.html (what was done), _errors.parquet (rows set aside), _manifest.jsonl, _edits/ (edits of
    text files) and, when everything is done, _SUCCESS.
    """  # noqa: D301 - click reads the escape
    if resume and fresh:
        msg = "--resume and --fresh exclude each other."
        raise UsageError(msg)
    if engine not in ENGINES:
        msg = f"There is no engine '{engine}'. Known: {', '.join(ENGINES)}."
        raise UsageError(msg)
    out_dir = Path(output)
    over: list[Path] = []
    units = expand(list(inputs), out_dir, over)
    if over:
        shown = ", ".join(map(str, over[:3])) + (" …" if len(over) > 3 else "")
        click.echo(f"passed over, no .txt, .jsonl, .tsv or .parquet: {len(over)} files ({shown})", err=True)
    mode: Mode | None = "resume" if resume else "fresh" if fresh else None

    from textnorm.streaming.plans import StepSpec, build, parse_step, read_plan
    from textnorm.streaming.run import RunOptions, check

    check(units, out_dir, mode)
    specs: list[StepSpec]
    if steps or plan_file is not None:
        named = [name for name in ("pipeline", "settings", "column") if _given(ctx, name)]
        if (steps and plan_file) or named:
            options = {"pipeline": "-p", "settings": "--set", "column": "--column"}
            first = "--step" if steps else "--plan"
            other = options[named[0]] if named else "--plan"
            msg = f"{first} and {other} exclude each other: each step names its own column and pipeline."
            raise UsageError(msg)
        specs, found = read_plan(Path(plan_file)) if plan_file is not None else ([parse_step(s) for s in steps], None)
        document = document if document is not None else found
    else:
        specs = [StepSpec(column, target=pipeline, overrides=overrides_of(settings))]
    if document is not None and all(detect(unit.name).kind == "text" for unit in units):
        msg = f"{units[0].path}: plain text has no column '{document}'; each line is a document."
        raise UsageError(msg)
    plan = build(specs, document=document, overwrite_columns=overwrite_columns)
    if dry_run:
        return _dry_run(units, out_dir, plan)
    options_ = RunOptions(on_error == "quarantine", mode, limit, jobs, sample)
    return _run(units, out_dir, plan, options_, engine)


def _given(ctx: click.Context, name: str) -> bool:
    """Whether an option was given, not left to its default."""
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _dry_run(units: list[Unit], out_dir: Path, plan: Plan) -> int:
    from textnorm.streaming.tasks import cut
    from textnorm.streaming.worker import Job

    job = Job(plan, out_dir)
    for unit in units:
        size = unit.path.stat().st_size
        form = detect(unit.name)
        note = ""
        if form.kind == "parquet":
            with suppress_to() as why:
                tasks = list(cut(unit, "", job.reading(form.kind), whole=plan.by_document))
                note = f"\t{sum(task.rows or 0 for task in tasks)} rows in {len(tasks)} pieces"
            note = note or f"\t{why[0]}"
        click.echo(f"{unit.path}\t{out_dir / unit.name}\t{form.kind}\t{size} bytes{note}")
    names = " + ".join(str(step.get("pipeline", step["kind"])) for step in plan.facts()["steps"])
    click.echo(f"dry run: {len(units)} files with {names} (plan {plan.digest}); nothing is written", err=True)
    return 0


@contextmanager
def suppress_to() -> Iterator[list[str]]:
    """Keep what a file's data are at fault for as text."""
    from textnorm.errors import TextnormError

    why: list[str] = []
    try:
        yield why
    except TextnormError as error:
        why.append(f"would be set aside: {error}")


def _run(units: list[Unit], out_dir: Path, plan: Plan, options: RunOptions, name: str) -> int:
    from textnorm.commands.progress import Progress
    from textnorm.streaming import summary
    from textnorm.streaming.run import run
    from textnorm.streaming.store import ERROR_TABLE, PAGE, Store

    engine: Engine | None = None
    if name == "ray":
        from textnorm.streaming.on_ray import make_engine

        engine = make_engine(options.jobs)
    total = 0
    for unit in units:
        with suppress(OSError):
            total += unit.path.stat().st_size
    progress = Progress(total, len(units))
    with _interrupts(progress) as stop:
        try:
            report = run(units, out_dir, plan, options, engine=engine, on_event=progress.event, stop=stop)
        finally:
            progress.clear()
    store = Store(out_dir)
    summary.write(store, plan, report, name, options.jobs)
    if options.sample:
        _sample(out_dir, plan, report, options.sample)
    tally = report.tally
    if progress.named > NAMED:
        progress.say(f"quarantined: {progress.named - NAMED} more")
    lost = f", {tally.lost} lost" if tally.lost else ""
    rate = report.size / 1e6 / max(report.seconds, 1e-9)
    click.echo(
        f"{report.done} files done, {report.skipped} skipped, {report.failed} set aside; "
        f"{tally.rows} rows, {tally.changed} changed, {tally.abstained} abstained, "
        f"{tally.quarantined} quarantined{lost}",
        err=True,
    )
    click.echo(f"{report.seconds:.1f} s, {rate:.1f} MB/s of input; rules and classes: {out_dir / PAGE}", err=True)
    if tally.quarantined or tally.lost or report.failed:
        click.echo(f"rows and files set aside are in {out_dir / ERROR_TABLE}", err=True)
        return QUARANTINED
    return 0


def _sample(out_dir: Path, plan: Plan, report: Report, n: int) -> None:
    """Write the changed rows that are to be explained, as JSON and as a page."""
    from textnorm.commands.explain_html import render
    from textnorm.edits import Edit, Normalized
    from textnorm.streaming.files import writing
    from textnorm.streaming.steps import Normalize
    from textnorm.streaming.store import SAMPLE_PAGE
    from textnorm.streaming.summary import write_sample

    rows = write_sample(out_dir, report.sample, n)
    parts = []
    for step in plan.steps:
        mine = [row for row in rows if row["column"] == step.column] if isinstance(step, Normalize) else []
        if mine and isinstance(step, Normalize):
            results = [Normalized(row["source"], tuple(Edit(**edit) for edit in row["edits"])) for row in mine]
            parts.append(render(results, step.pipeline, title=f"textnorm run: {step.column}"))
    with writing(str(out_dir / SAMPLE_PAGE)) as sink:
        sink.write("".join(parts).encode() or b"<!DOCTYPE html><p>No row was changed.</p>\n")


@contextmanager
def _interrupts(progress: Any) -> Iterator[Any]:
    """Let the first Ctrl-C finish what is in hand; the second stops at once."""
    asked = False

    def handle(signum: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        progress.say("finishing what is in hand, so that --resume can go on from there; Ctrl-C again stops at once")

    try:
        before = signal.signal(signal.SIGINT, handle)
    except ValueError:  # not in the main thread
        yield lambda: False
        return
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
