"""The static encoder: hashed words and character n-grams, the sum of their rows, scaled to length 1.

It needs numpy alone, no tokenizer and no language; it is trained on the user's own names by
:mod:`textnorm.encoders.train` and lives in a folder that is mapped into memory. The idea of summing rows of hashed
n-grams is that of fastText (Bojanowski, Grave, Joulin and Mikolov, TACL 5, 2017, section 3.2).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.features import Features, FeatureSettings, document_frequency, features
from textnorm.encoders.protocol import as_texts, unit_rows
from textnorm.errors import DataError, UsageError

FORMAT = "textnorm-static"
VERSION = 1
MANIFEST = "manifest.json"
#: Texts, and characters, that are hashed at once: bounds memory.
CHUNK, CHARS = 8192, 2_000_000
#: Rows longer than this are summed one by one and in float64: a text of a million words costs no million numpy calls,
#: and loses no digits.
LONG = 64


class StaticEncoder:
    """Vectors from hashed features; see :class:`~textnorm.encoders.protocol.Encoder`.

    Exactly deterministic: a text has the same bits alone, in any batch, and after saving and loading.

    A text without a word character is read by its signs; all texts of nothing but space share one direction, that of
    the empty word.
    """

    def __init__(
        self,
        rows: NDArray[np.int8],
        scales: NDArray[np.float32],
        settings: FeatureSettings,
        *,
        name: str = "static",
        card: Mapping[str, Any] | None = None,
    ) -> None:
        """Wrap a table of 8-bit rows.

        Args:
            rows: int8 ``[settings.buckets, dim]``.
            scales: float32 ``[settings.buckets]``; row ``i`` stands for ``rows[i] * scales[i]``.
            settings: how texts become rows.
            name: part of the identity.
            card: what a reader should know (data, licence, figures), JSON values; kept with the model.

        Raises:
            DataError: shapes do not agree, or a scale is not finite.
        """
        if rows.ndim != 2 or rows.dtype != np.int8 or rows.shape[0] != settings.buckets or rows.shape[1] < 1:
            msg = (
                f"The table of a static encoder must be int8 [{settings.buckets}, dim], not {rows.dtype} {rows.shape}."
            )
            raise DataError(msg)
        if scales.shape != (settings.buckets,) or not np.isfinite(scales).all():
            msg = f"The scales of a static encoder must be {settings.buckets} finite numbers, one a row of its table."
            raise DataError(msg)
        self.settings = settings
        self.name = name
        self.card: dict[str, Any] = dict(card or {})
        self._rows = rows
        self._scales = np.ascontiguousarray(scales, dtype=np.float32)
        self.identity = f"textnorm.static.v1:{name}:{_digest(rows, self._scales, settings)}"

    @classmethod
    def from_float(
        cls,
        table: NDArray[np.float32],
        settings: FeatureSettings,
        *,
        name: str = "static",
        card: Mapping[str, Any] | None = None,
    ) -> StaticEncoder:
        """Return an encoder with the rows of a float table rounded to 8 bits, a scale for each row.

        Raises:
            DataError: a value is not finite (training diverged).
        """
        top = np.abs(table).max(axis=1)
        if not np.isfinite(top).all():
            msg = "The table holds NaN or infinity: training diverged; lower the learning rate."
            raise DataError(msg)
        scales = (np.where(top > 0, top, 1) / 127).astype(np.float32)
        return cls(np.rint(table / scales[:, None]).astype(np.int8), scales, settings, name=name, card=card)

    @classmethod
    def untrained(
        cls, settings: FeatureSettings | None = None, *, dim: int = 128, seed: int = 0, name: str = "untrained"
    ) -> StaticEncoder:
        """Return an encoder with normally distributed rows: locality-sensitive hashing of n-grams, a baseline."""
        settings = settings or FeatureSettings()
        table = np.random.default_rng(seed).standard_normal((settings.buckets, dim), dtype=np.float32)
        return cls.from_float(table, settings, name=name)

    @classmethod
    def weighted(
        cls,
        texts: Sequence[str],
        settings: FeatureSettings | None = None,
        *,
        dim: int = 128,
        seed: int = 0,
        name: str = "weighted",
    ) -> StaticEncoder:
        """Return an encoder that has only counted: random rows, the longer the fewer of ``texts`` they occur in.

        For names without synonyms, where there is nothing to train on: a random projection of TF-IDF.

        Raises:
            UsageError: ``texts`` is a single string.
            DataError: an item is no string.
        """
        settings = settings or FeatureSettings()
        table = np.random.default_rng(seed).standard_normal((settings.buckets, dim), dtype=np.float32)
        table *= inverse_frequency(texts, settings)[:, None]
        return cls.from_float(table, settings, name=name, card={"texts": len(texts)})

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._rows.shape[1])

    def table(self) -> NDArray[np.float32]:
        """Return the table as float32 ``[buckets, dim]``, a copy."""
        return self._rows.astype(np.float32) * self._scales[:, None]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row a text, float32 ``[len(texts), dim]``.

        Raises:
            UsageError: ``texts`` is a single string.
            DataError: an item is no string.
        """
        items = as_texts(texts)
        out = np.empty((len(items), self.dim), dtype=np.float32)
        for start, end in _chunks(items):
            out[start:end] = self._sums(features(items[start:end], self.settings))
        # Rows of opposite signs may cancel to nothing: rare beyond belief, but then an error rather than a NaN.
        return unit_rows(out, items, self.identity)

    def _sums(self, found: Features) -> NDArray[np.float32]:
        """Return the sum of the rows of each text; each distinct word of the batch is summed once."""
        mark = np.zeros(self.settings.buckets, dtype=np.bool_)
        mark[found.word_rows] = True
        used = np.flatnonzero(mark)
        place = np.cumsum(mark) - 1
        table = self._rows[used].astype(np.float32)
        table *= self._scales[used, None]
        words = sum_rows(table, found.word_indptr, place[found.word_rows])
        return sum_rows(words, found.text_indptr, found.text_words)

    def save(self, folder: str | Path) -> None:
        """Write the model to ``folder``: manifest, rows, scales and a card; an earlier model there is replaced.

        It is written beside the folder and then renamed, so a broken run leaves the old model.

        Raises:
            UsageError: ``folder`` exists and is no static model.
        """
        folder = Path(folder)
        if folder.exists() and not (folder.is_dir() and (is_static(folder) or not any(folder.iterdir()))):
            msg = f"{folder} exists and is no static model; choose another place, so that nothing is lost."
            raise UsageError(msg)
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            fresh.chmod(0o755)
            np.save(fresh / "rows.npy", np.ascontiguousarray(self._rows), allow_pickle=False)
            np.save(fresh / "scales.npy", self._scales, allow_pickle=False)
            manifest = {
                "format": FORMAT,
                "version": VERSION,
                "name": self.name,
                "identity": self.identity,
                "dim": self.dim,
                "features": asdict(self.settings),
                "card": self.card,
            }
            text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
            (fresh / MANIFEST).write_text(text, encoding="utf-8")
            (fresh / "README.md").write_text(self._card_page(), encoding="utf-8")
            put_folder(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _card_page(self) -> str:
        size = (self._rows.nbytes + self._scales.nbytes) / 1e6
        lines = [
            f"# {self.name}",
            "",
            f"Static encoder of textnorm: {self.settings.buckets:,} rows of {self.dim} 8-bit numbers ({size:.1f} MB).",
            f"Load it with `textnorm.encoders.load_encoder(FOLDER)`. Identity: `{self.identity}`.",
            "",
            *(f"- **{key}**: {value}" for key, value in self.card.items()),
        ]
        return "\n".join(lines) + "\n"

    @classmethod
    def load(cls, folder: str | Path, *, mmap: bool = True) -> StaticEncoder:
        """Return the model in ``folder``, its rows mapped into memory (``mmap``) or read.

        Raises:
            UsageError: there is no static model.
            DataError: the model is damaged, or a newer version of textnorm wrote it.
        """
        folder = Path(folder)
        if not is_static(folder):
            msg = f"{folder} is no static model: it has no {MANIFEST} of the format {FORMAT}."
            raise UsageError(msg)
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest.get("version"), int) or manifest["version"] > VERSION:
            msg = (
                f"{folder} has version {manifest.get('version')} of {FORMAT}, this textnorm reads {VERSION}: update it."
            )
            raise DataError(msg)
        try:
            settings = FeatureSettings(**manifest["features"])
            rows = np.load(folder / "rows.npy", mmap_mode="r" if mmap else None, allow_pickle=False)
            scales = np.load(folder / "scales.npy", allow_pickle=False)
            encoder = cls(rows, scales, settings, name=str(manifest["name"]), card=manifest.get("card"))
            expected = manifest["identity"]
        except (OSError, ValueError, KeyError, TypeError, DataError, UsageError) as error:
            msg = f"The static model {folder} is damaged: {error}. Train or copy it again."
            raise DataError(msg) from error
        if encoder.identity != expected:
            msg = (
                f"The static model {folder} is damaged: its content does not match {expected}. Train or copy it again."
            )
            raise DataError(msg)
        return encoder


def is_static(folder: Path) -> bool:
    """Return whether ``folder`` holds a static model (of any version)."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("format") == FORMAT


def load_static(folder: str | Path, **options: Any) -> StaticEncoder:
    """Return the static model in a folder: the factory ``textnorm.static.v1``."""
    return StaticEncoder.load(folder, **options)


def inverse_frequency(texts: Sequence[str], settings: FeatureSettings) -> NDArray[np.float32]:
    """Return the weight of each row of a table, ``ln((1 + n) / (1 + df)) + 1``; ``df`` of the ``n`` texts have it.

    Raises:
        UsageError: ``texts`` is a single string.
        DataError: an item is no string.
    """
    items = as_texts(texts)
    counts = np.zeros(settings.buckets, dtype=np.int64)
    for start, end in _chunks(items):
        counts += document_frequency(features(items[start:end], settings), settings)
    return (np.log((1 + len(items)) / (1 + counts)) + 1).astype(np.float32)


def sum_rows(table: NDArray[np.float32], indptr: NDArray[np.int64], index: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return ``out[i] = sum(table[index[indptr[i]:indptr[i + 1]]])``, each sum from left to right.

    The rows are taken longest first, so one pass adds the k-th term of all rows that have one. That is faster than
    ``np.add.reduceat``, and the order of additions of a row depends on that row alone.
    """
    counts = np.diff(indptr)
    out = np.zeros((len(counts), table.shape[1]), dtype=np.float32)
    order = np.argsort(-counts, kind="stable")
    sizes = counts[order]
    many = int(np.searchsorted(-sizes, -LONG, side="left"))
    for row in order[:many]:
        out[row] = table[index[indptr[row] : indptr[row + 1]]].sum(axis=0, dtype=np.float64)
    order, sizes = order[many:], sizes[many:]
    sums = np.zeros((len(order), table.shape[1]), dtype=np.float32)
    begins = indptr[:-1][order]
    for k in range(int(sizes[0]) if len(sizes) else 0):
        active = int(np.searchsorted(-sizes, -k, side="left"))
        sums[:active] += table[index[begins[:active] + k]]
    out[order] = sums
    return out


def _chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield ranges of texts of at most :data:`CHUNK` texts and :data:`CHARS` characters (one text at least)."""
    start = size = 0
    for i, text in enumerate(texts):
        if i > start and (i - start == CHUNK or size + len(text) > CHARS):
            yield start, i
            start, size = i, 0
        size += len(text)
    if start < len(texts):
        yield start, len(texts)


def _digest(rows: NDArray[np.int8], scales: NDArray[np.float32], settings: FeatureSettings) -> str:
    found = hashlib.blake2b(digest_size=16)
    found.update(json.dumps([rows.shape[1], asdict(settings)], sort_keys=True).encode())
    found.update(np.ascontiguousarray(rows).data)
    found.update(scales.astype("<f4").tobytes())
    return found.hexdigest()


def put_folder(fresh: Path, folder: Path) -> None:
    """Rename ``fresh`` to ``folder``; an earlier folder there is moved aside first and comes back on failure."""
    if not folder.exists():
        fresh.rename(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.replace(aside)
    try:
        fresh.rename(folder)
    except OSError:
        aside.replace(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)
