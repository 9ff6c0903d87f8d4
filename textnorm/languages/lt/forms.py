"""All forms of a Lithuanian word or phrase given by its lemma: what a phrasebook's author need not list.

Nouns, adjectives and phrases come from the paradigms of this package. Of verbs the forms that commands and requests use
are made from the infinitive: infinitive, imperative and conditional, whose endings join the infinitive's stem by rule
(*Dabartinės lietuvių kalbos gramatika*, chapter on the verb): įjungti, įjunk, įjunkite, įjungtum.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from textnorm.languages.lt.adjectives import DEFINITE, decline_adjective, decline_phrase
from textnorm.languages.lt.grammar import (
    CASES,
    GENDERS,
    NUMBERS,
    Case,
    Gender,
    Number,
    UnknownParadigmError,
    case_index,
)
from textnorm.languages.lt.nouns import Noun, decline, noun

#: Endings that join the infinitive's stem; k and g before the k of the imperative fall out (sukti, suk; degti, dek).
_IMPERATIVE = ("k", "kite", "kit", "kime", "kim")
_CONDITIONAL = ("čiau", "tum", "tų", "tume", "tumėme", "tumėte", "tumėt")
_IMPERATIVE_REFLEXIVE = ("kis", "kitės", "kimės")
#: Suffixes that only nouns have.
_NOUN_SUFFIXES = (
    "imas", "ymas", "umas", "tuvas", "ėjas", "tojas", "kas", "ynas", "metras", "alas", "ekas", "mas", "atas", "antas",
    "orius", "ius", "is",
)  # fmt: skip
#: Nominatives of pronominal adjectives, whose endings nouns do not have, and the ending of the lemma.
_PRONOMINAL: tuple[tuple[str, str, Gender], ...] = (("asis", "as", "m"), ("ioji", "ias", "f"), ("oji", "as", "f"))
_CONDITIONAL_REFLEXIVE = ("čiausi", "tumeis", "tųsi", "tumėmės", "tumėtės")


def verb_forms(infinitive: str) -> tuple[str, ...]:
    """Return the infinitive, imperatives and conditionals of a verb in *-ti* or *-tis*.

    Raises:
        UnknownParadigmError: it is no infinitive.
    """
    reflexive = infinitive.endswith("tis")
    stem = infinitive.removesuffix("tis" if reflexive else "ti")
    if stem == infinitive or len(stem) < 2:
        msg = f"{infinitive!r} is no infinitive: give it in -ti or -tis"
        raise UnknownParadigmError(msg)
    short = stem[:-1] if stem[-1] in "kg" else stem
    imperative = _IMPERATIVE_REFLEXIVE if reflexive else _IMPERATIVE
    conditional = _CONDITIONAL_REFLEXIVE if reflexive else _CONDITIONAL
    made = [infinitive, *(short + e for e in imperative), *(stem + e for e in conditional)]
    if not reflexive:
        made.append(stem + "t")  # įjungt, as it is said
    return tuple(dict.fromkeys(made))


def _as_noun(lemma: str) -> Noun | None:
    try:
        return noun(lemma)
    except UnknownParadigmError:
        pass
    try:
        return noun(lemma, plural_only=True)
    except UnknownParadigmError:
        return None


@lru_cache(maxsize=4096)
def word_forms(lemma: str) -> tuple[str, ...]:
    """Return the forms of a word: of a verb by its infinitive, of a noun or adjective by its nominative.

    Where the ending leaves open whether a word is a noun or an adjective, the forms of both are there. A word that does
    not inflect has one form.
    """
    word = lemma.lower()
    made: dict[str, None] = {word: None}
    if word.endswith(("ti", "tis")) and len(word) > 4:
        made.update(dict.fromkeys(verb_forms(word)))
    if word.endswith("ti"):
        return tuple(made)
    named = _as_noun(word)
    if named is not None:
        made.update(dict.fromkeys(decline(named, case, number) for case in CASES for number in NUMBERS))
    try:
        adjective = {
            decline_adjective(word, case, gender, number, definite=definite)
            for case in CASES
            for gender in GENDERS
            for number in NUMBERS
            for definite in (False, True)
        }
        if not word.endswith(_NOUN_SUFFIXES):
            made.update(dict.fromkeys(sorted(adjective)))
    except UnknownParadigmError:
        pass
    return tuple(made)


@lru_cache(maxsize=16384)
def phrase_forms(lemma: str) -> tuple[str, ...]:
    """Return a phrase in every case and number: *vonios kambarys*, *vonios kambaryje*, *miegamajame kambaryje*.

    The last word is the head unless an asterisk marks another (``*lempa prie lovos``); adjectives before it agree,
    plain and pronominal ones; everything else stays. A phrase whose head does not inflect has one form.
    """
    said = " ".join(word.removeprefix("*") for word in lemma.split())
    declined = _declined(lemma)
    if not declined:
        return tuple(dict.fromkeys((said, *word_forms(said)))) if " " not in said else (said,)
    return tuple(dict.fromkeys((said, *declined)))


@lru_cache(maxsize=16384)
def _declined(lemma: str) -> tuple[str, ...]:
    """Return the cases of a phrase, singular then plural, of a plural-only head plural; nothing where none declines."""
    words = lemma.split()
    heads = [i for i, word in enumerate(words) if word.startswith("*")]
    at = heads[0] if heads else len(words) - 1
    plain = [word.removeprefix("*") for word in words]
    named = _as_noun(plain[at].lower())
    own = _pronominal(plain[at].lower())
    if own is not None and len(plain) == 1:
        lemma, gender = own
        pairs = [(case, number) for number in NUMBERS for case in CASES]
        return tuple(decline_adjective(lemma, case, gender, number, definite=True) for case, number in pairs)
    if named is None:
        return ()
    found = ((i, _definite(word.lower(), named)) for i, word in enumerate(plain[:at]))
    definite = {i: adjective for i, adjective in found if adjective is not None}
    fixed = ["=" + word if i in definite else word for i, word in enumerate(plain)]
    fixed[at] = f"*{plain[at].lower()}" + ("/pl" if named.plural_only else "")
    phrase = " ".join(fixed)
    made: list[str] = []
    for number in ("pl",) if named.plural_only else NUMBERS:
        for case in CASES:
            form = decline_phrase(phrase, case, number).split()
            for i, adjective in definite.items():
                form[i] = decline_adjective(adjective, case, named.gender, number, definite=True)
            made.append(" ".join(form))
    return tuple(made)


def _pronominal(word: str) -> tuple[str, Gender] | None:
    """Return (lemma, gender) of a pronominal adjective that stands as a noun (*miegamasis*, *valgomasis*)."""
    for ending, name, gender in _PRONOMINAL:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending) + name, gender
    return None


def _definite(word: str, head: Noun) -> str | None:
    """Return the lemma of a pronominal adjective in the nominative that agrees with a head."""
    number: Number = "pl" if head.plural_only else "sg"
    for name, rows in DEFINITE.items():
        ending = rows[head.gender, number][0]
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending) + name
    return None


def phrase_in(lemma: str, case: Case) -> str:
    """Return a phrase given by its lemma in one case, singular where it has one (see :func:`phrase_forms`).

    Raises:
        ValueError: unknown case.
    """
    forms = _declined(lemma)
    return forms[case_index(case)] if forms else " ".join(word.removeprefix("*") for word in lemma.split())


class Inflector:
    """Forms of words and phrases, as the registry ``inflectors`` hands them out."""

    def word(self, lemma: str) -> tuple[str, ...]:
        """Return the forms of a word."""
        return word_forms(lemma)

    def phrase(self, lemma: str) -> tuple[str, ...]:
        """Return the forms of a phrase."""
        return phrase_forms(lemma)

    def in_case(self, lemma: str, case: str) -> str:
        """Return a phrase in one case.

        Raises:
            ValueError: unknown case.
        """
        return phrase_in(lemma, cast("Case", case))


def make_inflector() -> Inflector:
    """Return the inflector registered as ``textnorm.lt.inflector.v1``."""
    return Inflector()
