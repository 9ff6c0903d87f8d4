"""The one module that knows faiss: exact search over rows in place, and indexes by factory string."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError, MissingExtraError, UsageError
from textnorm.retrieval.storage import Part

FLAT = "Flat"
#: Queries from which on one matrix product is faster than one pass a query. faiss 1.15 takes it only from about 330 on,
#: at five times the cost below (docs/retrieval.md).
GEMM_FROM = 6
_REFINE = re.compile(r",(RFlat|Refine\([^()]*\))$")
_LOSSY = re.compile(r"PQ|SQ|LSH|RQ|ITQ")


def faiss() -> Any:
    """Return the module.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import faiss as module
    except ImportError as error:
        what, package, extra = "The vector index", "faiss-cpu", "linking"
        raise MissingExtraError(what, package, extra) from error
    return module


@contextmanager
def threads(n: int | None) -> Iterator[None]:
    """Let faiss work with ``n`` threads inside the block; ``None`` leaves its setting."""
    module = faiss()
    before = module.omp_get_max_threads()
    if n is not None:
        module.omp_set_num_threads(n)
    try:
        yield
    finally:
        module.omp_set_num_threads(before)


def is_lossy(factory: str) -> bool:
    """Whether an index of this kind keeps only an image of each row, so that more candidates must be scored again."""
    return bool(_LOSSY.search(_REFINE.sub("", factory)))


def multiple_for(factory: str) -> int:
    """Return what the width of a row is to be a multiple of: all but matrix products lose SIMD on odd widths."""
    return 1 if factory == FLAT else 16


def top(rows: NDArray[np.float32], queries: NDArray[np.float32], k: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the ``k`` largest inner products [nq, k], descending, and their rows, by blocked matrix products.

    ``rows`` may be a memory map: it is read in place. Of equal scores any may come first.
    """
    module = faiss()
    if len(queries) < GEMM_FROM:
        scores, found = module.knn(queries, rows, k, metric=module.METRIC_INNER_PRODUCT)
    else:
        with _MATRIX_PRODUCTS:
            scores, found = module.knn(queries, rows, k, metric=module.METRIC_INNER_PRODUCT)
    return scores, found


class _MatrixProducts:
    """Lets faiss use matrix products for small batches, too, as long as any thread is inside; then restores its
    setting.

    The setting is one number of the whole process. It decides only how fast faiss is.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._before = 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                settings = faiss().cvar
                self._before, settings.distance_compute_blas_threshold = settings.distance_compute_blas_threshold, 1
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                faiss().cvar.distance_compute_blas_threshold = self._before


_MATRIX_PRODUCTS = _MatrixProducts()


class Approximate:
    """A faiss index made from a factory string, over rows from position 0 on.

    Attributes:
        factory: as given; a refinement at its end (``,RFlat``) is left to the caller, who has the rows.
        part: the file that it was read from or written to.
    """

    def __init__(self, factory: str, index: Any) -> None:
        self.factory = factory
        self.part: Part | None = None
        self._index = index

    @classmethod
    def build(cls, factory: str, width: int, blocks: Iterable[NDArray[np.float32]], workers: int) -> Approximate:
        """Train on the first block and add all blocks.

        Raises:
            UsageError: the string means nothing, or asks for more cells or codes than there are rows.
        """
        module = faiss()
        plain = _REFINE.sub("", factory)
        try:
            index = module.index_factory(width, plain, module.METRIC_INNER_PRODUCT)
        except RuntimeError as error:
            advice = "Try Flat, HNSW32, 'IVF1024,Flat' or 'IVF1024,PQ50x4fs'; PQ needs a divisor of the width."
            msg = f"The factory string '{factory}' cannot be used for rows of width {width}: {_reason(error)} {advice}"
            raise UsageError(msg) from error
        with threads(workers):
            for block in blocks:
                try:
                    if not index.is_trained:
                        index.train(block)
                    index.add(block)
                except RuntimeError as error:
                    msg = f"The factory string '{factory}' does not suit {len(block):,} rows: {_reason(error)}"
                    raise UsageError(msg) from error
        return cls(factory, index)

    @property
    def count(self) -> int:
        """Rows inside."""
        return int(self._index.ntotal)

    def set(self, parameters: str) -> None:
        """Set parameters of the search, for example ``efSearch=64`` or ``nprobe=32``.

        Raises:
            UsageError: this kind of index has none of that name.
        """
        module = faiss()
        try:
            module.ParameterSpace().set_index_parameters(self._index, parameters)
        except RuntimeError as error:
            msg = f"'{parameters}' cannot be set on an index '{self.factory}': {_reason(error)}"
            raise UsageError(msg) from error

    def search(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return scores and rows [nq, k]; row -1 where fewer are found."""
        scores, found = self._index.search(queries, k)
        return scores, found

    def write(self, path: Path) -> None:
        """Write it in faiss' own format."""
        try:
            faiss().write_index(self._index, str(path))
        except RuntimeError as error:
            msg = f"{path}: cannot be written: {_reason(error)}"
            raise DataError(msg) from error

    @classmethod
    def read(cls, path: Path, factory: str, *, mmap: bool) -> Approximate:
        """Read it back; memory-mapped where faiss can.

        Raises:
            DataError: the file is damaged.
        """
        module = faiss()
        flag = getattr(module, "IO_FLAG_MMAP_IFC", 0) if mmap else 0
        try:
            return cls(factory, module.read_index(str(path), flag))
        except RuntimeError as error:
            if not path.exists():
                raise FileNotFoundError(2, "No such file", str(path)) from error
            msg = f"{path}: damaged, or no index of faiss: {_reason(error)}"
            raise DataError(msg) from error


def _reason(error: RuntimeError) -> str:
    """Return what faiss says, without the place in its source."""
    text = " ".join(str(error).split())
    said = re.search(r"(?:failed|Error): ?(?:'[^']*' failed: ?)?(.*)$", text)
    return (said[1] if said else text).rstrip(".") + "."
