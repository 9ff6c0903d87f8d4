"""What a plugin must be: the contract of normalizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from textnorm.edits import Edits

if TYPE_CHECKING:
    import pyarrow as pa

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


@runtime_checkable
class Step(Protocol):
    """One step of a run over columns: a record batch in, the same batch with new columns behind its own out.

    Normalizing a column is such a step; linking one to a knowledge base is another (``COL_link_id``, ``COL_link_name``,
    ``COL_link_p``, ``COL_link_candidates``). What becomes of a row must not depend on the other rows of its batch. A
    step is pickled once for each worker; one that opens something large does so on first use. It
    may have an attribute ``window``: rows that it would rather be given at once, from several row groups where they are
    small.

    Attributes:
        kind: what it does, in one word: ``link``.
        column: the column it reads.
        facts: what decides its results (fingerprints, versions, options), as JSON; a run that is resumed with other
            facts is refused.
    """

    kind: str
    column: str
    facts: Mapping[str, Any]

    def fields(self, column: pa.Field) -> Sequence[pa.Field]:
        """Return the fields that are added for an input column, in order.

        Raises:
            UsageError: the column cannot be read.
        """
        ...

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch with the new columns, rows in order; ``batch`` holds at least :attr:`column`."""
        ...
