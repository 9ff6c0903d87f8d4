"""Candidates for the noun that a number counts or orders, among the words to its right."""

from __future__ import annotations

from typing import Literal, NamedTuple

from textnorm.languages.lt.context import Context
from textnorm.languages.lt.demand import JOINERS, Demand
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
        after: index in `Context.right` of the first token behind it.
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


_QUOTES = frozenset("„“”\"«»'‚‘’")
_MORE = frozenset("daugiau mažiau keletas keli kelis kelias kelių vėlesnių".split())
_WORDS_LOOKED_AT = 5


class _Start(NamedTuple):
    at: int
    group: Group
    listed: bool
    open_case: bool


def _start(right: tuple[str, ...], group: Group, in_range: bool) -> _Start:
    """Step over the rest of a list or range and over quantifiers; the last number of a list decides the noun's form."""
    at, listed, open_case = 0, False, False
    end = len(right)
    while at + 1 < end:
        word, following = right[at], right[at + 1]
        if word in _QUOTES:
            at += 1
        elif (word in JOINERS or (word == "iki" and in_range)) and following.startswith("#"):
            listed = True
            group = "1" if following == "#1" else "0" if following in ("#0", "#y") else "2"
            at += 2
        elif word in ("ir", "ar", "arba", "iki") and (word != "iki" or in_range) and _numeral(following):
            listed = True
            lemma = _numeral(following)
            group = number_group(int(lemma)) if lemma else group
            at += 2
        elif word in ("ir", "ar", "arba") and following in _MORE:
            open_case = True
            at += 2
        elif word == "iš" and following == "eilės":
            at += 2
        elif word == "iš":
            open_case = True
            at += 1
        else:
            break
    return _Start(at, group, listed, open_case)


def _numeral(word: str) -> str | None:
    return next((r.lemma for r in analyse(word) if r.pos == "num"), None) if word[0].isalpha() else None


def heads(ctx: Context, n: int, wanted: Demand) -> list[Head]:
    """Return the candidates for the noun of `n`, in the order of the text."""
    in_range = bool(ctx.left) and ctx.left[-1] == "nuo"
    own = number_group(n)
    start = _start(ctx.right, own, in_range)
    listed = start.listed or wanted.shared
    out: list[Head] = []
    before: list[tuple[Reading, ...]] = []
    penalty = 0.0
    at = start.at
    stop = min(len(ctx.right), at + _WORDS_LOOKED_AT)
    while at < stop:
        word = ctx.right[at]
        at += 1
        if word in _QUOTES:
            continue
        if not word[0].isalpha():
            break
        kinds = {g.kind for g in governors(word)}
        if "prep" in kinds or "function" in kinds:
            if word in ("ir", "ar", "arba", "bei") and before and not any(h.score > 1.5 for h in out):
                continue
            break
        readings = analyse(word)
        if not readings:
            penalty += 0.1
            continue
        if "transparent" in kinds or ("verb" in kinds and not any(r.pos == "part" for r in readings)):
            if "verb" in kinds:
                break
            continue
        for reading in readings:
            head = _candidate(word, reading, start, own, listed, at)
            if head is not None:
                gap = penalty + sum(_between(earlier, reading) for earlier in before)
                out.append(head._replace(score=head.score - gap))
        before.append(readings)
        penalty += 0.05
    return out


def _between(earlier: tuple[Reading, ...], head: Reading) -> float:
    """What a word between number and noun costs: nothing when it agrees, little as a genitive attribute."""
    for r in earlier:
        if r.pos != "noun" and (r.case, r.gender, r.number) == (head.case, head.gender, head.number):
            return -0.15
    if any(r.case == "gen" for r in earlier):
        return 0.15
    if any((r.case, r.number) == (head.case, head.number) for r in earlier):
        return 0.8
    return 1.2


def _candidate(
    word: str, r: Reading, start: _Start, own: Group, listed: bool, after: int
) -> Head | None:
    if r.pos == "num":
        return None
    base = {"noun": 1.0, "pron": 0.3}.get(r.pos, 0.45) * r.weight
    legal, ordered = "legal" in r.classes, "ordinal" in r.classes
    definite = legal

    def make(
        score: float, kind: Literal["card", "ord"] = "card", open_case: bool = False, case: Case = r.case
    ) -> Head:
        number: Number = "sg" if kind == "ord" else r.number
        return Head(
            word, case, r.gender, number, kind, score, r.plural_only and kind == "card",
            definite and kind == "ord", open_case, r.classes, after,
        )  # fmt: skip

    if r.number == "sg":
        return _singular(r, base, own if not listed else start.group, own, make, legal, ordered)
    if listed and legal:
        return make(2.5, "ord")
    if own == "0" or (start.open_case and r.case == "gen") or (listed and start.group == "0"):
        if r.case == "gen":
            return make(2.0 * base, open_case=True)
        return make(1.0 * base) if r.pos == "noun" else None
    if own == "1" and not r.plural_only:
        return make(0.8 * base, open_case=r.case == "gen") if listed or start.open_case else make(0.1 * base)
    return make((1.4 if r.case == "gen" else 2.0) * base)


def _singular(r, base, group, own, make, legal, ordered):  # type: ignore[no-untyped-def]
    if legal:
        return make(2.6 * base, "ord")
    if own == "1":
        if ordered and "time" not in r.classes:
            return make(2.0 * base, "ord")
        return make((1.2 if r.case == "gen" else 2.0) * base)
    if ordered:
        return make((1.3 if r.case == "gen" else 1.6) * base, "ord")
    if r.pos != "noun":
        return None
    return make((0.2 if r.case in ("gen", "nom") else 0.8) * base, "ord")
