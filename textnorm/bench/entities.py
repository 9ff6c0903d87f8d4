"""``textnorm bench entities``: names of diseases and phenotypes in many languages linked to open terminologies.

HPO's phenotypes in nine languages to a base in English, as it is and translated in part; the Disease Ontology from
Spanish; XL-BEL's mentions in running text, those in the base alone and all. Tuned on a third of the answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from textnorm.bench.linking import (
    TUNE,
    Answer,
    ask,
    built,
    cost_rows,
    extend,
    gain_row,
    member_rows,
    members,
    ranking_rows,
    trust_rows,
    without_rows,
)
from textnorm.bench.linking_tasks import Task, task, xlbel
from textnorm.bench.report import Report, Row, data_folder, need

FILES = {
    "hpo": "entities/task_hpo_xl.dev.json.gz",
    "extra": "entities/hpo_translations.dev.tsv.gz",
    "doid": "entities/task_doid_es.dev.json.gz",
    "mentions": "entities/xlbel_mentions.dev.jsonl.gz",
    "terms": "entities/openmed_terms.dev.tsv.gz",
}


def run(data: Path | None) -> Report:
    """Return the figures.

    Raises:
        UsageError: no data folder, or a file is missing.
    """
    folder = data_folder(data)
    found = dict(zip(FILES, need(folder, FILES.values()), strict=True))
    report = Report("entities")
    hpo = task(found["hpo"], "hpo, nine languages to English")
    extend(report, set_rows(hpo))
    extend(report, set_rows(hpo.with_extra(found["extra"]), parts=True))
    extend(report, set_rows(task(found["doid"], "disease ontology, es to en")))
    for nil in (False, True):
        extend(report, set_rows(xlbel(found["mentions"], found["terms"], nil=nil), nil=nil))
    report.notes += [
        f"'tuned': on the queries of {TUNE:.0%} of the answers, chosen by hash; scored on the others.",
        "'translated in part': names in nine languages of concepts that no query asks for.",
        "'mrr, lost without': tuned with all parts minus tuned without one, on the same queries; paired bootstrap.",
    ]
    return report


def set_rows(found: Task, *, parts: bool = False, nil: bool = False) -> Iterator[Row]:
    """Yield the figures of a task, untuned and tuned; with ``parts`` what each part brings."""
    dev, test = found.split(TUNE)
    asked = [q for q in test if q.gold]
    with built(found) as index:
        untuned, seconds = ask(index.linker(), test)
        yield from _rows(f"{found.name}, untuned", untuned, nil=nil)
        yield from cost_rows(f"{found.name}, untuned", index, len(test), seconds)
        index.tune(dev)
        name = f"{found.name}, tuned"
        tuned, seconds = ask(index.linker(), test)
        yield from _rows(name, tuned, nil=nil)
        yield from cost_rows(name, index, len(test), seconds)
        generators = index.generators
        alone = members(index, asked)
        yield from member_rows(name, alone, [answer for answer in tuned if answer.gold])
        if not parts:
            return
        yield gain_row(name, "lost without tuning", tuned, untuned)
        corrected, _ = ask(index.linker(hubness="csls"), test)
        yield gain_row(name, "gained with hubness correction (csls)", corrected, tuned)
    yield from without_rows(name, found, dev, test, tuned, generators)


def _rows(name: str, answers: Sequence[Answer], *, nil: bool) -> Iterator[Row]:
    yield from ranking_rows(name, [answer for answer in answers if answer.gold])
    yield from trust_rows(name, answers, nil=nil)
