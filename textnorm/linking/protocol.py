"""What passes between the parts of a linker: queries, candidates, and the contract of candidate generators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import UsageError

if TYPE_CHECKING:
    from textnorm.linking.kb import KnowledgeBase
    from textnorm.retrieval.changing import Writer


@dataclass(frozen=True)
class Queries:
    """A batch of queries; all columns are of one length.

    Attributes:
        texts: what is to be linked, as the user wrote it.
        langs: language codes; ``None`` where not known.
        contexts: the text around a query; ``None`` where there is none.
        attributes: what is known of a query beside its text, such as the skills of a vacancy.
    """

    texts: Sequence[str]
    langs: Sequence[str | None]
    contexts: Sequence[str | None]
    attributes: Sequence[tuple[str, ...]]

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        *,
        langs: Sequence[str | None] | None = None,
        contexts: Sequence[str | None] | None = None,
        attributes: Sequence[Sequence[str] | None] | None = None,
    ) -> Queries:
        """Return queries; columns that are not given are empty.

        Raises:
            UsageError: ``texts`` is a single string or holds something else, or a column has another length.
        """
        if isinstance(texts, str):
            msg = "A linker takes a sequence of texts, not one string; write [text]."
            raise UsageError(msg)
        n = len(texts)
        odd = next((i for i, text in enumerate(texts) if not isinstance(text, str)), None)
        if odd is not None:
            msg = f"Text {odd} is {texts[odd]!r}, no string; leave such rows out, or link them as ''."
            raise UsageError(msg)
        for name, column in (("langs", langs), ("contexts", contexts), ("attributes", attributes)):
            if column is not None and len(column) != n:
                msg = f"There are {n} queries, but {len(column)} {name}."
                raise UsageError(msg)
        return cls(
            list(texts),
            [None] * n if langs is None else list(langs),
            [None] * n if contexts is None else list(contexts),
            [()] * n if attributes is None else [tuple(given or ()) for given in attributes],
        )

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.texts)

    def part(self, rows: Sequence[int] | NDArray[np.int64]) -> Queries:
        """Return some of the queries, in the order of ``rows``."""
        pick = [int(row) for row in rows]
        return Queries(
            [self.texts[i] for i in pick],
            [self.langs[i] for i in pick],
            [self.contexts[i] for i in pick],
            [self.attributes[i] for i in pick],
        )


class Candidates(NamedTuple):
    """Candidate concepts of a batch of queries, as rows of a compressed sparse matrix.

    Those of query ``i`` are at ``indptr[i]:indptr[i + 1]``: best first, each concept once, of equal scores the lower
    concept number first.

    Attributes:
        indptr: int64 [queries + 1].
        concepts: int32 [n], numbers of concepts in the knowledge base.
        scores: float32 [n], the generator's own score: higher is better, comparable between queries.
        names: int32 [n], the row of the name that gave the score.
    """

    indptr: NDArray[np.int64]
    concepts: NDArray[np.int32]
    scores: NDArray[np.float32]
    names: NDArray[np.int32]

    @classmethod
    def empty(cls, queries: int) -> Candidates:
        """Return no candidates for so many queries."""
        none = np.zeros(0, np.int32)
        return cls(np.zeros(queries + 1, np.int64), none, np.zeros(0, np.float32), none)


@runtime_checkable
class Generator(Protocol):
    """Finds candidate concepts for queries.

    Deterministic; a query's candidates do not depend on the other queries of the batch. A query that a generator
    has no opinion on (empty text, another language) gets no candidates.

    Attributes:
        name: as in ``--generators`` and ``why``: ``lexical``.
    """

    name: str

    def search(self, queries: Queries, k: int) -> Candidates:
        """Return at most ``k`` candidates a query."""
        ...

    def write(self, writer: Writer, prefix: str) -> None:
        """Put what the generator needs into an index folder, as parts whose names begin with ``prefix``."""
        ...

    def updated(self, kb: KnowledgeBase, kept: NDArray[np.int64]) -> Generator:
        """Return the generator for a changed knowledge base, without a rebuild where that is possible.

        Args:
            kb: the knowledge base after the change.
            kept: int64 [old names], the new row of each old name, -1 where it is gone. Rows of ``kb`` that do not
                occur in it are new.
        """
        ...
