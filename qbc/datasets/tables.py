"""Plain files: ``.npy``, ``.npz`` and ``.csv``. Arrays are read a few rows at a time, and pickled objects never.

=======  ==============================================================================================
npy      actions (T, d): one episode; (N, T, d): N of them
npz      ``actions`` (or ``action``, ``u``) and, if there are, ``states`` (``state``, ``observations``, ``x``);
         episodes by ``episode_ends`` (N,) or ``episode_index`` (T,)
csv      a header or none; columns ``action*`` and ``state*`` or ``observation*``, or else all columns are actions;
         episodes by ``episode_index`` or ``episode``; an empty field is NaN
=======  ==============================================================================================
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from itertools import islice
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from qbc.datasets.recording import (
    MOST,
    ROWS,
    Block,
    Recording,
    aligned,
    checked_ends,
    episodes_by_ends,
    floats,
    integers,
    numbered,
    pieces_of,
)
from qbc.datasets.unreadable import PICKLED, Unreadable, head, naming

ACTIONS, STATES = ("actions", "action", "u"), ("states", "state", "observations", "x")
EPISODE = ("episode_index", "episode")
CLOCK = ("timestamp", "time", "t", "frame_index", "frame", "step", "index", "")
Shape = tuple[int, ...]


def header(file: IO[bytes], path: Path, key: str) -> tuple[Shape, np.dtype[Any]]:
    """Shape and type of the array at the start of a file. Raises :class:`Unreadable` for objects, texts and Fortran's order."""
    with naming(path, key):
        version = npy_format.read_magic(file)
        read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    if dtype.hasobject:
        raise Unreadable(path, PICKLED, key)
    if dtype.kind not in "fiub":
        raise Unreadable(path, f"numbers, not {dtype}", key)
    if fortran and len(shape) > 1 and min(shape) > 1:
        raise Unreadable(path, "stored column by column: save np.ascontiguousarray of it", key)
    if len(shape) not in (1, 2, 3) or prod(shape[1:]) < 1:
        raise Unreadable(path, f"shape (T, d), not {shape}", key)
    return shape, dtype


def rows(file: IO[bytes], path: Path, key: str) -> Iterator[NDArray[Any]]:
    """The rows (n, d) of the array in an open file; episodes of equal length one after the other."""
    shape, dtype = header(file, path, key)
    width = shape[-1] if len(shape) > 1 else 1
    left = prod(shape[:-1]) if len(shape) > 1 else shape[0]
    with naming(path, key):
        while left:
            n = min(left, ROWS)
            data = file.read(n * width * dtype.itemsize)
            if len(data) < n * width * dtype.itemsize:
                raise Unreadable(path, f"ends {left} rows early: truncated", key)
            yield floats(np.frombuffer(data, dtype=dtype).reshape(n, width))
            left -= n


def npy(path: Path) -> Recording:
    """The array of actions in a file. Raises :class:`Unreadable`."""
    if not head(path).startswith(npy_format.MAGIC_PREFIX):
        raise Unreadable(path, "no npy file" + (f": {PICKLED}" if head(path, 1) == b"\x80" else ""))
    with naming(path), path.open("rb") as file:
        shape, _ = header(file, path, "")
    long = shape[1] if len(shape) == 3 else shape[0]

    def blocks() -> Iterator[Block]:
        at = 0
        with naming(path), path.open("rb") as file:
            for u in rows(file, path, ""):
                yield Block((at + np.arange(len(u))) // long, u, None)
                at += len(u)

    width = shape[-1] if len(shape) > 1 else 1
    return Recording(path, "npy", numbered("action", width), (), lambda: pieces_of(blocks(), path))


def npz(path: Path) -> Recording:
    """The arrays of a file by their names. Raises :class:`Unreadable`."""
    head(path)
    with naming(path), zipfile.ZipFile(path) as archive:
        there = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
        action, state, index = (next((k for k in these if k in there), None) for these in (ACTIONS, STATES, EPISODE))
        if action is None:
            raise Unreadable(path, f"no actions (there are {', '.join(map(repr, there[:12]))})")
        keys = [k for k in (action, state, index) if k is not None]
        shapes = {}
        for k in [*keys, *["episode_ends"] * ("episode_ends" in there)]:
            with archive.open(f"{k}.npy") as file:
                shapes[k], _ = header(file, path, k)
    shape = shapes[action]
    total = prod(shape[:-1]) if len(shape) > 1 else shape[0]
    for k in keys:
        if (n := prod(shapes[k][:-1]) if len(shapes[k]) > 1 else shapes[k][0]) != total:
            raise Unreadable(path, f"{n} rows, and {action} has {total}", k)

    def blocks() -> Iterator[Block]:
        with naming(path), zipfile.ZipFile(path) as archive:
            ends = None
            if "episode_ends" in shapes:
                if shapes["episode_ends"][0] > MOST:
                    raise Unreadable(path, f"{shapes['episode_ends'][0]} episodes", "episode_ends")
                with archive.open("episode_ends.npy") as file:
                    all_ends = np.concatenate([*rows(file, path, "episode_ends"), np.zeros((0, 1))])
                ends = checked_ends(integers(all_ends, path, "episode_ends"), total, path, "episode_ends")
            at, files = 0, [archive.open(f"{k}.npy") for k in keys]
            for block in aligned([rows(f, path, k) for f, k in zip(files, keys, strict=True)]):
                n = len(block[0])
                if ends is not None:
                    episodes = episodes_by_ends(ends, at, n)
                elif index is not None:
                    episodes = integers(block[-1], path, index)
                else:
                    episodes = (at + np.arange(n)) // (shape[1] if len(shape) == 3 else max(total, 1))
                yield Block(episodes, block[0], block[1] if state is not None else None)
                at += n

    actions, states = (numbered(k, shapes[k][-1] if len(shapes[k]) > 1 else 1) if k else () for k in (action, state))
    return Recording(path, "npz", actions, states, lambda: pieces_of(blocks(), path))


def number(text: str) -> float | None:
    """The number a field holds, NaN for an empty one, None for anything else."""
    try:
        return float(text) if text.strip() else float("nan")
    except ValueError:
        return None


def table(path: Path) -> Recording:
    """A file of comma-separated numbers. Raises :class:`Unreadable` naming line and column of what is no number."""
    head(path)
    with naming(path), path.open(encoding="utf-8-sig", newline="") as file:
        first = next(csv.reader(file), [])
    titled = any(number(f) is None for f in first)
    columns = [c.strip() for c in first] if titled else [f"column {i}" for i in range(len(first))]
    index = next((columns.index(c) for c in EPISODE if c in columns), None)
    states = [i for i, c in enumerate(columns) if c.startswith(("state", "observation"))] if titled else []
    actions = [i for i, c in enumerate(columns) if c.startswith("action")]
    actions = actions or [i for i, c in enumerate(columns) if i not in (index, *states) and not (titled and c in CLOCK)]
    if not actions:
        raise Unreadable(path, "no columns of actions")

    def blocks() -> Iterator[Block]:
        with naming(path), path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            if titled:
                next(lines)
            while some := list(islice(lines, ROWS)):
                values = numbers(path, columns, [r for r in some if r], lines.line_num)
                episodes = integers(values[:, [index]], path, columns[index]) if index is not None else np.zeros(len(values), np.int64)
                yield Block(episodes, values[:, actions], values[:, states] if states else None)

    names = tuple(columns[i] for i in actions), tuple(columns[i] for i in states)
    return Recording(path, "csv", *names, lambda: pieces_of(blocks(), path))


def numbers(path: Path, columns: list[str], some: list[list[str]], last: int) -> NDArray[np.float64]:
    """Lines of fields as numbers (n, columns). Raises :class:`Unreadable` naming the first field that is none."""
    try:
        return np.array([[float(f) if f else np.nan for f in r] for r in some], dtype=np.float64).reshape(len(some), len(columns))
    except ValueError:
        for i, r in enumerate(some):
            where = f"row {last - len(some) + i + 1}"
            if len(r) != len(columns):
                raise Unreadable(path, f"{len(r)} fields, and the first line has {len(columns)}", where) from None
            for f, c in zip(r, columns, strict=True):
                if number(f) is None:
                    raise Unreadable(path, f"no number: {f[:40]!r}", f"{where}, {c}") from None
        return np.array([[number(f) for f in r] for r in some], dtype=np.float64)
