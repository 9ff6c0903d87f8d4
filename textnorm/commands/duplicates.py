"""``textnorm duplicates``."""

from __future__ import annotations

from typing import cast

import click

from textnorm.commands.common import NAMED, QUARANTINED, column_option, overwrite_option
from textnorm.errors import UsageError
from textnorm.streaming.formats import STDIO, check_input, check_output, detect, is_same


@click.command("duplicates")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--output", default=STDIO, metavar="OUT", help="Output: .jsonl (default), .tsv or .parquet.")
@column_option
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.8,
    show_default=True,
    help="Jaccard similarity of shingles from which texts are near duplicates.",
)
@click.option("--exact", "exact_only", is_flag=True, help="Equal texts only; needs no extra.")
@click.option("--shingle", type=click.IntRange(min=1), default=5, show_default=True, help="Words of a shingle.")
@click.option("--permutations", type=click.IntRange(16, 1024), default=128, show_default=True, help="Of MinHash.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the permutations.")
@click.option(
    "--memory", type=click.IntRange(min=1), default=64, show_default=True, help="MB of keys sorted at a time."
)
@click.option(
    "--errors",
    type=click.Choice(["strict", "replace", "quarantine"]),
    default="strict",
    show_default=True,
    help="On invalid UTF-8 or a faulty row: stop; put U+FFFD there; or leave the row without a verdict (exit code 3).",
)
@overwrite_option
@click.option("--json", "json_out", metavar="OUT", help="Also write the counts here.")
def command(
    files: tuple[str, ...],
    output: str,
    column: str,
    threshold: float,
    exact_only: bool,
    shingle: int,
    permutations: int,
    seed: int,
    memory: int,
    errors: str,
    overwrite_columns: bool,
    json_out: str | None,
) -> int:
    """Find equal and similar texts in FILEs; every row is kept and says of which it is a duplicate.

    \b
    textnorm duplicates corpus.parquet -o marked.parquet
    textnorm duplicates a.jsonl b.jsonl --column body --threshold 0.7 -o marked.jsonl

    Adds COL_dup_of (number from 0 of the first row of its cluster, over all FILEs; null for that row itself),
    COL_dup_kind (exact, near), COL_dup_similarity (estimated, to that row) and COL_dup_size (rows in the cluster). The
    files are read twice; keys lie in a temporary folder. The same files and options give the same bytes.
    """  # noqa: D301 - click reads the escape
    inputs = list(files)
    if STDIO in inputs:
        msg = "'duplicates' reads its input twice, so it needs files; standard input ('-') can be read once."
        raise UsageError(msg)
    for path in inputs:
        check_input(path)
    forms = [detect(path) for path in inputs]
    if len({form.kind for form in forms}) > 1:
        msg = f"The inputs have different formats ({', '.join(sorted({f.kind for f in forms}))}); give files of one."
        raise UsageError(msg)
    check_output(output, inputs)
    form = detect(output)
    if output != STDIO and (not form.named or form.kind == "text"):
        msg = f"{output}: the verdicts are columns; name a .jsonl, .tsv or .parquet file."
        raise UsageError(msg)
    if json_out is not None:
        check_output(json_out, inputs)
        if json_out == STDIO or is_same(json_out, output):
            msg = "--json needs a file of its own."
            raise UsageError(msg)

    import json

    from textnorm import __version__
    from textnorm.commands.duplicates_files import Marked, mark
    from textnorm.dedup.signature import Signer
    from textnorm.streaming.files import writing
    from textnorm.streaming.readers import Errors, ReadOptions

    signer = None if exact_only else Signer(threshold, permutations, shingle, seed)
    options = ReadOptions(column, None, cast("Errors", errors), "--errors replace puts U+FFFD there.")
    kind = "jsonl" if output == STDIO else form.kind
    faults = _Faults()
    marked: Marked = mark(
        list(zip(inputs, forms, strict=True)),
        output,
        kind,
        form.codec,
        options,
        signer,
        overwrite_columns=overwrite_columns,
        budget=memory << 20,
        say=faults.say,
    )
    faults.more()
    for line in marked.lines():
        click.echo(line, err=True)
    if json_out is not None:
        with writing(json_out) as stream:
            stream.write((json.dumps({**marked.counts(), "version": __version__}, indent=1) + "\n").encode())
    return QUARANTINED if marked.bad else 0


class _Faults:
    """Names the first rows that could not be read, and counts the others."""

    def __init__(self) -> None:
        self._named = 0

    def say(self, line: str) -> None:
        """Name one row."""
        self._named += 1
        if self._named <= NAMED:
            click.echo(line, err=True)

    def more(self) -> None:
        """Say how many were not named."""
        if self._named > NAMED:
            click.echo(f"quarantined: {self._named - NAMED} more", err=True)
