"""SKOS vocabularies (W3C Recommendation 2009), and the labels of OWL ontologies, read with rdflib.

Of the graph only the triples that are used are kept, so that a large file takes the memory of its labels.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from textnorm.errors import DataError, MissingExtraError
from textnorm.linking.kb import NameRow
from textnorm.linking.readers.base import Base
from textnorm.streaming.files import reading
from textnorm.streaming.formats import detect

_CORE = "http://www.w3.org/2004/02/skos/core#"
_XL = "http://www.w3.org/2008/05/skos-xl#"
_OBO_IN_OWL = "http://www.geneontology.org/formats/oboInOwl#"
_OWL = "http://www.w3.org/2002/07/owl#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
#: Property of a label -> kind of the name.
_NAMES = {
    f"{_CORE}prefLabel": "preferred",
    f"{_RDFS}label": "preferred",
    f"{_CORE}altLabel": "synonym",
    f"{_CORE}hiddenLabel": "hidden",
    f"{_OBO_IN_OWL}hasExactSynonym": "exact",
    f"{_OBO_IN_OWL}hasNarrowSynonym": "narrow",
    f"{_OBO_IN_OWL}hasBroadSynonym": "broad",
    f"{_OBO_IN_OWL}hasRelatedSynonym": "related",
}
#: SKOS-XL: the label is a thing of its own, with its text in ``literalForm``.
_XL_NAMES = {f"{_XL}prefLabel": "preferred", f"{_XL}altLabel": "synonym", f"{_XL}hiddenLabel": "hidden"}
_LITERAL = f"{_XL}literalForm"
_UP = (f"{_CORE}broader", f"{_CORE}broaderGeneric", f"{_CORE}broaderPartitive", f"{_RDFS}subClassOf")
_DOWN = (f"{_CORE}narrower",)
_SCHEMES = (f"{_CORE}inScheme", f"{_CORE}topConceptOf")
_DEFINITIONS = (f"{_CORE}definition", "http://purl.obolibrary.org/obo/IAO_0000115")
_DEPRECATED = f"{_OWL}deprecated"
#: Classes whose members are concepts.
_CONCEPTS = (f"{_CORE}Concept", f"{_OWL}Class", f"{_RDFS}Class")
_USED = frozenset(
    (*_NAMES, *_XL_NAMES, _LITERAL, *_UP, *_DOWN, *_SCHEMES, *_DEFINITIONS, _DEPRECATED, _TYPE, f"{_CORE}hasTopConcept")
)
#: Languages of definitions that are kept first.
_FIRST = ("en", None)
_SYNTAX = {
    ".ttl": "turtle",
    ".n3": "n3",
    ".nt": "nt",
    ".jsonld": "json-ld",
    ".json": "json-ld",
    ".rdf": "xml",
    ".owl": "xml",
    ".xml": "xml",
    ".skos": "xml",
}


def syntax_of(path: str) -> str:
    """Return rdflib's name of the syntax of a file, by its ending, else by its first letter."""
    form = detect(path)
    name = Path(path).name.lower()
    known = _SYNTAX.get(Path(name.rpartition(".")[0] if form.codec else name).suffix)
    if known is not None and known != "xml":
        return known
    with reading(path, form.codec) as stream:  # files that end in .rdf or .owl are not always XML
        start = stream.read(1024).decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    if start.startswith(("<?xml", "<rdf:", "<!")):
        return "xml"
    if start.startswith(("{", "[")):
        return "json-ld"
    return "turtle"


def read_skos(path: str) -> Base:
    """Return the concepts of a vocabulary.

    Names: ``prefLabel`` has kind ``preferred``, ``altLabel`` ``synonym``, ``hiddenLabel`` ``hidden``, each with the
    language of its tag; of OWL ontologies ``rdfs:label`` and OBO's synonym properties. Parents: ``broader`` and the
    reverse of ``narrower``, of OWL ``subClassOf``. Types: schemes (``inScheme``, ``topConceptOf``) and classes other
    than ``skos:Concept``, each by the last part of its address. Attributes: one definition, the English one where there
    is one. Deprecated concepts are left out and counted.

    Raises:
        MissingExtraError: rdflib is not installed.
        DataError: the file cannot be parsed, or holds no concept with a label.
    """
    graph = _parse(path)
    facts: dict[str, dict[str, list[Any]]] = {}
    literal: dict[str, Any] = {}
    for subject, predicate, value in graph:
        what = str(predicate)
        if what == _LITERAL:
            literal[str(subject)] = value
        facts.setdefault(str(subject), {}).setdefault(what, []).append(value)
    base = Base()
    rows: list[NameRow] = []
    deprecated = 0
    above = _parents(facts)
    for concept in sorted(facts):
        found = facts[concept]
        if not _is_concept(found):
            continue
        if any(str(value).lower() in ("true", "1") for value in found.get(_DEPRECATED, ())):
            deprecated += 1
            continue
        names = sorted(
            set(_names(found, literal)), key=lambda row: (row[2] != "preferred", row[1] or "", row[2], row[0])
        )
        rows += [(concept, text, lang, kind, None, None) for text, lang, kind in names]
        base.concepts[concept] = {
            "parents": sorted(above.get(concept, ())),
            "types": _types(found),
            "attributes": _definition(found),
        }
    base.names.extend(rows)
    if not rows:
        msg = f"{path}: there is no concept with a label (skos:prefLabel or rdfs:label)."
        raise DataError(msg)
    named = {row[0] for row in base.names.rows}
    for bare in [concept for concept, row in base.concepts.items() if concept not in named and not any(row.values())]:
        del base.concepts[bare]
    if deprecated:
        base.notes.append(f"{path}: {deprecated:,} deprecated concepts were left out")
    return base


def _parse(path: str) -> Iterable[tuple[Any, Any, Any]]:
    try:
        import rdflib
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "rdflib":
            raise
        feature, package, extra = "Reading SKOS", "rdflib", "skos"
        raise MissingExtraError(feature, package, extra) from missing

    graph: Any = rdflib.Graph()
    take = graph.add

    def sift(triple: tuple[Any, Any, Any]) -> Any:
        return take(triple) if str(triple[1]) in _USED else graph

    graph.add = sift  # only triples that are used get in
    # rdflib logs a warning with a traceback for a date it cannot read; here only labels matter.
    log = logging.getLogger("rdflib.term")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), reading(path, detect(path).codec) as stream:
            warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's JSON-LD uses a class that it deprecates
            graph.parse(stream, format=syntax_of(path), publicID=Path(path).resolve().as_uri())
    except OSError:
        raise
    except Exception as error:  # rdflib's parsers raise IndexError, SAXParseException, BadSyntax … on damaged files
        told = " ".join(str(error).split())
        msg = f"{path}: not {syntax_of(path)} that can be read: {told[:300]}"
        raise DataError(msg) from error
    finally:
        log.setLevel(level)
    return cast("Iterable[tuple[Any, Any, Any]]", graph)


def _is_concept(found: dict[str, list[Any]]) -> bool:
    kinds = {str(value) for value in found.get(_TYPE, ())}
    if kinds.intersection(_CONCEPTS):
        return True
    # A subclass of skos:Concept of the publisher's own is told by its label and place.
    return bool(found.keys() & {f"{_CORE}prefLabel", f"{_XL}prefLabel"}) and not kinds.intersection(
        (f"{_CORE}ConceptScheme", f"{_CORE}Collection", f"{_CORE}OrderedCollection")
    )


def _names(found: dict[str, list[Any]], literal: dict[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    for what, kind in _NAMES.items():
        for value in found.get(what, ()):
            yield from _name(value, kind)
    for what, kind in _XL_NAMES.items():
        for value in found.get(what, ()):
            if str(value) in literal:
                yield from _name(literal[str(value)], kind)


def _name(value: Any, kind: str) -> Iterator[tuple[str, str | None, str]]:
    text = " ".join(str(value).split())
    if text:
        yield text, getattr(value, "language", None), kind


def _parents(facts: dict[str, dict[str, list[Any]]]) -> dict[str, set[str]]:
    """Return parents by concept; blank nodes (OWL's restrictions) are no parents."""
    from rdflib import URIRef

    above: dict[str, set[str]] = {}
    for subject, found in facts.items():
        for what in _UP:
            for value in found.get(what, ()):
                if isinstance(value, URIRef) and str(value) not in (subject, f"{_OWL}Thing"):
                    above.setdefault(subject, set()).add(str(value))
        for what in _DOWN:
            for value in found.get(what, ()):
                if isinstance(value, URIRef) and str(value) != subject:
                    above.setdefault(str(value), set()).add(subject)
    return above


def _types(found: dict[str, list[Any]]) -> list[str]:
    schemes = [value for what in _SCHEMES for value in found.get(what, ())]
    classes = [value for value in found.get(_TYPE, ()) if str(value) not in _CONCEPTS]
    ends = (str(value).rstrip("/#").replace("#", "/").rpartition("/")[2] for value in (*classes, *schemes))
    return sorted({end for end in ends if end and end != "NamedIndividual"})


def _definition(found: dict[str, list[Any]]) -> list[str]:
    values = [value for what in _DEFINITIONS for value in found.get(what, ())]

    def order(value: Any) -> tuple[int, str, str]:
        lang = getattr(value, "language", None)
        return _FIRST.index(lang) if lang in _FIRST else len(_FIRST), lang or "", str(value)

    return [" ".join(str(value).split()) for value in sorted(values, key=order)[:1] if str(value).strip()]
