"""The tables of one language: honorifics, given names, head nouns, well-known aliases, small words.

They are tab-separated files under ``rules/names/<language>/``; a user lays a folder with files of the same names and
columns over them (:func:`load_tables`). Every row only adds; nothing has to be copied to extend a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from textnorm.errors import UnknownNameError, UsageError
from textnorm.normalizers.coref.fold import fold, fold_words
from textnorm.normalizers.coref.types import TYPES
from textnorm.resources import rules_dir

#: File -> its columns. A file that is missing is an empty table.
FILES: dict[str, tuple[str, ...]] = {
    "words.tsv": ("role", "words"),
    "honorifics.tsv": ("kind", "gender", "words"),
    "given.tsv": ("gender", "names"),
    "nicknames.tsv": ("name", "short"),
    "heads.tsv": ("type", "role", "words"),
    "aliases.tsv": ("name", "type", "aliases", "people"),
    "places.tsv": ("names",),
}
HONORIFIC_KINDS = ("address", "role", "post", "generation")
HEAD_ROLES = ("legal", "unit", "fixed")
#: Roles whose words are compared as written, not by key.
RAW_ROLES = frozenset(
    (
        "stop",
        "letters",
        "starter",
        "never",
        "quoted",
        "adjective_ending",
        "attribute_ending",
        "break_ending",
        "conjunction",
        "person_key_ending",
        "name_adjective_ending",
        "place_ending",
        "other_ending",
        "speech",
    )
)
GENDERS = ("m", "f", "")
Key = tuple[str, ...]


class Alias(NamedTuple):
    """What a written form is known for.

    Attributes:
        name: the canonical name it belongs to.
        type: type of that name.
        people: whether the form names the inhabitants, not the thing.
        written: the form as the table writes it.
    """

    name: str
    type: str
    people: bool
    written: str


@dataclass(slots=True)
class NameTables:
    """The tables of one language, folded (:func:`textnorm.normalizers.coref.fold.fold`).

    Attributes:
        code: ISO 639 code.
        roles: role of small words -> words (``article``, ``connector``, ``place_cue`` …).
        honorific: word -> (kind, gender); kinds are :data:`HONORIFIC_KINDS`.
        given: given name -> ``m``, ``f``, or ``""`` where it is used for both.
        nicknames: short form -> the given names it may stand for.
        heads: head noun -> (type, role).
        aliases: folded words of a form -> :class:`Alias`.
        places: folded words of well-known places.
        written: folded word -> how the table writes it, where that is not in small letters.
        digest: changes whenever a table does.
    """

    code: str
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    honorific: dict[str, tuple[str, str]] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    nicknames: dict[str, frozenset[str]] = field(default_factory=dict)
    heads: dict[str, tuple[str, str]] = field(default_factory=dict)
    aliases: dict[Key, Alias] = field(default_factory=dict)
    places: frozenset[Key] = frozenset()
    written: dict[str, str] = field(default_factory=dict)
    digest: str = ""

    def keyed(self, inflected: Callable[[str], str]) -> NameTables:
        """Return the tables with the keys of an inflected language in place of folded words."""

        def key(word: str) -> str:
            return inflected(self.written.get(word, word))

        aliases: dict[Key, Alias] = {}
        for words, alias in self.aliases.items():
            aliases.setdefault(tuple(map(key, words)), alias)
        return NameTables(
            self.code,
            {name: words if name in RAW_ROLES else frozenset(map(key, words)) for name, words in self.roles.items()},
            {key(word): value for word, value in self.honorific.items()},
            {key(word): value for word, value in self.given.items()},
            {key(word): frozenset(map(key, names)) for word, names in self.nicknames.items()},
            {key(word): value for word, value in self.heads.items()},
            aliases,
            frozenset(tuple(map(key, words)) for words in self.places),
            self.written,
            self.digest,
        )

    def known(self) -> frozenset[str]:
        """Return the words that tables know as names or titles."""
        names = {word for words in (*self.places, *self.aliases) for word in words}
        return frozenset({*self.honorific, *self.given, *self.heads, *names})

    def role(self, name: str) -> frozenset[str]:
        """Return the words of a role; none where the language has none."""
        return self.roles.get(name, frozenset())


class _Row(NamedTuple):
    where: str
    cells: tuple[str, ...]


def languages() -> list[str]:
    """Return the codes of the languages whose tables ship."""
    return sorted(path.name for path in (rules_dir() / "names").iterdir() if path.is_dir())


@lru_cache(maxsize=16)
def load_tables(code: str, overlays: tuple[str, ...] = ()) -> NameTables:
    """Return the tables of a language with the user's laid over them.

    Args:
        code: a language that ships.
        overlays: folders with any of :data:`FILES`, or single files of such a name.

    Raises:
        UnknownNameError: no such language; lists those that ship.
        UsageError: a file or row that cannot be used; names file, line and what is allowed.
    """
    if code not in languages():
        kind = "language with tables of names"
        raise UnknownNameError(kind, code, languages())
    tables = NameTables(code)
    digest = blake2b(digest_size=8)
    for source in (rules_dir() / "names" / code, *map(Path, overlays)):
        for path in _files(source):
            digest.update(path.read_bytes())
            _add(tables, path)
    tables.digest = digest.hexdigest()
    return tables


def _files(source: Path) -> list[Path]:
    if source.is_file():
        if source.name not in FILES:
            msg = f"{source}: a table of names is one of {', '.join(FILES)}; the name of the file says which."
            raise UsageError(msg)
        return [source]
    if not source.is_dir():
        msg = f"There is no folder or table {source} of names."
        raise UsageError(msg)
    found = [source / name for name in FILES if (source / name).is_file()]
    if not found:
        msg = f"{source}: none of the tables {', '.join(FILES)} is in this folder."
        raise UsageError(msg)
    return found


def _rows(path: Path) -> Iterator[_Row]:
    columns = FILES[path.name]
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8 at byte {error.start}."
        raise UsageError(msg) from error
    header: Sequence[str] | None = None
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r")
        if not text.strip() or text.startswith("#"):
            continue
        cells = text.split("\t")
        if header is None:
            header = cells
            if tuple(cells) != columns[: len(cells)]:
                msg = f"{path}, line {number}: the columns are {', '.join(columns)}, separated by tabs."
                raise UsageError(msg)
            continue
        if len(cells) > len(columns):
            msg = f"{path}, line {number}: {len(cells)} cells, but there are {len(columns)} columns."
            raise UsageError(msg)
        yield _Row(f"{path}, line {number}", tuple(c.strip() for c in cells) + ("",) * (len(columns) - len(cells)))


def _one_of(row: _Row, column: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        shown = ", ".join(a or "(empty)" for a in allowed)
        msg = f"{row.where}: the {column} is one of {shown}, not '{value}'."
        raise UsageError(msg)


def _add(tables: NameTables, path: Path) -> None:
    for row in _rows(path):
        _ADD[path.name](tables, row)


def _folded(tables: NameTables, word: str) -> str:
    """Fold a word of a table and keep how an acronym is written: it is not inflected."""
    key = fold(word)
    if len(word) > 1 and word.isupper():
        tables.written[key] = word
    return key


def _add_words(tables: NameTables, row: _Row) -> None:
    role, text = row.cells
    tables.roles[role] = tables.role(role) | {w if role == "person_key_ending" else fold(w) for w in text.split()}


def _add_honorifics(tables: NameTables, row: _Row) -> None:
    kind, gender, text = row.cells
    _one_of(row, "kind", kind, HONORIFIC_KINDS)
    _one_of(row, "gender", gender, GENDERS)
    for word in text.split():
        tables.honorific[fold(word)] = (kind, gender)


def _add_given(tables: NameTables, row: _Row) -> None:
    gender, text = row.cells
    _one_of(row, "gender", gender, GENDERS)
    for word in text.split():
        name = fold(word)
        tables.given[name] = gender if tables.given.get(name, gender) == gender else ""


def _add_nicknames(tables: NameTables, row: _Row) -> None:
    name, text = row.cells
    for word in text.split():
        short = fold(word)
        tables.nicknames[short] = tables.nicknames.get(short, frozenset()) | {fold(name)}
        # A short form is a given name too, of the gender of its long forms.
        gender = tables.given.get(fold(name), "")
        if short not in tables.given:
            tables.given[short] = gender


def _add_heads(tables: NameTables, row: _Row) -> None:
    type_, role, text = row.cells
    _one_of(row, "type", type_, TYPES)
    _one_of(row, "role", role, HEAD_ROLES)
    for word in text.split():
        tables.heads.setdefault(_folded(tables, word), (type_, role))


def _add_aliases(tables: NameTables, row: _Row) -> None:
    name, type_, aliases, people = row.cells
    _one_of(row, "type", type_, TYPES)
    if not name:
        msg = f"{row.where}: the name is empty."
        raise UsageError(msg)
    for text, is_people in ((name, False), (aliases, False), (people, True)):
        for form in text.split("|"):
            if form.strip():
                key = tuple(_folded(tables, word) for word in form.split())
                if len(key) > 1 and key[0] in tables.role("article"):
                    key = key[1:]
                tables.aliases[key] = Alias(name, type_, is_people, form.strip())


def _add_places(tables: NameTables, row: _Row) -> None:
    tables.places |= {fold_words(word.replace("_", " ").split()) for word in row.cells[0].split()}


_ADD = {
    "words.tsv": _add_words,
    "honorifics.tsv": _add_honorifics,
    "given.tsv": _add_given,
    "nicknames.tsv": _add_nicknames,
    "heads.tsv": _add_heads,
    "aliases.tsv": _add_aliases,
    "places.tsv": _add_places,
}
