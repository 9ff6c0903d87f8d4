"""The case that the words to the left of a number demand of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from textnorm.languages.lt.government import Governor, governors
from textnorm.languages.lt.grammar import Case, Gender
from textnorm.languages.lt.tagger import Reading, analyse

CASE_NAMES: dict[Case, str] = {
    "nom": "nominative", "gen": "genitive", "dat": "dative", "acc": "accusative", "ins": "instrumental",
    "loc": "locative", "voc": "vocative",
}  # fmt: skip

#: Tokens that join numbers which share one case.
JOINERS = frozenset(("ir", "ar", "arba", "bei", ",", "–", "-", "—", "/", "tiek", "kiek"))
_AND = frozenset(("ir", "bei", "arba"))
_MEASURES = ("time", "measure", "money")
_COUNTS = frozenset(("#0", "#1", "#2"))
THAN = frozenset(("kaip", "nei", "negu"))
QUOTES = frozenset("„“”\"«»'‚‘’")
_SIGNS = frozenset("±~≈≥≤<>+")
_UNIT_SIGNS = frozenset("% € $ £ eur usd ct lt km m cm mm kg g t ha l ml kwh mwh gwh".split())
_STATES = frozenset("–—-:=")
_TEMPORAL_COMPARATIVES = frozenset(["ilgiau", "trumpiau", "vėliau", "anksčiau", "seniau", "dažniau", "rečiau"])

#: Strengths of evidence, on one scale with the scores of the counted noun.
STRONG, MEDIUM, WEAK = 2.5, 0.9, 0.3


By = Literal[
    "nothing", "prep", "verb", "subject", "noun", "agree", "list", "break", "dash", "joined", "extent", "comparative"
]


class Demand(NamedTuple):
    """What is demanded of a number from the left.

    Attributes:
        cases: cases in order of likelihood; empty = nothing is known.
        strength: on the scale `STRONG`, `MEDIUM`, `WEAK`.
        why: a short phrase.
        gender: gender of an agreeing word to the left, where one decides it.
        shared: the number continues a list or a range.
        attributive: an adjective in another case stands before the number (ne ilgesnį kaip 10 dienų terminą).
        by: what demands it.
        years: what is counted are years of age, said or not (jaunesni kaip 7).
    """

    cases: tuple[Case, ...]
    strength: float
    why: str
    gender: Gender | None = None
    shared: bool = False
    attributive: bool = False
    by: By = "nothing"
    years: bool = False


NOTHING = Demand((), 0.0, "")


def phrase(cases: tuple[Case, ...], what: str) -> str:
    """Return the words of an explanation: the first case and what decided it."""
    return f"{CASE_NAMES[cases[0]]}: {what}"


_NOT_ATTRIBUTIVE = frozenset(("jis", "kuris", "kas", "niekas", "pats"))


#: Far more often infinitives than plurals of a participle.
_INFINITIVES = ("yti", "oti", "ėti", "inti")


def agreeing(word: str) -> tuple[Reading, ...]:
    """Return the plural readings of a pronoun or adjective that can stand before a number and agree with it."""
    readings = analyse(word)
    pronouns = tuple(r for r in readings if r.pos == "pron" and r.lemma not in _NOT_ATTRIBUTIVE and r.number == "pl")
    if pronouns:
        return pronouns
    adjectives = tuple(r for r in readings if r.pos == "adj" and r.weight >= 0.75)
    if word.endswith(_INFINITIVES):
        return ()
    if any(r.number == "sg" for r in adjectives) or any(r.pos == "pron" for r in readings):
        return ()
    return adjectives


def _participle(word: str) -> bool:
    """Tell whether `word` is an active participle and nothing else: it takes objects as its verb does."""
    readings = analyse(word)
    return bool(readings) and all(r.pos == "part" for r in readings)


def _skip_list(left: tuple[str, ...], i: int) -> tuple[int, bool, Demand | None]:
    """Step over ``# ,`` ``# ir`` ``#–`` before the number; a spelled numeral there tells the shared case."""
    shared = False
    while i >= 1 and left[i] in JOINERS:
        before = left[i - 1]
        if before.startswith("#"):
            shared = True
            i -= 2
            continue
        if left[i] != "," and (amount := _amount_before(left, i - 1)) is not None:
            shared = True
            i = amount
            continue
        numerals = tuple(r for r in analyse(before) if r.pos == "num") if before else ()
        if numerals and left[i] != ",":
            cases = tuple(dict.fromkeys(r.case for r in numerals))
            if len(cases) == 1:
                return i, True, Demand(cases, STRONG, phrase(cases, f"shared with '{before}'"), shared=True, by="list")
            shared = True
            i -= 2
            continue
        break
    return i, shared, None


def _amount_before(left: tuple[str, ...], i: int) -> int | None:
    """Return the index before an amount in figures that ends at `i`: skyrė 2 mln. eurų ir [300] ..."""
    for at in range(i, max(i - 3, -1), -1):
        word = left[at]
        if word.startswith("#"):
            return at - 1 if at < i else None
        if not word.endswith(".") and word not in _UNIT_SIGNS and not (word[0].isalpha() and _is_measure(word)):
            return None
    return None


def _same_again(left: tuple[str, ...], i: int) -> Demand | None:
    """A number behind a measure and *ar* counts that measure: po savaitės ar 2, praėjo metai ar 2."""
    if left[i] != "ar" or not left[i - 1][0].isalpha():
        return None
    readings = [r for r in analyse(left[i - 1]) if r.pos == "noun" and r.classes & {"time", "distance"}]
    readings = [r for r in readings if r.number == "sg" or r.plural_only]
    if i >= 2:
        governed = {case for g in governors(left[i - 2]) if g.kind == "prep" for case in g.cases}
        readings = [r for r in readings if r.case in governed] or readings
    cases = tuple(dict.fromkeys(r.case for r in readings))
    if not cases:
        return None
    r = readings[0]
    why = phrase(cases, f"as '{left[i - 1]}' before")
    return Demand(cases, STRONG, why, r.gender, shared=True, by="agree", years=r.plural_only)


def _joined_noun(word: str, counted: bool) -> Demand | None:
    """A noun joined to the number by *ir* shares its case: pirmininką ir 4 narius; a counted one is a plural."""
    readings = [r for r in analyse(word) if r.pos == "noun"] if word[0].isalpha() and not governors(word) else []
    if counted and any(r.number == "pl" for r in readings):
        readings = [r for r in readings if r.number == "pl"]
    cases = tuple(dict.fromkeys(r.case for r in readings))
    if len(cases) == 1 and cases[0] in ("acc", "dat", "ins", "loc"):
        return Demand(cases, MEDIUM, phrase(cases, f"joined to '{word}'"), by="joined")
    return None


def _is_measure(word: str) -> bool:
    return any(not r.classes.isdisjoint(_MEASURES) for r in analyse(word))


def _choose(found: tuple[Governor, ...], classes: frozenset[str], far: bool) -> Governor | None:
    """Return the governor that applies: the first whose condition the counted noun meets."""
    for governor in found:
        if governor.kind in ("transparent", "function", "comparative"):
            continue
        if far and governor.kind in ("prep", "noun"):
            continue
        if governor.condition and governor.condition not in classes:
            continue
        return governor
    return None


def _of_verb(governor: Governor, modal_negated: bool) -> tuple[tuple[Case, ...], str]:
    first = governor.cases[0]
    if governor.voice == "gerund" and first == "nom":
        return ("dat",), "dative absolute"
    if first == "acc":
        if governor.voice == "passive":
            return ("nom",), "subject of"
        if governor.negated or modal_negated:
            return ("gen",), "negated verb"
    return governor.cases, "verb"


@lru_cache(maxsize=8192)
def demand(left: tuple[str, ...], classes: frozenset[str] = frozenset()) -> Demand:
    """Return what the tokens `left` of a number (nearest last) demand of it.

    Args:
        left: tokens of `Context.left`.
        classes: classes of the counted noun where it is known (``time``, ``measure`` …), for prepositions that take
            two cases.
    """
    i, shared, told = _skip_list(left, len(left) - 1)
    if told is not None:
        return told
    if i >= 1 and not shared and left[i] in JOINERS:
        again = _same_again(left, i)
        if again is not None:
            return again
    if i >= 1 and not shared and left[i] in _AND:
        counted = any(word.startswith("#") for word in left[max(0, i - 3) : i - 1])
        joined = _joined_noun(left[i - 1], counted)
        if joined is not None:
            return joined
    while i >= 1 and left[i - 1] in _COUNTS and _is_measure(left[i]):
        # A compound measure shares its case: po 2 valandų 15 minučių.
        cases = tuple(dict.fromkeys(r.case for r in analyse(left[i])))
        if left[i - 1] != "#0" and len(cases) == 1:
            return Demand(cases, STRONG, phrase(cases, f"shared with '{left[i]}'"), by="list")
        i -= 2
    if i >= 1 and left[i] in _UNIT_SIGNS and (amount := _amount_before(left, i)) is not None:
        i, shared = amount, True  # 19 Eur 99 ct
    skipped = 0
    temporal = False
    while i >= 0 and skipped <= 3:
        word = left[i]
        if word in QUOTES or word in _SIGNS:
            i -= 1
            continue
        if not word[0].isalpha():
            if word.startswith("#") or word == ")":
                break
            by: By = "dash" if word in _STATES else "break"
            return Demand(("nom",), WEAK, phrase(("nom",), f"after '{word}'"), shared=shared, by=by)
        if word in THAN and i >= 1:
            previous = left[i - 1]
            if previous.endswith("iau") or previous in ("anksčiau", "mažiau", "daugiau"):
                temporal = temporal or previous in _TEMPORAL_COMPARATIVES
                i -= 2
                if i >= 0 and left[i] == "ne":
                    i -= 1
                if (matched := _contrasted(left, i, shared)) is not None:
                    return matched
                continue
            comparative = _comparative_adjective(previous)
            if comparative:
                return _compared(previous, comparative, shared)
        found = governors(word)
        if any(g.kind == "transparent" for g in found):
            i -= 1
            continue
        governor = _choose(found, classes, skipped > 0)
        if governor is not None:
            attribute = _oblique_participle(governor, shared) if skipped == 0 else None
            return attribute or _apply(governor, left, i, skipped, shared)
        if skipped == 0 and not found:
            if _participle(word):
                return Demand(("acc",), MEDIUM, phrase(("acc",), f"object of '{word}'"), shared=shared, by="verb")
            agree = agreeing(word)
            if agree and i >= 1 and left[i - 1] in _AUXILIARIES and any(r.case == "nom" for r in agree):
                why = phrase(("nom",), f"subject of '{word}'")
                return Demand(("nom",), MEDIUM, why, shared=shared, by="subject")
            if agree:
                cases = tuple(dict.fromkeys(r.case for r in agree))
                genders = {r.gender for r in agree}
                gender = genders.pop() if len(genders) == 1 else None
                why = phrase(cases, f"agrees with '{word}'")
                return Demand(cases, STRONG, why, gender, shared, by="agree")
        if any(g.kind == "function" for g in found):
            break
        if analyse(word):
            skipped += 1
        i -= 1
    if temporal:
        return Demand(("acc",), MEDIUM, phrase(("acc",), "extent of time"), shared=shared, by="extent")
    if i < 0 and len(left) <= 5:
        return Demand(("nom",), WEAK, phrase(("nom",), "no governing word"), shared=shared, by="break")
    return Demand((), 0.0, "", shared=shared)


_CONTRAST = frozenset(("bet", "tačiau", "ir", "arba", "o"))


def _contrasted(left: tuple[str, ...], i: int, shared: bool) -> Demand | None:
    """A second bound stands in the case of the first: trimis valandomis, bet ne daugiau kaip 10 valandų."""
    if i < 2 or left[i] not in _CONTRAST:
        return None
    at = i - 2 if left[i - 1] == "," else i - 1
    if at < 1 or not left[at][0].isalpha() or not _is_measure(left[at]):
        return None
    cases = {r.case for r in analyse(left[at]) if r.pos == "noun"}
    if left[at - 1][0].isalpha():
        counted = {r.case for r in analyse(left[at - 1]) if r.pos == "num"}
        cases = cases & counted if len(counted) < len(CASE_NAMES) - 2 else set()  # dešimt stands in any case
    elif left[at - 1] not in ("#1", "#2"):
        return None
    if len(cases) != 1:
        return None
    told = tuple(cases)
    return Demand(told, MEDIUM, phrase(told, f"as the bound '{left[at]}' before"), shared=shared, by="list")


def _comparative_adjective(word: str) -> tuple[Reading, ...]:
    if "esn" not in word[2:]:
        return ()
    return tuple(r for r in analyse(word) if r.pos == "adj")


def _compared(word: str, readings: tuple[Reading, ...], shared: bool) -> Demand:
    # Ages are a genitive of quality: jaunesni kaip 18 metų.
    stem = word.removeprefix("ne")
    if stem.startswith(("jaun", "vyr")):
        why = phrase(("gen",), f"age after '{word} kaip'")
        return Demand(("gen",), STRONG, why, shared=shared, by="comparative", years=True)
    oblique = {r.case for r in readings}.isdisjoint({"nom"})
    why = phrase(("nom",), f"compared by '{word}'")
    return Demand(("nom",), MEDIUM, why, shared=shared, attributive=oblique, by="comparative")


_AUXILIARIES = frozenset(["buvo", "yra", "bus", "būti", "būtų", "esti", "nėra", "nebuvo"])


def _object_stands(left: tuple[str, ...], i: int) -> bool:
    """Tell whether an accusative stands right before the verb at `i`: Komisiją sudaro 12 narių."""
    if i < 1 or not left[i - 1][0].isalpha():
        return False
    readings = [r for r in analyse(left[i - 1]) if r.pos == "noun"]
    timed = any("time" in r.classes for r in readings)
    return bool(readings) and not timed and all(r.case == "acc" for r in readings)


def _dative_stands(left: tuple[str, ...], i: int) -> bool:
    """Tell whether a dative stands right before the verb at `i`: Valdybai priklauso 66 procentai."""
    if i < 1 or not left[i - 1][0].isalpha():
        return False
    return any(r.case == "dat" and r.pos != "adj" for r in analyse(left[i - 1]))


def _oblique_participle(governor: Governor, shared: bool) -> Demand | None:
    """A passive participle in an oblique case is no predicate.

    In the plural it agrees with the number behind it (už išaugintus 5 vaikus), in the singular the number is its agent
    (3 ekspertų parengtą išvadą, suteiktą bent 2 agentūrų).
    """
    if governor.kind != "verb" or governor.voice != "passive":
        return None
    readings = [r for r in analyse(governor.form) if r.pos in ("part", "adj")]
    if governor.form.endswith("us"):
        readings = [r for r in readings if r.case == "acc"]  # no adjective in -us
    if not readings or any(r.case in ("nom", "voc") for r in readings):
        return None
    plural = tuple(dict.fromkeys(r.case for r in readings if r.number == "pl"))
    if plural and len(plural) == len({r.case for r in readings}):
        genders = {r.gender for r in readings}
        why = phrase(plural, f"agrees with '{governor.form}'")
        return Demand(plural, STRONG, why, genders.pop() if len(genders) == 1 else None, shared, by="agree")
    if not plural and governor.cases[0] == "acc":
        return Demand(("gen",), MEDIUM, phrase(("gen",), f"agent of '{governor.form}'"), shared=shared, by="noun")
    return None


def _apply(governor: Governor, left: tuple[str, ...], i: int, skipped: int, shared: bool) -> Demand:
    if governor.kind == "verb":
        before = left[i - 1] if i >= 1 else ""
        modal = i >= 1 and left[i - 1].startswith("ne") and left[i - 1] in ("negali", "neturi", "negalės", "negalėjo")
        if governor.form.endswith("ti") and before in _AUXILIARIES:
            governor = governor._replace(voice="passive")
        cases, what = _of_verb(governor, modal)
        if cases[0] == "acc" and what == "verb" and governor.cases == ("acc",) and _object_stands(left, i):
            cases, what = ("nom",), "subject: the object stands before"
        if cases[0] == "dat" and governor.voice == "active" and _dative_stands(left, i):
            cases, what = ("nom",), "subject: the dative stands before"
        strength = MEDIUM if skipped == 0 else MEDIUM / (1 + skipped)
        if what == "dative absolute" and skipped == 0:
            strength = STRONG
        heard: By = "subject" if what == "subject of" else "verb"
        return Demand(cases, strength, phrase(cases, f"{what} '{governor.form}'"), shared=shared, by=heard)
    by: By = "prep" if governor.kind == "prep" else "noun"
    why = phrase(governor.cases, f"{'preposition' if by == 'prep' else by} '{governor.form}'")
    return Demand(governor.cases, STRONG if by == "prep" else WEAK, why, shared=shared, by=by)
