"""From texts to readings: what in a text is a unit, and the memo of the readings of units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from textnorm.normalizers.script.adapt import Store
from textnorm.normalizers.script.beam import Beam, Readings
from textnorm.normalizers.script.channel import LEVELS, Channel
from textnorm.normalizers.script.keys import Hashes, Keys, hash_word

#: Units that are remembered; then the memo starts anew.
MEMO = 300_000
#: Longest unit that is read, in characters; longer ones stay as they are.
LONGEST = 48
#: Characters of an ending.
ENDING = 3


class Units:
    """Finds the units of a text: words, or several where a space between them may stand for something else."""

    def __init__(self, channel: Channel, letters: Iterable[str]) -> None:
        word = f"[{_inside(set(letters) - {' '})}]+"
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
        store: what choosing among the readings needs.
    """

    def __init__(self, beam: Beam, keys: Keys, keep: int) -> None:
        self.beam = beam
        self.keys = keys
        self.keep = keep
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        none = np.zeros(0, dtype=np.int64)
        zero = np.zeros(1, dtype=np.int64)
        self.numbers: dict[str, int] = {}
        self.texts: list[str] = []
        self.word = self.ending = self.key = self.key_ending = np.zeros(0, dtype=np.uint64)
        self.same = none
        self.store = Store(zero, np.zeros(0), np.zeros(0), np.zeros((0, len(LEVELS))), zero, none)

    def learn(self, units: Iterable[str]) -> None:
        """Read those units that are not known yet."""
        fresh = [unit for unit in dict.fromkeys(units) if unit not in self.numbers]
        if not fresh:
            return
        found = self.beam(fresh, self.keep)
        readings, same = _with_itself(found, fresh, self.beam)
        channel, store = self.beam.channel, self.store
        self.same = np.concatenate([self.same, len(self.texts) + same])
        for unit in fresh:
            self.numbers[unit] = len(self.numbers)
        self.texts.extend(readings.texts)
        hashed: dict[str, int] = {}
        self.word = np.concatenate([self.word, _hashes(readings.texts, hashed)])
        self.ending = np.concatenate([self.ending, _hashes([t[-ENDING:] for t in readings.texts], hashed)])
        keys = [self.keys(unit) for unit in fresh]
        self.key = np.concatenate([self.key, _hashes(keys, hashed)])
        self.key_ending = np.concatenate([self.key_ending, _hashes([k[-ENDING:] for k in keys], hashed)])
        arcs = readings.arcs
        real = arcs >= 0
        safe = np.where(real, arcs, 0)
        moving = real & channel.moving[safe]
        fixed = np.where(real & ~moving, channel.mixed[safe], 0.0).sum(axis=1)
        level = np.stack([np.where(moving, cost[safe], 0.0).sum(axis=1) for cost in channel.cost], axis=1)
        self.store = Store(
            np.concatenate([store.offsets, store.offsets[-1] + readings.offsets[1:]]),
            np.concatenate([store.model, readings.lm]),
            np.concatenate([store.fixed, fixed]),
            np.concatenate([store.level, level]),
            np.concatenate([store.arc_offsets, store.arc_offsets[-1] + np.cumsum(moving.sum(axis=1))]),
            np.concatenate([store.arcs, arcs[moving].astype(np.int64)]),
        )


def _hashes(words: Sequence[str], known: dict[str, int]) -> Hashes:
    out = []
    for word in words:
        value = known.get(word)
        if value is None:
            value = known[word] = hash_word(word)
        out.append(value)
    return np.array(out, dtype=np.uint64)


def _with_itself(found: Readings, units: Sequence[str], beam: Beam) -> tuple[Readings, npt.NDArray[np.int64]]:
    """Add to each unit the reading that leaves it as it is, where the beam lost it; return its row, too."""
    n = len(units)
    same = np.full(n, -1, dtype=np.int64)
    offsets = found.offsets.tolist()
    for i, unit in enumerate(units):
        for row in range(offsets[i], offsets[i + 1]):
            if found.texts[row] == unit:
                same[i] = row
                break
    lost = np.flatnonzero(same < 0)
    if not len(lost):
        return found, same
    channel = beam.channel
    paths = [
        [next((a for a in channel.by_source.get(char, ()) if channel.targets[a] == char), -1) for char in units[i]][::-1]
        for i in lost
    ]
    width = max(found.arcs.shape[1], max(map(len, paths)))
    arcs = np.full((len(found.texts) + len(lost), width), -2, dtype=np.int32)
    arcs[: len(found.texts), : found.arcs.shape[1]] = found.arcs
    for k, path in enumerate(paths):
        arcs[len(found.texts) + k, : len(path)] = path
    texts = [*found.texts, *(units[i] for i in lost)]
    lm = np.concatenate([found.lm, beam.lm.words([units[i] for i in lost])])
    owner = np.concatenate([np.repeat(np.arange(n), np.diff(found.offsets)), lost])
    order = np.argsort(owner, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    same[lost] = len(found.texts) + np.arange(len(lost))
    moved = Readings(
        np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n))]),
        [texts[k] for k in order],
        lm[order],
        arcs[order],
    )
    return moved, place[same]
