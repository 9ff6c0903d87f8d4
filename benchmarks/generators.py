"""Candidate generators, each alone: how often a right concept is among the first, and queries per CPU-second.

    python benchmarks/generators.py [--data DIR] [--limit N] [--variants] [--sums] [SET …]

SET: melo folders (``usa_q_en_c_en``), jobbert, hpo, doid, xlbel. ``--variants`` measures the lexical generator with
other n-grams instead, and with and without the rule for common ones; ``--sums`` adds sums of lexical with others.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from textnorm import registry
from textnorm.bench import linking_tasks
from textnorm.linking.generators import postings
from textnorm.linking.generators.ranking import merged
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Candidates, Generator, Queries

K = 128
SETS = ("usa_q_en_c_en", "ltu_q_lt_c_lt", "deu_q_de_c_de", "pol_q_pl_c_pl", "jobbert", "hpo", "doid", "xlbel")
GENERATORS = ("exact", "lexical", "words", "cognate", "translit", "abbreviations")
GRAMS: dict[str, dict[str, Any]] = {
    "2-4": {},
    "2-3": {"max_n": 3},
    "3": {"min_n": 3, "max_n": 3},
    "3-4": {"min_n": 3},
    "3-5": {"min_n": 3, "max_n": 5},
    "2-5": {"max_n": 5},
    "2-4, words": {"words": True},
    "words": {"min_n": 0, "max_n": 0, "words": True},
}


def load(data: Path, name: str) -> linking_tasks.Task:
    """Return a set by its short name."""
    if name == "jobbert":
        names = data / "titles/esco/preferred_en.tsv.gz"
        return linking_tasks.jobbert(data / "titles/jobbert/titles.val.csv", names, {})
    if name in ("hpo", "doid"):
        return linking_tasks.task(
            data / f"entities/task_{ {'hpo': 'hpo_xl', 'doid': 'doid_es'}[name] }.dev.json.gz", name
        )
    if name == "xlbel":
        folder = data / "entities"
        return linking_tasks.xlbel(
            folder / "xlbel_mentions.dev.jsonl.gz", folder / "openmed_terms.dev.tsv.gz", nil=False
        )
    return linking_tasks.melo(data / "titles/melo" / name, {})


class Set:
    """A set, ready to be searched."""

    def __init__(self, task: linking_tasks.Task, limit: int) -> None:
        questions = sorted(task.questions, key=lambda q: linking_tasks.share(q.text + q.lang))[: limit or None]
        self.kb = KnowledgeBase(task.names, task.concepts)
        self.queries = Queries.of([q.text for q in questions], langs=[q.lang or None for q in questions])
        self.gold = [{self.kb.number[i] for i in q.gold} for q in questions]

    def row(self, label: str, found: Candidates, seconds: float | None = None) -> str:
        """Return a line of the table."""
        at = found.indptr.tolist()
        concepts = found.concepts.tolist()
        ranks = []
        for i, gold in enumerate(self.gold):
            own = concepts[at[i] : at[i + 1]]
            ranks.append(next((rank for rank, concept in enumerate(own, 1) if concept in gold), 0))
        place = np.array(ranks)
        shares = [float(((place > 0) & (place <= k)).mean()) for k in (1, 10, 64)]
        mrr = float(np.where(place > 0, 1 / np.maximum(place, 1), 0).mean())
        spoken = float((np.diff(found.indptr) > 0).mean())
        speed = "" if seconds is None else f"{len(self.gold) / max(seconds, 1e-9):9,.0f}"
        cells = "  ".join(f"{value:.4f}" for value in (mrr, *shares))
        return f"{label.ljust(34)}  {len(self.gold):6}  {cells}  {spoken:6.2f}  {speed}"

    def timed(self, generator: Generator) -> tuple[Candidates, float]:
        """Return candidates and CPU seconds of finding them, what is done once left out."""
        generator.search(self.queries.part(range(min(8, len(self.queries)))), K)
        start = time.process_time()
        found = generator.search(self.queries, K)
        return found, time.process_time() - start


def summed(one: Candidates, other: Candidates, weight: float, queries: Queries) -> Candidates:
    """Return candidates by ``(1 - weight) * one + weight * other``; what is not found counts 0."""
    of, concepts, scores = [], [], []
    for part, by in ((one, 1 - weight), (other, weight)):
        of.append(np.repeat(np.arange(len(queries)), np.diff(part.indptr)))
        concepts.append(part.concepts)
        scores.append(part.scores * by)
    query, concept, score = (np.concatenate(column) for column in (of, concepts, scores))
    order = np.lexsort((concept, query))
    query, concept, score = query[order], concept[order], score[order]
    first = np.flatnonzero((np.diff(query, prepend=-1) != 0) | (np.diff(concept, prepend=-1) != 0))
    total = np.add.reduceat(score, first) if len(first) else score
    counts = np.bincount(query[first], minlength=len(queries))
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    made = Candidates(indptr, concept[first], total.astype(np.float32), np.zeros(len(first), np.int32))
    return merged(made, np.arange(len(queries)), queries, K)


def alone(name: str, held: Set, *, sums: bool) -> Iterator[str]:
    """Yield a row a generator, and of sums with the lexical one."""
    found = {}
    for generator in GENERATORS:
        made = registry.generators.get(generator).build(held.kb)  # type: ignore[attr-defined]
        if made is None:
            continue
        found[generator], seconds = held.timed(made)
        yield held.row(f"{name} {generator}", found[generator], seconds)
    for other in sorted(set(found) - {"lexical"}) if sums else ():
        if not (np.diff(found[other].indptr) > 0).any():
            continue
        for weight in (0.1, 0.3, 0.5):
            made = summed(found["lexical"], found[other], weight, held.queries)
            yield held.row(f"{name} lexical + {weight} {other}", made)


def variants(name: str, held: Set) -> Iterator[str]:
    """Yield a row for each choice of n-grams."""
    factory: Any = registry.generators.get("lexical")
    for label, settings in GRAMS.items():
        generator = factory.build(held.kb, **settings)
        yield held.row(f"{name} {label}", *held.timed(generator))
        if label == "2-4":
            before, postings.STOP_NAMES = postings.STOP_NAMES, sys.maxsize
            yield held.row(f"{name} {label}, all", *held.timed(factory.build(held.kb)))
            postings.STOP_NAMES = before


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--data", type=Path, default=os.environ.get("TEXTNORM_DATA"))
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--variants", action="store_true")
    parser.add_argument("--sums", action="store_true")
    chosen = parser.parse_args()
    if chosen.data is None:
        parser.error("name the folder of the data: --data DIR, or TEXTNORM_DATA")
    print(f"{'':34}  {'n':>6}  {'MRR':>6}  {'R@1':>6}  {'R@10':>6}  {'R@64':>6}  spoken  queries/CPU-s")
    for name in chosen.sets:
        held = Set(load(Path(chosen.data), name), chosen.limit)
        for line in variants(name, held) if chosen.variants else alone(name, held, sums=chosen.sums):
            print(line, flush=True)


if __name__ == "__main__":
    main()
