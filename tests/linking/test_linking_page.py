"""The commands and snippets of docs/linking.md work as they stand there; its tables are those of the code."""

from __future__ import annotations

import inspect
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from textnorm.cli import main
from textnorm.linking.normalizer import make_linker
from textnorm.linking.readers import FORMATS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "linking.md").read_text(encoding="utf-8")


def fences(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def section(title):
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.fixture
def checkout(tmp_path, monkeypatch, occupations):
    shutil.copytree(ROOT / "corpora" / "linking", tmp_path / "corpora" / "linking")
    shutil.copytree(occupations, tmp_path / "occupations.index")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_first_commands_do_what_the_page_says(checkout):
    shutil.rmtree("occupations.index")
    build, link, echo = fences("sh")[0].splitlines()
    for line in (build, link):
        result = CliRunner().invoke(main, shlex.split(line)[1:])
        assert result.exit_code == 0, result.output
    links = (checkout / "links.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(links) == 10
    text, _, command = echo.partition(" | ")
    result = CliRunner().invoke(main, shlex.split(command)[1:], input=shlex.split(text)[1] + "\n")
    assert '"id": "O46"' in result.stdout
    assert '"name": "buhalterio padėjėja"' in result.stdout


def test_tuning_reports_what_the_page_says(checkout):
    (line,) = fences("sh")[2].splitlines()
    result = CliRunner().invoke(main, shlex.split(line)[1:])
    assert result.exit_code == 0, result.output
    for part in ("MRR (first right)", "roll-up", "ablations", "p of the first candidate", "linked", "none of these"):
        assert part in result.stdout
    assert "8 of them with no right concept in the base" in result.stdout


@pytest.mark.parametrize("number", range(len(fences("python"))))
def test_the_python_of_the_page_runs_and_prints_what_it_says(checkout, number, capsys):
    source = fences("python")[number]
    if "spacy" in source:
        pytest.importorskip("spacy", reason="the extra 'spacy' is not installed")
        import textnorm.spacy_linker  # noqa: F401 - registers the component where no entry point does
    exec(compile(source, f"docs/linking.md, snippet {number}", "exec"), {})
    said = capsys.readouterr().out
    for expected in re.findall(r"print\(.*\)  # (.*)$", source, flags=re.MULTILINE):
        assert expected in said


def test_the_pipeline_of_the_page_replaces_titles(checkout):
    import textnorm

    (config,) = fences("ini")
    Path("link.cfg").write_text(config, encoding="utf-8")
    assert textnorm.load("link.cfg")("vyr. buhalterė").text == "accountant"


def test_the_options_of_the_page_are_those_of_the_code():
    options = re.findall(r"^\| `(\w+)` \|", section("Corpora and pipelines"), flags=re.MULTILINE)
    assert options == list(inspect.signature(make_linker).parameters)
    pytest.importorskip("spacy", reason="the extra 'spacy' is not installed")
    from textnorm.spacy_linker import make_linker as make_component

    keys = re.findall(r"^\| `(\w+)` \|", section("spaCy"), flags=re.MULTILINE)
    assert keys == list(inspect.signature(make_component).parameters)[2:]
    assert f"--format\ntable|{'|'.join(FORMATS[1:])}" in PAGE


COMMANDS = [("link", "Linking a column"), ("build", "Your own list"), ("tune", "Tuning")]


@pytest.mark.parametrize(("command", "title"), COMMANDS)
def test_every_option_of_a_command_is_on_the_page(command, title):
    from textnorm.commands.index import command as index
    from textnorm.commands.link import command as link

    found = link if command == "link" else index.commands[command]
    told = section(title)
    for parameter in found.params:
        names = [name for name in parameter.opts if name.startswith("-")]
        assert not names or any(f"`{name}" in told or f" {name} " in told for name in names), names
