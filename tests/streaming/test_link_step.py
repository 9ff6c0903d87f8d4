"""Linking as a step of a run: the columns of ``link_batches``, beside a column that is normalized."""

from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_commands import invoke

from textnorm.config import load
from textnorm.errors import UsageError
from textnorm.streaming.formats import Unit
from textnorm.streaming.plans import parse_step
from textnorm.streaming.run import RunOptions, run
from textnorm.streaming.steps import Normalize, Plan

KB = Path(__file__).parents[2] / "corpora" / "kb" / "trades.tsv"


def test_a_run_links_one_column_and_reads_another(tmp_path):
    pytest.importorskip("faiss", reason="faiss is not installed (extra 'linking')")
    from textnorm.linking.linker import Linker
    from textnorm.linking.step import link_batches

    index = tmp_path / "index"
    invoke("index", "build", KB, "-o", index)
    data = pa.table({"title": ["bread baker", None, "plumer", "kepėjas"], "body": ["15 Eur", "b", None, "3 kg"]})
    pq.write_table(data, tmp_path / "a.parquet", row_group_size=2)
    step = parse_step(f"title=link:{index}").build()
    assert pickle.loads(pickle.dumps(step)).facts == step.facts
    plan = Plan((step, Normalize("body", load("lt-speech"))))
    run([Unit(tmp_path / "a.parquet", "a.parquet")], tmp_path / "out", plan, RunOptions())
    got = pq.read_table(tmp_path / "out" / "a.parquet")
    expected = pa.Table.from_batches(list(link_batches(data.to_batches(), Linker.load(index), "title")))
    names = ["title_link_id", "title_link_name", "title_link_p", "title_link_candidates"]
    assert got.column_names == ["title", "body", *names, "body_norm", "body_edits", "body_status"]
    assert got.select(names).to_pylist() == expected.select(names).to_pylist()
    assert got["title_link_id"].to_pylist()[:2] == ["T01", None]
    with pytest.raises(UsageError, match="k of 1 or more"):
        type(step)("title", str(index), k=0)


def test_a_link_step_needs_an_index(tmp_path):
    with pytest.raises(UsageError, match="needs an index"):
        parse_step("title=link:").build()
    with pytest.raises(UsageError):
        parse_step(f"title=link:{tmp_path}").build()
