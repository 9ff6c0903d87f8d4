"""Links with their reasons, as objects and as lines of JSON.

``why`` of a candidate: under the name of each generator that found it, the score it gave; ``inherited``, where roll-up
counts, the descendant that gave the best score; ``level``, where the levels of query and name differ; ``decision``,
where the user's table speaks of the query, whether it says this one; ``sum``, where it is asked for: what each feature
added to the score, which they make up. With a re-ranker the score is its own, and stands under its name in place of
``sum``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.linking.features import ROLL, columns_of
from textnorm.linking.linker import Candidate, Link, Linker, Ranked

DIGITS = 4
#: Generators up to which lines are written by forms, one a set of generators.
FORMS = 12
INHERITED = ROLL.index("inherited")


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
        candidate["p"], candidate["why"] = 0.0, {"decision": False, **candidate["why"]}
    if found is not None:
        mine = [candidate for candidate in candidates if candidate["id"] == found]
        others = [candidate for candidate in candidates if candidate["id"] != found]
        if not mine:
            row = linker.kb.title_row(chosen, ranked.queries.langs[i])
            name, lang = (linker.kb.texts[row], linker.kb.langs[row]) if row >= 0 else (found, None)
            top = candidates[0]["score"] if candidates else 0.0
            mine = [{"id": found, "name": name, "lang": lang, "score": top, "p": 1.0, "why": {}}]
            others = others[: max(0, len(candidates) - 1)]
        mine[0] = {**mine[0], "p": 1.0, "why": {**mine[0]["why"], "decision": True}}
        candidates = [*mine, *others]
    return {"query": text, "id": found, "p": 1.0, "candidates": candidates}


def why_of(linker: Linker, ranked: Ranked, *, full: bool) -> list[dict[str, Any]]:
    """Return the reasons of each candidate, one a row of ``ranked.rows``."""
    scored, kb, generators = ranked.scored, linker.kb, linker.model.generators
    rows = ranked.rows
    scores, hits = scored.pool.scores[rows].tolist(), (scored.pool.ranks[rows] > 0).tolist()
    child, level = scored.child[rows].tolist(), scored.features[rows, -1].tolist()
    inherited = scored.roll[rows, INHERITED].tolist()
    again = None if linker.reranker is None else linker.reranker.name
    full = full and again is None
    parts = contributions(linker, ranked) if full else ([], np.zeros((len(rows), 0)))
    found: list[dict[str, Any]] = []
    for j in range(len(rows)):
        why: dict[str, Any] = {name: round(scores[j][g], DIGITS) for g, name in enumerate(generators) if hits[j][g]}
        if again is not None:
            why[again] = round(float(scored.score[rows[j]]), DIGITS)
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
    more = scored.roll[rows] * model.roll.weights.table(ROLL, langs)[query]
    return [*columns, *ROLL], np.concatenate([own, more], axis=1)


# -- lines of JSON ---------------------------------------------------------------------------------------------------
#: Numbers from 0 in steps of 0.0001 as they are written; most are below 1.
_NUMBERS = [repr(i / 10**DIGITS) for i in range(3 * 10**DIGITS)]


def numbers(values: NDArray[np.float64]) -> list[str]:
    """Return numbers with four digits as JSON."""
    steps = np.rint(values * 10**DIGITS)
    if len(steps) and (steps.min() < 0 or steps.max() >= len(_NUMBERS)):
        return [repr(round(value, DIGITS)) for value in values.tolist()]
    return [_NUMBERS[step] for step in steps.astype(np.int64).tolist()]


class Lines:
    """Writes links as JSON; several times faster than the general way, and most of what ``link`` does beside search.

    Attributes:
        linker: whose links.
        full: whether ``why`` says what every feature added.
    """

    def __init__(self, linker: Linker, *, full: bool = False) -> None:
        self.linker = linker
        self.full = full
        #: What is written of a name's row; made when it is met.
        self._heads: list[str | None] = [None] * len(linker.kb.texts)
        count = min(len(linker.model.generators), FORMS)
        keys = [f"{encode_basestring(name)}: %s" for name in linker.model.generators]
        #: What is written of the scores, by which generators found the candidate.
        self._forms = [", ".join(keys[g] for g in range(count) if bits >> g & 1) for bits in range(1 << count)]

    def _head(self, concept: int, row: int, lang: str | None) -> str:
        kb = self.linker.kb
        name = kb.texts[row] if row >= 0 else kb.title(concept, lang)
        code = kb.langs[row] if row >= 0 else None
        told = "null" if code is None else encode_basestring(code)
        head = f'{{"id": {encode_basestring(kb.ids[concept])}, "name": {encode_basestring(name)}, "lang": {told}, '
        if row >= 0:
            self._heads[row] = head
        return head

    def lines(self, ranked: Ranked) -> list[str]:
        """Return one JSON object a query, without line feeds, each without its first brace and ``"query"``."""
        if (
            self.full
            or self.linker.reranker is not None
            or ranked.decided.any()
            or len(self.linker.model.generators) > FORMS
        ):
            return [
                json.dumps({key: value for key, value in record.items() if key != "query"}, ensure_ascii=False)[1:]
                for record in _records(self.linker, ranked, full=self.full)
            ]
        candidates = self._candidates(ranked)
        chosen, starts, ids = ranked.chosen.tolist(), ranked.indptr.tolist(), self.linker.kb.ids
        none, first = numbers(ranked.none), numbers(first_p(ranked))
        out = []
        for i, concept in enumerate(chosen):
            told, sure = (encode_basestring(ids[concept]), first[i]) if concept >= 0 else ("null", none[i])
            inside = ", ".join(candidates[starts[i] : starts[i + 1]])
            out.append(f'"id": {told}, "p": {sure}, "candidates": [{inside}]}}')
        return out

    def _candidates(self, ranked: Ranked) -> list[str]:
        scored, rows = ranked.scored, ranked.rows
        pool = scored.pool
        hit = pool.ranks[rows] > 0
        bits = (hit @ (1 << np.arange(hit.shape[1]))).tolist()
        # Scores of the generators that found it, in a row for all candidates.
        values = numbers(pool.scores[rows][hit])
        ends = np.cumsum(hit.sum(axis=1)).tolist()
        concepts, names = pool.concept[rows].tolist(), scored.name[rows].tolist()
        scores, p = numbers(scored.score[rows]), numbers(ranked.p)
        more = self._more(ranked)
        heads, forms = self._heads, self._forms
        out, at = [], 0
        for j, row in enumerate(names):
            end = ends[j]
            why = forms[bits[j]] % tuple(values[at:end])
            at = end
            if j in more:
                why = f"{why}, {more[j]}" if why else more[j]
            head = heads[row] if row >= 0 else None
            if head is None:
                head = self._head(concepts[j], row, ranked.queries.langs[int(pool.query[rows[j]])])
            out.append(f'{head}"score": {scores[j]}, "p": {p[j]}, "why": {{{why}}}}}')
        return out

    def _more(self, ranked: Ranked) -> dict[int, str]:
        """Return what few candidates have: what they inherited, and levels that differ."""
        scored, rows, kb = ranked.scored, ranked.rows, self.linker.kb
        found: dict[int, str] = {}
        for j in np.flatnonzero(scored.child[rows] >= 0).tolist():
            child = int(scored.child[rows[j]])
            other, row = int(scored.pool.concept[child]), int(scored.name[child])
            name = encode_basestring(kb.texts[row] if row >= 0 else kb.title(other))
            value = round(float(scored.roll[rows[j], INHERITED]), DIGITS)
            found[j] = f'"inherited": {{"id": {encode_basestring(kb.ids[other])}, "name": {name}, "score": {value}}}'
        level = scored.features[rows, -1]
        for j in np.flatnonzero(level).tolist():
            told = f'"level": {round(float(level[j]), DIGITS)}'
            found[j] = f"{found[j]}, {told}" if j in found else told
        return found


def first_p(ranked: Ranked) -> NDArray[np.float64]:
    """Return the probability of each query's first candidate, 0 where it has none."""
    out = np.zeros(len(ranked.chosen))
    some = np.flatnonzero(np.diff(ranked.indptr) > 0)
    out[some] = ranked.p[ranked.indptr[some]]
    return out
