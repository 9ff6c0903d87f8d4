"""Labelled queries carried from one language to another through the base's own labels.

xMEN (arXiv 2310.11275) trains its re-ranker for a language without labelled text on text that a neural network has
translated. Here the base is the translator: where a concept of a labelled query has names in the language that is
asked for, these stand in the mention's place. Nothing is learned from a name that is still in the base (it would be
found by itself), so the names that were used can be left out of the base that a re-ranker is trained on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textnorm.errors import DataError, UsageError
from textnorm.linking.kb import NameRow, kind_order
from textnorm.linking.labelled import Labelled

COLUMNS = ("query", "concept_ids", "lang", "context", "attributes")


@dataclass(frozen=True)
class Carried:
    """What was carried to another language.

    Attributes:
        rows: labelled queries in that language.
        used: concept and name of each name that stands for a mention.
        without: labelled queries whose concepts have no name in that language.
        none: labelled queries without a concept, which nothing can be carried from.
    """

    rows: list[Labelled]
    used: frozenset[tuple[str, str]]
    without: int
    none: int


def carry(rows: Sequence[Labelled], names: Iterable[NameRow], to: str, *, each: int = 2) -> Carried:
    """Return labelled queries in the language ``to``: names of the right concepts in the mentions' place.

    Args:
        rows: labelled queries, of any other language.
        names: of the base.
        to: language code.
        each: so many names a concept at most, preferred ones first.

    Raises:
        UsageError: the base has no name in that language.
    """
    if each < 1:
        msg = f"each is {each}; it must be at least 1."
        raise UsageError(msg)
    known: dict[str, list[tuple[int, str]]] = {}
    langs: dict[str, None] = {}
    for concept, name, lang, kind, _, _ in names:
        if lang is not None:
            langs[lang] = None
        if lang == to:
            known.setdefault(concept, []).append((kind_order(kind), name))
    if not known:
        have = ", ".join(sorted(langs)) or "none"
        msg = f"The base has no name in the language '{to}'; its names are in: {have}."
        raise UsageError(msg)
    best = {concept: [name for _, name in sorted(set(found))][:each] for concept, found in known.items()}
    found: dict[tuple[str, str | None], Labelled] = {}
    used: set[tuple[str, str]] = set()
    without = none = 0
    for row in rows:
        if not row.ids:
            none += 1
            continue
        hit = False
        for concept in row.ids:
            for name in best.get(concept, ()):
                hit = True
                used.add((concept, name))
                context = _swapped(row.context, row.query, name)
                key = (name, context)
                ids = found[key].ids if key in found else ()
                merged = tuple(dict.fromkeys([*ids, *row.ids]))
                found[key] = replace(row, query=name, ids=merged, lang=to, context=context)
        without += not hit
    return Carried(list(found.values()), frozenset(used), without, none)


def _swapped(context: str | None, mention: str, name: str) -> str | None:
    """Return a context with the name in the mention's place; ``None`` where the mention is not in it."""
    if context is None:
        return None
    at = context.find(mention)
    if at < 0:
        at = context.casefold().find(mention.casefold())
        if at < 0 or len(context.casefold()) != len(context):
            return None
    return context[:at] + name + context[at + len(mention) :]


def rest_of(names: Iterable[NameRow], carried: Carried, to: str) -> list[NameRow]:
    """Return the names of a base without those in the language ``to`` that were carried."""
    return [row for row in names if row[2] != to or (row[0], row[1]) not in carried.used]


def write_examples(path: Path, rows: Sequence[Labelled]) -> None:
    """Write labelled queries: TSV, or JSON Lines where the name ends in ``.jsonl``.

    Raises:
        DataError: a value holds a tab or a line end, which TSV cannot; names it.
    """
    records = [
        {
            "query": row.query,
            "concept_ids": "|".join(row.ids),
            "lang": row.lang,
            "context": row.context,
            "attributes": "|".join(row.attributes),
        }
        for row in rows
    ]
    _write(path, COLUMNS, records)


def write_names(path: Path, rows: Sequence[NameRow]) -> None:
    """Write a names table: TSV, or JSON Lines where the name ends in ``.jsonl``.

    Raises:
        DataError: a value holds a tab or a line end, which TSV cannot; names it.
    """
    columns = ("concept_id", "name", "lang", "kind", "source", "weight")
    _write(path, columns, [dict(zip(columns, row, strict=True)) for row in rows])


def _write(path: Path, columns: Sequence[str], records: Sequence[dict[str, Any]]) -> None:
    """Write under a temporary name and rename."""
    from textnorm.streaming.files import writing

    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.suffix == ".jsonl"
    with writing(str(path)) as file:
        if not lines:
            file.write(("\t".join(columns) + "\n").encode())
        for number, record in enumerate(records, 1):
            if lines:
                file.write((json.dumps(record, ensure_ascii=False) + "\n").encode())
                continue
            cells = ["" if record[column] is None else str(record[column]) for column in columns]
            if any("\t" in cell or "\n" in cell for cell in cells):
                msg = f"{path}: row {number} ({cells[0][:40]!r}) holds a tab or a line end; write .jsonl instead."
                raise DataError(msg)
            file.write(("\t".join(cells) + "\n").encode())
