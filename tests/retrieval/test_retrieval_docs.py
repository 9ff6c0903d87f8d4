"""docs/retrieval.md: its example runs, its commands print what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the extra 'linking' is not installed")

from textnorm import __version__
from textnorm.cli import main
from textnorm.commands.index import command
from textnorm.retrieval import packing

PAGE = (Path(__file__).parents[2] / "docs" / "retrieval.md").read_text(encoding="utf-8")


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_example_runs(tmp_path, monkeypatch):
    (block,) = blocks("python")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/retrieval.md", "exec"), {})
    assert (tmp_path / "INDEX" / "manifest.json").exists()


def test_the_commands_print_what_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = ["concept_id\tname", "J1\tbaker", "J1\tbread baker", "J1\tpastry baker", "J2\ttailor"]
    (tmp_path / "jobs.tsv").write_text("".join(f"{row}\n" for row in rows))
    (block,) = blocks("console")
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, wanted = part.partition("\n")
        result = CliRunner().invoke(main, line.split()[1:])
        assert result.exit_code == 0, result.output
        assert result.stdout == wanted.replace("VERSION", __version__)


def test_the_table_names_every_command():
    section = PAGE.partition("## The command")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+) ", section, re.MULTILINE)) == set(command.commands)


def test_the_limits_of_the_page_are_those_of_the_code():
    assert packing.TAIL_SHARE == packing.DEAD_SHARE == 0.1
    assert f"more than {packing.TAIL_ROWS:,}" in PAGE
    from textnorm.commands import profile

    assert f"{profile.K}-occurrence (among at most {profile.NEAR:,} texts)" in PAGE
