"""What the sieves share: the distinct forms of a document, the clusters so far, and what each cluster rules out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from rapidfuzz.distance import DamerauLevenshtein

from textnorm.normalizers.coref.shape import PersonName, Shape, Shaper
from textnorm.normalizers.coref.tables import NameTables


@dataclass(slots=True)
class Form:
    """One distinct written form of one type.

    Attributes:
        index: its place in the state's list.
        shape: its words.
        type: type, given or guessed.
        sure: 0 to 1, how sure the type is; 1 where it was given.
        at: word offsets of its mentions, ascending.
        mentions: numbers of its mentions, in the order of the text.
        surfaces: written forms (words) with their counts.
        name: its parts, for persons.
    """

    index: int
    shape: Shape
    type: str
    sure: float
    at: list[int] = field(default_factory=list)
    mentions: list[int] = field(default_factory=list)
    surfaces: dict[tuple[str, ...], int] = field(default_factory=dict)
    name: PersonName | None = None

    @property
    def first(self) -> int:
        """Word offset of the first mention."""
        return self.at[0]


class Link(NamedTuple):
    """Why two forms are one name."""

    form: int
    other: int
    sieve: str
    confidence: float


@dataclass(slots=True)
class _Facts:
    """What the names of one cluster say; two clusters whose facts clash stay apart.

    ``styles`` are titles that exclude each other (Miss, Mrs); ``by_given`` are titles that stood before the given name
    alone (Miss Jane).
    """

    gender: str = ""
    sure: bool = False
    generation: str = ""
    given: set[str] = field(default_factory=set)
    middle: set[str] = field(default_factory=set)
    styles: set[str] = field(default_factory=set)
    by_given: set[str] = field(default_factory=set)


class State:
    """Forms and clusters of one document.

    Args:
        forms: in the order of their first mentions.
        shaper: of the language.
        rivals: pairs of forms that are two names, because the text names them side by side (``A and B``).
    """

    def __init__(self, forms: list[Form], shaper: Shaper, rivals: Iterable[tuple[int, int]] = ()) -> None:
        self.forms = forms
        self.shaper = shaper
        self.tables: NameTables = shaper.tables
        self.parent = list(range(len(forms)))
        self.links: list[Link] = []
        self.sizes = [len(form.at) for form in forms]
        self.facts: dict[int, _Facts] = {}
        self.rivals: dict[int, set[int]] = {}
        for a, b in rivals:
            self.rivals.setdefault(a, set()).add(b)
            self.rivals.setdefault(b, set()).add(a)
        for form in forms:
            if form.type == "person":
                form.name = shaper.person(form.shape)
                name = form.name
                facts = _Facts(name.gender, name.sure, name.generation)
                facts.styles.update(title for title in name.titles if title in shaper.exclusive)
                if len(name.core) > 1:
                    facts.given.add(name.core[0])
                    facts.middle.update(name.core[1:-1][:1])
                self.facts[form.index] = facts

    def of_type(self, *types: str) -> list[Form]:
        """Return the forms of some types, in the order of their first mentions."""
        return [form for form in self.forms if form.type in types]

    def root(self, i: int) -> int:
        """Return the representative of a form's cluster."""
        parent = self.parent
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    def clash(self, a: int, b: int) -> bool:
        """Whether the clusters of two forms cannot be one name: gender, generation or given names differ."""
        ra, rb = self.root(a), self.root(b)
        if any(self.root(i) == rb for i in self.rivals.get(ra, ())):
            return True
        one, two = self.facts.get(ra), self.facts.get(rb)
        if one is None or two is None:
            return False
        if one.gender and two.gender and one.gender != two.gender:
            return True
        if one.generation and two.generation and one.generation != two.generation:
            return True
        if one.styles and two.styles and not one.styles & two.styles:
            return True
        return not (self._one_given(one.given, two.given) and self._one_given(one.middle, two.middle))

    def _one_given(self, ones: set[str], twos: set[str]) -> bool:
        return all(same_given(x, y, self.tables) for x in ones for y in twos)

    def link(self, a: int, b: int, sieve: str, confidence: float) -> bool:
        """Make two forms one name, unless their clusters clash; return whether they are one now."""
        ra, rb = self.root(a), self.root(b)
        if ra == rb:
            return True
        if self.clash(ra, rb):
            return False
        self.links.append(Link(a, b, sieve, confidence))
        low, high = (ra, rb) if self.forms[ra].first <= self.forms[rb].first else (rb, ra)
        self.parent[high] = low
        self.sizes[low] += self.sizes[high]
        if high in self.rivals:
            self.rivals.setdefault(low, set()).update(self.rivals[high])
        one, two = self.facts.get(low), self.facts.get(high)
        if one is not None and two is not None:
            if two.gender and (not one.gender or (two.sure and not one.sure)):
                one.gender, one.sure = two.gender, two.sure
            one.generation = one.generation or two.generation
            one.given |= two.given
            one.middle |= two.middle
            one.styles |= two.styles
            one.by_given |= two.by_given
        elif two is not None:
            self.facts[low] = two
        return True

    def weight(self, i: int) -> int:
        """Return how many mentions the cluster of a form has."""
        return self.sizes[self.root(i)]

    def nearest(self, form: Form, candidates: Iterable[Form]) -> Iterator[Form]:
        """Yield candidates, the one mentioned last before ``form`` first, then those that follow, nearest first."""
        here = form.first
        before: list[tuple[int, int]] = []
        after: list[tuple[int, int]] = []
        for other in candidates:
            if other.index == form.index:
                continue
            k = bisect_left(other.at, here)
            if k:
                before.append((-other.at[k - 1], other.index))
            else:
                after.append((other.at[0], other.index))
        for _, index in (*sorted(before), *sorted(after)):
            yield self.forms[index]


def same_given(x: str, y: str, tables: NameTables) -> bool:
    """Whether two given names may be one person's: equal, one an initial of the other, or a known short form."""
    if x == y:
        return True
    if len(x) <= 2 or len(y) <= 2:
        # Initials; two letters are two initials written together (J.R.).
        return x[0] == y[0]
    if "-" in x and "-" in y:
        parts = list(zip(x.split("-"), y.split("-"), strict=False))
        if all(min(len(a), len(b)) == 1 and a[0] == b[0] for a, b in parts if a and b):
            return True  # J.-C., Jean-Claude
    if near_given(x, y, tables):
        return True
    long_x, long_y = tables.nicknames.get(x, frozenset()), tables.nicknames.get(y, frozenset())
    return y in long_x or x in long_y or bool(long_x & long_y)


def near_given(x: str, y: str, tables: NameTables) -> bool:
    """Whether two given names are spellings of one (Marian, Marion): one letter inside a long word."""
    if min(len(x), len(y)) < 6 or x[0] != y[0] or x[-1] != y[-1]:
        return False
    return tables.given.get(x, "") == tables.given.get(y, "") and DamerauLevenshtein.distance(x, y) == 1
