"""Faults of a book, and strings that know the file and the line they come from."""

from __future__ import annotations

from typing import Any

from textnorm.errors import UsageError


class Located(str):
    """A string of a YAML file.

    Attributes:
        file: path of the file, or ``""``.
        line: line number from 1, or 0 where it is not known.
    """

    __slots__ = ("file", "line")
    file: str
    line: int

    def __new__(cls, text: str, file: str = "", line: int = 0) -> Located:
        """Return ``text`` with its place."""
        made = super().__new__(cls, text)
        made.file, made.line = file, line
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.file, self.line)

    @property
    def where(self) -> str:
        """``file:line``, or ``""``."""
        return f"{self.file}:{self.line}" if self.line else self.file


def located(text: str) -> Located:
    """Return a string with a place, empty where it has none."""
    return text if isinstance(text, Located) else Located(text)


class BookError(UsageError):
    """A phrasebook that cannot be used; the message leads with file and line."""

    def __init__(self, what: str, at: Located | str = "") -> None:
        where = at.where if isinstance(at, Located) else at
        what = what if what.endswith((".", ")")) else f"{what}."
        super().__init__(f"{where}: {what}" if where else what[:1].upper() + what[1:])
        self.where = where


class MissingNameError(BookError):
    """A template uses a rule or a list that the book lacks."""
