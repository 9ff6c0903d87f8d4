"""Files in, one file out: what ``textnorm normalize`` does."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from textnorm.pipeline import Pipeline
from textnorm.streaming.added import Normed
from textnorm.streaming.files import writing
from textnorm.streaming.formats import Format, detect
from textnorm.streaming.readers import ReadOptions, read
from textnorm.streaming.work import OnChunk, Tally, process
from textnorm.streaming.writers import EditsWriter, WriteOptions, make_writer


def normalize_files(
    inputs: Sequence[tuple[str, Format]],
    output: str,
    form: Format,
    pipeline: Pipeline,
    options: ReadOptions,
    *,
    edits: str | None = None,
    overwrite_columns: bool = False,
    on_chunk: OnChunk | None = None,
) -> Tally:
    """Normalize files one after the other into one.

    Args:
        inputs: paths (``-`` is standard input) with their formats.
        output: path, ``-`` for standard output; it appears only when all is done.
        form: format of the output.
        pipeline: the pipeline.
        options: how to read.
        edits: path of an ``EDITS.jsonl`` to write, too.
        overwrite_columns: replace columns that have the new names.
        on_chunk: called with each chunk that is written.

    Raises:
        DataError: damaged or invalid data.
        UsageError: a column is missing or taken.
    """
    tally = Tally()
    with ExitStack() as stack:
        # Entered first, so closed last: when the text appears under its name the edits are there.
        sink = stack.enter_context(writing(output, form.codec))
        writer = make_writer(form.kind, sink, WriteOptions.of(pipeline, options.column, overwrite_columns))
        stack.callback(writer.abort)
        notes = EditsWriter(stack.enter_context(writing(edits, detect(edits).codec))) if edits else None
        for path, kind in inputs:
            for chunk, got in process(read(path, kind, options), pipeline, quarantine=options.errors == "quarantine"):
                writer.write(chunk, [Normed(options.column, got)])
                if notes is not None:
                    notes.write(chunk, got)
                if output == "-":
                    sink.flush()
                tally.add(chunk, got)
                if on_chunk is not None:
                    on_chunk(chunk, got)
        writer.close()
    return tally
