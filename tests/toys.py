"""Small normalizers for tests: registered under ``test.*``, picklable, each simple enough to be right by sight."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import regex

from textnorm import registry
from textnorm.edits import Edit, Edits


class Replace:
    """Replace every match of a pattern."""

    version = "1"
    languages: tuple[str, ...] = ()
    scope = "text"
    idempotent = False

    def __init__(self, pattern: str, by: str, rule: str, label: str = "TEST") -> None:
        self.name = "test.replace.v1"
        self.pattern, self.by, self.rule, self.label = regex.compile(pattern), by, rule, label

    def __call__(self, texts: Sequence[str]) -> Edits:
        return Edits.from_rows(
            [
                Edit(m.start(), m.end(), m.expand(self.by), self.label, self.rule)
                for m in self.pattern.finditer(text)
                if m.group() != m.expand(self.by)
            ]
            for text in texts
        )

    def describe(self, rule: str) -> str:
        return f"{self.pattern.pattern} becomes {self.by}" if rule == self.rule else ""


class Boom:
    """Fail on a text that says boom."""

    name, version, languages, scope = "test.boom.v1", "1", (), "text"

    def __call__(self, texts: Sequence[str]) -> Edits:
        for text in texts:
            if "boom" in text:
                msg = "it said boom"
                raise ValueError(msg)
        return Edits.empty(len(texts))


class Abstain:
    """Mark each ``?`` as something that nobody could read."""

    name, version, languages, scope = "test.abstain.v1", "1", (), "text"

    def __call__(self, texts: Sequence[str]) -> Edits:
        return Edits.from_rows(
            [Edit(i, i + 1, None, "TEST", "abstain", 0.5, {"abstained": True}) for i, c in enumerate(text) if c == "?"]
            for text in texts
        )


class Count:
    """Document scope: number each ``#`` within its document."""

    name, version, languages, scope = "test.count.v1", "1", (), "document"

    def __call__(self, texts: Sequence[str]) -> Edits:
        return Edits.from_rows(
            [
                Edit(i, i + 1, str(n), "TEST", "count")
                for n, i in enumerate((i for i, c in enumerate(text) if c == "#"), start=1)
            ]
            for text in texts
        )


class Whole:
    """Document scope: one edit over the whole document, replacing or annotating."""

    name, version, languages, scope = "test.whole.v1", "1", (), "document"

    def __init__(self, replacement: str | None = None) -> None:
        self.replacement = replacement

    def __call__(self, texts: Sequence[str]) -> Edits:
        return Edits.from_rows([Edit(0, len(text), self.replacement, "TEST", "whole")] for text in texts)


registry.normalizers.register("test.replace.v1", replace=True)(Replace)
registry.normalizers.register("test.boom.v1", replace=True)(Boom)
registry.normalizers.register("test.abstain.v1", replace=True)(Abstain)
registry.normalizers.register("test.count.v1", replace=True)(Count)
registry.normalizers.register("test.whole.v1", replace=True)(Whole)

DIGITS = r"""
[textnorm]
name = "digits"
description = "Reads 5 as penki; fails on boom; abstains at a question mark."
pipeline = ["five", "boom", "abstain"]

[components]

[components.five]
@normalizers = "test.replace.v1"
pattern = "5"
by = "penki"
rule = "test.five"
label = "NUM"

[components.boom]
@normalizers = "test.boom.v1"

[components.abstain]
@normalizers = "test.abstain.v1"
"""

#: A pipeline that any process can load: it has no component.
NOTHING = """
[textnorm]
name = "nothing"
pipeline = []
"""


def write_cfg(folder: Path, text: str = DIGITS, name: str = "digits.cfg") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)
