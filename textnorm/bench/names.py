"""``textnorm bench names``: co-reference of names on gold boundaries, with and without types; ablation; finder; speed.

Sets: GUM and LitBank under ``coref/`` of the data folder, and the Lithuanian texts that the project wrote
(``corpora/lt``), where the checkout has them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from textnorm.bench.name_scores import Tally, harmonic
from textnorm.bench.report import Report, Row, cpu_time, data_folder, need
from textnorm.normalizers.coref.engine import SIEVES, NameResolver
from textnorm.normalizers.coref.mention import Mention
from textnorm.normalizers.coref.types import known_type
from textnorm.resources import data_root

FILES = {
    "gum": ("en", "coref/gum_names.dev.jsonl.gz"),
    "litbank": ("en", "coref/litbank_names.dev.jsonl.gz"),
}
OWN = {"lt-dev": "corpora/lt/names_dev.jsonl", "lt-test": "corpora/lt/names_test.jsonl"}
MEASURES = (
    "var_precision",
    "var_recall",
    "var_f1",
    "lea",
    "b3",
    "b3_exact_match",
    "false_merges",
    "false_merges_exact_match",
)


class Document(NamedTuple):
    """A gold document.

    Attributes:
        genre: its genre or topic.
        words: its tokens.
        mentions: with gold types.
        clusters: gold cluster of each mention.
    """

    genre: str
    words: list[str]
    mentions: list[Mention]
    clusters: list[str]


def read_gold(path: Path) -> list[Document]:
    """Return the documents of a gold file (format: ``shared/tools/score_names.py`` of the development data)."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [_document(json.loads(line)) for line in content.splitlines()]


def _document(record: dict[str, Any]) -> Document:
    if "tokens" in record:
        words, at = record["tokens"], [0]
    else:
        words = [word for sentence in record["sents"] for word in sentence]
        at = list(accumulate((len(sentence) for sentence in record["sents"]), initial=0))
    mentions, clusters = [], []
    ordered = sorted(record["mentions"], key=lambda m: (at[m.get("sent", 0)] + m["s"], m["e"]))
    for item in ordered:
        start, end = (at[item.get("sent", 0)] + item[name] for name in ("s", "e"))
        mentions.append(Mention(start, end + 1, tuple(words[start : end + 1]), known_type(item["t"]) or "other"))
        clusters.append(item["c"])
    return Document(record.get("genre", ""), words, mentions, clusters)


def labels(document: Document, resolver: NameResolver, *, types: bool) -> list[int]:
    """Return the cluster of each mention by the system."""
    mentions = document.mentions if types else [mention._replace(type=None) for mention in document.mentions]
    out = [0] * len(mentions)
    for number, cluster in enumerate(resolver.resolve(document.words, mentions).clusters):
        for k in cluster.mentions:
            out[k] = number
    return out


def tally(documents: Sequence[Document], resolver: NameResolver, *, types: bool) -> Tally:
    """Return the counts of a set."""
    result = Tally()
    for document in documents:
        forms = [" ".join(mention.words).casefold() for mention in document.mentions]
        result.add(document.clusters, labels(document, resolver, types=types), forms)
    return result


def _sets(folder: Path) -> Iterator[tuple[str, str, list[Document]]]:
    need(folder, [name for _, name in FILES.values()])
    for name, (code, file) in FILES.items():
        yield name, code, read_gold(folder / file)
    for name, file in OWN.items():
        path = data_root() / file
        if path.is_file():
            yield name, "lt", read_gold(path)


def run(data: Path | None) -> Report:
    """Return the figures.

    Raises:
        UsageError: no data folder, or a file is missing.
    """
    folder = data_folder(data)
    report = Report("names")
    resolver = NameResolver()
    for name, code, documents in _sets(folder):
        for types in (True, False):
            label = f"{name}, {'gold' if types else 'own'} types"
            _add(report, label, code, tally(documents, resolver, types=types), MEASURES)
            for genre in sorted({d.genre for d in documents}) if code == "en" else ():
                part = tally([d for d in documents if d.genre == genre], resolver, types=types)
                _add(report, f"{label}: {genre}", code, part, ("var_f1", "b3", "b3_exact_match"))
        for sieve in SIEVES:
            part = tally(documents, NameResolver(off=(sieve,)), types=True)
            _add(report, f"{name}, gold types, without {sieve}", code, part, ("var_f1", "b3", "false_merges"))
        _add_finder(report, name, code, documents, resolver)
        _add_speed(report, name, code, documents)
    report.notes.append("Gold boundaries except for 'span_f1' (own finder). exact_match: equal forms are one name.")
    report.notes.append("lt-dev, lt-test: texts written by the project (corpora/README.md).")
    return report


def _add(report: Report, name: str, code: str, counted: Tally, measures: Sequence[str]) -> None:
    scores = counted.scores()
    for measure in measures:
        report.add(Row(name, code, measure, scores[measure], counted.counts["n"]))


def _add_finder(report: Report, name: str, code: str, documents: Sequence[Document], resolver: NameResolver) -> None:
    for genre in ("", *(sorted({d.genre for d in documents}) if code == "en" else ())):
        hits = said = gold = 0
        for document in documents:
            if genre and document.genre != genre:
                continue
            wanted = {(m.start, m.end) for m in document.mentions}
            found = {(m.start, m.end) for m in resolver.find(document.words)}
            hits, said, gold = hits + len(wanted & found), said + len(found), gold + len(wanted)
        precision, recall = hits / said if said else 0.0, hits / gold if gold else 0.0
        label = f"{name}: {genre}" if genre else name
        report.add(Row(label, code, "span_f1", harmonic(precision, recall), gold))
        if not genre:
            report.add(Row(label, code, "span_precision", precision, said))
            report.add(Row(label, code, "span_recall", recall, gold))


def _add_speed(report: Report, name: str, code: str, documents: Sequence[Document]) -> None:
    count = sum(len(d.mentions) for d in documents)
    for types in (True, False):
        resolver = NameResolver()
        with cpu_time() as clock:
            for document in documents:
                labels(document, resolver, types=types)
        what = "gold" if types else "own"
        report.add(Row(f"{name}, {what} types", code, "mentions_per_cpu_s", count / clock.seconds, count))
    resolver = NameResolver()
    with cpu_time() as clock:
        found = [resolver.find(document.words) for document in documents]
        for document, mentions in zip(documents, found, strict=True):
            resolver.resolve(document.words, mentions)
    count = sum(map(len, found))
    report.add(Row(f"{name}, found by us", code, "mentions_per_cpu_s", count / clock.seconds, count))
