"""A script model: channel, character model, words with their neighbours, and how sure it must be to change a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from textnorm.normalizers.script.adapt import Adapting, Rows, choose
from textnorm.normalizers.script.beam import Beam
from textnorm.normalizers.script.channel import Channel
from textnorm.normalizers.script.charlm import CharLM
from textnorm.normalizers.script.context import Context
from textnorm.normalizers.script.hands import Hands, posterior, taught_shares
from textnorm.normalizers.script.keys import Hashes, Keys, hash_word
from textnorm.normalizers.script.ranker import Ranker, places
from textnorm.normalizers.script.reader import LONGEST, MEMO, Memo, Units
from textnorm.normalizers.script.spelling import Speller

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: Share that a reading which pairs did not teach has of a unit of which they taught others.
UNTAUGHT = 1e-4
_OPEN, _CLOSE = hash_word("^"), hash_word("$")


@dataclass(frozen=True)
class Settings:
    """Numbers of a model that are tuned, not counted.

    Attributes:
        margin: nats by which a reading must beat the text as it stands.
        width: hypotheses of a unit kept by the beam.
        drop: nats below the best at which the beam drops a hypothesis.
        keep: readings of a unit that are remembered.
        fold: whether words are read in lower case and get their capitals back.
        adapting: how documents are adapted to.
    """

    margin: float = 0.0
    width: int = 24
    drop: float = 8.0
    keep: int = 10
    fold: bool = False
    adapting: Adapting = field(default_factory=Adapting)


@dataclass
class Found:
    """What was decided on the units of a batch, one row a unit that stands in a text.

    Attributes:
        text: int64, index of the text.
        start: int64, first code point.
        end: int64, code point after the last.
        rows: readings.
        logp: float64, log-probability of each row within its unit.
        best: int64, row of the reading that was chosen: the best one, or ``same`` where the gate is not passed.
        same: int64, row of the reading that leaves the unit as it is.
        clean: float64 ``[documents]``, probability that a document is right as it stands.
    """

    text: Ints
    start: Ints
    end: Ints
    rows: Rows
    logp: Doubles
    best: Ints
    same: Ints
    clean: Doubles


class ScriptModel:
    """Reads units of texts. Thread-unsafe: it remembers readings."""

    def __init__(
        self,
        channel: Channel,
        lm: CharLM,
        keys: Keys,
        letters: str,
        context: Context | None,
        settings: Settings,
        memory: Hands | None = None,
        ranker: Ranker | None = None,
        speller: Speller | None = None,
    ) -> None:
        self.channel = channel
        self.lm = lm
        self.keys = keys
        self.letters = letters
        self.context = context
        self.settings = settings
        self.units = Units(channel, letters)
        beam = Beam(channel, lm, width=settings.width, margin=settings.drop)
        self.memory = memory
        self.speller = speller
        self.ranker = ranker
        self.memo = Memo(beam, keys, settings.keep, memory, speller)
        self.memo.ranked = ranker is not None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the units of a text that are not too long to be read."""
        return [(a, b) for a, b in self.units(text) if b - a <= LONGEST]

    def read(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], documents: Sequence[int] | None = None
    ) -> Found:
        """Decide on all units of some texts.

        Args:
            texts: the texts (in lower case where the model folds).
            spans: the units of each.
            documents: number of the document of each text, ascending from 0; by default each text is one.
        """
        words = [text[a:b] for text, where in zip(texts, spans, strict=True) for a, b in where]
        if len(self.memo.numbers) > MEMO:
            self.memo.clear()
        self.memo.learn(words)
        memo, numbers = self.memo, self.memo.numbers
        units = np.fromiter((numbers[word] for word in words), dtype=np.int64, count=len(words))
        counts = np.fromiter(map(len, spans), dtype=np.int64, count=len(texts))
        text_of = np.repeat(np.arange(len(texts)), counts)
        given = text_of if documents is None else np.asarray(documents, dtype=np.int64)[text_of]
        document = np.unique(given, return_inverse=True)[1].astype(np.int64)
        flat = np.array([span for where in spans for span in where], dtype=np.int64).reshape(-1, 2)
        rows = Rows.of(memo.store, units, document)
        score = memo.store.model[rows.reading]
        if self.context is not None and len(words):
            score = self.features(texts, spans, units, rows) @ self.context.weights
            if self.ranker is not None:
                score += self.ranker(self.places(texts, spans, units, rows))
        if self.speller is not None:
            score = score + memo.spelled[rows.reading]
        logp, clean = choose(
            memo.store, self.channel, rows, score - memo.store.fixed[rows.reading], self.settings.adapting
        )
        if self.memory is not None and len(words):
            hand = posterior(memo.evidence[units], document)
            taught = taught_shares(memo.taught[rows.reading], hand, rows.offsets[:-1], rows.occurrence)
            logp = np.where(memo.remembered[units][rows.occurrence], np.log(taught + UNTAUGHT), logp)
        best = _best(logp, rows)
        same = rows.offsets[:-1] + (memo.same[units] - memo.store.offsets[units])
        gain = logp[best] - logp[same]
        sure = gain >= self.settings.margin * clean[document] if len(words) else gain > 0
        return Found(text_of, flat[:, 0], flat[:, 1], rows, logp, np.where(sure, best, same), same, clean)

    def features(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], units: Ints, rows: Rows
    ) -> Doubles:
        """Return the features of all rows."""
        assert self.context is not None
        memo, beside = self.memo, Beside(texts, spans)
        key, ending = memo.key[units], memo.key_ending[units]
        return self.context.features(
            memo.word[rows.reading],
            memo.ending[rows.reading],
            memo.store.model[rows.reading],
            rows.offsets,
            rows.occurrence,
            (beside.left(key), beside.right(key), beside.left(ending), beside.right(ending)),
            memo.vouched[rows.reading],
            memo.several(rows.reading),
        )

    def places(self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], units: Ints, rows: Rows) -> Ints:
        """Return the places in the ranker's table of the features of all rows."""
        memo, beside = self.memo, Beside(texts, spans)
        around: dict[int, Hashes] = {}
        for distance in (-1, -2):
            columns = memo.around[units].T if distance == -1 else around[-1].T
            around[distance] = np.stack([beside.left(column) for column in columns], axis=1)
        for distance in (1, 2):
            columns = memo.around[units].T if distance == 1 else around[1].T
            around[distance] = np.stack([beside.right(column) for column in columns], axis=1)
        return places(memo.own[rows.reading], around, rows.occurrence)


def _best(logp: Doubles, rows: Rows) -> Ints:
    """Return the best row of each occurrence, the first of equals."""
    if not len(logp):
        return np.zeros(0, dtype=np.int64)
    top = np.maximum.reduceat(logp, rows.offsets[:-1])[rows.occurrence]
    at = np.flatnonzero(logp == top)
    return at[np.unique(rows.occurrence[at], return_index=True)[1]]


class Beside:
    """What stands beside each unit of some texts.

    Where more than a space lies between two units, its first sign stands for the neighbour.
    """

    def __init__(self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]) -> None:
        n = sum(map(len, spans))
        signs: dict[str, int] = {}
        self._sign = np.zeros(n, dtype=np.uint64)  # of what stands before, where that is no unit
        self._plain = np.zeros(n, dtype=bool)  # whether only a space stands before
        self._closing = np.zeros(n, dtype=np.uint64)
        self._last = np.zeros(n, dtype=bool)
        k = 0
        for text, where in zip(texts, spans, strict=True):
            end = 0
            for i, (a, b) in enumerate(where):
                gap = text[end:a].strip()
                if gap:
                    value = signs.get(gap[0])
                    if value is None:
                        value = signs[gap[0]] = hash_word(gap[0])
                    self._sign[k] = value
                elif i:
                    self._plain[k] = True
                else:
                    self._sign[k] = _OPEN
                end = b
                k += 1
            if where:
                gap = text[end:].strip()
                self._last[k - 1] = True
                self._closing[k - 1] = hash_word(gap[0]) if gap else _CLOSE

    def left(self, values: Hashes) -> Hashes:
        """Return for each unit the value of the unit before it, or the hash of what stands there instead."""
        return np.where(self._plain, np.roll(values, 1), self._sign)

    def right(self, values: Hashes) -> Hashes:
        """Return for each unit the value of the unit after it, or the hash of what stands there instead."""
        plain = np.append(self._plain[1:], False) & ~self._last
        sign = np.where(self._last, self._closing, np.append(self._sign[1:], np.uint64(0)))
        return np.where(plain, np.roll(values, -1), sign)
