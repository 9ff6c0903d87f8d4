"""textnorm itself, as a user loads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from textnorm import __version__, load

PACKAGE, LICENCE, VERSION = "textnorm-nlp", "Apache-2.0", __version__
Work = Callable[[Sequence[str]], Sequence[str]]


def pipeline(name: str) -> Work:
    """Return what applies a pipeline; its edits are made, composed and applied."""
    nlp = load(name)
    return lambda texts: nlp.edits(texts).apply(texts)


def numerals() -> Work:
    """Return what reads cardinals out in Lithuanian."""
    from textnorm.languages.lt.cardinals import cardinal

    return lambda texts: [cardinal(int(text)) for text in texts]


TASKS = {
    "lt": partial(pipeline, "lt-speech"),
    "en": partial(pipeline, "lt-speech"),
    "clean": partial(pipeline, "unicode"),
    "numerals": numerals,
}


def neighbours(method: str | None, factory: str = "Flat") -> Work:
    """Return the ten nearest of vectors in a file, corrected by a method and a bank; fitting is part of it."""
    import json

    import numpy as np

    from textnorm.retrieval.correction import HubnessCorrector
    from textnorm.retrieval.index import FoldedIndex

    def one(path: str) -> str:
        with np.load(path) as data:
            queries, gallery, bank = data["queries"], data["gallery"], data["bank"]
        correction = HubnessCorrector(method).fit(gallery, bank) if method is not None else None
        names = [str(i) for i in range(len(gallery))]
        index = FoldedIndex.build(gallery, names, factory=factory, correction=correction)
        return json.dumps([[int(i) if i is not None else -1 for i in row] for row in index.search(queries, 10).ids])

    return lambda paths: [one(path) for path in paths]


TASKS |= {
    "csls": partial(neighbours, "csls"),
    "near, exact": partial(neighbours, None),
    "near": partial(neighbours, None, "HNSW32"),
}
BATCHES = {"csls": 1, "near": 1, "near, exact": 1}


def files() -> Work:
    """Return what repairs the Unicode of a JSON Lines file: ``textnorm normalize -p unicode``."""
    import tempfile

    from textnorm.streaming.formats import detect
    from textnorm.streaming.normalize import normalize_files
    from textnorm.streaming.readers import ReadOptions

    nlp = load("unicode")

    def one(path: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            out = str(Path(folder) / "out.jsonl")
            normalize_files([(path, detect(path))], out, detect(out), nlp, ReadOptions())
            return str(Path(out).stat().st_size)

    return lambda paths: [one(path) for path in paths]


TASKS["files"] = files
BATCHES["files"] = 1


def candidates() -> Work:
    """Return what builds the lexical generator (a path of a base) and what searches (a path of queries)."""
    import json

    from textnorm.linking.generators.lexical import Lexical, LexicalFactory
    from textnorm.linking.kb import KnowledgeBase
    from textnorm.linking.protocol import Queries

    made: dict[str, tuple[KnowledgeBase, Lexical]] = {}

    def one(path: str) -> str:
        given = json.loads(Path(path).read_text(encoding="utf-8"))
        if "base" in given:
            kb = KnowledgeBase([(c, name, None, None, None, None) for c, names in given["base"] for name in names])
            built = LexicalFactory.build(kb)
            assert built is not None
            made["search"] = kb, built
            return ""
        kb, lexical = made["search"]
        found = lexical.search(Queries.of(given["queries"]), 10)
        parts = zip(found.indptr[:-1], found.indptr[1:], strict=True)
        return json.dumps([[kb.ids[c] for c in found.concepts[a:b]] for a, b in parts])

    return lambda paths: [one(path) for path in paths]


TASKS |= {"build": candidates, "candidates": candidates}
BATCHES |= {"build": 1, "candidates": 1}
