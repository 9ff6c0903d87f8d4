"""What was remembered of single words, by hand: which reading each had, and in whose writing.

Pairs of words in running order come from several writers and editors (*hands*), who spell, and modernise, each in
their own way: one edition reads ``nu`` as ``nú`` throughout, another leaves it. Stretches of the training pairs are
grouped by the words of their source alone (hard EM on a mixture of unigram models: Nigam et al. 2000); at reading time
the words around a word say whose hand it is, and the hand says which of its readings. A word that stands alone in its
document is read as it was most often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: Pairs of one stretch.
STRETCH = 300
#: Numbers of hands that are tried; one hand is one hand too many only where no text is long enough to tell.
TRIED = (1, 4, 8)
#: Words on either side that say whose hand it is, and the weight of each: neighbours repeat one another.
WINDOW, TEMPER = 60, 0.2
#: Weight of what all hands say together against what one does, in occurrences.
PRIOR = 1.0
#: Added to the count of each word in each hand.
SMOOTH = 0.1
#: Share by which errors on held-back pairs must fall before several hands are believed in.
WORTH = 0.02
_ROUNDS = 20


class Hands:
    """Counts of the readings of words, by hand.

    Attributes:
        words: source -> target -> float64 ``[hands]``, counts.
        count: number of hands.
        unknown: float64 ``[hands]``, evidence of a word that was never seen: none.
    """

    def __init__(self, words: Mapping[str, Mapping[str, Doubles]]) -> None:
        self.words = words
        self.count = next((len(n) for targets in words.values() for n in targets.values()), 1)
        size = np.full(self.count, SMOOTH * max(1, len(words)))
        for targets in words.values():
            for n in targets.values():
                size += n
        self._log_size = np.log(size)
        self.unknown = np.zeros(self.count)

    def __contains__(self, source: object) -> bool:
        return source in self.words

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def of_pairs(cls, pairs: Sequence[tuple[str, str]], hand: Ints, count: int) -> Hands:
        """Count pairs, each in its hand."""
        words: dict[str, dict[str, Doubles]] = {}
        for (source, target), number in zip(pairs, hand.tolist(), strict=True):
            targets = words.setdefault(source, {})
            if target not in targets:
                targets[target] = np.zeros(count)
            targets[target][number] += 1
        return cls(words)

    def rows(self) -> Iterator[tuple[str, str, Doubles]]:
        """Yield source, target and counts, sorted."""
        for source in sorted(self.words):
            for target in sorted(self.words[source]):
                yield source, target, self.words[source][target]

    def targets(self, source: str) -> Mapping[str, Doubles]:
        """Return the readings of a word and their counts; nothing for an unknown word."""
        return self.words.get(source, {})

    def evidence(self, source: str) -> Doubles:
        """Return float64 ``[hands]``: how much likelier each hand is for having written this word."""
        targets = self.words.get(source)
        if targets is None or self.count == 1:
            return self.unknown
        logs = np.log(np.sum(list(targets.values()), axis=0) + SMOOTH) - self._log_size
        return np.asarray(logs - logs.mean())


def posterior(evidence: Doubles, document: Ints) -> Doubles:
    """Return for each word whose hand it is, by the words around it in its document, ``[words, hands]``.

    Args:
        evidence: float64 ``[words, hands]``.
        document: int64 ``[words]``, ascending.
    """
    if evidence.shape[1] == 1:
        return np.ones(evidence.shape)
    n = len(evidence)
    total = np.concatenate([np.zeros((1, evidence.shape[1])), np.cumsum(evidence, axis=0)])
    place = np.arange(n)
    first = np.maximum(np.searchsorted(document, document, side="left"), place - WINDOW)
    last = np.minimum(np.searchsorted(document, document, side="right"), place + WINDOW + 1)
    # The word itself is no evidence: alone it is read as it was most often.
    logs = (total[last] - total[first] - evidence) * TEMPER
    weight = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def taught_shares(counts: Doubles, hand: Doubles, start: Ints, occurrence: Ints) -> Doubles:
    """Return the share of each reading among those of its word, by the word's hand.

    Args:
        counts: float64 ``[rows, hands]``, counts of the readings.
        hand: float64 ``[occurrences, hands]``, of :func:`posterior`.
        start: int64 ``[occurrences]``, first row of each.
        occurrence: int64 ``[rows]``.
    """
    every = counts.sum(axis=1)
    share = every / np.maximum(np.add.reduceat(every, start), 1e-9)[occurrence]
    own = np.einsum("rh,rh->r", counts, hand[occurrence])
    return np.asarray((own + PRIOR * share) / (np.add.reduceat(own, start)[occurrence] + PRIOR))


def find_hands(sources: Sequence[str], count: int) -> Ints:
    """Return the hand of each word of a running text, ``[words]``: stretches grouped by their words."""
    if count == 1 or len(sources) < 2 * STRETCH:
        return np.zeros(len(sources), dtype=np.int64)
    number = {word: i for i, word in enumerate(w for w, n in Counter(sources).items() if n > 2)}
    stretches = [sources[a : a + STRETCH] for a in range(0, len(sources), STRETCH)]
    found = np.zeros((len(stretches), len(number)))
    for row, stretch in enumerate(stretches):
        for word in stretch:
            if word in number:
                found[row, number[word]] += 1
    hand = np.arange(len(stretches)) * count // len(stretches)
    for _ in range(_ROUNDS):
        inside = np.zeros((count, len(number)))
        np.add.at(inside, hand, found)
        likely = np.log((inside + SMOOTH) / (inside.sum(axis=1, keepdims=True) + SMOOTH * len(number)))
        better = (found @ likely.T).argmax(axis=1)
        if (better == hand).all():
            break
        hand = better
    return np.repeat(hand, STRETCH)[: len(sources)]


def learn_hands(pairs: Sequence[tuple[str, str]], fold: Ints) -> Hands:
    """Return what pairs in running order teach, with as many hands as serve those pairs that are held back.

    Args:
        pairs: sources and targets.
        fold: int64 ``[pairs]``; those of fold 0 are held back.
    """
    sources = [source for source, _ in pairs]
    away = np.flatnonzero(fold == 0).tolist()
    kept = np.flatnonzero(fold != 0).tolist()
    wrong: dict[int, int] = {}
    for count in TRIED:
        hand = find_hands(sources, count)
        hands = Hands.of_pairs([pairs[i] for i in kept], hand[kept], count)
        wrong[count] = sum(map(_differs, _read(hands, [sources[i] for i in away]), (pairs[i][1] for i in away)))
    best = min(wrong, key=lambda count: (wrong[count], count))
    if wrong[best] > (1 - WORTH) * wrong[1]:
        best = 1
    return Hands.of_pairs(pairs, find_hands(sources, best), best)


def _differs(got: str | None, right: str) -> bool:
    return got is not None and got != right


def _read(hands: Hands, sources: Sequence[str]) -> list[str | None]:
    """Return the likeliest remembered reading of each word of a running text."""
    evidence = np.array([hands.evidence(source) for source in sources]).reshape(len(sources), hands.count)
    hand = posterior(evidence, np.zeros(len(sources), dtype=np.int64))
    out: list[str | None] = []
    for source, own in zip(sources, hand, strict=True):
        targets = hands.targets(source)
        if not targets:
            out.append(None)
            continue
        counts = np.array(list(targets.values()))
        share = taught_shares(counts, own[None], np.zeros(1, dtype=np.int64), np.zeros(len(counts), dtype=np.int64))
        out.append(list(targets)[int(share.argmax())])
    return out
