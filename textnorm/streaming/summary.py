"""What a run did, as JSON and as a page: rows by what became of them, classes, rules, abstentions; timings apart.

``_summary.json`` depends on inputs and plan alone. Timings stand in ``_timings.json``, and the page shows both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from textnorm.streaming.files import writing
from textnorm.streaming.run import Report
from textnorm.streaming.steps import Plan
from textnorm.streaming.store import PAGE, SAMPLE, SUMMARY, TIMINGS, Store, line_of, write_json
from textnorm.streaming.work import COUNTS

#: Rules shown on the page; the JSON has all.
SHOWN = 60
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.15rem .8rem .15rem 0;text-align:left;"
    "border-bottom:1px solid #8884}td.n{text-align:right;font-variant-numeric:tabular-nums}"
    "code{font-size:90%}.bar{display:inline-block;height:.6em;background:#4a7ab5;vertical-align:baseline}"
)


def summary_of(store: Store, plan: Plan) -> dict[str, Any]:
    """Return the counts over all finished files of a folder, whichever run did them."""
    entries = [store.finished[name] for name in sorted(store.finished)]
    counts = {name: sum(entry.get(name, 0) for entry in entries) for name in (*COUNTS, "lost", "replaced")}
    return {
        "files": len(entries),
        "complete": sum(bool(entry["complete"]) for entry in entries),
        "rows": counts.pop("rows"),
        **counts,
        "classes": _total(entry.get("labels", {}) for entry in entries),
        "rules": _total(entry.get("rules", {}) for entry in entries),
        "abstained_by": _total(entry.get("abstained_by", {}) for entry in entries),
        "plan": plan.digest,
        **plan.facts(),
    }


def _total(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


def timings_of(report: Report, engine: str, jobs: int) -> dict[str, Any]:
    """Return how long a run took; of this run alone, not of those it goes on from."""
    seconds = max(report.seconds, 1e-9)
    return {
        "engine": engine,
        "jobs": jobs,
        "seconds": round(report.seconds, 3),
        "task_cpu_s": round(report.cpu, 3),
        "rows_per_s": round(report.tally.rows / seconds, 1),
        "mb_per_s": round(report.size / 1e6 / seconds, 3),
        "pieces_done": report.pieces,
        "pieces_found": report.found,
        "files": sorted(report.units, key=lambda unit: str(unit["unit"])),
    }


def write(store: Store, plan: Plan, report: Report, engine: str, jobs: int) -> dict[str, Any]:
    """Write the summary, the timings and the page; return the summary."""
    summary, timings = summary_of(store, plan), timings_of(report, engine, jobs)
    write_json(store.folder / SUMMARY, summary)
    write_json(store.folder / TIMINGS, timings)
    with writing(str(store.folder / PAGE)) as sink:
        sink.write(page(summary, timings).encode("utf-8", "backslashreplace"))
    return summary


def write_sample(folder: Path, sample: list[list[Any]], n: int) -> list[dict[str, Any]]:
    """Write ``n`` of the changed rows, always the same ones of the same rows; return them."""
    names = ("file", "row", "column", "source", "edits")
    rows = [dict(zip(names, entry[1:], strict=True)) for entry in sorted(sample, key=lambda e: e[:4])[:n]]
    rows.sort(key=lambda row: (row["file"], row["row"], row["column"]))
    with writing(str(folder / SAMPLE)) as sink:
        sink.writelines(map(line_of, rows))
    return rows


def page(summary: Mapping[str, Any], timings: Mapping[str, Any]) -> str:
    """Return the page."""
    rows = max(1, summary["rows"])
    states = [(name, summary[name]) for name in ("changed", "unchanged", "abstained", "quarantined", "null", "lost")]
    steps = [
        (f"{step['kind']} {step['column']}", step.get("pipeline", ""), step.get("fingerprint", ""))
        for step in summary["steps"]
    ]
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8"><title>textnorm run</title>',
        f"<style>{_STYLE}</style></head><body>",
        "<h1>textnorm run</h1>",
        f"<p>{summary['files']:,} files, {summary['rows']:,} rows, {summary['edits']:,} edits.</p>",
        "<h2>Steps</h2>",
        _table(("step", "pipeline", "fingerprint"), steps),
        "<h2>Rows</h2>",
        _counts("state", states, rows),
        "<h2>Classes</h2>",
        _counts("class", list(summary["classes"].items()), max(1, summary["edits"])),
        "<h2>Rules fired</h2>",
        _counts("rule", list(summary["rules"].items())[:SHOWN], max(1, summary["edits"])),
        _more(summary["rules"]),
        "<h2>Abstentions</h2>",
        _counts("rule", list(summary["abstained_by"].items())[:SHOWN], max(1, sum(summary["abstained_by"].values()))),
        "<h2>Timings of the last run</h2>",
        _table(("", ""), [(name, f"{timings[name]:,}") for name in timings if isinstance(timings[name], int | float)]),
        f"<p>Engine: <code>{escape(str(timings['engine']))}</code>.</p></body></html>\n",
    ]
    return "\n".join(parts)


def _more(rules: Mapping[str, int]) -> str:
    left = len(rules) - SHOWN
    return f"<p>and {left} more in <code>{SUMMARY}</code></p>" if left > 0 else ""


def _counts(what: str, counts: Sequence[tuple[str, int]], total: int) -> str:
    if not counts:
        return "<p>None.</p>"
    body = "".join(
        f'<tr><td>{escape(name)}</td><td class="n">{n:,}</td><td class="n">{100 * n / total:.1f} %</td>'
        f'<td><span class="bar" style="width:{max(0, min(1, n / total)) * 16:.1f}rem"></span></td></tr>'
        for name, n in counts
    )
    return f"<table><tr><th>{what}</th><th>count</th><th>share</th><th></th></tr>{body}</table>"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"
