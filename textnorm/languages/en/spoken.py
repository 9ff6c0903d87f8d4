"""English numbers and dates in words, or written, back to values: the inverse of reading out.

Readers take the folded words of a sentence and a place, and return (place behind, value) of everything that can be read
there, shortest first.
"""

from __future__ import annotations

from collections.abc import Sequence

Found = list[tuple[int, float]]
_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
SMALL: dict[str, int] = {
    **{word: n for n, word in enumerate(f"{_ONES} seventeen eighteen nineteen".split())},
    **{word: 10 * n for n, word in enumerate(_TENS.split(), 2)},
    "oh": 0,
    "nought": 0,
    "dozen": 12,
}
MAGNITUDES: dict[str, int] = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
PARTS: dict[str, float] = {"half": 0.5, "quarter": 0.25, "quarters": 0.25, "third": 1 / 3, "thirds": 1 / 3}
_ORDINALS: dict[str, int] = {
    **{
        word: n
        for n, word in enumerate(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
            "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(),
            1,
        )
    },
    "thirtieth": 30,
}
MONTHS: dict[str, int] = {
    name: n
    for n, names in enumerate(
        "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sept|sep october|oct "
        "november|nov december|dec".split(),
        1,
    )
    for name in names.split("|")
}
_LAST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def read_number(words: Sequence[str], at: int = 0) -> Found:
    """Return every number that begins at a place: (place behind it, value).

    Reads cardinals with or without *and* (*one hundred and five*, *a hundred*), decimals (*twenty point five*), halves
    and quarters (*two and a half*, *half*, *three quarters*), a sign (*minus*, *negative*).
    """
    start, sign = at, 1
    if at < len(words) and words[at] in ("minus", "negative"):
        start, sign = at + 1, -1
    found: dict[int, float] = {}
    for end, value in _cardinals(words, start):
        found[end] = value
        for behind, more in _tail(words, end):
            found[behind] = value + more
        if end < len(words) and words[end] in PARTS and words[end].endswith("s") and value:
            found[end + 1] = value * PARTS[words[end]]
    at_part = start + (start < len(words) and words[start] in ("a", "one"))
    if at_part < len(words) and words[at_part] in ("half", "quarter"):
        found[at_part + 1] = PARTS[words[at_part]]
    return [(end, sign * found[end]) for end in sorted(found)]


def _cardinals(words: Sequence[str], at: int) -> Found:
    """Return the cardinals that begin at a place, each longer one a continuation of the one before."""
    found: Found = []
    total, group, bound = 0, -1, 10**15
    # What may follow: any part, or only a unit behind a ten ("twenty five").
    last = 1000
    i = at
    while i < len(words):
        word = words[i]
        if (
            word in ("a", "an")
            and group < 0
            and i + 1 < len(words)
            and (words[i + 1] in ("hundred", "dozen") or words[i + 1] in MAGNITUDES)
        ):
            group, last = 1, 10
        elif word in SMALL and word != "dozen":
            value = SMALL[word]
            if group < 0:
                group = value
            elif (last == 1000 and value < 100) or (last == 20 and 0 < value < 10):
                group += value
            else:
                break
            last = 20 if value >= 20 else 10
            found.append((i + 1, total + group))
        elif word == "dozen" and 0 < group < 100 and not total:
            found.append((i + 1, group * 12))
            break
        elif word == "hundred" and 0 < group < 100:
            group *= 100
            last = 1000
            found.append((i + 1, total + group))
        elif word in MAGNITUDES and group > 0 and bound > MAGNITUDES[word]:
            bound = MAGNITUDES[word]
            total += group * bound
            group, last = -1, 1000
            found.append((i + 1, total))
        elif word == "and" and found and found[-1][0] == i and last == 1000 and i + 1 < len(words):
            following = words[i + 1]
            if following not in SMALL or not SMALL[following]:
                break
        else:
            break
        i += 1
    return found


def _tail(words: Sequence[str], at: int) -> Found:
    """Return what may follow a whole number: *point five*, *and a half*."""
    if at >= len(words):
        return []
    if words[at] == "point":
        found: Found = []
        value, scale, i = 0.0, 0.1, at + 1
        digits = ""
        while i < len(words) and words[i] in SMALL and SMALL[words[i]] < 10:
            digits += str(SMALL[words[i]])
            value, scale, i = float(f"0.{digits}"), scale / 10, i + 1
            found.append((i, value))
        return found
    rest = list(words[at : at + 3])
    if rest[:1] == ["and"] and rest[1:2] in (["a"], ["one"], ["half"]):
        part = rest[2] if rest[1] != "half" and len(rest) > 2 else rest[1]
        if part in ("half", "quarter"):
            return [(at + rest.index(part) + 1, PARTS[part])]
    return []


def read_ordinal(words: Sequence[str], at: int = 0) -> list[tuple[int, int]]:
    """Return every ordinal up to 99 that begins at a place: *fifth*, *twenty first*, *21 st*."""
    found: list[tuple[int, int]] = []
    if at >= len(words):
        return found
    word = words[at]
    if word in _ORDINALS:
        found.append((at + 1, _ORDINALS[word]))
    if at + 1 < len(words):
        follower = words[at + 1]
        if 20 <= SMALL.get(word, 0) < 100 and 0 < _ORDINALS.get(follower, 0) < 10:
            found.append((at + 2, SMALL[word] + _ORDINALS[follower]))
        if word.isdecimal() and follower in ("st", "nd", "rd", "th") and len(word) < 3:
            found.append((at + 2, int(word)))
    return found


def read_date(words: Sequence[str], at: int = 0) -> list[tuple[int, str]]:
    """Return every date that begins at a place, as ISO 8601 (``2024-03-05``, or ``--03-05`` without a year).

    *March 5*, *March the fifth*, *5 March 2024*, *the fifth of March*, *2024 03 05*.
    """
    found: list[tuple[int, str]] = []
    month = MONTHS.get(words[at]) if at < len(words) else None
    if month is not None:
        start = at + 1 + (words[at + 1 : at + 2] == ["the"])
        for end, day in _days(words, start):
            found += _with_year(words, end, month, day)
    else:
        start = at + (words[at : at + 1] == ["the"])
        for end, day in _days(words, start):
            behind = end + (words[end : end + 1] == ["of"])
            named = MONTHS.get(words[behind]) if behind < len(words) else None
            if named is not None:
                found += _with_year(words, behind + 1, named, day)
    found += read_iso(words, at)
    return sorted(set(found))


def read_iso(words: Sequence[str], at: int = 0) -> list[tuple[int, str]]:
    """Return the date of three numbers: year, month, day (``2024-03-05`` as tokens)."""
    part = words[at : at + 3]
    if len(part) == 3 and all(p.isdecimal() for p in part) and len(part[0]) == 4 and len(part[1]) == len(part[2]) == 2:
        month, day = int(part[1]), int(part[2])
        if 1 <= month <= 12 and 1 <= day <= _LAST[month]:
            return [(at + 3, f"{part[0]}-{part[1]}-{part[2]}")]
    return []


def _days(words: Sequence[str], at: int) -> list[tuple[int, int]]:
    found = read_ordinal(words, at)
    if at < len(words) and words[at].isdecimal() and len(words[at]) < 3:
        found.append((at + 1, int(words[at])))
    return [(end, day) for end, day in found if 1 <= day <= 31]


def _with_year(words: Sequence[str], end: int, month: int, day: int) -> list[tuple[int, str]]:
    if day > _LAST[month]:
        return []
    found = [(end, f"--{month:02}-{day:02}")]
    if end < len(words) and words[end].isdecimal() and len(words[end]) == 4:
        found.append((end + 1, f"{words[end]}-{month:02}-{day:02}"))
    return found


def make_number_reader() -> object:
    """Return :func:`read_number`, registered as ``textnorm.en.number.v1``."""
    return read_number


def make_date_reader() -> object:
    """Return :func:`read_date`, registered as ``textnorm.en.date.v1``."""
    return read_date


def make_ordinal_reader() -> object:
    """Return :func:`read_ordinal`, registered as ``textnorm.en.ordinal.v1``."""
    return read_ordinal
