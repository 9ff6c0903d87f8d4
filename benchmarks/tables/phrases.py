"""Phrasebooks beside hassil, phrases in running text beside flashtext: figures of our two benchmarks of phrases."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from data import data_dir

from tables import Table
from textnorm import __version__
from textnorm.bench import phrases
from textnorm.bench.report import figure

TITLE = "Phrasebooks"


def make() -> Table:
    """Measure: ``textnorm bench phrases`` on the books' own tests."""
    table = Table(["language", "measure", "value", "texts", ""])
    report = phrases.run(data_dir())
    table.rows = [
        [row.lang, row.measure, f"**{figure(row.value)}**", str(row.n or ""), row.note]
        for row in report.rows
        if row.set == "own tests"
    ]
    table.ratios = [
        ("textnorm / hassil, sentences a CPU-second, all languages", row.value, 0)
        for row in report.rows
        if row.measure == "speed over hassil"
    ]
    table.about = ["Home Assistant's books on their own tests (`textnorm bench phrases` has the perturbed ones, too)."]
    table.notes = [
        *report.notes,
        "Phrases in running text beside flashtext and pyahocorasick: `python benchmarks/phrases.py`.",
    ]
    table.versions["textnorm-nlp"] = __version__
    try:
        table.versions["hassil"] = version("hassil")
    except PackageNotFoundError:
        table.notes.append("hassil is not installed in this environment.")
    return table
