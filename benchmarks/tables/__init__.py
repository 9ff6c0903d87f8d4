"""Tables of docs/benchmarks.md, one module each: ``TITLE``, ``make() -> Table``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Table:
    """One table.

    Attributes:
        head: names of the columns.
        rows: cells.
        about: sentences above the table.
        notes: sentences below it.
        versions: package -> version, of what was measured.
        ratios: name of a bar -> what was measured, what was wanted.
    """

    head: list[str]
    rows: list[list[str]] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    ratios: list[tuple[str, float, float]] = field(default_factory=list)

    def add(self, label: str, got: dict[str, Any], cells: list[str]) -> None:
        """Append a row, or say why there is none."""
        if "skipped" in got:
            self.notes.append(f"{label}: left out, {got['skipped']}.")
            return
        self.versions[str(got["package"])] = str(got["version"])
        self.rows.append([label, *cells])

    def lines(self) -> list[str]:
        """Return it as Markdown."""
        out = [*self.about, ""] if self.about else []
        out += ["| " + " | ".join(self.head) + " |", "|" + "---|" * len(self.head)]
        out += ["| " + " | ".join(row) + " |" for row in self.rows]
        if self.ratios:
            out += ["", "| bar | measured | wanted |", "|---|---|---|"]
            out += [
                f"| {name} | **{number(value)} ×** | {f'{number(wanted)} ×' if wanted else '–'} |"
                for name, value, wanted in self.ratios
            ]
        return out + ([""] + [f"- {note}" for note in self.notes] if self.notes else [])


def number(value: float) -> str:
    """Return a figure for people: three digits."""
    if value >= 1000:
        return f"{round(value, -1 if value < 10_000 else -2):,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
