"""Texts of a corpus with their vectors, kept in temporary files: a corpus may be larger than memory."""

from __future__ import annotations

import hashlib
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.streaming.formats import detect, label_of
from textnorm.streaming.readers import ReadOptions, read

if TYPE_CHECKING:
    from textnorm.encoders.protocol import Encoder

#: Texts embedded at a time, and rows read back at a time.
BLOCK = 4096


class Corpus(AbstractContextManager["Corpus"]):
    """All texts of one file, in order.

    Attributes:
        label: how messages name the file.
        n: texts.
        empty: rows left out because they are null or blank.
        dim: length of a vector.
    """

    def __init__(self, path: str, column: str, encoder: Encoder, on_rows: Any = None) -> None:
        self.label = label_of(path)
        self.n = self.empty = 0
        self.dim = encoder.dim
        self._texts: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._rows: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._ends = array("q", [0])
        self._hashes = array("q")
        try:
            self._fill(path, column, encoder, on_rows)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._texts.close()
        self._rows.close()

    def _fill(self, path: str, column: str, encoder: Encoder, on_rows: Any) -> None:
        for chunk in read(path, detect(path), ReadOptions(column=column)):
            kept = [(i, text) for i, text in enumerate(chunk.texts) if text is not None and text.strip()]
            self.empty += chunk.rows - len(kept)
            for at in range(0, len(kept), BLOCK):
                part = kept[at : at + BLOCK]
                self._rows.write(encoder.encode([text for _, text in part]).tobytes())
                for i, text in part:
                    raw = text.encode("utf-8", "surrogatepass")
                    place = chunk.where(i).removeprefix(f"{chunk.label}, ").encode()
                    self._texts.write(place + b"\n" + raw)
                    self._ends.append(self._ends[-1] + len(place) + 1 + len(raw))
                    self._hashes.append(
                        int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "big", signed=True)
                    )
                self.n += len(part)
                if on_rows is not None:
                    on_rows(self.label, self.n)
        self._rows.flush()

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield the vectors, block by block."""
        self._rows.seek(0)
        size = 4 * self.dim
        while raw := self._rows.read(BLOCK * size):
            yield np.frombuffer(raw, np.float32).reshape(-1, self.dim)

    def rows(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of some texts."""
        out = np.empty((len(places), self.dim), np.float32)
        for k, place in enumerate(places.tolist()):
            self._rows.seek(place * 4 * self.dim)
            out[k] = np.frombuffer(self._rows.read(4 * self.dim), np.float32)
        return out

    def text(self, i: int) -> tuple[str, str]:
        """Return the place and the text of number ``i``."""
        self._texts.seek(self._ends[i])
        place, _, raw = self._texts.read(self._ends[i + 1] - self._ends[i]).partition(b"\n")
        return place.decode(), raw.decode("utf-8", "surrogatepass")

    def extremes(self, depths: NDArray[np.float64], top: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the ``top`` deepest and the ``top`` least deep of all different texts, the most extreme first."""
        hashes = np.array(self._hashes, np.int64)
        _, first = np.unique(hashes, return_index=True)
        order = first[np.lexsort((first, -depths[first]))]
        return order[:top], order[::-1][:top]

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the numbers of at most ``size`` texts, drawn without replacement, in order."""
        if self.n <= size:
            return np.arange(self.n)
        return np.sort(rng.choice(self.n, size, replace=False))
