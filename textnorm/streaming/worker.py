"""One task done: its rows read, every step run on them, a piece of the output and a note on it written.

A piece is written under a temporary name and renamed, its note after it; so a note that is there speaks of a piece that
is whole, whoever was killed when. Doing a task twice gives the same bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import heapq
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from textnorm.streaming.added import Added, Fired, Normed, encode_json
from textnorm.streaming.chunks import Chunk
from textnorm.streaming.files import writing
from textnorm.streaming.readers import GroupError, ReadOptions
from textnorm.streaming.steps import Normalize, Plan
from textnorm.streaming.tasks import Task, chunks_of
from textnorm.streaming.work import Tally, limited
from textnorm.streaming.writers import EditsWriter, TsvWriter, make_writer

PARTS, DATA, EDITS, NOTE = "_parts", "data", "edits", "json"
#: Called with the number of the row that is tried alone.
OnRow = Callable[[int], None]


@dataclass(frozen=True)
class Job:
    """What all tasks of a run share.

    Attributes:
        plan: the steps.
        out_dir: folder of the run.
        quarantine: bad rows are set aside; otherwise they stop the run.
        sample: changed rows to keep for explaining.
        digest: of the plan.
    """

    plan: Plan
    out_dir: Path
    quarantine: bool = True
    sample: int = 0
    digest: str = ""

    def reading(self, kind: str) -> ReadOptions:
        """Return how files of a format are read."""
        first, *rest = self.plan.read
        return ReadOptions(
            first,
            self.plan.document if kind != "text" else None,
            "quarantine" if self.quarantine else "strict",
            "--on-error quarantine sets it aside.",
            tuple(rest),
            nested=True,
        )

    def place(self, task: Task, what: str) -> Path:
        """Return where a task's piece (or note) is."""
        return self.out_dir / PARTS / task.name / f"{task.index:06d}.{what}"


@dataclass
class Note:
    """What was made of a task.

    Attributes:
        key: of the task (:meth:`Task.key`).
        tally: counts of rows.
        fired: counts of edits.
        errors: rows set aside, as they are written.
        sample: changed rows: order, file, row, column, source, edits.
        sizes: bytes of the files written.
        cpu: CPU-seconds that it took.
    """

    key: str
    tally: Tally = field(default_factory=Tally)
    fired: Fired = field(default_factory=Fired)
    errors: list[dict[str, Any]] = field(default_factory=list)
    sample: list[list[Any]] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    cpu: float = 0.0

    def dump(self) -> str:
        """Return it as JSON."""
        facts = {**vars(self), "tally": vars(self.tally), "fired": vars(self.fired)}
        return json.dumps(facts, ensure_ascii=True)

    @classmethod
    def load(cls, text: str) -> Note:
        """Read back what :meth:`dump` wrote.

        Raises:
            ValueError, TypeError, KeyError: it is none.
        """
        facts = json.loads(text)
        fired = Fired()
        for name, counts in facts.pop("fired").items():
            getattr(fired, name).update(counts)
        return cls(tally=Tally(**facts.pop("tally")), fired=fired, **facts)


def find(task: Task, job: Job) -> Note | None:
    """Return the note of a task that was done before, by this run or one that was stopped; ``None``: do it."""
    try:
        note = Note.load(job.place(task, NOTE).read_text(encoding="ascii"))
        if note.key != task.key(job.digest):
            return None
        whole = all(job.place(task, what).stat().st_size == size for what, size in note.sizes.items())
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return note if whole and note.sizes else None


def do(task: Task, job: Job, on_row: OnRow | None = None) -> Note:
    """Do a task; see the module.

    Raises:
        DataError: a row cannot be read or normalized and is not to be set aside, or the data are damaged.
        OSError: the piece cannot be written.
    """
    start = time.process_time()
    lost: list[tuple[int, str]] = []
    if task.careful and on_row is not None:
        rehearse(task, job, on_row)
    while True:
        note = Note(task.key(job.digest))
        part = dataclasses.replace(task.part, lost=tuple(group for group, _ in lost))
        try:
            _attempt(dataclasses.replace(task, part=part), job, note)
            break
        except GroupError as error:
            if not job.quarantine:
                raise
            lost.append((error.group, str(error)))
    first = {group: row for group, row, _ in _groups(task)} if lost else {}
    rows = {group: rows for group, _, rows in _groups(task)} if lost else {}
    for group, why in lost:
        reason = f"{why} ({rows[group]} rows lost)"
        note.errors.append(_error(task.name, first[group], "read", None, reason, None))
        note.tally.lost += rows[group]
    note.errors.sort(key=lambda error: (error["row"], error["step"]))
    note.cpu = time.process_time() - start
    with writing(str(job.place(task, NOTE))) as sink:
        sink.write(note.dump().encode("ascii"))
    return note


def _groups(task: Task) -> list[tuple[int, int, int]]:
    """Return number, first row and rows of each row group of a task."""
    import pyarrow.parquet as pq

    facts = pq.read_metadata(task.path)
    found, row = [], task.part.row
    for group in task.part.groups or ():
        rows = facts.row_group(group).num_rows
        found.append((group, row, rows))
        row += rows
    return found


def _attempt(task: Task, job: Job, note: Note) -> None:
    job.place(task, DATA).parent.mkdir(parents=True, exist_ok=True)
    plan, form = job.plan, task.form
    heap: list[tuple[int, list[Any]]] = []
    with ExitStack() as stack:
        raw: IO[bytes] = stack.enter_context(writing(str(job.place(task, DATA)), form.codec))
        writer = make_writer(form.kind, raw, plan.write_options())
        stack.callback(writer.abort)
        if isinstance(writer, TsvWriter) and task.part.header:
            writer.go_on(task.part.header.decode("utf-8").removeprefix("\ufeff").rstrip("\r").split("\t"))
        notes = None
        if form.kind == "text":
            sink = stack.enter_context(writing(str(job.place(task, EDITS))))
            notes = EditsWriter(sink, task.part.line)
        chunks = limited(chunks_of(task, job.reading(form.kind)), task.limit)
        for chunk, added in plan.run(chunks, quarantine=job.quarantine):
            writer.write(chunk, added)
            if notes is not None and isinstance(added[0], Normed):
                notes.write(chunk, added[0].got)
            note.tally.add_all(chunk, added)
            _note(note, heap, task, job, chunk, added)
        writer.close()
    note.sample = [entry for _, entry in sorted(heap, key=lambda item: -item[0])]
    names = (DATA, EDITS) if form.kind == "text" else (DATA,)
    note.sizes = {name: job.place(task, name).stat().st_size for name in names}


def _note(
    note: Note, heap: list[tuple[int, list[Any]]], task: Task, job: Job, chunk: Chunk, added: list[Added]
) -> None:
    """Note what was set aside, which rules fired, and some rows that changed."""
    for step, one in zip(job.plan.steps, added, strict=True):
        for i, reason in sorted(one.failures.items()):
            read = i in chunk.bad
            if read and step is not job.plan.steps[0]:
                continue  # told already
            what = "read" if read else f"{step.kind} {step.column}"
            rule = getattr(reason, "rule", None)
            note.errors.append(_error(task.name, chunk.first + i, what, rule, str(reason), chunk.raw(i)))
        if not isinstance(step, Normalize):
            continue
        got = getattr(one, "got", None)
        if got is None:
            continue
        note.fired.add(got.edits)
        if not job.sample or not isinstance(one, Normed):
            continue
        for i in got.edits.touched_rows().tolist():
            if got.status[i] != "changed":
                continue
            row = chunk.first + i
            key = f"{task.name}\0{row}\0{step.column}".encode()
            order = int.from_bytes(hashlib.blake2b(key, digest_size=7).digest())
            if len(heap) == job.sample and order >= -heap[0][0]:
                continue
            text = chunk.texts[i] if step.column == chunk.column else ""
            if step.column in chunk.others:
                text = chunk.others[step.column][0][i]
            if not text:
                continue  # the column of an earlier step is not kept
            edits = [edit.to_dict() for edit in got.edits.row(i)]
            entry = [order, task.name, row, step.column, text, edits]
            (heapq.heappush if len(heap) < job.sample else heapq.heappushpop)(heap, (-order, entry))


def _error(name: str, row: int, step: str, rule: str | None, reason: str, text: str | None) -> dict[str, Any]:
    return {"file": name, "row": row, "step": step, "rule": rule, "reason": reason, "text": text}


def error_line(error: dict[str, Any]) -> bytes:
    """Return a row set aside as a line of JSON."""
    return encode_json(json.dumps(error, ensure_ascii=False) + "\n")


def rehearse(task: Task, job: Job, on_row: OnRow) -> None:
    """Run every step on every row alone, saying which it is: for the task on which a worker has died more than once."""
    import pyarrow as pa

    for chunk in chunks_of(task, job.reading(task.form.kind)):
        for step in job.plan.steps:
            mine = step.column == chunk.column
            values, bad = (chunk.texts, chunk.bad) if mine else chunk.others.get(step.column, ([], {}))
            for i, value in enumerate(values):
                if value is None or i in bad:
                    continue
                on_row(chunk.first + i)
                try:
                    if isinstance(step, Normalize):
                        texts = [value] if isinstance(value, str) else value
                        step.pipeline.try_edits([text for text in texts if text is not None])
                    else:
                        step(pa.RecordBatch.from_pydict({step.column: [value]}))
                except Exception:  # only what kills the process matters here
                    continue
