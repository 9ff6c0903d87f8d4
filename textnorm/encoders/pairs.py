"""Where training pairs come from: names of one concept, a name and its parent, a name and what belongs to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True)
class Side:
    """One side of a batch: texts by number, some read together as one (``indptr`` as in a sparse matrix).

    Attributes:
        texts: numbers of texts.
        indptr: ``[pairs + 1]``; the texts of pair ``i`` are ``texts[indptr[i]:indptr[i + 1]]``.
    """

    texts: NDArray[np.int64]
    indptr: NDArray[np.int64]

    @property
    def count(self) -> int:
        """Number of pairs."""
        return len(self.indptr) - 1

    def same(self, right: Side) -> NDArray[np.bool_]:
        """Return which pairs off the diagonal are no negatives: one text stands for two groups of the batch."""
        n = self.count
        ours = self.texts
        same: NDArray[np.bool_] = ours[:, None] == ours[None, :]
        if len(right.texts) == n:
            theirs = right.texts
            same |= theirs[:, None] == theirs[None, :]
            same |= ours[:, None] == theirs[None, :]
        same[np.diag_indices(n)] = False
        return same


class Dealer:
    """Deals batches of pairs of one source, each group at most once a batch.

    Groups come in random order; those left over at the end, fewer than a batch, go back into the deck. With ``near``,
    each group is followed by some of its near ones, so that a batch holds negatives that are hard to tell apart.
    """

    def __init__(
        self,
        source: PairSource,
        number: Mapping[str, int],
        batch: int,
        rng: np.random.Generator,
        *,
        near: NDArray[np.int64] | None = None,
        follow: int = 0,
    ) -> None:
        """Take a source whose texts are numbered by ``number``.

        Args:
            source: of pairs.
            number: of each text.
            batch: pairs a batch, at most as many as there are groups.
            rng: decides order and pairs.
            near: int64 ``[groups, m]``: near groups of each; ``None`` deals in random order alone.
            follow: so many near groups follow each.
        """
        self.rng = rng
        self.left = [np.array([number[text] for text in group]) for group in source.left]
        self.right = [np.array([number[text] for text in group]) for group in source.right] if source.right else None
        self.bag = source.bag
        self.batch = min(batch, len(source))
        self.pairs = source.pairs()
        self.near = near
        self.follow = follow
        self._order: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._next = 0

    def _shuffled(self) -> NDArray[np.int64]:
        """Return all groups in a random order, near ones together where they are known."""
        order: NDArray[np.int64] = self.rng.permutation(len(self.left))
        if self.near is None or not self.follow:
            return order
        drawn = self.rng.permuted(self.near, axis=1)
        dealt = np.zeros(len(order), dtype=np.bool_)
        found: list[int] = []
        for group in order.tolist():
            if dealt[group]:
                continue
            dealt[group] = True
            found.append(group)
            beside = [other for other in drawn[group].tolist() if not dealt[other]][: self.follow]
            dealt[beside] = True
            found += beside
        return np.array(found, dtype=np.int64)

    def deal(self) -> tuple[Side, Side]:
        """Return the two sides of a batch."""
        if self._next + self.batch > len(self._order):
            self._order, self._next = self._shuffled(), 0
        groups = self._order[self._next : self._next + self.batch].tolist()
        self._next += self.batch
        chance = self.rng.random((3, len(groups)))
        first = [self.left[group] for group in groups]
        a = [int(chance[0, i] * len(texts)) for i, texts in enumerate(first)]
        left = np.array([texts[k] for texts, k in zip(first, a, strict=True)])
        single = np.arange(len(groups) + 1)
        if self.right is None:
            other = [(k + 1 + int(chance[1, i] * (len(first[i]) - 1))) % len(first[i]) for i, k in enumerate(a)]
            right = np.array([texts[k] for texts, k in zip(first, other, strict=True)])
            return Side(left, single), Side(right, single)
        second = [self.right[group] for group in groups]
        if self.bag is None:
            right = np.array([texts[int(chance[1, i] * len(texts))] for i, texts in enumerate(second)])
            return Side(left, single), Side(right, single)
        low, high = self.bag
        counts = [min(len(texts), low + int(chance[1, i] * (high - low + 1))) for i, texts in enumerate(second)]
        bags = [self.rng.choice(texts, size=n, replace=False) for texts, n in zip(second, counts, strict=True)]
        return Side(left, single), Side(np.concatenate(bags), np.concatenate(([0], np.cumsum(counts))))


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
