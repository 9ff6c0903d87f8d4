"""Depth of texts in a corpus, exactly, in O(n d); drift between two corpora.

Depth of y in corpus F: ``D_F(y) = 2 - mean over x in F of (1 - <x, y>)``, the mean cosine distance turned round
(Seegmiller and Preum, EMNLP 2023, arXiv 2310.15010). With unit rows that is ``1 + <y, mean(F)>``, so one mean and one
product give the depths of all texts. A text of F itself is left out of the mean: ``1 + (n <y, mean> - 1) / (n - 1)``.

Drift of G from F: ``Q(F, G)`` is the chance that a text drawn from G is deeper in F than one drawn from F, ties half
(the quality index of Liu and Singh 1993; the area under the curve of depth). 0.5: no difference; below: G lies farther
out. Depth is blind to a shift that keeps the angle to the mean of F, so the distance of the two means is looked at,
too: ``|mean(F) - mean(G)|^2``, which is twice the mean depth that is lost by going from one's own corpus to the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError
from textnorm.retrieval.folding import check_vectors

Rows = NDArray[np.float32]
Depths = NDArray[np.float64]
Z95 = 1.959963984540054
#: Numbers that one block of permutations may hold.
_BLOCK = 1 << 23


@dataclass(frozen=True)
class Centre:
    """Mean of the unit rows of a corpus.

    Attributes:
        mean: [d] float64.
        n: number of rows.
    """

    mean: NDArray[np.float64]
    n: int

    @classmethod
    def of(cls, blocks: Iterable[Rows], what: str = "The corpus") -> Centre:
        """Return the centre of rows that come in blocks [m, d].

        Raises:
            DataError: no rows, rows of different lengths, or no unit rows.
        """
        total: NDArray[np.float64] | None = None
        n = 0
        for block in blocks:
            rows = check_vectors(block, what, dim=None if total is None else len(total))
            part = rows.sum(axis=0, dtype=np.float64)
            total = part if total is None else total + part
            n += len(rows)
        if total is None or not n:
            msg = f"{what} has no texts; depth is a mean over texts."
            raise DataError(msg)
        return cls(total / n, n)

    def depths(self, rows: Rows, *, members: bool) -> Depths:
        """Return the depth [m] of each row: between 0 and 2, the larger the more typical.

        Args:
            rows: [m, d] unit rows.
            members: whether they are rows of this very corpus, each of which is left out of its own mean.

        Raises:
            DataError: rows of another length, or members of a corpus of one text.
        """
        found = check_vectors(rows, "The texts", dim=len(self.mean))
        if members and self.n < 2:
            msg = "The corpus has one text; a text needs others to be typical or outlying among."
            raise DataError(msg)
        cosine: Depths = found.astype(np.float64) @ self.mean
        if not members:
            return 1 + cosine
        own: Depths = np.einsum("ij,ij->i", found, found, dtype=np.float64)  # 1, but for the rounding of float32
        return 1 + (self.n * cosine - own) / (self.n - 1)


@dataclass(frozen=True)
class Drift:
    """What two corpora differ in.

    Attributes:
        quality: ``Q(F, G)``.
        interval: 95 % interval of it for the depth of F as it is (DeLong, DeLong and Clarke-Pearson 1988).
        p_depth: two-sided p-value of ``|Q - 0.5|``.
        shift: ``|mean(F) - mean(G)|^2``.
        p_shift: p-value of it, large shifts being extreme.
        p: of both together: twice the smaller one, at most 1 (Bonferroni).
        n: texts of F and G that the test took.
        permutations: how many.
    """

    quality: float
    interval: tuple[float, float]
    p_depth: float
    shift: float
    p_shift: float
    p: float
    n: tuple[int, int]
    permutations: int


def drift(f: Rows, g: Rows, *, permutations: int = 999, seed: int = 0) -> Drift:
    """Test whether ``g`` is drawn as ``f`` is, by permuting which row belongs to which.

    Every permutation computes centres, depths and both figures anew, so the test is exact whatever the distribution: p
        is
    ``(1 + permutations at least as extreme) / (1 + permutations)`` (Phipson and Smyth 2010). Time O(permutations (n d
    + n log n)).

    Args:
        f: [n, d] unit rows, the corpus of reference.
        g: [m, d] unit rows.
        permutations: number of permutations.
        seed: of the permutations.

    Raises:
        DataError: fewer than two rows on a side, rows of different lengths, or no unit rows.
    """
    first = check_vectors(f, "The first corpus")
    second = check_vectors(g, "The second corpus", dim=first.shape[1])
    if len(first) < 2 or len(second) < 2:
        msg = f"A drift test needs two texts on each side, not {len(first)} and {len(second)}."
        raise DataError(msg)
    rows = np.concatenate([first, second])
    n, total = len(first), len(rows)
    whole = rows.sum(axis=0, dtype=np.float64)
    inside = np.zeros((1, total), np.bool_)
    inside[0, :n] = True
    quality, shift = (figure[0] for figure in _figures(rows, whole, inside))
    rng = np.random.default_rng(seed)
    beyond = [0, 0]
    done = 0
    while done < permutations:
        count = min(permutations - done, max(1, _BLOCK // total))
        inside = np.zeros((count, total), np.bool_)
        for line in inside:
            line[rng.choice(total, n, replace=False)] = True
        others, shifts = _figures(rows, whole, inside)
        # Equal figures must count as equal, whatever the order of additions was.
        beyond[0] += int((np.abs(others - 0.5) >= abs(quality - 0.5) - 1e-12).sum())
        beyond[1] += int((shifts >= shift - 1e-12).sum())
        done += count
    p_depth, p_shift = ((1 + hits) / (1 + permutations) for hits in beyond)
    centre = Centre.of([first])
    interval = _interval(centre.depths(first, members=True), centre.depths(second, members=False), float(quality))
    p = min(1.0, 2 * min(p_depth, p_shift))
    return Drift(float(quality), interval, p_depth, float(shift), p_shift, p, (n, total - n), permutations)


def _figures(rows: Rows, whole: NDArray[np.float64], inside: NDArray[np.bool_]) -> tuple[Depths, Depths]:
    """Return ``Q`` and the shift for each line of ``inside`` [count, total], which says which rows are of F."""
    n, total = int(inside[0].sum()), len(rows)
    sums = inside.astype(np.float32) @ rows if len(inside) > 1 else None
    exact = rows[inside[0]].sum(axis=0, dtype=np.float64)[None] if sums is None else sums.astype(np.float64)
    gap = exact / n - (whole - exact) / (total - n)
    shift = np.einsum("ij,ij->i", gap, gap)
    cosine = rows @ exact.astype(np.float32).T / n  # [total, count]
    own = np.einsum("ij,ij->i", rows, rows)[:, None]
    depth = np.where(inside.T, (n * cosine - own) / (n - 1), cosine)
    return np.array([_quality(depth[row, i], depth[~row, i]) for i, row in enumerate(inside)]), shift


def _quality(f: NDArray[np.floating], g: NDArray[np.floating]) -> float:
    """Return the share of pairs in which g is deeper, ties half, in O(n log n)."""
    return float(_beaten(np.sort(f), np.sort(g)).mean())


def _beaten(held: NDArray[np.floating], values: NDArray[np.floating]) -> Depths:
    """Return which share of ``held`` (sorted) each value beats, ties half."""
    return (np.searchsorted(held, values, "left") + np.searchsorted(held, values, "right")) / (2 * len(held))


def _interval(f: Depths, g: Depths, quality: float) -> tuple[float, float]:
    above, below = _beaten(np.sort(f), g), _beaten(np.sort(g), f)
    half = Z95 * math.sqrt(above.var(ddof=1) / len(g) + below.var(ddof=1) / len(f))
    return max(0.0, quality - half), min(1.0, quality + half)


def occurrences(rows: Rows, k: int = 10) -> NDArray[np.int64]:
    """Return how often each row is among the ``k`` nearest of the others (k-occurrence), in O(n^2 d): for samples.

    Args:
        rows: [n, d] unit rows.
        k: neighbours; at most ``n - 1`` are taken.

    Raises:
        DataError: no unit rows.
    """
    found = check_vectors(rows, "The texts")
    n = len(found)
    k = min(k, n - 1)
    if k < 1:
        return np.zeros(n, np.int64)
    counts = np.zeros(n, np.int64)
    step = max(1, _BLOCK // n)
    for at in range(0, n, step):
        score = found[at : at + step] @ found.T
        score[np.arange(len(score)), np.arange(at, at + len(score))] = -np.inf
        counts += np.bincount(np.argpartition(-score, k - 1, axis=1)[:, :k].ravel(), minlength=n)
    return counts
