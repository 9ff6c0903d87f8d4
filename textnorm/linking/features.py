"""Features of candidates, the weighted sums over them, and the order that they give.

Two sums, so that both can be explained and learned by themselves. The first, ``own``, weighs what the generators and
the names say of a concept. The second adds what a concept with descendants inherits from them, where roll-up is on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.fusion import Floats, Pool, Weights, fill, pool_of, rank_rows
from textnorm.linking.kb import PREFERRED, KnowledgeBase
from textnorm.linking.levels import Levels
from textnorm.linking.protocol import Candidates, Queries
from textnorm.linking.structure import Structure

#: Weights without tuning: of the generators that are known, of any other, and of features. Chosen to be safe on all of
#: the development sets together, not best on one.
DEFAULTS: dict[str, float] = {
    "exact": 0.3,
    "lexical": 0.5,
    "dense": 0.7,
    "mined": 1.8,
    "abbreviations": 0.3,
    "translit": 0.1,
    "cognate": 0.6,
}
OTHER = 0.3
#: The same where names are whole texts (there is a generator ``words`` then): one vector says little of a text that
#: lists many things (Weller et al., arXiv 2508.21038), so words decide.
TEXTS: dict[str, float] = {"lexical": 1.0, "words": 0.3, "dense": 0.05}
FEATURES = {"longer": -0.1, "shorter": -0.1, "level": -0.4, "preferred": 0.001}
#: Generators that compare a query as it is written, and what the score of any other is worth less in choosing a name.
DIRECT = ("exact", "lexical", "dense", "abbreviations")
TRANSLATED = 0.25
#: Features of a concept that has descendants, where roll-up is on; scores are taken above the lowest of the query's
#: pool. ``again``: its own score once more; ``inherited``, ``second``: best and second best of its descendants'
#: (decayed); ``best``: the larger of own and inherited; ``share``: its descendants' share of the best candidates by
#: rank; ``mass``: logarithm of their share of the softmax; ``group``: 1; ``heir``: 1 where it inherits at all;
#: ``height``: steps down to its farthest descendant, less 1.
ROLL = ("again", "inherited", "second", "best", "share", "mass", "group", "heir", "height")
#: Added to a share before its logarithm is taken.
LITTLE = 1e-3
#: Rows a query, the best by their own names, that pass their score on.
SOURCES = 64


def columns_of(generators: Sequence[str]) -> list[str]:
    """Return the names of the features of the first sum.

    Of each generator the score, and ``:first`` (1 where it put the concept first). Of the name that is nearest:
    ``longer`` and ``shorter`` (logarithm of its length over the query's, or the other way round, above 0),
    ``preferred``, ``foreign`` (1 where it is of another language than the query), ``level`` (how far levels are apart,
    :mod:`textnorm.linking.levels`). All are 0 for a concept that no generator found.
    """
    found = [f"{name}{part}" for name in generators for part in ("", ":first")]
    return [*found, "longer", "shorter", "preferred", "foreign", "level"]


def default_weights(generators: Sequence[str]) -> Weights:
    """Return the weights without tuning."""
    known = {**DEFAULTS, **TEXTS} if "words" in generators else DEFAULTS
    common = {name: known.get(name, OTHER) for name in generators}
    return Weights({**common, **FEATURES})


@dataclass(frozen=True)
class RollUp:
    """How scores of descendants count for a concept.

    Attributes:
        on: whether they do.
        decay: of a score for each step above the parent.
        weights: of the features in :data:`ROLL`.
    """

    on: bool = False
    decay: float = 0.8
    weights: Weights = field(default_factory=lambda: Weights({"again": -1.0, "best": 0.95, "share": 0.2}))


@dataclass(frozen=True)
class Model:
    """What ranks candidates.

    Attributes:
        generators: names, in the order of the pool's columns.
        depth: candidates a query that each generator is asked for.
        weights: of the first sum.
        roll: of the second.
        scale: inverse temperature: ``softmax(scale * score)`` is the share of each candidate.
    """

    generators: tuple[str, ...]
    depth: int = 96
    weights: Weights = field(default_factory=lambda: Weights({}))
    roll: RollUp = field(default_factory=RollUp)
    scale: float = 12.0

    @classmethod
    def default(cls, generators: Sequence[str]) -> Model:
        """Return the model without tuning."""
        return cls(tuple(generators), weights=default_weights(generators))

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        roll = {"on": self.roll.on, "decay": self.roll.decay, "weights": self.roll.weights.to_json()}
        return {
            "generators": list(self.generators),
            "depth": self.depth,
            "weights": self.weights.to_json(),
            "roll": roll,
            "scale": self.scale,
        }

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Model:
        """Return the model that was stored."""
        roll = found["roll"]
        return cls(
            tuple(found["generators"]),
            found["depth"],
            Weights.of_json(found["weights"]),
            RollUp(roll["on"], roll["decay"], Weights.of_json(roll["weights"])),
            found["scale"],
        )


class Facts:
    """What is known of names and concepts, as arrays.

    Attributes:
        kb: the knowledge base.
        structure: its taxonomy.
        lengths: float64 [names], logarithm of each name's characters and 2.
        preferred: bool [names], whether a name stands for its concept.
        lang: int32 [names], number of the language in ``langs``; -1 without.
        langs: language codes by number.
        levels: level slots of names and queries; ``None`` where the base does not distinguish levels.
    """

    def __init__(self, kb: KnowledgeBase) -> None:
        self.kb = kb
        self.structure = Structure(kb)
        self.lengths = np.log(np.fromiter((len(text) + 2 for text in kb.texts), np.float64, len(kb.texts)))
        self.preferred = np.fromiter((kind in PREFERRED for kind in kb.kinds), np.bool_, len(kb.texts))
        self.langs = {lang: i for i, lang in enumerate(kb.languages)}
        self.lang = np.fromiter((self.langs.get(lang or "", -1) for lang in kb.langs), np.int32, len(kb.texts))
        self.levels = Levels.of(kb.texts)


class Scored(NamedTuple):
    """A pool with features and scores.

    Attributes:
        pool: the rows.
        features: float64 [rows, columns of :func:`columns_of`].
        own: float64 [rows], the first sum.
        roll: float64 [rows, ROLL]; zero where roll-up is off.
        score: float64 [rows].
        name: int32 [rows], row of the name that is nearest; -1 for a row that has only inherited.
        child: int64 [rows], row of the descendant that gave the best inherited score; -1 without.
    """

    pool: Pool
    features: Floats
    own: Floats
    roll: Floats
    score: Floats
    name: NDArray[np.int32]
    child: NDArray[np.int64]


def score(
    found: Sequence[Candidates],
    queries: Queries,
    model: Model,
    facts: Facts,
    allowed: NDArray[np.bool_] | None = None,
) -> Scored:
    """Return the scored pool of the candidates of a batch.

    Args:
        found: of each of the model's generators.
        queries: the batch.
        model: weights.
        facts: of the base.
        allowed: bool [concepts], of those that may be answers; ``None``: all.
    """
    n = len(queries)
    pool = pool_of(found, n, len(facts.kb), model.depth)
    names, features = features_of(pool, queries, model, facts)
    table = model.weights.table(columns_of(model.generators), queries.langs)
    own = weigh(features, table, pool.query)
    child = np.full(len(own), -1, np.int64)
    roll = np.zeros((len(own), len(ROLL)))
    total = own
    if model.roll.on and not facts.structure.flat and len(own):
        sources = best_rows(pool, own, n, SOURCES)
        keys = facts.structure.expand(pool.keys, sources)
        if len(keys) > len(pool.keys):
            place = np.searchsorted(keys, pool.keys)
            pool = fill(keys, found, n, len(facts.kb), model.depth)
            sources = place[sources]
            names, features = features_of(pool, queries, model, facts)
            own = weigh(features, table, pool.query)
        roll, child = roll_features(pool, own, sources, model, facts)
        total = own + weigh(roll, model.roll.weights.table(ROLL, queries.langs), pool.query)
    scored = Scored(pool, features, own, roll, total, names, child)
    return scored if allowed is None else take(scored, np.flatnonzero(allowed[pool.concept]))


def take(scored: Scored, rows: NDArray[np.int64]) -> Scored:
    """Return some rows, in ascending order; a child that is left out is forgotten."""
    place = np.full(len(scored.own) + 1, -1, np.int64)
    place[rows] = np.arange(len(rows))
    pool, child = scored.pool, place[scored.child[rows]]
    picked = Pool(
        pool.keys[rows], pool.query[rows], pool.concept[rows], pool.scores[rows], pool.ranks[rows], pool.names[rows]
    )
    facts = scored.features[rows], scored.own[rows], scored.roll[rows], scored.score[rows], scored.name[rows]
    return Scored(picked, *facts, child)


def best_rows(pool: Pool, own: Floats, queries: int, count: int) -> NDArray[np.int64]:
    """Return the ``count`` best rows of each query, ascending."""
    order = rank_rows(pool.query, pool.concept, own)
    starts = np.searchsorted(pool.query, np.arange(queries))
    rank = np.arange(len(order)) - starts[pool.query[order]]
    return np.sort(order[rank < count])


def weigh(features: Floats, table: Floats, query: NDArray[np.int64]) -> Floats:
    """Return the sums of features [rows, columns] with the weights [queries, columns] of each row's query."""
    if len(table) and (table == table[0]).all():
        return np.asarray(features @ table[0])
    return np.asarray(np.einsum("ij,ij->i", features, table[query]))


def features_of(pool: Pool, queries: Queries, model: Model, facts: Facts) -> tuple[NDArray[np.int32], Floats]:
    """Return the name of each row that is nearest to the query, and the features [rows, columns]."""
    rows, count = pool.scores.shape
    columns = columns_of(model.generators)
    out = np.zeros((rows, len(columns)))
    hit = pool.ranks > 0
    out[:, 0 : 2 * count : 2] = pool.scores
    out[:, 1 : 2 * count : 2] = pool.ranks == 1
    if not rows:
        return np.zeros(0, np.int32), out
    # The name that is nearest to the query, as written rather than as translated; of equals the first generator's.
    far = np.array([0.0 if name in DIRECT else TRANSLATED for name in model.generators])
    best = np.where(hit, pool.scores - far, -np.inf).argmax(axis=1) if count else np.zeros(rows, np.int64)
    names = pool.names[np.arange(rows), best] if count else np.full(rows, -1, np.int32)
    named = names >= 0
    ratio = np.where(named, facts.lengths[names] - np.log([len(text) + 2 for text in queries.texts])[pool.query], 0)
    out[:, -5], out[:, -4] = np.maximum(ratio, 0), np.maximum(-ratio, 0)
    out[:, -3] = facts.preferred[names] & named
    # A language that the base does not have differs from all that it has; one that is not known, from none.
    codes = np.array([facts.langs.get(lang, -2) if lang else -1 for lang in queries.langs], np.int32)
    asked, mine = codes[pool.query], facts.lang[names]
    out[:, -2] = (mine >= 0) & (asked != -1) & (mine != asked) & named
    if facts.levels is not None:
        out[:, -1] = facts.levels.mismatch(queries.texts, pool.query, names)
    return names, out


def roll_features(
    pool: Pool, own: Floats, sources: NDArray[np.int64], model: Model, facts: Facts
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the features [rows, ROLL] of the second sum, and the child that gave the best score."""
    order = sources[rank_rows(pool.query[sources], pool.concept[sources], own[sources])]
    starts = np.searchsorted(pool.query[order], pool.query[order])
    ranks = np.arange(len(order)) - starts + 1
    above = own - lowest(own, pool.query)
    weight = np.exp(model.scale * (own - highest(own, pool.query)))
    rolled = facts.structure.roll_up(pool.keys, order, above, ranks, weight, model.roll.decay)
    group = facts.structure.group[pool.concept].astype(np.float64)
    best = np.maximum(above, rolled.best)
    heir = (rolled.child >= 0).astype(np.float64)
    height = facts.structure.height[pool.concept] - 1.0
    mass = np.log(rolled.mass + LITTLE)
    columns = [above, rolled.best, rolled.second, best, rolled.share, mass, np.ones(len(own)), heir, height]
    return np.column_stack(columns) * group[:, None], rolled.child


def lowest(values: Floats, query: NDArray[np.int64]) -> Floats:
    """Return for each row the lowest value of its query; rows are sorted by query."""
    if not len(values):
        return values
    starts = np.flatnonzero(np.r_[True, query[1:] != query[:-1]])
    return np.repeat(np.minimum.reduceat(values, starts), np.diff(np.r_[starts, len(values)]))


def highest(values: Floats, query: NDArray[np.int64]) -> Floats:
    """Return for each row the highest value of its query; rows are sorted by query."""
    return -lowest(-values, query)
