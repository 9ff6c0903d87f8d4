"""Tasks and banks of the hubness benchmark, made from the public sets in the data folder.

Queries that are a name of the gallery but for case are left out: an exact match needs no vectors. Bank, development
and test part have no concept in common.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textnorm.bench.report import need
from textnorm.errors import UsageError

#: Rows of a usual bank, and labelled queries to choose with and to test on, at most.
BANK, DEV, TEST = 1800, 600, 1500
HPO = ("entities/hpo_terms.jsonl", "entities/hpo_translations.dev.tsv.gz")
DOID = "entities/task_doid_es.dev.json.gz"
ESCO = "titles/esco/names_en.tsv.gz"
JOBBERT = "titles/jobbert/titles.val.csv"
ONET = ("titles/onet27/Alternate Titles.txt", "titles/onet27/Occupation Data.txt")
MELO = {
    "melo-de-en": ("de", "titles/melo/deu_q_de_c_en", ""),
    "melo-lt-en": ("lt", "titles/melo/ltu_q_lt_c_en", ".dev"),
    "melo-en-en": ("en", "titles/melo/usa_q_en_c_en", ""),
}
#: Task -> language of its queries, all sought among English names and synonyms.
HPO_LANGUAGES = {f"hpo-{code}": code for code in ("es", "fr", "de", "cs", "tr")}
TASKS = (*HPO_LANGUAGES, "hpo-synonyms", "doid-es", "esco", "jobbert", "onet", *MELO)


@dataclass(frozen=True)
class Task:
    """Queries and the gallery in which they are sought.

    Attributes:
        name: of the task.
        lang: language of the queries.
        gallery: names.
        concepts: [n] number of the concept of each name.
        bank: all unlabelled queries, or texts like them, in random order.
        queries: labelled queries.
        gold: concepts of each query.
        dev: positions of the queries that settings are chosen with.
        test: positions of the queries that figures are measured on.
    """

    name: str
    lang: str
    gallery: list[str]
    concepts: NDArray[np.int64]
    bank: list[str]
    queries: list[str]
    gold: list[NDArray[np.int64]]
    dev: NDArray[np.int64]
    test: NDArray[np.int64]

    def gold_of(self, part: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Return the positions of the right names in the gallery, for each query of a part."""
        order = np.argsort(self.concepts, kind="stable")
        ordered = self.concepts[order]
        found = []
        for q in part:
            pieces = [
                order[np.searchsorted(ordered, c, "left") : np.searchsorted(ordered, c, "right")] for c in self.gold[q]
            ]
            found.append(np.concatenate(pieces))
        return found


def load_task(name: str, data: Path) -> Task:
    """Return a task.

    Raises:
        UsageError: there is no such task, or its files are missing.
    """
    if name in HPO_LANGUAGES:
        names, queries = _hpo(data, HPO_LANGUAGES[name])
        return _split(name, HPO_LANGUAGES[name], names, queries)
    if name == "hpo-synonyms":
        names, queries = _hpo_synonyms(data)
        return _split(name, "en", names, queries)
    if name == "doid-es":
        return _doid(data)
    if name == "esco":
        preferred, others = _esco(data)
        return _split(name, "en", preferred, others)
    if name == "jobbert":
        return _split(name, "en", _esco(data)[0], list(_jobbert(data)))
    if name == "onet":
        return _split(name, "en", *_onet(data))
    if name in MELO:
        lang, folder, part = MELO[name]
        return _split(name, lang, *_melo(data, folder, part))
    msg = f"There is no task '{name}'. Known: {', '.join(TASKS)}."
    raise UsageError(msg)


def foreign_bank(task: Task, data: Path) -> list[str]:
    """Return a bank of the wrong language: English names for queries in another language, Spanish ones for English."""
    if task.lang == "en":
        _, queries = _hpo(data, "es")
    else:
        _, queries = _hpo_synonyms(data)
    texts = [text for text, _ in queries]
    return _sample(texts, BANK, seed=1)


Names = list[tuple[str, str]]
Queries = list[tuple[str, tuple[str, ...]]]


def _split(name: str, lang: str, names: Names, queries: Queries, *, bank: list[str] | None = None) -> Task:
    """Return a task whose queries are divided at random by concept, the same way every time.

    A query whose concepts fall into several parts is left out.
    """
    number: dict[str, int] = {}
    gallery, concepts, seen = [], [], set()
    for concept, text in names:
        if (concept, text) not in seen:
            seen.add((concept, text))
            gallery.append(text)
            concepts.append(number.setdefault(concept, len(number)))
    exact = {text.casefold() for text in gallery}
    spelling: dict[str, str] = {}  # an uncased encoder gives spellings of one text the same vector
    kept: dict[str, set[str]] = {}
    for text, gold in queries:
        if text.casefold() not in exact and (known := [concept for concept in gold if concept in number]):
            kept.setdefault(spelling.setdefault(text.casefold(), text), set()).update(known)
    texts = sorted(kept)
    gold_numbers = [np.array(sorted(number[concept] for concept in kept[text]), np.int64) for text in texts]
    wanted = DEV + TEST + BANK
    # Small sets are shared out as the usual sizes are; of large ones the bank gets more, the others enough concepts.
    dev_share = min(DEV / wanted, max(0.06, 1.1 * DEV / len(texts)))
    test_share = min(TEST / wanted, max(0.15, 1.1 * TEST / len(texts)))
    shares = np.array([1 - dev_share - test_share if bank is None else 0, dev_share, test_share])
    rng = np.random.default_rng(0)
    part_of = rng.choice(3, size=len(number), p=shares / shares.sum())
    order = rng.permutation(len(texts))
    inside = [order[[set(part_of[gold_numbers[q]]) == {part} for q in order]] for part in range(3)]
    rows, dev, test = inside[0], inside[1][:DEV], inside[2][:TEST]
    return Task(
        name=name,
        lang=lang,
        gallery=gallery,
        concepts=np.array(concepts, np.int64),
        bank=[texts[i] for i in rows] if bank is None else bank,
        queries=texts,
        gold=gold_numbers,
        dev=dev,
        test=test,
    )


def _sample(texts: Iterable[str], size: int, seed: int) -> list[str]:
    distinct = sorted(set(texts))
    chosen = np.random.default_rng(seed).permutation(len(distinct))[:size]
    return [distinct[i] for i in chosen]


# -- sets ------------------------------------------------------------------------------------------------------------
def _terms(data: Path) -> Iterator[tuple[str, str, list[str]]]:
    with need(data, HPO[:1])[0].open(encoding="utf-8") as stream:
        for line in stream:
            term = json.loads(line)
            yield term["id"], term["name"], term["synonyms"]


def _hpo(data: Path, lang: str) -> tuple[Names, Queries]:
    names = [(concept, text) for concept, name, others in _terms(data) for text in (name, *others)]
    rows = _tsv(need(data, HPO[1:])[0])
    return names, [(row["text"], (row["id"],)) for row in rows if row["lang"] == lang]


def _hpo_synonyms(data: Path) -> tuple[Names, Queries]:
    terms = list(_terms(data))
    return [(concept, name) for concept, name, _ in terms], [
        (o, (concept,)) for concept, _, more in terms for o in more
    ]


def _doid(data: Path) -> Task:
    path = need(data, [DOID])[0]
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        found = json.load(stream)
    names = [(concept, text) for concept, text, _ in found["kb"]]
    queries = [(query["text"], tuple(query["gold"])) for query in found["q"]]
    _, spanish = _hpo(data, "es")
    asked = {text.casefold() for text, _ in queries}
    bank = _sample((text for text, _ in spanish if text.casefold() not in asked), BANK, seed=2)
    return _split("doid-es", "es", names, queries, bank=bank)


def _esco(data: Path) -> tuple[Names, Queries]:
    preferred: Names = []
    others: Queries = []
    for row in _tsv(need(data, [ESCO])[0]):
        if row["kind"] == "preferred":
            preferred.append((row["concept_id"], row["name"]))
        else:
            others.append((row["name"], (row["concept_id"],)))
    return preferred, others


def _jobbert(data: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    with need(data, [JOBBERT])[0].open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield row["vacancyTitle"], (row["conceptUri"],)


def _onet(data: Path) -> tuple[Names, Queries]:
    other, main = need(data, ONET)
    names = [(row["O*NET-SOC Code"], row["Title"]) for row in _tsv(main)]
    return names, [(row["Alternate Title"], (row["O*NET-SOC Code"],)) for row in _tsv(other)]


def _melo(data: Path, folder: str, part: str) -> tuple[Names, Queries]:
    files = (f"annotations{part}", "concept_mapping", "corpus_elements", f"queries{part}")
    tables = [list(_rows(path)) for path in need(data, [f"{folder}/{name}.tsv.gz" for name in files])]
    judged, mapping, elements, texts = tables
    concept = {row[0]: row[1] for row in mapping}
    gold: dict[str, set[str]] = {}
    for row in judged:
        gold.setdefault(row[0], set()).add(concept[row[2]])
    return (
        [(concept[row[0]], row[1]) for row in elements],
        [(row[1], tuple(sorted(gold[row[0]]))) for row in texts if row[0] in gold],
    )


def _tsv(path: Path) -> Iterator[dict[str, str]]:
    rows = _rows(path)
    header = next(rows)
    for row in rows:
        yield dict(zip(header, row, strict=True))


def _rows(path: Path) -> Iterator[list[str]]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for line in io.StringIO(raw.decode("utf-8"), newline="\n"):
        yield line.rstrip("\r\n").split("\t")
