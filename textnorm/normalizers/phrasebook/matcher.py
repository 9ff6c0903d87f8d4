"""Sentences to frames: a walk through the automaton of a book.

What a slot can take is found once for each place of the sentence, for all lists at a time. Every (place, state) pair is
visited once, so the work grows with the length of the sentence, not with the number of templates or of their variants.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from textnorm.normalizers.phrasebook.automaton import Automaton, Run, State
from textnorm.normalizers.phrasebook.book import Block, Book, Value
from textnorm.normalizers.phrasebook.context import Conditions
from textnorm.normalizers.phrasebook.lattice import Arc, Glues, Lattice, Words, as_it_is, trie_of
from textnorm.normalizers.phrasebook.morphology import MIN_STEM, Language
from textnorm.normalizers.phrasebook.network import LEMMA, Scope, build, spellings
from textnorm.normalizers.phrasebook.slots import Lexicon, Readers
from textnorm.normalizers.phrasebook.tokens import Token, strip_marks, tokenize

#: Parses of one sentence that are compared, and places where one free text may begin.
MAX_PARSES = 2_000
MAX_OPEN = 64
#: What a word counts for that matched without its diacritics, or as another form of its lemma.
FOLDED, INFLECTED = 0.95, 0.9
SKIPPED = 0.98
WORD, SKIP, SLOT, WILD = range(4)

Others = Callable[[str], Sequence[tuple[str, float]]]
"""A word of a sentence → words of the book it may stand for, and what each then counts for."""
Table = dict[int, dict[Any, list[Any]]]
"""Place → state or open free text → steps that led there."""


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
        self._skips = trie_of(said)
        self._more_skips = trie_of([*said, *language.fillers]) if book.settings.fillers else self._skips
        self.automaton = Automaton(self.network)
        self.glues = Glues(self.network.glues)
        words = self.network.vocabulary | self.lexicon.vocabulary
        self.vocabulary = frozenset(words)
        self._folded = _index(words, strip_marks)
        self.folded_vocabulary = frozenset(self._folded)
        self._related: tuple[dict[str, list[str]], dict[str, list[str]]] | None = None

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
            found = self._best(text, tokens, self.related_words, skips, context)
        return found

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
        self.automaton.tidy()
        lattice = Lattice(tokens, self._words(others), self.glues)
        table = self._walk(text, lattice, skips)
        words: set[str] | None = None
        for state in table.get(len(lattice.arcs), ()):
            if state.__class__ is not State or not state.accepts:
                continue
            blocks = self._blocks_of(state.accepts)
            for path in islice(self._paths(table, state, len(lattice.arcs)), MAX_PARSES):
                for number, block in blocks:
                    if block.keywords is not None:
                        words = words if words is not None else {t.form for t in tokens}
                        if block.keywords.isdisjoint(words):
                            continue
                    made = self._read(text, lattice, path, number, block, context)
                    if made is not None:
                        yield made

    def _blocks_of(self, accepts: tuple[int, ...]) -> list[tuple[int, Block]]:
        known = self._blocks.get(accepts)
        if known is None:
            first: dict[int, tuple[int, Block]] = {}
            for number in accepts:
                block = self.network.templates[number][0]
                first.setdefault(id(block), (number, block))
            known = self._blocks[accepts] = list(first.values())
        return known

    # -- words -------------------------------------------------------------------------------------------------------
    def _words(self, others: Others | None) -> Words:
        """Return what makes the arcs of a token."""
        lemmas = self.language.lemma if self.network.lemmas else None
        if lemmas is None and others is None:
            return as_it_is

        def words(form: str, target: int) -> list[Arc]:
            row = [(form, target, 1.0)]
            if lemmas is not None:
                row.append((LEMMA + lemmas(form), target, 1.0))
            if others is not None:
                row.extend((word, target, weight) for word, weight in others(form) if word != form)
            return row

        return words

    def _fold_words(self, form: str) -> list[tuple[str, float]]:
        return [(word, FOLDED) for word in self._folded.get(strip_marks(form), ())]

    def related_words(self, form: str) -> list[tuple[str, float]]:
        """Return the words of the book that a word may be without its diacritics.

        Of an unknown word, where the language has endings, the words of lists of which it may be a form: of one lemma,
        or of one stem.
        """
        made = self._fold_words(form) if self.book.settings.fold else []
        if not self.language.endings:
            return made
        if form in self.vocabulary or made or len(form) < MIN_STEM:
            return made
        if self._related is None:
            words = self.lexicon.vocabulary
            self._related = _index(words, self.language.lemma), _index(words, self._stem)
        by_lemma, by_stem = self._related
        near = by_lemma.get(self.language.lemma(form)) or by_stem.get(self._stem(form)) or ()
        return [(word, INFLECTED) for word in near]

    def _stem(self, form: str) -> str:
        return strip_marks(self.language.stem(form))

    # -- the walk ----------------------------------------------------------------------------------------------------
    def _walk(self, text: str, lattice: Lattice, phrases: dict[str, Any]) -> Table:
        """Return, for every place, the states that reach it, each with the steps that led there.

        A step is (place before, state before, kind, what was taken, weight); of open free text, a place where it
        opened.
        """
        automaton = self.automaton
        n = len(lattice.arcs)
        table: Table = defaultdict(dict)
        table[0][automaton.start] = []
        for at in range(n):
            here = table.get(at)
            if not here:
                if max(table) < at:
                    break  # no sentence of the book begins so
                continue
            row = lattice.row(at)
            ahead = table[at + 1]
            skips = lattice.ends(at, phrases) if phrases else ()
            found: dict[int, list[tuple[int, Any, float]]] | None = None
            for state, steps in here.items():
                if state.__class__ is Run:
                    opened = ahead.setdefault(state, [])
                    opened.extend(s for s in steps if s not in opened and len(opened) < MAX_OPEN)
                    ahead.setdefault(state.target, []).append((-1, state, WILD, tuple(steps), 1.0))
                    continue
                for word, target, weight in row:
                    to = state.words.get(word)
                    if to is not None:
                        if to.__class__ is list:
                            to = automaton.step(state, word)
                        table[target].setdefault(to, []).append((at, state, WORD, word, weight))
                if state.by_list:
                    if found is None:
                        found = self.lexicon.find(lattice, at)
                    if found:
                        by_list = state.by_list
                        for number, hits in found.items():
                            for arc in by_list.get(number, ()):
                                to = automaton.follow(arc)
                                for end, values, weight in hits:
                                    table[end].setdefault(to, []).append((at, state, SLOT, (arc[0], values), weight))
                for arc in state.others:
                    for end, value in self.readers.find(arc[0].list, text, lattice, at):
                        step = (at, state, SLOT, (arc[0], value), 1.0)
                        table[end].setdefault(automaton.follow(arc), []).append(step)
                for arc in state.wild:
                    run = automaton.run(state, arc)
                    opened = ahead.setdefault(run, [])
                    if at not in opened and len(opened) < MAX_OPEN:
                        opened.append(at)
                    ahead.setdefault(run.target, []).append((-1, run, WILD, (at,), 1.0))
                for end in skips:
                    table[end].setdefault(state, []).append((at, state, SKIP, end - at, SKIPPED))
        return table

    def _paths(self, table: Table, state: State, end: int) -> Iterator[list[tuple[int, int, int, Any, float]]]:
        """Yield the ways to a state at the end: lists of (from, to, kind, what was taken, weight), last step first."""
        limit = self.book.settings.skip_limit
        stack: list[tuple[int, Any, tuple[Any, ...] | None, int]] = [(end, state, None, 0)]
        budget = 50 * MAX_PARSES
        while stack:
            budget -= 1
            if budget < 0:
                return
            at, now, done, skipped = stack.pop()
            if at == 0 and now is self.automaton.start:
                yield _unlink(done)
                continue
            for before, source, kind, taken, weight in reversed(table[at][now]):
                if kind == WILD:
                    if skipped and _only_skips(done):
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
        lattice: Lattice,
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


def _index(words: Iterable[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    index: dict[str, list[str]] = {}
    for word in sorted(words):
        index.setdefault(key(word), []).append(word)
    return index


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
