"""Knowledge bases in the formats they are published in: tables, OBO, SKOS and ESCO's CSV release.

A taxonomy (all but tables) brings names and concepts in one file. The format is told by the ending, where that says
nothing by the first bytes; a caller may name it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from textnorm.errors import DataError, UnknownNameError, UsageError
from textnorm.linking.check import check_parents, unknown_parents
from textnorm.linking.readers.base import Base
from textnorm.linking.tables import NAMES_HELP, Concepts, fill_lang, name_rows, read_concepts
from textnorm.streaming.files import reading
from textnorm.streaming.formats import STDIO, check_input, detect

TABLE, OBO, SKOS, ESCO = "table", "obo", "skos", "esco"
#: What ``--format`` takes; the last two are one pillar of ESCO alone.
FORMATS = (TABLE, OBO, SKOS, ESCO, "esco-occupations", "esco-skills")
_ENDINGS = {
    ".obo": OBO,
    ".ttl": SKOS,
    ".rdf": SKOS,
    ".nt": SKOS,
    ".n3": SKOS,
    ".jsonld": SKOS,
    ".owl": SKOS,
    ".skos": SKOS,
    ".csv": ESCO,
    ".zip": ESCO,
}
#: First bytes of a file whose ending says nothing, in lower case.
_STARTS = {"format-version:": OBO, "[term]": OBO, "<?xml": SKOS, "<rdf:rdf": SKOS, "@prefix": SKOS, "@base": SKOS}
HELP = f"{NAMES_HELP} Also read are .obo, SKOS (.ttl, .rdf, .nt, .jsonld) and the folder or .zip of ESCO's CSV release."


def format_of(path: str, form: str | None = None) -> str:
    """Return the format of an input, one of :data:`FORMATS`.

    Args:
        path: a file, or the folder of ESCO's CSV release.
        form: what the caller knows; wins.

    Raises:
        UsageError: there is no such input, or nothing says what it is.
        UnknownNameError: no format is called ``form``.
    """
    if form is not None and form not in FORMATS:
        kind = "format of a knowledge base"
        raise UnknownNameError(kind, form, FORMATS)
    if Path(path).is_dir():
        if form is None or form.startswith(ESCO):
            return form or ESCO
        msg = f"{path} is a folder; only ESCO's CSV release is read from one."
        raise UsageError(msg)
    check_input(path)
    if form is not None:
        return form
    found = detect(path)
    if found.kind != "text" and path != STDIO:
        return TABLE
    name = Path(path).name.lower()
    if found.codec:
        name = name.rpartition(".")[0]
    known = _ENDINGS.get(Path(name).suffix)
    if known is not None:
        return known
    if path != STDIO:
        with reading(path, found.codec) as stream:
            start = stream.read(4096).decode("utf-8", "replace").removeprefix("\ufeff").lstrip().lower()
        for mark, what in _STARTS.items():
            if start.startswith(mark):
                return what
    msg = f"{path}: {HELP} --format says what a file with another ending is."
    raise UsageError(msg)


def check_inputs(paths: Sequence[str], form: str | None = None) -> list[str]:
    """Return the formats of several inputs, before anything of them is read.

    Raises:
        UsageError: as :func:`format_of`; or ESCO's pillars are mixed.
    """
    return [format_of(path, form) for path in paths]


def read_base(
    paths: Sequence[str],
    concepts: str | None = None,
    *,
    form: str | None = None,
    lang: str | None = None,
    whole: bool = True,
) -> Base:
    """Read names and what is known of their concepts.

    Where several files speak of one concept their parents, types and attributes are put together; a row of
    ``concepts`` stands alone and replaces what they say. A parent that no file describes stays, as a concept without a
    name that only roll-up reaches; how many there are is noted.

    Args:
        paths: tables, OBO and SKOS files, folders and archives of ESCO's CSV release; one base.
        concepts: a table of concepts, or a taxonomy of which only the concepts are taken.
        form: format of ``paths``; by default each file's own.
        lang: language of the names that state none.
        whole: whether this is all of a base; of names that are added to one, parents may well be unknown here.

    Raises:
        UsageError: an input is missing, of no known format, or lacks a column.
        DataError: a row or an entry cannot be used, there is no name, or the parents go in a circle.
        MissingExtraError: SKOS is to be read and rdflib is not installed.
    """
    formats = check_inputs(paths, form)
    base = Base()
    for path, found in zip(paths, formats, strict=True):
        if found == TABLE:
            base.names.extend(fill_lang(name_rows(path), lang))
        elif found in (OBO, SKOS):
            _merge(base, _reader(found)(path), lang)
    releases = [(path, found) for path, found in zip(paths, formats, strict=True) if found.startswith(ESCO)]
    if releases:
        from textnorm.linking.readers.esco import read_esco

        _merge(base, read_esco([path for path, _ in releases], releases[0][1]), lang)
    if base.names.repeated:
        base.warnings.append(f"{base.names.repeated:,} rows are there twice and were left out")
    if not base.names.rows:
        msg = f"{', '.join(paths)}: there is no name; an index needs one at least."
        raise DataError(msg)
    if concepts is not None:
        base.concepts.update(read_facts(concepts))
    check_parents(base.concepts, concepts or ", ".join(paths))
    unknown = unknown_parents(base.names, base.concepts) if whole else []
    if unknown:
        child, parent = unknown[0]
        base.warnings.append(
            f"{len({parent for _, parent in unknown}):,} parents have neither a name nor a row (the first: '{parent}', "
            f"parent of '{child}'); they are kept as concepts without a name"
        )
    return base


def read_facts(path: str) -> Concepts:
    """Return parents, types and attributes by concept of a concepts table, or of a taxonomy.

    Raises:
        UsageError: the file is missing, of no known format, or lacks ``concept_id``.
        DataError: a row cannot be used.
    """
    found = format_of(path)
    if found == TABLE:
        return read_concepts(path)
    if found == ESCO:
        from textnorm.linking.readers.esco import read_esco

        return read_esco([path], found).concepts
    return _reader(found)(path).concepts


def _reader(found: str) -> Callable[[str], Base]:
    if found == OBO:
        from textnorm.linking.readers.obo import read_obo

        return read_obo
    from textnorm.linking.readers.skos import read_skos

    return read_skos


def _merge(base: Base, found: Base, lang: str | None) -> None:
    base.names.extend(fill_lang(found.names.rows, lang))
    base.names.repeated += found.names.repeated
    base.notes += found.notes
    base.warnings += found.warnings
    for concept, facts in found.concepts.items():
        held = base.concepts.setdefault(concept, {name: [] for name in facts})
        for name, values in facts.items():
            held[name] = list(dict.fromkeys([*held[name], *values]))
