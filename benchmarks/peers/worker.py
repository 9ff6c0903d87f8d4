"""Runs one peer on texts and writes figures: ``python -m peers.worker TASK PEER IN.json OUT.json``."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import process_time
from typing import Any

#: Texts given at a time; a peer that reads one text at a time is not slower for it.
BATCH = 200
PASSES = 3

Work = Callable[[Sequence[str]], Sequence[Any]]


def main() -> None:
    """Run."""
    task, peer, given, out = sys.argv[1:]
    Path(out).write_text(json.dumps(run(task, peer, json.loads(Path(given).read_text(encoding="utf-8")))), "utf-8")


def run(task: str, peer: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the figures."""
    module = import_module(f"peers.{peer}")
    try:
        release = version(module.PACKAGE)
    except PackageNotFoundError:
        release = getattr(module, "VERSION", "")
    before = process_time()
    try:
        work: Work = module.TASKS[task.removesuffix(", all")]()
    except ImportError as error:
        return {"skipped": f"not installed: {error}"}
    except Exception as error:
        return {"skipped": f"does not start: {type(error).__name__}: {error}"}
    if given["warm"]:
        one_pass(work, given["warm"][:BATCH], given["budget"], 1)
    loaded = process_time() - before
    texts = given["texts"]
    batch = getattr(module, "BATCHES", {}).get(task) or getattr(module, "BATCH", BATCH)
    first, done, outputs, errors = one_pass(work, texts, given["budget"], batch)
    if errors == done:
        return {"skipped": f"fails on every text ({module.PACKAGE} {release})"}
    rates = [first]
    for _ in range(PASSES - 1 if first < given["budget"] / 3 else 0):
        rates.append(one_pass(work, texts[:done], given["budget"], batch)[0])
    return {
        "package": module.PACKAGE,
        "version": release,
        "licence": module.LICENCE,
        "load": loaded,
        "texts": done,
        "bytes": sum(len(text.encode("utf-8", "replace")) + 1 for text in texts[:done]),
        "first": first,
        "best": min(rates),
        "errors": errors,
        "changed": sum(isinstance(new, str) and new != old for new, old in zip(outputs, texts, strict=False)),
        "outputs": outputs[:20],
        "all": outputs if task.endswith(", all") else [],
        "memory": memory(),
    }


def memory() -> float:
    """Return the most MB this program held, without what its parent held where the system tells them apart."""
    status = Path("/proc/self/status")
    if status.is_file():
        found = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        if found:
            return int(found[0].split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one_pass(work: Work, texts: Sequence[str], budget: float, batch: int) -> tuple[float, int, list[Any], int]:
    """Return CPU seconds, texts done, outputs, and texts on which the peer raised; cut off at the budget."""
    outputs: list[Any] = []
    errors = 0
    spent = 0.0
    for a in range(0, len(texts), batch):
        part = texts[a : a + batch]
        before = process_time()
        try:
            outputs.extend(work(part))
        except Exception:  # a peer may fail on a text; the others still count
            for text in part:
                try:
                    outputs.extend(work([text]))
                except Exception:
                    outputs.append(None)
                    errors += 1
        spent += process_time() - before
        if spent > budget:
            break
    return spent, len(outputs), outputs, errors


if __name__ == "__main__":
    main()
