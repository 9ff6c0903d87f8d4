"""What each part of the generator ``mined`` brings: ``python -m textnorm.bench.lexicon_ablation --data DIR``.

The generator alone, untuned, on samples of the development sets; R@1 and R@64 of concepts, in per cent.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from textnorm.bench.entities import FILES
from textnorm.bench.linking_tasks import Task, melo, task, xlbel
from textnorm.bench.report import data_folder, need
from textnorm.linking.generators.folding import fold_names
from textnorm.linking.generators.mined import FEWEST, Mined, MinedFactory, name_pairs
from textnorm.linking.generators.ranking import top_concepts
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.lexicon.lexicon import Lexicon, Units, vectors
from textnorm.linking.lexicon.mine import MineSettings, mine
from textnorm.linking.lexicon.table import WordTable

SAMPLE = 1200
DEPTH = 64
BLOCK = 256


class Stemless(WordTable):
    """A table that knows words by their endings only."""

    def like(self, unit: str) -> list[tuple[str, float]]:
        """Return nothing."""
        del unit
        return []


def tasks(data: Path) -> Iterator[Task]:
    """Yield the sets, each of ``SAMPLE`` queries at most."""
    found = dict(zip(FILES, need(data, FILES.values()), strict=True))
    hpo = task(found["hpo"], "hpo, English only")
    folder = need(data, ["titles/melo/ltu_q_lt_c_en"])[0]
    for made in (
        replace(hpo.with_extra(found["extra"]), name="hpo, in part translated"),
        hpo,
        task(found["doid"], "disease ontology"),
        replace(xlbel(found["mentions"], found["terms"], nil=False), name="xlbel"),
        replace(melo(folder, {}), name="melo lt to en"),
    ):
        questions = random.Random(0).sample(made.questions, min(SAMPLE, len(made.questions)))
        yield replace(made, questions=questions)


def variants(kb: KnowledgeBase) -> Iterator[tuple[str, Mined, bool, float]]:
    """Yield name, generator, whether words pass through, and the power of weights."""
    full = MinedFactory.build(kb)
    assert full is not None
    yield "all", full, True, 0.7
    stemless = {lang: Stemless(**vars_of(table)) for lang, table in full.lexicon.tables.items()}
    yield "no stems", _with(full, stemless), True, 0.7
    yield "nothing passes through", full, False, 0.7
    yield "weights to the power of 1", full, True, 1.0
    plain = MinedFactory.build(kb, **{**asdict(MineSettings()), "choice": 0.0})
    assert plain is not None
    yield "no choice among synonyms", plain, True, 0.7
    pairs = name_pairs(kb, full.lexicon.target, fold_names(kb.texts))
    own = {lang: mine(lang, found) for lang, found in sorted(pairs.items()) if len(found) >= FEWEST}
    if own:
        yield "nothing that ships", _with(full, own), True, 0.7
    shipped = MinedFactory.build(KnowledgeBase(_native_rows(kb, full.lexicon.target)))
    if own and shipped is not None:
        yield "only what ships", _with(full, shipped.lexicon.tables), True, 0.7


def vars_of(table: WordTable) -> dict[str, Any]:
    """Return the fields of a table."""
    return {name: getattr(table, name) for name in WordTable.__dataclass_fields__}


def _with(full: Mined, tables: object) -> Mined:
    return Mined(Lexicon(full.lexicon.target, dict(tables)), full.names, full.settings)  # type: ignore[call-overload]


def _native_rows(kb: KnowledgeBase, lang: str) -> list[tuple[str, str, str | None, None, None, None]]:
    rows = zip(kb.concept.tolist(), kb.texts, kb.langs, strict=True)
    return [(kb.ids[concept], text, code, None, None, None) for concept, text, code in rows if code == lang]


def hits(kb: KnowledgeBase, of: Task, found: Mined, *, passing: bool, power: float) -> tuple[float, float]:
    """Return R@1 and R@64."""
    first = all_ = 0
    for at in range(0, len(of.questions), BLOCK):
        block = of.questions[at : at + BLOCK]
        units: Units = found.lexicon.units(fold_names([q.text for q in block]), [q.lang for q in block])
        if not passing:
            units = units._replace(unknown=np.zeros_like(units.unknown))
        rows = vectors(units, found.names.postings, power=power)
        best = top_concepts(
            lambda which, n, rows=rows: found.names.postings.best(rows[which], n),  # type: ignore[misc]
            len(block),
            found.names.slots,
            DEPTH,
        )
        for i, question in enumerate(block):
            gold = {kb.number[concept] for concept in question.gold if concept in kb.number}
            ranked = best.concepts[best.indptr[i] : best.indptr[i + 1]].tolist()
            first += bool(ranked) and ranked[0] in gold
            all_ += any(concept in gold for concept in ranked)
    return first / len(of.questions), all_ / len(of.questions)


def main(data: Path, names: Sequence[str] = ()) -> None:
    """Print the table of all sets, or of those whose names begin with one of ``names``."""
    for of in tasks(data):
        if names and not of.name.startswith(tuple(names)):
            continue
        kb = KnowledgeBase(of.names)
        for name, found, passing, power in variants(kb):
            one, many = hits(kb, of, found, passing=passing, power=power)
            print(f"{of.name:26} {name:28} {100 * one:5.1f} {100 * many:5.1f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    main(data_folder(given.data), given.sets)
