"""The page on script normalization: its examples and its tables are true."""

from __future__ import annotations

import inspect
from pathlib import Path

from textnorm import load
from textnorm.config import builtin_names
from textnorm.normalizers.script import make_script
from textnorm.normalizers.script.groundwork import LETTERS, make_arabic

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "script.md").read_text(encoding="utf-8")


def test_the_first_example_prints_what_the_page_says():
    source, expected = "Jie sake, kad sventeje bus daug zmoniu.", "Jie sakė, kad šventėje bus daug žmonių."
    assert f'echo "{source}"' in PAGE
    assert f"prints `{expected}`" in PAGE
    assert load("lt-diacritics")(source).text == expected


def test_every_pipeline_and_option_stands_on_the_page():
    for name in builtin_names():
        if name.startswith("script-") or name == "lt-diacritics":
            assert f"`{name}`" in PAGE or f"`-{name.split('-', 2)[2]}`" in PAGE, name
    for factory in (make_script, make_arabic):
        for option in inspect.signature(factory).parameters:
            assert f"`{option}`" in PAGE, option
    for letters in LETTERS:
        assert f"`{letters}`" in PAGE
