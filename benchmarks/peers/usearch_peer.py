"""usearch: HNSW graphs with its defaults, and its exact search."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial

PACKAGE, LICENCE = "usearch", "Apache-2.0"
BATCH = 1


def near(exact: bool) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return the ten nearest by cosine; building is part of it."""
    import numpy as np
    from usearch.index import Index

    def one(path: str) -> str:
        with np.load(path) as data:
            queries, gallery = data["queries"], data["gallery"]
        index = Index(ndim=gallery.shape[1], metric="cos", dtype="f32")
        index.add(np.arange(len(gallery)), gallery, threads=1)
        return json.dumps(index.search(queries, 10, exact=exact, threads=1).keys.tolist())

    return lambda paths: [one(path) for path in paths]


TASKS = {"near": partial(near, False), "near, exact": partial(near, True)}
