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
    Values,
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
        also: names of more columns to read.
        nested: columns of Parquet may hold lists of texts.
    """

    column: str = "text"
    document: str | None = None
    errors: Errors = "strict"
    advice: str = "'textnorm normalize --errors replace' puts U+FFFD there."
    also: tuple[str, ...] = ()
    nested: bool = False

    @property
    def needed(self) -> list[str]:
        """Names of the columns that must be there."""
        return [name for name in (self.column, self.document, *self.also) if name is not None]


@dataclass(frozen=True)
class Part:
    """A part of a file.

    Attributes:
        line: lines of the file before it, a TSV's header included.
        byte: bytes before it.
        header: of a TSV file, unless the part has it.
        groups: row groups of a Parquet file; ``None`` for all.
        row: rows before them.
        lost: those of them that are passed over, because they cannot be read.
    """

    line: int = 0
    byte: int = 0
    header: bytes = b""
    groups: tuple[int, ...] | None = None
    row: int = 0
    lost: tuple[int, ...] = ()


WHOLE = Part()


class GroupError(DataError):
    """A row group that cannot be read.

    Attributes:
        group: its number.
    """

    def __init__(self, message: str, group: int) -> None:
        super().__init__(message)
        self.group = group


def read(path: str, form: Format, options: ReadOptions, part: Part = WHOLE) -> Iterator[Chunk]:
    """Yield the chunks of a file, or of some row groups of a Parquet file.

    Raises:
        DataError: binary, damaged or invalid data; names the file and the line, row or byte.
        UsageError: a column that is not there.
    """
    label = label_of(path)
    if form.kind == "parquet":
        yield from _read_parquet(path, label, options, part)
        return
    with reading(path, form.codec) as stream:
        yield from read_lines(stream, label, form, options)


def read_lines(
    stream: IO[bytes], label: str, form: Format, options: ReadOptions, part: Part = WHOLE
) -> Iterator[Chunk]:
    """Yield the chunks of a stream of lines; see :func:`read`."""
    by_kind = {"text": _read_text, "jsonl": _read_jsonl, "tsv": _read_tsv}
    yield from by_kind[form.kind](stream, label, options, part)


@dataclass
class _Lines:
    """Decoded lines of one block."""

    lines: list[str]
    bad: dict[int, str]
    ends: bool
    replaced: int
    block: bytes
    first: int


def _decode(stream: IO[bytes], label: str, options: ReadOptions, part: Part) -> Iterator[_Lines]:
    """Yield the lines of each block; only a line feed ends a line."""
    line, byte = part.line, part.byte
    for block in blocks(stream, label, first=not byte):
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


def _read_text(stream: IO[bytes], label: str, options: ReadOptions, part: Part) -> Iterator[Chunk]:
    for name in [name for name in (options.document, *options.also) if name is not None]:
        msg = f"{label}: plain text has no column '{name}'; each line is a document."
        raise UsageError(msg)
    for got in _decode(stream, label, options, part):
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


def _read_jsonl(stream: IO[bytes], label: str, options: ReadOptions, part: Part) -> Iterator[Chunk]:
    known = part.byte > 0
    for got in _decode(stream, label, options, part):
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
            others={name: _more(objects, name, options, bad) for name in options.also},
        )


def _more(objects: list[Record | None], name: str, options: ReadOptions, bad: dict[int, str]) -> Values:
    """Return the texts of one more column; what cannot be read is bad there alone."""
    texts: list[Any] = [None] * len(objects)
    faults = dict(bad)
    for i, record in enumerate(objects):
        if record is None or i in bad:
            continue
        try:
            texts[i] = _text_in(record, name, options)
        except ValueError as error:
            faults[i] = str(error)
    return texts, faults


def _check_fields(objects: list[Record | None], label: str, options: ReadOptions) -> bool:
    """Tell a wrong ``--column`` (no row has it) from a faulty row; return whether there were any rows."""
    rows = [record for record in objects if record is not None]
    for name in options.needed:
        if rows and not any(name in row for row in rows):
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


def _text_of(record: Record | None, options: ReadOptions) -> Any:
    if record is None:
        return None
    if options.document is not None and options.document not in record:
        msg = f"there is no field '{options.document}'. {choices(options.document, record)}"
        raise ValueError(msg.rstrip("."))
    return _text_in(record, options.column, options)


def _text_in(record: Record, name: str, options: ReadOptions) -> Any:
    if name not in record:
        msg = f"there is no field '{name}'. {choices(name, record)}"
        raise ValueError(msg.rstrip("."))
    value = record[name]
    if value is not None and not isinstance(value, str):
        msg = f"the field '{name}' is no text but {json.dumps(value)[:40]}"
        raise ValueError(msg)
    return value


def _ids(objects: list[Record | None], name: str | None) -> list[Any] | None:
    return None if name is None else [None if record is None else record.get(name) for record in objects]


def _read_tsv(stream: IO[bytes], label: str, options: ReadOptions, part: Part) -> Iterator[Chunk]:
    names: list[str] | None = None
    header = tail = ""
    if part.header:
        header = part.header.decode("utf-8")
        header, tail = (header[:-1], "\r") if header.endswith("\r") else (header, "")
        names = header.removeprefix(BOM).split("\t")
    for got in _decode(stream, label, options, part):
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
            for name in options.needed:
                if names.count(name) != 1:
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
        others={
            name: ([None if i in bad else line.split("\t")[names.index(name)] for i, line in enumerate(lines)], bad)
            for name in options.also
        },
    )


def _read_parquet(path: str, label: str, options: ReadOptions, part: Part) -> Iterator[Chunk]:
    """Read row group by row group; a dataset scanner would hold many of them at once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path == STDIO:
        msg = "Parquet cannot be read from standard input; name a file."
        raise UsageError(msg)
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            check_columns(schema, label, options)
            first, some = part.row, False
            for group in range(file.metadata.num_row_groups) if part.groups is None else part.groups:
                try:
                    for chunk in () if group in part.lost else _row_group(file, group, label, first, options):
                        yield chunk
                        some = True
                except (pa.ArrowException, OSError) as error:
                    if isinstance(error, OSError) and error.errno is not None:
                        raise
                    why = " ".join(str(error).split())
                    msg = f"{label}: row group {group} (rows {first} and on) cannot be read: {why}"
                    raise GroupError(msg, group) from error
                first += file.metadata.row_group(group).num_rows
            if not some:  # no rows, but columns
                empty = pa.RecordBatch.from_pylist([], schema=schema)
                yield ParquetChunk(
                    label=label,
                    first=part.row,
                    column=options.column,
                    texts=[],
                    data=empty,
                    others={name: ([], {}) for name in options.also},
                )
    except pa.ArrowException as error:
        msg = f"{label}: damaged or no Parquet file: {' '.join(str(error).split())}"
        raise DataError(msg) from error
    except OSError as error:
        if error.errno is not None:
            raise
        msg = f"{label}: damaged Parquet file: {' '.join(str(error).split())}"
        raise DataError(msg) from error


def check_columns(schema: Any, label: str, options: ReadOptions) -> None:
    """Check that the columns are there, each once, and that those with text are text.

    Raises:
        UsageError: they are not.
    """
    from textnorm.arrow import text_type
    from textnorm.nested import is_nested

    for name in options.needed:
        if schema.names.count(name) != 1:
            check_distinct([found for found in schema.names if found == name], label)
            msg = f"{label}: there is no column '{name}'. {choices(name, schema.names)}"
            raise UsageError(msg)
    for name in (options.column, *options.also):
        kind = schema.field(name).type
        inner = kind.value_type if options.nested and is_nested(kind) else kind
        if text_type(inner) is None:
            msg = f"{label}: the column '{name}' is {kind}, not text."
            raise UsageError(msg)


def _row_group(file: Any, group: int, label: str, first: int, options: ReadOptions) -> Iterator[ParquetChunk]:
    facts = file.metadata.row_group(group)
    if not facts.num_rows:
        return
    codecs = {facts.column(k).path_in_schema: facts.column(k).compression.lower() for k in range(facts.num_columns)}
    compression = {path: "none" if codec == "uncompressed" else codec for path, codec in codecs.items()}
    each = max(1, facts.total_byte_size // facts.num_rows)
    rows = max(1, min(PARQUET_ROWS, PARQUET_BYTES // each))
    done = 0
    for batch in file.iter_batches(batch_size=rows, row_groups=[group]):
        done += batch.num_rows
        size = batch.column(options.column).nbytes
        texts, bad, replaced, batch = _texts(batch, options.column, label, first, options)
        others: dict[str, Values] = {}
        for name in options.also:
            found, faults, more, batch = _texts(batch, name, label, first, options)
            others[name] = (found, faults)
            replaced += more
        yield ParquetChunk(
            label=label,
            first=first,
            column=options.column,
            texts=texts,
            documents=None if options.document is None else batch.column(options.document).to_pylist(),
            bad=bad,
            size=size,
            replaced=replaced,
            data=batch,
            compression=compression,
            others=others,
            last=done == facts.num_rows,
        )
        first += batch.num_rows


def _texts(
    batch: Any, name: str, label: str, first: int, options: ReadOptions
) -> tuple[list[Any], dict[int, str], int, Any]:
    """Return the texts of a column (see :func:`_strings`), and the batch as it can be written."""
    import pyarrow as pa

    from textnorm.arrow import text_type

    column = batch.column(name)
    texts, bad, replaced = _strings(column, label, first, name, options)
    if bad or replaced:  # what cannot be read as text must not be written as such, either
        at = batch.schema.get_field_index(name)
        kind = text_type(column.type)
        clean = pa.array(texts, column.type if kind is None else kind)
        batch = batch.set_column(at, batch.schema.field(at), clean.cast(column.type))
    return texts, bad, replaced, batch


def _strings(
    column: Any, label: str, first: int, name: str, options: ReadOptions
) -> tuple[list[Any], dict[int, str], int]:
    """Return the texts of a column, why some cannot be read (shown with escapes), and how many were repaired."""
    import pyarrow as pa

    from textnorm.nested import is_nested

    try:
        return column.to_pylist(), {}, 0
    except UnicodeDecodeError:  # Parquet does not check what it holds
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
    if is_nested(column.type):
        return _lists(column, label, first, name, options)
    texts: list[Any] = []
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


def _lists(
    column: Any, label: str, first: int, name: str, options: ReadOptions
) -> tuple[list[Any], dict[int, str], int]:
    """As :func:`_strings` for lists, row by row: a row with an item that cannot be read is bad, with its items."""
    rows: list[Any] = []
    bad: dict[int, str] = {}
    replaced = 0
    for i in range(len(column)):
        values = column[i].values
        if values is None:
            rows.append(None)
            continue
        texts, faults, more = _strings(values, label, first + i, name, options)
        rows.append(texts)
        replaced += bool(more)
        if faults:
            bad[i] = f"item {min(faults)}: {faults[min(faults)]}"
    return rows, bad, replaced
