"""What is known of two languages without a look at the base: the glossary and the word lexicons that ship.

A lexicon is a folder ``models/lexicon-NAME`` with one file a pair of languages, ``lt-en.tsv``: a unit, then its
translations as ``word:weight``, the likeliest first. It holds words and weights only, no names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from textnorm.errors import DataError
from textnorm.linking.lexicon.glossary import Translations, glossary
from textnorm.linking.lexicon.glossary import languages as _glossary_languages
from textnorm.linking.lexicon.table import WordTable
from textnorm.resources import models_dir

#: Least weight of all translations of a unit together that the base has words for.
KNOWN = 0.1


def folders() -> list[Path]:
    """Return the folders of the lexicons that ship."""
    return sorted(path for path in models_dir().glob("lexicon-*") if path.is_dir())


@cache
def languages(target: str) -> frozenset[str]:
    """Return the languages that can be translated into one."""
    own = _glossary_languages()
    pairs = (path.stem.partition("-") for folder in folders() for path in folder.glob("*-*.tsv"))
    return (own if target in own else frozenset()) | {source for source, _, into in pairs if into == target}


def translations(source: str, target: str, often: Mapping[str, int]) -> Translations:
    """Return units with their translations, as far as the base has words for them.

    Args:
        source: language of the units.
        target: language of the base's names.
        often: how many names have a word, see :func:`textnorm.linking.lexicon.glossary.phrases`.
    """
    found = glossary(source, target, often)
    for folder in folders():
        path = folder / f"{source}-{target}.tsv"
        if not path.exists():
            continue
        for unit, said in _entries(path):
            own = {word: weight for word, weight in said if word in often}
            if sum(own.values()) < KNOWN:
                continue
            for word, weight in found.get(unit, ()):
                own[word] = max(weight, own.get(word, 0.0))
            found[unit] = sorted(own.items(), key=lambda pair: (-pair[1], pair[0]))
    return found


def _entries(path: Path) -> Iterator[tuple[str, list[tuple[str, float]]]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            unit, *said = line.rstrip("\n").split("\t")
            pairs = (cell.rpartition(":") for cell in said)
            try:
                yield unit, [(word, float(weight)) for word, _, weight in pairs]
            except ValueError as error:
                msg = f"{path}:{number}: no list of word:weight. Install the package again, or build the lexicon again."
                raise DataError(msg) from error


def write(table: WordTable, path: Path) -> None:
    """Write a word table as a file of a lexicon; units without a translation are left out."""
    lines = []
    for unit in sorted(table.units):
        said = [f"{word}:{weight:.2f}" for word, weight in table.of(unit)]
        if said:
            lines.append("\t".join([unit, *said]) + "\n")
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
