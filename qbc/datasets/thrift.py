"""Thrift's compact protocol, as far as parquet's metadata use it: structures become dicts from field numbers to values.

Source: Apache Thrift, ``doc/specs/thrift-compact-protocol.md``. Maps and sets do not occur in parquet.
"""

from __future__ import annotations

import struct
from typing import Any

DEEPEST = 32
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 12


class Compact:
    """A reader at a position of a buffer. Raises ``ValueError`` or ``IndexError`` for bytes that are no such structure."""

    def __init__(self, buffer: bytes, at: int = 0) -> None:
        self.buffer, self.at = buffer, at

    def varint(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self.buffer[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def zigzag(self) -> int:
        n = self.varint()
        return (n >> 1) ^ -(n & 1)

    def take(self, n: int) -> bytes:
        if n > len(self.buffer) - self.at:
            raise ValueError("the end of the metadata")
        self.at += n
        return self.buffer[self.at - n : self.at]

    def value(self, kind: int, depth: int) -> Any:
        if kind in (TRUE, FALSE):  # in a list; as a field the kind is the value
            return self.take(1) == b"\x01"
        if kind == BYTE:
            return self.take(1)[0]
        if kind in (I16, I32, I64):
            return self.zigzag()
        if kind == DOUBLE:
            return struct.unpack("<d", self.take(8))[0]
        if kind == BINARY:
            return self.take(self.varint())
        if kind == LIST:
            (header,) = self.take(1)
            n = header >> 4 if header >> 4 < 15 else self.varint()
            if n > len(self.buffer) - self.at:  # an element takes a byte at least
                raise ValueError("the end of the metadata")
            return [self.value(header & 15, depth + 1) for _ in range(n)]
        if kind == STRUCT:
            return self.struct(depth + 1)
        raise ValueError(f"a field of unknown kind {kind}")

    def struct(self, depth: int = 0) -> dict[int, Any]:
        if depth > DEEPEST:
            raise ValueError("metadata nested too deeply")
        found: dict[int, Any] = {}
        number = 0
        while (header := self.take(1)[0]) != 0:
            number = number + (header >> 4) if header >> 4 else self.zigzag()
            kind = header & 15
            found[number] = kind == TRUE if kind in (TRUE, FALSE) else self.value(kind, depth)
        return found
