"""Look-alike letters of another script inside a word.

The idea is that of UTS #39 (Unicode Security Mechanisms): a word in one script that holds letters of another is suspect
if they look like letters of the first. The table is our own and much smaller than the standard's: only pairs of Latin,
Cyrillic and Greek letters that common typefaces draw alike, no digits, no letters that science mixes into Latin words
(α, μ, β, ν, ρ …).
"""

from __future__ import annotations

from collections import Counter

import regex

from textnorm.edits import Edit
from textnorm.normalizers.unicode.level import LABEL, CharLevel

RULE = "unicode.confusables"
CONFIDENCE = 0.9

# One shape a line: the letters that are drawn so in Latin, Cyrillic and Greek; "-" where a script has none.
_SHAPES = """
A А Α|B В Β|C С -|E Е Ε|G Ԍ -|H Н Η|I І Ι|J Ј -|K К Κ|M М Μ|N - Ν|O О Ο|P Р Ρ|Q Ԛ -|S Ѕ -|T Т Τ|W Ԝ -|X Х Χ|Y У Υ|Z - Ζ
a а -|c с -|d ԁ -|e е -|h һ -|i і -|j ј -|o о ο|p р -|q ԛ -|s ѕ -|w ԝ -|x х -|y у -
Ë Ё -|ë ё -|Ï Ї Ϊ|ï ї -|ó - ό|- Г Γ|- П Π|- Ф Φ
"""
_SCRIPTS = ("Latin", "Cyrillic", "Greek")


def _tables() -> dict[str, dict[str, str]]:
    """Return, for each script, the letters of the others and what they look like in it."""
    tables: dict[str, dict[str, str]] = {script: {} for script in _SCRIPTS}
    for shape in _SHAPES.replace("\n", "|").split("|"):
        letters = dict(zip(_SCRIPTS, shape.split(), strict=False))
        for script, letter in letters.items():
            if letter != "-":
                tables[script].update({other: letter for other in letters.values() if other not in ("-", letter)})
    tables["Latin"]["Ү"] = "Y"  # the other way Y is the far commoner У
    # Small Greek letters stand in Latin words as symbols, but no Latin letter belongs in a Greek word.
    tables["Greek"].update(zip("aikpuv", "αικρυν", strict=True))
    return tables


class ConfusablesLevel(CharLevel):
    """Maps the look-alikes in a mixed word to the script of most of its letters.

    The word must have more letters of one script than of all others together, and each of the others must have a
    look-alike in it; otherwise nothing is changed. A word in one script is never changed.
    """

    def __init__(self) -> None:
        self._tables = _tables()
        super().__init__("\u0370-\u03ff\u0400-\u052f\u1f00-\u1fff", RULE)
        self._word = regex.compile(r"\p{L}[\p{L}\p{M}]*")
        # Letters of no script (µ, ʼ, ª) and marks are at home in any word.
        scripts = {**{script: script for script in _SCRIPTS}, "Common": "", "Inherited": ""}
        self._scripts = [(name, regex.compile(rf"\p{{Script={script}}}")) for script, name in scripts.items()]

    def _script(self, letter: str) -> str:
        return next((name for name, pattern in self._scripts if pattern.match(letter)), "other")

    def edits(self, text: str) -> list[Edit]:
        """See :class:`~textnorm.normalizers.unicode.level.Level`."""
        out: list[Edit] = []
        for match in self._word.finditer(text):
            word = match.group()
            if not word.isascii() and self.trigger.search(word):
                out.extend(self._word_edits(match.start(), word))
        return out

    def _word_edits(self, start: int, word: str) -> list[Edit]:
        scripts = [self._script(c) if c.isalpha() else "" for c in word]
        counts = Counter(s for s in scripts if s)
        if len(counts) < 2:
            return []
        home, most = counts.most_common(1)[0]
        if 2 * most <= counts.total() or home not in self._tables:
            return []
        table = self._tables[home]
        guests = [k for k, script in enumerate(scripts) if script and script != home]
        if not all(word[k] in table for k in guests):
            return []
        return [Edit(start + k, start + k + 1, table[word[k]], LABEL, RULE, CONFIDENCE) for k in guests]


def make_confusables() -> ConfusablesLevel:
    """Return the level that mends look-alikes."""
    return ConfusablesLevel()
