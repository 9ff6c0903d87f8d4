"""How central each sentence is to its document: cosine to the sum of the others' vectors.

The centroid of the other sentences, not of all: in a document of ten sentences a tenth of the common centroid is the
sentence itself, most of all where it is long.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from textnorm.errors import DataError

FloatArray = npt.NDArray[np.float64]


@runtime_checkable
class Encoder(Protocol):
    """Anything that turns texts into vectors, for example a model of sentence-transformers."""

    def encode(self, texts: list[str], /) -> Any:
        """Return one row of numbers a text, ``[n, d]``."""
        ...


def tfidf_centrality(sentences: Sequence[Sequence[str]], idf: Callable[[str], float] | None) -> FloatArray:
    """Return the centrality of each sentence, ``[n]`` in 0 … 1.

    Args:
        sentences: the content terms of each.
        idf: weight of a term; ``None`` weighs all alike.
    """
    vectors = [
        {term: (1.0 + math.log(n)) * (1.0 if idf is None else idf(term)) for term, n in Counter(terms).items()}
        for terms in sentences
    ]
    norms = [math.sqrt(sum(weight * weight for weight in vector.values())) for vector in vectors]
    total: dict[str, float] = defaultdict(float)
    for vector, norm in zip(vectors, norms, strict=True):
        if norm:
            for term, weight in vector.items():
                total[term] += weight / norm
    square = sum(weight * weight for weight in total.values())
    out = np.zeros(len(vectors))
    for i, (vector, norm) in enumerate(zip(vectors, norms, strict=True)):
        if norm:
            dot = sum(weight / norm * total[term] for term, weight in vector.items())
            out[i] = _cosine_to_rest(dot, square)
    return out


def dense_centrality(sentences: Sequence[str], encoder: Encoder) -> FloatArray:
    """Return the centrality of each sentence by an encoder's vectors, ``[n]`` in -1 … 1.

    Raises:
        DataError: the encoder does not give one finite row a sentence.
    """
    vectors = np.asarray(encoder.encode(list(sentences)), dtype=np.float64)
    if vectors.ndim != 2 or len(vectors) != len(sentences) or not np.isfinite(vectors).all():
        msg = f"The encoder gave an array of shape {vectors.shape} for {len(sentences)} sentences: one finite row each."
        raise DataError(msg)
    norms = np.linalg.norm(vectors, axis=1)
    unit = np.divide(vectors, norms[:, None], out=np.zeros_like(vectors), where=norms[:, None] > 0)
    total = unit.sum(axis=0)
    dots = unit @ total
    square = float(total @ total)
    return np.array(
        [_cosine_to_rest(float(dot), square) if norm else 0.0 for dot, norm in zip(dots, norms, strict=True)]
    )


def _cosine_to_rest(dot: float, square: float) -> float:
    """Return the cosine of a unit vector to the sum without it, from its product with the sum and the sum's square."""
    rest = square - 2.0 * dot + 1.0
    return (dot - 1.0) / math.sqrt(rest) if rest > 1e-12 else 0.0
