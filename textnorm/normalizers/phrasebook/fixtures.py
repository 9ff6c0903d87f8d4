"""Lists that are not in the book: a user's own, or the names of a Home Assistant installation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from textnorm.normalizers.phrasebook.book import Book, SlotList, Value
from textnorm.normalizers.phrasebook.errors import BookError, Located, located
from textnorm.normalizers.phrasebook.load import lists_of, plain
from textnorm.normalizers.phrasebook.network import Scope, spellings
from textnorm.normalizers.phrasebook.template import Text, is_template, parse
from textnorm.normalizers.phrasebook.yamlio import read_yaml

#: Keys of a fixtures file that make lists, and the list each makes.
NAMED = {"areas": "area", "floors": "floor", "entities": "name"}


def read_lists(path: Path) -> dict[str, SlotList]:
    """Read lists from a YAML file: ``lists:`` as in a book, a bare mapping of them, or Home Assistant's fixtures.

    Raises:
        BookError: the file cannot be used; names file and line.
        UsageError: it cannot be opened.
    """
    data = read_yaml(path)
    if not isinstance(data, dict) or not data:
        what = "lists are a mapping of names to values"
        raise BookError(what, Located("", str(path), 1))
    if any(key in data for key in NAMED):
        return fixture_lists(data, str(path))
    lists = data.get("lists", {k: v for k, v in data.items() if k != "language"})
    if isinstance(lists, dict):
        lists = {name: {"values": body} if isinstance(body, list) else body for name, body in lists.items()}
    return lists_of(path, data, lists)


def fixture_lists(data: Mapping[Any, Any], file: str = "") -> dict[str, SlotList]:
    """Return the lists ``area``, ``floor`` and ``name`` of Home Assistant's fixtures.

    An entity's domain and attributes are its value's context; a name that is a template has a value for each way to
    say it.

    Raises:
        BookError: an entry has no name, or cannot be used; names the line, or ``file`` where none is known.
    """
    made: dict[str, SlotList] = {}
    for key, name in NAMED.items():
        entries = data.get(key)
        if entries is not None and not isinstance(entries, list):
            what = f"'{key}' must be a list of entries with a name"
            raise BookError(what, file)
        if entries:
            made[name] = SlotList(name, "values", values=tuple(_values(entries, key, file)), where="")
    return made


def _values(entries: Iterable[Any], key: str, file: str) -> Iterable[Value]:
    scope = Scope(Book("fixtures"))
    for entry in entries:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
            what = f"an entry of '{key}' needs a name"
            raise BookError(what, file)
        said = located(entry["name"])
        context: dict[str, Any] | None = None
        if key == "entities":
            number = str(entry.get("id", ""))
            domain = entry.get("domain", number.partition(".")[0])
            attributes = entry.get("attributes") or {}
            if not isinstance(attributes, Mapping):
                what = f"the attributes of '{said}' must be a mapping"
                raise BookError(what, said.where or file)
            context = {"domain": str(domain), **plain(attributes, said)}
        if not is_template(said):
            yield Value(Text(said), said, str(said), context)
            continue
        for way in spellings(parse(said), scope, said):
            yield Value(Text(way), Located(way, said.file, said.line), way.strip(), context)
