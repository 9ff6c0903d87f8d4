"""MinHash signatures (Broder 1997) over word shingles, cut into bands for locality-sensitive hashing.

The signatures are made by the package rensa; what they are made of, the bands and all decisions are here, so that equal
options give equal bytes.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import ConfigError, MissingExtraError

FEATURE = "Near duplicates"
_WORD = re.compile(r"\w+")
_SURROGATES = re.compile("[\ud800-\udfff]")


def fold(text: str) -> str:
    """Return what is compared: words alone, compatibility form, case folded, one blank between."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def exact_key(text: str) -> bytes:
    """Return 16 bytes (BLAKE2b) that are equal for equal texts, of the text as it stands."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def shingles(text: str, size: int) -> list[str]:
    """Return the runs of ``size`` words of the folded text; a shorter text is one run, one without words none."""
    words = _SURROGATES.sub("\ufffd", fold(text)).split()
    if not words:
        return []
    return [" ".join(words[i : i + size]) for i in range(max(1, len(words) - size + 1))]


def cut_bands(threshold: float, permutations: int) -> tuple[int, int]:
    """Return how many bands of how many values find pairs above the threshold best.

    A pair of similarity ``s`` shares one of ``b`` bands of ``r`` values with probability ``1 - (1 - s^r)^b`` (Leskovec
    et al., Mining of Massive Datasets, 3.4). Candidates are verified, so a miss costs nine times a false candidate.
    """
    s = np.linspace(0.0005, 0.9995, 1000)
    best: tuple[float, int, int] | None = None
    for r in range(1, permutations + 1):
        b = permutations // r
        found = 1 - (1 - s**r) ** b
        cost = 0.1 * found[s < threshold].sum() + 0.9 * (1 - found[s >= threshold]).sum()
        if best is None or cost < best[0] - 1e-12:
            best = (float(cost), b, r)
    assert best is not None
    return best[1], best[2]


class Signer:
    """Makes signatures and their bands.

    Args:
        threshold: Jaccard similarity of shingles that counts as near, above 0 and up to 1.
        permutations: length of a signature, 16 to 1024.
        shingle: words of a shingle.
        seed: of the permutations.

    Raises:
        ConfigError: a value that makes no sense.
        MissingExtraError: rensa is not installed.
    """

    def __init__(self, threshold: float = 0.8, permutations: int = 128, shingle: int = 5, seed: int = 1) -> None:
        if not 0 < threshold <= 1:
            msg = f"The threshold of near duplicates is a number above 0 and up to 1, not {threshold!r}."
            raise ConfigError(msg)
        if not 16 <= permutations <= 1024 or shingle < 1 or seed < 0:
            msg = f"MinHash takes 16 to 1024 permutations, shingles of 1 word or more and a seed from 0, not {permutations}, {shingle} and {seed}."  # noqa: E501
            raise ConfigError(msg)
        self.threshold, self.permutations, self.shingle, self.seed = threshold, permutations, shingle, seed
        self.count, self.width = cut_bands(threshold, permutations)
        self._make, release = _rensa()
        self.version = f"rensa-{release}"

    def __reduce__(self) -> Any:
        return Signer, (self.threshold, self.permutations, self.shingle, self.seed)

    def sign(self, texts: Sequence[str]) -> NDArray[np.uint32]:
        """Return the signatures ``[n, permutations]``; of a text without words all values are the greatest."""
        out = np.full((len(texts), self.permutations), 0xFFFFFFFF, np.uint32)
        for i, text in enumerate(texts):
            runs = shingles(text, self.shingle)
            if runs:
                sketch = self._make(num_perm=self.permutations, seed=self.seed)
                sketch.update(runs)
                out[i] = sketch.digest()
        return out

    def bands(self, signatures: NDArray[np.uint32]) -> NDArray[np.uint64]:
        """Return a key of 64 bits for each band ``[n, count]``; equal bands of one number have equal keys."""
        n = len(signatures)
        parts = signatures[:, : self.count * self.width].reshape(n, self.count, self.width).astype(np.uint64)
        keys = np.full((n, self.count), 0xCBF29CE484222325, np.uint64)
        for k in range(self.width):  # FNV-1a over values, then mixed: a band of one value needs it
            keys = (keys ^ parts[:, :, k]) * np.uint64(0x100000001B3)
            keys ^= keys >> np.uint64(29)
        return keys * np.uint64(0x9E3779B97F4A7C15)


def _rensa() -> tuple[Any, str]:
    try:
        from rensa import RMinHash
    except ImportError as error:
        raise MissingExtraError(FEATURE, "rensa", "duplicates") from error
    from importlib.metadata import version

    return RMinHash, version("rensa")
