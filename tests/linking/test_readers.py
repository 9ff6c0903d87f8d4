"""Knowledge bases in the formats they are published in; every fault names its place."""

from __future__ import annotations

import gzip
import os
import shutil
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textnorm.bench.report import VARIABLE
from textnorm.errors import DataError, UnknownNameError, UsageError
from textnorm.linking.check import find_circle, look
from textnorm.linking.readers import format_of, read_base
from textnorm.linking.tables import read_concepts

HERE = Path(__file__).parent
OBO, TTL = str(HERE / "small.obo"), str(HERE / "small.ttl")
T = "http://example.org/tools/"


def rows(base, concept):
    return [(name, lang, kind, source) for c, name, lang, kind, source, _ in base.names.rows if c == concept]


# -- OBO -------------------------------------------------------------------------------------------------------------
def test_obo_names_parents_types_and_definitions():
    base = read_base([OBO])
    assert rows(base, "W:0002") == [
        ("rain {liquid}", "en", "preferred", None),
        ("rainfall", "en", "exact", "W:book, W:almanac"),
        ("lietus", "lt", "exact", None),
        ("drizzle", "en", "narrow", None),
        ("precipitation", "en", "broad", None),
        ("bad day", "en", "related", None),
    ]
    assert base.concepts["W:0002"] == {
        "parents": ["W:0001"],
        "types": ["wet"],
        "attributes": ['Water that falls "in drops".'],
    }
    assert base.concepts["W:0001"]["types"] == ["weather"]
    assert rows(base, "W:0004") == [("thunderstorm", "en", "preferred", None)]
    assert "W:0003" not in base.concepts
    assert any("1 obsolete terms were left out" in note for note in base.notes)
    assert any("1 parents" in warning and "'W:0099', parent of 'W:0004'" in warning for warning in base.warnings)


def test_obo_may_be_compressed_and_named_otherwise(tmp_path):
    packed = tmp_path / "hp.obo.gz"
    packed.write_bytes(gzip.compress(Path(OBO).read_bytes()))
    other = tmp_path / "weather.txt"
    shutil.copy(OBO, other)
    want = read_base([OBO]).names.rows
    assert read_base([str(packed)]).names.rows == want
    assert format_of(str(other)) == "obo"
    assert read_base([str(other)]).names.rows == want


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[Term]\nname: rain\n", "line 1: a [Term] without an id"),
        ("[Term]\nid: A\n", "there is no name"),
        ("[Term]\nid: A\nname: a\n[Term]\nid: A\nname: b\n", "line 5: the term 'A' is there already, at"),
        ("[Term]\nid: A\nname: a\nsynonym: rain EXACT []\n", "line 4: a synonym is a text in quotes"),
        ('[Term]\nid: A\nname: a\nsynonym: " " EXACT []\n', "line 4: the synonym is empty"),
        ("[Term]\nid: A\nname:\n", "line 3: the name is empty"),
        ("[Term]\nid A\n", "line 2: neither a [stanza] nor 'tag: value'"),
        ("[Typedef]\nid: p\nname: p\n", "there is no [Term]"),
        ("[Term]\nid: A\nname: \udcff\n", "line 3: invalid UTF-8"),
        ("[Term]\nid: A\nname: a\nis_a: B\n[Term]\nid: B\nname: b\nis_a: A\n", "A → B → A"),
    ],
)
def test_a_fault_of_obo_names_the_line(tmp_path, text, told):
    path = tmp_path / "x.obo"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError) as failed:
        read_base([str(path)])
    assert str(path) in str(failed.value)
    assert told in str(failed.value)


def test_a_term_of_another_ontology_may_have_no_name(tmp_path):
    path = tmp_path / "x.obo"
    path.write_text(
        '[Term]\nid: A\nis_a: B\n[Term]\nid: B\nname: b\nsynonym: "c" EXACT X:1 [] {lang="lt", date="2020"}\n'
    )
    base = read_base([str(path)])
    assert [row[:3] for row in base.names.rows] == [("B", "b", None), ("B", "c", "lt")]
    assert base.concepts["A"]["parents"] == ["B"]
    assert base.warnings == [f"1 terms have no name (the first: {path}, line 2: 'A')"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0", exclude_categories=("Cs",)), min_size=1))
def test_a_synonym_survives_its_escapes(tmp_path_factory, text):
    if not text.strip():
        return
    path = tmp_path_factory.mktemp("obo") / "x.obo"
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    path.write_text(f'[Term]\nid: A\nname: a\nsynonym: "{quoted}" EXACT [] ! "other"\n', encoding="utf-8", newline="")
    assert rows(read_base([str(path)]), "A")[-1][0] == text.strip()


# -- SKOS ------------------------------------------------------------------------------------------------------------
def _skos():
    pytest.importorskip("rdflib", reason="the extra 'skos' is not installed")
    return read_base([TTL])


def test_skos_names_with_their_languages_and_kinds():
    base = _skos()
    assert rows(base, f"{T}hammer") == [
        ("hammer", "en", "preferred", None),
        ("plaktukas", "lt", "preferred", None),
        ("hamer", "en", "hidden", None),
        ("claw hammer", "en", "synonym", None),
    ]
    assert base.concepts[f"{T}hammer"] == {
        "parents": [f"{T}tool"],
        "types": ["HandTool", "scheme"],
        "attributes": ["Driver of nails."],
    }


def test_skos_narrower_is_broader_the_other_way_and_labels_may_be_things():
    base = _skos()
    assert base.concepts[f"{T}saw"]["parents"] == [f"{T}tool"]
    assert rows(base, f"{T}saw") == [("saw", "en", "preferred", None), ("hand saw", None, "synonym", None)]
    assert f"{T}scheme" not in {row[0] for row in base.names.rows}
    assert f"{T}old" not in base.concepts
    assert any("1 deprecated" in note for note in base.notes)


@pytest.mark.parametrize(
    ("form", "ending"), [("xml", ".rdf"), ("nt", ".nt"), ("json-ld", ".jsonld"), ("turtle", ".rdf")]
)
def test_every_syntax_gives_the_same(tmp_path, form, ending):
    rdflib = pytest.importorskip("rdflib", reason="the extra 'skos' is not installed")
    path = tmp_path / f"tools{ending}"
    graph = rdflib.Graph()
    graph.parse(TTL)
    path.write_text(graph.serialize(format=form), encoding="utf-8")
    want, got = _skos(), read_base([str(path)])
    assert got.names.rows == want.names.rows
    assert got.concepts == want.concepts


def test_a_language_for_names_without_one():
    pytest.importorskip("rdflib", reason="the extra 'skos' is not installed")
    base = read_base([TTL], lang="en")
    assert ("hand saw", "en", "synonym", None) in rows(base, f"{T}saw")
    assert ("plaktukas", "lt", "preferred", None) in rows(base, f"{T}hammer")


def test_owl_labels_and_classes(tmp_path):
    pytest.importorskip("rdflib", reason="the extra 'skos' is not installed")
    path = tmp_path / "x.owl"
    path.write_text(
        "@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix r: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        "@prefix o: <http://www.geneontology.org/formats/oboInOwl#> . @prefix x: <http://example.org/> .\n"
        'x:A a owl:Class ; r:label "a" . x:B a owl:Class ; r:label "b" ; o:hasExactSynonym "bee" ;\n'
        "  r:subClassOf x:A, [ a owl:Restriction ] .\n"
    )
    base = read_base([str(path)])
    assert rows(base, "http://example.org/B") == [("b", None, "preferred", None), ("bee", None, "exact", None)]
    assert base.concepts["http://example.org/B"]["parents"] == ["http://example.org/A"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("x.ttl", "@prefix a: <b> . a:x a:y"), ("x.rdf", "<?xml version='1.0'?><rdf"), ("x.jsonld", "{"), ("x.nt", "<a>")],
)
def test_a_damaged_vocabulary_is_said_to_be_so(tmp_path, name, text):
    pytest.importorskip("rdflib", reason="the extra 'skos' is not installed")
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DataError, match=r"that can be read"):
        read_base([str(path)])


def test_a_vocabulary_without_concepts(tmp_path):
    pytest.importorskip("rdflib", reason="the extra 'skos' is not installed")
    path = tmp_path / "x.ttl"
    path.write_text("@prefix a: <http://b/> . a:x a:y a:z .")
    with pytest.raises(DataError, match="no concept with a label"):
        read_base([str(path)])


# -- ESCO ------------------------------------------------------------------------------------------------------------
E = "http://data.europa.eu/esco/"


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "esco"
    folder.mkdir()
    head = "conceptType,conceptUri,iscoGroup,preferredLabel,altLabels,hiddenLabels,status\n"
    (folder / "occupations_en.csv").write_text(
        head
        + f"Occupation,{E}occupation/1,9412,cook's help,\"kitchen help\ncook's help\",kitchn help,released\n"
        + f"Occupation,{E}occupation/2,9412,dish washer,,,released\n"
        + f"Occupation,{E}occupation/3,9412,scullion,,,draft\n"
    )
    (folder / "occupations_lt.csv").write_text(
        head + f"Occupation,{E}occupation/1,9412,virtuvės pagalbininkas,virtuvės darbininkė,,released\n"
    )
    (folder / "ISCOGroups_en.csv").write_text(
        "conceptType,conceptUri,code,preferredLabel,status,altLabels\n"
        f"ISCOGroup,{E}isco/C9412,9412,Kitchen helpers,released,\n"
        f"ISCOGroup,{E}isco/C941,941,Food preparation,released,\n"
    )
    (folder / "skills_en.csv").write_text(
        "conceptType,conceptUri,skillType,preferredLabel,altLabels\n"
        f"KnowledgeSkillCompetence,{E}skill/1,skill/competence,peel,peel things\n"
        f"KnowledgeSkillCompetence,{E}skill/2,knowledge,roots,\n"
    )
    (folder / "occupationSkillRelations.csv").write_text(
        "occupationUri,relationType,skillType,skillUri\n"
        f"{E}occupation/1,optional,knowledge,{E}skill/2\n"
        f"{E}occupation/1,essential,skill/competence,{E}skill/1\n"
    )
    (folder / "broaderRelationsOccPillar.csv").write_text(
        "conceptType,conceptUri,broaderType,broaderUri\n"
        f"Occupation,{E}occupation/2,Occupation,{E}occupation/1\n"
        f"ISCOGroup,{E}isco/C9412,ISCOGroup,{E}isco/C941\n"
    )
    return folder


def test_esco_folder(release):
    base = read_base([str(release)])
    assert rows(base, f"{E}occupation/1") == [
        ("cook's help", "en", "preferred", None),
        ("kitchen help", "en", "synonym", None),
        ("kitchn help", "en", "hidden", None),
        ("virtuvės pagalbininkas", "lt", "preferred", None),
        ("virtuvės darbininkė", "lt", "synonym", None),
    ]
    assert base.concepts[f"{E}occupation/1"] == {
        "parents": [f"{E}isco/C9412"],
        "types": ["occupation"],
        "attributes": ["peel", "roots"],
    }
    assert base.concepts[f"{E}occupation/2"]["parents"] == [f"{E}occupation/1", f"{E}isco/C9412"]
    assert base.concepts[f"{E}isco/C9412"]["parents"] == [f"{E}isco/C941"]
    assert base.concepts[f"{E}skill/2"]["types"] == ["skill", "knowledge"]
    assert any("1 concepts are not 'released'" in note for note in base.notes)


def test_esco_archive_is_the_folder_and_one_pillar_may_be_wanted(release, tmp_path):
    archive = tmp_path / "esco.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for file in release.iterdir():
            target.write(file, f"ESCO dataset/{file.name}")
    want, got = read_base([str(release)]), read_base([str(archive)])
    assert got.names.rows == want.names.rows
    assert got.concepts == want.concepts
    one = read_base([str(archive)], form="esco-occupations")
    assert {kind for facts in one.concepts.values() for kind in facts["types"]} == {"occupation", "isco_group"}
    assert one.concepts[f"{E}occupation/1"]["attributes"] == ["peel", "roots"]


def test_isco_groups_follow_from_codes_without_relations(release):
    (release / "broaderRelationsOccPillar.csv").unlink()
    base = read_base([str(release / "occupations_en.csv"), str(release / "ISCOGroups_en.csv")])
    assert base.concepts[f"{E}isco/C9412"]["parents"] == [f"{E}isco/C941"]


def test_faults_of_a_release(release, tmp_path):
    with pytest.raises(DataError, match="none of the files of ESCO"):
        read_base([str(tmp_path)], form="esco-skills") if not (release / "skills_en.csv").unlink() else None
    (release / "occupations_en.csv").write_text("conceptUri,preferredLabel\nx,\n")
    with pytest.raises(DataError, match=r"occupations_en.csv, line 2: preferredLabel of 'x' is empty"):
        read_base([str(release)])
    (release / "occupations_en.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no column 'conceptUri'"):
        read_base([str(release)])
    broken = tmp_path / "x.zip"
    broken.write_bytes(b"PK nothing")
    with pytest.raises(DataError, match="damaged or no ZIP"):
        read_base([str(broken)])


@pytest.mark.data
def test_the_real_release_agrees_with_the_shared_table():
    data = Path(os.environ.get(VARIABLE, "missing")) / "titles"
    if not (data / "esco111").is_dir():
        pytest.skip(f"the development data are not there ({VARIABLE})")
    archives = [str(path) for path in sorted((data / "esco111").glob("*.zip"))]
    base = read_base(archives, form="esco-occupations")
    table = read_concepts(str(data / "esco" / "concepts.tsv.gz"))
    assert base.concepts.keys() == table.keys()
    assert all(set(table[c]["parents"]) <= set(base.concepts[c]["parents"]) for c in table)
    same = sum(set(table[c]["attributes"]) == set(base.concepts[c]["attributes"]) for c in table)
    assert same > 0.97 * len(table)


# -- formats, circles, gaps ------------------------------------------------------------------------------------------
def test_a_format_is_told_by_ending_and_content_or_named(tmp_path):
    path = tmp_path / "x.bin"
    path.write_text("nothing known")
    with pytest.raises(UsageError, match=r"--format says"):
        format_of(str(path))
    with pytest.raises(UnknownNameError, match="esco-occupations"):
        format_of(str(path), "owl2")
    with pytest.raises(UsageError, match="only ESCO's CSV release"):
        format_of(str(tmp_path), "obo")
    with pytest.raises(UsageError, match="there is no such file"):
        format_of(str(tmp_path / "none.obo"))


def test_several_files_are_one_base_and_a_table_of_concepts_wins(tmp_path):
    more = tmp_path / "more.tsv"
    more.write_text("concept_id\tname\tlang\nW:0002\tdeszcz\tpl\n")
    facts = tmp_path / "facts.tsv"
    facts.write_text("concept_id\tparents\ttypes\nW:0002\tW:0004\tliquid\n")
    base = read_base([OBO, str(more)])
    assert ("deszcz", "pl", None, None) in rows(base, "W:0002")
    with pytest.raises(DataError, match=r"facts.tsv: the parents go in a circle: W:000\d → W:000\d → W:000\d"):
        read_base([OBO, str(more)], str(facts))
    only = read_base([str(more)], OBO)
    assert only.concepts["W:0002"]["parents"] == ["W:0001"]
    assert {row[1] for row in only.names.rows} == {"deszcz"}


EDGES = st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=3), max_size=9)


@given(EDGES)
def test_a_circle_is_found_where_there_is_one(edges):
    parents = {str(a): [str(b) for b in found] for a, found in edges.items()}
    circle = find_circle(parents)
    reach = {a: set(found) for a, found in parents.items()}
    for _ in range(10):
        reach = {a: found | {c for b in found for c in reach.get(b, ())} for a, found in reach.items()}
    assert (circle is not None) == any(a in found for a, found in reach.items())
    if circle is not None:
        assert circle[0] == circle[-1]
        assert all(b in parents[a] for a, b in pairwise(circle))


def test_a_long_chain_is_no_matter():
    assert find_circle({str(i): [str(i + 1)] for i in range(20_000)}) is None
    assert find_circle({"a": ["a"]}) == ["a", "a"]


def test_what_is_odd_is_counted():
    base = read_base([OBO])
    base.names.extend([("W:0004", "RAIN {liquid}", "en", None, None, None), ("W:9", "?", None, None, None, None)])
    base.concepts["W:0042"] = {"parents": [], "types": [], "attributes": []}
    found = look(base.names, base.concepts, base.warnings)
    assert found.shared == [("rain {liquid}", ["W:0002", "W:0004"])]
    assert found.nameless == ["W:0042"]
    assert found.counts["concepts without a name"] == 2
    assert found.langs["en"] == len(base.names.rows) - 2
    assert (
        sum("letter or digit" in warning or "neither a name nor children" in warning for warning in found.warnings) == 2
    )
