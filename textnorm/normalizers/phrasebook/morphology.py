"""What a book's language adds: inflected forms, fillers, and words of one stem."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from textnorm.registry import inflectors
from textnorm.resources import rules_dir

#: Shortest stem by which two words may be forms of one.
MIN_STEM = 4


@lru_cache(maxsize=1)
def _facts() -> dict[str, dict[str, list[str]]]:
    path = rules_dir("phrasebooks") / "languages.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Language:
    """What is known of a book's language.

    Attributes:
        code: ISO 639, lower case, without region.
        fillers: words of hesitation.
        endings: case endings, longest first; empty where words are not compared by stem.
        word_forms: inflected forms of a word, or ``None``.
        phrase_forms: inflected forms of a phrase, or ``None``.
        in_case: a phrase in a case, or ``None``.
    """

    code: str
    fillers: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    word_forms: Callable[[str], Sequence[str]] | None = None
    phrase_forms: Callable[[str], Sequence[str]] | None = None
    in_case: Callable[[str, str], str] | None = None
    _lemmas: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, name: str) -> Language:
        """Return what is known of a language; nothing is an answer, too."""
        code = name.replace("_", "-").partition("-")[0].lower()
        facts = _facts().get(code, {})
        plugin = f"textnorm.{code}.inflector.v1"
        inflector: Any = inflectors.get(plugin)() if plugin in inflectors.names() else None
        return cls(
            code,
            tuple(facts.get("fillers", ())),
            tuple(sorted(facts.get("endings", ()), key=len, reverse=True)),
            inflector.word if inflector is not None else None,
            inflector.phrase if inflector is not None else None,
            inflector.in_case if inflector is not None else None,
        )

    def stem(self, form: str) -> str:
        """Return a folded word without its case ending; itself where too little would be left."""
        for ending in self.endings:
            if form.endswith(ending) and len(form) - len(ending) >= MIN_STEM:
                return form[: len(form) - len(ending)]
        return form

    def lemma(self, form: str) -> str:
        """Return the lemma of a folded word by simplemma, itself where that is not installed or does not know it."""
        if not self.endings:
            return form
        known = self._lemmas.get(form)
        if known is None:
            if len(self._lemmas) > 100_000:
                self._lemmas.clear()
            known = self._lemmas[form] = _simplemma(form, self.code)
        return known


def _simplemma(form: str, code: str) -> str:
    try:
        import simplemma
    except ImportError:
        return form
    try:
        return str(simplemma.lemmatize(form, lang=code)).casefold()
    except ValueError:  # a language it lacks
        return form
