"""Indexes: what the fold costs, padding, graphs and quantisers raw and folded beside usearch, scale, upgrades.

    python benchmarks/retrieval.py [fold] [padding] [ann] [scale] [upgrade] [--repeat 9] [--size 1000000] [--json FILE]

Text: Spanish HPO labels sought among English HPO names (``TEXTNORM_DATA``), by MiniLM where it is installed (vectors
are kept in the user's cache), else by a static encoder trained on the names; without the data, synthetic clusters,
which flatter every approximate index. Queries are the test part of the task, the bank is disjoint from them; inverted
softmax at beta = 20. Times are CPU-milliseconds of this process a query, in batches of 500, with one thread. What is
compared is run in turns, in an order drawn anew each round; a figure is the median over rounds, a ratio the median of
the ratios within rounds with the 95 % interval of that median (bootstrap).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import data
import numpy as np
from numpy.typing import NDArray

from textnorm import __version__
from textnorm.errors import TextnormError
from textnorm.retrieval.correction import Correction, HubnessCorrector
from textnorm.retrieval.folding import Fold
from textnorm.retrieval.index import FoldedIndex

Rows = NDArray[np.float32]
PARTS = ("fold", "padding", "ann", "scale", "upgrade")
BATCH, K, BETA = 500, 10, 20.0
#: Queries of the part 'padding'.
PADDED = 100
OUT: list[dict[str, object]] = []


@dataclass(frozen=True)
class Task:
    """Vectors of one retrieval task; ``gold`` says which gallery rows are right for each query."""

    name: str
    gallery: Rows
    bank: Rows
    queries: Rows
    gold: list[NDArray[np.int64]] | None
    texts: list[str]
    groups: list[int]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--size", type=int, default=1_000_000, help="rows of the part 'scale'")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default="", help="systems of the part 'ann' whose name begins so (HNSW16, usearch …)")
    args = parser.parse_args()
    wanted = args.parts or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    import faiss

    faiss.omp_set_num_threads(1)
    print(f"textnorm {__version__}, faiss {faiss.__version__}, one thread")
    if set(wanted) - {"scale"}:
        task = load_task()
        print(f"{task.name}: {len(task.gallery):,} × {task.gallery.shape[1]}, {len(task.queries):,} queries")
        steps = {"fold": fold_part, "padding": padding_part, "ann": ann_part, "upgrade": upgrade_part}
        for part, step in steps.items():
            if part in wanted:
                step(task, args.repeat, **({"only": args.only} if part == "ann" else {}))
    if "scale" in wanted:
        scale_part(args.size)
    if args.json:
        document = {"name": "retrieval", "rows": OUT, "version": __version__}
        args.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


# -- data ------------------------------------------------------------------------------------------------------------
def load_task() -> Task:
    """Return the task on real text, or a synthetic one."""
    from textnorm.bench import hubness_tasks

    try:
        found = hubness_tasks.load_task("hpo-es", data.data_dir())
    except TextnormError as error:
        print(f"synthetic vectors, because: {error}", file=sys.stderr)
        return synthetic()
    # One row a name: an index keeps different names.
    first: dict[str, int] = {}
    for i, text in enumerate(found.gallery):
        first.setdefault(text, i)
    keep = np.array(list(first.values()))
    texts = [found.gallery[i] for i in keep]
    position = np.full(len(found.gallery), -1)
    position[keep] = np.arange(len(keep))
    gold = [position[rows[position[rows] >= 0]] for rows in found.gold_of(found.test)]
    groups = found.concepts[keep].tolist()
    encode, name = encoder(texts, groups)
    queries = encode([found.queries[i] for i in found.test])
    return Task(f"HPO es → en, {name}", encode(texts), encode(found.bank), queries, gold, texts, groups)


def encoder(texts: list[str], groups: list[int]) -> tuple[Callable[[list[str]], Rows], str]:
    """Return MiniLM with its cache, or a static encoder trained on the names."""
    from textnorm.encoders.load import load_encoder
    from textnorm.encoders.transformer import cache_root

    try:
        return load_encoder("minilm", cache=cache_root() / "bench").encode, "MiniLM"
    except TextnormError as error:
        print(f"no MiniLM: {error}", file=sys.stderr)
    return trained(texts, groups).encode, "static encoder trained on the names"


def trained(texts: list[str], groups: list[int]):  # noqa: ANN201 - a StaticEncoder
    """Return a static encoder trained on names of concepts."""
    from textnorm.encoders.train import train_static

    by_group: dict[str, list[str]] = {}
    for text, group in zip(texts, groups, strict=True):
        by_group.setdefault(str(group), []).append(text)
    return train_static(by_group)


def clusters(rng: np.random.Generator, centres: Rows, n: int) -> Rows:
    """Return unit rows round centres."""
    rows = centres[rng.integers(0, len(centres), n)] + rng.standard_normal(
        (n, centres.shape[1]), np.float32
    ) * np.float32(1.6 / np.sqrt(centres.shape[1]))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def synthetic(n: int = 20_000, d: int = 384) -> Task:
    """Return clusters; queries are shifted, so that hubs arise."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((2000, d)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    gallery = clusters(rng, centres, n)
    shift = rng.standard_normal(d).astype(np.float32) / np.sqrt(d)
    asked = clusters(rng, centres, 3300) + shift
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    return Task("synthetic clusters", gallery, asked[1500:], asked[:1500], None, [], [])


# -- measuring -------------------------------------------------------------------------------------------------------
def rounds(work: dict[str, Callable[[], object]], repeat: int) -> dict[str, NDArray[np.float64]]:
    """Return CPU-seconds [repeat] of each piece of work; every round runs all, in random order."""
    for step in work.values():
        step()
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(repeat):
        for name in rng.permutation(list(work)):
            start = process_time()
            work[name]()
            found[name].append(process_time() - start)
    return {name: np.array(times) for name, times in found.items()}


def ratio(times: NDArray[np.float64], base: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the median ratio within rounds and its 95 % interval."""
    ratios = times / base
    rng = np.random.default_rng(0)
    medians = np.median(ratios[rng.integers(0, len(ratios), (2000, len(ratios)))], axis=1)
    lo, hi = np.quantile(medians, (0.025, 0.975))
    return float(np.median(ratios)), float(lo), float(hi)


def batched(search: Callable[[Rows], object], queries: Rows) -> Callable[[], None]:
    """Return the work of searching all queries in batches."""

    def run() -> None:
        for at in range(0, len(queries), BATCH):
            search(queries[at : at + BATCH])

    return run


def names(n: int) -> list[str]:
    """Return ids."""
    return [str(i) for i in range(n)]


def corrected(task: Task) -> Correction:
    """Return the inverted softmax of the task."""
    return HubnessCorrector("is", beta=BETA).fit(task.gallery, task.bank)


def accuracy(task: Task, found: NDArray[np.int64]) -> float:
    """Return the share of queries whose first hit is right; NaN without gold."""
    if task.gold is None:
        return float("nan")
    return float(np.mean([row[0] in gold for row, gold in zip(found, task.gold, strict=True)]))


def recall(found: NDArray[np.int64], exact: NDArray[np.int64]) -> float:
    """Return recall@k of positions against the exact ranking."""
    return float((found[:, :, None] == exact[:, None, :]).any(axis=1).mean())


def show(part: str, system: str, **figures: float | str) -> None:
    """Print one row and keep it."""
    OUT.append({"set": part, "measure": system, **figures})
    told = "  ".join(f"{k} {v}" if isinstance(v, str) else f"{k} {v:.4g}" for k, v in figures.items())
    print(f"  {system:38} {told}", flush=True)


# -- parts -----------------------------------------------------------------------------------------------------------
def fold_part(task: Task, repeat: int) -> None:
    """Time raw and folded search: faiss alone, and the whole of FoldedIndex.search."""
    import faiss

    print("\nfold: CPU-ms a query, Flat, batches of 500; ratio to the raw index")
    correction = corrected(task)
    n, d = task.gallery.shape
    work: dict[str, Callable[[], object]] = {}
    for label, multiple in (("raw", 0), ("folded, no padding", 1), ("folded, to 16", 16)):
        if multiple:
            fold = Fold.of(d, correction.bias, multiple)
            rows, asked = (
                fold.rows(task.gallery, correction.bias),
                fold.queries(task.queries, np.ones((len(task.queries), 1), bool)),
            )
        else:
            rows, asked = task.gallery, task.queries
        flat = faiss.IndexFlatIP(rows.shape[1])
        flat.add(rows)
        work[f"faiss, {label} ({rows.shape[1]})"] = batched(lambda q, flat=flat: flat.search(q, K), asked)
    raw = FoldedIndex.build(task.gallery, names(n))
    folded = FoldedIndex.build(task.gallery, names(n), correction=correction)
    for label, index, options in (
        ("raw", raw, {}),
        ("folded", folded, {}),
        ("folded, correction off", folded, {"corrected": False}),
    ):
        work[f"FoldedIndex, {label}"] = batched(
            lambda q, index=index, options=options: index.search_positions(q, K, **options), task.queries
        )
    gated = HubnessCorrector("dis", beta=BETA).fit(task.gallery, task.bank)
    index = FoldedIndex.build(task.gallery, names(n), correction=gated)
    work["FoldedIndex, folded with a gate"] = batched(lambda q, index=index: index.search_positions(q, K), task.queries)
    times = rounds(work, repeat)
    for count in (1, 8, 64, 256):
        some = task.queries[:count]
        found = rounds({"": lambda some=some: raw.search_positions(some, K)}, 5)[""]
        show("fold", f"FoldedIndex, raw, {count} at a time", cpu_ms=1000 * float(np.median(found)) / count)
    for name, found in times.items():
        base = next(times[other] for other in times if other.split(",")[0] == name.split(",")[0])
        middle, lo, hi = ratio(found, base)
        milliseconds = 1000 * float(np.median(found)) / len(task.queries)
        show("fold", name, cpu_ms=milliseconds, ratio=middle, interval=f"[{lo:.3f}, {hi:.3f}]")
    for label, index in (("raw", raw), ("folded", folded)):
        show("fold", f"R@1, {label}", r1=accuracy(task, index.search_positions(task.queries, K).positions))


def padding_part(task: Task, repeat: int) -> None:
    """Time scalar quantisers on widths that are and are not a multiple of 16."""
    print("\npadding: CPU-ms a query, faiss, by width of a row")
    d = task.gallery.shape[1]
    work: dict[str, Callable[[], object]] = {}
    import faiss

    for factory in ("Flat", "SQ8", "SQfp16", "HNSW16"):
        for extra in (0, 1, 16):
            rows, asked = (
                np.concatenate([part, np.zeros((len(part), extra), np.float32)], axis=1)
                for part in (task.gallery, task.queries[:PADDED])
            )
            index = faiss.index_factory(d + extra, factory, faiss.METRIC_INNER_PRODUCT)
            index.train(rows)
            index.add(rows)
            work[f"{factory}, {d + extra}"] = batched(lambda q, index=index: index.search(q, K), asked)
    for name, found in rounds(work, max(3, repeat // 3)).items():
        show("padding", name, cpu_ms=1000 * float(np.median(found)) / PADDED)


def ann_part(task: Task, repeat: int, only: str = "") -> None:
    """Recall@10 of the corrected (and the raw) exact ranking against time."""
    print("\nann: recall@10 against the exact ranking of the same kind; R@1 of the task; CPU-ms a query in batches")
    n = len(task.gallery)
    repeat = max(3, repeat // 3)
    for kind, correction in (("raw", None), ("folded", corrected(task))):
        exact = FoldedIndex.build(task.gallery, names(n), correction=correction)
        best = exact.search_positions(task.queries, K).positions
        seconds = rounds({"": batched(lambda q, exact=exact: exact.search_positions(q, K), task.queries)}, repeat)[""]
        show("ann", f"{kind}: Flat", cpu_ms=per_query(seconds, task), recall=1.0, r1=accuracy(task, best))
        for factory, name, values in (
            ("HNSW16", "efSearch", (32, 64, 128, 256)),
            ("HNSW32", "efSearch", (32, 64, 128)),
            ("IVF256,Flat", "nprobe", (8, 32)),
            ("IVF256,PQ50x4fs,RFlat", "nprobe", (8, 32)),
        ):
            if not factory.startswith(only):
                continue
            start = process_time()
            try:
                # Fifty codes need a width that fifty divides.
                multiple = 400 if "PQ" in factory else None
                index = FoldedIndex.build(
                    task.gallery, names(n), correction=correction, factory=factory, multiple=multiple
                )
            except TextnormError as error:
                print(f"  {factory}: {error}")
                continue
            build = process_time() - start
            for value in values:
                index.set_parameters(f"{name}={value}")
                found = index.search_positions(task.queries, K).positions
                work = batched(lambda q, index=index: index.search_positions(q, K), task.queries)
                seconds = rounds({"": work}, repeat)[""]
                show(
                    "ann",
                    f"{kind}: {factory} {name}={value}",
                    cpu_ms=per_query(seconds, task),
                    recall=recall(found, best),
                    r1=accuracy(task, found),
                    build_cpu_s=build,
                )
        if "usearch".startswith(only):
            usearch_rows(task, kind, correction, best, repeat)


def per_query(seconds: NDArray[np.float64], task: Task) -> float:
    """Return CPU-milliseconds a query, the median over rounds."""
    return 1000 * float(np.median(seconds)) / len(task.queries)


def usearch_rows(task: Task, kind: str, correction: Correction | None, best: NDArray[np.int64], repeat: int) -> None:
    """The same rows in usearch, which knows inner products but no fold."""
    try:
        from usearch.index import Index
    except ImportError:
        print("  usearch is not installed")
        return
    bias = np.zeros((len(task.gallery), 0), np.float32) if correction is None else correction.bias
    fold = Fold.of(task.gallery.shape[1], bias, 16)
    rows = fold.rows(task.gallery, bias)
    asked = fold.queries(task.queries, np.ones((len(task.queries), bias.shape[1]), bool))
    start = process_time()
    index = Index(ndim=rows.shape[1], metric="ip", dtype="f32", connectivity=16, expansion_add=64)
    index.add(np.arange(len(rows)), rows, threads=1)
    build = process_time() - start
    for value in (32, 64, 128, 256):
        index.expansion_search = value
        found = index.search(asked, K, threads=1).keys.astype(np.int64)
        seconds = rounds({"": batched(lambda q: index.search(q, K, threads=1), asked)}, repeat)[""]
        show(
            "ann",
            f"{kind}: usearch M16 ef={value}",
            cpu_ms=per_query(seconds, task),
            recall=recall(found, best),
            r1=accuracy(task, found),
            build_cpu_s=build,
        )


OPEN = """
import resource, sys, time
from textnorm.retrieval.index import FoldedIndex
import numpy as np, pyarrow, faiss
def rss():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024
before, start = rss(), time.process_time()
index = FoldedIndex.load(sys.argv[1])
print(time.process_time() - start, rss() - before)
"""


def scale_part(size: int, d: int = 384) -> None:
    """Build, save, open and search a large synthetic index that is never in memory as a whole."""
    print(f"\nscale: {size:,} × {d}, synthetic clusters")
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((2000, d)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    with tempfile.TemporaryDirectory() as place:
        rows = np.lib.format.open_memmap(Path(place) / "rows.npy", "w+", np.float32, (size, d))
        for at in range(0, size, 20_000):
            rows[at : at + 20_000] = clusters(rng, centres, min(20_000, size - at))
        rows.flush()
        mapped = np.load(Path(place) / "rows.npy", mmap_mode="r")
        del rows
        start = process_time()
        index = FoldedIndex.build(mapped, names(size))
        index.save(Path(place) / "index")
        show("scale", "build and save, raw", cpu_s=process_time() - start)
        del index
        done = subprocess.run(
            [sys.executable, "-c", OPEN, str(Path(place) / "index")], capture_output=True, text=True, check=True
        )
        seconds, grown = map(float, done.stdout.split())
        show("scale", "open", cpu_s=seconds, memory_mb=grown)
        index = FoldedIndex.load(Path(place) / "index")
        for count in (1, 500):
            queries = clusters(rng, centres, count)
            start = process_time()
            index.search_positions(queries, K)
            seconds = process_time() - start
            share = 2e-9 * count * size * d / seconds
            show("scale", f"Flat, {count} at a time", cpu_ms=1000 * seconds / count, gflop_s=share)
        index.add(clusters(rng, centres, 1000), [f"new{i}" for i in range(1000)])
        start = process_time()
        index.save(Path(place) / "index")
        show("scale", "save after adding 1,000", cpu_s=process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    show("scale", "peak memory, mapped pages included", memory_mb=peak)


def upgrade_part(task: Task, repeat: int) -> None:
    """What a map keeps between encoders that have nothing in common, by pairs and side."""
    from textnorm.encoders.static import StaticEncoder
    from textnorm.retrieval.upgrade import fit_upgrade

    print("\nupgrade: names held back; overlap@10 with the new neighbours, recall@10 of another name of the concept")
    if not task.texts:
        print("  needs the data; left out")
        return
    order = np.random.default_rng(1).permutation(max(task.groups) + 1)
    places = np.argsort(order[np.array(task.groups)], kind="stable")[:6000]
    texts, groups = [task.texts[i] for i in places], [task.groups[i] for i in places]
    rest = np.argsort(order[np.array(task.groups)], kind="stable")[6000:]
    static = trained([task.texts[i] for i in rest], [task.groups[i] for i in rest])
    spaces = {
        "untrained": StaticEncoder.untrained(dim=384).encode(texts),
        "trained": static.encode(texts),
        task.name.rpartition(", ")[2]: task.gallery[places],
    }
    new = list(spaces)[-1]
    for old, to in (("untrained", "trained"), ("untrained", new), ("trained", new), (new, "trained")):
        for side in ("stored", "queries"):
            for pairs in (300, 1000, 3000) if (old, side) == ("trained", "stored") else (1000,):
                found = fit_upgrade(spaces[old], spaces[to], side=side, groups=groups, pairs=pairs)
                overlap, hits = found.kept
                show(
                    "upgrade",
                    f"{old} → {to}, {side}, {pairs} pairs",
                    overlap=overlap.mapped,
                    recall_old=hits.old,
                    recall=hits.mapped,
                    interval=f"[{hits.interval[0]:.3f}, {hits.interval[1]:.3f}]",
                    recall_new=hits.new,
                    kept=hits.share,
                    kind=found.kind,
                )


if __name__ == "__main__":
    main()
