"""MB per CPU-second: pipelines, the reference engine and ftfy on the same texts in one run.

    python benchmarks/throughput.py [--repeat 3] [--json FILE]

Cold: the first pass of a new pipeline, nothing remembered. Warm: the median of further passes over the same text, so
the memo of readings serves. A rate is UTF-8 bytes of the input by CPU-seconds of one process; edits are made and
applied. The reference engine runs on a part of each text, since it is slow.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

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
Row = dict[str, object]


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
    plain = {name: without_nsw(found) for name, found in texts.items() if not name.startswith("lt article")}
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
    rows: list[Row] = []
    for pipeline in ("lt-speech", "unicode"):
        nlp = load(pipeline)
        nlp.edits(["šilta"])
        cold = rate(lambda nlp=nlp: run(nlp.edits, lines), size, 1)
        warm = rate(lambda nlp=nlp: run(nlp.edits, lines), size, repeat)
        rows.append(row(name, f"{pipeline}, cold", cold, size))
        rows.append(row(name, f"{pipeline}, warm", warm, size))
    nsw = make_nsw("lt")
    nsw(["šilta"])
    fast = rate(lambda: run(nsw, lines), size, 1)
    slow = rate(lambda: run(make_nsw("lt", engine="reference"), part), taken, 1)
    rows.append(row(name, "rules only, fast engine, cold", fast, size))
    rows.append(row(name, "rules only, reference engine", slow, taken))
    rows.append({**row(name, "fast / reference", fast / slow, taken), "unit": "times"})
    import ftfy

    rows.append(row(name, "ftfy.fix_text", rate(lambda: [ftfy.fix_text(line) for line in lines], size, 1), size))
    return rows


def run(component: Callable[[Sequence[str]], object], lines: list[str]) -> None:
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
