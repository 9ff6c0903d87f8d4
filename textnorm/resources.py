"""The one place that knows where rule packs, models and pipeline files lie.

In an installed wheel they are packed inside the package (``textnorm/_data``); in a checkout they stand at its top,
where people edit them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def data_root() -> Path:
    """Return the folder that holds ``rules/`` and ``models/``.

    Raises:
        FileNotFoundError: neither the packed folder nor a checkout's is there (a broken installation).
    """
    package = Path(__file__).resolve().parent
    for root in (package / "_data", package.parent):
        if (root / "rules").is_dir():
            return root
    msg = f"No rule packs beside {package}: the installation is incomplete; install the package again."
    raise FileNotFoundError(msg)


def rules_dir(code: str | None = None) -> Path:
    """Return the folder of all rule packs, or of the pack of one language ``code``."""
    base = data_root() / "rules"
    return base / code if code else base


def models_dir() -> Path:
    """Return the folder of the models that ship."""
    return data_root() / "models"
