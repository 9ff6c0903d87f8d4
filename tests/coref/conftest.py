"""What the tests of names share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def resolver():
    """Names in the language of each document."""
    from textnorm.normalizers.coref import NameResolver

    return NameResolver()
