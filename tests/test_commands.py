"""The commands: output, exit codes, and every kind of bad input as a message, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toys
from click.testing import CliRunner

from textnorm import __version__
from textnorm.cli import COMMANDS, main


@pytest.fixture
def cfg(tmp_path):
    return toys.write_cfg(tmp_path)


def invoke(*args, stdin=None, code=0):
    result = CliRunner().invoke(main, [str(a) for a in args], input=stdin)
    assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr, result.exception)
    assert "Traceback" not in result.output
    return result


def fails(*args, stdin=None, code=2):
    """Run, check the exit code, return the one message."""
    result = invoke(*args, stdin=stdin, code=code)
    assert result.stdout == ""
    assert result.stderr.startswith("error: "), result.stderr
    return result.stderr


def process(*args, **options):
    return subprocess.Popen(
        [sys.executable, "-c", "from textnorm.cli import main; main()", *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


# -- the group -------------------------------------------------------------------------------------------------------
def test_help_leads_with_examples_and_names_every_command():
    text = invoke("--help").stdout
    assert text.index("textnorm normalize article.txt") < text.index("Options:") < text.index("Commands:")
    for name in COMMANDS:
        assert f"  {name} " in text
    assert invoke("--version").stdout.split()[-1] == __version__


def test_unknown_commands_and_options():
    assert "Did you mean 'normalize'? Known: diff, explain" in fails("normalise")
    assert "--nonsense" in invoke("normalize", "--nonsense", code=2).stderr


def test_an_internal_fault_is_one_line_unless_debugging(monkeypatch):
    def broken(path):
        raise ZeroDivisionError

    monkeypatch.setattr("textnorm.pipeline.load", broken)
    assert "internal fault: ZeroDivisionError" in fails("explain", "a", code=1)
    monkeypatch.setenv("TEXTNORM_DEBUG", "1")
    assert isinstance(CliRunner().invoke(main, ["explain", "a"]).exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (MemoryError(), "out of memory"),
        (OSError(28, "No space left on device", "o.txt"), "o.txt: the disk is full"),
        (PermissionError(13, "Permission denied", "o.txt"), "o.txt: Permission denied"),
    ],
)
def test_faults_of_the_system(monkeypatch, fault, words):
    def broken(path):
        raise fault

    monkeypatch.setattr("textnorm.pipeline.load", broken)
    assert words in fails("explain", "a", code=1)


# -- normalize -------------------------------------------------------------------------------------------------------
def test_normalize_standard_input(cfg):
    assert invoke("normalize", "-p", cfg, stdin="a 5\n\nb").stdout == "a penki\n\nb"
    assert invoke("normalize", "-p", cfg, "-", stdin="a 5\r\n").stdout_bytes == b"a penki\r\n"


def test_normalize_files_edits_and_formats(cfg, tmp_path):
    (tmp_path / "a.txt").write_text("a 5\nb\n")
    result = invoke(
        "normalize", "-p", cfg, tmp_path / "a.txt", "-o", tmp_path / "o.txt", "--edits", tmp_path / "e.jsonl"
    )
    assert (result.stdout, result.stderr) == ("", "")
    assert (tmp_path / "o.txt").read_text() == "a penki\nb\n"
    first, second = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert first == {
        "line": 0,
        "edits": [
            {
                "start": 2,
                "end": 3,
                "source": "5",
                "replacement": "penki",
                "label": "NUM",
                "rule": "test.five",
                "confidence": 1.0,
                "value": None,
            }
        ],
    }
    assert second == {"line": 1, "edits": []}
    out = invoke("normalize", "-p", cfg, "--to", "jsonl", "--column", "body", stdin="5\n").stdout
    assert json.loads(out) == {
        "body": "5",
        "body_norm": "penki",
        "body_edits": [{k: v for k, v in first["edits"][0].items() if k != "source"} | {"start": 0, "end": 1}],
        "body_status": "changed",
    }
    assert "text_norm" in invoke("normalize", "-p", cfg, "--from", "jsonl", stdin='{"text": "5"}\n').stdout


def test_normalize_sets_rows_aside(cfg, tmp_path):
    result = invoke("normalize", "-p", cfg, "--errors", "quarantine", stdin="5\nboom\n", code=3)
    assert result.stdout == "penki\n\n"
    assert "quarantined: standard input, line 2: The component 'boom' failed" in result.stderr
    assert "1 of 2 rows quarantined" in result.stderr
    many = invoke("normalize", "-p", cfg, "--errors", "quarantine", stdin="boom\n" * 30, code=3).stderr
    assert many.count("quarantined: standard input") == 20
    assert "quarantined: 10 more" in many
    assert "line 2: The component 'boom' failed" in invoke("normalize", "-p", cfg, stdin="5\nboom\n", code=1).stderr


def test_normalize_bad_input(cfg, tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("5\n")
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"ok\nab\xff\n")
    binary = tmp_path / "bin"
    binary.write_bytes(b"\x7fELF\0\0")
    data = tmp_path / "d.parquet"
    pq.write_table(pa.table({"body": ["5"]}), data)
    run = ["normalize", "-p", cfg]
    assert "there is no such file" in fails(*run, tmp_path / "no.txt")
    assert "is a folder" in fails(*run, tmp_path)
    assert "not UTF-8 text but a program" in fails(*run, binary, code=1)
    assert "line 2: invalid UTF-8 at byte 5" in fails(*run, bad, "-o", tmp_path / "o", code=1)
    assert "Known: body" in fails(*run, data, "-o", tmp_path / "o.parquet")
    assert "is the input" in fails(*run, text, "-o", text)
    assert "is the input" in fails(*run, text, "-o", tmp_path / "o.txt", "--edits", text)
    assert "different places" in fails(*run, text, "-o", tmp_path / "o", "--edits", tmp_path / "o")
    assert "is a folder" in fails(*run, text, "-o", tmp_path)
    assert "does not exist" in fails(*run, text, "-o", tmp_path / "no" / "o.txt")
    assert "different formats" in fails(*run, text, data)
    assert "only once" in fails(*run, "-", "-")
    assert "no column 'doc'" in fails(*run, text, "--document", "doc")
    assert "no pipeline called 'lt-speach'. Did you mean 'lt-speech'" in fails("normalize", "-p", "lt-speach", text)
    broken = toys.write_cfg(tmp_path, toys.DIGITS.replace("label =", "labl ="), "broken.cfg")
    assert "[components.five] labl" in fails("normalize", "-p", broken, text)
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(("o", "."))]


def test_invalid_utf8_replaced_is_noted(cfg, tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"5\xff\n")
    result = invoke("normalize", "-p", cfg, tmp_path / "bad.txt", "--errors", "replace")
    assert result.stdout == "penki\ufffd\n"
    assert "invalid UTF-8 was replaced in 1 lines" in result.stderr


def test_unreadable_file(cfg, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("5")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert "no permission" in fails("normalize", "-p", cfg, path)


def nothing(tmp_path):
    return toys.write_cfg(tmp_path, toys.NOTHING, "nothing.cfg")


def test_a_closed_pipe_is_quiet(tmp_path):
    (tmp_path / "a.txt").write_bytes((b"x" * 99 + b"\n") * 50_000)
    with process("normalize", "-p", nothing(tmp_path), tmp_path / "a.txt") as done:
        assert done.stdout.readline() == b"x" * 99 + b"\n"
        done.stdout.close()
        assert done.stderr.read() == b""
        assert done.wait(timeout=60) == 141


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGINT, 130, b"interrupted\n"), (signal.SIGTERM, 143, b"")]
)
def test_stopping_leaves_no_half_written_file(tmp_path, number, code, said):
    out = tmp_path / "out"
    out.mkdir()
    done = process("normalize", "-p", nothing(tmp_path), "-o", out / "o.txt", "--edits", out / "e.jsonl")
    done.stdin.write(b"a\n" * 10_000)
    done.stdin.flush()
    until = time.monotonic() + 60
    while len(list(out.iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    assert len(list(out.iterdir())) == 2  # temporary files
    done.send_signal(number)
    _, stderr = done.communicate(timeout=60)
    assert (done.returncode, stderr) == (code, said)
    assert list(out.iterdir()) == []


def test_lines_come_out_as_they_come_in(tmp_path):
    done = process("normalize", "-p", nothing(tmp_path))
    done.stdin.write(b"first\n")
    done.stdin.flush()
    assert done.stdout.readline() == b"first\n"  # hangs if it waits for more input
    done.communicate(timeout=60)


# -- explain ---------------------------------------------------------------------------------------------------------
def test_explain_plain_table(cfg):
    lines = invoke("explain", "-p", cfg, "a 5\u00a0?", "b").stdout.split("\n")
    assert lines[0] == r"source   a 5\xa0?"
    assert lines[1] == r"reading  a penki\xa0?"
    assert lines[2].split() == ["span", "source", "reading", "label", "rule", "conf.", "why"]
    assert lines[3].split() == ["2-3", "5", "penki", "NUM", "test.five", "1.00", "5", "becomes", "penki"]
    assert lines[4].split()[:5] == ["4-5", "?", "(marked)", "TEST", "abstain"]
    assert lines[3].index("penki") == lines[2].index("reading")
    assert lines[-2] == "  nothing changed"


def test_explain_json_and_standard_input(cfg):
    out = [
        json.loads(line)
        for line in invoke("explain", "-p", cfg, "--json", "-", "c", stdin="5\nb\n").stdout.splitlines()
    ]
    assert [item["source"] for item in out] == ["5", "b", "c"]
    assert out[0]["text"] == "penki"
    assert out[0]["edits"][0]["why"] == "5 becomes penki"
    assert list(out[0]["edits"][0])[:8] == [
        "start", "end", "source", "replacement", "label", "rule", "confidence", "value"
    ]  # fmt: skip
    assert json.loads(invoke("explain", "-p", cfg, "--json", stdin="5").stdout)["text"] == "penki"


def test_explain_on_a_terminal_is_coloured_unless_forbidden(cfg, monkeypatch):
    monkeypatch.setattr("textnorm.commands.explain.colour", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    text = invoke("explain", "-p", cfg, "a [b] 5").stdout
    assert "\x1b[" in text
    assert "[b]" in text  # no markup of the user's text
    assert "test.five" in text
    from textnorm.commands import common

    monkeypatch.setattr(common, "terminal", lambda stream: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert common.colour()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not common.colour()


def test_explain_html_is_one_page(cfg, tmp_path):
    assert invoke("explain", "-p", cfg, "--html", tmp_path / "x.html", "a 5 <b>", "ž").stdout == ""
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "penki" in page
    assert "test.five" in page
    assert "5 <b>" not in page  # escaped


def test_explain_bad_input(cfg, tmp_path):
    assert "exclude each other" in fails("explain", "-p", cfg, "a", "--json", "--html", tmp_path / "x.html")
    assert "only once" in fails("explain", "-p", cfg, "-", "-")
    assert "does not exist" in fails("explain", "-p", cfg, "a", "--html", tmp_path / "no" / "x.html")
    assert "invalid UTF-8" in fails("explain", "-p", cfg, "a\udcff")


# -- diff ------------------------------------------------------------------------------------------------------------
def test_diff_shows_changed_lines_with_their_rules(cfg, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("b\na 5\n")
    result = invoke("diff", "-p", cfg, path)
    assert result.stdout.splitlines() == [
        f"--- {path}",
        f"+++ {path} (digits)",
        "@@ line 2 @@",
        "-a 5",
        "+a penki",
        "    test.five: '5' > 'penki'",
    ]
    assert "1 of 2 rows changed" in result.stderr


def test_diff_check_and_against(cfg, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a 5"}\n{"text": null}\n{"text": "b"}\n')
    other = toys.write_cfg(tmp_path, toys.DIGITS.replace('by = "penki"', 'by = "V"'), "v.cfg")
    result = invoke("diff", "-p", cfg, "--check", path, code=4)
    assert (result.stdout, result.stderr) == ("", "1 of 2 rows changed\n")
    assert invoke("diff", "-p", nothing(tmp_path), "--check", path).stderr == "0 of 2 rows changed\n"
    assert invoke("diff", "-p", cfg, "--against", other, path).stdout.splitlines()[2:] == [
        "@@ line 1 @@",
        "-a V",
        "+a penki",
        "    test.five: '5' > 'penki'",
    ]
    assert invoke("diff", "-p", cfg, "--against", cfg, "--check", path).stderr == "0 of 2 rows read otherwise\n"
    assert "there is no such file" in fails("diff", "-p", cfg, tmp_path / "no")
    assert "only once" in fails("diff", "-p", cfg, "-", "-")


# -- pipelines and plugins -------------------------------------------------------------------------------------------
def test_pipelines():
    lines = invoke("pipelines").stdout.splitlines()
    names = [line.split()[0] for line in lines]
    assert {"lt-clean", "lt-speech", "unicode"} <= set(names)
    assert all(line.endswith(".") for line in lines)
    assert [json.loads(line)["name"] for line in invoke("pipelines", "--json").stdout.splitlines()] == names


def test_plugins():
    for args in (["plugins"], ["plugins", "list"]):
        rows = [line.split() for line in invoke(*args).stdout.splitlines()]
        assert ["normalizer", "textnorm.unicode.v1", "built-in"] in rows
        assert ["normalizer", "test.count.v1", "registered"] in rows
    result = invoke("plugins", "check", "test.count.v1")
    assert "test.count.v1: keeps the contract" in result.stdout
    good = ["--set", 'pattern="5"', "--set", 'by="5 "', "--set", "rule=r"]
    invoke("plugins", "check", "test.replace.v1", *good)
    bad = invoke("plugins", "check", "test.replace.v1", *good, "--set", 'label=""', code=1)
    assert "fields: an edit has no label (text 'Kaina" in bad.stdout
    assert "findings" in bad.stderr
    assert "Did you mean 'test.count.v1'" in fails("plugins", "check", "test.cuont.v1")
    assert "cannot be made" in fails("plugins", "check", "test.replace.v1")
    assert "KEY=VALUE" in fails("plugins", "check", "test.replace.v1", "--set", "x")
    assert "is a reader" in fails("plugins", "check", "textnorm.lt.v1")


# -- run -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a 5\nb\n")
    (folder / "sub" / "b.jsonl").write_text('{"id": 1, "text": "5 5"}\n')
    pq.write_table(pa.table({"id": [1, 2], "text": ["5", "?"]}), folder / "c.parquet")
    (folder / "d.tsv").write_text("text\n5\n")
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_run_keeps_names_and_notes_what_was_done(cfg, corpus, tmp_path):
    out = tmp_path / "out"
    result = invoke("run", corpus, "-o", out, "-p", cfg)
    assert result.stdout == ""
    files = tree(out)
    assert sorted(files) == [
        "_SUCCESS", "_edits/a.txt.jsonl", "_errors.jsonl", "_manifest.jsonl",
        "a.txt", "c.parquet", "d.tsv", "sub/b.jsonl",
    ]  # fmt: skip
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
    assert "done a.txt: 1 rows, 1 changed" in said
    assert "done d.tsv" in said
    assert "done sub/b.jsonl" in said
    assert "skipped c.parquet" in said
    after = tree(out)
    assert after["a.txt"] == b"penki penki\n"
    assert {k: v for k, v in after.items() if k not in ("a.txt", "_edits/a.txt.jsonl", "_manifest.jsonl")} == {
        k: v for k, v in before.items() if k not in ("a.txt", "_edits/a.txt.jsonl", "_manifest.jsonl")
    }
    other = toys.write_cfg(tmp_path, toys.DIGITS.replace('by = "penki"', 'by = "V"'), "other.cfg")
    assert (
        "skipped" not in invoke("run", corpus, "-o", out, "-p", other, "--resume").stderr.split("; ")[0].split("\n")[0]
    )
    assert tree(out)["d.tsv"].startswith(b"text\ttext_norm\ttext_edits\ttext_status\n5\tV\t")
    (out / "mine.txt").write_text("not the run's")
    said = invoke("run", corpus / "a.txt", "-o", out, "-p", cfg, "--fresh").stderr
    assert "1 files done, 0 skipped" in said
    assert sorted(tree(out)) == [
        "_SUCCESS",
        "_edits/a.txt.jsonl",
        "_errors.jsonl",
        "_manifest.jsonl",
        "a.txt",
        "mine.txt",
    ]


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
    assert "comes with a later release" in fails(*run, "-o", out, "--engine", "ray")
    assert "no engine 'spark'" in fails(*run, "-o", out, "--engine", "spark")
    assert "--jobs above 1" in fails(*run, "-o", out, "--jobs", "2")
    assert "is a file" in fails(*run, "-o", corpus / "a.txt")
    assert "is an input" in fails("run", corpus / "a.txt", "-p", cfg, "-o", corpus, "--resume")
    assert "is the input" in fails("run", corpus, "-p", cfg, "-o", corpus, "--fresh")
    assert "no column 'body'" in fails_with(*run, "-o", out, "--column", "body")
    assert "Missing option" in invoke("run", corpus, code=2).stderr
    assert "no pipeline" in fails("run", corpus, "-o", tmp_path / "new", "-p", "nope")
    assert not (tmp_path / "new").exists()


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
