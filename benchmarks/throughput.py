"""MB per CPU-second: pipelines, the reference engine and ftfy on the same texts in one run.

    python benchmarks/throughput.py [--repeat 3] [--json FILE]

Every measurement runs in a process of its own, forked from one that has read no text, and begins after one sentence,
which loads what is loaded once whatever the size of the text (word lists, automata). Cold: the first pass over the
text. Next: the second half of that pass, so text that is new to a process at work. Warm: the median of further passes
over the same text, so the memo of readings serves. A rate is UTF-8 bytes of the input by CPU-seconds; edits are made
and applied; rule packs are loaded before the clock starts. The reference engine remembers no reading and is slow: it
runs on a part of each text, and the fast engine is compared with the median of several passes over that part.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent))

import data

from textnorm import __version__, load
from textnorm.normalizers.nsw import make_nsw

LIMIT = 3_000_000
REFERENCE_BYTES = 20_000
TEXTS = {
    "lt news": "lt/text_news.txt.gz",
    "lt law": "lt/text_law.txt.gz",
    "en web": "text/en_EWT.txt.gz",
}
SENTENCE = ["Nuo 2015 m. sausio 5 d. dirbo 12 žmonių."]
Row = dict[str, object]
Component = Callable[[Sequence[str]], object]
T = TypeVar("T")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    texts: dict[str, list[str]] = {"lt article (ours)": data.article()}
    for name, file in TEXTS.items():
        found = data.lines(file, LIMIT)
        if found is None:
            print(f"{name}: {file} is not in {data.data_dir()} (set TEXTNORM_DATA); left out.", file=sys.stderr)
        else:
            texts[name] = found
    # Our article has an NSW in nearly every line: what is left of it is no text to measure on.
    running = {name: found for name, found in texts.items() if not name.startswith("lt article")}
    plain = {name: apart(lambda found=found: without_nsw(found)) for name, found in running.items()}
    texts |= {f"{name}, no NSW": kept for name, kept in plain.items() if kept}
    rows = [row for name, found in texts.items() for row in measure(name, found, args.repeat)]
    table(rows)
    if args.json:
        document = {"name": "throughput", "rows": rows, "version": __version__}
        args.json.write_text(json.dumps(document, indent=1), encoding="utf-8")


def without_nsw(lines: Sequence[str]) -> list[str]:
    """Return the lines in which no rule fires and no digit stands, repeated to about a megabyte."""
    edits = make_nsw("lt")(lines)
    plain = [line and not row and not any(map(str.isdigit, line)) for line, row in zip(lines, edits, strict=True)]
    kept = [line for line, keep in zip(lines, plain, strict=True) if keep]
    size = sum(len(line.encode()) for line in kept)
    return kept * max(1, 1_000_000 // size) if size else []


def measure(name: str, lines: list[str], repeat: int) -> list[Row]:
    """Return the rows of one text."""
    size = sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
    part, taken = [], 0
    for line in lines:
        if taken >= REFERENCE_BYTES:
            break
        part.append(line)
        taken += len(line.encode()) + 1
    fast = apart(lambda: passes(make_nsw("lt"), lines, size, repeat))
    slow = apart(lambda: passes(make_nsw("lt", engine="reference"), part, taken, repeat))["warm"]
    rows: list[Row] = []
    for pipeline in ("lt-speech", "unicode"):
        rates = apart(lambda pipeline=pipeline: passes(load(pipeline).edits, lines, size, repeat))
        rows.extend(row(name, f"{pipeline}, {state}", value, size) for state, value in rates.items())
    rows.extend(row(name, f"rules only, fast engine, {state}", value, size) for state, value in fast.items())
    rows.append(row(name, "rules only, reference engine", slow, taken))
    for state, value in fast.items():
        rows.append({**row(name, f"fast / reference, {state}", value / slow, taken), "unit": "times"})
    rows.append(row(name, "ftfy.fix_text", apart(lambda: ftfy_rate(lines, size)), size))
    return rows


def apart(work: Callable[[], T]) -> T:
    """Return what ``work`` gives in a forked process, which finds nothing remembered and leaves nothing behind."""
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=lambda: send.send(work()))
    child.start()
    send.close()
    found: T = receive.recv()
    child.join()
    return found


def passes(component: Component, lines: list[str], size: int, repeat: int) -> dict[str, float]:
    """Return the rates of a new component by state; see the head of this file."""
    component(SENTENCE)
    half = len(lines) // 2
    later = sum(len(line.encode("utf-8", "replace")) + 1 for line in lines[half:])
    first = rate(lambda: run(component, lines[:half]), size - later, 1)
    following = rate(lambda: run(component, lines[half:]), later, 1)
    cold = size / ((size - later) / first + later / following)
    return {"cold": cold, "next": following, "warm": rate(lambda: run(component, lines), size, repeat)}


def ftfy_rate(lines: list[str], size: int) -> float:
    """Return the rate of ``ftfy.fix_text``."""
    import ftfy

    ftfy.fix_text(SENTENCE[0])
    return rate(lambda: [ftfy.fix_text(line) for line in lines], size, 1)


def run(component: Component, lines: list[str]) -> None:
    """Normalize and apply."""
    component(lines).apply(lines)  # type: ignore[attr-defined]


def rate(work: Callable[[], object], size: int, repeat: int) -> float:
    """Return MB per CPU-second, the median of ``repeat`` runs."""
    seconds = []
    for _ in range(repeat):
        before = process_time()
        work()
        seconds.append(process_time() - before)
    return size / 1e6 / statistics.median(seconds)


def row(text: str, system: str, value: float, size: int) -> Row:
    """Return one row of the table."""
    return {"set": text, "lang": "", "measure": system, "value": round(value, 3), "n": size, "unit": "MB/CPU-s"}


def table(rows: list[Row]) -> None:
    """Print the rows."""
    print(f"textnorm {__version__}, Python {platform.python_version()}, {platform.machine()}")
    last = ""
    for found in rows:
        if found["set"] != last:
            last = str(found["set"])
            print(f"\n{last}")
        print(f"  {found['measure']!s:34} {found['value']:>10} {found['unit']}   ({found['n']:,} bytes)")


if __name__ == "__main__":
    main()
