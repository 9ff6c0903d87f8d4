"""``textnorm diff``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from textnorm.commands.common import colour, column_option, overrides_of, pipeline_option, set_option
from textnorm.errors import UsageError
from textnorm.streaming.formats import STDIO, check_input, check_output, detect, label_of

if TYPE_CHECKING:
    from textnorm.edits import Edit
    from textnorm.pipeline import Pipeline

CHANGES = 4


@click.command("diff")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@pipeline_option
@set_option
@click.option("--against", metavar="PIPELINE", help="Show where PIPELINE reads otherwise ('-' lines are its readings).")
@click.option("--check", is_flag=True, help="Print only the number of changes; exit code 4 where there are any.")
@column_option
def command(
    files: tuple[str, ...], pipeline: str, settings: tuple[str, ...], against: str | None, check: bool, column: str
) -> int:
    """Show the lines of FILEs that change, with the rules that change them.

    \b
    textnorm diff article.txt
    textnorm diff article.txt -p mine.cfg --against lt-speech
    textnorm diff corpus.jsonl -p lt-clean --check
    """  # noqa: D301 - click reads the escape
    if files.count(STDIO) > 1:
        msg = "Standard input ('-') can be read only once."
        raise UsageError(msg)
    for path in files:
        check_input(path)
        detect(path)
    check_output(STDIO, list(files))

    from textnorm.config import load

    nlp = load(pipeline, overrides=overrides_of(settings))
    base = load(against) if against is not None else None
    changed = rows = 0
    for path in files:
        named = False
        for where, before, after, edits in _changes(path, column, nlp, base):
            rows += 1
            if before == after:
                continue
            changed += 1
            if check:
                continue
            if not named:
                label = label_of(path)
                _line(f"--- {label}" if base is None else f"--- {label} ({base.name})", bold=True)
                _line(f"+++ {label} ({nlp.name})", bold=True)
                named = True
            _line(f"@@ {where} @@", fg="cyan")
            _line(f"-{before}", fg="red")
            _line(f"+{after}", fg="green")
            for source, edit in edits:
                _line(f"    {edit.rule}: {source!r} > {edit.replacement!r}", dim=True)
    what = "read otherwise" if base is not None else "changed"
    click.echo(f"{changed} of {rows} rows {what}", err=True)
    return CHANGES if check and changed else 0


def _changes(
    path: str, column: str, nlp: Pipeline, base: Pipeline | None
) -> Iterator[tuple[str, str, str, list[tuple[str, Edit]]]]:
    """Yield the place of each text, what it was, what it becomes, and the edits that only one side makes."""
    from textnorm.streaming.readers import ReadOptions, read

    for chunk in read(path, detect(path), ReadOptions(column)):
        rows = [(i, text) for i, text in enumerate(chunk.texts) if text is not None]
        texts = [text for _, text in rows]
        edits = nlp.edits(texts)
        after = edits.apply(texts)
        other = base.edits(texts) if base is not None else None
        before = other.apply(texts) if other is not None else texts
        for k, (i, text) in enumerate(rows):
            mine: list[Edit] = [e for e in edits.row(k) if e.replacement is not None] if before[k] != after[k] else []
            if other is not None and mine:
                theirs = {(e.start, e.end, e.replacement) for e in other.row(k)}
                mine = [e for e in mine if (e.start, e.end, e.replacement) not in theirs]
            # The place without the name of the file, which stands above.
            place = chunk.where(i).removeprefix(f"{chunk.label}, ")
            yield place, before[k], after[k], [(text[e.start : e.end], e) for e in mine]


def _line(text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> None:
    click.echo(click.style(text, fg=fg, bold=bold, dim=dim) if colour() else text)
