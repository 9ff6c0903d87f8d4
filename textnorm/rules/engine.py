"""The fast rule engine and its plain reference.

Both give the same edits. At each place where a token starts, left to right, the rules are tried in order of priority;
of the matching rules of the highest priority the longest match wins, and the search goes on behind it.

The fast engine joins a batch into one buffer, finds in one linear-time scan the places where some rule may start, asks
one automaton which rules can match there, verifies those exactly, and remembers readings by (rule, surface, context).
The reference tries every rule at every place and remembers nothing; property tests hold the two to the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from textnorm.edits import Edit, Edits, EditsBuilder
from textnorm.errors import RulePackError
from textnorm.rules.pack import REACH, Rule, RulePack
from textnorm.rules.pattern import may_start_with
from textnorm.rules.reading import Abstain, NotThisRule, Reader, Request
from textnorm.rules.scan import PrefixSet, make_scanner
from textnorm.rules.template import Slot

IntArray = npt.NDArray[np.int64]
#: Row, start and end of windows, in step.
Windows = tuple[list[int], list[int], list[int]]

_JOINING = frozenset("-/_=&+")
_INNER = frozenset(".,:/-–−")
_MEMO = 1 << 17
_OPENING = frozenset("„\"“«'(")
_CLOSING = frozenset("\"'“”»’)]")


class Reading(NamedTuple):
    """What a rule says of a match: ``text`` is ``None`` where it abstains or keeps."""

    text: str | None
    confidence: float
    value: Any


class Hit(NamedTuple):
    """One rule's match at a place, read."""

    rule: Rule
    end: int
    reading: Reading


#: Readings of one rule by surface, context and groups.
_Memo = dict[tuple[str, Any, tuple[str | None, ...]], Reading | None]


def starts_token(text: str, p: int) -> bool:
    """Return whether a match may start at ``p``: not inside a word, nor inside what hyphens or ``. , : /`` join."""
    if p == 0 or not text[p].isalnum():
        return True
    before = text[p - 1]
    if before.isalnum() or before == "_":
        return False
    if before not in _INNER or p < 2:
        return True
    if before == "-":
        return not text[p - 2].isalnum()
    return not text[p].isdigit() or not (text[p - 2].isdigit() or (before == "/" and text[p - 2].isalpha()))


def ends_token(text: str, e: int) -> bool:
    """Return whether a match may end at ``e``: not inside a word, joined digits, or before a written ending."""
    if e >= len(text):
        return True
    last, after = text[e - 1], text[e]
    if "\u0300" <= after <= "\u036f":
        return False
    if not last.isalnum():
        return not (last in _JOINING and after.isalnum())
    if after.isalnum() or after == "_":
        return False
    if after not in _INNER or e + 1 >= len(text):
        return True
    beyond = text[e + 1]
    if last.isdigit():
        return not (beyond.isdigit() or (after in "-–" and beyond.isalpha()))
    return not (after == "-" and beyond.isalpha())


def next_sentence(text: str, e: int) -> str | None:
    """Return the capitalised word behind ``e``; ``""`` at the end of the text or line, ``None`` for anything else."""
    while e < len(text) and text[e] in _CLOSING:
        e += 1
    if e >= len(text) or text[e] in "\r\n":
        return ""
    if not text[e].isspace():
        return None
    while e < len(text) and (text[e].isspace() or text[e] in _OPENING):
        e += 1
    if e >= len(text):
        return ""
    if not text[e].isupper():
        return None
    stop = e + 1
    while stop < len(text) and stop < e + REACH and text[stop].isalpha():
        stop += 1
    return text[e:stop]


def sentence_starts(text: str, p: int) -> bool:
    """Return whether a sentence starts at ``p``: the text or a line does, or a full stop that ends a word is before."""
    while p and text[p - 1] in _OPENING:
        p -= 1
    if p == 0 or text[p - 1] in "\r\n":
        return True
    if p > 1 and text[p - 1] == " " and text[p - 2].isalnum():
        return False  # nearly always
    if not text[p - 1].isspace():
        return False
    while p and text[p - 1].isspace():
        p -= 1
    while p and text[p - 1] in _CLOSING:
        p -= 1
    if p == 0 or text[p - 1] in "!?…":
        return True
    # A word of four letters or more before the full stop is hardly an abbreviation.
    return text[p - 1] == "." and p > 4 and text[p - 5 : p - 1].isalpha()


class ReferenceEngine:
    """Every rule at every place. Slow and plain: the definition of what the fast engine must give."""

    def __init__(self, pack: RulePack, reader: Reader, *, min_confidence: float = 0.0) -> None:
        self.pack = pack
        self.reader = reader
        self.min_confidence = min_confidence
        self.rules = pack.rules
        check_slots(pack, reader)

    def edits(self, texts: Sequence[str]) -> Edits:
        """Return the edits of each text."""
        builder = EditsBuilder()
        for text in texts:
            builder.add_row(self._row(text))
        return builder.build()

    def hits(self, text: str) -> Iterator[tuple[int, Hit]]:
        """Yield where each rule wins in ``text``, left to right: its start and the hit, kept spans included."""
        p = 0
        while p < len(text):
            hit = self.at(text, p) if starts_token(text, p) else None
            if hit is None:
                p += 1
                continue
            yield p, hit
            p = hit.end

    def _row(self, text: str) -> Iterator[Edit]:
        for start, hit in self.hits(text):
            edit = make_edit(hit, start)
            if edit is not None:
                yield edit

    def at(self, text: str, p: int) -> Hit | None:
        """Return the winning rule at ``p``, or ``None``."""
        return self.best(text, p, range(len(self.rules)))

    def best(self, text: str, p: int, candidates: Sequence[int]) -> Hit | None:
        """Return the winner among ``candidates`` (ascending indices of rules, so in order of priority)."""
        stop = p + REACH
        found: Hit | None = None
        for k in candidates:
            rule = self.rules[k]
            if found is not None and rule.priority < found.rule.priority:
                break
            match = rule.exact.match(text, p, stop)
            if match is None:
                continue
            end = match.end()
            if end == p or (found is not None and end <= found.end):
                continue
            if rule.boundary and not ends_token(text, end):
                continue
            reading = self.read(rule, match, text, p, end)
            if reading is not None:
                found = Hit(rule, end, reading)
        return found

    def read(self, rule: Rule, match: Any, text: str, start: int, end: int) -> Reading | None:
        """Return the reading of one match, ``None`` where a function says that the match is not its rule's."""
        groups = {name: value for name, value in match.groupdict().items() if value is not None}
        context = self.reader.context(text, start, end) if rule.context else None
        reading = self.compose(rule, text[start:end], groups, context)
        return reading and self._finish(reading, rule, text, start, end)

    def _finish(self, reading: Reading, rule: Rule, text: str, start: int, end: int) -> Reading:
        """Give back what belongs to the sentence and not to the word: its full stop, first capital and white space."""
        reading = self._with_stop(reading, rule, text, end)
        spoken = reading.text
        if not spoken:
            return reading
        if spoken[0].islower() and not text[start].islower() and sentence_starts(text, start):
            spoken = spoken[0].upper() + spoken[1:]
        # Signs may touch a word ("Nr.5", "5%nuolaida"); words may not.
        if start and text[start - 1].isalnum() and spoken[0].isalnum():
            spoken = " " + spoken
        if end < len(text) and text[end].isalnum() and spoken[-1].isalnum():
            spoken += " "
        return reading if spoken == reading.text else Reading(spoken, reading.confidence, reading.value)

    def _with_stop(self, reading: Reading, rule: Rule, text: str, end: int) -> Reading:
        # The full stop of an abbreviation is also the sentence's where one ends: it is given back, once.
        if reading.text is None or rule.final_stop == "never" or text[end - 1] != "." or text[end : end + 1] == ".":
            return reading
        if reading.text.endswith("."):  # a short form that stays has its own
            return reading
        word = next_sentence(text, end)
        if word is None or (word and rule.final_stop == "auto" and not self.reader.starts_sentence(word)):
            return reading
        return Reading(reading.text + ".", reading.confidence, reading.value)

    def compose(self, rule: Rule, surface: str, groups: Mapping[str, str], context: Any) -> Reading | None:
        """Fill the template of a rule."""
        if rule.action == "keep":
            return Reading(None, rule.confidence, None)
        if rule.action == "abstain":
            return Reading(None, rule.confidence, {"abstained": True, "why": rule.note or "the rule abstains"})
        request = Request(rule, surface, groups, context, self.pack.tables)
        functions = self.reader.functions
        try:
            parts = [
                functions[part.function](request, part.text or groups[part.group], part.args)
                if isinstance(part, Slot)
                else part
                for part in rule.reading
                # A slot whose group took no part in the match is silent.
                if isinstance(part, str) or part.text or part.group in groups
            ]
        except NotThisRule:
            return None
        except Abstain as reason:
            return Reading(None, self._confidence(request), {"abstained": True, "why": str(reason)})
        except Exception as error:
            error.rule = rule.id  # type: ignore[attr-defined] # for whoever sets the row aside
            raise
        value: dict[str, Any] = {}
        if request.why:
            value["why"] = request.why[0] if len(request.why) == 1 else "; ".join(dict.fromkeys(request.why))
        if request.alternatives:
            value["alternatives"] = list(dict.fromkeys(request.alternatives))
        if request.grammar:
            value["grammar"] = request.grammar
        spoken = " ".join("".join(parts).split())
        confidence = self._confidence(request)
        if confidence < self.min_confidence:
            return Reading(None, confidence, self._doubt(confidence, spoken, value))
        return Reading(spoken, confidence, value or None)

    def _confidence(self, request: Request) -> float:
        """Return what the reader's confidence is worth, at most what the rule allows."""
        rule, calibration = request.rule, self.pack.calibration
        confidence = request.confidence if calibration is None else calibration(rule.label, request.confidence)
        return min(rule.confidence, confidence)

    def _doubt(self, confidence: float, spoken: str, value: dict[str, Any]) -> dict[str, Any]:
        """Return the value of the annotation that stands where a reading is not sure enough."""
        why = f"confidence {confidence:.2f} is below {self.min_confidence:.2f}"
        return {
            **value,
            "abstained": True,
            "why": f"{why}; {value['why']}" if "why" in value else why,
            "alternatives": list(dict.fromkeys([spoken, *value.get("alternatives", ())])),
        }


class FastEngine(ReferenceEngine):
    """The same edits from one scan a batch, exact tries only where a rule can match, and remembered readings."""

    def __init__(self, pack: RulePack, reader: Reader, scanner: str = "auto", *, min_confidence: float = 0.0) -> None:
        super().__init__(pack, reader, min_confidence=min_confidence)
        self.scanner_kind = scanner
        self._build()

    def _build(self) -> None:
        self._scanner = make_scanner([rule.derived.head for rule in self.rules], self.scanner_kind)
        self._prefixes = PrefixSet([rule.derived.full for rule in self.rules], self.scanner_kind)
        # What a try needs of each rule, and the memo of its readings.
        self._tries = [(rule.exact.match, rule.priority, rule.boundary, rule) for rule in self.rules]
        self._memos: dict[str, _Memo] = {rule.id: {} for rule in self.rules}
        self._remembered = 0
        # Many windows end in the space behind a word, where hardly any pack has a rule that starts.
        self._space_starts = any(may_start_with(rule.pattern, " ") for rule in self.rules)

    def __getstate__(self) -> dict[str, Any]:
        kept = ("pack", "reader", "rules", "scanner_kind", "min_confidence")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._build()

    def windows(self, texts: Sequence[str]) -> Windows:
        """Return ``(row, start, end)`` lists of the places, in code points of each row, where a rule may start."""
        joined = "\n".join(texts)
        # A lone surrogate has no UTF-8 form; '?' keeps its place and the exact patterns see the truth.
        buffer = joined.encode("utf-8", "replace")
        spans = self._scanner.scan(buffer)
        if not len(spans):
            return [], [], []
        points = spans.ravel()
        if len(buffer) != len(joined):
            points = _code_points(buffer, points)
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1
        begins = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        starts, ends = points[0::2], points[1::2]
        rows = np.searchsorted(begins, starts, side="right") - 1
        if (ends > begins[rows + 1]).any():
            # A widened class took the separator in: such a window goes on in the next row.
            return _split_windows(starts, ends, rows, begins)
        return rows.tolist(), (starts - begins[rows]).tolist(), (ends - begins[rows]).tolist()

    def edits(self, texts: Sequence[str]) -> Edits:
        """Return the edits of each text."""
        rows: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        replacements: list[str | None] = []
        labels: list[str] = []
        rules: list[str] = []
        confidences: list[float] = []
        values: list[Any] = []
        at, space_starts = self.at, self._space_starts
        current, text, size, done = -1, "", 0, 0
        for row, start, end in zip(*self.windows(texts), strict=True):
            if row != current:
                current, text, done = row, texts[row], 0
                size = len(text)
            p = start if start > done else done
            if end > size:
                end = size
            while p < end:
                if text[p] == " " and not space_starts:
                    p += 1
                    continue
                hit = at(text, p) if starts_token(text, p) else None
                if hit is None:
                    p += 1
                    continue
                rule, done, reading = hit
                if reading.text is not None or reading.value is not None:
                    rows.append(row)
                    starts.append(p)
                    ends.append(done)
                    replacements.append(reading.text)
                    labels.append(rule.label)
                    rules.append(rule.id)
                    confidences.append(reading.confidence)
                    values.append(reading.value)
                p = done
        return Edits.in_order(len(texts), rows, starts, ends, replacements, labels, rules, confidences, values)

    def at(self, text: str, p: int) -> Hit | None:
        """Return the winning rule at ``p``, or ``None``."""
        candidates = self._prefixes.match(text[p : p + REACH].encode("utf-8", "replace"))
        return self.best(text, p, candidates) if candidates else None

    def best(self, text: str, p: int, candidates: Sequence[int]) -> Hit | None:
        """As the reference, with what each try needs at hand."""
        stop = p + REACH
        longest = p
        found: Hit | None = None
        least = 0
        tries = self._tries
        for k in candidates:
            match_at, priority, boundary, rule = tries[k]
            if found is not None and priority < least:
                break
            match = match_at(text, p, stop)
            if match is None:
                continue
            end = match.end()
            if end <= longest or (boundary and not ends_token(text, end)):
                continue
            reading = self.read(rule, match, text, p, end)
            if reading is not None:
                found, longest, least = Hit(rule, end, reading), end, priority
        return found

    def read(self, rule: Rule, match: Any, text: str, start: int, end: int) -> Reading | None:
        """As the reference, with a memo: a reading depends on rule, surface, groups and context alone."""
        context = self.reader.context(text, start, end) if rule.context else None
        key = (text[start:end], context, match.groups())
        memo = self._memos[rule.id]
        reading = memo.get(key)
        if reading is None and key not in memo:
            present = {name: value for name, value in match.groupdict().items() if value is not None}
            reading = self.compose(rule, key[0], present, context)
            self._remembered += 1
            if self._remembered > _MEMO:
                self._forget()
            memo[key] = reading
        return reading and self._finish(reading, rule, text, start, end)

    def _forget(self) -> None:
        for memo in self._memos.values():
            memo.clear()
        self._remembered = 1


def make_edit(hit: Hit, start: int) -> Edit | None:
    """Return the edit of a hit; ``None`` for a span that a rule keeps."""
    reading, rule = hit.reading, hit.rule
    if reading.text is None and reading.value is None:
        return None
    return Edit(start, hit.end, reading.text, rule.label, rule.id, reading.confidence, reading.value)


def check_slots(pack: RulePack, reader: Reader) -> None:
    """Hold every template against the reader.

    Raises:
        RulePackError: a slot uses a function that the reader lacks, or arguments that make no sense to it.
    """
    for rule in pack.rules:
        for part in rule.reading:
            if not isinstance(part, Slot):
                continue
            if part.function not in reader.functions:
                known = ", ".join(sorted(reader.functions))
                msg = f"{rule.source}, rule '{rule.id}': no reading function '{part.function}'. Known: {known}."
                raise RulePackError(msg)
            try:
                reader.check_args(part, rule, pack.tables)
            except ValueError as error:
                msg = f"{rule.source}, rule '{rule.id}': {error}"
                raise RulePackError(msg) from error


def _split_windows(starts: IntArray, ends: IntArray, rows: IntArray, begins: IntArray) -> Windows:
    """Cut windows that reach over several rows into one for each row."""
    out: Windows = ([], [], [])
    for start, end, row in zip(starts.tolist(), ends.tolist(), rows.tolist(), strict=True):
        at = row
        while at + 1 < len(begins) and begins[at] < end:
            begin = int(begins[at])
            out[0].append(at)
            out[1].append(max(0, start - begin))
            out[2].append(min(end, int(begins[at + 1])) - begin)
            at += 1
    return out


def _code_points(buffer: bytes, offsets: IntArray) -> IntArray:
    """Turn byte offsets of UTF-8 into code point offsets."""
    # Continuation bytes, 0x80 to 0xBF, are the lowest quarter of signed bytes.
    continuing = np.flatnonzero(np.frombuffer(buffer, dtype=np.int8) < -64)
    return np.asarray(offsets - np.searchsorted(continuing, offsets), dtype=np.int64)
