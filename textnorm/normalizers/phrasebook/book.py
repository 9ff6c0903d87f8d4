"""What a phrasebook holds once it is read: classes, slot lists, blocks of sentences, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from textnorm.normalizers.phrasebook.errors import Located
from textnorm.normalizers.phrasebook.template import Node

#: Farthest end of a range: up to there numbers are exact.
MAX_NUMBER = 10**15

ListKind = Literal["values", "range", "wildcard", "regex", "call"]
Ties = Literal["abstain", "name"]
Missing = Literal["error", "skip"]
#: Largest number of digits-only values that a range may name.
FRACTIONS: dict[str, tuple[float, ...]] = {
    "halves": (0.0, 0.5),
    "tenths": tuple(n / 10 for n in range(10)),
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a slot list.

    Attributes:
        node: how it is said, a template.
        text: the same as written in the book.
        out: what the slot gets; ``None`` for the words that matched.
        context: what matching it adds to the context.
        inflect: whether inflected forms match, too.
    """

    node: Node
    text: Located
    out: Any = None
    context: Mapping[str, Any] | None = None
    inflect: bool = False


@dataclass(frozen=True, slots=True)
class SlotList:
    """A slot's type.

    Attributes:
        name: of the list.
        kind: values, a number range, free text, a regular expression or a plugin.
        values: of kind ``values``.
        start, stop, step: of kind ``range``.
        fractions: name of the fractions that a range allows, or ``""``.
        multiplier: what a range's number is multiplied by.
        digits, words: how a range's number may be said.
        pattern: of kind ``regex``.
        reader: registered name of kind ``call``.
        examples: samples for the generator, for kinds that cannot be listed.
        where: file and line.
    """

    name: str
    kind: ListKind
    values: tuple[Value, ...] = ()
    start: int = 0
    stop: int = 0
    step: int = 1
    fractions: str = ""
    multiplier: float = 1.0
    digits: bool = True
    words: bool = True
    pattern: str = ""
    reader: str = ""
    examples: tuple[str, ...] = ()
    where: str = ""

    def holds(self, number: float) -> bool:
        """Whether a range holds a number."""
        if not self.start <= number <= self.stop + (1 if self.fractions else 0):
            return False
        whole, part = divmod(number, 1)
        if part and not any(abs(part - known) < 1e-9 for known in FRACTIONS.get(self.fractions, ())):
            return False
        return whole <= self.stop and (whole - self.start) % self.step == 0


@dataclass(slots=True)
class Block:
    """Sentences of one frame that share slots and context.

    Attributes:
        frame: name of the frame (intent).
        sentences: the templates as written.
        nodes: the same, parsed.
        slots: values that a match gets without saying them.
        requires, excludes: context conditions, as hassil knows them.
        offers: context key → slot that it fills where the context has it.
        rules, lists: what is local to this block.
        keywords: tokens one of which must be in the text, or ``None``.
        canonical: the canonical sentence, a template over slots, or ``None`` for one made from the templates.
        response: key of a response, as given.
        metadata: as given.
        priority: of equal matches the higher one wins.
        where: file and line.
    """

    frame: str
    sentences: list[Located]
    nodes: list[Node]
    slots: dict[str, Any] = field(default_factory=dict)
    requires: dict[str, Any] = field(default_factory=dict)
    excludes: dict[str, Any] = field(default_factory=dict)
    offers: dict[str, str] = field(default_factory=dict)
    rules: dict[str, tuple[Located, Node]] = field(default_factory=dict)
    lists: dict[str, SlotList] = field(default_factory=dict)
    keywords: frozenset[str] | None = None
    canonical: Located | None = None
    response: Any = None
    metadata: Any = None
    priority: int = 0
    where: str = ""


@dataclass(frozen=True, slots=True)
class PhraseClass:
    """An equivalence class.

    Attributes:
        representative: the canonical phrase.
        variants: other ways to say it, templates that may hold representatives of lower layers.
        nodes: the variants, parsed.
        layer: number of its layer, from 0.
    """

    representative: Located
    variants: tuple[Located, ...]
    nodes: tuple[Node, ...]
    layer: int = 0


@dataclass(slots=True)
class Settings:
    """How a book is matched.

    Attributes:
        fold: whether diacritics may be missing, as a second try.
        fillers: whether the language's words of hesitation may be left out, as a second try.
        lemmas: whether an unknown word may be another form of a list's word, as a last try.
        phrases: whether classes are replaced in running text that no frame matches.
        ties: what to do where two frames match equally well: say neither, or take the first by name.
        best_slot: a slot whose longest list value is preferred before all else (Home Assistant's ``name``), or ``""``.
        skip_limit: most tokens that may be skipped in a sentence.
        missing: what to do with a sentence that uses a rule or a list the book lacks: an error, or leave it out.
        unknown: whether words that a frame book does not know are marked.
    """

    fold: bool = True
    fillers: bool = True
    lemmas: bool = True
    phrases: bool = True
    ties: Ties = "abstain"
    best_slot: str = ""
    skip_limit: int = 12
    missing: Missing = "error"
    unknown: bool = True


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence whose frame the book's check proves.

    Attributes:
        text: the sentence.
        frame: the frame it must get, ``None`` for a counter-example.
        slots: slots it must get, where given.
    """

    text: Located
    frame: str | None
    slots: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Book:
    """A phrasebook.

    Attributes:
        name: of the file or folder.
        language: ISO 639 code, or ``""``.
        blocks: sentences by frame, in the order of the files.
        lists, rules: by name.
        classes: by representative.
        skip: phrases that may be left out of account, templates.
        settings: how it is matched.
        examples: what its check proves.
        fingerprint: hash of its files.
    """

    name: str
    language: str = ""
    blocks: list[Block] = field(default_factory=list)
    lists: dict[str, SlotList] = field(default_factory=dict)
    rules: dict[str, tuple[Located, Node]] = field(default_factory=dict)
    classes: dict[str, PhraseClass] = field(default_factory=dict)
    skip: list[tuple[Located, Node]] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)
    examples: list[Example] = field(default_factory=list)
    fingerprint: str = ""

    @property
    def frames(self) -> list[str]:
        """Names of the frames, sorted."""
        return sorted({block.frame for block in self.blocks})
