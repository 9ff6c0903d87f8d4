"""Synthetic noise: right text as writers of the other script would write it, at a chosen level, seeded.

A *level* is the share of the letter types of a text that are replaced. One writer replaces a letter the same way
throughout (``consistent``), or anew each time it stands. The generator reads segments, longest first, so that digraphs
fire; spaces, digits and punctuation are no letters and count for nothing. ``counted="all"`` counts them as Ahmadi and
Anastasopoulos (2023) did, whose levels are therefore harder: 60 replaces most letters, 80 nearly all.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

#: Target segment -> its forms in the other script and how common each is.
Forms = Mapping[str, Sequence[tuple[str, float]]]


class Noise:
    """Writes right text in the other script.

    Attributes:
        forms: for each target segment what it becomes; an empty form deletes it.
        level: share of types that are replaced, 0 to 1.
        consistent: whether all segments of one type in a text become the same.
    """

    def __init__(
        self,
        forms: Forms,
        level: float,
        *,
        consistent: bool = True,
        counted: Literal["letters", "all"] = "letters",
        seed: int = 0,
    ) -> None:
        self.forms = {segment: list(options) for segment, options in forms.items() if options}
        self.level = level
        self.consistent = consistent
        self.counted = counted
        self._random = random.Random(seed)
        self._longest = max(map(len, self.forms), default=1)

    @classmethod
    def of_arcs(cls, arcs: Iterable[tuple[str, str, float]], level: float, **options: object) -> Noise:
        """Return the noise of channel arcs ``(source, target, probability)``; arcs that keep are left out."""
        forms: dict[str, list[tuple[str, float]]] = {}
        for source, target, prob in arcs:
            if target and source != target:
                forms.setdefault(target, []).append((source, prob))
        return cls(forms, level, **options)  # type: ignore[arg-type]

    def segments(self, text: str) -> list[str]:
        """Return the text in segments: the longest that have forms, else single characters."""
        out, i = [], 0
        while i < len(text):
            for length in range(min(self._longest, len(text) - i), 0, -1):
                if length == 1 or text[i : i + length] in self.forms:
                    out.append(text[i : i + length])
                    i += length
                    break
        return out

    def letters(self, text: str) -> dict[str, str | None]:
        """Return the types of a text that are replaced, each with what it becomes; ``None``: anew each time."""
        parts = set(self.segments(text))
        types = sorted(part for part in parts if part in self.forms)
        pool = types
        if self.counted == "all":
            pool = sorted(part for part in parts if part in self.forms or part.isalpha())
        total = len(parts) if self.counted == "all" else len(types)
        chosen = self._random.sample(pool, min(len(pool), round(total * self.level)))
        return {part: self._draw(part) if self.consistent else None for part in chosen if part in self.forms}

    def write(self, text: str, drawn: Mapping[str, str | None]) -> str:
        """Return a text with some types replaced."""
        out = []
        for part in self.segments(text):
            if part not in drawn:
                out.append(part)
            else:
                new = drawn[part]
                out.append(self._draw(part) if new is None else new)
        return "".join(out)

    def __call__(self, text: str) -> str:
        """Return one text with noise."""
        return self.write(text, self.letters(text))

    def _draw(self, part: str) -> str:
        forms, weights = zip(*self.forms[part], strict=True)
        return str(self._random.choices(forms, weights)[0])
