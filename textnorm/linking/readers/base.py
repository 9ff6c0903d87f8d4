"""What a reader gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from textnorm.linking.tables import Concepts, Names


@dataclass
class Base:
    """A knowledge base as it was read.

    Attributes:
        names: rows of the names table.
        concepts: parents, types and attributes by concept.
        notes: what was left out because the format says so (obsolete terms), one line each.
        warnings: what was left out or kept though it is odd, one line each.
    """

    names: Names = field(default_factory=Names)
    concepts: Concepts = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
