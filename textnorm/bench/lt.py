"""``textnorm bench lt``: how right, how safe and how fast Lithuanian is read out.

Data: ``lt/roundtrip_*.jsonl`` (numerals that authors spelled out, put back into digits), ``lt/nsw_gold_*.jsonl``
(sentences with all accepted readings of each non-standard word), ``lt/text_*.txt.gz`` (running text, one sentence a
line). At least one gold set is needed; texts are used where they are.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textnorm.bench.lt_score import (
    ERRORS,
    RIGHT,
    GoldRow,
    GoldSlot,
    Outcome,
    align,
    error_kind,
    judge,
    nonstandard,
    plain,
)
from textnorm.bench.report import Report, Row, cpu_time, data_folder, share
from textnorm.config import load
from textnorm.errors import DataError, UsageError
from textnorm.pipeline import Pipeline

GOLD = ("roundtrip_*.jsonl", "nsw_gold_*.jsonl")
TEXTS = "text_*.txt.gz"
#: The text on which speed and the share of changed plain sentences are measured.
NEWS = "text_news.txt.gz"
PIPELINE = "lt-speech"
SAFE = "lt-speech-safe"
ALL = "ALL"
MUST_CHANGE = "must change"
_ADDRESS = re.compile(r"\w\.\w|://|@")
#: Code points of a text that are read at a time.
BATCH = 2_000_000
#: Sentences before the clock starts: they load what is loaded once, whatever the size of the text.
WARM_UP = ["Nuo 2015 m. sausio 5 d. dirbo 12 žmonių."]


@dataclass
class Score:
    """Counts over one gold set.

    Attributes:
        rows: sentences.
        exact: sentences in which everything is right.
        anchored: sentences whose text between the slots came out as it went in.
        outcomes: outcomes of slots by group, with `ALL` and `MUST_CHANGE`.
        errors: kinds of error of all slots.
    """

    rows: int = 0
    exact: int = 0
    anchored: int = 0
    outcomes: dict[str, Counter[Outcome]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, row: GoldRow, reading: str, *, strict: bool = False) -> None:
        """Score the reading of one sentence."""
        aligned = align(row, reading)
        exact = aligned.anchored
        for k, slot in enumerate(row.slots):
            written = row.written(k)
            outcome = judge(aligned.found[k], written, slot.accepted, aligned.around[k], strict=strict)
            exact = exact and outcome in RIGHT
            must = plain(written) not in {plain(form) for form in slot.accepted}
            for group in (*slot.groups, ALL, *([MUST_CHANGE] if must else [])):
                self.outcomes.setdefault(group, Counter())[outcome] += 1
            kind = error_kind(outcome, aligned.found[k], written, slot.accepted)
            if kind is not None:
                self.errors[kind] += 1
        self.rows += 1
        self.exact += exact
        self.anchored += aligned.anchored

    def right(self, group: str) -> tuple[int, int]:
        """Return how many slots of a group are right, and how many it has."""
        counts = self.outcomes.get(group, Counter())
        return sum(counts[outcome] for outcome in RIGHT), counts.total()

    def read(self) -> tuple[int, int, int]:
        """Of the slots that had to change: how many were read and are right, how many were read, how many there are.

        A slot whose place is lost counts as read: what stands there is not known to be the written form.
        """
        counts = self.outcomes.get(MUST_CHANGE, Counter())
        total = counts.total()
        return counts["right"], total - counts["untouched"] - counts["partial"], total


def read_gold(path: Path) -> Iterator[GoldRow]:
    """Yield the sentences of a gold set of either kind.

    Raises:
        DataError: a line is no JSON object or lacks a field; names file and line.
    """
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                yield _gold_row(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                msg = f"{path}, line {number}: no row of gold: {type(error).__name__}: {error}"
                raise DataError(msg) from error


def _gold_row(item: dict[str, Any]) -> GoldRow:
    if "nsw" in item:
        marks = [(x["start"], x["end"], x["accepted"], x["class"]) for x in item["nsw"]]
    else:
        marks = [(*item["wspan"], item["accepted"], item["kind"])]
    slots = tuple(
        GoldSlot(int(start), int(end), tuple(accepted), _groups(item, str(kind)))
        for start, end, accepted, kind in marks
    )
    return GoldRow(str(item["id"]), " ".join(str(item["text" if "nsw" in item else "written"]).split("\n")), slots)


def _groups(item: dict[str, Any], kind: str) -> tuple[str, ...]:
    groups = [kind]
    if item.get("style"):
        groups.append(f"{kind}/{item['style']}")
    if kind == "card" and item.get("case") not in (None, "any") and "nom" not in item["case"]:
        groups.append("card/oblique")
    if "inflected" in item:
        groups.append(f"{kind}/{'inflected' if item['inflected'] else 'uninflected'}")
    return tuple(groups)


def score(rows: Sequence[GoldRow], read: Callable[[list[str]], list[str]], *, strict: bool = False) -> Score:
    """Score what ``read`` makes of the sentences; ``strict``: a slot left as written is never right."""
    found = Score()
    for row, reading in zip(rows, read([row.text for row in rows]), strict=True):
        found.add(row, reading, strict=strict)
    return found


def reading_of(nlp: Pipeline) -> Callable[[list[str]], list[str]]:
    """Return the function that reads texts with a pipeline."""
    return lambda texts: nlp.edits(texts).apply(texts)


def gold_sets(folder: Path) -> list[Path]:
    """Return the gold sets of a data folder.

    Raises:
        UsageError: there is none.
    """
    found = [path for pattern in GOLD for path in sorted((folder / "lt").glob(pattern))]
    if not found:
        msg = f"The data folder {folder} lacks lt/{GOLD[0]} and lt/{GOLD[1]}; this benchmark needs at least one."
        raise UsageError(msg)
    return found


def run(data: Path | None) -> Report:
    """Measure the pipeline ``lt-speech``; see the head of this module.

    Raises:
        UsageError: no data folder, or one without a gold set.
        DataError: a row of gold that cannot be read.
    """
    folder = data_folder(data)
    sets = gold_sets(folder)
    nlp, careful = load(PIPELINE), load(SAFE)
    report = Report("lt")
    for path in sets:
        rows = list(read_gold(path))
        found = score(rows, reading_of(nlp))
        _gold_figures(report, path.stem, found)
        if path.name.startswith("nsw"):
            strict = score(rows, reading_of(nlp), strict=True)
            note = "a non-standard word left as written is never right"
            report.add(share(path.stem, "lt", f"right: {ALL}, strict", *strict.right(ALL), note=note))
        right, read, must = score(rows, reading_of(careful)).read()
        report.add(share(path.stem, "lt", f"{SAFE}: read", read, must, note="of the slots that must change"))
        report.add(share(path.stem, "lt", f"{SAFE}: right of read", right, read))
    for path in sorted((folder / "lt").glob(TEXTS)):
        _text_figures(report, path, nlp)
    report.notes += [
        f"Pipeline {PIPELINE} unless another is named. Intervals: Wilson, 95 %. 'right: CLASS/TYPE': a part of CLASS.",
        "roundtrip: numerals that authors spelled out, put back into digits; mostly law. nsw_gold: sentences with all",
        "accepted readings of each non-standard word; acronyms may stay where that is accepted. Sets named 'dev' were",
        "seen while rules were written, so their figures are not blind. errors: share of all slots.",
        "Plain sentences have no digit, sign, acronym, initial, address or abbreviation (by a list, not by our rules);",
        "changes of white space alone are repairs and do not count.",
    ]
    return report


def _gold_figures(report: Report, name: str, found: Score) -> None:
    for group in sorted(found.outcomes, key=lambda group: (group in (ALL, MUST_CHANGE), group)):
        counts = found.outcomes[group]
        bad = [f"{count} {outcome.replace('_', ' ')}" for outcome, count in counts.items() if outcome not in RIGHT]
        report.add(share(name, "lt", f"right: {group}", *found.right(group), note=", ".join(sorted(bad))))
    report.add(share(name, "lt", "sentences right", found.exact, found.rows))
    report.add(share(name, "lt", "anchors kept", found.anchored, found.rows))
    for kind in ERRORS:
        report.add(share(name, "lt", f"errors: {kind}", found.errors[kind], found.outcomes[ALL].total()))


def lines_of(path: Path, size: int = BATCH) -> Iterator[list[str]]:
    """Yield the lines of a gzipped text, about ``size`` code points at a time."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
        while lines := stream.readlines(size):
            yield [line.rstrip("\n") for line in lines]


def is_plain(sentence: str) -> bool:
    """Return whether a sentence has words but no non-standard one, addresses on the net included."""
    tokens = sentence.split()
    return bool(tokens) and not any(nonstandard(token) or _ADDRESS.search(token) for token in tokens)


def unsafe(source: str, reading: str) -> bool:
    """Return whether a reading shows template marks that its source lacks, or brackets that no longer balance."""
    leaked = any(reading.count(sign) > source.count(sign) for sign in "{}<>")
    return leaked or any(
        reading.count(left) - reading.count(right) != source.count(left) - source.count(right)
        for left, right in ("()", "[]", "{}", "„“")
    )


def _text_figures(report: Report, path: Path, nlp: Pipeline) -> None:
    name = path.name.removesuffix(".txt.gz")
    counts: Counter[str] = Counter()
    fresh = load(PIPELINE)  # remembers nothing yet
    fresh.edits(WARM_UP)
    first = again = 0.0
    for lines in lines_of(path):
        with cpu_time() as clock:
            readings = fresh.edits(lines).apply(lines)
        first += clock.seconds
        with cpu_time() as clock:
            fresh.edits(lines).apply(lines)
        again += clock.seconds
        counts["lines"] += len(lines)
        counts["characters"] += sum(len(line) + 1 for line in lines)
        counts["twice"] += sum(a != b for a, b in zip(readings, nlp.edits(readings).apply(readings), strict=True))
        for source, reading in zip(lines, readings, strict=True):
            counts["unsafe"] += source != reading and unsafe(source, reading)
            counts["digits"] += any(map(str.isdigit, reading))
            if is_plain(source):
                counts["plain"] += 1
                # Repairs of white space are no readings.
                counts["plain changed"] += source.split() != reading.split()
    if path.name == NEWS:
        report.add(share(name, "lt", "plain sentences changed", counts["plain changed"], counts["plain"]))
    report.add(share(name, "lt", "twice is not once", counts["twice"], counts["lines"]))
    report.add(share(name, "lt", "leaked or unbalanced", counts["unsafe"], counts["lines"]))
    report.add(share(name, "lt", "digits left", counts["digits"], counts["lines"]))
    for measure, seconds, note in (
        ("chars_per_cpu_s", first, "first pass over the text; edits made and applied"),
        ("chars_per_cpu_s, again", again, "second pass: readings are remembered"),
    ):
        rate = counts["characters"] / seconds if seconds else 0.0
        report.add(Row(name, "lt", measure, rate, counts["characters"], note=note))
