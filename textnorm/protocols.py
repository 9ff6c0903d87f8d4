"""What a plugin must be: the contract of normalizers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

from textnorm.edits import Edits

Scope = Literal["text", "document"]


@runtime_checkable
class Normalizer(Protocol):
    """Texts in, edits out. Annotators are the same thing: their edits replace nothing.

    Pure and deterministic: the same text gives the same edits whatever its neighbours, the batch size or the number of
    workers. A component whose text is a whole document declares ``scope = "document"``. It may declare ``idempotent =
    True``, which the conformance suite then holds it to.

    Attributes:
        name: registered name, for example ``textnorm.unicode.v1``.
        version: changes whenever the edits for some text change.
        languages: ISO 639 codes it is meant for; empty means any.
        scope: what one text of a batch is.
    """

    name: str
    version: str
    languages: tuple[str, ...]
    scope: Scope

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return the edits of each text, in order; ``len(result) == len(texts)``."""
        ...
