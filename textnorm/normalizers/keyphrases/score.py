"""What a candidate is worth, and the choice of the best few that do not repeat each other."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textnorm.normalizers.keyphrases.candidates import Candidate, Span
from textnorm.terms.words import Word


@dataclass(frozen=True, slots=True)
class KeyPhrase:
    """A key phrase of a document.

    Attributes:
        phrase: as written most often (the earlier of equals), or a cluster's canonical form.
        score: its worth; only the order within a document means something.
        count: how often it stands there by itself, all forms of a name together.
        spans: where it stands, in code points.
    """

    phrase: str
    score: float
    count: int
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Weights:
    """What goes into a score; each part can be left out.

    Attributes:
        position: weigh by the sentence in which the phrase first stands.
        phrases: take from a phrase's count what stands within a longer phrase that recurs, and favour long phrases.
        idf: rarity of a term in a background corpus, or ``None``.
    """

    position: bool = True
    phrases: bool = True
    idf: Callable[[str], float] | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its terms, its score and the count that went into it."""

    candidate: Candidate
    terms: Sequence[str]
    score: float
    count: int


def score(
    candidates: Sequence[Candidate],
    words: Sequence[Word],
    sentences: Sequence[Span],
    weights: Weights,
) -> list[Scored]:
    """Return the candidates that stand by themselves at least once, best first.

    The score is count · length · rarity · position: the count as its square root; the length of ``k`` words as
    ``1 + log(k) / 2`` where a phrase recurs, else 0.8; the rarity as the mean IDF of the terms; the position as
    ``1 / (1 + log(1 + i))`` for the first sentence ``i``. The forms were chosen on two thirds of the documents of
    ``benchmarks/keyphrases.py``.
    """
    starts = [start for start, _ in sentences]
    word_starts = [word.start for word in words]
    out: list[Scored] = []
    for candidate in candidates:
        count = len(candidate.spans) - (candidate.inside if weights.phrases else 0)
        if count <= 0:
            continue
        terms = _terms(candidate, words, word_starts)
        worth = math.sqrt(count)
        if weights.phrases:
            worth *= 1.0 + 0.5 * math.log(len(terms)) if count > 1 else 0.8
        if weights.idf is not None:
            worth *= sum(map(weights.idf, terms)) / len(terms)
        if weights.position:
            worth /= 1.0 + math.log(1.0 + max(0, bisect_right(starts, candidate.spans[0][0]) - 1))
        out.append(Scored(candidate, terms, round(worth, 6), count))
    return sorted(out, key=lambda item: (-item.score, item.candidate.spans[0], -item.candidate.spans[0][1]))


def _terms(candidate: Candidate, words: Sequence[Word], starts: Sequence[int]) -> Sequence[str]:
    if candidate.cluster is None:
        return candidate.key
    start, end = max(candidate.spans, key=lambda span: span[1] - span[0])
    low = max(0, bisect_right(starts, start) - 1)
    return [word.term for word in words[low : bisect_right(starts, end - 1)]] or [candidate.cluster.canonical]


def choose(text: str, scored: Sequence[Scored], top: int) -> list[KeyPhrase]:
    """Return the best ``top`` phrases, without those that say again what a better one says.

    A phrase is left out where its terms all stand in a better phrase or name. Names are never left out: a club named
    after its city is another thing.
    """
    out: list[KeyPhrase] = []
    names: list[frozenset[str]] = []
    plain: list[frozenset[str]] = []
    for item in scored:
        if len(out) == top:
            break
        terms = frozenset(item.terms)
        if item.candidate.cluster is not None:
            names.append(terms)
        elif any(terms <= other for other in names) or any(terms <= other for other in plain):
            continue
        else:
            plain.append(terms)
        out.append(KeyPhrase(_written(text, item.candidate), item.score, item.count, tuple(item.candidate.spans)))
    return out


def _written(text: str, candidate: Candidate) -> str:
    if candidate.cluster is not None:
        return candidate.cluster.canonical
    forms = Counter(" ".join(text[start:end].split()) for start, end in candidate.spans)
    return max(forms, key=lambda form: forms[form])
