"""Checking a pack: every example and counter-example of every rule is run."""

from __future__ import annotations

from dataclasses import dataclass

from textnorm.rules.engine import ReferenceEngine
from textnorm.rules.pack import Rule, RulePack


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that does not hold.

    Attributes:
        rule: the rule that gives the example.
        text: the example's text.
        expected: the reading that it promises, or ``None`` for a counter-example.
        got: what the pack made of it.
        fired: ids of the rules that fired.
    """

    rule: Rule
    text: str
    expected: str | None
    got: str
    fired: tuple[str, ...]

    def __str__(self) -> str:
        fired = ", ".join(self.fired) or "none"
        if self.expected is None:
            return f"{self.rule.source}, rule '{self.rule.id}': fires on its counter-example '{self.text}'."
        return (
            f"{self.rule.source}, rule '{self.rule.id}': '{self.text}' reads '{self.got}' instead of '{self.expected}' "
            f"(rules that fired: {fired})."
        )


def check_pack(pack: RulePack, engine: ReferenceEngine) -> list[Failure]:
    """Return every example that does not hold, of the rules that are to be checked in the pack's domain.

    An example is read by the whole pack, as in use; it must give the promised text and its own rule must have fired. On
    a counter-example the rule must not fire. A rule of some domains is checked in each of them, any other in the
    pack's default domain: in another, a rule of that domain may rightly win.
    """
    failures: list[Failure] = []
    for rule in checked(pack):
        for text, expected in rule.examples:
            got, fired = _read(engine, text)
            if got != expected or rule.id not in fired:
                failures.append(Failure(rule, text, expected, got, fired))
        for text in rule.counterexamples:
            got, fired = _read(engine, text)
            if rule.id in fired:
                failures.append(Failure(rule, text, None, got, fired))
    return failures


def checked(pack: RulePack) -> list[Rule]:
    """Return the rules whose examples are to hold in the domain of the pack."""
    default = not pack.domains or pack.domain == pack.domains[0]
    return [rule for rule in pack.rules if rule.domain or default]


def _read(engine: ReferenceEngine, text: str) -> tuple[str, tuple[str, ...]]:
    return engine.edits([text]).apply([text])[0], tuple(hit.rule.id for _, hit in engine.hits(text))
