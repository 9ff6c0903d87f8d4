"""Another encoder for an index that is there: a linear map fitted on a sample, or all texts embedded anew.

The map is fitted on texts that both encoders have embedded. *Stored* moves the vectors of the index into the new
space, so queries need nothing but the new encoder; *queries* leaves the index as it is and moves every query back. Two
kinds of map: orthogonal (Procrustes, Schoenemann 1966), which keeps all angles, and softly orthogonal, ridge
regression drawn towards the orthogonal map rather than to zero, ``(X'X + aI)^-1 (X'Y + aR)``; the idea of a relaxed
orthogonality penalty is that of arXiv 2509.16664, the closed form is ours. Either may be refined by a few steps on the
contrastive loss of the pairs. Which kind and how soft is chosen on texts that were not fitted on; what is reported
comes from a third part.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError
from textnorm.retrieval.folding import check_vectors
from textnorm.retrieval.index import FoldedIndex
from textnorm.retrieval.maps import LinearMap
from textnorm.retrieval.storage import checksum

Rows = NDArray[np.float32]
Side = Literal["stored", "queries"]
SIDES: tuple[Side, ...] = get_args(Side)
Encode = Callable[[Sequence[str]], Rows]
#: Contrastive refinement: pairs a step, what cosines are multiplied by, learning rate.
BATCH, SCALE, RATE = 1000, 20.0, 3e-3
#: Share of the pairs that may be fitted on which only choose the map.
CHOOSE = 0.25
LEAST = 20
#: Texts embedded between two marks of progress that survive a stop.
BLOCK = 4096


@dataclass(frozen=True)
class Choice:
    """A kind of map.

    Attributes:
        softness: in units of the mean eigenvalue of ``X'X``; ``None`` is orthogonal.
        centred: whether means are taken off.
        steps: of contrastive refinement.
    """

    softness: float | None
    centred: bool = False
    steps: int = 0

    @property
    def words(self) -> str:
        """The kind in words."""
        kind = "orthogonal" if self.softness is None else f"softly orthogonal ({self.softness:g})"
        return (
            kind + (", centred" if self.centred else "") + (f", {self.steps} contrastive steps" if self.steps else "")
        )


#: Kinds of map that an upgrade chooses from.
CHOICES = (
    *(Choice(softness, centred) for centred in (False, True) for softness in (None, 10, 3, 1, 0.3, 0.1, 0.03, 0.01)),
    *(Choice(softness, False, steps) for softness in (None, 1.0) for steps in (10, 20, 40)),
)


@dataclass(frozen=True)
class Kept:
    """What a search finds with a map, measured on texts that neither fit nor choice saw.

    Attributes:
        measure: ``recall@k`` of another name of the same group, or ``overlap@k`` with the neighbours of the new
            encoder.
        old: old queries in the old index.
        mapped: as it is after the upgrade.
        new: new queries among texts embedded anew.
        n: queries.
        interval: 95 % interval of ``mapped`` (bootstrap over queries).
    """

    measure: str
    old: float
    mapped: float
    new: float
    n: int
    interval: tuple[float, float]

    @property
    def share(self) -> float:
        """``mapped`` by ``new``; NaN where the new encoder finds nothing."""
        return self.mapped / self.new if self.new else float("nan")


@dataclass(frozen=True)
class Upgrade:
    """A map and what it keeps.

    Attributes:
        map: of the old space to the new one (stored) or back (queries).
        side: what it is applied to.
        kind: in words, with its softness.
        pairs: texts that it was fitted on.
        kept: figures on held-back texts.
    """

    map: LinearMap
    side: Side
    kind: str
    pairs: int
    kept: list[Kept] = field(default_factory=list)


def orthogonal_map(x: Rows, y: Rows, *, centred: bool = False) -> LinearMap:
    """Return the orthogonal map of rows ``x`` [n, d_in] that comes nearest to ``y`` [n, d_out] in squares.

    Where the lengths differ it is orthogonal on the smaller space.
    """
    return soft_map(x, y, None, centred=centred)


def soft_map(x: Rows, y: Rows, softness: float | None, *, centred: bool = False) -> LinearMap:
    """Return the softly orthogonal map of ``x`` to ``y``.

    Args:
        x: [n, d_in] unit rows.
        y: [n, d_out] unit rows of the same texts.
        softness: pull towards the orthogonal map in units of the mean eigenvalue of ``X'X``: a large one is nearly
            orthogonal, a small one nearly free; ``None`` is orthogonal.
        centred: take the means off first and put that of ``y`` on again.

    Raises:
        DataError: the numbers of rows differ, or there are none.
    """
    if len(x) != len(y) or not len(x):
        msg = f"A map is fitted on pairs: {len(x)} vectors of one encoder, {len(y)} of the other."
        raise DataError(msg)
    a, b = x.astype(np.float64), y.astype(np.float64)
    mean_a, mean_b = np.zeros(a.shape[1]), np.zeros(b.shape[1])
    if centred:
        mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
        a, b = a - mean_a, b - mean_b
    cross = a.T @ b
    left, _, right = np.linalg.svd(cross, full_matrices=False)
    matrix = left @ right
    if softness is not None:
        square = a.T @ a
        pull = softness * max(np.trace(square) / len(square), 1e-12)
        matrix = np.linalg.solve(square + pull * np.eye(len(square)), cross + pull * matrix)
    return LinearMap(matrix.astype(np.float32), (mean_b - mean_a @ matrix).astype(np.float32))


def refined_map(
    x: Rows, y: Rows, start: LinearMap, steps: int, *, labels: NDArray[np.int64] | None = None, seed: int = 0
) -> LinearMap:
    """Return ``start`` after some steps of Adam on the contrastive loss of pairs, both ways (InfoNCE, arXiv
    1807.03748).

    Squares ask every coordinate to be right; this asks that a text be nearer to itself than to others. Few steps: with
    many the map learns the pairs by heart.

    Args:
        x: [n, d_in] unit rows.
        y: [n, d_out] unit rows of the same texts.
        start: map whose matrix is refined; the offset stays.
        steps: of at most :data:`BATCH` pairs each.
        labels: [n] groups; texts of one group are no negatives for each other.
        seed: of the batches.
    """
    rng = np.random.default_rng(seed)
    matrix = start.matrix.astype(np.float32)
    mean, square = np.zeros_like(matrix), np.zeros_like(matrix)
    for step in range(1, steps + 1):
        part = rng.permutation(len(x))[:BATCH]
        a, b = x[part], y[part]
        moved = a @ matrix + start.offset
        norms = np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
        unit = moved / norms
        score = SCALE * (unit @ b.T)
        if labels is not None:
            mates = labels[part][:, None] == labels[part][None]
            np.fill_diagonal(mates, False)
            score[mates] = -np.inf
        rows = np.exp(score - score.max(axis=1, keepdims=True))
        columns = np.exp(score - score.max(axis=0))
        slope = rows / (2 * rows.sum(axis=1, keepdims=True)) + columns / (2 * columns.sum(axis=0))
        slope[np.arange(len(part)), np.arange(len(part))] -= 1
        back = SCALE * (slope @ b) / len(part)
        grown = a.T @ ((back - (back * unit).sum(axis=1, keepdims=True) * unit) / norms)
        mean = 0.9 * mean + 0.1 * grown
        square = 0.999 * square + 0.001 * grown**2
        matrix = matrix - RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return LinearMap(matrix.astype(np.float32), start.offset)


def fit_upgrade(
    old: Rows,
    new: Rows,
    *,
    side: Side = "stored",
    groups: Sequence[Hashable] | None = None,
    pairs: int = 1000,
    k: int = 10,
    seed: int = 0,
) -> Upgrade:
    """Fit a map on some of the texts, choose its kind on others, and measure it on the rest.

    Args:
        old: [n, d_old] unit rows of the texts by the old encoder.
        new: [n, d_new] unit rows of the same texts by the new one.
        side: what the map is for.
        groups: one a text; texts of one group (names of one concept) find each other and stay in one part.
        pairs: texts to fit and choose on, at most half of all.
        k: neighbours.
        seed: of the parts.

    Raises:
        DataError: too few texts, or rows that do not agree.
    """
    a, b = check_vectors(old, "The old vectors"), check_vectors(new, "The new vectors")
    if len(a) != len(b):
        msg = f"{len(a)} vectors of the old encoder, {len(b)} of the new one: the same texts are needed."
        raise DataError(msg)
    if len(a) < 2 * LEAST:
        msg = f"An upgrade needs {2 * LEAST} texts at least to fit and test on, not {len(a)}; embed all texts anew."
        raise DataError(msg)
    labels = np.unique([str(g) for g in groups], return_inverse=True)[1] if groups is not None else np.arange(len(a))
    order = _by_group(labels, np.random.default_rng(seed))
    cut = _end_of_group(labels, order, min(pairs, len(a) // 2))
    inner = _end_of_group(labels, order, round(cut * (1 - CHOOSE)))
    fitting, choosing, testing = order[:inner], order[inner:cut], order[cut:]
    best, value = CHOICES[0], -1.0
    for choice in CHOICES:
        found = _fit(a, b, labels, fitting, side, choice, seed)
        got = _measures(a[choosing], b[choosing], labels[choosing], found, side, k)[-1].mapped
        if got > value + 1e-12:
            best, value = choice, got
    final = _fit(a, b, labels, order[:cut], side, best, seed)
    kept = _measures(a[testing], b[testing], labels[testing], final, side, k, seed=seed)
    return Upgrade(final, side, best.words, cut, kept)


def _fit(
    a: Rows, b: Rows, labels: NDArray[np.int64], part: NDArray[np.int64], side: Side, choice: Choice, seed: int
) -> LinearMap:
    x, y = (a[part], b[part]) if side == "stored" else (b[part], a[part])
    found = soft_map(x, y, choice.softness, centred=choice.centred)
    return refined_map(x, y, found, choice.steps, labels=labels[part], seed=seed) if choice.steps else found


def _by_group(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return all places in random order of the groups, each group together."""
    rank = rng.permutation(int(labels.max()) + 1)
    return np.argsort(rank[labels], kind="stable")


def _end_of_group(labels: NDArray[np.int64], order: NDArray[np.int64], at: int) -> int:
    """Return the first place not before ``at`` where a group ends, but always leave some behind it."""
    found = at
    while found < len(order) and labels[order[found]] == labels[order[found - 1]]:
        found += 1
    return found if found < len(order) else at


def _measures(
    old: Rows, new: Rows, labels: NDArray[np.int64], found: LinearMap, side: Side, k: int, seed: int | None = None
) -> list[Kept]:
    """Return the overlap with the new neighbours and, last, where there are enough, the recall of one's own group."""
    k = min(k, len(old) - 1)
    spaces = {
        "old": (old, old),
        "new": (new, new),
        "mapped": (new, found(old)) if side == "stored" else (found(new), old),
    }
    near = {name: _neighbours(queries, gallery, k) for name, (queries, gallery) in spaces.items()}
    truth = near["new"]
    overlap = {name: (got[:, :, None] == truth[:, None, :]).any(axis=2).mean(axis=1) for name, got in near.items()}
    out = [_kept(f"overlap@{k}", overlap, seed)]
    mated = np.bincount(labels)[labels] > 1
    if mated.sum() >= LEAST:
        hits = {
            name: (labels[got] == labels[:, None]).any(axis=1)[mated].astype(np.float64) for name, got in near.items()
        }
        out.append(_kept(f"recall@{k}", hits, seed))
    return out


def _kept(measure: str, values: dict[str, NDArray[np.float64]], seed: int | None) -> Kept:
    mapped = values["mapped"]
    interval = (float("nan"), float("nan"))
    if seed is not None:
        drawn = np.random.default_rng(seed).integers(0, len(mapped), (1000, len(mapped)))
        lo, hi = np.quantile(mapped[drawn].mean(axis=1), (0.025, 0.975))
        interval = float(lo), float(hi)
    means = {name: float(value.mean()) for name, value in values.items()}
    return Kept(measure, means["old"], means["mapped"], means["new"], len(mapped), interval)


def _neighbours(queries: Rows, gallery: Rows, k: int) -> NDArray[np.int64]:
    """Return the ``k`` nearest rows of the gallery but the query's own."""
    score = queries @ gallery.T
    np.fill_diagonal(score, -np.inf)
    return np.argsort(-score, axis=1, kind="stable")[:, :k]


def apply_upgrade(index: FoldedIndex, upgrade: Upgrade, identity: str, *, threads: int = 1) -> FoldedIndex:
    """Return the index for queries of the new encoder.

    Moved vectors lose the hubness correction, which was fitted in the old space. Moved queries keep it.

    Args:
        index: of the old encoder.
        upgrade: what :func:`fit_upgrade` gave.
        identity: of the new encoder.
        threads: for building.
    """
    if upgrade.side == "queries":
        moved = FoldedIndex(
            index.store,
            index.names,
            factory=index.factory,
            encoder_identity=identity,
            near=index.near,
            parameters=index.parameters,
            query_map=upgrade.map,
        )
        return moved
    blocks = [upgrade.map(block) for block in index.blocks()]
    vectors = np.concatenate(blocks) if blocks else np.zeros((0, upgrade.map.matrix.shape[1]), np.float32)
    return FoldedIndex.build(
        vectors,
        index.ids,
        factory=index.factory,
        encoder_identity=identity,
        parameters=index.parameters,
        threads=threads,
    )


def reembed(
    texts: Sequence[str],
    encode: Encode,
    identity: str,
    folder: Path,
    on_block: Callable[[int, int], None] | None = None,
) -> Iterator[Rows]:
    """Yield the vectors of ``texts`` block by block; blocks that an earlier, stopped call left in ``folder`` are read.

    Args:
        texts: all texts, in order.
        encode: the encoder.
        identity: its identity; blocks of another encoder or of other texts are thrown away.
        folder: for the blocks; the caller removes it when the vectors are safe.
        on_block: called with the texts done and all texts.

    Raises:
        DataError: the encoder gives something else than one unit row a text.
    """
    mark = folder / "reembed.json"
    wanted = {"encoder": identity, "texts": checksum({"texts": list(texts)}), "block": BLOCK}
    if folder.exists() and _json(mark) != wanted:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps(wanted), encoding="utf-8")
    for number, at in enumerate(range(0, len(texts), BLOCK)):
        part = texts[at : at + BLOCK]
        path = folder / f"block-{number:06}.npy"
        rows = _block(path, len(part))
        if rows is None:
            rows = check_vectors(encode(part), "The new encoder")
            if len(rows) != len(part):
                msg = f"The new encoder gave {len(rows)} vectors for {len(part)} texts."
                raise DataError(msg)
            temporary = path.with_suffix(".tmp")
            with temporary.open("wb") as stream:
                np.save(stream, rows, allow_pickle=False)
            temporary.replace(path)
        if on_block is not None:
            on_block(at + len(part), len(texts))
        yield rows


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _block(path: Path, n: int) -> Rows | None:
    """Return a block that is whole; ``None`` where it must be made."""
    try:
        rows: Rows = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return rows if rows.ndim == 2 and len(rows) == n and rows.dtype == np.float32 else None
