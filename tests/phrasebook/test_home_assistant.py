"""Home Assistant's books on their own tests, and ``bench phrases``."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from textnorm.bench.phrases import PERTURBED, Case, load_suite, ours, peer, perturb, phrases_folder, right, score
from textnorm.cli import main
from textnorm.errors import UsageError


@pytest.mark.data
@pytest.mark.parametrize(("language", "least"), [("en", 0.999), ("lv", 1.0), ("et", 1.0)])
def test_own_tests(data_dir, language, least):
    folder = phrases_folder(data_dir)
    suite = load_suite(folder, language)
    # Compiling a book anew for each of the small sets of names takes its time; bench phrases does it.
    suite.cases = [case for case in suite.cases if case.lists == 0]
    _, slots, _ = score(ours(folder, suite), suite.cases)
    assert slots / len(suite.cases) >= least


@pytest.mark.data
@pytest.mark.parametrize("kind", PERTURBED)
def test_perturbed(data_dir, kind):
    folder = phrases_folder(data_dir)
    suite = load_suite(folder, "lv")
    cases = perturb(suite, kind)
    _, slots, _ = score(ours(folder, suite), cases)
    assert slots / len(cases) >= 0.93


@pytest.mark.data
@pytest.mark.oracle
def test_hassil_answers_the_same(data_dir):
    pytest.importorskip("hassil", reason="hassil is not installed")
    folder = phrases_folder(data_dir)
    suite = load_suite(folder, "lv")
    we, they = ours(folder, suite), peer(folder, suite)
    for case in suite.cases[::8]:
        assert right(case, *we(case)) == right(case, *they(case)), case.text


def write(folder):
    (folder / "sentences" / "xx").mkdir(parents=True)
    (folder / "tests" / "xx").mkdir(parents=True)
    (folder / "sentences" / "xx" / "a.yaml").write_text(
        "language: xx\nintents: {Go: {data: [{sentences: ['go [to] {area} {n}']}]}}\n"
        "lists: {n: {range: {from: 0, to: 9}}}"
    )
    (folder / "tests" / "xx" / "_fixtures.yaml").write_text("areas: [{name: 'H(a|o)ll'}]")
    (folder / "tests" / "xx" / "a.yaml").write_text(
        "tests:\n- sentences: ['Go to HALL 5', 'go holl 6']\n"
        "  intent: {name: Go, slots: {area: [Hall, Holl], n: 5}}\n"
        "- sentences: ['stay here']\n  intent: {name: Stay}\n"
    )
    return folder


def test_the_benchmark_counts_what_is_wrong(tmp_path):
    out = tmp_path / "out.json"
    result = CliRunner().invoke(main, ["bench", "phrases", "--data", str(write(tmp_path / "d")), "--json", str(out)])
    assert result.exit_code == 0, result.stderr
    rows = {(r["set"], r["measure"]): r for r in json.loads(out.read_text())["rows"] if r["lang"] == "xx"}
    assert rows["own tests", "intent"]["value"] == pytest.approx(2 / 3)
    assert rows["own tests", "intent_and_slots"]["value"] == pytest.approx(1 / 3)
    assert rows["own tests", "abstained"]["value"] == pytest.approx(1 / 3)
    assert rows["own tests", "sentences_per_cpu_s"]["value"] > 0


def test_a_slot_with_several_right_values():
    case = Case("xx", "", "A", {"area": ["Hall", "Holl"], "n": 5}, {}, 0)
    assert right(case, "A", {"area": "hall", "n": 5.0}) == (True, True)
    assert right(case, "A", {"area": "hall"}) == (True, False)
    assert right(case, "A", {"area": "hall", "n": 5, "more": 1}) == (True, False)
    assert right(case, "B", {"area": "hall", "n": 5}) == (False, False)


def test_data_of_another_layout(tmp_path):
    with pytest.raises(UsageError, match="lacks phrases"):
        phrases_folder(tmp_path)
    (tmp_path / "phrases").mkdir()
    with pytest.raises(UsageError, match="the layout is sentences"):
        phrases_folder(tmp_path)
