"""Our linker as a model of WorkRB, the benchmark of ranking tasks on jobs and skills (package ``workrb``, Apache-2.0).

WorkRB gives lists of queries and targets and wants a score for every pair. So the targets become a knowledge base of
one name each, the generators are built for it, and what they do not find is ranked behind what they found.

::

    import workrb
    from textnorm.linking.workrb import make_model

    model = make_model(encoder="minilm")
    results = workrb.evaluate(model, tasks=[...], output_folder="results")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm import __version__
from textnorm.errors import MissingExtraError
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Candidates, Queries

if TYPE_CHECKING:
    from textnorm.encoders.protocol import Encoder

#: Candidates a query that the linker ranks; the rest is ranked by the vectors alone, behind them.
DEPTH = 256
Search = Callable[[KnowledgeBase, Queries, int], Candidates]


def make_model(*, encoder: str = "static", depth: int = DEPTH, search: Search | None = None) -> Any:
    """Return a WorkRB model (``workrb.models.base.ModelInterface``) that ranks by our linker, untuned.

    Args:
        encoder: ``static`` (n-grams weighed by their rarity in the targets: a list of targets has no synonyms to train
            on), a model's folder, ``minilm``, or a name.
        depth: candidates a query that the linker ranks.
        search: finds candidates in a base, for tests; the linker without it.

    Raises:
        MissingExtraError: workrb is not installed.
    """
    try:
        import torch
        from workrb.models.base import ModelInterface
    except ImportError as error:
        feature = "The WorkRB model"
        raise MissingExtraError(feature, "workrb", "workrb") from error

    class TextnormModel(ModelInterface):  # type: ignore[misc]
        """textnorm's linker; see :func:`make_model`."""

        @property
        def name(self) -> str:
            """Return the model's name."""
            return f"textnorm-{encoder.rstrip('/').rsplit('/', 1)[-1]}"

        @property
        def description(self) -> str:
            """Return what the model is."""
            return f"textnorm {__version__}: exact, character n-gram and dense candidates, fused; encoder {encoder}"

        @property
        def classification_label_space(self) -> list[str] | None:
            """Return ``None``: labels are whatever targets are given."""
            return None

        def _compute_rankings(
            self,
            queries: list[str],
            targets: list[str],
            query_input_type: Any = None,
            target_input_type: Any = None,
        ) -> Any:
            """Return scores of every pair, a tensor ``[queries, targets]``."""
            return torch.from_numpy(rank_all(queries, targets, encoder=encoder, depth=depth, search=search))

        def _compute_classification(
            self, texts: list[str], targets: list[str], input_type: Any = None, target_input_type: Any = None
        ) -> Any:
            """Return scores of every text and label, a tensor ``[texts, labels]``."""
            return self._compute_rankings(texts, targets, input_type, target_input_type)

    return TextnormModel()


def rank_all(
    queries: Sequence[str],
    targets: Sequence[str],
    *,
    encoder: str = "static",
    depth: int = DEPTH,
    search: Search | None = None,
) -> NDArray[np.float32]:
    """Return a score for every pair, float32 ``[queries, targets]``: the linker's, and behind them the cosine's.

    Equal targets have equal scores. What the linker found scores above 1, the rest below 0.
    """
    if not queries or not targets:
        return np.zeros((len(queries), len(targets)), np.float32)
    place = {text: i for i, text in enumerate(dict.fromkeys(targets))}
    distinct = [text if text.strip() else "-" for text in place]
    kb = KnowledgeBase([(str(i), text, None, None, None, None) for i, text in enumerate(distinct)])
    model = open_encoder(encoder, distinct)
    found = np.empty((len(queries), len(distinct)), np.float32)
    rows = model.encode(distinct)
    asked = list(dict.fromkeys(queries))
    number = {text: i for i, text in enumerate(asked)}
    for start in range(0, len(queries), 1024):
        vectors = model.encode(queries[start : start + 1024])
        found[start : start + 1024] = vectors @ rows.T - 2  # below 0, in the order of the cosine
    hits = (search or _linker_search(model))(kb, Queries.of(asked), min(depth, len(distinct)))
    own = np.repeat(np.arange(len(asked)), np.diff(hits.indptr))
    rank = np.arange(len(own)) - hits.indptr[own]
    of = np.array([number[text] for text in queries])
    table = np.zeros((len(asked), len(distinct)), np.float32)
    table[own, hits.concepts] = 1 + 1 / (1 + rank)  # the linker's order, above all else
    best = table[of]
    found = np.where(best > 0, best, found)
    return np.ascontiguousarray(found[:, [place[text] for text in targets]])


def open_encoder(spec: str, texts: Sequence[str]) -> Encoder:
    """Return the encoder of ``--encoder``; ``static`` counts n-grams of the texts."""
    if spec == "static":
        from textnorm.encoders.static import StaticEncoder

        return StaticEncoder.weighted(texts)
    from textnorm.encoders.load import load_encoder

    return load_encoder(spec)


def _linker_search(encoder: Encoder) -> Search:
    """Return a search by the linker with all generators that apply."""

    def search(kb: KnowledgeBase, queries: Queries, k: int) -> Candidates:
        from textnorm.linking.linker import Linker
        from textnorm.linking.parts import build_generators
        from textnorm.retrieval.index import FoldedIndex

        texts = list(dict.fromkeys(kb.texts))
        vectors = encoder.encode(texts)
        vectors.flags.writeable = False
        index = FoldedIndex.build(vectors, texts, encoder_identity=encoder.identity)
        generators = build_generators(kb, None, encoder=encoder, index=index, say=lambda _: None)
        linker = Linker(kb, generators)
        found = list(linker.rank(queries, k))
        counts = np.concatenate([np.diff(part.indptr) for part in found])
        concepts = np.concatenate([part.scored.pool.concept[part.rows] for part in found])
        scores = np.concatenate([part.scored.score[part.rows] for part in found]).astype(np.float32)
        names = np.concatenate([part.scored.name[part.rows] for part in found])
        return Candidates(np.concatenate(([0], np.cumsum(counts))).astype(np.int64), concepts, scores, names)

    return search
