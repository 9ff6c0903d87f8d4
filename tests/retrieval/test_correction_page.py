"""The page docs/hubness.md says what the code does."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from pathlib import Path

import pytest

from textnorm.retrieval import guard, tuner
from textnorm.retrieval.correction import OWN_BANK
from textnorm.retrieval.methods import _METHODS, make_method
from textnorm.retrieval.tuner import default_method, settings_for

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "hubness.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_page_says():
    pytest.importorskip("faiss", reason="the example makes an index")
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (wanted,) = re.findall(r"^```text\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue() == wanted


def test_the_methods_and_defaults_of_the_page_are_those_of_the_code():
    rows = re.findall(r"^\| `([\w-]+)` \| .*? \| (.*?) \| .*? \|$", PAGE.partition("## Methods")[2], re.MULTILINE)
    assert [name for name, _ in rows[: len(_METHODS)]] == list(_METHODS)
    for name, told in rows[: len(_METHODS)]:
        for key, value in _METHODS[name][1].items():
            if name == "signed":
                assert value is not None or f"`{key}` must be given" in told
            else:
                assert re.search(rf"`{key}` {re.escape(f'{value:g}'.removeprefix('0'))}(?![\d.])", told), (name, key)


def test_the_numbers_of_the_page_are_those_of_the_code():
    text = " ".join(PAGE.split())
    assert f"{OWN_BANK:,} of the gallery's own" in text
    assert f"raw best {tuner.DEPTH} candidates" in text
    assert f"below {tuner.FEWEST} nothing is tried" in text
    assert f"Give {tuner.ENOUGH} labelled queries" in text
    assert f"From {guard.LIMIT} the bank is refused" in text
    assert f"tries {len(settings_for())} settings" in text
    assert "trust_bank" in inspect.signature(tuner.tune).parameters
    assert default_method(5000, cross_lingual=False) == make_method("csls", k=10, gated=True)
    for rows, beta in ((50, 5), (1800, 20)):
        assert dict(default_method(rows, cross_lingual=True).params)["beta"] == pytest.approx(beta, abs=0.1)
