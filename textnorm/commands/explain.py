"""``textnorm explain``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from textnorm.commands.common import colour, grammar_of, overrides_of, pipeline_option, set_option, terminal
from textnorm.errors import UsageError
from textnorm.streaming.formats import STDIO, Format, check_output

if TYPE_CHECKING:
    from textnorm.edits import Edit, Normalized
    from textnorm.pipeline import Pipeline

#: Columns of a terminal below which a table would break every cell; each edit gets its own lines instead.
NARROW = 72
HEADINGS = ("span", "source", "reading", "label", "rule", "conf.", "why")


@click.command("explain")
@click.argument("texts", nargs=-1, metavar="TEXT...")
@pipeline_option
@set_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a text.")
@click.option("--html", metavar="FILE", help="Write one self-contained page, source and reading side by side.")
def command(texts: tuple[str, ...], pipeline: str, settings: tuple[str, ...], as_json: bool, html: str | None) -> int:
    """Show what changed in each TEXT, by which rule, and why.

    \b
    textnorm explain "Kaina 15 Eur."
    textnorm explain --html page.html - < article.txt

    '-' (or no TEXT and something piped in) reads texts from standard input, one a line. A TEXT that begins with '-'
    stands behind '--'.
    """  # noqa: D301 - click reads the escape
    if as_json and html is not None:
        msg = "--json and --html exclude each other."
        raise UsageError(msg)
    if not texts:
        if terminal(sys.stdin):
            msg = 'Give a text, for example: textnorm explain "Kaina 15 Eur."'
            raise UsageError(msg)
        texts = (STDIO,)
    if texts.count(STDIO) > 1:
        msg = "Standard input ('-') can be read only once."
        raise UsageError(msg)
    if html is not None:
        check_output(html, [STDIO] if STDIO in texts else [])

    from textnorm.config import load

    nlp = load(pipeline, overrides=overrides_of(settings))
    outs = nlp.batch(_texts(texts))
    if html is not None:
        from textnorm.streaming.files import writing

        # Imported by name: the page is large and only needed here.
        page: str = import_module("textnorm.commands.explain_html").render(outs, nlp)
        with writing(html) as sink:
            sink.write(page.encode("utf-8", "replace"))
    elif as_json:
        from textnorm.streaming.added import encode_json

        for out in outs:
            item = {"source": out.source, "text": out.text, "edits": _with_reasons(out, nlp)}
            sys.stdout.buffer.write(encode_json(json.dumps(item, ensure_ascii=False) + "\n"))
    else:
        show = _rich if colour() else _plain
        # The empty lines between paragraphs say nothing.
        shown = [out for out in outs if out.source.strip() or out.edits or len(outs) == 1]
        for i, out in enumerate(shown):
            if i:
                click.echo()
            show(out, nlp)
    return 0


def _texts(arguments: Sequence[str]) -> list[str]:
    """Return the texts, those of standard input in its place."""
    from textnorm.streaming.readers import ReadOptions, read

    texts: list[str] = []
    for argument in arguments:
        if argument == STDIO:
            for chunk in read(STDIO, Format("text"), ReadOptions()):
                texts.extend(text or "" for text in chunk.texts)
        else:
            # Bytes of an argument that are no UTF-8 arrive as half surrogate pairs.
            try:
                argument.encode("utf-8")
            except UnicodeEncodeError as error:
                msg = f"A text on the command line is invalid UTF-8 at character {error.start}."
                raise UsageError(msg) from error
            texts.append(argument)
    return texts


def _with_reasons(out: Normalized, nlp: Pipeline) -> list[dict[str, object]]:
    items: list[dict[str, object]] = []
    for edit, item in zip(out.edits, out.to_dicts(), strict=True):
        why = nlp.describe(edit.rule)
        items.append({**item, "why": why} if why else item)
    return items


def visible(text: str) -> str:
    """Return a text in which every character can be seen; what cannot is written as its escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def _cells(out: Normalized, edit: Edit, nlp: Pipeline) -> tuple[str, ...]:
    reading = "(marked)" if edit.replacement is None else visible(edit.replacement) or "(deleted)"
    reasons = [nlp.describe(edit.rule)]
    value = edit.value
    if isinstance(value, dict) and isinstance(value.get("why"), str):
        reasons.append(value["why"])  # a component's own words need no quotes
        value = {key: item for key, item in value.items() if key != "why"}
        reasons.extend(grammar_of(value))
    if value:
        reasons.append(json.dumps(value, ensure_ascii=False, sort_keys=True))
    why = "; ".join(reason for reason in reasons if reason)
    source = visible(out.source[edit.start : edit.end]) or "(inserted)"
    return (f"{edit.start}-{edit.end}", source, reading, edit.label, edit.rule, f"{edit.confidence:.2f}", visible(why))


def _plain(out: Normalized, nlp: Pipeline) -> None:
    click.echo(f"source   {visible(out.source)}")
    click.echo(f"reading  {visible(out.text)}")
    if not out.edits:
        click.echo("  nothing changed")
        return
    rows = [HEADINGS, *(_cells(out, edit, nlp) for edit in out.edits)]
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        click.echo("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _rich(out: Normalized, nlp: Pipeline) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    source, reading = Text(), Text()
    at = 0
    for edit in out.edits:
        if edit.replacement is None:
            continue
        same = visible(out.source[at : edit.start])
        source.append(same)
        reading.append(same)
        source.append(visible(out.source[edit.start : edit.end]), style="red")
        reading.append(visible(edit.replacement), style="green")
        at = edit.end
    source.append(visible(out.source[at:]))
    reading.append(visible(out.source[at:]))
    console = Console(highlight=False)
    console.print(source)
    console.print(reading)
    if not out.edits:
        console.print("nothing changed", style="dim")
        return
    rows = [_cells(out, edit, nlp) for edit in out.edits]
    if console.width < NARROW:
        for span, before, after, label, rule, confidence, why in rows:
            console.print(Text(f"{span} {label} {rule} {confidence}", style="dim"))
            console.print(Text.assemble("  ", (before, "red"), " \u2192 ", (after, "green")))
            if why:
                console.print(Text(f"  {why}", style="dim"))
        return
    table = Table(box=None, header_style="dim")
    shown = len(HEADINGS) if any(row[-1] for row in rows) else len(HEADINGS) - 1
    for heading in HEADINGS[:shown]:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row[:shown]))
    console.print(table)
