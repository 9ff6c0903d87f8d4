"""The linker with a re-ranker, from Python and from the command line; carried examples on the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("scipy.sparse", reason="the linker needs scipy (extra: linking)")
pytest.importorskip("faiss", reason="the index folder needs faiss (extra: linking)")

import jobs

from textnorm.cli import main
from textnorm.linking.labelled import Labelled, read_dev
from textnorm.linking.linker import Linker
from textnorm.linking.protocol import Queries
from textnorm.linking.rerank import Reranker, Verdict
from textnorm.linking.reranked import compare, examples_of, lines


class Backwards:
    """A re-ranker that prefers what the linker likes least, and none of these for queries that say so."""

    name = "backwards"
    top = 3

    def verdict(self, queries, candidates, kb):
        rank = np.arange(len(candidates.concepts)) - np.repeat(candidates.indptr[:-1], np.diff(candidates.indptr))
        seen = rank < self.top
        none = np.array([100.0 if "nothing" in text else -100.0 for text in queries.texts], np.float32)
        return Verdict(np.where(seen, rank, -rank - 1.0).astype(np.float32), none)

    def scores(self, queries, candidates, kb):
        return self.verdict(queries, candidates, kb).scores


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    rows = [(*row[:2], "en") for row in jobs.rows()]
    rows += [(f"{job}/{field}", f"{job[::-1]} ze {field}", "xx") for job in jobs.WORDS for field in jobs.FIELDS]
    lines = ["concept_id\tname\tlang", *("\t".join(row) for row in rows)]
    (folder / "names.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    got = run("index", "build", folder / "names.tsv", "--encoder", "none", "-o", folder / "index")
    assert got.exit_code == 0, got.output
    return folder / "index"


@pytest.fixture
def linker(index):
    return Linker.load(index)


def test_the_verdict_decides_order_probability_and_none(linker):
    texts = ["nurse lorba", "nothing like nurse lorba", "qqqq"]
    before = linker.link(texts, k=5)
    linker.reranker = Backwards()
    assert isinstance(linker.reranker, Reranker)
    after = linker.link(texts, k=5)
    own = [candidate.id for candidate in before[0].candidates]
    assert [candidate.id for candidate in after[0].candidates] == [own[2], own[1], own[0], own[3], own[4]]
    assert after[0].id == own[2]
    assert sum(candidate.p for candidate in after[0].candidates) == pytest.approx(1, abs=0.01)
    assert [candidate.score for candidate in after[0].candidates] == sorted(
        (candidate.score for candidate in after[0].candidates), reverse=True
    )
    assert after[1].id is None
    assert after[1].p == pytest.approx(1)
    assert [candidate.id for candidate in linker.link(texts, k=1)[0].candidates] == [own[2]]
    assert linker.with_options(min_p=1.0).link(texts)[0].id is None  # the re-ranker stays with the linker


def test_decisions_win_over_the_re_ranker(index, linker, tmp_path):
    table = tmp_path / "decisions.tsv"
    table.write_text("query\tconcept_id\nnurse lorba\tcook/minke\n", "utf-8")
    from textnorm.linking.decisions import read_decisions

    linker.decisions = read_decisions(str(table), linker.kb.number)
    linker.reranker = Backwards()
    assert linker.link(["nurse lorba"])[0].id == "cook/minke"


def test_examples_hold_the_linkers_candidates(linker):
    rows = [Labelled("nurse lorba", ("nurse/lorba", "gone")), Labelled("x", ("gone",)), Labelled("cook ze", ())]
    examples, left_out = examples_of(linker, rows, 4)
    assert left_out == 1
    assert [sorted(linker.kb.ids[c] for c in gold) for gold in examples.gold] == [["nurse/lorba"], []]
    assert np.diff(examples.candidates.indptr).tolist() == [4, 4]
    ranked = next(iter(linker.rank(Queries.of(["nurse lorba"]), 4)))
    assert examples.candidates.concepts[:4].tolist() == ranked.scored.pool.concept[ranked.rows].tolist()
    before, after = compare(Backwards(), examples, linker.kb)
    assert (before.n, before.mrr, before.at1) == (1, 1.0, 1.0)
    assert after.mrr == pytest.approx(1 / 3)
    assert len(list(lines([before, after], 4))) == 4


def test_from_examples_to_links_on_the_command_line(index, tiny_model, tmp_path):
    pytest.importorskip("transformers", reason="the cross-encoder is an extra: encoders")
    dev = tmp_path / "dev.tsv"
    some = [(job, field) for job in jobs.WORDS for field in jobs.FIELDS[:3]]
    rows = [f"{jobs.WORDS[job]} {field}\t{job}/{field}\ten" for job, field in some]
    dev.write_text("\n".join(["query\tconcept_ids\tlang", *rows, "hm hm\t\ten", "zz\tgone\ten"]) + "\n", "utf-8")
    made = tmp_path / "reranker"
    quick = ["--epochs", 1, "--top", 4, "--sampled", 3, "--length", 24]
    got = run("train", "reranker", index, "--dev", dev, "-o", made, "--base", tiny_model, *quick, "--json")
    assert got.exit_code == 0, got.output
    assert "1 labelled queries have no concept" in got.output
    assert [row["what"] for row in json.loads(got.stdout)] == ["linker", "re-ranked"]
    (tmp_path / "q.txt").write_text("nurse lorba\n\n", "utf-8")
    got = run("link", index, tmp_path / "q.txt", "--rerank", made, "-k", 2)
    assert got.exit_code == 0, got.output
    links = [json.loads(line) for line in got.stdout.splitlines()]
    assert len(links[0]["candidates"]) == 2
    got = run("link", index, tmp_path / "q.txt", "--rerank", tmp_path)
    assert got.exit_code == 2
    assert "is no re-ranker" in got.output
    got = run("train", "reranker", index, "--dev", dev, "-o", tmp_path, "--base", tiny_model)
    assert got.exit_code == 2
    assert "is no re-ranker" in got.output


def test_carried_examples_on_the_command_line(index, tmp_path):
    dev, out, rest = (tmp_path / name for name in ("dev.tsv", "xx.tsv", "rest.tsv"))
    dev.write_text("query\tconcept_ids\nmedix lorba\tnurse/lorba\nmedix\tnurse\nhm\t\n", "utf-8")
    got = run("train", "examples", index, "--dev", dev, "--to", "xx", "-o", out, "--rest", rest)
    assert got.exit_code == 0, got.output
    assert "1 labelled queries have no concept; " in got.output
    assert "the concepts of 1 labelled queries have no name in 'xx'" in got.output
    assert read_dev(str(out)) == [Labelled("esrun ze lorba", ("nurse/lorba",), "xx")]
    left = rest.read_text("utf-8").splitlines()
    assert "nurse/lorba\tesrun ze lorba\txx\t\t\t" not in left
    assert len(left) == 1 + len(jobs.rows()) + len(jobs.WORDS) * len(jobs.FIELDS) - 1
    for wrong, message in (
        (["--to", "de"], "no name in the language 'de'"),
        (["--to", "xx", "--rest", "x.csv"], "write a"),
        (["--to", "xx", "--rest", str(dev)], "is the input"),
        (["--to", "xx", "--rest", str(out)], "is the input"),
    ):
        got = run("train", "examples", index, "--dev", dev, "-o", out, *wrong)
        assert got.exit_code == 2
        assert message in got.output


def test_attributes_of_a_query_move_its_vector(index, tmp_path):
    rows = [
        "concept_id\tname\tlang",
        "1\tward work\ten",
        "1\tcare of a ward\ten",
        "2\tward cook\ten",
        "2\tcook of a ward\ten",
    ]
    (tmp_path / "n.tsv").write_text("\n".join([*rows, "3\tdriver\ten", "3\tlorry driver\ten"]) + "\n", "utf-8")
    got = run("index", "build", tmp_path / "n.tsv", "--generators", "dense", "-o", tmp_path / "i")
    assert got.exit_code == 0, got.output
    linker = Linker.load(tmp_path / "i")
    plain, with_skills = linker.link(["ward", "ward"], attributes=[[], ["lorry driver", "driver"]])
    assert plain.candidates[0].id in "12"
    assert with_skills.candidates[0].score != plain.candidates[0].score
    third = next(c.score for c in with_skills.candidates if c.id == "3")
    assert third > max([c.score for c in plain.candidates if c.id == "3"], default=0.0)
