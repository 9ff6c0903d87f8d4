"""``textnorm bench limit``: LIMIT-small (Weller, Boratko, Naim and Lee 2025), documents as concepts.

Each of 46 documents lists what a person likes; a query asks for one thing, two documents are right. Single vectors
fail here (MiniLM R@2 .162), words do not (BM25 .9915, docs/linking.md); a fusion must not lose what its words know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from textnorm.bench.linking import TUNE, Answer, ask, built, cost_rows, extend, members
from textnorm.bench.linking_tasks import limit_small
from textnorm.bench.report import Report, Row, data_folder, mean, need

FOLDER = "titles/limit-small"


def run(data: Path | None) -> Report:
    """Return the figures.

    Raises:
        UsageError: no data folder, or a file is missing.
    """
    folder = data_folder(data)
    need(folder, [f"{FOLDER}/{name}.jsonl" for name in ("corpus", "queries", "qrels")])
    report = Report("limit")
    for lists in (False, True):
        extend(report, rows(folder / FOLDER, lists=lists))
    report.notes.append("R@2: share of the two right documents among the first two.")
    report.notes.append(
        f"'tuned': on the queries of {TUNE:.0%} of the answers, scored on the others; else untuned, all queries."
    )
    return report


def rows(folder: Path, *, lists: bool) -> Iterator[Row]:
    """Yield R@2 of the linker, untuned and tuned, and of each of its generators."""
    task = limit_small(folder, lists=lists)
    dev, test = task.split(TUNE)
    with built(task) as index:
        answers, seconds = ask(index.linker(), task.questions, 10)
        yield recall(task.name, answers)
        for generator, alone in members(index, task.questions, 10).items():
            yield recall(f"{task.name}, {generator} alone", alone)
        yield from cost_rows(task.name, index, len(answers), seconds, "en")
        index.tune(dev)
        yield recall(f"{task.name}, tuned", ask(index.linker(), test, 10)[0])


def recall(name: str, answers: Sequence[Answer]) -> Row:
    """Return R@2: the share of the two right documents among the first two."""
    return mean(name, "en", "r@2", [answer.right / len(answer.gold) for answer in answers])
