"""``textnorm index``: build, add, remove, correct, upgrade, info; bad tables name the row, failures leave the index."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the extra 'linking' is not installed")
pytest.importorskip("scipy", reason="the extra 'linking' is not installed")

from textnorm.cli import main
from textnorm.encoders.features import FeatureSettings
from textnorm.encoders.static import StaticEncoder
from textnorm.linking.folder import open_folder
from textnorm.retrieval import changing
from textnorm.retrieval.correction import HubnessCorrector
from textnorm.retrieval.storage import opening

SMALL = FeatureSettings(buckets=4096)
#: Names of our own making.
CONCEPTS = {
    "J1": ["baker", "bread baker", "pastry baker"],
    "J2": ["tailor", "dress tailor"],
    "J3": ["software developer", "programmer", "coder"],
    "J4": ["nurse", "ward nurse"],
    "J5": ["plumber", "pipe fitter"],
    "J6": ["baker", "industrial baker"],
}


def invoke(*args, code=0, stdin=None):
    result = CliRunner().invoke(main, [str(a) for a in args], input=stdin)
    assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr, result.exception)
    assert "Traceback" not in result.output
    return result


def fails(*args, code=2):
    result = invoke(*args, code=code)
    assert result.stderr.startswith("error: "), result.stderr
    return result.stderr


def rows():
    return [(concept, name) for concept, found in CONCEPTS.items() for name in found]


def tsv(path, lines, header="concept_id\tname"):
    path.write_text("".join(f"{line}\n" for line in [header, *("\t".join(map(str, row)) for row in lines)]))
    return path


@pytest.fixture
def names(tmp_path):
    return tsv(tmp_path / "names.tsv", rows())


@pytest.fixture
def model(tmp_path):
    """A small untrained encoder: quick, and it knows n-grams."""
    StaticEncoder.untrained(SMALL, dim=32).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def index(tmp_path, names, model):
    invoke("index", "build", names, "-o", tmp_path / "INDEX", "--encoder", model)
    return tmp_path / "INDEX"


def info(folder):
    return json.loads(invoke("index", "info", folder, "--json").stdout)


def table(folder):
    return opening(folder, lambda reader: reader.table("names.arrow").to_pylist())


def nearest(folder, text, k=1):
    held = open_folder(folder)
    return list(held.dense.search(held.encoder().encode([text]), k).ids[0])


# -- build -----------------------------------------------------------------------------------------------------------
def test_build_by_default_trains_on_the_names(tmp_path, names):
    folder = tmp_path / "INDEX"
    said = invoke("index", "build", names, "-o", folder).stderr
    assert "14 names of 6 concepts, 13 vectors" in said
    meta = info(folder)
    assert (meta["names"], meta["concepts"], meta["texts"]) == (14, 6, 13)
    assert meta["encoder"]["spec"] == "static"
    assert meta["dense"]["count"] == 13
    assert meta["dense"]["factory"] == "Flat"
    assert meta["dense"]["correction"] is None
    # Trained: names of one concept without a common word find each other.
    assert nearest(folder, "programmer", 3)[0] == "programmer"
    assert set(nearest(folder, "programmer", 3)) == {"programmer", "coder", "software developer"}
    assert "6 concepts" in invoke("index", "info", folder, "--verify").stdout
    assert not list(folder.rglob("*.pkl"))


def test_build_is_the_same_every_time(tmp_path, names):
    for name in ("one", "two"):
        invoke("index", "build", names, "-o", tmp_path / name)
    files = [sorted(p.relative_to(tmp_path / n) for p in (tmp_path / n).rglob("*")) for n in ("one", "two")]
    assert files[0] == files[1]
    assert all(
        (tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes()
        for f in files[0]
        if (tmp_path / "one" / f).is_file()
    )


def test_build_reads_every_format_and_all_columns(tmp_path, model):
    full = [
        {"concept_id": "A", "name": "bread", "lang": "en", "kind": "preferred", "source": "ours", "weight": 0.5},
        {"concept_id": "A", "name": "duona", "lang": "lt", "kind": None, "source": None, "weight": None},
        {"concept_id": "B", "name": "milk", "lang": "en", "kind": "synonym", "source": "ours", "weight": 2.0},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n\n" for row in full))
    pq.write_table(pa.Table.from_pylist(full), tmp_path / "b.parquet")
    header = "name\tconcept_id\tlang\tkind\tsource\tweight\textra"
    lines = [
        (r["name"], r["concept_id"], r["lang"], r["kind"] or "", r["source"] or "", r["weight"] or "", "x")
        for r in full
    ]
    tsv(tmp_path / "c.tsv", lines, header)
    for name in ("a.jsonl", "b.parquet", "c.tsv"):
        invoke("index", "build", tmp_path / name, "-o", tmp_path / "out", "--encoder", model)
        assert table(tmp_path / "out") == full
    said = invoke(
        "index", "build", *(tmp_path / n for n in ("a.jsonl", "b.parquet", "c.tsv")), "-o", tmp_path / "all"
    ).stderr
    assert "6 rows are there twice" in said
    assert table(tmp_path / "all") == full
    assert "rarity" in said  # only one concept has two names


def test_numbers_as_ids_and_names_with_odd_characters(tmp_path, model):
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"concept_id": 7, "name": "café\u2028bar"})
        + "\n"
        + json.dumps({"concept_id": "8", "name": " x "})
        + "\n"
    )
    invoke("index", "build", tmp_path / "a.jsonl", "-o", tmp_path / "out", "--encoder", model)
    assert [(r["concept_id"], r["name"]) for r in table(tmp_path / "out")] == [("7", "café\u2028bar"), ("8", " x ")]
    assert nearest(tmp_path / "out", "café\u2028bar") == ["café\u2028bar"]


def test_concepts(tmp_path, names):
    concepts = tsv(tmp_path / "c.tsv", [("J1", "P1|P2", ""), ("J2", "", "craft")], "concept_id\tparents\ttypes")
    invoke("index", "build", names, "--concepts", concepts, "-o", tmp_path / "out", "--encoder", "none")
    found = opening(tmp_path / "out", lambda reader: reader.table("concepts.arrow").to_pylist())
    assert found == [
        {"concept_id": "J1", "parents": ["P1", "P2"], "types": [], "attributes": []},
        {"concept_id": "J2", "parents": [], "types": ["craft"], "attributes": []},
    ]


def test_without_vectors(tmp_path, names):
    folder = tmp_path / "out"
    assert "no vectors" in invoke("index", "build", names, "-o", folder, "--encoder", "none").stderr
    assert info(folder)["encoder"] is None
    assert "vectors      none" in invoke("index", "info", folder).stdout
    invoke("index", "add", folder, tsv(tmp_path / "more.tsv", [("J9", "welder")]))
    invoke("index", "remove", folder, "--concept", "J1")
    assert {r["concept_id"] for r in table(folder)} == {"J2", "J3", "J4", "J5", "J6", "J9"}
    assert "no vectors" in fails("index", "upgrade", folder, "--to", "static", code=1)
    assert "about vectors" in fails("index", "build", names, "-o", folder, "--encoder", "none", "--factory", "HNSW32")


def test_approximate_factories(tmp_path, model):
    many = tsv(tmp_path / "many.tsv", [(f"C{i}", f"name {i} of thing {i * 7919 % 1000}") for i in range(400)])
    folder = tmp_path / "out"
    parameters = ["--factory", "HNSW16", "--parameters", "efSearch=80"]
    invoke("index", "build", many, "-o", folder, "--encoder", model, *parameters)
    assert nearest(folder, "name 17 of thing 623") == ["name 17 of thing 623"]
    assert "HNSW16, efSearch=80" in invoke("index", "info", folder).stdout
    assert "'Wrong'" in fails("index", "build", many, "-o", folder, "--encoder", model, "--factory", "Wrong")
    assert info(folder)["dense"]["factory"] == "HNSW16"  # what was there is there


# -- add and remove --------------------------------------------------------------------------------------------------
def test_add_and_remove_equal_a_build_of_what_is_left(tmp_path, index, model):
    more = [("J9", "welder"), ("J9", "arc welder"), ("J1", "baker"), ("J2", "baker"), ("J2", "costume tailor")]
    said = invoke("index", "add", index, tsv(tmp_path / "more.tsv", more)).stderr
    assert "4 names added (3 new texts), 1 were there" in said
    said = invoke("index", "remove", index, "--concept", "J1", "--concept", "J4").stderr
    assert "5 names removed (4 texts, 2 whole concepts)" in said  # 'baker' is also a name of J6 and J2
    invoke("index", "remove", index, "--name", "pipe fitter")
    invoke("index", "remove", index, "--name", "baker", "--concept", "J2")
    left = [(r["concept_id"], r["name"]) for r in table(index)]
    gone = {("J5", "pipe fitter"), ("J2", "baker")}
    assert left == [row for row in [*rows(), *more[:2], *more[3:]] if row[0] not in ("J1", "J4") and row not in gone]
    invoke("index", "build", tsv(tmp_path / "left.tsv", left), "-o", tmp_path / "again", "--encoder", model)
    for query in ("baker", "welder of arcs", "nurse", "tailor"):
        mine, wanted = (open_folder(folder) for folder in (index, tmp_path / "again"))
        rows_ = mine.encoder().encode([query])
        a, b = mine.dense.search(rows_, 20), wanted.dense.search(rows_, 20)
        assert set(a.ids[0]) == set(b.ids[0]) == {name for _, name in left}
        np.testing.assert_array_equal(a.scores, b.scores)
    invoke("index", "info", index, "--verify")


def test_concepts_from_a_file_and_their_rows(tmp_path, names, model):
    concepts = tsv(tmp_path / "c.tsv", [(f"J{i}", "P") for i in range(1, 7)], "concept_id\tparents")
    folder = tmp_path / "out"
    invoke("index", "build", names, "--concepts", concepts, "-o", folder, "--encoder", model)
    (tmp_path / "gone.txt").write_text("J1\n\n  J2 \n")
    invoke("index", "remove", folder, "--concepts-from", tmp_path / "gone.txt")

    def held():
        found = opening(folder, lambda reader: reader.table("concepts.arrow").to_pylist())
        return {row["concept_id"]: row["parents"] for row in found}

    assert held() == {f"J{i}": ["P"] for i in range(3, 7)}
    more = tsv(tmp_path / "more.tsv", [("J9", "welder")])
    fresh = tsv(tmp_path / "c2.tsv", [("J9", "P"), ("J3", "Q|R")], "concept_id\tparents")
    invoke("index", "add", folder, more, "--concepts", fresh)
    assert held() == {"J3": ["Q", "R"], "J4": ["P"], "J5": ["P"], "J6": ["P"], "J9": ["P"]}


def test_what_others_put_into_the_folder_stays(tmp_path, index):
    reader = open_folder(index).reader
    with changing.committing(index, based_on=reader.generation) as writer:
        writer.keep(*reader.parts)
        writer.meta.update(reader.meta, calibration={"a": 1.5})
        writer.array("lexical/weights.npy", np.arange(3))
    invoke("index", "add", index, tsv(tmp_path / "more.tsv", [("J9", "welder")]))
    after = open_folder(index).reader
    assert after.meta["calibration"] == {"a": 1.5}
    np.testing.assert_array_equal(after.array("lexical/weights.npy"), np.arange(3))


# -- correction ------------------------------------------------------------------------------------------------------
BANK = [
    "bakes bread",
    "writes software",
    "mends pipes",
    "sews a dress",
    "cares for the ill",
    "codes",
    "tailoring",
    "ward",
]


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("is", ["--set", "beta=10"]),
        ("csls", ["--set", "k=3"]),
        ("dis", []),
        ("dual-dis", []),
        ("csls", ["--set", "k=3", "--gated"]),
    ],
)
def test_a_correction_follows_names_that_come_and_go(tmp_path, index, method, options):
    bank = tmp_path / "bank.txt"
    bank.write_text("\n".join([*BANK, "", BANK[0]]))
    invoke("index", "correct", index, "--bank", bank, "--method", method, *options)
    invoke("index", "add", index, tsv(tmp_path / "more.tsv", [("J9", "welder"), ("J9", "bread oven builder")]))
    invoke("index", "remove", index, "--concept", "J3")
    assert f"correction   {method}" in invoke("index", "info", index).stdout
    held = open_folder(index)
    found = held.dense.correction
    corrector = HubnessCorrector(method, **found.params)
    if method.startswith("dual"):
        wanted = held.corrector().correction()  # the gallery bank is that of the first fit
    else:
        wanted = corrector.fit(held.vectors(), held.encoder().encode(BANK))
    np.testing.assert_allclose(found.bias, wanted.bias, atol=1e-6)
    assert found.banks == wanted.banks
    assert (found.gate is None) == (wanted.gate is None)
    if found.gate is not None:
        np.testing.assert_array_equal(found.gate, wanted.gate)
    queries = held.encoder().encode(["bread", "pipes", "software"])
    got = held.dense.search(queries, 5)
    exact = wanted.apply(queries.astype(np.float64) @ held.vectors().astype(np.float64).T)
    np.testing.assert_allclose(got.scores, np.sort(exact, axis=1)[:, ::-1][:, :5], atol=1e-5)
    invoke("index", "correct", index, "--off")
    assert open_folder(index).dense.correction is None
    assert not [name for name in open_folder(index).reader.parts if "corrector" in name]


def test_correct_options(tmp_path, index):
    bank = tsv(tmp_path / "bank.tsv", [("a", "bread"), ("b", "pipes")], "id\tquery")
    invoke("index", "correct", index, "--bank", bank, "--method", "is")
    (tmp_path / "empty.txt").write_text("\n\n")
    assert "every line is empty" in fails("index", "correct", index, "--bank", tmp_path / "empty.txt", code=1)
    assert "Give --bank FILE" in fails("index", "correct", index)
    assert "Give --bank FILE" in fails("index", "correct", index, "--bank", bank, "--off")
    assert "NAME=NUMBER" in fails("index", "correct", index, "--bank", bank, "--set", "beta=hot")
    assert "no correction 'magic'" in fails("index", "correct", index, "--bank", bank, "--method", "magic")
    assert open_folder(index).dense.correction.method == "is"


def test_labelled_queries_choose_or_refuse(tmp_path, large):
    folder, _ = large
    bank = tmp_path / "bank.txt"
    bank.write_text("oak panels\nwindow panes\ncloth\nwire\nsweets\n")
    names = open_folder(folder).names.by_concept
    rows = [(f"the {found[0]}", concept) for concept, found in names.items()]
    dev = tsv(tmp_path / "dev.tsv", [*rows, ("nobody", "UNKNOWN")], "query\tconcept_ids")
    done = invoke("index", "correct", folder, "--bank", bank, "--dev", dev)
    assert "correction: " in done.stdout
    assert "gain in recall@1" in done.stdout
    assert "1 labelled queries have no concept of this index" in done.stderr
    chosen = open_folder(folder).dense.correction
    assert ("correction: none" in done.stdout) == (chosen is None)  # what is said is what is folded in

    few = tsv(tmp_path / "few.tsv", rows[:5], "query\tconcept_ids")
    assert "correction: none" in invoke("index", "correct", folder, "--bank", bank, "--dev", few).stdout
    stray = tsv(tmp_path / "stray.tsv", [("nobody", "UNKNOWN")], "query\tconcept_ids")
    assert "has a concept of this index" in fails("index", "correct", folder, "--bank", bank, "--dev", stray, code=1)
    bare = tsv(tmp_path / "bare.tsv", [("nobody", "")], "query\tconcept_ids")
    assert "concept_ids is empty" in fails("index", "correct", folder, "--bank", bank, "--dev", bare, code=1)
    assert "no 'concept_ids'" in fails(
        "index", "correct", folder, "--bank", bank, "--dev", tsv(tmp_path / "x.tsv", [("a", "b")], "query\tids")
    )
    assert "--dev chooses" in fails("index", "correct", folder, "--bank", bank, "--dev", dev, "--method", "is")
    assert "Give --bank FILE" in fails("index", "correct", folder, "--dev", dev)


# -- upgrade ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def large(tmp_path):
    """An index of names with common words, and a second model of the same kind with other numbers."""
    words = ["steel", "wood", "glass", "paper", "stone", "cotton", "leather", "copper", "sugar", "salt"]
    tools = ["cutter", "painter", "packer", "seller", "maker", "mender", "driver", "tester"]
    lines = [
        (f"C{i}{j}", name)
        for i, word in enumerate(words)
        for j, tool in enumerate(tools)
        for name in (f"{word} {tool}", f"senior {word} {tool}", f"{tool} of {word}")
    ]
    StaticEncoder.untrained(SMALL, dim=48).save(tmp_path / "old")
    StaticEncoder.untrained(SMALL, dim=64, seed=1).save(tmp_path / "new")
    folder = tmp_path / "LARGE"
    invoke("index", "build", tsv(tmp_path / "large.tsv", lines), "-o", folder, "--encoder", tmp_path / "old")
    return folder, tmp_path / "new"


def identity(path):
    return StaticEncoder.load(path).identity


@pytest.mark.parametrize("side", ["stored", "queries"])
def test_upgrade_by_a_map(tmp_path, large, side):
    folder, new = large
    before = info(folder)
    said = invoke("index", "upgrade", folder, "--to", new, "--side", side, "--pairs", "100", "--dry-run")
    assert "recall@10" in said.stdout
    assert "as it was" in said.stderr
    assert info(folder) == before
    said = invoke("index", "upgrade", folder, "--to", new, "--side", side, "--pairs", "100").stdout
    assert "overlap@10" in said
    meta = info(folder)
    assert meta["encoder"]["identity"] == identity(new)
    assert meta["upgrade"]["from"] == before["encoder"]["identity"]
    assert meta["upgrade"]["side"] == side
    kept = {kept["measure"]: kept for kept in meta["upgrade"]["kept"]}
    assert 0 < kept["recall@10"]["mapped"] <= 1
    assert f"map of the {side}" in invoke("index", "info", folder).stdout
    # New names go into the space of the stored ones, and queries find them.
    invoke("index", "add", folder, tsv(tmp_path / "more.tsv", [("X", "velvet weaver")]))
    held = open_folder(folder)
    queries = held.encoder().encode(["velvet weaver"])
    hits = held.dense.search(queries, 1)
    assert hits.ids[0, 0] == "velvet weaver"
    assert hits.raw[0, 0] == pytest.approx(1, abs=1e-5)
    assert queries.shape[1] == 64
    # Later, all anew.
    invoke("index", "upgrade", folder, "--reembed")
    held = open_folder(folder)
    assert held.dense.dim == 64
    assert held.dense.query_map is None
    assert info(folder)["upgrade"] is None
    np.testing.assert_array_equal(held.vectors(), held.encoder().encode(held.dense.ids))
    assert not (folder / ".reembed").exists()


def test_reembedding_can_be_stopped_and_goes_on(large, monkeypatch):
    folder, new = large
    before = open_folder(folder)
    monkeypatch.setattr("textnorm.retrieval.upgrade.BLOCK", 50)
    encode, calls = StaticEncoder.encode, []

    def stopping(self, texts):
        calls.append(len(texts))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return encode(self, texts)

    monkeypatch.setattr(StaticEncoder, "encode", stopping)
    assert "interrupted" in invoke("index", "upgrade", folder, "--to", new, "--reembed", code=130).stderr
    after = open_folder(folder)
    assert after.reader.generation == before.reader.generation
    assert after.spec == before.spec
    calls.clear()
    calls.extend([0] * 10)
    invoke("index", "upgrade", folder, "--to", new, "--reembed")
    assert calls[10:] == [50, 40]  # 240 texts in blocks of 50, three were done
    assert open_folder(folder).spec["identity"] == identity(new)


def test_upgrade_of_a_corrected_index_says_that_the_correction_is_gone(tmp_path, large):
    folder, new = large
    bank = tmp_path / "bank.txt"
    bank.write_text("wood\nglass\npaper\n")
    invoke("index", "correct", folder, "--bank", bank, "--method", "is")
    assert (
        "correction was fitted in the old space"
        in invoke("index", "upgrade", folder, "--to", new, "--pairs", "80").stderr
    )
    assert open_folder(folder).dense.correction is None
    invoke("index", "add", folder, tsv(tmp_path / "more.tsv", [("X", "velvet weaver")]))


def test_upgrade_refuses(large, index):
    folder, new = large
    assert "Name the new encoder" in fails("index", "upgrade", folder)
    assert "makes no sense" in fails("index", "upgrade", folder, "--to", "none")
    assert "exclude" in fails("index", "upgrade", folder, "--reembed", "--dry-run")
    assert "already" in fails("index", "upgrade", folder, "--to", folder.parent / "old")
    assert "needs 40 texts at least" in fails("index", "upgrade", index, "--to", new, code=1)


# -- bad input -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "text", "words", "code"),
    [
        ("a.tsv", "concept_id\tname\nA\tbread\n\tmilk\n", "a.tsv, line 3: concept_id is empty", 1),
        ("a.tsv", "concept_id\tname\nA\tbread\nB\t \n", "a.tsv, line 3: name is empty", 1),
        ("a.tsv", "concept_id\tname\tweight\nA\tbread\tmuch\n", "line 2: weight is 'much', no number", 1),
        ("a.tsv", "concept_id\tname\tweight\nA\tbread\t-1\n", "line 2: weight is -1; it must be 0 or more", 1),
        ("a.tsv", "concept_id\tname\tweight\nA\tbread\tnan\n", "line 2: weight is nan", 1),
        ("a.tsv", "concept_id\tname\nA\tbread\tmore\n", "line 2: 3 fields, but the header has 2", 1),
        ("a.tsv", "id\tname\nA\tbread\n", "there is no 'concept_id'. Known: id, name", 2),
        ("a.tsv", "concept_id\tlabel\nA\tbread\n", "there is no column 'name'", 2),
        ("a.tsv", "concept_id\tname\n", "there is no name", 1),
        ("a.tsv", "", "empty", 1),
        ("a.jsonl", '{"concept_id": "A", "name": 3}\n', "line 1: the field 'name' is no text", 1),
        (
            "a.jsonl",
            '{"concept_id": "A", "name": "x"}\n{"concept_id": true, "name": "y"}\n',
            "line 2: concept_id is True",
            1,
        ),
        ("a.jsonl", '{"concept_id": "A", "name": "x", "lang": ["en"]}\n', "line 1: lang is ['en'], no text", 1),
        ("a.jsonl", '{"concept_id": "A", "name": "\\ud800"}\n', "line 1: name holds half a surrogate pair", 1),
        ("a.jsonl", '{"concept_id": "A", "name": "x"\n', "line 1: no JSON", 1),
        ("a.txt", "bread\n", "Names need columns", 2),
    ],
)
def test_bad_names(tmp_path, index, name, text, words, code):
    path = tmp_path / name
    path.write_text(text)
    before = info(index)
    assert words in fails("index", "build", path, "-o", tmp_path / "out", code=code)
    assert not (tmp_path / "out").exists()
    assert words in fails("index", "add", index, path, code=code)
    assert info(index) == before


def test_bad_concepts(tmp_path, names):
    twice = tsv(tmp_path / "c.tsv", [("J1", "P"), ("J1", "Q")], "concept_id\tparents")
    message = fails("index", "build", names, "--concepts", twice, "-o", tmp_path / "out", code=1)
    assert "c.tsv, line 3: the concept 'J1' has a row already" in message
    (tmp_path / "c.jsonl").write_text('{"concept_id": "J1", "parents": 5}\n')
    message = fails("index", "build", names, "--concepts", tmp_path / "c.jsonl", "-o", tmp_path / "out", code=1)
    assert "line 1: parents is 5" in message


def test_places_and_things_that_are_not_there(tmp_path, names, index):
    assert "no such file" in fails("index", "build", tmp_path / "none.tsv", "-o", tmp_path / "out")
    assert "does not exist" in fails("index", "build", names, "-o", tmp_path / "no" / "out", "--encoder", "none")
    assert "is a file" in fails("index", "build", names, "-o", names)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "thesis.txt").write_text("x")
    assert "holds no index" in fails("index", "build", names, "-o", tmp_path / "docs", "--encoder", "none")
    assert "There is no index" in fails("index", "info", tmp_path / "none")
    assert "There is no index" in fails("index", "add", tmp_path / "none", names)
    assert "no manifest.json" in fails("index", "info", tmp_path / "docs")
    assert "no concept 'J77'" in fails("index", "remove", index, "--concept", "J77", code=1)
    assert "no name 'butcher'" in fails("index", "remove", index, "--name", "butcher", code=1)
    assert "nothing is removed" in fails("index", "remove", index, "--name", "nurse", "--concept", "J1", code=1)
    everything = [argument for i in range(1, 7) for argument in ("--concept", f"J{i}")]
    assert "remove every name" in fails("index", "remove", index, *everything, code=1)
    assert "Say what to remove" in fails("index", "remove", index)
    said = fails("index", "build", names, "-o", tmp_path / "out", "--encoder", tmp_path / "nothing")
    assert f"There is no model folder {tmp_path / 'nothing'}" in said


def test_a_damaged_index_is_named_and_a_new_build_mends_it(names, index, model):
    path = opening(index, lambda reader: reader.path("dense/rows-0.npy"))
    raw = path.read_bytes()
    path.write_bytes(raw[:-10])
    assert "cut off" in fails("index", "info", index, code=1)
    assert "cut off" in fails("index", "add", index, names, code=1)
    path.write_bytes(raw[:-1] + b"\0")
    invoke("index", "info", index)
    assert "not what was written" in fails("index", "info", index, "--verify", code=1)
    invoke("index", "build", names, "-o", index, "--encoder", model)
    invoke("index", "info", index, "--verify")


def test_another_model_under_the_same_name_is_refused(tmp_path, index, monkeypatch):
    """The manifest's encoder and the folder's differ: both identities are named."""
    other = StaticEncoder.untrained(SMALL, dim=32, seed=5)
    monkeypatch.setattr("textnorm.linking.folder.load", lambda spec: other)
    message = fails("index", "add", index, tsv(tmp_path / "more.tsv", [("J9", "welder")]))
    assert other.identity in message
    assert info(index)["encoder"]["identity"] in message


def test_a_failure_in_the_middle_leaves_the_index(tmp_path, names, index, monkeypatch):
    before = info(index)
    monkeypatch.setattr(StaticEncoder, "encode", lambda self, texts: (_ for _ in ()).throw(MemoryError))
    fails("index", "build", names, "-o", index, "--encoder", "static", code=1)
    fails("index", "add", index, tsv(tmp_path / "more.tsv", [("J9", "welder")]), code=1)
    assert info(index) == before
    invoke("index", "info", index, "--verify")
    fails("index", "build", names, "-o", tmp_path / "fresh", code=1)
    assert not (tmp_path / "fresh").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".tmp")]
