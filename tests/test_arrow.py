"""Arrow streaming: columns, types, nulls, status, metadata, and independence from how rows are cut."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
import toys
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.arrow import normalize_batches, output_schema
from textnorm.edits import Edits
from textnorm.edits.serialise import arrow_type
from textnorm.errors import DataError, UsageError
from textnorm.pipeline import Pipeline

FIVE = toys.Replace("5", "penki", "five", "NUM")


def pipe(*components):
    return Pipeline([(f"c{i}", c) for i, c in enumerate(components)], name="test")


NLP = pipe(FIVE, toys.Boom(), toys.Abstain())


def batch(texts, kind=None, **columns):
    return pa.RecordBatch.from_pydict({"id": list(range(len(texts))), "text": pa.array(texts, kind), **columns})


def run(batches, nlp=NLP, **options):
    return pa.Table.from_batches(list(normalize_batches(batches, nlp, **options)))


def test_columns_are_kept_in_order_and_new_ones_follow():
    out = run([batch(["a 5", None, "b", "?", ""], lang=["lt"] * 5)])
    assert out.column_names == ["id", "text", "lang", "text_norm", "text_edits", "text_status"]
    assert out["text"].to_pylist() == ["a 5", None, "b", "?", ""]
    assert out["text_norm"].to_pylist() == ["a penki", None, "b", "?", ""]
    assert out["text_status"].to_pylist() == ["changed", None, "unchanged", "abstained", "unchanged"]
    edits = out["text_edits"].to_pylist()
    assert edits[0] == [
        {"start": 2, "end": 3, "replacement": "penki", "label": "NUM", "rule": "five", "confidence": 1.0, "value": None}
    ]
    assert (edits[1], edits[2]) == (None, [])
    assert json.loads(edits[3][0]["value"]) == {"abstained": True}
    assert out.schema.field("text_edits").type == arrow_type()
    assert Edits.from_arrow(out["text_edits"]).count == 2


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
    ],
)
def test_every_kind_of_text_column(kind):
    texts = ["a 5", None, "ąž", "ąž"]
    array = pa.array(texts).dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else pa.array(texts, kind)
    out = run([batch(array)])
    assert out["text_norm"].to_pylist() == ["a penki", None, "ąž", "ąž"]
    assert out.schema.field("text").type == kind
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    assert out.schema.field("text_norm").type == plain
    out.validate(full=True)


def test_a_sliced_batch_and_a_column_of_nulls():
    sliced = batch(["5", "a", None, "5"]).slice(1, 3)
    assert run([sliced])["text_norm"].to_pylist() == ["a", None, "penki"]
    assert run([batch([None, None])])["text_status"].to_pylist() == [None, None]


def test_schema_metadata_names_pipeline_and_versions_and_keeps_the_old():
    source = batch(["5"]).replace_schema_metadata({b"pandas": b"{}"})
    metadata = run([source]).schema.metadata
    assert metadata[b"pandas"] == b"{}"
    said = json.loads(metadata[b"textnorm"])["text"]
    assert said["pipeline"] == "test"
    assert said["fingerprint"] == NLP.fingerprint
    assert said["components"] == {"test.replace.v1": "1", "test.boom.v1": "1", "test.abstain.v1": "1"}
    assert set(said) == {"pipeline", "fingerprint", "textnorm", "components"}


def test_a_second_column_adds_its_own_metadata():
    first = normalize_batches([batch(["5"], title=["5 a"])], NLP)
    out = run(first, column="title")
    assert sorted(json.loads(out.schema.metadata[b"textnorm"])) == ["text", "title"]
    assert out["title_norm"].to_pylist() == ["penki a"]


def test_output_schema_is_the_schema_that_comes_out():
    source = batch(["5"])
    assert output_schema(source.schema, NLP).equals(run([source]).schema, check_metadata=True)


def test_missing_and_wrong_columns():
    with pytest.raises(UsageError, match=r"no column 'txt'. Did you mean 'text'\? Known: id, text"):
        run([batch(["5"])], column="txt")
    with pytest.raises(UsageError, match="'id' is int64, not text"):
        run([batch(["5"])], column="id")
    with pytest.raises(UsageError, match="no column 'doc'"):
        run([batch(["5"])], document_column="doc")
    twice = pa.RecordBatch.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    with pytest.raises(UsageError, match="2 columns 'text'"):
        run([twice])


def test_an_existing_column_is_an_error_unless_overwritten():
    source = batch(["5"], text_norm=["old"], tail=[1])
    with pytest.raises(UsageError, match=r"'text_norm' already.*overwrite"):
        run([source])
    out = run([source], overwrite_columns=True)
    assert out.column_names == ["id", "text", "text_norm", "tail", "text_edits", "text_status"]
    assert out["text_norm"].to_pylist() == ["penki"]


def test_bad_rows_stop_or_are_set_aside():
    source = [batch(["5", "a"]), batch(["boom", "5"])]
    with pytest.raises(DataError, match=r"Row 2: .*it said boom"):
        run(source)
    seen = []
    out = run(source, on_error="quarantine", on_quarantine=lambda *facts: seen.append(facts))
    assert out["text_norm"].to_pylist() == ["penki", "a", None, "penki"]
    assert out["text_status"].to_pylist() == ["changed", "unchanged", "quarantined", "changed"]
    assert out["text_edits"].to_pylist()[2] is None
    assert [(row, text) for row, _, text in seen] == [(2, "boom")]


def cuts(draw_texts, sizes):
    whole = batch(draw_texts[0], doc=draw_texts[1])
    at = 0
    for size in [*sizes, len(whole)]:
        yield whole.slice(at, size)
        at += size
        if at >= len(whole):
            return


TEXT = st.one_of(st.none(), st.text(alphabet="5#?aą𝄞 ", max_size=6), st.just("boom"))
ROWS = st.lists(st.tuples(TEXT, st.sampled_from(["x", "x", "y", None])), min_size=1, max_size=14)


@settings(max_examples=120, deadline=None)
@given(ROWS, st.lists(st.integers(0, 5), max_size=8), st.booleans())
def test_the_same_result_however_rows_are_cut(rows, sizes, by_document):
    nlp = pipe(FIVE, toys.Count(), toys.Boom(), toys.Abstain())
    columns = [list(column) for column in zip(*rows, strict=True)]
    options = {"on_error": "quarantine", "document_column": "doc" if by_document else None}
    whole = run([batch(columns[0], doc=columns[1])], nlp, **options)
    parts = run(cuts(columns, sizes), nlp, **options)
    assert parts.combine_chunks().equals(whole.combine_chunks())
    good = [i for i, status in enumerate(whole["text_status"].to_pylist()) if status not in (None, "quarantined")]
    edits = Edits.from_arrow(whole["text_edits"])
    assert [edits.apply(["" if t is None else t for t in columns[0]])[i] for i in good] == [
        whole["text_norm"].to_pylist()[i] for i in good
    ]


def test_documents_that_go_on_over_many_batches_with_dictionary_columns():
    ids = ["a", "a", "a", "a", "b", "b", "c"]
    parts = [pa.RecordBatch.from_pydict({"text": ["#"], "doc": pa.array([i]).dictionary_encode()}) for i in ids]
    out = run(parts, pipe(toys.Count()), document_column="doc")
    assert out["text_norm"].to_pylist() == ["1", "2", "3", "4", "1", "2", "1"]
    assert out["doc"].to_pylist() == ids


def test_big_offsets_stay_right_when_rows_are_set_aside():
    texts = [None if i % 7 == 0 else ("boom" if i % 11 == 0 else "5 " * (i % 4)) for i in range(300)]
    out = run([batch(texts)], on_error="quarantine")
    out.validate(full=True)
    counts = [None if edits is None else len(edits) for edits in out["text_edits"].to_pylist()]
    expected = [None if t is None or t == "boom" else t.count("5") for t in texts]
    assert counts == expected
    assert np.sum([c or 0 for c in counts]) > 100
