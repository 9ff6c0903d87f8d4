"""Time and memory of fitting a correction: a large gallery on disk, a large bank, beside the bound of its arithmetic.

    python benchmarks/hubness_scale.py [--items 1000000] [--bank 10000] [--dim 384] [--threads 1] [--methods is]

The vectors are random; the gallery is a memory map. The bound is the matrix products alone, of the same shapes, in the
same run: nothing that compares every item with every bank row can be faster. Times are CPU seconds of all threads;
wall time is printed beside them.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # threads work on blocks of their own

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from textnorm.retrieval.banks import BANK_ROWS, GALLERY_ROWS
from textnorm.retrieval.correction import HubnessCorrector

STEP = 50_000


def unit_rows(n: int, dim: int, seed: int) -> NDArray[np.float32]:
    """Return random unit rows [n, dim]."""
    rows = np.random.default_rng(seed).standard_normal((n, dim), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def write_gallery(path: Path, n: int, dim: int) -> None:
    """Write random unit rows, never more than :data:`STEP` in memory."""
    out = np.lib.format.open_memmap(path, "w+", np.float32, (n, dim))
    for at in range(0, n, STEP):
        out[at : at + STEP] = unit_rows(min(STEP, n - at), dim, at + 1)
    out.flush()


def products(gallery: NDArray[np.float32], bank: NDArray[np.float32]) -> None:
    """Multiply as the fit does, and forget the products."""
    space = np.empty((GALLERY_ROWS, BANK_ROWS), np.float32)
    for at in range(0, len(gallery), GALLERY_ROWS):
        rows = np.ascontiguousarray(gallery[at : at + GALLERY_ROWS])
        for start in range(0, len(bank), BANK_ROWS):
            part = bank[start : start + BANK_ROWS]
            if (len(rows), len(part)) == space.shape:
                np.matmul(rows, part.T, out=space)
            else:
                rows @ part.T


def peak() -> int:
    """Return the largest memory of this process so far, in MB; mapped pages that were read count."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def own() -> int:
    """Return the memory of this process that is not mapped from a file, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) // 1024


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--bank", type=int, default=10_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--methods", default="is,dis,csls", help="names, with commas between them")
    args = parser.parse_args()
    print(f"{args.items:,} items x {args.bank:,} bank rows, {args.dim} dimensions, {args.threads} thread(s)")
    print("what                                 CPU-s    wall-s   GFLOP/CPU-s   peak MB   without the map MB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gallery.npy"
        write_gallery(path, args.items, args.dim)
        bank = unit_rows(args.bank, args.dim, 0)
        work = 2e-9 * args.items * args.bank * args.dim

        def row(name: str, start: tuple[float, float]) -> None:
            cpu, wall = time.process_time() - start[0], time.perf_counter() - start[1]
            print(f"{name:<34} {cpu:8.1f}  {wall:8.1f}  {work / cpu:12.1f}  {peak():8,}  {own():8,}", flush=True)

        gallery = np.load(path, mmap_mode="r")
        start = time.process_time(), time.perf_counter()
        products(gallery, bank)
        row("matrix products alone, 1 thread", start)
        for method in args.methods.split(","):
            start = time.process_time(), time.perf_counter()
            corrector = HubnessCorrector(method, threads=args.threads)
            corrector.fit(gallery, bank)
            row(f"fit {corrector.method}", start)
            work_all, work = work, 2e-9 * args.items * 100 * args.dim
            start = time.process_time(), time.perf_counter()
            corrector.append_bank(unit_rows(100, args.dim, 7))
            row("  append 100 bank rows", start)
            work = 2e-9 * 1000 * args.bank * args.dim
            start = time.process_time(), time.perf_counter()
            corrector.append_gallery(unit_rows(1000, args.dim, 8))
            row("  append 1,000 items", start)
            work = work_all


if __name__ == "__main__":
    main()
