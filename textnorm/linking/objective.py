"""What an encoder is trained on: pairs that a knowledge base, or a file of titles and descriptions, gives.

Four objectives, which may be mixed by weight:

=========== ========================================================================================================
names       two names of one concept: self-alignment, as SapBERT does with UMLS (arXiv 2010.11784)
parents     a name and a name of its concept's parent
attributes  a name and some of the attributes of its concept, such as skills: the objective of Bocharova, Malakhov
            and Mezhuyev (arXiv 2307.16638), with other concepts of the batch as negatives
noise       a name and the same name with slips of the hand: for bases without synonyms
=========== ========================================================================================================
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence

from textnorm.encoders.pairs import PairSource, attributes_source, names_source, parents_source
from textnorm.errors import DataError, UsageError, choices
from textnorm.linking.tables import _rows, _text

OBJECTIVES = ("names", "parents", "attributes", "noise")
#: Weights where the user gives none: chosen on ESCO occupations kept out, see docs/training.md.
DEFAULTS = {"names": 1.0, "parents": 0.15, "attributes": 0.3, "noise": 0.3}
#: Noisy copies of a name.
COPIES = 2
#: Columns of a file of pairs.
PAIRS = ("title", "description")
#: Where a description falls apart into what is read together: lines, sentences, items of a list.
PIECES = re.compile(r"[\n;•·|]+|(?<=[.!?])\s+|,\s+")
#: Pieces longer than this, in words, say more than one thing; a description's first so many are taken.
PIECE_WORDS, PIECES_MOST = 24, 200

Groups = Mapping[str, Sequence[str]]
Facts = Mapping[str, Mapping[str, Sequence[str]]]


def parse_objectives(given: Sequence[str]) -> dict[str, float]:
    """Return weights by objective from ``NAME`` or ``NAME=WEIGHT``.

    Raises:
        UsageError: no such objective, or the weight is no number above 0.
    """
    found: dict[str, float] = {}
    for item in given:
        name, equals, weight = item.partition("=")
        if name not in OBJECTIVES:
            msg = f"There is no objective '{name}'. {choices(name, OBJECTIVES)}"
            raise UsageError(msg)
        try:
            found[name] = float(weight) if equals else DEFAULTS[name]
        except ValueError as error:
            msg = f"--objective {item}: '{weight}' is no number."
            raise UsageError(msg) from error
        if not 0 < found[name] < float("inf"):
            msg = f"--objective {item}: the weight must be above 0."
            raise UsageError(msg)
    return found


def default_objectives(names: Groups, facts: Facts) -> dict[str, float]:
    """Return the objectives that serve a base best, by what it has.

    With synonyms: names, and parents where their names are in the base. With hardly any: attributes and noise as well.
    """
    several = sum(len(set(found)) > 1 for found in names.values())
    found = {"names": DEFAULTS["names"]} if several >= 2 else {}
    if len(parents_source(names, _facts(facts, "parents"))) >= 2:
        found["parents"] = DEFAULTS["parents"]
    if several < len(names) / 4:
        if sum(bool(facts.get(concept, {}).get("attributes")) for concept in names) >= 2:
            found["attributes"] = 1.0
        if found:
            found["noise"] = DEFAULTS["noise"]
    return found


def sources_of(
    names: Groups, facts: Facts, objectives: Mapping[str, float], pairs: Sequence[tuple[str, Sequence[str]]] = ()
) -> list[PairSource]:
    """Return the pair sources of objectives; one that has nothing to offer is left out.

    Args:
        names: names by concept id.
        facts: parents and attributes by concept id.
        objectives: weight by name.
        pairs: titles with the pieces of their descriptions, more of the objective ``attributes``.
    """
    found = []
    for objective, weight in objectives.items():
        if objective == "names":
            found.append(names_source(names, weight=weight))
        elif objective == "parents":
            found.append(parents_source(names, _facts(facts, "parents"), weight=weight))
        elif objective == "attributes":
            found.append(attributes_source(names, _facts(facts, "attributes"), weight=weight))
        else:
            found.append(noise_source(names, weight=weight))
    if pairs:
        left = [[title] for title, _ in pairs]
        weight = objectives.get("attributes", 1.0)
        found.append(PairSource("pairs", left, [list(pieces) for _, pieces in pairs], weight=weight, bag=(3, 8)))
    return [source for source in found if len(source) >= 2]


def noise_source(names: Groups, *, weight: float = 1.0, seed: int = 0) -> PairSource:
    """Return pairs of a name with slips of the hand and the name as it is.

    Slips: a letter left out, doubled or swapped with the next, a word cut short, left out or moved. The same names and
    seed give the same slips.
    """
    rng = random.Random(seed)
    groups = [list(dict.fromkeys(found)) for found in names.values() if found]
    left = [[slipped(name, rng) for name in group for _ in range(COPIES)] for group in groups]
    return PairSource("noise", left, groups, weight=weight)


def slipped(name: str, rng: random.Random) -> str:
    """Return a name with one or more slips, or as it is where it is too short for any."""
    words = name.split()
    if len(words) > 2 and rng.random() < 0.4:
        del words[rng.randrange(len(words))]
    if words and rng.random() < 0.6:
        place = rng.randrange(len(words))
        words[place] = _slipped_word(words[place], rng)
    if len(words) > 1 and rng.random() < 0.3:
        rng.shuffle(words)
    return " ".join(words) or name


def _slipped_word(word: str, rng: random.Random) -> str:
    if len(word) < 4:
        return word
    at, chance = rng.randrange(1, len(word) - 1), rng.random()
    if chance < 0.4:
        return word[:at] + word[at + 1 :]
    if chance < 0.7:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if chance < 0.9 and len(word) > 6:
        return word[: max(3, at)]
    return word[: at + 1] + word[at:]


def pieces(description: str) -> list[str]:
    """Return what a description says, piece by piece: lines, sentences and items of lists, each once."""
    found = (" ".join(piece.split()).strip(" .-–*") for piece in PIECES.split(description))
    short = dict.fromkeys(piece for piece in found if piece and len(piece.split()) <= PIECE_WORDS)
    return list(short)[:PIECES_MOST]


def mentioned(description: str, known: Mapping[str, str]) -> list[str]:
    """Return which known attributes a description names, in its order; ``known`` maps folded attributes to themselves.

    Words are compared without case; an attribute of up to six words is found wherever its words follow one another.
    """
    words = re.findall(r"[\w+#]+", description.casefold())
    found: dict[str, None] = {}
    for at in range(len(words)):
        for size in range(6, 0, -1):
            attribute = known.get(" ".join(words[at : at + size]))
            if attribute is not None and at + size <= len(words):
                found[attribute] = None
                break
    return list(found)


def read_pairs(path: str, attributes: Iterable[str] = ()) -> list[tuple[str, list[str]]]:
    """Return titles, each with the pieces of its description, from a table with ``title`` and ``description``.

    Where attributes are known (skills of the knowledge base) and a description names three of them or more, these are
    its pieces; else its sentences and list items. Descriptions without any piece are left out.

    Raises:
        UsageError: a column is not there, or the file is no table.
        DataError: a row is not as it should be, or no row has both.
    """
    known = {" ".join(re.findall(r"[\w+#]+", text.casefold())): text for text in attributes}
    known.pop("", None)
    found = []
    for where, row in _rows(path, PAIRS[0], PAIRS):
        title, text = _text(row, PAIRS[0], where), row[PAIRS[1]]
        if not isinstance(text, str):
            if text is None:
                continue
            msg = f"{where}: description is {text!r}, no text."
            raise DataError(msg)
        skills = mentioned(text, known) if known else []
        parts = skills if len(skills) >= 3 else pieces(text)
        if parts:
            found.append((title, parts))
    if len(found) < 2:
        msg = f"{path}: fewer than two rows have a title and a description; there is nothing to train on."
        raise DataError(msg)
    return found


def _facts(facts: Facts, column: str) -> dict[str, list[str]]:
    return {concept: list(found) for concept, fact in facts.items() if (found := fact.get(column))}
