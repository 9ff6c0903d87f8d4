"""Hashed words and character n-grams of folded texts, counted.

The n-grams are those of scikit-learn's ``char_wb`` analyzer: within words, whose edges count as characters. A number
of 31 bits stands for an n-gram: its length (0 for a whole word) in the lowest three bits, a hash in the others. Of
half a million different n-grams fewer than one in five hundred shares its number with another.
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
#: The bits of a gram's number that hold its length.
LENGTH = 7
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
        if self.max_n and not 1 <= self.min_n <= self.max_n <= 7:
            msg = f"min_n is {self.min_n} and max_n {self.max_n}; they must hold 1 <= min_n <= max_n <= 7."
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
    low, high = (settings.min_n, settings.max_n) if settings.max_n else (1, 1)
    found = features(folded, FeatureSettings(HASHES, low, high, fold_case=False))
    indptr, hashes = found.word_indptr, found.word_rows & ~LENGTH
    if not settings.max_n:
        return Counts(found.text_indptr, found.text_words, np.arange(len(indptr)), hashes[indptr[:-1]])
    hashes |= _lengths(np.diff(indptr), low, high)
    if not settings.words:
        keep = np.ones(len(hashes), np.bool_)
        keep[indptr[:-1]] = False
        hashes = hashes[keep]
        indptr = indptr - np.arange(len(indptr))
    return Counts(found.text_indptr, found.text_words, indptr, hashes)


def _lengths(sizes: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64]:
    """Return the lengths of all features of words that have so many: 0 for the word, then its n-grams' in order."""
    longest = int(sizes.max(initial=1)) + high
    edged = np.arange(longest) + 2
    orders = np.arange(low, high + 1)
    each = np.maximum(edged[:, None] - orders + 1, 0)
    each[0] = 0
    letters = np.searchsorted(1 + each.sum(axis=1), sizes)
    counts = np.hstack([np.ones((len(sizes), 1), np.int64), each[letters]])
    return np.repeat(np.tile(np.concatenate([[0], orders]), len(sizes)), counts.ravel())


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
