"""Columns of Arrow batches linked; the component textnorm.linker.v1."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass, field

import pyarrow as pa
import pytest

import textnorm
from textnorm.arrow import normalize_batches
from textnorm.config import load
from textnorm.conformance import check
from textnorm.errors import ConfigError, UsageError
from textnorm.linking.step import LinkColumn, LinkStep, Query, candidates_type, link_batches


@dataclass
class Candidate:
    id: str
    name: str
    lang: str | None = None
    score: float = 1.0
    p: float = 0.9
    why: dict = field(default_factory=dict)


@dataclass
class Link:
    query: str
    id: str | None
    p: float
    candidates: list


class Counting:
    """A linker that links a text to itself, and counts what it is asked."""

    def __init__(self):
        self.asked = []

    def link(self, texts, k=10, *, langs=None, contexts=None, attributes=None):
        self.asked += list(zip(texts, langs, contexts, attributes, strict=True))
        return [Link(t, t.lower() or None, 0.5, [Candidate(t.lower(), t)][:k] if t else []) for t in texts]


def batches(*columns, names=("title",)):
    return [pa.RecordBatch.from_arrays([pa.array(c) for c in columns], names=list(names))]


def test_equal_rows_are_linked_once_and_nulls_stay_null():
    linker = Counting()
    (out,) = link_batches(batches(["Cook", None, "cook", "Cook", ""]), linker, "title")
    assert out.schema.names == ["title", "title_link_id", "title_link_name", "title_link_p", "title_link_candidates"]
    assert out.column("title_link_id").to_pylist() == ["cook", None, "cook", "cook", None]
    assert out.column("title_link_name").to_pylist() == ["Cook", None, "cook", "Cook", None]
    assert out.column("title_link_p").to_pylist() == [0.5, None, 0.5, 0.5, 0.5]
    assert out.column("title_link_candidates").to_pylist()[1] is None
    assert [text for text, *_ in linker.asked] == ["Cook", "cook", ""]


def test_rows_of_another_language_or_context_are_other_rows():
    linker = Counting()
    given = batches(["a", "a", "a"], ["lt", "en", "lt"], ["x", "x", None], names=["title", "lang", "context"])
    (out,) = link_batches(given, linker, "title", lang_column="lang", context_column="context")
    assert linker.asked == [("a", "lt", "x", ()), ("a", "en", "x", ()), ("a", "lt", None, ())]
    assert out.num_rows == 3


def test_attributes_are_lists_or_joined_texts():
    linker = Counting()
    list(
        link_batches(
            batches(["a"], [["x", "y"]], names=["title", "skills"]), linker, "title", attributes_column="skills"
        )
    )
    list(link_batches(batches(["a"], ["x| y"], names=["title", "skills"]), linker, "title", attributes_column="skills"))
    assert [attributes for *_, attributes in linker.asked] == [("x", "y"), ("x", "y")]
    with pytest.raises(UsageError, match="neither text nor lists"):
        list(link_batches(batches(["a"], [1], names=["title", "skills"]), linker, "title", attributes_column="skills"))


def test_how_rows_are_cut_makes_no_difference():
    texts = [f"job {i % 7}" for i in range(50)]
    whole = pa.Table.from_batches(link_batches(batches(texts), Counting(), "title"))
    cut = [pa.RecordBatch.from_arrays([pa.array(texts[i : i + 3])], names=["title"]) for i in range(0, 50, 3)]
    assert pa.Table.from_batches(link_batches(cut, Counting(), "title")).combine_chunks() == whole.combine_chunks()


def test_the_memory_of_answers_is_bounded():
    linker = Counting()
    step = LinkStep(linker, 1, memo=10)
    queries = [Query(str(i % 15)) for i in range(45)]
    want = [str(i % 15) for i in range(45)]
    assert [answer.id for at in range(0, 45, 5) for answer in step(queries[at : at + 5])] == want
    assert len(step._known) <= 10
    assert 15 < len(linker.asked) <= 45


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"column": "job"}, "no column 'job'"),
        ({"column": "n"}, "is int64, not text"),
        ({"column": "title", "lang_column": "code"}, "no column 'code'"),
        ({"column": "title", "lang": "lt", "lang_column": "title"}, "either lang or lang_column"),
        ({"column": "title", "k": 0}, "k is 0"),
    ],
)
def test_wrong_options_say_so(options, told):
    with pytest.raises(UsageError, match=told):
        list(link_batches(batches(["a"], [1], names=["title", "n"]), Counting(), **options))


def test_columns_of_the_new_names_are_replaced_only_on_demand():
    given = batches(["A"], ["old"], names=["title", "title_link_id"])
    with pytest.raises(UsageError, match="'title_link_id' already"):
        list(link_batches(given, Counting(), "title"))
    (out,) = link_batches(given, Counting(), "title", overwrite_columns=True)
    assert out.schema.names[:2] == ["title", "title_link_id"]
    assert out.column("title_link_id").to_pylist() == ["a"]
    facts = json.loads(out.schema.metadata[b"textnorm"])
    assert facts["title_link"] == {"k": 10, "textnorm": textnorm.__version__}


# -- with an index ---------------------------------------------------------------------------------------------------
def test_a_column_is_linked_to_an_index(occupations):
    from textnorm.linking.linker import Linker

    titles = ["vyr. buhalterė", "pavāre", None, "vyr. buhalterė"]
    (out,) = link_batches(batches(titles), Linker.load(occupations), "title", k=2, lang="lt")
    assert out.column("title_link_id").to_pylist() == ["O46", "O56", None, "O46"]
    assert out.schema.field("title_link_candidates").type == candidates_type()
    assert all(len(found) <= 2 for found in out.column("title_link_candidates").to_pylist() if found)


def config(folder, index, **options):
    path = folder / "link.cfg"
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in options.items())
    path.write_text(
        '[textnorm]\nname = "link"\nlang = "lt"\npipeline = ["linker"]\n\n[components]\n\n[components.linker]\n'
        f'@normalizers = "textnorm.linker.v1"\nindex = {json.dumps(str(index))}\n{lines}',
        encoding="utf-8",
    )
    return path


def test_a_pipeline_annotates_cells_or_replaces_them(tmp_path, occupations):
    note = load(str(config(tmp_path, occupations, lang="en")))
    out = note("  vyr. buhalterė ")
    assert out.text == out.source
    (edit,) = out.edits
    assert (edit.start, edit.end, edit.replacement, edit.label) == (2, 16, None, "LINK")
    assert edit.value["id"] == "O46"
    assert edit.value["name"] == "accountant"
    assert edit.confidence == pytest.approx(edit.value["p"])
    name = load(str(config(tmp_path, occupations, lang="en", replace="name")))
    assert name("  vyr. buhalterė ").text == "  accountant "
    assert name("accountant").text == "accountant"
    ids = load(str(config(tmp_path, occupations, replace="id")))
    assert ids("pavāre").text == "O56"


def test_what_is_none_of_the_base_is_an_abstention(tmp_path, occupations):
    nlp = load(str(config(tmp_path, occupations, lang="lv", replace="name")))
    (batch,) = normalize_batches(batches(["qwxz 123", "pavārs", " "]), nlp, "title")
    assert batch.column("title_status").to_pylist() == ["abstained", "unchanged", "unchanged"]
    none = json.loads(batch.column("title_edits").to_pylist()[0][0]["value"])
    assert none["id"] is None
    assert none["abstained"] is True


def test_the_fingerprint_is_that_of_the_index(tmp_path, occupations):
    import shutil

    from textnorm.linking.folder import remove

    copy = tmp_path / "copy.index"
    shutil.copytree(occupations, copy)
    before = load(str(config(tmp_path, copy))).versions
    remove(copy, {"O60"}, set())
    assert load(str(config(tmp_path, copy))).versions != before


def test_the_component_keeps_the_contract(occupations):
    from textnorm.linking.normalizer import make_linker

    assert check(make_linker(str(occupations), replace="name"), ["vyr. buhalterė", " pavāre"]) == []


def test_a_run_links_a_column(tmp_path, occupations):
    import pyarrow.parquet as pq

    from textnorm.streaming.formats import Unit
    from textnorm.streaming.plans import parse_step
    from textnorm.streaming.run import RunOptions, run
    from textnorm.streaming.steps import Plan

    source = tmp_path / "a.parquet"
    texts = ["pavāre", None, "qwxz 123", "vyr. buhalterė"] * 5
    pq.write_table(pa.table({"title": texts, "n": list(range(20))}), source, row_group_size=3)
    step = parse_step(f"title=link:{occupations}").build()
    assert pickle.loads(pickle.dumps(step)).facts == step.facts
    run([Unit(source, "a.parquet")], tmp_path / "out", Plan((step,)), RunOptions())
    got = pq.read_table(tmp_path / "out" / "a.parquet")
    assert got["title_link_id"].to_pylist() == ["O56", None, None, "O46"] * 5
    assert got.schema.field("title_link_candidates").type == candidates_type()
    assert got["n"].to_pylist() == list(range(20))


def test_the_step_of_a_run_in_words(tmp_path, occupations):
    from textnorm.streaming.plans import parse_step

    with pytest.raises(UsageError, match="needs an index"):
        parse_step("title=link:").build()
    with pytest.raises(UsageError, match="There is no index"):
        parse_step(f"title=link:{tmp_path / 'none'}").build()
    with pytest.raises(UsageError, match="Options of the step link"):
        LinkColumn("title", str(occupations), k=0)
    with pytest.raises(UsageError, match="is int64, not text"):
        LinkColumn("title", str(occupations)).fields(pa.field("title", pa.int64()))


@pytest.mark.parametrize("options", [{"replace": "text"}, {"k": 0}, {"min_p": 2.0}])
def test_wrong_options_of_the_component(occupations, options):
    from textnorm.linking.normalizer import make_linker

    with pytest.raises(ConfigError, match=next(iter(options))):
        make_linker(str(occupations), **options)


def test_an_index_that_is_not_there(tmp_path):
    from textnorm.linking.normalizer import make_linker

    with pytest.raises(UsageError, match="There is no index"):
        make_linker(str(tmp_path / "none"))
