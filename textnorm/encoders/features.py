"""Words and hashed character n-grams of many texts at once, without a Python loop over words.

The texts of a batch become one array of code points. Words are its runs of word characters; each distinct word is
hashed once, with its n-grams, by polynomial hashes over the whole array. So a batch costs a few dozen numpy calls, and
a word that occurs a thousand times is hashed once.

The hash is part of the format of a trained encoder: it depends on nothing but the code points (no ``hash()``, no
``PYTHONHASHSEED``, no byte order).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import UsageError

U64 = np.uint64
#: Multiplier of the polynomial hashes: odd, from the golden ratio (Knuth, TAOCP 3, section 6.4).
BASE = U64(0x9E3779B97F4A7C15)
#: Stand for the edges of a word; no code point has these values.
OPEN, CLOSE = 0x110000, 0x110001
#: Classes of characters: a word character, any other that is no space, space; 0 is not looked up yet.
WORD, SIGN, SPACE = 1, 2, 3
#: Signs that belong to a word: "C++" and "C#" are not "C".
WORD_SIGNS = "+#"
#: Latin letters without a decomposition, for ``fold_accents``.
UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"})
MAX_N = 8


@dataclass(frozen=True)
class FeatureSettings:
    """What of a text is hashed, and into how many rows.

    Attributes:
        buckets: rows of the table.
        min_n: shortest character n-gram; n-grams count the marks of a word's two edges.
        max_n: longest character n-gram.
        fold_case: compare without case (Unicode case folding).
        fold_accents: compare Latin, Greek and Cyrillic letters without their accents.
    """

    buckets: int = 131_072
    min_n: int = 2
    max_n: int = 4
    fold_case: bool = True
    fold_accents: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.buckets <= 2**31:
            msg = f"buckets is {self.buckets}; it must be 1 to 2**31."
            raise UsageError(msg)
        if not 1 <= self.min_n <= self.max_n <= MAX_N:
            msg = f"min_n is {self.min_n} and max_n {self.max_n}; they must hold 1 <= min_n <= max_n <= {MAX_N}."
            raise UsageError(msg)


@dataclass(frozen=True)
class Features:
    """The features of a batch: distinct words, their rows of the table, and the words of each text.

    Attributes:
        word_indptr: ``[words + 1]``; the rows of word ``w`` are ``word_rows[word_indptr[w]:word_indptr[w + 1]]``.
        word_rows: rows of the table: the word itself, then its n-grams, shortest first, in order.
        text_indptr: ``[texts + 1]``, into ``text_words``; no text is empty.
        text_words: numbers of distinct words, in the order of the text.
    """

    word_indptr: NDArray[np.int64]
    word_rows: NDArray[np.int64]
    text_indptr: NDArray[np.int64]
    text_words: NDArray[np.int64]


def features(texts: Sequence[str], settings: FeatureSettings) -> Features:
    """Return the features of texts.

    A text without a word character is read by its signs, character runs of them being its words; a text of nothing but
    space has one word, the empty one.
    """
    codes, starts, ends, texts_of = _words(texts, settings)
    lengths = ends - starts
    flat = codes[_ranges(starts, lengths)]
    hashes = _word_hashes(flat, lengths)
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    offsets = np.cumsum(lengths) - lengths
    chosen = lengths[first]
    indptr, rows = _rows(flat[_ranges(offsets[first], chosen)], chosen, hashes[first], settings)
    counts = np.bincount(texts_of, minlength=len(texts))
    return Features(indptr, rows, _indptr(counts), inverse.astype(np.int64, copy=False))


def document_frequency(found: Features, settings: FeatureSettings) -> NDArray[np.int64]:
    """Return in how many texts each row of the table occurs, ``[buckets]``."""
    sizes = np.diff(found.word_indptr)[found.text_words]
    rows = found.word_rows[_ranges(found.word_indptr[found.text_words], sizes)]
    texts = np.repeat(np.repeat(np.arange(len(found.text_indptr) - 1), np.diff(found.text_indptr)), sizes)
    both = np.sort(texts * settings.buckets + rows)  # sorted: several times faster than np.unique
    once = both[np.concatenate(([True], both[1:] != both[:-1]))] % settings.buckets
    return np.bincount(once, minlength=settings.buckets)


def fold(text: str, settings: FeatureSettings) -> str:
    """Return a text (or many, joined) as it is hashed: NFKC, and folded as the settings say."""
    if text.isascii():
        return text.lower() if settings.fold_case else text
    text = unicodedata.normalize("NFKC", text)
    if settings.fold_case:
        text = unicodedata.normalize("NFKC", text.casefold())
    if settings.fold_accents:
        marks = dict.fromkeys(range(0x300, 0x370))
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).translate(marks)).translate(UNDECOMPOSED)
    return text


def _words(
    texts: Sequence[str], settings: FeatureSettings
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the code points of all texts, and start, end and text of each word; every text has one at least."""
    joined = "\n".join(texts)
    if joined.count("\n") != len(texts) - 1:
        joined = "\n".join(text.replace("\n", " ") for text in texts)
    joined = fold(joined, settings) + "\n"
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32, copy=False)
    classes = _classes(codes)
    breaks = np.flatnonzero(codes == ord("\n"))
    starts, ends = _runs(classes == WORD)
    texts_of = np.searchsorted(breaks, starts)
    bare = np.bincount(texts_of, minlength=len(texts)) == 0
    if bare.any():
        begins = np.concatenate(([0], breaks[:-1] + 1))[bare]
        sizes = breaks[bare] - begins
        where = _ranges(begins, sizes)
        mask = np.zeros(len(codes), dtype=np.bool_)
        mask[where] = classes[where] == SIGN
        more, more_ends = _runs(mask)
        of = np.searchsorted(breaks, more)
        still = bare.copy()
        still[of] = False
        nothing = np.flatnonzero(still)
        starts = np.concatenate((starts, more, breaks[nothing]))
        ends = np.concatenate((ends, more_ends, breaks[nothing]))
        texts_of = np.concatenate((texts_of, of, nothing))
        order = np.argsort(texts_of, kind="stable")
        starts, ends, texts_of = starts[order], ends[order], texts_of[order]
    return codes, starts, ends, texts_of


def _rows(
    flat: NDArray[np.uint32], lengths: NDArray[np.int64], hashes: NDArray[np.uint64], settings: FeatureSettings
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ``indptr`` and rows of words whose code points stand one after the other in ``flat``.

    The empty word has no n-grams.
    """
    sizes = np.where(lengths > 0, lengths + 2, 0)
    stops = np.cumsum(sizes)
    begins = stops - sizes
    real = lengths > 0
    edged = np.zeros(int(sizes.sum()), dtype=np.uint32)
    inside = np.ones(len(edged), dtype=np.bool_)
    inside[begins[real]] = False
    inside[stops[real] - 1] = False
    edged[inside] = flat
    edged[begins[real]] = OPEN
    edged[stops[real] - 1] = CLOSE
    mixed = _mix(edged.astype(U64))
    orders = range(settings.min_n, settings.max_n + 1)
    counts = np.array([np.maximum(sizes - n + 1, 0) for n in orders], dtype=np.int64)
    indptr = _indptr(1 + counts.sum(axis=0))
    rows = np.empty(int(indptr[-1]), dtype=np.int64)
    rows[indptr[:-1]] = _bucket(hashes, settings.buckets)
    base = indptr[:-1] + 1
    rolling = np.zeros(len(mixed), dtype=U64)
    done = 0
    for n in range(1, settings.max_n + 1):
        # rolling[i] becomes sum of mixed[i + k] * BASE**k for k < n, where the n-gram stays inside the array
        room = len(mixed) - n + 1
        if room <= 0:
            break
        rolling[:room] += mixed[n - 1 :] * _powers(n)[n - 1]
        if n < settings.min_n:
            continue
        count = counts[done]
        found = rolling[_ranges(begins, count)] + U64(n)
        rows[_ranges(base, count)] = _bucket(found, settings.buckets)
        base = base + count
        done += 1
    return indptr, rows


def _word_hashes(flat: NDArray[np.uint32], lengths: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each word; the empty word has one too."""
    hashes = np.zeros(len(lengths), dtype=U64)
    real = np.flatnonzero(lengths > 0)
    if len(real):
        sizes = lengths[real]
        begins = np.cumsum(sizes) - sizes
        place = np.arange(len(flat)) - np.repeat(begins, sizes)
        terms = _mix(flat.astype(U64)) * _powers(int(sizes.max()))[place]
        hashes[real] = np.add.reduceat(terms, begins)
    return _mix(hashes + lengths.astype(U64))


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return values with their bits spread (the finaliser of SplitMix64; Steele, Lea and Flood 2014)."""
    z = values + BASE
    z ^= z >> U64(30)
    z *= U64(0xBF58476D1CE4E5B9)
    z ^= z >> U64(27)
    z *= U64(0x94D049BB133111EB)
    z ^= z >> U64(31)
    return z


def _bucket(hashes: NDArray[np.uint64], buckets: int) -> NDArray[np.int64]:
    """Return the row of each hash: the upper half of its bits, scaled down (Lemire 2019)."""
    return (((_mix(hashes) >> U64(32)) * U64(buckets)) >> U64(32)).astype(np.int64)


@cache
def _powers_to(size: int) -> NDArray[np.uint64]:
    powers = np.full(size, BASE, dtype=U64)
    powers[0] = 1
    powers = np.cumprod(powers, dtype=U64)
    powers.flags.writeable = False
    return powers


def _powers(count: int) -> NDArray[np.uint64]:
    """Return at least ``count`` powers of the base modulo 2**64."""
    return _powers_to(1 << max(6, (count - 1).bit_length()))


def _ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of ``[start, start + length)`` of every range, one after the other."""
    stops = np.cumsum(lengths)
    total = int(stops[-1]) if len(stops) else 0
    return np.repeat(starts - (stops - lengths), lengths) + np.arange(total)


def _indptr(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64, copy=False)


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return start and end of each run of true values."""
    edges = np.flatnonzero(np.diff(mask.view(np.int8), prepend=np.int8(0), append=np.int8(0)))
    return edges[::2], edges[1::2]


@cache
def _table() -> NDArray[np.uint8]:
    """Return the classes of characters looked up so far, by code point; it fills as texts are read."""
    return np.zeros(0x110000, dtype=np.uint8)


def _classes(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    table = _table()
    found: NDArray[np.uint8] = table[codes]
    unknown = found == 0
    if unknown.any():
        for code in np.unique(codes[unknown]).tolist():
            table[code] = _class(chr(code))
        found = table[codes]
    return found


def _class(char: str) -> int:
    if char.isspace():
        return SPACE
    return WORD if unicodedata.category(char)[0] in "LMN" or char in WORD_SIGNS else SIGN
