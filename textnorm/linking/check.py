"""Checks of a knowledge base as a whole: circles and gaps among parents, names that several concepts share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from textnorm.errors import DataError
from textnorm.linking.tables import Concepts, Names

#: A circle of more concepts is shown with an ellipsis.
SHOWN = 8


def find_circle(parents: Mapping[str, Iterable[str]]) -> list[str] | None:
    """Return a circle among parents, first and last the same (``[a, b, a]``), or ``None``.

    Depth-first search with three colours; no recursion, each edge once.
    """
    done: set[str] = set()
    for root in parents:
        if root in done:
            continue
        path: dict[str, None] = {root: None}
        stack = [iter(parents.get(root, ()))]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                done.add(path.popitem()[0])
            elif step in path:
                chain = list(path)
                return [*chain[chain.index(step) :], step]
            elif step not in done:
                path[step] = None
                stack.append(iter(parents.get(step, ())))
    return None


def check_parents(concepts: Concepts, label: str) -> None:
    """Check that no concept is above itself.

    Raises:
        DataError: one is; names the circle.
    """
    circle = find_circle({concept: facts["parents"] for concept, facts in concepts.items()})
    if circle is not None:
        shown = circle if len(circle) <= SHOWN else [*circle[: SHOWN - 1], "…", circle[-1]]
        msg = f"{label}: the parents go in a circle: {' → '.join(shown)}. Take one of these parents out."
        raise DataError(msg)


def unknown_parents(names: Names, concepts: Concepts) -> list[tuple[str, str]]:
    """Return (concept, parent) of each parent that has neither a name nor a row of its own."""
    named = {row[0] for row in names.rows}
    return [
        (concept, parent)
        for concept, facts in concepts.items()
        for parent in facts["parents"]
        if parent not in concepts and parent not in named
    ]


@dataclass
class Findings:
    """What :func:`look` sees in a knowledge base.

    Attributes:
        counts: label and number, in the order of the report.
        langs: names by language, ``""`` where none is stated.
        kinds: names by kind, ``""`` where none is stated.
        shared: (name, concepts) of names that several concepts have, the most shared first; case and spaces folded.
        nameless: concepts of the concepts table without a name that are nobody's parent: nothing can reach them.
        warnings: one line each.
    """

    counts: dict[str, int] = field(default_factory=dict)
    langs: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    shared: list[tuple[str, list[str]]] = field(default_factory=list)
    nameless: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def lines(self, shown: int = 5) -> list[str]:
        """Return the report as text."""
        width = max(map(len, self.counts), default=0)
        lines = [f"{label.ljust(width)}  {number:,}" for label, number in self.counts.items()]
        for title, found in (("languages", self.langs), ("kinds", self.kinds)):
            told = ", ".join(f"{name or 'not stated'} {number:,}" for name, number in found.most_common())
            lines.append(f"{title.ljust(width)}  {told}")
        for name, ids in self.shared[:shown]:
            more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
            lines.append(f"  shared: '{name}' by {', '.join(ids[:3])}{more}")
        if len(self.shared) > shown:
            lines.append(f"  … and {len(self.shared) - shown:,} more shared names")
        return [*lines, *(f"warning: {warning}" for warning in self.warnings)]


def look(names: Names, concepts: Concepts, warnings: Iterable[str] = ()) -> Findings:
    """Count what a knowledge base holds and what is odd in it.

    Args:
        names: the names.
        concepts: parents, types and attributes by concept.
        warnings: what the readers warn of.
    """
    found = Findings()
    owners: dict[str, dict[str, None]] = {}
    signs: list[str] = []
    for concept, text, lang, kind, _, _ in names.rows:
        found.langs[lang or ""] += 1
        found.kinds[kind or ""] += 1
        owners.setdefault(" ".join(text.casefold().split()), {})[concept] = None
        if len(signs) < 2 and not any(letter.isalnum() for letter in text):
            signs.append(text)
    named = {row[0] for row in names.rows}
    above = {parent for facts in concepts.values() for parent in facts["parents"]}
    found.shared = sorted(
        ((name, list(ids)) for name, ids in owners.items() if len(ids) > 1), key=lambda item: (-len(item[1]), item[0])
    )
    found.nameless = [concept for concept in concepts if concept not in named and concept not in above]
    found.counts = {
        "names": len(names.rows),
        "different names": len(owners),
        "concepts with names": len(named),
        "concepts without a name": len((concepts.keys() | above) - named),
        "concepts with parents": sum(bool(facts["parents"]) for facts in concepts.values()),
        "concepts with types": sum(bool(facts["types"]) for facts in concepts.values()),
        "concepts with attributes": sum(bool(facts["attributes"]) for facts in concepts.values()),
        "names of several concepts": len(found.shared),
    }
    found.warnings = list(warnings)
    if found.nameless:
        found.warnings.append(
            f"{len(found.nameless):,} concepts have neither a name nor children (the first: '{found.nameless[0]}'); "
            "nothing can be linked to them"
        )
    if signs:
        found.warnings.append(f"a name without a letter or digit ({signs[0]!r}) is found by its exact form only")
    return found
