"""The benchmarks beside peers: what is missing or fails is told, rates are of what was done, no table is forgotten."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"
PEERS = sorted(path.stem for path in (BENCHMARKS / "peers").glob("*_peer.py"))


@pytest.fixture(autouse=True)
def _path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def worker():
    return import_module("peers.worker")


@pytest.fixture
def toy(monkeypatch):
    """A peer that fails on one text, and one that fails on all."""

    def some(texts):
        if "bad" in texts:
            raise ValueError
        return [text.upper() for text in texts]

    def none(texts):
        raise ValueError

    class Toy:
        PACKAGE, LICENCE, VERSION = "no-such-distribution", "MIT", "7"

        @staticmethod
        def missing():
            import no_such_module_at_all  # noqa: F401

        TASKS = {"some": lambda: some, "none": lambda: none, "missing": missing}  # noqa: RUF012

    monkeypatch.setitem(sys.modules, "peers.toy", Toy)
    return Toy


def given(texts, budget=5.0):
    return {"texts": texts, "warm": ["w", "bad"], "budget": budget}


def test_a_text_that_fails_is_counted_and_costs_the_others_nothing(toy):
    got = worker().run("some", "toy", given(["a", "bad", "c", "D"]))
    assert (got["texts"], got["errors"], got["changed"]) == (4, 1, 2)
    assert got["outputs"] == ["A", None, "C", "D"]
    assert got["version"] == "7"
    assert got["all"] == []
    assert worker().run("some, all", "toy", given(["a"]))["all"] == ["A"]


def test_what_cannot_run_says_why(toy):
    assert "not installed" in worker().run("missing", "toy", given(["a"]))["skipped"]
    assert "fails on every text (no-such-distribution 7)" in worker().run("none", "toy", given(["a"]))["skipped"]


def test_a_pass_is_cut_off_at_its_budget(toy, monkeypatch):
    ticks = iter(range(1000))
    monkeypatch.setattr(worker(), "process_time", lambda: next(ticks))
    spent, done, outputs, errors = worker().one_pass(lambda texts: texts, ["x"] * 100, 2.5, 10)
    assert (spent, done, len(outputs), errors) == (3, 30, 30, 0)


def test_a_peer_in_another_interpreter_is_measured_there_or_told(monkeypatch):
    peers = import_module("peers")
    monkeypatch.setenv(peers.VARIABLE, sys.executable)
    got = peers.measure("numerals", "ours", ["1", "21"])
    assert got["outputs"] == ["vienas", "dvidešimt vienas"]
    assert "skipped" in peers.measure("clean", "no_such_peer", ["a"])


def test_a_peer_that_crashes_is_measured_on_what_stands_before(monkeypatch, tmp_path):
    peers = import_module("peers")
    crash = tmp_path / "python"
    code = "import json,os,sys; d=json.load(open(sys.argv[-2])); 'bad' in d['texts'] and os.abort(); "
    code += "json.dump({'texts': len(d['texts'])}, open(sys.argv[-1], 'w'))"
    crash.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    crash.chmod(0o755)
    monkeypatch.setenv(peers.VARIABLE, str(crash))
    got = peers.measure("clean", "toy", ["a"] * 300 + ["bad"] * 101)
    assert got == {"texts": 200, "crashed": True}
    assert "skipped" in peers.measure("clean", "toy", ["bad"] * 50)


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_says_what_it_is_without_being_loaded(peer):
    module = import_module(f"peers.{peer}")
    assert module.PACKAGE
    assert module.LICENCE
    assert all(map(callable, module.TASKS.values()))


def test_no_peer_under_a_copyleft_licence_is_a_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(p for part in project["optional-dependencies"].values() for p in part)]
    names = {re.split(r"[\[<>=; ]", item)[0].lower().replace("_", "-") for item in wanted}
    for peer in PEERS:
        module = import_module(f"peers.{peer}")
        if "GPL" in module.LICENCE:
            assert module.PACKAGE.lower().replace("_", "-") not in names


def test_the_page_has_every_table_with_machine_and_command():
    report = import_module("report")
    page = report.PAGE.read_text(encoding="utf-8")
    for name in report.TABLES:
        text = page.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]
        assert f"`python benchmarks/report.py {name}`" in text, name
        assert re.search(r"\d cores; \w+; Python 3\.\d+\.\d+; textnorm \d", text), name
        assert "| " in text
    assert report.put("a\n<!-- x -->\nold\n<!-- /x -->\nb\n", "x", "new\n") == "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n"
    with pytest.raises(SystemExit):
        report.put(page, "nowhere", "")


def test_tables_are_markdown():
    tables = import_module("tables")
    table = tables.Table(["system", "rate"])
    table.add("a", {"package": "p", "version": "1"}, ["**3**"])
    table.add("b", {"skipped": "not installed"}, [])
    table.ratios.append(("a / b", 12.3, 0))
    assert table.lines() == [
        "| system | rate |",
        "|---|---|",
        "| a | **3** |",
        "",
        "| bar | measured | wanted |",
        "|---|---|---|",
        "| a / b | **12.3 ×** | – |",
        "",
        "- b: left out, not installed.",
    ]
    assert [tables.number(value) for value in (0.1234, 12.34, 123.4, 1234.5, 12345.6)] == [
        "0.123",
        "12.3",
        "123",
        "1,230",
        "12,300",
    ]


def test_english_is_drawn_as_dense_as_asked():
    import random

    reading_out = import_module("tables.reading_out")
    texts = [f"a b c d {'7' if i % 10 == 0 else 'e'}" for i in range(3000)]
    drawn = reading_out.as_dense(texts, 0.05, 400, random.Random(0))
    assert len(drawn) == 400
    assert abs(reading_out.density(drawn) - 0.05) < 0.003
