"""Words of running text and the terms they count as."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Literal, NamedTuple, get_args

from textnorm.errors import ConfigError, MissingExtraError
from textnorm.terms.tables import TermTables

Lemmas = Literal["auto", "simplemma", "endings", "off"]

_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
#: Letters that an ending must leave of a word.
_STEM = 2
_POSSESSIVE = re.compile(r"['’]s$")


class Word(NamedTuple):
    """A word: its span in code points, and the term it counts as (casefolded, without inflection)."""

    start: int
    end: int
    term: str


def find_words(text: str, term: Callable[[str], str]) -> list[Word]:
    """Return the words of a text in order; ``term`` maps a word to what it counts as."""
    return [Word(match.start(), match.end(), term(match[0])) for match in _WORD.finditer(text)]


def is_content(term: str, tables: TermTables) -> bool:
    """Return whether a term carries content: at least two letters, no function word."""
    return sum(map(str.isalpha, term)) > 1 and term not in tables.stop


def check_lemmas(lemmas: str) -> None:
    """Raise for a way of finding terms that does not exist or cannot be had.

    Raises:
        ConfigError: no such way.
        MissingExtraError: ``simplemma`` is asked for and not installed.
    """
    if lemmas not in get_args(Lemmas):
        msg = f"The option 'lemmas' is one of {', '.join(get_args(Lemmas))}, not '{lemmas}'."
        raise ConfigError(msg)
    if lemmas == "simplemma" and _lemma_version() is None:
        feature = "lemmas = 'simplemma'"
        raise MissingExtraError(feature, "simplemma", "lemmas")


def lemma_state(lemmas: Lemmas) -> str:
    """Return what decides terms besides the text: part of a component's version."""
    version = _lemma_version() if lemmas in ("auto", "simplemma") else None
    return lemmas if version is None else f"{lemmas}-simplemma-{version}"


@cache
def _lemma_version() -> str | None:
    try:
        import simplemma  # noqa: F401 - only whether it is there
    except ImportError:
        return None
    from importlib.metadata import version

    return version("simplemma")


def term_of(tables: TermTables, lemmas: Lemmas) -> Callable[[str], str]:
    """Return the function from a word to its term.

    The lemma where the dictionary (simplemma) knows the word, else the word itself; then without its inflectional
    ending, where the language has a table of endings. Names are seldom in dictionaries, so both steps are needed.
    """
    return _term_of(tables, lemmas)


@lru_cache(maxsize=32)
def _term_of(tables: TermTables, lemmas: Lemmas) -> Callable[[str], str]:
    lemma = _lemmatizer(tables.code) if lemmas in ("auto", "simplemma") else None
    ends: Sequence[str] = tables.endings if lemmas in ("auto", "endings") else ()

    @lru_cache(maxsize=200_000)
    def term(word: str) -> str:
        low = _POSSESSIVE.sub("", word.casefold())
        if low in tables.stop:
            return low
        if lemma is not None:
            low = lemma(low)
        for ending in ends:
            if len(low) - len(ending) >= _STEM and low.endswith(ending):
                return low[: -len(ending)].rstrip("'’")
        return low

    return term


def _lemmatizer(code: str) -> Callable[[str], str] | None:
    """Return the dictionary of a language: the lemma of a casefolded word, the word itself where it is unknown."""
    if not code or _lemma_version() is None:
        return None
    import simplemma

    try:
        simplemma.is_known("a", lang=code)
    except ValueError:
        return None

    def lemma(low: str) -> str:
        return simplemma.lemmatize(low, lang=code).casefold() if simplemma.is_known(low, lang=code) else low

    return lemma
