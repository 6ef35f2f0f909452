"""Columns of numbers of a parquet file, streamed page by page: scalars, and lists that are equally long in every row.

A reader of our own, because the others do not do: pyarrow takes 170 MB and duckdb 69 MB; fastparquet reads a list as Python objects,
a row group at once, finds no column with a dot in its name, and damaged files end the process. What lists of numbers need is small.
Source of the layout: Apache Parquet, ``parquet.thrift``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from qbc.datasets.pages import BOOLEAN, LARGEST, Values, data_page, inflated, plain
from qbc.datasets.recording import aligned, floats
from qbc.datasets.thrift import Compact
from qbc.datasets.unreadable import Unreadable, head, naming

MAGIC = b"PAR1"
KINDS = {0: BOOLEAN, 1: np.dtype("<i4"), 2: np.dtype("<i8"), 4: np.dtype("<f4"), 5: np.dtype("<f8")}
OPTIONAL, REPEATED, DECIMAL, FLOAT16 = 1, 2, 5, 15
HEADER = 2**16  # bytes in which the header of a page is sought


@dataclass(frozen=True)
class Leaf:
    """A column as it is stored: the levels of a value that is there, and from which level on a list has an element."""

    dtype: np.dtype[Any] | None  # None for what is no number
    repetition: int
    definition: int
    element: int


def leaves(schema: list[dict[int, Any]]) -> dict[str, list[tuple[tuple[bytes, ...], Leaf]]]:
    """The stored columns under each column of the table. Raises ``ValueError`` for a schema that is no tree."""
    found: dict[str, list[tuple[tuple[bytes, ...], Leaf]]] = {}
    rest = iter(schema)

    def walk(path: tuple[bytes, ...], repetition: int, definition: int, element: int) -> None:
        node = next(rest, None)
        if node is None or len(path) > 30:
            raise ValueError("a schema that is no tree")
        kind = node.get(3, 0)
        path = (*path, node[4])
        definition += kind in (OPTIONAL, REPEATED)
        if kind == REPEATED:
            repetition, element = repetition + 1, definition
        if node.get(5):
            for _ in range(node[5]):
                walk(path, repetition, definition, element)
            return
        dtype = KINDS.get(node.get(1, -1)) if node.get(6) != DECIMAL else None
        if node.get(1) == 7 and node.get(2) == 2 and FLOAT16 in node.get(10, {}):
            dtype = np.dtype("<f2")
        found.setdefault(path[0].decode("utf8"), []).append((path, Leaf(dtype, repetition, definition, element)))

    for _ in range(next(rest).get(5, 0)):
        walk((), 0, 0, 0)
    return found


class Parquet:
    """A file: its columns and row groups. Raises :class:`Unreadable` for what is no parquet file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        first = head(path)[:4]
        with naming(path), path.open("rb") as file:
            self.size = file.seek(0, 2)
            file.seek(max(0, self.size - 8))
            tail = file.read(8)
            if first != MAGIC:
                raise Unreadable(path, "no parquet file (it does not begin with PAR1)")
            if tail[-4:] != MAGIC or self.size < 12:
                raise Unreadable(path, "no parquet footer: truncated, or its writer was not finalized")
            n = int.from_bytes(tail[:4], "little")
            if n > self.size - 12:
                raise Unreadable(path, "no parquet footer: it claims more bytes than the file has")
            file.seek(self.size - 8 - n)
            footer = Compact(file.read(n)).struct()
            self.columns = leaves(footer[2])
            self.groups = [(int(g[3]), {tuple(c[3][3]): c[3] for c in g[1]}) for g in footer[4]]
            if (n := sum(rows for rows, _ in self.groups)) != footer[3]:
                raise Unreadable(path, f"row groups of {n} rows in all, and the footer has {footer[3]}")

    def numbers(self, names: Sequence[str]) -> Iterator[list[Values]]:
        """Blocks of rows of these columns, each an array (n, d); d = 1 for a scalar, NaN for what is null.

        Raises :class:`Unreadable` naming the column that is missing, holds no numbers, or has rows of unlike lengths.
        """
        stored = [self._stored(name) for name in names]
        with naming(self.path), self.path.open("rb") as file:
            for g, (rows, chunks) in enumerate(self.groups):
                streams = [self._rows(file, f"{name} (row group {g})", chunks, *s, rows) for name, s in zip(names, stored, strict=True)]
                yield from aligned(streams)

    def _stored(self, name: str) -> tuple[tuple[bytes, ...], Leaf]:
        found = self.columns.get(name)
        if found is None:
            raise Unreadable(self.path, f"no such column (there are {', '.join(map(repr, list(self.columns)[:12]))})", name)
        path, leaf = found[0]
        if len(found) > 1 or leaf.dtype is None or leaf.repetition > 1:
            raise Unreadable(self.path, "neither numbers nor lists of numbers", name)
        return path, leaf

    def _rows(
        self, file: BinaryIO, key: str, chunks: dict[tuple[bytes, ...], dict[int, Any]], path: tuple[bytes, ...], leaf: Leaf, rows: int
    ) -> Iterator[Values]:
        """The rows of one column of a row group, (n, d), a page at a time; a row may go on in the next page."""
        with naming(self.path, key):
            chunk = chunks[path]
            n = chunk[5]
            width = n // rows if rows and leaf.repetition else 1
            if width < 1 or width * rows != n:
                raise Unreadable(self.path, f"rows of unlike lengths: {n} values in {rows} rows", key)
            seen, held = 0, np.zeros(0)
            for repetition, definition, values in self._pages(file, chunk, leaf):
                if leaf.repetition:
                    begins = (np.arange(seen, seen + len(repetition)) % width) == 0
                    if ((repetition == 0) != begins).any() or (definition < leaf.element).any():
                        where = (seen + int(np.argmax(((repetition == 0) != begins) | (definition < leaf.element)))) // width
                        raise Unreadable(self.path, f"rows of unlike lengths, or without a list, near row {where}", key)
                flat = floats(values)
                if len(values) < len(definition):
                    flat = np.full(len(definition), np.nan)
                    flat[definition == leaf.definition] = floats(values)
                seen += len(definition)
                held = np.concatenate([held, flat]) if len(held) else flat
                whole = len(held) // width * width
                yield held[:whole].reshape(-1, width)
                held = held[whole:]
            if seen != n:
                raise Unreadable(self.path, f"{seen} values where {n} are announced: truncated", key)

    def _pages(self, file: BinaryIO, chunk: dict[int, Any], leaf: Leaf) -> Iterator[tuple[Values, Values, Values]]:
        """The data pages of a column chunk: repetition levels, definition levels, values."""
        if leaf.dtype is None:
            raise ValueError("no numbers")
        at, seen, dictionary = min(chunk.get(11) or chunk[9], chunk[9]), 0, None
        while seen < chunk[5]:
            file.seek(at)
            reader = Compact(file.read(HEADER))
            header = reader.struct()
            size = header[3]
            if not 0 <= size <= min(LARGEST, self.size - at):
                raise ValueError(f"a page of {size} bytes at {at}")
            file.seek(at + reader.at)
            data = file.read(size)
            if len(data) < size:
                raise ValueError("a page that ends with the file")
            at += reader.at + size
            if header[1] == 2:
                dictionary = plain(inflated(data, chunk[4], header[2]), leaf.dtype, header[7][1])
            elif header[1] in (0, 3):
                page = data_page(header, data, chunk[4], (leaf.repetition, leaf.definition), leaf.dtype, dictionary)
                seen += len(page[1])
                yield page
