"""From texts to readings: what in a text is a unit, and the memo of the readings of units."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from textnorm.normalizers.script.adapt import Store, spread
from textnorm.normalizers.script.beam import Beam, Readings
from textnorm.normalizers.script.channel import LEVELS, Channel
from textnorm.normalizers.script.hands import Hands
from textnorm.normalizers.script.keys import Hashes, Keys, hash_word
from textnorm.normalizers.script.ranker import OTHER, OWN, ending_hashes
from textnorm.normalizers.script.spelling import WHOLE, Sparse, Speller, arc_features

#: Units that are remembered; then the memo starts anew.
MEMO = 300_000
#: Longest unit that is read, in characters; longer ones stay as they are.
LONGEST = 48
#: Characters of an ending.
ENDING = 3
#: Units whose arcs are ranked at once.
AT_ONCE = 2000


class Units:
    """Finds the units of a text: words, or several where a space between them may stand for something else."""

    def __init__(self, channel: Channel, letters: Iterable[str]) -> None:
        inside = _inside(set(letters) - {" "})
        word = f"[{inside}]+" if inside else "(?!)"  # no letters, no words
        spaced = [source for source in channel.by_source if " " in source.strip("\n") and source != " "]
        before = _inside({s[0] for s in spaced if s.endswith(" ") and s[0] != " "})
        after = _inside({s[-1] for s in spaced if s.startswith(" ") and s[-1] != " "})
        joints = [f"(?<=[{before}]) "] if before else []
        joints += [f" (?=[{after}])"] if after else []
        joined = f"{word}(?:(?:{'|'.join(joints)}){word}){{0,7}}" if joints else word
        # A trailing space belongs to the unit where another one follows, which is then the real one.
        pattern = f"{joined}(?:(?<=[{before}]) (?= ))?" if before else joined
        if channel.inserted:  # a whole word may have left no trace but its two spaces
            pattern += f"|(?<=[^\\s{before}] )(?= \\S)"
        self.pattern = re.compile(pattern)

    def __call__(self, text: str) -> list[tuple[int, int]]:
        """Return where the units of a text stand."""
        return [m.span() for m in self.pattern.finditer(text)]


def _inside(chars: set[str]) -> str:
    """Return the inside of a character class."""
    return "".join(re.escape(char) for char in sorted(chars))


class Memo:
    """Readings of the units met so far.

    Attributes:
        numbers: unit -> its number.
        texts: readings written out.
        word: uint64 ``[readings]``, hashes of the readings.
        ending: uint64 ``[readings]``, hashes of their endings.
        key: uint64 ``[units]``, hashes of the keys of the units.
        key_ending: uint64 ``[units]``, hashes of the endings of those keys.
        same: int64 ``[units]``, the reading that leaves a unit as it is.
        parts: uint64, hashes of the words of those readings that are several words.
        part_offsets: int64 ``[readings + 1]`` into ``parts``.
        taught: float64 ``[readings, hands]``, how often pairs read the very unit so.
        remembered: bool ``[units]``, whether pairs taught the very unit.
        evidence: float64 ``[units, hands]``, what a unit says of the hand.
        spelled: float64 ``[readings]``, what the speller adds; 0 where there is none.
        asked: a dictionary that is asked whether a reading is a word, or ``None``.
        vouched: bool ``[readings]``, whether it said so.
        ranked: whether a ranker needs what follows.
        own: uint64 ``[readings, len(OWN)]``, hashes of the endings of the readings.
        around: uint64 ``[units, len(OTHER)]``, hashes of the endings of the keys of the units.
        store: what choosing among the readings needs.
    """

    def __init__(
        self, beam: Beam, keys: Keys, keep: int, memory: Hands | None = None, speller: Speller | None = None
    ) -> None:
        self.beam = beam
        self.keys = keys
        self.keep = keep
        self.memory = memory
        self.speller = speller
        self.asked: Callable[[str], bool] | None = None
        self.ranked = False
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        none = np.zeros(0, dtype=np.int64)
        zero = np.zeros(1, dtype=np.int64)
        self.numbers: dict[str, int] = {}
        self.texts: list[str] = []
        self.word = self.ending = self.key = self.key_ending = np.zeros(0, dtype=np.uint64)
        self.parts, self.part_offsets = np.zeros(0, dtype=np.uint64), zero
        self.same = none
        hands = self.memory.count if self.memory is not None else 0
        self.taught, self.evidence = np.zeros((0, hands)), np.zeros((0, hands))
        self.remembered = np.zeros(0, dtype=bool)
        self.spelled = np.zeros(0)
        self.vouched = np.zeros(0, dtype=bool)
        self.own = np.zeros((0, len(OWN)), dtype=np.uint64)
        self.around = np.zeros((0, len(OTHER)), dtype=np.uint64)
        self.store = Store(zero, np.zeros(0), np.zeros(0), np.zeros((0, len(LEVELS))), zero, none)

    def learn(self, units: Iterable[str]) -> None:
        """Read those units that are not known yet."""
        fresh = [unit for unit in dict.fromkeys(units) if unit not in self.numbers]
        if not fresh:
            return
        readings, same = self.read(fresh)
        self._remember(readings, fresh)
        vouched = [self.asked is not None and self.asked(text) for text in readings.texts]
        self.vouched = np.concatenate([self.vouched, np.array(vouched, dtype=bool)])
        channel, store = self.beam.channel, self.store
        self.same = np.concatenate([self.same, len(self.texts) + same])
        for unit in fresh:
            self.numbers[unit] = len(self.numbers)
        self.texts.extend(readings.texts)
        hashed: dict[str, int] = {}
        self.word = np.concatenate([self.word, hash_all(readings.texts, hashed)])
        offsets, parts = parts_of(readings.texts, hashed)
        self.part_offsets = np.concatenate([self.part_offsets, self.part_offsets[-1] + offsets[1:]])
        self.parts = np.concatenate([self.parts, parts])
        self.ending = np.concatenate([self.ending, hash_all([t[-ENDING:] for t in readings.texts], hashed)])
        keys = [self.keys(unit) for unit in fresh]
        self.key = np.concatenate([self.key, hash_all(keys, hashed)])
        self.key_ending = np.concatenate([self.key_ending, hash_all([k[-ENDING:] for k in keys], hashed)])
        if self.ranked:
            self.own = np.concatenate([self.own, ending_hashes(readings.texts, OWN, hashed)])
            self.around = np.concatenate([self.around, ending_hashes(keys, OTHER, hashed)])
        arcs = readings.arcs
        real = arcs >= 0
        safe = np.where(real, arcs, 0)
        moving = real & channel.moving[safe]
        fixed = np.where(real & ~moving, channel.mixed[safe], 0.0).sum(axis=1)
        level = np.stack([np.where(moving, cost[safe], 0.0).sum(axis=1) for cost in channel.cost], axis=1)
        if self.speller is not None:
            added = [self.speller(*part) for part in spelling_features(channel, readings, fresh)]
            self.spelled = np.concatenate([self.spelled, *added])
        else:
            self.spelled = np.append(self.spelled, np.zeros(len(readings.texts)))
        self.store = Store(
            np.concatenate([store.offsets, store.offsets[-1] + readings.offsets[1:]]),
            np.concatenate([store.model, readings.lm]),
            np.concatenate([store.fixed, fixed]),
            np.concatenate([store.level, level]),
            np.concatenate([store.arc_offsets, store.arc_offsets[-1] + np.cumsum(moving.sum(axis=1))]),
            np.concatenate([store.arcs, arcs[moving].astype(np.int64)]),
        )

    def read(self, units: Sequence[str]) -> tuple[Readings, npt.NDArray[np.int64]]:
        """Return readings of units, and the one that is the unit itself; where pairs taught some, only these."""
        memory = self.memory
        if memory is None:
            return _with(self.beam(units, self.keep), units, self.beam, [[unit] for unit in units])
        fresh = [i for i, unit in enumerate(units) if unit not in memory]
        found = self.beam([units[i] for i in fresh], self.keep)
        counts = np.zeros(len(units), dtype=np.int64)
        counts[fresh] = np.diff(found.offsets)
        found.offsets = np.concatenate([[0], np.cumsum(counts)])
        return _with(found, units, self.beam, [[unit, *memory.targets(unit)] for unit in units])

    def several(self, readings: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Hashes]:
        """Return of those readings that are several words the words: place among ``readings``, and hash."""
        count = self.part_offsets[readings + 1] - self.part_offsets[readings]
        at = spread(self.part_offsets[readings], count)
        return np.repeat(np.arange(len(readings)), count), self.parts[at]

    def _remember(self, readings: Readings, units: Sequence[str]) -> None:
        memory = self.memory
        if memory is None:
            return
        counts = np.zeros((len(readings.texts), memory.count))
        for i, unit in enumerate(units):
            targets = memory.targets(unit)
            if targets:
                for row in range(readings.offsets[i], readings.offsets[i + 1]):
                    counts[row] = targets.get(readings.texts[row], 0.0)
        self.taught = np.concatenate([self.taught, counts])
        self.remembered = np.append(self.remembered, [unit in memory for unit in units])
        self.evidence = np.concatenate([self.evidence, [memory.evidence(unit) for unit in units]])


def spelling_features(
    channel: Channel, readings: Readings, units: Sequence[str]
) -> Iterator[tuple[Sparse, npt.NDArray[np.float64]]]:
    """Yield what the speller looks at, some units at a time: features of the arcs, and of each whole reading."""
    offsets, arcs = readings.offsets, readings.arcs
    cost = np.append(channel.mixed.astype(np.float64), 0.0)
    for a in range(0, len(units), AT_ONCE):
        part = units[a : a + AT_ONCE]
        where = offsets[a : a + len(part) + 1]
        rows = slice(int(where[0]), int(where[-1]))
        texts = readings.texts[rows]
        owner = np.repeat(np.arange(len(part)), np.diff(where))
        whole = np.zeros((len(texts), len(WHOLE)))
        whole[:, 0] = -cost[np.where(arcs[rows] >= 0, arcs[rows], len(channel.arcs))].sum(axis=1)
        whole[:, 1] = [text == part[i] for text, i in zip(texts, owner.tolist(), strict=True)]
        whole[:, 2] = [len(text) for text in texts]
        yield arc_features(channel, part, where - where[0], arcs[rows]), whole


def parts_of(texts: Sequence[str], known: dict[str, int]) -> tuple[npt.NDArray[np.int64], Hashes]:
    """Return offsets ``[texts + 1]`` and hashes of the words of those texts that are several."""
    words = [text.split() if " " in text else [] for text in texts]
    counts = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
    return np.concatenate([[0], np.cumsum(counts)]), hash_all([word for each in words for word in each], known)


def hash_all(words: Sequence[str], known: dict[str, int]) -> Hashes:
    """Return the hashes of words; ``known`` remembers them."""
    out = []
    for word in words:
        value = known.get(word)
        if value is None:
            value = known[word] = hash_word(word)
        out.append(value)
    return np.array(out, dtype=np.uint64)


def _with(
    found: Readings, units: Sequence[str], beam: Beam, wanted: Sequence[Sequence[str]]
) -> tuple[Readings, npt.NDArray[np.int64]]:
    """Add to each unit the readings ``wanted`` of it that the beam lost; return also the row of the first of them."""
    n = len(units)
    offsets = found.offsets.tolist()
    rows: list[dict[str, int]] = []
    lost: list[tuple[int, str]] = []
    for i in range(n):
        at = {found.texts[row]: row for row in range(offsets[i + 1] - 1, offsets[i] - 1, -1)}
        for text in wanted[i]:
            if text not in at:
                at[text] = len(found.texts) + len(lost)
                lost.append((i, text))
        rows.append(at)
    first = np.array([at[wanted[i][0]] for i, at in enumerate(rows)], dtype=np.int64)
    if not lost:
        return found, first
    paths = [_path(beam.channel, units[i], text) for i, text in lost]
    width = max(found.arcs.shape[1], *map(len, paths))
    arcs = np.full((len(found.texts) + len(lost), width), -2, dtype=np.int32)
    arcs[: len(found.texts), : found.arcs.shape[1]] = found.arcs
    for k, path in enumerate(paths):
        arcs[len(found.texts) + k, : len(path)] = path
    texts = [*found.texts, *(text for _, text in lost)]
    lm = np.concatenate([found.lm, beam.lm.words([text for _, text in lost])])
    owner = np.concatenate([np.repeat(np.arange(n), np.diff(found.offsets)), np.array([i for i, _ in lost])])
    order = np.argsort(owner, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    offsets_new = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n))])
    return Readings(offsets_new, [texts[k] for k in order], lm[order], arcs[order]), place[first]


def _path(channel: Channel, source: str, target: str) -> list[int]:
    """Return the arcs of a reading, last first, where each character stands for one; else nothing is known of it."""
    if len(source) != len(target):
        return []
    found = (
        next((a for a in channel.by_source.get(s, ()) if channel.targets[a] == t), -1)
        for s, t in zip(source, target, strict=True)
    )
    return list(found)[::-1]
