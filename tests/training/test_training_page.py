"""docs/training.md says what the code does: its example runs, its tables and defaults are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from textnorm.linking import objective
from textnorm.linking.train import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\w* ?\w*\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_example_runs(tmp_path, monkeypatch):
    pytest.importorskip("scipy", reason="training needs scipy (extra: linking)")
    monkeypatch.chdir(tmp_path)
    assert len(EXAMPLES) == 2
    for code in EXAMPLES:
        exec(compile(code, "docs/training.md", "exec"), {})


def test_objectives_and_kinds_are_those_of_the_code():
    assert tuple(re.findall(r"^\| `(\w+)` \| (?:two|a) name", PAGE, re.MULTILINE)) == objective.OBJECTIVES
    assert tuple(re.findall(r"^\| `(\w+)`(?: \(default\))? \| (?:hashed|two linear|fine)", PAGE, re.MULTILINE)) == KINDS
    assert f"`parents` with weight {objective.DEFAULTS['parents']:g}" in PAGE


def test_every_option_it_names_is_there():
    from textnorm.commands.link import command as link
    from textnorm.commands.train import command

    known = {
        option
        for sub in command.commands.values()
        for param in sub.params
        for option in (*param.opts, *param.secondary_opts)
    }
    known |= {option for param in link.params for option in param.opts}
    build = {"--encoder"}
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", PAGE)) <= known | build
