"""What a language with inflected names must give: one key for all cases of a word, the nominative, any other case.

A language names its inflector in ``rules/names/<code>/language.toml``; plugins register a factory under
``textnorm.name_inflectors``.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Protocol

from textnorm.normalizers.coref.fold import fold


class Inflector(Protocol):
    """The inflection of names of one language.

    Attributes:
        version: changes whenever a result may.
    """

    version: str

    def key(self, word: str) -> str:
        """Return the key of a word as written, without context."""
        ...

    def lemmas(self, words: Iterable[str], known: Container[str] = ()) -> Mapping[str, str]:
        """Return, for the words of a document (as written), the keys that all cases of one name share.

        ``known`` are keys of tables, which win where the endings leave it open.
        """
        ...

    def nominative(self, words: Sequence[str], type_: str, lemmas: Mapping[str, str]) -> tuple[str, ...]:
        """Return a name in the nominative, its spelling kept; words that cannot be told stay."""
        ...

    def in_case_of(
        self, words: Sequence[str], like: Sequence[str], type_: str, lemmas: Mapping[str, str]
    ) -> tuple[str, ...] | None:
        """Return a nominative name in the case in which ``like`` stands; ``None`` where that cannot be told."""
        ...

    def may_be(self, word: str, key: str) -> bool:
        """Whether a word as written may be a form of a key, in any of its readings."""
        ...

    def agree(self, name: str, adjective: str) -> bool:
        """Whether an adjective behind a name may belong to it, by its case: *Petraičiui jaunesniajam*."""
        ...


class Uninflected:
    """A language whose names do not change."""

    version = "1"

    def key(self, word: str) -> str:
        """Return the folded word."""
        return fold(word)

    def lemmas(self, words: Iterable[str], known: Container[str] = ()) -> Mapping[str, str]:
        """Return no keys: the folded word itself is one."""
        return {}

    def nominative(self, words: Sequence[str], type_: str, lemmas: Mapping[str, str]) -> tuple[str, ...]:
        """Return the words as they are."""
        return tuple(words)

    def in_case_of(
        self, words: Sequence[str], like: Sequence[str], type_: str, lemmas: Mapping[str, str]
    ) -> tuple[str, ...] | None:
        """Return the words as they are."""
        return tuple(words)

    def may_be(self, word: str, key: str) -> bool:
        """Whether the folded word is the key."""
        return fold(word) == key

    def agree(self, name: str, adjective: str) -> bool:
        """Return that no adjective shows it."""
        return False
