"""Names of one document brought together: forms, types, sieves, clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textnorm.normalizers.coref import persons, spelling, things
from textnorm.normalizers.coref.shape import Shaper
from textnorm.normalizers.coref.state import Form, Link, State
from textnorm.normalizers.coref.tables import NameTables

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


class Mention(NamedTuple):
    """A name in a document.

    Attributes:
        start, end: words of the document, end exclusive.
        words: the words of the name.
        type: its type where it is given, else ``None``.
    """

    start: int
    end: int
    words: tuple[str, ...]
    type: str | None = None


@dataclass(slots=True)
class Cluster:
    """The mentions of one name.

    Attributes:
        canonical: the form that stands for all.
        type: type of the name.
        mentions: numbers of the mentions, ascending.
        confidence: of the weakest link, 1 for a name with one form.
        evidence: the links.
    """

    canonical: str
    type: str
    mentions: list[int]
    confidence: float
    evidence: list[Link]


def make_forms(mentions: Sequence[Mention], types: Sequence[str], sure: Sequence[float], shaper: Shaper) -> list[Form]:
    """Return the distinct forms, in the order of their first mentions."""
    forms: list[Form] = []
    known: dict[tuple[tuple[str, ...], str], Form] = {}
    for k, mention in enumerate(mentions):
        shape = shaper.shape(mention.words)
        type_ = types[k]
        form = known.get((shape.key, type_))
        if form is None:
            form = known[shape.key, type_] = Form(len(forms), shape, type_, sure[k])
            forms.append(form)
        form.at.append(mention.start)
        form.mentions.append(k)
        form.surfaces[mention.words] = form.surfaces.get(mention.words, 0) + 1
    return forms
