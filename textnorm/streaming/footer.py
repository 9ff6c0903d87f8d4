"""Parquet files of one schema put together without decoding them: pages are copied, offsets in the footer moved.

A Parquet file is ``PAR1``, pages, a footer (Thrift's compact protocol), its length and ``PAR1`` again; the footer says
where each column chunk's pages lie. So row groups that were written apart become one file at the speed of a copy, and
its bytes depend on the pieces alone, not on who wrote them or when.

Sources: the format's ``parquet.thrift`` (field numbers below) and Thrift's compact protocol specification.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, Any

from textnorm.errors import DataError

MAGIC = b"PAR1"
#: Kinds of the compact protocol.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
#: FileMetaData: the number of rows and the row groups.
NUM_ROWS, ROW_GROUPS = 3, 4
#: RowGroup: its columns, its first byte and its number.
COLUMNS, GROUP_OFFSET, ORDINAL = 1, 5, 7
#: ColumnChunk: where it is said to lie, what it holds, its indexes.
CHUNK_OFFSET, META, OFFSET_INDEX, COLUMN_INDEX = 2, 3, 4, 6
#: ColumnMetaData: first data page, index page, dictionary page, bloom filter.
PAGES = (9, 10, 11, 14)
BLOCK = 1 << 22

#: Field number, kind and value; a value is an int, bytes as they are written, a list or a struct.
Field = tuple[int, int, Any]
Struct = list[Field]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def number(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def struct(self) -> Struct:
        fields: Struct = []
        number = 0
        while True:
            head = self.data[self.at]
            self.at += 1
            if head == 0:
                return fields
            number = number + (head >> 4) if head >> 4 else self.number()
            fields.append((number, head & 15, self.value(head & 15)))

    def value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE):
            return None
        if kind in (I16, I32, I64):
            return self.number()
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            head = self.data[self.at]
            self.at += 1
            size = head >> 4 if head >> 4 < 15 else self.varint()
            inner = head & 15
            if inner in (TRUE, FALSE):
                return inner, [self._raw(1) for _ in range(size)]
            return inner, [self.value(inner) for _ in range(size)]
        if kind == MAP:
            msg = "maps do not stand in a Parquet footer"
            raise ValueError(msg)
        fixed = {BYTE: 1, DOUBLE: 8}.get(kind)
        return self._raw(self.varint() if fixed is None else fixed)

    def _raw(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self.data):
            msg = "the footer is cut off"
            raise ValueError(msg)
        return self.data[self.at - size : self.at]


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(value: int) -> bytes:
    return _varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _value(kind: int, value: Any) -> bytes:
    if kind in (TRUE, FALSE):
        return b""
    if kind in (I16, I32, I64):
        return _number(value)
    if kind == STRUCT:
        return value if isinstance(value, bytes) else _struct(value)
    if kind in (LIST, SET):
        inner, items = value
        head = bytes([len(items) << 4 | inner]) if len(items) < 15 else bytes([0xF0 | inner]) + _varint(len(items))
        return head + b"".join(item if inner in (TRUE, FALSE) else _value(inner, item) for item in items)
    return (_varint(len(value)) if kind == BINARY else b"") + bytes(value)


def _struct(fields: Struct) -> bytes:
    out: list[bytes] = []
    last = 0
    for number, kind, value in fields:
        step = number - last
        out.append(bytes([step << 4 | kind]) if 0 < step < 16 else bytes([kind]) + _number(number))
        out.append(_value(kind, value))
        last = number
    return b"".join(out) + b"\0"


def _moved(group: Struct, by: int, ordinal: int) -> Struct:
    """Return a row group whose pages lie ``by`` bytes further on."""

    def later(fields: Struct, which: tuple[int, ...]) -> Struct:
        # An offset of 0 says that there is none.
        return [(n, kind, v + by if n in which and v else v) for n, kind, v in fields]

    out: Struct = []
    for number, kind, value in group:
        if number == COLUMNS:
            inner, chunks = value
            moved = []
            for chunk in chunks:
                chunk = later(chunk, (CHUNK_OFFSET, OFFSET_INDEX, COLUMN_INDEX))
                moved.append([(n, k, later(v, PAGES) if n == META else v) for n, k, v in chunk])
            value = (inner, moved)
        elif number == GROUP_OFFSET:
            value = value + by if value else value
        elif number == ORDINAL:
            # 16 bits in the format; readers count row groups themselves.
            value = ordinal if ordinal < 1 << 15 else -1
        out.append((number, kind, value))
    return out


@dataclass
class Footer:
    """The footer of one file.

    Attributes:
        start: its first byte: where the pages end.
        fields: what it says.
    """

    start: int
    fields: Struct

    def get(self, number: int) -> Any:
        """Return a field's value."""
        return next(value for n, _, value in self.fields if n == number)

    @property
    def shape(self) -> bytes:
        """All but rows and row groups: equal for files that can be put together."""
        return _struct([field for field in self.fields if field[0] not in (NUM_ROWS, ROW_GROUPS)])


def read_footer(stream: IO[bytes], label: str) -> Footer:
    """Return the footer of an open file.

    Raises:
        DataError: it is no Parquet file.
    """
    size = stream.seek(0, 2)
    try:
        stream.seek(max(0, size - 8))
        tail = stream.read(8)
        length = struct.unpack("<I", tail[:4])[0]
        if size < 12 or tail[4:] != MAGIC or length + 12 > size:
            msg = "no Parquet footer"
            raise ValueError(msg)
        stream.seek(size - 8 - length)
        return Footer(size - 8 - length, _Reader(stream.read(length)).struct())
    except (ValueError, IndexError, struct.error) as error:
        msg = f"{label}: {error}."
        raise DataError(msg) from error


class Joiner:
    """Puts Parquet files of one schema together, in the order they are given.

    Args:
        sink: where the file is written, from its beginning.
    """

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._at = 0
        self._rows = 0
        self._groups: list[bytes] = []
        self._first: Footer | None = None

    def add(self, stream: IO[bytes], label: str) -> None:
        """Append the row groups of a file.

        Raises:
            DataError: it is no Parquet file, or has another schema or other metadata than the first.
        """
        footer = read_footer(stream, label)
        if self._first is None:
            self._first = footer
            self._sink.write(MAGIC)
            self._at = len(MAGIC)
        elif footer.shape != self._first.shape:
            msg = f"{label}: another schema than the pieces before it."
            raise DataError(msg)
        by = self._at - len(MAGIC)
        for group in footer.get(ROW_GROUPS)[1]:
            self._groups.append(_struct(_moved(group, by, len(self._groups))))
        self._rows += footer.get(NUM_ROWS)
        stream.seek(len(MAGIC))
        left = footer.start - len(MAGIC)
        self._at += left
        while left:
            block = stream.read(min(BLOCK, left))
            if not block:
                msg = f"{label}: cut off while it was read."
                raise DataError(msg)
            self._sink.write(block)
            left -= len(block)

    def close(self) -> None:
        """Write the footer.

        Raises:
            DataError: nothing was added.
        """
        if self._first is None:
            msg = "There is no piece to make a Parquet file of."
            raise DataError(msg)
        new = {NUM_ROWS: self._rows, ROW_GROUPS: (STRUCT, self._groups)}
        data = _struct([(n, kind, new.get(n, value)) for n, kind, value in self._first.fields])
        self._sink.write(data + struct.pack("<I", len(data)) + MAGIC)
