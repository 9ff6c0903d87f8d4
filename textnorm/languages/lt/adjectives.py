"""Declension of Lithuanian adjectives, indefinite and pronominal, and of adjective + noun phrases.

The pronominal (definite) form is historically the adjective joined to the pronoun *jis*: *naujas*, *naujasis*. Source:
*Dabartinės lietuvių kalbos gramatika*, chapter on the adjective.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from textnorm.languages.lt.grammar import (
    GENDERS,
    NUMBERS,
    Case,
    Gender,
    Number,
    UnknownParadigmError,
    case_index,
    harden,
    join,
)
from textnorm.languages.lt.nouns import Noun, decline, noun

Endings = dict[tuple[Gender, Number], tuple[str, ...]]
"""Rows of seven endings, in the order of `grammar.CASES`, by gender and number."""


def _table(m_sg: str, m_pl: str, f_sg: str, f_pl: str) -> Endings:
    rows: tuple[tuple[Gender, Number, str], ...] = (
        ("m", "sg", m_sg), ("m", "pl", m_pl), ("f", "sg", f_sg), ("f", "pl", f_pl),
    )  # fmt: skip
    return {(gender, number): tuple(row.split()) for gender, number, row in rows}


_M_PL_SOFT = "i ių iems ius iais iuose i"
_F_SG_SOFT, _F_PL_SOFT = "ia ios iai ią ia ioje ia", "ios ių ioms ias iomis iose ios"
_F_SG_E, _F_PL_E = "ė ės ei ę e ėje ė", "ės ių ėms es ėmis ėse ės"
_DEF_M_PL_SOFT = "ieji iųjų iesiems iuosius iaisiais iuosiuose ieji"
_DEF_F_SG_SOFT = "ioji iosios iajai iąją iąja iojoje ioji"
_DEF_F_PL_SOFT = "iosios iųjų iosioms iąsias iosiomis iosiose iosios"

INDEFINITE: dict[str, Endings] = {
    "as": _table("as o am ą u ame as", "i ų iems us ais uose i", "a os ai ą a oje a", "os ų oms as omis ose os"),
    "ias": _table("ias io iam ią iu iame ias", _M_PL_SOFT, _F_SG_SOFT, _F_PL_SOFT),
    "us": _table("us aus iam ų iu iame us", "ūs ių iems ius iais iuose ūs", "i ios iai ią ia ioje i", _F_PL_SOFT),
    "is": _table("is io iam į iu iame is", _M_PL_SOFT, _F_SG_E, _F_PL_E),
    "inis": _table("is io iam į iu iame is", "iai ių iams ius iais iuose iai", _F_SG_E, _F_PL_E),
}
"""Class of the masculine lemma to plain endings; "inis" and "is" differ in the plural (mediniai, dideli)."""

_DEF_IS = _table("ysis iojo iajam įjį iuoju iajame ysis", _DEF_M_PL_SOFT, _DEF_F_SG_SOFT, _DEF_F_PL_SOFT)
DEFINITE: dict[str, Endings] = {
    "as": _table(
        "asis ojo ajam ąjį uoju ajame asis",
        "ieji ųjų iesiems uosius aisiais uosiuose ieji",
        "oji osios ajai ąją ąja ojoje oji",
        "osios ųjų osioms ąsias osiomis osiose osios",
    ),
    "ias": _table("iasis iojo iajam iąjį iuoju iajame iasis", _DEF_M_PL_SOFT, _DEF_F_SG_SOFT, _DEF_F_PL_SOFT),
    "us": _table("usis iojo iajam ųjį iuoju iajame usis", _DEF_M_PL_SOFT, _DEF_F_SG_SOFT, _DEF_F_PL_SOFT),
    "is": _DEF_IS,
    "inis": _DEF_IS,
}
"""Class of the masculine lemma to endings of the pronominal forms."""

_CLASSES = ("inis", "ias", "as", "us", "is")
# The pronominal form of didelis is built on another stem: didysis, didžiojo.
_DEFINITE_STEMS = {"didelis": "did"}


@lru_cache(maxsize=4096)
def _stem(lemma: str) -> tuple[str, str]:
    for name in _CLASSES:
        if lemma.endswith(name) and len(lemma) > len(name):
            cut = 2 if name == "inis" else len(name)
            stem = lemma[:-cut]
            return name, harden(stem) if name == "ias" else stem
    msg = f"no paradigm for the adjective {lemma!r}: give the nominative singular masculine in -as, -ias, -us or -is"
    raise UnknownParadigmError(msg)


def split_adjective(lemma: str, case: Case, gender: Gender, number: Number, *, definite: bool) -> tuple[str, str]:
    """Return (stem, ending) of one form; `grammar.join` makes the word of them.

    Raises:
        UnknownParadigmError: the lemma is no masculine nominative in -as, -ias, -us or -is.
        ValueError: unknown case, gender or number.
    """
    name, stem = _stem(lemma)
    if gender not in GENDERS or number not in NUMBERS:
        msg = f"unknown gender {gender!r} or number {number!r}"
        raise ValueError(msg)
    if definite:
        stem = _DEFINITE_STEMS.get(lemma, stem)
    return stem, (DEFINITE if definite else INDEFINITE)[name][gender, number][case_index(case)]


@lru_cache(maxsize=16384)
def decline_adjective(lemma: str, case: Case, gender: Gender, number: Number, *, definite: bool = False) -> str:
    """Return one form of an adjective from its masculine lemma (kvadratinis, didelis, gražus, naujas, žalias).

    Raises:
        UnknownParadigmError: the lemma is no masculine nominative in -as, -ias, -us or -is.
        ValueError: unknown case, gender or number.
    """
    return join(*split_adjective(lemma, case, gender, number, definite=definite))


@dataclass(frozen=True, slots=True)
class Phrase:
    """A parsed phrase: words that agree with the head, the head, and words that stay.

    Attributes:
        words: every word of the phrase without its marks, in order; the head's place holds its lemma.
        agreeing: places of the words that agree, each with its masculine lemma.
        head_index: place of the head.
        head: the head noun.
    """

    words: tuple[str, ...]
    agreeing: tuple[tuple[int, str], ...]
    head_index: int
    head: Noun


_HEAD = re.compile(r"\*(?P<lemma>[^\s/]+)(?:/(?P<flags>[mf]|pl|[mf]\.pl))?")


@lru_cache(maxsize=4096)
def parse_phrase(phrase: str) -> Phrase:
    """Read the notation in which unit names stand in data files.

    One word is the head and bears an asterisk; it declines. A word *before* the head agrees with it when it has the
    form of a nominative adjective of the head's gender (kvadratinis *metras, jūrinė *mylia, jungtinės *pajamos); every
    other word stays (Australijos *doleris, *kilometras per valandą, *laipsnis Celsijaus). `=word` before the head stays
    whatever its form. `*lemma/f` and `*lemma/m` give the gender, `*lemma/pl` (or `/f.pl`) declares a plural-only noun.
    A phrase of one word needs no asterisk.

    Raises:
        ValueError: no head, two heads, or a malformed head.
        UnknownParadigmError: the head cannot be declined.
    """
    tokens = phrase.split()
    if len(tokens) == 1 and not tokens[0].startswith("*"):
        tokens = ["*" + tokens[0]]
    heads = [i for i, token in enumerate(tokens) if token.startswith("*")]
    if len(heads) != 1:
        msg = f"a phrase has one head marked by an asterisk; {phrase!r} has {len(heads)}"
        raise ValueError(msg)
    at = heads[0]
    match = _HEAD.fullmatch(tokens[at])
    if match is None:
        msg = f"malformed head {tokens[at]!r} in {phrase!r}: write *lemma, *lemma/m, *lemma/f, *lemma/pl or *lemma/f.pl"
        raise ValueError(msg)
    flags = match["flags"] or ""
    gender: Gender | None = "m" if flags.startswith("m") else "f" if flags.startswith("f") else None
    head = noun(match["lemma"], gender, plural_only=True if flags.endswith("pl") else None)
    agreeing = tuple(
        (i, lemma) for i, token in enumerate(tokens[:at]) if (lemma := _agreeing_lemma(token, head)) is not None
    )
    words = tuple(head.lemma if i == at else token.removeprefix("=") for i, token in enumerate(tokens))
    return Phrase(words, agreeing, at, head)


def _agreeing_lemma(token: str, head: Noun) -> str | None:
    """Return the masculine lemma of a word that agrees with the head, None for a word that stays."""
    if token.startswith("=") or not token.islower():
        return None
    number: Number = "pl" if head.plural_only else "sg"
    for name in _CLASSES:
        ending = ("in" if name == "inis" else "") + INDEFINITE[name][head.gender, number][0]
        if not token.endswith(ending) or len(token) <= len(ending) + 1:
            continue
        stem = token[: -len(ending)]
        if ending == "i" and number == "pl":
            # Three classes share this nominative; only these suffixes tell the soft one.
            return stem + ("is" if stem.endswith(("esn", "del")) else "as")
        return stem + name
    return None


def phrase_noun(phrase: str) -> Noun:
    """Return the head noun of a phrase: its gender and `plural_only` decide the form of the numeral.

    Raises:
        ValueError: as `parse_phrase`.
    """
    return parse_phrase(phrase).head


@lru_cache(maxsize=16384)
def decline_phrase(phrase: str, case: Case, number: Number) -> str:
    """Return a phrase in one case and number; for the notation see `parse_phrase`.

    Raises:
        ValueError: malformed phrase, unknown case or number.
        UnknownParadigmError: the head or an agreeing word cannot be declined.
    """
    parsed = parse_phrase(phrase)
    words = list(parsed.words)
    head = parsed.head
    words[parsed.head_index] = decline(head, case, number)
    for i, lemma in parsed.agreeing:
        words[i] = decline_adjective(lemma, case, head.gender, "pl" if head.plural_only else number)
    return " ".join(words)
