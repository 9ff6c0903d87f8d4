"""OBO files (The OBO Flat File Format 1.4 and 1.2): terms, synonyms by scope, ``is_a``.

A parser of our own: the format is line-based, and of it only six tags are needed. ``pronto`` and ``fastobo`` read all
of it, but build an ontology in memory that is not wanted here, and drop the qualifiers with languages (pronto #95).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from textnorm.errors import DataError
from textnorm.linking.kb import NameRow
from textnorm.linking.readers.base import Base
from textnorm.streaming.files import blocks, reading
from textnorm.streaming.formats import detect

PREFERRED = "preferred"
SCOPES = ("EXACT", "NARROW", "BROAD", "RELATED")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "W": " ", "t": "\t"}
#: ``"text" SCOPE TYPE [xrefs] {qualifiers} ! comment``; all behind the text may be missing.
_SYNONYM = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.)*)"\s*(?P<scope>EXACT|NARROW|BROAD|RELATED)?\s*(?P<type>[^\s\[{!]\S*)?\s*'
    r"(?:\[(?P<xrefs>(?:[^\]\\]|\\.)*)\])?\s*(?P<rest>.*)",
    re.DOTALL,
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
#: Qualifier whose key ends in ``lang`` or ``language``: ``{dc:language="fr"}``, ``{xml:lang="fr"}``.
_LANG = re.compile(r'(?:^|[\s{,/#:.])lang(?:uage)?\s*=\s*"([A-Za-z]{2,3}(?:-[A-Za-z0-9-]+)?)"')
#: A comment or qualifiers behind a value that is not quoted.
_TAIL = re.compile(r"(?<!\\)\s(?:\{[^{}]*=[^{}]*\}\s*)?(?:!.*)?$")


@dataclass
class _Term:
    """A ``[Term]`` stanza as far as it was read."""

    where: str
    id: str = ""
    names: list[tuple[str, str | None, str, str | None]] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    definition: str = ""
    obsolete: bool = False


def read_obo(path: str) -> Base:
    """Return names, parents, namespaces (types) and definitions (attributes) of the terms of an OBO file.

    A ``name`` has kind ``preferred``; a synonym's kind is its scope: ``exact``, ``narrow``, ``broad`` or ``related``
    (``related`` where none is given, as the format says); its source are its references. Obsolete terms are left out
    and counted. ``xref``, ``alt_id`` and relations other than ``is_a`` are not kept.

    Raises:
        DataError: a line that cannot be read, a term without an id, or two terms with one id; names the line.
    """
    base = Base()
    rows: list[NameRow] = []
    seen: dict[str, str] = {}
    obsolete = imports = nameless = 0
    first = ""
    language: str | None = None
    space: str | None = None
    for stanza, where, lines in _stanzas(path):
        if stanza == "":
            for at, tag, value in lines:
                if tag == "import":
                    imports += 1
                elif tag == "default-namespace":
                    space = _plain(value)
                elif tag == "property_value" and (found := _header_language(value)):
                    language = found
                elif tag == "id":
                    msg = f"{at}: an id before the first [Term]."
                    raise DataError(msg)
            continue
        if stanza != "Term":
            continue
        term = _term(where, lines, language)
        if term.obsolete:
            obsolete += 1
            continue
        if term.id in seen:
            msg = f"{term.where}: the term '{term.id}' is there already, at {seen[term.id]}."
            raise DataError(msg)
        if not any(kind == PREFERRED for _, _, kind, _ in term.names):
            nameless += 1  # 1.4 allows it: a term of another ontology, named only to say what is above it
            first = first or f"{term.where}: '{term.id}'"
        seen[term.id] = term.where
        rows += [(term.id, text, lang, kind, source, None) for text, lang, kind, source in term.names]
        base.concepts[term.id] = {
            "parents": term.parents,
            "types": term.types or ([space] if space else []),
            "attributes": [term.definition] if term.definition else [],
        }
    base.names.extend(rows)
    if not seen and not obsolete:
        msg = f"{path}: there is no [Term]; is it an OBO file?"
        raise DataError(msg)
    if obsolete:
        base.notes.append(f"{path}: {obsolete:,} obsolete terms were left out")
    if nameless:
        base.warnings.append(f"{nameless:,} terms have no name (the first: {first})")
    if imports:
        base.warnings.append(f"{path}: {imports} imports are not followed; give the imported files, too")
    return base


def _term(where: str, lines: list[tuple[str, str, str]], language: str | None) -> _Term:
    term = _Term(where)
    for at, tag, value in lines:
        if tag == "id":
            term.id = _plain(value)
            term.where = at
        elif tag == "name":
            own = _LANG.search(value)
            text = _plain(value)
            if not text:
                msg = f"{at}: the name is empty."
                raise DataError(msg)
            term.names.append((text, str(own[1]) if own else language, PREFERRED, None))
        elif tag == "synonym":
            term.names.append(_synonym(value, at, language))
        elif tag in ("exact_synonym", "narrow_synonym", "broad_synonym", "related_synonym"):  # OBO 1.0
            scope = tag.partition("_")[0]
            text, lang, _, source = _synonym(value, at, language)
            term.names.append((text, lang, scope, source))
        elif tag == "is_a":
            term.parents.append(_plain(value))
        elif tag == "namespace":
            term.types.append(_plain(value))
        elif tag == "def":
            found = _QUOTED.match(value)
            term.definition = _unescaped(found[1]).strip() if found else ""
        elif tag == "is_obsolete":
            term.obsolete = _plain(value) == "true"
    if not term.id:
        msg = f"{where}: a [Term] without an id."
        raise DataError(msg)
    return term


def _synonym(value: str, at: str, language: str | None) -> tuple[str, str | None, str, str | None]:
    found = _SYNONYM.match(value)
    if found is None:
        msg = f"{at}: a synonym is a text in quotes, not {value[:60]!r}."
        raise DataError(msg)
    text = _unescaped(found["text"]).strip()
    if not text:
        msg = f"{at}: the synonym is empty."
        raise DataError(msg)
    lang = _LANG.search(found["rest"])
    source = _unescaped(found["xrefs"] or "").strip()
    return text, str(lang[1]) if lang else language, (found["scope"] or "RELATED").lower(), source or None


def _stanzas(path: str) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """Yield each stanza: its kind (``""`` for the header), place, and its lines as (place, tag, value)."""
    kind, place = "", f"{path}, line 1"
    held: list[tuple[str, str, str]] = []
    for number, line in _lines(path):
        if not line or line.startswith("!"):
            continue
        where = f"{path}, line {number}"
        if line.startswith("["):
            yield kind, place, held
            kind, place, held = line.partition("]")[0][1:].strip(), where, []
            continue
        tag, colon, value = line.partition(":")
        if not colon:
            msg = f"{where}: neither a [stanza] nor 'tag: value': {line[:60]!r}."
            raise DataError(msg)
        held.append((where, tag.strip(), value.strip()))
    yield kind, place, held


def _lines(path: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers; a backslash at the end joins the next line."""
    number = 0
    held = ""
    with reading(path, detect(path).codec) as stream:
        for block in blocks(stream, path):
            try:
                text = block.decode("utf-8")
            except UnicodeDecodeError as error:
                at = number + block.count(b"\n", 0, error.start) + 1
                msg = f"{path}, line {at}: invalid UTF-8 ({error.reason}). Save {path} as UTF-8."
                raise DataError(msg) from error
            for line in text.removesuffix("\n").split("\n"):
                number += 1
                line = line.removesuffix("\r").removeprefix("\ufeff" if number == 1 else "\0")
                if line.endswith("\\") and not line.endswith("\\\\"):
                    held += line[:-1]
                    continue
                yield number, (held + line).strip()
                held = ""
    if held:
        yield number, held.strip()


def _plain(value: str) -> str:
    """Return a value that is not quoted, without qualifiers, comment and escapes."""
    return _unescaped(_TAIL.sub("", value)).strip()


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), text) if "\\" in text else text


def _header_language(value: str) -> str | None:
    """Return the language that a header's ``property_value: dc:language "en" xsd:string`` states."""
    name, _, rest = value.partition(" ")
    found = _QUOTED.search(rest)
    return found[1] if found and re.search(r"(?:^|[:/#])language$", name) else None
