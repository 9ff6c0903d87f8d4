"""Linking tasks of the development data: the base, the queries with their answers, the split for tuning.

The formats, the filters and the split are those of ``shared/tools/score_link.py``, so that the figures agree.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, NamedTuple

from textnorm.linking.kb import NameRow
from textnorm.linking.tables import Concepts


class Question(NamedTuple):
    """A query with its answers; no answers: none of the base is right."""

    text: str
    lang: str
    gold: frozenset[str]
    context: str | None = None


@dataclass(frozen=True)
class Task:
    """A base and queries.

    Attributes:
        name: of the set, for tables.
        names: rows of the names table.
        questions: the queries.
        concepts: parents, types and attributes by concept.
    """

    name: str
    names: list[NameRow]
    questions: list[Question]
    concepts: Concepts = field(default_factory=dict)

    def split(self, fraction: float) -> tuple[list[Question], list[Question]]:
        """Return the queries to tune on and those to score: by a hash of the answer, so no concept is in both."""
        dev = [q for q in self.questions if share("tune" + min(q.gold, default=q.text)) < fraction]
        return dev, [q for q in self.questions if share("tune" + min(q.gold, default=q.text)) >= fraction]

    def with_extra(self, path: Path) -> Task:
        """Return the task with more names (``id, lang, text``), of concepts that no query asks for."""
        answers = {concept for q in self.questions for concept in q.gold}
        rows = [_row(r["id"], r["text"], r["lang"]) for r in _table(path) if r["id"] not in answers]
        return replace(self, name=f"{self.name}, translated in part", names=self.names + [r for r in rows if r[1]])

    def flat(self) -> Task:
        """Return the task with each name as a concept of its own: labels are ranked, not concepts."""
        names = [(f"{i}", *row[1:]) for i, row in enumerate(self.names)]
        of: dict[str, list[str]] = defaultdict(list)
        for i, row in enumerate(self.names):
            of[row[0]].append(f"{i}")
        questions = [q._replace(gold=frozenset(i for concept in q.gold for i in of[concept])) for q in self.questions]
        return Task(f"{self.name}, labels ranked", names, questions)


def share(text: str) -> float:
    """Return a number in 0 to 1 that a text always has."""
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF


def melo(folder: Path, concepts: Concepts) -> Task:
    """Return a MELO set."""
    concept = dict(_pairs(folder / "concept_mapping.tsv.gz"))
    names = [_row(concept[e], text, e.split("_")[1]) for e, text in _pairs(folder / "corpus_elements.tsv.gz")]
    gold: dict[str, set[str]] = defaultdict(set)
    for row in _pairs(_first(folder, "annotations.tsv.gz", "annotations.dev.tsv.gz")):
        gold[row[0]].add(concept[row[2]])
    lang = folder.name.split("_")[2]
    rows = _pairs(_first(folder, "queries.tsv.gz", "queries.dev.tsv.gz"))
    questions = [Question(_clean(row[1]), lang, frozenset(gold[row[0]])) for row in rows if gold[row[0]]]
    return _known(Task(f"melo {folder.name}", names, questions, concepts))


def task(path: Path, name: str) -> Task:
    """Return a task file: ``{"kb": [[id, name, lang], …], "q": [{"text", "lang", "gold"}, …]}``."""
    with _opened(path) as stream:
        held = json.load(stream)
    names = [_row(*row) for row in held["kb"]]
    questions = [Question(_clean(q["text"]), q.get("lang", ""), frozenset(q["gold"])) for q in held["q"]]
    return _known(Task(name, names, questions))


def xlbel(mentions: Path, terms: Path, *, nil: bool) -> Task:
    """Return XL-BEL's mentions against the open terms; with ``nil`` also those whose concept is not in the base."""
    names = [_row(r["cui"], r["name"], r["lang"]) for r in _table(terms)]
    with _opened(mentions) as stream:
        rows = [json.loads(line) for line in stream]
    questions = [Question(_clean(r["mention"]), r["lang"], frozenset(r["gold"])) for r in rows]
    name = "xlbel, all mentions" if nil else "xlbel, in the base"
    return _known(Task(name, names, questions), nil=nil)


def jobbert(titles: Path, names: Path, concepts: Concepts) -> Task:
    """Return JobBERT's vacancy titles against a table of names."""
    with _opened(titles) as stream:
        questions = [
            Question(_clean(r["vacancyTitle"]), "en", frozenset([r["conceptUri"]])) for r in csv.DictReader(stream)
        ]
    rows = [_row(r["concept_id"], r["name"], r.get("lang", "en")) for r in _table(names)]
    return _known(Task("jobbert, preferred names", rows, questions, concepts))


def limit_small(folder: Path, *, lists: bool) -> Task:
    """Return LIMIT-small (Weller et al. 2025), documents as concepts.

    Args:
        folder: of the set.
        lists: a document's list of things is split at its commas, so that each thing is a name of the document.
    """
    names: list[NameRow] = []
    for row in _json_lines(folder / "corpus.jsonl"):
        text = row["text"]
        _, verb, things = text.partition(" likes ")
        found = (
            [part.strip().removeprefix("and ").rstrip(".") for part in things.split(",")] if lists and verb else [text]
        )
        names += [_row(row["_id"], name, "en") for name in found if name]
    gold: dict[str, set[str]] = defaultdict(set)
    for row in _json_lines(folder / "qrels.jsonl"):
        gold[row["query-id"]].add(row["corpus-id"])
    questions = [
        Question(_clean(row["text"]), "en", frozenset(gold[row["_id"]]))
        for row in _json_lines(folder / "queries.jsonl")
    ]
    return Task(f"limit-small, {'things as names' if lists else 'texts as names'}", names, questions)


def published_melo(path: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Return the published figures: set -> method -> measure -> value."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        method, place, *figures = line.split()
        pairs = (figure.partition("=") for figure in figures)
        values = {name: float(value) for name, _, value in pairs}
        found.setdefault(place.rpartition("/")[2], {})[method.rpartition("/")[2]] = values
    return found


def _known(found: Task, *, nil: bool = False) -> Task:
    """Return a task with only those answers that its base has; queries without any are left out unless ``nil``."""
    known = {row[0] for row in found.names}
    names = [row for row in found.names if row[1]]
    questions = [q._replace(gold=q.gold & known) for q in found.questions if nil or q.gold & known]
    return replace(found, names=names, questions=questions)


def _row(concept: str, name: str, lang: str | None) -> NameRow:
    return concept, _clean(name), lang or None, None, None, None


def _clean(text: str) -> str:
    return " ".join(text.replace("\t", " ").split())


def _opened(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _pairs(path: Path) -> list[list[str]]:
    with _opened(path) as stream:
        return [line.rstrip("\n").split("\t") for line in stream]


def _table(path: Path) -> Iterator[dict[str, str]]:
    with _opened(path) as stream:
        yield from csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with _opened(path) as stream:
        for line in stream:
            yield json.loads(line)


def _first(folder: Path, *names: str) -> Path:
    return next(folder / name for name in names if (folder / name).exists())


def concepts_asked(questions: Sequence[Question]) -> int:
    """Return how many different concepts are answers."""
    return len({concept for q in questions for concept in q.gold})
