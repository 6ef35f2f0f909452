"""Zarr, version 2, as Diffusion Policy has it: ``data/action``, ``data/*``, ``meta/episode_ends``, in a folder or a zip file.

Source: zarr's specification, version 2. Chunks are read one at a time; a chunk that is not there holds the array's fill value.
"""

from __future__ import annotations

import bz2
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qbc.datasets.recording import (
    MOST,
    Block,
    Piece,
    Recording,
    aligned,
    checked_ends,
    episodes_by_ends,
    floats,
    integers,
    numbered,
    pieces_of,
)
from qbc.datasets.unreadable import PICKLED, POINTER, Notes, Unknown, Unreadable, entry, extra, head, naming, parsed

LARGEST = 2**31  # bytes of a chunk, which is what blosc can hold


class Store:
    """The files of a store, in a folder or a zip file without its own compression or with."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_dir():
            head(path)
            with naming(path):
                self.zip = zipfile.ZipFile(path)
                self.keys = frozenset(self.zip.namelist())

    def get(self, key: str) -> bytes | None:
        """The bytes under a key; None where there are none. Raises :class:`Unreadable`."""
        with naming(self.path, key):
            if not self.path.is_dir():
                return self.zip.read(key) if key in self.keys else None
            file = self.path / key
            return file.read_bytes() if file.is_file() else None

    def arrays(self, group: str) -> list[str]:
        """The arrays of a group, in alphabetical order."""
        if self.path.is_dir():
            return sorted(p.parent.name for p in (self.path / group).glob("*/.zarray"))
        return sorted(k.split("/")[1] for k in self.keys if k.startswith(f"{group}/") and k.endswith("/.zarray") and k.count("/") == 2)


class Chunked:
    """One array (N,) or (N, d) of a store, its chunks read when asked for. Raises :class:`Unreadable` naming the key."""

    def __init__(self, store: Store, key: str) -> None:
        self.store, self.key, about_key = store, key, f"{key}/.zarray"
        text = store.get(about_key)
        if text is None:
            raise Unreadable(store.path, "missing", about_key)
        about = parsed(text, store.path, about_key)
        shape, chunks = (self._sizes(about, k) for k in ("shape", "chunks"))
        if about.get("zarr_format") != 2:
            raise Unreadable(store.path, f"zarr format 2, not {str(about.get('zarr_format'))[:20]}", about_key)
        if len(shape) != len(chunks) or len(shape) not in (1, 2) or min(chunks) < 1 or prod(shape[1:]) < 1:
            raise Unreadable(store.path, f"shape (N,) or (N, d) in chunks, not {shape} in {chunks}", about_key)
        if about.get("filters"):
            raise Unreadable(store.path, f"no filters, not {str(about['filters'])[:60]}", about_key)
        with naming(store.path, f"{about_key}: dtype"):
            dtype = np.dtype(entry(about, "dtype", str, store.path, about_key))
        if dtype.hasobject or dtype.kind not in "fiub":
            raise Unreadable(store.path, PICKLED if dtype.hasobject else f"numbers, not {dtype}", f"{about_key}: dtype")
        if prod(chunks) * dtype.itemsize > LARGEST:
            raise Unreadable(store.path, f"chunks of {chunks} {dtype}: too large", about_key)
        self.dtype, self.rows, self.width = dtype, shape[0], shape[1] if len(shape) == 2 else 1
        self.chunks, self.order = chunks, "F" if about.get("order") == "F" else "C"
        self.compressor, self.fill = about.get("compressor"), about.get("fill_value")
        self.separator = "/" if about.get("dimension_separator") == "/" else "."
        self.missing = 0

    def _sizes(self, about: dict[str, Any], name: str) -> list[int]:
        found: list[int] = entry(about, name, list, self.store.path, f"{self.key}/.zarray")
        if not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**48 for n in found):
            raise Unreadable(self.store.path, f"whole numbers, not {str(found)[:60]}", f"{self.key}/.zarray.{name}")
        return found

    def blocks(self) -> Iterator[NDArray[np.float64]]:
        """The rows (n, d), a row of chunks at a time."""
        tall, wide = self.chunks[0], self.chunks[1] if len(self.chunks) == 2 else 1
        ends = ([i, 0][: len(self.chunks)] for i in (0, (self.rows - 1) // tall))
        if self.rows and all(self._bytes(index) is None for index in ends):
            raise Unreadable(self.store.path, f"announces {self.rows} rows and has no chunk of them", self.key)
        for i in range(-(-self.rows // tall)):
            across = [self._chunk([i, j][: len(self.chunks)]).reshape(tall, wide) for j in range(-(-self.width // wide))]
            yield floats(np.concatenate(across, axis=1)[: self.rows - i * tall, : self.width])

    def _bytes(self, index: list[int]) -> bytes | None:
        return self.store.get(f"{self.key}/{self.separator.join(map(str, index))}")

    def _chunk(self, index: list[int]) -> NDArray[Any]:
        key = f"{self.key}/{self.separator.join(map(str, index))}"
        data = self._bytes(index)
        with naming(self.store.path, key):
            if data is None:
                self.missing += 1
                return np.full(self.chunks, np.nan if self.fill is None else float(self.fill))
            if data.startswith(POINTER):
                raise Unreadable(self.store.path, "a pointer of git-lfs, not the data: fetch them with `git lfs pull`", key)
            size = prod(self.chunks) * self.dtype.itemsize
            raw = uncompressed(data, self.compressor, size)
            if len(raw) != size:
                raise Unreadable(self.store.path, f"{len(raw)} bytes, and a chunk has {size}", key)
            return np.frombuffer(raw, dtype=self.dtype).reshape(self.chunks, order="F" if self.order == "F" else "C")


def uncompressed(data: bytes, compressor: Any, size: int) -> bytes:
    """A chunk of ``size`` bytes. Raises ``Unknown`` for a compressor that is not known, and what a known one raises."""
    name = compressor.get("id") if isinstance(compressor, dict) else compressor
    if name is None:
        return data
    if name == "blosc":
        blosc = extra("blosc")
        if len(data) < 16 or blosc.get_cbuffer_sizes(data)[:2] != (size, len(data)):  # it trusts its header: we do not
            raise ValueError("a blosc header that claims other sizes")
        return bytes(blosc.decompress(data))
    if name in ("zlib", "gzip"):
        return zlib.decompressobj(wbits=47).decompress(data, size + 1)
    if name == "bz2":
        return bz2.BZ2Decompressor().decompress(data, size + 1)
    if name == "lzma":
        return lzma.LZMADecompressor().decompress(data, size + 1)
    if name in ("zstd", "lz4"):
        room, cramjam = bytearray(size), extra("cramjam")
        if name == "lz4":  # four bytes of length before the block
            return bytes(room[: int(cramjam.lz4.decompress_block_into(data[4:], room))])
        return bytes(room[: int(cramjam.zstd.decompress_into(data, room))])
    raise Unknown(f"compressor {str(name)[:40]!r}: write it with blosc, zstd, lz4, zlib, gzip, bz2, lzma or none")


def zarr(path: Path) -> Recording:
    """A store of Diffusion Policy's layout. Raises :class:`Unreadable`."""
    store = Store(path)
    if store.get("zarr.json") is not None:
        raise Unreadable(path, "zarr format 3: write it as format 2", "zarr.json")
    action, ends = Chunked(store, "data/action"), Chunked(store, "meta/episode_ends")
    found = [k for k in store.arrays("data") if k != "action"]
    named = [k for k in ("state", "agent_pos", "robot_state", "qpos") if k in found][:1]
    state = Chunked(store, f"data/{named[0]}") if named else None
    notes = Notes()
    if state is None and found:
        notes.add(f"{path}: data: no array state; passed over {', '.join(map(repr, found[:8]))}")
    if ends.dtype.kind not in "iu" or len(ends.chunks) != 1 or ends.rows > MOST:
        raise Unreadable(path, f"whole numbers (episodes,), not {ends.dtype}", ends.key)
    if state is not None and state.rows != action.rows:
        raise Unreadable(path, f"{state.rows} rows, and {action.key} has {action.rows}", state.key)

    def source() -> Iterator[Piece]:
        last = integers(np.concatenate([*ends.blocks(), np.zeros((0, 1))]), path, ends.key)
        checked_ends(last, action.rows, path, ends.key)
        for array in (action, state):
            if array is not None:
                array.missing = 0
        yield from pieces_of(blocks(last), path)
        for array in (action, state):
            if array is not None and array.missing:
                notes.add(f"{path}: {array.key}: {array.missing} chunks are not there: read as {str(array.fill)[:20]}")

    def blocks(last: NDArray[np.int64]) -> Iterator[Block]:
        at = 0
        for rows in aligned([a.blocks() for a in (action, state) if a is not None]):
            yield Block(episodes_by_ends(last, at, len(rows[0])), rows[0], rows[1] if len(rows) > 1 else None)
            at += len(rows[0])

    names = numbered("action", action.width), numbered(named[0], state.width) if state is not None else ()
    return Recording(path, "Diffusion Policy zarr", *names, source, notes=notes)
