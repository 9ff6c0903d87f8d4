"""The glossary that ships: what common words of medicine and of work are called in several languages.

``rules/linking/words/*.tsv`` has one column a language and one row a meaning; a cell holds the words for it, joined by
``|``. The rows serve any pair of columns. We wrote them; nothing in them was taken from a dictionary or from data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from textnorm.errors import DataError
from textnorm.linking.generators.folding import fold_names
from textnorm.resources import rules_dir

#: From units to words with weights.
Translations = dict[str, list[tuple[str, float]]]
Row = Mapping[str, tuple[str, ...]]


@cache
def rows() -> tuple[Row, ...]:
    """Return all rows: folded words by language.

    Raises:
        DataError: a row has another number of cells than its file's header; names it.
    """
    return tuple(_read())


def _read() -> Iterator[Row]:
    for path in sorted((rules_dir("linking") / "words").glob("*.tsv")):
        lines = path.read_text(encoding="utf-8").splitlines()
        header = lines[0].split("\t")
        for number, line in enumerate(lines[1:], 2):
            cells = line.split("\t")
            if len(cells) != len(header):
                msg = f"{path}:{number}: {len(cells)} cells, but the header has {len(header)}."
                raise DataError(msg)
            split = [cell.split("|") if cell else [] for cell in cells]
            flat = iter(fold_names([word for words in split for word in words]))
            folded = (tuple(dict.fromkeys(next(flat) for _ in words)) for words in split)
            yield {lang: words for lang, words in zip(header, folded, strict=True) if words}


@cache
def languages() -> frozenset[str]:
    """Return the languages of the glossary."""
    return frozenset(lang for row in rows() for lang in row)


def glossary(source: str, target: str, names: Mapping[str, int]) -> Translations:
    """Return what the glossary knows of a pair of languages, as far as the base has words for it.

    Alternatives are weighed by how often the base says them; those that it never says are left out. A word of several
    rows has the translations of all of them.

    Args:
        source: language of the units.
        target: language of the base's names.
        names: how often the base has each word and each phrase of :func:`phrases`.
    """
    counted: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows():
        for unit in row.get(source, ()):
            for word in row.get(target, ()):
                often = names.get(word, 0)
                if often:
                    counted[unit][word] = max(counted[unit].get(word, 0.0), float(often))
    found: Translations = {}
    for unit, said in counted.items():
        total = sum(said.values())
        weights: dict[str, float] = defaultdict(float)
        for phrase, share in said.items():
            for word in phrase.split():
                weights[word] += share / total
        found[unit] = [(word, min(weight, 1.0)) for word, weight in weights.items()]
    for unit in silent(source):
        found.setdefault(unit, [])
    return found


@cache
def _silent() -> Mapping[str, tuple[str, ...]]:
    path = rules_dir("linking") / "silent.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return {lang: tuple(dict.fromkeys(fold_names(words.split()))) for lang, words in (row.split("\t") for row in lines)}


def silent(lang: str) -> tuple[str, ...]:
    """Return the words of a language that a translation leaves out."""
    return _silent().get(lang, ())


def phrases(target: str, folded: Sequence[str]) -> dict[str, int]:
    """Return how many of the base's folded names have each of their words, and each phrase of the glossary."""
    wanted = {word for row in rows() for word in row.get(target, ()) if " " in word}
    most = max((word.count(" ") + 1 for word in wanted), default=1)
    found: dict[str, int] = defaultdict(int)
    for name in folded:
        words = name.split()
        for word in set(words):
            found[word] += 1
        for n in range(2, min(most, len(words)) + 1):
            for at in range(len(words) - n + 1):
                phrase = " ".join(words[at : at + n])
                if phrase in wanted:
                    found[phrase] += 1
    return found
