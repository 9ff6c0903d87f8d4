"""A text read with what is known of it beside its name: a job title with the skills of its vacancy.

Any encoder can do it: the vector of the text and that of its attributes are added, the attributes with a weight that
training measures (:mod:`textnorm.linking.train` keeps it in the model's card). An encoder with a head of its own for
attributes has a method ``encode_attributes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.protocol import Encoder, as_texts, unit_rows
from textnorm.errors import UsageError

#: Weight of the attributes beside the text, where the encoder's card has none under this key.
WEIGHT, KEY = 0.5, "attribute_weight"
#: More attributes than this are left out: a vacancy names a few dozen.
MOST = 64


def joined(attributes: Sequence[str]) -> str:
    """Return attributes as one text."""
    return ", ".join(attributes[:MOST])


def weight_of(encoder: Encoder) -> float:
    """Return the weight of attributes that the encoder's card names, or :data:`WEIGHT`."""
    card: Any = getattr(encoder, "card", None)
    found = card.get(KEY) if isinstance(card, dict) else None
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) and found >= 0 else WEIGHT


def encode_with(
    encoder: Encoder, texts: Sequence[str], attributes: Sequence[Sequence[str]], *, weight: float | None = None
) -> NDArray[np.float32]:
    """Return one unit row a text with its attributes, float32 ``[len(texts), dim]``.

    A text without attributes has the vector that ``encode`` gives it, to the bit.

    Args:
        encoder: any.
        texts: names.
        attributes: of each text; empty where nothing is known.
        weight: of the attributes beside the text; ``None`` is what the encoder's card says.

    Raises:
        UsageError: ``texts`` is a single string, there are not as many attributes as texts, or ``weight`` is below 0.
        DataError: an item is no string.
    """
    items = as_texts(texts)
    if len(attributes) != len(items):
        msg = f"There are {len(items)} texts, but attributes for {len(attributes)}."
        raise UsageError(msg)
    if weight is not None and not weight >= 0:
        msg = f"The weight of attributes is {weight}; it must be 0 or more."
        raise UsageError(msg)
    rows = encoder.encode(items)
    some = [i for i, given in enumerate(attributes) if given]
    share = weight_of(encoder) if weight is None else weight
    if not some or share == 0:
        return rows
    bags = [as_texts(attributes[i]) for i in some]
    own: Any = getattr(encoder, "encode_attributes", None)
    beside: NDArray[np.float32] = encoder.encode([joined(bag) for bag in bags]) if own is None else own(bags)
    rows[some] = unit_rows(rows[some] + np.float32(share) * beside, [items[i] for i in some], encoder.identity)
    return rows
