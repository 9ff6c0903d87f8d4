"""Linking as a step over Arrow batches: a column of names gets the concepts that they mean.

The counterpart of :func:`textnorm.arrow.normalize_batches`; what a row becomes never depends on how rows are cut into
batches, and equal rows are linked once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pyarrow as pa

from textnorm import __version__
from textnorm.arrow import METADATA_KEY, check_column, text_type
from textnorm.errors import UsageError

if TYPE_CHECKING:
    from textnorm.linking.linker import Link

SUFFIXES = ("link_id", "link_name", "link_p", "link_candidates")
#: Answers that are kept for rows that come again; all are dropped when there are so many.
MEMO = 100_000
#: Rows given to the linker at once.
BLOCK = 4096


class Links(Protocol):
    """What a step needs of a linker."""

    def link(
        self,
        texts: Sequence[str],
        k: int = 10,
        *,
        langs: Sequence[str | None] | None = None,
        contexts: Sequence[str | None] | None = None,
        attributes: Sequence[Sequence[str]] | None = None,
    ) -> Sequence[Link]:
        """Return the links of texts, in their order."""
        ...


class Query(NamedTuple):
    """A row to be linked; equal rows have equal links."""

    text: str
    lang: str | None = None
    context: str | None = None
    attributes: tuple[str, ...] = ()


class Answer(NamedTuple):
    """What a row gets.

    Attributes:
        id: the chosen concept, ``None`` for none of the base.
        name: the name of it that matched.
        title: the name that stands for it, in the row's language where it has one there.
        p: probability of that choice.
        candidates: as objects, best first.
    """

    id: str | None
    name: str | None
    title: str | None
    p: float
    candidates: list[dict[str, Any]]


class LinkStep:
    """Links rows, each different one once.

    Args:
        linker: of :mod:`textnorm.linking.linker`, or anything with its ``link``.
        k: candidates a row at most.
        memo: answers kept for rows that come again.
    """

    def __init__(self, linker: Links, k: int = 10, *, memo: int = MEMO) -> None:
        if k < 1:
            msg = f"k is {k}; at least one candidate is to be asked for."
            raise UsageError(msg)
        self.linker = linker
        self.k = k
        self.memo = memo
        self._known: dict[Query, Answer] = {}

    def __call__(self, queries: Sequence[Query | None]) -> list[Answer | None]:
        """Return the answers of rows, in order; a null row has none."""
        out: list[Answer | None] = [None] * len(queries)
        waiting: dict[Query, list[int]] = {}
        for i, query in enumerate(queries):
            if query is None:
                continue
            known = self._known.get(query)
            if known is not None:
                out[i] = known
            else:
                waiting.setdefault(query, []).append(i)
                if len(waiting) == BLOCK:
                    self._settle(waiting, out)
                    waiting = {}
        self._settle(waiting, out)
        return out

    def _settle(self, waiting: dict[Query, list[int]], out: list[Answer | None]) -> None:
        if not waiting:
            return
        asked = list(waiting)
        links = self.linker.link(
            [readable(query.text) for query in asked],
            self.k,
            langs=[query.lang for query in asked],
            contexts=[query.context for query in asked],
            attributes=[query.attributes for query in asked],
        )
        if len(self._known) + len(asked) > self.memo:
            self._known = {}
        for query, link in zip(asked, links, strict=True):
            answer = self._answer(link, query.lang)
            if len(self._known) < self.memo:
                self._known[query] = answer
            for i in waiting[query]:
                out[i] = answer

    def _answer(self, link: Link, lang: str | None) -> Answer:
        name = next((candidate.name for candidate in link.candidates if candidate.id == link.id), link.id)
        kb = getattr(self.linker, "kb", None)
        title = name if kb is None or link.id is None else str(kb.title(kb.number[link.id], lang))
        candidates = [
            {
                "id": candidate.id,
                "name": candidate.name,
                "lang": candidate.lang,
                "score": candidate.score,
                "p": candidate.p,
                "why": {name: part for name, part in candidate.why.items() if name != "sum"},  # as --why short
            }
            for candidate in link.candidates
        ]
        return Answer(link.id, name, title, link.p, candidates)


def readable(text: str) -> str:
    """Return a text without half surrogate pairs, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def candidates_type() -> pa.DataType:
    """Return the Arrow type of ``COL_link_candidates``; ``why`` is JSON, as its keys depend on the index."""
    fields = [("id", pa.string()), ("name", pa.string()), ("lang", pa.string())]
    return pa.list_(pa.struct([*fields, ("score", pa.float64()), ("p", pa.float64()), ("why", pa.string())]))


def link_batches(
    batches: Iterable[pa.RecordBatch],
    linker: Links,
    column: str = "text",
    *,
    k: int = 10,
    lang: str | None = None,
    lang_column: str | None = None,
    context_column: str | None = None,
    attributes_column: str | None = None,
    overwrite_columns: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Yield each batch with four columns behind its own.

    ``COL_link_id`` is the chosen concept, null where it is none of the base; ``COL_link_name`` its name that matched;
    ``COL_link_p`` the probability of that choice; ``COL_link_candidates`` the candidates, best first. A null text has
    null in all four; an empty one is linked to nothing.

    Args:
        batches: record batches of one schema.
        linker: the linker.
        column: column with what is to be linked.
        k: candidates a row at most.
        lang: language of all rows.
        lang_column: column with the language of each.
        context_column: column with the text around each.
        attributes_column: column with what else is known: a list of texts, or texts joined by ``|``.
        overwrite_columns: replace columns that have the new names, in their place.

    Raises:
        UsageError: a column is missing or no text, a new name is taken, or both ``lang`` and ``lang_column`` are given.
    """
    if lang is not None and lang_column is not None:
        msg = "Give either lang or lang_column: the language of all rows, or a column with that of each."
        raise UsageError(msg)
    step = LinkStep(linker, k)
    for batch in batches:
        schema = output_schema(batch.schema, column, k=k, linker=linker, overwrite_columns=overwrite_columns)
        texts = batch.column(column).to_pylist()
        n = len(texts)
        langs = _texts(batch, lang_column) if lang_column is not None else [lang] * n
        contexts = _texts(batch, context_column) if context_column is not None else [None] * n
        attributes = _lists(batch, attributes_column) if attributes_column is not None else [()] * n
        rows = zip(texts, langs, contexts, attributes, strict=True)
        answers = step([None if row[0] is None else Query(*row) for row in rows])
        by_name = dict(zip(added(column), new_columns(answers), strict=True))
        columns = [by_name[field.name] if field.name in by_name else batch.column(i) for i, field in enumerate(schema)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


class LinkColumn:
    """The step of a run that links a column, ``--step COLUMN=link:INDEX`` (:class:`~textnorm.protocols.Step`).

    Args:
        column: the column it reads.
        index: folder of the index.
        k: candidates a row at most.
        min_p: threshold of the probability; ``None``: the index's own.
        lang: language of the column.

    Raises:
        UsageError: there is no index, or ``k`` or ``min_p`` is out of range.
    """

    kind = "link"

    def __init__(
        self, column: str, index: str, *, k: int = 10, min_p: float | None = None, lang: str | None = None
    ) -> None:
        from textnorm.linking.normalizer import identity_of

        if k < 1 or (min_p is not None and not 0 <= min_p <= 1):
            msg = f"Options of the step link: k is 1 or more (here {k}), min_p from 0 to 1 (here {min_p})."
            raise UsageError(msg)
        self.column = column
        self.index = index
        self.lang = lang
        self.window = BLOCK
        self.facts: dict[str, Any] = {"index": identity_of(Path(index)), "k": k, "min_p": min_p, "lang": lang}
        self._step: LinkStep | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the open index out: each worker opens it."""
        return {**vars(self), "_step": None}

    def fields(self, column: pa.Field) -> Sequence[pa.Field]:
        """See :class:`~textnorm.protocols.Step`."""
        if text_type(column.type) is None:
            msg = f"The column '{self.column}' is {column.type}, not text."
            raise UsageError(msg)
        return [pa.field(name, kind) for name, kind in zip(added(self.column), _kinds(), strict=True)]

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """See :class:`~textnorm.protocols.Step`."""
        if self._step is None:
            self._step = open_step(self.index, self.facts["k"], self.facts["min_p"])
        texts = batch.column(self.column).to_pylist()
        answers = self._step([None if text is None else Query(text, self.lang) for text in texts])
        columns = [*batch.columns, *new_columns(answers)]
        return pa.RecordBatch.from_arrays(columns, names=[*batch.schema.names, *added(self.column)])


def make_link(column: str, target: str, **options: Any) -> LinkColumn:
    """Return the step registered as ``link``."""
    if not target:
        msg = f"The step link needs an index: {column}=link:INDEX (textnorm index build NAMES -o INDEX)."
        raise UsageError(msg)
    return LinkColumn(column, target, **options)


def open_step(index: str | Path, k: int, min_p: float | None) -> LinkStep:
    """Return the step over an index folder.

    Raises:
        UsageError: there is no index.
        DataError: it is damaged.
    """
    from textnorm.linking.linker import Linker

    linker = Linker.load(index)
    return LinkStep(linker if min_p is None else linker.with_options(min_p=min_p), k)


def _kinds() -> tuple[pa.DataType, ...]:
    return pa.string(), pa.string(), pa.float64(), candidates_type()


def added(column: str) -> list[str]:
    """Return the names of the new columns."""
    return [f"{column}_{suffix}" for suffix in SUFFIXES]


def new_columns(answers: Sequence[Answer | None]) -> list[pa.Array]:
    """Return answers as Arrow arrays, in the order of :data:`SUFFIXES`."""
    candidates = [
        None
        if answer is None
        else [{**item, "why": json.dumps(item["why"], ensure_ascii=False)} for item in answer.candidates]
        for answer in answers
    ]
    return [
        pa.array([answer and answer.id for answer in answers], pa.string()),
        pa.array([answer and answer.name for answer in answers], pa.string()),
        pa.array([None if answer is None else answer.p for answer in answers], pa.float64()),
        pa.array(candidates, candidates_type()),
    ]


def output_schema(
    schema: pa.Schema, column: str, *, k: int = 10, linker: Links | None = None, overwrite_columns: bool = False
) -> pa.Schema:
    """Return the schema that :func:`link_batches` gives for an input schema.

    Raises:
        UsageError: the column is missing or no text, or a new name is taken.
    """
    check_column(schema, column)
    if text_type(schema.field(column).type) is None:
        msg = f"The column '{column}' is {schema.field(column).type}, not text."
        raise UsageError(msg)
    fields = list(schema)
    for name, kind in zip(added(column), _kinds(), strict=True):
        at = schema.get_all_field_indices(name)
        if at and not overwrite_columns:
            msg = f"There is a column '{name}' already; --overwrite-columns (overwrite_columns=True) replaces it."
            raise UsageError(msg)
        if at:
            fields[at[0]] = pa.field(name, kind)
        else:
            fields.append(pa.field(name, kind))
    metadata = dict(schema.metadata or {})
    try:
        entries: dict[str, Any] = json.loads(metadata.get(METADATA_KEY, b"{}"))
    except ValueError:
        entries = {}
    facts = {"k": k, "textnorm": __version__, "index": getattr(linker, "identity", None)}
    entries[f"{column}_link"] = {name: value for name, value in facts.items() if value is not None}
    metadata[METADATA_KEY] = json.dumps(entries, ensure_ascii=False, sort_keys=True).encode()
    return pa.schema(fields, metadata=metadata)


def _texts(batch: pa.RecordBatch, column: str) -> list[str | None]:
    check_column(batch.schema, column)
    if text_type(batch.schema.field(column).type) is None:
        msg = f"The column '{column}' is {batch.schema.field(column).type}, not text."
        raise UsageError(msg)
    return [value or None for value in batch.column(column).to_pylist()]


def _lists(batch: pa.RecordBatch, column: str) -> list[tuple[str, ...]]:
    check_column(batch.schema, column)
    found = []
    for value in batch.column(column).to_pylist():
        parts = value.split("|") if isinstance(value, str) else value or ()
        if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
            msg = f"The column '{column}' is {batch.schema.field(column).type}, neither text nor lists of texts."
            raise UsageError(msg)
        found.append(tuple(part.strip() for part in parts if part.strip()))
    return found
