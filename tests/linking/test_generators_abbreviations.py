"""Abbreviations: pairs in a text, the table, and the generator."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")

from textnorm import registry
from textnorm.errors import DataError, UsageError
from textnorm.linking.generators import abbreviations
from textnorm.linking.generators.abbreviations import long_form, pairs, written_out
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Generator, Queries
from textnorm.retrieval.changing import committing
from textnorm.retrieval.storage import read_manifest

BASE = KnowledgeBase(
    [
        ("a", "human resources manager", "en", None, None, None),
        ("b", "heart rate variability", "en", None, None, None),
        ("c", "vyriausiasis gydytojas", "lt", None, None, None),
        ("d", "general manager", "en", None, None, None),
    ]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("heart rate (HR) was high", [("HR", "heart rate")]),
        ("HR (heart rate) was high", [("HR", "heart rate")]),
        ("Lietuvos bankas (toliau – LB) nutarė", [("LB", "Lietuvos bankas")]),
        ("Valstybinė mokesčių inspekcija (VMI)", [("VMI", "Valstybinė mokesčių inspekcija")]),
        ("the Food and Drug Administration (FDA) and heat shock protein (HSP)", [
            ("FDA", "Food and Drug Administration"),
            ("HSP", "heat shock protein"),
        ]),
        ("tumour necrosis factor α (TNF-α)", [("TNF-α", "tumour necrosis factor α")]),
        ("It ended. Blood pressure (BP)", [("BP", "Blood pressure")]),
        ("nothing to see (in 2019)", []),
        ("a nurse (RN)", []),
        ("()", []),
        ("", []),
    ],
)  # fmt: skip
def test_pairs_of_a_text(text, expected):
    assert pairs(text) == expected


@settings(max_examples=200, deadline=None)
@given(words=st.lists(st.from_regex("[a-h][x-z]{1,5}", fullmatch=True), min_size=2, max_size=5))
def test_initials_find_their_words(words):
    short = "".join(word[0] for word in words).upper()
    long = long_form(short, " ".join(words))
    assert long is not None
    assert " ".join(words).endswith(long)
    assert long[0].upper() == short[0]


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_may_be_read(text):
    for short, long in pairs(f"{text} ({text[:5]}) {text}"):
        assert len(long) > len(short)
    assert isinstance(written_out(text), list)


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Sr. Java Dev", "en", ["senior Java developer"]),
        ("HR Mgr", "en", ["human resources manager"]),
        ("vyr. gyd.", "lt", ["vyriausiasis gydytojas", "vyresnysis gydytojas"]),
        ("ž. ū. technikas", "lt", ["žemės ūkio technikas"]),
        ("Dir. of Nursing", "en", ["director of Nursing"]),
        ("it consultant", "en", []),
        ("IT consultant", "en", ["information technology consultant"]),
        ("IT CONSULTANT", "en", []),
        ("adm assistant", "en", []),
        ("nurse", "en", []),
        ("", "en", []),
    ],
)
def test_titles_are_written_out(text, lang, expected):
    assert written_out(text, [lang]) == expected


def test_a_texts_own_pairs_come_before_the_table():
    assert written_out("HR", ["en"], "heart rate (HR) was high") == ["heart rate"]
    assert written_out("HR variability", ["en"], "heart rate (HR) was high") == ["heart rate variability"]


def test_at_most_so_many_ways():
    assert len(written_out("MD MD MD MD", ["en"])) <= abbreviations.MOST


def build(kb=BASE):
    return registry.generators.get("abbreviations").build(kb)


def listed(found, kb=BASE):
    ids = [kb.ids[concept] for concept in found.concepts.tolist()]
    return [ids[a:b] for a, b in zip(found.indptr[:-1], found.indptr[1:], strict=True)]


def test_the_generator_speaks_only_of_abbreviations():
    queries = Queries.of(
        ["HR mgr", "nurse", "HR variability", "vyr. gyd."],
        langs=["en", "en", "en", "lt"],
        contexts=[None, None, "The heart rate (HR) was high.", None],
    )
    found = build().search(queries, 1)
    assert listed(found) == [["a"], [], ["b"], ["c"]]
    assert (found.scores > 0.6).all()
    assert listed(build().search(Queries.of(["nurse", ""]), 3)) == [[], []]


def test_each_concept_once_by_its_best_way():
    found = build().search(Queries.of(["vyr. gyd."], langs=["lt"]), 4)
    assert len(set(found.concepts.tolist())) == len(found.concepts)
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
    assert found.scores[0] == pytest.approx(1.0)


@pytest.mark.parametrize("beside", [True, False])
def test_written_and_read_back(beside, tmp_path):
    factory = registry.generators.get("abbreviations")
    generator = build()
    assert isinstance(generator, Generator)
    with committing(tmp_path / "index") as writer:
        if beside:
            registry.generators.get("lexical").build(BASE).write(writer, "generators/lexical/")
        generator.write(writer, "generators/abbreviations/")
    reader = read_manifest(tmp_path / "index")
    assert ("generators/abbreviations/weights.npy" in reader.parts) is not beside
    again = factory.read(reader, "generators/abbreviations/", BASE)
    queries = Queries.of(["HR mgr", "gen. mgr"], langs=["en", "en"])
    for one, other in zip(generator.search(queries, 3), again.search(queries, 3), strict=True):
        assert one.tolist() == other.tolist()


def test_settings_are_refused():
    with pytest.raises(UsageError, match="no setting 'x'"):
        registry.generators.get("abbreviations").build(BASE, x=1)


def test_a_broken_table_names_its_line(tmp_path, monkeypatch):
    folder = tmp_path / "linking"
    folder.mkdir()
    (folder / "abbreviations.tsv").write_text("lang\tshort\thow\tlong\nen\tsr\tmaybe\tsenior\n", encoding="utf-8")
    monkeypatch.setattr(abbreviations, "rules_dir", lambda code: tmp_path / code)
    abbreviations.table.cache_clear()
    try:
        with pytest.raises(DataError, match="line 2"):
            abbreviations.table()
    finally:
        abbreviations.table.cache_clear()


def test_no_abbreviation_is_there_twice():
    path = abbreviations.rules_dir("linking") / "abbreviations.tsv"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    keys = [tuple(line.split("\t")[:2]) for line in lines]
    assert len(keys) == len(set(keys)), sorted({key for key in keys if keys.count(key) > 1})
