"""What is known about a language: abbreviations, function words, endings. Data lie in ``rules/terms/<code>.toml``."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from textnorm.errors import ConfigError, UnknownNameError
from textnorm.registry import readers
from textnorm.resources import rules_dir

#: Stands for "whichever shipped language has the most function words in the text".
AUTO = "auto"
#: Text looked at to tell the language.
_SAMPLE = 20_000
_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_KEYS = frozenset({"reader", "before", "inside", "stop", "endings"})


@dataclass(frozen=True)
class TermTables:
    """One language.

    Attributes:
        code: ISO 639 code; ``""`` knows nothing of any language.
        before: abbreviations, casefolded, with their full stop, after which no sentence ends.
        inside: abbreviations after which one may end.
        stop: function words, casefolded.
        endings: inflectional endings, longest first.
        reader: name of the plugin that knows which words open a sentence, or ``None``.
    """

    code: str = ""
    before: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()
    stop: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()
    reader: str | None = field(default=None)

    def opens_sentence(self, word: str) -> bool:
        """Return whether a capitalised word behind an abbreviation is likelier to open a sentence than to be a name."""
        if word.casefold() in self.stop:
            return True
        return self.reader is not None and _opener(self.reader)(word)


@cache
def _opener(reader: str) -> Callable[[str], bool]:
    return readers.get(reader)().starts_sentence  # type: ignore[no-any-return]


@cache
def codes() -> tuple[str, ...]:
    """Return the codes of the languages that ship, sorted."""
    return tuple(sorted(path.stem for path in (rules_dir() / "terms").glob("*.toml")))


@cache
def load_tables(code: str) -> TermTables:
    """Return the tables of a language; ``""`` gives empty ones.

    Raises:
        UnknownNameError: no such language; lists those that ship.
        ConfigError: a table with a key that means nothing.
    """
    if not code:
        return TermTables()
    if code not in codes():
        what = "language with term tables"
        raise UnknownNameError(what, code, [*codes(), AUTO])
    path = rules_dir() / "terms" / f"{code}.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    if unknown := sorted(set(raw) - _KEYS):
        msg = f"{path}: unknown key '{unknown[0]}'. Known: {', '.join(sorted(_KEYS))}."
        raise ConfigError(msg)
    words = {key: raw.get(key, "").split() for key in _KEYS - {"reader"}}
    return TermTables(
        code,
        frozenset(words["before"]) - frozenset(words["inside"]),
        frozenset(words["inside"]),
        frozenset(words["stop"]),
        tuple(sorted(set(words["endings"]), key=lambda ending: (-len(ending), ending))),
        raw.get("reader"),
    )


@cache
def tables_hash(code: str) -> str:
    """Return 16 hexadecimal digits that change with the tables of ``code``; with ``auto`` those of all languages."""
    digest = hashlib.sha256()
    for name in codes() if code == AUTO else (code,) if code else ():
        digest.update((rules_dir() / "terms" / f"{name}.toml").read_bytes())
    return digest.hexdigest()[:16]


def check_code(code: str) -> None:
    """Raise :class:`UnknownNameError` for a code that is neither a shipped language, ``auto`` nor empty."""
    if code != AUTO:
        load_tables(code)


def guess(text: str) -> str:
    """Return the shipped language with most function words in the beginning of a text, ``""`` where none has any."""
    words = [word.casefold() for word in _WORDS.findall(text[:_SAMPLE])]
    counts = [(sum(word in load_tables(code).stop for word in words), code) for code in codes()]
    best, code = max(counts, key=lambda pair: (pair[0], -ord(pair[1][0])), default=(0, ""))
    return code if best else ""


def tables_for(text: str, code: str) -> TermTables:
    """Return the tables of ``code``, or with ``auto`` those of the text's language."""
    return load_tables(guess(text) if code == AUTO else code)
