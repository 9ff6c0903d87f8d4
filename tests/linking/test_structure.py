"""The taxonomy: ancestors, roll-up as its definition says, filters by type."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.errors import UsageError
from textnorm.linking.kb import KnowledgeBase, Links
from textnorm.linking.structure import STEPS, Ancestors, Structure, types_of

SIZE = 9
graphs = st.sets(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=16).map(
    lambda pairs: sorted((a, b) for a, b in pairs if a != b)
)


def base(parents, types=None):
    """A base of SIZE concepts with one name each."""
    rows = [(f"c{i}", f"name {i}", None, None, None, None) for i in range(SIZE)]
    facts = {f"c{i}": {"parents": [], "types": (types or {}).get(i, []), "attributes": []} for i in range(SIZE)}
    for child, parent in parents:
        facts[f"c{child}"]["parents"].append(f"c{parent}")
    return KnowledgeBase(rows, facts)


def shortest(parents):
    """Steps from every concept to every ancestor, by walking."""
    out = {}
    for start in range(SIZE):
        here, step = {start}, 0
        while here and step < STEPS:
            step += 1
            here = {parent for child, parent in parents if child in here}
            for parent in here:
                if parent != start:
                    out.setdefault((start, parent), step)
    return out


@settings(deadline=None)
@given(graphs)
def test_ancestors_are_those_of_a_walk_circles_included(parents):
    found = Ancestors.of(Links.build(parents, SIZE))
    got = {
        (c, int(found.items[i])): int(found.steps[i])
        for c in range(SIZE)
        for i in range(found.indptr[c], found.indptr[c + 1])
    }
    assert got == shortest(parents)


@settings(deadline=None)
@given(graphs, st.lists(st.integers(0, 100), min_size=2 * SIZE, max_size=2 * SIZE), st.sampled_from([0.5, 0.8, 1.0]))
def test_roll_up_is_its_definition(parents, values, decay):
    structure = Structure(base(parents))
    keys = np.arange(2 * SIZE, dtype=np.int64)  # two queries, all concepts
    sources = np.arange(0, 2 * SIZE, 2)
    scores = np.array(values) / 100
    ranks = np.arange(1, len(sources) + 1)
    rolled = structure.roll_up(keys, sources, scores, ranks, np.ones(len(keys)), decay)
    steps = shortest(parents)
    for key in keys.tolist():
        query, concept = divmod(key, SIZE)
        got = sorted(
            (
                scores[source] * decay ** (steps[(source % SIZE, concept)] - 1)
                for source in sources.tolist()
                if source // SIZE == query and (source % SIZE, concept) in steps
            ),
            reverse=True,
        )
        assert rolled.best[key] == pytest.approx(got[0] if got else 0)
        assert rolled.second[key] == pytest.approx(got[1] if len(got) > 1 else 0)
        assert rolled.mass[key] == pytest.approx(len(got) / SIZE)
        assert (rolled.child[key] >= 0) == bool(got)


def test_ancestors_that_the_pool_lacks_inherit_nothing():
    structure = Structure(base([(0, 8), (1, 2), (3, 2)]))
    keys = np.array([0, 1, 3, 4], np.int64)  # neither 2 nor 8, the last of all
    rolled = structure.roll_up(keys, np.arange(3), np.ones(4), np.arange(1, 4), np.ones(4), 0.8)
    assert not any(column.any() for column in (rolled.best, rolled.second, rolled.share, rolled.mass))
    assert (rolled.child < 0).all()


def test_expanding_a_pool_adds_ancestors_and_nothing_else():
    structure = Structure(base([(0, 1), (1, 2), (3, 2)]))
    keys = np.array([0, SIZE + 3], np.int64)
    assert structure.expand(keys, np.array([0, 1])).tolist() == [0, 1, 2, SIZE + 2, SIZE + 3]
    assert structure.expand(keys, np.array([1])).tolist() == [0, SIZE + 2, SIZE + 3]
    assert structure.height[:4].tolist() == [0, 1, 2, 0]


def test_types_are_those_of_a_concept_and_ids_mean_all_that_lies_below():
    structure = Structure(base([(0, 1), (1, 2), (3, 2)], {0: ["job"], 2: ["group"], 5: ["job"]}))
    assert np.flatnonzero(structure.allowed(["job"])).tolist() == [0, 5]
    assert np.flatnonzero(structure.allowed(["c1"])).tolist() == [0, 1]
    assert np.flatnonzero(structure.allowed(["group", "c5"])).tolist() == [2, 5]
    with pytest.raises(UsageError, match=r"type or id 'jobs'.*Did you mean 'job'"):
        structure.allowed(["jobs"])


def test_types_may_be_joined():
    assert types_of(["a,b", "c|d", " e "]) == ["a", "b", "c", "d", "e"]
