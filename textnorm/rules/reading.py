"""What a language gives to the rule engine: functions that read groups aloud, and the context they depend on."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from textnorm.rules.pack import Rule, Table
from textnorm.rules.template import Slot


class NotThisRule(Exception):
    """A reading function found that the match is none of its rule's; the next rule is tried."""


class Abstain(Exception):
    """A reading cannot be decided: the text stays and an annotation gives the reason."""


@dataclass
class Request:
    """One match to be read.

    Attributes:
        rule: the rule that matched.
        surface: the matched text.
        groups: named groups that took part, by name.
        context: what surrounds the match, as the reader's ``context`` gave it; ``None`` for rules without context.
        tables: the pack's tables.
        state: scratch of the reader for this match, so that several slots share one decision.
        confidence: lowered by functions that are unsure.
        why: short reasons, in English, for ``explain``.
        alternatives: other whole readings of the match, best first.
        grammar: an account of each inflected word, for ``explain``: names and values in words.
    """

    rule: Rule
    surface: str
    groups: Mapping[str, str]
    context: Any
    tables: Mapping[str, Table]
    state: dict[str, Any] = field(default_factory=dict)
    confidence: float = 1.0
    why: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    grammar: list[dict[str, str]] = field(default_factory=list)


ReadFunction = Callable[[Request, str, tuple[str, ...]], str]


class Reader(Protocol):
    """The language side of a pack, registered under ``textnorm.readers``.

    Attributes:
        functions: reading functions by the name that templates use; each takes the request, the group's text and the
            slot's arguments. A name that a template uses and that is missing here is an error when the pack is loaded.
        version: changes whenever some reading changes.
    """

    functions: Mapping[str, ReadFunction]
    version: str

    def context(self, text: str, start: int, end: int) -> Hashable:
        """Return what of the surroundings of ``text[start:end]`` readings depend on; bounded cost."""
        ...

    def starts_sentence(self, word: str) -> bool:
        """Return whether a capitalised word after an abbreviation is likelier to open a sentence than to be a name."""
        ...

    def check_args(self, slot: Slot, rule: Rule, tables: Mapping[str, Table]) -> None:
        """Raise ``ValueError`` where a slot of ``rule`` makes no sense to its function, or needs what is not there."""
        ...
