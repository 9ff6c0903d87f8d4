"""Names in another language than the query, through a lexicon of words mined from the base's own names.

A base with names in several languages holds a dictionary: the names of one concept say the same. Words that go
together in such pairs are found (:mod:`textnorm.linking.lexicon.mine`), the words of a query are translated with all
their translations at once, and the sum is looked for among the names of the main language. No network, no download.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError, UsageError, choices
from textnorm.linking.generators.folding import fold_names
from textnorm.linking.generators.grams import GramSettings
from textnorm.linking.generators.lexical import batches, joined
from textnorm.linking.generators.postings import Postings
from textnorm.linking.generators.ranking import Scored, Slots, top_concepts
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.lexicon.glossary import glossary, languages, phrases
from textnorm.linking.lexicon.lexicon import Lexicon, vectors
from textnorm.linking.lexicon.mine import MineSettings, Pair, mine
from textnorm.linking.lexicon.table import WordTable
from textnorm.linking.protocol import Candidates, Queries

if TYPE_CHECKING:
    from textnorm.retrieval.changing import Writer
    from textnorm.retrieval.storage import Reader

#: Fewest pairs of names that a table is mined from.
FEWEST = 20


class Mined:
    """Searches the names of the main language with the translated query.

    Queries in the main language get no candidates, nor do those in a language without a table. Where the language of
    a query is not given it is the one whose table knows most of it.

    Attributes:
        name: ``mined``.
        lexicon: into the main language.
        postings: of the main language's names.
        slots: their order in the postings.
    """

    name = "mined"

    def __init__(self, lexicon: Lexicon, postings: Postings, slots: Slots, native: frozenset[str]) -> None:
        self.lexicon = lexicon
        self.postings = postings
        self.slots = slots
        self.native = native

    def search(self, queries: Queries, k: int) -> Candidates:
        """Return at most ``k`` candidates a query."""
        folded = fold_names(queries.texts)
        langs = [
            self.lexicon.detect(text, self.native) if lang is None else lang
            for text, lang in zip(folded, queries.langs, strict=True)
        ]
        starts = range(0, max(1, len(folded)), len(batches(folded)[0]) if folded else 1)
        blocks = zip(starts, batches(folded), strict=False)
        return joined([self._search(block, langs[at : at + len(block)], k) for at, block in blocks])

    def _search(self, folded: Sequence[str], langs: Sequence[str | None], k: int) -> Candidates:
        rows = vectors(self.lexicon.units(folded, langs), self.postings)

        def find(which: NDArray[np.int64], n: int) -> Scored:
            return self.postings.best(rows if len(which) == rows.shape[0] else rows[which], n)

        return top_concepts(find, rows.shape[0], self.slots, k)

    def write(self, writer: Writer, prefix: str) -> None:
        """Put tables and posting lists into an index folder."""
        import pyarrow as pa

        tables = [self.lexicon.tables[lang] for lang in sorted(self.lexicon.tables)]
        columns = {
            "lang": pa.array([table.lang for table in tables], pa.string()),
            "units": pa.array([list(table.units) for table in tables], pa.list_(pa.string())),
            "values": pa.array([table.values for table in tables], pa.list_(pa.float32())),
            "indptr": pa.array([table.indptr for table in tables], pa.list_(pa.int64())),
            "targets": pa.array([table.targets for table in tables], pa.list_(pa.int32())),
            "weights": pa.array([table.weights for table in tables], pa.list_(pa.float32())),
            "vocabulary": pa.array([list(table.vocabulary) for table in tables], pa.list_(pa.string())),
        }
        schema = {"target": self.lexicon.target}
        writer.table(f"{prefix}tables.arrow", pa.table(columns).replace_schema_metadata(schema))
        self.postings.write(writer, f"{prefix}names/")

    def updated(self, kb: KnowledgeBase, kept: NDArray[np.int64]) -> Mined:
        """Return the generator for a changed base: its words are mined anew, which takes seconds."""
        found = MinedFactory.build(kb)
        return (
            found if found is not None else Mined(Lexicon(self.lexicon.target, {}), *_native(kb, self.lexicon.target))
        )


class MinedFactory:
    """Makes and reads :class:`Mined`; applies to bases with names of one concept in two languages."""

    @classmethod
    def build(cls, kb: KnowledgeBase, **settings: Any) -> Mined | None:
        """Return the generator for a base.

        Args:
            kb: the base.
            settings: those of :class:`~textnorm.linking.lexicon.mine.MineSettings`.

        Raises:
            UsageError: no such setting.
        """
        for name in settings:
            if name not in MineSettings.__dataclass_fields__:
                msg = f"The mined generator has no setting '{name}'. {choices(name, MineSettings.__dataclass_fields__)}"
                raise UsageError(msg)
        target = main_language(kb)
        if target is None:
            return None
        how = MineSettings(**settings)
        pairs = name_pairs(kb, target)
        often = phrases(target, fold_names([t for t, lang in zip(kb.texts, kb.langs, strict=True) if lang == target]))
        tables = {}
        for lang in sorted({*pairs, *languages()} - {target}):
            known = glossary(lang, target, often)
            if len(pairs.get(lang, ())) >= FEWEST or sum(map(bool, known.values())) >= FEWEST:
                tables[lang] = mine(lang, pairs.get(lang, []), how, known)
        if not tables:
            return None
        return Mined(Lexicon(target, tables), *_native(kb, target))

    @classmethod
    def read(cls, reader: Reader, prefix: str, kb: KnowledgeBase) -> Mined:
        """Return the generator of an index folder.

        Raises:
            DataError: a part is damaged.
        """
        found = reader.table(f"{prefix}tables.arrow")
        try:
            target = found.schema.metadata[b"target"].decode()
            tables = {row["lang"]: _table(row) for row in found.to_pylist()}
        except (KeyError, TypeError, ValueError) as error:
            msg = f"{reader.path(f'{prefix}tables.arrow')}: damaged: {error}. Build the index again."
            raise DataError(msg) from error
        slots, native = _slots(kb, target)
        return Mined(Lexicon(target, tables), Postings.read(reader, f"{prefix}names/"), slots, native)


def _table(row: Mapping[str, Any]) -> WordTable:
    return WordTable(
        row["lang"],
        row["units"],
        np.array(row["values"], np.float32),
        np.array(row["indptr"], np.int64),
        np.array(row["targets"], np.int32),
        np.array(row["weights"], np.float32),
        row["vocabulary"],
    )


def main_language(kb: KnowledgeBase) -> str | None:
    """Return the language with names of most concepts; ``None`` where no name has a language."""
    named: dict[str, set[int]] = defaultdict(set)
    for lang, concept in zip(kb.langs, kb.concept.tolist(), strict=True):
        if lang is not None:
            named[lang].add(concept)
    return max(sorted(named), key=lambda lang: len(named[lang]), default=None)


def name_pairs(kb: KnowledgeBase, target: str) -> dict[str, list[Pair]]:
    """Return, by language, pairs of a name and a name of the target language of one concept, folded.

    A name's pairs have a weight of 1 together.
    """
    folded = fold_names(kb.texts)
    native: dict[int, dict[str, None]] = defaultdict(dict)
    for text, lang, concept in zip(folded, kb.langs, kb.concept.tolist(), strict=True):
        if lang == target:
            native[concept][text] = None
    found: dict[str, list[Pair]] = defaultdict(list)
    for text, lang, concept in zip(folded, kb.langs, kb.concept.tolist(), strict=True):
        if lang is not None and lang != target and concept in native:
            names = native[concept]
            found[lang].extend((text, name, 1 / len(names)) for name in names)
    return found


def _slots(kb: KnowledgeBase, target: str) -> tuple[Slots, frozenset[str]]:
    """Return the slots of the target language's names, and the words of these."""
    slots = Slots.of(kb)
    own = np.array([lang == target for lang in kb.langs], np.bool_)[slots.rows]
    slots = Slots(slots.rows[own], slots.concepts[own])
    folded = fold_names([kb.texts[row] for row in slots.rows.tolist()])
    return slots, frozenset(word for name in folded for word in name.split())


def _native(kb: KnowledgeBase, target: str) -> tuple[Postings, Slots, frozenset[str]]:
    slots, native = _slots(kb, target)
    folded = fold_names([kb.texts[row] for row in slots.rows.tolist()])
    weights = kb.weights[slots.rows]
    boosts = (weights / (float(kb.weights.max(initial=0.0)) or 1.0)).astype(np.float32)
    return Postings.build(folded, boosts, GramSettings()), slots, native
