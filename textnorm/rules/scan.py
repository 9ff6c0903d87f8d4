"""Scanners: find every place of a joined buffer where some rule may start, in linear time.

Two implementations give the same windows and are tested by the same cases: RE2 where its wheel exists, and Arrow's own
RE2, which can only replace, so it writes a mark before and behind each hit and the marks are found with numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Windows = npt.NDArray[np.int64]


class Scanner(Protocol):
    """Finds the leftmost, non-overlapping hits of an alternation."""

    def scan(self, buffer: bytes) -> Windows:
        """Return int64 ``[k, 2]``: byte offsets of hits in UTF-8 ``buffer``, ascending, disjoint."""
        ...


def re2_module() -> Any | None:
    """Return google-re2 where it is installed."""
    try:
        import re2
    except ImportError:
        return None
    return re2


class Re2Scanner:
    """One pass of google-re2 over the buffer, without captures."""

    def __init__(self, alternatives: Sequence[str]) -> None:
        re2 = re2_module()
        if re2 is None:
            msg = "google-re2 is not installed"
            raise ImportError(msg)
        options = re2.Options()
        options.log_errors = False
        options.never_capture = True
        options.max_mem = 64 << 20
        self._pattern = re2.compile(_alternation(alternatives), options=options) if alternatives else None
        # The wrapper's match objects cost three times the search; what they wrap gives the spans at once.
        self._search = getattr(getattr(self._pattern, "_regexp", None), "Match", None)
        self._unanchored = getattr(re2, "_Anchor", None) and re2._Anchor.UNANCHORED

    def scan(self, buffer: bytes) -> Windows:
        """See :class:`Scanner`."""
        if self._pattern is None:
            return np.zeros((0, 2), dtype=np.int64)
        if self._search is None or self._unanchored is None:
            spans = [match.span() for match in self._pattern.finditer(buffer)]
        else:
            spans = list(_spans(self._search, self._unanchored, buffer))
        return np.array(spans, dtype=np.int64).reshape(-1, 2)


def _spans(search: Any, unanchored: Any, buffer: bytes) -> Iterator[tuple[int, int]]:
    """Yield what ``finditer`` finds, from the search of RE2 itself."""
    at, size = 0, len(buffer)
    while True:
        span = search(unanchored, buffer, at, size)[0]
        start, end = span
        if start < 0:
            return
        yield span
        if at == size:
            return
        at = end if end > at else at + 1


class ArrowScanner:
    """The same windows from Arrow's ``replace_substring_regex``."""

    def __init__(self, alternatives: Sequence[str]) -> None:
        self._pattern = f"({_alternation(alternatives)})" if alternatives else ""

    def scan(self, buffer: bytes) -> Windows:
        """See :class:`Scanner`."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self._pattern:
            return np.zeros((0, 2), dtype=np.int64)
        # Two bytes each in UTF-8 and looked up as bytes: take the first pair of C1 controls that the buffer lacks.
        free = [chr(c) for c in range(0x80, 0xA0) if chr(c).encode() not in buffer][:2]
        if len(free) < 2:
            free = [chr(c) for c in range(0xE000, 0xF8FF) if chr(c).encode() not in buffer][:2]
        opening, closing = (mark.encode() for mark in free)
        array = pa.array([buffer.decode("utf-8")], pa.large_string())
        marked = pc.replace_substring_regex(array, pattern=self._pattern, replacement=f"{free[0]}\\1{free[1]}")
        data = marked[0].as_py().encode()
        width = len(opening)
        starts = _find_all(data, opening)
        ends = _find_all(data, closing)
        order = np.arange(len(starts), dtype=np.int64)
        # Every mark before a place has moved it: 2k marks before the k-th opening, 2k + 1 before its closing.
        windows = np.stack([starts - width * 2 * order, ends - width * (2 * order + 1)], axis=1)
        return windows[windows[:, 1] > windows[:, 0]]


def _find_all(data: bytes, mark: bytes) -> npt.NDArray[np.int64]:
    array = np.frombuffer(data, dtype=np.uint8)
    hit = array[: len(array) - len(mark) + 1] == mark[0]
    for k in range(1, len(mark)):
        hit &= array[k : len(array) - len(mark) + 1 + k] == mark[k]
    return np.flatnonzero(hit).astype(np.int64)


def _alternation(alternatives: Sequence[str]) -> str:
    return "|".join(f"(?:{text})" for text in dict.fromkeys(alternatives))


def make_scanner(alternatives: Sequence[str], kind: str = "auto") -> Scanner:
    """Return a scanner: ``re2``, ``arrow``, or ``auto`` (RE2 where it is installed)."""
    if kind == "auto":
        kind = "re2" if re2_module() is not None else "arrow"
    return Re2Scanner(alternatives) if kind == "re2" else ArrowScanner(alternatives)


class PrefixSet:
    """Tells which of many RE2 patterns can match at the beginning of a slice, in one pass.

    Without google-re2 it says "all", which is sound: the exact patterns decide.
    """

    def __init__(self, patterns: Sequence[str], kind: str = "auto") -> None:
        self._all = list(range(len(patterns)))
        re2 = None if kind == "arrow" else re2_module()
        self._match: Any = None
        if re2 is not None and patterns:
            options = re2.Options()
            options.log_errors = False
            options.max_mem = 64 << 20
            built = re2.Set.MatchSet(options)
            for text in patterns:
                built.Add(text)
            built.Compile()
            # What the wrapper wraps, where it does: a call less a place.
            self._match = getattr(getattr(built, "_set", built), "Match", built.Match)

    def match(self, data: bytes) -> list[int]:
        """Return ascending indices of the patterns that can match at the start of ``data``."""
        if self._match is None:
            return self._all
        return sorted(self._match(data) or ())
