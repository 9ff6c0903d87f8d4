"""A knowledge base in columns: names with their concepts, and what is known of the concepts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Kinds of the names that stand for a concept, the best first; a name of another kind, or of none, comes after.
PREFERRED = ("preferred", "prefLabel", "label")
NameRow = tuple[str, str, str | None, str | None, str | None, float | None]


def kind_order(kind: str | None) -> int:
    """Return how near the names of a kind are to standing for their concept: 0 for the best."""
    return PREFERRED.index(kind) if kind in PREFERRED else len(PREFERRED)


class Links(NamedTuple):
    """Edges between concepts: those of concept ``c`` are ``items[indptr[c]:indptr[c + 1]]``.

    Attributes:
        indptr: int64 [concepts + 1].
        items: int32 [edges], numbers of concepts, ascending within a concept.
    """

    indptr: NDArray[np.int64]
    items: NDArray[np.int32]

    def of(self, concept: int) -> NDArray[np.int32]:
        """Return the concepts that one is linked to."""
        return self.items[self.indptr[concept] : self.indptr[concept + 1]]

    @classmethod
    def build(cls, pairs: Iterable[tuple[int, int]], concepts: int) -> Links:
        """Return the links of (from, to) pairs; repeats count once."""
        found = sorted(set(pairs))
        counts = np.zeros(concepts + 1, np.int64)
        for start, _ in found:
            counts[start + 1] += 1
        return cls(np.cumsum(counts), np.array([end for _, end in found], np.int32))


def language(code: str) -> str:
    """Return a language without its region or script: ``lt`` for ``lt-LT``."""
    return code.replace("_", "-").partition("-")[0].strip().lower()


class KnowledgeBase:
    """Names and concepts, numbered.

    Concepts are numbered in the order of their first name; a concept without a name (known only from the concepts
    table, or as a parent) comes after them and can be reached only by roll-up.

    Attributes:
        ids: concept ids.
        texts: names, one a row of the names table.
        concept: int32 [names], the concept of each name.
        langs: language of each name, or ``None``.
        kinds: kind of each name (``preferred``, ``synonym`` …), or ``None``.
        sources: source of each name, or ``None``.
        weights: float32 [names], 1 where the table gives none.
        parents: from concepts to their parents.
        types: of each concept.
        attributes: of each concept.
    """

    def __init__(
        self, rows: Sequence[NameRow], concepts: Mapping[str, Mapping[str, Sequence[str]]] | None = None
    ) -> None:
        """Number the rows of a names table and of a concepts table (``parents, types, attributes`` by id)."""
        facts = concepts or {}
        number: dict[str, int] = {}
        for row in rows:
            number.setdefault(row[0], len(number))
        self.named = len(number)
        for concept, fact in facts.items():
            number.setdefault(concept, len(number))
            for parent in fact.get("parents", ()):
                number.setdefault(parent, len(number))
        self.ids: list[str] = list(number)
        self.number = number
        self.texts: list[str] = [row[1] for row in rows]
        self.concept = np.fromiter((number[row[0]] for row in rows), np.int32, len(rows))
        self.langs: list[str | None] = [row[2] for row in rows]
        self.kinds: list[str | None] = [row[3] for row in rows]
        self.sources: list[str | None] = [row[4] for row in rows]
        self.weights = np.fromiter((1.0 if row[5] is None else row[5] for row in rows), np.float32, len(rows))
        edges = ((number[c], number[p]) for c, fact in facts.items() for p in fact.get("parents", ()) if p != c)
        self.parents = Links.build(edges, len(number))
        empty: Mapping[str, Sequence[str]] = {}
        self.types: list[tuple[str, ...]] = [tuple(facts.get(c, empty).get("types", ())) for c in number]
        self.attributes: list[tuple[str, ...]] = [tuple(facts.get(c, empty).get("attributes", ())) for c in number]

    def __len__(self) -> int:
        """Return the number of concepts."""
        return len(self.ids)

    @cached_property
    def children(self) -> Links:
        """From concepts to their children."""
        starts = np.repeat(np.arange(len(self)), np.diff(self.parents.indptr))
        pairs = zip(self.parents.items.tolist(), starts.tolist(), strict=True)
        return Links.build(pairs, len(self))

    @cached_property
    def rows(self) -> Links:
        """From concepts to the rows of their names (``items`` are rows here)."""
        order = np.argsort(self.concept, kind="stable")
        counts = np.bincount(self.concept, minlength=len(self))
        return Links(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), order.astype(np.int32))

    @cached_property
    def languages(self) -> list[str]:
        """Languages of the names, sorted."""
        return sorted({lang for lang in self.langs if lang is not None})

    @cached_property
    def _codes(self) -> dict[str, str]:
        """The code of each language in the base, by the code without region or script; of several the commonest."""
        counts = Counter(lang for lang in self.langs if lang is not None)
        found: dict[str, str] = {}
        for lang in sorted(counts, key=lambda lang: (-counts[lang], lang)):
            found.setdefault(language(lang), lang)
        return {**found, **{lang: lang for lang in counts}}

    def code(self, lang: str | None) -> str | None:
        """Return a language as the base writes it, so that ``LT`` and ``lt-LT`` are ``lt``; ``None`` for an empty."""
        if lang is None or not lang.strip():
            return None
        own = self._codes.get(lang)
        return own if own is not None else self._codes.get(language(lang), language(lang))

    def title(self, concept: int, lang: str | None = None) -> str:
        """Return the name that stands for a concept, its id where it has none."""
        row = self.title_row(concept, lang)
        return self.texts[row] if row >= 0 else self.ids[concept]

    def title_row(self, concept: int, lang: str | None = None) -> int:
        """Return the row of the name that stands for a concept, -1 where it has none."""
        rows = self.rows.of(concept).tolist()
        if not rows:
            return -1
        lang = self.code(lang)

        def order(row: int) -> tuple[bool, int, int]:
            return self.langs[row] != lang, kind_order(self.kinds[row]), row

        return int(min(rows, key=order))
