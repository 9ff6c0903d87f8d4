"""Sentences to frames: the network of a book made deterministic while it is walked, as RE2 does.

A state of the deterministic automaton is a set of network nodes, made when a sentence first reaches it and remembered.
What a slot can take is found once for each place of the sentence, for all lists at a time. Every (place, state) pair is
visited once, so the work grows with the length of the sentence, not with the number of templates or of their variants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from textnorm.normalizers.phrasebook.book import Block, Book, Value
from textnorm.normalizers.phrasebook.context import Conditions
from textnorm.normalizers.phrasebook.morphology import MIN_STEM, Language
from textnorm.normalizers.phrasebook.network import GLUE, LEMMA, Network, Scope, SlotSymbol, build, spellings
from textnorm.normalizers.phrasebook.slots import Lexicon, Readers
from textnorm.normalizers.phrasebook.tokens import Token, strip_marks, tokenize

#: States remembered before the memory is emptied; parses of one sentence that are compared.
MAX_STATES = 50_000
MAX_PARSES = 2_000
#: What a word counts for that matched without its diacritics, or as another form of its lemma.
FOLDED, INFLECTED = 0.95, 0.9
SKIPPED = 0.98
WORD, SKIP, SLOT, WILD = range(4)

Others = Callable[[str], Sequence[tuple[str, float]]]
"""A word of a sentence → words of the book it may stand for, and what each then counts for."""


@dataclass(frozen=True, slots=True)
class SlotMatch:
    """One filled slot.

    Attributes:
        value: what the book says it means.
        text: the words of the sentence, ``""`` where the slot was not said.
        start, end: code points of the sentence, both -1 where it was not said.
        wildcard: whether it is free text.
        entry: the value of the list that matched, or ``None``.
    """

    value: Any
    text: str = ""
    start: int = -1
    end: int = -1
    wildcard: bool = False
    entry: Value | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A sentence understood.

    Attributes:
        frame: name of the frame.
        slots: by name.
        confidence: 1 for words as the book has them, lower for each that was folded, inflected or skipped.
        template: number of the template in the network.
        start, end: the span from the first to the last token that the frame took.
        rank: what matches are compared by, lower is better.
        context: context after the match.
    """

    frame: str
    slots: Mapping[str, SlotMatch]
    confidence: float
    template: int
    start: int
    end: int
    rank: tuple[Any, ...]
    context: Mapping[str, Any]

    @property
    def values(self) -> dict[str, Any]:
        """Slot values by name."""
        return {name: slot.value for name, slot in self.slots.items()}


class State:
    """A set of network nodes; arcs are resolved when first taken."""

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


class _Run:
    """A wildcard that is open: it may take any token."""

    __slots__ = ("source", "symbol", "target")

    def __init__(self, source: State, symbol: SlotSymbol, target: State) -> None:
        self.source = source
        self.symbol = symbol
        self.target = target


class Matcher:
    """Matches sentences against a compiled book.

    Args:
        book: the book.
        language: what is known of its language.

    Raises:
        BookError: the book cannot be compiled; names file and line.
    """

    def __init__(self, book: Book, language: Language) -> None:
        self.book = book
        self.language = language
        self.network = build(book, language.word_forms)
        scope = Scope(book, None, language.word_forms)
        self.lexicon = Lexicon(self.network.lists, scope, language.phrase_forms)
        self.readers = Readers(self.network.lists, book.language)
        self.conditions = {id(block): Conditions(block) for block in book.blocks}
        self._blocks: dict[tuple[int, ...], list[tuple[int, Block]]] = {}
        said = [way for text, node in book.skip for way in spellings(node, scope, text)]
        self._skips = _trie(said)
        self._more_skips = _trie([*said, *language.fillers]) if book.settings.fillers else self._skips
        self._states: dict[frozenset[int], State] = {}
        self._runs: dict[tuple[int, SlotSymbol], _Run] = {}
        self._closures: dict[tuple[int, ...], State] = {}
        self.start = self._state([0])
        self._suffixes = tuple(sorted(g[1:] for g in self.network.glues if g[0] == GLUE))
        self._prefixes = tuple(sorted(g[:-1] for g in self.network.glues if g[-1] == GLUE))
        words = self.network.vocabulary | self.lexicon.vocabulary
        self.vocabulary = frozenset(words)
        self._folded = _index(words, strip_marks)
        self.folded_vocabulary = frozenset(self._folded)
        self._slot_names: dict[str, dict[int, list[str]]] | None = None
        self._related: tuple[dict[str, list[str]], dict[str, list[str]]] | None = None

    # -- states ------------------------------------------------------------------------------------------------------
    def _state(self, nodes: Sequence[int]) -> State:
        key = tuple(sorted(set(nodes)))
        known = self._closures.get(key)
        if known is not None:
            return known
        free = self.network.free
        seen, stack = set(key), list(key)
        while stack:
            for target in free[stack.pop()]:
                if target not in seen:
                    seen.add(target)
                    stack.append(target)
        # Nodes that only lead on say nothing about a state.
        network = self.network
        kept = frozenset(n for n in seen if network.words[n] or network.slots[n] or network.accept[n] >= 0)
        state = self._states.get(kept)
        if state is None:
            state = self._states[kept] = State(network, kept)
        self._closures[key] = state
        return state

    def step(self, state: State, word: str) -> State | None:
        """Return the state behind a word."""
        found = state.words.get(word)
        if found.__class__ is list:
            found = state.words[word] = self._state(found)
        return found  # type: ignore[no-any-return]

    def follow(self, arc: list[Any]) -> State:
        """Return the state behind a slot's arc."""
        target = arc[1]
        if target.__class__ is list:
            target = arc[1] = self._state(target)
        return target  # type: ignore[no-any-return]

    # -- matching ----------------------------------------------------------------------------------------------------
    def match(self, text: str, context: Mapping[str, Any] | None = None) -> list[Match]:
        """Return the best match of a sentence: none, one, or the several that tie where the book abstains on ties.

        Args:
            text: the sentence.
            context: facts that blocks may require or exclude, and fill slots from.
        """
        tokens = tokenize(text)
        if not tokens:
            return []
        settings = self.book.settings
        # Where a filler stands both readings compete: with it as a word, and without it.
        skips = self._more_skips
        if skips is not self._skips and not any(token.form in skips for token in tokens):
            skips = self._skips
        found = self._best(text, tokens, None, skips, context)
        if not found and settings.fold:
            found = self._best(text, tokens, self._fold_words, skips, context)
        if not found and settings.lemmas and self.language.endings:
            found = self._best(text, tokens, self._related_words, skips, context)
        return found

    def all_matches(self, text: str, context: Mapping[str, Any] | None = None) -> list[Match]:
        """Return every match of the words as they are, best first."""
        tokens = tokenize(text)
        found = self._matches(text, tokens, None, self._skips, context) if tokens else ()
        return sorted(found, key=lambda m: m.rank)

    # -- for those that look at a sentence without matching it --------------------------------------------------------
    def words_of(self, form: str, target: int) -> list[tuple[str, int, float]]:
        """Return the words of the book that a word may be, its forms without diacritics and related forms among them."""
        near = self._related_words(form) if self.language.endings else self._fold_words(form)
        return [(form, target, 1.0), *((word, target, weight) for word, weight in near if word != form)]

    def numbers_at(self, tokens: list[Token], at: int) -> list[tuple[int, int, Any]]:
        """Return (place behind, list, value) of every number that a range of the book takes at a place."""
        lattice = _Lattice(tokens, [], None)
        ranges = (i for i, one in enumerate(self.network.lists) if one.kind in ("range", "call"))
        return [(end, i, read.value) for i in ranges for end, read in self.readers.find(i, "", lattice, at)]

    def read_list(self, number: int, text: str) -> Any:
        """Return what a list that reads (a pattern, a plugin) makes of a whole text; ``None`` where it does not read it."""
        tokens = tokenize(text)
        found = self.readers.find(number, text, _Lattice(tokens, [], None), 0) if tokens else ()
        return next((read.value for end, read in found if end == len(tokens)), None)

    def slot_names(self, frame: str) -> dict[int, list[str]]:
        """Return, by list, the slots of a frame that it fills."""
        if self._slot_names is None:
            self._slot_names = {}
            for arcs in self.network.slots:
                for symbol, target in arcs:
                    for name in self._frames_behind(target):
                        known = self._slot_names.setdefault(name, {}).setdefault(symbol.list, [])
                        if symbol.slot not in known and not symbol.capture:
                            known.append(symbol.slot)
        return self._slot_names.get(frame, {})

    def _frames_behind(self, node: int) -> set[str]:
        """Return the frames whose sentences go through a node; a template's nodes are its own."""
        network = self.network
        seen, stack = {node}, [node]
        while stack:
            at = stack.pop()
            if network.accept[at] >= 0:
                return {network.templates[network.accept[at]][0].frame}
            targets = [*network.free[at], *(t for ts in network.words[at].values() for t in ts)]
            for target in (*targets, *(t for _, t in network.slots[at])):
                if target not in seen:
                    seen.add(target)
                    stack.append(target)
        return set()

    def _best(
        self,
        text: str,
        tokens: list[Token],
        others: Others | None,
        skips: dict[str, Any],
        context: Mapping[str, Any] | None,
    ) -> list[Match]:
        matches = list(self._matches(text, tokens, others, skips, context))
        if not matches:
            return []
        if self.book.settings.best_slot and len(matches) > 1:
            matches = _prefer(matches, self.book.settings.best_slot)
        best = min(match.rank for match in matches)
        if self.book.settings.ties == "name":
            return [min((m for m in matches if m.rank == best), key=lambda m: m.frame)]
        tied: dict[str, Match] = {}
        for match in matches:
            if match.rank == best:
                tied.setdefault(match.frame, match)
        return [tied[frame] for frame in sorted(tied)]

    def _matches(
        self,
        text: str,
        tokens: list[Token],
        others: Others | None,
        skips: dict[str, Any],
        context: Mapping[str, Any] | None,
    ) -> Iterator[Match]:
        if len(self._states) > MAX_STATES:
            self._forget()
        lattice = self._lattice(tokens, others)
        table = self._walk(text, lattice, skips)
        words: set[str] | None = None
        for state in table[-1]:
            if state.__class__ is not State or not state.accepts:
                continue
            blocks = self._blocks_of(state.accepts)
            for path in islice(self._paths(table, state, lattice), MAX_PARSES):
                for number, block in blocks:
                    if block.keywords is not None:
                        words = words if words is not None else {t.form for t in tokens}
                        if block.keywords.isdisjoint(words):
                            continue
                    made = self._read(text, lattice, path, number, block, context)
                    if made is not None:
                        yield made

    def _forget(self) -> None:
        self._states.clear()
        self._closures.clear()
        self._runs.clear()
        self.start = self._state([0])

    def _blocks_of(self, accepts: tuple[int, ...]) -> list[tuple[int, Block]]:
        known = self._blocks.get(accepts)
        if known is None:
            first: dict[int, tuple[int, Block]] = {}
            for number in accepts:
                block = self.network.templates[number][0]
                first.setdefault(id(block), (number, block))
            known = self._blocks[accepts] = list(first.values())
        return known

    # -- the lattice -------------------------------------------------------------------------------------------------
    def _lattice(self, tokens: list[Token], others: Others | None) -> _Lattice:
        arcs: list[list[tuple[str, int, float]]] = []
        lemmas = self.language.lemma if self.network.lemmas else None
        if not (self._suffixes or self._prefixes):
            for i, token in enumerate(tokens):
                arcs.append(self._words(token.form, i + 1, others, lemmas))
            return _Lattice(tokens, arcs, None)
        # Words that may hold a slot and something glued to it have a place inside.
        places: list[tuple[int, int]] = []  # (token, offset inside)
        cuts: list[list[int]] = []
        for i, token in enumerate(tokens):
            inside = {len(token.form) - len(s) for s in self._suffixes if token.form.endswith(s)}
            inside |= {len(p) for p in self._prefixes if token.form.startswith(p)}
            whole = len(token.form) == token.end - token.start
            cuts.append(sorted(c for c in inside if 0 < c < len(token.form)) if whole else [])
            places.append((i, 0))
            places.extend((i, c) for c in cuts[-1])
        places.append((len(tokens), 0))
        number = {place: k for k, place in enumerate(places)}
        parts: list[Token] = []
        for i, inside_at in places[:-1]:
            token = tokens[i]
            row: list[tuple[str, int, float]] = []
            if inside_at == 0:
                row += self._words(token.form, number[i + 1, 0], others, lemmas)
                for cut in cuts[i]:
                    row.append((token.form[:cut], number[i, cut], 1.0))
                    row.append((token.form[:cut] + GLUE, number[i, cut], 1.0))
            else:
                row.append((GLUE + token.form[inside_at:], number[i + 1, 0], 1.0))
                row.append((token.form[inside_at:], number[i + 1, 0], 1.0))
            arcs.append(row)
            ends = [c for c in cuts[i] if c > inside_at]
            stop = token.start + ends[0] if ends else token.end
            parts.append(Token(token.form[inside_at : ends[0] if ends else None], token.start + inside_at, stop))
        return _Lattice(parts, arcs, [place[1] == 0 for place in places])

    def _words(
        self,
        form: str,
        target: int,
        others: Others | None,
        lemmas: Callable[[str], str] | None,
    ) -> list[tuple[str, int, float]]:
        row = [(form, target, 1.0)]
        if lemmas is not None:
            row.append((LEMMA + lemmas(form), target, 1.0))
        if others is not None:
            row.extend((word, target, weight) for word, weight in others(form) if word != form)
        return row

    def _fold_words(self, form: str) -> list[tuple[str, float]]:
        return [(word, FOLDED) for word in self._folded.get(strip_marks(form), ())]

    def _related_words(self, form: str) -> list[tuple[str, float]]:
        """Return the words of lists that an unknown word may be a form of: of its lemma, or of its stem."""
        made = self._fold_words(form)
        if form in self.vocabulary or made or len(form) < MIN_STEM:
            return made
        if self._related is None:
            words = self.lexicon.vocabulary
            self._related = _index(words, self.language.lemma), _index(words, self._stem)
        by_lemma, by_stem = self._related
        near = by_lemma.get(self.language.lemma(form)) or by_stem.get(self._stem(form), ())
        return [(word, INFLECTED) for word in near]

    def _stem(self, form: str) -> str:
        return strip_marks(self.language.stem(form))

    # -- the walk ----------------------------------------------------------------------------------------------------
    def _walk(self, text: str, lattice: _Lattice, phrases: dict[str, Any]) -> list[dict[Any, list[Any]]]:
        """Return, for every place, the states that reach it, each with the steps that led there.

        A step is (place before, state before, kind, what was taken, weight); of an open wildcard, a place where it
        opened.
        """
        arcs = lattice.arcs
        n = len(arcs)
        table: list[dict[Any, list[Any]]] = [{} for _ in range(n + 1)]
        table[0][self.start] = []
        for at in range(n):
            here = table[at]
            if not here:
                continue
            row = arcs[at]
            ahead = table[at + 1]
            skips = _skip_ends(lattice, at, phrases) if phrases else ()
            found: dict[int, list[tuple[int, Any, float]]] | None = None
            for state, steps in here.items():
                if state.__class__ is _Run:
                    opened = ahead.setdefault(state, [])
                    opened.extend(s for s in steps if s not in opened)
                    ahead.setdefault(state.target, []).append((-1, state, WILD, tuple(steps), 1.0))
                    continue
                for word, target, weight in row:
                    to = state.words.get(word)
                    if to is not None:
                        if to.__class__ is list:
                            to = self.step(state, word)
                        table[target].setdefault(to, []).append((at, state, WORD, word, weight))
                if state.by_list:
                    if found is None:
                        found = self.lexicon.find(arcs, at)
                    if found:
                        by_list = state.by_list
                        for number, hits in found.items():
                            for arc in by_list.get(number, ()):
                                to = self.follow(arc)
                                for end, values, weight in hits:
                                    table[end].setdefault(to, []).append((at, state, SLOT, (arc[0], values), weight))
                for arc in state.others:
                    for end, value in self.readers.find(arc[0].list, text, lattice, at):
                        step = (at, state, SLOT, (arc[0], value), 1.0)
                        table[end].setdefault(self.follow(arc), []).append(step)
                for arc in state.wild:
                    run = self._run(state, arc)
                    opened = ahead.setdefault(run, [])
                    if at not in opened:
                        opened.append(at)
                    ahead.setdefault(run.target, []).append((-1, run, WILD, (at,), 1.0))
                for end in skips:
                    table[end].setdefault(state, []).append((at, state, SKIP, end - at, SKIPPED))
        return table

    def _run(self, state: State, arc: list[Any]) -> _Run:
        key = (id(state), arc[0])
        run = self._runs.get(key)
        if run is None:
            run = self._runs[key] = _Run(state, arc[0], self.follow(arc))
        return run

    def _paths(
        self, table: list[dict[Any, list[Any]]], state: State, lattice: _Lattice
    ) -> Iterator[list[tuple[int, int, int, Any, float]]]:
        """Yield the ways to a state at the end: lists of (from, to, kind, what was taken, weight), last step first."""
        limit = self.book.settings.skip_limit
        stack: list[tuple[int, Any, tuple[Any, ...] | None, int]] = [(len(table) - 1, state, None, 0)]
        budget = 50 * MAX_PARSES
        while stack:
            budget -= 1
            if budget < 0:
                return
            at, now, done, skipped = stack.pop()
            if at == 0 and now is self.start:
                yield _unlink(done)
                continue
            for before, source, kind, taken, weight in reversed(table[at][now]):
                if kind == WILD:
                    if _only_skips(done):
                        if skipped:
                            continue  # a sentence that ends in free text keeps its last words there
                    for opened in reversed(taken):
                        step = (opened, at, WILD, source.symbol, weight)
                        stack.append((opened, source.source, (step, done), skipped))
                    continue
                more = skipped + taken if kind == SKIP else skipped
                if more > limit or (kind == SKIP and before == 0 and _first(done) == WILD):
                    continue
                stack.append((before, source, ((before, at, kind, taken, weight), done), more))

    # -- reading -----------------------------------------------------------------------------------------------------
    def _read(
        self,
        text: str,
        lattice: _Lattice,
        path: list[tuple[int, int, int, Any, float]],
        number: int,
        block: Block,
        given: Mapping[str, Any] | None,
    ) -> Match | None:
        """Return what a path means for a block, ``None`` where the context forbids it."""
        conditions = self.conditions[id(block)]
        context = dict(given) if given else {}
        slots: dict[str, SlotMatch] = {}
        wildcards = literal = free = skipped = 0
        confidence = 1.0
        first, last = -1, -1
        tokens = lattice.tokens
        for start, end, kind, taken, weight in path:
            confidence *= weight
            if kind == SKIP:
                skipped += taken
                continue
            if first < 0:
                first = tokens[start].start
            last = tokens[end - 1].end
            if kind == WORD:
                literal += len(taken)
                continue
            symbol = taken if kind == WILD else taken[0]
            begin, stop = tokens[start].start, tokens[end - 1].end
            said = text[begin:stop]
            entry: Value | None = None
            if kind == WILD:
                wildcards += 1
                free += stop - begin
                value: Any = said
            elif taken[1].__class__ is tuple:
                entry = conditions.choose(taken[1])
                if entry is None:
                    return None
                value = said if entry.out is None else entry.out
                if entry.context:
                    context.update(entry.context)
            else:
                value = taken[1].value
            if not symbol.capture:
                slots[symbol.slot] = SlotMatch(value, said, begin, stop, kind == WILD, entry)
        from_context = conditions.check(context)
        if from_context is None:
            return None
        for name, fixed in block.slots.items():
            slots.setdefault(name, SlotMatch(fixed))
        for name, value in from_context.items():
            slots.setdefault(name, SlotMatch(value))
        rank = (wildcards, -literal, skipped, free, -block.priority)
        return Match(block.frame, slots, confidence, number, first, last, rank, context)


class _Lattice:
    """The tokens of a sentence and the words each may be.

    Attributes:
        tokens: of each place; where a word has places inside, the part up to the next one.
        arcs: of each place: (word, place behind it, weight).
        whole: whether a place lies between tokens; ``None`` where all do.
    """

    __slots__ = ("arcs", "tokens", "whole")

    def __init__(self, tokens: list[Token], arcs: list[list[tuple[str, int, float]]], whole: list[bool] | None) -> None:
        self.tokens = tokens
        self.arcs = arcs
        self.whole = whole


def _skip_ends(lattice: _Lattice, at: int, phrases: dict[str, Any]) -> list[int]:
    """Return where phrases end that may be skipped and begin at a place."""
    ends = []
    layer: list[tuple[int, dict[str, Any]]] = [(at, phrases)]
    while layer:
        following = []
        for place, node in layer:
            for word, target, _ in lattice.arcs[place] if place < len(lattice.arcs) else ():
                child = node.get(word)
                if child is not None:
                    if "" in child:
                        ends.append(target)
                    following.append((target, child))
        layer = following
    return ends


def _index(words: Iterator[str] | frozenset[str] | set[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    index: dict[str, list[str]] = {}
    for word in sorted(words):
        index.setdefault(key(word), []).append(word)
    return index


def _trie(phrases: Sequence[str]) -> dict[str, Any]:
    trie: dict[str, Any] = {}
    for phrase in phrases:
        node = trie
        words = [token.form for token in tokenize(phrase)]
        for word in words:
            node = node.setdefault(word, {})
        if words:
            node[""] = {}
    return trie


def _unlink(done: tuple[Any, ...] | None) -> list[Any]:
    made = []
    while done is not None:
        made.append(done[0])
        done = done[1]
    return made


def _only_skips(done: tuple[Any, ...] | None) -> bool:
    while done is not None:
        if done[0][2] != SKIP:
            return False
        done = done[1]
    return True


def _first(done: tuple[Any, ...] | None) -> int:
    return -1 if done is None else int(done[0][2])


def _prefer(matches: list[Match], slot: str) -> list[Match]:
    """Return the matches that fill a slot from a list, with the longest words; all where none does."""
    named = [m for m in matches if slot in m.slots and m.slots[slot].start >= 0 and not m.slots[slot].wildcard]
    if not named:
        return matches
    longest = max(len(m.slots[slot].text) for m in named)
    return [m for m in named if len(m.slots[slot].text) == longest]
