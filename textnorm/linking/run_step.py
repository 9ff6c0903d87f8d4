"""The step of a run that links a column: ``textnorm run --step COLUMN=link:INDEX``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textnorm import __version__
from textnorm.errors import UsageError
from textnorm.linking.normalizer import identity_of
from textnorm.linking.step import LinkStep, Query, added, candidates_type, new_columns

if TYPE_CHECKING:
    import pyarrow as pa


class LinkColumn:
    """A :class:`~textnorm.protocols.Step`: ``COL_link_id``, ``COL_link_name``, ``COL_link_p``, ``COL_link_candidates``.

    The index is opened, memory-mapped, on first use in each process; the processes of one machine share its pages.

    Args:
        column: column with what is to be linked.
        index: folder of the index.
        k: candidates a row at most.
        min_p: threshold of the probability; by default the index's own.
        lang: language of all rows.

    Raises:
        UsageError: there is no index in the folder, or ``k`` or ``min_p`` is out of range.
        DataError: the index is damaged.
    """

    kind = "link"

    def __init__(
        self, column: str, index: str, *, k: int = 10, min_p: float | None = None, lang: str | None = None
    ) -> None:
        if k < 1 or (min_p is not None and not 0 <= min_p <= 1):
            msg = f"The step link takes k of 1 or more and min_p between 0 and 1, not k={k}, min_p={min_p}."
            raise UsageError(msg)
        self.column, self.index = column, Path(index).absolute()
        self.k, self.min_p, self.lang = k, min_p, lang
        self._step: LinkStep | None = None
        self.facts: Mapping[str, Any] = {
            "index": identity_of(self.index),
            "k": k,
            "min_p": min_p,
            "lang": lang,
            "textnorm": __version__,
        }

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_step": None}

    def fields(self, column: pa.Field) -> Sequence[pa.Field]:
        """See :class:`~textnorm.protocols.Step`."""
        import pyarrow as pa

        kinds = (pa.string(), pa.string(), pa.float64(), candidates_type())
        return [pa.field(name, kind) for name, kind in zip(added(self.column), kinds, strict=True)]

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """See :class:`~textnorm.protocols.Step`."""
        import pyarrow as pa

        if self._step is None:
            from textnorm.linking.linker import Linker

            linker = Linker.load(self.index)
            self._step = LinkStep(linker if self.min_p is None else linker.with_options(min_p=self.min_p), self.k)
        texts = batch.column(self.column).to_pylist()
        answers = self._step([None if text is None else Query(text, self.lang) for text in texts])
        names = [*batch.schema.names, *added(self.column)]
        return pa.RecordBatch.from_arrays([*batch.columns, *new_columns(answers)], names=names)


def make_link(column: str, target: str, **options: Any) -> LinkColumn:
    """Return the step registered as ``link``.

    Raises:
        UsageError: no index is named, or an option is unknown.
    """
    if not target:
        msg = f"The step link needs an index: {column}=link:INDEX."
        raise UsageError(msg)
    try:
        return LinkColumn(column, target, **options)
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        msg = f"The step link does not take these options: {error}."
        raise UsageError(msg) from error
