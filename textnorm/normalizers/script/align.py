"""Learning a channel from pairs of texts: alignment of small segments by hard expectation and maximisation.

Where two sides agree nothing is to be learned but that letters were kept, so only the regions that differ (found by
Levenshtein distance) are aligned. A segment reads at most two characters as at most two, after Ristad and Yianilos
(1998) with the many-to-many segments of Jiampojamarn et al. (2007).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from rapidfuzz.distance import Levenshtein

Counts = dict[tuple[str, str], float]
#: Longest side of a segment.
REACH = 2
#: Differing regions longer than this say nothing certain about single letters.
LONGEST_REGION = 16
#: Share of a pair's characters that may differ before the two sides are taken not to belong together.
APART = 0.75


def regions(source: str, target: str) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Return the characters that were kept and the regions that differ; regions one equal character apart are one."""
    kept: Counter[str] = Counter()
    out: Counter[tuple[str, str]] = Counter()
    start: tuple[int, int] | None = None
    last = (0, 0)
    for op in Levenshtein.opcodes(source, target):
        if op.tag == "equal":
            if start is not None and op.src_end - op.src_start <= 1 and op.src_end < len(source):
                continue
            if start is not None:
                out[source[start[0] : last[0]], target[start[1] : last[1]]] += 1
                start = None
                kept.update(source[op.src_start : op.src_end])
            else:
                kept.update(source[op.src_start : op.src_end])
        else:
            if start is None:
                start = (op.src_start, op.dest_start)
            last = (op.src_end, op.dest_end)
    if start is not None:
        out[source[start[0] : last[0]], target[start[1] : last[1]]] += 1
    return kept, out


def belong(source: str, target: str) -> bool:
    """Whether two sides can be the same text in two spellings."""
    longer = max(len(source), len(target))
    return longer > 0 and Levenshtein.distance(source, target) <= APART * longer


def learn(
    pairs: Iterable[tuple[str, str]], table: Mapping[tuple[str, str], float], *, rounds: int = 5
) -> tuple[Counts, Counter[str]]:
    """Return counted segments ``(source, target)`` that differ, and the characters that were kept.

    Args:
        pairs: sources and targets.
        table: segments known beforehand and their prior counts.
        rounds: of expectation and maximisation.
    """
    kept: Counter[str] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    for (source, target), n in Counter(pairs).items():
        same, differing = regions(source, target)
        for char, times in same.items():
            kept[char] += n * times
        for region, times in differing.items():
            found[region] += n * times
    wanted = {(s, t): n for (s, t), n in found.items() if max(len(s), len(t)) <= LONGEST_REGION}
    counts: Counts = dict(table)
    fresh: Counts = {}
    for turn in range(rounds):
        costs = _costs(counts, kept)
        fresh = {}
        for (source, target), times in wanted.items():
            for segment in _best(source, target, costs, first=turn == 0):
                fresh[segment] = fresh.get(segment, 0.0) + times
        counts = dict(fresh)
        for pair, prior in table.items():
            counts[pair] = counts.get(pair, 0.0) + 0.5 * prior
    changed: Counts = {}
    for (source, target), count in fresh.items():
        if source == target:
            for char in source:
                kept[char] += int(count)
        else:
            changed[source, target] = changed.get((source, target), 0.0) + count
    return changed, kept


def _costs(counts: Mapping[tuple[str, str], float], kept: Mapping[str, float]) -> dict[tuple[str, str], float]:
    total: dict[str, float] = dict(kept)
    for (_, target), n in counts.items():
        total[target] = total.get(target, 0.0) + n
    total[""] = sum(total.values())
    costs = {}
    for (source, target), n in counts.items():
        costs[source, target] = -math.log(n / total[target])
    for char in kept:
        costs[char, char] = -math.log((kept[char] + counts.get((char, char), 0.0)) / total[char])
    return costs


def _best(source: str, target: str, costs: Mapping[tuple[str, str], float], *, first: bool) -> list[tuple[str, str]]:
    """Return the cheapest segments of a region."""
    n, m = len(source), len(target)
    inf = math.inf
    cost = [[inf] * (m + 1) for _ in range(n + 1)]
    back: list[list[tuple[int, int]]] = [[(0, 0)] * (m + 1) for _ in range(n + 1)]
    cost[0][0] = 0.0
    for i in range(n + 1):
        for j in range(m + 1):
            here = cost[i][j]
            if here == inf:
                continue
            for a in range(min(REACH, n - i) + 1):
                for b in range(min(REACH, m - j) + 1):
                    if a + b == 0 or (a == 0 and b > 1) or (b == 0 and a > 1):
                        continue
                    pair = (source[i : i + a], target[j : j + b])
                    price = costs.get(pair)
                    if price is None:
                        if pair[0] == pair[1] and a > 1:
                            continue
                        # What was never seen: short segments first, and those that keep a character.
                        price = 0.5 if pair[0] == pair[1] else 7.0 + 3.0 * (a + b - 1) + (1.0 if a * b == 0 else 0.0)
                        if first and a * b > 1:
                            price += 2.0
                    if here + price < cost[i + a][j + b]:
                        cost[i + a][j + b] = here + price
                        back[i + a][j + b] = (a, b)
    out: list[tuple[str, str]] = []
    i, j = n, m
    while i or j:
        a, b = back[i][j]
        out.append((source[i - a : i], target[j - b : j]))
        i, j = i - a, j - b
    return out[::-1]
