"""Groundwork for text in the Perso-Arabic script: what is one letter is written one way. Each rule has its own switch.

Letters that look alike have several code points, and keyboards of neighbours mix them (Doctor, Gutkin, Johny, Roark and
Sproat 2022). Which of them is right depends on the language, so unification is by language; nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

from textnorm.edits import Edit, Edits, EditsBuilder
from textnorm.edits.algebra import apply_row, compose_row
from textnorm.errors import ConfigError, choices
from textnorm.protocols import Scope

LABEL = "SCRIPT"
#: Letters of other languages' keyboards and what they are in each language.
LETTERS: dict[str, dict[str, str]] = {
    "persian": {"ي": "ی", "ى": "ی", "ك": "ک", "ڪ": "ک", "ہ": "ه", "ە": "ه", "ھ": "ه", "ۀ": "هٔ"},
    "kurdish": {"ي": "ی", "ى": "ی", "ك": "ک", "ڪ": "ک", "ہ": "ه", "ؤ": "ۆ", "ة": "ە", "ڔ": "ڕ", "ڶ": "ڵ"},
    "urdu": {"ي": "ی", "ى": "ی", "ك": "ک", "ڪ": "ک", "ه": "ہ", "ە": "ہ", "ۀ": "ۂ"},
    "kashmiri": {"ي": "ی", "ى": "ی", "ك": "ک", "ڪ": "ک", "ه": "ہ"},
    "sindhi": {"ی": "ي", "ى": "ي", "ك": "ڪ", "ہ": "ه"},
    "arabic": {"ی": "ي", "ک": "ك", "ڪ": "ك", "ہ": "ه", "ە": "ه", "ھ": "ه"},
    "azeri": {"ي": "ی", "ى": "ی", "ك": "ک", "ہ": "ه", "ە": "ه", "ڲ": "گ"},
}
#: Zeros of the digits.
DIGITS = {"ascii": "0", "arabic": "\u0660", "persian": "\u06f0"}
ZWNJ = "\u200c"
#: Letters that join nothing after them: a zero-width non-joiner behind one shows nowhere.
_OPEN = "اأإآٱدذڎڌڊڈرزژڕڑوۆۇۋۉۊؤةەۀ"
_LETTER = "\u0620-\u064a\u066e-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff"
_MARK = "\u064b-\u065f\u0670\u0610-\u061a"
_FORMS = re.compile("[\ufb50-\ufbb1\ufbd3-\ufd3d\ufd50-\ufdc7\ufe70-\ufefc]+")
_TATWEEL = re.compile(f"(?<=[{_LETTER}{_MARK}])\u0640+|\u0640+(?=[{_LETTER}])")
_JOINERS = re.compile(f"{ZWNJ}+")
_SHOWS = re.compile(f"(?<=[{_LETTER}{_MARK}])(?<![{_OPEN}]){ZWNJ}+(?=[{_LETTER}])")
_WAW = re.compile("(?<=[0-9\u0660-\u0669\u06f0-\u06f9])(?=\u0648(?!\\w))")
Rule = Callable[[str], list[Edit]]


class ArabicNormalizer:
    """Groundwork for the Perso-Arabic script.

    Attributes:
        name, version, languages, scope, idempotent: see :class:`~textnorm.protocols.Normalizer`.
        rules: names of the rules that are on and what each does, in the order of work.
    """

    name = "textnorm.arabic.v1"
    version = "1"
    scope: Scope = "text"
    idempotent = True

    def __init__(
        self,
        letters: str = "off",
        *,
        forms: bool = True,
        tatweel: bool = True,
        zwnj: bool = True,
        heh: bool = False,
        waw: bool = False,
        digits: str = "keep",
    ) -> None:
        if letters != "off" and letters not in LETTERS:
            msg = f"the letters of '{letters}' are not known. {choices(letters, ['off', *LETTERS])}"
            raise ConfigError(msg)
        if digits != "keep" and digits not in DIGITS:
            msg = f"the digits '{digits}' are not known. {choices(digits, ['keep', *DIGITS])}"
            raise ConfigError(msg)
        self._options = {
            "letters": letters,
            "forms": forms,
            "tatweel": tatweel,
            "zwnj": zwnj,
            "heh": heh,
            "waw": waw,
            "digits": digits,
        }
        self.languages: tuple[str, ...] = ()
        rules: dict[str, Rule] = {}
        if forms:
            rules["arabic.forms"] = partial(_replace, _FORMS, "arabic.forms", _plain)
        if tatweel:
            rules["arabic.tatweel"] = partial(_replace, _TATWEEL, "arabic.tatweel", _nothing)
        if heh:  # before the non-joiner that makes a heh the Kurdish vowel is taken away
            rules["arabic.heh"] = partial(_replace, re.compile(f"ه{ZWNJ}"), "arabic.heh", _vowel)
        if letters != "off":
            table = LETTERS[letters]
            pattern = re.compile(f"[{''.join(table)}]")
            rules["arabic.letters"] = partial(_replace, pattern, "arabic.letters", table.__getitem__)
        if zwnj:
            rules["arabic.zwnj"] = _joiners
        if waw:
            rules["arabic.waw"] = partial(_replace, _WAW, "arabic.waw", _space)
        if digits != "keep":
            rules["arabic.digits"] = partial(
                _replace, re.compile(_digits(digits)), "arabic.digits", partial(_digit, digits)
            )
        self.rules = rules

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (dict(self._options),)

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return the edits of each text, labelled ``SCRIPT``, with rules ``arabic.<name>``."""
        builder = EditsBuilder()
        for text in texts:
            builder.add_row(self._repair(text))
        return builder.build()

    def _repair(self, text: str) -> list[Edit]:
        total: list[Edit] = []
        for _ in range(3):  # what one rule takes away may bring together what another repairs; two rounds suffice
            changed = False
            for rule in self.rules.values():
                edits = rule(text)
                if edits:
                    changed = True
                    text = apply_row(text, edits)
                    total = compose_row(total, edits) if total else edits
            if not changed:
                break
        return total


def _replace(pattern: re.Pattern[str], rule: str, new: Callable[[str], str], text: str) -> list[Edit]:
    out = []
    for match in pattern.finditer(text):
        made = new(match.group())
        if made != match.group():
            out.append(Edit(match.start(), match.end(), made, LABEL, rule))
    return out


def _joiners(text: str) -> list[Edit]:
    """Leave one non-joiner where it shows, none elsewhere."""
    out = []
    for match in _JOINERS.finditer(text):
        a, b = match.span()
        left = 1 if _SHOWS.match(text, a) else 0
        if b - a > left:
            out.append(Edit(a + left, b, "", LABEL, "arabic.zwnj"))
    return out


def _plain(forms: str) -> str:
    return unicodedata.normalize("NFKC", forms)


def _nothing(_: str) -> str:
    return ""


def _space(_: str) -> str:
    return " "


def _vowel(_: str) -> str:
    return "ە"


def _digits(wanted: str) -> str:
    others = [chr(ord(zero) + k) for name, zero in DIGITS.items() if name != wanted for k in range(10)]
    return f"[{''.join(others)}]"


def _digit(wanted: str, char: str) -> str:
    return chr(ord(DIGITS[wanted]) + int(char))


def _again(options: dict[str, Any]) -> ArabicNormalizer:
    return ArabicNormalizer(**options)


def make_arabic(
    letters: Literal["off", "persian", "kurdish", "urdu", "kashmiri", "sindhi", "arabic", "azeri"] = "off",
    *,
    forms: bool = True,
    tatweel: bool = True,
    zwnj: bool = True,
    heh: bool = False,
    waw: bool = False,
    digits: Literal["keep", "ascii", "arabic", "persian"] = "keep",
) -> ArabicNormalizer:
    """Return the groundwork for the Perso-Arabic script.

    Args:
        letters: language whose letters stand in for those of its neighbours' keyboards.
        forms: presentation forms become letters.
        tatweel: stretching marks inside words are taken out.
        zwnj: zero-width non-joiners that show nowhere (doubled, at an edge, after a letter that joins nothing) go.
        heh: a heh before a zero-width non-joiner becomes the Kurdish vowel ە.
        waw: a waw written onto a number gets its space.
        digits: digits become ASCII, Arabic or Persian ones.

    Raises:
        ConfigError: letters or digits that are not known; lists those that are.
    """
    return ArabicNormalizer(letters, forms=forms, tatweel=tatweel, zwnj=zwnj, heh=heh, waw=waw, digits=digits)
