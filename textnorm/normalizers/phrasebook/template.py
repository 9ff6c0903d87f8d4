"""Sentence templates: ``[optional]``, ``(a|b)``, ``(a;b)`` in any order, ``{list:slot}``, ``<rule>``, ``~lemma``.

The language is hassil's (https://github.com/home-assistant/hassil); this parser is our own. ``~lemma`` is our addition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from textnorm.normalizers.phrasebook.errors import BookError, Located, located

#: Groups inside groups; people write three or four.
MAX_DEPTH = 100
OPEN = {"(": ")", "[": "]"}
SPECIAL = frozenset("()[]{}<>|;\\")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?:,(\d+))?")


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text, its spaces kept."""

    text: str


@dataclass(frozen=True, slots=True)
class Lemma:
    """``~word``: any inflected form of a word."""

    lemma: str


@dataclass(frozen=True, slots=True)
class Slot:
    """``{list}`` or ``{list:slot}``; ``capture`` where the slot's name begins with ``@`` (matched, not reported)."""

    list: str
    slot: str
    capture: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """``<rule>``."""

    name: str


@dataclass(frozen=True, slots=True)
class Seq:
    """Parts in order."""

    items: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Alt:
    """One of several; an optional part is one with an empty alternative, which stands last."""

    items: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Perm:
    """All parts in any order."""

    items: tuple[Node, ...] = ()


Node = Text | Lemma | Slot | Rule | Seq | Alt | Perm
EMPTY = Seq()


@dataclass
class _Parser:
    source: Located
    at: int = 0
    depth: int = 0
    text: str = field(init=False)

    def __post_init__(self) -> None:
        self.text = str(self.source)

    def fail(self, what: str, at: int) -> BookError:
        shown = self.text if len(self.text) <= 200 else f"{self.text[:200]}…"
        return BookError(f"{what} at column {at + 1} of the template '{shown}'", self.source)

    def group(self, close: str, opened: int) -> Node:
        """Read up to ``close`` (``""``: the end)."""
        parts: list[list[Node]] = [[]]
        separator = ""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            what = f"groups are nested too deeply (more than {MAX_DEPTH})"
            raise self.fail(what, opened)
        while True:
            if self.at >= len(self.text):
                if close:
                    msg = f"'{self.text[opened]}' is never closed: '{close}' is missing"
                    raise self.fail(msg, opened)
                break
            char = self.text[self.at]
            if char == close:
                self.at += 1
                break
            if char in "|;":
                if separator and separator != char:
                    msg = "'|' and ';' are mixed in one group; put one of them in parentheses"
                    raise self.fail(msg, self.at)
                separator = char
                parts.append([])
                self.at += 1
            else:
                parts[-1].append(self.item(char))
        self.depth -= 1
        options = tuple(items[0] if len(items) == 1 else Seq(tuple(items)) for items in parts)
        if separator == ";":
            return Perm(options)
        return Alt(options) if separator else options[0]

    def item(self, char: str) -> Node:
        start = self.at
        if char in OPEN:
            self.at += 1
            inner = self.group(OPEN[char], start)
            if char == "(":
                return inner
            options = inner.items if isinstance(inner, Alt) else (inner,)
            return Alt((*options, EMPTY))
        if char == "{":
            return self.slot(self.until("}"), start)
        if char == "<":
            return Rule(self.until(">").strip())
        if char in ")]}>":
            msg = f"'{char}' closes nothing"
            raise self.fail(msg, start)
        if char == "~" and self.text[start + 1 : start + 2].isalpha():
            end = start + 1
            while end < len(self.text) and (self.text[end].isalpha() or self.text[end] == "-"):
                end += 1
            self.at = end
            return Lemma(self.text[start + 1 : end])
        return self.literal()

    def until(self, close: str) -> str:
        start = self.at
        end = self.text.find(close, start)
        if end < 0:
            msg = f"'{self.text[start]}' is never closed: '{close}' is missing"
            raise self.fail(msg, start)
        inner = self.text[start + 1 : end]
        if not inner.strip() or any(char in SPECIAL for char in inner):
            msg = f"'{self.text[start : end + 1]}' names nothing"
            raise self.fail(msg, start)
        self.at = end + 1
        return inner

    def slot(self, inner: str, start: int) -> Slot:
        name, _, slot = (part.strip() for part in inner.partition(":"))
        if not name or (":" in inner and not slot.lstrip("@")):
            msg = f"'{{{inner}}}' names no list and slot"
            raise self.fail(msg, start)
        if _RANGE.fullmatch(name) and not slot:
            msg = f"the range '{{{inner}}}' needs the name of a slot: '{{{name}:slot}}'"
            raise self.fail(msg, start)
        slot = slot or name
        return Slot(name, slot.lstrip("@"), slot.startswith("@"))

    def literal(self) -> Text:
        out: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\" and self.at + 1 < len(self.text):
                out.append(self.text[self.at + 1])
                self.at += 2
                continue
            if (char in SPECIAL and char != "\\") or (char == "~" and out and out[-1].isspace()):
                break
            out.append(char)
            self.at += 1
        return Text("".join(out))


def parse(source: str) -> Node:
    """Return the tree of a template.

    Raises:
        BookError: the template is malformed; names the place and, for text from a file, the file and the line.
    """
    text = located(source)
    if not text.strip():
        what = "an empty template"
        raise BookError(what, text)
    return _Parser(text).group("", 0)


def is_template(text: str) -> bool:
    """Whether a text has template syntax in it."""
    return any(char in SPECIAL or char == "~" for char in text)


def inline_range(name: str) -> tuple[int, int, int] | None:
    """Return (from, to, step) of ``{0..100:slot}`` or ``{0..100,5:slot}``, ``None`` for any other list."""
    found = _RANGE.fullmatch(name)
    return (int(found[1]), int(found[2]), int(found[3] or 1)) if found else None


def walk(node: Node) -> Iterator[Node]:
    """Yield a tree's nodes, parents first; rules are not followed."""
    yield node
    if isinstance(node, Seq | Alt | Perm):
        for item in node.items:
            yield from walk(item)
