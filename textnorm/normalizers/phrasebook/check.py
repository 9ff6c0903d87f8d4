"""What is wrong with a book: sentences of two frames, variants that never win, unused names, failing examples.

Two frames that accept one sequence of words and slots are found exactly, by walking the deterministic automaton of the
whole book (breadth first, so that the example is a shortest one). Overlaps of another kind (a literal word that is also
a slot's value, free text) are looked for by generating sentences and matching them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from textnorm.normalizers.phrasebook.automaton import closure
from textnorm.normalizers.phrasebook.book import Block, Book
from textnorm.normalizers.phrasebook.canonical import Canonical
from textnorm.normalizers.phrasebook.classes import Classes
from textnorm.normalizers.phrasebook.context import Conditions
from textnorm.normalizers.phrasebook.errors import BookError, Located, located
from textnorm.normalizers.phrasebook.expand import Generator
from textnorm.normalizers.phrasebook.matcher import Matcher
from textnorm.normalizers.phrasebook.network import LEMMA, Network, Scope, rule_body, spellings
from textnorm.normalizers.phrasebook.template import EMPTY, Alt, Node, Perm, Rule, Seq, Slot, walk
from textnorm.normalizers.phrasebook.tokens import forms

#: States of the book's automaton that are walked, and sentences that are generated for each template.
MAX_WALKED = 30_000
SAMPLES = 12


@dataclass(frozen=True)
class Finding:
    """One fault or note.

    Attributes:
        kind: ``conflict``, ``unreachable``, ``shadowed``, ``redundant``, ``canonical``, ``twice``, ``unused``,
            ``missing`` or ``example``.
        message: what is wrong, with the lines at fault.
        where: file and line.
        fault: whether it makes the check fail; a note does not.
    """

    kind: str
    message: str
    where: str = ""
    fault: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.message}" if self.where else f"{self.kind}: {self.message}"


@dataclass
class Walk:
    """What a walk through a book's automaton saw.

    Attributes:
        states: how many were visited.
        complete: whether these are all.
        conflicts: (template, template, shortest example) of two frames.
        alone: templates that are the only one of their frame for some sentence.
        beside: for every other template one that says the same.
    """

    states: int = 0
    complete: bool = True
    conflicts: list[tuple[int, int, str]] = field(default_factory=list)
    alone: set[int] = field(default_factory=set)
    beside: dict[int, int] = field(default_factory=dict)


def exclusive(one: Block, other: Block) -> bool:
    """Whether the contexts of two blocks can never hold together."""
    first, second = Conditions(one), Conditions(other)
    for mine, theirs in ((first, second), (second, first)):
        for key, (allowed, _) in mine.required.items():
            if allowed is None:
                continue
            wanted = theirs.required.get(key, (None, ""))[0]
            if wanted is not None and not any(value in wanted for value in allowed):
                return True
            if all(value in theirs.excluded.get(key, ()) for value in allowed):
                return True
    return False


def clash(one: Block, other: Block) -> bool:
    """Whether two blocks mean different things by one sentence, and nothing decides between them."""
    differs = one.frame != other.frame or one.slots != other.slots
    return differs and one.priority == other.priority and not exclusive(one, other)


def walk_book(network: Network, limit: int = MAX_WALKED) -> Walk:
    """Walk the automaton of a book, lists as single symbols, and return what two templates share."""
    seen: dict[frozenset[int], tuple[frozenset[int] | None, str]] = {}
    start = closure(network, [0])
    seen[start] = (None, "")
    queue = [start]
    report = Walk()
    said: set[tuple[int, int]] = set()
    accepts_seen: set[tuple[int, ...]] = set()
    for state in queue:
        report.states += 1
        arcs: dict[Any, list[int]] = {}
        accepts = []
        for node in state:
            for word, targets in network.words[node].items():
                arcs.setdefault(word, []).extend(targets)
            for symbol, target in network.slots[node]:
                arcs.setdefault(symbol.list, []).append(target)
            if network.accept[node] >= 0:
                accepts.append(network.accept[node])
        key = tuple(sorted(accepts))
        if accepts and key not in accepts_seen:
            accepts_seen.add(key)
            _shared(network, key, report, said, lambda at=state: _example(network, seen, at))
        if len(seen) >= limit:
            report.complete = False
            continue
        for symbol_, targets in arcs.items():
            following = closure(network, targets)
            if following not in seen:
                name = symbol_ if isinstance(symbol_, str) else f"{{{network.lists[symbol_].name}}}"
                seen[following] = (state, name)
                queue.append(following)
    return report


def _example(network: Network, seen: dict[Any, tuple[Any, str]], state: Any) -> str:
    words: list[str] = []
    while state is not None:
        state, word = seen[state]
        if word:
            words.append(word.removeprefix(LEMMA).strip("\x01"))
    return " ".join(reversed(words))


def _shared(network: Network, accepts: tuple[int, ...], report: Walk, said: set[tuple[int, int]], example: Any) -> None:
    by_frame: dict[str, list[int]] = {}
    for number in accepts:
        by_frame.setdefault(network.templates[number][0].frame, []).append(number)
    for same in by_frame.values():
        blocks = {id(network.templates[n][0]) for n in same}
        if len(same) == 1 or len(blocks) == len(same):
            report.alone.update(same)
        for number in same[1:]:
            report.beside.setdefault(number, same[0])
        report.alone.add(same[0])
    blocks_done: dict[int, tuple[int, Block]] = {}
    for number in accepts:
        block = network.templates[number][0]
        blocks_done.setdefault(id(block), (number, block))
    firsts = list(blocks_done.values())
    for i, (a, one) in enumerate(firsts):
        for b, other in firsts[i + 1 :]:
            pair = (id(one), id(other))
            if pair not in said and clash(one, other):
                said.add(pair)
                report.conflicts.append((a, b, example()))


def surface_conflicts(book: Book, scope: Scope) -> Iterator[tuple[str, Located]]:
    """Yield surfaces that two classes, or two values of one list, claim for different things.

    Raises:
        BookError: a variant or value cannot be spelled out.
    """
    classes = Classes(book)
    owner: dict[tuple[str, ...], tuple[str, Located]] = {}
    for name, entry in book.classes.items():
        own: dict[tuple[str, ...], Located] = {tuple(forms(entry.representative)): entry.representative}
        for text, node in zip(entry.variants, entry.nodes, strict=True):
            tree = classes.unfold(node, (name,))
            if not any(isinstance(part, Slot) for part in walk(tree)):
                own.update((tuple(forms(way)), text) for way in spellings(tree, scope, text))
        for surface, text in own.items():
            if surface in owner and owner[surface][0] != name and entry.layer == _layer(book, owner[surface][0]):
                first, place = owner[surface]
                said = " ".join(surface)
                yield f"'{said}' stands in the class '{name}' and in the class '{first}' ({place.where})", text
            else:
                owner[surface] = (str(name), text)
    for one in book.lists.values():
        found: dict[tuple[str, ...], Any] = {}
        for value in one.values:
            for way in spellings(value.node, scope, value.text):
                surface = tuple(forms(way))
                first_value = found.setdefault(surface, value)
                if first_value is not value and first_value.out != value.out and first_value.context == value.context:
                    said = " ".join(surface)
                    where = first_value.text.where
                    yield f"'{said}' means two things in the list '{one.name}': see {where}", value.text


def _layer(book: Book, name: str) -> int:
    return book.classes[name].layer


def verify(matcher: Matcher) -> None:
    """Refuse a book in which one sentence has two meanings that nothing decides between.

    Raises:
        BookError: names both lines and a shortest example.
    """
    book, network = matcher.book, matcher.network
    for message, at in surface_conflicts(book, Scope(book, None, matcher.language.word_forms)):
        msg = f"conflict: {message}"
        raise BookError(msg, at)
    for a, b, example in walk_book(network).conflicts:
        raise BookError(_conflict(network, a, b, example), _line(network, b))


def _conflict(network: Network, a: int, b: int, example: str) -> str:
    one, other = network.templates[a][0], network.templates[b][0]
    frames = f"'{other.frame}' and '{one.frame}'" if one.frame != other.frame else f"'{one.frame}' with other slots"
    return f"conflict: '{example}' is a sentence of {frames} (see {_line(network, a).where})"


def _line(network: Network, number: int) -> Located:
    block, i = network.templates[number]
    return located(block.sentences[i])


def check_book(matcher: Matcher, *, samples: int = SAMPLES, seed: int = 0) -> tuple[list[Finding], dict[str, Any]]:
    """Return every finding of a compiled book, and figures: states, phrasings, sentences tried."""
    book, network = matcher.book, matcher.network
    strict = book.settings.ties == "abstain"
    found = [Finding("missing", str(e).partition(": ")[2], e.where) for e in network.left_out]
    scope = Scope(book, None, matcher.language.word_forms)
    found += [Finding("conflict", m, at.where, strict) for m, at in surface_conflicts(book, scope)]
    report = walk_book(network)
    for a, b, example in report.conflicts:
        message = _conflict(network, a, b, example).removeprefix("conflict: ")
        found.append(Finding("conflict", message, _line(network, b).where, strict))
    if report.complete:
        for number in sorted(set(report.beside) - report.alone):
            message = f"everything it says is said at {_line(network, report.beside[number]).where}, too"
            found.append(Finding("redundant", message, _line(network, number).where, fault=False))
    found += _unused(book, network)
    found += _twice(network)
    found += _examples(matcher)
    generator, canonical = Generator(matcher), Canonical(matcher)
    tried, missed = 0, 0
    for number in range(len(network.templates)):
        size = generator.count_template(number)
        if not size:
            block, _ = network.templates[number]
            if network.trees[number] != EMPTY:  # those left out are named already
                message = f"nothing can be said with this sentence of '{block.frame}': a slot has no fitting value"
                found.append(Finding("unreachable", message, _line(network, number).where, fault=False))
            continue
        others, one_tried, unstable = _round_trip(matcher, canonical, generator, number, samples, seed)
        tried += one_tried
        missed += len(others)
        if others:
            text, got = others[0]
            every = len(others) == one_tried
            message = f"'{text}' goes to {got}" + (", and so does all else that it says" if every else "")
            kind = "unreachable" if every else "shadowed"
            found.append(Finding(kind, message, _line(network, number).where, strict))
        if unstable is not None:
            text, said = unstable
            message = f"the canonical sentence of '{text}', '{said}', does not mean the same"
            found.append(Finding("canonical", message, _line(network, number).where, strict))
    figures = {
        "frames": len(book.frames),
        "templates": len(network.templates),
        "classes": len(book.classes),
        "states": report.states,
        "complete": report.complete,
        "phrasings": generator.count(),
        "tried": tried,
        "missed": missed,
        "examples": len(book.examples),
    }
    return found, figures


def _round_trip(
    matcher: Matcher, canonical: Canonical, generator: Generator, number: int, samples: int, seed: int
) -> tuple[list[tuple[str, str]], int, tuple[str, str] | None]:
    """Match generated sentences of a template.

    Returns:
        Those that are not understood as its frame, how many were tried, and one whose canonical sentence is understood
        otherwise.
    """
    rng = random.Random(seed * 1_000_003 + number)
    wrong, unstable = [], None
    tried = generator.some(number, samples, rng)
    for made in tried:
        got = matcher.match(made.text, made.context)
        if [m.frame for m in got] != [made.frame]:
            wrong.append((made.text, " and ".join(f"'{m.frame}'" for m in got) or "nothing"))
        elif unstable is None:
            said = canonical(got[0])
            again = matcher.match(said, made.context)
            if [(m.frame, m.values) for m in again] != [(made.frame, got[0].values)] or canonical(again[0]) != said:
                unstable = made.text, said
    return wrong, len(tried), unstable


def _twice(network: Network) -> Iterator[Finding]:
    """Yield the sentences that can fill one slot twice: what is said first would be lost."""

    def most(node: Node, block: Block) -> dict[str, int]:
        if isinstance(node, Slot):
            return {} if node.capture else {node.slot: 1}
        if isinstance(node, Rule):
            return most(rule_body(node.name, block, network), block)
        made: dict[str, int] = {}
        for item in node.items if isinstance(node, Seq | Alt | Perm) else ():
            for name, n in most(item, block).items():
                made[name] = max(made.get(name, 0), n) if isinstance(node, Alt) else made.get(name, 0) + n
        return made

    for number, (tree, (block, _)) in enumerate(zip(network.trees, network.templates, strict=True)):
        for name, n in most(tree, block).items():
            if n > 1:
                message = f"the slot {{{name}}} can be said {n} times; only the last one counts"
                yield Finding("twice", message, _line(network, number).where, fault=False)


def _unused(book: Book, network: Network) -> Iterator[Finding]:
    rules: set[str] = set()
    lists: set[str] = set()

    def follow(node: Node, block: Block | None) -> None:
        for part in walk(node):
            if isinstance(part, Slot):
                lists.add(part.list)
            elif isinstance(part, Rule) and part.name not in rules:
                rules.add(part.name)
                if block is not None:
                    follow(rule_body(part.name, block, network), block)
                elif part.name in network.rules:
                    follow(network.rules[part.name][1], None)

    for tree, (block, _) in zip(network.trees, network.templates, strict=True):
        follow(tree, block)
    for _, node in book.skip:
        follow(node, None)
    for one in book.lists.values():
        for value in one.values:
            follow(value.node, None)
    for name, (text, _) in book.rules.items():
        if name not in rules:
            yield Finding("unused", f"the rule <{name}> is used nowhere", text.where, fault=False)
    for name, one in book.lists.items():
        if name not in lists and one.where:
            yield Finding("unused", f"the list {{{name}}} is used nowhere", one.where, fault=False)


def _examples(matcher: Matcher) -> Iterator[Finding]:
    for example in matcher.book.examples:
        got = matcher.match(example.text)
        frames = [m.frame for m in got]
        if example.frame is None:
            if frames:
                message = f"the counter-example '{example.text}' is taken by {' and '.join(frames)}"
                yield Finding("example", message, example.text.where)
            continue
        if frames != [example.frame]:
            said = " and ".join(frames) or "nothing"
            message = f"'{example.text}' should be '{example.frame}' but is {said}"
            yield Finding("example", message, example.text.where)
        elif example.slots is not None and got[0].values != {**got[0].values, **example.slots}:
            message = f"'{example.text}' should have the slots {dict(example.slots)} but has {got[0].values}"
            yield Finding("example", message, example.text.where)
