"""Frames: the rows of all files of a LeRobot data set, by their own column ``episode_index``, and what the metadata say otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qbc.datasets.parquet import Parquet
from qbc.datasets.recording import SHOWN, Block, Piece, integers, pieces_of
from qbc.datasets.unreadable import Notes


@dataclass(eq=False)
class Frames:
    """One pass over the files: the rows, and counts of what the metadata say otherwise, noted when it ends."""

    path: Path
    files: Sequence[Path]
    actions: list[str]  # columns, put side by side
    states: list[str]
    places: Mapping[int, tuple[int, int]]  # where an episode lies, as the metadata have it: chunk, file
    totals: Mapping[str, Any]  # of "episodes" and "frames", as the metadata have them
    notes: Notes
    seen: set[int] = field(default_factory=set)
    stale: list[int] = field(default_factory=list)  # episodes that lie elsewhere
    rows: int = 0
    jumps: int = 0  # rows that do not follow the row before
    last: tuple[int, int] | None = None  # episode and frame of the row before

    def pieces(self) -> Iterator[Piece]:
        """All rows. Raises :class:`Unreadable` naming file and column."""
        yield from pieces_of(self._blocks(), self.path)
        for line in self._lines():
            self.notes.add(line)

    def _blocks(self) -> Iterator[Block]:
        for file in self.files:
            table = Parquet(file)
            timed = ["frame_index"] if "frame_index" in table.columns else []
            lo, hi = 1 + len(self.actions), 1 + len(self.actions) + len(self.states)
            for block in table.numbers(["episode_index", *self.actions, *self.states, *timed]):
                index = integers(block[0], file, "episode_index")
                self._count(index, file)
                if timed:
                    self._follow(index, integers(block[-1], file, "frame_index"))
                yield Block(index, np.concatenate(block[1:lo], axis=1), np.concatenate(block[lo:hi], axis=1) if self.states else None)

    def _count(self, index: NDArray[np.int64], file: Path) -> None:
        self.rows += len(index)
        fresh = set(np.unique(index).tolist()) - self.seen
        self.seen |= fresh
        place = tuple(map(int, re.findall(r"\d+", f"{file.parent.name}/{file.stem}")[-2:]))
        self.stale += [e for e in sorted(fresh) if e in self.places and self.places[e] != place]

    def _follow(self, index: NDArray[np.int64], frame: NDArray[np.int64]) -> None:
        if self.last is not None:
            index, frame = np.concatenate([[self.last[0]], index]), np.concatenate([[self.last[1]], frame])
        self.jumps += int(((np.diff(index) == 0) & (np.diff(frame) != 1)).sum())
        self.last = int(index[-1]), int(frame[-1])

    def _lines(self) -> Iterator[str]:
        for k, n in (("episodes", len(self.seen)), ("frames", self.rows)):
            if (said := self.totals.get(k)) is not None and said != n:
                yield f"{self.path / 'meta' / 'info.json'}: total_{k}: {str(said)[:40]}, and the files have {n}"
        if self.stale:
            shown = ", ".join(map(str, self.stale[:SHOWN])) + ", ..." * (len(self.stale) > SHOWN)
            yield f"{self.path / 'meta' / 'episodes'}: data/file_index: stale for {len(self.stale)} episodes: {shown}"
        if self.jumps:
            yield f"{self.path}: frame_index: {self.jumps} rows that do not follow the row before in their episode"
