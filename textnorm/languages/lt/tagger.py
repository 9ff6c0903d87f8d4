"""Part of speech, case, gender and number of a Lithuanian word, told from its ending.

A word's readings come from three places: the lists of the rule pack (``rules/lt/nouns.tsv``, ``pronouns.tsv``), whose
nouns are declined by `nouns`; the spelled numerals of `numerals`; and, for every other word, tables of endings.
Ambiguity is kept: *dalies* has one reading, *klasės* three. Source of the tables: *Dabartinės lietuvių kalbos
gramatika*, chapters on the noun, the adjective and the participle.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Literal, NamedTuple

from textnorm.errors import RulePackError
from textnorm.languages.lt.grammar import CASES, GENDERS, Case, Gender, Number, UnknownParadigmError
from textnorm.languages.lt.nouns import decline, noun
from textnorm.languages.lt.numerals import cardinal
from textnorm.languages.lt.tables import read_table

Pos = Literal["noun", "adj", "pron", "num", "part"]


class Reading(NamedTuple):
    """One way to read a word.

    Attributes:
        pos: part of speech; participles that serve as adjectives are ``part``.
        case: grammatical case.
        gender: masculine or feminine.
        number: singular or plural.
        lemma: dictionary form where a list knows it, else None.
        plural_only: True for pluralia tantum (metai, durys).
        weight: how likely the reading is among those of the word, in (0, 1]; a list's reading has 1.
        classes: classes of the noun in ``nouns.tsv``.
    """

    pos: Pos
    case: Case
    gender: Gender
    number: Number
    lemma: str | None
    plural_only: bool
    weight: float
    classes: frozenset[str] = frozenset()


_NO_CLASSES: frozenset[str] = frozenset()

# (pos, gender, weight, singular row, plural row); cases in the order of CASES without the
# vocative. "-" leaves out a form that is another one far more often (-ų: the genitive plural).
_ROWS: tuple[tuple[Pos, Gender, float, str, str], ...] = (
    ("noun", "m", 1.0, "as o ui ą u e", "ai ų ams us ais uose"),
    ("noun", "m", 1.0, "is io iui į iu yje", "iai ių iams ius iais iuose"),
    ("noun", "m", 0.8, "ys io iui į iu yje", "iai ių iams ius iais iuose"),
    ("noun", "m", 0.3, "ias io iui ią iu yje", "iai ių iams ius iais iuose"),
    ("noun", "m", 0.2, "us aus ui - umi uje", "ūs ų ums us umis uose"),
    ("noun", "m", 0.4, "ius iaus iui - iumi iuje", "iai ių iams ius iais iuose"),
    ("noun", "m", 0.2, "uo ens eniui enį eniu enyje", "enys enų enims enis enimis enyse"),
    ("noun", "f", 1.0, "a os ai ą a oje", "os ų oms as omis ose"),
    ("noun", "f", 0.8, "ia ios iai ią ia ioje", "ios ių ioms ias iomis iose"),
    ("noun", "f", 1.0, "ė ės ei ę e ėje", "ės ių ėms es ėmis ėse"),
    ("noun", "f", 0.6, "is ies iai į imi yje", "ys ių ims is imis yse"),
    ("adj", "m", 0.4, "as o am ą u ame", "i ų iems us ais uose"),
    ("adj", "f", 0.4, "a os ai ą a oje", "os ų oms as omis ose"),
    ("adj", "m", 0.3, "us aus iam ų iu iame", "ūs ių iems ius iais iuose"),
    ("adj", "f", 0.3, "i ios iai ią ia ioje", "ios ių ioms ias iomis iose"),
    ("adj", "m", 0.3, "is io iam į iu iame", "iai ių iams ius iais iuose"),
    ("adj", "f", 0.3, "ė ės ei ę e ėje", "ės ių ėms es ėmis ėse"),
    ("adj", "m", 1.0, "asis ojo ajam ąjį uoju ajame", "ieji ųjų iesiems uosius aisiais uosiuose"),
    ("adj", "f", 1.0, "oji osios ajai ąją ąja ojoje", "osios ųjų osioms ąsias osiomis osiose"),
    ("adj", "m", 1.0, "iasis iojo iajam įjį iuoju iajame", "ieji iųjų iesiems iuosius iaisiais iuosiuose"),
    ("adj", "f", 1.0, "ioji iosios iajai iąją iąja iojoje", "iosios iųjų iosioms iąsias iosiomis iosiose"),
    ("part", "m", 0.5, "- - - - - -", "ę - - - - -"),
    ("part", "m", 1.0, "ęs usio usiam usį usiu usiame", "- usių usiems usius usiais usiuose"),
    ("part", "f", 1.0, "usi usios usiai usią usia usioje", "usios usių usioms usias usiomis usiose"),
    ("part", "m", 0.9, "antis ančio ančiam antį ančiu ančiame", "antys ančių antiems ančius ančiais ančiuose"),
    ("part", "f", 0.9, "anti ančios ančiai ančią ančia ančioje", "ančios ančių ančioms ančias ančiomis ančiose"),
    ("part", "m", 0.9, "intis inčio inčiam intį inčiu inčiame", "intys inčių intiems inčius inčiais inčiuose"),
    ("part", "f", 0.9, "inti inčios inčiai inčią inčia inčioje", "inčios inčių inčioms inčias inčiomis inčiose"),
)

# Ends of stems that nearly always belong to an adjective or a passive participle.
_ADJECTIVE_STEMS = (
    "išk", "ing", "esn", "iaus", "iam", "uojam", "aujam", "inam", "dom", "inamas", "yt", "uot", "aut", "int", "ėt",
    "otin", "tin", "yvin", "ybin", "ain", "inin", "alin", "arin", "urin", "orin", "onin", "acin", "ien", "okin",
)  # fmt: skip


# Ends of stems whose nouns are masculine: their -as is a nominative singular, not the accusative plural of a feminine.
_MASCULINE_STEMS = ("im", "ym", "um", "ėj", "toj", "us", "ik", "yr", "ent", "ant", "et", "ut", "onas", "art", "av")


@cache
def _endings() -> dict[str, tuple[Reading, ...]]:
    table: dict[str, dict[tuple[Pos, Case, Gender, Number], float]] = {}
    for pos, gender, weight, singular, plural in _ROWS:
        rows: tuple[tuple[Number, str], ...] = (("sg", singular), ("pl", plural))
        for number, row in rows:
            for case, ending in zip(CASES, row.split(), strict=False):
                if ending == "-":
                    continue
                readings = table.setdefault(ending, {})
                key = (pos, case, gender, number)
                readings[key] = max(weight, readings.get(key, 0.0))
    return {
        ending: tuple(
            Reading(pos, case, gender, number, None, False, weight)
            for (pos, case, gender, number), weight in readings.items()
        )
        for ending, readings in table.items()
    }


_CASES6 = CASES[:6]


@cache
def _lexicon() -> dict[str, tuple[Reading, ...]]:
    lexicon: dict[str, list[Reading]] = {}
    _add_nouns(lexicon)
    _add_pronouns(lexicon)
    _add_numerals(lexicon)
    return {word: tuple(dict.fromkeys(readings)) for word, readings in lexicon.items()}


def _add_nouns(lexicon: dict[str, list[Reading]]) -> None:
    seen: dict[tuple[str, Gender | None], set[str]] = {}
    order: dict[tuple[str, Gender | None], str] = {}
    for row in read_table("nouns.tsv", ("classes", "gender", "lemmas", "note")):
        gender = _gender(row.cell("gender"), row.where)
        for lemma in row.cell("lemmas").split():
            key = (lemma, gender)
            seen.setdefault(key, set()).update(row.cell("classes").split("|"))
            order.setdefault(key, row.where)
    for (lemma, gender), classes in seen.items():
        plural_only = "plural_only" in classes
        try:
            word = noun(lemma, gender, plural_only=plural_only)
        except UnknownParadigmError as error:
            msg = f"{order[lemma, gender]}: {error}"
            raise RulePackError(msg) from error
        numbers: tuple[Number, ...] = ("pl",) if plural_only else ("sg", "pl")
        frozen = frozenset(classes)
        for number in numbers:
            for case in _CASES6:
                form = decline(word, case, number)
                reading = Reading("noun", case, word.gender, number, lemma, plural_only, 1.0, frozen)
                lexicon.setdefault(form, []).append(reading)


def _gender(cell: str, where: str) -> Gender | None:
    if cell == "-":
        return None
    for gender in GENDERS:
        if cell == gender:
            return gender
    msg = f"{where}: unknown gender {cell!r}; use m, f or -"
    raise RulePackError(msg)


def _add_pronouns(lexicon: dict[str, list[Reading]]) -> None:
    for row in read_table("pronouns.tsv", ("lemma", "gender", "number", "forms")):
        gender = _gender(row.cell("gender"), row.where)
        number: Number = "sg" if row.cell("number") == "sg" else "pl"
        forms = row.cell("forms").split()
        if gender is None or len(forms) != len(_CASES6) or row.cell("number") not in ("sg", "pl"):
            msg = f"{row.where}: a pronoun needs a gender, a number and six forms"
            raise RulePackError(msg)
        for case, form in zip(_CASES6, forms, strict=True):
            reading = Reading("pron", case, gender, number, row.cell("lemma"), False, 1.0)
            lexicon.setdefault(form, []).append(reading)


def _add_numerals(lexicon: dict[str, list[Reading]]) -> None:
    counted = (*range(1, 20), *range(20, 100, 10))
    for n in counted:
        for gender in GENDERS:
            for case in _CASES6:
                number: Number = "sg" if n == 1 else "pl"
                reading = Reading("num", case, gender, number, str(n), False, 1.0)
                lexicon.setdefault(cardinal(n, case, gender), []).append(reading)
                if n < 10:
                    form = cardinal(n, case, gender, series="plural_only")
                    lexicon.setdefault(form, []).append(reading._replace(number="pl", plural_only=True))
                elif n == 10 or n > 19:
                    lexicon.setdefault(cardinal(n, case, gender, ten="declined"), []).append(reading)


def _guess(word: str) -> tuple[Reading, ...]:
    endings = _endings()
    # A stem has a vowel and at least two letters; the longest ending that leaves one is taken.
    for cut in range(min(7, len(word) - 2), 0, -1):
        ending = word[-cut:]
        if ending not in endings:
            continue
        stem = word[:-cut]
        if stem.endswith(_ADJECTIVE_STEMS):
            return _of_ending(ending, "adjective")
        if ending in ("as", "is") and stem.endswith(_MASCULINE_STEMS):
            return _of_ending(ending, "masculine")
        return _of_ending(ending, "any")
    return ()


@lru_cache(maxsize=2048)
def _of_ending(ending: str, stem: Literal["adjective", "masculine", "any"]) -> tuple[Reading, ...]:
    """Return the readings of words with this ending behind such a stem: few in all, so that words share them."""
    readings = _endings()[ending]
    if stem == "adjective":
        kept = tuple(
            r._replace(weight=r.weight * 2 if r.pos == "adj" else r.weight * 0.5)
            for r in readings
            if r.pos != "noun" or r.number == "pl"
        )
        return kept or readings  # no adjective ends so: atmintimi
    if stem == "masculine":
        return tuple(r for r in readings if (r.gender, r.number) == ("m", "sg"))
    if all(r.pos == "adj" for r in readings):
        return readings + _nouns_below(ending)
    return readings


def _nouns_below(ending: str) -> tuple[Reading, ...]:
    """A long ending of an adjective may hide a noun's: vartotojo is no pronominal adjective."""
    for shorter in range(len(ending) - 1, 0, -1):
        found = _endings().get(ending[-shorter:], ())
        if found:
            return tuple(r._replace(weight=0.4 * r.weight) for r in found if r.pos == "noun")
    return ()


@lru_cache(maxsize=65536)
def analyse(word: str) -> tuple[Reading, ...]:
    """Return the readings of one lower-cased word, empty for one that is not inflected as far as its ending tells.

    Raises:
        RulePackError: a list of the pack is malformed (names file and line).
    """
    known = _lexicon().get(word)
    if known is not None:
        return known
    if len(word) < 3 or not word[-1].isalpha():
        return ()
    return _guess(word)
