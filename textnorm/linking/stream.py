"""A file of queries in, a file of links out: streamed, in order, with bounded memory; equal queries are linked once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import IO, Any, NamedTuple, Protocol

from textnorm.errors import UsageError
from textnorm.linking.explain import Lines
from textnorm.linking.linker import BLOCK, Linker
from textnorm.linking.protocol import Queries
from textnorm.streaming.added import encode_json
from textnorm.streaming.chunks import Chunk, ParquetChunk, TsvChunk
from textnorm.streaming.files import writing
from textnorm.streaming.formats import STDIO, Format
from textnorm.streaming.readers import ReadOptions, read

#: Characters of answers that are kept for queries that come again.
MEMO = 64_000_000
ADVICE = "Save the file as UTF-8."
#: Rows set aside that are named one by one.
NAMED = 20


@dataclass(frozen=True)
class LinkOptions:
    """How to read and write.

    Attributes:
        column: name of the column with the query.
        context: name of the column with the text around a query; used where it is there.
        lang: language of all queries; ``None``: the column ``lang``, where it is there.
        k: candidates a query at most.
        full: whether ``why`` says what every feature added.
        overwrite_columns: replace columns that have the names of new ones.
    """

    column: str = "query"
    context: str = "context"
    lang: str | None = None
    k: int = 10
    full: bool = False
    overwrite_columns: bool = False


@dataclass
class Tally:
    """What was done: rows read, rows set aside, rows linked to a concept."""

    rows: int = 0
    quarantined: int = 0
    linked: int = 0


class Row(NamedTuple):
    """One query of a file; ``error`` where it could not be read."""

    text: str | None
    id: Any
    lang: str | None
    context: str | None
    attributes: tuple[str, ...]
    error: str | None


class Sink(Protocol):
    """Takes rows with what became of them."""

    def write(self, chunk: Chunk, rows: Sequence[Row], answers: Sequence[str]) -> None:
        """Write the rows of a chunk, or the next of them; ``answers`` are JSON objects without ``{"query": …, ``."""
        ...

    def close(self) -> None:
        """Write what is still held."""
        ...


def link_file(
    linker: Linker,
    source: str,
    form: Format,
    output: str,
    target: Format,
    options: LinkOptions,
    say: Callable[[str], None],
) -> Tally:
    """Link the queries of a file; the output appears only when all is done.

    Args:
        linker: the linker.
        source: path of the queries, ``-`` for standard input.
        form: their format.
        output: path, ``-`` for standard output.
        target: its format; JSON Lines, TSV or Parquet.
        options: how to read and write.
        say: takes notes on rows that are set aside.

    Raises:
        DataError: damaged or binary data, or a row that the output cannot hold.
        UsageError: a column that is not there, or is there already.
    """
    from textnorm.linking.tabular import make_sink

    tally = Tally()
    answered = Answers(linker, options)
    how = ReadOptions(column=options.column, errors="quarantine", advice=ADVICE)
    with ExitStack() as stack:
        stream = stack.enter_context(writing(output, target.codec))
        lines = target.kind == "jsonl"
        sink: Sink = JsonSink(stream) if lines else make_sink(target.kind, stream, options, linker.kb, stack)
        for chunk in read(source, form, how):
            rows = rows_of(chunk, options)
            for i, row in enumerate(rows):
                if row is not None and row.error is not None:
                    tally.quarantined += 1
                    if tally.quarantined <= NAMED:
                        say(f"quarantined: {chunk.where(i)}: {row.error}")
            there = [row for row in rows if row is not None]
            tally.rows += len(there)
            if not lines:
                sink.write(chunk, there, [answer for part in answered.parts(there) for answer in part])
            else:
                at = 0
                for part in answered.parts(there):
                    sink.write(chunk, there[at : at + len(part)], part)
                    at += len(part)
                    if output == STDIO:
                        stream.flush()
        sink.close()
    if tally.quarantined > NAMED:
        say(f"quarantined: {tally.quarantined - NAMED} more")
    return tally


class Answers:
    """Answers of a linker, kept for queries that come again."""

    def __init__(self, linker: Linker, options: LinkOptions) -> None:
        self.linker = linker
        self.k = options.k
        self.lines = Lines(linker, full=options.full)
        self._memo: dict[tuple[Any, ...], str] = {}
        self._size = 0

    def parts(self, rows: Sequence[Row]) -> Iterator[list[str]]:
        """Yield the answers of rows in blocks, in order."""
        at = 0
        while at < len(rows):
            new: dict[tuple[Any, ...], Row] = {}
            end = at
            while end < len(rows) and len(new) < BLOCK and end - at < 8 * BLOCK:
                row = rows[end]
                key = row[:1] + row[2:5]
                if row.error is None and row.text is not None and key not in self._memo:
                    new.setdefault(key, row)
                end += 1
            found = self._link(new)
            answers = [self._answer(row, found) for row in rows[at:end]]
            self._keep(found)  # only now: the answers above may be of queries that it lets go of
            yield answers
            at = end

    def _answer(self, row: Row, found: dict[tuple[Any, ...], str]) -> str:
        if row.error is not None:
            return f'"id": null, "p": null, "candidates": [], "error": {encode_basestring(row.error)}}}'
        if row.text is None:
            return '"id": null, "p": 1.0, "candidates": []}'
        key = row[:1] + row[2:5]
        return found.get(key) or self._memo[key]

    def _link(self, new: dict[tuple[Any, ...], Row]) -> dict[tuple[Any, ...], str]:
        if not new:
            return {}
        rows = list(new.values())
        queries = Queries.of(
            [row.text or "" for row in rows],
            langs=[row.lang for row in rows],
            contexts=[row.context for row in rows],
            attributes=[row.attributes for row in rows],
        )
        return dict(zip(new, self.lines.lines(self.linker.rank_block(queries, self.k)), strict=True))

    def _keep(self, found: dict[tuple[Any, ...], str]) -> None:
        size = sum(map(len, found.values()))
        if self._size + size > MEMO:
            self._memo, self._size = {}, 0
            if size > MEMO:
                return
        self._memo.update(found)
        self._size += size


class JsonSink:
    """One JSON object a query."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream

    def write(self, chunk: Chunk, rows: Sequence[Row], answers: Sequence[str]) -> None:
        """Write rows."""
        parts = []
        for row, answer in zip(rows, answers, strict=True):
            text = "null" if row.text is None else encode_basestring(row.text)
            own = "" if row.id is None else f'"query_id": {json.dumps(row.id, ensure_ascii=False, default=str)}, '
            parts.append(f'{{{own}"query": {text}, {answer}\n')
        self.stream.write(encode_json("".join(parts)))

    def close(self) -> None:
        """Write what is still held: nothing."""


def rows_of(chunk: Chunk, options: LinkOptions) -> list[Row | None]:
    """Return the rows of a chunk; ``None`` for a line that is no row."""
    n = len(chunk.texts)
    ids, langs = column_of(chunk, "id"), column_of(chunk, "lang")
    contexts, attributes = column_of(chunk, options.context), column_of(chunk, "attributes")
    if options.lang is not None:
        langs = [options.lang] * n
    blank = getattr(chunk, "objects", None)
    found: list[Row | None] = []
    for i, text in enumerate(chunk.texts):
        if i not in chunk.bad and blank is not None and blank[i] is None:
            found.append(None)
            continue
        error = chunk.bad.get(i)
        fields: list[str | None] = []
        for name, value in (("lang", langs[i]), (options.context, contexts[i])):
            if value is not None and not isinstance(value, str):
                error = error or f"the field '{name}' is no text but {json.dumps(value, default=str)[:40]}"
            fields.append(value or None if isinstance(value, str) else None)
        shown = chunk.raw(i) if error is not None else text
        if shown is not None:
            shown = shown.removesuffix("\r")
        found.append(Row(shown, ids[i], fields[0], fields[1], _values(attributes[i]), error))
    return found


def column_of(chunk: Chunk, name: str) -> list[Any]:
    """Return the values of a column of a chunk, nulls where it is not there."""
    n = len(chunk.texts)
    if isinstance(chunk, TsvChunk):
        if name not in chunk.names:
            return [None] * n
        at = chunk.names.index(name)
        return [None if i in chunk.bad else line.split("\t")[at] or None for i, line in enumerate(chunk.lines)]
    if isinstance(chunk, ParquetChunk):
        if chunk.data.schema.names.count(name) != 1:
            return [None] * n
        return list(chunk.data.column(name).to_pylist())
    objects = getattr(chunk, "objects", None)
    if objects is None:
        return [None] * n
    return [None if record is None else record.get(name) for record in objects]


def _values(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split("|")
    if not isinstance(value, list):
        return ()
    return tuple(part.strip() for part in value if isinstance(part, str) and part.strip())


def check_free(names: Sequence[str], added: Sequence[str], label: str, options: LinkOptions) -> None:
    """Check that new columns do not meet old ones.

    Raises:
        UsageError: one does, and must not be overwritten.
    """
    taken = [name for name in added if name in names]
    if taken and not options.overwrite_columns:
        msg = f"{label}: there is a column '{taken[0]}' already; --overwrite-columns replaces it."
        raise UsageError(msg)
