"""Re-ranking: a second look at the first candidates of a query, slower and closer than the generators'.

What a re-ranker gives is a score a candidate and, beside them, one for "none of these". Its softmax is what the linker
reports as ``p``, so a re-ranker must come calibrated (:mod:`textnorm.linking.cross` fits a temperature on labelled
queries that it was not trained on).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import UsageError
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Candidates, Queries

FORMAT = "textnorm-reranker"
MANIFEST = "textnorm-reranker.json"
#: Characters of context kept on either side of a mention, as in xMEN.
SIDE = 128
#: Other names and types of a candidate that are read.
OTHERS, TYPES = 3, 3


class Verdict(NamedTuple):
    """What a re-ranker says of a batch.

    Attributes:
        scores: float32 [candidates], aligned with the candidates; higher is better, logits of one softmax a query.
            Those beyond the re-ranker's ``top`` keep their order and stand below the others.
        none: float32 [queries], the logit of "none of these" in the same softmax.
    """

    scores: NDArray[np.float32]
    none: NDArray[np.float32]


@runtime_checkable
class Reranker(Protocol):
    """Scores the first candidates of queries anew.

    Deterministic; a query's verdict depends on nothing but itself and its candidates (within 1e-4 for transformers).

    Attributes:
        name: as in ``why``.
        top: so many candidates a query are looked at.
    """

    name: str
    top: int

    def verdict(self, queries: Queries, candidates: Candidates, kb: KnowledgeBase) -> Verdict:
        """Return new scores of the candidates, which come best first with the linker's scores."""
        ...

    def scores(self, queries: Queries, candidates: Candidates, kb: KnowledgeBase) -> NDArray[np.float32]:
        """Return ``verdict(...).scores``."""
        ...


def load_reranker(folder: str | Path, *, threads: int | None = None) -> Reranker:
    """Return the re-ranker in a folder.

    Raises:
        UsageError: there is none.
        DataError: it is damaged, or a newer version of textnorm wrote it.
        MissingExtraError: torch or transformers is not installed.
    """
    if not is_reranker(Path(folder)):
        how = "textnorm train reranker INDEX --dev DEV.tsv -o MODEL"
        msg = f"{folder} is no re-ranker: it has no {MANIFEST}. Make one: {how}"
        raise UsageError(msg)
    from textnorm.linking.cross import CrossReranker

    return CrossReranker.load(folder, threads=threads)


def is_reranker(folder: Path) -> bool:
    """Return whether ``folder`` holds a re-ranker (of any version)."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("format") == FORMAT


class Order(NamedTuple):
    """Candidates in their new order, with probabilities.

    Attributes:
        rows: int64 [n], rows of the candidates before, best first within each query.
        p: float64 [n], aligned with ``rows``: the probability that a candidate is right.
        none: float64 [queries], the probability of none of these.
    """

    rows: NDArray[np.int64]
    p: NDArray[np.float64]
    none: NDArray[np.float64]


def reorder(candidates: Candidates, verdict: Verdict) -> Order:
    """Return candidates in the order of a verdict; of equal scores the earlier candidate comes first."""
    counts = np.diff(candidates.indptr)
    of = np.repeat(np.arange(len(counts)), counts)
    scores = verdict.scores.astype(np.float64)
    rows = np.lexsort((np.arange(len(of)), -scores, of))
    none = verdict.none.astype(np.float64)
    best = none.copy()
    np.maximum.at(best, of, scores)
    weight, nothing = np.exp(scores - best[of]), np.exp(none - best)
    total = nothing + np.bincount(of, weights=weight, minlength=len(counts))
    return Order(rows, (weight / total[of])[rows], nothing / total)


def mention_text(text: str, context: str | None, attributes: tuple[str, ...] = ()) -> str:
    """Return what a re-ranker reads of a query: the mention, marked in its context, and its attributes."""
    mention = " ".join(text.split())
    found = mention
    if context:
        flat = " ".join(context.split())
        at = flat.find(mention)
        if at < 0:
            at = flat.casefold().find(mention.casefold())
        if at >= 0:
            left, right = flat[max(0, at - SIDE) : at], flat[at + len(mention) : at + len(mention) + SIDE]
            found = f"{mention} | {left}[ {mention} ]{right}"
        else:
            found = f"{mention} | {flat[: 2 * SIDE]}"
    if attributes:
        found += f" | {', '.join(attributes[: OTHERS * 4])}"
    return found


class Names:
    """What a re-ranker reads of candidates: the name that matched, the title, other names, types."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self.kb = kb
        self._known: dict[tuple[int, int, str | None], str] = {}

    def text(self, concept: int, row: int, lang: str | None) -> str:
        """Return the text of a candidate that was found by the name in ``row`` (-1: by none of its own)."""
        key = (concept, row, lang)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._text(concept, row, lang)
        return found

    def _text(self, concept: int, row: int, lang: str | None) -> str:
        kb = self.kb
        names: dict[str, None] = {}
        if row >= 0:
            names[kb.texts[row]] = None
        names[kb.title(concept, lang)] = None
        rows = kb.rows.of(concept).tolist()
        rows.sort(key=lambda other: (kb.langs[other] != lang, len(kb.texts[other])))
        for other in rows:
            if len(names) > OTHERS:
                break
            names[kb.texts[other]] = None
        types = ", ".join(kb.types[concept][:TYPES])
        return "; ".join(names) + (f" ({types})" if types else "")
