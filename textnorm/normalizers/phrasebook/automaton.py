"""The network of a book made deterministic while it is walked, as RE2 does.

A state is a set of network nodes, made when a sentence first reaches it and remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textnorm.normalizers.phrasebook.network import Network, SlotSymbol

#: States remembered before the memory is emptied.
MAX_STATES = 50_000


class State:
    """A set of network nodes.

    An arc holds network nodes until it is first taken, then the state behind it.

    Attributes:
        words: arc by word.
        by_list: arcs by list, of lists of values: ``[symbol, target]``.
        others: arcs of lists that read.
        wild: arcs of free text.
        accepts: templates that end here, ascending.
    """

    __slots__ = ("accepts", "by_list", "others", "wild", "words")

    def __init__(self, network: Network, nodes: frozenset[int]) -> None:
        words: dict[str, Any] = {}
        slots: dict[SlotSymbol, list[int]] = {}
        accepts: list[int] = []
        for node in nodes:
            for word, targets in network.words[node].items():
                have = words.get(word)
                words[word] = targets if have is None else [*have, *targets]
            for symbol, target in network.slots[node]:
                slots.setdefault(symbol, []).append(target)
            if network.accept[node] >= 0:
                accepts.append(network.accept[node])
        self.words = words
        self.accepts = tuple(sorted(accepts))
        self.by_list: dict[int, list[list[Any]]] = {}
        self.others: list[list[Any]] = []
        self.wild: list[list[Any]] = []
        for symbol in sorted(slots, key=lambda s: (s.list, s.slot, s.capture)):
            kind = network.lists[symbol.list].kind
            arc = [symbol, slots[symbol]]
            if kind == "values":
                self.by_list.setdefault(symbol.list, []).append(arc)
            elif kind == "wildcard":
                self.wild.append(arc)
            else:
                self.others.append(arc)


class Run:
    """Free text that is open: it may take any token."""

    __slots__ = ("source", "symbol", "target")

    def __init__(self, source: State, symbol: SlotSymbol, target: State) -> None:
        self.source = source
        self.symbol = symbol
        self.target = target


class Automaton:
    """States of a network, made on demand.

    Attributes:
        start: the state before the first word.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._states: dict[frozenset[int], State] = {}
        self._closures: dict[tuple[int, ...], State] = {}
        self._runs: dict[tuple[State, SlotSymbol], Run] = {}
        self.start = self._state([0])

    def tidy(self) -> None:
        """Forget all states where there are too many; states in use stay valid."""
        if len(self._states) > MAX_STATES:
            self._states.clear()
            self._closures.clear()
            self._runs.clear()
            self.start = self._state([0])

    def _state(self, nodes: Sequence[int]) -> State:
        key = tuple(sorted(set(nodes)))
        known = self._closures.get(key)
        if known is not None:
            return known
        kept = closure(self.network, key)
        state = self._states.get(kept)
        if state is None:
            state = self._states[kept] = State(self.network, kept)
        self._closures[key] = state
        return state

    def step(self, state: State, word: str) -> State:
        """Return the state behind a word that the state has."""
        found = state.words[word]
        if found.__class__ is list:
            found = state.words[word] = self._state(found)
        state_behind: State = found
        return state_behind

    def follow(self, arc: list[Any]) -> State:
        """Return the state behind a slot's arc."""
        target = arc[1]
        if target.__class__ is list:
            target = arc[1] = self._state(target)
        state_behind: State = target
        return state_behind

    def run(self, state: State, arc: list[Any]) -> Run:
        """Return the open free text of an arc."""
        key = (state, arc[0])
        run = self._runs.get(key)
        if run is None:
            run = self._runs[key] = Run(state, arc[0], self.follow(arc))
        return run


def closure(network: Network, nodes: Sequence[int]) -> frozenset[int]:
    """Return the nodes that some nodes reach without a word; those that only lead on are left out."""
    found, stack = set(nodes), list(nodes)
    while stack:
        for target in network.free[stack.pop()]:
            if target not in found:
                found.add(target)
                stack.append(target)
    return frozenset(n for n in found if network.words[n] or network.slots[n] or network.accept[n] >= 0)
