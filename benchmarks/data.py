"""Finds the development data and our own corpora."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def data_dir() -> Path:
    """Return the folder of the development data (``TEXTNORM_DATA``, by default beside the checkout)."""
    return Path(os.environ.get("TEXTNORM_DATA", ROOT.parent / "shared" / "data"))


def lines(name: str, limit: int | None = None) -> list[str] | None:
    """Return the lines of one gzipped text of the development data, about ``limit`` characters; None where missing."""
    path = data_dir() / name
    if not path.is_file():
        return None
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
        text = stream.read(limit) if limit else stream.read()
    return text.split("\n")


def article() -> list[str]:
    """Return the lines of our own article."""
    return (ROOT / "corpora" / "lt" / "article.txt").read_text(encoding="utf-8").split("\n")
