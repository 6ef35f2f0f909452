"""HDF5: robomimic's one file with ``data/demo_N``, and ALOHA's file an episode with ``action`` and ``observations/qpos``.

Sources: robomimic, ``docs/datasets/overview.md``; tonyzhaozh/act, ``record_sim_episodes.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from qbc.datasets.recording import ROWS, Piece, Recording, floats, numbered
from qbc.datasets.unreadable import Notes, Unreadable, extra, head, in_order, naming

MAGIC = b"\x89HDF\r\n\x1a\n"
ENDINGS = (".hdf5", ".h5")
DENSEST = 2**12  # bytes that a stored one can stand for: gzip reaches 1032


def hdf5(path: Path) -> Recording:
    """A file of robomimic's or ALOHA's layout, or a folder of ALOHA's files. Raises :class:`Unreadable`."""
    files = in_order(p for p in path.iterdir() if p.suffix in ENDINGS) if path.is_dir() else [path]
    with opened(files[0]) as file:
        if "data" in file:
            if len(files) > 1:
                raise Unreadable(path, f"{len(files)} files of robomimic's layout: name one of them")
            return robomimic(files[0], file)
        if "action" in file:
            return aloha(path, files, file)
        raise Unreadable(files[0], f"neither robomimic's data/ nor ALOHA's /action (there are {', '.join(map(repr, list(file)[:12]))})")


def opened(path: Path) -> Any:
    """An HDF5 file. Raises :class:`Unreadable`, also where the superblock is missing or the file ends early."""
    h5py = extra("h5py")
    if not head(path).startswith(MAGIC):
        raise Unreadable(path, "no HDF5 file")
    with naming(path):
        return h5py.File(path, "r")


def vectors(path: Path, group: Any, key: str) -> Any:
    """A dataset (T, d) of numbers, not read yet. Raises :class:`Unreadable` naming its key."""
    with naming(path, key):
        found = group.get(key)
        full = f"{group.name.rstrip('/')}/{key}"
        if found is None or not hasattr(found, "dtype"):
            raise Unreadable(path, "missing", full)
        if found.dtype.kind not in "fiub":
            raise Unreadable(path, f"numbers, not {found.dtype}", full)
        if found.ndim != 2 or found.shape[1] < 1:
            raise Unreadable(path, f"shape (T, d), not {found.shape}", full)
        held = found.id.get_storage_size() * (DENSEST if found.chunks else 1)
        if found.size * found.dtype.itemsize > held:
            raise Unreadable(path, f"announces {found.shape} numbers, more than it can hold: truncated or never written", full)
        return found


def rows(path: Path, episode: int, action: Any, states: list[Any]) -> Iterator[Piece]:
    """The rows of one episode of datasets side by side."""
    n = len(action)
    for s in states:
        if len(s) != n:
            raise Unreadable(path, f"{len(s)} rows, and {action.name} has {n}", s.name)
    for a in range(0, n, ROWS):
        with naming(path, action.name):
            u = floats(action[a : a + ROWS])
            x = [floats(s[a : a + ROWS]) for s in states]
        yield Piece(episode, a, u, np.concatenate(x, axis=1) if x else None)


def low(demo: Any) -> list[str]:
    """The observations of a robomimic episode that are vectors, in alphabetical order; ``states`` of the simulator where none is."""
    with_obs = sorted(demo["obs"]) if "obs" in demo else []
    found = [f"obs/{k}" for k in with_obs if hasattr(demo["obs"][k], "dtype") and demo["obs"][k].ndim == 2]
    found = [k for k in found if demo[k].dtype.kind == "f"]
    return found or (["states"] if "states" in demo else [])


def robomimic(path: Path, file: Any) -> Recording:
    """``data/demo_N``, by N. The state is what is observed in vectors, put side by side."""
    with naming(path, "data"):
        numbers = {int(k[5:]): k for k in file["data"] if re.fullmatch(r"demo_\d+", k)}
        if not numbers:
            raise Unreadable(path, "no episodes: no group demo_N", "data")
        first = file["data"][numbers[min(numbers)]]
        width = vectors(path, first, "actions").shape[1]
        keys = low(first)
        names = tuple(n for k in keys for n in numbered(k.removeprefix("obs/"), vectors(path, first, k).shape[1]))
        lengths, notes = {}, Notes()
        for i, k in sorted(numbers.items()):
            if (said := whole(file["data"][k].attrs, "num_samples")) is not None:
                lengths[i] = said
        odd = sorted(set(file["data"]) - set(numbers.values()))
    if odd:
        notes.add(f"{path}: data: passed over {', '.join(map(repr, odd[:5]))}{', ...' * (len(odd) > 5)}")

    def source() -> Iterator[Piece]:
        with opened(path) as again:
            for i, k in sorted(numbers.items()):
                with naming(path, f"data/{k}"):
                    demo = again["data"][k]
                yield from rows(path, i, vectors(path, demo, "actions"), [vectors(path, demo, key) for key in keys])

    complete = lengths if len(lengths) == len(numbers) else None
    return Recording(path, "robomimic HDF5", numbered("actions", width), names, source, lengths=complete, notes=notes)


def whole(about: Any, name: str) -> int | None:
    """An attribute that is a whole number or a truth value; None for any other. Texts are not read: HDF5 crashes on damaged ones."""
    if name not in about:
        return None
    found = about.get_id(name)
    return int(about[name]) if found.dtype.kind in "iub" and found.shape == () else None


def aloha(path: Path, files: list[Path], file: Any) -> Recording:
    """``episode_{i}.hdf5``: ``/action`` (T, 14) and ``/observations/qpos``."""
    with naming(files[0]):
        width = vectors(files[0], file, "action").shape[1]
        keys = ["observations/qpos"] if "observations/qpos" in file else []
        dims = [vectors(files[0], file, k).shape[1] for k in keys]
        real = whole(file.attrs, "sim") == 0
    notes = Notes()
    if real:
        notes.add(f"{files[0]}: sim: False: ACT's loader shifts such actions by one step; here they stand as recorded")
    found = {f: re.search(r"(\d+)$", f.stem) for f in files}
    numbers = {f: int(m.group(1)) if m else i for i, (f, m) in enumerate(found.items())}
    if len(set(numbers.values())) < len(files):
        numbers = {f: i for i, f in enumerate(files)}

    def source() -> Iterator[Piece]:
        for f in files:
            with opened(f) as again:
                yield from rows(f, numbers[f], vectors(f, again, "action"), [vectors(f, again, k) for k in keys])

    return Recording(path, "ALOHA HDF5", numbered("action", width), numbered("qpos", sum(dims)), source, notes=notes)
