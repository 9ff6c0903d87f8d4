"""Phrasebooks beside hassil: figures of ``textnorm bench phrases`` on the books' own tests."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from data import data_dir

from tables import Table, number
from textnorm import __version__
from textnorm.bench import phrases

TITLE = "Phrasebooks"
MEASURES = ("intent_and_slots", "sentences_per_cpu_s first pass", "sentences_per_cpu_s", "cpu_ms p99")


def make() -> Table:
    """Measure."""
    head = ["language", "texts", "system", "intent and slots right", "sentences a CPU-second", "again", "p99, ms"]
    table = Table(head)
    report = phrases.run(data_dir())
    own = {(row.lang, row.measure): row for row in report.rows if row.set == "own tests"}
    for lang in dict.fromkeys(lang for lang, _ in own if lang != "all"):
        for system, prefix in (("textnorm", ""), ("hassil", "hassil ")):
            found = [own.get((lang, prefix + measure)) for measure in MEASURES]
            if found[0] is not None:
                right, first, again, late = (row.value if row is not None else float("nan") for row in found)
                cells = [f"{right:.4f}", f"**{number(first)}**", number(again), number(late)]
                table.rows.append([lang, str(found[0].n), system, *cells])
    if ("all", "speed over hassil") in own:
        table.ratios.append(("textnorm / hassil, all languages", own["all", "speed over hassil"].value, 0))
    table.about = ["Home Assistant's books on their own tests (`textnorm bench phrases` has the perturbed ones, too)."]
    table.notes = [*report.notes, "Phrases in running text beside flashtext: `python benchmarks/phrases.py`."]
    table.versions["textnorm-nlp"] = __version__
    try:
        table.versions["hassil"] = version("hassil")
    except PackageNotFoundError:
        table.notes.append("hassil is not installed in this environment.")
    return table
