"""Where training pairs come from: names of one concept, a name and its parent, a name and what belongs to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from textnorm.encoders.protocol import as_texts
from textnorm.errors import UsageError


@dataclass(frozen=True)
class PairSource:
    """Groups of texts that belong together. Pairs of different groups are each other's negatives.

    Attributes:
        name: for progress and the card.
        left: texts of each group; a group without a pair is no group.
        right: their counterparts; ``None`` pairs two different texts of ``left``.
        weight: how often a step takes this source, relative to the others.
        bag: ``(least, most)``: so many texts of ``right`` are drawn and read as one, such as some skills of a job.
    """

    name: str
    left: Sequence[Sequence[str]]
    right: Sequence[Sequence[str]] | None = None
    weight: float = 1.0
    bag: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.right is not None and len(self.left) != len(self.right):
            msg = (
                f"The source '{self.name}' has {len(self.left)} groups on the left and {len(self.right)} on the right."
            )
            raise UsageError(msg)
        if self.bag is not None and (self.right is None or not 1 <= self.bag[0] <= self.bag[1]):
            msg = f"The source '{self.name}' has the bag {self.bag}: it needs a right side and 1 <= least <= most."
            raise UsageError(msg)
        least = 2 if self.right is None else 1
        sides = [self.left] if self.right is None else [self.left, self.right]
        if any(len(group) < least for side in sides for group in side):
            msg = f"The source '{self.name}' has a group without a pair; leave such groups out."
            raise UsageError(msg)

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self.left)

    def pairs(self) -> int:
        """Return the pairs of a pass: texts on the left, less one a group where they pair among themselves."""
        return sum(map(len, self.left)) - (len(self.left) if self.right is None else 0)

    def texts(self) -> Iterator[str]:
        """Yield all texts, in order, with repeats."""
        for side in (self.left, self.right or ()):
            for group in side:
                yield from group


def names_source(names: Mapping[str, Sequence[str]], *, name: str = "names", weight: float = 1.0) -> PairSource:
    """Return pairs of two different names of one concept.

    Args:
        names: names by concept id; concepts with fewer than two different ones are left out.
        name: of the source.
        weight: of the source.

    Raises:
        DataError: a name is no string.
    """
    return PairSource(name, [group for group in _distinct(names).values() if len(group) > 1], weight=weight)


def parents_source(
    names: Mapping[str, Sequence[str]],
    parents: Mapping[str, Sequence[str]],
    *,
    name: str = "parents",
    weight: float = 1.0,
) -> PairSource:
    """Return pairs of a concept's name and a name of its parent; the children of one parent are one group.

    Args:
        names: names by concept id, parents included.
        parents: ids of parents by concept id.
        name: of the source.
        weight: of the source.

    Raises:
        DataError: a name is no string.
    """
    known = _distinct(names)
    children: dict[str, list[str]] = {}
    for concept, above in parents.items():
        for parent in above:
            if known.get(parent) and known.get(concept):
                children.setdefault(parent, []).extend(known[concept])
    return PairSource(name, list(children.values()), [known[parent] for parent in children], weight=weight)


def attributes_source(
    names: Mapping[str, Sequence[str]],
    attributes: Mapping[str, Sequence[str]],
    *,
    bag: tuple[int, int] = (3, 8),
    name: str = "attributes",
    weight: float = 1.0,
) -> PairSource:
    """Return pairs of a concept's name and some of its attributes read together, such as skills.

    Source of the objective: Bocharova, Malakhov and Mezhuyev, arXiv 2307.16638.

    Args:
        names: names by concept id.
        attributes: attributes by concept id.
        bag: how many attributes are drawn, least and most.
        name: of the source.
        weight: of the source.

    Raises:
        DataError: a name or attribute is no string.
    """
    known, given = _distinct(names), _distinct(attributes)
    both = [concept for concept in known if known[concept] and given.get(concept)]
    return PairSource(name, [known[c] for c in both], [given[c] for c in both], weight=weight, bag=bag)


def _distinct(texts: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {key: list(dict.fromkeys(as_texts(group))) for key, group in texts.items()}
