"""Progress of a run from its events: one live line on a terminal, plain lines now and then in a log."""

from __future__ import annotations

import os
import sys
from time import monotonic
from typing import TYPE_CHECKING

import click

from textnorm.commands.common import NAMED, terminal

if TYPE_CHECKING:
    from textnorm.streaming.run import Event

#: Seconds between two lines in a log, and between two states of the live line.
LOG_EVERY, LIVE_EVERY = 30.0, 0.2
#: Files that are named one by one in a log; of more only those that something is to be said of.
FILES_NAMED = 50


class Progress:
    """Draws what happens in a run.

    Args:
        total: bytes of all inputs.
        files: number of inputs.
    """

    def __init__(self, total: int, files: int) -> None:
        self._total, self._files = total, files
        self._live = terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self._begun = self._last = monotonic()
        self._rows = self._changed = self._bytes = self._passed = 0
        self._shown = False
        self.named = 0
        self._told = 0

    def event(self, event: Event) -> None:
        """Take note of an event."""
        if event.kind == "row":
            self.named += 1
            if self.named <= NAMED:
                self.say(f"quarantined: {event.text}")
        elif event.kind == "note":
            self.say(event.text)
        elif event.kind == "file":
            self._told += 1
            if event.state == "skipped":
                self._passed += event.size
            if event.state in ("failed", "again") or self._told <= FILES_NAMED:
                said = "done again" if event.state == "again" else event.state
                self.say(f"{said} {event.name}{f': {event.text}' if event.text else ''}")
            elif self._told == FILES_NAMED + 1:
                self.say(f"… ({self._files} files; only what needs a word is named from here on)")
        else:
            if event.found:
                self._passed += event.size
            else:
                self._rows += event.tally.rows
                self._changed += event.tally.changed
                self._bytes += event.size
            self._tick()

    def _tick(self) -> None:
        now = monotonic()
        if now - self._last < (LIVE_EVERY if self._live else LOG_EVERY):
            return
        self._last = now
        line = self.line(now - self._begun)
        if self._live:
            click.echo(f"\r\x1b[K{line}", err=True, nl=False)
            self._shown = True
        else:
            click.echo(line, err=True)

    def line(self, seconds: float) -> str:
        """Return the state after so many seconds: rows, rates, share of changed rows, time left."""
        seconds = max(seconds, 1e-9)
        rate = self._bytes / seconds
        left = max(0, self._total - self._passed - self._bytes)
        share = 100 * (self._passed + self._bytes) / self._total if self._total else 100.0
        changed = 100 * self._changed / self._rows if self._rows else 0.0
        eta = f", {clock(left / rate)} left" if rate and left else ""
        return (
            f"{min(share, 100.0):.0f} %  {self._rows:,} rows ({self._rows / seconds:,.0f}/s, {rate / 1e6:.1f} MB/s), "
            f"{changed:.1f} % changed{eta}"
        )

    def say(self, message: str) -> None:
        """Print one line."""
        self.clear()
        click.echo(message, err=True)

    def clear(self) -> None:
        """Remove the live line."""
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._shown = False


def clock(seconds: float) -> str:
    """Return a time for people: ``48 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
