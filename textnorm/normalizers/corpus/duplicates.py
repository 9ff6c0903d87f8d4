"""Passages that stand in a text twice, and keys by which equal and similar texts find each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args

from textnorm.dedup.signature import Signer, exact_key, fold
from textnorm.edits import Edit, Edits
from textnorm.errors import ConfigError
from textnorm.protocols import Scope
from textnorm.terms.sentences import split_sentences
from textnorm.terms.tables import AUTO, check_code, tables_for, tables_hash

Unit = Literal["line", "sentence"]

NAME = "textnorm.duplicates.v1"
_LINE = re.compile(r"[^\n]*[^\s][^\n]*")


class Duplicates:
    """Annotates repeated passages of a text and, where asked, its keys; see :func:`make_duplicates`."""

    name = NAME
    scope: Scope = "document"
    idempotent = True

    def __init__(self, unit: Unit, min_chars: int, lang: str, signer: Signer | None, *, keys: bool) -> None:
        self.unit = unit
        self.min_chars = min_chars
        self.lang = lang
        self.keys = keys
        self.signer = signer
        self.languages: tuple[str, ...] = ()
        self.version = f"1+{signer.version}" if signer is not None else "1"
        self.fingerprint = tables_hash(lang) if unit == "sentence" else ""

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return an annotation for each passage that stood before in its text, and one with the keys of the text."""
        return Edits.from_rows(map(self._edits, texts))

    def _edits(self, text: str) -> Iterator[Edit]:
        first: dict[str, tuple[int, int]] = {}
        for start, end in self._spans(text):
            form = fold(text[start:end])
            if len(form) < self.min_chars:
                continue
            before = first.setdefault(form, (start, end))
            if before != (start, end):
                yield Edit(start, end, None, "DUPLICATE", "duplicates.passage", 1.0, {"dup_of": list(before)})
        if self.keys and text.strip():
            value: dict[str, Any] = {"exact": exact_key(text).hex()}
            if self.signer is not None:
                bands = self.signer.bands(self.signer.sign([text]))[0]
                value["bands"] = [f"{int(key):016x}" for key in bands]
            yield Edit(0, len(text), None, "FINGERPRINT", "duplicates.keys", 1.0, value)

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        if self.unit == "line":
            yield from (match.span() for match in _LINE.finditer(text))
        else:
            yield from split_sentences(text, tables_for(text, self.lang))


def make_duplicates(
    unit: Unit = "line",
    *,
    min_chars: int = 20,
    lang: str = AUTO,
    keys: bool = False,
    near: bool = True,
    threshold: float = 0.8,
    permutations: int = 128,
    shingle: int = 5,
    seed: int = 1,
) -> Duplicates:
    """Return the component registered as ``textnorm.duplicates.v1``.

    Args:
        unit: what a passage is: a ``line`` or a ``sentence``.
        min_chars: shorter passages may be repeated; counted after folding.
        lang: for sentences: a code that ships, ``auto``, or ``""``.
        keys: also annotate the text with its keys: ``exact`` is equal for equal texts; of similar ones one of the
            ``bands`` is, so that a join in any engine finds candidates. ``textnorm duplicates`` does the rest.
        near: whether the keys include the bands (needs the extra ``duplicates``).
        threshold: Jaccard similarity that the bands are cut for.
        permutations: length of the MinHash signature.
        shingle: words of a shingle.
        seed: of the permutations.

    Raises:
        ConfigError: an option's value makes no sense.
        MissingExtraError: ``keys`` and ``near`` without the package.
    """
    if unit not in get_args(Unit):
        msg = f"The option 'unit' of {NAME} is one of {', '.join(get_args(Unit))}, not '{unit}'."
        raise ConfigError(msg)
    check_code(lang)
    signer = Signer(threshold, permutations, shingle, seed) if keys and near else None
    return Duplicates(unit, min_chars, lang, signer, keys=keys)
