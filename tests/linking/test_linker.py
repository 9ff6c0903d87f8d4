"""The linker: answers, reasons that add up, decisions, independence of the batch."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")

from textnorm.errors import DataError, UsageError
from textnorm.linking.decisions import Decisions
from textnorm.linking.explain import Lines, contributions, links_of, numbers, why_of
from textnorm.linking.features import Model, RollUp
from textnorm.linking.fusion import Weights, pool_of, rank_rows
from textnorm.linking.generators.exact import Exact
from textnorm.linking.generators.lexical import LexicalFactory
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.linker import Link, Linker
from textnorm.linking.protocol import Candidates, Queries

#: A taxonomy of our own making.
ROWS = [
    ("J1", "baker", "en", "preferred"),
    ("J1", "bread maker", "en", "synonym"),
    ("J1", "kepėjas", "lt", "preferred"),
    ("J2", "confectioner", "en", "preferred"),
    ("J2", "cake baker", "en", "synonym"),
    ("J3", "software developer", "en", "preferred"),
    ("J3", "programuotojas", "lt", "preferred"),
    ("J4", "senior software developer", "en", "preferred"),
    ("J5", "junior software developer", "en", "preferred"),
    ("J6", "nurse", "en", "preferred"),
    ("J6", "slaugytojas", "lt", "preferred"),
    ("G1", "food workers", "en", "preferred"),
    ("G2", "developers of software and applications", "en", "preferred"),
]
CONCEPTS = {
    "J1": ["G1"],
    "J2": ["G1"],
    "J3": ["G2"],
    "J4": ["G2"],
    "J5": ["G2"],
    "G1": ["T"],
    "G2": ["T"],
}


def make_base():
    facts = {c: {"parents": p, "types": ["job" if c[0] == "J" else "group"]} for c, p in CONCEPTS.items()}
    return KnowledgeBase([(*row, None, None) for row in ROWS], facts)


def make_linker(**more):
    kb = make_base()
    return Linker(kb, [Exact.of(kb), LexicalFactory.build(kb)], **more)


@pytest.fixture(scope="module")
def linker():
    return make_linker()


@pytest.fixture(scope="module")
def rolled():
    weights = Weights({"again": -0.4, "inherited": 0.2, "best": 0.5, "mass": 0.05, "height": -0.1, "group": 0.02})
    model = Model(("exact", "lexical"), weights=Weights({"exact": 0.2, "lexical": 1.0, "level": -0.1, "longer": -0.05}))
    return make_linker(model=Model(model.generators, weights=model.weights, roll=RollUp(True, 0.8, weights)))


def test_a_name_is_linked_to_its_concept(linker):
    found = linker.link(["baker", "Kepėjas", "NURSE "], k=3)
    assert [link.id for link in found] == ["J1", "J1", "J6"]
    first = found[1].candidates[0]
    assert (first.name, first.lang) == ("kepėjas", "lt")
    assert first.why["exact"] > 0.9
    assert first.p == found[1].p > 0.5
    assert len(found[0].candidates) <= 3
    ids = [candidate.id for candidate in found[0].candidates]
    assert len(ids) == len(set(ids))


def test_what_is_not_there_is_linked_to_nothing(linker):
    found = linker.link(["quantum chromodynamics", "", "  ", "!!!", "b"], k=5)
    assert [link.id for link in found] == [None] * 5
    assert all(link.p > 0.5 for link in found)
    assert found[1].candidates == ()
    assert found[1].p == 1.0


def test_probabilities_of_a_query_make_one(linker):
    for ranked in linker.rank(Queries.of(["baker", "software dev", "x", ""]), 20):
        total = np.bincount(np.repeat(np.arange(4), np.diff(ranked.indptr)), ranked.p, minlength=4)
        assert np.allclose(total + ranked.none, 1)
        assert (ranked.p >= 0).all()


def test_levels_are_not_folded_away(linker):
    found = linker.link(["Sr. software developer", "junior software developer", "software developer"])
    assert [link.candidates[0].id for link in found] == ["J4", "J5", "J3"]
    others = {candidate.id: candidate.why for candidate in found[0].candidates}
    assert others["J5"]["level"] == 1.0
    assert others["J3"]["level"] == 0.5
    assert "level" not in others["J4"]


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.sampled_from(["baker", "cake", "software developer", "sr developer", "nurse", "xyz", ""]), min_size=1)
)
def test_answers_do_not_depend_on_the_batch(texts):
    for one in (LINKERS["plain"], LINKERS["rolled"]):
        together = one.link(texts, k=4)
        assert together == [one.link([text], k=4)[0] for text in texts]
        assert together == one.link(texts, k=4)


LINKERS = {"plain": make_linker()}


@pytest.fixture(autouse=True, scope="module")
def _rolled(rolled):
    LINKERS["rolled"] = rolled


@pytest.mark.parametrize("kind", ["linker", "rolled"])
def test_contributions_make_up_the_score(kind, request):
    one = request.getfixturevalue(kind)
    queries = Queries.of(["baker", "software developer", "cake maker", "nurse"], langs=["en", None, "lt", "xx"])
    for ranked in one.rank(queries, 10):
        names, parts = contributions(one, ranked)
        assert parts.shape == (len(ranked.rows), len(names))
        assert np.allclose(parts.sum(axis=1), ranked.scored.score[ranked.rows])
        for why, score in zip(why_of(one, ranked, full=True), ranked.scored.score[ranked.rows], strict=True):
            assert sum(why["sum"].values()) == pytest.approx(score, abs=1e-3)


def test_roll_up_brings_groups_and_says_from_where(rolled, linker):
    found = rolled.link(["cake baker"])[0]
    group = next(candidate for candidate in found.candidates if candidate.id == "G1")
    assert group.why["inherited"]["id"] == "J2"
    assert group.why["inherited"]["name"] == "cake baker"
    # T has no name at all: only roll-up reaches it, and its id stands for it.
    top = next(candidate for candidate in found.candidates if candidate.id == "T")
    assert (top.name, top.lang) == ("T", None)
    assert "T" not in [candidate.id for candidate in linker.link(["cake baker"])[0].candidates]


def test_granularity(rolled, linker):
    flat = rolled.with_options(granularity="leaf").link(["cake baker"])[0]
    assert "T" not in [candidate.id for candidate in flat.candidates]
    grouped = linker.with_options(granularity="group").link(["cake baker"])[0]
    assert "T" in [candidate.id for candidate in grouped.candidates]


def test_types(linker):
    only = linker.with_options(types=("group",))
    assert {c.id for c in only.link(["software developer"], k=10)[0].candidates} == {"G1", "G2"}
    below = linker.with_options(types=("G1",))
    assert {c.id for c in below.link(["baker"], k=10)[0].candidates} <= {"J1", "J2", "G1"}


def test_thresholds(linker):
    assert linker.with_options(min_p=0.0).link(["quantum chromodynamics baker"])[0].id is not None
    assert linker.with_options(min_p=1.0).link(["baker"])[0].id is None
    assert linker.min_p == 0.5


def test_decisions_always_win(linker):
    mine = make_linker(decisions=Decisions({"baker": "J6", "nurse": None, "zzz": "T"}))
    baker, nurse, other, zzz = mine.link([" BAKER", "nurse", "confectioner", "zzz"], k=3)
    assert (baker.id, baker.p, baker.candidates[0].id) == ("J6", 1.0, "J6")
    assert baker.candidates[0].why["decision"] is True
    assert len(baker.candidates) <= 3
    assert (nurse.id, nurse.p) == (None, 1.0)
    assert nurse.candidates[0].id == "J6"
    assert all(candidate.p == 0 for candidate in nurse.candidates)
    assert other == linker.link(["confectioner"], k=3)[0]
    assert (zzz.id, zzz.candidates[0].name) == ("T", "T")


@pytest.mark.parametrize("kind", ["linker", "rolled"])
def test_lines_say_what_links_say(kind, request):
    one = request.getfixturevalue(kind)
    texts = ["baker", "Senior software developer", 'a "quoted" \t nurse', "", "cake"]
    for ranked in one.rank(Queries.of(texts), 10):
        lines = [json.loads("{" + line) for line in Lines(one).lines(ranked)]
        for line, link in zip(lines, links_of(one, ranked, full=False), strict=True):
            assert isinstance(link, Link)
            assert line["id"] == link.id
            assert line["p"] == pytest.approx(link.p, abs=1e-4)
            assert len(line["candidates"]) == len(link.candidates)
            for a, b in zip(line["candidates"], link.candidates, strict=True):
                assert (a["id"], a["name"], a["lang"]) == (b.id, b.name, b.lang)
                assert (a["score"], a["p"]) == pytest.approx((b.score, b.p), abs=1e-4)
                assert a["why"] == pytest.approx(b.why) if "inherited" not in a["why"] else a["why"] == b.why
        full = [json.loads("{" + line) for line in Lines(one, full=True).lines(ranked)]
        assert all("sum" in c["why"] for line in full for c in line["candidates"])


@given(st.lists(st.floats(-2, 5, allow_nan=False), max_size=5))
def test_numbers_are_json(values):
    for text, value in zip(numbers(np.array(values)), values, strict=True):
        assert json.loads(text) == pytest.approx(value, abs=5.1e-5)


def test_bad_calls(linker):
    with pytest.raises(UsageError, match="not one string"):
        linker.link("baker")
    with pytest.raises(UsageError, match="k is 0"):
        linker.link(["baker"], k=0)
    with pytest.raises(UsageError, match="2 queries, but 1 langs"):
        linker.link(["a", "b"], langs=["en"])
    with pytest.raises(DataError, match="weighs dense"):
        make_linker(model=Model.default(["dense"]))


def test_a_page_is_no_reason_to_fall_over(linker):
    page = "A baker makes bread. " * 5000
    found = linker.link([page], k=2)[0]
    assert found.query == page
    assert len(found.candidates) == 2


# -- the pool --------------------------------------------------------------------------------------------------------
lists = st.lists(st.dictionaries(st.integers(0, 7), st.integers(1, 100), max_size=4), min_size=3, max_size=3)


def as_candidates(found):
    """Candidates of three queries from dictionaries of concept -> score."""
    rows = [sorted(((-s, c) for c, s in query.items())) for query in found]
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    concepts = np.array([c for row in rows for _, c in row], np.int32)
    scores = np.array([-s / 100 for row in rows for s, _ in row], np.float32)
    return Candidates(indptr, concepts, scores, concepts + 10)


@given(lists, lists, st.integers(1, 4))
def test_a_pool_is_the_union_with_floors(one, two, depth):
    pool = pool_of([as_candidates(one), as_candidates(two)], 3, 8, depth)
    wanted = sorted({(q, c) for found in (one, two) for q in range(3) for c in found[q]})
    assert list(zip(pool.query.tolist(), pool.concept.tolist(), strict=True)) == wanted
    for row, (q, c) in enumerate(wanted):
        for g, found in enumerate((one, two)):
            if c in found[q]:
                assert pool.scores[row, g] == pytest.approx(found[q][c] / 100)
                assert pool.names[row, g] == c + 10
                assert pool.ranks[row, g] == 1 + sum((-s, i) < (-found[q][c], c) for i, s in found[q].items())
            else:
                floor = min(found[q].values()) / 100 if len(found[q]) >= depth else 0
                assert (pool.ranks[row, g], pool.names[row, g]) == (0, -1)
                assert pool.scores[row, g] == pytest.approx(floor)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 3)), max_size=20))
def test_rows_are_ranked_by_query_score_and_concept(rows):
    rows = sorted({(q, c): s for q, c, s in rows}.items())
    query = np.array([q for (q, _), _ in rows], np.int64)
    concept = np.array([c for (_, c), _ in rows], np.int32)
    scores = np.array([s for _, s in rows], float)
    wanted = sorted(range(len(rows)), key=lambda i: (query[i], -scores[i], concept[i]))
    assert rank_rows(query, concept, scores).tolist() == wanted
