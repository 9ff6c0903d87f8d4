"""Candidate generators: each finds concepts for queries in its own way; the linker weighs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from textnorm.linking.kb import KnowledgeBase
    from textnorm.linking.protocol import Generator
    from textnorm.retrieval.storage import Reader


class GeneratorFactory(Protocol):
    """What the registry holds under the name of a generator."""

    def build(self, kb: KnowledgeBase, **settings: Any) -> Generator | None:
        """Return the generator for a knowledge base; ``None`` where it has nothing to offer there.

        Raises:
            UsageError: there is no such setting, or its value is out of range.
        """
        ...

    def read(self, reader: Reader, prefix: str, kb: KnowledgeBase) -> Generator:
        """Return the generator whose parts in an index folder have names that begin with ``prefix``.

        Raises:
            DataError: a part is missing or damaged.
        """
        ...
