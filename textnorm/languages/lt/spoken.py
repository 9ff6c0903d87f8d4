"""Lithuanian numbers, dates and times in words, or written, back to values: the inverse of reading out.

Readers take the folded words of a sentence and a place, and return (place behind, value) of everything that can be read
there, shortest first. A word without its diacritics (*desimt*) is read where no word is spelled so.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import product
from math import prod

from textnorm.languages.lt.cardinals import cardinal
from textnorm.languages.lt.grammar import CASES, GENDERS, Case
from textnorm.languages.lt.ordinals import ordinal
from textnorm.languages.lt.parsing import number_words, parse_cardinal

#: Words of the longest number that is read.
LONGEST = 24
#: Largest number whose ordinal is read.
LAST_ORDINAL = 100
_HALF = frozenset(("pusė", "puse", "pusės", "pusei", "pusę"))
_HALVES: dict[str, float] = {"pusantr": 1.5, "pustreči": 2.5, "pusketvirt": 3.5, "puspenkt": 4.5}
_HALF_ENDINGS = ("o", "os", "ų", "am", "ai", "ą", "u", "a", "ame", "oje")
_POINT = frozenset(("kablelis", "taškas"))
_TENTHS = {"dešimt": 10, "šimt": 100, "tūkstant": 1000}
_TENTH_ENDINGS = ("oji", "osios", "ąją", "ųjų", "ąsias", "osioms", "osiomis", "ąja", "oje", "osiose")
#: Genitives of the months with all their written forms.
MONTHS: dict[str, int] = {
    name: n
    for n, names in enumerate(
        "sausio|saus vasario|vas kovo|kov balandžio|bal gegužės|geg birželio|birž liepos|liep rugpjūčio|rugp "
        "rugsėjo|rugs spalio|spal lapkričio|lapkr gruodžio|gruod".split(),
        1,
    )
    for name in names.split("|")
}
_LAST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY = frozenset(("d", "diena", "dienos", "dieną", "dienai"))
_YEAR = frozenset(("m", "metų", "metais"))
_HOUR = frozenset(("val", "valanda", "valandos", "valandą", "valandai", "valandų", "h"))
_MINUTE = frozenset(("min", "minutė", "minutės", "minutę", "minučių", "minutes", "minutei", "minučių"))


def bare(word: str) -> str:
    """Return a folded word without its diacritics."""
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


@lru_cache(maxsize=1)
def _by_bare() -> dict[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for form in sorted({*number_words(), *MONTHS, *_DAY, *_YEAR, *_HOUR, *_MINUTE, *_ordinals_by_word()}):
        index[bare(form)] = (*index.get(bare(form), ()), form)
    return index


def _restored(words: Sequence[str], known: Callable[[str], bool]) -> list[tuple[str, ...]]:
    """Return what each word may be, up to the first that is none of the known ones."""
    made: list[tuple[str, ...]] = []
    for word in words:
        options = (word,) if known(word) else tuple(w for w in _by_bare().get(word, ()) if known(w))
        if not options:
            break
        made.append(options)
    return made


@lru_cache(maxsize=65536)
def _cardinals(words: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    lexicon = number_words()
    options = _restored(words, lambda word: word in lexicon or word == "minus")
    found: list[tuple[int, int]] = []
    for end in range(1, len(options) + 1):
        if prod(map(len, options[:end])) > 64:
            break
        values = {parse_cardinal(" ".join(choice)) for choice in product(*options[:end])} - {None}
        if len(values) == 1:
            (value,) = values
            assert value is not None
            found.append((end, value))
    return tuple(found)


def read_number(words: Sequence[str], at: int = 0) -> list[tuple[int, float]]:
    """Return every number that begins at a place: (place behind it, value).

    Reads cardinals in every case and gender (*dvidešimt penkiais*), *minus*, decimals (*dvidešimt kablelis penki*,
    *dvidešimt ir penkios dešimtosios*), halves (*du su puse*, *du ir pusė*, *pusė*, *pusantros*).
    """
    found: dict[int, float] = {}
    for end, whole in _cardinals(tuple(words[at : at + LONGEST])):
        found[at + end] = whole
        for behind, more in _tail(words, at + end):
            found[behind] = whole - more if whole < 0 else whole + more
    if at < len(words):
        word = words[at]
        if word in _HALF:
            found[at + 1] = 0.5
        for stem, value in _HALVES.items():
            if word.startswith(stem) and word[len(stem) :] in _HALF_ENDINGS:
                found[at + 1] = value
    return sorted(found.items())


def _tail(words: Sequence[str], at: int) -> list[tuple[int, float]]:
    """Return what may follow a whole number."""
    if at + 1 >= len(words):
        return []
    if words[at] in ("ir", "su") and words[at + 1] in _HALF:
        return [(at + 2, 0.5)]
    if words[at] in _POINT:
        found: list[tuple[int, float]] = []
        zeros, i = "", at + 1
        while i < len(words) and words[i] in ("nulis", "nulio"):
            zeros, i = zeros + "0", i + 1
            found.append((i, 0.0))
        for end, value in _cardinals(tuple(words[i : i + 4])):
            if value > 0:
                found.append((i + end, float(f"0.{zeros}{value}")))
        return found
    if words[at] == "ir":
        for end, value in _cardinals(tuple(words[at + 1 : at + 6])):
            behind = at + 1 + end
            if behind < len(words) and value > 0:
                part = _decimal_part(words[behind])
                if part and value < part:
                    return [(behind + 1, value / part)]
    return []


def _decimal_part(word: str) -> int:
    """Return 10 of *dešimtosios*, 100 of *šimtosios*, 0 of any other word."""
    for stem, part in _TENTHS.items():
        for given in (stem, bare(stem)):
            if word.startswith(given) and word[len(given) :] in (*_TENTH_ENDINGS, *map(bare, _TENTH_ENDINGS)):
                return part
    return 0


@lru_cache(maxsize=1)
def _ordinals() -> dict[str, int]:
    """Forms of the ordinals, singular; built on first use."""
    made: dict[str, int] = {}
    for n in range(1, LAST_ORDINAL + 1):
        for case in CASES:
            for gender in GENDERS:
                for definite in (False, True):
                    made.setdefault(ordinal(n, case, gender, definite=definite), n)
    return made


@lru_cache(maxsize=1)
def _ordinals_by_word() -> frozenset[str]:
    return frozenset(word for form in _ordinals() for word in form.split())


def read_ordinal(words: Sequence[str], at: int = 0) -> list[tuple[int, int]]:
    """Return every ordinal up to a hundred that begins at a place: *penktas*, *dvidešimt pirmąją*."""
    ordinals, known = _ordinals(), _ordinals_by_word()
    options = _restored(words[at : at + 3], known.__contains__)
    found: list[tuple[int, int]] = []
    for end in range(1, len(options) + 1):
        values = {ordinals.get(" ".join(choice)) for choice in product(*options[:end])} - {None}
        if len(values) == 1:
            (value,) = values
            assert value is not None
            found.append((at + end, value))
    return found


def read_date(words: Sequence[str], at: int = 0) -> list[tuple[int, str]]:
    """Return every date that begins at a place, as ISO 8601 (``2024-03-05``, or ``--03-05`` without a year).

    *kovo penktą*, *kovo 5 d.*, *2024 m. kovo 5 d.*, *2024-03-05*.
    """
    year, start = "", at
    if at < len(words) and words[at].isdecimal() and len(words[at]) == 4:
        year, start = words[at], at + 1
        start += start < len(words) and words[start] in _YEAR | {"metu"}
    if start >= len(words):
        return []
    found: list[tuple[int, str]] = []
    month = next((MONTHS[m] for m in (words[start], *_by_bare().get(words[start], ())) if m in MONTHS), 0)
    if month:
        days = [*read_ordinal(words, start + 1)]
        following = words[start + 1] if start + 1 < len(words) else ""
        if following.isdecimal() and len(following) < 3:
            days.append((start + 2, int(following)))
        for end, day in days:
            if 1 <= day <= _LAST[month]:
                value = f"{year or '-'}-{month:02}-{day:02}"
                found.append((end, value))
                if end < len(words) and (words[end] in _DAY or words[end] == "diena"):
                    found.append((end + 1, value))
    part = words[at : at + 3]
    if len(part) == 3 and year and all(p.isdecimal() and len(p) == 2 for p in part[1:]):
        number, day = int(part[1]), int(part[2])
        if 1 <= number <= 12 and 1 <= day <= _LAST[number]:
            found.append((at + 3, f"{part[0]}-{part[1]}-{part[2]}"))
    return sorted(set(found))


def read_time(words: Sequence[str], at: int = 0) -> list[tuple[int, str]]:
    """Return every time of day that begins at a place, as ``HH:MM``.

    *19:30*, *7 val. 30 min.*, *septintą valandą*, *septintą trisdešimt*, *pusę aštuonių* (07:30).
    """
    found: dict[int, str] = {}
    if at < len(words) and words[at] in _HALF:
        for n in range(1, 13):
            for form in _half_hours(n):
                if words[at + 1 : at + 2] in ([form], [bare(form)]):
                    found[at + 2] = f"{(n - 1) % 12 if n > 1 else 12:02}:30"
    for end, hour in _hours(words, at):
        if not 0 <= hour <= 24:
            continue
        behind = end + (end < len(words) and words[end] in _HOUR | {"valanda"})
        whole = behind > end or words[at].isalpha()
        if whole:
            found[end] = f"{hour % 24:02}:00"
            found[behind] = f"{hour % 24:02}:00"
        for stop, minute in _minutes(words, behind):
            if 0 <= minute < 60:
                last = stop + (stop < len(words) and words[stop] in _MINUTE)
                found[stop] = found[last] = f"{hour % 24:02}:{minute:02}"
    return sorted(found.items())


@lru_cache(maxsize=16)
def _half_hours(n: int) -> tuple[str, ...]:
    """Return the genitive that *pusė* takes: *pusė aštuonių*, *pusė pirmos*, *pusė dvyliktos*."""
    case: Case = "gen"
    return cardinal(n, case, "m"), cardinal(n, case, "f"), ordinal(n, case, "f")


def _hours(words: Sequence[str], at: int) -> list[tuple[int, int]]:
    if at < len(words) and words[at].isdecimal() and len(words[at]) < 3:
        return [(at + 1, int(words[at]))]
    return read_ordinal(words, at)


def _minutes(words: Sequence[str], at: int) -> list[tuple[int, int]]:
    if at < len(words) and words[at].isdecimal() and len(words[at]) == 2:
        return [(at + 1, int(words[at]))]
    return [(at + end, value) for end, value in _cardinals(tuple(words[at : at + 3]))]


def make_number_reader() -> object:
    """Return :func:`read_number`, registered as ``textnorm.lt.number.v1``."""
    return read_number


def make_ordinal_reader() -> object:
    """Return :func:`read_ordinal`, registered as ``textnorm.lt.ordinal.v1``."""
    return read_ordinal


def make_date_reader() -> object:
    """Return :func:`read_date`, registered as ``textnorm.lt.date.v1``."""
    return read_date


def make_time_reader() -> object:
    """Return :func:`read_time`, registered as ``textnorm.lt.time.v1``."""
    return read_time
