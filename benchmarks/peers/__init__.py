"""Peers: one module each, run in a process of its own by :mod:`peers.worker`; measured, never dependencies.

A module says ``PACKAGE`` (the distribution whose version is told), ``LICENCE``, and ``TASKS``: task -> a function that
loads the peer and returns what works on a list of texts. A peer that cannot be loaded is left out, and told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
#: Interpreters that have the peers installed (some exclude each other), tried in turn; by default this one.
VARIABLE = "TEXTNORM_PEERS"
#: A peer that crashes on so few texts is left out.
FEWEST = 100


def measure(
    task: str, peer: str, texts: Sequence[str], *, budget: float = 20.0, warm: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what a peer does with texts: version, times, memory, outputs; ``{"skipped": why}`` where it cannot run.

    Args:
        task: one of the module's ``TASKS``.
        peer: the module.
        texts: the texts, in an order in which any beginning stands for all.
        budget: CPU seconds after which a pass is cut off; rates are of what was done.
        warm: other texts, worked on before the clock starts.
    """
    given = {"texts": list(texts), "warm": list(warm), "budget": budget}
    if peer == "ours":
        return _run(sys.executable, task, peer, given)
    got: dict[str, Any] = {}
    for python in os.environ.get(VARIABLE, sys.executable).split(os.pathsep):
        found = _run(python, task, peer, given)
        if "skipped" not in found:
            return found
        # What went wrong where it is installed says more than where it is not.
        got = found if not got or "not installed" in got["skipped"] else got
    return got


def _run(python: str, task: str, peer: str, given: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in.json", Path(folder) / "out.json"
        source.write_text(json.dumps(given), encoding="utf-8")
        path = os.pathsep.join([str(HERE.parent), *([str(HERE.parents[1])] if peer == "ours" else [])])
        env = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        command = [python, "-m", "peers.worker", task, peer, str(source), str(out)]
        done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", errors="replace", check=False)
        if done.returncode < 0 and len(given["texts"]) > FEWEST:
            # Native code that a text brings down takes the process along: measure it on what stands before.
            shorter = {**given, "texts": given["texts"][: len(given["texts"]) // 2]}
            return {**_run(python, task, peer, shorter), "crashed": True}
        if done.returncode or not out.exists():
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            return {"skipped": f"failed: {last[:200]}"}
        return json.loads(out.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
