"""Chunks through a pipeline: documents kept whole, bad rows set aside or fatal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from textnorm.arrow import Outcome, outcome
from textnorm.errors import DataError
from textnorm.pipeline import Pipeline, document_runs
from textnorm.streaming.added import Added, Normed, NormedLists, combined
from textnorm.streaming.chunks import Chunk

#: Called with each chunk that is done.
OnChunk = Callable[[Chunk, Outcome], None]
COUNTS = ("rows", "changed", "unchanged", "abstained", "quarantined", "null", "edits")


@dataclass
class Tally:
    """What was done.

    Attributes:
        rows: rows read.
        changed, unchanged, abstained, quarantined, null: rows by what became of them.
        edits: edits made.
        replaced: rows in which invalid UTF-8 was replaced.
        lost: rows that cannot be read at all, so that they are not in the output.
    """

    rows: int = 0
    changed: int = 0
    unchanged: int = 0
    abstained: int = 0
    quarantined: int = 0
    null: int = 0
    edits: int = 0
    replaced: int = 0
    lost: int = 0

    def add_all(self, chunk: Chunk, added: Sequence[Added]) -> None:
        """Count one chunk over all steps: of several states of a row the gravest counts."""
        self.rows += chunk.rows
        self.replaced += chunk.replaced
        self.edits += sum(one.got.edits.count for one in added if isinstance(one, Normed | NormedLists))
        for status, n in Counter(combined(added)).items():
            if status is not None:
                setattr(self, status, getattr(self, status) + n)
        self.null = self.rows - self.changed - self.unchanged - self.abstained - self.quarantined

    def add(self, chunk: Chunk, got: Outcome) -> None:
        """Count one chunk."""
        self.rows += chunk.rows
        self.edits += got.edits.count
        self.replaced += chunk.replaced
        for status in ("changed", "unchanged", "abstained", "quarantined"):
            setattr(self, status, getattr(self, status) + got.status.count(status))
        self.null = self.rows - self.changed - self.unchanged - self.abstained - self.quarantined

    def merge(self, other: Tally) -> None:
        """Add the counts of another part."""
        for name in (*COUNTS, "replaced", "lost"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def to_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return {name: getattr(self, name) for name in COUNTS}


def limited(chunks: Iterable[Chunk], n: int | None) -> Iterator[Chunk]:
    """Yield at most ``n`` rows; ``None`` is no limit."""
    if n is None:
        yield from chunks
        return
    for chunk in chunks:
        if n <= 0:
            return
        yield chunk.head(n) if chunk.rows > n else chunk
        n -= chunk.rows


def process(chunks: Iterable[Chunk], pipeline: Pipeline, *, quarantine: bool) -> Iterator[tuple[Chunk, Outcome]]:
    """Yield each chunk with what became of its rows.

    A document that goes on over chunks is normalized as one text; only its own rows are held back for that.

    Raises:
        DataError: a component failed on a row and ``quarantine`` is not set; names file and place.
    """
    if pipeline.scope != "document":
        for chunk in chunks:
            yield chunk, _do(pipeline, chunk.texts, None, chunk.bad, [(chunk, 0)], quarantine)
        return
    queue: list[Chunk] = []  # chunks not yet given out
    done: list[Outcome] = []  # what became of their first rows
    texts: list[str | None] = []  # rows that wait for the end of their document
    ids: list[Any] = []
    bad: dict[int, str] = {}
    ready = 0

    def settle(upto: int) -> None:
        nonlocal texts, ids, bad, ready
        if not upto:
            return
        places: list[tuple[Chunk, int]] = []
        at = -ready
        for chunk in queue:
            places.append((chunk, at))
            at += len(chunk.texts)
        done.append(
            _do(pipeline, texts[:upto], ids[:upto], {i: w for i, w in bad.items() if i < upto}, places, quarantine)
        )
        ready += upto
        texts, ids = texts[upto:], ids[upto:]
        bad = {i - upto: why for i, why in bad.items() if i >= upto}

    def give() -> Iterator[tuple[Chunk, Outcome]]:
        nonlocal ready, done
        while queue and len(queue[0].texts) <= ready:
            chunk = queue.pop(0)
            whole = Outcome.concat(done) if len(done) != 1 else done[0]
            n = len(chunk.texts)
            yield chunk, whole.part(0, n)
            done = [whole.part(n, ready)]
            ready -= n

    for chunk in chunks:
        queue.append(chunk)
        bad.update({len(texts) + i: why for i, why in chunk.bad.items()})
        texts = texts + chunk.texts
        ids = ids + (chunk.documents or [None] * len(chunk.texts))
        runs = document_runs(ids, len(ids))
        if runs:
            settle(runs[-1][0] if ids[-1] is not None else len(ids))
        yield from give()
    settle(len(texts))
    yield from give()


def _do(
    pipeline: Pipeline,
    texts: list[str | None],
    ids: list[Any] | None,
    bad: dict[int, str],
    places: list[tuple[Chunk, int]],
    quarantine: bool,
) -> Outcome:
    """Normalize; ``places`` are chunks with the index of their first row in ``texts``."""
    got = outcome(pipeline, texts, ids, on_error="quarantine", failures=bad)
    fresh = got.failures.keys() - bad.keys()
    if fresh and not quarantine:
        i = min(fresh)
        chunk, at = next((c, at) for c, at in places if at <= i < at + len(c.texts))
        msg = f"{chunk.where(i - at)}: {got.failures[i]}"
        raise DataError(msg)
    return got
