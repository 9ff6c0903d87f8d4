"""Training of static encoders on pairs of names, without torch: numpy and sparse matrices.

The objective is InfoNCE both ways with the other rows of the batch as negatives (van den Oord, Li and Vinyals,
arXiv 1807.03748, equation 4; Henderson et al., arXiv 1705.00652, section 4.4, call it multiple negatives ranking). What
makes it fast is that a text is a sum over words, and a word a sum over its n-grams: each distinct word of a batch is
summed once forward and once backward, and only the rows that a batch touches are read and written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.features import FeatureSettings, features
from textnorm.encoders.pairs import Dealer, PairSource, Side, names_source
from textnorm.encoders.protocol import as_texts
from textnorm.encoders.static import StaticEncoder, inverse_frequency
from textnorm.errors import DataError, MissingExtraError, UsageError

#: Similarities are multiplied by at most this: exp(2 * 40) still fits float32.
TOP_SCALE = 40.0
#: Share of the learning rate that is left at the last step; it falls in a straight line.
LAST = 0.05
#: Near groups that are known of each group, among so many groups at a time: bounds time and memory.
NEAR, AMONG = 16, 8192


@dataclass(frozen=True)
class TrainSettings:
    """How a static encoder is trained.

    Attributes:
        dim: length of the vectors.
        batch: pairs a step, each of another group; at most as many as there are groups.
        passes: a pass has as many pairs as the groups have texts beyond their first; those of a source count by its
            weight, the heaviest in full.
        max_pairs: bound of all passes together.
        scale: similarities are multiplied by it; the inverse of the temperature.
        rate: learning rate of Adagrad (Duchi, Hazan and Singer 2011) with one sum of squares a row.
        damping: the sums of squares start at this many times the mean square of the first gradient, so that a row that
            is seen once does not jump.
        init: standard deviation of the rows before training, on average over the texts; rows that occur in few texts
            start longer, as in TF-IDF.
        hard: so many groups that are near by their letters are dealt beside each group, of its 16 nearest: negatives
            that are hard to tell apart. 0: chance alone.
        seed: of rows, order and choice of pairs.
    """

    dim: int = 128
    batch: int = 1024
    passes: int = 20
    max_pairs: int = 2_000_000
    scale: float = 14.0
    rate: float = 0.05
    damping: float = 20.0
    init: float = 0.1
    hard: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("dim", "passes", "max_pairs"):
            if getattr(self, name) < 1:
                msg = f"{name} is {getattr(self, name)}; it must be at least 1."
                raise UsageError(msg)
        if self.batch < 2:
            msg = f"batch is {self.batch}; it must be at least 2: the other pairs of a batch are the negatives."
            raise UsageError(msg)
        if not 0 <= self.hard <= NEAR:
            msg = f"hard is {self.hard}; it must be 0 to {NEAR}."
            raise UsageError(msg)
        if not 0 < self.scale <= TOP_SCALE or not self.rate > 0 or not self.init > 0 or not self.damping >= 0:
            msg = (
                f"scale is {self.scale}, rate {self.rate}, init {self.init} and damping {self.damping}; scale must be "
                f"above 0 and at most {TOP_SCALE:g}, rate and init above 0, damping not below 0."
            )
            raise UsageError(msg)


@dataclass(frozen=True)
class TrainEvent:
    """Progress after a step.

    Attributes:
        step: steps done.
        steps: steps in all.
        pairs: pairs seen so far.
        source: where the pairs of this step came from.
        loss: mean cross-entropy of this step's batch, in nats.
    """

    step: int
    steps: int
    pairs: int
    source: str
    loss: float


def train_static(
    sources: Mapping[str, Sequence[str]] | Sequence[PairSource],
    *,
    texts: Sequence[str] = (),
    settings: TrainSettings | None = None,
    feature_settings: FeatureSettings | None = None,
    name: str = "trained",
    card: Mapping[str, Any] | None = None,
    on_event: Callable[[TrainEvent], None] | None = None,
) -> StaticEncoder:
    """Return a static encoder that puts the texts of a group near each other.

    The same sources, settings and libraries give the same encoder.

    Args:
        sources: names by concept, or pair sources, of which each step takes one by weight.
        texts: further names, without a partner; they count for how rare a word or n-gram is. Names of concepts that
            have only one are counted by themselves.
        settings: of the training.
        feature_settings: what of a text is hashed.
        name: of the encoder.
        card: what a reader should know about the data (licence, origin); kept with the model beside the settings.
        on_event: called after each step.

    Raises:
        UsageError: no source has two groups with a pair.
        DataError: a text is no string, or training diverged.
        MissingExtraError: scipy is not installed.
    """
    settings = settings or TrainSettings()
    feature_settings = feature_settings or FeatureSettings()
    texts = as_texts(texts)
    if isinstance(sources, Mapping):
        given = [names_source(sources)]
        texts += [name for names in sources.values() if len(set(names)) < 2 for name in names]
    else:
        given = list(sources)
    usable = [source for source in given if len(source) >= 2 and source.weight > 0]
    if not usable:
        msg = (
            "There is nothing to train on: two concepts at least must have two different names each (or a pair). "
            "For names without synonyms take StaticEncoder.weighted(texts)."
        )
        raise UsageError(msg)
    rng = np.random.default_rng(settings.seed)
    table = rng.standard_normal((feature_settings.buckets, settings.dim), dtype=np.float32)
    corpus = _Corpus(usable, feature_settings)
    table *= settings.init * _weights([*corpus.number, *texts], corpus)[:, None]
    decks = [
        Dealer(
            source,
            corpus.number,
            settings.batch,
            rng,
            near=_near(source, feature_settings, rng) if settings.hard and source.right is None else None,
            follow=settings.hard,
        )
        for source in usable
    ]
    weights = np.array([source.weight for source in usable])
    size = float((weights * [deck.batch for deck in decks]).sum() / weights.sum())
    whole = sum(deck.pairs * share for deck, share in zip(decks, weights / weights.max(), strict=True))
    pairs = min(settings.passes * whole, settings.max_pairs)
    steps = max(1, round(pairs / size))
    squares = np.zeros(feature_settings.buckets, dtype=np.float32)
    seen = 0
    for step in range(steps):
        chosen = int(rng.choice(len(decks), p=weights / weights.sum())) if len(decks) > 1 else 0
        left, right = decks[chosen].deal()
        rate = settings.rate * (1 - (1 - LAST) * step / steps)
        loss, rows, gradient = _gradient(table, corpus, left, right, settings.scale)
        if not np.isfinite(loss):
            msg = f"Training diverged at step {step + 1} (loss {loss}): lower the rate ({settings.rate})."
            raise DataError(msg)
        power = np.einsum("ij,ij->i", gradient, gradient) / settings.dim
        if step == 0:
            squares += settings.damping * power.mean()
        squares[rows] += power
        gradient *= (rate / np.sqrt(squares[rows] + 1e-20))[:, None]
        table[rows] -= gradient
        seen += left.count
        if on_event is not None:
            on_event(TrainEvent(step + 1, steps, seen, usable[chosen].name, loss))
    about = {
        **(card or {}),
        "sources": {source.name: {"groups": len(source), "weight": source.weight} for source in usable},
        "training": {**asdict(settings), "steps": steps, "pairs": seen},
    }
    return StaticEncoder.from_float(table, feature_settings, name=name, card=about)


class _Corpus:
    """All distinct texts of the sources, as sparse matrices: texts × words, and words × rows of the table."""

    def __init__(self, sources: Sequence[PairSource], settings: FeatureSettings) -> None:
        try:
            from scipy import sparse
        except ImportError as error:
            feature = "Training a static encoder"
            raise MissingExtraError(feature, "scipy", "linking") from error
        self.number: dict[str, int] = {}
        for source in sources:
            for text in source.texts():
                self.number.setdefault(text, len(self.number))
        found = features(as_texts(list(self.number)), settings)
        words = len(found.word_indptr) - 1
        self.settings = settings
        self.texts = sparse.csr_matrix(
            (np.ones(len(found.text_words), dtype=np.float32), found.text_words, found.text_indptr),
            shape=(len(self.number), words),
        )
        self.words = sparse.csr_matrix(
            (np.ones(len(found.word_rows), dtype=np.float32), found.word_rows, found.word_indptr),
            shape=(words, settings.buckets),
        )

    def select(self, sides: Sequence[Side]) -> tuple[Any, Any, NDArray[np.int64]]:
        """Return items × words and words × rows of the given items alone, and which rows of the table these are."""
        from scipy import sparse

        texts = np.concatenate([side.texts for side in sides])
        items = self.texts[texts]
        if any(len(side.texts) != side.count for side in sides):
            ends = np.concatenate([[0], *(np.diff(side.indptr) for side in sides)]).cumsum()
            joined = sparse.csr_matrix(
                (np.ones(len(texts), dtype=np.float32), np.arange(len(texts)), ends), shape=(len(ends) - 1, len(texts))
            )
            items = joined @ items
        items, used = _compact(items)
        words, rows = _compact(self.words[used])
        return items, words, rows


def _weights(texts: Sequence[str], corpus: _Corpus) -> NDArray[np.float32]:
    """Return how long each row starts: by the texts it is rare in, 1 in the mean square over all that is summed."""
    weights = inverse_frequency(texts, corpus.settings)
    uses = np.asarray((corpus.texts @ corpus.words).sum(axis=0)).ravel()
    return weights / np.float32(np.sqrt((uses * weights**2).sum() / uses.sum()))


def _near(source: PairSource, settings: FeatureSettings, rng: np.random.Generator) -> NDArray[np.int64] | None:
    """Return the groups nearest to each by the letters of their names, int64 ``[groups, at most NEAR]``.

    They are looked for among random parts of :data:`AMONG` groups. ``None`` where there are too few groups.
    """
    count = min(NEAR, len(source) - 1, AMONG - 1)
    if len(source) <= 4 * NEAR:
        return None
    encoder = StaticEncoder.weighted([text for group in source.left for text in group], settings)
    found = np.zeros((len(source), count), dtype=np.int64)
    order = rng.permutation(len(source))
    for part in np.array_split(order, -(-len(order) // AMONG)):
        groups = [source.left[i] for i in part.tolist()]
        rows = encoder.encode([text for group in groups for text in group])
        sums = np.add.reduceat(rows, np.cumsum([0, *map(len, groups[:-1])]), axis=0)
        sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        similar = sums @ sums.T
        np.fill_diagonal(similar, -2)
        found[part] = part[np.argpartition(-similar, count - 1, axis=1)[:, :count]]
    return found


def _compact(matrix: Any) -> tuple[Any, NDArray[np.int64]]:
    """Return a sparse matrix without its empty columns, and the columns that are left."""
    from scipy import sparse

    mark = np.zeros(matrix.shape[1], dtype=np.bool_)
    mark[matrix.indices] = True
    used = np.flatnonzero(mark)
    place = np.cumsum(mark, dtype=np.int32) - 1
    small = sparse.csr_matrix((matrix.data, place[matrix.indices], matrix.indptr), shape=(matrix.shape[0], len(used)))
    return small, used


def _gradient(
    table: NDArray[np.float32], corpus: _Corpus, left: Side, right: Side, scale: float
) -> tuple[float, NDArray[np.int64], NDArray[np.float32]]:
    """Return the loss of a batch, the rows of the table that it touches, and the gradient of the loss in these rows."""
    n = left.count
    items, words, rows = corpus.select((left, right))
    raw = items @ (words @ table[rows])
    norms = np.maximum(np.sqrt(np.einsum("ij,ij->i", raw, raw)), 1e-9)[:, None]
    unit = raw / norms
    similar = unit[:n] @ unit[n:].T
    # exp(scale * (s - 1)) is at most 1 and, scale being bounded, never 0: no maximum has to be taken away.
    weight = np.exp(np.float32(scale) * (similar - 1))
    weight[left.same(right)] = 0
    diagonal = np.diagonal(weight).astype(np.float64)
    by_row, by_column = weight.sum(axis=1), weight.sum(axis=0)
    loss = -0.5 * float(np.mean(2 * np.log(diagonal) - np.log(by_row) - np.log(by_column)))
    # In the similarities, times n: the mean of the two softmaxes less the identity, times scale.
    slope = weight * (1 / by_row)[:, None]
    slope += weight * (1 / by_column)[None, :]
    slope *= np.float32(0.5 * scale)
    slope[np.diag_indices(n)] -= np.float32(scale)
    grad = np.concatenate((slope @ unit[n:], slope.T @ unit[:n]))
    grad -= np.einsum("ij,ij->i", grad, unit)[:, None] * unit
    grad /= norms * n
    return loss, rows, words.T @ (items.T @ grad)
