"""What may be a key phrase: runs of content words inside a sentence, and the names that clusters tell of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from textnorm.errors import DataError
from textnorm.terms.tables import TermTables
from textnorm.terms.words import Word, is_content

Key = tuple[str, ...]
Span = tuple[int, int]


class Cluster(NamedTuple):
    """The mentions of one name.

    Attributes:
        canonical: how to write it.
        spans: of its mentions, in code points.
    """

    canonical: str
    spans: tuple[Span, ...]


@dataclass
class Candidate:
    """A phrase with where it stands.

    Attributes:
        key: its terms; what makes two written forms one phrase. A cluster's key is an empty term and its number.
        spans: where it stands, ascending.
        inside: of those, how many stand within a longer candidate that recurs or is a name.
        cluster: the name whose mentions these are.
    """

    key: Key
    spans: list[Span] = field(default_factory=list)
    inside: int = 0
    cluster: Cluster | None = None


def read_clusters(given: Iterable[Any], size: int) -> list[Cluster]:
    """Return clusters from objects ``{"canonical", "mentions": [[start, end], …]}`` or :class:`Cluster`.

    Raises:
        DataError: such an object is broken, or a mention lies outside a text of ``size`` code points.
    """
    out: list[Cluster] = []
    for i, item in enumerate(given):
        canonical, spans = _parts(item, i)
        for start, end in spans:
            if not 0 <= start < end <= size:
                where = f"Cluster {i} ('{canonical}')"
                msg = f"{where}: the mention [{start}, {end}) lies outside a text of {size} code points."
                raise DataError(msg)
        out.append(Cluster(canonical, tuple(sorted(set(spans)))))
    return out


def _parts(item: Any, i: int) -> tuple[str, list[Span]]:
    if isinstance(item, Cluster):
        return item.canonical, list(item.spans)
    try:
        canonical = item["canonical"]
        spans = [(start, end) for start, end in item["mentions"]]
    except (TypeError, KeyError, ValueError) as error:
        msg = f"Cluster {i} is no object with 'canonical' and 'mentions' of [start, end]: {item!r:.80}"
        raise DataError(msg) from error
    if not isinstance(canonical, str) or not all(type(n) is int for span in spans for n in span):
        msg = f"Cluster {i}: 'canonical' is a string, 'mentions' are pairs of integers: {item!r:.80}"
        raise DataError(msg)
    return canonical, spans


def find_candidates(
    text: str,
    words: Sequence[Word],
    sentences: Sequence[Span],
    clusters: Sequence[Cluster],
    tables: TermTables,
    longest: int,
) -> list[Candidate]:
    """Return every candidate of a document, in the order in which they first stand.

    Args:
        text: the document.
        words: its words.
        sentences: its sentences; no phrase crosses one's end.
        clusters: names; within a mention nothing else is a candidate.
        tables: of the language.
        longest: most words of a phrase that no cluster tells of.
    """
    taken = _mentions(clusters)
    spans_of: dict[int, list[Span]] = defaultdict(list)
    for start, (end, i) in taken.items():
        spans_of[i].append((start, end))
    out = [Candidate(("", str(i)), spans, cluster=clusters[i]) for i, spans in sorted(spans_of.items())]
    places: dict[Key, list[Span]] = defaultdict(list)  # in words
    for low, high in _runs(text, words, sentences, taken, tables):
        for at in range(low, high):
            for end in range(at + 1, min(high, at + longest) + 1):
                places[tuple(word.term for word in words[at:end])].append((at, end))
    inside = _inside(text, words, places)
    for key, found in places.items():
        spans = [(words[at].start, words[end - 1].end) for at, end in found]
        out.append(Candidate(key, spans, len(inside[key])))
    return sorted(out, key=lambda candidate: (candidate.spans[0][0], -candidate.spans[0][1]))


def _inside(text: str, words: Sequence[Word], places: Mapping[Key, Sequence[Span]]) -> Mapping[Key, set[int]]:
    """Return for each phrase the words at which it begins within a longer phrase that recurs, or within a name."""
    inside: dict[Key, set[int]] = defaultdict(set)
    for key, found in places.items():
        if len(key) == 1 or (len(found) == 1 and not _is_name(text, words[slice(*found[0])])):
            continue
        for low, high in found:
            for at in range(low, high):
                for end in range(at + 1, high + 1):
                    if (at, end) != (low, high):
                        inside[tuple(word.term for word in words[at:end])].add(at)
    return inside


def _is_name(text: str, words: Iterable[Word]) -> bool:
    """Return whether all words have a capital: no use to count "Ruiz" and "Fabo" beside the one "Pablo Ruiz Fabo"."""
    return all(text[word.start].isupper() for word in words)


def _mentions(clusters: Sequence[Cluster]) -> dict[int, tuple[int, int]]:
    """Return start → (end, cluster) of the mentions that begin within no other; of equals the first cluster's."""
    spans = sorted((start, -end, i) for i, cluster in enumerate(clusters) for start, end in cluster.spans)
    taken: dict[int, tuple[int, int]] = {}
    last = 0
    for start, end, i in spans:
        if start >= last:
            taken[start] = (-end, i)
            last = -end
    return taken


def _runs(
    text: str,
    words: Sequence[Word],
    sentences: Sequence[Span],
    taken: Mapping[int, tuple[int, int]],
    tables: TermTables,
) -> Iterable[Span]:
    """Yield the runs of content words that stand side by side, within a sentence and outside mentions, in words."""
    edges = sorted((start, end) for start, (end, _) in taken.items())
    starts = {start for start, _ in sentences}
    mention = 0
    low = 0
    for at, word in enumerate(words):
        while mention < len(edges) and edges[mention][1] <= word.start:
            mention += 1
        named = mention < len(edges) and edges[mention][0] < word.end
        usable = not named and is_content(word.term, tables)
        joined = at > low and word.start not in starts and not text[words[at - 1].end : word.start].strip()
        if at > low and not (usable and joined):
            yield low, at
            low = at
        if not usable:
            low = at + 1
    if low < len(words):
        yield low, len(words)
