"""The component ``textnorm.linker.v1``: whole texts, such as the cells of a column, linked to concepts.

A text gets one edit over all of it but the space around: its value is the link, its replacement null (an annotation),
the concept's title or its id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from textnorm import __version__
from textnorm.edits import Edit, Edits
from textnorm.errors import ConfigError
from textnorm.linking.step import Answer, LinkStep, Query, open_step
from textnorm.protocols import Scope

LABEL, RULE = "LINK", "linker"
Replace = Literal["none", "name", "id"]


class LinkNormalizer:
    """Links whole texts; built by :func:`make_linker`. The index is opened when it is first needed."""

    name = "textnorm.linker.v1"
    languages: tuple[str, ...] = ()
    scope: Scope = "text"

    def __init__(self, index: Path, *, k: int, min_p: float | None, lang: str | None, replace: Replace) -> None:
        self.index = index
        self.k = k
        self.min_p = min_p
        self.lang = lang
        self.replace: Replace = replace
        self.version = f"{__version__}+{identity_of(index)}"
        self._step: LinkStep | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the open index out: it is opened again where the copy works."""
        return {**self.__dict__, "_step": None}

    @property
    def step(self) -> LinkStep:
        """The step over the open index.

        Raises:
            UsageError: there is no index.
            DataError: it is damaged.
        """
        if self._step is None:
            self._step = open_step(self.index, self.k, self.min_p)
        return self._step

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return at most one edit a text; a blank text has none."""
        cores = [text.strip() for text in texts]
        answers = self.step([Query(core, self.lang) if core else None for core in cores])
        return Edits.from_rows(
            () if answer is None else (self._edit(text, core, answer),)
            for text, core, answer in zip(texts, cores, answers, strict=True)
        )

    def _edit(self, text: str, core: str, answer: Answer) -> Edit:
        start = len(text) - len(text.lstrip())
        new = None
        if answer.id is not None and self.replace != "none":
            new = answer.id if self.replace == "id" else answer.title
            new = None if new == core else new
        value: dict[str, Any] = {"id": answer.id, "name": answer.title, "p": answer.p, "candidates": answer.candidates}
        if answer.id is None:
            value["abstained"] = True
        return Edit(start, start + len(core), new, LABEL, RULE, min(max(answer.p, 0.0), 1.0), value)


def make_linker(
    index: str, *, k: int = 3, min_p: float | None = None, lang: str | None = None, replace: str = "none"
) -> LinkNormalizer:
    """Return the component registered as ``textnorm.linker.v1``.

    Args:
        index: folder of the index.
        k: candidates in an edit's value at most.
        min_p: threshold of the probability; by default the index's own.
        lang: language of the texts, and of the titles.
        replace: what takes the place of the text: ``none``: nothing; ``name``: the concept's title; ``id``: its id.

    Raises:
        ConfigError: no such value of ``replace``, or ``k`` or ``min_p`` out of range.
        UsageError: there is no index in the folder.
        DataError: it is damaged.
    """
    if replace not in get_args(Replace):
        msg = f"The option 'replace' of textnorm.linker.v1 is one of {', '.join(get_args(Replace))}, not '{replace}'."
        raise ConfigError(msg)
    if k < 1:
        msg = f"The option 'k' of textnorm.linker.v1 is {k}; at least one candidate is to be asked for."
        raise ConfigError(msg)
    if min_p is not None and not 0 <= min_p <= 1:
        msg = f"The option 'min_p' of textnorm.linker.v1 is {min_p}; a probability lies between 0 and 1."
        raise ConfigError(msg)
    return LinkNormalizer(Path(index), k=k, min_p=min_p, lang=lang, replace=replace)  # type: ignore[arg-type]


def identity_of(index: Path) -> str:
    """Return a hash of all that an index holds; it changes whenever links may.

    Raises:
        UsageError: there is no index.
        DataError: its manifest is damaged.
    """
    from textnorm.retrieval.storage import checksum, opening

    reader = opening(index, lambda found: found)
    parts = {name: part.hash for name, part in reader.parts.items()}
    return hashlib.blake2b(checksum({"parts": parts, "meta": reader.meta}).encode(), digest_size=6).hexdigest()
