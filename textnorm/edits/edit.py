"""One edit: the seven fields that are the same everywhere (Python, Arrow, JSON)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

FIELDS = ("start", "end", "replacement", "label", "rule", "confidence", "value")


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit against a source text.

    Attributes:
        start: first code point of the span.
        end: code point after the span; ``start == end`` is an insertion.
        replacement: the new text; ``None`` annotates (the text stays), ``""`` deletes.
        label: class of the edit, for example ``NUM``.
        rule: id of the rule that made it; composed edits hold several, sorted and joined by ``+``.
        confidence: 0 to 1.
        value: anything JSON can hold (alternatives, a link, a cluster), or ``None``.
    """

    start: int
    end: int
    replacement: str | None
    label: str = ""
    rule: str = ""
    confidence: float = 1.0
    value: Any = None

    def to_dict(self) -> dict[str, Any]:
        """Return the seven fields as a plain dictionary."""
        return {name: getattr(self, name) for name in FIELDS}


def canonical_json(value: Any) -> str:
    """Return JSON text that is equal for equal values (sorted keys, no spaces)."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
