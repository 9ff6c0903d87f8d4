"""The normalizer: one scan over the batch, exact work on the few texts that need it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np

from textnorm.edits import Edit, Edits, EditsBuilder
from textnorm.edits.algebra import apply_row, compose_row
from textnorm.normalizers.unicode.confusables import make_confusables
from textnorm.normalizers.unicode.control import make_control
from textnorm.normalizers.unicode.dashes import make_ascii, make_en
from textnorm.normalizers.unicode.form import make_form
from textnorm.normalizers.unicode.html_entities import make_html
from textnorm.normalizers.unicode.invisible import make_invisible
from textnorm.normalizers.unicode.level import Level
from textnorm.normalizers.unicode.ligatures import make_ligatures
from textnorm.normalizers.unicode.lt_stress import make_compose, make_strip
from textnorm.normalizers.unicode.mojibake import make_mojibake
from textnorm.normalizers.unicode.quotes import make_lithuanian, make_straight
from textnorm.normalizers.unicode.spaces import make_collapse, make_spaces
from textnorm.normalizers.unicode.surrogates import make_surrogates
from textnorm.normalizers.unicode.switches import Switches
from textnorm.normalizers.unicode.width import make_width
from textnorm.protocols import Scope


def _levels(on: Switches) -> list[Level]:
    """Return the levels that are switched on, in the order of work.

    References and encodings come first, since they make characters; what removes comes before what compares words, and
    the normalization form is last, since removing a character can bring a letter and its mark together.
    """
    chosen: list[tuple[bool, Any]] = [
        (on.html, make_html),
        (on.mojibake, make_mojibake),
        (on.surrogates, make_surrogates),
        (on.control, make_control),
        (on.invisible, make_invisible),
        (on.ligatures, make_ligatures),
        (on.width, make_width),
        (on.spaces != "off", make_spaces),
        (on.spaces == "collapse", make_collapse),
        (on.quotes == "straight", make_straight),
        (on.quotes == "lithuanian", make_lithuanian),
        (on.dashes == "ascii", make_ascii),
        (on.dashes == "en", make_en),
        (on.confusables, make_confusables),
        (on.lt_stress == "strip", make_strip),
        (on.lt_stress == "compose", make_compose),
    ]
    levels: list[Level] = [make() for switch, make in chosen if switch]
    if on.form is not None:
        levels.append(make_form(on.form))
    return levels


class UnicodeNormalizer:
    """Repairs the Unicode of texts; see :class:`~textnorm.normalizers.unicode.switches.Switches` for its levels.

    Attributes:
        name, version, languages, scope, idempotent: see :class:`~textnorm.protocols.Normalizer`.
        switches: what is switched on.
    """

    name = "textnorm.unicode.v1"
    version = "1"
    languages: tuple[str, ...] = ()
    scope: Scope = "text"
    idempotent = True

    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.levels = _levels(switches)
        chars = "".join(level.chars for level in self.levels)
        self._suspect = re.compile(f"[{chars}]") if chars else None
        self._others = [level for level in self.levels if not level.chars]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.switches,)

    def __repr__(self) -> str:
        return f"UnicodeNormalizer({', '.join(f'{k}={v!r}' for k, v in self.switches.changed().items())})"

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return the edits of each text, labelled ``UNICODE``, with rules ``unicode.<level>``."""
        rows = self._candidates(texts)
        if not rows:
            return Edits.empty(len(texts))
        builder = EditsBuilder()
        done = 0
        for i in rows:
            builder.add_empty(i - done)
            builder.add_row(self.repair(texts[i]))
            done = i + 1
        builder.add_empty(len(texts) - done)
        return builder.build()

    def _candidates(self, texts: Sequence[str]) -> list[int]:
        """Return the texts that some level may change, ascending."""
        joined = "\n".join(texts)
        hits = [level.needs(joined) for level in self._others]
        match = self._suspect.search(joined) if self._suspect is not None else None
        if match is None and all(hit is None for hit in hits):
            return []
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1
        starts: list[int] = [0, *np.cumsum(lengths).tolist()]
        found: set[int] = set()
        while match is not None and self._suspect is not None:
            row = bisect_right(starts, match.start()) - 1
            found.add(row)
            match = self._suspect.search(joined, starts[row + 1])
        for level, hit in zip(self._others, hits, strict=True):
            while hit is not None:
                row = bisect_right(starts, hit) - 1
                found.add(row)
                hit = level.needs(joined, starts[row + 1])
        return sorted(found)

    def repair(self, text: str) -> list[Edit]:
        """Return the edits of one text.

        The levels run until none has anything to do: what one of them removes may bring together what another repairs.
        It ends: what a level takes away no other makes, but for references and decoding, and those shorten the text.
        """
        now, marks = text, self._marks(text)
        total: list[Edit] = []
        changed = True
        while changed:
            changed = False
            for level in self.levels:
                if level.needs(marks if level.chars else now) is None:
                    continue
                edits = level.edits(now)
                if edits:
                    now = apply_row(now, edits)
                    marks = self._marks(now)
                    total = compose_row(total, edits) if total else edits
                    changed = True
        return [e for e in total if e.replacement != text[e.start : e.end]]

    def _marks(self, text: str) -> str:
        """Return the characters of a text that call for some level, each once: what levels look at instead of it."""
        return "" if self._suspect is None else "".join(set(self._suspect.findall(text)))


def make_unicode(**switches: Any) -> UnicodeNormalizer:
    """Return a Unicode normalizer; every switch of :class:`Switches` may be given by name.

    Raises:
        ConfigError: a switch or a value that does not exist; lists those that do.
    """
    return UnicodeNormalizer(Switches.of(**switches))
