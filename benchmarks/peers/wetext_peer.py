"""wetext: the transducers of WeTextProcessing on kaldifst."""

from __future__ import annotations

from collections.abc import Callable, Sequence

PACKAGE, LICENCE = "wetext", "Apache-2.0"
BATCH = 5


def reading() -> Callable[[Sequence[str]], Sequence[str]]:
    """Return its English normalizer."""
    from wetext import Normalizer

    normalizer = Normalizer(lang="en", operator="tn")
    return lambda texts: [normalizer.normalize(text) for text in texts]


TASKS = {"en": reading}
