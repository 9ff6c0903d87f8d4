"""Scoring of Lithuanian readings against gold slots: alignment, outcome of each slot, kind of error.

A gold sentence has slots: spans of the written text with all their accepted readings. The text between the slots is
the anchor; it must come out as it went in, except for tokens that are themselves non-standard (digits, acronyms,
initials, abbreviations, signs), which a normalizer may expand or leave. Texts are compared without case and
punctuation. The outcomes and their definitions are those of the development data's scorer, so figures agree with it.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from textnorm.languages.lt.reparsing import numeral_at_head

Outcome = Literal["right", "untouched_ok", "untouched", "wrong_value", "wrong_form", "partial", "misaligned"]
RIGHT: frozenset[Outcome] = frozenset(("right", "untouched_ok"))
Part = tuple[Literal["word", "gap", "slot"], str, int]

_PUNCTUATION = re.compile(r"[.,;:!?„“”\"'’‘ʼ`()\[\]{}<>«»…/\\|_*\-‐‑‒–—−⎯•·]+")
_CAPITALS = "A-ZĄČĘĖĮŠŲŪŽ"
_INITIAL = re.compile(rf"^[„“\"(]*[{_CAPITALS}][a-z]?\.$")
_SIGNS = re.compile(rf"\d|[%‰§€$£°+=<>#@&²³½¼¾×÷±]|^[{_CAPITALS}]{{2,}}|[{_CAPITALS}]{{2,}}(?:-|$)|^[IVXLC]+$")
_EDGES = "„“”\"'()[],;:!?–-"
_ABBREVIATIONS = frozenset(
    """
    a d m p g k r t v y e pvz t.y t.t t.p proc mln mlrd tūkst str kt pan žr plg vad angl lot liet vok pranc rus val min
    sek mėn nr st gim mir prof dr doc hab akad gen plk mjr kpt ltn šv tel faks el vnt egz eur lt dol ct kg km cm mm ha
    kv kub red sud past pav lent skyr sk deš amž pr kr raj sav apskr mst įm kod inž dir pirm pavad vyr jaun b c ir
    """.split()
)


def plain(text: str) -> str:
    """Return a text as it is compared: NFC, small letters, no punctuation, single spaces."""
    folded = unicodedata.normalize("NFC", text).replace("\u00a0", " ").lower()
    return " ".join(_PUNCTUATION.sub(" ", folded).split())


def nonstandard(token: str) -> bool:
    """Return whether a token that no slot covers may be read or left, as the normalizer likes."""
    if _INITIAL.match(token):
        return True
    core = token.strip(_EDGES)
    if not core:
        return False
    if _SIGNS.search(core):
        return True
    return core.endswith(".") and core.rstrip(".").lower() in _ABBREVIATIONS


@dataclass(frozen=True)
class GoldSlot:
    """One non-standard word of a gold sentence.

    Attributes:
        start: first code point in the written text.
        end: the code point behind it.
        accepted: all accepted readings, the preferred first.
        groups: names of the groups that it counts in (``card``, ``card/oblique``).
    """

    start: int
    end: int
    accepted: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class GoldRow:
    """A gold sentence with its slots, left to right."""

    id: str
    text: str
    slots: tuple[GoldSlot, ...]

    def written(self, k: int) -> str:
        """Return what slot ``k`` covers."""
        return self.text[self.slots[k].start : self.slots[k].end]


@dataclass(frozen=True)
class Aligned:
    """What a reading has at the slots of its sentence.

    Attributes:
        found: for each slot its reading, ``None`` where its place could not be found.
        around: the same with the non-standard words that touch the slot.
        anchored: whether all text between the slots came out as it went in.
    """

    found: tuple[str | None, ...]
    around: tuple[str | None, ...]
    anchored: bool


def _parts(row: GoldRow) -> list[Part]:
    """Return words that must stay, gaps that may change, and slots, in order."""
    out: list[Part] = []

    def between(chunk: str) -> None:
        for token in chunk.split():
            if nonstandard(token):
                out.append(("gap", "", -1))
            else:
                out.extend(("word", word, -1) for word in plain(token).split())

    at = 0
    for k, slot in enumerate(row.slots):
        between(row.text[at : slot.start])
        out.append(("slot", "", k))
        at = slot.end
    between(row.text[at:])
    return out


def _any_of(readings: Iterable[str]) -> str:
    forms = sorted({plain(reading) for reading in readings} - {""}, key=lambda form: (-len(form), form))
    return "|".join(map(re.escape, forms)) or "(?!)"


class _Frame:
    """The pattern of all readings that keep a sentence's anchors."""

    def __init__(self, row: GoldRow) -> None:
        self.row = row
        self.parts = _parts(row)
        self.runs: list[int] = []  # for each slot the number of its run of slots and gaps
        run, inside = -1, False
        for kind, _, _ in self.parts:
            if kind != "word" and not inside:
                run += 1
            inside = kind != "word"
            if kind == "slot":
                self.runs.append(run)

    def match(self, reading: str, fixed: dict[int, Sequence[str]]) -> re.Match[str] | None:
        """Match a reading; a slot among ``fixed`` must be one of the given forms, any other may be anything."""
        pattern = ["^"]
        run, last = -1, "word"
        for kind, word, k in self.parts:
            if kind == "word":
                pattern.append(f"{')' if last != 'word' else ''} {re.escape(word)}(?= )")
                last = kind
                continue
            if last == "word":
                run += 1
                pattern.append(f"(?P<run{run}>")
            if kind == "gap":
                if last != "gap":
                    pattern.append(r"(?: .*?)?(?= )")
            elif k in fixed:
                pattern.append(f"(?P<slot{k}> (?:{_any_of(fixed[k])})(?= ))")
            else:
                known = _any_of([*self.row.slots[k].accepted, self.row.written(k)])
                pattern.append(f"(?P<slot{k}> (?:{known})(?= )|(?: .*)?(?= ))")
            last = kind
        pattern.append(")" if last != "word" else "")
        return re.match("".join(pattern) + r" $", f" {plain(reading)} ")

    def align(self, reading: str) -> Aligned:
        """Find the slots in a reading: all of them right, else each at its best, else by the nearest anchors."""
        slots = self.row.slots
        accepted: dict[int, Sequence[str]] = {k: slot.accepted for k, slot in enumerate(slots)}
        whole = self.match(reading, accepted)
        if whole is not None:
            return self._read(whole)
        loose = self.match(reading, {})
        if loose is None:
            return self._by_common_words(reading)
        first = self._read(loose)
        found = list(first.found)
        for k, slot in enumerate(slots):
            if found[k] in {plain(form) for form in slot.accepted}:
                continue
            # Slots side by side share their text in more than one way: credit one that can be right.
            for forms in (slot.accepted, [self.row.written(k)]):
                again = self.match(reading, {k: forms})
                if again is not None:
                    found[k] = (again[f"slot{k}"] or "").strip()
                    break
        return Aligned(tuple(found), first.around, True)

    def _read(self, match: re.Match[str]) -> Aligned:
        slots = range(len(self.row.slots))
        found = tuple((match[f"slot{k}"] or "").strip() for k in slots)
        around = tuple(match[f"run{self.runs[k]}"] or "" for k in slots)
        return Aligned(found, around, True)

    def _by_common_words(self, reading: str) -> Aligned:
        """Place the slots between the nearest words that source and reading have in common."""
        source = [word if kind == "word" else f"\0{i}" for i, (kind, word, _) in enumerate(self.parts)]
        said = plain(reading).split()
        place: dict[int, int] = {}
        for block in difflib.SequenceMatcher(None, source, said, autojunk=False).get_matching_blocks():
            place.update((block.a + i, block.b + i) for i in range(block.size))
        words = [i for i, part in enumerate(self.parts) if part[0] == "word"]
        found: list[str | None] = []
        for k, slot in enumerate(self.row.slots):
            at = next(i for i, part in enumerate(self.parts) if part[2] == k)
            left = max((i for i in words if i < at), default=None)
            right = min((i for i in words if i > at), default=None)
            low = -1 if left is None else place.get(left)
            high = len(said) if right is None else place.get(right)
            if low is None or high is None or high < low:
                found.append(None)
                continue
            middle = " ".join(said[low + 1 : high])
            alone = (-1 if left is None else left) == at - 1 and (len(self.parts) if right is None else right) == at + 1
            inside = None if alone else re.search(rf"(?:^| )({_any_of(slot.accepted)})(?: |$)", middle)
            found.append(inside[1] if inside else middle)
        return Aligned(tuple(found), tuple(found), False)


def align(row: GoldRow, reading: str) -> Aligned:
    """Find what a reading of ``row.text`` has at its slots."""
    return _Frame(row).align(reading)


#: Beginnings of number words and their values; ``/n``: a share. The first that fits counts.
_VALUES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(f"^(?:{stem})"), value)
    for stem, value in (
        ("vienuolik", "11"), ("dvylik", "12"), ("trylik", "13"), ("keturiolik", "14"), ("penkiolik", "15"),
        ("šešiolik", "16"), ("septyniolik", "17"), ("aštuoniolik", "18"), ("devyniolik", "19"), ("dvidešim", "20"),
        ("trisdešim", "30"), ("keturiasdešim", "40"), ("penkiasdešim", "50"), ("šešiasdešim", "60"),
        ("septyniasdešim", "70"), ("aštuoniasdešim", "80"), ("devyniasdešim", "90"),
        ("trečdal", "/3"), ("ketvirtadal", "/4"), ("penktadal", "/5"), ("dešimtadal", "/10"), ("šimtadal", "/100"),
        ("dvidešimtadal", "/20"),
        ("dešimt(?!met)|dešimč", "10"), ("šimt", "100"), ("tūkstan|tūkst$", "1000"), ("milijon|mln$", "1000000"),
        ("milijard|mlrd$", "1000000000"), ("nul", "0"), ("pirm(?!en)", "1"),
        ("vien(?:as|a|o|os|am|ai|ą|u|ame|oje|uo|eri|erių|eriems|erius|eriais|eriuose|eros|erias|erioms|eriomis|eriose"
         "|oms|omis|us|ais|iems|uose|ose|ų)$", "1"),
        ("antr(?!ad)", "2"),
        (r"(?:du|dvi|dviej\w*|dviem|dvejų|dveji|dvejus|dvejiems|dvejais|dvejos|dvejas|dvej(?:uose|ose|oms|omis))$",
         "2"),
        (r"(?:trys|tris|trijų|trims|trimis|trijuose|trijose|trej\w+|treči(?!ad)\w*|tret\w+)$", "3"),
        ("keturi|ketver|ketvirt", "4"), ("penk(?!tad)", "5"), ("šeš(?!tad)", "6"), ("septyn|septint", "7"),
        ("aštuon|aštunt", "8"), ("devyn|devint", "9"),
    )
)  # fmt: skip


def values(text: str) -> list[str]:
    """Return the values of a text's number words in order; *vienas* before šimtas and tūkstantis is silent."""
    out: list[str] = []
    for word in plain(text).split():
        if "adien" in word:  # days of the week
            continue
        for pattern, value in _VALUES:
            if pattern.match(word):
                if value in ("100", "1000") and out[-1:] == ["1"]:
                    out.pop()
                out.append(value)
                break
    return out


def _contains(whole: list[str], part: list[str]) -> bool:
    return any(whole[i : i + len(part)] == part for i in range(len(whole)))


def judge(
    found: str | None, written: str, accepted: Sequence[str], around: str | None = None, *, strict: bool = False
) -> Outcome:
    """Return the outcome of one slot.

    Args:
        found: what the reading has there, ``None`` where its place is lost.
        written: what the source has there.
        accepted: the accepted readings.
        around: what the reading has there together with the non-standard words that touch the slot.
        strict: a slot left as written never counts as right.
    """
    if found is None:
        return "misaligned"
    forms = {plain(form) for form in accepted}
    if found == plain(written):
        return "untouched_ok" if found in forms and not strict else "untouched"
    if found in forms:
        return "right"
    digits = set(re.findall(r"\d", found))
    if digits:
        return "partial" if digits <= set(re.findall(r"\d", written)) else "wrong_value"
    wanted = [values(form) for form in accepted]
    if not any(wanted):
        return "wrong_form"
    heard = values(around if around is not None else found)
    if around is None or plain(around) == found:
        return "wrong_form" if heard in wanted else "wrong_value"
    return "wrong_form" if any(want and _contains(heard, want) for want in wanted) else "wrong_value"


#: Kinds of error, the worst first.
ERRORS = ("wrong value", "over-read", "left unread", "wrong ending", "other words", "lost")
#: Letters that two forms of one word share at least at their beginning.
_STEM = 3


def error_kind(outcome: Outcome, found: str | None, written: str, accepted: Sequence[str]) -> str | None:
    """Return the kind of error of a slot, ``None`` for a right one.

    *wrong value*: another number; *over-read*: gold accepts the written form and it was read as something else; *left
    unread*: digits or the written form are still there; *wrong ending*: word by word the same as an accepted reading
    but for endings (case, gender, number, series, definiteness); *other words*: the right number in other words (an
    ordinal for a cardinal, another unit); *lost*: the words around the slot did not come out as they went in.
    """
    if outcome in RIGHT:
        return None
    if outcome == "misaligned" or found is None:
        return "lost"
    if outcome == "wrong_value":
        return "wrong value"
    if plain(written) in {plain(form) for form in accepted} and outcome != "untouched":
        return "over-read"
    if outcome in ("untouched", "partial"):
        return "left unread"
    return "wrong ending" if any(_same_but_endings(found, form) for form in accepted) else "other words"


def _same_but_endings(one: str, other: str) -> bool:
    """Whether two readings have the same numeral and, word by word, the same stems behind it."""
    mine, theirs = numeral_at_head(plain(one)), numeral_at_head(plain(other))
    if mine is None or theirs is None:
        return _same_stems(plain(one), plain(other))
    return mine[0] == theirs[0] and _same_stems(mine[1], theirs[1])


def _same_stems(one: str, other: str) -> bool:
    pairs = [one.split(), other.split()]
    return len(pairs[0]) == len(pairs[1]) and all(
        a == b or (a[:_STEM] == b[:_STEM] and values(a) == values(b)) for a, b in zip(*pairs, strict=True)
    )
