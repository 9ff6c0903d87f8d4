"""num2words: numbers in words, many languages, Lithuanian among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

PACKAGE, LICENCE = "num2words", "LGPL-2.1"


def numerals() -> Callable[[Sequence[str]], Sequence[str]]:
    """Return cardinals in Lithuanian."""
    from num2words import num2words

    return lambda texts: [num2words(int(text), lang="lt") for text in texts]


TASKS = {"numerals": numerals}
