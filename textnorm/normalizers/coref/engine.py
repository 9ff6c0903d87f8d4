"""Names of one document brought together: language, forms, types, sieves, clusters, canonical forms."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from textnorm.errors import UnknownNameError, UsageError
from textnorm.normalizers.coref import persons, spelling, things
from textnorm.normalizers.coref.canonical import canonical
from textnorm.normalizers.coref.finder import NameFinder
from textnorm.normalizers.coref.guess import Guesser
from textnorm.normalizers.coref.inflector import Inflector, Uninflected
from textnorm.normalizers.coref.mention import Mention
from textnorm.normalizers.coref.shape import Shape, Shaper
from textnorm.normalizers.coref.state import Form, Link, State
from textnorm.normalizers.coref.tables import languages, load_tables
from textnorm.normalizers.coref.text import language_of
from textnorm.registry import name_inflectors
from textnorm.resources import rules_dir

AUTO = "auto"
#: Name of a sieve -> what it does; in the order of work, precision first.
SIEVES: dict[str, Callable[[State], None]] = {
    "aliases": things.aliases,
    "acronyms": things.acronyms,
    "full_names": persons.full_names,
    "beginnings": persons.beginnings,
    "single_names": persons.single_names,
    "short_forms": things.short_forms,
    "near_spellings": spelling.near_spellings,
    "bare_titles": persons.bare_titles,
}


@dataclass(slots=True)
class Cluster:
    """The mentions of one name.

    Attributes:
        canonical: the form that stands for all; in an inflected language in the nominative.
        type: type of the name.
        mentions: numbers of the mentions, ascending.
        confidence: 0 to 1: the least of its type and its links.
        evidence: why its forms are one: pairs of forms (as written), the sieve, its confidence.
        forms: its distinct forms.
    """

    canonical: str
    type: str
    mentions: list[int]
    confidence: float
    evidence: list[tuple[str, str, str, float]] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list, repr=False)


@dataclass(slots=True)
class Resolution:
    """The names of one document.

    Attributes:
        code: language in which it was read.
        clusters: in the order of their first mentions, singletons included.
        lemmas: word -> key, for an inflected language.
    """

    code: str
    clusters: list[Cluster]
    lemmas: Mapping[str, str] = field(default_factory=dict, repr=False)


class _Language:
    """What the engine keeps of one language."""

    def __init__(self, code: str, overlays: tuple[str, ...]) -> None:
        self.code = code
        self.inflector = _inflector_of(code)
        tables = load_tables(code, overlays)
        self.tables = tables if isinstance(self.inflector, Uninflected) else tables.keyed(self.inflector.key)
        self.known = self.tables.known()
        self.shaper = Shaper(self.tables)
        self.guesser = Guesser(self.shaper, self.inflector)
        self.finder = NameFinder(self.shaper, self.inflector)


def _inflector_of(code: str) -> Inflector:
    path = rules_dir("names") / code / "language.toml"
    if not path.is_file():
        return Uninflected()
    name = tomllib.loads(path.read_text(encoding="utf-8"))["inflector"]
    made: Inflector = name_inflectors.get(name)()
    return made


class NameResolver:
    """Brings the names of documents together.

    Args:
        language: code of a language with tables, or ``auto`` to look at each document.
        overlays: the user's tables, folders or files (:mod:`textnorm.normalizers.coref.tables`).
        off: sieves to leave out.

    Raises:
        UnknownNameError: no such language or sieve.
        UsageError: a table that cannot be used.
    """

    def __init__(self, language: str = AUTO, *, overlays: Sequence[str] = (), off: Sequence[str] = ()) -> None:
        codes = languages()
        if language != AUTO and language not in codes:
            kind = "language with tables of names"
            raise UnknownNameError(kind, language, [AUTO, *codes])
        for name in off:
            if name not in SIEVES:
                kind = "sieve"
                raise UnknownNameError(kind, name, SIEVES)
        if isinstance(overlays, str):
            msg = "The overlays of names are a list of folders or files."
            raise UsageError(msg)
        self.language = language
        self.overlays = tuple(overlays)
        self.off = tuple(off)
        self._sieves = [run for name, run in SIEVES.items() if name not in off]
        chosen = codes if language == AUTO else [language]
        self.codes = tuple(chosen)
        self._languages = {code: _Language(code, self.overlays) for code in chosen}
        self._stops = {code: one.tables.role("stop") for code, one in self._languages.items()}
        self._letters = {code: frozenset("".join(one.tables.role("letters"))) for code, one in self._languages.items()}
        self.version = "-".join(
            ("2", *(f"{code}.{one.tables.digest}.{one.inflector.version}" for code, one in self._languages.items()))
        )

    def knows(self, code: str) -> bool:
        """Whether documents of a language can be read."""
        return code in self._languages

    def code_of(self, words: Sequence[str]) -> str:
        """Return the language in which a document is read."""
        if self.language != AUTO:
            return self.language
        return language_of(words, self._stops, self._letters)

    def part(self, code: str) -> _Language:
        """Return tables, shaper, guesser and inflector of a language."""
        return self._languages[code]

    def find(self, words: Sequence[str], code: str | None = None) -> list[Mention]:
        """Return the names of a document by our own finder, in order."""
        return self.part(code or self.code_of(words)).finder.find(words)

    def resolve(self, words: Sequence[str], mentions: Sequence[Mention], code: str | None = None) -> Resolution:
        """Return the clusters of one document.

        Args:
            words: of the document; types look at the neighbours of names.
            mentions: names in the order of the text.
            code: the language, where it is known already.
        """
        code = code or self.code_of(words)
        if not mentions:
            return Resolution(code, [])
        language = self.part(code)
        shapes = [language.shaper.shape(mention.words) for mention in mentions]
        lemmas = language.inflector.lemmas({word for shape in shapes for word in shape.words}, language.known)
        if lemmas:
            shapes = _with_lemmas(shapes, lemmas, language)
        spans = [(mention.start, mention.end) for mention in mentions]
        types, sure = language.guesser.document(shapes, spans, words, [mention.type for mention in mentions])
        forms = make_forms(mentions, shapes, types, sure)
        state = State(forms, language.shaper, _rivals(words, mentions, forms, language.tables.role("conjunction")))
        for run in self._sieves:
            run(state)
        return Resolution(code, _clusters(state, language.inflector, lemmas), lemmas)


def _with_lemmas(shapes: list[Shape], lemmas: Mapping[str, str], language: _Language) -> list[Shape]:
    made: dict[tuple[str, ...], Shape] = {}
    out = []
    for shape in shapes:
        known = made.get(shape.words)
        if known is None:
            # A name of several words that a table knows tells the readings of its words.
            key = language.finder.well_known(shape.words) or tuple(
                [lemmas.get(word, low) for word, low in zip(shape.words, shape.key, strict=True)]
            )
            known = made[shape.words] = Shape(shape.words, key, shape.owned)
        out.append(known)
    return out


def _rivals(
    words: Sequence[str], mentions: Sequence[Mention], forms: Sequence[Form], conjunctions: frozenset[str]
) -> set[tuple[int, int]]:
    """Return pairs of forms of persons between which there is nothing but a conjunction: these are two people."""
    form_of = {k: form for form in forms if form.type == "person" for k in form.mentions}
    found: set[tuple[int, int]] = set()
    for k in range(len(mentions) - 1):
        end, start = mentions[k].end, mentions[k + 1].start
        if start == end + 1 and words[end] in conjunctions and k in form_of and k + 1 in form_of:
            a, b = form_of[k], form_of[k + 1]
            if a is not b:
                found.add((a.index, b.index))
    return found


def make_forms(
    mentions: Sequence[Mention], shapes: Sequence[Shape], types: Sequence[str], sure: Sequence[float]
) -> list[Form]:
    """Return the distinct forms of a document, in the order of their first mentions."""
    forms: list[Form] = []
    known: dict[tuple[tuple[str, ...], str], Form] = {}
    for k, (mention, shape, type_) in enumerate(zip(mentions, shapes, types, strict=True)):
        form = known.get((shape.key, type_))
        if form is None:
            form = known[shape.key, type_] = Form(len(forms), shape, type_, sure[k])
            forms.append(form)
        form.at.append(mention.start)
        form.mentions.append(k)
        form.surfaces[shape.words] = form.surfaces.get(shape.words, 0) + 1
    return forms


def _clusters(state: State, inflector: Inflector, lemmas: Mapping[str, str]) -> list[Cluster]:
    members: dict[int, list[Form]] = {}
    for form in state.forms:
        members.setdefault(state.root(form.index), []).append(form)
    links: dict[int, list[Link]] = {}
    for link in state.links:
        links.setdefault(state.root(link.form), []).append(link)
    out: list[Cluster] = []
    for root, forms in members.items():
        found = links.get(root, [])
        confidence = min([form.sure for form in forms] + [link.confidence for link in found])
        evidence = [
            (_said(state.forms[link.form]), _said(state.forms[link.other]), link.sieve, link.confidence)
            for link in found
        ]
        numbers = sorted(k for form in forms for k in form.mentions)
        name = canonical(forms, inflector, lemmas, state.tables)
        out.append(Cluster(name, forms[0].type, numbers, round(confidence, 2), evidence, forms))
    return out


def _said(form: Form) -> str:
    return " ".join(form.shape.words)
