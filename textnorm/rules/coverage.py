"""What a pack does on real text: rules that fire and that never do, what stays unread, which rules compete."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from textnorm.rules.engine import ReferenceEngine, ends_token

_DIGITS = re.compile(r"\S*\d\S*")
_SAMPLES = 3


@dataclass
class Coverage:
    """Counts over all texts that were added.

    Attributes:
        rules: ids of the rules that can make an edit, in order of trial.
        texts, characters, changed: texts seen, their code points, and texts that an edit changes.
        fired: edits a rule made.
        abstained: annotations a rule made instead of a reading.
        samples: up to three distinct surfaces a rule.
        unread: tokens that still hold digits after normalization.
        competing: ``(winner, loser)`` pairs of rules that both matched at one place.
    """

    rules: tuple[str, ...]
    texts: int = 0
    characters: int = 0
    changed: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    abstained: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[str]] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    competing: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, engine: ReferenceEngine, texts: Sequence[str], *, overlaps: bool = False) -> None:
        """Normalize ``texts`` and count; ``overlaps`` also tries every rule where one fired, which is slow."""
        edits = engine.edits(texts)
        normalized = edits.apply(texts)
        for text, out, row in zip(texts, normalized, edits, strict=True):
            self.texts += 1
            self.characters += len(text)
            self.changed += text != out
            for edit in row:
                (self.abstained if edit.replacement is None else self.fired)[edit.rule] += 1
                samples = self.samples.setdefault(edit.rule, [])
                surface = text[edit.start : edit.end]
                if len(samples) < _SAMPLES and surface not in samples:
                    samples.append(surface)
                if overlaps:
                    self._compete(engine, text, edit.start, edit.rule)
            self.unread.update(_DIGITS.findall(out))

    def _compete(self, engine: ReferenceEngine, text: str, start: int, winner: str) -> None:
        for rule in engine.rules:
            match = rule.exact.match(text, start)
            if rule.id == winner or match is None or match.end() == start:
                continue
            if not rule.boundary or ends_token(text, match.end()):
                self.competing[winner, rule.id] += 1

    @property
    def silent(self) -> list[str]:
        """Rules that never fired, in order of trial."""
        return [rule for rule in self.rules if not self.fired[rule] and not self.abstained[rule]]
