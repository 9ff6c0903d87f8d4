"""Columnar storage of the edits of a batch of texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from textnorm.edits import algebra
from textnorm.edits.edit import FIELDS, Edit, canonical_json
from textnorm.errors import EditError

if TYPE_CHECKING:
    import pyarrow as pa

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def _order(edit: Edit) -> tuple[int, int, int, str, str, str]:
    # Replacements keep their given order at one place (two insertions at a point); annotations have none, so they are
    # sorted by what they say and equal sets compare equal.
    if edit.replacement is not None:
        return (edit.start, edit.end, 0, "", "", "")
    return (edit.start, edit.end, 1, edit.label, edit.rule, canonical_json(edit.value))


class Edits:
    """Edits of ``n`` texts in columns; item ``i`` is the tuple of edits of text ``i``.

    Within a text edits are sorted by ``(start, end)``; replacing edits never overlap (they may touch), annotations may
    lie anywhere, but one that overlaps a replacing edit is widened to contain it, because after the edit only the whole
    replacement can be pointed at.

    Attributes:
        offsets: int64 ``[n + 1]``; edits of text ``i`` are ``offsets[i]:offsets[i + 1]`` of every column.
        start, end: int64 ``[m]``, code points of the source.
        replacement: ``m`` strings or ``None``.
        label, rule: ``m`` strings.
        confidence: float64 ``[m]``.
        value: ``m`` JSON-able values or ``None``.
    """

    __slots__ = ("confidence", "end", "label", "offsets", "replacement", "rule", "start", "value")

    def __init__(
        self,
        offsets: IntArray,
        start: IntArray,
        end: IntArray,
        replacement: list[str | None],
        label: list[str],
        rule: list[str],
        confidence: FloatArray,
        value: list[Any],
    ) -> None:
        self.offsets = offsets
        self.start = start
        self.end = end
        self.replacement = replacement
        self.label = label
        self.rule = rule
        self.confidence = confidence
        self.value = value

    # -- making ------------------------------------------------------------------------------------------------------
    @classmethod
    def empty(cls, n: int) -> Edits:
        """Return the identity for ``n`` texts: no edits."""
        none = np.zeros(0, dtype=np.int64)
        return cls(np.zeros(n + 1, dtype=np.int64), none, none.copy(), [], [], [], np.zeros(0), [])

    @classmethod
    def from_rows(cls, rows: Iterable[Iterable[Edit]]) -> Edits:
        """Build from one iterable of edits a text, in any order.

        Raises:
            EditError: an edit ends before it starts, starts below 0, or two replacing edits overlap.
        """
        builder = EditsBuilder()
        for row in rows:
            builder.add_row(row)
        return builder.build()

    @classmethod
    def in_order(
        cls,
        n: int,
        text: Sequence[int],
        start: Sequence[int],
        end: Sequence[int],
        replacement: list[str | None],
        label: list[str],
        rule: list[str],
        confidence: Sequence[float],
        value: list[Any],
    ) -> Edits:
        """Build from columns of edits that stand in order already; the lists are kept, not copied.

        Args:
            n: number of texts.
            text: for each of the ``m`` edits the index of its text, ascending.
            start: first code point of each span.
            end: code point after each span.
            replacement: new texts or ``None``.
            label: classes.
            rule: ids of rules.
            confidence: 0 to 1.
            value: JSON-able values or ``None``.

        Raises:
            EditError: the columns differ in length, the texts do not ascend within ``0 .. n - 1``, a span is empty or
                starts below 0, or an edit starts before the one before it in its text ends.
        """
        texts, starts, ends = (np.array(column, dtype=np.int64) for column in (text, start, end))
        confidences = np.array(confidence, dtype=np.float64)
        m = len(texts)
        if any(len(column) != m for column in (starts, ends, replacement, label, rule, confidences, value)):
            msg = f"The columns of {m} edits differ in length."
            raise EditError(msg)
        if m:
            step = np.diff(texts)
            if texts[0] < 0 or texts[-1] >= n or (step < 0).any():
                msg = f"The edits are not in the order of the {n} texts."
                raise EditError(msg)
            bad = (starts < 0) | (ends <= starts)
            bad[1:] |= (step == 0) & (starts[1:] < ends[:-1])
            if bad.any():
                k = int(np.flatnonzero(bad)[0])
                msg = f"The edit of [{starts[k]}, {ends[k]}) in text {texts[k]} is empty or out of order."
                raise EditError(msg)
        offsets = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(np.bincount(texts, minlength=n), out=offsets[1:])
        return cls(offsets, starts, ends, replacement, label, rule, confidences, value)

    # -- reading -----------------------------------------------------------------------------------------------------
    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def count(self) -> int:
        """Number of edits in all texts."""
        return len(self.start)

    def row(self, i: int) -> tuple[Edit, ...]:
        """Return the edits of text ``i``."""
        a, b = int(self.offsets[i]), int(self.offsets[i + 1])
        return tuple(
            Edit(
                int(self.start[k]),
                int(self.end[k]),
                self.replacement[k],
                self.label[k],
                self.rule[k],
                float(self.confidence[k]),
                self.value[k],
            )
            for k in range(a, b)
        )

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            first, last, step = i.indices(len(self))
            if step == 1:
                return self._between(first, max(first, last))
            return self._take(np.arange(first, last, step, dtype=np.int64))
        n = len(self)
        if not -n <= i < n:
            msg = f"text {i} of {n}"
            raise IndexError(msg)
        return self.row(i % n if n else i)

    def __iter__(self) -> Iterator[tuple[Edit, ...]]:
        return (self.row(i) for i in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Edits):
            return NotImplemented
        return (
            np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.start, other.start)
            and np.array_equal(self.end, other.end)
            and self.replacement == other.replacement
            and self.label == other.label
            and self.rule == other.rule
            and np.array_equal(self.confidence, other.confidence)
            and [canonical_json(v) for v in self.value] == [canonical_json(v) for v in other.value]
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Edits({len(self)} texts, {self.count} edits)"

    def _between(self, first: int, last: int) -> Edits:
        """Return texts ``first:last``; numeric columns are views."""
        a, b = int(self.offsets[first]), int(self.offsets[last])
        return Edits(
            self.offsets[first : last + 1] - a,
            self.start[a:b],
            self.end[a:b],
            self.replacement[a:b],
            self.label[a:b],
            self.rule[a:b],
            self.confidence[a:b],
            self.value[a:b],
        )

    def _take(self, rows: IntArray) -> Edits:
        """Return the texts ``rows``, in that order; the work is proportional to their edits, not to the texts."""
        sizes = np.diff(self.offsets)[rows]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(sizes, out=offsets[1:])
        at = np.arange(offsets[-1], dtype=np.int64) + np.repeat(self.offsets[rows] - offsets[:-1], sizes)
        return self._columns(offsets, at)

    def _columns(self, offsets: IntArray, at: IntArray) -> Edits:
        """Return the edits number ``at`` under new ``offsets``."""
        places = at.tolist()
        return Edits(
            offsets,
            self.start[at],
            self.end[at],
            [self.replacement[k] for k in places],
            [self.label[k] for k in places],
            [self.rule[k] for k in places],
            self.confidence[at],
            [self.value[k] for k in places],
        )

    def touched_rows(self) -> IntArray:
        """Return the ascending indices, int64 ``[k]``, of texts that have at least one edit."""
        return np.flatnonzero(np.diff(self.offsets))

    # -- algebra -----------------------------------------------------------------------------------------------------
    def apply(self, texts: Sequence[str]) -> list[str]:
        """Return the ``n`` edited texts; a text without replacing edits is returned as the same object.

        Raises:
            EditError: the number of texts differs, or an edit lies outside its text.
        """
        self._same_length(len(texts))
        out = list(texts)
        rows = self.touched_rows()
        bounds = zip(rows.tolist(), self.offsets[rows].tolist(), self.offsets[rows + 1].tolist(), strict=True)
        start, end, replacement = self.start.tolist(), self.end.tolist(), self.replacement
        for i, a, b in bounds:
            text = out[i]
            out[i] = algebra.splice(text, start[a:b], end[a:b], replacement[a:b])
        return out

    def compose(self, second: Edits) -> Edits:
        """Return the one set of edits that does what ``self`` and then ``second`` does; associative.

        ``second`` refers to the texts that ``self`` gives. Replacing edits of the two that share a point (overlap, or
        touch at an end) become one: rule and label the sorted union joined by ``+``, the lower confidence, both values.
        Annotations of ``second`` are carried to the source by their hull.

        Raises:
            EditError: the two have different numbers of texts.
        """
        self._same_length(len(second))
        if second.count == 0:
            return self
        if self.count == 0:
            return second
        n = len(self)
        one, two = np.diff(self.offsets) > 0, np.diff(second.offsets) > 0
        both = np.flatnonzero(one & two)
        builder = EditsBuilder()
        for i in both.tolist():
            builder.add_row(algebra.compose_row(self.row(i), second.row(i)))
        if len(both) == n:
            return builder.build()
        # Texts that only one side touches are copied column-wise: row i of the right one of the three parts.
        rows = np.arange(n, dtype=np.int64)
        rows[two] += n
        rows[both] = 2 * n + np.arange(len(both))
        return Edits.concat([self, second, builder.build()])._take(rows)

    def invert(self, texts: Sequence[str]) -> Edits:
        """Return the edits that turn the edited texts back into ``texts``, exactly; annotations are carried over.

        Raises:
            EditError: the number of texts differs, or an edit lies outside its text.
        """
        self._same_length(len(texts))
        builder = EditsBuilder()
        done = 0
        for i in self.touched_rows().tolist():
            builder.add_empty(i - done)
            builder.add_row(algebra.invert_row(texts[i], self.row(i)))
            done = i + 1
        builder.add_empty(len(self) - done)
        return builder.build()

    def replacing(self) -> Edits:
        """Return only the edits that change text, without annotations."""
        if None not in self.replacement:
            return self
        keep = np.fromiter((r is not None for r in self.replacement), dtype=np.bool_, count=self.count)
        kept = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(keep)])
        return self._columns(kept[self.offsets], np.flatnonzero(keep))

    @staticmethod
    def concat(parts: Sequence[Edits]) -> Edits:
        """Return the edits of several batches as one batch, in order."""
        if not parts:
            return Edits.empty(0)
        sizes = np.concatenate([np.diff(p.offsets) for p in parts])
        return Edits(
            np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)]),
            np.concatenate([p.start for p in parts]),
            np.concatenate([p.end for p in parts]),
            [x for p in parts for x in p.replacement],
            [x for p in parts for x in p.label],
            [x for p in parts for x in p.rule],
            np.concatenate([p.confidence for p in parts]),
            [x for p in parts for x in p.value],
        )

    def _same_length(self, n: int) -> None:
        if n != len(self):
            msg = f"These edits belong to {len(self)} texts, not to {n}."
            raise EditError(msg)

    # -- serialising -------------------------------------------------------------------------------------------------
    def to_arrow(self) -> pa.ListArray:
        """Return ``n`` lists of structs with the seven fields; ``value`` is JSON text or null."""
        from textnorm.edits.serialise import to_arrow

        return to_arrow(self)

    @classmethod
    def from_arrow(cls, array: pa.Array) -> Edits:
        """Read back what :meth:`to_arrow` wrote.

        Raises:
            EditError: the array has another type, or its edits break the algebra.
        """
        from textnorm.edits.serialise import rows_from_arrow

        return cls.from_rows(rows_from_arrow(array))

    def to_dicts(self) -> list[list[dict[str, Any]]]:
        """Return one list of plain dictionaries a text."""
        return [[edit.to_dict() for edit in row] for row in self]

    @classmethod
    def from_dicts(cls, rows: Iterable[Iterable[dict[str, Any]]]) -> Edits:
        """Read back what :meth:`to_dicts` wrote; keys beyond the seven fields are ignored.

        Raises:
            EditError: a field is missing, or the edits break the algebra.
        """
        try:
            return cls.from_rows([Edit(**{k: d[k] for k in FIELDS if k in d}) for d in row] for row in rows)
        except TypeError as error:
            msg = f"An edit needs at least start, end and replacement: {error}"
            raise EditError(msg) from error


class EditsBuilder:
    """Collects edits text by text and checks them once."""

    def __init__(self) -> None:
        self._counts: list[int] = []
        self._start: list[int] = []
        self._end: list[int] = []
        self._replacement: list[str | None] = []
        self._label: list[str] = []
        self._rule: list[str] = []
        self._confidence: list[float] = []
        self._value: list[Any] = []

    def add_empty(self, n: int = 1) -> None:
        """Add ``n`` texts without edits."""
        self._counts.extend([0] * n)

    def add_row(self, edits: Iterable[Edit]) -> None:
        """Add one text with its edits, in any order.

        Raises:
            EditError: an edit ends before it starts, starts below 0, or two replacing edits overlap.
        """
        row = list(edits)
        if len(row) > 1:
            row.sort(key=_order)
        reach = 0
        annotated = False
        for edit in row:
            if edit.start < 0 or edit.end < edit.start:
                msg = f"An edit cannot span [{edit.start}, {edit.end}): {edit}"
                raise EditError(msg)
            if edit.replacement is None:
                annotated = True
                continue
            if edit.start < reach:
                msg = f"Two replacing edits overlap at {edit.start}: {edit}"
                raise EditError(msg)
            reach = edit.end
        if annotated and reach:
            row = algebra.widen_annotations(row)
            row.sort(key=_order)
        self._counts.append(len(row))
        for edit in row:
            self._start.append(edit.start)
            self._end.append(edit.end)
            self._replacement.append(edit.replacement)
            self._label.append(edit.label)
            self._rule.append(edit.rule)
            self._confidence.append(edit.confidence)
            self._value.append(edit.value)

    def build(self) -> Edits:
        """Return the collected edits."""
        offsets = np.zeros(len(self._counts) + 1, dtype=np.int64)
        np.cumsum(self._counts, out=offsets[1:])
        return Edits(
            offsets,
            np.array(self._start, dtype=np.int64),
            np.array(self._end, dtype=np.int64),
            self._replacement,
            self._label,
            self._rule,
            np.array(self._confidence, dtype=np.float64),
            self._value,
        )
