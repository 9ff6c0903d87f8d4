"""Declension of Lithuanian nouns: all five declensions, singular and plural, seven cases.

A noun is a stem and a paradigm; a paradigm is two rows of endings. `noun` guesses the paradigm from the lemma's
ending; what the ending does not tell (third declension, masculines in *-a*, irregular stems, plural-only nouns) stands
in `textnorm.languages.lt.noun_lists`. Source: *Dabartinės lietuvių kalbos gramatika*, chapter on the noun.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from textnorm.languages.lt.grammar import (
    NUMBERS,
    Case,
    Gender,
    Number,
    UnknownParadigmError,
    case_index,
    harden,
    join,
)
from textnorm.languages.lt.noun_lists import (
    FEMININE_IN_IS,
    HARD_GENITIVE_PLURAL,
    IRREGULAR,
    MASCULINE_IN_A,
    MASCULINE_THIRD_DECLENSION,
    PLURAL_ONLY,
)

_PL_O = "ai ų ams us ais uose ai"
_PL_IO = "iai ių iams ius iais iuose iai"
_PL_A = "os ų oms as omis ose os"
_PL_IA = "ios ių ioms ias iomis iose ios"
_PL_E = "ės ių ėms es ėmis ėse ės"
_PL_I = "ys ių ims is imis yse ys"
_PL_I_HARD = "ys ų ims is imis yse ys"
_PL_EN = "enys enų enims enis enimis enyse enys"
_PL_ER = "erys erų erims eris erimis eryse erys"

# name: (singular row, plural row), cases in the order of CASES. A plural-only noun uses the second row.
_ROWS: dict[str, tuple[str, str]] = {
    "as": ("as o ui ą u e e", _PL_O),
    "jas": ("as o ui ą u yje au", _PL_O),
    "ias": ("ias io iui ią iu yje y", _PL_IO),
    "is": ("is io iui į iu yje i", _PL_IO),
    "ys": ("ys io iui į iu yje y", _PL_IO),
    "us": ("us aus ui ų umi uje au", "ūs ų ums us umis uose ūs"),
    "ius": ("ius iaus iui ių iumi iuje iau", _PL_IO),
    "jus": ("us aus ui ų umi uje au", _PL_O),
    "a": ("a os ai ą a oje a", _PL_A),
    "ia": ("ia ios iai ią ia ioje ia", _PL_IA),
    "i": ("i ios iai ią ia ioje i", _PL_IA),
    "ė": ("ė ės ei ę e ėje e", _PL_E),
    "is_f": ("is ies iai į imi yje ie", _PL_I),
    "is_f_hard": ("is ies iai į imi yje ie", _PL_I_HARD),
    "is_m": ("is ies iui į imi yje ie", _PL_I),
    "is_m_hard": ("is ies iui į imi yje ie", _PL_I_HARD),
    "uo": ("uo ens eniui enį eniu enyje enie", _PL_EN),
    # Single words whose stem changes inside the paradigm; the stem is what stays.
    "mėnuo": ("uo esio esiui esį esiu esyje esi", "esiai esių esiams esius esiais esiuose esiai"),
    "šuo": ("uo uns uniui unį uniu unyje unie", "unys unų unims unis unimis unyse unys"),
    "sesuo": ("uo ers eriai erį erimi eryje erie", _PL_ER),
    "duktė": ("ė ers eriai erį erimi eryje erie", _PL_ER),
    "moteris": ("is s iai į imi yje ie", _PL_I_HARD),
    "žmogus": (
        "ogus ogaus ogui ogų ogumi oguje ogau",
        "onės onių onėms ones onėmis onėse onės",
    ),
}
PARADIGMS: dict[str, dict[Number, tuple[str, ...]]] = {
    name: {"sg": tuple(sg.split()), "pl": tuple(pl.split())} for name, (sg, pl) in _ROWS.items()
}
"""Paradigm name to its rows of seven endings, in the order of `CASES`."""

# Lemma ending to paradigm, longest first. "is" is decided by the lists.
_SINGULAR_LEMMAS: tuple[tuple[str, str, Gender], ...] = (
    ("jas", "jas", "m"),
    ("ias", "ias", "m"),
    ("jus", "jus", "m"),
    ("ius", "ius", "m"),
    ("as", "as", "m"),
    ("is", "is", "m"),
    ("ys", "ys", "m"),
    ("us", "us", "m"),
    ("uo", "uo", "m"),
    ("ia", "ia", "f"),
    ("a", "a", "f"),
    ("ė", "ė", "f"),
)
_PLURAL_LEMMAS: tuple[tuple[str, str, Gender], ...] = (
    ("iai", "is", "m"),
    ("ios", "ia", "f"),
    ("ai", "as", "m"),
    ("os", "a", "f"),
    ("ės", "ė", "f"),
    ("ūs", "us", "m"),
    ("ys", "is_f", "f"),
)
_STEM_KEEPS = {"jas": 2, "jus": 2}


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun that can be declined.

    Attributes:
        lemma: nominative singular, or nominative plural of a plural-only noun.
        gender: grammatical gender.
        paradigm: a key of `PARADIGMS`.
        plural_only: True for pluralia tantum (metai, durys): no singular, counted by vieneri, dveji, treji …
        stem: what the endings of the paradigm are joined to.
    """

    lemma: str
    gender: Gender
    paradigm: str
    plural_only: bool
    stem: str


@lru_cache(maxsize=4096)
def noun(lemma: str, gender: Gender | None = None, *, plural_only: bool | None = None) -> Noun:
    """Return the noun of a lemma, its paradigm guessed from the ending and from the lists of exceptions.

    Args:
        lemma: nominative singular; nominative plural of a plural-only noun.
        gender: overrides the guess; for *-is* it chooses between second-type masculines (brolis, brolio) and
            third-declension feminines (pilis, pilies).
        plural_only: None looks the lemma up in the list of pluralia tantum; True declares one that is not listed.

    Raises:
        UnknownParadigmError: no paradigm has a lemma that ends so; also a plural that is not plural-only.
    """
    if plural_only is None:
        plural_only = lemma in PLURAL_ONLY
    if plural_only:
        return _plural_only_noun(lemma, gender)
    if lemma in IRREGULAR:
        paradigm, default = IRREGULAR[lemma]
        cut = len(PARADIGMS[paradigm]["sg"][0])
        return Noun(lemma, gender or default, paradigm, False, lemma[:-cut])
    for ending, paradigm, default in _SINGULAR_LEMMAS:
        if lemma.endswith(ending) and len(lemma) > len(ending):
            stem = lemma[: len(lemma) - _STEM_KEEPS.get(paradigm, len(ending))]
            if paradigm == "is":
                return _noun_in_is(lemma, stem, gender)
            if paradigm == "ias":
                stem = harden(stem)
            if lemma in MASCULINE_IN_A:
                default = "m"
            return Noun(lemma, gender or default, paradigm, False, stem)
    msg = (
        f"no paradigm for the noun {lemma!r}: give the nominative singular, or declare a plural-only noun "
        "(plural_only=True)"
    )
    raise UnknownParadigmError(msg)


def _noun_in_is(lemma: str, stem: str, gender: Gender | None) -> Noun:
    hard = "_hard" if lemma in HARD_GENITIVE_PLURAL else ""
    if gender == "f" or (gender is None and lemma in FEMININE_IN_IS):
        return Noun(lemma, "f", f"is_f{hard}", False, stem)
    if lemma in MASCULINE_THIRD_DECLENSION:
        return Noun(lemma, "m", f"is_m{hard}", False, stem)
    return Noun(lemma, "m", "is", False, stem)


def _plural_only_noun(lemma: str, gender: Gender | None) -> Noun:
    listed = PLURAL_ONLY.get(lemma)
    if listed is not None:
        paradigm, default = listed
        cut = len(PARADIGMS[paradigm]["pl"][0])
        return Noun(lemma, gender or default, paradigm, True, harden(lemma[:-cut]))
    for ending, paradigm, default in _PLURAL_LEMMAS:
        if lemma.endswith(ending) and len(lemma) > len(ending):
            return Noun(lemma, gender or default, paradigm, True, lemma[: -len(ending)])
    msg = f"no paradigm for the plural-only noun {lemma!r}: give its nominative plural"
    raise UnknownParadigmError(msg)


def split(word: Noun, case: Case, number: Number) -> tuple[str, str]:
    """Return (stem, ending) of one form; `grammar.join` makes the word of them.

    Raises:
        ValueError: unknown case or number.
    """
    if number not in NUMBERS:
        msg = f"unknown number {number!r}; the numbers are {', '.join(NUMBERS)}"
        raise ValueError(msg)
    rows = PARADIGMS[word.paradigm]
    return word.stem, rows["pl" if word.plural_only else number][case_index(case)]


@lru_cache(maxsize=16384)
def decline(word: Noun | str, case: Case, number: Number) -> str:
    """Return one form of a noun.

    A plural-only noun has no singular: with `number="sg"` (after a numeral that ends in 1, as in *dvidešimt vieneri
    metai*) it stands in the plural too, as the grammar wants.

    Raises:
        UnknownParadigmError: `word` is a string whose paradigm cannot be told.
        ValueError: unknown case or number.
    """
    return join(*split(noun(word) if isinstance(word, str) else word, case, number))
