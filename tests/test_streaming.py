"""Files in, files out: byte-exact text, every format, conversions, damaged data, outputs that are whole or absent."""

from __future__ import annotations

import gzip
import json
import os
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toys
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.edits import Edits
from textnorm.errors import DataError, UsageError
from textnorm.pipeline import Pipeline, document_runs
from textnorm.streaming import files, readers
from textnorm.streaming.formats import Format, detect
from textnorm.streaming.normalize import normalize_files
from textnorm.streaming.readers import ReadOptions, read
from textnorm.streaming.work import process

FIVE = toys.Replace("5", "penki", "five", "NUM")


def pipe(*components):
    return Pipeline([(f"c{i}", c) for i, c in enumerate(components)], name="test")


NLP = pipe(FIVE, toys.Boom(), toys.Abstain())


def convert(source, target, nlp=NLP, *, edits=None, overwrite=False, **options):
    sources = [source] if isinstance(source, Path) else source
    inputs = [(str(path), detect(str(path))) for path in sources]
    return normalize_files(
        inputs,
        str(target),
        detect(str(target)),
        nlp,
        ReadOptions(**options),
        edits=str(edits) if edits else None,
        overwrite_columns=overwrite,
    )


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


# -- formats ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "kind", "codec"),
    [
        ("a.txt", "text", ""),
        ("a.TXT.GZ", "text", "gzip"),
        ("a.jsonl.zst", "jsonl", "zstd"),
        ("a.tsv", "tsv", ""),
        ("dir.parquet/a", "text", ""),
        ("a.parquet", "parquet", ""),
        ("a.csv", "text", ""),
        ("a.gz", "text", "gzip"),
        ("a", "text", ""),
        ("-", "text", ""),
    ],
)
def test_detect(path, kind, codec):
    got = detect(path)
    assert (got.kind, got.codec) == (kind, codec)


def test_compressed_parquet_is_refused():
    with pytest.raises(UsageError, match="compresses its own"):
        detect("a.parquet.gz")


# -- text ------------------------------------------------------------------------------------------------------------
LINES = st.lists(st.text(alphabet=" a5?ą𝄞\r\t\ufeff\u2028\x85\x0b\x0c\x1e", max_size=6), max_size=12)


@settings(max_examples=100, deadline=None)
@given(LINES, st.booleans(), st.sampled_from(["", ".gz", ".zst"]), st.integers(1, 40))
def test_text_keeps_lines_and_every_byte_that_no_rule_touches(tmp_path_factory, lines, ends, codec, size):
    tmp_path = tmp_path_factory.mktemp("t")
    text = "\n".join(lines) + ("\n" if ends and lines else "")
    data = text.encode()
    packed = {"": data, ".gz": gzip.compress(data), ".zst": zstd(data)}[codec]
    source, target = tmp_path / f"a.txt{codec}", tmp_path / f"b.txt{codec}"
    source.write_bytes(packed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BLOCK", size)  # cut everywhere, also inside characters and lines
        convert(source, target, edits=tmp_path / "e.jsonl")
    with files.reading(str(target), detect(str(target)).codec) as stream:
        out = stream.read()
    assert out == data.replace(b"5", b"penki")
    # Undo from the edits is byte-exact.
    notes = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    rows = out.decode().split("\n")
    if not out or out.endswith(b"\n"):
        rows.pop()
    assert [note["line"] for note in notes] == list(range(len(rows)))
    sources = text.split("\n")[: len(rows)]
    edits = Edits.from_dicts([note["edits"] for note in notes])
    assert edits.invert(sources).apply(rows) == sources
    for note, line in zip(notes, sources, strict=True):
        assert all(line[e["start"] : e["end"]] == e["source"] for e in note["edits"])


def test_nothing_changed_means_the_very_bytes(tmp_path):
    data = "\ufeffa\r\nb\u2028c\x85\n\n\nlast".encode()
    (tmp_path / "a.txt").write_bytes(data)
    tally = convert(tmp_path / "a.txt", tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_bytes() == data
    assert (tally.rows, tally.changed) == (5, 0)


def test_several_files_are_written_in_order_and_never_share_a_line(tmp_path):
    for name, text in (("a", "5"), ("b", ""), ("c", "x\n")):
        (tmp_path / f"{name}.txt").write_text(text)
    convert([tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "c.txt"], tmp_path / "o.txt")
    assert (tmp_path / "o.txt").read_text() == "penki\nx\n"


def test_a_reading_with_a_line_feed_is_no_line(tmp_path):
    (tmp_path / "a.txt").write_text("ok\na|b\n")
    nlp = pipe(toys.Replace(r"\|", "\n", "split"))
    with pytest.raises(DataError, match=r"a\.txt, line 2: the reading has a line feed"):
        convert(tmp_path / "a.txt", tmp_path / "o.txt", nlp)
    assert not (tmp_path / "o.txt").exists()
    convert(tmp_path / "a.txt", tmp_path / "o.jsonl", nlp)
    assert json.loads((tmp_path / "o.jsonl").read_text().splitlines()[1])["text_norm"] == "a\nb"


def test_a_very_long_line(tmp_path):
    (tmp_path / "a.txt").write_text("x" * 3_000_000 + "5\n5")
    convert(tmp_path / "a.txt", tmp_path / "o.txt")
    assert (tmp_path / "o.txt").read_text() == "x" * 3_000_000 + "penki\npenki"


# -- invalid UTF-8 and other damage ----------------------------------------------------------------------------------
BAD = b"5\nab\xffc\n" + "ž\n".encode() + b"\xc5\n5"


def test_invalid_utf8_names_file_line_and_byte(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_bytes(BAD)
    for size in (1 << 20, 3, 1):
        monkeypatch.setattr(files, "BLOCK", size)
        with pytest.raises(DataError, match=r"a\.txt, line 2: invalid UTF-8 at byte 4 .*--errors replace"):
            convert(tmp_path / "a.txt", tmp_path / "o.txt")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt"]


def test_invalid_utf8_replaced(tmp_path):
    (tmp_path / "a.txt").write_bytes(BAD)
    tally = convert(tmp_path / "a.txt", tmp_path / "o.txt", errors="replace")
    assert (tmp_path / "o.txt").read_text() == "penki\nab\ufffdc\nž\n\ufffd\npenki"
    assert (tally.replaced, tally.quarantined) == (2, 0)


def test_invalid_utf8_set_aside_keeps_its_line(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_bytes(BAD)
    for size in (1 << 20, 2):
        monkeypatch.setattr(files, "BLOCK", size)
        tally = convert(tmp_path / "a.txt", tmp_path / "o.txt", errors="quarantine", edits=tmp_path / "e.jsonl")
        assert (tmp_path / "o.txt").read_text() == "penki\n\nž\n\npenki"
        assert tally.quarantined == 2
        notes = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
        assert notes[1]["error"].startswith("invalid UTF-8 at byte 4")
        assert notes[3]["error"].startswith("invalid UTF-8 at byte 10")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PAR1\x15\x04\0x", "Parquet"),
        (gzip.compress(b"a"), "gzip"),
        (b"PK\x03\x04...", "ZIP"),
        ("ą".encode("utf-16"), "UTF-16"),
        (b"abc\n\0def", "zero byte at byte 4"),
    ],
)
def test_binary_files_are_named(tmp_path, data, words):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(DataError, match=words):
        convert(tmp_path / "a.txt", tmp_path / "o.txt")
    assert not (tmp_path / "o.txt").exists()


@pytest.mark.parametrize("codec", [".gz", ".zst"])
def test_damaged_compression(tmp_path, codec):
    data = os.urandom(3000).hex().encode()
    packed = gzip.compress(data) if codec == ".gz" else zstd(data)
    source = tmp_path / f"a.txt{codec}"
    for broken, words in ((packed[:-20], "cut off|damaged"), (b"hello" + packed, "damaged or no")):
        source.write_bytes(broken)
        with pytest.raises(DataError, match=words):
            convert(source, tmp_path / "o.txt")
    assert sorted(p.name for p in tmp_path.iterdir()) == [source.name]
    source.write_bytes(packed + packed)  # several members are one stream
    convert(source, tmp_path / "o.txt", pipe())
    assert (tmp_path / "o.txt").read_bytes() == data * 2


def test_compressed_output_has_no_time_in_it(tmp_path):
    (tmp_path / "a.txt").write_text("5\n")
    for name in ("one.txt.gz", "two.txt.gz"):
        convert(tmp_path / "a.txt", tmp_path / name)
    assert (tmp_path / "one.txt.gz").read_bytes() == (tmp_path / "two.txt.gz").read_bytes()


# -- JSON Lines ------------------------------------------------------------------------------------------------------
def test_jsonl_lines_are_kept_byte_for_byte_and_fields_added_behind(tmp_path):
    lines = [
        '\ufeff{"id":1.50,"text" : "a 5", "x": {"b": [1, 1e2]}}',
        "",
        '{"text": null}\r',
        '{"text": "a\\u2028b\u2028c \\ud83d"}  ',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    tally = convert(tmp_path / "a.jsonl", tmp_path / "o.jsonl")
    out = (tmp_path / "o.jsonl").read_bytes().decode().split("\n")
    assert out[0].startswith(
        '\ufeff{"id":1.50,"text" : "a 5", "x": {"b": [1, 1e2]}, "text_norm": "a penki", "text_edits"'
    )
    assert out[1] == ""
    assert out[2] == '{"text": null, "text_norm": null, "text_edits": null, "text_status": null}\r'
    last = json.loads(out[3])
    assert last["text_norm"] == last["text"] == "a\u2028b\u2028c \ud83d"
    assert len(out) == 4
    assert (tally.rows, tally.null, tally.changed) == (3, 1, 1)
    edit = json.loads(out[0][1:])["text_edits"][0]
    assert list(edit) == ["start", "end", "replacement", "label", "rule", "confidence", "value"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{bad", "line 2: no JSON"),
        ("[1]", "line 2: a JSON list, not an object"),
        ('{"txt": "a"}', r"line 2: there is no field 'text'. Did you mean 'txt'"),
        ('{"text": 5}', "line 2: the field 'text' is no text but 5"),
        ("[" * 100_000, "line 2: JSON nested too deep|line 2: no JSON"),
        ('{"text": "boom"}', "line 2: The component 'c1' failed: ValueError: it said boom"),
    ],
)
def test_bad_rows_of_jsonl(tmp_path, line, words):
    (tmp_path / "a.jsonl").write_text(f'{{"text": "5"}}\n{line}\n{{"text": "5"}}\n')
    with pytest.raises(DataError, match=words):
        convert(tmp_path / "a.jsonl", tmp_path / "o.jsonl")
    tally = convert(tmp_path / "a.jsonl", tmp_path / "o.jsonl", errors="quarantine")
    rows = [json.loads(row) for row in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert [row["text_status"] for row in rows] == ["changed", "quarantined", "changed"]
    assert rows[1]["text_norm"] is None
    assert tally.quarantined == 1


def test_a_field_that_no_row_has_is_a_wrong_option(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"txt": "a"}\n{"txt": "b"}\n')
    for errors in ("strict", "quarantine"):
        with pytest.raises(UsageError, match=r"no field 'text'\. Did you mean 'txt'"):
            convert(tmp_path / "a.jsonl", tmp_path / "o.jsonl", errors=errors)


def test_taken_names_in_jsonl(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "5", "text_norm": "old", "z": 1}\n')
    with pytest.raises(UsageError, match="column 'text_norm' already"):
        convert(tmp_path / "a.jsonl", tmp_path / "o.jsonl")
    convert(tmp_path / "a.jsonl", tmp_path / "o.jsonl", overwrite=True)
    row = json.loads((tmp_path / "o.jsonl").read_text())
    assert (row["text_norm"], row["z"]) == ("penki", 1)


# -- TSV -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tsv_rows_are_kept_and_columns_added(tmp_path, end):
    data = f'\ufeffid\ttext\tq{end}1\ta 5\t"x{end}2\t\t{end}3\t?\t'
    (tmp_path / "a.tsv").write_bytes(data.encode())
    convert(tmp_path / "a.tsv", tmp_path / "o.tsv")
    rows = (tmp_path / "o.tsv").read_bytes().decode().split(end)
    assert rows[0] == "\ufeffid\ttext\tq\ttext_norm\ttext_edits\ttext_status"
    fields = rows[1].split("\t")
    assert fields[:4] == ["1", "a 5", '"x', "a penki"]
    assert json.loads(fields[4])[0]["replacement"] == "penki"
    assert rows[2] == "2\t\t\t\t[]\tunchanged"
    assert rows[3].endswith("\tabstained" + ("\r" if end == "\r\n" else ""))
    assert len(rows) == 4


def test_bad_tsv(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("id\ttext\n1\t5\n2\n3\t5\n")
    with pytest.raises(DataError, match=r"line 3: 1 fields, but the header has 2"):
        convert(path, tmp_path / "o.tsv")
    convert(path, tmp_path / "o.tsv", errors="quarantine")
    assert (tmp_path / "o.tsv").read_text().split("\n")[2] == "\t\t\t\tquarantined"
    path.write_text("id\ttxt\n")
    with pytest.raises(UsageError, match=r"no column 'text'\. Did you mean 'txt'"):
        convert(path, tmp_path / "o.tsv")
    path.write_text("text\ttext\n")
    with pytest.raises(UsageError, match="2 columns 'text'"):
        convert(path, tmp_path / "o.tsv")
    path.write_text("")
    with pytest.raises(DataError, match="begins with a header"):
        convert(path, tmp_path / "o.tsv")
    path.write_text("text\ttext_norm\n5\told\n")
    with pytest.raises(UsageError, match="'text_norm' already"):
        convert(path, tmp_path / "new.tsv")
    convert(path, tmp_path / "new.tsv", overwrite=True)
    assert (tmp_path / "new.tsv").read_text().startswith("text\ttext_norm\ttext_edits\ttext_status\n5\tpenki\t")


def test_a_second_tsv_file_has_the_same_header(tmp_path):
    (tmp_path / "a.tsv").write_text("text\n5\n")
    (tmp_path / "b.tsv").write_text("text\n5")
    (tmp_path / "c.tsv").write_text("id\ttext\n1\t5\n")
    convert([tmp_path / "a.tsv", tmp_path / "b.tsv"], tmp_path / "o.tsv")
    assert len((tmp_path / "o.tsv").read_text().split("\n")) == 3
    with pytest.raises(DataError, match="other columns than before"):
        convert([tmp_path / "a.tsv", tmp_path / "c.tsv"], tmp_path / "x.tsv")


# -- Parquet ---------------------------------------------------------------------------------------------------------
def table(n=10):
    return pa.table(
        {
            "id": pa.array(range(n), pa.int16()),
            "text": pa.array([None if i % 5 == 4 else f"{i % 10} ą" for i in range(n)], pa.large_string()),
            "nest": pa.array([{"a": [i, None]} for i in range(n)]),
            "kind": pa.array(["x", "y"] * (n // 2)).dictionary_encode(),
            "money": pa.array([Decimal("1.50")] * n),
        }
    ).replace_schema_metadata({"mine": "kept"})


def test_parquet_keeps_columns_types_groups_metadata_and_compression(tmp_path):
    pq.write_table(table(), tmp_path / "a.parquet", row_group_size=4, compression="zstd")
    tally = convert(tmp_path / "a.parquet", tmp_path / "o.parquet")
    out = pq.ParquetFile(tmp_path / "o.parquet")
    assert [out.metadata.row_group(i).num_rows for i in range(out.num_row_groups)] == [4, 4, 2]
    assert out.metadata.row_group(0).column(0).compression == "ZSTD"
    got = out.read()
    assert got.schema.metadata[b"mine"] == b"kept"
    assert json.loads(got.schema.metadata[b"textnorm"])["text"]["fingerprint"] == NLP.fingerprint
    assert got.select(table().column_names).replace_schema_metadata({"mine": "kept"}).equals(table())
    assert got["text_norm"].to_pylist()[4:6] == [None, "penki ą"]
    assert got.schema.field("text_norm").type == pa.large_string()
    assert (tally.rows, tally.changed, tally.null) == (10, 1, 2)


def test_big_row_groups_are_read_in_pieces_and_cut_where_too_large(tmp_path, monkeypatch):
    pq.write_table(table(1000), tmp_path / "a.parquet")
    convert(tmp_path / "a.parquet", tmp_path / "whole.parquet")
    monkeypatch.setattr(readers, "PARQUET_ROWS", 64)
    convert(tmp_path / "a.parquet", tmp_path / "pieces.parquet")
    assert pq.ParquetFile(tmp_path / "pieces.parquet").num_row_groups == 1
    monkeypatch.setattr("textnorm.streaming.writers.ROW_GROUP_BYTES", 4096)
    convert(tmp_path / "a.parquet", tmp_path / "cut.parquet")
    assert pq.ParquetFile(tmp_path / "cut.parquet").num_row_groups > 3
    whole = pq.read_table(tmp_path / "whole.parquet")
    assert pq.read_table(tmp_path / "pieces.parquet").equals(whole)
    assert pq.read_table(tmp_path / "cut.parquet").equals(whole)


def test_bad_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(table(), path)
    with pytest.raises(UsageError, match=r"no column 'txt'\. Did you mean 'text'"):
        convert(path, tmp_path / "o.parquet", column="txt")
    with pytest.raises(UsageError, match="'id' is int16, not text"):
        convert(path, tmp_path / "o.parquet", column="id")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="damaged or no Parquet"):
        convert(path, tmp_path / "o.parquet")
    path.write_bytes(b"hello\n")
    with pytest.raises(DataError, match="damaged or no Parquet"):
        convert(path, tmp_path / "o.parquet")
    with pytest.raises(UsageError, match="standard input"):
        list(read("-", Format("parquet"), ReadOptions()))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.parquet"]


def test_failing_rows_of_parquet(tmp_path):
    pq.write_table(pa.table({"text": ["5", "boom", "5"]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet, row 1: .*it said boom"):
        convert(tmp_path / "a.parquet", tmp_path / "o.parquet")
    convert(tmp_path / "a.parquet", tmp_path / "o.parquet", errors="quarantine")
    assert pq.read_table(tmp_path / "o.parquet")["text_status"].to_pylist() == ["changed", "quarantined", "changed"]


# -- conversions -----------------------------------------------------------------------------------------------------
def test_every_format_becomes_every_other(tmp_path):
    texts = ["a 5", "", "?", "ąž𝄞"]
    (tmp_path / "a.txt").write_text("\n".join(texts) + "\n")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    (tmp_path / "a.tsv").write_text("\n".join(["text", *texts]) + "\n")
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    norms = ["a penki", "", "?", "ąž𝄞"]
    states = ["changed", "unchanged", "abstained", "unchanged"]
    for source in ("txt", "jsonl", "tsv", "parquet"):
        for target in ("txt", "jsonl", "tsv", "parquet"):
            out = tmp_path / f"{source}.{target}"
            convert(tmp_path / f"a.{source}", out)
            if target == "txt":
                assert out.read_text() == "".join(f"{norm}\n" for norm in norms)
                continue
            if target == "parquet":
                rows = pq.read_table(out).to_pylist()
            elif target == "jsonl":
                rows = [json.loads(line) for line in out.read_text().split("\n")[:-1]]
            else:
                lines = [line.split("\t") for line in out.read_text().split("\n")[:-1]]
                rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
            assert list(rows[0]) == ["text", "text_norm", "text_edits", "text_status"]
            assert [row["text"] for row in rows] == texts
            assert [row["text_norm"] for row in rows] == norms
            assert [row["text_status"] for row in rows] == states


def test_awkward_values_in_conversions(tmp_path):
    pq.write_table(table(2).append_column("f", pa.array([float("nan"), 1.5])), tmp_path / "a.parquet")
    convert(tmp_path / "a.parquet", tmp_path / "o.jsonl")
    row = json.loads((tmp_path / "o.jsonl").read_text().split("\n")[0], parse_constant=pytest.fail)
    assert (row["nest"], row["money"], row["f"]) == ({"a": [0, None]}, "1.50", None)
    convert(tmp_path / "a.parquet", tmp_path / "o.tsv")
    assert (tmp_path / "o.tsv").read_text().split("\n")[1].split("\t")[2] == '{"a": [0, null]}'
    (tmp_path / "b.jsonl").write_text('{"text": "a\\tb"}\n')
    with pytest.raises(DataError, match=r"b\.jsonl, line 1: a tab"):
        convert(tmp_path / "b.jsonl", tmp_path / "p.tsv")
    (tmp_path / "b.jsonl").write_text('{"text": "\\ud83d"}\n')
    with pytest.raises(DataError, match=r"b\.jsonl, line 1: half a surrogate"):
        convert(tmp_path / "b.jsonl", tmp_path / "p.txt")
    with pytest.raises(DataError, match=r"b\.jsonl, line 1 and on: Parquet cannot hold half"):
        convert(tmp_path / "b.jsonl", tmp_path / "p.parquet")
    (tmp_path / "b.jsonl").write_text('{"text": "a", "n": 1}\n\n{"text": "5"}\n')
    convert(tmp_path / "b.jsonl", tmp_path / "p.parquet")
    assert pq.read_table(tmp_path / "p.parquet")["text_norm"].to_pylist() == ["a", "penki"]
    assert pq.read_table(tmp_path / "p.parquet")["n"].to_pylist() == [1, None]


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.txt"])
def test_empty_inputs(tmp_path, name):
    if name == "a.parquet":
        pq.write_table(pa.table({"text": pa.array([], pa.string()), "id": pa.array([], pa.int8())}), tmp_path / name)
    else:
        (tmp_path / name).write_bytes(b"")
    for target in ("o.jsonl", "o.parquet", "o.txt"):
        assert convert(tmp_path / name, tmp_path / target).rows == 0
    names = pq.read_table(tmp_path / "o.parquet").column_names
    assert names == [*(["text", "id"] if name == "a.parquet" else ["text"]), "text_norm", "text_edits", "text_status"]


# -- documents over chunks -------------------------------------------------------------------------------------------
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["#", "5#", "boom", "", None]), st.sampled_from("xxy-")), max_size=20),
    st.integers(1, 60),
)
def test_documents_do_not_depend_on_where_a_file_is_cut(tmp_path_factory, rows, size):
    tmp_path = tmp_path_factory.mktemp("t")
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": t, "doc": None if d == "-" else d}) + "\n" for t, d in rows))
    nlp = pipe(FIVE, toys.Count(), toys.Boom())
    outs = []
    for block in (1 << 20, size):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "BLOCK", block)
            if rows:
                convert(path, tmp_path / "o.jsonl", nlp, document="doc", errors="quarantine")
                outs.append((tmp_path / "o.jsonl").read_bytes())
    assert len(set(outs)) <= 1
    texts = [t for t, _ in rows]
    ids = [f"{i}" if d == "-" else d for i, (_, d) in enumerate(rows)]
    runs = [k for k, (a, b) in enumerate(document_runs(ids, len(ids))) for _ in range(a, b)]
    batch = nlp.try_edits(
        [t for t in texts if t is not None], [k for k, t in zip(runs, texts, strict=True) if t is not None]
    )[0]
    expected = iter(batch.apply([t for t in texts if t is not None]))
    got = [json.loads(line) for line in outs[0].decode().splitlines()] if outs else []
    for row, text in zip(got, texts, strict=True):
        norm = None if text is None else next(expected)
        assert row["text_norm"] == (None if row["text_status"] == "quarantined" else norm)


def test_only_the_rows_of_the_open_document_are_held_back(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("doc\ttext\n" + "".join(f"{i // 10}\t#\n" for i in range(400)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BLOCK", 37)
        chunks = read(str(path), detect(str(path)), ReadOptions(document="doc"))
        taken = 0

        def counting():
            nonlocal taken
            for chunk in chunks:
                taken += len(chunk.texts)
                yield chunk

        given_out = 0
        for chunk, _ in process(counting(), pipe(toys.Count()), quarantine=False):
            given_out += len(chunk.texts)
            assert taken - given_out < 40
