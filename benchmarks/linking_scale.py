"""Building and asking an index of a million synthetic names: time, memory, size, queries per CPU second.

    python benchmarks/linking_scale.py [--names 1000000] [--encoder static|none] [--json FILE]

Names are of two to five made-up words, three names a concept; words are drawn by Zipf's law, as in real names. Each
step runs in a process of its own, so that its peak of memory is its own: reading and building; linking. Queries are
names with one letter changed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from textnorm import __version__
from textnorm.bench.report import Report, Row

SYLLABLES = [consonant + vowel for consonant in "bdgklmnprstv" for vowel in "aeio"]
WORDS, EACH, QUERIES = 60_000, 3, 2_000


def words(rng: np.random.Generator) -> list[str]:
    """Return made-up words, the frequent ones first."""
    found: dict[str, None] = {}
    while len(found) < WORDS:
        found["".join(rng.choice(SYLLABLES, int(rng.integers(2, 6))))] = None
    return list(found)


def write_names(path: Path, n: int, seed: int = 7) -> None:
    """Write a table of names."""
    rng = np.random.default_rng(seed)
    known = words(rng)
    with path.open("w", encoding="utf-8") as stream:
        stream.write("concept_id\tname\tlang\n")
        for at in range(0, n, 10_000):
            size = min(10_000, n - at)
            counts = rng.integers(2, 6, size)
            drawn = np.minimum(rng.zipf(1.15, int(counts.sum())) - 1, WORDS - 1)
            ends = np.cumsum(counts)
            for i in range(size):
                name = " ".join(known[w] for w in drawn[ends[i] - counts[i] : ends[i]])
                stream.write(f"C{(at + i) // EACH}\t{name} {at + i:x}\ten\n")


def write_queries(names: Path, path: Path, seed: int = 8) -> None:
    """Write queries: names with one letter changed."""
    rng = np.random.default_rng(seed)
    with names.open(encoding="utf-8") as stream:
        rows = [line.split("\t")[1] for line in stream][1:]
    picked = [rows[i] for i in rng.choice(len(rows), min(QUERIES, len(rows)), replace=False)]
    with path.open("w", encoding="utf-8") as stream:
        stream.write("query\n")
        for name in picked:
            at = int(rng.integers(1, len(name)))
            stream.write(f"{name[:at]}e{name[at + 1 :]}\n")


def child(command: list[str]) -> tuple[float, float, float]:
    """Run the command line in a process of its own; return CPU seconds, wall seconds and its peak memory in GB."""
    program = (
        "import resource, sys; from textnorm.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    peak = next(int(line.split()[1]) for line in done.stderr.splitlines() if line.startswith("peak "))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, peak * (1 if sys.platform == "darwin" else 1024) / 1e9


def measure(n: int, encoder: str, folder: Path) -> Report:
    """Return the figures."""
    report = Report("linking-scale")
    label = f"{n:,} names, encoder {encoder}"
    names, queries, one, index = folder / "names.tsv", folder / "queries.tsv", folder / "one.tsv", folder / "index"
    write_names(names, n)
    write_queries(names, queries)
    one.write_text("".join(queries.read_text(encoding="utf-8").splitlines(keepends=True)[:2]), encoding="utf-8")
    cpu, wall, peak = child(["index", "build", str(names), "-o", str(index), "--encoder", encoder])
    report.add(Row(label, "", "build CPU s", cpu, n))
    report.add(Row(label, "", "build wall s", wall, n))
    report.add(Row(label, "", "build peak memory, GB", peak, n))
    size = sum(path.stat().st_size for path in index.rglob("*") if path.is_file())
    report.add(Row(label, "", "index on disk, GB", size / 1e9, n))
    start, _, _ = child(["link", str(index), str(one), "-o", str(folder / "one.jsonl")])
    cpu, _, peak = child(["link", str(index), str(queries), "-o", str(folder / "links.jsonl")])
    report.add(Row(label, "", "start CPU s", start))
    report.add(Row(label, "", "queries per CPU s", QUERIES / max(cpu - start, 1e-9), QUERIES))
    report.add(Row(label, "", "link peak memory, GB", peak, n))
    return report


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--encoder", default="static")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        report = measure(options.names, options.encoder, Path(place))
    for line in report.lines():
        print(line)
    if options.json:
        options.json.write_text(json.dumps(report.payload(__version__), ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
