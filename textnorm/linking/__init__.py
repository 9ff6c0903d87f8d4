"""Names, in any language, linked to the concepts of a knowledge base that the user brings.

``textnorm.linking.Linker.load("INDEX").link(["sr. java developer"], k=10)``; see ``docs/linking.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textnorm.linking.linker import Link, Linker
    from textnorm.linking.readers import read_base
    from textnorm.linking.step import link_batches

__all__ = ["Link", "Linker", "link_batches", "read_base"]


def __getattr__(name: str) -> Any:
    # On first use, so that reading a table does not load what searches.
    if name in ("Link", "Linker"):
        from textnorm.linking import linker

        return getattr(linker, name)
    if name == "link_batches":
        from textnorm.linking.step import link_batches

        return link_batches
    if name == "read_base":
        from textnorm.linking.readers import read_base

        return read_base
    msg = f"module 'textnorm.linking' has no attribute '{name}'"
    raise AttributeError(msg)
