"""The frame of ``textnorm bench``: rows, intervals, the table, the file, where data are looked for."""

from __future__ import annotations

import json
import math

import catalogue
import pytest
from click.testing import CliRunner

from textnorm.bench.report import Report, Row, data_folder, mean, need, share, wilson
from textnorm.cli import main
from textnorm.errors import UsageError
from textnorm.registry import benchmarks


@pytest.fixture
def toy():
    def run(data):
        report = Report("toy-bench", notes=[f"data {data}"])
        report.add(share("set", "lt", "accuracy", 9, 10))
        report.add(Row("set", "", "chars_per_cpu_s", 1234567.0))
        return report

    benchmarks.register("toy-bench", replace=True)(run)
    yield
    del catalogue.REGISTRY[("textnorm", "benchmarks", "toy-bench")]


def test_wilson_interval():
    # Wilson (1927) as tabulated: 9 of 10
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == pytest.approx(1.0)


def test_a_share_of_nothing_has_no_value():
    assert math.isnan(share("s", "", "m", 0, 0).value)


def test_the_interval_of_a_mean_is_seeded_and_holds_the_mean():
    row = mean("s", "", "m", [0.0, 1.0, 1.0, 0.5] * 20)
    assert row == mean("s", "", "m", [0.0, 1.0, 1.0, 0.5] * 20)
    assert row.lo < row.value < row.hi
    assert math.isnan(mean("s", "", "m", []).value)


def test_the_table_and_the_file(toy, tmp_path):
    done = CliRunner().invoke(main, ["bench", "toy-bench", "--json", str(tmp_path / "out.json")])
    assert done.exit_code == 0
    assert "accuracy" in done.stdout
    assert "1,234,567" in done.stdout
    payload = json.loads((tmp_path / "out.json").read_text())
    assert payload["name"] == "toy-bench"
    assert payload["rows"][0]["value"] == 0.9
    assert set(payload["rows"][0]) == {"set", "lang", "measure", "value", "n", "lo", "hi", "note"}
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_an_unknown_name_lists_what_exists(toy):
    done = CliRunner().invoke(main, ["bench", "nonsense"])
    assert done.exit_code == 2
    assert "toy-bench" in done.stderr


def test_data_that_are_not_there(monkeypatch, tmp_path):
    monkeypatch.delenv("TEXTNORM_DATA", raising=False)
    with pytest.raises(UsageError, match="--data"):
        data_folder(None)
    with pytest.raises(UsageError, match="no folder"):
        data_folder(tmp_path / "gone")
    with pytest.raises(UsageError, match="lacks lt/x"):
        need(tmp_path, ["lt/x"])
    monkeypatch.setenv("TEXTNORM_DATA", str(tmp_path))
    assert data_folder(None) == tmp_path
