"""Adapters for engines that are not ours: Ray Data, Spark, Dask, Daft, or anything that hands out Arrow batches.

Each is a few lines round :func:`textnorm.arrow.normalize_batches`, and gives the same rows. A :class:`BatchNormalizer`
is small to send: it holds the name of a pipeline, and each worker loads it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from textnorm.arrow import OnError, normalize_batches, output_schema
from textnorm.config import load
from textnorm.pipeline import Pipeline

if TYPE_CHECKING:
    import pyarrow as pa

_loaded: dict[tuple[str, str], Pipeline] = {}


class BatchNormalizer:
    """Normalizes a column of whatever Arrow data an engine hands over.

    Args:
        pipeline: a pipeline's name or path, which must be the same on every worker, or a pipeline (then it is pickled).
        column: column with the text.
        overrides: values of the pipeline to replace, by dotted key.
        on_error: ``fail`` stops at the first row on which a component fails; ``quarantine`` sets it aside.
        overwrite_columns: replace columns that have the new names.
    """

    def __init__(
        self,
        pipeline: str | Pipeline,
        column: str = "text",
        *,
        overrides: Mapping[str, Any] | None = None,
        on_error: OnError = "fail",
        overwrite_columns: bool = False,
    ) -> None:
        self.pipeline = pipeline
        self.column = column
        self.overrides = dict(overrides or {})
        self.on_error = on_error
        self.overwrite_columns = overwrite_columns

    @property
    def nlp(self) -> Pipeline:
        """The pipeline, loaded once a process."""
        if isinstance(self.pipeline, Pipeline):
            return self.pipeline
        key = (self.pipeline, repr(sorted(self.overrides.items())))
        if key not in _loaded:
            _loaded[key] = load(self.pipeline, overrides=self.overrides)
        return _loaded[key]

    def batches(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield record batches with the new columns: what ``mapInArrow`` of Spark takes."""
        yield from normalize_batches(
            batches,
            self.nlp,
            self.column,
            overwrite_columns=self.overwrite_columns,
            on_error=self.on_error,
        )

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return a table with the new columns: what ``map_batches`` of Ray Data takes (``batch_format="pyarrow"``)."""
        import pyarrow as pa

        return pa.Table.from_batches(list(self.batches(table.to_batches())), schema=self.schema(table.schema))

    def schema(self, schema: pa.Schema) -> pa.Schema:
        """Return the schema of the output for that of an input, for engines that ask beforehand."""
        return output_schema(schema, self.nlp, self.column, overwrite_columns=self.overwrite_columns)

    def struct(self, texts: pa.Array) -> pa.StructArray:
        """Return the new columns of one column as a struct: what a column function (Daft's UDFs) returns."""
        import pyarrow as pa

        columns = [texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts]
        batch = pa.RecordBatch.from_arrays(columns, names=[self.column])
        parts = [out.select(out.schema.names[1:]).to_struct_array() for out in self.batches([batch])]
        return pa.concat_arrays(parts)

    def pandas(self, frame: Any) -> Any:
        """Return a pandas frame with the new columns, types kept by Arrow: what ``map_partitions`` of Dask takes."""
        import pandas as pd
        import pyarrow as pa

        table = self(pa.Table.from_pandas(frame, preserve_index=False))
        out = table.to_pandas(types_mapper=pd.ArrowDtype)
        out.index = frame.index
        return out
