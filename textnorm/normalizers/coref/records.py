"""Documents as records: what ``textnorm names`` reads and writes (docs/names.md)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from textnorm.errors import DataError
from textnorm.normalizers.coref.engine import Cluster, NameResolver
from textnorm.normalizers.coref.mention import Mention
from textnorm.normalizers.coref.text import Words, split_words
from textnorm.normalizers.coref.types import known_type

#: Mentions, types and so on that a message names one by one.
NAMED = 5
#: Code points of a mention that are looked at: of a longer one, the first and the last half of them. No name is that
#: long; a broken row may hold thousands of such mentions, one inside the other.
LONGEST_TEXT = 400
#: The same for a document of tokens, in tokens.
LONGEST_TOKENS = 64


class Found(NamedTuple):
    """The names of one record.

    Attributes:
        spans: of the mentions, in the record's unit, end exclusive, in the order of the text.
        clusters: numbers of mentions refer to ``spans``.
        unknown: tags that are no types, with their counts; they count as ``other``.
        crossing: pairs of mentions that overlap without one lying in the other.
    """

    spans: list[tuple[int, int]]
    clusters: list[Cluster]
    unknown: Counter[str]
    crossing: list[tuple[tuple[int, int], tuple[int, int]]]


def resolve_record(record: Any, resolver: NameResolver, where: str) -> Found:
    """Return the names of a record ``{"text" | "tokens", "mentions"?, "lang"?}``.

    Raises:
        DataError: it is no such record, or a mention lies outside the document; says where and what.
    """
    if not isinstance(record, dict):
        msg = f"{where}: a record is an object with 'text' or 'tokens', not {_kind(record)}."
        raise DataError(msg)
    tokens = record.get("tokens")
    text = record.get("text")
    if tokens is not None:
        if not isinstance(tokens, list) or not set(map(type, tokens)) <= {str}:
            msg = f"{where}: 'tokens' is a list of strings."
            raise DataError(msg)
        doc, size = Words(tokens, [], []), len(tokens)
    elif isinstance(text, str):
        doc, size = split_words(text), len(text)
    else:
        msg = f"{where}: the record has neither a string 'text' nor a list 'tokens'."
        raise DataError(msg)
    code = _language(record, resolver, where)
    code = code or resolver.code_of(doc.words)
    unknown: Counter[str] = Counter()
    if record.get("mentions") is None:
        mentions = resolver.find(doc.words, code)
        spans = [(m.start, m.end) if tokens is not None else (doc.start[m.start], doc.end[m.end - 1]) for m in mentions]
    else:
        given = _spans(record["mentions"], size, unknown, where)
        spans = [(start, end) for start, end, _ in given]
        mentions = [
            Mention(start, end, _tokens(tokens, start, end), type_)
            if tokens is not None
            else _mention(text or "", doc, start, end, type_)
            for start, end, type_ in given
        ]
    return Found(spans, resolver.resolve(doc.words, mentions, code).clusters, unknown, _crossing(spans))


def _language(record: Mapping[str, Any], resolver: NameResolver, where: str) -> str | None:
    code = record.get("lang")
    if code is None:
        return None
    if not isinstance(code, str):
        msg = f"{where}: 'lang' is a language code, not {_kind(code)}."
        raise DataError(msg)
    return code if resolver.knows(code) else None


def _spans(mentions: Any, size: int, unknown: Counter[str], where: str) -> list[tuple[int, int, str | None]]:
    """Check mentions and return them sorted, equal ones once."""
    if not isinstance(mentions, list):
        msg = f"{where}: 'mentions' is a list, not {_kind(mentions)}."
        raise DataError(msg)
    out: dict[tuple[int, int], str | None] = {}
    for k, mention in enumerate(mentions):
        if not isinstance(mention, dict) or not _whole(mention.get("start")) or not _whole(mention.get("end")):
            msg = f"{where}: mention {k} is no object with whole numbers 'start' and 'end': {mention!r:.80}."
            raise DataError(msg)
        start, end, tag = mention["start"], mention["end"], mention.get("type")
        if not 0 <= start < end <= size:
            what = "is empty" if start == end else "ends before it starts" if start > end else "lies outside"
            msg = f"{where}: mention {k} [{start}, {end}) {what}; the document has {size} offsets (0 to {size})."
            raise DataError(msg)
        if tag is not None and not isinstance(tag, str):
            msg = f"{where}: the type of mention {k} [{start}, {end}) is a string, not {_kind(tag)}."
            raise DataError(msg)
        type_ = None if tag is None else known_type(tag)
        if tag is not None and type_ is None:
            unknown[tag] += 1
            type_ = "other"
        if out.get((start, end)) is None:
            out[start, end] = type_
    return [(start, end, type_) for (start, end), type_ in sorted(out.items(), key=lambda item: item[0])]


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _tokens(tokens: Sequence[str], start: int, end: int) -> tuple[str, ...]:
    if end - start <= LONGEST_TOKENS:
        return tuple(tokens[start:end])
    half = LONGEST_TOKENS // 2
    return (*tokens[start : start + half], *tokens[end - half : end])


def _mention(text: str, doc: Words, start: int, end: int, type_: str | None) -> Mention:
    first = max(bisect_right(doc.start, start) - 1, 0)
    if first < len(doc.words) and doc.end[first] <= start:
        first += 1
    last = max(bisect_left(doc.start, end), first)
    if end - start > LONGEST_TEXT:
        half = LONGEST_TEXT // 2
        ends = split_words(text[start : start + half]).words, split_words(text[end - half : end]).words
        return Mention(first, last, (*ends[0], *ends[1]), type_)
    words = doc.words[first:last]
    if not words or doc.start[first] != start or doc.end[last - 1] != end:
        words = split_words(text[start:end]).words or [text[start:end]]  # it cuts a word
    return Mention(first, last, tuple(words), type_)


def _crossing(spans: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return overlapping mentions of which none holds the other; ``spans`` are sorted."""
    out: list[tuple[tuple[int, int], tuple[int, int]]] = []
    stack: list[tuple[int, int]] = []
    for span in spans:
        while stack and stack[-1][1] <= span[0]:
            stack.pop()
        if stack and span[1] > stack[-1][1] and span[0] > stack[-1][0]:
            out.append((stack[-1], span))
        stack.append(span)
    return out


def output_clusters(found: Found, *, full: bool = False) -> list[dict[str, Any]]:
    """Return the ``clusters`` of a record; with ``full`` also confidence and evidence."""
    out = []
    for cluster in found.clusters:
        row: dict[str, Any] = {
            "canonical": cluster.canonical,
            "type": cluster.type,
            "mentions": [list(found.spans[k]) for k in cluster.mentions],
        }
        if full:
            row["confidence"] = cluster.confidence
            row["evidence"] = [
                {"form": form, "other": other, "sieve": sieve, "confidence": confidence}
                for form, other, sieve, confidence in cluster.evidence
            ]
        out.append(row)
    return out
