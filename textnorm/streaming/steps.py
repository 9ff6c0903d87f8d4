"""The steps of a run: what is done to which column, one after the other, in one pass over the data."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from textnorm.arrow import (
    added_fields,
    facts_of,
    metadata_with,
    outcome_of_lists,
    text_type,
    with_fields,
)
from textnorm.errors import DataError, PluginError, Reason, TextnormError, UsageError, choices
from textnorm.nested import is_nested, reading_type
from textnorm.pipeline import Pipeline
from textnorm.protocols import Step
from textnorm.streaming.added import Added, Columns, Normed, NormedLists
from textnorm.streaming.chunks import Chunk, ParquetChunk, Values
from textnorm.streaming.work import process
from textnorm.streaming.writers import WriteOptions

if TYPE_CHECKING:
    import pyarrow as pa

#: A chunk with what the steps so far have added to it.
Done = tuple[Chunk, list[Added]]


@dataclass(frozen=True)
class Normalize:
    """The step that normalizes a column.

    Attributes:
        column: the column.
        pipeline: the pipeline.
    """

    column: str
    pipeline: Pipeline
    kind: str = "normalize"

    @property
    def facts(self) -> dict[str, Any]:
        """See :class:`~textnorm.protocols.Step`."""
        return facts_of(self.pipeline)

    def fields(self, column: pa.Field) -> Sequence[pa.Field]:
        """See :class:`~textnorm.protocols.Step`."""
        return added_fields(column)


@dataclass(frozen=True)
class Plan:
    """What a run does to every file.

    Attributes:
        steps: the steps, in order; a later one may read what an earlier one added.
        document: column with document ids.
        overwrite_columns: replace columns that have the new names.
    """

    steps: tuple[Normalize | Step, ...]
    document: str | None = None
    overwrite_columns: bool = False
    _known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def column(self) -> str:
        """The column that the first step reads."""
        return self.steps[0].column

    @property
    def read(self) -> tuple[str, ...]:
        """The columns that are read from the file, the first step's first."""
        made: set[str] = set()
        names: dict[str, None] = {}
        for step in self.steps:
            if step.column not in made:
                names[step.column] = None
            made.update(self.names_of(step))
        return tuple(names)

    def names_of(self, step: Normalize | Step) -> tuple[str, ...]:
        """Return the names of the columns that a step adds."""
        import pyarrow as pa

        return tuple(field.name for field in step.fields(pa.field(step.column, pa.string())))

    @property
    def added(self) -> tuple[str, ...]:
        """Names of all columns that are added, in order."""
        return tuple(name for step in self.steps for name in self.names_of(step))

    @property
    def by_document(self) -> bool:
        """Whether rows depend on their neighbours, so that a file cannot be cut anywhere."""
        scopes = [step.pipeline.scope for step in self.steps if isinstance(step, Normalize)]
        return self.document is not None and "document" in scopes

    def facts(self) -> dict[str, Any]:
        """Return what decides the outcome, as JSON: no path, host or time."""
        if not self._known:
            self._known["facts"] = {
                "steps": [{"kind": s.kind, "column": s.column, **s.facts} for s in self.steps],
                "document": self.document,
                "overwrite_columns": self.overwrite_columns,
            }
        return dict(self._known["facts"])

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that change whenever the outcome may."""
        facts = json.dumps(self.facts(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(facts.encode()).hexdigest()[:32]

    def check(self) -> None:
        """Check the steps against each other.

        Raises:
            UsageError: there are none, or two add columns of one name.
        """
        if not self.steps:
            msg = "A run needs a step."
            raise UsageError(msg)
        names = self.added
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = f"Two steps add a column '{twice[0]}'; each column can be normalized once in a run."
            raise UsageError(msg)

    def schema(self, old: pa.Schema) -> pa.Schema:
        """Return the schema of the output for that of an input.

        Raises:
            UsageError: a column is missing or no text, or a new name is taken.
        """
        schema = old
        for step in self.steps:
            if step.column not in schema.names:
                msg = f"There is no column '{step.column}'. {choices(step.column, schema.names)}"
                raise UsageError(msg)
            fields = step.fields(schema.field(step.column))
            schema = with_fields(schema, fields, overwrite=self.overwrite_columns)
            facts = step.facts if isinstance(step, Normalize) else {step.kind: dict(step.facts)}
            schema = schema.with_metadata(metadata_with(schema.metadata, step.column, dict(facts)))
        return schema

    def write_options(self) -> WriteOptions:
        """Return how its outcome is written."""
        return WriteOptions(
            self.added, self.schema, self.column, self.overwrite_columns, tuple(step.column for step in self.steps)
        )

    def run(self, chunks: Iterable[Chunk], *, quarantine: bool) -> Iterator[Done]:
        """Yield each chunk with what the steps add to it.

        Raises:
            DataError: a step failed on a row and ``quarantine`` is not set; names file and place.
        """
        stream: Iterator[Done] = ((chunk, []) for chunk in chunks)
        for step in self.steps:
            run = _normalize if isinstance(step, Normalize) else _apply
            stream = run(stream, step, quarantine)  # type: ignore[arg-type]
        return stream


def _values(chunk: Chunk, done: Sequence[Added], column: str) -> Values:
    """Return the texts of a column: of the file, or of an earlier step."""
    if column == chunk.column:
        return chunk.texts, chunk.bad
    if column in chunk.others:
        return chunk.others[column]
    for one in done:
        if column in one.names:
            # A row that could not be read is still bad; one set aside by the step before has no reading.
            return one.arrays(None)[one.names.index(column)].to_pylist(), chunk.bad
    msg = f"{chunk.label}: there is no column '{column}'."
    raise UsageError(msg)


def _normalize(stream: Iterator[Done], step: Normalize, quarantine: bool) -> Iterator[Done]:
    head = next(stream, None)
    if head is None:
        return
    stream = chain([head], stream)
    kind = _type_of(*head, step.column)
    if kind is not None and is_nested(kind):
        for chunk, done in stream:
            yield chunk, [*done, _lists(chunk, done, step, kind, quarantine)]
        return
    waiting: deque[Done] = deque()

    def views() -> Iterator[Chunk]:
        for chunk, done in stream:
            texts, bad = _values(chunk, done, step.column)
            waiting.append((chunk, done))
            same = texts is chunk.texts
            yield chunk if same else dataclasses.replace(chunk, texts=texts, bad=bad, column=step.column)

    for _, got in process(views(), step.pipeline, quarantine=quarantine):
        chunk, done = waiting.popleft()
        yield chunk, [*done, Normed(step.column, got)]


def _type_of(chunk: Chunk, done: Sequence[Added], column: str) -> pa.DataType | None:
    """Return the Arrow type of a column; ``None`` where it is plain text."""
    if isinstance(chunk, ParquetChunk) and column in chunk.data.schema.names:
        return chunk.data.schema.field(column).type
    for one in done:
        if column in one.names:
            return one.arrays(None)[one.names.index(column)].type
    return None


def _lists(chunk: Chunk, done: Sequence[Added], step: Normalize, kind: pa.DataType, quarantine: bool) -> NormedLists:
    import pyarrow as pa

    if chunk.documents is not None and step.pipeline.scope == "document":
        msg = f"{chunk.label}: '{step.column}' holds lists, so a row is a document; leave --document out."
        raise UsageError(msg)
    lists, bad = _values(chunk, done, step.column)
    good = [None if i in bad else row for i, row in enumerate(lists)] if bad else lists
    got = outcome_of_lists(step.pipeline, good, on_error="quarantine")
    if got.failures and not quarantine:
        i = min(got.failures)
        msg = f"{chunk.where(i)}: {got.failures[i]}"
        raise DataError(msg)
    for i, why in bad.items():
        got.failures[i] = why
        got.status[i] = "quarantined"
    item = text_type(kind.value_type)
    return NormedLists(step.column, got, item or pa.string(), large=pa.types.is_large_list(reading_type(kind, item)))


def _apply(stream: Iterator[Done], step: Step, quarantine: bool) -> Iterator[Done]:
    """Run any other step, on as many rows at once as it wants."""
    held: list[tuple[Chunk, list[Added], pa.Array]] = []
    rows, window = 0, int(getattr(step, "window", 0))
    for chunk, done in stream:
        column = _column(chunk, done, step.column)
        if held and column.type != held[0][2].type:
            yield from _apply_to(held, step, quarantine)
            held, rows = [], 0
        held.append((chunk, done, column))
        rows += len(column)
        if rows >= window:
            yield from _apply_to(held, step, quarantine)
            held, rows = [], 0
    yield from _apply_to(held, step, quarantine)


def _column(chunk: Chunk, done: Sequence[Added], name: str) -> pa.Array:
    """Return the texts of a column as Arrow; null where they cannot be read."""
    import pyarrow as pa

    texts, bad = _values(chunk, done, name)
    if isinstance(chunk, ParquetChunk) and name in chunk.data.schema.names and not bad:
        return chunk.data.column(name)
    kind = _type_of(chunk, done, name)
    return pa.array([None if i in bad else text for i, text in enumerate(texts)], kind or pa.string())


def _apply_to(held: list[tuple[Chunk, list[Added], pa.Array]], step: Step, quarantine: bool) -> Iterator[Done]:
    """Run a step on the rows of some chunks at once."""
    import pyarrow as pa

    if not held:
        return
    columns = [column for _, _, column in held]
    whole = columns[0] if len(columns) == 1 else pa.chunked_array(columns).unify_dictionaries().combine_chunks()
    batch = pa.RecordBatch.from_arrays([whole], names=[step.column])
    failures: dict[int, str] = {}
    new = _tried(step, batch, list(step.fields(batch.schema.field(0))), 0, failures)
    at = 0
    for chunk, done, column in held:
        n = len(column)
        mine = {i - at: why for i, why in failures.items() if at <= i < at + n}
        if mine and not quarantine:
            msg = f"{chunk.where(min(mine))}: {mine[min(mine)]}"
            raise DataError(msg)
        mine.update(_values(chunk, done, step.column)[1])
        yield chunk, [*done, Columns(new.slice(at, n), mine)]
        at += n


def _tried(
    step: Step, batch: pa.RecordBatch, fields: Sequence[pa.Field], first: int, failures: dict[int, str]
) -> pa.RecordBatch:
    """Return what a step adds to a batch; where it fails the batch is halved until the row at fault is alone."""
    import pyarrow as pa

    schema = pa.schema(fields)
    try:
        out = step(batch)
        if out.num_rows != batch.num_rows:
            msg = f"The step '{step.kind}' was given {batch.num_rows} rows and returned {out.num_rows}."
            raise PluginError(msg)
        return out.select(schema.names).cast(schema)
    except (UsageError, MemoryError):
        raise
    except Exception as error:
        if batch.num_rows > 1:
            half = batch.num_rows // 2
            parts = [
                _tried(step, batch.slice(0, half), fields, first, failures),
                _tried(step, batch.slice(half), fields, first + half, failures),
            ]
            return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]
        said = str(error) if isinstance(error, TextnormError) else f"{type(error).__name__}: {error}"
        failures[first] = Reason(said, step.kind, getattr(error, "rule", None))
        return pa.RecordBatch.from_arrays([pa.nulls(1, field.type) for field in fields], schema=schema)
