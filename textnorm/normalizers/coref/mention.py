"""A name in a document."""

from __future__ import annotations

from typing import NamedTuple


class Mention(NamedTuple):
    """A name in a document.

    Attributes:
        start, end: words of the document, end exclusive.
        words: the words of the name.
        type: its type (``textnorm.normalizers.coref.types.TYPES``) where it is given, else ``None``.
    """

    start: int
    end: int
    words: tuple[str, ...]
    type: str | None = None
