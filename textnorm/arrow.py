"""The public streaming function: Arrow record batches in, the same with new columns out.

Every engine is a thin adapter round :func:`normalize_batches`. What a row becomes never depends on how the rows are cut
into batches.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import pyarrow as pa

from textnorm import __version__
from textnorm.edits import Edit, Edits
from textnorm.edits.serialise import arrow_type, to_arrow
from textnorm.errors import DataError, UsageError, choices
from textnorm.nested import NestedOutcome, TextLists, edits_type, flatten, is_nested, reading_type, regroup
from textnorm.pipeline import Documents, Pipeline, document_runs

OnError = Literal["fail", "quarantine"]
Status = Literal["unchanged", "changed", "abstained", "quarantined"]
#: Called for each row set aside: its number from 0, the reason, the text.
OnQuarantine = Callable[[int, str, str], None]
SUFFIXES = ("norm", "edits", "status")
#: Key of the schema metadata: JSON with pipeline and versions for each column that was normalized.
METADATA_KEY = b"textnorm"


@dataclass(frozen=True)
class Outcome:
    """What became of ``n`` texts.

    Attributes:
        norm: the normalized texts; ``None`` for a null or quarantined row.
        edits: edits of all ``n`` rows.
        status: one a row; ``None`` for a null row.
        failures: reason by index of each quarantined row.
    """

    norm: list[str | None]
    edits: Edits
    status: list[Status | None]
    failures: dict[int, str]

    @property
    def valid(self) -> list[bool]:
        """Whether a row has a reading."""
        return [text is not None for text in self.norm]

    def part(self, a: int, b: int) -> Outcome:
        """Return rows ``a`` to ``b`` (exclusive)."""
        failures = {i - a: why for i, why in self.failures.items() if a <= i < b}
        return Outcome(self.norm[a:b], self.edits[a:b], self.status[a:b], failures)

    @staticmethod
    def concat(parts: Sequence[Outcome]) -> Outcome:
        """Return several stretches of rows as one."""
        failures: dict[int, str] = {}
        at = 0
        for part in parts:
            failures.update({at + i: why for i, why in part.failures.items()})
            at += len(part.norm)
        return Outcome(
            [text for part in parts for text in part.norm],
            Edits.concat([part.edits for part in parts]),
            [status for part in parts for status in part.status],
            failures,
        )


def outcome(
    pipeline: Pipeline,
    texts: Sequence[str | None],
    documents: Documents | None = None,
    *,
    on_error: OnError = "fail",
    failures: dict[int, str] | None = None,
    first_row: int = 0,
) -> Outcome:
    """Normalize rows that may be null or already known to be bad.

    Args:
        pipeline: the pipeline.
        texts: ``n`` texts; ``None`` stays null.
        documents: ``n`` document ids, or ``None``.
        on_error: whether a row on which a component fails is set aside or stops the work.
        failures: rows that could not be read, by index; they are quarantined.
        first_row: number of the first row, for messages.

    Raises:
        DataError: a component failed on a row and ``on_error`` is ``fail``.
    """
    n = len(texts)
    bad = dict(failures or {})
    good: Sequence[int]
    if not bad and None not in texts:
        good, inputs = range(n), cast("list[str]", list(texts))
    else:
        good = [i for i, text in enumerate(texts) if text is not None and i not in bad]
        inputs = [text for i, text in enumerate(texts) if text is not None and i not in bad]
    ids: list[int] | None = None
    if documents is not None:
        # Numbers of runs, not the ids: a row left out here must not join what stood on its two sides.
        number = np.zeros(n, dtype=np.int64)
        for k, (a, b) in enumerate(document_runs(documents, n)):
            number[a:b] = k
        ids = number[list(good)].tolist() if good else []
    edits, failed = pipeline.try_edits(inputs, ids)
    if failed and on_error == "fail":
        i = min(failed)
        msg = f"Row {first_row + good[i]}: {failed[i]}"
        raise DataError(msg)
    done: list[str | None] = list(edits.apply(inputs))
    status: list[Status | None] = ["unchanged"] * len(inputs)
    for i in edits.touched_rows().tolist():
        if done[i] != inputs[i]:
            status[i] = "changed"
        elif any(_abstains(edit) for edit in edits.row(i)):
            status[i] = "abstained"
    for i in failed:
        done[i], status[i] = None, "quarantined"
    if len(good) == n:
        return Outcome(done, edits, status, failed)
    norm: list[str | None] = [None] * n
    full: list[Status | None] = [None] * n
    sizes = np.zeros(n, dtype=np.int64)
    sizes[good] = np.diff(edits.offsets)
    for k, i in enumerate(good):
        norm[i], full[i] = done[k], status[k]
    for i in bad:
        full[i] = "quarantined"
    bad.update({good[k]: reason for k, reason in failed.items()})
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    spread = Edits(
        offsets, edits.start, edits.end, edits.replacement, edits.label, edits.rule, edits.confidence, edits.value
    )
    return Outcome(norm, spread, full, bad)


def outcome_of_lists(
    pipeline: Pipeline,
    lists: TextLists,
    documents: Documents | None = None,
    *,
    on_error: OnError = "fail",
    first_row: int = 0,
) -> NestedOutcome:
    """Normalize the items of lists; without ids the items of one row are one document.

    Raises:
        DataError: a component failed on an item and ``on_error`` is ``fail``.
    """
    flat = flatten(lists)
    ids = flat.spread(documents, whole=pipeline.scope == "document")
    got = outcome(pipeline, flat.texts, ids, on_error="quarantine")
    done = regroup(flat, got.norm, got.edits, got.status, got.failures)
    if done.failures and on_error == "fail":
        i = min(done.failures)
        msg = f"Row {first_row + i}: {done.failures[i]}"
        raise DataError(msg)
    return done


def _abstains(edit: Edit) -> bool:
    return edit.replacement is None and isinstance(edit.value, dict) and edit.value.get("abstained") is True


def normalize_batches(
    batches: Iterable[pa.RecordBatch],
    pipeline: Pipeline,
    column: str = "text",
    *,
    overwrite_columns: bool = False,
    document_column: str | None = None,
    on_error: OnError = "fail",
    on_quarantine: OnQuarantine | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield each batch with ``COL_norm``, ``COL_edits`` and ``COL_status`` behind its own columns.

    Nulls stay null in all three. A quarantined row has a null reading, null edits and its status. With a
    ``document_column`` and a component of scope ``document``, rows are held back until their document is complete, so
    batches may be cut elsewhere than in the input; otherwise one batch gives one batch.

    Args:
        batches: record batches of one schema.
        pipeline: the pipeline.
        column: column with the text (string, large_string, string_view, a dictionary of one, or a list of them).
        overwrite_columns: replace columns that have the new names, in their place.
        document_column: column with document ids; consecutive equal ids are one document.
        on_error: ``fail`` stops at the first row on which a component fails; ``quarantine`` sets it aside.
        on_quarantine: called for each row set aside.

    Raises:
        UsageError: a column is missing or no text, or a new name is taken.
        DataError: a component failed on a row and ``on_error`` is ``fail``.
    """
    row = 0
    for batch in _whole_documents(batches, pipeline, document_column):
        out = _normalize(batch, pipeline, column, overwrite_columns, document_column, on_error, row, on_quarantine)
        row += batch.num_rows
        yield out


def output_schema(
    schema: pa.Schema, pipeline: Pipeline, column: str = "text", *, overwrite_columns: bool = False
) -> pa.Schema:
    """Return the schema that :func:`normalize_batches` gives for an input schema.

    Raises:
        UsageError: the column is missing or no text, or a new name is taken.
    """
    check_column(schema, column)
    added = added_fields(schema.field(column))
    metadata = _metadata(schema.metadata, pipeline, column)
    return with_fields(schema, added, overwrite=overwrite_columns).with_metadata(metadata)


def added_fields(column: pa.Field) -> list[pa.Field]:
    """Return the three fields that normalizing a column adds.

    Raises:
        UsageError: the column is no text and no list of texts.
    """
    kind = column.type
    text = text_type(kind.value_type if is_nested(kind) else kind)
    if text is None:
        msg = f"The column '{column.name}' is {kind}, not text."
        raise UsageError(msg)
    return [
        pa.field(f"{column.name}_norm", reading_type(kind, text) if is_nested(kind) else text),
        pa.field(f"{column.name}_edits", edits_type() if is_nested(kind) else arrow_type()),
        pa.field(f"{column.name}_status", pa.string()),
    ]


def with_fields(schema: pa.Schema, added: Sequence[pa.Field], *, overwrite: bool = False) -> pa.Schema:
    """Return a schema with fields added behind its own, or in the place of those that have their names.

    Raises:
        UsageError: a name is taken and must not be overwritten.
    """
    fields = list(schema)
    for field in added:
        at = schema.get_all_field_indices(field.name)
        if at and not overwrite:
            msg = f"There is a column '{field.name}' already; --overwrite-columns (overwrite_columns=True) replaces it."
            raise UsageError(msg)
        if at:
            fields[at[0]] = field
        else:
            fields.append(field)
    return pa.schema(fields, metadata=schema.metadata)


def check_column(schema: pa.Schema, column: str) -> None:
    """Check that a column is there, once.

    Raises:
        UsageError: it is not; lists those that are.
    """
    found = schema.get_all_field_indices(column)
    if not found:
        msg = f"There is no column '{column}'. {choices(column, schema.names)}"
        raise UsageError(msg)
    if len(found) > 1:
        msg = f"There are {len(found)} columns '{column}'."
        raise UsageError(msg)


def text_type(kind: pa.DataType) -> pa.DataType | None:
    """Return the type of the reading of a text column, ``None`` where it is no text."""
    if pa.types.is_dictionary(kind):
        return text_type(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return kind
    return pa.string() if pa.types.is_null(kind) else None


def metadata_with(old: dict[bytes, bytes] | None, column: str, facts: dict[str, Any]) -> dict[bytes, bytes]:
    """Note in a schema's metadata what was done to a column."""
    metadata = dict(old or {})
    try:
        entries: dict[str, Any] = json.loads(metadata.get(METADATA_KEY, b"{}"))
    except ValueError:
        entries = {}
    entries[column] = {**entries.get(column, {}), **facts}
    metadata[METADATA_KEY] = json.dumps(entries, ensure_ascii=False, sort_keys=True).encode()
    return metadata


def _metadata(old: dict[bytes, bytes] | None, pipeline: Pipeline, column: str) -> dict[bytes, bytes]:
    """Say which pipeline read which column; never when or where, so that equal work gives equal bytes."""
    return metadata_with(old, column, facts_of(pipeline))


def facts_of(pipeline: Pipeline) -> dict[str, Any]:
    """Return what decides the readings of a pipeline."""
    return {
        "pipeline": pipeline.name,
        "fingerprint": pipeline.fingerprint,
        "textnorm": __version__,
        "components": pipeline.versions,
    }


def _normalize(
    batch: pa.RecordBatch,
    pipeline: Pipeline,
    column: str,
    overwrite_columns: bool,
    document_column: str | None,
    on_error: OnError,
    first_row: int,
    on_quarantine: OnQuarantine | None,
) -> pa.RecordBatch:
    schema = output_schema(batch.schema, pipeline, column, overwrite_columns=overwrite_columns)
    texts = batch.column(column).to_pylist()
    documents = None
    if document_column is not None:
        check_column(batch.schema, document_column)
        documents = batch.column(document_column).to_pylist()
    kind = schema.field(f"{column}_norm").type
    got: Outcome | NestedOutcome
    if is_nested(kind):
        got = outcome_of_lists(pipeline, texts, documents, on_error=on_error, first_row=first_row)
        new = got.arrays(kind.value_type, large=pa.types.is_large_list(kind))
    else:
        got = outcome(pipeline, texts, documents, on_error=on_error, first_row=first_row)
        new = new_columns(got, kind, batch.column(column))
    if on_quarantine is not None:
        for i, reason in sorted(got.failures.items()):
            on_quarantine(first_row + i, reason, texts[i] if isinstance(texts[i], str) else json.dumps(texts[i]))
    by_name = dict(zip((f"{column}_{suffix}" for suffix in SUFFIXES), new, strict=True))
    columns = [by_name[field.name] if field.name in by_name else batch.column(i) for i, field in enumerate(schema)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def new_columns(got: Outcome, kind: pa.DataType, source: pa.Array | None = None) -> list[pa.Array]:
    """Return the reading (of type ``kind``), the edits and the status of an outcome as Arrow arrays.

    Args:
        got: what became of the rows.
        kind: type of the reading.
        source: the column that was read; where nothing was edited it is the reading, without a copy.
    """
    edits = to_arrow(got.edits)
    if source is not None and source.type == kind and not got.edits.count and not got.failures:
        status: pa.Array = pa.repeat("unchanged", len(got.status))
        if source.null_count:
            status = pa.array(got.status, pa.string())
            edits = pa.ListArray.from_arrays(edits.offsets, edits.values, type=edits.type, mask=source.is_null())
        return [source, edits, status]
    if None in got.norm:
        null = pa.array(np.logical_not(got.valid))
        edits = pa.ListArray.from_arrays(edits.offsets, edits.values, type=edits.type, mask=null)
    return [pa.array(got.norm, kind), edits, pa.array(got.status, pa.string())]


def _whole_documents(
    batches: Iterable[pa.RecordBatch], pipeline: Pipeline, document_column: str | None
) -> Iterator[pa.RecordBatch]:
    """Re-cut batches so that no document is cut, where that makes a difference."""
    if document_column is None or pipeline.scope != "document":
        yield from batches
        return
    held: list[pa.RecordBatch] = []  # the beginning of a document that may go on
    open_id: Any = None
    for batch in batches:
        if not batch.num_rows:
            continue
        check_column(batch.schema, document_column)
        ids = batch.column(document_column).to_pylist()
        runs = document_runs(ids, len(ids))
        if held and (open_id is None or ids[0] != open_id):
            yield _one(held)
            held = []
        last = runs[-1][0]
        if held and len(runs) > 1:
            held.append(batch.slice(0, runs[0][1]))
            yield _one(held)
            held = []
            if runs[0][1] < last:
                yield batch.slice(runs[0][1], last - runs[0][1])
        elif not held and last:
            yield batch.slice(0, last)
        held.append(batch.slice(last))
        open_id = ids[-1]
    if held:
        yield _one(held)


def _one(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(parts) == 1:
        return parts[0]
    return pa.Table.from_batches(parts).unify_dictionaries().combine_chunks().to_batches()[0]
