"""What templates and matches write, parsed: arguments of slots, written numbers, Roman numerals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from textnorm.languages.lt.grammar import CASES, Case, Gender, Number
from textnorm.languages.lt.spelling import plain_digits
from textnorm.rules.reading import NotThisRule

_SPACES = re.compile(r"[\s.\u00a0\u202f']")
_GROUPED = re.compile(r"\d{1,3}(?:[\s.\u00a0\u202f']\d{3}){1,5}\Z")
#: Thousands by commas, decimals by a full stop: sure only with both or with several commas (1,234 is a decimal).
_ENGLISH = re.compile(r"\d{1,3}(?:(?:,\d{3}){1,4}\.\d{1,9}|(?:,\d{3}){2,4})\Z")
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
#: The longest number that is read as one; a longer one is a code, whose digits are read.
MAX_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Demand:
    """Arguments of a slot, parsed."""

    case: Case | None = None
    asked: bool = False
    gender: Gender | None = None
    number: Number | None = None
    definite: bool = False
    names: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
def parse_args(args: tuple[str, ...]) -> Demand:
    """Return the demand that a slot's arguments make.

    Raises:
        ValueError: an unknown case behind ``@``.
    """
    case: Case | None = None
    asked = definite = False
    gender: Gender | None = None
    number: Number | None = None
    names: list[str] = []
    for arg in args:
        if arg.startswith("@"):
            asked = True
            if arg[1:] and arg[1:] not in CASES:
                msg = f"'{arg}' asks for a case that does not exist; known: {', '.join(CASES)}."
                raise ValueError(msg)
            case = cast(Case, arg[1:] or "nom")
        elif arg in CASES:
            case = arg
        elif arg in ("m", "f"):
            gender = cast(Gender, arg)
        elif arg in ("sg", "pl"):
            number = cast(Number, arg)
        elif arg == "def":
            definite = True
        else:
            names.append(arg)
    return Demand(case, asked, gender, number, definite, tuple(names))


def to_int(text: str) -> int:
    """Return the value of a written whole number, grouped by spaces, full stops or several commas or not at all.

    Raises:
        NotThisRule: too long to be named as a number.
    """
    plain = text if text.isdecimal() else _ungrouped(_european(text))
    if not plain.isdecimal() or len(plain) > MAX_DIGITS:
        raise NotThisRule
    return int(plain)


def _ungrouped(text: str) -> str:
    """Return digits without what groups them by three; nothing where they are grouped in another way."""
    return _SPACES.sub("", text) if text.isdecimal() or _GROUPED.match(text) else ""


def _european(text: str) -> str:
    """Return a number without thousands by commas and with a comma before its decimals."""
    return text.replace(",", "").replace(".", ",") if "," in text and _ENGLISH.match(text) else text


def parts_of(text: str) -> tuple[str, str]:
    """Return whole and decimal digits of a written number; the second is empty for a whole number.

    A comma opens decimals; a full stop does so before one or two digits, and groups thousands before three. Where
    commas group (1,234.56 or 1,234,567) a full stop opens decimals.

    Raises:
        NotThisRule: no number, or one too long to be named.
    """
    plain = _european(plain_digits(text))
    if "," not in plain:
        head, stop, tail = plain.rpartition(".")
        if stop and len(tail) <= 2:
            plain = f"{head},{tail}"
    whole, _, part = plain.partition(",")
    whole = _ungrouped(whole)
    if not whole.isdecimal() or (part and not part.isdecimal()) or max(len(whole), len(part)) > MAX_DIGITS:
        raise NotThisRule
    return whole, part


def roman_value(text: str) -> int:
    """Return the value of a Roman numeral in its standard form.

    Raises:
        NotThisRule: letters that are no Roman numeral (IIX, VV).
    """
    total = 0
    for letter, following in zip(text, [*text[1:], ""], strict=True):
        value = _ROMAN[letter]
        total += -value if _ROMAN.get(following, 0) > value else value
    if total <= 0 or to_roman(total) != text:
        raise NotThisRule
    return total


def to_roman(value: int) -> str:
    """Return the standard Roman numeral of 1 to 3999."""
    out = []
    for letters, amount in zip(
        ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"),
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        strict=True,
    ):
        count, value = divmod(value, amount)
        out.append(letters * count)
    return "".join(out)
