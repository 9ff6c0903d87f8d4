"""Conjugation of Lithuanian verbs from their principal parts: infinitive, third person present, third person past.

Every simple form, the participles that are declined, the gerunds and the noun of action. Source: *Dabartinės lietuvių
kalbos gramatika*, chapter on the verb. Stress marks are not written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from textnorm.languages.lt.adjectives import decline_adjective
from textnorm.languages.lt.grammar import CASES, GENDERS, NUMBERS, UnknownParadigmError, harden, join
from textnorm.languages.lt.nouns import decline

Kind = Literal[
    "infinitive",
    "third",
    "first",
    "second",
    "plural",
    "past",
    "frequentative",
    "future",
    "conditional",
    "imperative",
    "participle",
    "passive",
    "gerund",
    "noun",
]
#: Endings of the present by its third person: first and second person, plurals.
_PRESENT = {"a": ("u", "i", "ame", "ate"), "i": ("iu", "i", "ime", "ite"), "o": ("au", "ai", "ome", "ote")}
_PAST = {"o": ("au", "ai", "ome", "ote"), "ė": ("iau", "ei", "ėme", "ėte")}
_ANTIS = {
    "m": "is io iam į iu iame ys ių iems ius iais iuose",
    "f": "i ios iai ią ia ioje ios ių ioms ias iomis iose",
}
_USI = {
    "m": "io iam į iu iame ių iems ius iais iuose",
    "f": "i ios iai ią ia ioje ios ių ioms ias iomis iose",
}
_SHORT = {"y": "i", "ū": "u"}
_VOWELS = "aąeęėiįyouųū"


def conjugate(infinitive: str, present: str, past: str) -> Iterator[tuple[Kind, str]]:
    """Yield the forms of a verb with their kinds, some of them more than once.

    Args:
        infinitive: for example ``rašyti``; reflexive verbs end in ``tis``.
        present: third person present, ``rašo``.
        past: third person past, ``rašė``.

    Raises:
        UnknownParadigmError: a principal part has none of the endings that it can have.
    """
    if infinitive.endswith("tis"):
        yield from _reflexive(infinitive, present, past)
        return
    if not infinitive.endswith("ti") or present[-1:] not in _PRESENT or past[-1:] not in _PAST:
        msg = f"no paradigm for the verb {infinitive!r}, {present!r}, {past!r}: parts end in -ti, -a/-i/-o, -o/-ė"
        raise UnknownParadigmError(msg)
    stem = infinitive[:-2]
    yield "infinitive", infinitive
    yield from _present(present)
    yield from _past(past)
    for ending in ("davo", "davau", "davai", "davome", "davote"):
        yield "frequentative", stem + ending
    soft = _sibilant(stem)
    short = stem[:-1] + _SHORT.get(stem[-1:], stem[-1:]) if _one_syllable(stem) else stem
    yield "third", _sibilant(short)
    for ending in ("iu", "i", "ime", "ite"):
        yield "future", soft + ending
    yield "conditional", f"{stem}tų"
    for ending in ("čiau", "tum", "tume", "tumėte", "tumėme"):
        yield "conditional", stem + ending
    hard = stem[:-1] if stem[-1:] in "kg" else stem
    for ending in ("k", "kime", "kite"):
        yield "imperative", hard + ending
    yield from _active(present, past, infinitive)
    passive = present[:-1] + {"a": "amas", "i": "imas", "o": "omas"}[present[-1]]
    for lemma in (passive, f"{stem}tas"):
        yield from _declined(lemma)
    for ending in ("damas", "dama", "dami", "damos"):
        yield "gerund", stem + ending
    action = past[:-1] + ("ymas" if infinitive.endswith("yti") and past.endswith("ė") else "imas")
    for number in NUMBERS:
        for case in CASES[:-1]:
            yield "noun", decline(action, case, number)


def _present(present: str) -> Iterator[tuple[Kind, str]]:
    base, theme = present[:-1], present[-1]
    yield "third", present
    first, second, we, you = _PRESENT[theme]
    yield "first", join(base, first)
    yield "second", join(harden(base[:-1]) if theme == "a" and base.endswith("i") else base, second)
    yield "plural", base + we
    yield "plural", base + you


def _past(past: str) -> Iterator[tuple[Kind, str]]:
    base, theme = past[:-1], past[-1]
    yield "past", past
    first, second, we, you = _PAST[theme]
    yield "first", join(base, first)
    yield "second", base + second
    yield "plural", base + we
    yield "plural", base + you


def _active(present: str, past: str, infinitive: str) -> Iterator[tuple[Kind, str]]:
    """Yield the active participles and the gerunds of both tenses."""
    base, theme = present[:-1], present[-1]
    nasal, stem = ("į", f"{base}int") if theme == "i" else ("ą", f"{base}ant")
    yield "participle", f"{base}{nasal}s"
    yield "participle", base + nasal
    yield "gerund", stem
    for endings in _ANTIS.values():
        for ending in endings.split():
            yield "participle", join(stem, ending)
    base = past[:-1]
    yield "participle", f"{base}ęs"
    yield "participle", f"{base}ę"
    # Verbs in -yti with a past in -ė soften the stem: matė, mačiusi; others do not: nešė, nešusi.
    soft = join(base, "iu")[:-1] if infinitive.endswith("yti") and past.endswith("ė") else base
    yield "gerund", f"{soft}us"
    for endings in _USI.values():
        for ending in endings.split():
            yield "participle", f"{soft}us{ending}"


def _declined(lemma: str) -> Iterator[tuple[Kind, str]]:
    for gender in GENDERS:
        for number in NUMBERS:
            for case in CASES[:-1]:
                yield "passive", decline_adjective(lemma, case, gender, number)


def _reflexive(infinitive: str, present: str, past: str) -> Iterator[tuple[Kind, str]]:
    stem = infinitive[:-3]
    yield "infinitive", infinitive
    for third, kind in ((present, "third"), (past, "past")):
        yield kind, third  # type: ignore[misc]
        base = third.removesuffix("si")
        theme = base[-1:]
        table = _PRESENT if kind == "third" else _PAST
        if theme not in table:
            msg = f"no paradigm for the verb {infinitive!r}: {third!r} is no reflexive third person"
            raise UnknownParadigmError(msg)
        first, second, we, you = table[theme]
        yield "first", join(base[:-1], {"u": "uosi", "iu": "iuosi", "au": "ausi", "iau": "iausi"}[first])
        plain = harden(base[:-2]) if second == "i" and base[:-1].endswith("i") else base[:-1]
        yield "second", plain + {"i": "iesi", "ai": "aisi", "ei": "eisi"}[second]
        yield "plural", base[:-1] + we[:-1] + "ės"
        yield "plural", base[:-1] + you[:-1] + "ės"
    soft = _sibilant(stem)
    yield "third", f"{soft}is"
    for ending in ("iuosi", "imės", "itės"):
        yield "future", soft + ending
    yield "conditional", f"{stem}tųsi"
    yield "conditional", f"{stem}čiausi"
    base = past.removesuffix("si")[:-1]
    yield "participle", f"{base}ęsis"
    yield "frequentative", f"{stem}davosi"
    yield "gerund", f"{stem}damasis"
    yield "gerund", f"{stem}damiesi"


def _sibilant(stem: str) -> str:
    """Return the stem with the *s* of the future: *neš-* gives *neš-*, *vež-* *veš-*, *ras-* *ras-*."""
    last = stem[-1:]
    if last in "sz":
        return stem[:-1] + "s"
    if last in "šž":
        return stem[:-1] + "š"
    return f"{stem}s"


def _one_syllable(stem: str) -> bool:
    groups = 0
    before = False
    for char in stem:
        vowel = char in _VOWELS
        groups += vowel and not before
        before = vowel
    return groups == 1
