"""The face of the algebra for a single text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from textnorm.edits.algebra import Blocks, apply_row, blocks_of, invert_row
from textnorm.edits.edit import Edit
from textnorm.errors import EditError


@dataclass(frozen=True)
class Normalized:
    """One source text with its edits.

    Attributes:
        source: the text as it was given; never lost.
        edits: the edits, sorted, offsets in code points of ``source``.
    """

    source: str
    edits: tuple[Edit, ...] = field(default=())

    @cached_property
    def text(self) -> str:
        """The normalized text."""
        return apply_row(self.source, self.edits)

    @cached_property
    def blocks(self) -> Blocks:
        """What was replaced, as intervals of source and normalized text."""
        return blocks_of(self.edits)

    @property
    def changed(self) -> bool:
        """Whether the normalized text differs from the source."""
        return self.text != self.source

    def to_normalized(self, start: int, end: int) -> tuple[int, int]:
        """Map a span of the source to the normalized text, as the hull of what became of it.

        Raises:
            EditError: the span lies outside the source.
        """
        _inside(start, end, len(self.source), "source")
        return self.blocks.span(start, end)

    def to_source(self, start: int, end: int) -> tuple[int, int]:
        """Map a span of the normalized text to the source, as the hull of where it came from.

        Raises:
            EditError: the span lies outside the normalized text.
        """
        _inside(start, end, len(self.text), "normalized text")
        return self.blocks.inverse().span(start, end)

    def undo(self) -> str:
        """Return the source, rebuilt from the normalized text and the inverse edits."""
        return apply_row(self.text, invert_row(self.source, self.edits))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the edits as plain dictionaries, each with its ``source`` text beside the seven fields."""
        return edit_dicts(self.source, self.edits)


def edit_dicts(source: str, edits: Sequence[Edit]) -> list[dict[str, Any]]:
    """Return edits as the objects of ``EDITS.jsonl``: the seven fields and the ``source`` text of the span."""
    return [
        {
            "start": e.start,
            "end": e.end,
            "source": source[e.start : e.end],
            "replacement": e.replacement,
            "label": e.label,
            "rule": e.rule,
            "confidence": e.confidence,
            "value": e.value,
        }
        for e in edits
    ]


def _inside(start: int, end: int, length: int, what: str) -> None:
    if not 0 <= start <= end <= length:
        msg = f"[{start}, {end}) is no span of a {what} of {length} characters."
        raise EditError(msg)
