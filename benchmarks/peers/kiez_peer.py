"""kiez: hubness reduction for entity alignment, with scikit-learn's exact neighbours or faiss."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

PACKAGE, LICENCE = "kiez", "BSD-3-Clause"
BATCH = 1
#: Neighbours that are ranked again, as its authors use it.
CANDIDATES = 50


def csls() -> Callable[[Sequence[str]], Sequence[str]]:
    """Return CSLS over its exact neighbours; a text is a path of vectors, an answer the ten nearest as JSON."""
    import numpy as np
    from kiez import Kiez
    from kiez.hubness_reduction import CSLS
    from kiez.neighbors import SklearnNN

    def one(path: str) -> str:
        with np.load(path) as data:
            queries, gallery = data["queries"], data["gallery"]
        options = {"n_candidates": CANDIDATES, "metric": "cosine", "algorithm": "brute", "n_jobs": 1}
        found = Kiez(n_candidates=CANDIDATES, algorithm=SklearnNN, algorithm_kwargs=options, hubness=CSLS)
        found.fit(queries, gallery)
        return json.dumps(found.kneighbors(10)[1].tolist())

    return lambda paths: [one(path) for path in paths]


TASKS = {"csls": csls}
