"""Links with their reasons, as objects and as lines of JSON.

``why`` of a candidate: under the name of each generator that found it, the score it gave; ``inherited``, where roll-up
counts, the descendant that gave the best score; ``level``, where the levels of query and name differ; ``decision``,
where the user's table says so; ``sum``, where it is asked for: what each feature added to the score, which they make
up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.features import ROLL, columns_of
from textnorm.linking.linker import Candidate, Link, Linker, Ranked

DIGITS = 4


def links_of(linker: Linker, ranked: Ranked, *, full: bool = True) -> list[Link]:
    """Return links as objects; with ``full`` each ``why`` says what every feature added."""
    return [_link(linker, found) for found in _records(linker, ranked, full=full)]


def _link(linker: Linker, found: dict[str, Any]) -> Link:
    return Link(
        found["query"], found["id"], found["p"], tuple(Candidate(**candidate) for candidate in found["candidates"])
    )


def _records(linker: Linker, ranked: Ranked, *, full: bool) -> Iterator[dict[str, Any]]:
    kb, scored = linker.kb, ranked.scored
    whys = why_of(linker, ranked, full=full)
    concepts, names = scored.pool.concept[ranked.rows].tolist(), scored.name[ranked.rows].tolist()
    scores, p = scored.score[ranked.rows].tolist(), ranked.p.tolist()
    for i in range(len(ranked.queries)):
        a, b = int(ranked.indptr[i]), int(ranked.indptr[i + 1])
        candidates = []
        for j in range(a, b):
            row = names[j]
            name = kb.texts[row] if row >= 0 else kb.title(concepts[j], ranked.queries.langs[i])
            candidates.append(
                {
                    "id": kb.ids[concepts[j]],
                    "name": name,
                    "lang": kb.langs[row] if row >= 0 else None,
                    "score": round(scores[j], DIGITS),
                    "p": round(p[j], DIGITS),
                    "why": whys[j],
                }
            )
        yield _decided(linker, ranked, i, candidates)


def _decided(linker: Linker, ranked: Ranked, i: int, candidates: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the record of query ``i``; where the user decided, his concept comes first."""
    text, chosen = ranked.queries.texts[i], int(ranked.chosen[i])
    found = linker.kb.ids[chosen] if chosen >= 0 else None
    if not ranked.decided[i]:
        p = candidates[0]["p"] if found is not None else round(float(ranked.none[i]), DIGITS)
        return {"query": text, "id": found, "p": p, "candidates": candidates}
    for candidate in candidates:
        candidate["p"] = 0.0
    if found is not None:
        mine = [candidate for candidate in candidates if candidate["id"] == found]
        others = [candidate for candidate in candidates if candidate["id"] != found]
        if not mine:
            name, lang = linker.kb.title(chosen, ranked.queries.langs[i]), ranked.queries.langs[i]
            top = candidates[0]["score"] if candidates else 0.0
            mine = [{"id": found, "name": name, "lang": lang, "score": top, "why": {}}]
            others = others[: max(0, len(candidates) - 1)]
        mine[0] = {**mine[0], "p": 1.0, "why": {"decision": True, **mine[0]["why"]}}
        candidates = [*mine, *others]
    return {"query": text, "id": found, "p": 1.0, "candidates": candidates}


def why_of(linker: Linker, ranked: Ranked, *, full: bool) -> list[dict[str, Any]]:
    """Return the reasons of each candidate, one a row of ``ranked.rows``."""
    scored, kb, generators = ranked.scored, linker.kb, linker.model.generators
    rows = ranked.rows
    scores, hits = scored.pool.scores[rows].tolist(), (scored.pool.ranks[rows] > 0).tolist()
    child, level = scored.child[rows].tolist(), scored.features[rows, -1].tolist()
    inherited = scored.roll[rows, 0].tolist()
    parts = contributions(linker, ranked) if full else ([], np.zeros((len(rows), 0)))
    found: list[dict[str, Any]] = []
    for j in range(len(rows)):
        why: dict[str, Any] = {name: round(scores[j][g], DIGITS) for g, name in enumerate(generators) if hits[j][g]}
        if child[j] >= 0:
            other, row = int(scored.pool.concept[child[j]]), int(scored.name[child[j]])
            why["inherited"] = {
                "id": kb.ids[other],
                "name": kb.texts[row] if row >= 0 else kb.title(other),
                "score": round(inherited[j], DIGITS),
            }
        if level[j]:
            why["level"] = round(level[j], DIGITS)
        if full:
            why["sum"] = {
                name: round(value, DIGITS) for name, value in zip(parts[0], parts[1][j].tolist(), strict=True) if value
            }
        found.append(why)
    return found


def contributions(linker: Linker, ranked: Ranked) -> tuple[list[str], NDArray[np.float64]]:
    """Return the names of features and what each added to the score of each candidate [rows, features].

    The numbers of a row sum up to its score.
    """
    scored, model, rows = ranked.scored, linker.active, ranked.rows
    columns = columns_of(model.generators)
    query = scored.pool.query[rows]
    langs = ranked.queries.langs
    own = scored.features[rows] * model.weights.table(columns, langs)[query]
    if not model.roll.on:
        return columns, own
    table = model.roll.weights.table(("own", *ROLL), langs)[query]
    group = scored.roll[rows, -1] > 0
    own = np.where(group[:, None], own * table[:, :1], own)
    return [*columns, *ROLL], np.concatenate(
        [own, np.where(group[:, None], scored.roll[rows] * table[:, 1:], 0)], axis=1
    )


# -- lines of JSON ---------------------------------------------------------------------------------------------------
class Lines:
    """Writes links as JSON; several times faster than the general way, and most of what ``link`` does beside search.

    Attributes:
        linker: whose links.
        full: whether ``why`` says what every feature added.
    """

    def __init__(self, linker: Linker, *, full: bool = False) -> None:
        self.linker = linker
        self.full = full
        self._head = lru_cache(maxsize=1 << 17)(self._head_of)
        keys = [f"{encode_basestring(name)}: %.4g" for name in linker.model.generators]
        count = len(keys)
        #: What is written of the scores, by which generators found the candidate.
        self._forms = [", ".join(keys[g] for g in range(count) if bits >> g & 1) for bits in range(1 << min(count, 12))]

    def _head_of(self, concept: int, row: int, lang: str | None) -> str:
        kb = self.linker.kb
        name = kb.texts[row] if row >= 0 else kb.title(concept, lang)
        code = kb.langs[row] if row >= 0 else None
        told = "null" if code is None else encode_basestring(code)
        return f'{{"id": {encode_basestring(kb.ids[concept])}, "name": {encode_basestring(name)}, "lang": {told}, '

    def lines(self, ranked: Ranked) -> list[str]:
        """Return one JSON object a query, without line feeds, each without its first brace and ``"query"``."""
        if self.full or ranked.decided.any() or len(self.linker.model.generators) > 12:
            return [
                json.dumps({key: value for key, value in record.items() if key != "query"}, ensure_ascii=False)[1:]
                for record in _records(self.linker, ranked, full=self.full)
            ]
        candidates = self._candidates(ranked)
        out = []
        chosen, none, p = ranked.chosen.tolist(), ranked.none.tolist(), ranked.p.tolist()
        starts = ranked.indptr.tolist()
        ids = self.linker.kb.ids
        for i in range(len(chosen)):
            a, b = starts[i], starts[i + 1]
            linked = chosen[i] >= 0
            told = encode_basestring(ids[chosen[i]]) if linked else "null"
            sure = p[a] if linked else none[i]
            out.append(f'"id": {told}, "p": {sure:.4g}, "candidates": [{", ".join(candidates[a:b])}]}}')
        return out

    def _candidates(self, ranked: Ranked) -> list[str]:
        scored, rows, kb = ranked.scored, ranked.rows, self.linker.kb
        pool = scored.pool
        hit = pool.ranks[rows] > 0
        bits = (hit @ (1 << np.arange(hit.shape[1]))).tolist()
        # Scores of the generators that found it, in a row for all candidates.
        values = pool.scores[rows][hit].tolist()
        sizes = hit.sum(axis=1).tolist()
        concepts, names = pool.concept[rows].tolist(), scored.name[rows].tolist()
        scores, p = scored.score[rows].tolist(), ranked.p.tolist()
        child, level = scored.child[rows].tolist(), scored.features[rows, -1].tolist()
        query = pool.query[rows].tolist()
        langs, head, forms = ranked.queries.langs, self._head, self._forms
        out, at = [], 0
        for j in range(len(rows)):
            end = at + sizes[j]
            why = forms[bits[j]] % tuple(values[at:end])
            at = end
            if child[j] >= 0:
                other, row = int(pool.concept[child[j]]), int(scored.name[child[j]])
                name = kb.texts[row] if row >= 0 else kb.title(other)
                told = f'"id": {encode_basestring(kb.ids[other])}, "name": {encode_basestring(name)}'
                why += f'{", " if why else ""}"inherited": {{{told}, "score": {scored.roll[rows[j], 0]:.4g}}}'
            if level[j]:
                why += f'{", " if why else ""}"level": {level[j]:.4g}'
            row = names[j]
            lang = None if row >= 0 else langs[query[j]]
            out.append(f'{head(concepts[j], row, lang)}"score": {scores[j]:.4f}, "p": {p[j]:.4g}, "why": {{{why}}}}}')
        return out
