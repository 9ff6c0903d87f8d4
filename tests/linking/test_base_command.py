"""``textnorm index check`` and ``build`` on good and bad bases: every message names its place, nothing half is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from textnorm.cli import main

HERE = Path(__file__).parent
BASE = HERE.parents[1] / "corpora" / "linking"
NAMES, CONCEPTS = str(BASE / "occupations.tsv"), str(BASE / "concepts.tsv")


def invoke(*args, code=0, stdin=None):
    result = CliRunner().invoke(main, [str(a) for a in args], input=stdin)
    assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr, result.exception)
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def table(tmp_path):
    def write(name, *lines):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(path)

    return write


def test_the_example_base_is_sound(tmp_path):
    out = tmp_path / "report.json"
    said = invoke("index", "check", NAMES, "--concepts", CONCEPTS, "--json", out).stdout
    assert "concepts with names        72" in said
    assert "lt 148, en 139, lv 114" in said
    assert "warning" not in said
    report = json.loads(out.read_text())
    assert report["names"] == 401
    assert report["shared"] == report["warnings"] == []


def test_the_labelled_queries_of_the_example_are_answered_by_its_base():
    from textnorm.linking.readers import read_base
    from textnorm.linking.tables import read_labelled

    base = read_base([NAMES], CONCEPTS)
    known = set(base.concepts)
    gold = [ids for _, ids in read_labelled(str(BASE / "dev.tsv"))]
    assert sum(not set(ids) & known for ids in gold) == 8  # none of these, on purpose
    own = {row[1].casefold() for row in base.names.rows}
    same = [query for query, _ in read_labelled(str(BASE / "dev.tsv")) if query.casefold() in own]
    assert len(same) < 0.06 * len(gold), same  # to tune on names that are in the base would teach nothing


def test_odd_but_usable_is_exit_code_3(table):
    names = table("n.tsv", "concept_id\tname", "A\tone", "A\tone", "B\tOne", "C\t!")
    facts = table("c.tsv", "concept_id\tparents", "A\tX", "Z\t")
    said = invoke("index", "check", names, "--concepts", facts, code=3).stdout
    assert "shared: 'one' by A, B" in said
    assert "warning: 1 rows are there twice" in said
    assert "warning: 1 parents have neither a name nor a row (the first: 'X', parent of 'A')" in said
    assert "warning: 1 concepts have neither a name nor children (the first: 'Z')" in said
    assert "without a letter or digit ('!')" in said


@pytest.mark.parametrize(
    ("names", "facts", "code", "told"),
    [
        (["concept_id\tname", "A\t"], None, 1, "n.tsv, line 2: name is empty"),
        (["concept_id\tname", "\tx"], None, 1, "n.tsv, line 2: concept_id is empty"),
        (["concept_id\tname"], None, 1, "there is no name"),
        (["id\tname", "A\tx"], None, 2, "there is no 'concept_id'"),
        (["concept_id\tname", "A\tx"], ["concept_id", "A", "A"], 1, "c.tsv, line 3: the concept 'A' has a row already"),
        (
            ["concept_id\tname", "A\tx"],
            ["concept_id\tparents", "A\tB", "B\tC", "C\tA"],
            1,
            "c.tsv: the parents go in a circle: A → B → C → A",
        ),
        (["concept_id\tname", "A\tx"], ["concept_id\tparents", "A\tA"], 1, "circle: A → A"),
    ],
)
def test_what_cannot_be_used_stops_check_and_build_alike(tmp_path, table, names, facts, code, told):
    pytest.importorskip("faiss", reason="the extra 'linking' is not installed")
    args = [table("n.tsv", *names), *(["--concepts", table("c.tsv", *facts)] if facts else [])]
    assert told in invoke("index", "check", *args, code=code).stderr
    said = invoke("index", "build", *args, "-o", tmp_path / "INDEX", "--encoder", "none", code=code).stderr
    assert told in said
    assert not (tmp_path / "INDEX").exists()


def test_a_good_index_stays_where_a_new_one_or_an_addition_fails(tmp_path, table):
    pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")
    index = tmp_path / "INDEX"
    invoke("index", "build", NAMES, "--concepts", CONCEPTS, "-o", index, "--encoder", "none")
    before = (index / "manifest.json").read_bytes()
    files = sorted(path.name for path in index.rglob("*"))
    bad = table("n.tsv", "concept_id\tname", "A\t")
    invoke("index", "build", bad, "-o", index, code=1)
    more = table("m.tsv", "concept_id\tname", "N1\tnew one")
    circle = table("c.tsv", "concept_id\tparents", "G3\tO13")
    said = invoke("index", "add", index, more, "--concepts", circle, code=1).stderr
    assert "the parents go in a circle: O13 → G3 → O13" in said or "G3 → O13 → G3" in said
    assert (index / "manifest.json").read_bytes() == before
    assert sorted(path.name for path in index.rglob("*")) == files


def test_taxonomies_are_built_and_linked(tmp_path):
    pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")
    pytest.importorskip("rdflib", reason="the extra 'skos' is not installed")
    index = tmp_path / "INDEX"
    said = invoke("index", "build", HERE / "small.obo", HERE / "small.ttl", "-o", index, "--encoder", "none").stderr
    assert "note: " in said
    assert "1 obsolete terms" in said
    lines = invoke("link", index, "-k", "1", stdin="plaktukas\nlietus\n").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["http://example.org/tools/hammer", "W:0002"]


def test_options_that_do_not_fit(tmp_path, table):
    names = table("n.tsv", "concept_id\tname", "A\tx")
    said = invoke("index", "check", names, "--format", "xml", code=2).stderr
    assert "no format of a knowledge base called 'xml'" in said
    assert "there is no such file" in invoke("index", "check", tmp_path / "no.obo", code=2).stderr
    assert "is the input" in invoke("index", "check", names, "--json", names, code=2).stderr
    plain = table("n.txt", "A\tx")
    assert "--format says" in invoke("index", "check", plain, code=2).stderr


def test_the_language_of_names_without_one(tmp_path, table):
    out = tmp_path / "r.json"
    names = table("n.tsv", "concept_id\tname\tlang", "A\tx\t", "B\ty\tlt")
    invoke("index", "check", names, "--lang", "en", "--json", out)
    assert json.loads(out.read_text())["languages"] == {"en": 1, "lt": 1}


def test_a_page_long_query_and_an_empty_one(occupations):
    page = "sena miesto kepykla ieško žmogaus " * 300
    lines = invoke("link", occupations, "-k", "2", stdin=f"{page}\n\nkepėjas\n").stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert [link["id"] for link in found][1:] == [None, "O01"]
    assert found[1]["candidates"] == []


def test_an_index_of_another_version(tmp_path, occupations):
    import shutil

    from textnorm.retrieval.storage import MANIFEST, checksum

    index = tmp_path / "INDEX"
    shutil.copytree(occupations, index)
    held = json.loads((index / MANIFEST).read_text())
    held.pop("checksum")
    held["version"] = 99
    (index / MANIFEST).write_text(json.dumps({**held, "checksum": checksum(held)}))
    assert "Upgrade textnorm, or build the index again" in invoke("link", index, stdin="a\n", code=1).stderr
