"""phonology_engine: Lithuanian text to pronounceable words with stress (Windows and Linux binaries inside)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

PACKAGE, LICENCE = "phonology-engine", "BSD-3-Clause; its native library has terms of its own"


def reading() -> Callable[[Sequence[str]], Sequence[str]]:
    """Return its normalization alone, without stress: the least it does."""
    from phonology_engine import PhonologyEngine

    engine = PhonologyEngine()
    return lambda texts: [engine.normalize_and_collapse(text) for text in texts]


TASKS = {"lt": reading}
