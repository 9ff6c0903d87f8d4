"""docs/phrasebooks.md says what the code does: its book, its table, its commands, its keys."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

import textnorm
from textnorm.cli import main
from textnorm.normalizers.phrasebook import load as loading
from textnorm.normalizers.phrasebook import make_phrasebook
from textnorm.normalizers.phrasebook.book import Settings
from textnorm.normalizers.phrasebook.load import load_book
from textnorm.registry import slot_readers

PAGE = (Path(__file__).parents[2] / "docs" / "phrasebooks.md").read_text(encoding="utf-8")


def rows(first):
    """Return the rows of the table whose first header is ``first``."""
    table = PAGE.partition(f"| {first} |")[2].partition("\n\n")[0]
    lines = table.splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (text,) = re.findall(r"^```yaml lamps\.yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "lamps.yaml").write_text(text, encoding="utf-8")
    return "lamps.yaml"


def test_the_book_says_what_the_table_says(book):
    nlp, pipeline = make_phrasebook(book), textnorm.load(book)
    table = rows("written | normalized | frame and slots")
    assert len(table) == 3
    for written, normalized, wanted in table:
        text = written.strip("`")
        assert pipeline(text).text == normalized.strip("`")
        frame, _, slots = wanted.strip("`").partition(" ")
        answer = nlp.answer(text)
        assert (answer["frame"], answer["slots"]) == (None if frame == "null" else frame, json.loads(slots))


def test_the_command_prints_what_the_page_says(book):
    (block,) = re.findall(r"^```console\n\$ (.*?)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    result = CliRunner().invoke(main, block[0].split()[1:])
    assert (result.exit_code, result.stdout) == (0, block[1])


def test_the_settings_are_those_of_the_code():
    table = {name.strip("`"): default.strip("`") for name, default, _ in rows("setting | default | what")}
    assert table == {field.name: json.dumps(getattr(Settings(), field.name)) for field in fields(Settings)}


def test_the_keys_are_named():
    told = set(re.findall(r"`([a-z_]+)`", PAGE.partition("## Keys")[2].partition("\n## ")[0]))
    of_blocks = set(loading.BLOCK_KEYS) - {"settings", "description", "name_domains", "inferred_domain"}
    assert of_blocks <= told
    assert set(loading.LIST_KEYS) - {"metadata", "description"} <= told
    assert set(loading.KEYS) - {"responses", "metadata", "description"} <= told | {"data"}
    assert set(slot_readers.names()) >= set(re.findall(r"`(textnorm\.[a-z]+\.[a-z]+\.v1)`", PAGE)) - {
        "textnorm.phrasebook.v1"
    }


@pytest.mark.parametrize("template", [row[0] for row in rows("written | means")])
def test_every_form_of_the_template_language_loads(tmp_path, template):
    made = [part.replace("\\|", "|") for part in re.findall(r"`([^`]+)`", template)]
    sentences = "\n".join(f"      - {json.dumps('say ' + one, ensure_ascii=False)}" for one in made)
    (tmp_path / "b.yaml").write_text(
        "language: lt\nlists: {room: {values: [a]}}\nexpansion_rules: {rule: b}\n"
        f"frames:\n  F:\n    sentences:\n{sentences}\n"
    )
    assert load_book(tmp_path / "b.yaml").frames == ["F"]
    assert make_phrasebook(str(tmp_path / "b.yaml")).book.blocks
