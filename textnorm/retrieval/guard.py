"""Does a bank look like the queries? The check that stands before every correction.

A correction is as good as its bank: a bank in another language or register moves the wrong items. Two signs decide: how
well bank and queries can be told apart by their vectors, and how well by the similarity to their nearest item; the
others explain.

Separability by vectors is the area under the ROC curve of a linear two-sample test: with one half of bank and queries
the direction between their means is found, with the other half it is judged (a classifier two-sample test, Lopez-Paz
and Oquab, ICLR 2017, with the simplest classifier). Samples of one source give 0.5.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError
from textnorm.retrieval.banks import Floats, check_rows

#: Separability from which a bank is taken for another kind of text (docs/hubness.md, the guard).
LIMIT = 0.85
#: Queries, and bank rows, below which nothing can be said.
FEWEST = 20
#: Rows of each side that are looked at.
SAMPLE = 2000


@dataclass(frozen=True)
class BankCheck:
    """What the guard found.

    Attributes:
        separability: 0.5 where bank and queries cannot be told apart, 1 where they always can; NaN for too few rows.
        nearness: the same by the similarity to the nearest item alone, whichever side is nearer; NaN without a gallery.
        mean_cosine: cosine of the mean vectors.
        nearest_bank: mean similarity of a bank row to its nearest gallery item; NaN without a gallery.
        nearest_queries: the same of the queries.
        scripts: share of letters that would have to change script for both to have the same mix; NaN without texts.
        fits: whether the bank may be taken for a sample of the queries.
        reason: in words.
    """

    separability: float
    nearness: float
    mean_cosine: float
    nearest_bank: float
    nearest_queries: float
    scripts: float
    fits: bool
    reason: str


def check_bank(
    bank: Floats,
    queries: Floats,
    gallery: Floats | None = None,
    *,
    bank_texts: Sequence[str] | None = None,
    query_texts: Sequence[str] | None = None,
    seed: int = 0,
) -> BankCheck:
    """Compare a query bank with queries.

    Args:
        bank: [m, d] unit rows.
        queries: [q, d] unit rows: traffic, or development queries. Labels are not needed.
        gallery: [n, d] where the similarity to the nearest item is to be compared too.
        bank_texts: texts of the bank, where the scripts are to be compared too.
        query_texts: texts of the queries.
        seed: of the samples.

    Raises:
        DataError: vectors of different lengths, zero vectors, NaN.
    """
    check_rows(bank, "The query bank")
    check_rows(queries, "The queries", dim=bank.shape[1])
    rng = np.random.default_rng(seed)
    ours, theirs = _sample(bank, rng), _sample(queries, rng)
    means = ours.mean(axis=0), theirs.mean(axis=0)
    lengths = np.linalg.norm(means[0]) * np.linalg.norm(means[1])
    cosine = float(means[0] @ means[1] / lengths) if lengths else float("nan")
    near, nearness = (float("nan"), float("nan")), float("nan")
    if gallery is not None and len(gallery):
        check_rows(gallery[:1], "The gallery", dim=bank.shape[1])
        best = _nearest(ours, gallery), _nearest(theirs, gallery)
        near = float(best[0].mean()), float(best[1].mean())
        nearness = 0.5 + abs(_area(*best) - 0.5)
    scripts = float("nan")
    if bank_texts is not None and query_texts is not None:
        scripts = script_distance(bank_texts, query_texts)
    if min(len(ours), len(theirs)) < FEWEST:
        reason = f"{len(bank)} bank rows and {len(queries)} queries are too few to compare ({FEWEST} of each)."
        return BankCheck(float("nan"), nearness, cosine, *near, scripts, fits=True, reason=f"not checked: {reason}")
    found = _separability(ours, theirs)
    signs = {"their vectors": found, "the similarity to their nearest item": nearness}
    telling = [f"{area:.2f} by {sign}" for sign, area in signs.items() if area >= LIMIT]
    if not telling:
        return BankCheck(found, nearness, cosine, *near, scripts, fits=True, reason="the bank looks like the queries")
    reason = (
        f"the bank does not look like the queries: they can be told apart ({', '.join(telling)}; the limit is "
        f"{LIMIT:.2f}, chance 0.5). Take texts of the queries' language and kind for the bank."
    )
    return BankCheck(found, nearness, cosine, *near, scripts, fits=False, reason=reason)


def script_distance(left: Sequence[str], right: Sequence[str]) -> float:
    """Return the total variation distance, 0 to 1, of the scripts of the letters of two collections of texts."""
    mixes = [_scripts(texts) for texts in (left, right)]
    totals = [sum(mix.values()) for mix in mixes]
    if not all(totals):
        return float("nan")
    shares = [
        {script: count / total for script, count in mix.items()} for mix, total in zip(mixes, totals, strict=True)
    ]
    return sum(abs(shares[0].get(script, 0) - shares[1].get(script, 0)) for script in {*shares[0], *shares[1]}) / 2


def _scripts(texts: Sequence[str]) -> Counter[str]:
    """Count letters by the first word of their Unicode name, which is their script."""
    letters = Counter(char for text in texts for char in text if char.isalpha())
    found: Counter[str] = Counter()
    for char, count in letters.items():
        found[unicodedata.name(char, "UNKNOWN").split()[0]] += count
    return found


def _sample(rows: Floats, rng: np.random.Generator) -> NDArray[np.float64]:
    return rows[rng.permutation(len(rows))[:SAMPLE]].astype(np.float64)


def _separability(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve on the second halves, of the direction found on the first, and reversed."""
    halves = [(rows[: len(rows) // 2], rows[len(rows) // 2 :]) for rows in (ours, theirs)]
    areas = []
    for fit, judge in ((0, 1), (1, 0)):
        direction = halves[0][fit].mean(axis=0) - halves[1][fit].mean(axis=0)
        areas.append(_area(halves[0][judge] @ direction, halves[1][judge] @ direction))
    return float(np.mean(areas))


def _area(high: NDArray[np.float64], low: NDArray[np.float64]) -> float:
    """Return the share of pairs of one high and one low value that are in order; a tie is half a pair."""
    ordered = np.sort(low)
    below, upto = np.searchsorted(ordered, high, "left"), np.searchsorted(ordered, high, "right")
    return float((below + upto).sum() / (2 * len(high) * len(low)))


def _nearest(rows: NDArray[np.float64], gallery: Floats) -> NDArray[np.float64]:
    """Return the similarity of some of the rows to their nearest gallery item."""
    few = rows[:500].astype(gallery.dtype)
    best = np.full(len(few), -np.inf)
    for at in range(0, len(gallery), 1 << 14):
        best = np.maximum(best, (few @ gallery[at : at + (1 << 14)].T).max(axis=1))
    if not np.isfinite(best).all():
        msg = "The gallery holds NaN; leave such texts out."
        raise DataError(msg)
    return best
