"""ftfy: repair of Unicode; the plain call and the one that explains."""

from __future__ import annotations

from collections.abc import Callable, Sequence

PACKAGE, LICENCE = "ftfy", "Apache-2.0"


def plain() -> Callable[[Sequence[str]], Sequence[str]]:
    """Return ``fix_text``."""
    import ftfy

    return lambda texts: [ftfy.fix_text(text) for text in texts]


def explained() -> Callable[[Sequence[str]], Sequence[str]]:
    """Return ``fix_and_explain``, which says what it did, as our edits do."""
    import ftfy

    return lambda texts: [ftfy.fix_and_explain(text).text for text in texts]


TASKS = {"clean": plain, "clean, explained": explained}
