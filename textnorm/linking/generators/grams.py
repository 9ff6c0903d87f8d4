"""Hashed words and character n-grams of folded texts, counted.

The n-grams are those of scikit-learn's ``char_wb`` analyzer: within words, whose edges count as characters. A hash of
31 bits stands for an n-gram; of half a million different ones about sixty share their hash with another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.features import FeatureSettings, features
from textnorm.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

HASHES = 2**31
#: Texts counted at once.
CHUNK = 4096


@dataclass(frozen=True)
class GramSettings:
    """What of a text is counted.

    Attributes:
        min_n: shortest character n-gram, counting the marks of a word's edges; 0 for words alone.
        max_n: longest character n-gram; 0 for words alone.
        words: whole words are counted too.
    """

    min_n: int = 2
    max_n: int = 4
    words: bool = False

    def __post_init__(self) -> None:
        if not self.words and not self.max_n:
            msg = "Nothing to count: neither words nor n-grams."
            raise UsageError(msg)
        if self.max_n and not 1 <= self.min_n <= self.max_n <= 8:
            msg = f"min_n is {self.min_n} and max_n {self.max_n}; they must hold 1 <= min_n <= max_n <= 8."
            raise UsageError(msg)


@dataclass(frozen=True)
class Counts:
    """Counted grams of a batch, as a product of two sparse matrices.

    Attributes:
        text_indptr: int64 ``[texts + 1]``, into ``text_words``.
        text_words: numbers of distinct words.
        word_indptr: int64 ``[words + 1]``, into ``hashes``.
        hashes: int64; those of one word may repeat.
    """

    text_indptr: NDArray[np.int64]
    text_words: NDArray[np.int64]
    word_indptr: NDArray[np.int64]
    hashes: NDArray[np.int64]

    def matrix(self, columns: NDArray[np.integer], width: int) -> csr_matrix:
        """Return how often each gram is in each text, float32 [texts, width]; ``columns`` are those of ``hashes``."""
        _, csr = sparse()
        words = len(self.word_indptr) - 1
        ones = np.ones(len(self.hashes), np.float32)
        grams = csr((ones, columns.astype(np.int32), self.word_indptr.astype(np.int32)), shape=(words, width))
        ones = np.ones(len(self.text_words), np.float32)
        of_text = self.text_words.astype(np.int32), self.text_indptr.astype(np.int32)
        texts = csr((ones, *of_text), shape=(len(self.text_indptr) - 1, words))
        return texts @ grams


def count(folded: Sequence[str], settings: GramSettings) -> Counts:
    """Return the grams of folded texts."""
    wide = FeatureSettings(HASHES, settings.min_n or 1, settings.max_n or 1, fold_case=False)
    found = features(folded, wide)
    indptr, hashes = found.word_indptr, found.word_rows
    if not settings.max_n:
        hashes = hashes[indptr[:-1]]
        indptr = np.arange(len(indptr))
    elif not settings.words:
        keep = np.ones(len(hashes), np.bool_)
        keep[indptr[:-1]] = False
        hashes = hashes[keep]
        indptr = indptr - np.arange(len(indptr))
    return Counts(found.text_indptr, found.text_words, indptr, hashes)


def sparse() -> tuple[Callable[..., csr_matrix], type[csr_matrix]]:
    """Return the blocked top-n product and the class of sparse matrices.

    Raises:
        MissingExtraError: sparse_dot_topn or scipy is not installed.
    """
    try:
        from scipy.sparse import csr_matrix
        from sparse_dot_topn import sp_matmul_topn
    except ImportError as error:
        what, package, extra = "Lexical search", str(error.name or "").partition(".")[0].replace("_", "-"), "linking"
        raise MissingExtraError(what, package, extra) from error
    return sp_matmul_topn, csr_matrix
