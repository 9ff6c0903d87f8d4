"""A sentence as the words that each of its places may be read as."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from textnorm.normalizers.phrasebook.network import GLUE
from textnorm.normalizers.phrasebook.tokens import Token, tokenize

Arc = tuple[str, int, float]
"""A word, the place behind it, and what it counts for."""
Words = Callable[[str, int], list[Arc]]
"""A token's form and the place behind it → the words it may be."""


class Glues:
    """Parts of words that stand glued to a slot: ``{area}ban``, ``l'{area}``.

    Attributes:
        suffixes, prefixes: without their marks.
    """

    def __init__(self, parts: Iterable[str]) -> None:
        known = sorted(parts)
        self.suffixes = tuple(part[1:] for part in known if part[0] == GLUE)
        self.prefixes = tuple(part[:-1] for part in known if part[-1] == GLUE)

    def __bool__(self) -> bool:
        return bool(self.suffixes or self.prefixes)

    def cuts(self, token: Token) -> list[int]:
        """Return where a token may fall into a slot's value and something glued to it."""
        form = token.form
        if len(form) != token.end - token.start:
            return []  # folding moved its letters
        inside = {len(form) - len(s) for s in self.suffixes if form.endswith(s)}
        inside |= {len(p) for p in self.prefixes if form.startswith(p)}
        return sorted(cut for cut in inside if 0 < cut < len(form))


class Lattice:
    """The tokens of a sentence and the words each may be; rows are made when they are reached.

    Places are numbered in order. Where no word can be cut they are the tokens.

    Attributes:
        sources: the tokens.
        tokens: what stands at each place; where a word has places inside, the part up to the next one.
        arcs: of each place, ``None`` until :meth:`row` makes them.
        token_of: of each place the number of its token, -1 inside a word; ``None`` where places are tokens.
        place_of: of each token its place, and of the end; ``None`` where places are tokens.
    """

    __slots__ = ("_words", "arcs", "place_of", "sources", "token_of", "tokens")

    def __init__(self, tokens: list[Token], words: Words, glues: Glues | None = None) -> None:
        self.sources = tokens
        self._words = words
        self.tokens = tokens
        self.token_of: list[int] | None = None
        self.place_of: list[int] | None = None
        cuts = [glues.cuts(token) for token in tokens] if glues else []
        if not any(cuts):
            self.arcs: list[list[Arc] | None] = [None] * len(tokens)
            return
        self.tokens, self.token_of, self.place_of, self.arcs = [], [], [], []
        place = 0
        for i, (token, inside) in enumerate(zip(tokens, cuts, strict=True)):
            self.place_of.append(place)
            behind = place + 1 + len(inside)
            edges = [0, *inside, len(token.form)]
            row = words(token.form, behind)
            for k, cut in enumerate(inside, 1):
                row += [(token.form[:cut], place + k, 1.0), (token.form[:cut] + GLUE, place + k, 1.0)]
            for k, (a, b) in enumerate(pairwise(edges)):
                self.tokens.append(Token(token.form[a:b], token.start + a, token.start + b))
                self.token_of.append(-1 if k else i)
                rest = token.form[a:]
                self.arcs.append(row if not k else [(GLUE + rest, behind, 1.0), (rest, behind, 1.0)])
            place = behind
        self.place_of.append(place)

    def row(self, place: int) -> list[Arc]:
        """Return the arcs of a place."""
        made = self.arcs[place]
        if made is None:
            made = self.arcs[place] = self._words(self.tokens[place].form, place + 1)
        return made

    def ends(self, place: int, trie: dict[str, Any]) -> list[int]:
        """Return where phrases of a trie end that begin at a place."""
        found = []
        layer: list[tuple[int, dict[str, Any]]] = [(place, trie)]
        while layer:
            following = []
            for at, node in layer:
                for word, target, _ in self.row(at) if at < len(self.arcs) else ():
                    child = node.get(word)
                    if child is not None:
                        if "" in child:
                            found.append(target)
                        following.append((target, child))
            layer = following
        return found


def as_it_is(form: str, target: int) -> list[Arc]:
    """Return a token as the only word it may be."""
    return [(form, target, 1.0)]


def trie_of(phrases: Sequence[str]) -> dict[str, Any]:
    """Return phrases as a trie of words; the key ``""`` marks an end."""
    trie: dict[str, Any] = {}
    for phrase in phrases:
        node = trie
        words = [token.form for token in tokenize(phrase)]
        for word in words:
            node = node.setdefault(word, {})
        if words:
            node[""] = {}
    return trie
