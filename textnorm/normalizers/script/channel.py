"""The channel: which letters of the writer's script may stand for which letters of the language, and how often.

An arc reads one or two characters of the source as none to three characters of the target. The probability of an arc is
that of its source given its target, so those of one target sum to one over its arcs; that a target leaves no trace in
the source is an arc with an empty source. How strongly a writer replaces letters is a *level*: it shifts the odds that
a letter is kept, for those letters that writers of the other script replace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
#: Shifts of the log-odds that a letter is kept: from a text that is right to one written in the other script.
LEVELS = (6.0, 2.0, 0.0, -2.0, -6.0)
#: A target that is kept less often than this is one that writers replace: its odds follow the level.
SYSTEMATIC = 0.985
FLOOR = 1e-7


@dataclass(frozen=True)
class Arc:
    """One reading of a piece of source.

    Attributes:
        source: characters in the text; empty where the target leaves no trace.
        target: characters of the language; empty where the source stands for nothing.
        prob: probability of the source given the target.
    """

    source: str
    target: str
    prob: float


class Channel:
    """Arcs in columns.

    Attributes:
        arcs: all arcs; those with ``source == target`` keep the text.
        cost: float32 ``[levels, arcs]``, negative log-probabilities of each level.
        group: int64 ``[arcs]``, number of the target, for adapting to a document.
        by_source: arcs of each source.
        inserted: arcs with an empty source.
    """

    def __init__(self, arcs: Sequence[Arc]) -> None:
        self.arcs = tuple(arcs)
        targets: dict[str, int] = {}
        self.group = np.array([targets.setdefault(arc.target, len(targets)) for arc in arcs], dtype=np.int64)
        self.groups = len(targets)
        keep = np.zeros(self.groups)
        for arc, group in zip(arcs, self.group, strict=True):
            if arc.source == arc.target:
                keep[group] = arc.prob
        prob = np.array([arc.prob for arc in arcs], dtype=np.float64)
        same = np.array([arc.source == arc.target for arc in arcs], dtype=bool)
        held = keep[self.group]
        moving = (held > 0) & (held < SYSTEMATIC)
        odds = np.log(np.clip(held, 1e-4, 1 - 1e-4)) - np.log1p(-np.clip(held, 1e-4, 1 - 1e-4))
        self.same = same
        self.moving = moving
        rows = []
        for shift in LEVELS:
            kept = 1 / (1 + np.exp(-(odds + shift)))
            scaled = np.where(same, kept, prob / np.maximum(1 - held, 1e-9) * (1 - kept))
            rows.append(np.where(moving, scaled, prob))
        #: float64 ``[levels, arcs]``.
        self.prob = np.maximum(np.array(rows), FLOOR)
        self.cost = (-np.log(self.prob)).astype(np.float32)
        #: What beams use: all levels alike.
        self.mixed = (-np.log(np.exp(-self.cost.astype(np.float64)).mean(axis=0))).astype(np.float32)
        self.by_source: dict[str, list[int]] = defaultdict(list)
        self.inserted: list[int] = []
        for number, arc in enumerate(arcs):
            if arc.source:
                self.by_source[arc.source].append(number)
            else:
                self.inserted.append(number)
        self.longest = max((len(source) for source in self.by_source), default=1)
        self.targets = [arc.target for arc in arcs]

    @property
    def letters(self) -> set[str]:
        """Characters that stand in some source."""
        return set("".join(self.by_source))

    @classmethod
    def of_counts(cls, counts: Mapping[tuple[str, str], float], kept: Iterable[str], smooth: float = 0.5) -> Channel:
        """Return the channel of counted arcs ``(source, target)``; every character of ``kept`` may stay as it is."""
        total: dict[str, float] = defaultdict(float)
        full = dict(counts)
        for char in kept:
            full[(char, char)] = full.get((char, char), 0.0) + smooth
        for (_, target), count in full.items():
            total[target] += count
        total[""] = sum(count for (source, _), count in full.items() if source)  # anything may be superfluous
        made = [Arc(s, t, count / total[t]) for (s, t), count in sorted(full.items()) if count > 0 and s + t]
        return cls(made)
