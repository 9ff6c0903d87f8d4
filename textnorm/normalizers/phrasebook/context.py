"""What a block demands of its context, in hassil's terms: required and excluded values, slots filled from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textnorm.normalizers.phrasebook.book import Block, Value


class Conditions:
    """The context conditions of one block, unpacked once.

    Attributes:
        required: key → (allowed values or ``None`` for any, slot to fill or ``""``).
        excluded: key → forbidden values.
        offers: key → slot to fill where the context has it.
    """

    __slots__ = ("_fits", "excluded", "offers", "required")

    def __init__(self, block: Block) -> None:
        self.required: dict[str, tuple[list[Any] | None, str]] = {}
        for key, demand in block.requires.items():
            slot: Any = ""
            if isinstance(demand, Mapping):
                slot = demand.get("slot") or ""
                slot = key if slot is True else slot
                demand = demand.get("value")
            self.required[key] = (_several(demand), str(slot))
        self.excluded = {
            key: _several(demand.get("value") if isinstance(demand, Mapping) else demand) or []
            for key, demand in block.excludes.items()
        }
        self.offers = block.offers
        self._fits: dict[int, bool] = {}

    def choose(self, values: Sequence[Value]) -> Value | None:
        """Return the first of a surface's values that fits the block."""
        for value in values:
            fits = self._fits.get(id(value))
            if fits is None:
                fits = self._fits[id(value)] = self._fit(value)
            if fits:
                return value
        return None

    def _fit(self, value: Value) -> bool:
        own = value.context
        if not own:
            return True
        for key, (allowed, _) in self.required.items():
            if key in own and allowed is not None and _plain(own[key]) not in allowed:
                return False
        return all(_plain(own[key]) not in bad for key, bad in self.excluded.items() if key in own)

    def check(self, context: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the slots that the context fills, ``None`` where it does not fit."""
        for key, bad in self.excluded.items():
            if key in context and _plain(context[key]) in bad:
                return None
        slots: dict[str, Any] = {}
        for key, (allowed, slot) in self.required.items():
            actual = _plain(context.get(key))
            if actual is None or (allowed is not None and actual not in allowed):
                return None
            if slot:
                slots[slot] = actual
        for key, slot in self.offers.items():
            actual = _plain(context.get(key))
            if actual is not None:
                slots[slot] = actual
        return slots


def _several(demand: Any) -> list[Any] | None:
    if demand is None:
        return None
    return list(demand) if isinstance(demand, list | tuple | set | frozenset) else [demand]


def _plain(value: Any) -> Any:
    return value.get("value") if isinstance(value, Mapping) else value
