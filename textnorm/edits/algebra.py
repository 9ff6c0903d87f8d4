"""The algebra of the edits of one text: apply, compose, invert, map.

A set of replacing edits splits a text into copied stretches and *blocks*: block ``k`` turns source interval
``[s0, s1)`` into target interval ``[t0, t1)``. Everything here follows from the list of blocks.

Composition joins blocks that share a point, closed ends included. Half-open overlap would not be associative: a
deletion has an empty target interval, and whether a later insertion at that point falls before or after it would depend
on which pair is composed first. Since a block that shares no point with a block of the other set lies strictly inside a
copied stretch, its place on the other side is unique, and the joined groups are the same in either order.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textnorm.edits.edit import Edit
from textnorm.errors import EditError

MERGED = "merged"
JOIN = "+"


@dataclass(frozen=True, slots=True)
class Blocks:
    """Replaced stretches of one text: sorted, disjoint intervals of source and target, code points."""

    s0: list[int]
    s1: list[int]
    t0: list[int]
    t1: list[int]

    def inverse(self) -> Blocks:
        """Return the blocks seen from the target."""
        return Blocks(self.t0, self.t1, self.s0, self.s1)

    def left(self, p: int) -> int:
        """Map a source position; before what was inserted there, or to the start of the block that holds it."""
        k = bisect_left(self.s1, p)  # blocks that end before p
        if k < len(self.s0) and self.s0[k] < p:
            return self.t0[k] if p < self.s1[k] else self.t1[k]
        return p + (self.t1[k - 1] - self.s1[k - 1] if k else 0)

    def right(self, p: int) -> int:
        """Map a source position; behind what was inserted there, or to the end of the block that holds it."""
        k = bisect_right(self.s0, p) - 1  # last block that starts at or before p
        if k >= 0 and p < self.s1[k] and self.s0[k] < p:
            return self.t1[k]
        k = bisect_right(self.s1, p) - 1  # last block that ends at or before p
        return p + (self.t1[k] - self.s1[k] if k >= 0 else 0)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Map a source span to the hull of what became of it.

        A span that cuts a block takes the whole block. Insertions at its two ends are left out; an empty span takes
        what was inserted at its place.
        """
        if start == end:
            return self.left(start), self.right(start)
        k = bisect_right(self.s1, start) - 1  # blocks that end at or before start are behind us
        n = k + 1
        a = (
            self.t0[n]
            if n < len(self.s0) and self.s0[n] < start
            else start + (self.t1[k] - self.s1[k] if k >= 0 else 0)
        )
        m = bisect_left(self.s0, end) - 1  # last block that starts before end
        b = self.t1[m] if m >= 0 and self.s1[m] > end else end + (self.t1[m] - self.s1[m] if m >= 0 else 0)
        return a, max(a, b)


def blocks_of(edits: Iterable[Edit]) -> Blocks:
    """Return the blocks of the replacing edits, which must be sorted and disjoint."""
    s0: list[int] = []
    s1: list[int] = []
    t0: list[int] = []
    t1: list[int] = []
    shift = 0
    for e in edits:
        if e.replacement is None:
            continue
        s0.append(e.start)
        s1.append(e.end)
        t0.append(e.start + shift)
        shift += len(e.replacement) - (e.end - e.start)
        t1.append(e.end + shift)
    return Blocks(s0, s1, t0, t1)


def apply_row(text: str, edits: Sequence[Edit]) -> str:
    """Return ``text`` with its replacing edits made.

    Raises:
        EditError: an edit ends behind the text.
    """
    return splice(text, [e.start for e in edits], [e.end for e in edits], [e.replacement for e in edits])


def splice(text: str, starts: Sequence[int], ends: Sequence[int], replacements: Sequence[str | None]) -> str:
    """Return ``text`` with its spans replaced, given by column; a replacement of ``None`` leaves its span.

    Raises:
        EditError: a span ends behind the text.
    """
    parts: list[str] = []
    size = len(text)
    at = 0
    for start, end, new in zip(starts, ends, replacements, strict=True):
        if end > size:
            msg = f"An edit of [{start}, {end}) lies outside a text of {size} characters."
            raise EditError(msg)
        if new is not None:
            parts += (text[at:start], new)
            at = end
    parts.append(text[at:])
    return "".join(parts)


def invert_row(text: str, edits: Sequence[Edit]) -> list[Edit]:
    """Return the edits that undo ``edits`` of ``text``; annotations are carried to the target by their hull.

    Raises:
        EditError: an edit ends behind the text.
    """
    blocks = blocks_of(edits)
    out: list[Edit] = []
    k = 0
    for e in edits:
        if e.end > len(text):
            msg = f"An edit of [{e.start}, {e.end}) lies outside a text of {len(text)} characters."
            raise EditError(msg)
        if e.replacement is None:
            a, b = blocks.span(e.start, e.end)
            out.append(replace(e, start=a, end=b))
        else:
            out.append(replace(e, start=blocks.t0[k], end=blocks.t1[k], replacement=text[e.start : e.end]))
            k += 1
    return out


def _union(parts: Iterable[str]) -> str:
    """Join names made of ``+`` parts as a sorted set: the only join that any order of composing agrees on."""
    return JOIN.join(sorted({name for part in parts for name in part.split(JOIN) if name}))


def _merge_values(values: Iterable[Any]) -> Any:
    """Keep every distinct value; one stays itself, several become ``{"merged": [...]}``."""
    flat: dict[str, Any] = {}
    for value in values:
        if value is None:
            continue
        parts = value[MERGED] if isinstance(value, dict) and set(value) == {MERGED} else [value]
        for part in parts:
            flat[json.dumps(part, ensure_ascii=False, sort_keys=True)] = part
    if len(flat) <= 1:
        return next(iter(flat.values()), None)
    return {MERGED: [flat[key] for key in sorted(flat)]}


def _groups(one: Blocks, two: Blocks) -> list[tuple[int, int, int, int]]:
    """Return ``(a, b, c, d)``: blocks ``a:b`` of ``one`` and ``c:d`` of ``two`` that share points between the two."""
    groups: list[tuple[int, int, int, int]] = []
    lo = 0
    for i in range(len(one.t0)):
        while lo < len(two.s0) and two.s1[lo] < one.t0[i]:
            lo += 1
        hi = lo
        while hi < len(two.s0) and two.s0[hi] <= one.t1[i]:
            hi += 1
        if hi == lo:
            continue
        if groups and lo < groups[-1][3]:
            a, _, c, d = groups[-1]
            groups[-1] = (a, i + 1, c, max(d, hi))
        else:
            groups.append((i, i + 1, lo, hi))
    return groups


def _group_text(one: Blocks, first: Sequence[Edit], two: Blocks, second: Sequence[Edit]) -> str:
    """Return the target text of one group: the later replacements, and between them what the earlier ones wrote."""
    begin, stop = min(one.t0[0], two.s0[0]), max(one.t1[-1], two.s1[-1])
    parts: list[str] = []
    at = begin
    for j in range(len(second) + 1):
        upto = two.s0[j] if j < len(second) else stop
        for i, e in enumerate(first):
            a, b = max(at, one.t0[i]), min(upto, one.t1[i])
            if a < b:
                parts.append((e.replacement or "")[a - one.t0[i] : b - one.t0[i]])
        if j < len(second):
            parts.append(second[j].replacement or "")
            at = two.s1[j]
    return "".join(parts)


def _cut(blocks: Blocks, a: int, b: int) -> Blocks:
    return Blocks(blocks.s0[a:b], blocks.s1[a:b], blocks.t0[a:b], blocks.t1[a:b])


def compose_row(first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """Return the edits against the first source that do both; ``second`` refers to the text that ``first`` gives.

    Replacing edits must be sorted in both and are sorted in the result; annotations stand behind them.
    """
    one, two = blocks_of(first), blocks_of(second)
    edits1 = [e for e in first if e.replacement is not None]
    edits2 = [e for e in second if e.replacement is not None]
    groups = _groups(one, two)
    back = one.inverse()
    out: list[Edit] = []
    hulls: list[tuple[int, int]] = []  # of the groups, in the middle text
    i = j = 0
    for a, b, c, d in [*groups, (len(edits1), len(edits1), len(edits2), len(edits2))]:
        out.extend(edits1[i:a])
        out.extend(replace(e, start=back.right(e.start), end=back.left(e.end)) for e in edits2[j:c])
        i, j = b, d
        if a == b:
            continue
        parts = [*edits1[a:b], *edits2[c:d]]
        begin, stop = min(one.t0[a], two.s0[c]), max(one.t1[b - 1], two.s1[d - 1])
        hulls.append((begin, stop))
        before = one.t1[a - 1] - one.s1[a - 1] if a else 0
        after = one.t1[b - 1] - one.s1[b - 1]
        out.append(
            type(parts[0])(
                begin - before,
                stop - after,
                _group_text(_cut(one, a, b), edits1[a:b], _cut(two, c, d), edits2[c:d]),
                _union(p.label for p in parts),
                _union(p.rule for p in parts),
                min(p.confidence for p in parts),
                _merge_values(p.value for p in parts),
            )
        )
    out.sort(key=lambda e: (e.start, e.end))  # between groups the two sides interleave
    out.extend(e for e in first if e.replacement is None)
    for e in second:
        if e.replacement is None:
            a, b = _widen(e.start, e.end, hulls)
            a, b = back.span(a, b)
            out.append(replace(e, start=a, end=b))
    return out


def _widen(start: int, end: int, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Grow a span to contain each of the sorted disjoint ``spans`` that it overlaps; an empty one grows by touching."""
    a, b = start, end
    for x, y in spans:
        if x > end:
            break
        if (x < end and start < y) or (start == end and x <= start <= y):
            a, b = min(a, x), max(b, y)
    return a, b


def widen_annotations(row: Sequence[Edit]) -> list[Edit]:
    """Return the edits with each annotation grown to contain the replacing edits that it overlaps."""
    spans = [(e.start, e.end) for e in row if e.replacement is not None]
    out: list[Edit] = []
    for e in row:
        if e.replacement is None:
            a, b = _widen(e.start, e.end, spans)
            out.append(e if (a, b) == (e.start, e.end) else replace(e, start=a, end=b))
        else:
            out.append(e)
    return out
