"""Reading the tab-separated tables of the Lithuanian rule pack, with errors that name file and line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textnorm.errors import RulePackError
from textnorm.resources import rules_dir


class Row(NamedTuple):
    """One line of a table.

    Attributes:
        where: file and line, for messages.
        columns: names of the columns.
        values: cells; a line may leave out empty cells at its end.
    """

    where: str
    columns: tuple[str, ...]
    values: tuple[str, ...]

    def cell(self, column: str) -> str:
        """Return the cell of `column`, empty where the line ends before it."""
        index = self.columns.index(column)
        return self.values[index] if index < len(self.values) else ""


def read_table(name: str, columns: Sequence[str]) -> list[Row]:
    """Return the rows of ``rules/lt/<name>``; blank lines and lines that begin with ``#`` are comments.

    Raises:
        RulePackError: the file is missing, its header is not `columns`, or a line has too many cells or no first cell.
    """
    path = rules_dir("lt") / name
    wanted = tuple(columns)
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        msg = f"rules/lt/{name}: cannot be read ({error.strerror})"
        raise RulePackError(msg) from error
    rows: list[Row] = []
    header_seen = False
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        where = f"rules/lt/{name}:{number}"
        values = tuple(cell.strip() for cell in line.split("\t"))
        if not header_seen:
            if values != wanted:
                msg = f"{where}: the header must be {', '.join(wanted)}"
                raise RulePackError(msg)
            header_seen = True
            continue
        if len(values) > len(wanted) or not values[0]:
            msg = f"{where}: {len(values)} cells; wanted {len(wanted)}: {', '.join(wanted)}"
            raise RulePackError(msg)
        rows.append(Row(where, wanted, values))
    if not header_seen:
        msg = f"rules/lt/{name}: no header; wanted {', '.join(wanted)}"
        raise RulePackError(msg)
    return rows
