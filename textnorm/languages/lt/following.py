"""Ordinals before a written noun: the form that agrees with it."""

from __future__ import annotations

from textnorm.languages.lt.agreement import Agreement, case_of
from textnorm.languages.lt.context import Context
from textnorm.languages.lt.tagger import Reading, analyse

#: Words between an ordinal and its noun that agree with both (pasaulinis karas) cost this much a step.
_STEP = 0.6
_LOOK = 3


def ordinal_of(context: Context, n: int, *, plural: bool = False) -> Agreement | None:
    """Return how an ordinal agrees with the noun that follows; ``None`` where no noun does.

    The noun's own ending decides; where it fits several cases, the one that is governed from the left wins, then the
    likelier reading.

    Args:
        context: surroundings of the numeral.
        n: its value (only named in the reason).
        plural: whether a plural noun counts too (years, written endings).
    """
    governed, _, why = case_of(context, default="gen")
    best: tuple[float, Reading, str] | None = None
    weight = 1.0
    for word in context.right[:_LOOK]:
        if not word[0].isalpha():
            break
        readings = [r for r in analyse(word) if plural or r.number == "sg"]
        nouns = [r for r in readings if r.pos == "noun"]
        for reading in nouns or readings:
            score = weight * reading.weight + (0.5 if why and reading.case == governed else 0.0)
            if best is None or score > best[0]:
                best = (score, reading, word)
        if nouns:
            break
        weight *= _STEP
    if best is None:
        return None
    score, reading, word = best
    return Agreement(
        case=reading.case,
        gender=reading.gender,
        number=reading.number,
        series="plain",
        kind="ord",
        definite=False,
        confidence=min(1.0, 0.5 + score / 2),
        why=f"ordinal, {reading.case}: agrees with '{word}'",
        alternatives=(),
    )


def counts_genitives(context: Context) -> bool:
    """Tell whether a genitive plural that can be nothing else stands right behind: 12-os mačų."""
    readings = [r for r in analyse(context.right[0]) if r.pos == "noun"] if context.right else []
    return bool(readings) and all((r.case, r.number) == ("gen", "pl") for r in readings)
