"""Templates to one network of words and slots: what the matcher walks.

A template is laid out token by token; parts of a word (``light[s]``) are joined while laying out, so that the network
knows whole words only. Rules and classes are laid out where they are used; what refers to itself is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

from textnorm.errors import choices
from textnorm.normalizers.phrasebook.book import MAX_NUMBER, Block, Book, SlotList
from textnorm.normalizers.phrasebook.classes import Classes
from textnorm.normalizers.phrasebook.errors import BookError, Located, MissingNameError, located
from textnorm.normalizers.phrasebook.template import (
    EMPTY,
    Alt,
    Lemma,
    Node,
    Perm,
    Rule,
    Seq,
    Slot,
    Text,
    inline_range,
    walk,
)
from textnorm.normalizers.phrasebook.tokens import fold, forms, split_open

#: Bounds: what needs more is said to explode. Six parts in any order are 720 sentences.
MAX_NODES = 100_000
MAX_PERMUTED = 5
MAX_FORMS = 20_000
#: Characters of all forms of one value, parts of one template (rules in rules count each time they are used).
MAX_CHARS = 2_000_000
MAX_PARTS = 500_000
#: Marks of symbols that are no whole words: glued to a slot before or behind, and "any form of".
GLUE, LEMMA = "\x01", "\x02"

Forms = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class SlotSymbol:
    """A slot in the network.

    Attributes:
        list: index of its slot list in :attr:`Network.lists`.
        slot: name of the slot that is filled.
        capture: matched, not reported.
    """

    list: int
    slot: str
    capture: bool


@dataclass(slots=True)
class Network:
    """A nondeterministic automaton over words and slots.

    Attributes:
        words: a node's arcs by word.
        slots: a node's arcs by slot.
        free: a node's arcs without a word.
        accept: the template that ends at a node, or -1.
        lists: the slot lists that slot symbols point at.
        templates: (block, number of the sentence in it) of each template.
        glues: parts of words that stand glued to a slot.
        vocabulary: every word of every template.
        lemmas: whether any symbol means "any form of".
        trees: of each template, classes unfolded.
        rules: the book's rules, classes unfolded.
        local: the rules of each block's own, likewise, by the block's identity.
        left_out: why sentences were left out, where the book allows that.
    """

    words: list[dict[str, list[int]]] = field(default_factory=list)
    slots: list[list[tuple[SlotSymbol, int]]] = field(default_factory=list)
    free: list[list[int]] = field(default_factory=list)
    accept: list[int] = field(default_factory=list)
    lists: list[SlotList] = field(default_factory=list)
    templates: list[tuple[Block, int]] = field(default_factory=list)
    glues: set[str] = field(default_factory=set)
    vocabulary: set[str] = field(default_factory=set)
    lemmas: bool = False
    trees: list[Node] = field(default_factory=list)
    rules: Mapping[str, tuple[Located, Node]] = field(default_factory=dict)
    local: dict[int, dict[str, tuple[Located, Node]]] = field(default_factory=dict)
    left_out: list[MissingNameError] = field(default_factory=list)

    def node(self) -> int:
        """Add a node."""
        self.words.append({})
        self.slots.append([])
        self.free.append([])
        self.accept.append(-1)
        return len(self.words) - 1


_Frontier = dict[tuple[bool, str], int]
"""Where the layout stands: (directly behind a slot, beginning of a word that may go on) to node."""


class Scope:
    """What names mean inside one block: rules, lists and classes, local ones first.

    Args:
        book: the book.
        block: the block, ``None`` for list values and skip words.
        word_forms: inflected forms of a lemma; ``None`` where the language has no morphology here.
    """

    def __init__(self, book: Book, block: Block | None = None, word_forms: Forms | None = None) -> None:
        self.book = book
        self.block = block
        self.word_forms = word_forms

    def rule(self, name: str, at: Located) -> tuple[Located, Node]:
        """Return a rule's text and tree.

        Raises:
            MissingNameError: there is none of that name.
        """
        if self.block is not None and name in self.block.rules:
            return self.block.rules[name]
        if name in self.book.rules:
            return self.book.rules[name]
        known = [*self.book.rules, *(self.block.rules if self.block is not None else ())]
        msg = f"unknown rule <{name}> in '{at}'. {choices(name, known)}"
        raise MissingNameError(msg, at)

    def slot_list(self, name: str, at: Located) -> SlotList:
        """Return a slot's list.

        Raises:
            MissingNameError: there is none of that name.
        """
        if self.block is not None and name in self.block.lists:
            return self.block.lists[name]
        if name in self.book.lists:
            return self.book.lists[name]
        span = inline_range(name)
        if span is not None:
            if span[0] > span[1] or span[2] < 1 or max(abs(end) for end in span) > MAX_NUMBER:
                msg = f"the range {{{name}}} in '{at}' is empty, or goes beyond {MAX_NUMBER:,}"
                raise MissingNameError(msg, at)
            return SlotList(name, "range", start=span[0], stop=span[1], step=span[2], where=at.where)
        known = [*self.book.lists, *(self.block.lists if self.block is not None else ())]
        msg = f"unknown list {{{name}}} in '{at}'. {choices(name, known)}"
        raise MissingNameError(msg, at)

    def forms(self, lemma: str, at: Located) -> Sequence[str]:
        """Return the forms of a word given by ``~lemma``.

        Raises:
            BookError: the book's language has no morphology here.
        """
        if self.word_forms is None:
            what = f"~{lemma} in '{at}': there is no morphology for the language '{self.book.language}'"
            raise BookError(what, at)
        return self.word_forms(lemma)


class Layout:
    """Lays templates out into a network."""

    def __init__(self, network: Network, scope: Scope) -> None:
        self.network = network
        self.scope = scope
        self.at = Located("")
        self.parts = 0
        self._lists: dict[int, int] = {id(one): i for i, one in enumerate(network.lists)}

    def template(self, start: int, node: Node, at: Located, number: int) -> None:
        """Lay one sentence out from a node.

        Raises:
            BookError: an unknown name, a rule that refers to itself, too large, or nothing in it must be said.
        """
        self.at, self.parts = at, 0
        before = self.network.node()
        ends = self._flush(self.add(node, {(False, ""): before}, ()), "")
        self.network.free[start].append(before)
        self.network.accept[ends] = number
        if self._empty(before, ends):
            msg = f"the template '{at}' matches the empty sentence; something in it must be said"
            raise BookError(msg, at)

    def _empty(self, start: int, end: int) -> bool:
        seen, stack = {start}, [start]
        while stack:
            for target in self.network.free[stack.pop()]:
                if target not in seen:
                    seen.add(target)
                    stack.append(target)
        return end in seen

    def add(self, node: Node, frontier: _Frontier, path: tuple[str, ...]) -> _Frontier:
        """Lay a tree out behind a frontier and return the new one; ``path`` names the rules it stands in."""
        if len(self.network.words) > MAX_NODES:
            what = f"'{self.at}' makes the book larger than {MAX_NODES:,} states; use lists for what varies"
            raise BookError(what, self.at)
        self.parts += 1
        if self.parts > MAX_PARTS:
            what = f"'{self.at}' explodes: its rules make more than {MAX_PARTS:,} parts; use lists for what varies"
            raise BookError(what, self.at)
        if len(frontier) > MAX_FORMS:
            what = f"'{self.at}' explodes: one word in it has more than {MAX_FORMS:,} forms; put spaces between words"
            raise BookError(what, self.at)
        if isinstance(node, Text):
            return self._text(node.text, frontier)
        if isinstance(node, Seq):
            for item in node.items:
                frontier = self.add(item, frontier, path)
            return frontier
        if isinstance(node, Alt):
            return self._merge(self.add(item, frontier, path) for item in node.items)
        if isinstance(node, Perm):
            if len(node.items) > MAX_PERMUTED:
                what = f"{len(node.items)} parts in any order in '{self.at}'; at most {MAX_PERMUTED} are allowed"
                raise BookError(what, self.at)
            space = Text(" ")
            orders = (
                Seq(tuple(part for item in order for part in (space, item, space)))
                for order in permutations(node.items)
            )
            return self._merge(self.add(order, frontier, path) for order in orders)
        if isinstance(node, Rule):
            if node.name in path:
                round_ = " → ".join(f"<{name}>" for name in [*path[path.index(node.name) :], node.name])
                msg = f"the rule refers to itself: {round_}"
                raise BookError(msg, self.scope.rule(node.name, self.at)[0])
            if len(path) > 200:
                msg = f"rules in '{self.at}' are nested more than 200 deep"
                raise BookError(msg, self.at)
            body = self.scope.rule(node.name, self.at)[1]
            return self.add(body, frontier, (*path, node.name))
        if isinstance(node, Lemma):
            return self._lemma(node.lemma, frontier)
        return self._slot(node, frontier)

    def _text(self, text: str, frontier: _Frontier) -> _Frontier:
        made: list[_Frontier] = []
        for (glued, pending), at in frontier.items():
            complete, rest = split_open(pending + text)
            if glued and not pending and text and not text[0].isalnum():
                glued = False
            node = at
            for k, word in enumerate(complete):
                node = self._word(node, word, glued and k == 0)
            made.append({(glued and not complete and bool(rest or not text), rest): node})
        return self._merge(made)

    def _word(self, node: int, word: str, glued_behind: bool = False, glued_before: bool = False) -> int:
        """Add an arc for a word, also as a part of one where it stands glued to a slot."""
        target = self.network.node()
        arcs = self.network.words[node]
        arcs.setdefault(word, []).append(target)
        self.network.vocabulary.add(word)
        for glued, part in ((glued_behind, GLUE + word), (glued_before, word + GLUE)):
            if glued and word[0].isalpha():
                arcs.setdefault(part, []).append(target)
                self.network.glues.add(part)
        return target

    def _flush(self, frontier: _Frontier, before: str) -> int:
        """End all open words and return the one node where they meet; ``before`` a slot they may stand glued."""
        ends = [
            self._word(at, fold(pending), glued, bool(before)) if pending else at
            for (glued, pending), at in frontier.items()
        ]
        return self._meet(ends)

    def _meet(self, nodes: Sequence[int]) -> int:
        if len(nodes) == 1:
            return nodes[0]
        joint = self.network.node()
        for node in nodes:
            self.network.free[node].append(joint)
        return joint

    def _merge(self, frontiers: Iterator[_Frontier] | list[_Frontier]) -> _Frontier:
        nodes: dict[tuple[bool, str], list[int]] = {}
        for frontier in frontiers:
            for key, node in frontier.items():
                if node not in nodes.setdefault(key, []):
                    nodes[key].append(node)
        return {key: self._meet(same) for key, same in nodes.items()}

    def _lemma(self, lemma: str, frontier: _Frontier) -> _Frontier:
        node = self._flush(frontier, "")
        ends = self.network.node()
        for form in {fold(form): None for form in (lemma, *self.scope.forms(lemma, self.at))}:
            at = node
            for word in forms(form):
                at = self._word(at, word)
            self.network.free[at].append(ends)
        self.network.words[node].setdefault(LEMMA + fold(lemma), []).append(ends)
        self.network.lemmas = True
        return {(False, ""): ends}

    def _slot(self, node: Slot, frontier: _Frontier) -> _Frontier:
        given = self.scope.slot_list(node.list, self.at)
        number = self._lists.get(id(given))
        if number is None or self.network.lists[number] is not given:
            number = len(self.network.lists)
            if inline_range(given.name) is not None:
                same = (i for i, one in enumerate(self.network.lists) if one.name == given.name)
                number = next(same, number)
            if number == len(self.network.lists):
                self.network.lists.append(given)
            self._lists[id(self.network.lists[number])] = number
        at = self._flush(frontier, "slot")
        target = self.network.node()
        self.network.slots[at].append((SlotSymbol(number, node.slot, node.capture), target))
        return {(True, ""): target}


def spellings(node: Node, scope: Scope, at: Located, path: tuple[str, ...] = ()) -> list[str]:
    """Return every way to say a tree without slots (a list's value, a skip word).

    Raises:
        BookError: it has a slot, an unknown or circular rule, or more than ``MAX_FORMS`` ways.
    """
    if isinstance(node, Text):
        return [node.text]
    if isinstance(node, Lemma):
        return list(dict.fromkeys([node.lemma, *scope.forms(node.lemma, at)]))
    if isinstance(node, Rule):
        if node.name in path:
            msg = f"the rule <{node.name}> refers to itself"
            raise BookError(msg, at)
        return spellings(scope.rule(node.name, at)[1], scope, at, (*path, node.name))
    if isinstance(node, Slot):
        msg = f"the value '{at}' holds the slot {{{node.list}}}; values cannot"
        raise BookError(msg, at)
    if isinstance(node, Alt):
        made = [way for item in node.items for way in spellings(item, scope, at, path)]
    elif isinstance(node, Seq):
        made = [""]
        for item in node.items:
            ways = spellings(item, scope, at, path)
            if len(made) * len(ways) > MAX_FORMS:
                msg = f"the value '{at}' has more than {MAX_FORMS:,} forms"
                raise BookError(msg, at)
            made = [head + way for head in made for way in ways]
            if sum(map(len, made)) > MAX_CHARS:
                msg = f"the value '{at}' explodes: its forms have more than {MAX_CHARS:,} characters"
                raise BookError(msg, at)
    else:
        if len(node.items) > MAX_PERMUTED:
            msg = f"{len(node.items)} parts in any order in '{at}'; at most {MAX_PERMUTED} are allowed"
            raise BookError(msg, at)
        made = [
            way
            for order in permutations(node.items)
            for way in spellings(Seq(tuple(p for item in order for p in (item, Text(" ")))), scope, at, path)
        ]
    if len(made) > MAX_FORMS:
        msg = f"the value '{at}' has more than {MAX_FORMS:,} forms"
        raise BookError(msg, at)
    return made


def said_slots(tree: Node, block: Block, network: Network) -> Iterator[Slot]:
    """Yield the slots that a template can say, those in its rules among them; captured ones are not reported."""
    for part in walk(tree):
        if isinstance(part, Slot) and not part.capture:
            yield part
        elif isinstance(part, Rule):
            yield from said_slots(rule_body(part.name, block, network), block, network)


def rule_body(name: str, block: Block, network: Network) -> Node:
    """Return the tree of a rule as a block means it."""
    local = network.local.get(id(block), {})
    return (local[name] if name in local else network.rules[name])[1]


def build(book: Book, word_forms: Forms | None = None) -> Network:
    """Lay a whole book out.

    Args:
        book: the book.
        word_forms: inflected forms of a lemma.

    Raises:
        BookError: unknown names, circles, or a book that is too large; names file and line.
    """
    network = Network()
    start = network.node()
    classes = Classes(book)
    classes.check()
    network.rules = {name: (text, classes.unfold(node)) for name, (text, node) in book.rules.items()}
    whole = Book(book.name, book.language, lists=book.lists, rules=dict(network.rules))
    for block in book.blocks:
        local = {name: (text, classes.unfold(node)) for name, (text, node) in block.rules.items()}
        network.local[id(block)] = local
        scope = Scope(whole, replace(block, rules=local), word_forms)
        layout = Layout(network, scope)
        for i, (sentence, node) in enumerate(zip(block.sentences, block.nodes, strict=True)):
            number = len(network.templates)
            network.templates.append((block, i))
            tree = classes.unfold(node)
            network.trees.append(tree)
            try:
                layout.template(start, tree, located(sentence), number)
            except MissingNameError as error:
                if book.settings.missing == "error":
                    raise
                network.left_out.append(error)
                network.trees[-1] = EMPTY
    return network
