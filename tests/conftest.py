"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The development data: ``TEXTNORM_DATA``, or ``shared/data`` beside the checkout; without it tests skip."""
    folder = Path(os.environ.get("TEXTNORM_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the development data are not here: set TEXTNORM_DATA to their folder")
    return folder
