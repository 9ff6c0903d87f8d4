"""Sieve for near spellings: transliterations, typing errors, names written together or apart, within one type."""

from __future__ import annotations

from collections import defaultdict

from rapidfuzz.distance import DamerauLevenshtein

from textnorm.normalizers.coref.fold import plain
from textnorm.normalizers.coref.state import Form, State

#: Shortest word that may have an error.
SHORTEST = 6
WINDOW = 64


def near_spellings(state: State) -> None:
    """Link forms that differ by one letter in a long word, or only in marks, hyphens and spaces."""
    joined: dict[tuple[str, str], Form] = {}
    buckets: defaultdict[tuple[str, str], list[Form]] = defaultdict(list)
    for form in state.forms:
        text = "".join(plain(w) for w in form.shape.key).replace("-", "").replace("'", "")
        core = form.name.core if form.name is not None else form.shape.key
        if len(text) < 4 or not core:
            continue
        same = joined.setdefault((form.type, text), form)
        if same is not form:
            state.link(form.index, same.index, "spelling", 0.85)
        if len(text) < SHORTEST or len(core) > 4:
            continue
        text = "".join(plain(w) for w in core)
        # Two forms one letter apart share the first or the second half of one of them.
        half = len(text) // 2
        keys = {("a" + text[: half - 1]), ("z" + text[len(text) - half + 1 :])}
        done = False
        for key in keys:
            bucket = buckets[form.type, key]
            for other in bucket[-WINDOW:]:
                if not done and _near(form, other):
                    done = state.link(form.index, other.index, "near_spelling", 0.6)
            bucket.append(form)


def _near(one: Form, two: Form) -> bool:
    a = one.name.core if one.name is not None else one.shape.key
    b = two.name.core if two.name is not None else two.shape.key
    if len(a) != len(b):
        return False
    different = [(plain(x), plain(y)) for x, y in zip(a, b, strict=True) if plain(x) != plain(y)]
    # The capital at the end of a key is a class of declension: Petraitis, Petraičiai, Petraitė.
    if len(different) > 1 or any(x[-1] != y[-1] and (x[-1].isupper() or y[-1].isupper()) for x, y in different):
        return False
    return all(
        min(len(x), len(y)) >= SHORTEST - 1
        and not any(c.isdigit() for c in x + y)
        and DamerauLevenshtein.distance(x, y) == 1
        and not (x.startswith(y) or y.startswith(x))
        for x, y in different
    )
