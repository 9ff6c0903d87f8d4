"""The step of a run that gives each text of a column its vector: ``--step COLUMN=encode:MODEL``.

Rows of several row groups are encoded together (a run calls the step with :attr:`EncodeStep.window` rows where a unit
of work has as many), so that the encoder can put texts of like length into one batch. On a GPU a transformer computes
in half precision, copies from pinned memory and reads the next texts while it computes; without one it runs on the CPU
by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from textnorm.encoders.load import load_encoder
from textnorm.encoders.protocol import Encoder
from textnorm.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows that are encoded at once.
WINDOW = 65_536
DType = Literal["float32", "float16"]


class EncodeStep:
    """A :class:`~textnorm.protocols.Step`: ``COL_vector``, a fixed-size list; null for a null text.

    Args:
        column: column with the text.
        model: what :func:`~textnorm.encoders.load.load_encoder` takes.
        dtype: of the column; half precision halves the file.
        options: for the encoder.

    Raises:
        UsageError: there is no such encoder or dtype.
    """

    kind = "encode"

    def __init__(self, column: str, model: str, *, dtype: DType = "float32", **options: Any) -> None:
        if dtype not in ("float32", "float16"):
            msg = f"The step encode writes float32 or float16, not {dtype}."
            raise UsageError(msg)
        self.column = column
        self.window = WINDOW
        self._spec: tuple[str, DType, dict[str, Any]] = (model, dtype, options)
        self._encoder: Encoder | None = None
        self.facts: Mapping[str, Any] = {
            "encoder": self.encoder.identity,
            "dim": self.encoder.dim,
            "dtype": dtype,
        }

    @property
    def encoder(self) -> Encoder:
        """The encoder, opened on first use in each process."""
        if self._encoder is None:
            model, _, options = self._spec
            self._encoder = load_encoder(model, **options)
        return self._encoder

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_encoder": None}

    def fields(self, column: pa.Field) -> Sequence[pa.Field]:
        """See :class:`~textnorm.protocols.Step`."""
        import pyarrow as pa

        kind = pa.float16() if self._spec[1] == "float16" else pa.float32()
        return [pa.field(f"{self.column}_vector", pa.list_(kind, self.facts["dim"]))]

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """See :class:`~textnorm.protocols.Step`."""
        import pyarrow as pa

        (field,) = self.fields(batch.schema.field(self.column))
        texts = batch.column(self.column).to_pylist()
        present = [i for i, text in enumerate(texts) if text is not None]
        rows = np.zeros((len(texts), self.facts["dim"]), dtype=self._spec[1])
        if present:
            rows[present] = self.encoder.encode([texts[i] for i in present])
        null = np.ones(len(texts), dtype=np.bool_)
        null[present] = False
        values = pa.array(rows.ravel(), field.type.value_type)
        vectors = pa.FixedSizeListArray.from_arrays(values, type=field.type, mask=pa.array(null))
        return pa.RecordBatch.from_arrays([*batch.columns, vectors], names=[*batch.schema.names, field.name])


def make_encode(column: str, target: str, **options: Any) -> EncodeStep:
    """Return the step registered as ``encode``."""
    if not target:
        msg = f"The step encode needs an encoder: {column}=encode:FOLDER (or minilm, or a model's name)."
        raise UsageError(msg)
    return EncodeStep(column, target, **options)
