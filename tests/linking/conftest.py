"""An index of the example base, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

BASE = Path(__file__).parents[2] / "corpora" / "linking"


@pytest.fixture(scope="session")
def occupations(tmp_path_factory):
    """The folder of an index of the example base; tests must not change it."""
    pytest.importorskip("faiss", reason="the extra 'linking' is not installed")
    pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")
    from textnorm.linking.folder import build
    from textnorm.linking.readers import read_base

    folder = tmp_path_factory.mktemp("linking") / "occupations.index"
    base = read_base([str(BASE / "occupations.tsv")], str(BASE / "concepts.tsv"))
    build(
        folder,
        base.names,
        base.concepts,
        encoder="static",
        factory="Flat",
        parameters="",
        say=lambda message: None,
        progress=lambda what, done, of: None,
    )
    return folder
