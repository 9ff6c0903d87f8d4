"""Candidate concepts for names that the base does not have: the lexical generator beside scispaCy's."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from data import data_dir
from peers import measure

from tables import Table, number

TITLE = "Candidates for linking"
CONCEPTS, QUERIES = 3000, 1500
#: Neighbours that scispaCy asks its graph for by default; of these the ten best concepts count.
NEAR = 30


def make() -> Table:
    """Measure."""
    head = ["system", "right first", "right among ten", "queries a CPU-second", "CPU-seconds to build", "MB of memory"]
    table = Table(head)
    source = data_dir() / "entities" / "hpo_terms.jsonl"
    if not source.is_file():
        table.notes.append("The Human Phenotype Ontology is not among the data.")
        return table
    rng = random.Random(0)
    terms = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    terms = rng.sample([term for term in terms if term["synonyms"]], CONCEPTS)
    base, queries = [], []
    for term in terms:
        held = rng.randrange(len(term["synonyms"]))
        others = [name for i, name in enumerate(term["synonyms"]) if i != held]
        base.append((term["id"], [term["name"], *others]))
        queries.append((term["synonyms"][held], term["id"]))
    known = {name.casefold() for _, names in base for name in names}
    asked = [pair for pair in queries if pair[0].casefold() not in known][:QUERIES]
    with tempfile.TemporaryDirectory() as folder:
        kb, search = Path(folder) / "base.json", Path(folder) / "queries.json"
        kb.write_text(json.dumps({"base": base}), encoding="utf-8")
        search.write_text(json.dumps({"queries": [query for query, _ in asked], "k": NEAR}), encoding="utf-8")
        for label, peer in (
            ("textnorm, generator `lexical`", "ours"),
            ("scispaCy, candidate generator", "scispacy_peer"),
        ):
            # The base is the warm-up: what it costs is told as the time to load.
            got: dict[str, Any] = measure("candidates, all", peer, [str(search)], budget=1000.0, warm=[str(kb)])
            cells = []
            if "skipped" not in got:
                found = json.loads(got["all"][0])
                first = sum(row[:1] == [gold] for row, (_, gold) in zip(found, asked, strict=True)) / len(asked)
                ten = sum(gold in row for row, (_, gold) in zip(found, asked, strict=True)) / len(asked)
                rate, load = number(len(asked) / got["first"]), number(got["load"])
                cells = [f"{first:.3f}", f"{ten:.3f}", f"**{rate}**", load, f"{got['memory']:.0f}"]
            table.add(label, got, cells)
    table.about = [
        f"{CONCEPTS:,} concepts of the Human Phenotype Ontology with all names but one synonym each; {len(asked):,} of",
        "those held back are the queries, none of which the base has in any case. One generator, no fusion:",
        "what the linker does with candidates stands in [linking.md](linking.md). Building includes the imports.",
    ]
    return table
