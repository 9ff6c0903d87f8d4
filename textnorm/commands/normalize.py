"""``textnorm normalize``."""

from __future__ import annotations

import sys
from typing import cast

import click

from textnorm.commands.common import (
    Notes,
    column_option,
    document_option,
    overrides_of,
    overwrite_option,
    pipeline_option,
    set_option,
    terminal,
)
from textnorm.errors import UsageError
from textnorm.streaming.formats import KINDS, STDIO, Format, Kind, check_input, check_output, detect, is_same

ADVICE = "--errors replace puts U+FFFD there, --errors quarantine sets the line aside."


@click.command("normalize")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@pipeline_option
@set_option
@click.option("-o", "--output", default=STDIO, metavar="OUT", help="Output file; its ending decides its format.")
@click.option("--edits", metavar="EDITS.jsonl", help="Write the edits of each text here, too.")
@column_option
@click.option(
    "--errors",
    type=click.Choice(["strict", "replace", "quarantine"]),
    default="strict",
    show_default=True,
    help="On invalid UTF-8 or a row that fails: stop; put U+FFFD there; or set the row aside (exit code 3).",
)
@document_option
@overwrite_option
@click.option("--from", "source", type=click.Choice(KINDS), help="Format of the input, whatever its ending.")
@click.option("--to", "target", type=click.Choice(KINDS), help="Format of the output, whatever its ending.")
def command(
    files: tuple[str, ...],
    pipeline: str,
    settings: tuple[str, ...],
    output: str,
    edits: str | None,
    column: str,
    errors: str,
    document: str | None,
    overwrite_columns: bool,
    source: Kind | None,
    target: Kind | None,
) -> int:
    """Normalize FILEs, or standard input, into one output.

    \b
    echo "Kaina 15 Eur." | textnorm normalize
    textnorm normalize article.txt -o out.txt --edits edits.jsonl
    textnorm normalize data.parquet --column body -o out.parquet -p lt-clean

    Text: one line in, one line out. JSON Lines, TSV and Parquet keep all their columns and get COL_norm, COL_edits
    and COL_status. Formats by ending: .txt .jsonl .tsv (each also .gz, .zst) .parquet; any other ending is text.
    Several FILEs of one format are written one after the other.
    """  # noqa: D301 - click reads the escape
    inputs = list(files) or [STDIO]
    forms = _forms(inputs, output, edits, source)
    form = detect(output)
    kind = target or (form.kind if form.named else forms[0].kind)
    if kind == "parquet" and output == STDIO and terminal(sys.stdout):
        msg = "Parquet is no text for a terminal; name a file with -o, or take --to jsonl."
        raise UsageError(msg)
    if STDIO in inputs and terminal(sys.stdin):
        click.echo("reading standard input; Ctrl-D ends it", err=True)

    from textnorm.config import load
    from textnorm.streaming.normalize import normalize_files
    from textnorm.streaming.readers import Errors, ReadOptions

    nlp = load(pipeline, overrides=overrides_of(settings))
    notes = Notes(quiet=output == STDIO and terminal(sys.stdout))
    tally = normalize_files(
        list(zip(inputs, forms, strict=True)),
        output,
        Format(kind, form.codec),
        nlp,
        ReadOptions(column, document, cast("Errors", errors), ADVICE),
        edits=edits,
        overwrite_columns=overwrite_columns,
        on_chunk=notes.chunk,
    )
    return notes.end(tally)


def _forms(inputs: list[str], output: str, edits: str | None, source: Kind | None) -> list[Format]:
    """Check all that is known before data are read; return the format of each input."""
    if inputs.count(STDIO) > 1:
        msg = "Standard input ('-') can be read only once."
        raise UsageError(msg)
    for path in inputs:
        check_input(path)
    forms = [detect(path) for path in inputs]
    if source is not None:
        forms = [Format(source, form.codec) for form in forms]
    if len({form.kind for form in forms}) > 1:
        kinds = ", ".join(sorted({form.kind for form in forms}))
        msg = f"The inputs have different formats ({kinds}); give files of one format, or use 'textnorm run'."
        raise UsageError(msg)
    check_output(output, inputs)
    if edits is not None:
        check_output(edits, inputs)
        if is_same(edits, output):
            msg = "The edits and the output need different places."
            raise UsageError(msg)
    return forms
