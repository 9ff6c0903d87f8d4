"""The taxonomy of a knowledge base: roll-up of scores to ancestors, and filters by type.

Roll-up: a query may ask for a group, though only a member of the group has a name like it. With ``M`` the score of a
concept by its own names, a concept inherits ``max over descendants d of decay ** (steps(d) - 1) * M[d]``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import UsageError, choices
from textnorm.linking.kb import KnowledgeBase, Links

#: Ancestors farther up inherit nothing; also what ends a walk among parents that go in a circle.
STEPS = 8


class Ancestors(NamedTuple):
    """All ancestors of every concept: those of ``c`` are at ``indptr[c]:indptr[c + 1]``, ascending.

    Attributes:
        indptr: int64 [concepts + 1].
        items: int32 [n], concepts.
        steps: int8 [n], 1 for a parent, 2 for its parent (the shortest way).
    """

    indptr: NDArray[np.int64]
    items: NDArray[np.int32]
    steps: NDArray[np.int8]

    @classmethod
    def of(cls, parents: Links, steps: int = STEPS) -> Ancestors:
        """Return the ancestors that links to parents lead to, in at most so many steps; no concept is its own."""
        count = len(parents.indptr) - 1
        starts = np.repeat(np.arange(count, dtype=np.int64), np.diff(parents.indptr))
        frontier = starts * count + parents.items
        found, depth = frontier, np.ones(len(frontier), np.int8)
        for step in range(2, steps + 1):
            here, last = frontier // max(1, count), frontier % max(1, count)
            sizes = np.diff(parents.indptr)[last]
            above = parents.items[ranges(parents.indptr[:-1][last], sizes)]
            frontier = np.repeat(here, sizes) * count + above
            frontier = np.setdiff1d(frontier, found)
            frontier = frontier[frontier // max(1, count) != frontier % max(1, count)]
            if not len(frontier):
                break
            found = np.concatenate([found, frontier])
            depth = np.concatenate([depth, np.full(len(frontier), step, np.int8)])
        order = np.argsort(found, kind="stable")
        found, depth = found[order], depth[order]
        counts = np.bincount(found // max(1, count), minlength=count)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(indptr, (found % max(1, count)).astype(np.int32), depth)


def ranges(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ``starts[0], starts[0] + 1, … (sizes[0] numbers), starts[1], …``."""
    total = int(sizes.sum())
    if not total:
        return np.zeros(0, np.int64)
    ends = np.cumsum(sizes)
    return np.arange(total) - np.repeat(ends - sizes, sizes) + np.repeat(starts, sizes)


class Rolled(NamedTuple):
    """What the rows of a pool inherit.

    Attributes:
        best: float64 [rows], the best inherited score; 0 without.
        second: float64 [rows], the second best.
        share: float64 [rows], share of the query's sources, weighed 1, 1/2, 1/3 … by rank, that are descendants.
        mass: float64 [rows], share of the weight of all rows of the query that is the descendants'.
        child: int64 [rows], the row that ``best`` came from; -1 without.
    """

    best: NDArray[np.float64]
    second: NDArray[np.float64]
    share: NDArray[np.float64]
    mass: NDArray[np.float64]
    child: NDArray[np.int64]


class Structure:
    """What is known of the concepts beside their names.

    Attributes:
        kb: the knowledge base.
        ancestors: of every concept.
        group: bool [concepts], whether a concept has descendants.
        height: int8 [concepts], steps down to the farthest descendant.
    """

    def __init__(self, kb: KnowledgeBase) -> None:
        self.kb = kb
        self.ancestors = Ancestors.of(kb.parents)
        self.group = np.zeros(len(kb), np.bool_)
        self.group[kb.parents.items] = True
        self.height = np.zeros(len(kb), np.int8)
        np.maximum.at(self.height, self.ancestors.items, self.ancestors.steps)
        self.flat = not len(kb.parents.items)

    def expand(self, keys: NDArray[np.int64], sources: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the keys of a pool with those of the ancestors of some of its rows, sorted.

        Args:
            keys: sorted numbers ``query * concepts + concept``.
            sources: rows whose ancestors come in.
        """
        found = self._edges(keys[sources])[0]
        return np.union1d(keys, found) if len(found) else keys

    def _edges(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int8]]:
        """Return the keys of all ancestors, the index of the key each belongs to, and the steps."""
        query, concept = np.divmod(keys, max(1, len(self.kb)))
        sizes = np.diff(self.ancestors.indptr)[concept]
        at = ranges(self.ancestors.indptr[:-1][concept], sizes)
        index = np.repeat(np.arange(len(keys), dtype=np.int64), sizes)
        above = np.repeat(query * len(self.kb), sizes) + self.ancestors.items[at].astype(np.int64)
        return above, index, self.ancestors.steps[at]

    def roll_up(
        self,
        keys: NDArray[np.int64],
        sources: NDArray[np.int64],
        scores: NDArray[np.float64],
        ranks: NDArray[np.int64],
        weight: NDArray[np.float64],
        decay: float,
    ) -> Rolled:
        """Return what each row of a pool inherits.

        Args:
            keys: of the rows, sorted; ancestors that are not among them inherit nothing.
            sources: rows that pass on their scores.
            scores: float64 [rows], not below 0.
            ranks: int64 [sources], rank of each source in its query, from 1.
            weight: float64 [rows], not below 0.
            decay: of a score for each step above the parent.
        """
        rows = len(keys)
        best, second, share, mass = np.zeros(rows), np.zeros(rows), np.zeros(rows), np.zeros(rows)
        child = np.full(rows, -1, np.int64)
        above, index, steps = self._edges(keys[sources])
        if not len(above):
            return Rolled(best, second, share, mass, child)
        target = np.searchsorted(keys, above)
        # While weights are learned, a source may come up whose ancestors the pool does not hold: nothing inherits then.
        held = keys[np.minimum(target, rows - 1)] == above
        target, index, steps = target[held], index[held], steps[held]
        if not len(target):
            return Rolled(best, second, share, mass, child)
        source = sources[index]
        worth = scores[source] * decay ** (steps.astype(np.float64) - 1)
        # Best first within a target; of equal ones the lower row.
        order = np.lexsort((source, -worth, target))
        target, source, worth, index = target[order], source[order], worth[order], index[order]
        first = np.flatnonzero(np.r_[True, target[1:] != target[:-1]])
        best[target[first]], child[target[first]] = worth[first], source[first]
        then = first + 1
        then = then[then < len(target)]
        then = then[target[then] == target[then - 1]]
        second[target[then]] = worth[then]
        query = keys // max(1, len(self.kb))
        total = np.bincount(query[sources], 1 / ranks, minlength=int(query[-1]) + 1)
        share = np.bincount(target, 1 / ranks[index], minlength=rows) / np.maximum(total[query], 1e-9)
        total = np.bincount(query, weight, minlength=int(query[-1]) + 1)
        mass = np.bincount(target, weight[source], minlength=rows) / np.maximum(total[query], 1e-9)
        return Rolled(best, second, share, mass, child)

    def allowed(self, types: Collection[str]) -> NDArray[np.bool_]:
        """Return bool [concepts]: those that have one of ``types``, and those that are, or lie below, a concept whose
        id is one of them.

        Raises:
            UsageError: no concept has such a type or id.
        """
        wanted = set(types)
        known = {kind for kinds in self.kb.types for kind in kinds}
        for kind in sorted(wanted):
            if kind not in known and kind not in self.kb.number:
                msg = f"No concept of the index has the type or id '{kind}'. {choices(kind, known)}"
                raise UsageError(msg)
        own = np.fromiter((bool(wanted.intersection(kinds)) for kinds in self.kb.types), np.bool_, len(self.kb))
        roots = np.zeros(len(self.kb), np.bool_)
        roots[[self.kb.number[kind] for kind in wanted if kind in self.kb.number]] = True
        starts = np.repeat(np.arange(len(self.kb)), np.diff(self.ancestors.indptr))
        own[starts[roots[self.ancestors.items]]] = True
        return own | roots


def types_of(values: Sequence[str]) -> list[str]:
    """Return the types that ``--types`` names: repeated, or joined by commas or ``|``."""
    return [kind.strip() for value in values for kind in value.replace("|", ",").split(",") if kind.strip()]
