"""Phrasebooks: many phrasings of one thing, one canonical form and its frame.

A book (:mod:`~textnorm.normalizers.phrasebook.load`) holds classes of equivalent phrases, typed slots and sentence
templates in hassil's template language. ``docs/phrasebooks.md`` describes the format and the machine. The idea of
layers of equivalence classes with a representative is that of K. You, arXiv 2412.14054; nothing of its code was used.
"""

from textnorm.normalizers.phrasebook.normalizer import PhrasebookNormalizer, make_phrasebook

__all__ = ["PhrasebookNormalizer", "make_phrasebook"]
