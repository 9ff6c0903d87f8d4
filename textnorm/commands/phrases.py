"""``textnorm phrases``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from textnorm.commands.common import column_option

if TYPE_CHECKING:
    from textnorm.normalizers.phrasebook.book import Book, SlotList
    from textnorm.normalizers.phrasebook.matcher import Matcher

#: Phrasings that ``expand`` lists where the user sets no limit.
LIMIT = 1000
#: What ``match`` prints of a row that is null.
NOTHING: dict[str, Any] = {"text": None, "frame": None, "slots": {}, "text_norm": None, "edits": []}
Command = TypeVar("Command", bound=Callable[..., Any])


def _book_options(command: Command) -> Command:
    for option in (
        click.option("--lists", type=click.Path(path_type=Path), help="YAML with lists that the BOOK lacks."),
        click.option("--language", help="Which language, where BOOK is a folder with several."),
        click.argument("book", type=click.Path(path_type=Path), metavar="BOOK"),
    ):
        command = option(command)
    return command


def _load(book: Path, language: str | None, lists: Path | None) -> tuple[Book, dict[str, SlotList]]:
    from textnorm.normalizers.phrasebook.fixtures import read_lists
    from textnorm.normalizers.phrasebook.load import load_book

    return load_book(book, language=language), read_lists(lists) if lists is not None else {}


def _matcher(book: Path, language: str | None, lists: Path | None, *, check: bool = True) -> Matcher:
    from textnorm.normalizers.phrasebook.compile import compile_book

    loaded, own = _load(book, language, lists)
    matcher = compile_book(loaded, lists=own, check=check)
    if check and matcher.network.left_out:
        count = len(matcher.network.left_out)
        click.echo(f"{count} sentences left out: the book lacks a rule or list ('phrases check' names them)", err=True)
    return matcher


@click.group("phrases")
def command() -> None:
    """Phrasebooks: check, expand and match.

    \b
    textnorm phrases check rules/phrasebooks/lt-house.yaml
    textnorm phrases expand rules/phrasebooks/lt-house.yaml --sample 10
    echo "įjunk šviesą virtuvėje" | textnorm phrases match rules/phrasebooks/lt-house.yaml

    BOOK is a YAML file in hassil's template language, a folder of such files, or Home Assistant's layout
    (sentences/LANGUAGE/*.yaml).
    """  # noqa: D301 - click reads the escape


@command.command("check")
@_book_options
@click.option("--quiet", is_flag=True, help="Only faults, no notes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(book: Path, language: str | None, lists: Path | None, quiet: bool, as_json: bool) -> int:
    """Find conflicts, sentences that never win, missing and unused names, failing examples; exit code 1 on faults."""
    from textnorm.normalizers.phrasebook.check import check_book

    findings, figures = check_book(_matcher(book, language, lists, check=False))
    faults = [f for f in findings if f.fault]
    if as_json:
        rows = [{"kind": f.kind, "message": f.message, "where": f.where, "fault": f.fault} for f in findings]
        click.echo(json.dumps({"findings": rows, **figures}, ensure_ascii=False))
        return 1 if faults else 0
    for finding in faults if quiet else findings:
        click.echo(f"{finding}{'' if finding.fault else ' (note)'}", err=True)
    whole = "all" if figures["complete"] else "the first"
    click.echo(
        f"{book}: {figures['frames']} frames, {figures['templates']} sentences, {figures['classes']} classes, "
        f"{figures['phrasings']:,} phrasings; {whole} {figures['states']:,} states walked, {figures['tried']:,} "
        f"generated sentences tried, {figures['examples']} examples; {len(faults)} faults, "
        f"{len(findings) - len(faults)} notes."
    )
    return 1 if faults else 0


@command.command("expand")
@_book_options
@click.option("--frame", help="Only this frame.")
@click.option("--count", is_flag=True, help="Only count, by frame; nothing is listed.")
@click.option("--sample", type=click.IntRange(1), help="Draw so many, uniformly, instead of listing.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of --sample.")
@click.option("--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="List at most so many.")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines with frame, slots and context.")
def expand(
    book: Path,
    language: str | None,
    lists: Path | None,
    frame: str | None,
    count: bool,
    sample: int | None,
    seed: int,
    limit: int,
    as_json: bool,
) -> None:
    """List or draw the phrasings of a BOOK: test data, or training data for a classifier."""
    from textnorm.normalizers.phrasebook.expand import Generator

    generator = Generator(_matcher(book, language, lists))
    if count:
        names = [frame] if frame is not None else generator.matcher.book.frames
        for name in names:
            click.echo(f"{generator.count(name)}\t{name}")
        return
    total = generator.count(frame)
    if sample is not None:
        made: Any = generator.sample(sample, frame=frame, seed=seed)
    else:
        made = generator.enumerate(frame, limit)
        if total > limit:
            click.echo(f"{total:,} phrasings; the first {limit:,} follow (--limit, --sample, --count)", err=True)
    for one in made:
        if not as_json:
            click.echo(one.text)
            continue
        row = {"text": one.text, "frame": one.frame, "slots": dict(one.slots), "context": dict(one.context)}
        click.echo(json.dumps(row, ensure_ascii=False))


def _refuse(constant: str) -> None:
    msg = f"{constant} is no JSON value"
    raise ValueError(msg)


@command.command("match")
@_book_options
@click.argument("file", required=False, default="-")
@click.option("--context", help="JSON object of context values, given with every sentence.")
@click.option("--fallback", metavar="ENCODER", help="Nearest phrasing where nothing matches: 'ngrams' or an encoder.")
@click.option("--min-p", type=click.FloatRange(0, 1), default=0.8, show_default=True, help="Of --fallback.")
@column_option
def match(
    book: Path,
    language: str | None,
    lists: Path | None,
    file: str,
    context: str | None,
    fallback: str | None,
    min_p: float,
    column: str,
) -> None:
    """Match each text of FILE, or of standard input; JSON Lines with text, frame, slots, text_norm and edits.

    FILE is text, JSON Lines, TSV or Parquet by its ending, perhaps .gz or .zst.
    """
    from textnorm.errors import UsageError
    from textnorm.normalizers.phrasebook.normalizer import make_phrasebook
    from textnorm.streaming.added import encode_json
    from textnorm.streaming.formats import STDIO, check_input, detect
    from textnorm.streaming.readers import ReadOptions, read

    given: dict[str, Any] = {}
    if context is not None:
        try:
            given = json.loads(context, parse_constant=_refuse)
        except ValueError as error:
            msg = f"--context is no JSON: {error}."
            raise UsageError(msg) from error
        if not isinstance(given, dict):
            msg = f"--context must be a JSON object, not {context}."
            raise UsageError(msg)
    form = detect(file)
    if file != STDIO:
        check_input(file)
    nlp = make_phrasebook(
        str(book), language=language, lists=None if lists is None else str(lists), fallback=fallback, min_p=min_p
    )
    if nlp.matcher.network.left_out:
        count = len(nlp.matcher.network.left_out)
        click.echo(f"{count} sentences left out: the book lacks a rule or list ('phrases check' names them)", err=True)
    # A line's carriage return is text, as everywhere; punctuation and spaces round a sentence never matter.
    for chunk in read(file, form, ReadOptions(column=column, advice="Convert it to UTF-8.")):
        for text in chunk.texts:
            row = NOTHING if text is None else nlp.answer(text, given)
            click.echo(encode_json(json.dumps(row, ensure_ascii=False)))
