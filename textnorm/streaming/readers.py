"""Readers: a file of any format as chunks of bounded size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Literal

from textnorm.errors import DataError, UsageError, choices
from textnorm.streaming.chunks import (
    Chunk,
    JsonlChunk,
    ParquetChunk,
    Record,
    TextChunk,
    TsvChunk,
    check_distinct,
    is_blank,
)
from textnorm.streaming.files import blocks, reading
from textnorm.streaming.formats import STDIO, Format, label_of

Errors = Literal["strict", "replace", "quarantine"]
BOM = "\ufeff"
#: Bytes of text that a chunk of a Parquet file should hold, and the rows it may hold at most.
PARQUET_BYTES, PARQUET_ROWS = 4 << 20, 1 << 16


@dataclass(frozen=True)
class ReadOptions:
    """How to read.

    Attributes:
        column: name of the column with the text.
        document: name of the column with document ids.
        errors: what to do with invalid UTF-8: stop, put U+FFFD in its place, or set the row aside. Rows that cannot be
            read for another reason are set aside with ``quarantine`` and stop the work otherwise.
        advice: what the user of this command can do about invalid UTF-8; ends the message.
    """

    column: str = "text"
    document: str | None = None
    errors: Errors = "strict"
    advice: str = "'textnorm normalize --errors replace' puts U+FFFD there."


def read(path: str, form: Format, options: ReadOptions) -> Iterator[Chunk]:
    """Yield the chunks of a file.

    Raises:
        DataError: binary, damaged or invalid data; names the file and the line, row or byte.
        UsageError: a column that is not there.
    """
    label = label_of(path)
    if form.kind == "parquet":
        yield from _read_parquet(path, label, options)
        return
    with reading(path, form.codec) as stream:
        if form.kind == "text":
            yield from _read_text(stream, label, options)
        elif form.kind == "jsonl":
            yield from _read_jsonl(stream, label, options)
        else:
            yield from _read_tsv(stream, label, options)


@dataclass
class _Lines:
    """Decoded lines of one block."""

    lines: list[str]
    bad: dict[int, str]
    ends: bool
    replaced: int
    block: bytes
    first: int


def _decode(stream: IO[bytes], label: str, options: ReadOptions) -> Iterator[_Lines]:
    """Yield the lines of each block; only a line feed ends a line."""
    line, byte = 0, 0
    for block in blocks(stream, label):
        ends = block.endswith(b"\n")
        try:
            text = block.decode("utf-8")
        except UnicodeDecodeError as error:
            if options.errors == "strict":
                number = line + block.count(b"\n", 0, error.start) + 1
                what = f"invalid UTF-8 at byte {byte + error.start} ({error.reason})"
                msg = f"{label}, line {number}: {what}. {options.advice}"
                raise DataError(msg) from error
            got = _decode_singly(block, ends, byte, options.errors)
        else:
            lines = text.split("\n")
            if ends:
                lines.pop()
            got = _Lines(lines, {}, ends, 0, block, 0)
        got.first = line
        yield got
        line += len(got.lines)
        byte += len(block)


def _decode_singly(block: bytes, ends: bool, byte: int, errors: Errors) -> _Lines:
    """Decode line by line, so that one bad line costs the others nothing."""
    got = _Lines([], {}, ends, 0, b"", 0)
    for i, raw in enumerate(block[: -1 if ends else None].split(b"\n")):
        try:
            got.lines.append(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            if errors == "replace":
                got.lines.append(raw.decode("utf-8", "replace"))
                got.replaced += 1
            else:
                got.lines.append(raw.decode("utf-8", "backslashreplace"))
                got.bad[i] = f"invalid UTF-8 at byte {byte + error.start}: {error.reason}"
        byte += len(raw) + 1
    return got


def _read_text(stream: IO[bytes], label: str, options: ReadOptions) -> Iterator[Chunk]:
    if options.document is not None:
        msg = f"{label}: plain text has no column '{options.document}'; each line is a document."
        raise UsageError(msg)
    for got in _decode(stream, label, options):
        yield TextChunk(
            label=label,
            first=got.first,
            column=options.column,
            texts=list(got.lines),
            bad=got.bad,
            size=len(got.block),
            replaced=got.replaced,
            lines=got.lines,
            ends=got.ends,
            block=got.block,
        )


def _read_jsonl(stream: IO[bytes], label: str, options: ReadOptions) -> Iterator[Chunk]:
    known = False
    for got in _decode(stream, label, options):
        objects: list[Record | None] = [None] * len(got.lines)
        texts: list[str | None] = [None] * len(got.lines)
        bad = dict(got.bad)
        for step in (_parse, _text_of):
            if step is _text_of and not known:
                known = _check_fields(objects, label, options)
            for i, line in enumerate(got.lines):
                if i in bad:
                    continue
                try:
                    if step is _parse:
                        objects[i] = _parse(line.removeprefix(BOM) if got.first + i == 0 else line)
                    else:
                        texts[i] = _text_of(objects[i], options)
                except ValueError as error:
                    if options.errors != "quarantine":
                        msg = f"{label}, line {got.first + i + 1}: {error}."
                        raise DataError(msg) from error
                    bad[i] = str(error)
        yield JsonlChunk(
            label=label,
            first=got.first,
            column=options.column,
            texts=texts,
            documents=_ids(objects, options.document),
            bad=bad,
            size=len(got.block),
            replaced=got.replaced,
            lines=got.lines,
            ends=got.ends,
            objects=objects,
        )


def _check_fields(objects: list[Record | None], label: str, options: ReadOptions) -> bool:
    """Tell a wrong ``--column`` (no row has it) from a faulty row; return whether there were any rows."""
    rows = [record for record in objects if record is not None]
    for name in (options.column, options.document):
        if rows and name is not None and not any(name in row for row in rows):
            msg = f"{label}: there is no field '{name}'. {choices(name, rows[0])}"
            raise UsageError(msg)
    return bool(rows)


def _parse(line: str) -> Record | None:
    """Return what a line of JSON Lines says, ``None`` for a blank one."""
    if is_blank(line):
        return None
    try:
        record = json.loads(line)
    except RecursionError as error:
        msg = "JSON nested too deep"
        raise ValueError(msg) from error
    except json.JSONDecodeError as error:
        msg = f"no JSON: {error.msg} at column {error.colno}"
        raise ValueError(msg) from error
    if not isinstance(record, dict):
        msg = f"a JSON {type(record).__name__}, not an object"
        raise ValueError(msg)
    return record


def _text_of(record: Record | None, options: ReadOptions) -> str | None:
    if record is None:
        return None
    for name in (options.column, options.document):
        if name is not None and name not in record:
            msg = f"there is no field '{name}'. {choices(name, record)}"
            raise ValueError(msg.rstrip("."))
    value = record[options.column]
    if value is not None and not isinstance(value, str):
        msg = f"the field '{options.column}' is no text but {json.dumps(value)[:40]}"
        raise ValueError(msg)
    return value


def _ids(objects: list[Record | None], name: str | None) -> list[Any] | None:
    return None if name is None else [None if record is None else record.get(name) for record in objects]


def _read_tsv(stream: IO[bytes], label: str, options: ReadOptions) -> Iterator[Chunk]:
    names: list[str] | None = None
    header = tail = ""
    for got in _decode(stream, label, options):
        lines, bad, first = got.lines, got.bad, got.first - 1
        if names is None:
            if 0 in bad:
                msg = f"{label}: the header: {bad[0]}."
                raise DataError(msg)
            header, lines, first = lines[0], lines[1:], 0
            bad = {i - 1: why for i, why in bad.items()}
            if header.endswith("\r"):
                header, tail = header[:-1], "\r"
            names = header.removeprefix(BOM).split("\t")
            for name in (options.column, options.document):
                if name is not None and names.count(name) != 1:
                    check_distinct([found for found in names if found == name], label)
                    msg = f"{label}: there is no column '{name}'. {choices(name, names)}"
                    raise UsageError(msg)
        yield _tsv_chunk(got, lines, bad, first, label, options, names, header, tail)
    if names is None:
        msg = f"{label}: empty; a TSV file begins with a header."
        raise DataError(msg)


def _tsv_chunk(
    got: _Lines,
    lines: list[str],
    bad: dict[int, str],
    first: int,
    label: str,
    options: ReadOptions,
    names: list[str],
    header: str,
    tail: str,
) -> TsvChunk:
    at = names.index(options.column)
    doc = names.index(options.document) if options.document is not None else None
    if tail:
        lines = [line.removesuffix(tail) for line in lines]
    texts: list[str | None] = []
    documents: list[str | None] = []
    for i, line in enumerate(lines):
        fields = line.split("\t")
        if len(fields) != len(names) and i not in bad:
            why = f"{len(fields)} fields, but the header has {len(names)}"
            if options.errors != "quarantine":
                msg = f"{label}, line {first + i + 2}: {why}."
                raise DataError(msg)
            bad[i] = why
        texts.append(None if i in bad else fields[at])
        documents.append(None if i in bad or doc is None else fields[doc] or None)
    return TsvChunk(
        label=label,
        first=first,
        column=options.column,
        texts=texts,
        documents=documents if doc is not None else None,
        bad=bad,
        size=len(got.block),
        replaced=got.replaced,
        lines=lines,
        ends=got.ends,
        names=names,
        header=header,
        tail=tail,
    )


def _read_parquet(path: str, label: str, options: ReadOptions) -> Iterator[Chunk]:
    """Read row group by row group; a dataset scanner would hold many of them at once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path == STDIO:
        msg = "Parquet cannot be read from standard input; name a file."
        raise UsageError(msg)
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            for name in (options.column, options.document):
                if name is not None and schema.names.count(name) != 1:
                    check_distinct([found for found in schema.names if found == name], label)
                    msg = f"{label}: there is no column '{name}'. {choices(name, schema.names)}"
                    raise UsageError(msg)
            first = 0
            for group in range(file.metadata.num_row_groups):
                for chunk in _row_group(file, group, label, first, options):
                    yield chunk
                    first += len(chunk.texts)
            if not first:  # no rows, but columns
                empty = pa.RecordBatch.from_pylist([], schema=schema)
                yield ParquetChunk(label=label, first=0, column=options.column, texts=[], data=empty)
    except pa.ArrowException as error:
        msg = f"{label}: damaged or no Parquet file: {' '.join(str(error).split())}"
        raise DataError(msg) from error
    except OSError as error:
        if error.errno is not None:
            raise
        msg = f"{label}: damaged Parquet file: {' '.join(str(error).split())}"
        raise DataError(msg) from error


def _row_group(file: Any, group: int, label: str, first: int, options: ReadOptions) -> Iterator[ParquetChunk]:
    import pyarrow as pa

    from textnorm.arrow import text_type

    facts = file.metadata.row_group(group)
    if not facts.num_rows:
        return
    compression = facts.column(0).compression.lower() if facts.num_columns else "snappy"
    each = max(1, facts.total_byte_size // facts.num_rows)
    rows = max(1, min(PARQUET_ROWS, PARQUET_BYTES // each))
    done = 0
    for batch in file.iter_batches(batch_size=rows, row_groups=[group]):
        done += batch.num_rows
        column = batch.column(options.column)
        texts, bad, replaced = _strings(column, label, first, options)
        if bad or replaced:  # what cannot be read as text must not be written as such, either
            at = batch.schema.get_field_index(options.column)
            clean = pa.array(texts, text_type(column.type))
            batch = batch.set_column(at, batch.schema.field(at), clean.cast(column.type))
        yield ParquetChunk(
            label=label,
            first=first,
            column=options.column,
            texts=texts,
            documents=None if options.document is None else batch.column(options.document).to_pylist(),
            bad=bad,
            size=column.nbytes,
            replaced=replaced,
            data=batch,
            compression="none" if compression == "uncompressed" else compression,
            last=done == facts.num_rows,
        )
        first += batch.num_rows


def _strings(column: Any, label: str, first: int, options: ReadOptions) -> tuple[list[str | None], dict[int, str], int]:
    """Return the texts of a column, why some cannot be read (shown with escapes), and how many were repaired."""
    import pyarrow as pa

    from textnorm.arrow import text_type

    if text_type(column.type) is None:
        msg = f"{label}: the column '{options.column}' is {column.type}, not text."
        raise UsageError(msg)
    try:
        return column.to_pylist(), {}, 0
    except UnicodeDecodeError:  # Parquet does not check what it holds
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
    texts: list[str | None] = []
    bad: dict[int, str] = {}
    replaced = 0
    for i, raw in enumerate(column.cast(pa.large_binary()).to_pylist()):
        try:
            texts.append(None if raw is None else raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            what = f"invalid UTF-8 at byte {error.start} of the text"
            if options.errors == "strict":
                msg = f"{label}, row {first + i}: {what} ({error.reason}). {options.advice}"
                raise DataError(msg) from error
            texts.append(raw.decode("utf-8", "replace" if options.errors == "replace" else "backslashreplace"))
            if options.errors == "replace":
                replaced += 1
            else:
                bad[i] = f"{what}: {error.reason}"
    return texts, bad, replaced
