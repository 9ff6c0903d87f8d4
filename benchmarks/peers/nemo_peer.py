"""NeMo-text-processing: English by weighted finite-state transducers (pynini)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

PACKAGE, LICENCE = "nemo_text_processing", "Apache-2.0"
BATCH = 5


def reading() -> Callable[[Sequence[str]], Sequence[str]]:
    """Return its normalizer with its defaults, on text as it is cased."""
    from nemo_text_processing.text_normalization.normalize import Normalizer

    normalizer = Normalizer(input_case="cased", lang="en")
    return lambda texts: [normalizer.normalize(text, verbose=False) for text in texts]


TASKS = {"en": reading}
