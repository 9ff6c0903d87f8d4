"""What several commands share: options, progress, colour."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from textnorm.errors import UsageError

if TYPE_CHECKING:
    from textnorm.arrow import Outcome
    from textnorm.streaming.chunks import Chunk
    from textnorm.streaming.work import Tally

DEFAULT_PIPELINE = "lt-speech"
QUARANTINED = 3
#: Rows set aside that are named one by one; the rest are only counted.
NAMED = 20
Command = TypeVar("Command", bound=Callable[..., Any])


def pipeline_option(command: Command) -> Command:
    """Add ``-p``."""
    return click.option(
        "-p",
        "--pipeline",
        default=DEFAULT_PIPELINE,
        show_default=True,
        metavar="PIPELINE",
        help="A built-in name ('textnorm pipelines'), a .cfg file, a phrasebook or a model's folder.",
    )(command)


def set_option(command: Command) -> Command:
    """Add ``--set``."""
    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="Replace a value of the pipeline, as components.nsw.domain=legal; VALUE as in a .cfg.",
    )(command)


def overrides_of(settings: Sequence[str]) -> dict[str, Any]:
    """Return what ``--set`` gives as overrides by dotted key; a bare word is a string, as in a ``.cfg``.

    Raises:
        UsageError: no ``KEY=VALUE``.
    """
    found: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            msg = f"--set takes KEY=VALUE, not '{setting}'."
            raise UsageError(msg)
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


def column_option(command: Command) -> Command:
    """Add ``--column``."""
    return click.option(
        "--column", default="text", show_default=True, help="Column (field) with the text, in all formats but text."
    )(command)


def document_option(command: Command) -> Command:
    """Add ``--document``."""
    return click.option(
        "--document",
        metavar="COLUMN",
        help="Column with document ids: consecutive rows of one id are one document for components that need it.",
    )(command)


def overwrite_option(command: Command) -> Command:
    """Add ``--overwrite-columns``."""
    return click.option(
        "--overwrite-columns", is_flag=True, help="Replace columns that have the names of the new ones."
    )(command)


def terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is a terminal; a closed one is ``None``."""
    return stream is not None and stream.isatty()


def colour() -> bool:
    """Whether standard output may be coloured: a terminal, and NO_COLOR is not set."""
    return terminal(sys.stdout) and not os.environ.get("NO_COLOR")


def grammar_of(value: dict[str, Any]) -> list[str]:
    """Take the account of inflected words out of an edit's value; a line each: *trijų: cardinal, genitive plural*."""
    accounts = value.get("grammar")
    if not isinstance(accounts, list) or not all(isinstance(item, dict) and "words" in item for item in accounts):
        return []
    del value["grammar"]
    return [
        f"{item['words']}: {item.get('kind', '')}, "
        + " ".join(str(item[key]) for key in ("case", "gender", "number") if key in item)
        for item in accounts
    ]


class Notes:
    """Progress and rows set aside, on standard error; progress only on a terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._live = terminal(sys.stderr) and not quiet
        self._last = 0.0
        self._rows = 0
        self._bytes = 0
        self._shown = False
        self._named = 0

    def chunk(self, chunk: Chunk, got: Outcome) -> None:
        """Take note of a chunk that is done."""
        for i, reason in sorted(got.failures.items()):
            self._named += 1
            if self._named <= NAMED:
                self.say(f"quarantined: {chunk.where(i)}: {reason}")
        self._rows += chunk.rows
        self._bytes += chunk.size
        if self._live and monotonic() - self._last > 0.2:
            self._last, self._shown = monotonic(), True
            click.echo(f"\r\x1b[K{self._rows:,} rows, {self._bytes / 1e6:,.1f} MB", err=True, nl=False)

    def say(self, message: str) -> None:
        """Print one line."""
        self.clear()
        click.echo(message, err=True)

    def clear(self) -> None:
        """Remove the progress line."""
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._shown = False

    def end(self, tally: Tally) -> int:
        """Say what the user must know and return the exit code."""
        self.clear()
        if self._named > NAMED:
            self.say(f"quarantined: {self._named - NAMED} more")
        if tally.replaced:
            self.say(f"note: invalid UTF-8 was replaced in {tally.replaced} lines")
        if tally.quarantined:
            self.say(f"{tally.quarantined} of {tally.rows} rows quarantined: they have no reading")
            return QUARANTINED
        return 0
