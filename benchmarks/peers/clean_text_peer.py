"""clean-text: repair and simplification; by default it lower-cases and writes ASCII, so it is also run without."""

from __future__ import annotations

from collections.abc import Callable, Sequence

PACKAGE, LICENCE = "clean-text", "Apache-2.0"


def defaults() -> Callable[[Sequence[str]], Sequence[str]]:
    """Return ``clean`` with its defaults."""
    from cleantext import clean

    return lambda texts: [clean(text) for text in texts]


def repair() -> Callable[[Sequence[str]], Sequence[str]]:
    """Return ``clean`` with nothing but the repair of Unicode."""
    from cleantext import clean

    return lambda texts: [clean(text, lower=False, to_ascii=False, fix_unicode=True) for text in texts]


TASKS = {"clean": defaults, "clean, repair only": repair}
