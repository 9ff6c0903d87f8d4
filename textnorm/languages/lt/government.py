"""The government table: which words demand which case of a number, and what lets the demand through.

The words stand in ``rules/lt/government.tsv``; here is only how a table row meets a word form.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal, NamedTuple, cast, get_args

from textnorm.errors import RulePackError
from textnorm.languages.lt.grammar import CASES, Case
from textnorm.languages.lt.tables import read_table

GovernorKind = Literal["prep", "verb", "noun", "transparent", "function", "comparative"]
Condition = Literal["", "time", "measure", "distance", "money", "magnitude"]
Voice = Literal["active", "passive", "gerund"]

_COLUMNS = ("forms", "pos", "case", "condition", "note")

# Verbal nouns (-imas, -ymas) are no forms of the verb.
# What may follow the stem of a verb: finite endings, infinitive, participles, gerunds; the groups tell the voice.
_ADJ = (
    "as|a|i|os|ą|o|am|ų|iems|us|ais|uose|oms|omis|ose|u|ame|oje|asis|oji|ojo|ąją|ąjį|ieji|osios|ųjų|uosius|ąsias"
    "|iesiems"
)
_REST = re.compile(
    rf"(?:(?P<passive>(?:(?:[aoė]|ia|ja)?m|[aoiyė]?t)(?:{_ADJ}))|(?P<gerund>(?:ia|a|i|ja)nt|j?us)"
    r"|[aoėiue]?|ia|j[aoėu]|(?:[aoiė]|ia|ja)?(?:me|te)|tis?|k|ki|kite|kime|s|siu|tų|tume|davo|dam(?:as|a|i|os)"
    r"|j?(?:ęs|ę|us(?:i|io|į|iam|ios|ią|ių|ius|iems|ieji))|(?:ia|a|i|ja)n(?:tis|ti|tys|čio|čią|tį|čios|čių|tiems|čius|čiais|čiu|čiam))"
    r"(?:si)?"
)
_NEGATIONS = ("nebe", "ne")
_PARTICLES = ("tebe", "be", "te")
_PREFIXES = ("per", "par", "pra", "pri", "api", "ati", "ap", "at", "iš", "nu", "pa", "su", "už", "į")
_LEAST_REST = 4


class Governor(NamedTuple):
    """One way in which a word governs, or does not.

    Attributes:
        kind: see the head of the table.
        cases: the cases it demands, the likeliest first.
        condition: what the counted noun must be; empty = anything.
        negated: the word carries the negative *ne-*.
        voice: for verbs; the agent's noun of a passive is the subject.
        form: the word as met.
    """

    kind: GovernorKind
    cases: tuple[Case, ...]
    condition: Condition
    negated: bool
    voice: Voice
    form: str


class _Table(NamedTuple):
    exact: dict[str, list[Governor]]
    stems: dict[str, list[Governor]]
    longest: int


@cache
def _table() -> _Table:
    exact: dict[str, list[Governor]] = {}
    stems: dict[str, list[Governor]] = {}
    for row in read_table("government.tsv", _COLUMNS):
        kind, condition = row.cell("pos"), row.cell("condition")
        cases = tuple(row.cell("case").split("|")) if row.cell("case") else ()
        _check(row.where, "part of speech", (kind,), get_args(GovernorKind))
        _check(row.where, "condition", (condition,), get_args(Condition))
        _check(row.where, "case", cases, CASES)
        if not cases and kind not in ("transparent", "function"):
            msg = f"{row.where}: a {kind} needs a case"
            raise RulePackError(msg)
        for form in row.cell("forms").split():
            governor = Governor(
                cast(GovernorKind, kind), cast("tuple[Case, ...]", cases), cast(Condition, condition), False, "active",
                form.rstrip("-"),
            )  # fmt: skip
            (stems if form.endswith("-") else exact).setdefault(governor.form, []).append(governor)
    return _Table(exact, stems, max(map(len, stems), default=0))


def _check(where: str, what: str, values: tuple[str, ...], known: tuple[str, ...]) -> None:
    for value in values:
        if value not in known:
            msg = f"{where}: unknown {what} {value!r}; known: {', '.join(k for k in known if k)}"
            raise RulePackError(msg)


def _by_stem(word: str, table: _Table) -> list[Governor]:
    for length in range(min(len(word), table.longest), 1, -1):
        found = table.stems.get(word[:length])
        if found is None:
            continue
        if found[0].kind != "verb":
            return [g._replace(form=word) for g in found]
        rest = _REST.fullmatch(word[length:])
        if rest is not None:
            # -ti is the infinitive far more often than a nominative plural of the participle.
            passive = rest["passive"] and not word.endswith(("ti", "tis"))
            voice: Voice = "passive" if passive else "gerund" if rest["gerund"] else "active"
            return [g._replace(voice=voice, form=word) for g in found]
    return []


def _verbs(word: str, table: _Table) -> list[Governor]:
    """Look a verb up as it stands, then without one verbal prefix and the reflexive behind it (pasiskolino)."""
    found = [g for g in (table.exact.get(word) or _by_stem(word, table)) if g.kind == "verb"]
    if found:
        return found
    for prefix in _PREFIXES:
        if not word.startswith(prefix):
            continue
        for cut in (len(prefix), len(prefix) + 2):
            rest = word[cut:]
            if len(rest) < _LEAST_REST or (cut > len(prefix) and word[len(prefix) : cut] != "si"):
                continue
            found = [g for g in _by_stem(rest, table) if g.kind == "verb"]
            if found:
                return [g._replace(form=word) for g in found]
    return []


@lru_cache(maxsize=32768)
def governors(word: str) -> tuple[Governor, ...]:
    """Return how the lower-cased `word` governs a number, empty when the table does not know it.

    Raises:
        RulePackError: the table is malformed (names file and line).
    """
    table = _table()
    found = table.exact.get(word) or _by_stem(word, table) or _verbs(word, table)
    if found:
        return tuple(found)
    for prefixes, negated in ((_NEGATIONS, True), (_PARTICLES, False)):
        for prefix in prefixes:
            if word.startswith(prefix) and len(word) > len(prefix) + 2:
                found = _verbs(word[len(prefix) :], table)
                if found:
                    return tuple(g._replace(negated=negated, form=word) for g in found)
    return ()
