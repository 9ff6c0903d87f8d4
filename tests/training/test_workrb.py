"""The model for WorkRB: against its own interface where the package is installed, else against the published one."""

from __future__ import annotations

import sys
import types
from abc import ABC, abstractmethod

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="WorkRB's interface is in torch (extra: encoders)")
pytest.importorskip("faiss", reason="the linker needs faiss (extra: linking)")

from textnorm.errors import MissingExtraError  # noqa: E402
from textnorm.linking.protocol import Candidates  # noqa: E402
from textnorm.linking.workrb import make_model, rank_all  # noqa: E402

TARGETS = ["software developer", "nurse", "head nurse", "baker", "nurse", "lorry driver"]


class Published(ABC):
    """What WorkRB 0.6.0 asks of a model (workrb/models/base.py), written from its documentation."""

    @property
    @abstractmethod
    def name(self): ...

    @property
    @abstractmethod
    def description(self): ...

    @abstractmethod
    def _compute_rankings(self, queries, targets, query_input_type, target_input_type): ...

    def compute_rankings(self, *args, **kwargs):
        with torch.no_grad():
            return self._compute_rankings(*args, **kwargs)

    @abstractmethod
    def _compute_classification(self, texts, targets, input_type, target_input_type=None): ...

    def compute_classification(self, *args, **kwargs):
        with torch.no_grad():
            return self._compute_classification(*args, **kwargs)

    @property
    @abstractmethod
    def classification_label_space(self): ...


@pytest.fixture
def interface(monkeypatch):
    """WorkRB's own interface, or the published one in its place."""
    try:
        from workrb.models.base import ModelInterface
    except ImportError:
        base = types.ModuleType("workrb.models.base")
        base.ModelInterface = ModelInterface = Published
        for name in ("workrb", "workrb.models"):
            monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
        monkeypatch.setitem(sys.modules, "workrb.models.base", base)
    return ModelInterface


def test_it_is_a_model_and_ranks_every_pair(interface):
    model = make_model()
    assert isinstance(model, interface)
    assert model.name == "textnorm-static"
    assert "textnorm" in model.description
    assert model.classification_label_space is None
    queries = ["Nurse", "bakers", "nurse", "developer of software", ""]
    scores = model.compute_rankings(queries, TARGETS, None, None)
    assert scores.shape == (5, 6)
    assert scores.dtype == torch.float32
    assert torch.isfinite(scores).all()
    assert scores.argmax(dim=1).tolist()[1:4] == [3, 1, 0]
    assert (scores[:, 1] == scores[:, 4]).all()  # equal targets, equal scores
    assert (scores[0] == scores[0]).all()
    assert (model.compute_classification(["nurse"], TARGETS, None) == scores[2]).all()


def test_what_the_linker_does_not_find_is_ranked_behind_by_the_vectors():
    def search(kb, queries, k):
        hits = [kb.number[str(kb.texts.index("baker"))]] * len(queries)
        indptr = np.arange(len(queries) + 1)
        return Candidates(indptr, np.array(hits, np.int32), np.ones(len(hits), np.float32), np.array(hits, np.int32))

    scores = rank_all(["head nurse", "head nurse", "x"], TARGETS, search=search)
    assert (scores.argmax(axis=1) == 3).all()
    order = np.argsort(-scores[0], kind="stable").tolist()
    assert order[:2] == [3, 2]
    assert (np.delete(scores, 3, axis=1) < 0).all()
    assert (scores[0] == scores[1]).all()


def test_no_queries_or_no_targets():
    assert rank_all([], ["a"]).shape == (0, 1)
    assert rank_all(["a"], []).shape == (1, 0)


def test_without_workrb_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "workrb.models.base", None)
    with pytest.raises(MissingExtraError, match="workrb"):
        make_model()
