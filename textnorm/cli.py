"""The ``textnorm`` command.

Commands are imported only when they run, so that ``textnorm --help`` needs nothing but click. One place turns errors
into messages and exit codes: 0 done, 1 a fault in the data or the system, 2 known before reading data, 3 done with
quarantined rows, 4 ``diff --check`` found changes, 130 interrupted, 141 the reader of our output went away, 143
terminated.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

import click

from textnorm import __version__
from textnorm.errors import TextnormError, UnknownNameError

#: Command -> module (its attribute ``command``) and one line of help.
COMMANDS: dict[str, tuple[str, str]] = {
    "normalize": ("textnorm.commands.normalize", "Normalize text, JSON Lines, TSV or Parquet."),
    "explain": ("textnorm.commands.explain", "Show what changed, by which rule, and why."),
    "diff": ("textnorm.commands.diff", "Show the lines that change, or that two pipelines read differently."),
    "run": ("textnorm.commands.run", "Normalize many files into a folder; can be resumed."),
    "pipelines": ("textnorm.commands.pipelines", "List the built-in pipelines."),
    "plugins": ("textnorm.commands.plugins", "List plugins, or check one against the contract."),
    "rules": ("textnorm.commands.rules", "List, check, show and measure rules."),
    "names": ("textnorm.commands.names", "Bring the written forms of each name of a document together."),
    "index": ("textnorm.commands.index", "Build and change an index of names."),
    "link": ("textnorm.commands.link", "Link names to the concepts of an index, with probabilities."),
    "train": ("textnorm.commands.train", "Train encoders and re-rankers on a knowledge base."),
    "profile": ("textnorm.commands.profile", "Typical and outlying texts of a corpus, and drift between two."),
    "duplicates": ("textnorm.commands.duplicates", "Mark equal and similar texts of a corpus; nothing is dropped."),
    "ablate": ("textnorm.commands.ablate", "Does normalization help or hurt a classifier on this data?"),
    "phrases": ("textnorm.commands.phrases", "Phrasebooks: check them, list their phrasings, match sentences."),
    "script": ("textnorm.commands.script", "Train, describe and test script models."),
    "bench": ("textnorm.commands.bench", "Measure on data and print the table."),
}
INTERRUPTED, CLOSED_PIPE, TERMINATED = 130, 141, 143


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    sys.exit(TERMINATED)


class LazyGroup(click.Group):
    """A group whose commands are named in a table and imported when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command.

        Raises:
            UnknownNameError: there is none of that name; lists those that exist.
        """
        if cmd_name not in COMMANDS:
            kind = "command"
            raise UnknownNameError(kind, cmd_name, COMMANDS)
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table; nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a program; writing the help may fail, too."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if os.environ.get("TEXTNORM_DEBUG") == "1":
                raise
            sys.exit(_explain(error))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; every error becomes a message and an exit code."""
        with suppress(ValueError):  # not in the main thread
            # Leave by exception, so that half-written files are removed.
            signal.signal(signal.SIGTERM, _terminate)
        try:
            code = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BaseException as error:
            if os.environ.get("TEXTNORM_DEBUG") == "1" or isinstance(error, SystemExit):
                raise
            sys.exit(_explain(error))
        if code:
            ctx.exit(code)


def _explain(error: BaseException) -> int:
    """Say what went wrong on standard error; return the exit code."""
    if isinstance(error, OSError):
        with suppress(OSError, ValueError, AttributeError):
            # Python flushes standard output once more when it ends, and would complain.
            sys.stdout.flush()
        with suppress(OSError, ValueError, AttributeError):
            if isinstance(error, BrokenPipeError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return CLOSED_PIPE
    if isinstance(error, KeyboardInterrupt):
        return _say("interrupted", INTERRUPTED)
    if isinstance(error, TextnormError):
        return _say(f"error: {error}", error.exit_code)
    if isinstance(error, MemoryError):
        return _say("error: out of memory.", 1)
    if isinstance(error, OSError):
        what = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        return _say(f"error: {f'{error.filename}: ' if error.filename else ''}{what}.", 1)
    name = type(error).__name__
    return _say(f"error: internal fault: {name}: {error} (TEXTNORM_DEBUG=1 shows where; please report it).", 1)


def _say(message: str, code: int) -> int:
    with suppress(OSError):
        click.echo(message, err=True)
    return code


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="textnorm")
def main() -> None:
    """Text normalization as edits: what changes, by which rule, and how to undo it.

    \b
    textnorm explain "Kaina 15 Eur."                    read a sentence out and see why
    textnorm normalize article.txt -o article.out.txt   one line in, one line out
    textnorm run corpus/ -o out/ -p lt-clean            every file of a folder

    Data goes to standard output, messages to standard error. 'textnorm COMMAND --help' says more.
    """  # noqa: D301 - click reads the escape
