"""Several encoders read as one: their vectors side by side, so that its cosine is the mean of theirs.

What one encoder misses another may know: n-grams trained on the user's names, and a transformer's general knowledge.
Equal shares are a safe choice where nothing else is known (docs/training.md has figures).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.attributes import joined
from textnorm.encoders.protocol import Encoder, as_texts
from textnorm.errors import UsageError

#: Joins the names of encoders: ``MODEL+minilm``.
SIGN = "+"


class JointEncoder:
    """Vectors of several encoders side by side, in equal shares; see :class:`~textnorm.encoders.protocol.Encoder`.

    Attributes:
        members: the encoders.
    """

    def __init__(self, members: Sequence[Encoder]) -> None:
        """Join encoders.

        Raises:
            UsageError: fewer than two, or one twice.
        """
        if len(members) < 2 or len({member.identity for member in members}) < len(members):
            msg = "A joint encoder needs two encoders or more, each once."
            raise UsageError(msg)
        self.members = list(members)
        self.identity = f"textnorm.joint.v1:{SIGN.join(member.identity for member in members)}"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return sum(member.dim for member in self.members)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row a text, float32 ``[len(texts), dim]``; see the protocol for errors."""
        items = as_texts(texts)
        return self._side_by_side([member.encode(items) for member in self.members])

    def encode_attributes(self, attributes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return one unit row a list of attributes, read together."""
        found = []
        for member in self.members:
            own: Any = getattr(member, "encode_attributes", None)
            found.append(member.encode([joined(some) for some in attributes]) if own is None else own(attributes))
        return self._side_by_side(found)

    def _side_by_side(self, rows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        both = np.concatenate(rows, axis=1)
        both *= np.float32(1 / np.sqrt(len(rows)))
        return np.ascontiguousarray(both, dtype=np.float32)
