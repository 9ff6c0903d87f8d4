"""Confidence as a probability: a table of how often readings of a class were right at each raw confidence.

Functions of a reader give a raw confidence, which orders readings but is no probability. A pack may bring a table
(columns ``classes``, ``from``, ``n``, ``right``, ``confidence``) that was measured on gold: for the classes of a row, a
raw confidence of ``from`` or more, up to the next row of the same classes, becomes ``confidence``. Classes without rows
keep the raw value.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

COLUMNS = ("classes", "from", "n", "right", "confidence")


@dataclass(frozen=True)
class Calibration:
    """Steps of raw confidence and what they are worth, by class.

    Attributes:
        steps: for each class, ascending lower ends of raw confidence and the confidence from each on.
    """

    steps: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]

    def __call__(self, label: str, raw: float) -> float:
        """Return the confidence of a reading of class ``label`` whose raw confidence is ``raw``."""
        found = self.steps.get(label)
        if found is None:
            return raw
        at = bisect_right(found[0], raw)
        return found[1][at - 1] if at else raw


def calibration_of(rows: Iterable[Mapping[str, str]], known: Iterable[str]) -> Calibration:
    """Return the calibration that a table's rows describe.

    Raises:
        ValueError: an unknown class, a number that is none or outside 0 to 1, or steps that do not ascend.
    """
    classes = set(known)
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        lower, confidence = float(row["from"]), float(row["confidence"])
        if not (0.0 <= lower <= 1.0 and 0.0 <= confidence <= 1.0):
            msg = f"'from' and 'confidence' lie between 0 and 1, not {lower} and {confidence}"
            raise ValueError(msg)
        for label in row["classes"].split():
            if label not in classes:
                msg = f"there is no class '{label}'"
                raise ValueError(msg)
            steps = found.setdefault(label, [])
            if steps and (lower <= steps[-1][0] or confidence < steps[-1][1]):
                msg = f"the steps of {label} must ascend, and so must their confidence"
                raise ValueError(msg)
            steps.append((lower, confidence))
    return Calibration({label: (tuple(a for a, _ in s), tuple(b for _, b in s)) for label, s in found.items()})
