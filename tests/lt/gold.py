"""Reads and scores our own gold (``corpora/lt/gold_nsw.tsv``); its notation is described beside it."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLD = ROOT / "corpora" / "lt" / "gold_nsw.tsv"

_PUNCTUATION = re.compile(r"[^\w\s]+|_")
_GROUP = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Row:
    id: str
    label: str
    split: str
    written: str
    accepted: tuple[str, ...]

    def right(self, got: str) -> bool:
        """A row that must not change is compared as it is; the others without case and punctuation."""
        if self.label == "NONE":
            return got == self.written
        return plain(got) in {plain(reading) for reading in self.accepted}


def plain(text: str) -> str:
    text = unicodedata.normalize("NFC", text).lower()
    return " ".join(_PUNCTUATION.sub(" ", text).split())


def expand(reading: str) -> list[str]:
    parts = _GROUP.split(reading)
    choices = [part.split("|") if k % 2 else [part] for k, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]


def load() -> list[Row]:
    rows = []
    for line in GOLD.read_text(encoding="utf-8").splitlines()[1:]:
        id_, label, split, written, spoken = line.split("\t")
        accepted = tuple(x for reading in spoken.split(" || ") for x in expand(reading))
        rows.append(Row(id_, label, split, written, accepted))
    return rows
