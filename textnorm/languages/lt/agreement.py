"""Case, gender, number and series in which a written number stands.

Three kinds of evidence meet: the class of the number (1, 2–9, 0 and tens count their noun in different forms), the
counted noun to the right (`heads`), and what the words to the left demand (`demand`). Each candidate noun gets a score
from its place, from the words between and from how well it fits the demand; the best wins and the margin to the next
reading is the confidence. Source of the rules: *Dabartinės lietuvių kalbos gramatika*, chapters on the numeral and on
government.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from textnorm.languages.lt.context import Context
from textnorm.languages.lt.demand import CASE_NAMES, JOINERS, MEDIUM, STRONG, Demand, demand, phrase
from textnorm.languages.lt.government import governors
from textnorm.languages.lt.grammar import Case, Gender, Number
from textnorm.languages.lt.heads import Counted, Group, Head, heads, looked_at, number_group
from textnorm.languages.lt.shares import share_case
from textnorm.languages.lt.tagger import Reading, analyse

Series = Literal["plain", "plural_only"]
Kind = Literal["card", "ord"]


class Agreement(NamedTuple):
    """How a number is to be read.

    Attributes:
        case: grammatical case of the numeral.
        gender: gender that the numeral takes from its noun.
        number: number of an ordinal (for cardinals: of the counted noun).
        series: ``plural_only`` for vieneri, dveji, treji …
        kind: cardinal or ordinal.
        definite: pronominal form of an ordinal.
        confidence: in (0, 1].
        why: a short English phrase: which case, and what decided it.
        alternatives: other readings, the likeliest first, each without alternatives of its own.
    """

    case: Case
    gender: Gender
    number: Number
    series: Series
    kind: Kind
    definite: bool
    confidence: float
    why: str
    alternatives: tuple[Agreement, ...] = ()


_YEAR_WORDS = frozenset(("metų", "m.", "š.m."))
_DATE = frozenset(("time",))
_JOINING = frozenset(("ir", "ar", "arba", "bet"))
_OPENING = (("„",), ("“",), ("«",), ('"',))
_CLOSING = (("“",), ("”",), ("»",))
_ALTERNATIVES = 3
#: Behind a bare number they say that it counts hours: prieš 6 vakaro.
_HOURS = frozenset(("ryto", "vakaro", "nakties", "popiet"))
_ORDERED = frozenset(("legal", "ordinal"))
_MEASURES = frozenset(("time", "measure", "money", "percent", "magnitude"))


def case_of(
    ctx: Context,
    *,
    default: Case = "nom",
    number_like: bool = True,
    classes: frozenset[str] = frozenset(),
) -> tuple[Case, float, str]:
    """Return the case that the surroundings demand of a slot, with a confidence and a reason.

    Args:
        ctx: surroundings.
        default: the case when nothing demands one (years stand in the instrumental, days in the accusative).
        number_like: the slot is an amount: verbs of change and attributive use apply to it.
        classes: classes of the unit in the slot (``time``, ``percent`` …), for words that govern by class.
    """
    left = ctx.left if number_like else _before_year(ctx.left)
    wanted = demand(left, classes or (frozenset() if number_like else _DATE))
    if number_like:
        if "percent" in classes and (shared := share_case(ctx.right, wanted)) is not None:
            return shared
        attributive = _attributive(ctx.right, 0, wanted, classes)
        if attributive is not None:
            return attributive
        compared = _compared_on_right(ctx.right, 0, classes)
        if compared is not None and wanted.strength < STRONG:
            return compared
    elif (provision := _provision(ctx.right)) is not None:
        return provision
    elif wanted.by != "prep":
        described = _described(ctx.right)
        if described is not None:
            return described
    # A verb governs an amount, never the date beside it.
    heard = wanted.by in ("prep", "agree", "list") or (
        number_like and wanted.by in ("verb", "subject", "comparative", "extent")
    )
    if wanted.cases and heard:
        return wanted.cases[0], min(0.97, 0.5 + wanted.strength / 5), wanted.why
    if number_like and "time" not in classes and wanted.cases:
        return wanted.cases[0], 0.5, wanted.why
    return default, 0.5, phrase((default,), "no governing word")


def _before_year(left: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the year that a date continues: iki einamųjų metų [sausio 31 d.] hears *iki*."""
    if not left or left[-1] not in _YEAR_WORDS:
        return left
    return left[:-2] if len(left) > 1 else ()


def _provision(right: tuple[str, ...]) -> tuple[Case, float, str] | None:
    """A part of an act before what it lays down is a genitive: pagal 1 dalies nuostatas."""
    if right and any("provision" in r.classes for r in analyse(right[0])):
        return "gen", 0.9, phrase(("gen",), f"attribute of '{right[0]}'")
    return None


def _described(right: tuple[str, ...]) -> tuple[Case, float, str] | None:
    """A date before what it dates is a genitive: 2016 m. Seimo nutarimas, 2016 m. rugsėjį."""
    for i, token in enumerate(right[:5]):
        if not token[0].isalpha() or any(g.kind != "noun" for g in governors(token)):
            return None
        readings = analyse(token)
        if any("dated" in r.classes or (i == 0 and "month" in r.classes) for r in readings):
            return "gen", 0.75, phrase(("gen",), f"date of '{token}'")
        if not any(r.case == "gen" for r in readings):
            return None
    return None


def _attributive(
    right: tuple[str, ...], at: int, wanted: Demand, classes: frozenset[str]
) -> tuple[Case, float, str] | None:
    """An amount before the noun that it describes is a genitive: 10 dienų terminas, 5 km pločio."""
    if len(right) > at + 1 and right[at] == "per" and any("time" in r.classes for r in analyse(right[at + 1])):
        at += 2  # a rate: 90 kilometrų per valandą greičiu
    for i, token in enumerate(right[at : at + 4], at):
        if not token[0].isalpha() or any(g.kind in ("prep", "function", "comparative") for g in governors(token)):
            if wanted.attributive and token in _JOINING and _compares(right[i + 1 : i + 3]):
                # The second of two bounds comes before what they describe: ne trumpesnį kaip 5 ir ne ilgesnį kaip ...
                return "gen", 0.8, phrase(("gen",), f"bound before '{token}'")
            if token in _JOINING and _bounded(right[i + 1 : i + 3]):
                return "gen", 0.85, phrase(("gen",), f"bound before '{token} {right[i + 1]}'")
            return None
        readings = analyse(token)
        if wanted.by == "verb" and wanted.cases[0] in ("dat", "ins") and any(r.case == "gen" for r in readings):
            return None  # prilyginti 10 eurų baudos: what the amount is of
        if "percent" in classes and any(r.case == "gen" for r in readings):
            continue  # 5 procentai kapitalo: what the share is of
        told = (("gen",), phrase(("gen",), f"attribute of '{token}'"))
        if classes and wanted.by == "prep" and _taken(readings, wanted):
            return "gen", 0.85, told[1]
        if classes and token == right[at] and _described_object(token, readings):
            return "gen", 0.8, told[1]
        for reading in readings:
            if "person" in reading.classes and "time" not in classes:
                continue  # 3 milijonai žmonių: counted, not described; only an age describes a person
            if reading.pos == "noun" and ("attributive" in reading.classes or ("dimension" in reading.classes)):
                # per 10 dienų asmuo ...: a subject, not what the amount describes
                clash = wanted.strength >= STRONG and reading.case not in wanted.cases and reading.case != "gen"
                if clash and "person" in reading.classes:
                    return None
                return "gen", 0.85, told[1]
        if wanted.attributive and readings:
            return "gen", 0.8, told[1]
        if not readings:
            return None
    return None


def _compares(words: tuple[str, ...]) -> bool:
    """Tell whether a second comparative follows: ... ir ne ilgesnį kaip."""
    return "esn" in "".join(words[1:] if words[:1] == ("ne",) else words[:1])


def _bounded(words: tuple[str, ...]) -> bool:
    """Tell whether a genitive of quality joins an amount: 500 kilogramų arba mažesnio kiekio siuntos."""
    if len(words) < 2 or "esn" not in words[0] or not words[1][0].isalpha():
        return False
    return any(
        r.case == "gen" and not r.classes.isdisjoint(("dimension", "attributive")) for r in analyse(words[1])
    ) and any(r.case == "gen" for r in analyse(words[0]))


def _taken(readings: tuple[Reading, ...], wanted: Demand) -> bool:
    """The preposition's own noun follows the unit, which then describes it: su 16 gigabaitų atmintimi."""
    nouns = {r.case for r in readings if r.pos == "noun"}
    return bool(nouns) and "gen" not in nouns and not nouns.isdisjoint(wanted.cases)


def _described_object(token: str, readings: tuple[Reading, ...]) -> bool:
    """A subject or object in the singular right behind a unit is described by it: 14 kilogramų šamą."""
    if token.endswith(("as", "is", "ys", "us")) and not token.endswith("tas"):
        # A subject: 25 metrų baseinas. (-tas is mostly a participle.)
        return any(r.pos == "noun" and (r.case, r.gender, r.number) == ("nom", "m", "sg") for r in readings)
    if token[-1] not in "ąį" or any(r.pos in ("pron", "num") for r in readings):
        return False
    nouns = [r for r in readings if r.pos == "noun" and "time" not in r.classes]
    return any(r.case == "acc" for r in nouns)


def _compared_on_right(right: tuple[str, ...], at: int, classes: frozenset[str]) -> tuple[Case, float, str] | None:
    for token in right[at : at + 2]:
        found = governors(token)
        if any(g.kind == "comparative" for g in found):
            if "time" in classes:
                return None
            return "ins", 0.85, phrase(("ins",), f"measure of difference with '{token}'")
        if any(g.kind != "transparent" for g in found) or not token[0].isalpha():
            return None
        if not analyse(token):
            return None
    return None


def agree(
    ctx: Context,
    n: int,
    *,
    noun: str | None = None,
    noun_gender: Gender | None = None,
    plural_only: bool = False,
    decimal: bool = False,
) -> Agreement:
    """Return how the number `n` is read in its surroundings.

    Args:
        ctx: surroundings of the slot (`context.context_key`).
        n: the value; only its sign-free final digits decide the form of the noun.
        noun: the unit inside the slot, any form of it (its class decides between cases of one preposition).
        noun_gender: gender of a unit inside the slot (5 km, 15 %): then only the case comes from outside.
        plural_only: that unit is plural-only.
        decimal: the number has decimals: its noun is a genitive singular, the numeral itself stands in the case asked.
    """
    if noun_gender is not None:
        classes = _classes(noun)
        case, confidence, why = case_of(ctx, default="acc" if "time" in classes else "nom", classes=classes)
        number: Number = "sg" if number_group(n) == "1" and not plural_only else "pl"
        series: Series = "plural_only" if plural_only and not decimal else "plain"
        return Agreement(case, noun_gender, number, series, "card", False, confidence, why)
    before = _before(ctx.left)
    group = number_group(n)
    end = looked_at(ctx.right, group, before.in_range)
    return _settle(before, group, n == 1, ctx.right[:end], ctx.caps[:end], decimal)


class _Before(NamedTuple):
    """What the words before a number come to: all that its agreement has to know of them.

    Attributes:
        wanted: what they demand.
        in_range: the last is *nuo*.
        of_month: the last is the genitive of a month.
        words: the words, only where what they demand hangs on the counted noun.
        not_one: the last is *nė*.
        opened: the last is an opening quotation mark.
        after_one: a number that counts like 1 is joined to it.
    """

    wanted: Demand
    in_range: bool
    of_month: bool
    words: tuple[str, ...]
    not_one: bool
    opened: bool
    after_one: bool


@lru_cache(maxsize=8192)
def _before(left: tuple[str, ...]) -> _Before:
    last = left[-1] if left else ""
    before = _Before(
        wanted=demand.__wrapped__(left),
        in_range=last == "nuo",
        of_month=bool(last) and any("month" in r.classes and r.case == "gen" for r in analyse(last)),
        words=left if any(g.condition for word in left for g in governors(word)) else (),
        not_one=last == "nė",
        opened=left[-1:] in _OPENING,
        after_one=_after_one(left),
    )
    return _one(before)


def _after_one(left: tuple[str, ...]) -> bool:
    """Tell whether the list that the number continues holds one that counts like 1."""
    at = len(left) - 1
    while at >= 1 and left[at] in JOINERS and left[at - 1].startswith("#"):
        if left[at - 1] == "#1":
            return True
        at -= 2
    return False


@lru_cache(maxsize=4096)
def _one(before: _Before) -> _Before:
    """Return one object for all that are equal: few are, whatever the words."""
    return before


@lru_cache(maxsize=16384)
def _settle(
    before: _Before, group: Group, single: bool, right: tuple[str, ...], caps: tuple[bool, ...], decimal: bool
) -> Agreement:
    """Return the agreement of all numbers of one class in all surroundings that come to the same."""
    first = before.wanted
    if right[:1] in _CLOSING and not before.opened:
        why = phrase(("nom",), "number at the end of a name")
        return Agreement("nom", "m", "pl", "plain", "card", False, 0.8, why)  # „Radijo 4“ laidoje
    found = heads(
        right,
        caps,
        Counted(group, single, before.in_range, before.of_month, first.shared, before.not_one, before.after_one),
    )
    scored = [
        _judge(right, head, demand(before.words, head.classes) if before.words and head.classes else first, decimal)
        for head in found
    ]
    scored.sort(key=_by_score)
    if not scored or _doubtful(*scored[0], first):
        # No noun to the right fits well: the number may stand alone (visus 3 paeiliui).
        scored.append((0.3 + first.strength / 2, _alone(right, group, first)))
        scored.sort(key=_by_score)
    best_score, best = scored[0]
    if len(scored) == 1:
        return best._replace(confidence=round(best.confidence, 3))
    seen = [best[:6]]
    others: list[Agreement] = []
    margin = 2.0
    for score, other in scored[1:]:
        if other[:6] in seen:
            continue
        if not others:
            margin = best_score - score
        seen.append(other[:6])
        others.append(Agreement(*other[:6], _confidence(score - best_score), other.why))
        if len(others) == _ALTERNATIVES:
            break
    confidence = min(best.confidence, _confidence(margin)) if others else best.confidence
    return best._replace(confidence=round(confidence, 3), alternatives=tuple(others))


def _by_score(pair: tuple[float, Agreement]) -> float:
    return -pair[0]


def _doubtful(score: float, best: Agreement, wanted: Demand) -> bool:
    if best.kind == "card":
        return score < 0.0 and best.case != "gen"
    misfit = wanted.strength >= STRONG and best.case not in wanted.cases
    return not best.definite and (score < -0.5 or misfit)


def _classes(noun: str | None) -> frozenset[str]:
    if noun is None:
        return frozenset()
    return frozenset().union(*(r.classes for r in analyse(noun.lower())))


def _confidence(margin: float) -> float:
    """Map a margin of scores to (0, 1): 0 is even, 2 or more is near certain."""
    return max(0.03, min(0.97, 0.5 + margin * 0.24))


def _alone(right: tuple[str, ...], group: Group, wanted: Demand) -> Agreement:
    """No counted noun in sight: the case of the demand, the gender of an agreeing word, else masculine."""
    cases = wanted.cases or ("nom",)
    if len(right) > 1 and right[0].isalpha() and not analyse(right[0]):
        # An indeclinable unit may stand between (50 MGL baudą).
        attributive = _attributive(right, 1, wanted, _MEASURES)
        if attributive is not None:
            return Agreement("gen", "m", "pl", "plain", "card", False, attributive[1], attributive[2])
    number: Number = "sg" if group == "1" else "pl"
    why = wanted.why or phrase(cases, "no counted noun and no governing word")
    confidence = 0.75 if wanted.strength >= STRONG else 0.5
    gender: Gender = "f" if right and right[0] in _HOURS else wanted.gender or "m"
    series: Series = "plural_only" if wanted.years else "plain"
    return Agreement(cases[0], gender, number, series, "card", False, confidence, why)


def _judge(right: tuple[str, ...], head: Head, wanted: Demand, decimal: bool) -> tuple[float, Agreement]:
    """Score one candidate and turn it into a reading."""
    series: Series = "plural_only" if head.plural_only else "plain"
    if head.kind == "ord":
        fit = _fit_of(right, head, wanted)
        listed = head.classes & _ORDERED
        score = head.score + (fit if listed or fit < 0 else min(fit, MEDIUM))
        why = phrase((head.case,), f"ordinal with noun '{head.word}'")
        return score, Agreement(head.case, head.gender, head.number, "plain", "ord", head.definite, 0.95, why)
    if head.open_case or decimal:
        case, confidence, why, fit = _open_case(right, head, wanted)
        return head.score + fit, Agreement(case, head.gender, head.number, series, "card", False, confidence, why)
    why = f"{CASE_NAMES[head.case]} {'singular' if head.number == 'sg' else 'plural'}: noun '{head.word}'"
    score = head.score + _fit_of(right, head, wanted)
    return score, Agreement(head.case, head.gender, head.number, series, "card", False, 0.97, why)


def _fit(case: Case, wanted: Demand) -> float:
    if not wanted.cases:
        return 0.0
    if case in wanted.cases:
        return wanted.strength * (1.0 if case == wanted.cases[0] else 0.8)
    return -0.8 * wanted.strength


def _fit_of(right: tuple[str, ...], head: Head, wanted: Demand) -> float:
    """Fit of a noun's case; a genitive may be an attribute of a later noun that fits (į 2 metų sąrašus).

    So may the place of a rule (pagal 2 dalyje nustatytą tvarką).
    """
    fit = _fit(head.case, wanted)
    if fit >= 0 or not (head.case == "gen" or (head.case == "loc" and head.definite)):
        return fit
    for token in right[head.after : head.after + 3]:
        if not token[0].isalpha() or any(g.kind in ("prep", "function") for g in governors(token)):
            break
        nouns = [r for r in analyse(token) if r.pos == "noun"]
        if any(r.case in wanted.cases for r in nouns):
            return wanted.strength
    return fit


def _open_case(right: tuple[str, ...], head: Head, wanted: Demand) -> tuple[Case, float, str, float]:
    """The noun is a genitive plural that says nothing of the numeral's case: what stands around decides."""
    measured = head.classes & (_MEASURES | {"dimension"}) or wanted.attributive
    if measured or any("group" in r.classes for token in right[head.after : head.after + 1] for r in analyse(token)):
        attributive = _attributive(right, head.after, wanted, head.classes)
        if attributive is not None:
            return (*attributive, wanted.strength)
    compared = _compared_on_right(right, head.after, head.classes)
    if compared is not None and wanted.strength < STRONG:
        return (*compared, wanted.strength)
    if (
        head.classes & {"measure"}
        and wanted.by in ("nothing", "break")
        and right[head.after : head.after + 1] in _OPENING
    ):
        # 7 000 tonų „Titanikas“ plaukė: the named thing is described.
        return "gen", 0.7, phrase(("gen",), "attribute of the name behind"), wanted.strength
    times = "times" in head.classes  # padarytas 3 ir daugiau kartų: how often, never who
    adverbial = times or "time" in head.classes
    unheard = adverbial and (wanted.by in ("break", "noun", "nothing") or (times and wanted.by == "subject"))
    if wanted.cases and not unheard:
        return wanted.cases[0], min(0.95, 0.5 + wanted.strength / 5), wanted.why, wanted.strength
    if adverbial:
        return "acc", 0.6, phrase(("acc",), f"time adverbial with '{head.word}'"), 0.0
    return "nom", 0.5, phrase(("nom",), "no governing word"), 0.0
