"""Neighbours of names, plain and corrected for hubness, beside kiez and usearch."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from data import data_dir
from peers import measure

from tables import Table, number

TITLE = "Neighbours and hubness"
SYSTEMS = (
    ("textnorm, exact", "near, exact", "ours", "near"),
    ("usearch, exact", "near, exact", "usearch_peer", "near"),
    ("textnorm, HNSW32 of faiss", "near", "ours", "near"),
    ("usearch, its default graph", "near", "usearch_peer", "near"),
    ("textnorm, CSLS folded in", "csls", "ours", "csls"),
    ("kiez, CSLS", "csls", "kiez_peer", "csls"),
)
QUERIES = 3000


def make() -> Table:
    """Measure."""
    table = Table(
        ["system", "right first", "right among ten", "greatest share of one item", "CPU-seconds, all", "MB of memory"]
    )
    source = data_dir() / "entities" / "hpo_terms.jsonl"
    if not source.is_file():
        table.notes.append("The Human Phenotype Ontology is not among the data.")
        return table
    import numpy as np

    from textnorm.encoders.static import StaticEncoder

    terms = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    pairs = [(synonym, i) for i, term in enumerate(terms) for synonym in term["synonyms"]]
    order = np.random.default_rng(0).permutation(len(pairs))
    queries = [pairs[i] for i in order[:QUERIES]]
    asked = {i for _, i in queries}
    bank = [pairs[i][0] for i in order[QUERIES:] if pairs[i][1] not in asked][:QUERIES]
    encoder = StaticEncoder.untrained()
    gold = np.array([i for _, i in queries])
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npz"
        encoded = {"queries": [q for q, _ in queries], "gallery": [term["name"] for term in terms], "bank": bank}
        np.savez(path, **{name: encoder.encode(texts) for name, texts in encoded.items()})
        for label, task, peer, _ in SYSTEMS:
            got: dict[str, Any] = measure(f"{task}, all", peer, [str(path)], budget=1.0)
            cells = []
            if "skipped" not in got and not got["all"][0]:
                got = {"skipped": "it raised an error"}
            if "skipped" not in got:
                found = np.array(json.loads(got["all"][0]))
                spent[label] = got["first"]
                first, ten = (found[:, 0] == gold).mean(), (found == gold[:, None]).any(axis=1).mean()
                hub = np.bincount(found[found >= 0]).max() / len(gold)
                cells = [
                    f"{first:.3f}",
                    f"{ten:.3f}",
                    f"{hub:.1%}",
                    f"**{number(got['first'])}**",
                    f"{got['memory']:.0f}",
                ]
            table.add(label, got, cells)
    table.about = [
        f"{QUERIES:,} synonyms of the HPO (phenotypes) against its {len(terms):,} names, vectors of hashed",
        f"n-grams ({encoder.dim} numbers). The correction is fitted on other synonyms, of terms not asked for; kiez",
        "fits on the queries themselves, all at once, as it is made for. One thread.",
    ]
    return table
