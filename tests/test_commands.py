"""The commands: output, exit codes, and every kind of bad input as a message, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

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
    # A job in the background of a shell ignores interrupts, and so would its children.
    start = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    return subprocess.Popen(
        [sys.executable, "-c", start + "from textnorm.cli import main; main()", *map(str, args)],
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
    assert "Did you mean 'normalize'? Known: ablate, bench, diff, duplicates, explain" in fails("normalise")
    assert "--nonsense" in invoke("normalize", "--nonsense", code=2).stderr


def test_an_internal_fault_is_one_line_unless_debugging(monkeypatch):
    def broken(path, **options):
        raise ZeroDivisionError

    monkeypatch.setattr("textnorm.config.load", broken)
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
    def broken(path, **options):
        raise fault

    monkeypatch.setattr("textnorm.config.load", broken)
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
