"""textnorm: text normalization as edits.

``textnorm.load("lt-speech")("Kaina 15 Eur.").text`` reads a text out; every change is an edit that says which rule
made it, and undoing the edits gives the source back exactly. Submodules load on first use, so ``import textnorm``
stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Public name -> module that has it; the module itself where the name is a submodule.
_LAZY = {
    "Edit": "textnorm.edits",
    "Edits": "textnorm.edits",
    "Normalized": "textnorm.edits",
    "Pipeline": "textnorm.pipeline",
    "load": "textnorm.config",
    "arrow": "",
    "encoders": "",
    "edits": "",
    "errors": "",
    "linking": "",
    "pipeline": "",
    "registry": "",
    "rules": "",
    "spacy": "",
    "streaming": "",
}

__all__ = ["Edit", "Edits", "Normalized", "Pipeline", "__version__", "load"]

if TYPE_CHECKING:
    from textnorm.config import load
    from textnorm.edits import Edit, Edits, Normalized
    from textnorm.pipeline import Pipeline


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        msg = f"module 'textnorm' has no attribute '{name}'"
        raise AttributeError(msg)
    home = _LAZY[name]
    return getattr(import_module(home), name) if home else import_module(f"textnorm.{name}")


def __dir__() -> list[str]:
    # What needs an extra is not listed: who looks at all attributes must not need it.
    return sorted({*globals(), *_LAZY} - {"spacy"})
