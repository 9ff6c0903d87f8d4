"""Odd inputs that once went wrong: each test names what was lost, misread or said badly."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toys
from hypothesis import given, settings
from hypothesis import strategies as st
from test_commands import fails, invoke
from test_streaming import convert

import textnorm
from textnorm.errors import DataError, UsageError


@pytest.fixture
def cfg(tmp_path):
    return toys.write_cfg(tmp_path)


# -- columns that cannot be told apart -------------------------------------------------------------------------------
def test_columns_of_one_name_are_kept_in_tsv_and_refused_where_one_would_be_lost(tmp_path):
    (tmp_path / "a.tsv").write_text("id\tid\ttext\ttext_norm\n1\t2\t5\told\n")
    convert(tmp_path / "a.tsv", tmp_path / "o.tsv", overwrite=True)
    assert (tmp_path / "o.tsv").read_text().splitlines()[1].startswith("1\t2\t5\tpenki\t")
    for target in ("o.jsonl", "o.parquet"):
        with pytest.raises(UsageError, match=r"a\.tsv: there are 2 columns 'id'"):
            convert(tmp_path / "a.tsv", tmp_path / target, overwrite=True)
    table = pa.table([pa.array(["5"]), pa.array([1]), pa.array([2])], names=["text", "k", "k"])
    pq.write_table(table, tmp_path / "a.parquet")
    convert(tmp_path / "a.parquet", tmp_path / "o.parquet")
    assert pq.read_schema(tmp_path / "o.parquet").names[:3] == ["text", "k", "k"]
    with pytest.raises(UsageError, match="there are 2 columns 'k'"):
        convert(tmp_path / "a.parquet", tmp_path / "o.jsonl")


@pytest.mark.parametrize("ending", ["tsv", "parquet"])
def test_two_text_columns_are_a_message(tmp_path, ending):
    if ending == "tsv":
        (tmp_path / "a.tsv").write_text("text\ttext\na\tb\n")
    else:
        table = pa.table([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
        pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UsageError, match=r"there are 2 columns 'text'; give each a name of its own\.$"):
        convert(tmp_path / f"a.{ending}", tmp_path / "o.jsonl")


# -- nothing to tell the columns from --------------------------------------------------------------------------------
def test_files_without_rows_keep_their_columns(tmp_path):
    (tmp_path / "a.tsv").write_text("id\ttext\n")
    convert(tmp_path / "a.tsv", tmp_path / "o.parquet")
    schema = pq.read_schema(tmp_path / "o.parquet")
    assert [(f.name, str(f.type)) for f in schema][:3] == [
        ("id", "string"),
        ("text", "string"),
        ("text_norm", "string"),
    ]
    (tmp_path / "a.jsonl").write_text("\n \n")
    convert(tmp_path / "a.jsonl", tmp_path / "o.parquet")
    assert pq.read_table(tmp_path / "o.parquet").num_rows == 0
    (tmp_path / "a.txt").write_text("")
    convert(tmp_path / "a.txt", tmp_path / "o.tsv")
    assert (tmp_path / "o.tsv").read_text() == "text\ttext_norm\ttext_edits\ttext_status\n"
    assert convert(tmp_path / "o.tsv", tmp_path / "p.tsv", overwrite=True).rows == 0


def test_a_text_that_is_null_at_first_is_still_a_text(tmp_path, monkeypatch):
    monkeypatch.setattr("textnorm.streaming.files.BLOCK", 20)
    (tmp_path / "a.jsonl").write_text('{"text": null}\n' * 3 + '{"text": "5"}\n' * 3)
    convert(tmp_path / "a.jsonl", tmp_path / "o.parquet")
    assert pq.read_table(tmp_path / "o.parquet")["text_norm"].to_pylist() == [None] * 3 + ["penki"] * 3


# -- invalid UTF-8 where Parquet does not look -----------------------------------------------------------------------
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_invalid_utf8_in_parquet(tmp_path, kind):
    raw = pa.array([b"5", b"a\xff 5", None, b"5"], pa.binary() if kind == pa.string() else pa.large_binary())
    buffers = raw.buffers()
    pq.write_table(pa.table({"text": pa.Array.from_buffers(kind, 4, buffers)}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet, row 1: invalid UTF-8 at byte 1 of the text \(.*normalize --err"):
        convert(tmp_path / "a.parquet", tmp_path / "o.parquet")
    assert not (tmp_path / "o.parquet").exists()
    assert convert(tmp_path / "a.parquet", tmp_path / "o.parquet", errors="replace").replaced == 1
    assert pq.read_table(tmp_path / "o.parquet")["text"].to_pylist() == ["5", "a\ufffd 5", None, "5"]
    assert pq.read_table(tmp_path / "o.parquet")["text_norm"].to_pylist() == ["penki", "a\ufffd penki", None, "penki"]
    for target in ("o.parquet", "o.jsonl"):
        assert convert(tmp_path / "a.parquet", tmp_path / target, errors="quarantine").quarantined == 1
    row = json.loads((tmp_path / "o.jsonl").read_text().splitlines()[1])
    assert (row["text"], row["text_norm"], row["text_status"]) == ("a\\xff 5", None, "quarantined")


def test_the_advice_on_invalid_utf8_is_an_option_of_the_command(cfg, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a\xff\n")
    assert "--errors quarantine" in fails("normalize", tmp_path / "a.txt", "-p", cfg, code=1)
    said = invoke("run", tmp_path / "a.txt", "-o", tmp_path / "o", "-p", cfg, "--on-error", "fail", code=1).stderr
    assert "--on-error quarantine" in said
    assert "--errors" not in said
    assert "'textnorm normalize --errors replace'" in fails("diff", tmp_path / "a.txt", "-p", cfg, code=1)


# -- text that begins like something else ----------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["PAR1 sutartis, 5 d.\n", "BZh 5\n", "%PDF- 5 ąč"])
def test_a_text_may_begin_with_the_letters_of_a_format(tmp_path, text):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    convert(tmp_path / "a.txt", tmp_path / "o.txt")
    assert (tmp_path / "o.txt").read_text(encoding="utf-8") == text.replace("5", "penki")


# -- outputs that are inputs -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("command", "stdin", "stdout"),
    [
        (["normalize", "a.txt"], None, "a.txt"),
        (["normalize"], "a.txt", "a.txt"),
        (["normalize", "-o", "a.txt"], "a.txt", None),
        (["diff", "a.txt"], None, "a.txt"),
        (["explain", "-", "--html", "a.txt"], "a.txt", None),
    ],
)
def test_standard_streams_that_are_the_other_end(cfg, tmp_path, command, stdin, stdout):
    text = "5\n" * 3
    (tmp_path / "a.txt").write_text(text)
    source = (tmp_path / stdin).open("rb") if stdin else subprocess.DEVNULL
    sink = (tmp_path / stdout).open("ab") if stdout else subprocess.PIPE
    words = [str(tmp_path / word) if word == "a.txt" else word for word in command]
    run = [sys.executable, "-c", "from textnorm.cli import main; main()", *words, "-p", str(cfg)]
    done = subprocess.run(run, stdin=source, stdout=sink, stderr=subprocess.PIPE, timeout=60)
    for stream in (source, sink):
        if not isinstance(stream, int):
            stream.close()
    assert done.returncode == 2
    assert b"is the input" in done.stderr
    assert (tmp_path / "a.txt").read_text() == text


def test_edits_and_output_are_one_file_by_another_name(cfg, tmp_path):
    (tmp_path / "a.txt").write_text("5\n")
    (tmp_path / "o.txt").write_text("old")
    os.link(tmp_path / "o.txt", tmp_path / "hard.txt")
    said = fails("normalize", tmp_path / "a.txt", "-p", cfg, "-o", tmp_path / "o.txt", "--edits", tmp_path / "hard.txt")
    assert "different places" in said


# -- run -------------------------------------------------------------------------------------------------------------
def test_a_limit_counts_rows_and_a_cut_file_is_never_complete(cfg, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"text": "5"}\n\n\n{"text": "6"}\n{"text": "7"}\n')
    (folder / "b.txt").write_text("5\n")
    out = tmp_path / "out"
    invoke("run", folder, "-o", out, "-p", cfg, "--limit", "2")
    entry = json.loads((out / "_manifest.jsonl").read_text())
    assert (entry["unit"], entry["rows"], entry["complete"]) == ("a.jsonl", 2, False)
    said = invoke("run", folder, "-o", out, "-p", cfg, "--resume").stderr
    assert "done a.jsonl: 3 rows" in said
    invoke("run", folder, "-o", tmp_path / "whole", "-p", cfg)
    assert (out / "a.jsonl").read_bytes() == (tmp_path / "whole" / "a.jsonl").read_bytes()


def test_a_line_of_a_space_that_json_does_not_know_is_no_blank_line(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "5"}\n\u00a0\n', encoding="utf-8")
    with pytest.raises(DataError, match="line 2: no JSON"):
        convert(tmp_path / "a.jsonl", tmp_path / "o.jsonl")


def test_one_odd_file_does_not_stop_a_run(cfg, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.tsv").write_text("text\n5\n")
    (folder / "b.tsv").write_text("body\n5\n")
    (folder / "c.tsv").write_text("text\n5\n")
    out = tmp_path / "out"
    said = invoke("run", folder, "-o", out, "-p", cfg, code=3).stderr
    assert f"failed b.tsv: {folder / 'b.tsv'}: there is no column 'text'. Known: body." in said
    assert "2 files done, 0 skipped, 1 set aside" in said
    error = json.loads((out / "_errors.jsonl").read_text())
    assert (error["file"], error["row"]) == ("b.tsv", None)
    # The first file that has columns tells a wrong option at once.
    (folder / "a.tsv").write_text("body\n5\n")
    assert "no column 'text'" in invoke("run", folder, "-o", tmp_path / "o2", "-p", cfg, code=2).stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="this user may read everything")
def test_an_unreadable_file_does_not_stop_a_run(cfg, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "in" / name).write_text("5\n")
    (tmp_path / "in" / "a.txt").chmod(0)
    said = invoke("run", tmp_path / "in", "-o", tmp_path / "out", "-p", cfg, code=3).stderr
    assert "1 files done, 0 skipped, 1 set aside" in said


def test_names_that_the_run_needs_itself(cfg, tmp_path):
    (tmp_path / "_manifest.jsonl").write_text('{"text": "5"}\n')
    said = fails("run", tmp_path / "_manifest.jsonl", "-o", tmp_path / "out", "-p", cfg)
    assert "rename the input" in said


def test_what_a_killed_run_left_is_removed(cfg, tmp_path):
    (tmp_path / "a.txt").write_text("5\n")
    out = tmp_path / "out"
    (out / "_edits").mkdir(parents=True)
    for name in (".a.txt.0123456789ab.tmp", "_edits/.a.txt.jsonl.0123456789ab.tmp"):
        (out / name).write_text("half")
    invoke("run", tmp_path / "a.txt", "-o", out, "-p", cfg, "--resume")
    assert not list(out.rglob("*.tmp"))


def test_notes_on_rows_are_never_doubled(cfg, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"5\n\xff\n5\n")
    out = tmp_path / "out"
    run = ["run", tmp_path / "a.txt", "-o", out, "-p", cfg]
    invoke(*run, "--limit", "2", code=3)
    invoke(*run, "--resume", code=3)
    (tmp_path / "a.txt").write_bytes(b"5\n5\n\xff\n")
    invoke(*run, "--resume", code=3)
    assert [json.loads(line)["row"] for line in (out / "_errors.jsonl").read_text().splitlines()] == [2]


def test_paths_that_cannot_be_looked_at(cfg, tmp_path):
    assert "File name too long" in fails("normalize", "x" * 5000, "-p", cfg)


@pytest.mark.parametrize("access", [False, True])
def test_an_output_folder_without_permission_is_known_before_reading(cfg, tmp_path, monkeypatch, access):
    # A user who may write everywhere runs this, too.
    monkeypatch.setattr("os.access", lambda path, mode: access or mode == os.R_OK)
    (tmp_path / "a.txt").write_text("5\n")
    for command in (
        ["normalize", tmp_path / "a.txt", "-o", tmp_path / "o.txt"],
        ["explain", "5", "--html", tmp_path / "p"],
    ):
        if access:
            invoke(*command, "-p", cfg)
        else:
            assert f"{tmp_path}: no permission to write there" in fails(*command, "-p", cfg)
    if not access:
        assert "no permission to write" in fails("run", tmp_path / "a.txt", "-o", tmp_path / "new" / "o", "-p", cfg)


# -- undo from the reading and EDITS.jsonl alone ---------------------------------------------------------------------
PAGE = (Path(__file__).parent.parent / "docs" / "commands.md").read_text(encoding="utf-8")
PIECES = [
    "5 kg",
    "15 Eur",
    "\U0001d7d3",
    "\U0001f600",
    "e\u0301",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\x85",
    "\r",
    " ",
    "\ufb01",
    "a",
    "\u00bd",
]


@cache
def _lt_speech():
    return textnorm.load("lt-speech")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), min_size=1, max_size=5))
def test_the_function_of_the_page_gives_the_source_back(tmp_path_factory, lines):
    function = re.search(r"```python\n(def source_of.*?)```", PAGE, re.DOTALL)
    assert function is not None
    space = {}
    exec(function.group(1), space)
    folder = tmp_path_factory.mktemp("undo")
    (folder / "a.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
    convert(folder / "a.txt", folder / "o.txt", _lt_speech(), edits=folder / "e.jsonl")
    readings = (folder / "o.txt").read_bytes().decode().split("\n")
    notes = [json.loads(line) for line in (folder / "e.jsonl").read_bytes().split(b"\n") if line]
    back = [space["source_of"](readings[note["line"]], note["edits"]) for note in notes]
    assert back == lines


# -- explain, diff ---------------------------------------------------------------------------------------------------
def test_explain_passes_over_empty_lines_but_json_has_them(cfg):
    shown = invoke("explain", "-p", cfg, "-", stdin="5\n\n \nb\n").stdout
    assert [line[9:] for line in shown.splitlines() if line.startswith("source")] == ["5", "b"]
    assert len(invoke("explain", "-p", cfg, "-", "--json", stdin="5\n\n \nb\n").stdout.splitlines()) == 4
    assert invoke("explain", "-p", cfg, "").stdout.startswith("source")


@pytest.mark.parametrize(("columns", "table"), [("40", False), ("100", True)])
def test_explain_on_a_narrow_terminal_breaks_no_cell(cfg, monkeypatch, columns, table):
    monkeypatch.setattr("textnorm.commands.explain.colour", lambda: True)
    monkeypatch.setenv("COLUMNS", columns)
    shown = invoke("explain", "-p", cfg, "abcdefghij 5 klmnopqr").stdout
    assert ("reading" in shown) == table
    assert ("5 \u2192 penki" in shown) != table
    assert "5 becomes penki" in shown


def test_diff_names_standard_input(cfg):
    assert "--- standard input\n" in invoke("diff", "-", "-p", cfg, stdin="5\n").stdout


def test_spacy_tells_a_typo_in_overrides_at_once():
    spacy = pytest.importorskip("spacy")
    textnorm.spacy.set_extensions()  # registers the factory in a checkout that is not installed
    overrides = {"components": {"unicode": {"ligature": True}}}
    with pytest.raises(UsageError, match="Did you mean 'ligatures'"):
        spacy.blank("lt").add_pipe("textnorm", config={"pipeline": "unicode", "overrides": overrides})
