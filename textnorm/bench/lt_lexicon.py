"""Lithuanian words for training ``lt-diacritics``: paradigms of our own tables of verbs, nouns and adjectives.

The legal acts lack everyday words and the forms of the first and second person and of the past. The tables under
``rules/script/lt`` list common words; their paradigms come from :mod:`textnorm.languages.lt`. The count of a form says
roughly how common such forms are in running text: a third person past is common, a vocative is not.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from textnorm.languages.lt.adjectives import decline_adjective
from textnorm.languages.lt.grammar import CASES, GENDERS, NUMBERS, UnknownParadigmError
from textnorm.languages.lt.nouns import decline, noun
from textnorm.languages.lt.verbs import Kind, conjugate

PREFIXES = ("pa", "nu", "iš", "į", "už", "at", "ap", "su", "pra", "per", "pri", "par")
#: How common the forms of a verb are, by kind.
VERB: dict[Kind, float] = {
    "infinitive": 12,
    "third": 14,
    "first": 5,
    "second": 1.5,
    "plural": 4,
    "past": 24,
    "frequentative": 1.5,
    "future": 2,
    "conditional": 3,
    "imperative": 1.5,
    "participle": 1.5,
    "passive": 1.5,
    "gerund": 2,
    "noun": 2,
}
#: The same for cases of a noun or adjective.
CASE = {"nom": 10.0, "gen": 12.0, "dat": 2.0, "acc": 9.0, "ins": 4.0, "loc": 4.0, "voc": 0.4}
NUMBER = {"sg": 1.0, "pl": 0.6}
#: What a prefix takes from the count, and the negation; kinds that get them.
PREFIXED, NEGATED = 0.25, 0.3
FINITE: frozenset[Kind] = frozenset(
    {"infinitive", "third", "first", "plural", "past", "future", "conditional", "passive", "participle"}
)


def words(folder: Path) -> dict[str, float]:
    """Return the forms of all words of the tables in a folder, and a count for each."""
    out: dict[str, float] = defaultdict(float)
    for line in _rows(folder / "words.tsv")[1:]:
        word, count = line.split("\t")
        out[word.lower()] += float(count)
    for line in _rows(folder / "verbs.tsv")[1:]:
        _verb(line.split("\t"), out)
    for lemma in " ".join(_rows(folder / "nouns.txt")).split():
        _noun(lemma, out)
    for lemma in " ".join(_rows(folder / "adjectives.txt")).split():
        for definite, scale in ((False, 0.5), (True, 0.1)):
            try:
                for gender in GENDERS:
                    for number in NUMBERS:
                        for case in CASES:
                            form = decline_adjective(lemma, case, gender, number, definite=definite)
                            out[form] += scale * CASE[case] * NUMBER[number]
            except UnknownParadigmError:
                continue
    return dict(out)


def _rows(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def _verb(parts: list[str], out: dict[str, float]) -> None:
    if parts[0] == "būti":
        return  # its forms stand among the words
    for kind, form in set(conjugate(*parts)):
        out[form] += VERB[kind]
        if kind not in FINITE or parts[0].endswith("tis"):
            continue
        out[f"ne{form}"] += NEGATED * VERB[kind]
        for prefix in PREFIXES:
            out[prefix + form] += PREFIXED * VERB[kind] * (0.3 if kind in ("passive", "participle") else 1.0)


def _noun(lemma: str, out: dict[str, float]) -> None:
    word = noun(lemma[1:], plural_only=True) if lemma.startswith("*") else noun(lemma)
    for number in ("pl",) if word.plural_only else NUMBERS:
        for case in CASES:
            out[decline(word, case, number)] += CASE[case] * NUMBER[number]
