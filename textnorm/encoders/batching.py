"""What the backends of transformers share: settings, and batches of about equal work.

Texts are tokenized in windows, sorted by their number of tokens and cut into batches of a fixed number of padded
tokens, so that little of a batch is padding and no batch is larger than memory allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import UsageError

Precision = Literal["auto", "float32", "float16", "bfloat16"]
#: Padded token ids and their mask, both int64 ``[rows, tokens]``.
Batch: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
#: Padded tokens of one batch: fits the cache of a CPU core, or fills a GPU.
TOKENS_CPU, TOKENS_GPU = 2_048, 131_072
#: A batch has at most this many rows.
ROWS = 8_192
#: Texts of several lengths on which a backend must agree with the model's own ``encode`` before it is trusted.
PROBES = ("a", "nurse", "head of the department of applied mathematics", "Ąžuolas, 12 vnt.", "x " * 40)
#: Largest difference of a coordinate of a unit vector that counts as agreement, in float32.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Settings:
    """What decides the vectors of a model, beside its weights.

    Attributes:
        prompt: text put before each text; ``None`` is the model's own default.
        max_length: tokens after which a text is cut; ``None`` is the model's own.
    """

    prompt: str | None = None
    max_length: int | None = None

    def __post_init__(self) -> None:
        if self.max_length is not None and self.max_length < 1:
            msg = f"max_length is {self.max_length}; it must be at least 1."
            raise UsageError(msg)


class Runner(Protocol):
    """A model on one backend.

    Attributes:
        name: the backend, for messages.
        dim: length of a vector.
    """

    name: str
    dim: int

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Return a vector a text, float32 ``[len(texts), dim]``, not scaled; the texts can be written as UTF-8."""
        ...


def encode_sorted(
    tokens: Sequence[Sequence[int]],
    run: Callable[[Iterable[Batch]], Iterator[NDArray[np.float32]]],
    *,
    dim: int,
    size: int,
    filler: int = 0,
    left: bool = False,
) -> NDArray[np.float32]:
    """Return the vectors of tokenized texts, in their order, run in batches of texts of like length.

    Args:
        tokens: token ids of each text.
        run: the model: batches in, their vectors out, in order; it may work ahead.
        dim: length of a vector.
        size: padded tokens of a batch.
        filler: the padding token.
        left: whether it stands on the left.
    """
    lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
    order = np.argsort(-lengths, kind="stable")
    plan = list(batches(lengths[order], size))
    out = np.empty((len(tokens), dim), dtype=np.float32)
    inputs = (padded([tokens[i] for i in order[a:b]], filler, left=left) for a, b in plan)
    for (a, b), rows in zip(plan, run(inputs), strict=True):
        out[order[a:b]] = rows
    return out


def batches(lengths: NDArray[np.int64], size: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of rows, sorted longest first, whose padded size is at most ``size`` (one row at least)."""
    start = 0
    while start < len(lengths):
        rows = max(1, min(size // max(1, int(lengths[start])), ROWS))
        yield start, min(start + rows, len(lengths))
        start += rows


def padded(rows: Sequence[Sequence[int]], filler: int = 0, *, left: bool = False) -> Batch:
    """Return token ids as one batch."""
    width = max(1, max(map(len, rows)))
    ids = np.full((len(rows), width), filler, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for i, row in enumerate(rows):
        where = slice(width - len(row), width) if left else slice(0, len(row))
        ids[i, where] = row
        mask[i, where] = 1
    return ids, mask


def agree(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> bool:
    """Return whether two backends give the same directions, to :data:`TOLERANCE`."""
    if ours.shape != theirs.shape or not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return False
    units = [rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12) for rows in (ours, theirs)]
    return float(np.abs(units[0] - units[1]).max()) < TOLERANCE
