"""The inverse: phrasings counted, listed and sampled from a book.

Counts are of derivations (ways through a template), by sums and products, exact and never listed. Two derivations may
read alike; sampling is uniform over derivations.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, permutations
from math import factorial
from typing import Any

from textnorm.errors import UsageError, choices
from textnorm.normalizers.phrasebook.book import Block, SlotList, Value
from textnorm.normalizers.phrasebook.matcher import Matcher
from textnorm.normalizers.phrasebook.network import Scope, rule_body
from textnorm.normalizers.phrasebook.slots import value_forms
from textnorm.normalizers.phrasebook.template import Alt, Lemma, Node, Perm, Rule, Seq, Slot, Text

#: What free text says where a list gives no examples: rare words, so that no other frame takes them.
FREE_TEXT = ("xyzzy", "plugh xyzzy")
Choice = tuple[str, Any, "Value | None"]
"""How a slot is said, what it means, and the list's value."""


@dataclass(frozen=True)
class Phrasing:
    """A generated sentence.

    Attributes:
        text: the sentence.
        frame: of the block it was made from.
        slots: slots that it says, with their values, and the block's fixed ones.
        context: what a matcher must be told for the block to be allowed.
        template: number of the template.
        said: the parts with slots as ``{list}`` in place of their words.
    """

    text: str
    frame: str
    slots: Mapping[str, Any]
    context: Mapping[str, Any]
    template: int
    said: str = ""


@dataclass
class _Draft:
    parts: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    slots: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)


_Part = str | tuple[Slot, Choice]


class _Numbers(Sequence[Choice]):
    """The numbers of a range in digits, none made before it is asked for."""

    def __init__(self, one: SlotList) -> None:
        self._range = range(one.start, one.stop + 1, one.step)
        self._multiplier = one.multiplier

    def __len__(self) -> int:
        return len(self._range)

    def __getitem__(self, at: Any) -> Any:
        n = self._range[at]
        return str(n), _whole(n * self._multiplier), None


class Generator:
    """Counts, lists and samples the phrasings of a compiled book."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self.network = matcher.network
        self._scope = Scope(matcher.book, None, matcher.language.word_forms)
        self._choices: dict[tuple[int, int], Sequence[Choice]] = {}
        self._counts: dict[tuple[int, int], int] = {}
        self._kept: list[Any] = []

    # -- counting ----------------------------------------------------------------------------------------------------
    def templates(self, frame: str | None = None) -> list[int]:
        """Return the numbers of a frame's templates, of all where none is named.

        Raises:
            UsageError: there is no such frame.
        """
        if frame is not None and frame not in self.matcher.book.frames:
            msg = f"The book has no frame '{frame}'. {choices(frame, self.matcher.book.frames)}"
            raise UsageError(msg)
        pairs = enumerate(self.network.templates)
        return [i for i, (block, _) in pairs if frame is None or block.frame == frame]

    def count(self, frame: str | None = None) -> int:
        """Return the number of phrasings of a frame, or of the book."""
        return sum(self.count_template(i) for i in self.templates(frame))

    def count_template(self, number: int) -> int:
        """Return the number of phrasings of one template; 0 where a slot can say nothing."""
        tree = self.network.trees[number]
        return 0 if tree == Seq() else self._count(tree, self.network.templates[number][0])

    def _count(self, node: Node, block: Block) -> int:
        key = (id(node), id(block))
        known = self._counts.get(key)
        if known is not None:
            return known
        if isinstance(node, Text):
            made = 1
        elif isinstance(node, Lemma):
            made = len(self._lemma(node))
        elif isinstance(node, Slot):
            made = len(self._said(node, block))
        elif isinstance(node, Rule):
            made = self._count(rule_body(node.name, block, self.network), block)
        elif isinstance(node, Alt):
            made = sum(self._count(item, block) for item in node.items)
        else:
            made = factorial(len(node.items)) if isinstance(node, Perm) else 1
            for item in node.items:
                made *= self._count(item, block)
        self._kept.append(node)
        self._counts[key] = made
        return made

    def _lemma(self, node: Lemma) -> Sequence[str]:
        forms = self.matcher.language.word_forms
        return [node.lemma] if forms is None else list(dict.fromkeys([node.lemma, *forms(node.lemma)]))

    def _said(self, node: Slot, block: Block) -> Sequence[Choice]:
        """Return what a slot can say in a block; of numbers the digits."""
        one = Scope(self.matcher.book, block).slot_list(node.list, block.sentences[0])
        # A range written in a sentence is made anew each time; its name says all of it.
        known = (i for i, laid in enumerate(self.network.lists) if laid is one or laid == one)
        number = next(known)
        key = (number, id(block))
        if key not in self._choices:
            laid = self.network.lists[number]
            self._choices[key] = _Numbers(laid) if laid.kind == "range" else list(self._list(number, block))
        return self._choices[key]

    def _list(self, number: int, block: Block) -> Iterator[Choice]:
        one = self.network.lists[number]
        if one.kind == "values":
            conditions, lexicon = self.matcher.conditions[id(block)], self.matcher.lexicon
            for value in one.values:
                for way in value_forms(value, one, self._scope, self.matcher.language.phrase_forms):
                    # A form that means another value of the list first, or none in this block, is not said.
                    if conditions.choose(lexicon.values(number, way)) is value:
                        text = " ".join(way.split())
                        yield text, text if value.out is None else value.out, value
        elif one.kind == "wildcard":
            for text in one.examples or FREE_TEXT:
                yield str(text), str(text), None
        else:
            for text in one.examples:
                read = self.matcher.readers.whole(number, str(text))
                if read is not None:
                    yield str(text), read, None

    # -- making ------------------------------------------------------------------------------------------------------
    def sample(self, n: int, *, frame: str | None = None, seed: int = 0) -> list[Phrasing]:
        """Return ``n`` phrasings, uniform over all derivations of a frame or of the book, with repetition."""
        rng = random.Random(seed)
        numbers = [i for i in self.templates(frame) if self.count_template(i)]
        weights = [self.count_template(i) for i in numbers]
        total = sum(weights)
        if not total:
            return []
        made = []
        for _ in range(n):
            at = rng.randrange(total)
            k = 0
            while at >= weights[k]:
                at -= weights[k]
                k += 1
            made.append(self.draw(numbers[k], rng))
        return made

    def draw(self, number: int, rng: random.Random) -> Phrasing:
        """Return one phrasing of a template, uniform over its derivations."""
        block = self.network.templates[number][0]
        return self._finish(self._draw(self.network.trees[number], block, rng), block, number)

    def some(self, number: int, n: int, rng: random.Random) -> list[Phrasing]:
        """Return all phrasings of a template where there are at most ``n``, else ``n`` draws."""
        size = self.count_template(number)
        if size > n:
            return [self.draw(number, rng) for _ in range(n)]
        block = self.network.templates[number][0]
        every = self._every(self.network.trees[number], block) if size else ()
        return [self._finish(parts, block, number) for parts in every]

    def _draw(self, node: Node, block: Block, rng: random.Random) -> list[_Part]:
        if isinstance(node, Text):
            return [node.text]
        if isinstance(node, Lemma):
            return [rng.choice(self._lemma(node))]
        if isinstance(node, Slot):
            return [(node, rng.choice(self._said(node, block)))]
        if isinstance(node, Rule):
            return self._draw(rule_body(node.name, block, self.network), block, rng)
        if isinstance(node, Alt):
            at = rng.randrange(self._count(node, block))
            for item in node.items:
                size = self._count(item, block)
                if at < size:
                    return self._draw(item, block, rng)
                at -= size
        items = list(node.items) if isinstance(node, Seq | Perm) else []
        if isinstance(node, Perm):
            rng.shuffle(items)
        made: list[_Part] = []
        for item in items:
            part = self._draw(item, block, rng)
            made += [" ", *part, " "] if isinstance(node, Perm) else part
        return made

    def enumerate(self, frame: str | None = None, limit: int | None = None) -> Iterator[Phrasing]:
        """Yield the phrasings of a frame or of the book in the order of the templates, none listed before it is due."""

        def every() -> Iterator[Phrasing]:
            for number in self.templates(frame):
                if self.count_template(number):
                    block = self.network.templates[number][0]
                    for parts in self._every(self.network.trees[number], block):
                        yield self._finish(parts, block, number)

        return islice(every(), limit)

    def _every(self, node: Node, block: Block) -> Iterator[list[_Part]]:
        if isinstance(node, Text):
            yield [node.text]
        elif isinstance(node, Lemma):
            for form in self._lemma(node):
                yield [form]
        elif isinstance(node, Slot):
            for choice in self._said(node, block):
                yield [(node, choice)]
        elif isinstance(node, Rule):
            yield from self._every(rule_body(node.name, block, self.network), block)
        elif isinstance(node, Alt):
            for item in node.items:
                yield from self._every(item, block)
        elif isinstance(node, Seq):
            yield from self._sequence(node.items, block, [])
        else:
            for order in permutations(node.items):
                yield from self._sequence(order, block, [" "])

    def _sequence(self, items: Sequence[Node], block: Block, between: list[_Part]) -> Iterator[list[_Part]]:
        if not items:
            yield []
            return
        for head in self._every(items[0], block):
            for rest in self._sequence(items[1:], block, between):
                yield [*between, *head, *between, *rest]

    def _finish(self, parts: list[_Part], block: Block, number: int) -> Phrasing:
        draft = _Draft()
        for part in parts:
            if isinstance(part, str):
                draft.parts.append(part)
                draft.bare.append(part)
                continue
            slot, (text, value, entry) = part
            draft.parts.append(text)
            draft.bare.append(f" {{{slot.list}}} ")
            if not slot.capture:
                draft.slots[slot.slot] = text if value is None else value
            if entry is not None and entry.context:
                draft.context.update(entry.context)
        context: dict[str, Any] = {}
        for key, (allowed, slot_name) in self.matcher.conditions[id(block)].required.items():
            if key not in draft.context:
                context[key] = allowed[0] if allowed else "x"
            if slot_name and slot_name not in draft.slots:
                draft.slots[slot_name] = context.get(key, draft.context.get(key))
        slots = {**block.slots, **draft.slots}
        bare = " ".join("".join(draft.bare).split())
        return Phrasing(" ".join("".join(draft.parts).split()), block.frame, slots, context, number, bare)


def _whole(number: float) -> int | float:
    return int(number) if float(number).is_integer() else number
