"""The columns that a step adds to a chunk, in the form that each writer needs: Arrow arrays, JSON, fields of a TSV."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Protocol

from textnorm.arrow import SUFFIXES, Outcome, new_columns, text_type
from textnorm.nested import NestedOutcome

if TYPE_CHECKING:
    import pyarrow as pa

    from textnorm.edits import Edits

_SURROGATE = re.compile("[\ud800-\udfff]")
#: Of several statuses of one row the one that counts: the first of these.
STATUSES = ("quarantined", "changed", "abstained", "unchanged")


@dataclass
class Fired:
    """What the edits of some rows were, by count.

    Attributes:
        rules: edits by rule; an edit of several rules counts for each.
        labels: edits by class, likewise.
        abstained: annotations that say that nobody could read a span, by rule.
    """

    rules: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    abstained: Counter[str] = field(default_factory=Counter)

    def merge(self, other: Fired) -> None:
        """Add the counts of another part."""
        self.rules.update(other.rules)
        self.labels.update(other.labels)
        self.abstained.update(other.abstained)

    def add(self, edits: Edits) -> None:
        """Count the edits of one chunk."""
        for into, found in ((self.rules, edits.rule), (self.labels, edits.label)):
            for name, n in Counter(found).items():
                for part in name.split("+"):
                    into[part] += n
        if None in edits.replacement:
            for k, value in enumerate(edits.value):
                if edits.replacement[k] is None and isinstance(value, dict) and value.get("abstained") is True:
                    self.abstained.update(edits.rule[k].split("+"))


class Added(Protocol):
    """New columns of one chunk.

    Attributes:
        names: their names, in order.
        failures: reason by index of each row set aside.
        status: what became of each row; ``None`` where there was nothing to do.
    """

    names: tuple[str, ...]

    @property
    def failures(self) -> dict[int, str]:
        """Why rows were set aside."""
        ...

    @property
    def status(self) -> Sequence[str | None]:
        """What became of the rows."""
        ...

    def arrays(self, source: pa.Array | None) -> list[pa.Array]:
        """Return the columns; ``source`` is the column that was read, where it is at hand."""
        ...

    def json(self, i: int) -> str:
        """Return the fields of row ``i`` as JSON, without braces."""
        ...

    def cells(self, i: int) -> list[str | None]:
        """Return the fields of row ``i`` as text."""
        ...


def names_of(column: str) -> tuple[str, ...]:
    """Return the names of the columns that normalizing one adds."""
    return tuple(f"{column}_{suffix}" for suffix in SUFFIXES)


class Normed:
    """Readings of a text column."""

    def __init__(self, column: str, got: Outcome) -> None:
        self.got = got
        self.names = names_of(column)
        self._norm, self._edits, self._status = (string(name) for name in self.names)

    @cached_property
    def sizes(self) -> list[int]:
        """Edits a row."""
        return [int(size) for size in self.got.edits.offsets[1:] - self.got.edits.offsets[:-1]]

    @property
    def failures(self) -> dict[int, str]:
        """See :class:`Added`."""
        return self.got.failures

    @property
    def status(self) -> Sequence[str | None]:
        """See :class:`Added`."""
        return self.got.status

    def arrays(self, source: pa.Array | None) -> list[pa.Array]:
        """See :class:`Added`."""
        import pyarrow as pa

        kind = None if source is None else text_type(source.type)
        return new_columns(self.got, kind or pa.string(), source)

    def edits_json(self, i: int) -> str:
        """Return the edits of row ``i`` as JSON."""
        if self.got.norm[i] is None:
            return "null"
        return "[]" if not self.sizes[i] else dumps([e.to_dict() for e in self.got.edits.row(i)])

    def json(self, i: int) -> str:
        """See :class:`Added`."""
        norm, status = string(self.got.norm[i]), string(self.got.status[i])
        return f"{self._norm}: {norm}, {self._edits}: {self.edits_json(i)}, {self._status}: {status}"

    def cells(self, i: int) -> list[str | None]:
        """See :class:`Added`."""
        norm = self.got.norm[i]
        return [norm, "" if norm is None else self.edits_json(i), self.got.status[i] or ""]


class NormedLists:
    """Readings of a column of lists."""

    def __init__(self, column: str, got: NestedOutcome, item: pa.DataType, *, large: bool = False) -> None:
        self.got = got
        self.names = names_of(column)
        self._item, self._large = item, large

    @property
    def failures(self) -> dict[int, str]:
        """See :class:`Added`."""
        return self.got.failures

    @property
    def status(self) -> Sequence[str | None]:
        """See :class:`Added`."""
        return self.got.status

    def arrays(self, source: pa.Array | None) -> list[pa.Array]:
        """See :class:`Added`."""
        return self.got.arrays(self._item, large=self._large)

    @cached_property
    def _rows(self) -> list[tuple[Any, Any, Any]]:
        import pyarrow as pa

        columns = [array.to_pylist() for array in self.got.arrays(pa.string())]
        return list(zip(*columns, strict=True))

    def json(self, i: int) -> str:
        """See :class:`Added`."""
        norm, edits, status = self._rows[i]
        for edit in (edit for item in edits or () for edit in item):
            edit["value"] = None if edit["value"] is None else json.loads(edit["value"])
        values = zip(self.names, (norm, edits, status), strict=True)
        return ", ".join(f"{string(name)}: {dumps(value)}" for name, value in values)

    def cells(self, i: int) -> list[str | None]:
        """See :class:`Added`."""
        return ["" if value is None else value if isinstance(value, str) else dumps(value) for value in self._rows[i]]


class Columns:
    """Columns of any step, as Arrow arrays."""

    def __init__(self, batch: pa.RecordBatch, failures: dict[int, str]) -> None:
        self.names = tuple(batch.schema.names)
        self._batch = batch
        self._failures = failures

    @property
    def failures(self) -> dict[int, str]:
        """See :class:`Added`."""
        return self._failures

    @property
    def status(self) -> Sequence[str | None]:
        """See :class:`Added`."""
        return ["quarantined" if i in self._failures else None for i in range(self._batch.num_rows)]

    def arrays(self, source: pa.Array | None) -> list[pa.Array]:
        """See :class:`Added`."""
        return list(self._batch.columns)

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        return self._batch.to_pylist()  # type: ignore[no-any-return]

    def json(self, i: int) -> str:
        """See :class:`Added`."""
        return dumps(self._rows[i])[1:-1]

    def cells(self, i: int) -> list[str | None]:
        """See :class:`Added`."""
        return ["" if v is None else v if isinstance(v, str) else dumps(v) for v in self._rows[i].values()]


def combined(added: Sequence[Added]) -> Iterator[str | None]:
    """Yield what became of each row over all steps."""
    if len(added) == 1:
        yield from added[0].status
        return
    for states in zip(*(one.status for one in added), strict=True):
        yield next((status for status in STATUSES if status in states), None)


def _default(value: Any) -> Any:
    """Return a JSON form for values that Arrow columns may hold."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _finite(value: Any) -> Any:
    """JSON has no number for NaN and the infinities; they become null."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def string(text: str | None) -> str:
    """Return a string as JSON; several times faster than the general way, and most of what is written."""
    return "null" if text is None else encode_basestring(text)


def dumps(value: Any) -> str:
    """Return any value that a row may hold as JSON."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_default)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, default=_default)


def encode_json(text: str) -> bytes:
    """Encode JSON text; half surrogate pairs, which UTF-8 cannot hold, are escaped as JSON does."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda m: f"\\u{ord(m.group()):04x}", text).encode("utf-8")
