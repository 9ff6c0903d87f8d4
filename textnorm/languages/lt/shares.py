"""The case of a share (2/3 narių, 10 procentų gyventojų): what follows it decides as often as what precedes it.

Source of the rules: *Dabartinės lietuvių kalbos gramatika*: the instrumental of measure and of means, the genitive of
quality.
"""

from __future__ import annotations

from typing import NamedTuple

from textnorm.languages.lt.demand import STRONG, Demand, phrase
from textnorm.languages.lt.government import governors
from textnorm.languages.lt.grammar import Case
from textnorm.languages.lt.tagger import analyse

_VOTES = "balsų"
#: What votes are got or given, not decided by: gavo 2/3 balsų.
_GETTING = tuple("gau gav surink rink rinko atiduo paduo pelny pelnė netek turi turė trūk sudar".split())
_CONSISTS = ("sudaro", "sudarė", "sudarys", "sudarytų", "sudarydavo", "nesudaro", "nesudarė")


class _Whole(NamedTuple):
    """What a share is of.

    Attributes:
        words: the genitives right behind the share.
        after: the tokens behind them.
    """

    words: tuple[str, ...]
    after: tuple[str, ...]


def _whole(right: tuple[str, ...]) -> _Whole:
    for i, token in enumerate(right):
        finite = any(g.kind == "verb" and g.voice == "active" for g in governors(token))
        if finite or not token[0].isalpha() or not any(r.case == "gen" for r in analyse(token)):
            return _Whole(right[:i], right[i:])
    return _Whole(right, ())


def share_case(right: tuple[str, ...], wanted: Demand) -> tuple[Case, float, str] | None:
    """Return the case that the words behind a share decide, with a confidence and a reason; None where they do not.

    - before a verb of change the share says by how much: *1/4 sumažinama bausmė* (instrumental);
    - before *sudaro* it is the object, whose subject comes later: *1/3 narių sudaro atstovai* (accusative);
    - a share of votes is the means of a decision: *priimti 2/3 narių balsų* (instrumental), unless it is got or given;
    - before a noun that is no genitive itself it is the attribute: *2/3 narių balsų dauguma* (genitive).

    Args:
        right: tokens behind the share.
        wanted: what the words before it demand.
    """
    if wanted.strength >= STRONG and wanted.by in ("prep", "agree", "list"):
        return None
    whole, after = _whole(right)
    verb = after[0] if after else ""
    if verb in _CONSISTS and not _object_in(after[1:4]):
        return "acc", 0.8, phrase(("acc",), f"object of '{verb}', whose subject follows")
    if wanted.by in ("nothing", "break") and verb and _changes(verb):
        return "ins", 0.8, phrase(("ins",), f"amount of change before '{verb}'")
    if whole and verb and any(r.pos == "noun" and r.classes & {"attributive", "dimension"} for r in analyse(verb)):
        return "gen", 0.85, phrase(("gen",), f"attribute of '{verb}'")
    if whole[-1:] == (_VOTES,) and not wanted.attributive and wanted.by != "comparative":
        if wanted.by == "verb" and any(stem in wanted.why for stem in _GETTING):
            return None
        return "ins", 0.75, phrase(("ins",), f"share of '{_VOTES}' that decides")
    return None


def _changes(word: str) -> bool:
    return any(g.kind == "verb" and g.cases[0] == "ins" for g in governors(word))


def _object_in(words: tuple[str, ...]) -> bool:
    """Tell whether an accusative singular stands there: then the share before the verb is its subject."""
    return any(
        r.pos == "noun" and r.case == "acc" and r.number == "sg"
        for word in words
        if word[0].isalpha()
        for r in analyse(word)
    )
