"""Abbreviations written out, then looked for by their letters.

Two sources: pairs that a query's own text gives, as "human resources (HR)" (Schwartz and Hearst, PSB 2003), and a table
of common ones by language (``rules/linking/abbreviations.tsv``). Queries without an abbreviation get no candidates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError
from textnorm.linking.generators.exact import no_settings
from textnorm.linking.generators.folding import fold_names
from textnorm.linking.generators.grams import GramSettings
from textnorm.linking.generators.lexical import Lexical, LexicalFactory
from textnorm.linking.generators.ranking import merged
from textnorm.linking.kb import KnowledgeBase, language
from textnorm.linking.protocol import Candidates, Queries
from textnorm.resources import rules_dir

if TYPE_CHECKING:
    from textnorm.retrieval.changing import Writer
    from textnorm.retrieval.storage import Reader

#: Ways to write out one query that are tried at most.
MOST = 4
#: Words before a bracket in which its long form is looked for, beyond the letters of the short one (Schwartz and
#: Hearst 2003, section 2.1), and lengths of a short form.
REACH, SHORTEST, LONGEST = 5, 2, 10
ANY, UPPER, DOT = "any", "upper", "dot"
_BRACKET = re.compile(r"\(([^()]{2,120})\)")
_PIECE = re.compile(r"[^\s/,;()]+")
#: "hereinafter", before a short form in brackets.
_NAMED = re.compile(r"^(?:toliau|hereinafter|im folgenden|zwany dalej)\s*[-–—:,]?\s*", re.IGNORECASE)
_QUOTES = "\"'„“”»«"
Entry = tuple[str, tuple[str, ...]]


@cache
def table() -> dict[str, dict[str, Entry]]:
    """Return the table: language -> folded short form -> how it must be written, and what it may stand for.

    Raises:
        DataError: a line is not as it should be; names it.
    """
    path = rules_dir("linking") / "abbreviations.tsv"
    found: dict[str, dict[str, Entry]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith(("#", "lang\t")):
            continue
        fields = line.split("\t")
        if len(fields) != 4 or fields[2] not in (ANY, UPPER, DOT) or not all(fields):
            msg = f"{path}, line {number}: lang, short, how (any, upper, dot) and long are expected."
            raise DataError(msg)
        lang, short, how, longs = fields
        found.setdefault(lang, {})[_key(short)] = (how, tuple(longs.split("|")))
    return found


def written_out(text: str, langs: Sequence[str] | None = None, context: str | None = None) -> list[str]:
    """Return the ways to write a text without its abbreviations; none where it has none.

    Args:
        text: a query.
        langs: languages that it may be in; ``None``: all of the table.
        context: the text around it, whose own abbreviations come first.
    """
    own = {_key(short): (long,) for short, long in pairs(f"{context or ''}\n{text}")}
    found = own.get(_key(text))
    if found is not None:
        return list(found)
    pieces = [(match.start(), match.end()) for match in _PIECE.finditer(text)]
    capitals = text.upper() == text
    tables = [table()[lang] for lang in (table() if langs is None else langs) if lang in table()]
    choices: list[tuple[str, ...]] = []
    at, done = 0, 0
    changed = False
    while at < len(pieces):
        for size in (3, 2, 1):
            if at + size > len(pieces):
                continue
            start, end = pieces[at][0], pieces[at + size - 1][1]
            longs = _longs(text[start:end], own, tables, capitals=capitals)
            if longs:
                choices += [(text[done:start],), longs]
                at, done, changed = at + size, end, True
                break
        else:
            at += 1
    if not changed:
        return []
    choices.append((text[done:],))
    return ["".join(parts) for _, parts in zip(range(MOST), product(*choices), strict=False)]


def _longs(
    short: str, own: dict[str, tuple[str]], tables: Sequence[dict[str, Entry]], *, capitals: bool
) -> tuple[str, ...]:
    key = _key(short)
    if not key:
        return ()
    if key in own:
        return own[key]
    found: dict[str, None] = {}
    for known in tables:
        how, longs = known.get(key, (ANY, ()))
        if (how == DOT and not short.endswith(".")) or (how == UPPER and (capitals or not short.isupper())):
            continue
        found.update(dict.fromkeys(longs))
    return tuple(found)


@cache
def _key(short: str) -> str:
    return fold_names([short.replace(".", " ")])[0] if short.isascii() else fold_names([short])[0]


def pairs(text: str) -> list[tuple[str, str]]:
    """Return the short forms that a text explains in brackets, with their long forms (Schwartz and Hearst 2003).

    Both orders count: "long form (SF)" and "SF (long form)"; "hereinafter" and its like before a short form is
    passed over.
    """
    if "(" not in text:
        return []
    found = []
    for bracket in _BRACKET.finditer(text):
        inside = _NAMED.sub("", bracket[1].strip()).strip(_QUOTES + " ")
        before = re.split(r"[.;:!?\n]\s", text[: bracket.start()])[-1].rstrip()
        words = before.split()
        reach = min(len(inside) + REACH, 2 * len(inside))
        long = long_form(inside, " ".join(words[-reach:])) if _is_short(inside) else None
        if long is not None:
            found.append((inside, long))
        elif words and _is_short(last := words[-1].strip(_QUOTES)) and len(inside) > len(last):
            long = long_form(last, inside)
            if long is not None:
                found.append((last, long))
    return found


def _is_short(text: str) -> bool:
    return (
        SHORTEST <= len(text) <= LONGEST
        and len(text.split()) <= 2
        and text[0].isalnum()
        and any(char.isalpha() for char in text)
    )


def long_form(short: str, text: str) -> str | None:
    """Return the end of ``text`` that ``short`` abbreviates: its letters in order, the first at the start of a word."""
    small, large = short.casefold(), text.casefold()
    if len(large) != len(text):  # case folding changed the length: places would not fit
        large = text.lower() if len(text.lower()) == len(text) else text
    at = len(large) - 1
    for index in range(len(small) - 1, -1, -1):
        char = small[index]
        if not char.isalnum():
            continue
        while at >= 0 and (large[at] != char or (index == 0 and at > 0 and large[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return None
        at -= 1
    found = text[at + 1 :].strip()
    return found if len(found) > len(short) and short not in found.split() else None


class Abbreviations:
    """Lexical search for queries whose abbreviations are written out; the best way to write one out counts.

    Attributes:
        name: ``abbreviations``.
        kb: the base.
    """

    name = "abbreviations"

    def __init__(self, kb: KnowledgeBase, lexical: Callable[[], Lexical]) -> None:
        """Wrap a base; ``lexical`` makes or reads what searches, when the first abbreviation is met."""
        self.kb = kb
        self._make = lexical
        self._lexical: Lexical | None = None

    @property
    def lexical(self) -> Lexical:
        """What searches."""
        if self._lexical is None:
            self._lexical = self._make()
        return self._lexical

    def search(self, queries: Queries, k: int) -> Candidates:
        """Return at most ``k`` candidates of the queries that hold an abbreviation."""
        texts: list[str] = []
        of: list[int] = []
        every = sorted({language(lang) for lang in self.kb.languages}) or None
        for i, (text, lang, context) in enumerate(zip(queries.texts, queries.langs, queries.contexts, strict=True)):
            ways = written_out(text, every if lang is None else [language(lang)], context)
            texts += ways
            of += [i] * len(ways)
        if not texts:
            return Candidates.empty(len(queries))
        owners = np.array(of, np.int64)
        return merged(
            self.lexical.search(Queries.of(texts, langs=[queries.langs[i] for i in of]), k), owners, queries, k
        )

    def write(self, writer: Writer, prefix: str) -> None:
        """Put posting lists into an index folder, unless those of the lexical generator lie there already."""
        if f"{_sibling(prefix)}settings.json" not in writer.parts:
            self.lexical.write(writer, prefix)
        else:
            writer.array(f"{prefix}shared.npy", np.ones(1, np.bool_))

    def updated(self, kb: KnowledgeBase, kept: NDArray[np.int64]) -> Abbreviations:
        """Return the generator for a changed base."""
        return Abbreviations(kb, lambda: self.lexical.updated(kb, kept))


class AbbreviationsFactory:
    """Makes and reads :class:`Abbreviations`; applies to every base."""

    @classmethod
    def build(cls, kb: KnowledgeBase, **settings: Any) -> Abbreviations | None:
        """Return the generator for a base.

        Raises:
            UsageError: a setting; there are none.
        """
        no_settings("abbreviations", settings)
        return Abbreviations(kb, lambda: Lexical.of(kb, GramSettings()))

    @classmethod
    def read(cls, reader: Reader, prefix: str, kb: KnowledgeBase) -> Abbreviations:
        """Return the generator of an index folder."""
        own = f"{prefix}settings.json" in reader.parts
        place = prefix if own else _sibling(prefix)
        return Abbreviations(kb, lambda: LexicalFactory.read(reader, place, kb))


def _sibling(prefix: str) -> str:
    """Return how the parts of the lexical generator begin in the same folder."""
    return prefix.removesuffix("abbreviations/") + "lexical/"
