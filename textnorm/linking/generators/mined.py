"""Names in another language than the query, word by word through a lexicon.

A base with names in several languages holds a dictionary: the names of one concept say the same. Words that go
together in such pairs are found (:mod:`textnorm.linking.lexicon.mine`), those of the glossary and the lexicons that
ship are added (:mod:`textnorm.linking.lexicon.shipped`), the words of a query are translated with all their
translations at once, and the sum is looked for among the names of the main language. No network, no download.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
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
from textnorm.linking.lexicon.glossary import phrases
from textnorm.linking.lexicon.lexicon import Lexicon, vectors
from textnorm.linking.lexicon.mine import MineSettings, Pair, mine
from textnorm.linking.lexicon.shipped import languages, translations
from textnorm.linking.lexicon.table import WordTable
from textnorm.linking.protocol import Candidates, Queries

if TYPE_CHECKING:
    from textnorm.retrieval.changing import Writer
    from textnorm.retrieval.storage import Reader

#: Fewest pairs of names, or entries of the lexicons that ship, that make a table.
FEWEST = 20
TABLES, NAMES, LEXICAL = "tables.arrow", "names/", "lexical/"


class Mined:
    """Searches the names of the main language with the translated query.

    Queries in the main language get no candidates, nor do those in a language without a table. Where the language of
    a query is not given it is the one whose table knows most of it.

    Attributes:
        name: ``mined``.
        lexicon: into the main language.
        settings: how it was mined.
        names: the main language's names.
    """

    name = "mined"

    def __init__(self, lexicon: Lexicon, names: Native, settings: MineSettings) -> None:
        self.lexicon = lexicon
        self.names = names
        self.settings = settings

    def search(self, queries: Queries, k: int) -> Candidates:
        """Return at most ``k`` candidates a query."""
        folded = fold_names(queries.texts)
        langs = [
            self.lexicon.detect(text, self.names.words) if lang is None else lang
            for text, lang in zip(folded, queries.langs, strict=True)
        ]
        found, at = [], 0
        for block in batches(folded):
            found.append(self._search(block, langs[at : at + len(block)], k))
            at += len(block)
        return joined(found)

    def _search(self, folded: Sequence[str], langs: Sequence[str | None], k: int) -> Candidates:
        if not any(lang in self.lexicon.tables for lang in langs):
            return Candidates.empty(len(folded))
        rows = vectors(self.lexicon.units(folded, langs), self.names.postings)

        def find(which: NDArray[np.int64], n: int) -> Scored:
            return self.names.postings.best(rows if len(which) == rows.shape[0] else rows[which], n)

        return top_concepts(find, rows.shape[0], self.names.slots, k)

    def write(self, writer: Writer, prefix: str) -> None:
        """Put the tables into an index folder, and the names' posting lists where those of ``lexical`` are others."""
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
        note = {"target": self.lexicon.target, "settings": json.dumps(asdict(self.settings), sort_keys=True)}
        writer.table(f"{prefix}{TABLES}", pa.table(columns).replace_schema_metadata(note))
        if not (self.names.whole and _lexical(prefix, writer.parts)):
            self.names.postings.write(writer, f"{prefix}{NAMES}")

    def updated(self, kb: KnowledgeBase, kept: NDArray[np.int64]) -> Mined:
        """Return the generator for a changed base: its words are mined anew, which takes seconds."""
        del kept
        found = MinedFactory.build(kb, **asdict(self.settings))
        if found is not None:
            return found
        return Mined(Lexicon(self.lexicon.target, {}), Native.of(kb, self.lexicon.target), self.settings)


class Native:
    """The names of one language, searchable.

    Attributes:
        slots: the rows of the names and their concepts.
        words: their words.
        whole: whether they are all names of the base.
        postings: their n-grams.
    """

    def __init__(self, kb: KnowledgeBase, lang: str, postings: Postings | None = None) -> None:
        slots = Slots.of(kb)
        own = np.array([name == lang for name in kb.langs], np.bool_)[slots.rows]
        self.slots = Slots(slots.rows[own], slots.concepts[own])
        self.whole = bool(own.all())
        folded = fold_names([kb.texts[row] for row in self.slots.rows.tolist()])
        self.words = frozenset(word for name in folded for word in name.split())
        if postings is None:
            boosts = kb.weights[self.slots.rows] / (float(kb.weights.max(initial=0.0)) or 1.0)
            postings = Postings.build(folded, boosts.astype(np.float32), GramSettings())
        self.postings = postings

    @classmethod
    def of(cls, kb: KnowledgeBase, lang: str) -> Native:
        """Index the names of one language."""
        return cls(kb, lang)


class MinedFactory:
    """Makes and reads :class:`Mined`.

    Applies to a base whose names have languages, and that either has names of one concept in two languages or a main
    language that a lexicon that ships translates into.
    """

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
        folded = fold_names(kb.texts)
        pairs = name_pairs(kb, target, folded)
        often = phrases(target, [text for text, lang in zip(folded, kb.langs, strict=True) if lang == target])
        tables = {}
        for lang in sorted({*pairs, *languages(target)} - {target}):
            known = translations(lang, target, often)
            if len(pairs.get(lang, ())) >= FEWEST or sum(map(bool, known.values())) >= FEWEST:
                tables[lang] = mine(lang, pairs.get(lang, []), how, known)
        if not tables:
            return None
        return Mined(Lexicon(target, tables), Native.of(kb, target), how)

    @classmethod
    def read(cls, reader: Reader, prefix: str, kb: KnowledgeBase) -> Mined:
        """Return the generator of an index folder.

        Raises:
            DataError: a part is damaged.
        """
        found = reader.table(f"{prefix}{TABLES}")
        try:
            target = found.schema.metadata[b"target"].decode()
            settings = MineSettings(**json.loads(found.schema.metadata[b"settings"]))
            tables = {row["lang"]: _table(row) for row in found.to_pylist()}
        except (KeyError, TypeError, ValueError) as error:
            msg = f"{reader.path(f'{prefix}{TABLES}')}: damaged: {error}. Build the index again."
            raise DataError(msg) from error
        own = f"{prefix}{NAMES}"
        place = own if any(part.startswith(own) for part in reader.parts) else _lexical(prefix, reader.parts) or own
        return Mined(Lexicon(target, tables), Native(kb, target, Postings.read(reader, place)), settings)


def _lexical(prefix: str, parts: Mapping[str, object]) -> str | None:
    """Return the prefix of the lexical generator's posting lists, where they are in the folder."""
    beside = prefix.removesuffix("mined/") + LEXICAL
    return beside if prefix.endswith("mined/") and any(part.startswith(beside) for part in parts) else None


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


def name_pairs(kb: KnowledgeBase, target: str, folded: Sequence[str]) -> dict[str, list[Pair]]:
    """Return, by language, pairs of a name and a name of the target language of one concept, folded.

    A name's pairs have a weight of 1 together.
    """
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
