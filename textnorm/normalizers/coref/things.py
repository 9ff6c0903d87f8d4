"""Sieves for organisations, places, events and the rest: aliases, acronyms, short forms."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache

from textnorm.normalizers.coref.fold import fold_words
from textnorm.normalizers.coref.shape import initials
from textnorm.normalizers.coref.state import Form, State
from textnorm.normalizers.coref.tables import Key, NameTables

#: Short forms that a form is compared with.
WINDOW = 64
_ACRONYM = re.compile(r"(?:[A-Z][A-Z&\d]{1,7}s?|(?:[A-Z]\.){2,7}|[A-Z]{2,}-[A-Z\d]+)\.?")


@lru_cache(maxsize=65536)
def is_acronym(word: str) -> bool:
    """Whether a word is written like an acronym."""
    return bool(_ACRONYM.fullmatch(word))


def aliases(state: State) -> None:
    """Link what the table of aliases knows to be one thing."""
    seen: defaultdict[tuple[str, str], list[Form]] = defaultdict(list)
    table = state.tables.aliases
    for form in state.forms:
        alias = table.get(form.shape.key)
        if alias is None or form.type == "person":
            continue
        key = (alias.name, form.type)
        for other in seen[key]:
            other_alias = table[other.shape.key]
            # A people and its country are one only where both are the team or the state.
            if alias.people == other_alias.people or form.type == "organization":
                state.link(form.index, other.index, "alias", 0.9)
                break
        seen[key].append(form)


def acronyms(state: State) -> None:
    """Link acronyms to the long forms whose initials they are."""
    by_initials: defaultdict[str, list[Form]] = defaultdict(list)
    connector = state.tables.role("connector")
    short: list[Form] = []
    for form in state.forms:
        words, key = form.shape.words, form.shape.key
        if len(words) == 1 and is_acronym(words[0]):
            short.append(form)
        if len(key) > 1 or "-" in key[0]:
            for letters in {initials(key, connector), initials(key, frozenset()), _legal_free(key, state)}:
                if len(letters) > 1:
                    by_initials[letters].append(form)
    for form in short:
        letters = form.shape.key[0].replace("&", "").removesuffix("s" if form.shape.words[0].endswith("s") else "\0")
        for other in state.nearest(form, by_initials.get(letters, ())[:WINDOW]):
            if (
                other.type == form.type
                and form.shape.key[0] not in other.shape.key
                and state.link(form.index, other.index, "acronym", 0.9)
            ):
                break


def _legal_free(key: Key, state: State) -> str:
    kept = tuple(w for w in key if state.tables.heads.get(w, ("", ""))[1] != "legal")
    return initials(kept, state.tables.role("connector"))


def short_forms(state: State) -> None:
    """Link short forms of organisations, places and other things to the nearest long form."""
    shorts: defaultdict[tuple[str, Key], list[tuple[Form, str, float]]] = defaultdict(list)
    forms = [form for form in state.forms if form.type != "person"]
    for form in forms:
        alias = state.tables.aliases.get(form.shape.key)
        known = () if alias is None or alias.people else (fold_words(alias.name.split()),)
        for long in (form.shape.key, *known):
            for key, sieve, confidence in shortened(long, form.type, state.tables):
                if key != form.shape.key and key:
                    shorts[form.type, key].append((form, sieve, confidence))
    for form in forms:
        found = shorts.get((form.type, form.shape.key))
        if not found:
            continue
        found = found[:WINDOW]
        if found[0][1] == "head_alone" and (
            form.sure < 1 or len({state.root(other.index) for other, _, _ in found}) > 1
        ):
            continue  # which of them it is, nobody can tell; and a guessed type is too weak for it
        best = {other.index: (sieve, confidence) for other, sieve, confidence in reversed(found)}
        for other in state.nearest(form, [item[0] for item in found]):
            sieve, confidence = best[other.index]
            if state.link(form.index, other.index, sieve, confidence):
                break


def shortened(key: Key, type_: str, tables: NameTables) -> list[tuple[Key, str, float]]:
    """Return the short forms that a form may have, with the sieve that says so."""
    if len(key) < 2:
        return []
    heads, connector = tables.heads, tables.role("connector")
    out: list[tuple[Key, str, float]] = []
    last_type, last_role = heads.get(key[-1], ("", ""))
    body = key
    while len(body) > 1 and heads.get(body[-1], ("", ""))[1] == "legal":
        body = body[:-1]
        out.append((body, "legal_form", 0.95))
    while len(body) > 1 and heads.get(body[0], ("", ""))[1] == "legal":
        body = body[1:]
        out.append((body, "legal_form", 0.95))
    if type_ == "place":
        if last_role == "unit" and last_type == "place" and not _known_place(body[:-1], tables):
            out.append((body[:-1], "head_left_out", 0.8))
            if body[-1].endswith("s"):
                out.append(((*body[:-2], body[-2] + "s"), "head_left_out", 0.75))
            out.append((body[-1:], "head_alone", 0.6))
        elif last_role == "fixed":
            out.append((body[-1:], "head_alone", 0.6))
        if len(key) > 2 and key[1] in connector and key[0] in tables.role("of_place"):
            out.append((key[2:], "head_left_out", 0.8))
        return out
    of = next((i for i, w in enumerate(body) if i and w in connector), 0)
    if of and body[of] not in tables.role("preposition"):
        return out
    if of:
        out.append((body[:of], "first_part", 0.7))
        if heads.get(body[of - 1], ("", ""))[1] == "unit":
            out.append((body[of - 1 : of], "head_alone", 0.6))
    elif len(body) > 1 and last_role in ("unit", "fixed"):
        left = heads.get(body[-2], ("", ""))[1]
        if (
            type_ == last_type == "organization"
            and last_role == "unit"
            and left != "unit"
            and not _known_place(body[:-1], tables)
        ):
            out.append((body[:-1], "head_left_out", 0.75))
        out.append((body[-1:], "head_alone", 0.6))
    for k in range(1, len(body) - 1 if of else len(body)):
        if body[k] not in connector and body[k - 1] not in connector and (k < len(body) - 1 or body[k] not in heads):
            out.append((body[k:], "last_part", 0.65))
    return out


def _known_place(key: Key, tables: NameTables) -> bool:
    return key in tables.places or (key in tables.aliases and tables.aliases[key].type == "place")
