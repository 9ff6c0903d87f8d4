"""JSON Lines in, Unicode repaired, JSON Lines out: textnorm beside datatrove."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from data import lines
from peers import measure

from tables import Table, number

TITLE = "Files in, files out"
COPIES = 4


def make() -> Table:
    """Measure."""
    table = Table(["system", "MB of text a CPU-second", "once more", "CPU-seconds to load", "MB of memory"])
    found = [line for line in lines("text/en_EWT.txt.gz") or [] if line.strip()] * COPIES
    if not found:
        table.notes.append("The English text is not among the data.")
        return table
    size = sum(len(line.encode()) for line in found) / 1e6
    rates = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.jsonl"
        rows = (json.dumps({"text": line, "id": str(i)}, ensure_ascii=False) for i, line in enumerate(found))
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        for label, peer in (
            ("textnorm `normalize -p unicode`", "ours"),
            ("datatrove, its ftfy formatter", "datatrove_peer"),
        ):
            got = measure("files", peer, [str(path)], budget=200.0)
            if "skipped" not in got and got["errors"]:
                got = {"skipped": "it raised an error"}
            cells = []
            if "skipped" not in got:
                rates[peer] = size / got["first"]
                cells = [
                    f"**{number(rates[peer])}**",
                    number(size / got["best"]),
                    number(got["load"]),
                    f"{got['memory']:.0f}",
                ]
            table.add(label, got, cells)
    if len(rates) == 2:
        table.ratios.append(("textnorm / datatrove", rates["ours"] / rates["datatrove_peer"], 0))
    table.about = [
        f"{len(found):,} rows, {size:.1f} MB of text, one task in one process. Both keep all fields; textnorm also",
        "writes the edits of each row.",
    ]
    return table
