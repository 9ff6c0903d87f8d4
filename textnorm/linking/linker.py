"""Texts in, concepts out: the linker over an index folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError, UsageError, choices
from textnorm.linking.calibration import PRIOR, Calibration, signals_of
from textnorm.linking.decisions import Decisions
from textnorm.linking.features import Facts, Model, Scored, score
from textnorm.linking.fusion import Floats, bounds, rank_rows
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Candidates, Generator, Queries
from textnorm.linking.rerank import Reranker

Granularity = Literal["auto", "leaf", "group"]
#: Queries worked on at once: bounds memory.
BLOCK = 512
#: Characters of a query that are read; a query is a name, not a page.
LONGEST = 1000


@dataclass(frozen=True)
class Candidate:
    """A concept that a query may mean.

    Attributes:
        id: of the concept.
        name: the name that matched; of a group that only inherits, its own title.
        lang: language of the name.
        score: what ranks.
        p: probability that it is right.
        why: what the score is made of (docs/linking.md).
    """

    id: str
    name: str
    lang: str | None
    score: float
    p: float
    why: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """What a query was linked to.

    Attributes:
        query: the text.
        id: the concept; ``None``: none of the base.
        p: probability that ``id`` is right; where it is ``None``, that none of the candidates is.
        candidates: best first.
    """

    query: str
    id: str | None
    p: float
    candidates: tuple[Candidate, ...]


class Ranked(NamedTuple):
    """Links of a batch as arrays; candidates of query ``i`` are at ``indptr[i]:indptr[i + 1]``, best first.

    Attributes:
        queries: the batch.
        scored: the pool that the candidates are rows of.
        indptr: int64 [queries + 1].
        rows: int64 [n], rows of the pool.
        p: float64 [n].
        none: float64 [queries], probability of none of these.
        signals: float64 [queries, signals], what the calibration saw.
        chosen: int32 [queries], concept, -1 for none.
        decided: bool [queries], whether the user's table said so.
    """

    queries: Queries
    scored: Scored
    indptr: NDArray[np.int64]
    rows: NDArray[np.int64]
    p: Floats
    none: Floats
    signals: Floats
    chosen: NDArray[np.int32]
    decided: NDArray[np.bool_]


@dataclass(frozen=True)
class Options:
    """How to link, where it is not as the index says.

    Attributes:
        min_p: threshold of ``p``; ``None``: the index's.
        types: types, or ids of concepts, that answers must have or lie below.
        granularity: ``leaf``: no roll-up; ``group``: with it; ``auto``: as tuned, without where untuned.
    """

    min_p: float | None = None
    types: tuple[str, ...] = ()
    granularity: Granularity = "auto"

    def __post_init__(self) -> None:
        """Check what is given.

        Raises:
            UsageError: an option is out of its range, or ``types`` is one string.
        """
        if self.min_p is not None and not 0 <= self.min_p <= 1:
            msg = f"min_p is {self.min_p}; a probability is from 0 to 1."
            raise UsageError(msg)
        if isinstance(self.types, str):
            msg = f"types is one string; write ({self.types!r},)."
            raise UsageError(msg)
        if self.granularity not in get_args(Granularity):
            msg = f"There is no granularity '{self.granularity}'. {choices(self.granularity, get_args(Granularity))}"
            raise UsageError(msg)


class Linker:
    """Links texts to the concepts of an index.

    Deterministic; a query's links do not depend on the others of a batch.

    Attributes:
        kb: the knowledge base.
        generators: what finds candidates, in the order of the model.
        model: what ranks them.
        calibration: what gives probabilities.
        decisions: the user's table.
        options: how to link.
        reranker: looks at the first candidates once more; mostly ``None``.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        generators: Sequence[Generator],
        *,
        model: Model | None = None,
        calibration: Calibration = PRIOR,
        decisions: Decisions | None = None,
        options: Options | None = None,
        facts: Facts | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self.kb = kb
        self.reranker = reranker
        self.generators = list(generators)
        names = [generator.name for generator in self.generators]
        self.model = model or Model.default(names)
        if list(self.model.generators) != names:
            msg = f"The model weighs {', '.join(self.model.generators)}, but the generators are {', '.join(names)}."
            raise DataError(msg)
        self.calibration = calibration
        self.decisions = decisions or Decisions()
        self.options = options or Options()
        self.facts = facts or Facts(kb)
        self._allowed = self.facts.structure.allowed(self.options.types) if self.options.types else None

    @classmethod
    def load(cls, folder: str | Path, *, generators: Sequence[str] | None = None, hubness: str = "auto") -> Linker:
        """Open the linker of an index folder.

        Args:
            folder: of the index.
            generators: names of those that serve; by default all that the index has.
            hubness: ``auto``: as the index was corrected; ``off``; or a method (docs/hubness.md).

        Raises:
            UsageError: there is no index, or no such generator in it.
            DataError: it is damaged, or another version's.
        """
        from textnorm.linking.parts import open_linker

        return open_linker(Path(folder), generators, hubness)

    def with_options(self, **changes: Any) -> Linker:
        """Return the linker with other :class:`Options`."""
        return Linker(
            self.kb,
            self.generators,
            model=self.model,
            calibration=self.calibration,
            decisions=self.decisions,
            options=replace(self.options, **changes),
            facts=self.facts,
            reranker=self.reranker,
        )

    @property
    def min_p(self) -> float:
        """The threshold in use."""
        return self.calibration.min_p if self.options.min_p is None else self.options.min_p

    # -- linking ---------------------------------------------------------------------------------------------------
    def link(
        self,
        texts: Sequence[str],
        k: int = 10,
        *,
        langs: Sequence[str | None] | None = None,
        contexts: Sequence[str | None] | None = None,
        attributes: Sequence[Sequence[str] | None] | None = None,
    ) -> list[Link]:
        """Return the links of texts, in their order.

        Args:
            texts: names, titles, mentions.
            k: candidates a query at most.
            langs: language of each text, where known.
            contexts: text around each, where known.
            attributes: what else is known of each, such as skills.

        Raises:
            UsageError: ``texts`` is one string or holds something else, columns differ in length, or ``k`` is below 1.
        """
        from textnorm.linking.explain import links_of

        queries = Queries.of(texts, langs=langs, contexts=contexts, attributes=attributes)
        return [link for ranked in self.rank(queries, k) for link in links_of(self, ranked)]

    def rank(self, queries: Queries, k: int = 10) -> Iterator[Ranked]:
        """Yield the links of blocks of queries as arrays."""
        if k < 1:
            msg = f"k is {k}; at least one candidate is to be asked for."
            raise UsageError(msg)
        for at in range(0, len(queries), BLOCK):
            yield self.rank_block(queries.part(range(at, min(at + BLOCK, len(queries)))), k)

    def told(self, queries: Queries) -> Queries:
        """Return queries with their languages as the base writes them."""
        return replace(queries, langs=[self.kb.code(lang) for lang in queries.langs])

    def search(self, queries: Queries, depth: int) -> list[Candidates]:
        """Return the candidates of each generator."""
        cut = [text if len(text) <= LONGEST else text[:LONGEST] for text in queries.texts]
        asked = Queries(cut, queries.langs, queries.contexts, queries.attributes)
        return [generator.search(asked, depth) for generator in self.generators]

    def rank_block(self, queries: Queries, k: int) -> Ranked:
        """Return the links of a block of queries as arrays."""
        queries = self.told(queries)
        model = self.active
        depth = max(model.depth, k)
        # Types are filtered behind the search: ask for more, so that enough are left.
        depth = depth if self._allowed is None else min(len(self.kb), depth * 4)
        model = replace(model, depth=depth)
        found = self.search(queries, depth)
        scored = score(found, queries, model, self.facts, self._allowed)
        if self.reranker is None:
            return self.answer(queries, scored, model, k)
        from textnorm.linking.reranked import reranked

        first = self.answer(queries, scored, model, max(k, self.reranker.top))
        return reranked(first, self.reranker, self.kb, self.options.min_p, k)

    @property
    def active(self) -> Model:
        """The model with the granularity that is in use."""
        wanted = self.options.granularity
        if wanted == "auto" or self.model.roll.on == (wanted == "group"):
            return self.model
        return replace(self.model, roll=replace(self.model.roll, on=wanted == "group"))

    def answer(self, queries: Queries, scored: Scored, model: Model, k: int) -> Ranked:
        """Return the links of a scored pool."""
        pool, n = scored.pool, len(queries)
        order = rank_rows(pool.query, pool.concept, scored.score)
        starts = bounds(pool.query, n)
        share = softmax(scored.score * model.scale, pool.query, starts)
        lengths = [len(text) for text in queries.texts]
        signals = signals_of(scored, order, starts, share, lengths)
        counts = np.diff(starts)
        p_first = np.where(counts > 0, self.calibration.first(signals, model.generators, queries.langs), 0.0)
        rank = np.arange(len(order)) - starts[pool.query[order]]
        keep = rank < k
        rows, rank = order[keep], rank[keep]
        query = pool.query[rows]
        indptr = bounds(query, n)
        # What is left by the first candidate is shared by the others as their softmax says.
        first = order[starts[:-1][counts > 0]]
        rest = np.zeros(n)
        rest[counts > 0] = np.maximum(1 - share[first], 1e-9)
        other = (1 - p_first[query]) * self.calibration.found * share[rows] / np.maximum(rest[query], 1e-9)
        p = np.where(rank == 0, p_first[query], np.minimum(other, p_first[query]))
        none = 1 - np.bincount(query, p, minlength=n)
        chosen = np.full(n, -1, np.int32)
        linked = np.flatnonzero((counts > 0) & (p_first >= self.min_p) & (p_first > 0))
        chosen[linked] = pool.concept[rows[indptr[:-1][linked]]]
        decided = np.zeros(n, np.bool_)
        if len(self.decisions):
            for i, text in enumerate(queries.texts):
                if text in self.decisions:
                    found = self.decisions.of(text)
                    decided[i], chosen[i] = True, -1 if found is None else self.kb.number[found]
        return Ranked(queries, scored, indptr, rows, p, np.clip(none, 0, 1), signals, chosen, decided)


def softmax(values: Floats, query: NDArray[np.int64], starts: NDArray[np.int64]) -> Floats:
    """Return the softmax of values within each query; rows are sorted by query."""
    if not len(values):
        return np.zeros(0)
    some = np.flatnonzero(np.diff(starts) > 0)
    top = np.zeros(len(starts) - 1)
    top[some] = np.maximum.reduceat(values, starts[some])
    weight = np.exp(values - top[query])
    total = np.bincount(query, weight, minlength=len(starts) - 1)
    return np.asarray(weight / total[query])
