"""The page about names says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from textnorm.cli import main
from textnorm.config import load
from textnorm.normalizers.coref import NameResolver
from textnorm.normalizers.coref.engine import SIEVES
from textnorm.normalizers.coref.records import resolve_record
from textnorm.normalizers.coref.rewrite import POLICIES
from textnorm.normalizers.coref.tables import FILES

PAGE = (Path(__file__).parents[2] / "docs" / "names.md").read_text(encoding="utf-8")


def fence(language, name=""):
    (block,) = re.findall(
        rf"^```{language}{' ' + re.escape(name) if name else ''}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    return block


def test_the_command_gives_what_the_page_shows():
    result = CliRunner().invoke(main, ["names"], input=fence("json", "input"))
    assert result.exit_code == 0, result.stderr
    shown = [json.loads(line) for line in fence("json", "output").splitlines()]
    got = [json.loads(line) for line in result.stdout.splitlines()]
    assert [{key: row[key] for key in ("id", "clusters")} for row in got] == shown


def test_the_python_runs():
    exec(compile(fence("python"), "names.md", "exec"), {})


def test_the_configuration_loads(tmp_path):
    path = tmp_path / "names.cfg"
    path.write_text(fence("ini", "names.cfg"), encoding="utf-8")
    assert [edit.label for edit in load(path)("Robert Vale left.").edits] == ["NAME"]


def test_the_table_of_aliases_works(tmp_path):
    path = tmp_path / "aliases.tsv"
    path.write_text(fence("tsv", "aliases.tsv"), encoding="utf-8")
    tokens = ["Harlow", "Works", ",", "HWX", ",", "The", "Forge"]
    mentions = [{"start": a, "end": b, "type": "organization"} for a, b in ((0, 2), (3, 4), (5, 7))]
    found = resolve_record({"tokens": tokens, "mentions": mentions}, NameResolver("en", overlays=[str(path)]), "x")
    assert [cluster.mentions for cluster in found.clusters] == [[0, 1, 2]]


@pytest.mark.parametrize("names", [SIEVES, POLICIES, FILES], ids=["sieves", "policies", "tables"])
def test_the_page_has_a_row_for_each(names):
    rows = set(re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE))
    assert set(names) <= rows
