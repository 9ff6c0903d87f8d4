"""``textnorm script``: training, noise, description, and bad input as a message."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from textnorm.cli import main


def invoke(*args, stdin=None, code=0):
    result = CliRunner().invoke(main, [str(a) for a in args], input=stdin)
    assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr, result.exception)
    assert "Traceback" not in result.output
    return result


def fails(*args, code):
    result = invoke(*args, code=code)
    assert result.stderr.splitlines()[-1].startswith(("error: ", "Error: "))
    return result.stderr


def test_train_then_normalize(toy, tmp_path):
    told = invoke("script", "train", "--mapping", toy / "map.tsv", "--text", toy / "text.txt", "-o", tmp_path / "m")
    assert "trained in" in told.stdout
    read = invoke("normalize", "-p", tmp_path / "m", stdin="toren pilka\n\nhose").stdout
    assert read == "tauren piłka\n\nhauśe"
    again = invoke("script", "train", "--mapping", toy / "map.tsv", toy / "text.txt", "-o", tmp_path / "m")
    assert "trained in" in again.stdout  # a model may be replaced; a corpus may stand without --text
    assert not list(tmp_path.glob("*.part"))


def test_training_is_deterministic(toy, tmp_path):
    for name in "ab":
        invoke("script", "train", "--mapping", toy / "map.tsv", "--text", toy / "text.txt", "-o", tmp_path / name)
    first, second = (json.loads((tmp_path / name / "model.json").read_text(encoding="utf-8")) for name in "ab")
    assert {**first, "name": ""} == {**second, "name": ""}


def test_train_on_pairs_of_words_remembers_them(tmp_path):
    pairs = [
        ("vnd", "und"),
        ("vnd", "und"),
        ("vns", "uns"),
        ("vber", "über"),
        ("jn", "in"),
        ("jhn", "ihn"),
        ("das", "dass"),
    ]
    (tmp_path / "p.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs * 3), encoding="utf-8")
    invoke("script", "train", "--pairs", tmp_path / "p.tsv", "-o", tmp_path / "m")
    read = invoke("normalize", "-p", tmp_path / "m", stdin="vnd\ndas\nvber\n").stdout
    assert read == "und\ndass\nüber\n"
    assert "vnd\tund\t6" in (tmp_path / "m" / "memory.tsv").read_text(encoding="utf-8").splitlines()


def test_pairs_teach_the_channel_beside_a_table(toy, tmp_path):
    (tmp_path / "p.tsv").write_text("qor lana ja ta\tkor łanä ja ta\n" * 6, encoding="utf-8")
    args = ["--mapping", toy / "map.tsv", "--text", toy / "text.txt", "--pairs", tmp_path / "p.tsv"]
    invoke("script", "train", *args, "-o", tmp_path / "m")
    assert invoke("normalize", "-p", tmp_path / "m", stdin="qor\n").stdout == "kor\n"


def test_pairs_that_do_not_align_are_told(toy, tmp_path):
    text = "hose toren kor\thauśe tauren kor\n" * 3 + "hose toren kor ta\tzzzz qqqqqqq wwww xxxxx\nlonely\n"
    (tmp_path / "p.tsv").write_text(text, encoding="utf-8")
    args = ["--mapping", toy / "map.tsv", "--text", toy / "text.txt", "--pairs", tmp_path / "p.tsv"]
    told = invoke("script", "train", *args, "-o", tmp_path / "m").stderr
    assert "left out 2 pairs" in told
    assert "lines 4, 5" in told


@pytest.mark.parametrize(
    ("files", "args", "words", "code"),
    [
        ({}, ["--text", "text.txt"], ["--mapping"], 2),
        ({}, ["--mapping", "map.tsv"], ["--text"], 2),
        ({"empty.txt": "\n\n"}, ["--mapping", "map.tsv", "--text", "empty.txt"], ["empty.txt", "corpus is empty"], 1),
        ({"l.tsv": "a\tb\nb\ta\n"}, ["--mapping", "l.tsv", "--text", "text.txt"], ["l.tsv, line", "loop"], 1),
        (
            {"u.tsv": "a\tb\nlonger\tb\n"},
            ["--mapping", "u.tsv", "--text", "text.txt"],
            ["u.tsv, line 2", "unknown column"],
            1,
        ),
        (
            {"p.tsv": "a\tb\tc\n"},
            ["--mapping", "map.tsv", "--text", "text.txt", "--pairs", "p.tsv"],
            ["p.tsv, line 1"],
            1,
        ),
        ({}, ["--mapping", "none.tsv", "--text", "text.txt"], ["none.tsv"], 2),
        ({"p.tsv": "qu\tku\n"}, ["--pairs", "p.tsv"], ["p.tsv", "too little"], 1),
        ({"p.tsv": "!\t?\n"}, ["--pairs", "p.tsv"], ["p.tsv", "too little"], 1),
        ({"p.tsv": "qu la\tku la\n"}, ["--pairs", "p.tsv"], ["p.tsv", "too little"], 1),
    ],
)
def test_bad_input_to_train(toy, tmp_path, files, args, words, code):
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    here = [str(tmp_path / a if (tmp_path / a).exists() else toy / a) if "." in a else a for a in args]
    message = fails("script", "train", *here, "-o", tmp_path / "m", code=code)
    for word in words:
        assert word in message
    assert not (tmp_path / "m").exists()


def test_a_folder_of_something_else_is_refused(toy, tmp_path):
    (tmp_path / "precious.txt").write_text("x", encoding="utf-8")
    args = ["--mapping", toy / "map.tsv", "--text", toy / "text.txt", "-o", tmp_path]
    refused = fails("script", "train", *args, code=2)
    assert "no script model" in refused
    assert "training on" not in refused  # told before any work
    assert "no folder" in fails("script", "train", *args[:-1], tmp_path / "a" / "b", code=2)


def test_info(model):
    told = invoke("script", "info", model).stdout
    assert told.startswith("toy (qtt), ")
    assert "  l\tł\t" in told
    assert "(nothing)\tä" in told
    assert "lt-diacritics" in fails("script", "info", "nothing-of-the-kind", code=2)


@pytest.mark.parametrize("source", ["map.tsv", "model"])
def test_noise(toy, model, tmp_path, source):
    args = ["script", "noise", toy / source, toy / "text.txt", "--level", 100]
    rows = [line.split("\t") for line in invoke(*args).stdout.splitlines()]
    clean = list(dict.fromkeys((toy / "text.txt").read_text(encoding="utf-8").splitlines()))
    assert [row[1] for row in rows] == clean
    assert not set("łśä") & set("".join(row[0] for row in rows)) - (set() if source == "map.tsv" else set("łśä"))
    assert invoke(*args).stdout == invoke(*args).stdout
    assert invoke(*args, "--seed", 1).stdout != invoke(*args, "--anew", "--seed", 1).stdout
    invoke(*args, "-o", tmp_path / "pairs.tsv")
    assert (tmp_path / "pairs.tsv").read_text(encoding="utf-8") == invoke(*args).stdout
    assert "output is the input" in fails(*args, "-o", toy / "text.txt", code=2)
