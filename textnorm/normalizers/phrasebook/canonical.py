"""The canonical sentence of a match."""

from __future__ import annotations

from collections.abc import Mapping

from textnorm.errors import choices
from textnorm.normalizers.phrasebook.book import Block
from textnorm.normalizers.phrasebook.errors import BookError, Located
from textnorm.normalizers.phrasebook.matcher import Match, Matcher, SlotMatch
from textnorm.normalizers.phrasebook.network import Scope, rule_body, said_slots, spellings
from textnorm.normalizers.phrasebook.template import Alt, Lemma, Node, Perm, Rule, Seq, Slot, Text, parse, walk

_Said = tuple[list[str], frozenset[str]]
"""Parts of a sentence and the slots it says."""


class Canonical:
    """Writes canonical sentences.

    A frame's ``canonical`` is a template over its slots: an optional part is said where all of its slots are filled,
    ``{slot:case}`` writes a value in a grammatical case. Without one, the template that matched is written in its first
    alternatives, optional parts left out unless they hold a slot that is filled.

    Args:
        matcher: the compiled book.

    Raises:
        BookError: a ``canonical`` is malformed, or names a slot that no sentence of its frame fills.
    """

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self.scope = Scope(matcher.book)
        self._given: dict[int, tuple[Node, Located]] = {}
        self._firsts: dict[int, str] = {}
        for block in matcher.book.blocks:
            if block.canonical is not None:
                node = parse(block.canonical)
                self._check(block, node, block.canonical)
                self._given[id(block)] = (node, block.canonical)

    def _check(self, block: Block, node: Node, at: Located) -> None:
        network = self.matcher.network
        filled = set(block.slots) | {slot for _, slot in self.matcher.conditions[id(block)].required.values()}
        for tree, (owner, _) in zip(network.trees, network.templates, strict=True):
            if owner is block:
                filled |= {slot.slot for slot in said_slots(tree, block, network)}
        for part in walk(node):
            if isinstance(part, Slot):
                if part.list not in filled:
                    known = choices(part.list, filled)
                    msg = f"canonical says {{{part.list}}}, which no sentence of the frame fills. {known}"
                    raise BookError(msg, at)
                if part.slot != part.list:
                    self._in_case("", part.slot, at)
            elif isinstance(part, Rule | Perm):
                what = "canonical is one sentence: slots and [optional] parts, no rules and no free order"
                raise BookError(what, at)

    def __call__(self, match: Match) -> str:
        """Return the canonical sentence of a match."""
        block, _ = self.matcher.network.templates[match.template]
        said = {name: slot for name, slot in match.slots.items() if slot.start >= 0}
        given = self._given.get(id(block))
        if given is not None:
            parts, _ = self._write(given[0], block, match.slots, given[1]) or ([], frozenset())
        else:
            tree = self.matcher.network.trees[match.template]
            parts, _ = self._write(tree, block, said, None) or ([], frozenset())
        return " ".join("".join(parts).split())

    def _write(self, node: Node, block: Block, slots: Mapping[str, SlotMatch], given: Located | None) -> _Said | None:
        """Return what a tree says with these slots, ``None`` where it says a slot that is not filled."""
        if isinstance(node, Text):
            return [node.text], frozenset()
        if isinstance(node, Lemma):
            return [node.lemma], frozenset()
        if isinstance(node, Rule):
            return self._write(rule_body(node.name, block, self.matcher.network), block, slots, given)
        if isinstance(node, Slot):
            name = node.list if given is not None else node.slot
            if node.capture or name not in slots:
                return None
            text = self._value(slots[name])
            if given is not None and node.slot != node.list:
                text = self._in_case(text, node.slot, given)
            return [text], frozenset((name,))
        if isinstance(node, Alt):
            # Of several the one that says most slots; of equals the first, but nothing before something without slots.
            ways = [self._write(item, block, slots, given) for item in node.items]
            optional = node.items[-1] == Seq()
            best: _Said | None = ([], frozenset()) if optional else None
            for way in ways[: -1 if optional else None]:
                if way is not None and (best is None or len(way[1]) > len(best[1])):
                    best = way
            return best
        parts: list[str] = []
        names: frozenset[str] = frozenset()
        for item in node.items:
            found = self._write(item, block, slots, given)
            if found is None:
                return None
            parts += [" ", *found[0], " "] if isinstance(node, Perm) else found[0]
            names |= found[1]
        return parts, names

    def _value(self, slot: SlotMatch) -> str:
        if slot.entry is not None:
            key = id(slot.entry)
            if key not in self._firsts:
                language = self.matcher.language
                scope = Scope(self.matcher.book, None, language.word_forms)
                first = spellings(slot.entry.node, scope, slot.entry.text)[0]
                self._firsts[key] = " ".join(first.split())
            return self._firsts[key]
        if isinstance(slot.value, int | float) and not isinstance(slot.value, bool):
            return f"{slot.value:.9f}".rstrip("0").rstrip(".") if isinstance(slot.value, float) else str(slot.value)
        return " ".join((slot.text or str(slot.value)).split())

    def _in_case(self, text: str, case: str, at: Located) -> str:
        in_case = self.matcher.language.in_case
        if in_case is None:
            what = f"canonical asks for the case '{case}'; there is no morphology for '{self.matcher.book.language}'"
            raise BookError(what, at)
        try:
            return in_case(text or "namas", case)
        except ValueError as error:
            msg = f"canonical: {error}"
            raise BookError(msg, at) from error
