"""``textnorm run``: names kept, going on after a stop, rows and files set aside, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toys
from test_commands import fails, invoke


@pytest.fixture
def cfg(tmp_path):
    return toys.write_cfg(tmp_path)


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a 5\nb\n")
    (folder / "sub" / "b.jsonl").write_text('{"id": 1, "text": "5 5"}\n')
    pq.write_table(pa.table({"id": [1, 2], "text": ["5", "?"]}), folder / "c.parquet")
    (folder / "d.tsv").write_text("text\n5\n")
    return folder


#: The only two that name a time.
TIMED = ("_timings.json", "_summary.html")
#: What a run writes beside the outputs, whatever is in them.
NOTES = ["_SUCCESS", "_errors.jsonl", "_errors.parquet", "_manifest.jsonl", "_plan.json", "_summary.json"]


def tree(folder: Path) -> dict[str, bytes]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name not in TIMED)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_run_keeps_names_and_notes_what_was_done(cfg, corpus, tmp_path):
    out = tmp_path / "out"
    result = invoke("run", corpus, "-o", out, "-p", cfg)
    assert result.stdout == ""
    files = tree(out)
    outputs = ["_edits/a.txt.jsonl", "a.txt", "c.parquet", "d.tsv", "sub/b.jsonl"]
    assert sorted(files) == sorted([*NOTES, *outputs])
    assert all((out / name).is_file() for name in TIMED)
    assert files["a.txt"] == b"a penki\nb\n"
    assert files["_errors.jsonl"] == b""
    assert json.loads(files["_edits/a.txt.jsonl"].splitlines()[0])["edits"][0]["source"] == "5"
    manifest = [json.loads(line) for line in files["_manifest.jsonl"].splitlines()]
    assert [entry["unit"] for entry in manifest] == ["a.txt", "c.parquet", "d.tsv", "sub/b.jsonl"]
    first = manifest[0]
    assert (first["rows"], first["changed"], first["edits"], first["complete"]) == (2, 1, 1, True)
    assert manifest[1]["abstained"] == 1
    text = files["_manifest.jsonl"].decode()
    assert str(tmp_path) not in text
    assert "time" not in text
    again = tmp_path / "again"
    invoke("run", f"{corpus}/**/*", "-o", again, "-p", cfg)
    assert tree(again) == files


def test_run_resumes_and_begins_again(cfg, corpus, tmp_path):
    out = tmp_path / "out"
    invoke("run", corpus, "-o", out, "-p", cfg)
    before = tree(out)
    assert "--resume goes on" in fails("run", corpus, "-o", out, "-p", cfg)
    assert "exclude each other" in fails("run", corpus, "-o", out, "-p", cfg, "--resume", "--fresh")
    (corpus / "a.txt").write_text("5 5\n")
    (out / "d.tsv").unlink()
    (out / "sub" / "b.jsonl").write_text("someone else's")
    said = invoke("run", corpus, "-o", out, "-p", cfg, "--resume").stderr
    assert "done again a.txt: the input has changed since" in said
    assert "done again d.tsv: the output is gone" in said
    assert "done again sub/b.jsonl: the output has been changed" in said
    assert "done a.txt: 1 rows, 1 changed" in said
    assert "done d.tsv" in said
    assert "done sub/b.jsonl" in said
    assert "skipped c.parquet" in said
    after = tree(out)
    assert after["a.txt"] == b"penki penki\n"
    new = ("a.txt", "_edits/a.txt.jsonl", "_manifest.jsonl", "_summary.json")
    assert {k: v for k, v in after.items() if k not in new} == {k: v for k, v in before.items() if k not in new}
    other = toys.write_cfg(tmp_path, toys.DIGITS.replace('by = "penki"', 'by = "V"'), "other.cfg")
    refused = fails("run", corpus, "-o", out, "-p", other, "--resume")
    known = json.loads(after["_plan.json"])["plan"]
    assert f"its plan is {known}, this one's " in refused
    assert tree(out) == after
    invoke("run", corpus, "-o", out, "-p", other, "--fresh")
    assert tree(out)["d.tsv"].startswith(b"text\ttext_norm\ttext_edits\ttext_status\n5\tV\t")
    (out / "mine.txt").write_text("not the run's")
    said = invoke("run", corpus / "a.txt", "-o", out, "-p", cfg, "--fresh").stderr
    assert "1 files done, 0 skipped" in said
    assert sorted(tree(out)) == sorted([*NOTES, "_edits/a.txt.jsonl", "a.txt", "mine.txt"])


def test_run_goes_on_after_a_kill(cfg, corpus, tmp_path):
    out = tmp_path / "out"
    invoke("run", corpus, "-o", out, "-p", cfg)
    whole = tree(out)
    # As if killed while it wrote the second unit: notes half written, a temporary file left over.
    lines = whole["_manifest.jsonl"].splitlines(keepends=True)
    (out / "_manifest.jsonl").write_bytes(lines[0] + lines[1][:20])
    (out / "_errors.jsonl").write_bytes(b'{"file": "c.parquet", "row": 0, "reason": "x", "text": "y"}\n{"fi')
    (out / ".c.parquet.abc.tmp").write_bytes(b"half")
    (out / "c.parquet").unlink()
    (out / "_SUCCESS").unlink()
    assert "skipped a.txt" in invoke("run", corpus, "-o", out, "-p", cfg, "--resume").stderr
    assert tree(out) == whole


def test_run_sets_rows_and_files_aside(cfg, corpus, tmp_path):
    (corpus / "a.txt").write_bytes(b"5\nboom\nbad \xff\n")
    (corpus / "d.tsv").write_bytes(b"\x00binary")
    out = tmp_path / "out"
    result = invoke("run", corpus, "-o", out, "-p", cfg, code=3)
    assert "3 files done, 0 skipped, 1 set aside" in result.stderr
    errors = [json.loads(line) for line in (out / "_errors.jsonl").read_text().splitlines()]
    assert [(e["file"], e["row"], e["text"]) for e in errors] == [
        ("a.txt", 1, "boom"),
        ("a.txt", 2, "bad \\xff"),
        ("d.tsv", None, None),
    ]
    assert "it said boom" in errors[0]["reason"]
    assert "zero byte" in errors[2]["reason"]
    assert (out / "a.txt").read_text() == "penki\n\n\n"
    assert not (out / "d.tsv").exists()
    assert not (out / "_SUCCESS").exists()
    (corpus / "d.tsv").write_text("text\n5\n")
    invoke("run", corpus, "-o", out, "-p", cfg, "--resume")
    assert (out / "_SUCCESS").exists()
    assert "invalid UTF-8" in fails_late("run", corpus, "-o", tmp_path / "o2", "-p", cfg, "--on-error", "fail")
    assert not (tmp_path / "o2" / "a.txt").exists()


def fails_late(*args):
    result = invoke(*args, code=1)
    assert "error: " in result.stderr
    return result.stderr


def test_run_limit_and_dry_run(cfg, corpus, tmp_path):
    out = tmp_path / "out"
    result = invoke("run", corpus, "-o", out, "-p", cfg, "--dry-run")
    assert len(result.stdout.splitlines()) == 4
    assert "4 files with digits" in result.stderr
    assert not out.exists()
    invoke("run", corpus, "-o", out, "-p", cfg, "--limit", "3")
    assert (out / "a.txt").read_text() == "a penki\nb\n"
    assert pq.read_table(out / "c.parquet")["text_norm"].to_pylist() == ["penki"]
    assert not (out / "d.tsv").exists()
    assert not (out / "_SUCCESS").exists()
    said = invoke("run", corpus, "-o", out, "-p", cfg, "--resume").stderr
    assert "skipped a.txt" in said
    assert "done c.parquet: 2 rows" in said
    assert (out / "_SUCCESS").exists()


def test_run_bad_input(cfg, corpus, tmp_path):
    out = tmp_path / "out"
    run = ["run", corpus, "-p", cfg]
    assert "no such file" in fails("run", tmp_path / "no", "-o", out, "-p", cfg)
    assert "no engine 'spark'" in fails(*run, "-o", out, "--engine", "spark")
    assert "is a file" in fails(*run, "-o", corpus / "a.txt")
    assert "is an input" in fails("run", corpus / "a.txt", "-p", cfg, "-o", corpus, "--resume")
    assert "is the input" in fails("run", corpus, "-p", cfg, "-o", corpus, "--fresh")
    assert "no column 'body'" in fails_with(*run, "-o", out, "--column", "body")
    assert "Missing option" in invoke("run", corpus, code=2).stderr
    assert "no pipeline" in fails("run", corpus, "-o", tmp_path / "new", "-p", "nope")
    assert not (tmp_path / "new").exists()


def test_a_wrong_option_leaves_the_folder_free(cfg, corpus, tmp_path):
    out = tmp_path / "out"
    assert "no column 'body'" in fails_with("run", corpus / "c.parquet", "-o", out, "-p", cfg, "--column", "body")
    assert not list(out.iterdir())
    invoke("run", corpus / "c.parquet", "-o", out, "-p", cfg)
    assert (out / "_SUCCESS").exists()


def test_an_odd_file_among_good_ones_is_a_fault_of_the_data(cfg, corpus, tmp_path):
    pq.write_table(pa.table({"other": ["5"]}), corpus / "e.parquet")
    result = invoke("run", corpus, "-o", tmp_path / "out", "-p", cfg, "--on-error", "fail", code=1)
    assert "e.parquet: there is no column 'text'" in result.stderr


def test_a_file_that_no_run_wrote_is_never_replaced(cfg, corpus, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.txt").write_text("mine")
    for mode in ("--fresh", "--resume"):
        assert "no run wrote it" in fails("run", corpus, "-o", out, "-p", cfg, mode)
    assert tree(out) == {"a.txt": b"mine"}


def test_what_is_passed_over_and_what_stays_is_said(cfg, corpus, tmp_path):
    out = tmp_path / "out"
    (corpus / "table.csv").write_text("text\n5\n")
    (corpus / "_hidden.csv").write_text("")
    said = invoke("run", corpus, "-o", out, "-p", cfg).stderr
    assert f"1 files ({corpus / 'table.csv'})" in said
    (corpus / "a.txt").unlink()
    said = invoke("run", corpus, "-o", out, "-p", cfg, "--resume").stderr
    assert "not among the inputs now: 1 (a.txt)" in said
    assert (out / "a.txt").exists()


def fails_with(*args):
    result = invoke(*args, code=2)
    assert "error: " in result.stderr
    return result.stderr


def test_run_by_document(tmp_path):
    cfg = toys.write_cfg(
        tmp_path,
        '[textnorm]\npipeline = ["c"]\n[components]\n[components.c]\n@normalizers = "test.count.v1"\n',
    )
    (tmp_path / "a.jsonl").write_text('{"d": 1, "text": "#"}\n{"d": 1, "text": "#"}\n{"d": 2, "text": "#"}\n')
    for name, options in (("o1", ["--document", "d"]), ("o2", [])):
        invoke("run", tmp_path / "a.jsonl", "-o", tmp_path / name, "-p", cfg, *options)
    norms = [
        [json.loads(line)["text_norm"] for line in (tmp_path / name / "a.jsonl").read_text().splitlines()]
        for name in ("o1", "o2")
    ]
    assert norms == [["1", "2", "1"], ["1", "1", "1"]]
    # The first file lacks the column: the option is wrong, whatever the format and however many work.
    missing = ["run", tmp_path / "a.jsonl", "-o", tmp_path / "o3", "-p", cfg, "--document", "doc"]
    assert "no field 'doc'" in fails_with(*missing)
    (tmp_path / "a.txt").write_text("#\n")
    assert "plain text has no column 'd'" in fails("run", tmp_path / "a.txt", "-o", tmp_path / "o4", "--document", "d")
