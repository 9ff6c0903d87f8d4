"""Many files in, a folder out: what ``textnorm run`` does.

Each file is cut into tasks (:mod:`textnorm.streaming.tasks`), an engine does the tasks in any order, and the pieces are
put together in their own. A task that is done stays done: a run that was stopped, or killed, goes on where it was. A
file appears whole or not at all. Nothing but ``_timings.json`` and the page made of it names a time or a number of
workers.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import IO, Any, Literal

from textnorm.errors import DataError, UsageError
from textnorm.streaming.added import Fired
from textnorm.streaming.files import writing
from textnorm.streaming.footer import Joiner
from textnorm.streaming.formats import Unit, check_folder, detect
from textnorm.streaming.local import Result, Stop, never, run_here, run_pool
from textnorm.streaming.steps import Plan
from textnorm.streaming.store import BLOCK, EDITS, OWN, PLAN, SUCCESS, HashingSink, Store, sha256
from textnorm.streaming.tasks import Task, cut
from textnorm.streaming.work import Tally
from textnorm.streaming.worker import DATA, Job, Note, find
from textnorm.streaming.worker import EDITS as PIECE_EDITS

Mode = Literal["resume", "fresh"]
State = Literal["done", "skipped", "failed", "again"]
#: An engine: tasks in, their results out, in any order.
Engine = Callable[[Iterator[Task], Job, Stop], Iterator[Result]]


@dataclass(frozen=True)
class Event:
    """Something that happened in a run.

    Attributes:
        kind: ``piece`` (part of a file is done), ``file`` (one is done, skipped, failed, or done again), ``row`` (one
            was set aside) or ``note`` (anything else people should see).
        name: the file.
        state: of the file.
        text: what is to be said.
        tally: counts of the piece or file.
        size: bytes of input that the piece stands for.
        found: whether the piece was there already.
    """

    kind: Literal["piece", "file", "row", "note"]
    name: str = ""
    state: State = "done"
    text: str = ""
    tally: Tally = field(default_factory=Tally)
    size: int = 0
    found: bool = False


OnEvent = Callable[[Event], None]


@dataclass
class Report:
    """What a run did.

    Attributes:
        tally: counts over the files done by this run.
        fired: rules, likewise.
        done, skipped, failed: files.
        cut: whether a limit cut the run short.
        pieces, found: pieces done, and those that an earlier run had done.
        seconds: wall time.
        cpu: CPU-seconds of the tasks.
        sample: changed rows: order, file, row, column, source, edits.
        units: of each file done: name, pieces, CPU-seconds.
    """

    tally: Tally = field(default_factory=Tally)
    fired: Fired = field(default_factory=Fired)
    done: int = 0
    skipped: int = 0
    failed: int = 0
    cut: bool = False
    pieces: int = 0
    found: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    size: int = 0
    sample: list[list[Any]] = field(default_factory=list)
    units: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class RunOptions:
    """How to run.

    Attributes:
        quarantine: set bad rows and unreadable files aside; otherwise the first stops the run.
        mode: go on, or begin again, where the folder is in use.
        limit: rows to read in all; a file that is cut short is not noted as complete.
        jobs: worker processes; 1 works in this one.
        sample: changed rows to keep for explaining.
    """

    quarantine: bool = True
    mode: Mode | None = None
    limit: int | None = None
    jobs: int = 1
    sample: int = 0


def check(units: Sequence[Unit], out_dir: Path, mode: Mode | None) -> None:
    """Check the output folder before anything is read.

    Raises:
        UsageError: it is a file, is in use and no mode says what to do, or an output is an input, has a name that the
            run needs, or would replace a file of others.
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
    if mode is not None and not (out_dir / PLAN).exists():
        for unit in units:
            if (out_dir / unit.name).exists():
                msg = (
                    f"{out_dir / unit.name} exists, and no run wrote it: {out_dir} has no {PLAN}. "
                    "It would be replaced; choose another folder."
                )
                raise UsageError(msg)
    if mode is None and out_dir.is_dir() and any(out_dir.iterdir()):
        msg = (
            f"{out_dir} is not empty: --resume goes on with what was begun there (finished files are skipped), "
            f"--fresh begins again."
        )
        raise UsageError(msg)


def run(
    units: Sequence[Unit],
    out_dir: Path,
    plan: Plan,
    options: RunOptions,
    *,
    engine: Engine | None = None,
    on_event: OnEvent | None = None,
    stop: Stop = never,
) -> Report:
    """Run the steps of a plan over files, into a folder.

    Text files also get ``_edits/NAME.jsonl``; the other formats hold their edits in a column.

    Args:
        units: the files.
        out_dir: the folder; made where it is missing.
        plan: what is done.
        options: how.
        engine: who does the tasks; by default this process, or ``options.jobs`` processes.
        on_event: called with everything that happens.
        stop: asked before each task; once true, tasks in hand are finished and the run ends.

    Raises:
        DataError: a row or a file cannot be read and is not to be set aside.
        KeyboardInterrupt: ``stop`` became true; what was done is kept.
        UsageError: see :func:`check`; the folder holds another plan's output; or the first file that has columns lacks
            one. A later file that lacks it is an odd one among good ones, and set aside.
    """
    plan.check()
    check(units, out_dir, options.mode)
    out_dir.mkdir(parents=True, exist_ok=True)
    store = Store(out_dir)
    with store.locked():
        if options.mode == "fresh":
            store.clear()
        elif options.mode == "resume":
            store.check_plan(plan.digest)
        store.begin(plan.facts(), plan.digest)
        store.keep_errors()
        job = Job(plan, out_dir, options.quarantine, options.sample, plan.digest)
        work = _Run(units, store, job, options, on_event or (lambda event: None))
        work.tell_of_others()
        start = perf_counter()
        try:
            try:
                work.go(engine, stop)
            finally:
                work.report.seconds = perf_counter() - start
                work.close()
                store.close([unit.name for unit in units])
        except UsageError:
            if options.mode != "resume" and not store.finished:
                store.clear()  # an option was wrong and nothing was done: the right one finds the folder free
            raise
        if stop():
            raise KeyboardInterrupt
        if not work.report.failed and not work.report.cut:
            (out_dir / SUCCESS).touch()
    return work.report


class _File:
    """A file whose pieces are being made and put together, in order, as they come."""

    def __init__(self, unit: Unit, stamp: str) -> None:
        self.unit, self.stamp = unit, stamp
        self.facts = _facts(unit.path)
        self.notes: dict[int, tuple[Task, Note]] = {}
        self.tally, self.fired = Tally(), Fired()
        self.errors: list[dict[str, Any]] = []
        self.cpu = 0.0
        self.made = 0  # tasks that were cut
        self.next = 0  # piece to be put to the others
        self.closed = False  # all tasks are cut
        self.failed = False
        self.stack = ExitStack()
        self.sinks: dict[str, HashingSink] = {}
        self.joiner: Joiner | None = None

    def open(self, store: Store) -> None:
        """Open the outputs, under temporary names."""
        form = detect(self.unit.name)
        places = {DATA: store.folder / self.unit.name}
        if form.kind == "text":
            places[PIECE_EDITS] = store.folder / EDITS / f"{self.unit.name}.jsonl"
        # The last to be opened is the first to be renamed: when the text appears its edits are there.
        for what, place in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            for stale in place.parent.glob(f".{glob.escape(place.name)}.*.tmp"):  # of a run that was killed
                stale.unlink(missing_ok=True)
            self.sinks[what] = HashingSink(self.stack.enter_context(writing(str(place))))
        if form.kind == "parquet":
            self.joiner = Joiner(self.sinks[DATA])  # type: ignore[arg-type]

    def put(self, task: Task, note: Note, job: Job) -> None:
        """Put the next piece to the others."""
        for what in note.sizes:
            place = job.place(task, what)
            with place.open("rb") as stream:
                if self.joiner is not None:
                    self.joiner.add(stream, str(place))
                else:
                    _copy(stream, self.sinks[what])
        self.tally.merge(note.tally)
        self.fired.merge(note.fired)
        self.errors.extend(note.errors)
        self.cpu += note.cpu

    def close(self) -> None:
        """Let the outputs appear."""
        if self.joiner is not None:
            self.joiner.close()
        self.stack.close()

    def abort(self) -> None:
        """Leave no output."""
        with suppress(Exception):
            error = DataError("given up")
            self.stack.__exit__(DataError, error, None)


class _Run:
    def __init__(self, units: Sequence[Unit], store: Store, job: Job, options: RunOptions, on_event: OnEvent) -> None:
        self.units, self.store, self.job, self.options = units, store, job, options
        self.tell = on_event
        self.report = Report()
        self.open: dict[str, _File] = {}
        self.left = options.limit
        self.fit = False  # a file with columns has been read with these options
        self.first = ""  # the first of them: where it lacks a column the option is wrong

    def go(self, engine: Engine | None, stop: Stop) -> None:
        """Have all tasks done and put together."""
        tasks = self._tasks(stop)
        jobs = self.options.jobs if self.options.limit is None else 1
        if engine is None or self.options.limit is not None:
            if jobs > 1:
                results = run_pool(tasks, self.job, jobs, stop=stop, say=self._say)
            else:
                results = run_here(tasks, self.job, stop=stop)
        else:
            results = engine(tasks, self.job, stop)
        try:
            for task, made in results:
                self._take(task, made)
        finally:
            close = getattr(results, "close", None)
            if close is not None:
                close()

    def tell_of_others(self) -> None:
        """Say which outputs of an earlier run are of no input of this one; they stay."""
        others = sorted(set(self.store.finished) - {unit.name for unit in self.units})
        if others:
            shown = ", ".join(others[:3]) + (" …" if len(others) > 3 else "")
            self._say(f"kept from an earlier run, not among the inputs now: {len(others)} ({shown})")

    def close(self) -> None:
        """Let go of files that are not finished; their pieces stay."""
        for file in self.open.values():
            file.abort()

    def _say(self, text: str) -> None:
        self.tell(Event("note", text=text))

    # -- cutting -----------------------------------------------------------------------------------------------------
    def _tasks(self, stop: Stop) -> Iterator[Task]:
        """Yield the tasks of all files that are not done before, in order."""
        for unit in self.units:
            if self.left is not None and self.left <= 0:
                self.report.cut = True
                return
            if stop():
                return
            try:
                stamp = sha256(unit.path)
            except OSError as error:
                self._fail(unit, f"{unit.path}: {error.strerror}", error)
                continue
            state = self.store.state_of(unit.name, stamp, self.job.digest)
            if state == "done":
                self._skip(unit)
                continue
            if state:
                self.tell(Event("file", unit.name, "again", state))
            self.store.forget(unit.name)
            yield from self._cut(unit, stamp)

    def _cut(self, unit: Unit, stamp: str) -> Iterator[Task]:
        file = self.open[unit.name] = _File(unit, stamp)
        form = detect(unit.name)
        whole = self.job.plan.by_document and form.kind != "text"
        try:
            for task in cut(unit, stamp, self.job.reading(form.kind), whole=whole):
                if not self.fit and form.kind != "text":
                    self.fit, self.first = True, unit.name
                if file.failed:
                    break
                if self.left is not None:
                    if self.left <= 0:
                        self.report.cut = True
                        break
                    task = replace(task, limit=self.left)
                file.made += 1
                note = find(task, self.job)
                if note is not None:
                    self._take(task, note, found=True)
                else:
                    yield task
        except (DataError, UsageError) as error:
            self._give_up(file, error, fatal=isinstance(error, UsageError) and not self.fit)
        except OSError as error:
            self._give_up(file, DataError(f"{unit.path}: {error.strerror or error}"), fatal=False)
        file.closed = True
        self._advance(file)

    # -- taking ------------------------------------------------------------------------------------------------------
    def _take(self, task: Task, made: Note | Exception, *, found: bool = False) -> None:
        """Take what was made of a task."""
        file = self.open.get(task.name)
        if file is None or file.failed:
            return  # its file was given up
        if isinstance(made, OSError) and made.filename == task.path:
            made = DataError(f"{task.path}: {made.strerror}")
        if isinstance(made, (DataError, UsageError)):
            self._give_up(file, made, fatal=isinstance(made, UsageError) and task.name == self.first)
            return
        if isinstance(made, Exception):
            raise made
        if self.left is not None:
            self.left -= made.tally.rows
        self.report.found += found
        self.report.pieces += not found
        for error in made.errors:
            text = f"{task.path}, {_place(task, error)}: {error['reason']}"
            self.tell(Event("row", task.name, text=text))
        self.tell(Event("piece", task.name, tally=made.tally, size=task.size, found=found))
        file.notes[task.index] = (task, made)
        self._advance(file)

    def _advance(self, file: _File) -> None:
        """Put together what is ready; finish the file when it is whole."""
        if file.failed:
            return
        while file.next in file.notes:
            if not file.sinks:
                file.open(self.store)
            task, note = file.notes.pop(file.next)
            file.put(task, note, self.job)
            self.report.sample.extend(note.sample)
            self.report.size += task.size
            file.next += 1
        if not file.closed or file.next < file.made:
            return
        if _facts(file.unit.path) != file.facts:
            self._give_up(file, DataError(f"{file.unit.path} changed while it was read; run again."), fatal=False)
            return
        if not file.sinks:  # nothing of it was read: the limit was reached before
            del self.open[file.unit.name]
            return
        file.close()
        cut_short = self.left is not None and self.left <= 0
        self.report.cut = self.report.cut or cut_short
        self._finished(file, complete=not cut_short)

    def _finished(self, file: _File, *, complete: bool) -> None:
        del self.open[file.unit.name]
        entry = {
            "unit": file.unit.name,
            "plan": self.job.digest,
            "input_sha256": file.stamp,
            **file.tally.to_dict(),
            "lost": file.tally.lost,
            "replaced": file.tally.replaced,
            "pieces": file.made,
            "rules": dict(sorted(file.fired.rules.items())),
            "labels": dict(sorted(file.fired.labels.items())),
            "abstained_by": dict(sorted(file.fired.abstained.items())),
            "output_sha256": file.sinks[DATA].digest,
            "complete": complete,
        }
        self.store.finish(entry, file.errors)
        report = self.report
        report.done += 1
        report.tally.merge(file.tally)
        report.fired.merge(file.fired)
        report.cpu += file.cpu
        report.units.append({"unit": file.unit.name, "pieces": file.made, "cpu_s": round(file.cpu, 3)})
        said = f"{file.tally.rows} rows, {file.tally.changed} changed, {file.tally.quarantined} quarantined"
        said += f", {file.tally.lost} lost" if file.tally.lost else ""
        self.tell(Event("file", file.unit.name, "done", said, file.tally))

    def _skip(self, unit: Unit) -> None:
        self.report.skipped += 1
        self.fit = self.fit or detect(unit.name).kind != "text"
        self.tell(Event("file", unit.name, "skipped", size=unit.path.stat().st_size))

    def _give_up(self, file: _File, error: DataError | UsageError, *, fatal: bool) -> None:
        """Set a file aside; rows noted so far are moot."""
        file.failed = True
        file.abort()
        self.open.pop(file.unit.name, None)
        if fatal or (isinstance(error, DataError) and not self.options.quarantine):
            raise error
        if not self.options.quarantine:  # an odd file among good ones: a fault of the data, not of the option
            raise DataError(str(error)) from error
        self._fail(file.unit, str(error), error)

    def _fail(self, unit: Unit, why: str, error: Exception) -> None:
        if not self.options.quarantine:
            raise DataError(why) from error
        self.store.set_aside(unit.name, why)
        self.report.failed += 1
        self.tell(Event("file", unit.name, "failed", why))


def _facts(path: Path) -> tuple[int, int]:
    """Return what shows that a file was changed while it was read."""
    with suppress(OSError):
        found = path.stat()
        return found.st_size, found.st_mtime_ns
    return 0, 0


def _place(task: Task, error: dict[str, Any]) -> str:
    row = error["row"]
    if task.form.kind == "parquet":
        return f"row {row}"
    return f"line {row + (2 if task.form.kind == 'tsv' else 1)}"


def _copy(stream: IO[bytes], sink: HashingSink) -> None:
    while block := stream.read(BLOCK):
        sink.write(block)
