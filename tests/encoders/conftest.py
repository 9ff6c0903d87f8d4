"""A folder for exported graphs; the tiny transformer of these tests is in ``tests/conftest.py``."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def onnx_store(tmp_path_factory):
    """A folder for exported graphs that the tests of a run share."""
    why = "the ONNX backend is an extra: encoders"
    for package in ("onnxruntime", "onnx", "tokenizers"):
        pytest.importorskip(package, reason=why)
    return tmp_path_factory.mktemp("graphs")
