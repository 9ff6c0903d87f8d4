"""The benchmarks of linking: tasks as they are split, scores as they are defined, a small run from end to end."""

from __future__ import annotations

import gzip
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textnorm.bench.linking import (
    Answer,
    by_lang,
    calibration_error,
    coverage,
    gain_row,
    mrr,
    null_scores,
    success,
    trust_rows,
)
from textnorm.bench.linking_tasks import Question, Task, limit_small, melo, published_melo, share, task, xlbel


def answer(rank=1, first=0.5, chosen="A", gold=("A",), lang="en", right=0):
    return Answer(rank, right, first, chosen, frozenset(gold), lang)


ANSWERS = st.lists(
    st.builds(answer, rank=st.integers(0, 12), first=st.floats(0, 1), chosen=st.sampled_from(["A", None])), min_size=1
)


@given(ANSWERS)
def test_scores_lie_where_they_must(answers):
    assert 0 <= success(answers, 1) <= mrr(answers) <= success(answers, 64) <= 1
    assert 0 <= calibration_error(answers) <= 1
    assert coverage(answers) <= 1
    covered = coverage(answers, 0.0)
    assert covered == 1.0


@given(ANSWERS)
def test_coverage_is_the_largest_prefix_that_is_right_often_enough(answers):
    want = 0.0
    for p in {a.first for a in answers}:
        part = [a for a in answers if a.first >= p]
        if sum(a.rank == 1 for a in part) / len(part) >= 0.95:
            want = max(want, len(part) / len(answers))
    assert coverage(answers) == pytest.approx(want)


def test_calibration_error_is_that_of_ten_bins():
    answers = [answer(1, 0.95), answer(2, 0.95), answer(0, 0.15), answer(0, math.nan)]
    # two in the last bin: 0.95 each, one right; one in the second: 0.15, none right
    assert calibration_error(answers) == pytest.approx((abs(1.9 - 1) + abs(0.15 - 0)) / 3)
    assert math.isnan(calibration_error([answer(0, math.nan)]))


def test_none_of_these_is_counted():
    answers = [
        answer(0, 0.1, None, ()),
        answer(0, 0.1, None, ()),
        answer(0, 0.1, "A", ()),
        answer(1, 0.9, None),
        answer(1, 0.9, "A"),
    ]
    assert null_scores(answers) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    rows = {row.measure: row.value for row in trust_rows("x", answers, nil=True)}
    assert rows["links_right"] == 0.5
    assert rows["linked"] == pytest.approx(0.4)
    assert rows["null_f1"] == pytest.approx(2 / 3)


def test_languages_are_told_apart_where_there_are_several():
    mixed = [answer(lang="lt"), answer(2, lang="en"), answer(lang="lt")]
    assert {code: len(found) for code, found in by_lang(mixed).items()} == {"": 3, "en": 1, "lt": 2}
    assert list(by_lang([answer(), answer()])) == [""]
    row = gain_row("x", "a part", [answer(1)] * 5, [answer(2)] * 5)
    assert (row.value, row.lo, row.hi) == (0.5, 0.5, 0.5)


def test_no_concept_is_tuned_on_and_scored():
    questions = [Question(f"q{i}", "en", frozenset([f"C{i % 40}", f"D{i % 40}"])) for i in range(200)]
    dev, test = Task("x", [], questions).split(0.33)
    assert len(dev) + len(test) == 200
    assert 0.15 < len(dev) / 200 < 0.5
    assert not {min(q.gold) for q in dev} & {min(q.gold) for q in test}


def test_the_split_is_that_of_the_scorer(tmp_path):
    """The scorer of the project is a script beside the data; where it is here, both split alike."""
    import importlib.util
    import os
    from pathlib import Path

    scorer = Path(os.environ.get("TEXTNORM_DATA", "missing")).parent / "tools" / "score_link.py"
    if not scorer.is_file():
        pytest.skip("the scorer is not beside the data (TEXTNORM_DATA)")
    spec = importlib.util.spec_from_file_location("score_link", scorer)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert all(share(text) == module.share(text) for text in ("", "tunex", "ąčę"))


@pytest.fixture
def small(tmp_path):
    def packed(name, *lines):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
        return path

    packed("xx_q_lt_c_en/queries.tsv.gz", "q1\tvirejas", "q2\tkita", "q3\tkepejas")
    packed("xx_q_lt_c_en/annotations.tsv.gz", "q1\t0\te_en_1\t1", "q3\t0\te_en_3\t1")
    packed("xx_q_lt_c_en/corpus_elements.tsv.gz", "e_en_1\tcook", "e_en_2\tchef", "e_en_3\tbaker", "e_en_4\t ")
    packed("xx_q_lt_c_en/concept_mapping.tsv.gz", "e_en_1\tA", "e_en_2\tA", "e_en_3\tB", "e_en_4\tB")
    return tmp_path, packed


def test_a_melo_set(small):
    folder, _ = small
    found = melo(folder / "xx_q_lt_c_en", {})
    assert [row[:3] for row in found.names] == [("A", "cook", "en"), ("A", "chef", "en"), ("B", "baker", "en")]
    assert [(q.text, q.lang, q.gold) for q in found.questions] == [
        ("virejas", "lt", frozenset("A")),
        ("kepejas", "lt", frozenset("B")),
    ]
    flat = found.flat()
    assert [row[0] for row in flat.names] == ["0", "1", "2"]
    assert flat.questions[0].gold == frozenset(["0", "1"])


def test_tasks_with_more_names_and_with_none_of_these(small):
    _, packed = small
    held = {
        "kb": [["A", "cook", "en"]],
        "q": [{"text": "virejas", "lang": "lt", "gold": ["A"]}, {"text": "x", "gold": ["Z"]}],
    }
    found = task(packed("t.json.gz", json.dumps(held)), "small")
    assert [q.text for q in found.questions] == ["virejas"]
    more = found.with_extra(packed("extra.tsv.gz", "id\tlang\ttext", "A\tlt\tvirėjas", "B\tlt\tkepėjas"))
    assert [row[:2] for row in more.names] == [("A", "cook"), ("B", "kepėjas")]
    mentions = packed("m.jsonl.gz", *(json.dumps({"mention": m, "lang": "en", "gold": [g]}) for m, g in ("xA", "yZ")))
    terms = packed("terms.tsv.gz", "cui\tname\tlang", "A\tcook\ten")
    assert [q.gold for q in xlbel(mentions, terms, nil=True).questions] == [frozenset("A"), frozenset()]
    assert len(xlbel(mentions, terms, nil=False).questions) == 1


def test_published_figures_are_read_as_they_stand(tmp_path):
    path = tmp_path / "p.txt"
    path.write_text("results/e5 results/e5/xx_q_lt_c_en map=0.1 recip_rank=0.25 success_1=0.2 \n")
    assert published_melo(path) == {"xx_q_lt_c_en": {"e5": {"map": 0.1, "recip_rank": 0.25, "success_1": 0.2}}}


def test_limit_from_end_to_end(tmp_path):
    pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")
    from textnorm.bench.limit import FOLDER, run

    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)
    things = ["old maps", "green tea", "loud drums", "wet sand", "dry wit", "tall ships", "slow trains", "red kites"]
    likes = {f"Person{i}": ", ".join(things[(i + k) % 8] for k in (0, 1)) for i in range(8)}
    lines = [{"_id": name, "title": "", "text": f"{name} likes {own}."} for name, own in likes.items()]
    queries = {f"q{i}": things[i % 8] + "!" * (i // 8) for i in range(160)}
    gold = [(q, name) for q, thing in queries.items() for name, own in likes.items() if thing.rstrip("!") in own]
    for name, rows in (
        ("corpus", lines),
        ("queries", [{"_id": q, "text": f"Who likes {thing}?"} for q, thing in queries.items()]),
        ("qrels", [{"query-id": q, "corpus-id": c, "score": 1} for q, c in gold]),
    ):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    task_of_lists = limit_small(folder, lists=True)
    assert [row[1] for row in task_of_lists.names][:2] == ["old maps", "green tea"]
    report = run(tmp_path)
    figures = {row.set: row.value for row in report.rows if row.measure == "r@2"}
    assert figures["limit-small, things as names"] == 1.0
    assert {row.measure for row in report.rows} == {"r@2", "build_cpu_s", "queries_per_cpu_s"}
