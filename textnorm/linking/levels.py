"""Level slots of titles (senior, junior, II …): found by rules, kept, and matched apart from the rest of the title.

The words are data (``rules/linking/levels.tsv``). A slot has one value in a text: the last word that marks it. Two
texts differ in a slot by 1 if both have a value, and not the same; by less if only one has. A base that never marks a
level does not distinguish any, and nothing differs there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textnorm.resources import rules_dir

#: How far a name without a value is from a query with one, and the other way round.
UNTOLD, UNASKED = 0.5, 0.3
#: Share of a base's names that must mark a slot for the base to distinguish it.
SHARE = 0.002


class Table(NamedTuple):
    """Words that mark levels.

    Attributes:
        slots: names of the slots.
        values: values of each slot by number, from 1.
        loose: slot and value by word in lower case.
        exact: slot and value by word as written.
        pattern: of all these words, for a scan of many names.
    """

    slots: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    loose: dict[str, tuple[int, int]]
    exact: dict[str, tuple[int, int]]
    pattern: str


@cache
def level_table() -> Table:
    """Return the table that ships."""
    slots: list[str] = []
    values: list[list[str]] = []
    loose: dict[str, tuple[int, int]] = {}
    exact: dict[str, tuple[int, int]] = {}
    for line in (rules_dir("linking") / "levels.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "slot\t")):
            continue
        slot, value, case, forms = line.split("\t")
        if slot not in slots:
            slots.append(slot)
            values.append([])
        at = slots.index(slot)
        values[at].append(value)
        for form in forms.split("|"):
            (loose if case == "any" else exact)[form] = (at, len(values[at]))
    words = [f"(?i:{re.escape(word)})" for word in sorted(loose)] + [re.escape(word) for word in sorted(exact)]
    return Table(tuple(slots), tuple(map(tuple, values)), loose, exact, rf"(?:^|\W)(?:{'|'.join(words)})(?:\W|$)")


_WORD = re.compile(r"\w+")


def levels_of(text: str) -> tuple[int, ...]:
    """Return the number of the value of each slot, 0 where a text has none."""
    table = level_table()
    found = [0] * len(table.slots)
    for word in _WORD.findall(text):
        hit = table.exact.get(word) or table.loose.get(word.lower())
        if hit is not None:
            found[hit[0]] = hit[1]
    return tuple(found)


def told(levels: Sequence[int]) -> dict[str, str]:
    """Return slots with their values in words."""
    table = level_table()
    return {table.slots[i]: table.values[i][value - 1] for i, value in enumerate(levels) if value}


class Levels:
    """Levels of the names of a base.

    Attributes:
        names: int8 [names, slots], 0 for none.
        used: bool [slots], whether the base distinguishes the slot.
    """

    def __init__(self, names: NDArray[np.int8], used: NDArray[np.bool_]) -> None:
        self.names = names
        self.used = used

    @classmethod
    def of(cls, texts: Sequence[str]) -> Levels | None:
        """Return the levels of a base's names; ``None`` where it does not distinguish any."""
        import pyarrow as pa
        import pyarrow.compute as pc

        table = level_table()
        hits = pc.match_substring_regex(pa.array(texts, pa.string()), table.pattern)
        names = np.zeros((len(texts), len(table.slots)), np.int8)
        for row in np.flatnonzero(hits.to_numpy(zero_copy_only=False)).tolist():
            names[row] = levels_of(texts[row])
        marked = (names > 0).sum(axis=0)
        kinds = np.array([len(np.unique(column[column > 0])) for column in names.T])
        used = (kinds >= 2) & (marked >= max(2, SHARE * len(texts)))
        return cls(names, used) if used.any() else None

    def mismatch(self, texts: Sequence[str], query: NDArray[np.int64], names: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return float64 [rows]: how far the levels of a row's query and name are apart, from 0 to 1 a slot.

        Args:
            texts: of the queries.
            query: int64 [rows].
            names: int32 [rows]; -1 for none, which differs in nothing.
        """
        asked = np.array([levels_of(text) for text in texts], np.int8).reshape(len(texts), self.names.shape[1])
        mine, other = asked[query], self.names[names]
        both = (mine > 0) & (other > 0)
        one = np.where(mine > 0, UNTOLD, UNASKED) * ((mine > 0) != (other > 0))
        apart = np.where(both, mine != other, one)
        return np.asarray(np.where(names >= 0, (apart * self.used).sum(axis=1), 0.0))
