"""Sieves for persons: full names, parts of names, bare titles.

The order follows precision first (Raghunathan et al., EMNLP 2010, for the idea of passes; the rules are ours).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from textnorm.normalizers.coref.state import Form, State, same_given

#: Forms of one surname that a form is compared with: the nearest. Keeps the time linear in long documents.
WINDOW = 64
#: How sure a guessed person must be for the first name alone to be linked.
TRUSTED = 0.65


def full_names(state: State) -> None:
    """Link names of two words and more: titles, initials, middle names and short forms may differ."""
    by_end: defaultdict[str, list[Form]] = defaultdict(list)
    for form in state.of_type("person"):
        core = form.name.core if form.name else ()
        if len(core) < 2:
            continue
        for other in state.nearest(form, by_end[core[-1]][-WINDOW:]):
            if (
                other.name
                and _same_person(core, other.name.core, state)
                and state.link(form.index, other.index, "full_name", 0.95)
            ):
                break
        by_end[core[-1]].append(form)


def _same_person(one: tuple[str, ...], two: tuple[str, ...], state: State) -> bool:
    """Whether two full names of one surname are compatible; middle names may be left out, not contradict."""
    if one == two:
        return True
    if not same_given(one[0], two[0], state.tables):
        # Initials and a middle name by which one is called are too weak without an equal first letter.
        return False
    middle_one, middle_two = one[1:-1], two[1:-1]
    return all(same_given(x, y, state.tables) for x, y in zip(middle_one, middle_two, strict=False))


def beginnings(state: State) -> None:
    """Link a full name to one that continues it (a married or second surname) or that it ends."""
    by_pair: defaultdict[tuple[str, ...], list[Form]] = defaultdict(list)
    forms = [form for form in state.of_type("person") if form.name and len(form.name.core) > 1]
    for form in forms:
        if form.name and len(form.name.core) > 2:
            core = form.name.core
            for k in range(2, len(core)):
                by_pair[core[:k]].append(form)
                by_pair[core[-k:]].append(form)
    for form in forms:
        if form.name and form.name.core in by_pair:
            for other in state.nearest(form, by_pair[form.name.core][-WINDOW:]):
                if not _continued(form, other):
                    continue
                if other.name and other.name.core[-1] == form.name.core[-1] and state.root(form.index) == form.index:
                    # Two surnames: what looked like a given name is none.
                    state.facts[form.index].given.clear()
                    state.facts[form.index].middle.clear()
                if state.link(form.index, other.index, "part_of_name", 0.85):
                    break


def _continued(short: Form, long: Form) -> bool:
    if short.name is None or long.name is None or len(short.name.core) >= len(long.name.core):
        return False
    # Ada Stone Statue: a type that is only guessed says nothing of what follows a name.
    return long.sure == 1 or long.name.core[-1] == short.name.core[-1]


def single_names(state: State) -> None:
    """Link surnames and given names alone to the nearest person of that name whose facts do not clash."""
    singles: list[Form] = []
    by_word: defaultdict[str, list[Form]] = defaultdict(list)
    for form in state.of_type("person"):
        core = form.name.core if form.name else ()
        if len(core) == 1:
            singles.append(form)
        elif core:
            for word in dict.fromkeys(_words(core)):
                by_word[word].append(form)
    # Titled ones first, they know more; of these the given names, because of what they exclude (_fits).
    singles.sort(key=lambda form: (*_turn(form, state), form.first))
    families = _families(singles)
    alone: defaultdict[str, list[Form]] = defaultdict(list)
    for form in singles:
        assert form.name is not None
        word = form.name.core[0]
        short_for = sorted(state.tables.nicknames.get(word, ()))
        full = [other for other in _window(by_word[word]) if _fits(form, other, families, state)]
        full += [
            other for name in short_for for other in _window(by_word[name]) if other.name and other.name.core[0] == name
        ]
        tries = (
            ("single_name", 0.8, full),
            ("same_name", 0.75, _window(alone[word])),
            ("nickname", 0.6, [other for name in short_for for other in _window(alone[name])]),
        )
        for sieve, confidence, others in tries:
            ranked = sorted(state.nearest(form, others), key=lambda other: _rank(form, other, state))
            linked = _link_first(form, ranked, state, sieve, confidence)
            if linked is not None:
                if sieve == "single_name" and form.name.address and linked.name and linked.name.core[0] == word:
                    state.facts[state.root(form.index)].by_given.update(form.name.titles)
                break
        alone[word].append(form)


def _link_first(form: Form, others: Iterable[Form], state: State, sieve: str, confidence: float) -> Form | None:
    """Link a form to the first of others whose cluster does not clash; return that one."""
    return next((other for other in others if state.link(form.index, other.index, sieve, confidence)), None)


def _turn(form: Form, state: State) -> tuple[bool, bool]:
    name = form.name
    return (not (name and name.titles), not (name and name.core[0] in state.tables.given))


def _window(forms: list[Form]) -> list[Form]:
    return forms if len(forms) <= WINDOW else forms[-WINDOW:]


def _families(singles: list[Form]) -> frozenset[str]:
    """Return the surnames that stand both with Mr and with Mrs or Miss."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for form in singles:
        if form.name is not None and form.name.address and form.name.sure:
            seen[form.name.core[0]].add(form.name.gender)
    return frozenset(word for word, genders in seen.items() if len(genders) > 1)


def _words(core: tuple[str, ...]) -> tuple[str, ...]:
    parts = [part for word in core if "-" in word for part in (word.rpartition("-")[2],)]
    return (*(word for word in core if len(word) > 1), *parts)


def _rank(form: Form, other: Form, state: State) -> tuple[int, int, int]:
    """Order candidates: a surname is meant before a given name; then who is named most."""
    if form.name is None or other.name is None:
        return (9, 9, 0)
    word, core = form.name.core[0], other.name.core
    place = 0 if core[-1] == word else 1 if core[0] == word and not form.name.address else 2
    # A surname without a title is, beside a Mrs and a Mr of that name, the man's in most texts.
    woman = int(place == 0 and not form.name.titles and other.name.address and other.name.gender == "f")
    return (woman, place, -state.weight(other.index))


def _fits(form: Form, other: Form, families: frozenset[str], state: State) -> bool:
    """Whether a single name may be short for a full one."""
    one, two = form.name, other.name
    if one is None or two is None:
        return False
    # Of a pair of capitalised words that is a person only by its looks, nothing but the surname is trusted.
    if other.sure < TRUSTED and one.core[0] != two.core[-1] and len(two.core) != 2:
        return False
    if one.core[0] not in (two.core[0], two.core[-1]) and not (set(two.core[-1].split("-")) & {one.core[0]}):
        return False  # a middle name alone
    # King John is no John Vale.
    sovereign = state.tables.role("sovereign_title")
    if any(title in sovereign and title not in two.titles for title in one.titles):
        return False
    # Who is called Miss Jane is not Miss Vale: that is her elder sister, or another.
    if one.core[0] == two.core[-1] and not state.facts[state.root(other.index)].by_given.isdisjoint(one.titles):
        return False
    # Mrs Vale is not Clara Vale where the text has a whole family of them.
    return not (one.address and one.core[0] in families and not two.address)


def bare_titles(state: State) -> None:
    """Link a title alone (the Secretary) to the nearest person who bears it in the document."""
    holders: defaultdict[str, list[Form]] = defaultdict(list)
    bare: list[Form] = []
    for form in state.of_type("person"):
        if form.name is None:
            continue
        if form.name.core:
            for title in form.name.titles:
                holders[title].append(form)
        elif form.name.titles:
            bare.append(form)
    groups: defaultdict[str, list[Form]] = defaultdict(list)
    for form in bare:
        assert form.name is not None
        title = form.name.titles[-1]
        if title in state.tables.role("sovereign_title"):
            continue  # borne by one after the other: the text may mean any of them
        before = [other for other in holders[title][-WINDOW:] if other.first < form.at[-1]]
        if len({state.root(other.index) for other in before}) > 1:
            continue
        if _link_first(form, state.nearest(form, before), state, "title", 0.6) is None:
            nested = (other for other in groups[title] if _nested(form, other))
            _link_first(form, nested, state, "title", 0.55)
        groups[title].append(form)


def _nested(one: Form, two: Form) -> bool:
    a, b = set(one.shape.key), set(two.shape.key)
    return a <= b or b <= a
