"""Candidates for the noun that a number counts or orders, among the words to its right."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from textnorm.languages.lt.demand import JOINERS, QUOTES, THAN
from textnorm.languages.lt.government import governors
from textnorm.languages.lt.grammar import Case, Gender, Number
from textnorm.languages.lt.tagger import Reading, analyse

Group = Literal["1", "2", "0"]


class Head(NamedTuple):
    """A word that the number may belong to.

    Attributes:
        word: the word.
        case: its case, or that of the ordinal.
        gender: its gender.
        number: its number.
        kind: whether the number counts or orders it.
        score: how likely it is before the demand from the left is heard.
        plural_only: the noun takes the plural-only numerals.
        definite: an ordinal is pronominal here.
        open_case: the noun says nothing of the numeral's own case (genitive plural after 10, partitive).
        classes: classes of the noun.
        after: index of the first token behind it.
    """

    word: str
    case: Case
    gender: Gender
    number: Number
    kind: Literal["card", "ord"]
    score: float
    plural_only: bool
    definite: bool
    open_case: bool
    classes: frozenset[str]
    after: int


def number_group(n: int) -> Group:
    """Return which form of the noun `n` takes: ``1`` singular, ``2`` plural, ``0`` genitive plural."""
    n = abs(n)
    if n % 10 == 0 or 10 < n % 100 < 20:
        return "0"
    return "1" if n % 10 == 1 else "2"


_PARTS = frozenset(("puse", "ketvirčiu"))
_MORE = frozenset(["daugiau", "mažiau", "keletas", "keli", "kelis", "kelias", "kelių", "vėlesnių"])
_ORDERED = frozenset(("legal", "ordinal"))
_SUBJECT_OBJECT = frozenset(("nom", "acc"))
_AND = frozenset(("ir", "ar", "arba", "bei"))
_PASSED_OVER = _AND | {"per", "bet"}
_MEASURED = frozenset(("time", "measure", "money", "percent", "kind"))
_BOUND = frozenset((",", "ir", "bet", "ar", "arba", "o"))
_WORDS_LOOKED_AT = 7
#: Weight from which a guessed part of speech is believed (a past tense in -jo may look like a noun).
_LIKELY = 0.5
#: Genitives of verbal nouns, which keep the complements of their verb.
_VERBAL = ("imo", "ymo", "imų", "ymų")


class _Start(NamedTuple):
    at: int
    group: Group
    listed: bool
    open_case: bool
    more: bool


def _start(right: tuple[str, ...], group: Group, in_range: bool) -> _Start:
    """Step over the rest of a list or range and over quantifiers; the last number of a list decides the noun's form."""
    at, listed, open_case, more = 0, False, False, False
    end = len(right)
    while at + 1 < end:
        word, following = right[at], right[at + 1]
        if word in QUOTES:
            at += 1
        elif (word in JOINERS or (word == "iki" and in_range)) and following.startswith("#"):
            listed = True
            group = "1" if following == "#1" else "0" if following in ("#0", "#y") else "2"
            at += 2
        elif word in ("ir", "ar", "arba", "iki") and (word != "iki" or in_range) and _numeral(following):
            listed = True
            at += 1
            while at < end and (lemma := _numeral(right[at])) is not None:
                group = number_group(int(lemma))
                at += 1
        elif (word in ("ir", "ar", "arba") and following in _MORE) or (
            word == "su" and following in ("puse", "ketvirčiu")
        ):
            open_case = True
            more = more or following in _MORE
            at += 2
        elif word == "iš" and following == "eilės":
            at += 2
        elif word == "iš":
            open_case = more = True
            at += 1
        else:
            break
    return _Start(at, group, listed, open_case, more)


def _numeral(word: str) -> str | None:
    """Return the value of a spelled numeral as digits, "0" for a magnitude (šimtas, tūkstantis …)."""
    if not word[0].isalpha():
        return None
    for r in analyse(word):
        if r.pos == "num":
            return r.lemma
        if "magnitude" in r.classes:
            return "0"
    return None


class Counted(NamedTuple):
    """All that the search for the counted noun has to know of a number and of what stands before it.

    Attributes:
        group: which form of the noun it takes.
        single: it is 1.
        in_range: *nuo* stands before it.
        of_month: the genitive of a month stands before it.
        shared: it continues a list or a range.
        never_ordered: *nė* stands before it: not one.
        after_one: it joins 1, which cannot count a plural.
    """

    group: Group
    single: bool
    in_range: bool
    of_month: bool
    shared: bool
    never_ordered: bool = False
    after_one: bool = False


_STEPPED_OVER = JOINERS | QUOTES | {"iki", "su", "iš"}


def looked_at(right: tuple[str, ...], group: Group, in_range: bool) -> int:
    """Return how many tokens of `right` any part of the search reads, so that what is behind them can be left out.

    Every search to the right (here and in `agreement`) stops at the first token that is no word, except that the
    candidates are looked for across quotes and brackets; and at the first preposition or function word but *ir*, *ar*
    and *per*. A number without a noun is looked up from the second token on, so the first ends nothing as a word.
    """
    if not right:
        return 0
    if right[0] in _BOUND and not THAN.isdisjoint(right):
        return len(right)
    start = _start(right, group, in_range) if right[0] in _STEPPED_OVER else None
    for i in range(start.at if start else 0, len(right)):
        stop = _stops(right[i])
        if stop == "mark" and start and start.more and right[i][0] == "#":
            continue
        if stop == "all":
            return len(right)
        if stop == "mark" or (stop == "word" and i):
            return i + 1
    return len(right)


@lru_cache(maxsize=32768)
def _stops(word: str) -> Literal["", "mark", "word", "all"]:
    if word == "(":
        return "all"
    if not word[0].isalpha():
        return "" if word in QUOTES else "mark"
    return "word" if word not in _PASSED_OVER and _role(word) == "border" else ""


def heads(right: tuple[str, ...], caps: tuple[bool, ...], counted: Counted) -> list[Head]:
    """Return the candidates for the noun of a number, in the order of the text.

    Args:
        right: tokens behind the number, the nearest first, at least the first `looked_at` ones.
        caps: for each of them, whether it begins with a capital letter; empty when none does.
        counted: the number.
    """
    if right and right[0] in _BOUND and (said := _said_later(right)) is not None:
        return [said]
    start = _start(right, counted.group, counted.in_range)
    counting = _Counting(
        counted.group, start.group, start.open_case, start.listed or counted.shared, counted.of_month, counted.single,
        start.more, counted.after_one or (counted.group == "1" and start.listed),
    )  # fmt: skip
    out: list[Head] = []
    before: list[str] = []
    places: list[int] = []
    unknown = 0.0
    at = start.at
    stop = min(len(right), at + _WORDS_LOOKED_AT)
    while at < stop:
        word = right[at]
        capital = at < len(caps) and caps[at]
        at += 1
        if word in QUOTES:
            continue
        if word == "(" and ")" in right[at : at + 3]:
            at = right.index(")", at) + 1
            continue
        if not word[0].isalpha():
            if start.more and word[0] == "#":
                continue  # 2 ar daugiau šio priedo 19 punkte nustatytų kriterijų
            break
        role = _role(word)
        readings = analyse(word)
        if role == "border":
            if word in _AND and before and not any(h.score > 1.5 and not _attribute(h, before, places) for h in out):
                continue
            break
        if role == "adverb" or not readings:
            unknown += 0.1
            continue
        if role == "verb":
            break
        genitive = capital and _has(readings, "gen", "sg")
        for reading, head in _candidates(word, counting):
            cost = unknown
            if counted.never_ordered and head.kind == "ord":
                head = head._replace(kind="card")
            if head.kind == "ord" and not reading.classes & _ORDERED:
                cost *= 30  # only its own noun is ordered without a sign
            if before:
                cost += 0.05 * len(before) + _gap(before, head, reading)
            if genitive and head.kind == "card" and head.case != "gen":
                cost += 2.0  # of two readings of a name, the genitive attribute
            elif capital and before and head.number == "sg":
                cost += 1.0  # a name further on is not what is counted
            out.append(_moved(head, head.score - cost, at))
        before.append(word)
        places.append(at)
    return _weigh(out, before, places)


def _said_later(right: tuple[str, ...]) -> Head | None:
    """Return the noun that two bounds share and only the second names: per 5 ir ne vėliau kaip per 10 dienų."""
    at = next((i for i, word in enumerate(right[:6]) if word in THAN), None)
    if at is None:
        return None
    numbers = [i for i in range(at + 1, min(at + 4, len(right))) if right[i][0] == "#" or _numeral(right[i])]
    for i in range(numbers[-1] + 1 if numbers else len(right), len(right)):
        word = right[i]
        if not word[0].isalpha() or _role(word) != "nominal":
            return None
        nouns = [r for r in analyse(word) if r.pos == "noun" and (r.number == "pl" or r.case == "gen")]
        measured = [r for r in nouns if r.classes & _MEASURED]
        if measured:
            r = measured[0]
            return Head(
                word, r.case, r.gender, "pl", "card", 1.0, r.plural_only, False, True, r.classes, len(right)
            )  # fmt: skip
    return None


def _attribute(head: Head, words: list[str], places: list[int]) -> bool:
    """Tell whether a nominative plural in -os, -ės with a noun behind it is rather the genitive singular.

    *7 valstybės institucijų atstovai*; a measure keeps what it measures behind it (2 savaitės atostogų).
    """
    if head.case != "nom" or head.number != "pl" or head.gender != "f" or head.classes & _MEASURED:
        return False
    readings = analyse(head.word)
    if not _has(readings, "gen", "sg") or not any(
        r.pos == "noun" and (r.case, r.number) == ("nom", "pl") for r in readings
    ):
        return False
    behind = words[places.index(head.after) + 1 :] if head.after in places else []
    nouns = [r for r in analyse(behind[0]) if r.pos == "noun" and r.weight >= _LIKELY] if behind else []
    return bool(nouns) and not ("group" in head.classes and all(r.case == "gen" for r in nouns))


def _moved(head: Head, score: float, after: int) -> Head:
    # Written out: ``_replace`` takes three times as long.
    word, case, gender, number, kind, _, plural_only, definite, open_case, classes, _ = head
    return Head(word, case, gender, number, kind, score, plural_only, definite, open_case, classes, after)


@lru_cache(maxsize=32768)
def _role(word: str) -> Literal["border", "adverb", "verb", "nominal"]:
    """Tell what a word to the right does to the search for the counted noun."""
    for governor in governors(word):
        if governor.kind in ("prep", "function"):
            return "border"
        if governor.kind == "transparent":
            # lygiai: exactly, or the plural of lygis
            return "nominal" if any(r.lemma for r in analyse(word)) else "adverb"
        # The plural of a passive participle looks like an infinitive (paskirti).
        if governor.kind == "verb" and governor.voice == "active" and not word.endswith("ti"):
            nominal = any(r.pos == "part" or (r.pos == "adj" and r.weight >= 1.0) for r in analyse(word))
            return "nominal" if nominal else "verb"
    return "nominal"


def _has(readings: tuple[Reading, ...], case: Case, number: Number) -> bool:
    return any(r.case == case and r.number == number for r in readings)


@lru_cache(maxsize=32768)
def _between(
    word: str, case: Case, gender: Gender, number: Number, head_number: Number
) -> tuple[bool, bool, bool, bool, bool, bool]:
    """Return what a word between a number and a candidate is to the candidate.

    That is: whether it agrees; as a participle; is a genitive; one in the plural; has case and number of the candidate;
    is a measure in the genitive.
    """
    readings = analyse(word)
    agrees = [r for r in readings if r.pos != "noun" and (r.case, r.gender, r.number) == (case, gender, number)]
    genitives = [r for r in readings if r.case == "gen"]
    return (
        bool(agrees),
        any(r.pos == "part" for r in agrees),
        bool(genitives),
        any(r.number == "pl" for r in genitives),
        _has(readings, case, head_number),
        any(r.classes & _MEASURED for r in genitives),
    )


def _gap(before: list[str], head: Head, reading: Reading) -> float:
    """What the words between number and noun cost."""
    cost = 0.0
    phrase = False  # in a participial phrase before the noun: its objects are free
    named = next((i for i, word in enumerate(before) if word.endswith(_VERBAL)), len(before))
    if named < len(before) and head.kind == "card" and head.case in ("ins", "dat"):
        cost += 0.6  # itself such a complement
    for at in range(len(before) - 1, -1, -1):
        word = before[at]
        agrees, participle, genitive, plural, same, measured = _between(
            word, reading.case, reading.gender, reading.number, head.number
        )
        if agrees:
            cost -= 0.15
            phrase = phrase or participle
        elif phrase or genitive or at > named:
            cost += 0.1  # (at > named: the complement of a verbal noun, 3 apsinuodijimo medžiaga atvejai)
        else:
            cost += 0.8 if same else 1.2
        if measured and head.kind == "card" and head.case != "gen":
            cost += 0.5  # the measure is counted, not what it describes (2 metų vaikai)
        if head.kind == "ord" and not agrees:
            # An ordinal stands by its noun; a genitive plural between is what the number counts.
            listed = reading.classes & _ORDERED
            cost += 1.6 if not listed or plural else 0.6
    return cost


def _weigh(out: list[Head], words: list[str], places: list[int]) -> list[Head]:
    """Lower candidates that a later word shows to be something else.

    A nominative plural in -os, -ės is more often the genitive singular before the true head (4 tarybos nariai); a noun
    before an active participle is the participle's object (4 patikras atliekantys asmenys).
    """
    if len(words) < 2:
        return out
    weighed: list[Head] = []
    objects: set[tuple[Case, Gender, Number]] = set()
    following = dict(zip(places, map(analyse, words[1:]), strict=False))
    plurals = [h for h in out if h.kind == "card" and h.number == "pl" and h.score > 0.5]
    for head in out:
        if head.kind == "ord" and "ordinal" in head.classes and head.case == "gen" and head.after in following:
            nouns = any(r.pos == "noun" and (r.case, r.number) != ("gen", "pl") for r in following[head.after])
            weighed.append(_moved(head, head.score + 0.3, head.after) if nouns else head)  # 2 klasės mokiniams
            continue
        if head.kind != "card" or head.number != "pl" or head.case == "gen":
            weighed.append(head)
            continue
        score = head.score
        if _attribute(head, words, places):
            weighed.append(_moved(head, score - 2.0, head.after))
            continue
        if (
            "dimension" in head.classes
            and head.case == "nom"
            and any(h.case == "gen" and h.after < head.after for h in plurals)
        ):
            weighed.append(_moved(head, score - 1.5, head.after))  # 2 algų suma: not the sum is counted
            continue
        later = [h for h in plurals if h.after > head.after]
        doubtful = head.case == "nom" and any(h.after == head.after and h.case == "gen" for h in out)
        if doubtful and any(h.case != "gen" for h in later):
            score -= 1.4
        for r in following.get(head.after, ()):
            if doubtful and r.pos == "noun" and r.case in _SUBJECT_OBJECT:
                score -= 1.0  # two bare nouns in a row: the first is the genitive (8 klasės mokinys)
                break
            theirs = r.pos == "part" and r[1:4] != head[1:4]
            if theirs and any((h.case, h.gender) == (r.case, r.gender) for h in later):
                score -= 1.0
                objects.add((head.case, head.gender, head.number))
                break
        weighed.append(_moved(head, score, head.after))
    if not objects:
        return weighed
    # So do the adjectives before such an object: 4 technines patikras atliekantys asmenys.
    last = max(h.after for h in weighed if h[1:4] in objects)
    lowered = {h[:4] for h, was in zip(weighed, out, strict=True) if h.score <= was.score - 1.0}
    return [
        _moved(h, h.score - 1.0, h.after) if h[1:4] in objects and h.after < last and h[:4] not in lowered else h
        for h in weighed
    ]


class _Counting(NamedTuple):
    own: Group
    group: Group
    open_case: bool
    listed: bool
    of_month: bool
    single: bool
    more: bool
    with_one: bool


@lru_cache(maxsize=32768)
def _candidates(word: str, counting: _Counting) -> tuple[tuple[Reading, Head], ...]:
    """Return the readings of a word that can be the number's noun, each with what the number would be beside it."""
    heads = ((r, _candidate(word, r, counting)) for r in analyse(word))
    return tuple((r, head) for r, head in heads if head is not None)


def _head(r: Reading, word: str, score: float, kind: Literal["card", "ord"], open_case: bool) -> Head:
    ordinal = kind == "ord"
    return Head(
        word, r.case, r.gender, "sg" if ordinal else r.number, kind, score, r.plural_only and not ordinal,
        ordinal and "legal" in r.classes, open_case, r.classes, 0,
    )  # fmt: skip


def _candidate(word: str, r: Reading, counting: _Counting) -> Head | None:
    """Return what the number would be with this reading of a word as its noun, None where that cannot be."""
    if r.pos == "num":
        return None
    base = {"noun": 1.0, "pron": 0.3}.get(r.pos, 0.45) * r.weight
    own, group, open_case, listed = counting[:4]
    if r.number == "sg":
        return _singular(word, r, base, counting)
    if listed and (
        "legal" in r.classes
        or (counting.with_one and "ordinal" in r.classes and not r.classes & (_MEASURED | {"times"}))
    ):
        return _head(r, word, 2.5, "ord", False)  # 1 ir 2 klasių: one of several is ordered
    if own == "0" or (open_case and r.case == "gen") or (listed and group == "0"):
        if r.case == "gen":
            # pagal 2 ar daugiau studijų programas: a later noun in the case asked is what is counted
            return _head(r, word, (1.7 if counting.more else 2.0) * base, "card", True)
        return _head(r, word, 0.6 * base, "card", False) if r.pos == "noun" else None
    if own == "1" and not r.plural_only:
        loose = listed or open_case
        return _head(r, word, (0.8 if loose else 0.1) * base, "card", loose and r.case == "gen")
    score = 2.0 if r.case != "gen" or r.classes & _MEASURED else 1.2
    return _head(r, word, score * base, "card", False)


def _singular(word: str, r: Reading, base: float, counting: _Counting) -> Head | None:
    if counting.more:
        # 2 ar daugiau šio priedo punktuose nustatytų kriterijų: many are counted, and one of them is not ordered.
        return None
    if "legal" in r.classes or (counting.of_month and r.lemma == "diena"):
        return _head(r, word, 2.6 * base, "ord", False)
    ordered = "ordinal" in r.classes
    if counting.open_case and r.case == "gen":
        return _head(r, word, 1.0 * base, "card", True)
    if counting.own == "1":
        # 1 kategorija is the first, 21 tomas a count; kilometre 31 is a place.
        ordered = ordered and not (counting.single and "times" in r.classes)
        ranked = ordered and "time" not in r.classes and (counting.single or r.case != "nom")
        if ranked or (r.case == "loc" and r.classes & _MEASURED):
            return _head(r, word, 2.0 * base, "ord", False)
        return _head(r, word, (1.2 if r.case == "gen" else 2.0) * base, "card", False)
    if ordered:
        return _head(r, word, 1.8 * base, "ord", False)
    if r.pos != "noun":
        return None
    if counting.listed and counting.group == "1":
        return _head(r, word, 1.6 * base, "card", False)  # nuo 10 iki 21 euro
    if counting.listed:
        return None
    # Any noun can be ordered (44 rate), but a bare genitive is more often an attribute of what comes later.
    if "dimension" in r.classes and r.case == "gen":
        return None
    weak = r.case == "gen" or (r.case == "nom" and word[-1] != "s")
    return _head(r, word, -0.4 if weak else 0.7 * base, "ord", False)
