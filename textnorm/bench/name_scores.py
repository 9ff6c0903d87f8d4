"""Scores of a clustering of names against gold clusters: B³, LEA, pairs of variants, false merges.

Sources: B³, Bagga & Baldwin (LREC 1998); LEA, Moosavi & Strube (ACL 2016), a singleton weighing 1. VAR is precision and
recall over pairs of mentions of one document whose surface forms differ after case folding: the part that normalization
changes, 0 for exact match by construction.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import combinations


@dataclass
class Tally:
    """Counts of one set, summed over documents."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, gold: Sequence[Hashable], system: Sequence[Hashable], forms: Sequence[str]) -> None:
        """Count one document.

        Args:
            gold: cluster of each of its ``n`` mentions.
            system: the same by the system.
            forms: surface forms, case-folded.
        """
        n, c = len(gold), self.counts
        c["n"] += n
        for name, labels in (("system", system), ("exact", forms)):
            precision, recall = _b3(gold, labels)
            c[f"{name}_bp"] += precision  # type: ignore[assignment]
            c[f"{name}_br"] += recall  # type: ignore[assignment]
            wrong, merged = _false_merges(gold, labels)
            c[f"{name}_wrong"] += wrong
            c[f"{name}_merged"] += merged
        c["lp"] += _lea(_groups(system), _groups(gold))  # type: ignore[assignment]
        c["lr"] += _lea(_groups(gold), _groups(system))  # type: ignore[assignment]
        for i, j in combinations(range(n), 2):
            if forms[i] != forms[j]:
                same, said = gold[i] == gold[j], system[i] == system[j]
                c["tp"] += same and said
                c["fp"] += said and not same
                c["fn"] += same and not said

    def scores(self) -> dict[str, float]:
        """Return the scores, shares of 0 to 1."""
        c = self.counts
        n = c["n"]
        precision, recall = _share(c["tp"], c["tp"] + c["fp"]), _share(c["tp"], c["tp"] + c["fn"])
        return {
            "b3": harmonic(_share(c["system_bp"], n), _share(c["system_br"], n)),
            "b3_exact_match": harmonic(_share(c["exact_bp"], n), _share(c["exact_br"], n)),
            "lea": harmonic(_share(c["lp"], n), _share(c["lr"], n)),
            "var_precision": precision,
            "var_recall": recall,
            "var_f1": harmonic(precision, recall),
            "false_merges": _share(c["system_wrong"], c["system_merged"]),
            "false_merges_exact_match": _share(c["exact_wrong"], c["exact_merged"]),
        }


def harmonic(precision: float, recall: float) -> float:
    """Return F1."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _groups(labels: Sequence[Hashable]) -> list[list[int]]:
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    for k, label in enumerate(labels):
        groups[label].append(k)
    return list(groups.values())


def _b3(gold: Sequence[Hashable], system: Sequence[Hashable]) -> tuple[float, float]:
    """Return the sums over mentions of B³ precision and recall."""
    both = Counter(zip(gold, system, strict=True))
    in_gold, in_system = Counter(gold), Counter(system)
    precision = sum(count * count / in_system[s] for (_, s), count in both.items())
    recall = sum(count * count / in_gold[g] for (g, _), count in both.items())
    return precision, recall


def _lea(key: list[list[int]], response: list[list[int]]) -> float:
    """Return the sum over the key's clusters of size times resolved share of links."""
    home = {k: i for i, group in enumerate(response) for k in group}
    total = 0.0
    for group in key:
        if len(group) == 1:
            total += len(response[home[group[0]]]) == 1
        else:
            links = len(group) * (len(group) - 1) / 2
            found = Counter(home[k] for k in group).values()
            total += len(group) * sum(v * (v - 1) / 2 for v in found) / links
    return total


def _false_merges(gold: Sequence[Hashable], system: Sequence[Hashable]) -> tuple[int, int]:
    """Return mentions in clusters of two or more that are not of the cluster's main name, and all in such clusters."""
    wrong = merged = 0
    for group in _groups(system):
        if len(group) > 1:
            merged += len(group)
            wrong += len(group) - max(Counter(gold[k] for k in group).values())
    return wrong, merged
