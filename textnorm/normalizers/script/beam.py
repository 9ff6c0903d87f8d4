"""Beam search over many words at once: readings of a word by the channel, scored by the character model.

All words go forward together, one source character at a step, so that the work of a step is a few operations on arrays
whatever the number of words. Hypotheses of one word that have written the same are merged (the better one stays).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from textnorm.normalizers.script.channel import Channel
from textnorm.normalizers.script.charlm import CharLM
from textnorm.normalizers.script.hashed import mix

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
_PRIME = np.uint64(0x9E3779B97F4A7C15)
#: Arc numbers below zero: the source character stands for itself, though the channel does not know it.
ITSELF = -1
#: Arc number of a step that reads nothing and writes nothing.
REST = -3
_NONE = np.zeros(0, dtype=np.float32)


@dataclass
class Readings:
    """The best readings of ``n`` words, in columns.

    Attributes:
        offsets: int64 ``[n + 1]``; readings of word ``i`` are ``offsets[i]:offsets[i + 1]``, best first.
        texts: written out.
        lm: float32, log-probability by the character model.
        arcs: int32 ``[m, steps]``, arcs from the last to the first, ``-2`` past the end.
    """

    offsets: Ints
    texts: list[str]
    lm: Floats
    arcs: npt.NDArray[np.int32]


@dataclass
class _Rows:
    """Hypotheses that have read the same number of source characters, by word."""

    offsets: Ints
    score: Floats
    lm: Floats
    context: npt.NDArray[np.uint64]
    matched: npt.NDArray[np.uint8]
    wrote: npt.NDArray[np.uint64]
    base: int


class _Trace:
    """Where each hypothesis comes from: the number of its parent, and the arc that led to it."""

    def __init__(self) -> None:
        self.parents: list[Ints] = []
        self.arcs: list[npt.NDArray[np.int32]] = []
        self.size = 0

    def add(self, parents: Ints, arcs: Ints) -> int:
        """Add hypotheses; return the number of the first."""
        first = self.size
        self.parents.append(parents)
        self.arcs.append(arcs.astype(np.int32))
        self.size += len(parents)
        return first


class Beam:
    """Reads words.

    Attributes:
        width: hypotheses of a word that are kept at each step.
        margin: nats below the best at which a hypothesis is dropped.
        weight: weight of the character model against the channel.
    """

    def __init__(
        self, channel: Channel, lm: CharLM, *, width: int = 12, margin: float = 9.0, weight: float = 1.0
    ) -> None:
        self.channel = channel
        self.lm = lm
        self.width = width
        self.margin = margin
        self.weight = weight
        longest = max((len(arc.target) for arc in channel.arcs), default=1) or 1
        self._target = np.zeros((len(channel.arcs) + 1, longest), dtype=np.uint8)
        self._length = np.ones(len(channel.arcs) + 1, dtype=np.int64)
        for number, arc in enumerate(channel.arcs):
            ids = lm.alphabet.encode(arc.target)
            self._target[number, : len(ids)] = ids
            self._length[number] = len(ids)
        #: Code points that an arc writes, one added; 0 is none.
        self._points = np.zeros((len(channel.arcs) + 1, longest), dtype=np.uint32)
        for number, arc in enumerate(channel.arcs):
            self._points[number, : len(arc.target)] = [ord(char) + 1 for char in arc.target]
        self._source_length = np.array([len(arc.source) for arc in channel.arcs], dtype=np.int64)
        self._cost = np.append(channel.mixed, np.float32(0.0))
        self._inserted = np.array(channel.inserted, dtype=np.int64)

    def __call__(self, words: Sequence[str], keep: int = 8) -> Readings:
        """Return up to ``keep`` readings of each word."""
        n = len(words)
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=n)
        steps = int(lengths.max()) if n else 0
        ending = self._arcs(words, steps)
        trace = _Trace()
        trace.add(np.full(n, -1, dtype=np.int64), np.full(n, -2, dtype=np.int64))
        zero = np.zeros(n, dtype=np.float32)
        start = _Rows(
            np.arange(n + 1),
            zero,
            zero.copy(),
            np.full(n, self.lm.start, dtype=np.uint64),
            np.ones(n, dtype=np.uint8),
            np.zeros(n, dtype=np.uint64),
            0,
        )
        rows: list[_Rows] = [self._insert(start, n, trace)]
        finals: list[tuple[Ints, Ints, Floats, Floats]] = []
        self._finish(rows[0], np.flatnonzero(lengths == 0), keep, finals)
        for i in range(1, steps + 1):
            parts = [(rows[p], word, arc) for p, word, arc in ending[i]]
            made = self._extend(parts, n)
            chosen = self._insert(self._choose(made, n, trace), n, trace)
            rows.append(chosen)
            if i >= self.channel.longest:
                rows[i - self.channel.longest] = rows[0]  # no longer needed
            self._finish(chosen, np.flatnonzero(lengths == i), keep, finals)
        return self._collect(words, finals, trace)

    # -- the steps ---------------------------------------------------------------------------------------------------
    def _arcs(self, words: Sequence[str], steps: int) -> list[list[tuple[int, Ints, Ints]]]:
        """Return for each end the arcs that end there: ``(start, words, arcs)``."""
        by_source = self.channel.by_source
        found: list[dict[int, tuple[list[int], list[int]]]] = [{} for _ in range(steps + 1)]
        itself = [ITSELF]
        for number, word in enumerate(words):
            for i in range(len(word)):
                for length in range(1, self.channel.longest + 1):
                    if i + length > len(word):
                        break
                    arcs = by_source.get(word[i : i + length])
                    if arcs is None:
                        if length > 1:
                            continue
                        arcs = itself
                    into = found[i + length].setdefault(i, ([], []))
                    into[0].extend([number] * len(arcs))
                    into[1].extend(arcs)
        return [
            [(p, np.array(word, dtype=np.int64), np.array(arc, dtype=np.int64)) for p, (word, arc) in at.items()]
            for at in found
        ]

    def _extend(self, parts: list[tuple[_Rows, Ints, Ints]], n: int) -> tuple[Ints, _Rows, Ints, Ints]:
        """Extend hypotheses by arcs; returns words, new rows (unsorted), global parents and arcs."""
        word_of: list[Ints] = []
        parent: list[Ints] = []
        arc_of: list[Ints] = []
        pieces: list[tuple[_Rows, Ints]] = []
        for rows, word, arc in parts:
            a, b = rows.offsets[word], rows.offsets[word + 1]
            count = b - a
            which = np.repeat(np.arange(len(word)), count)
            inside = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
            local = a[which] + inside
            word_of.append(word[which])
            arc_of.append(arc[which])
            parent.append(local + rows.base)
            pieces.append((rows, local))
        words = np.concatenate(word_of) if word_of else np.zeros(0, dtype=np.int64)
        arcs = np.concatenate(arc_of) if arc_of else words

        parents = np.concatenate(parent) if parent else words

        score = np.concatenate([rows.score[local] for rows, local in pieces] or [_NONE])
        lm = np.concatenate([rows.lm[local] for rows, local in pieces] or [_NONE])
        context = np.concatenate([rows.context[local] for rows, local in pieces] or [_NONE.astype(np.uint64)])
        matched = np.concatenate([rows.matched[local] for rows, local in pieces] or [_NONE.astype(np.uint8)])
        wrote = np.concatenate([rows.wrote[local] for rows, local in pieces] or [_NONE.astype(np.uint64)])
        score = score - self._cost[arcs]
        best = np.full(n, -np.inf, dtype=np.float32)
        np.maximum.at(best, words, score)
        # The hopeless need no model to be dropped.
        live = np.flatnonzero(score >= best[words] - np.float32(self.margin))
        if len(live) < len(score):
            words, arcs, score, lm = words[live], arcs[live], score[live], lm[live]
            context, matched, wrote = context[live], matched[live], wrote[live]
            parents = parents[live]
        for k in range(self._target.shape[1]):
            live = np.flatnonzero(self._length[arcs] > k)
            if not len(live):
                break
            char = self._target[arcs[live], k]
            got, context[live], matched[live] = self.lm.extend(context[live], matched[live], char)
            score[live] += got * np.float32(self.weight)
            lm[live] += got
            wrote[live] = (wrote[live] + char + np.uint64(1)) * _PRIME
        made = _Rows(np.zeros(0, dtype=np.int64), score, lm, context, matched, wrote, 0)
        return words, made, parents, arcs

    def _choose(
        self,
        made: tuple[Ints, _Rows, Ints, Ints],
        n: int,
        trace: _Trace,
    ) -> _Rows:
        """Keep the best hypotheses of each word."""
        word, rows, parent, arc = made
        best = np.full(n, -np.inf, dtype=np.float32)
        np.maximum.at(best, word, rows.score)
        near = np.flatnonzero(rows.score >= best[word] - np.float32(self.margin))
        # By word, the best first; then of those that have written the same the first.
        order = near[np.argsort(_rank(word[near], rows.score[near]), kind="stable")]
        same = rows.wrote[order] ^ mix(word[order].astype(np.uint64) + np.uint64(1))
        order = order[np.sort(np.unique(same, return_index=True)[1])]
        w = word[order]
        counts = np.bincount(w, minlength=n)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        rank = np.arange(len(order)) - offsets[w]
        order = order[rank < self.width]
        offsets = np.concatenate([[0], np.cumsum(np.minimum(counts, self.width))])
        base = trace.add(parent[order], arc[order])
        return _Rows(
            offsets,
            rows.score[order],
            rows.lm[order],
            rows.context[order],
            rows.matched[order],
            rows.wrote[order],
            base,
        )

    def _insert(
        self,
        rows: _Rows,
        n: int,
        trace: _Trace,
    ) -> _Rows:
        """Let each hypothesis write one character that left no trace in the source."""
        if not len(self._inserted) or not len(rows.score):
            return rows
        words = np.repeat(np.arange(n), np.diff(rows.offsets))
        k = len(self._inserted)
        local = np.repeat(np.arange(len(rows.score)), k)
        arcs = np.tile(self._inserted, len(rows.score))
        score = rows.score[local] - self._cost[arcs]
        best = np.full(n, -np.inf, dtype=np.float32)
        np.maximum.at(best, words, rows.score)
        live = np.flatnonzero(score >= best[words[local]] - np.float32(self.margin))
        if not len(live):
            return rows
        local, arcs, score = local[live], arcs[live], score[live]
        char = self._target[arcs, 0]
        got, context, matched = self.lm.extend(rows.context[local], rows.matched[local], char)
        score = score + got * np.float32(self.weight)
        wrote = (rows.wrote[local] + char + np.uint64(1)) * _PRIME
        more = np.concatenate
        joined = _Rows(
            rows.offsets,
            more([rows.score, score]),
            more([rows.lm, rows.lm[local] + got]),
            more([rows.context, context]),
            more([rows.matched, matched]),
            more([rows.wrote, wrote]),
            rows.base,
        )
        made = (
            more([words, words[local]]),
            joined,
            more([np.arange(len(words)), local]) + rows.base,
            more([np.full(len(words), REST, dtype=np.int64), arcs]),
        )
        return self._choose(made, n, trace)

    def _finish(self, rows: _Rows, ended: Ints, keep: int, finals: list[tuple[Ints, Ints, Floats, Floats]]) -> None:
        """Close the words that end here: score the edge, keep the best."""
        if not len(ended):
            return
        a, b = rows.offsets[ended], rows.offsets[ended + 1]
        count = b - a
        which = np.repeat(np.arange(len(ended)), count)
        local = a[which] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        got, _, _ = self.lm.extend(rows.context[local], rows.matched[local], np.ones(len(local), dtype=np.uint8))
        score = rows.score[local] + got * np.float32(self.weight)
        lm = rows.lm[local] + got
        order = np.lexsort((-score, which))
        w = which[order]
        starts = np.concatenate([[0], np.cumsum(np.bincount(w, minlength=len(ended)))])
        rank = np.arange(len(order)) - starts[w]
        order = order[rank < keep]
        finals.append((ended[which[order]], local[order] + rows.base, score[order], lm[order]))

    def _collect(
        self,
        words: Sequence[str],
        finals: list[tuple[Ints, Ints, Floats, Floats]],
        trace: _Trace,
    ) -> Readings:
        """Walk back from the ends and write the readings out."""
        n = len(words)
        if not finals:
            return Readings(
                np.zeros(n + 1, dtype=np.int64), [], np.zeros(0, dtype=np.float32), np.zeros((0, 0), dtype=np.int32)
            )
        pointers, used = np.concatenate(trace.parents), np.concatenate(trace.arcs)
        word = np.concatenate([f[0] for f in finals])
        row = np.concatenate([f[1] for f in finals])
        lm = np.concatenate([f[3] for f in finals])
        order = np.argsort(word, kind="stable")
        word, row, lm = word[order], row[order], lm[order]
        offsets = np.concatenate([[0], np.cumsum(np.bincount(word, minlength=n))])
        walk: list[npt.NDArray[np.int32]] = []
        at = row
        while True:
            arcs = np.where(at >= 0, used[at], -2).astype(np.int32)
            if (arcs == -2).all():
                break
            if not (arcs <= -2).all():
                walk.append(arcs)
            at = np.where(at >= 0, pointers[at], -1)
        arcs = np.stack(walk, axis=1) if walk else np.zeros((len(row), 0), dtype=np.int32)
        return Readings(offsets, self._written(words, word, arcs), lm, arcs)

    def _written(self, words: Sequence[str], word: Ints, arcs: npt.NDArray[np.int32]) -> list[str]:
        """Return what the arcs of each reading write."""
        forward = arcs[:, ::-1]
        out = self._points[np.where(forward >= 0, forward, len(self.channel.arcs))]
        row, column = np.nonzero(forward == ITSELF)
        if len(row):
            sizes = np.append(self._source_length, 0)
            read = np.where(forward >= 0, sizes[forward], (forward == ITSELF).astype(np.int64))
            place = np.cumsum(read, axis=1)[row, column] - 1
            own = [ord(words[w][i]) + 1 for w, i in zip(word[row].tolist(), place.tolist(), strict=True)]
            out[row, column, 0] = own
        flat = out.reshape(len(out), -1)
        ends = np.cumsum((flat > 0).sum(axis=1)).tolist()
        text = (flat[flat > 0] - 1).astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        return [text[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def _rank(word: Ints, score: Floats) -> npt.NDArray[np.uint64]:
    """Return numbers that sort by word, then from the highest score to the lowest."""
    bits = score.astype(np.float32).view(np.uint32)
    rising = np.where(bits >> np.uint32(31), ~bits, bits | np.uint32(1 << 31))
    return (word.astype(np.uint64) << np.uint64(32)) | (~rising).astype(np.uint64)
