"""Parquet files put together by their pages: the same rows, statistics and types, and the same bytes each time."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.errors import DataError
from textnorm.streaming.footer import Joiner, read_footer


def table(n, start=0):
    rows = range(start, start + n)
    return pa.table(
        {
            "id": pa.array(rows, pa.int64()),
            "text": pa.array([None if i % 5 == 0 else f"ąž {i % 7}" for i in rows], pa.string_view()),
            "kind": pa.array([f"k{i % 3}" for i in rows], pa.string()).dictionary_encode(),
            "list": pa.array([[f"x{i}"] * (i % 3) for i in rows], pa.list_(pa.string())),
            "struct": pa.array(
                [{"a": i / 2, "b": str(i)} for i in rows], pa.struct({"a": pa.float64(), "b": pa.string()})
            ),
            "flag": pa.array([i % 2 == 0 for i in rows], pa.bool_()),
        }
    ).replace_schema_metadata({"who": "us"})


def piece(data, **options):
    sink = io.BytesIO()
    pq.write_table(data, sink, **options)
    return sink


def join(pieces):
    out = io.BytesIO()
    joiner = Joiner(out)
    for k, one in enumerate(pieces):
        joiner.add(one, f"piece {k}")
    joiner.close()
    return out


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=8),
    st.integers(1, 50),
    st.sampled_from(["snappy", "zstd", "none", "gzip"]),
    st.booleans(),
)
def test_what_is_put_together_reads_as_one_file(sizes, group, codec, index):
    whole = table(sum(sizes))
    pieces, at = [], 0
    for size in sizes:
        options = {"row_group_size": group, "compression": codec, "write_page_index": index}
        pieces.append(piece(whole.slice(at, size), **options))
        at += size
    out = join(pieces)
    assert join(pieces).getvalue() == out.getvalue()
    with pq.ParquetFile(out) as file:
        got = file.read()
        got.validate(full=True)
        assert got.equals(whole)
        assert got.schema.metadata == whole.schema.metadata
        assert file.metadata.num_row_groups == sum(max(1, -(-size // group)) for size in sizes)
        column = [file.metadata.row_group(k).column(0) for k in range(file.metadata.num_row_groups)]
        ends = [one.statistics.max for one in column if one.statistics is not None and one.statistics.has_min_max]
        assert ends == sorted(ends)
        for k in range(file.metadata.num_row_groups):  # every group by itself, by its own offsets
            assert file.read_row_group(k).num_rows == file.metadata.row_group(k).num_rows
    if len(whole):  # a filter reads the statistics
        assert pq.read_table(out, columns=["id"], filters=[("id", ">=", len(whole) - 1)]).num_rows == 1


def test_pieces_of_another_schema_are_refused():
    with pytest.raises(DataError, match="other: another schema"):
        joiner = Joiner(io.BytesIO())
        joiner.add(piece(table(3)), "one")
        joiner.add(piece(table(3).drop(["flag"])), "other")


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1PAR1PAR1", b"PAR1" + b"\xff" * 40 + b"\x20\0\0\0PAR1", b"x" * 99])
def test_what_is_no_parquet_is_refused(data):
    with pytest.raises(DataError, match="here"):
        read_footer(io.BytesIO(data), "here")


def test_nothing_makes_no_file():
    with pytest.raises(DataError, match="no piece"):
        Joiner(io.BytesIO()).close()
