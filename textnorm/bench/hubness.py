"""``textnorm bench hubness``: what hubness correction does to retrieval, task by task and bank by bank.

For every task: settings are chosen on its development part, figures are from its test part, banks hold neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textnorm.bench.hubness_tasks import BANK, TASKS, Task, foreign_bank, load_task
from textnorm.bench.report import Report, Row, data_folder
from textnorm.errors import TextnormError
from textnorm.retrieval.correction import Correction, own_bank
from textnorm.retrieval.measures import Hubness, paired_interval, recall_at, reciprocal
from textnorm.retrieval.methods import METHODS, Method, make_method
from textnorm.retrieval.tuner import Bench, default_method, settings_for, tune

if TYPE_CHECKING:
    from textnorm.encoders.protocol import Encoder

Vectors = NDArray[np.float32]
#: Banks that every task is measured with.
BANKS = ("in-domain", "foreign", "gallery-like", "random")
#: Gallery items that serve as the gallery bank.
OWN = 2000
#: The task that is measured with banks of several sizes.
MAIN = "hpo-es"


@dataclass(frozen=True)
class Encoded:
    """A task in vectors.

    Attributes:
        task: the texts.
        gallery: [n, d].
        dev: [q, d] queries of the development part.
        test: [q, d] queries of the test part.
        dev_gold: positions of the right names of each.
        test_gold: the same.
    """

    task: Task
    gallery: Vectors
    dev: Vectors
    test: Vectors
    dev_gold: list[NDArray[np.int64]]
    test_gold: list[NDArray[np.int64]]

    @property
    def test_groups(self) -> NDArray[np.int64]:
        """A number for each test query, the same where the right concept is: such queries win or lose together."""
        return np.array([self.task.gold[i][0] for i in self.task.test], np.int64)

    @classmethod
    def of(cls, task: Task, encoder: Encoder) -> Encoded:
        """Encode a task; its bank is encoded by :func:`bank_of`."""
        dev, test = ([task.queries[i] for i in part] for part in (task.dev, task.test))
        return cls(
            task,
            encoder.encode(task.gallery),
            encoder.encode(dev),
            encoder.encode(test),
            task.gold_of(task.dev),
            task.gold_of(task.test),
        )


def bank_of(kind: str, encoded: Encoded, encoder: Encoder, data: Path) -> Vectors:
    """Return a query bank [m, d]: ``in-domain`` and three that do not look like the queries."""
    task = encoded.task
    if kind == "in-domain":
        return encoder.encode(task.bank[:BANK])
    if kind == "foreign":
        return encoder.encode(foreign_bank(task, data))
    rng = np.random.default_rng(3)
    if kind == "gallery-like":
        return encoded.gallery[rng.choice(len(encoded.gallery), min(BANK, len(encoded.gallery) // 2), replace=False)]
    rows = rng.standard_normal((BANK, encoded.gallery.shape[1]), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def open_encoder() -> tuple[Encoder, str]:
    """Return MiniLM with a cache of its vectors, or where it is not installed an untrained static encoder."""
    from textnorm.encoders.load import load_encoder
    from textnorm.encoders.static import StaticEncoder
    from textnorm.encoders.transformer import cache_root

    try:
        return load_encoder("minilm", cache=cache_root() / "bench"), "MiniLM (all-MiniLM-L6-v2)"
    except TextnormError as error:
        return StaticEncoder.untrained(), f"an untrained static encoder, because MiniLM cannot be had: {error}"


@dataclass(frozen=True)
class Measured:
    """Ranks of a setting on the test part of a task, and the hubness of its neighbours."""

    ranks: NDArray[np.int64]
    hubness: Hubness


def measure(bench: Bench, correction: Correction | None) -> Measured:
    """Rank the candidates of a bench with a correction."""
    candidates = bench.candidates
    best = candidates.best(correction, 10)
    return Measured(candidates.ranks(correction, bench.right), Hubness.of(best, candidates.gallery_size))


def best_of(trials: Bench, settings: list[Method]) -> Method:
    """Return the setting with the best MRR on the whole development part."""
    figures = [trials.figures(method).mrr for method in settings]
    return settings[int(np.argmax(figures))]


def rows_of(encoded: Encoded, name: str, found: Measured, raw: Measured, note: str) -> Iterator[Row]:
    """Yield the figures of one setting: recall, the gain, the hubness beside them."""
    task, groups, n = encoded.task, encoded.test_groups, len(found.ranks)
    for k in (1, 10):
        value, lo, hi = paired_interval(recall_at(found.ranks, k), recall_at(raw.ranks, k), groups=groups)
        share = float(recall_at(found.ranks, k).mean())
        yield Row(task.name, task.lang, f"{name} R@{k}", share, n, note=note)
        if found is not raw:
            yield Row(task.name, task.lang, f"{name} R@{k} gain", value, n, lo, hi, note)
    yield Row(task.name, task.lang, f"{name} MRR", float(reciprocal(found.ranks).mean()), n, note=note)
    yield Row(task.name, task.lang, f"{name} S10", found.hubness.skewness, n, note=note)
    yield Row(task.name, task.lang, f"{name} anti-hubs", found.hubness.anti_hubs, n, note=note)


def method_rows(encoded: Encoded, bank: Vectors) -> Iterator[Row]:
    """Yield the table of methods of a task: each with the setting that was best on the development part."""
    settings, own = settings_for(), own_bank(len(encoded.gallery), OWN)
    trials = Bench.of(encoded.gallery, encoded.dev, encoded.dev_gold, bank, own, settings)
    final = Bench.of(encoded.gallery, encoded.test, encoded.test_gold, bank, own, settings, shared=trials)
    raw = measure(final, None)
    yield from rows_of(encoded, "raw", raw, raw, "")
    for name in METHODS:
        chosen = best_of(trials, [method for method in settings if method.name == name])
        yield from rows_of(encoded, name, measure(final, final.correction(chosen)), raw, str(chosen))


def size_rows(encoded: Encoded, encoder: Encoder) -> Iterator[Row]:
    """Yield the gain of the inverted softmax with banks of different sizes, each with the best of five betas."""
    task = encoded.task
    bank = encoder.encode(task.bank)
    settings = [make_method("is", beta=beta) for beta in (5, 10, 15, 20, 30)]
    for size in sorted({*(size for size in (50, 300, BANK) if size < len(bank)), len(bank)}):
        trials = Bench.of(encoded.gallery, encoded.dev, encoded.dev_gold, bank[:size], None, settings)
        final = Bench.of(encoded.gallery, encoded.test, encoded.test_gold, bank[:size], None, settings, shared=trials)
        chosen = best_of(trials, settings)
        raw, found = measure(final, None), measure(final, final.correction(chosen))
        value, lo, hi = paired_interval(recall_at(found.ranks, 1), recall_at(raw.ranks, 1), groups=encoded.test_groups)
        measured = f"is, bank of {size:,} R@1 gain"
        yield Row(task.name, task.lang, measured, value, len(found.ranks), lo, hi, str(chosen))


def auto_rows(encoded: Encoded, kind: str, bank: Vectors) -> Iterator[Row]:
    """Yield what the tuner, and the default for the unlabelled, do with a bank: gains in R@1 over no correction."""
    task, own = encoded.task, own_bank(len(encoded.gallery), OWN)
    report = tune(encoded.gallery, encoded.dev, encoded.dev_gold, bank, own)
    check = report.bank
    unlabelled = None
    if check is not None and check.fits:
        unlabelled = default_method(len(bank), cross_lingual=task.lang != "en")
    used = [method for method in (report.method, unlabelled, report.best) if method is not None]
    final = Bench.of(encoded.gallery, encoded.test, encoded.test_gold, bank, own, used or settings_for()[:1])
    raw = measure(final, None)
    guard = f"guard {check.separability:.2f}, {check.nearness:.2f}" if check is not None else ""
    for name, method in (("auto", report.method), ("default", unlabelled), ("unguarded", report.best)):
        found = raw if method is None else measure(final, final.correction(method))
        value, lo, hi = paired_interval(recall_at(found.ranks, 1), recall_at(raw.ranks, 1), groups=encoded.test_groups)
        note = f"{method or 'none'}; {guard}"
        yield Row(f"{task.name} / {kind}", task.lang, f"{name} R@1 gain", value, len(found.ranks), lo, hi, note)


def run(data: Path | None) -> Report:
    """Measure all tasks; the first run encodes some 116,000 names (minutes on one core), later ones take a cache."""
    folder = data_folder(data)
    encoder, which = open_encoder()
    report = Report("hubness")
    for name in TASKS:
        encoded = Encoded.of(load_task(name, folder), encoder)
        if name == MAIN:
            report.rows.extend(size_rows(encoded, encoder))
        for kind in BANKS:
            bank = bank_of(kind, encoded, encoder, folder)
            if kind == "in-domain":
                report.rows.extend(method_rows(encoded, bank))
            report.rows.extend(auto_rows(encoded, kind, bank))
    report.notes.extend(notes(report, which))
    return report


def notes(report: Report, encoder: str) -> Iterator[str]:
    """Yield what the rows say together."""
    yield f"Encoder: {encoder}. Settings are chosen on development queries; the test queries are others."
    yield "unguarded: what was best on one half of the development queries, used whatever the other half says."
    for name in ("auto", "default", "unguarded"):
        rows = [row for row in report.rows if row.measure == f"{name} R@1 gain"]
        worse = [row.set for row in rows if row.hi is not None and row.hi < 0]
        better = sum(row.lo is not None and row.lo > 0 for row in rows)
        losses = f": {', '.join(worse)}" if worse else ""
        yield f"{name}: {len(rows)} cases, {better} significantly better than raw, {len(worse)} worse{losses}."
    gains = {(row.set, row.measure.split()[0]): row.value for row in report.rows if row.measure.endswith(" R@1")}
    tasks = list(dict.fromkeys(row.set for row in report.rows if row.measure == "raw R@1"))
    ahead = [task for task in tasks if gains[task, "signed"] > max(gains[task, "is"], gains[task, "dual-is"])]
    yield f"signed: ahead of both is and dual-is in R@1 on {len(ahead)} of {len(tasks)} tasks ({', '.join(ahead)})."
