from __future__ import annotations

import pytest

from textnorm.normalizers.nsw import NswNormalizer, make_nsw
from textnorm.rules.engine import FastEngine, ReferenceEngine


@pytest.fixture(scope="session")
def lt() -> NswNormalizer:
    return make_nsw("lt")


@pytest.fixture(scope="session")
def fast(lt: NswNormalizer) -> FastEngine:
    assert isinstance(lt.engine, FastEngine)
    return lt.engine


@pytest.fixture(scope="session")
def arrow(lt: NswNormalizer) -> FastEngine:
    return FastEngine(lt.pack, lt.engine.reader, "arrow")


@pytest.fixture(scope="session")
def reference(lt: NswNormalizer) -> ReferenceEngine:
    return ReferenceEngine(lt.pack, lt.engine.reader)
