"""The form that stands for a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from textnorm.normalizers.coref.fold import fold
from textnorm.normalizers.coref.inflector import Inflector
from textnorm.normalizers.coref.state import Form
from textnorm.normalizers.coref.tables import NameTables
from textnorm.normalizers.coref.things import is_acronym

_GENERATION = {"jr": ("jr", "junior"), "sr": ("sr", "senior")}
Surface = tuple[str, ...]


def canonical(forms: Sequence[Form], inflector: Inflector, lemmas: Mapping[str, str], tables: NameTables) -> str:
    """Return the canonical form of a cluster: the fullest name for persons, the long form elsewhere.

    A person's title is left out, since it changes; a place goes by the form used most. Where the language inflects,
    the result stands in the nominative: a form that occurs in it, or one made of the others.
    """
    type_ = forms[0].type
    best = max(forms, key=lambda form: (*_rank(form, type_), -form.index))
    alias = tables.aliases.get(best.shape.key) if lemmas and len(best.shape.key) > 1 else None
    if alias is not None and type_ != "person":
        return alias.written  # the nominative that the table gives
    words = list(_nominative(best, type_, inflector, lemmas))
    if best.name is not None and best.name.core:
        words = _lowered(words, forms)
        words += _generation((best, *forms), inflector, lemmas)
    owned = best.shape.owned
    if 0 < owned < len(words):
        words[owned - 1] += "'s"  # St. Mary's Hospital
    return " ".join(words)


def _generation(forms: Sequence[Form], inflector: Inflector, lemmas: Mapping[str, str]) -> Surface:
    """Return what tells a person from a namesake (Jr.), as the first form that has it writes it."""
    for form in forms:
        if form.name is not None and form.name.generation:
            known = _GENERATION.get(form.name.generation, (form.name.generation,))
            for word, key in zip(reversed(form.shape.words), reversed(form.shape.key), strict=True):
                if key in known:
                    return inflector.nominative((word,), "person", lemmas)
    return ()


def _lowered(words: list[str], forms: Sequence[Form]) -> list[str]:
    """Return a name that stands in capitals as other forms are written, where one of them is not in capitals."""
    written = {fold(word): word for form in forms for surface in form.surfaces for word in surface if _small(word)}
    if not written or any(map(_small, words)):
        return words
    return [written.get(fold(word)) or _capitalised(word) for word in words]


def _small(word: str) -> bool:
    return not word.isupper() and word[:1].isalpha()


def _capitalised(word: str) -> str:
    return re.sub(r"[^\W\d_]{2,}", lambda part: part[0].capitalize(), word)


def _rank(form: Form, type_: str) -> tuple[int, int]:
    count = len(form.mentions)
    if form.name is not None:
        return (sum(len(word) > 2 for word in form.name.core), count)
    if type_ == "place":
        return (0, count)
    return (-1 if len(form.shape.words) == 1 and is_acronym(form.shape.words[0]) else len(form.shape.words), count)


def _nominative(form: Form, type_: str, inflector: Inflector, lemmas: Mapping[str, str]) -> Surface:
    """Return the words of a form in the nominative; a surface that is one already wins over a made one."""
    if form.name is not None and not form.name.core:
        type_ = "other"  # a title alone: what stands before its noun stays (Respublikos Prezidentas)
    made = {surface: inflector.nominative(core_words(form, surface), type_, lemmas) for surface in form.surfaces}
    ranked = sorted(
        form.surfaces, key=lambda s: (made[s] != core_words(form, s), all(w.isupper() for w in s), -form.surfaces[s], s)
    )
    return made[ranked[0]]


def core_words(form: Form, surface: Surface) -> Surface:
    """Return a person's name as written without titles and what follows it; other names as they are."""
    core = form.name.core if form.name is not None else ()
    if not core or len(core) >= len(surface):
        return surface
    key = form.shape.key
    for k in range(len(key) - len(core), -1, -1):
        if key[k : k + len(core)] == core:
            return surface[k : k + len(core)]
    return surface
