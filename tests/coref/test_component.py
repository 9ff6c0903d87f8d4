"""The component: annotations, policies of rewriting, the contract of normalizers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm import conformance
from textnorm.config import load
from textnorm.errors import ConfigError, UsageError
from textnorm.normalizers.coref import make_coref

EN = "Dr. Ada Stone met Robert Vale. Stone's car stayed; Vale left with Mr. Vale's dog, and Stone smiled."
LT = (
    "Prezidentas Rimas Vėlyvis susitiko su Ona Petraitiene. Pasak Rimo Vėlyvio, laiko yra. Petraitienei tai tiko, "
    "o R. Vėlyviui – ne."
)


def rewrite(text, **options):
    return make_coref(**options)([text]).apply([text])[0]


def test_it_keeps_the_contract():
    assert conformance.check(make_coref(), [EN, LT], registered="textnorm.coref.v1") == []


@pytest.mark.parametrize("policy", ["most_frequent", "longest", "first", "nominative"])
def test_rewriting_keeps_the_contract(policy):
    assert conformance.check(make_coref(rewrite=policy), [EN, LT], registered="textnorm.coref.v1") == []


def test_by_default_nothing_changes_and_every_name_is_marked():
    (row,) = make_coref()([EN])
    assert {edit.replacement for edit in row} == {None}
    marked = [(EN[edit.start : edit.end], edit.value["canonical"]) for edit in row]
    assert marked == [
        ("Dr. Ada Stone", "Ada Stone"),
        ("Robert Vale", "Robert Vale"),
        ("Stone", "Ada Stone"),
        ("Vale", "Robert Vale"),
        ("Mr. Vale", "Robert Vale"),
        ("Stone", "Ada Stone"),
    ]
    assert row[2].value == {
        "cluster": 0,
        "canonical": "Ada Stone",
        "type": "person",
        "sieve": "single_name",
        "form": "Dr. Ada Stone",
    }
    assert row[2].rule == "coref.person"


LONG = (
    "Dr. Ada Stone met Robert Vale. Ada Stone's car stayed; Robert Vale left with Mr. Robert Vale's dog, "
    "and Ada Stone smiled."
)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("longest", LONG),
        ("first", LONG),
        ("most_frequent", EN.replace("Ada Stone", "Stone").replace("Robert Vale", "Vale")),
    ],
)
def test_policies(policy, expected):
    assert rewrite(EN, rewrite=policy) == expected


def test_lithuanian_names_are_put_into_their_case_or_left():
    assert rewrite(LT, rewrite="longest") == LT.replace("R. Vėlyviui", "Rimui Vėlyviui").replace(
        "Petraitienei", "Onai Petraitienei"
    )


def test_the_nominative_is_the_canonical_form():
    assert "Pasak Rimas Vėlyvis" in rewrite(LT, rewrite="nominative")


def test_ids(tmp_path):
    table = tmp_path / "ids.tsv"
    table.write_text("name\tid\nAda Stone\tQ1\n", encoding="utf-8")
    done = rewrite(EN, rewrite="kb_id", ids=str(table))
    assert done.startswith("Dr. Q1 met Robert Vale. Q1's car")
    table.write_text("name\tid\nRimas Vėlyvis\tQ2\n", encoding="utf-8")
    assert "Pasak Q2, laiko" in rewrite(LT, rewrite="kb_id", ids=str(table))


def test_types_and_confidence_limit_rewriting():
    assert rewrite(EN, rewrite="longest", types=["place"]) == EN
    assert rewrite(EN, rewrite="longest", min_confidence=0.99) == EN


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rewrite": "shortest"}, "'rewrite' is one of most_frequent"),
        ({"rewrite": "kb_id"}, "'ids'"),
        ({"ids": "x.tsv"}, "'ids'"),
        ({"types": ["city"]}, "'types' takes person"),
        ({"min_confidence": 2}, "between 0 and 1"),
    ],
)
def test_bad_options(options, said):
    with pytest.raises(ConfigError, match=said):
        make_coref(**options)


@pytest.mark.parametrize(
    ("content", "said"),
    [("id\tname\n", "first line"), ("name\tid\nx\n", "line 2"), (None, "No such file")],
)
def test_bad_ids(tmp_path, content, said):
    path = tmp_path / "ids.tsv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        make_coref(rewrite="kb_id", ids=str(path))


def test_in_a_pipeline(tmp_path):
    cfg = tmp_path / "names.cfg"
    cfg.write_text(
        '[textnorm]\npipeline = ["coref"]\n\n[components]\n\n[components.coref]\n@normalizers = "textnorm.coref.v1"\n'
        'rewrite = "longest"\n',
        encoding="utf-8",
    )
    out = load(cfg)(EN)
    assert "Ada Stone's car" in out.text
    assert out.source == EN


NAMES = st.sampled_from(
    ["Ada Stone", "Stone", "Mr. Vale", "Robert Vale", "Vale", "the Harlow Trust", "Harlow Inc.", "Texas", "US", "NRA"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, max_size=12), st.sampled_from(["most_frequent", "longest", "first", "nominative"]))
def test_rewriting_can_be_undone_and_never_overlaps(names, policy):
    text = "We saw that " + " met ".join(names) + "."
    edits = make_coref("en", rewrite=policy)([text])
    target = edits.apply([text])
    assert edits.invert([text]).apply(target) == [text]
