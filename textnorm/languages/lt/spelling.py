"""Reading letters, digits, codes and addresses one sign at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from unicodedata import digit

from textnorm.languages.lt.grammar import words
from textnorm.languages.lt.numerals import cardinal, digits

Letters = Mapping[str, Mapping[str, str]]

_RUN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_SHORT = frozenset(words("lt lv ee eu pl de uk fr fi se no dk ru ua us tv io it es"))


def plain_digits(text: str) -> str:
    """Return the text with every digit of any script as 0-9 (𝟓 is 5, and so is ₅)."""
    return text if text.isascii() else "".join(str(digit(c)) if c.isdigit() else c for c in text)


def spell_digits(text: str, *, grouped: bool = False) -> str:
    """Return digits one by one, or by written groups of at most three (a leading zero is always said)."""
    out: list[str] = []
    for group in re.findall(r"\d+", plain_digits(text)):
        zeros = len(group) - len(group.lstrip("0"))
        rest = group[zeros:]
        if grouped and rest and len(rest) <= 3:
            out.extend([cardinal(0)] * zeros)
            out.append(cardinal(int(rest)))
        else:
            out.append(digits(group))
    return " ".join(out)


def spell_pairs(text: str) -> str:
    """Return digits two by two in each written group; an odd digit is said first, a leading zero by itself."""
    out: list[str] = []
    for group in re.findall(r"\d+", plain_digits(text)):
        odd = len(group) % 2
        pairs = [group[:odd], *(group[k : k + 2] for k in range(odd, len(group), 2))]
        out.extend(digits(pair) if pair[0] == "0" else cardinal(int(pair)) for pair in pairs if pair)
    return " ".join(out)


#: A vowel, and no more consonants together than the beginning and end of a Lithuanian word can have.
_SAYABLE = re.compile(r"[^aeiouyąęėįųū]{0,2}(?:[aeiouyąęėįųū]{1,2}[^aeiouyąęėįųū]{1,2}){1,4}[aeiouyąęėįųū]?\Z")


def sayable(acronym: str) -> bool:
    """Return whether an acronym of three letters or more can be said as a word (LIEPA, not LRT, ES or AAA)."""
    word = acronym.partition("-")[0].lower()
    return len(word) >= 3 and _SAYABLE.match(word) is not None


def spell(text: str, letters: Letters) -> str:
    """Return the names of the letters joined by hyphens; a written case ending (JAV-ų) follows the last name."""
    word, _, ending = text.partition("-")
    names = [letters[c.upper()]["name"] if c.upper() in letters else c for c in word]
    return "-".join(names) + (ending if not ending or names[-1][-1] not in "aeėiouąęįųū" else _join(names[-1], ending))


def _join(name: str, ending: str) -> str:
    return "-" + ending if ending else name


def spell_code(text: str, letters: Letters, signs: Mapping[str, Mapping[str, str]]) -> str:
    """Return a code: letters by name, digits singly, signs by name; hyphens, dots and spaces are silent."""
    out: list[str] = []
    for run in _RUN.findall(plain_digits(text)):
        if run[0].isdecimal():
            out.append(digits(run))
        elif run[0].isalpha():
            out.append(spell(run, letters))
        elif run not in "-–.,()":
            out.append(signs[run]["name"] if run in signs else run)
    return " ".join(out)


def spell_address(text: str, letters: Letters, signs: Mapping[str, Mapping[str, str]]) -> str:
    """Return an address on the net: words stay, signs are named, digits are read, short endings are spelled."""
    out: list[str] = []
    for run in _RUN.findall(plain_digits(text)):
        if run[0].isdecimal():
            out.append(cardinal(int(run)) if len(run) <= 4 and run[0] != "0" else digits(run))
        elif run[0].isalpha():
            low = run.lower()
            if low == "www":
                # Said so by everyone, though the letter alone is dviguba vė.
                out.append("vė-vė-vė")
            else:
                out.append(spell(low, letters) if low in _SHORT or len(low) == 1 else low)
        elif run in signs:
            out.append(signs[run]["name"])
        else:
            out.append(run)
    return " ".join(out)
