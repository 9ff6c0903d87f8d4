"""The step that encodes a column: vectors as Arrow, rows of several row groups at once, a GPU never needed."""

from __future__ import annotations

import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textnorm import registry
from textnorm.encoders.step import EncodeStep
from textnorm.errors import UsageError
from textnorm.streaming.formats import Unit
from textnorm.streaming.plans import parse_step
from textnorm.streaming.run import RunOptions, run
from textnorm.streaming.steps import Plan


class Lengths:
    """An encoder by sight: the number of letters and of spaces, scaled; it keeps how many texts it was given."""

    identity, dim = "test lengths 1", 2
    calls: list[int] = []  # noqa: RUF012

    def encode(self, texts):
        self.calls.append(len(texts))
        rows = np.array([[len(text) + 1, text.count(" ") + 1] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@registry.encoders.register("test.lengths.v1", replace=True)
def make_lengths():
    return Lengths()


TEXTS = [None if i % 9 == 4 else "a b" * (i % 5) for i in range(300)]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_vectors_of_a_column(tmp_path, dtype):
    pq.write_table(pa.table({"text": TEXTS}), tmp_path / "a.parquet", row_group_size=20)
    Lengths.calls.clear()
    plan = Plan((EncodeStep("text", "test.lengths.v1", dtype=dtype),))
    run([Unit(tmp_path / "a.parquet", "a.parquet")], tmp_path / "out", plan, RunOptions())
    assert Lengths.calls == [sum(text is not None for text in TEXTS)]  # fifteen row groups, one call
    got = pq.read_table(tmp_path / "out" / "a.parquet")
    assert got.schema.field("text_vector").type == pa.list_(getattr(pa, dtype)(), 2)
    expected = [None if text is None else Lengths().encode([text])[0] for text in TEXTS]
    for vector, row in zip(got["text_vector"].to_pylist(), expected, strict=True):
        assert (vector is None) == (row is None)
        if vector is not None:
            assert np.allclose(vector, row, atol=1e-3)
    with pq.ParquetFile(tmp_path / "out" / "a.parquet") as file:
        assert file.metadata.num_row_groups == 15


def test_a_step_is_sent_without_its_encoder():
    step = EncodeStep("text", "test.lengths.v1")
    sent = pickle.dumps(step)
    assert b"Lengths" not in sent
    assert pickle.loads(sent).facts == {"encoder": "test lengths 1", "dim": 2, "dtype": "float32"}


def test_the_step_in_words():
    assert parse_step("text=encode:test.lengths.v1").build().kind == "encode"
    with pytest.raises(UsageError, match="needs an encoder"):
        parse_step("text=encode:").build()
    with pytest.raises(UsageError, match="float32 or float16, not int8"):
        EncodeStep("text", "test.lengths.v1", dtype="int8")
