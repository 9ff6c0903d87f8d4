"""How well an encoder finds the concept of a name that it has never seen, of a concept that it has never seen.

Concepts are split by a hash of their ids. An encoder is trained without the concepts kept out, then their names are
queried against one title for every concept of the base, seen and unseen. Settings that are compared on the same
queries: the trained encoder, the same encoder untrained, character TF-IDF; names alone and names with attributes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.attributes import encode_with, weight_of
from textnorm.encoders.features import FeatureSettings, features
from textnorm.encoders.protocol import Encoder
from textnorm.errors import MissingExtraError

#: One in so many concepts is kept out.
PARTS = 10
#: At most so many queries; more say nothing new and cost time.
MOST = 4000
#: Attributes of a query in the setting with attributes: so many are drawn.
DRAWN = (3, 8)
#: Weights of attributes beside the name that are tried, the first on a tie.
WEIGHTS = (0.5, 0.25, 0.75, 1.0, 1.5, 0.1)
RESAMPLES = 1000
#: Buckets of the hashed TF-IDF: few enough collisions to be none.
BUCKETS = 1 << 22
Groups = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Split:
    """Queries of concepts kept out, and the titles of all.

    Attributes:
        kept: ids of the concepts kept out.
        queries: their names but the title.
        attributes: some attributes of the query's concept, drawn at random; empty where it has none.
        gold: the place of the right title of each query.
        titles: one a concept.
    """

    kept: frozenset[str]
    queries: list[str]
    attributes: list[list[str]]
    gold: NDArray[np.int64]
    titles: list[str]

    def without(self, groups: Mapping[str, Any]) -> dict[str, Any]:
        """Return groups by concept without those kept out."""
        return {concept: group for concept, group in groups.items() if concept not in self.kept}


@dataclass(frozen=True)
class Score:
    """Figures of one encoder in one setting.

    Attributes:
        encoder: its name in the table.
        setting: ``name``, ``name + attributes`` or ``attributes``.
        ranks: of the right title, 1 is best; ties count half.
    """

    encoder: str
    setting: str
    ranks: NDArray[np.float64]

    @property
    def mrr(self) -> float:
        """Mean reciprocal rank."""
        return float((1 / self.ranks).mean())

    def at(self, k: int) -> float:
        """Share of queries with the right title among the first ``k``."""
        return float((self.ranks <= k).mean())

    def interval(self, seed: int = 0) -> tuple[float, float]:
        """Return the 95 % bootstrap interval of the mean reciprocal rank."""
        values = 1 / self.ranks
        rng = np.random.default_rng(seed)
        means = np.array([values[rng.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)])
        low, high = np.quantile(means, (0.025, 0.975))
        return float(low), float(high)

    def record(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        low, high = self.interval()
        figures = {"MRR": self.mrr, "lo": low, "hi": high, "A@1": self.at(1), "A@10": self.at(10)}
        rounded = {name: round(value, 4) for name, value in figures.items()}
        return {"encoder": self.encoder, "setting": self.setting, "n": len(self.ranks), **rounded}


def kept_out(concept: str, parts: int = PARTS) -> bool:
    """Return whether a concept is kept out of training: one in ``parts``, by a CRC-32 of its id."""
    return zlib.crc32(concept.encode("utf-8", "surrogatepass")) % parts == 0


def split(
    titles: Mapping[str, str], names: Groups, attributes: Groups, *, parts: int = PARTS, seed: int = 0
) -> Split | None:
    """Return a split; ``None`` where the concepts kept out have no query (no second name, no attributes).

    Args:
        titles: the name that stands for each concept.
        names: all names of each concept.
        attributes: of each concept.
        parts: one in so many concepts is kept out.
        seed: of the choice of attributes and queries.
    """
    rng = np.random.default_rng(seed)
    kept = frozenset(concept for concept in titles if kept_out(concept, parts))
    place = {concept: i for i, concept in enumerate(titles)}
    found: list[tuple[str, str]] = []
    bare: list[tuple[str, str]] = []
    for concept in titles:
        if concept in kept:
            others = [name for name in dict.fromkeys(names.get(concept, ())) if name != titles[concept]]
            found += [(concept, name) for name in others]
            if not others and attributes.get(concept):
                bare.append((concept, ""))
    if len(bare) > len(found):  # a base with hardly any synonyms: titles are looked for by attributes alone
        found += bare
    if len(found) < 2 or len(kept) == len(titles):
        return None
    if len(found) > MOST:
        found = [found[i] for i in np.sort(rng.permutation(len(found))[:MOST])]
    drawn = []
    for concept, _ in found:
        given = list(dict.fromkeys(attributes.get(concept, ())))
        count = min(len(given), int(rng.integers(DRAWN[0], DRAWN[1] + 1)))
        drawn.append([given[i] for i in rng.permutation(len(given))[:count]])
    gold = np.array([place[concept] for concept, _ in found])
    return Split(kept, [name for _, name in found], drawn, gold, list(titles.values()))


def ranks(queries: Any, titles: Any, gold: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the rank of the right title of each query, ties counted half; rows may be dense or sparse."""
    found = []
    for start in range(0, len(gold), 500):
        block = queries[start : start + 500] @ titles.T
        scores = np.asarray(block.toarray() if hasattr(block, "toarray") else block)
        right = gold[start : start + 500]
        best = scores[np.arange(len(right)), right][:, None]
        found.append(1 + (scores > best).sum(axis=1) + ((scores == best).sum(axis=1) - 1) / 2)
    return np.concatenate(found).astype(np.float64)


def evaluate(name: str, encoder: Encoder, part: Split) -> list[Score]:
    """Return the figures of an encoder: by name alone, and with attributes where queries have any."""
    titles = encoder.encode(part.titles)
    named = [i for i, query in enumerate(part.queries) if query]
    known = [i for i in named if part.attributes[i]]
    bare = [i for i, query in enumerate(part.queries) if not query]
    found = []
    if named:
        rows = encoder.encode([part.queries[i] for i in named])
        found.append(Score(name, "name", ranks(rows, titles, part.gold[named])))
    if known:
        rows = encode_with(encoder, [part.queries[i] for i in known], [part.attributes[i] for i in known])
        found.append(Score(name, "name + attributes", ranks(rows, titles, part.gold[known])))
    if bare:
        own: Any = getattr(encoder, "encode_attributes", None)
        given = [part.attributes[i] for i in bare]
        rows = own(given) if own is not None else encoder.encode([", ".join(some) for some in given])
        found.append(Score(name, "attributes", ranks(rows, titles, part.gold[bare])))
    return found


def choose_weight(encoder: Encoder, titles: Mapping[str, str], names: Groups, attributes: Groups) -> float:
    """Return the weight of attributes beside a name that serves best, of those in :data:`WEIGHTS`.

    Give it the concepts of training alone: they are a little optimistic, but what is chosen is one number.
    """
    part = split(titles, names, attributes, parts=7)
    known = [i for i, query in enumerate(part.queries) if query and part.attributes[i]] if part else []
    if part is None or not known:
        return weight_of(encoder)
    rows = encoder.encode(part.titles)
    queries, given = [part.queries[i] for i in known], [part.attributes[i] for i in known]

    def value(weight: float) -> float:
        found = ranks(encode_with(encoder, queries, given, weight=weight), rows, part.gold[known])
        return float((1 / found).mean())

    return max(WEIGHTS, key=value)


def tfidf(name: str, part: Split, texts: Sequence[str]) -> list[Score]:
    """Return the figures of character TF-IDF: words and n-grams of 2 to 4 inside words, sublinear counts.

    Raises:
        MissingExtraError: scipy is not installed.
    """
    vector = _vectorizer([*part.titles, *texts])
    titles = vector(part.titles)
    found = []
    for setting, wanted in (("name", True), ("attributes", False)):
        rows = [i for i, query in enumerate(part.queries) if bool(query) == wanted]
        if rows:
            queries = [part.queries[i] or ", ".join(part.attributes[i]) for i in rows]
            found.append(Score(name, setting, ranks(vector(queries), titles, part.gold[rows])))
    return found


def _vectorizer(texts: Sequence[str]) -> Callable[[Sequence[str]], Any]:
    try:
        from scipy import sparse
    except ImportError as error:
        feature = "The TF-IDF baseline"
        raise MissingExtraError(feature, "scipy", "linking") from error
    settings = FeatureSettings(buckets=BUCKETS, fold_accents=True)

    def counts(some: Sequence[str]) -> Any:
        found = features(some, settings)
        words = sparse.csr_matrix(
            (np.ones(len(found.word_rows), np.float32), found.word_rows, found.word_indptr),
            shape=(len(found.word_indptr) - 1, BUCKETS),
        )
        items = sparse.csr_matrix(
            (np.ones(len(found.text_words), np.float32), found.text_words, found.text_indptr),
            shape=(len(some), words.shape[0]),
        )
        both = items @ words
        both.sum_duplicates()
        return both

    known = counts(texts)
    seen = np.bincount(known.indices, minlength=BUCKETS)
    weights = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)

    def vector(some: Sequence[str]) -> Any:
        rows = counts(some)
        rows.data = (1 + np.log(rows.data)) * weights[rows.indices]
        lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        return (sparse.diags_array(1 / np.maximum(lengths, 1e-9)) @ rows).tocsr()

    return vector
