"""Finds names in running text: runs of capitalised words with what belongs to them. No model."""

from __future__ import annotations

from collections.abc import Sequence

from textnorm.normalizers.coref.engine import Mention
from textnorm.normalizers.coref.shape import Shaper


def find_mentions(words: Sequence[str], shaper: Shaper) -> list[Mention]:
    """Return the names of a document, in order; none lies in another."""
    return []
