"""A recording: what a data set says of itself, and its rows as a stream that never holds more than a piece of an episode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qbc.datasets.statistics import Stored
from qbc.datasets.unreadable import Notes, Unreadable

Array = NDArray[np.float64]
MOST = 2**26  # episodes
ROWS = 8192  # of a piece, at most
SHOWN = 5  # episodes that a note names


@dataclass(frozen=True, eq=False)
class Piece:
    """Consecutive rows of one episode, at most ``ROWS``. NaN and infinite entries are passed on as they are."""

    episode: int  # as the data set numbers it
    start: int  # the step of the episode that the first row is
    actions: Array  # (n, da), in the units of the data set
    states: Array | None = None  # (n, dx); None where the data set has no state


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive rows of a file, of any episodes."""

    episodes: NDArray[np.int64]  # (n,): the episode of each row
    actions: Array  # (n, da)
    states: Array | None  # (n, dx)


@dataclass(frozen=True, eq=False)
class Recording:
    """Demonstrations as they were recorded: a description, and rows that are read anew, piece by piece, whenever asked for."""

    path: Path
    format: str  # "LeRobot v2.1", "robomimic HDF5", ...
    actions: tuple[str, ...]  # (da,): a name for each dimension
    states: tuple[str, ...]  # (dx,); empty where there is no state
    source: Callable[[], Iterator[Piece]] = field(repr=False)
    fps: float | None = None  # steps a second [Hz]
    stored: tuple[Stored, ...] = field(default=(), repr=False)  # statistics that came with the data, of the whole data set
    lengths: Mapping[int, int] | None = field(default=None, repr=False)  # steps of each episode, as the metadata have them
    has_rows: bool = True  # False where statistics are all there is
    notes: Notes = field(default_factory=Notes)  # what was odd, a line each; complete once the rows were read

    @property
    def name(self) -> str:
        return self.path.name

    def pieces(self) -> Iterator[Piece]:
        """The rows, in order; what is odd about them goes to ``notes``.

        Raises :class:`Unreadable` for files that cannot be read, rows of another width, and a data set without rows.
        """
        read: dict[int, int] = {}
        strange, first = 0, ""
        for p in self.source():
            for what, names, rows in (("action", self.actions, p.actions), ("state", self.states, p.states)):
                if (0 if rows is None else rows.shape[1]) != len(names):
                    got = "none" if rows is None else str(rows.shape[1])
                    raise Unreadable(self.path, f"{len(names)} dimensions in episode {p.episode}, not {got}", what)
                if rows is not None and not np.isfinite(rows).all():
                    bad = ~np.isfinite(rows)
                    i, j = np.argwhere(bad)[0]
                    first = first or f"{what} {names[j]!r}, episode {p.episode}, step {p.start + i}"
                    strange += int(bad.any(axis=1).sum())
            read[p.episode] = read.get(p.episode, 0) + len(p.actions)
            yield p
        if strange:
            self.notes.add(f"{self.path}: {strange} rows with an entry that is no finite number, first {first}")
        if not read and self.has_rows:
            raise Unreadable(self.path, "no episodes")
        self._compare(read)

    def episodes(self) -> Iterator[Piece]:
        """Whole episodes, one at a time: as long as the longest is small, so is the memory."""
        held: list[Piece] = []
        for p in self.pieces():
            if held and held[0].episode != p.episode:
                yield joined(held)
                held = []
            held.append(p)
        if held:
            yield joined(held)

    def _compare(self, read: Mapping[int, int]) -> None:
        if self.lengths is None:
            return
        other = [i for i in read if i in self.lengths and self.lengths[i] != read[i]]
        said = "; ".join(f"episode {i}: {self.lengths[i]} in the metadata, {read[i]} rows" for i in other[:SHOWN])
        if other:
            self.notes.add(f"{self.path}: lengths that do not match: {said}{'; ...' * (len(other) > SHOWN)}")
        for words, these in (
            ("in the metadata and not in the files", self.lengths.keys() - read.keys()),
            ("in the files and not in the metadata", read.keys() - self.lengths.keys()),
        ):
            if these:
                shown = ", ".join(map(str, sorted(these)[:SHOWN])) + ", ..." * (len(these) > SHOWN)
                self.notes.add(f"{self.path}: {len(these)} episodes {words}: {shown}")


def joined(pieces: list[Piece]) -> Piece:
    """One episode of its pieces."""
    states = [p.states for p in pieces if p.states is not None]
    actions = np.concatenate([p.actions for p in pieces])
    return Piece(pieces[0].episode, pieces[0].start, actions, np.concatenate(states) if states else None)


def aligned(streams: list[Iterator[NDArray[Any]]]) -> Iterator[list[NDArray[Any]]]:
    """Blocks with equally many rows from streams cut anywhere. Raises ``ValueError`` where one ends before the others."""
    held: list[NDArray[Any] | None] = [None] * len(streams)
    while True:
        for i, stream in enumerate(streams):
            rows = held[i]
            while rows is None or not len(rows):
                rows = next(stream, None)
                if rows is None:
                    break
            held[i] = rows
        full = [rows for rows in held if rows is not None]
        if not full:
            return
        if len(full) < len(held):
            raise ValueError("columns of unlike lengths")
        n = min(map(len, full))
        yield [rows[:n] for rows in full]
        held = [rows[n:] for rows in full]


def pieces_of(blocks: Iterable[Block], path: Path) -> Iterator[Piece]:
    """Blocks cut where the episode changes. Raises :class:`Unreadable` where an episode goes on after another one began."""
    done: set[int] = set()
    now, step = None, 0
    for b in blocks:
        cuts = np.flatnonzero(np.diff(b.episodes)) + 1
        for lo, hi in zip([0, *cuts], [*cuts, len(b.episodes)], strict=True):
            for a in range(lo, hi, ROWS):
                episode, z = int(b.episodes[lo]), min(a + ROWS, hi)
                if episode != now:
                    if episode in done:
                        raise Unreadable(path, f"episode {episode} goes on after another one began", "episode_index")
                    now, step = episode, 0
                    done.add(episode)
                yield Piece(episode, step, b.actions[a:z], None if b.states is None else b.states[a:z])
                step += z - a


def episodes_by_ends(ends: NDArray[np.int64], start: int, n: int) -> NDArray[np.int64]:
    """The episodes (n,) of the rows ``start``, ``start`` + 1, ..., where episode i ends before row ``ends[i]``."""
    return np.asarray(np.searchsorted(ends, np.arange(start, start + n), side="right"), dtype=np.int64)


def checked_ends(ends: NDArray[np.int64], rows: int, path: Path | str, key: str) -> NDArray[np.int64]:
    """Ends (episodes,) that rise to the number of rows. Raises :class:`Unreadable`."""
    if not len(ends):
        raise Unreadable(path, "no episodes", key)
    if ends[0] < 1 or (np.diff(ends) < 1).any():
        raise Unreadable(path, "ends of episodes must rise", key)
    if ends[-1] != rows:
        raise Unreadable(path, f"the last episode ends at row {ends[-1]}, and there are {rows} rows", key)
    return ends


def floats(rows: Any) -> Array:
    """Numbers of any kind as float64. NaN of every kind, and what is too large for it, pass without a warning: they are noted later."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(rows, dtype=np.float64)


def integers(column: NDArray[Any], path: Path, key: str) -> NDArray[np.int64]:
    """A column (n, 1) as integers (n,). Raises :class:`Unreadable` for what is no whole number."""
    if column.shape[1] != 1 or not (np.abs(column) < 2**53).all() or (column != np.round(column)).any():
        raise Unreadable(path, "not one whole number a row", key)
    return np.asarray(column[:, 0], dtype=np.int64)


def numbered(name: str, width: int) -> tuple[str, ...]:
    """``name[0]``, ``name[1]``, ...: names for dimensions that have none."""
    return tuple(f"{name}[{i}]" for i in range(width))
