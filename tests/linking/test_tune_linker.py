"""``index tune``: what is learned, that it is better on other queries, and never worse than one generator alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("faiss", reason="the extra 'linking' is not installed")
pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")

from textnorm.cli import main
from textnorm.errors import DataError, UsageError
from textnorm.linking.features import FEATURES
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.labelled import Labelled, read_dev
from textnorm.linking.learn import Lists, fit_lists, fit_logistic, folds_of
from textnorm.linking.linker import Linker
from textnorm.linking.parts import read_tuned
from textnorm.linking.protocol import Candidates
from textnorm.linking.tune import SLACK, Bench, Plan, dev_of, fit_model, scores_of, tune
from textnorm.retrieval.storage import read_manifest

CONCEPTS = 60


class Toy:
    """A generator that gives the right concept a score of its own making; queries are ``lang:concept:serial``."""

    def __init__(self, name, skill):
        self.name = name
        self.skill = skill

    def search(self, queries, k):
        rows = []
        for text in queries.texts:
            lang, right, serial = text.split(":")
            rng = np.random.default_rng([len(self.name), ord(self.name[0]), int(right), int(serial)])
            scores = rng.random(CONCEPTS) * 0.6
            scores[int(right)] += self.skill.get(lang, 0)
            best = np.argsort(-scores, kind="stable")[:k]
            rows.append((best, scores[best]))
        indptr = np.cumsum([0, *(len(best) for best, _ in rows)]).astype(np.int64)
        concepts = np.concatenate([best for best, _ in rows]).astype(np.int32)
        scores = np.concatenate([found for _, found in rows]).astype(np.float32)
        return Candidates(indptr, concepts, scores, concepts)


def toys(groups=False):
    rows = [(f"c{i}", f"{i:03}", None, None, None, None) for i in range(CONCEPTS)]
    facts = {f"c{i}": {"parents": [f"g{i // 10}"], "types": []} for i in range(CONCEPTS)} if groups else None
    kb = KnowledgeBase(rows, facts)
    return Linker(kb, [Toy("good", {"a": 0.5, "b": 0.05}), Toy("bad", {"a": 0.05, "b": 0.5})])


def labelled(count, first=0, group=False, lang="ab"):
    found = []
    for i in range(first, first + count):
        concept = (i * 7) % CONCEPTS
        code = lang[i % len(lang)]
        found.append(Labelled(f"{code}:{concept}:{i}", (f"g{concept // 10}" if group else f"c{concept}",), code))
    return found


def mrr(linker, model, rows):
    bench = Bench(linker, dev_of(rows, linker))
    return float(bench.reciprocal(scores_of(bench, model)).mean())


def test_weights_are_learned_by_language():
    linker = toys()
    found = tune(linker, dev_of(labelled(200), linker))
    a, b = (found.model.weights.of(["good", "bad"], lang) for lang in "ab")
    assert a[0] > 1.3 * a[1]
    assert b[1] > 1.3 * b[0]
    other = labelled(200, first=1000)
    assert mrr(linker, found.model, other) > mrr(linker, linker.model, other) + 0.1
    rows = {row["lang"]: row for row in found.report["rows"]}
    for lang, name in (("a", "good"), ("b", "bad")):
        assert rows[lang]["after"]["mrr"] >= rows[lang][name]["mrr"] - SLACK
        assert rows[lang]["after"]["mrr"] > rows[lang]["rank fusion"]["mrr"]
    assert found.report["ablations"]["without good"]["mrr"] < found.report["ablations"]["all"]["mrr"]
    assert not found.report["roll_up"]


def test_groups_are_answers_where_the_labels_say_so():
    linker = toys(groups=True)
    leaf = tune(linker, dev_of(labelled(150), linker))
    group = tune(linker, dev_of(labelled(150, group=True), linker))
    assert group.model.roll.on
    assert mrr(linker, group.model, labelled(100, first=500, group=True)) > 0.5
    assert mrr(linker, linker.model, labelled(100, first=500, group=True)) == 0
    assert (
        mrr(linker, leaf.model, labelled(100, first=500)) >= mrr(linker, linker.model, labelled(100, first=500)) - 0.01
    )


def test_a_language_that_learning_makes_worse_keeps_its_best_generator(monkeypatch):
    from textnorm.linking import tune as module

    linker = toys()
    dev = dev_of(labelled(120), linker)
    real = module.cross_validated

    def spoiled(bench, plan):
        scores, models = real(bench, plan)
        lang = np.array(bench.dev.queries.langs)[bench.base.pool.query]
        return np.where(lang == "b", -scores, scores), models

    monkeypatch.setattr(module, "cross_validated", spoiled)
    found = tune(linker, dev)
    assert list(found.report["kept"]) == ["b"]
    assert found.report["kept"]["b"] == "bad"
    assert found.model.weights.of(["good", "bad"], "b") == pytest.approx([0.0, 1.0])
    assert found.model.weights.of(["good", "bad"], "a")[0] > 0.3
    assert any("guard: b: bad" in line for line in found.lines())


def test_queries_that_mean_nothing_become_null():
    linker = toys()
    rng = np.random.default_rng(0)
    none = [
        Labelled(f"x:{i}:{9000 + i}", (() if i % 2 else ("gone",)), None)
        for i in rng.integers(0, CONCEPTS, 120).tolist()
    ]
    found = tune(linker, dev_of(labelled(120) + none, linker))
    assert found.report["none"] == 120
    assert found.report["unknown"] == 1
    assert found.report["calibration"]["null"]["f1"] > 0.8
    assert found.report["calibration"]["links_right"] > 0.85
    assert found.report["calibration"]["ece"] < 0.1
    assert any("ids are not in the index: 'gone'" in line for line in found.lines())


def test_too_few_queries_are_refused():
    linker = toys()
    with pytest.raises(DataError, match="10 of 15 labelled queries have a concept"):
        dev_of(labelled(10) + [Labelled("a:1:1", ("gone",), None)] * 5, linker)


def test_what_is_left_out_has_no_weight():
    linker = toys()
    bench = Bench(linker, dev_of(labelled(60), linker))
    model = fit_model(bench, Plan(roll=False, without=("good",)), np.ones(60, bool))
    assert model.weights.of(["good", "good:first"], None).tolist() == [0, 0]


# -- learning --------------------------------------------------------------------------------------------------------
def test_fitted_lists_are_at_a_minimum():
    rng = np.random.default_rng(1)
    query = np.repeat(np.arange(80), 6)
    features = rng.random((480, 3))
    target = np.zeros(480, bool)
    target[(np.arange(80) * 6) + (features @ [3, 1, 0]).reshape(80, 6).argmax(axis=1)] = True
    lists = Lists(features, query, target, np.full(80, -1))
    prior = np.zeros(3)
    fit = fit_lists(lists, prior, penalty=1.0)
    assert fit.common[0] > fit.common[1] > abs(fit.common[2]) * 2
    pulled = fit_lists(lists, prior, penalty=1e9)
    assert np.allclose(pulled.common, prior, atol=1e-3)
    held = fit_lists(lists, prior, penalty=1.0, free=np.array([True, False, True]))
    assert held.common[1] == 0


def test_lists_without_a_right_row_say_nothing():
    lists = Lists(np.ones((4, 1)), np.array([0, 0, 1, 1]), np.zeros(4, bool), np.full(2, -1))
    assert fit_lists(lists, np.array([0.5])).common.tolist() == [0.5]


def test_logistic_regression_finds_its_slope():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4000, 2))
    right = rng.random(4000) < 1 / (1 + np.exp(-(1.5 * x[:, 0] - 0.5)))
    fit = fit_logistic(np.column_stack([np.ones(4000), x]), right, np.full(4000, -1), penalty=0.1)
    assert fit.common == pytest.approx([-0.5, 1.5, 0], abs=0.15)


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=3), max_size=20))
def test_folds_keep_concepts_together(groups):
    found = folds_of(groups, 3)
    for one, fold in zip(groups, found, strict=True):
        for other, its in zip(groups, found, strict=True):
            if set(one) & set(other):
                assert fold == its


# -- the command -----------------------------------------------------------------------------------------------------
def invoke(*args, code=0, stdin=None):
    result = CliRunner().invoke(main, [str(a) for a in args], input=stdin)
    assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr, result.exception)
    return result


WORDS = "amber birch cedar dahlia elder fern ginger hazel iris juniper kale laurel maple nettle oak pine".split()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An index of names of two words, and labelled queries that are those names with a slip."""
    folder = tmp_path_factory.mktemp("tune")
    names = [(f"P{i}{j}", f"{a} {b}") for i, a in enumerate(WORDS) for j, b in enumerate(WORDS) if i < j]
    (folder / "names.tsv").write_text("concept_id\tname\n" + "".join(f"{c}\t{n}\n" for c, n in names))
    rows = [f"{n.replace('e', '')}\t{c}\n" for c, n in names[::2]] + ["table lamp\t\n", "door knob\tQ1\n"] * 10
    (folder / "dev.tsv").write_text("query\tconcept_ids\n" + "".join(rows))
    invoke("index", "build", folder / "names.tsv", "--encoder", "none", "-o", folder / "INDEX")
    return folder


@pytest.fixture
def own(tmp_path, files):
    import shutil

    shutil.copytree(files / "INDEX", tmp_path / "INDEX")
    return tmp_path / "INDEX"


def test_tuning_an_index(tmp_path, files, own):
    before = invoke("link", own, stdin="amber birch").stdout
    invoke("index", "tune", own, "--dev", files / "dev.tsv", "--dry-run")
    assert invoke("link", own, stdin="amber birch").stdout == before
    result = invoke("index", "tune", own, "--dev", files / "dev.tsv", "--plot", tmp_path / "plot.svg")
    assert "MRR (first right)" in result.stdout
    assert "ECE" in result.stdout
    assert "none of these, 20 queries" in result.stdout
    assert (tmp_path / "plot.svg").read_text().startswith("<svg")
    after = invoke("link", own, stdin="ambr birch\ntable lamp").stdout.splitlines()
    assert [json.loads(line)["id"] for line in after] == ["P01", None]
    assert "MRR" in invoke("index", "info", own).stdout
    invoke("index", "info", own, "--verify")
    report = json.loads(invoke("index", "tune", own, "--dev", files / "dev.tsv", "--json").stdout)
    assert report["rows"][0]["before"]["mrr"] > 0.5
    # The same labels give the same weights.
    model = (own / read_manifest(own).parts["linker/model.json"].path).read_bytes()
    invoke("index", "tune", own, "--dev", files / "dev.tsv")
    assert (own / read_manifest(own).parts["linker/model.json"].path).read_bytes() == model
    precise = json.loads(invoke("link", own, "--precision", "0.9", stdin="amber birch").stdout)
    assert precise["id"] == "P01"
    invoke("index", "tune", own, "--off")
    assert invoke("link", own, stdin="amber birch").stdout == before


def test_weights_hold_only_for_the_generators_they_were_learned_with(files, own):
    invoke("index", "tune", own, "--dev", files / "dev.tsv")
    reader = read_manifest(own)
    tuned, _ = read_tuned(reader, reader.meta["linker"]["generators"])
    assert tuned.weights.common != read_tuned(reader, ["lexical"])[0].weights.common
    assert set(read_tuned(reader, ["lexical"])[0].weights.common) <= {"lexical", *FEATURES}


def test_bad_labels(tmp_path, own):
    dev = tmp_path / "dev.tsv"
    dev.write_text("query\tids\namber birch\tP01\n")
    assert "there is no 'concept_ids'" in invoke("index", "tune", own, "--dev", dev, code=2).stderr
    dev.write_text("query\tconcept_ids\n \tP01\n")
    assert "line 2: query is empty" in invoke("index", "tune", own, "--dev", dev, code=1).stderr
    dev.write_text("query\tconcept_ids\namber\tnone such\n")
    assert "0 of 1 labelled queries" in invoke("index", "tune", own, "--dev", dev, code=1).stderr
    assert "Give --dev FILE" in invoke("index", "tune", own, code=2).stderr
    assert read_manifest(own).generation == 1


def test_labels_in_every_format(tmp_path):
    path = tmp_path / "dev.jsonl"
    path.write_text('{"query": "a", "concept_ids": ["x", 2], "lang": "lt"}\n\n{"query": "b", "concept_ids": null}\n')
    assert read_dev(str(path)) == [Labelled("a", ("x", "2"), "lt"), Labelled("b", (), None)]
    path.write_text('{"query": "a", "concept_ids": {"x": 1}}\n')
    with pytest.raises(DataError, match="line 1: concept_ids"):
        read_dev(str(path))
    path.write_text('{"query": "a"}\n')
    with pytest.raises(UsageError, match="no 'concept_ids'"):
        read_dev(str(path))
