"""What slots can take at a place of a sentence: values of lists, numbers, patterns, plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from textnorm.errors import DataError, TextnormError
from textnorm.normalizers.phrasebook.book import SlotList, Value
from textnorm.normalizers.phrasebook.errors import BookError, Located
from textnorm.normalizers.phrasebook.lattice import Lattice, as_it_is
from textnorm.normalizers.phrasebook.network import Forms, Scope, spellings
from textnorm.normalizers.phrasebook.tokens import Token, forms, tokenize
from textnorm.registry import slot_readers

#: Tokens ahead that a reader sees; seconds that one user's pattern may take.
FAR = 24
PATIENCE = 1.0

Reader = Callable[[Sequence[str], int], Iterable[tuple[int, Any]]]
"""Folded words of a sentence and a place → (place behind, value) of everything that can be read there."""


@dataclass(frozen=True, slots=True)
class Read:
    """A value that was read, not listed."""

    value: Any


class Lexicon:
    """The values of all lists in one trie of words.

    Args:
        lists: the lists of a network.
        scope: what names in values mean.
        phrase_forms: inflected forms of a phrase, for lists that inflect.

    Raises:
        BookError: a value has a slot, an unknown rule or too many forms; a list inflects and its language cannot.
    """

    def __init__(self, lists: Sequence[SlotList], scope: Scope, phrase_forms: Forms | None = None) -> None:
        self.root: dict[str, Any] = {}
        self.vocabulary: set[str] = set()
        ways = [
            # Of two values with one form the one whose form comes first (singular before plural) is meant.
            (rank if value.inflect else 0, number, value, way)
            for number, one in enumerate(lists)
            for value in one.values
            for rank, way in enumerate(value_forms(value, one, scope, phrase_forms))
        ]
        ways.sort(key=lambda entry: entry[0])
        for _, number, value, way in ways:
            self._add(way, number, value)

    def _add(self, way: str, number: int, value: Value) -> None:
        words = forms(way)
        if not words:
            return
        self.vocabulary.update(words)
        node = self.root
        for word in words:
            node = node.setdefault(word, {})
        ends = node.setdefault("", {})
        have = ends.get(number, ())
        if value not in have:
            ends[number] = (*have, value)

    def values(self, number: int, way: str) -> tuple[Value, ...]:
        """Return the values of a list that are said so, the one that is meant first."""
        node = self.root
        for word in forms(way):
            node = node.get(word, {})
        return tuple(node.get("", {}).get(number, ()))

    def find(self, lattice: Lattice, at: int) -> dict[int, list[tuple[int, tuple[Value, ...], float]]]:
        """Return, by list, (place behind, values, weight) of every value that begins at a place."""
        found: dict[int, list[tuple[int, tuple[Value, ...], float]]] = {}
        root = self.root
        layer: list[tuple[int, dict[str, Any], float]] = [
            (target, root[word], weight) for word, target, weight in lattice.row(at) if word in root
        ]
        n = len(lattice.arcs)
        while layer:
            following = []
            for place, node, weight in layer:
                ends = node.get("")
                if ends is not None:
                    for number, values in ends.items():
                        found.setdefault(number, []).append((place, values, weight))
                if place < n:
                    for word, target, more in lattice.row(place):
                        child = node.get(word)
                        if child is not None:
                            following.append((target, child, weight * more))
            layer = following
        return found


def value_forms(value: Value, one: SlotList, scope: Scope, phrase_forms: Forms | None) -> list[str]:
    """Return every way to say a value, inflected forms among them where the list asks for them.

    Raises:
        BookError: as :class:`Lexicon`.
    """
    ways = spellings(value.node, scope, value.text)
    if not value.inflect:
        return ways
    if phrase_forms is None:
        what = f"the list '{one.name}' asks for inflected forms; there are none for '{scope.book.language}'"
        raise BookError(what, value.text)
    return list(dict.fromkeys(form for way in ways for form in (way, *phrase_forms(way))))


class Readers:
    """Reads numbers, patterns and what plugins know.

    Args:
        lists: the lists of a network.
        language: its numbers in words are read where a reader ``textnorm.<language>.number.v1`` is registered.

    Raises:
        BookError: a list names a plugin that does not exist.
    """

    def __init__(self, lists: Sequence[SlotList], language: str) -> None:
        self.lists = lists
        self.language = language
        name = f"textnorm.{language.partition('-')[0].partition('_')[0]}.number.v1"
        self.numbers: Reader | None = slot_readers.get(name)() if name in slot_readers.names() else None
        self.plugins: dict[int, Reader] = {}
        self.patterns: dict[int, Any] = {}
        for i, one in enumerate(lists):
            if one.kind == "regex":
                self.patterns[i] = regex.compile(one.pattern)
            elif one.kind == "call":
                try:
                    self.plugins[i] = slot_readers.get(one.reader)()
                except TextnormError as error:
                    file, _, line = one.where.rpartition(":")
                    msg = f"the list '{one.name}': {error}"
                    raise BookError(msg, Located("", file, int(line or 0))) from error

    def find(self, number: int, text: str, lattice: Lattice, at: int) -> list[tuple[int, Read]]:
        """Return (place behind, value) of everything that a list can take at a place."""
        first = at if lattice.token_of is None else lattice.token_of[at]
        if first < 0:
            return []  # inside a word
        one, tokens = self.lists[number], lattice.sources
        if one.kind == "range":
            found = self._range(one, tokens, first)
        elif one.kind == "regex":
            found = self._pattern(self.patterns[number], text, tokens, first)
        else:
            words = [token.form for token in tokens[first : first + FAR]]
            read = self.plugins[number](words, 0)
            found = [(first + end, value) for end, value in read if 0 < end <= len(words)]
        places = lattice.place_of
        return [(end if places is None else places[end], Read(value)) for end, value in found]

    def whole(self, number: int, text: str) -> Any:
        """Return what a list that reads makes of a whole text; ``None`` where it does not read it."""
        tokens = tokenize(text)
        found = self.find(number, text, Lattice(tokens, as_it_is), 0) if tokens else ()
        return next((read.value for end, read in found if end == len(tokens)), None)

    def _range(self, one: SlotList, tokens: Sequence[Token], at: int) -> list[tuple[int, Any]]:
        form = tokens[at].form
        if form[-1].isdigit():
            value = _digits(form)
            if not one.digits or value is None or not one.holds(value):
                return []
            return [(at + 1, _scaled(value, one))]
        if not one.words or self.numbers is None:
            return []
        words = [token.form for token in tokens[at : at + FAR]]
        return [(at + end, _scaled(value, one)) for end, value in self.numbers(words, 0) if one.holds(value)]

    @staticmethod
    def _pattern(pattern: Any, text: str, tokens: Sequence[Token], at: int) -> list[tuple[int, Any]]:
        """Match a pattern on the source; it must end where a token ends.

        Raises:
            DataError: the pattern takes too long; names it.
        """
        try:
            found = pattern.match(text, tokens[at].start, timeout=PATIENCE)
        except TimeoutError as error:
            msg = f"The pattern {pattern.pattern!r} of a phrasebook needs over {PATIENCE:g} s on one sentence."
            raise DataError(msg) from error
        if found is None or found.end() <= found.start():
            return []
        for end in range(at, len(tokens)):
            if tokens[end].end == found.end():
                return [(end + 1, found[0])]
            if tokens[end].end > found.end():
                break
        return []


def _digits(form: str) -> float | None:
    """Return the number that digits write; ``1.000`` and other groups are none."""
    body = form.replace(",", ".")
    if body.count(".") > 1:
        return None
    try:
        return float(body)
    except ValueError:
        return None


def _scaled(value: float, one: SlotList) -> int | float:
    number = value * one.multiplier
    return int(number) if float(number).is_integer() else number
