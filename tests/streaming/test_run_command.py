"""``textnorm run`` by its command: steps in words, summary, sample, dry run, progress."""

from __future__ import annotations

import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toys
from test_commands import fails, invoke

from textnorm.commands import progress as module
from textnorm.commands.progress import Progress, clock
from textnorm.streaming.run import Event
from textnorm.streaming.work import Tally


@pytest.fixture
def cfg(tmp_path):
    return toys.write_cfg(tmp_path)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "in.parquet"
    rows = ["5 ?", None, "a", "boom", "5 5"] * 6
    pq.write_table(pa.table({"title": [f"t {i}" for i in range(30)], "text": rows}), path, row_group_size=10)
    return path


def test_summary_and_page(cfg, table, tmp_path):
    out = tmp_path / "out"
    said = invoke("run", table, "-o", out, "-p", cfg, code=3).stderr
    assert "30 rows, 12 changed, 0 abstained, 6 quarantined" in said
    summary = json.loads((out / "_summary.json").read_text())
    assert {name: summary[name] for name in ("files", "rows", "changed", "quarantined", "null", "edits")} == {
        "files": 1, "rows": 30, "changed": 12, "quarantined": 6, "null": 6, "edits": 24,
    }  # fmt: skip
    assert summary["rules"] == {"test.five": 18, "abstain": 6}
    assert summary["classes"] == {"NUM": 18, "TEST": 6}
    assert summary["abstained_by"] == {"abstain": 6}
    assert summary["steps"][0]["pipeline"] == "digits"
    page = (out / "_summary.html").read_text()
    for text in ("test.five", "quarantined", "rows_per_s", "digits"):
        assert text in page
    timings = json.loads((out / "_timings.json").read_text())
    assert (timings["jobs"], timings["pieces_done"], timings["engine"]) == (1, 1, "local")


def test_the_summary_counts_files_of_earlier_runs_too(cfg, table, tmp_path):
    out = tmp_path / "out"
    invoke("run", table, "-o", out, "-p", cfg, code=3)
    before = (out / "_summary.json").read_bytes()
    invoke("run", table, "-o", out, "-p", cfg, "--resume")
    assert (out / "_summary.json").read_bytes() == before


def test_steps_and_plans_by_command(cfg, table, tmp_path):
    other = toys.write_cfg(tmp_path, toys.DIGITS.replace('pattern = "5"', 'pattern = "t"'), "other.cfg")
    invoke("run", table, "-o", tmp_path / "o1", "--step", f"title={other}", "--step", f"text={cfg}", code=3)
    plan = tmp_path / "plan.toml"
    steps = "".join(f'[[step]]\ncolumn = "{c}"\npipeline = "{p}"\n' for c, p in (("title", other), ("text", cfg)))
    plan.write_text(steps)
    invoke("run", table, "-o", tmp_path / "o2", "--plan", plan, code=3)
    got = [(tmp_path / name / "in.parquet").read_bytes() for name in ("o1", "o2")]
    assert got[0] == got[1]
    row = pq.read_table(tmp_path / "o1" / "in.parquet").to_pylist()[0]
    assert (row["title_norm"], row["text_norm"]) == ("penki 0", "penki ?")
    run = ["run", table, "-o", tmp_path / "o3"]
    assert "--step and -p exclude each other" in fails(*run, "--step", f"text={cfg}", "-p", cfg)
    assert "--plan and --column exclude" in fails(*run, "--plan", plan, "--column", "text")
    assert "--step and --plan exclude" in fails(*run, "--plan", plan, "--step", f"text={cfg}")
    assert "no pipeline" in fails(*run, "--step", "text=nope")
    assert "Two steps add" in fails(*run, "--step", f"text={cfg}", "--step", f"text={other}")
    assert not (tmp_path / "o3").exists()


def test_a_dry_run_counts_rows_and_pieces(cfg, table, tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    result = invoke("run", table, tmp_path / "bad.parquet", "-o", tmp_path / "out", "-p", cfg, "--dry-run")
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert lines[0][-1] == "30 rows in 1 pieces"
    assert "would be set aside" in lines[1][-1]
    assert "plan " in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_sample_is_explained(cfg, table, tmp_path):
    out = tmp_path / "out"
    invoke("run", table, "-o", out, "-p", cfg, "--explain-sample", 3, code=3)
    rows = [json.loads(line) for line in (out / "_sample.jsonl").read_text().splitlines()]
    assert len(rows) == 3
    assert all(row["edits"] and "5" in row["source"] for row in rows)
    page = (out / "_sample.html").read_text()
    assert "<!DOCTYPE html>" in page
    assert "penki" in page


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text


class Screen:
    def __init__(self, live):
        self.live, self.text = live, ""

    def isatty(self):
        return self.live

    def write(self, text):
        self.text += text

    def flush(self):
        """Nothing is held."""


@pytest.mark.parametrize("live", [True, False])
def test_progress(monkeypatch, live):
    screen, now = Screen(live), [100.0]
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    monkeypatch.setenv("TERM", "xterm")
    progress = Progress(total=4_000_000, files=60)
    for _ in range(3):
        now[0] += 40
        progress.event(Event("piece", "a", tally=Tally(rows=100, changed=25), size=1_000_000))
    line = "75 %  300 rows (2/s, 0.0 MB/s), 25.0 % changed, 40 s left"
    assert line in screen.text
    assert ("\r" in screen.text) == live
    progress.event(Event("piece", "b", tally=Tally(rows=9), size=1_000_000, found=True))
    assert progress.line(120).startswith("100 %  300 rows")
    for k in range(60):
        progress.event(Event("file", f"f{k}", "done", "1 rows"))
    progress.event(Event("file", "late", "failed", "broken"))
    for k in range(30):
        progress.event(Event("row", "a", text=f"row {k}"))
    said = screen.text.replace("\r\x1b[K", "")
    assert "done f49: 1 rows\n" in said
    assert "f55" not in said
    assert "failed late: broken\n" in said
    assert said.count("quarantined: row") == 20
    assert Progress(0, 0).line(0).startswith("100 %")
