"""Names, in any language, linked to the concepts of a knowledge base that the user brings.

``Linker.load("INDEX").link(["sr. java developer"], k=10)``; the index is a folder that ``textnorm index build`` makes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

#: Public name -> module that has it; loaded on first use.
_LAZY = {
    "Candidate": "textnorm.linking.linker",
    "Link": "textnorm.linking.linker",
    "Linker": "textnorm.linking.linker",
    "KnowledgeBase": "textnorm.linking.kb",
    "Queries": "textnorm.linking.protocol",
}

__all__ = ["Candidate", "KnowledgeBase", "Link", "Linker", "Queries"]

if TYPE_CHECKING:
    from textnorm.linking.kb import KnowledgeBase
    from textnorm.linking.linker import Candidate, Link, Linker
    from textnorm.linking.protocol import Queries


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        msg = f"module 'textnorm.linking' has no attribute '{name}'"
        raise AttributeError(msg)
    return getattr(import_module(_LAZY[name]), name)
