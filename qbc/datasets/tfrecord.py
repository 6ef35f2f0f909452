"""RLDS: episodes as ``tf.train.Example`` messages in TFRecord files, their layout in ``features.json``.

Sources: tensorflow, ``example.proto`` and ``record_writer.cc``; protobuf's encoding. A file is mapped, not loaded, and what is not
asked for is stepped over, so that images cost nothing.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from qbc.datasets.recording import ROWS, Array, Piece, Recording, floats, numbered
from qbc.datasets.statistics import Stored, stored
from qbc.datasets.unreadable import Notes, Unreadable, head, in_order, json_object, naming

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MASK = 0xA282EAD8  # added to a checksum that is stored


def _table() -> list[int]:
    """The table of CRC-32C, polynomial 0x82F63B78 (reflected)."""
    table = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    return table


TABLE = _table()


def masked_crc(data: bytes) -> int:
    """TFRecord's checksum of a few bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF


def records(path: Path) -> Iterator[memoryview]:
    """The records of a file, their lengths checked. Raises :class:`Unreadable` for a damaged or truncated one."""
    head(path)
    with naming(path), path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # closed with the last view of it
        view = memoryview(mapped)
        at, size = 0, len(mapped)
        while at < size:
            length = int.from_bytes(mapped[at : at + 8], "little")
            if at + 12 > size or int.from_bytes(mapped[at + 8 : at + 12], "little") != masked_crc(mapped[at : at + 8]):
                raise Unreadable(path, f"no TFRecord at byte {at}: damaged or truncated")
            if length > size - at - 16:
                raise Unreadable(path, f"the record at byte {at} goes on after the end of the file: truncated")
            yield view[at + 12 : at + 12 + length]
            at += 16 + length


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number and where it ends. Raises ``ValueError`` or ``IndexError``."""
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def fields(data: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Number, wire type and bytes of each field of a message. Raises ``ValueError`` where they end early."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        kind, start = tag & 7, at
        if kind == VARINT:
            _, end = varint(data, at)
        elif kind == BYTES:
            n, start = varint(data, at)
            end = start + n
        elif kind in (FIXED32, FIXED64):
            end = at + (4 if kind == FIXED32 else 8)
        else:
            raise ValueError(f"a field of unknown kind {kind}")
        if end > len(data):
            raise ValueError("a field that ends early")
        yield tag >> 3, kind, data[start:end]
        at = end


def feature(data: memoryview) -> Array | None:
    """The numbers of a feature (n,); None for bytes, such as images."""
    for number, _, body in fields(data):
        if number == 2:
            parts = [np.frombuffer(b, dtype="<f4") for n, _, b in fields(body) if n == 1]
            return np.concatenate([np.zeros(0), *map(floats, parts)])
        if number == 3:
            whole: list[int] = []
            for n, _, b in fields(body):
                at = 0
                while n == 1 and at < len(b):
                    value, at = varint(b, at)
                    whole.append(value - 2**64 if value >= 2**63 else value)
            return np.array(whole, dtype=np.float64)
    return None


def example(record: memoryview, wanted: set[str]) -> dict[str, Array]:
    """The features of these names that hold numbers."""
    found: dict[str, Array] = {}
    for number, _, features in fields(record):
        for n, _, item in fields(features) if number == 1 else ():
            parts = {k: body for k, _, body in fields(item)} if n == 1 else {}
            name = bytes(parts[1]).decode("utf8") if 1 in parts and len(parts[1]) < 256 else ""
            if name in wanted and 2 in parts and (values := feature(parts[2])) is not None:
                found[name] = values
    return found


def widths(node: Any, name: str) -> dict[str, int]:
    """The numeric features below a node of ``features.json`` and how many numbers a step has."""
    found: dict[str, int] = {}
    if "featuresDict" in node:
        for key, below in sorted(node["featuresDict"]["features"].items()):
            found |= widths(below, f"{name}/{key}")
    elif "tensor" in node and node["tensor"].get("dtype", "").startswith(("float", "int", "uint", "bfloat")):
        found[name] = prod(int(n) for n in node["tensor"]["shape"].get("dimensions", []))
    return found


def rlds(path: Path) -> Recording:
    """A folder with ``features.json`` and ``*.tfrecord-*`` files. Raises :class:`Unreadable`."""
    layout = path / "features.json"
    tree = json_object(layout)
    with naming(layout, "steps"):
        step = tree["featuresDict"]["features"]["steps"]["sequence"]["feature"]
        parts = step["featuresDict"]["features"]
        action = widths(parts["action"], "steps/action") if "action" in parts else {}
        observed = widths(parts["observation"], "steps/observation") if "observation" in parts else {}
    if not action or min(action.values()) < 1:
        raise Unreadable(layout, f"no action of numbers (there are {', '.join(map(repr, list(parts)[:12]))})", "steps")
    state = next(({k: n} for k, n in observed.items() if n > 0 and k.rpartition("/")[2] in ("state", "proprio")), {})
    files = in_order(path.glob("*.tfrecord-*"))
    if not files:
        raise Unreadable(path, "no *.tfrecord-* files")
    notes = Notes()
    for line in shards(files):
        notes.add(f"{path}: {line}")

    def source() -> Iterator[Piece]:
        episode = 0
        for file in files:
            for i, record in enumerate(records(file)):
                where = f"record {i}"
                with naming(file, where):
                    found = example(record, {*action, *state})
                u, x = (side_by_side(file, where, found, group) for group in (action, state))
                if state and len(u) != len(x):
                    raise Unreadable(file, f"{len(x)} rows of state, and {len(u)} of action", where)
                for a in range(0, len(u), ROWS):
                    yield Piece(episode, a, u[a : a + ROWS], x[a : a + ROWS] if state else None)
                if not len(u):
                    notes.add(f"{file}: {where}: an episode without steps")
                episode += 1

    actions, states = (tuple(n for k, w in g.items() for n in numbered(k.partition("/")[2], w)) for g in (action, state))
    return Recording(path, "RLDS TFRecord", actions, states, source, stored=dataset_statistics(path), notes=notes)


def side_by_side(file: Path, where: str, found: dict[str, Array], group: dict[str, int]) -> Array:
    """The features of a group as rows (T, d). Raises :class:`Unreadable` naming the one that does not fit."""
    columns = []
    for name, width in group.items():
        values = found.get(name)
        if values is None or len(values) % width:
            got = "is missing" if values is None else f"has {len(values)} numbers, no multiple of {width}"
            raise Unreadable(file, f"{name} {got}", where)
        columns.append(values.reshape(-1, width))
    if len({len(c) for c in columns}) > 1:
        raise Unreadable(file, "features of unlike lengths", where)
    return np.concatenate(columns, axis=1) if columns else np.zeros((0, 0))


def shards(files: list[Path]) -> Iterator[str]:
    """What is odd about the names ``NAME-00000-of-00005``: shards that are not there."""
    there = {f.name.rpartition("-of-")[0].rpartition("-")[0]: f.name.rpartition("-of-")[2] for f in files}
    for name, total in there.items():
        n = sum(f.name.startswith(f"{name}-") for f in files)
        if total.isdecimal() and int(total) != n:
            yield f"{name}: {n} of {int(total)} shards are there"


def dataset_statistics(path: Path) -> tuple[Stored, ...]:
    """The statistics in ``dataset_statistics*.json`` beside the files, as Octo and OpenVLA write them."""
    out = []
    for file in sorted(path.glob("dataset_statistics*.json")):
        found = json_object(file)
        for key, name in (("action", "action"), ("proprio", "state"), ("state", "state")):
            if key in found:
                out.append(stored(file, key, name, found[key]))
    return tuple(out)
