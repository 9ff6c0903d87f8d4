"""Duplicates of a corpus: clusters, the command, memory, bytes."""

from __future__ import annotations

import json
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.cli import main
from textnorm.commands import duplicates_files
from textnorm.dedup.clusters import RECORD, Clusters
from textnorm.dedup.signature import Signer, cut_bands, fold, shingles
from textnorm.errors import ConfigError


def signer(**options):
    pytest.importorskip("rensa", reason="the extra 'duplicates' is not installed")
    return Signer(**options)


def clusters_of(texts, folder, sign=None, budget=64 << 20, step=None):
    found = Clusters(folder, sign, budget)
    for i in range(0, len(texts), step or max(1, len(texts))):
        found.add(texts[i : i + (step or len(texts))])
    found.finish()
    return found.verdict(0, len(texts))


def words(n, seed):
    rng = random.Random(seed)
    return [f"z{rng.randrange(10**9)}" for _ in range(n)]


def changed(text, share, seed):
    rng = random.Random(seed)
    return " ".join("kitas" if rng.random() < share else word for word in text.split())


# -- signatures ------------------------------------------------------------------------------------------------------
def test_folding_and_shingles():
    assert fold("  Ąžuolas, ﬁ 1! ") == "ąžuolas fi 1"
    assert shingles("a b c d", 3) == ["a b c", "b c d"]
    assert shingles("a b", 3) == ["a b"]
    assert shingles("?!", 3) == []
    assert shingles("x \ud83d y", 2)[0].isprintable()


@pytest.mark.parametrize(("threshold", "permutations"), [(0.5, 128), (0.8, 128), (0.9, 64), (1.0, 16), (0.05, 16)])
def test_bands_fit_and_turn_near_the_threshold(threshold, permutations):
    bands, width = cut_bands(threshold, permutations)
    assert 1 <= bands * width <= permutations
    if threshold == 0.8:
        assert 1 - (1 - 0.9**width) ** bands > 0.99
        assert 1 - (1 - 0.5**width) ** bands < 0.05


def test_the_signature_estimates_the_similarity():
    a = " ".join(words(400, 1))
    b = changed(a, 0.03, 2)
    made = signer(permutations=1024).sign([a, b])
    true = len(set(shingles(a, 5)) & set(shingles(b, 5))) / len(set(shingles(a, 5)) | set(shingles(b, 5)))
    assert abs((made[0] == made[1]).mean() - true) < 4 * (true * (1 - true) / 1024) ** 0.5


def test_signatures_are_pinned():
    """Other bytes would be another fingerprint: rensa's algorithm or ours has changed, so the version must, too."""
    made = signer(permutations=16, seed=1).sign(["vienas du trys keturi penki šeši", ""])
    assert made[0][:4].tolist() == PINNED
    assert (made[1] == 0xFFFFFFFF).all()


PINNED = [3483065298, 495331567, 3349278094, 3319479547]


def test_values_that_make_no_sense():
    for options in ({"threshold": 0}, {"threshold": 1.1}, {"permutations": 8}, {"shingle": 0}, {"seed": -1}):
        with pytest.raises(ConfigError):
            Signer(**options)


# -- clusters --------------------------------------------------------------------------------------------------------
@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["a", "b b", "c", "", "A", "a "]), max_size=30), st.integers(1, 7))
def test_equal_texts_are_found_as_a_dictionary_finds_them(tmp_path_factory, texts, step):
    got = clusters_of(texts, tmp_path_factory.mktemp("c"), step=step, budget=3 * RECORD.itemsize)
    first = {}
    wanted = [-1 if first.setdefault(text, i) == i else first[text] for i, text in enumerate(texts)]
    assert got.dup_of.tolist() == wanted
    assert got.exact.tolist() == [w >= 0 for w in wanted]
    assert got.size.tolist() == [texts.count(text) for text in texts]


def test_near_texts_are_found_and_others_not(tmp_path):
    texts = [" ".join(words(150, i)) for i in range(20)]
    copies = [text.replace(text.split()[7 * i], "kitas") for i, text in enumerate(texts)]
    far = [changed(texts[i], 0.3, i) for i in range(20)]
    got = clusters_of([*texts, *copies, *far], tmp_path, signer())
    assert got.dup_of[:20].tolist() == [-1] * 20
    assert got.dup_of[20:40].tolist() == list(range(20))
    assert got.dup_of[40:].tolist() == [-1] * 20
    assert not np.isnan(got.similarity[20:40]).any()
    assert (got.similarity[20:40] >= 0.75).all()


def test_memory_and_cutting_change_nothing(tmp_path):
    texts = [" ".join(words(30, i % 40)) for i in range(200)]
    texts += [changed(text, 0.02, i) for i, text in enumerate(texts)]
    wanted = clusters_of(texts, _folder(tmp_path, "a"), signer())
    for k, (budget, step) in enumerate([(3 * RECORD.itemsize * 10, 7), (3 * RECORD.itemsize * 50, 100)]):
        got = clusters_of(texts, _folder(tmp_path, f"b{k}"), signer(), budget, step)
        for name in ("dup_of", "exact", "similarity", "size"):
            assert np.array_equal(getattr(got, name), getattr(wanted, name), equal_nan=name == "similarity")


def _folder(base, name):
    (base / name).mkdir()
    return base / name


def test_texts_without_words_are_alike_only_if_equal(tmp_path):
    got = clusters_of(["???", "!!!", "???"], tmp_path, signer())
    assert got.dup_of.tolist() == [-1, -1, 0]


def test_nothing_at_all(tmp_path):
    assert len(clusters_of([], tmp_path).dup_of) == 0


# -- the command -----------------------------------------------------------------------------------------------------
LONG = " ".join(words(80, 5))
ROWS = [
    {"text": LONG, "n": 1},
    {"text": changed(LONG, 0.01, 1), "n": 2},
    {"text": None, "n": 3},
    {"text": LONG, "n": 4},
    {"text": "kas kita", "n": 5},
]
WANTED = [(None, None, 3), (0, "near", 3), (None, None, None), (0, "exact", 3), (None, None, 1)]


def run(*args, code=0):
    pytest.importorskip("rensa", reason="the extra 'duplicates' is not installed")
    result = CliRunner().invoke(main, ["duplicates", *map(str, args)])
    assert result.exit_code == code, result.output
    return result


def verdicts(rows):
    return [(row["text_dup_of"], row["text_dup_kind"], row["text_dup_size"]) for row in rows]


@pytest.fixture
def inputs(tmp_path):
    jsonl = tmp_path / "in.jsonl"
    jsonl.write_text("\n".join(map(json.dumps, ROWS)) + "\n\n", encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "in.parquet", row_group_size=2)
    lines = ["text\tn", *(f"{row['text']}\t{row['n']}" for row in ROWS if row["text"])]
    (tmp_path / "in.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "in.txt").write_text("\n".join(row["text"] or "" for row in ROWS), encoding="utf-8")
    return tmp_path


def test_json_lines(inputs):
    result = run(inputs / "in.jsonl")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert verdicts(rows) == WANTED
    assert [row["n"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[3]["text_dup_similarity"] == 1.0
    assert "5 rows, 4 texts: 1 equal to an earlier one, 1 similar (50.0% in all), 1 clusters" in result.stderr


def test_parquet_and_the_same_bytes_twice(inputs):
    for name in ("a", "b"):
        run(inputs / "in.parquet", "-o", inputs / f"{name}.parquet", "--json", inputs / f"{name}.json")
    assert (inputs / "a.parquet").read_bytes() == (inputs / "b.parquet").read_bytes()
    table = pq.read_table(inputs / "a.parquet")
    assert verdicts(table.to_pylist()) == WANTED
    assert table.schema.names[:2] == ["text", "n"]
    counts = json.loads((inputs / "a.json").read_text())
    assert {key: counts[key] for key in ("rows", "texts", "exact", "near", "clusters")} == {
        "rows": 5,
        "texts": 4,
        "exact": 1,
        "near": 1,
        "clusters": 1,
    }


def test_tables_and_plain_text(inputs):
    run(inputs / "in.tsv", "-o", inputs / "out.tsv")
    head, *rows = [line.split("\t") for line in (inputs / "out.tsv").read_text(encoding="utf-8").splitlines()]
    assert head == ["text", "n", "text_dup_of", "text_dup_kind", "text_dup_similarity", "text_dup_size"]
    assert [(row[2], row[3], row[5]) for row in rows] == [
        ("", "", "3"),
        ("0", "near", "3"),
        ("0", "exact", "3"),
        ("", "", "1"),
    ]
    rows = [json.loads(line) for line in run(inputs / "in.txt", "--exact").stdout.splitlines()]
    assert [row["text_dup_of"] for row in rows] == [None, None, None, 0, None]


def test_numbers_count_rows_over_all_files(inputs):
    result = run(inputs / "in.jsonl", inputs / "in.jsonl", "--exact")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["text_dup_of"] for row in rows] == [None, None, None, 0, None, 0, 1, None, 0, 4]


def test_numbers_are_of_rows_not_of_texts(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": null}\n\n{"text": "a"}\n{"text": "a"}\n', encoding="utf-8")
    rows = [json.loads(line) for line in run(path, "--exact").stdout.splitlines()]
    assert [row["text_dup_of"] for row in rows] == [None, None, 1]


def test_faulty_rows(tmp_path):
    path = tmp_path / "in.txt"
    path.write_bytes(b"a\n\xff\na\n")
    assert "line 2" in run(path, "--exact", code=1).stderr
    result = run(path, "--exact", "--errors", "quarantine", code=3)
    assert [json.loads(line)["text_dup_of"] for line in result.stdout.splitlines()] == [None, None, 0]
    assert "1 rows could not be read" in result.stderr
    assert f"quarantined: {path}, line 2: invalid UTF-8" in result.stderr


def test_files_whose_types_differ_are_told_by_column(tmp_path):
    for name, kind in (("a", pa.string()), ("b", pa.large_string())):
        pq.write_table(pa.table({"id": [1], "text": pa.array(["x"], kind)}), tmp_path / f"{name}.parquet")
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet", "-o", tmp_path / "o.parquet"]
    assert "'text' is large_string instead of string;" in run(*paths, "--exact", code=1).stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["-"], "needs files"),
        (["in.txt", "in.tsv"], "different formats"),
        (["in.txt", "-o", "out.txt"], "verdicts are columns"),
        (["in.txt", "-o", "in.txt"], "is the input"),
        (["no.txt"], "no such file"),
        (["in.jsonl", "--column", "body"], "no field 'body'"),
        (["in.jsonl", "-o", "o.jsonl", "--json", "o.jsonl"], "a file of its own"),
        (["marked.jsonl"], "a column 'text_dup_of' already"),
    ],
)
def test_what_is_refused(inputs, monkeypatch, args, said):
    monkeypatch.chdir(inputs)
    (inputs / "marked.jsonl").write_text('{"text": "a", "text_dup_of": 1}\n')
    assert said in run(*args, code=2).output


def test_overwriting_and_empty_files(inputs, monkeypatch):
    monkeypatch.chdir(inputs)
    (inputs / "marked.jsonl").write_text('{"text": "a", "text_dup_of": 1}\n')
    row = json.loads(run("marked.jsonl", "--overwrite-columns").stdout)
    assert row["text_dup_of"] is None
    (inputs / "empty.txt").write_text("")
    for name in ("e.jsonl", "e.tsv"):
        run("empty.txt", "-o", name)
    assert (inputs / "e.tsv").read_text().startswith("text\ttext_dup_of")


def test_an_input_that_changes_is_noticed(inputs, monkeypatch):
    path = inputs / "in.txt"
    before = Clusters.finish

    def finish(self):
        before(self)
        path.write_text("visai kas kita\n", encoding="utf-8")

    monkeypatch.setattr(duplicates_files.Clusters, "finish", finish)
    assert "changed while it was read" in run(path, "-o", inputs / "o.jsonl", code=1).stderr
    assert not (inputs / "o.jsonl").exists()
