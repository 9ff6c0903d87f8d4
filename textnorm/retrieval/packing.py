"""How an index lies in a folder: row segments, ids, correction, the approximate part.

Segments are files of their own, so that adding a few items writes a few rows. They are joined as they grow (each at
least twice the one behind it), and all rows are packed when a tenth of them is of removed items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError
from textnorm.retrieval import ann
from textnorm.retrieval.changing import Writer
from textnorm.retrieval.folding import Fold
from textnorm.retrieval.maps import LinearMap
from textnorm.retrieval.rows import Folded, FoldedRows, Rows, Segment
from textnorm.retrieval.storage import Part, Reader

if TYPE_CHECKING:
    from textnorm.retrieval.index import FoldedIndex

#: Rows of removed items may be this share before a save packs the others; below it they are only marked.
DEAD_SHARE = 0.1
#: Rows behind the approximate part are searched in full; where they are more than both of these, a save builds it anew.
TAIL_SHARE, TAIL_ROWS = 0.1, 10_000


def write(index: FoldedIndex, writer: Writer, prefix: str) -> None:
    """Add an index to a change of a folder; files that it was read from are kept, not written again."""
    store = index.store
    if store.total - store.count > DEAD_SHARE * store.total:
        _pack(index)
    elif index.near is not None and store.total - index.near.count > max(TAIL_ROWS, TAIL_SHARE * store.total):
        index.build_near()
    for i, segment in enumerate(_joined(store.segments)):
        _put(writer, f"{prefix}rows-{i}.npy", segment)
    _put_ids(index, writer, f"{prefix}ids.arrow")
    if not store.alive.all():
        writer.array(f"{prefix}alive.npy", store.alive)
    if store.folded is not None:
        writer.array(f"{prefix}bias.npy", store.folded.bias)
        if store.folded.gate is not None:
            writer.array(f"{prefix}gate.npy", store.folded.gate)
    if index.near is not None:
        near = index.near
        if not _keep(writer, f"{prefix}near.faiss", near.part):
            writer.file(f"{prefix}near.faiss", near.write)
            near.part = writer.parts[f"{prefix}near.faiss"]
    if index.query_map is not None:
        writer.array(f"{prefix}map-matrix.npy", index.query_map.matrix)
        writer.array(f"{prefix}map-offset.npy", index.query_map.offset)
    writer.meta[_key(prefix)] = _meta(index)


def _key(prefix: str) -> str:
    """Return under which name the manifest describes the index."""
    return prefix.rstrip("/") or "index"


def _meta(index: FoldedIndex) -> dict[str, Any]:
    store, folded = index.store, index.store.folded
    correction = None
    if folded is not None:
        correction = {"method": folded.method, "params": folded.params, "banks": folded.banks}
    return {
        "dim": index.dim,
        "width": index.width,
        "mean": list(store.fold.mean),
        "count": store.count,
        "removed": store.total - store.count,
        "factory": index.factory,
        "parameters": index.parameters,
        "encoder": index.encoder_identity,
        "correction": correction,
        "gated": folded is not None and folded.gate is not None,
        "query_map": index.query_map is not None,
    }


def read(kind: type[FoldedIndex], reader: Reader, prefix: str, *, mmap: bool) -> FoldedIndex:
    """Return the index of a folder.

    Raises:
        DataError: the parts do not fit each other.
    """
    facts = reader.meta.get(_key(prefix))
    if facts is None:
        msg = f"{reader.folder}: this index has no vectors (it was built with --encoder none)."
        raise DataError(msg)
    try:
        return _read(kind, reader, prefix, facts, mmap)
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"{reader.folder}: the manifest does not describe the vectors: {error}. Build the index again."
        raise DataError(msg) from error


def _read(kind: type[FoldedIndex], reader: Reader, prefix: str, facts: dict[str, Any], mmap: bool) -> FoldedIndex:
    fold = Fold(facts["dim"], tuple(facts["mean"]), facts["width"])
    segments: list[Segment] = []
    while (name := f"{prefix}rows-{len(segments)}.npy") in reader.parts:
        rows = reader.array(name, mmap=mmap)
        _fit(reader, name, rows, (None, fold.width), np.float32)
        # A plain view: faiss and numpy treat it faster than the subclass for memory maps.
        segments.append(Segment(rows.view(np.ndarray), reader.parts[name]))
    total = sum(len(segment.rows) for segment in segments)
    ids = reader.table(f"{prefix}ids.arrow").column("id")
    alive = np.ones(total, np.bool_)
    if f"{prefix}alive.npy" in reader.parts:
        alive = _get(reader, f"{prefix}alive.npy", (total,), np.bool_)
    if len(ids) != total or np.count_nonzero(alive) != facts["count"] or ids.null_count:
        msg = f"{reader.folder}: {total} rows, {len(ids)} ids, {facts['count']} items: the index is damaged."
        raise DataError(msg)
    folded = None
    if facts["correction"] is not None:
        bias = _get(reader, f"{prefix}bias.npy", (total, fold.slots), np.float32)
        gate = _get(reader, f"{prefix}gate.npy", (total, fold.slots), np.bool_) if facts["gated"] else None
        folded = Folded(bias=bias, gate=gate, **facts["correction"])
    query_map = None
    if facts["query_map"]:
        matrix = _get(reader, f"{prefix}map-matrix.npy", (None, fold.dim), np.float32)
        query_map = LinearMap(matrix, _get(reader, f"{prefix}map-offset.npy", (fold.dim,), np.float32))
    near = None
    if f"{prefix}near.faiss" in reader.parts:
        near = ann.Approximate.read(reader.path(f"{prefix}near.faiss"), facts["factory"], mmap=mmap)
        near.part = reader.parts[f"{prefix}near.faiss"]
        if near.count > total:
            msg = f"{reader.folder}: the approximate part covers {near.count} rows of {total}: the index is damaged."
            raise DataError(msg)
    return kind(
        FoldedRows(fold, alive, segments, folded),
        ids,
        factory=facts["factory"],
        encoder_identity=facts["encoder"],
        near=near,
        parameters=facts["parameters"],
        query_map=query_map,
    )


def _get(reader: Reader, name: str, shape: tuple[int | None, ...], kind: type) -> NDArray[Any]:
    """Return a small array, read into memory."""
    found = reader.array(name, mmap=False)
    _fit(reader, name, found, shape, kind)
    return found


def _fit(reader: Reader, name: str, found: NDArray[Any], shape: tuple[int | None, ...], kind: type) -> None:
    fits = len(shape) == found.ndim and all(w in (None, g) for w, g in zip(shape, found.shape, strict=True))
    if not fits or found.dtype != kind:
        msg = f"{reader.path(name)}: {found.dtype} {list(found.shape)} does not fit the manifest; the index is damaged."
        raise DataError(msg)


def _joined(segments: list[Segment]) -> list[Segment]:
    """Return the segments with small ones joined to those before them; each is then more than twice the next."""
    groups: list[list[Segment]] = []
    for segment in segments:
        groups.append([segment])
        while len(groups) > 1 and _rows(groups[-2]) <= 2 * _rows(groups[-1]):
            groups[-2].extend(groups.pop())
    return [group[0] if len(group) == 1 else Segment(np.concatenate([one.rows for one in group])) for group in groups]


def _rows(group: list[Segment]) -> int:
    return sum(len(segment.rows) for segment in group)


def _put(writer: Writer, name: str, segment: Segment) -> None:
    if not _keep(writer, name, segment.part):
        writer.array(name, segment.rows)


def _keep(writer: Writer, name: str, part: Part | None) -> bool:
    """Take over a file that the present manifest of this very folder has; return whether it does."""
    if part is None or writer.old is None or part not in writer.old.parts.values():
        return False
    writer.parts[name] = part
    return True


def _put_ids(index: FoldedIndex, writer: Writer, name: str) -> None:
    import pyarrow as pa

    writer.table(name, pa.table({"id": index.names}))


def _pack(index: FoldedIndex) -> None:
    """Drop the rows of removed items; the order of the others stays."""
    import pyarrow as pa

    store = index.store
    keep = store.alive
    at, kept = 0, []
    for segment in store.segments:
        here = keep[at : at + len(segment.rows)]
        at += len(segment.rows)
        kept.append(segment.rows[here])
    rows: Rows = np.concatenate(kept)
    index.names = pa.chunked_array([index.names.filter(pa.array(keep)).combine_chunks()], pa.string())
    if store.folded is not None:
        gate = None if store.folded.gate is None else store.folded.gate[keep]
        old = store.folded
        store.folded = Folded(old.method, old.params, old.banks, old.bias[keep], gate)
    store.segments = [Segment(rows)] if len(rows) else []
    store.alive = np.ones(len(rows), np.bool_)
    index.build_near()
