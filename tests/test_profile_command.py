"""``textnorm profile``: typical and outlying texts, drift, its files; bad input as a message."""

from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ET

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from textnorm.cli import main
from textnorm.commands.profile_plot import edges, line, svg
from textnorm.encoders.static import StaticEncoder

TYPICAL = [
    f"the {size} {animal} sleeps in the {place}"
    for size in ("big", "small", "old")
    for animal in ("cat", "dog", "cow")
    for place in ("barn", "house", "garden")
]
ODD = "qqq 9931 zz//=="


def invoke(*args, code=0, stdin=None):
    result = CliRunner().invoke(main, ["profile", *(str(a) for a in args)], input=stdin)
    assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr, result.exception)
    assert "Traceback" not in result.output
    return result


def fails(*args, code=2, stdin=None):
    result = invoke(*args, code=code, stdin=stdin)
    assert result.stderr.startswith("error: "), result.stderr
    return result.stderr


def write(path, texts):
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


@pytest.fixture
def corpus(tmp_path):
    return write(tmp_path / "a.txt", [*TYPICAL, "", ODD, "   "])


def figures(tmp_path, *args):
    invoke(*args, "--json", tmp_path / "out.json")
    return json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))


def test_one_corpus(tmp_path, corpus):
    found = figures(tmp_path, corpus, "--top", "3")
    part = found["a"]
    assert (part["texts"], part["empty"]) == (len(TYPICAL) + 1, 2)
    assert part["outlying"][0]["text"] == ODD
    assert part["outlying"][0]["place"] == f"line {len(TYPICAL) + 2}"
    assert part["outlying"][0]["occurrence"] == 0
    assert len(part["typical"]) == 3
    assert "drift" not in found
    assert "b" not in found
    # The figures are those of the definition, every pair by itself.
    rows = StaticEncoder.untrained().encode([*TYPICAL, ODD]).astype(np.float64)
    cosine = rows @ rows.T
    depth = 1 + (cosine.sum(axis=1) - np.diag(cosine)) / (len(rows) - 1)
    assert part["outlying"][0]["depth"] == pytest.approx(depth[-1], abs=1e-6)
    assert part["typical"][0]["depth"] == pytest.approx(depth.max(), abs=1e-6)
    assert part["depth"]["50 %"] == pytest.approx(np.median(depth), abs=1e-6)
    assert part["depth"]["mean"] == pytest.approx(depth.mean(), abs=1e-6)


def test_the_report_shows_the_same(corpus):
    said = invoke(corpus, "--top", "1").stdout
    assert f"{len(TYPICAL) + 1} texts, 2 empty ones left out" in said
    assert f"line {len(TYPICAL) + 2}: {ODD}" in said
    assert "▁" in said
    assert "permutation" not in said


def test_drift_and_none(tmp_path, corpus):
    other = write(tmp_path / "b.txt", [f"error {i} at 0x{i * 77:x}: stack overflow" for i in range(40)])
    found = figures(tmp_path, corpus, other, "--permutations", "99")["drift"]
    assert found["verdict"] == "drift: farther out"
    assert found["quality"] < 0.1
    assert found["p"] == 0.02
    said = invoke(corpus, other, "--permutations", "99").stdout
    assert "drift: farther out (p = 0.02)" in said
    assert "99 permutations of 28 and 40 texts" in said
    found = figures(tmp_path, corpus, corpus, "--permutations", "99")["drift"]
    assert found["verdict"] == "no drift found"
    assert found["shift"] == pytest.approx(0, abs=1e-12)


def test_samples_and_seeds(tmp_path, corpus):
    one, two = (
        figures(tmp_path, corpus, corpus, "--sample", "20", "--permutations", "19", "--seed", "3") for _ in "ab"
    )
    assert one == two
    assert one["drift"]["n"] == [20, 20]


def test_all_formats_give_the_same(tmp_path):
    texts = TYPICAL[:12]
    write(tmp_path / "a.txt", texts)
    with gzip.open(tmp_path / "b.txt.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(f"{text}\n" for text in texts)
    (tmp_path / "c.jsonl").write_text("".join(json.dumps({"id": i, "body": t}) + "\n" for i, t in enumerate(texts)))
    write(tmp_path / "d.tsv", ["id\tbody", *(f"{i}\t{text}" for i, text in enumerate(texts))])
    pq.write_table(pa.table({"body": texts}), tmp_path / "e.parquet")
    with pa.CompressedOutputStream(str(tmp_path / "f.txt.zst"), "zstd") as stream:
        stream.write("".join(f"{text}\n" for text in texts).encode())
    found = []
    for name in ("a.txt", "b.txt.gz", "c.jsonl", "d.tsv", "e.parquet", "f.txt.zst"):
        part = figures(tmp_path, tmp_path / name, "--column", "body")["a"]
        found.append((part["texts"], part["depth"], [row["text"] for row in part["typical"]]))
    assert all(one == found[0] for one in found)
    stdin = "".join(f"{text}\n" for text in texts)
    assert "standard input: 12 texts" in invoke("-", stdin=stdin).stdout


def test_equal_texts_are_shown_once_and_odd_ones_on_one_line(tmp_path):
    path = tmp_path / "a.jsonl"
    texts = ["same text"] * 30 + ["another\nline\x1b[31m", "long " * 100, "half \ud800 pair"]
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    found = figures(tmp_path, path)["a"]
    assert sorted(row["text"] for row in found["typical"]) == sorted(set(texts))
    said = invoke(path).stdout
    assert "another line [31m" in said
    assert "\x1b" not in said
    assert "long long" in said
    assert "…" in said


def test_the_plot_is_an_svg(tmp_path, corpus):
    other = write(tmp_path / "b <&>.txt", ODD.split() * 3)
    invoke(corpus, other, "--permutations", "19", "--plot", tmp_path / "p.svg")
    root = ET.parse(tmp_path / "p.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(root.findall("{http://www.w3.org/2000/svg}polygon")) == 2
    assert any("b <&>.txt (9 texts" in (text.text or "") for text in root.iter("{http://www.w3.org/2000/svg}text"))


def test_histograms():
    depths = np.array([1.0, 1.0, 1.1, 1.5])
    bounds = edges([depths], 5)
    assert line(depths, bounds) == "█▄  ▄"
    assert line(np.array([1.0]), bounds) == "█    "
    flat = edges([np.ones(3)], 4)
    assert flat[0] < 1 < flat[-1]
    ET.fromstring(svg([("a", np.ones(3))]))
    # Areas are shares: the outline of the larger corpus is not the higher one for that.
    few, many = (ET.fromstring(svg([("a", np.tile(depths, n))])) for n in (1, 50))
    polygon = "{http://www.w3.org/2000/svg}polygon"
    assert few.find(polygon).get("points") == many.find(polygon).get("points")


@pytest.mark.parametrize(
    ("args", "words", "code"),
    [
        (["none.txt"], "no such file", 2),
        (["."], "is a folder", 2),
        (["a.txt", "none.txt"], "no such file", 2),
        (["-", "-"], "only once", 2),
        (["a.txt", "--json", "a.txt"], "is the input", 2),
        (["a.txt", "--json", "x", "--plot", "x"], "both name x", 2),
        (["a.txt", "--plot", "-"], "write files", 2),
        (["a.txt", "--plot", "no/p.svg"], "does not exist", 2),
        (["a.txt", "--encoder", "./nothing"], "There is no model folder", 2),
        (["one.txt"], "1 texts (1 empty ones left out); a profile needs 2", 1),
        (["empty.txt"], "0 texts", 1),
        (["a.txt", "one.txt"], "1 texts", 1),
        (["bad.txt"], "invalid UTF-8", 1),
        (["binary.txt"], "not UTF-8 text but", 1),
        (["a.jsonl", "--column", "body"], "no field 'body'", 2),
    ],
)
def test_bad_input(tmp_path, corpus, monkeypatch, args, words, code):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "one.txt", ["only one", ""])
    write(tmp_path / "empty.txt", [])
    (tmp_path / "bad.txt").write_bytes(b"good\nb\xffd\n")
    (tmp_path / "binary.txt").write_bytes(b"\x1f\x8b\x08\x00\x00")
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    assert words in fails(*args, code=code)
    assert not (tmp_path / "x").exists()
