"""Characters that nobody sees, where no script needs them."""

from __future__ import annotations

import re

from textnorm.edits import Edit
from textnorm.normalizers.unicode.level import LABEL, CharLevel

_JOINERS = "\u200c\u200d"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_TAGS = "\U000e0001\U000e0020-\U000e007f"
#: Soft hyphen, zero-width space, word joiner, deprecated format characters, BOM, interlinear annotation, object sign.
_PLAIN = "\u00ad\u200b\u2060\u206a-\u206f\ufeff\ufff9-\ufffc"

# Scripts whose letters join or form clusters, where ZWJ and ZWNJ choose the form: Hebrew to Myanmar, Philippine to
# Mongolian, Limbu to Vedic, Syloti to Meetei, the Arabic presentation forms, the Brahmic scripts of plane 1, Adlam.
_JOINING = (
    "\u0590-\u109f\u1700-\u18af\u1900-\u1cff\ua800-\uabff\ufb1d-\ufdff\ufe70-\ufefc"
    "\U00010800-\U00011fff\U0001e900-\U0001e95f"
)
# Scripts written without spaces, where a zero-width space parts words: Thai to Myanmar, Khmer, Tai and Balinese blocks.
_UNSPACED = "\u0e00-\u109f\u1780-\u17ff\u1950-\u1aaf\u1b00-\u1b7f\ua980-\ua9ff\uaa60-\uaadf"
_RTL = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_EMOJI = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"

_KEPT = re.compile(
    f"[{_JOINING}][{_JOINERS}]|[{_JOINERS}](?=[{_JOINING}])"
    f"|[{_UNSPACED}]\u200b|\u200b(?=[{_UNSPACED}])"
    f"|[{_EMOJI}\ufe0f\U000e007f]\u200d(?=[{_EMOJI}])"
    "|\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"  # flags of regions are written with tags
)
_RTL_LETTER = re.compile(f"[{_RTL}]")
_GONE = f"{_PLAIN}{_JOINERS}{_TAGS}"


class InvisibleLevel(CharLevel):
    """Removes invisible characters.

    ZWJ and ZWNJ stay beside letters of joining scripts, ZWJ between emoji, tags in flags, a zero-width space beside
    scripts without spaces, and directional marks in any text that has a right-to-left letter.
    """

    def __init__(self) -> None:
        super().__init__(_GONE + _BIDI, "unicode.invisible")
        self._all = re.compile(f"[{_GONE}{_BIDI}]+")
        self._some = re.compile(f"[{_GONE}]+")

    def edits(self, text: str) -> list[Edit]:
        """See :class:`~textnorm.normalizers.unicode.level.Level`."""
        kept = {at for match in _KEPT.finditer(text) for at in range(match.start(), match.end())}
        pattern = self._some if _RTL_LETTER.search(text) else self._all
        out: list[Edit] = []
        for match in pattern.finditer(text):
            start = match.start()
            for at in range(match.start(), match.end() + 1):
                if at == match.end() or at in kept:
                    if start < at:
                        out.append(Edit(start, at, "", LABEL, self.rule))
                    start = at + 1
        return out


def make_invisible() -> InvisibleLevel:
    """Return the level that removes invisible characters."""
    return InvisibleLevel()
