"""What a bank says about each gallery item, in one pass of blocked matrix products.

Never more than one block of similarities is in memory, whatever the sizes. Statistics of the same gallery and two
banks join into those of both (:meth:`BankStatistics.with_bank`), and statistics of two galleries and the same bank
likewise (:meth:`BankStatistics.with_gallery`): so everything can be appended, in any order and block size.

Arithmetic: similarities and exponentials have the gallery's precision (float32 unless it is float64); sums within a
block are pairwise, across blocks in float64. Exponentials are of differences to the running maximum, so nothing
overflows at any beta.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError
from textnorm.retrieval.methods import Needs, Term

Floats = NDArray[Any]
#: Gallery and bank rows of one block of similarities: small enough for the cache of a core.
GALLERY_ROWS, BANK_ROWS = 1024, 1024


@dataclass(frozen=True)
class BankStatistics:
    """Statistics of ``n`` gallery items over a bank of ``m`` rows. Without an item itself, where it is in the bank.

    Attributes:
        needs: what was asked for.
        count: [n] int64, bank rows counted for an item.
        peak: [n] float64, largest similarity; ``-inf`` where nothing was counted.
        sums: [n, betas] float64, sum of ``exp(beta * (similarity - peak))``.
        top: [n, k] largest similarities in any order, filled up with ``-inf``.
        total: [n] float64, sum of similarities; zeros where no mean was asked for.
        best: [m] float64, largest similarity of each bank row to an item.
        best_item: [m] int64, that item's position, the lowest of equals; -1 where there is none. Both are empty where
            no gate was asked for.
    """

    needs: Needs
    count: NDArray[np.int64]
    peak: NDArray[np.float64]
    sums: NDArray[np.float64]
    top: Floats
    total: NDArray[np.float64]
    best: NDArray[np.float64]
    best_item: NDArray[np.int64]

    def with_bank(self, other: BankStatistics) -> BankStatistics:
        """Return the statistics of the same items over this bank and the other one's rows behind it."""
        peak = np.maximum(self.peak, other.peak)
        sums = _scaled(self.sums, self.peak, peak, self.needs) + _scaled(other.sums, other.peak, peak, self.needs)
        return BankStatistics(
            self.needs,
            self.count + other.count,
            peak,
            sums,
            _largest(np.concatenate([self.top, other.top], axis=1), self.needs.k),
            self.total + other.total,
            np.concatenate([self.best, other.best]),
            np.concatenate([self.best_item, other.best_item]),
        )

    def with_gallery(self, other: BankStatistics) -> BankStatistics:
        """Return the statistics of these items and the other ones behind them over the same bank."""
        best, best_item = _better(self.best, self.best_item, other.best, _moved(other.best_item, len(self.count)))
        return BankStatistics(
            self.needs,
            np.concatenate([self.count, other.count]),
            np.concatenate([self.peak, other.peak]),
            np.concatenate([self.sums, other.sums]),
            np.concatenate([self.top, other.top]),
            np.concatenate([self.total, other.total]),
            best,
            best_item,
        )

    def without_gallery(self, gone: NDArray[np.bool_]) -> tuple[BankStatistics, NDArray[np.int64]]:
        """Return the statistics without some items, and the bank rows whose best item went with them.

        Those rows have no best item (-1) until they are compared with the rest again (:meth:`with_best`).
        """
        keep = ~gone
        place = np.where(keep, np.cumsum(keep) - 1, -1)
        known = self.best_item >= 0
        best_item = np.where(known, place[self.best_item], -1) if len(place) else self.best_item
        lost = np.flatnonzero(known & (best_item < 0))
        best = np.where(best_item >= 0, self.best, -np.inf)
        left = BankStatistics(
            self.needs,
            self.count[keep],
            self.peak[keep],
            self.sums[keep],
            self.top[keep],
            self.total[keep],
            best,
            best_item,
        )
        return left, lost

    def with_best(self, rows: NDArray[np.int64], found: BankStatistics) -> BankStatistics:
        """Return the same with the best items of some bank rows, which ``found`` is about."""
        best, best_item = self.best.copy(), self.best_item.copy()
        best[rows], best_item[rows] = found.best, found.best_item
        return BankStatistics(self.needs, self.count, self.peak, self.sums, self.top, self.total, best, best_item)

    def active(self) -> NDArray[np.bool_]:
        """Return the activation set [n]: items that are the best of some bank row."""
        found = np.zeros(len(self.count), np.bool_)
        found[self.best_item[self.best_item >= 0]] = True
        return found

    def term(self, term: Term) -> NDArray[np.float64]:
        """Return [n], not yet weighted: the number that a term takes from this bank.

        A ``top`` whose k is larger than the bank takes the whole bank.
        """
        if term.kind == "mean":
            return self.total / self.count
        if term.kind == "top":
            k = int(term.value)
            top = _largest(self.top, k) if k < self.top.shape[1] else self.top
            used = np.isfinite(top)
            largest: NDArray[np.float64] = np.where(used, top, 0.0).sum(axis=1, dtype=np.float64) / used.sum(axis=1)
            return largest
        mean: NDArray[np.float64] = self.sums[:, self.needs.betas.index(term.value)] / self.count
        found: NDArray[np.float64] = self.peak + np.log(mean) / term.value
        return found


def scan(
    gallery: Iterator[Floats],
    n: int,
    bank: Floats,
    needs: Needs,
    own: NDArray[np.int64] | None = None,
    *,
    start: int = 0,
    threads: int = 1,
    bank_rows: int = BANK_ROWS,
) -> BankStatistics:
    """Return the statistics of ``n`` gallery rows, which come in blocks, over a bank.

    Args:
        gallery: blocks [g, d].
        n: rows of all blocks.
        bank: [m, d] of the gallery's type.
        needs: what to compute.
        own: [m] position in the gallery of a bank row that is a gallery item, -1 for others.
        start: position of the first row, in the count of ``own``.
        threads: blocks worked on at the same time. Does not change the result.
        bank_rows: rows of a block of the bank.
    """
    m = len(bank)
    gates = m if needs.gate else 0
    top = np.full((n, needs.k), -np.inf, bank.dtype)
    out = BankStatistics(
        needs,
        np.zeros(n, np.int64),
        np.full(n, -np.inf),
        np.zeros((n, len(needs.betas))),
        top,
        np.zeros(n),
        np.full(gates, -np.inf),
        np.full(gates, -1, np.int64),
    )
    total = bank.sum(axis=0, dtype=np.float64)

    def work(at: int, rows: Floats) -> tuple[int, BankStatistics]:
        return at, _block(rows, bank, total, needs, own, start + at, bank_rows)

    for at, found in _in_order(work, gallery, threads):
        here = slice(at, at + len(found.count))
        out.count[here], out.peak[here], out.sums[here] = found.count, found.peak, found.sums
        out.top[here], out.total[here] = found.top, found.total
        out.best[:], out.best_item[:] = _better(out.best, out.best_item, found.best, _moved(found.best_item, at))
    return out


def _in_order(
    work: Callable[[int, Floats], tuple[int, BankStatistics]], blocks: Iterator[Floats], threads: int
) -> Iterator[tuple[int, BankStatistics]]:
    """Yield the results of ``work(start, block)`` in order, ``threads`` at a time."""
    at = 0
    if threads == 1:
        for block in blocks:
            yield work(at, block)
            at += len(block)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = []
        for block in blocks:
            waiting.append(pool.submit(work, at, block))
            at += len(block)
            if len(waiting) > 2 * threads:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


def _block(
    rows: Floats,
    bank: Floats,
    bank_total: NDArray[np.float64],
    needs: Needs,
    own: NDArray[np.int64] | None,
    start: int,
    bank_rows: int,
) -> BankStatistics:
    """Return the statistics of one block of gallery rows."""
    g, m = len(rows), len(bank)
    rows = np.ascontiguousarray(rows, bank.dtype)
    count = np.full(g, m, np.int64)
    peak = np.full(g, -np.inf)
    sums = np.zeros((g, len(needs.betas)))
    top = np.full((g, needs.k), -np.inf, bank.dtype)
    best = np.full(m if needs.gate else 0, -np.inf)
    best_item = np.full(len(best), -1, np.int64)
    mine = np.zeros(0, np.int64) if own is None else np.flatnonzero((own >= start) & (own < start + g))
    place = mine if own is None else own[mine] - start
    np.subtract.at(count, place, 1)
    space = np.empty((2, g, min(m, bank_rows)), bank.dtype)
    for at in range(0, m, bank_rows):
        part = bank[at : at + bank_rows]
        b = len(part)
        # Transposed views of a shorter last block would cost a copy: the buffers are cut anew instead.
        x, scratch = (space[i].reshape(-1)[: g * b].reshape(g, b) for i in (0, 1))
        np.matmul(rows, part.T, out=x)
        inside = (mine >= at) & (mine < at + b)
        x[place[inside], mine[inside] - at] = -np.inf
        if needs.gate:
            best[at : at + b], best_item[at : at + b] = _column_best(x)
        if needs.k:
            top = _largest(np.concatenate([top, x], axis=1), needs.k)
        if needs.betas:
            peak = _add(x, scratch, peak, sums, needs)
    total = np.zeros(g)
    if needs.mean:
        total = rows @ bank_total
        np.subtract.at(total, place, np.einsum("ij,ij->i", rows[place], bank[mine], dtype=np.float64))
    return BankStatistics(needs, count, peak, sums, top, total, best, best_item)


def _add(
    x: Floats, scratch: Floats, peak: NDArray[np.float64], sums: NDArray[np.float64], needs: Needs
) -> NDArray[np.float64]:
    """Add a block of similarities to ``sums``, in place; overwrites ``x`` and returns the new peak."""
    new: NDArray[np.float64] = np.maximum(peak, x.max(axis=1))
    sums[:] = _scaled(sums, peak, new, needs)
    base = np.where(np.isfinite(new), new, 0.0)
    np.subtract(x, base[:, None].astype(x.dtype), out=x)
    for i, beta in enumerate(needs.betas):
        np.multiply(x, x.dtype.type(beta), out=scratch)
        np.exp(scratch, out=scratch)
        sums[:, i] += scratch.sum(axis=1)
    return new


def _scaled(
    sums: NDArray[np.float64], old: NDArray[np.float64], new: NDArray[np.float64], needs: Needs
) -> NDArray[np.float64]:
    """Return sums of exponentials relative to ``new`` instead of ``old``."""
    away = np.where(np.isfinite(old), old, 0.0) - np.where(np.isfinite(new), new, 0.0)
    factor = np.exp(np.multiply.outer(np.minimum(away, 0.0), np.asarray(needs.betas)))
    return np.where(np.isfinite(old)[:, None], sums * factor, 0.0)


def _column_best(x: Floats) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the largest value of each column and its first row; -1 where there is none."""
    best = x.max(axis=0).astype(np.float64)
    item = x.argmax(axis=0).astype(np.int64)
    return best, np.where(np.isfinite(best), item, -1)


def _better(
    best: NDArray[np.float64],
    item: NDArray[np.int64],
    other: NDArray[np.float64],
    other_item: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the better of two best items each; of equal ones the first."""
    better = other > best
    return np.where(better, other, best), np.where(better, other_item, item)


def _moved(item: NDArray[np.int64], by: int) -> NDArray[np.int64]:
    return np.where(item >= 0, item + by, -1)


def _largest(x: Floats, k: int) -> Floats:
    """Return the ``k`` largest of each row, in any order."""
    if x.shape[1] <= k:
        return x
    return np.partition(x, x.shape[1] - k, axis=1)[:, x.shape[1] - k :] if k else x[:, :0]


def check_rows(rows: Floats, what: str, *, dim: int | None = None, first: int = 0) -> None:
    """Check that every row can be compared: finite and not zero.

    Raises:
        DataError: not two-dimensional, of another length than ``dim``, or a row is not finite or zero; names it.
    """
    if rows.ndim != 2 or not np.issubdtype(rows.dtype, np.floating):
        msg = f"{what}: vectors are expected as an array of floats [n, d], not {rows.dtype} {list(rows.shape)}."
        raise DataError(msg)
    if dim is not None and rows.shape[1] != dim:
        msg = f"{what}: vectors of length {rows.shape[1]}, but the gallery has vectors of length {dim}."
        raise DataError(msg)
    squares = np.einsum("ij,ij->i", rows, rows)
    bad = ~(np.isfinite(squares) & (squares > 0))
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        fault = "is a zero vector" if squares[at] == 0 else "holds NaN or infinity"
        msg = f"{what}: row {first + at} {fault} ({int(bad.sum())} of {len(rows)} rows); leave such texts out."
        raise DataError(msg)
