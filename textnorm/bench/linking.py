"""What the benchmarks of linking share: an index built, tuned and asked as the command line does, and its scores."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from textnorm.bench.linking_tasks import Question, Task
from textnorm.bench.report import Report, Row, cpu_time, mean, share
from textnorm.linking.tables import Names

if TYPE_CHECKING:
    from textnorm.linking.linker import Linker

#: Share of the answers that is tuned on; the rest is scored.
TUNE = 0.33
#: Candidates a query, and the depths of A@k.
K, DEPTHS = 64, (1, 5, 10, 64)
BINS = 10
PRECISION = 0.95


class Answer(NamedTuple):
    """What came of a question.

    Attributes:
        rank: of the first right candidate, from 1; 0: none among the first 64.
        right: right candidates among the first two, for R@2.
        first: ``p`` of the first candidate; NaN without candidates.
        chosen: the concept, or ``None``.
        gold: the answers.
        lang: of the question.
    """

    rank: int
    right: int
    first: float
    chosen: str | None
    gold: frozenset[str]
    lang: str


@dataclass
class Index:
    """An index in a temporary folder.

    Attributes:
        folder: where it lies.
        task: what it was built of.
        build_s: CPU seconds of building.
        tune_s: CPU seconds of tuning; 0: it is not tuned.
    """

    folder: Path
    task: Task
    build_s: float = 0.0
    tune_s: float = 0.0

    def linker(self, *, generators: Sequence[str] | None = None, hubness: str = "auto", **options: Any) -> Linker:
        """Open the linker."""
        from textnorm.linking.linker import Linker

        found = Linker.load(self.folder, generators=generators, hubness=hubness)
        return found.with_options(**options) if options else found

    def tune(self, dev: Sequence[Question]) -> None:
        """Tune the index on questions, as ``textnorm index tune`` does."""
        from textnorm.linking.labelled import Labelled
        from textnorm.linking.tuning import tune_folder

        rows = [Labelled(q.text, tuple(sorted(q.gold)), q.lang or None) for q in dev]
        with cpu_time() as clock:
            tune_folder(self.folder, rows, silent)
        self.tune_s = clock.seconds

    @property
    def generators(self) -> list[str]:
        """Names of the generators that the index has."""
        return [generator.name for generator in self.linker().generators]


def silent(*_: Any) -> None:
    """Take notes and progress, and say nothing."""


@contextmanager
def built(
    task: Task, *, encoder: str = "static", generators: Sequence[str] | None = None, dev: Sequence[Question] = ()
) -> Iterator[Index]:
    """Build an index of a task, tune it where there are queries to tune on at once, and remove it in the end."""
    from textnorm.linking.folder import build

    with TemporaryDirectory(prefix="textnorm-bench-") as place:
        index = Index(Path(place) / "index", task)
        names = Names()
        names.extend(task.names)
        with cpu_time() as clock:
            build(
                index.folder,
                names,
                task.concepts,
                encoder=encoder,
                factory="Flat",
                parameters="",
                say=silent,
                progress=silent,
                generators=generators,
            )
        index.build_s = clock.seconds
        if dev:
            index.tune(dev)
        yield index


def ask(linker: Linker, questions: Sequence[Question], k: int = K) -> tuple[list[Answer], float]:
    """Return what a linker answers, and the CPU seconds of reading, linking and writing, as ``textnorm link`` does."""
    from textnorm.linking.stream import LinkOptions, link_file
    from textnorm.streaming.formats import detect

    with TemporaryDirectory(prefix="textnorm-bench-") as place:
        source, target = str(Path(place) / "queries.tsv"), str(Path(place) / "links.jsonl")
        lines = (f"{q.text}\t{q.lang}\n" for q in questions)
        Path(source).write_text("query\tlang\n" + "".join(lines), encoding="utf-8")
        with cpu_time() as clock:
            link_file(linker, source, detect(source), target, detect(target), LinkOptions(k=k), silent)
        with Path(target).open(encoding="utf-8") as stream:
            answers = [_answer(json.loads(line), q) for line, q in zip(stream, questions, strict=True)]
    return answers, clock.seconds


def _answer(link: dict[str, Any], question: Question) -> Answer:
    candidates = link["candidates"]
    first = candidates[0]["p"] if candidates else math.nan
    return _ranked([candidate["id"] for candidate in candidates], question, first, link["id"])


# -- scores ----------------------------------------------------------------------------------------------------------
def success(answers: Sequence[Answer], k: int) -> float:
    """Return A@k: the share with a right candidate among the first k."""
    return sum(0 < a.rank <= k for a in answers) / len(answers)


def mrr(answers: Sequence[Answer]) -> float:
    """Return the mean reciprocal rank of the first right candidate."""
    return sum(1 / a.rank for a in answers if a.rank) / len(answers)


def calibration_error(answers: Sequence[Answer]) -> float:
    """Return the expected calibration error of the first candidate's ``p`` over ten bins of equal width."""
    pairs = [(a.first, a.rank == 1) for a in answers if not math.isnan(a.first)]
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for p, right in pairs:
        bins[min(BINS - 1, int(p * BINS))].append((p, right))
    return (
        sum(abs(sum(p for p, _ in b) - sum(r for _, r in b)) for b in bins.values()) / len(pairs) if pairs else math.nan
    )


def coverage(answers: Sequence[Answer], precision: float = PRECISION) -> float:
    """Return the largest share of queries that, the surest first, are right as often as ``precision`` wants."""
    pairs = sorted(((a.first, a.rank == 1) for a in answers if not math.isnan(a.first)), key=lambda pair: -pair[0])
    good = covered = 0
    for n, (p, right) in enumerate(pairs, 1):
        good += right
        if good / n >= precision and (n == len(pairs) or pairs[n][0] < p):  # only where a run of equal p ends
            covered = n
    return covered / len(answers)


def null_scores(answers: Sequence[Answer]) -> tuple[float, float, float]:
    """Return precision, recall and F1 of "none of these"."""
    said = sum(a.chosen is None for a in answers)
    right = sum(a.chosen is None and not a.gold for a in answers)
    wanted = sum(not a.gold for a in answers)
    precision, recall = right / max(1, said), right / max(1, wanted)
    return precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0


def by_lang(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    """Return the answers of each language, sorted; ``""`` first, which is all."""
    found: dict[str, list[Answer]] = {"": list(answers)}
    for lang in sorted({a.lang for a in answers}):
        found[lang] = [a for a in answers if a.lang == lang]
    return found if len(found) > 2 else {"": found[""]}


# -- rows ------------------------------------------------------------------------------------------------------------
def ranking_rows(name: str, answers: Sequence[Answer], lang: str = "", note: str = "") -> Iterator[Row]:
    """Yield MRR and A@k, of each language where there are several."""
    for code, found in by_lang(answers).items():
        told = code or lang
        yield mean(name, told, "mrr", [1 / a.rank if a.rank else 0.0 for a in found], note)
        for k in DEPTHS:
            yield share(name, told, f"a@{k}", sum(0 < a.rank <= k for a in found), len(found), note)


def trust_rows(name: str, answers: Sequence[Answer], lang: str = "", *, nil: bool = False) -> Iterator[Row]:
    """Yield what the probabilities are worth; with ``nil`` what "none of these" is worth."""
    n = len(answers)
    yield Row(name, lang, "ece", calibration_error(answers), n)
    yield Row(name, lang, "coverage_at_95", coverage(answers), n)
    made = [a for a in answers if a.chosen is not None]
    yield share(name, lang, "linked", len(made), n)
    yield share(name, lang, "links_right", sum(a.chosen in a.gold for a in made), len(made))
    if nil:
        for measure, value in zip(("null_precision", "null_recall", "null_f1"), null_scores(answers), strict=True):
            yield Row(name, lang, measure, value, n)


def cost_rows(name: str, index: Index, questions: int, seconds: float, lang: str = "") -> Iterator[Row]:
    """Yield CPU seconds of building and tuning, and queries per CPU second."""
    yield Row(name, lang, "build_cpu_s", index.build_s, len(index.task.names))
    if index.tune_s:
        yield Row(name, lang, "tune_cpu_s", index.tune_s)
    yield Row(name, lang, "queries_per_cpu_s", questions / max(seconds, 1e-9), questions)


def members(index: Index, questions: Sequence[Question], k: int = K) -> dict[str, list[Answer]]:
    """Return what each generator answers by itself: its own ranking, nothing weighed or rolled up.

    One that has no opinion on any of the questions is left out.
    """
    from textnorm.linking.linker import BLOCK
    from textnorm.linking.protocol import Queries

    linker = index.linker()
    found: dict[str, list[Answer]] = {generator.name: [] for generator in linker.generators}
    spoke: set[str] = set()
    for at in range(0, len(questions), BLOCK):
        part = questions[at : at + BLOCK]
        queries = Queries.of([q.text for q in part], langs=[q.lang or None for q in part])
        for generator in linker.generators:
            got = generator.search(queries, k)
            for i, q in enumerate(part):
                ids = [linker.kb.ids[c] for c in got.concepts[got.indptr[i] : got.indptr[i + 1]].tolist()]
                found[generator.name].append(_ranked(ids, q))
                spoke.update([generator.name] if ids else ())
    return {name: answers for name, answers in found.items() if name in spoke}


def _ranked(ids: Sequence[str], question: Question, first: float = math.nan, chosen: str | None = None) -> Answer:
    rank = next((i for i, concept in enumerate(ids, 1) if concept in question.gold), 0)
    return Answer(rank, sum(c in question.gold for c in ids[:2]), first, chosen, question.gold, question.lang)


def member_rows(name: str, alone: dict[str, list[Answer]], fused: Sequence[Answer]) -> Iterator[Row]:
    """Yield A@1 and A@64 of each generator alone, and what the fusion has over the best of them.

    The last is the smallest difference of any language, in A@1: the fusion must not lose to a member of it.
    """
    best: dict[str, float] = dict.fromkeys(by_lang(fused), 0.0)
    for generator, answers in alone.items():
        for code, found in by_lang(answers).items():
            best[code] = max(best[code], success(found, 1))
        for k in (1, 64):
            hits = sum(0 < a.rank <= k for a in answers)
            yield share(f"{name}, {generator} alone", "", f"a@{k}", hits, len(answers))
    gains = {code: success(found, 1) - best[code] for code, found in by_lang(fused).items()}
    worst = min(gains, key=lambda code: gains[code])
    note = f"the worst of {len(gains) - 1} languages" if len(gains) > 1 else ""
    yield Row(name, worst, "a@1 over best member", gains[worst], len(fused), note=note)


def gain_row(name: str, what: str, ours: Sequence[Answer], other: Sequence[Answer], *, seed: int = 0) -> Row:
    """Return a difference in MRR on the same queries, with a paired bootstrap interval (1,000 resamples)."""
    a, b = (np.array([1 / x.rank if x.rank else 0.0 for x in found]) for found in (ours, other))
    gain = a - b
    drawn = np.random.default_rng(seed).integers(0, len(gain), size=(1000, len(gain)), dtype=np.int32)
    lo, hi = np.quantile(gain[drawn].mean(axis=1), (0.025, 0.975))
    return Row(name, "", f"mrr, {what}", float(gain.mean()), len(gain), float(lo), float(hi))


def without_rows(
    name: str,
    task: Task,
    dev: Sequence[Question],
    test: Sequence[Question],
    whole: Sequence[Answer],
    generators: Sequence[str],
) -> Iterator[Row]:
    """Yield what is lost where an index is built and tuned without one of its generators."""
    for gone in generators:
        rest = [other for other in generators if other != gone]
        if not rest:
            continue
        encoder = "none" if gone == "dense" else "static"
        with built(task, encoder=encoder, generators=rest, dev=dev) as index:
            what = "the static encoder" if gone == "dense" else gone
            yield gain_row(name, f"lost without {what}", whole, ask(index.linker(), test)[0])


def extend(report: Report, rows: Iterable[Row], say: Callable[[str], None] = silent) -> None:
    """Add rows to a report."""
    for row in rows:
        report.add(row)
        say(f"{row.set} {row.measure} {row.value:.4f}")
