"""Groundwork for the Perso-Arabic script: cases, switches, the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from textnorm.conformance import check
from textnorm.errors import ConfigError
from textnorm.normalizers.script.groundwork import LETTERS, make_arabic

CASES = [
    line.split("\t") for line in (Path(__file__).parent / "groundwork.tsv").read_text(encoding="utf-8").splitlines()[1:]
]


def made(options):
    pairs = [part.split("=") for part in options.split(",") if part]
    return make_arabic(**{k: {"true": True, "false": False}.get(v, v) for k, v in pairs})


@pytest.mark.parametrize(("options", "text", "expected"), CASES)
def test_case(options, text, expected):
    edits = made(options)([text])
    assert edits.apply([text]) == [expected]
    assert all(edit.rule.startswith("arabic.") for edit in edits.row(0))


@pytest.mark.parametrize("letters", ["off", *LETTERS])
def test_contract(letters):
    component = make_arabic(letters, heh=True, waw=True, digits="ascii")
    texts = [text for _, text, _ in CASES]
    assert check(component, texts, registered="textnorm.arabic.v1") == []


@pytest.mark.parametrize(("options", "near"), [({"letters": "kurdisch"}, "kurdish"), ({"digits": "asci"}, "ascii")])
def test_unknown_values_name_the_known_ones(options, near):
    with pytest.raises(ConfigError, match=f"Did you mean '{near}'"):
        make_arabic(**options)


def test_letters_of_a_language_are_not_replaced_by_others_of_its_table():
    for table in LETTERS.values():
        assert not set(table) & set("".join(table.values()))
