"""``textnorm link`` and what ``textnorm index`` does for it, as a user meets them."""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the extra 'linking' is not installed")
pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")

from textnorm.cli import main
from textnorm.errors import UsageError
from textnorm.linking.linker import Linker
from textnorm.retrieval import changing

NAMES = [
    ("J1", "baker", "en"),
    ("J1", "kepėjas", "lt"),
    ("J2", "tailor", "en"),
    ("J2", "dress maker", "en"),
    ("J3", "software developer", "en"),
    ("J3", "programmer", "en"),
    ("J4", "nurse", "en"),
    ("J5", "plumber", "en"),
    ("J5", "pipe fitter", "en"),
]
CONCEPTS = [("J1", "F", "job"), ("J3", "", "job"), ("F", "", "group")]


def invoke(*args, code=0, stdin=None):
    result = CliRunner().invoke(main, [str(a) for a in args], input=stdin)
    assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr, result.exception)
    assert "Traceback" not in result.output
    return result


def fails(*args, code=2):
    result = invoke(*args, code=code)
    assert result.stderr.startswith("error: "), result.stderr
    return result.stderr


def tsv(path, rows, header):
    path.write_text("".join("\t".join(row) + "\n" for row in [header, *rows]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """An index that tests must not change."""
    folder = tmp_path_factory.mktemp("link")
    names = tsv(folder / "names.tsv", NAMES, ("concept_id", "name", "lang"))
    concepts = tsv(folder / "concepts.tsv", CONCEPTS, ("concept_id", "parents", "types"))
    invoke("index", "build", names, "--concepts", concepts, "--encoder", "none", "-o", folder / "INDEX")
    return folder / "INDEX"


@pytest.fixture
def index(tmp_path, built):
    """An index of one's own."""
    import shutil

    shutil.copytree(built, tmp_path / "INDEX")
    return tmp_path / "INDEX"


def linked(*args, stdin=None, code=0):
    return [json.loads(line) for line in invoke("link", *args, stdin=stdin, code=code).stdout.splitlines()]


# -- in and out ------------------------------------------------------------------------------------------------------
def test_lines_in_json_lines_out(built):
    found = linked(built, "-k", "2", stdin="baker\n\nKepėjas\r\nqwertz\nbaker")
    assert [row["query"] for row in found] == ["baker", "", "Kepėjas", "qwertz", "baker"]
    assert [row["id"] for row in found] == ["J1", None, "J1", None, "J1"]
    assert found[0] == found[4]
    assert found[1]["candidates"] == []
    first = found[0]["candidates"][0]
    assert set(first) == {"id", "name", "lang", "score", "p", "why"}
    assert first["p"] == found[0]["p"]
    assert len(found[0]["candidates"]) <= 2


@pytest.mark.parametrize("ending", [".tsv", ".tsv.gz", ".jsonl", ".parquet"])
def test_tables_in(tmp_path, built, ending):
    path = tmp_path / f"queries{ending}"
    rows = [{"query": "kepėjas", "id": "7", "lang": "lt"}, {"query": "pipe fitter", "id": "8", "lang": "en"}]
    if ending == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif ending == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n")
    else:
        text = "query\tid\tlang\n" + "".join("\t".join(row.values()) + "\n" for row in rows)
        path.write_bytes(gzip.compress(text.encode()) if ending.endswith("gz") else text.encode())
    out = tmp_path / "links.jsonl"
    invoke("link", built, path, "-o", out)
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(row["query_id"], row["id"]) for row in found] == [("7", "J1"), ("8", "J5")]


def test_tables_out(tmp_path, built):
    source = tsv(tmp_path / "in.tsv", [("1", "baker"), ("2", "qwertz")], ("row", "title"))
    invoke("link", built, source, "--column", "title", "-o", tmp_path / "out.tsv")
    lines = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines()]
    assert lines[0] == ["row", "title", "title_link_id", "title_link_name", "title_link_p", "title_link_candidates"]
    assert lines[1][:4] == ["1", "baker", "J1", "baker"]
    assert lines[2][2:4] == ["", ""]
    assert json.loads(lines[1][5])[0]["id"] == "J1"
    invoke("link", built, source, "--column", "title", "-o", tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["title_link_id"] for row in table] == ["J1", None]
    assert table[0]["title_link_candidates"][0]["name"] == "baker"
    assert json.loads(table[0]["title_link_candidates"][0]["why"])["exact"] > 0.9
    again = tmp_path / "again.tsv"
    assert "there is a column 'title_link_id' already" in fails(
        "link", built, tmp_path / "out.tsv", "--column", "title", "-o", again
    )
    invoke("link", built, tmp_path / "out.tsv", "--column", "title", "-o", again, "--overwrite-columns")
    assert again.read_text() == (tmp_path / "out.tsv").read_text()


def test_an_empty_table_is_a_table(tmp_path, built):
    source = tsv(tmp_path / "in.tsv", [], ("query", "lang"))
    invoke("link", built, source, "-o", tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == ""
    invoke("link", built, source, "-o", tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 0


def test_many_rows_keep_their_order(tmp_path, built):
    texts = [["baker", "tailor", "nurse", f"unknown {i}"][i % 4] for i in range(3000)]
    source = tmp_path / "in.txt"
    source.write_text("\n".join(texts) + "\n")
    found = linked(built, source, "-k", "1")
    assert [row["query"] for row in found] == texts
    assert [row["id"] for row in found[:3]] == ["J1", "J2", "J4"]


def test_answers_that_are_forgotten_are_still_given(tmp_path, built, monkeypatch):
    """The memory of answers may be emptied in the middle of a block whose rows need it."""
    from textnorm.linking import stream

    texts = ["baker", "tailor", "baker", "nurse", "plumber", "baker", "tailor", "programmer", "nurse", "baker"] * 3
    source = tmp_path / "many.txt"
    source.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    wanted = invoke("link", built, source).stdout
    monkeypatch.setattr(stream, "BLOCK", 2)
    for size in (1, len(wanted) // 20, len(wanted) // 8):
        monkeypatch.setattr(stream, "MEMO", size)
        assert invoke("link", built, source).stdout == wanted


def test_bad_rows_are_set_aside(tmp_path, built):
    source = tmp_path / "in.jsonl"
    source.write_text('{"query": "baker"}\nno json\n{"query": 7}\n{"query": "nurse", "lang": 3}\n{"query": null}\n')
    result = invoke("link", built, source, "-o", tmp_path / "out.jsonl", code=3)
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in found] == ["J1", None, None, None, None]
    assert [("error" in row, row["p"] is None) for row in found] == [
        (False, False),
        *[(True, True)] * 3,
        (False, False),
    ]
    assert "line 2: no JSON" in result.stderr
    assert "3 of 5 rows quarantined" in result.stderr


def test_a_reranker_has_no_tuned_precision(tmp_path, built):
    assert "use --min-p" in fails("link", built, "--rerank", tmp_path, "--precision", ".9")


def test_a_row_set_aside_keeps_its_line_in_a_table(tmp_path, built):
    source = tmp_path / "in.tsv"
    source.write_text("query\tlang\nbaker\ten\nbad row\ta\tb\n", encoding="utf-8")
    invoke("link", built, source, "-o", tmp_path / "out.tsv", code=3)
    lines = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines()]
    assert lines[2] == ["bad row a b", "", "", "", "", "[]"]
    invoke("link", built, source, "-o", tmp_path / "out.parquet", code=3)
    last = pq.read_table(tmp_path / "out.parquet").to_pylist()[1]
    assert (last["query"], last["lang"], last["query_link_p"]) == ("bad row\ta\tb", None, None)


def test_answers_let_go_of_are_asked_for_again(tmp_path, built, monkeypatch):
    """A query whose answer is dropped in the very block in which it comes again."""
    monkeypatch.setattr("textnorm.linking.stream.MEMO", 5000)
    monkeypatch.setattr("textnorm.linking.stream.BLOCK", 4)
    texts = ["baker" if i % 3 == 0 else f"nurse {i * 7 % 40}" for i in range(300)]
    found = linked(built, "-k", "2", stdin="\n".join(texts))
    assert [row["query"] for row in found] == texts
    assert {row["id"] for row in found if row["query"] == "baker"} == {"J1"}


def test_nothing_half_written_is_left(tmp_path, built, monkeypatch):
    out = tmp_path / "out.jsonl"
    out.write_text("before\n")
    source = tmp_path / "in.txt"
    source.write_text("baker\n" * 10)

    def fall(self, queries, k):
        raise MemoryError

    monkeypatch.setattr(Linker, "rank_block", fall)
    assert "out of memory" in fails("link", built, source, "-o", out, code=1)
    assert out.read_text() == "before\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.txt", "out.jsonl"]


def test_wrong_calls(tmp_path, built):
    source = tmp_path / "in.tsv"
    source.write_text("text\nbaker\n")
    assert "There is no index" in fails("link", tmp_path / "NONE", source)
    assert "no column 'query'" in fails("link", built, source)
    assert "no such file" in fails("link", built, tmp_path / "none.tsv")
    assert "no plain text" in fails("link", built, source, "-o", tmp_path / "out.txt")
    assert "is the input" in fails("link", built, source, "-o", source)
    assert "exclude each other" in fails("link", built, source, "--min-p", "0.5", "--precision", "0.9")
    assert "not tuned" in fails("link", built, source, "--precision", "0.9")
    assert "no generator called 'lexicl'" in fails("link", built, source, "--generators", "lexicl")
    assert "without the generator 'dense'" in fails("link", built, source, "--generators", "dense")
    assert "type or id 'jbo'" in fails("link", built, source, "--types", "jbo")


# -- options ---------------------------------------------------------------------------------------------------------
def test_options(built):
    assert linked(built, "--min-p", "1", stdin="baker")[0]["id"] is None
    assert linked(built, "--types", "group", "--granularity", "group", stdin="baker")[0]["candidates"][0]["id"] == "F"
    assert linked(built, "--granularity", "leaf", stdin="baker")[0]["candidates"][0]["id"] == "J1"
    only = linked(built, "--generators", "exact", stdin="bakers\nbaker")
    assert [row["id"] for row in only][1:] == ["J1"] or only[1]["candidates"][0]["id"] == "J1"
    assert only[0]["candidates"] == []
    full = linked(built, "--why", "full", stdin="bakers")[0]["candidates"][0]
    assert sum(full["why"]["sum"].values()) == pytest.approx(full["score"], abs=1e-3)


def test_decisions(tmp_path, index, built):
    table = tsv(tmp_path / "d.tsv", [("bread person", "J1"), ("nurse", "")], ("query", "concept_id"))
    found = linked(index, "--decisions", table, stdin="Bread  person\nnurse\nplumber")
    assert [row["id"] for row in found] == ["J1", None, "J5"]
    assert found[0]["p"] == 1.0
    assert found[0]["candidates"][0]["why"]["decision"] is True
    bad = tsv(tmp_path / "bad.tsv", [("nurse", "J9")], ("query", "concept_id"))
    assert "line 2: there is no concept 'J9'" in fails("link", index, "--decisions", bad, code=1)
    two = tsv(tmp_path / "two.tsv", [("nurse", "J1"), ("NURSE", "J2")], ("query", "concept_id"))
    assert "line 3" in fails("link", index, "--decisions", two, code=1)
    names = tsv(tmp_path / "names.tsv", NAMES, ("concept_id", "name", "lang"))
    invoke("index", "build", names, "--encoder", "none", "--decisions", table, "-o", tmp_path / "OWN")
    assert [row["id"] for row in linked(tmp_path / "OWN", stdin="bread person\nnurse")] == ["J1", None]
    assert "decisions    2" in invoke("index", "info", tmp_path / "OWN").stdout


# -- the index -------------------------------------------------------------------------------------------------------
def test_generators_are_chosen_and_told(tmp_path, built):
    names = tsv(tmp_path / "names.tsv", NAMES, ("concept_id", "name", "lang"))
    invoke("index", "build", names, "--encoder", "none", "--generators", "lexical", "-o", tmp_path / "ONE")
    assert "generators   lexical" in invoke("index", "info", tmp_path / "ONE").stdout
    why = linked(tmp_path / "ONE", stdin="baker")[0]["candidates"][0]["why"]
    assert set(why) == {"lexical"}
    told = fails("index", "build", names, "--encoder", "none", "--generators", "dense", "-o", tmp_path / "TWO")
    assert "--encoder none makes no vectors" in told
    assert "no generator called 'x'" in fails("index", "build", names, "--generators", "x", "-o", tmp_path / "TWO")
    assert not (tmp_path / "TWO").exists()
    found = json.loads(invoke("index", "info", built, "--json").stdout)["linker"]["generators"]
    assert found[:2] == ["exact", "lexical"]


def test_adding_and_removing_reaches_every_generator(tmp_path, index, built):
    before = linked(index, stdin="gardener\nbaker\nplumber")
    assert before[0]["id"] is None
    more = tsv(
        tmp_path / "more.tsv", [("J9", "gardener", "en"), ("J1", "bread maker", "en")], ("concept_id", "name", "lang")
    )
    invoke("index", "add", index, more)
    added = linked(index, stdin="gardener\nbread maker")
    assert [row["id"] for row in added] == ["J9", "J1"]
    assert added[0]["candidates"][0]["why"].keys() >= {"exact", "lexical"}
    invoke("index", "remove", index, "--concept", "J9")
    invoke("index", "remove", index, "--name", "bread maker")
    assert linked(index, stdin="gardener\nbaker\nplumber") == before


def test_an_index_of_another_version_is_named(tmp_path, index):
    from textnorm.retrieval.storage import read_manifest

    def rewrite(change):
        reader = read_manifest(index)
        with changing.committing(index, based_on=reader.generation) as writer:
            writer.keep(*reader.parts)
            writer.meta.update(reader.meta)
            change(writer.meta)

    rewrite(lambda meta: meta["linker"].update(version=99))
    assert "linker of format 99" in fails("link", index, code=1)
    rewrite(lambda meta: meta.pop("linker"))
    assert "built without generators" in fails("link", index, code=1)


def test_python(built):
    import textnorm

    linker = textnorm.linking.Linker.load(built)
    assert [link.id for link in linker.link(["kepėjas"], k=1, langs=["lt"])] == ["J1"]


@pytest.mark.parametrize("lang", ["EN", "en-GB", "en_US", " en"])
def test_a_language_is_found_however_it_is_written(built, lang):
    linker = Linker.load(built)
    assert linker.link(["pipe fitters"], langs=[lang]) == linker.link(["pipe fitters"], langs=["en"])
    assert linker.link(["pipe fitters"], langs=[""]) == linker.link(["pipe fitters"])
    assert linker.kb.code("kk-Cyrl") == "kk"


@pytest.mark.parametrize(
    ("option", "told"), [({"min_p": 5}, "min_p"), ({"types": "job"}, "types"), ({"granularity": "x"}, "granularity")]
)
def test_wrong_options_in_python(built, option, told):
    with pytest.raises(UsageError, match=told):
        Linker.load(built).with_options(**option)


def test_what_is_no_text_is_named(built):
    with pytest.raises(UsageError, match="Text 1 is None"):
        Linker.load(built).link(["baker", None])


def test_a_decision_is_told_of_every_candidate(tmp_path, built):
    table = tsv(tmp_path / "mine.tsv", [("baker", ""), ("tailor", "J4")], ("query", "concept_id"))
    none, other = linked(built, "--decisions", table, "--types", "job", stdin="baker\ntailor\n")
    assert none["id"] is None
    assert [c["why"]["decision"] for c in none["candidates"]] == [False] * len(none["candidates"]) != []
    first = other["candidates"][0]
    assert (first["id"], first["name"], first["lang"]) == ("J4", "nurse", "en")
    assert list(first) == ["id", "name", "lang", "score", "p", "why"]
    assert [c["why"]["decision"] for c in other["candidates"]] == [True] + [False] * (len(other["candidates"]) - 1)
