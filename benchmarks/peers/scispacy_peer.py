"""scispaCy's candidate generator: TF-IDF of character trigrams, nmslib's graph with its own parameters."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

PACKAGE, LICENCE = "scispacy", "Apache-2.0"
BATCH = 1


def candidates() -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what builds (a path of a base) and what searches (a path of queries)."""
    import os
    from contextlib import redirect_stdout

    from scispacy import candidate_generation as module
    from scispacy.linking_utils import Entity, KnowledgeBase

    # It refuses new releases of scipy, whose half precision it would save an index in; here none is saved.
    module.scipy_supports_sparse_float16 = lambda: True
    made = {}

    def one(path: str) -> str:
        given = json.loads(Path(path).read_text(encoding="utf-8"))
        if "base" in given:
            kb = KnowledgeBase(Entity(c, names[0], names[1:], [], None) for c, names in given["base"])
            with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
                aliases, vectorizer, index = module.create_tfidf_ann_index(None, kb)
            made["search"] = module.CandidateGenerator(index, vectorizer, aliases, kb)
            return ""
        out = []
        for found in made["search"](given["queries"], given["k"]):
            best = sorted(found, key=lambda c: max(c.similarities), reverse=True)
            out.append([c.concept_id for c in best][:10])
        return json.dumps(out)

    return lambda paths: [one(path) for path in paths]


TASKS = {"build": candidates, "candidates": candidates}
