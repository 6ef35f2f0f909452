"""The rows of a recording in one pass: large blocks for what is counted, and a sample of stretches for what takes neighbours in time.

Rows with an entry that is no number, or beyond 1e100, are counted and left out; the rows beside them do not follow one another.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qbc.datasets import Piece

Array = NDArray[np.float64]
LARGEST = 1e100  # an action beyond it is damage; squares of what is left are finite
BLOCK = 2**14  # rows
STRETCH = 512  # rows, at most
BUDGET = 2**15  # rows of the sample


@dataclass(frozen=True, eq=False)
class Stretch:
    """Consecutive sound rows of one episode."""

    episode: int
    start: int  # step of the episode
    actions: Array  # (n, da)
    states: Array | None  # (n, dx)


@dataclass(frozen=True, eq=False)
class Sample:
    """Stretches laid end to end, in the order of the recording. ``whole``: they are all of its sound rows."""

    actions: Array  # (N, da)
    states: Array | None  # (N, dx)
    stretch: NDArray[np.int64]  # (N,): which stretch a row is of
    episode: NDArray[np.int64]  # (N,)
    step: NDArray[np.int64]  # (N,): of the episode
    whole: bool

    def pairs(self, lag: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows t and t + lag (either sign) of one stretch."""
        rows = np.arange(len(self.actions))
        a, b = (rows[: len(rows) - lag], rows[lag:]) if lag >= 0 else (rows[-lag:], rows[: len(rows) + lag])
        same = self.stretch[a] == self.stretch[b]
        return a[same], b[same]


class Sampler:
    """Stretches of random priority, the first of them as far as ``BUDGET`` rows go: each is as likely to stay as any other."""

    def __init__(self, rng: np.random.Generator, budget: int = BUDGET) -> None:
        self.rng, self.budget, self.rows, self.dropped, self.seen = rng, budget, 0, False, 0
        self.heap: list[tuple[float, int, Stretch]] = []

    def offer(self, s: Stretch) -> None:
        """Keep a stretch, or not."""
        priority, self.seen = -float(self.rng.random()), self.seen + 1
        if self.rows >= self.budget and priority < self.heap[0][0]:
            self.dropped = True
            return
        kept = Stretch(s.episode, s.start, s.actions.copy(), None if s.states is None else s.states.copy())  # no view holds a file
        heapq.heappush(self.heap, (priority, self.seen, kept))
        self.rows += len(s.actions)
        while self.rows > self.budget and len(self.heap) > 1:
            self.rows -= len(heapq.heappop(self.heap)[2].actions)
            self.dropped = True

    def sample(self, da: int, dx: int) -> Sample:
        """What was kept."""
        found = [s for _, _, s in sorted(self.heap, key=lambda e: e[1])]
        states = np.concatenate([s.states for s in found if s.states is not None] or [np.zeros((0, dx))])
        return Sample(
            np.concatenate([s.actions for s in found] or [np.zeros((0, da))]),
            states if dx else None,
            np.repeat(np.arange(len(found)), [len(s.actions) for s in found]),
            np.concatenate([np.full(len(s.actions), s.episode) for s in found] or [np.zeros(0, np.int64)]),
            np.concatenate([s.start + np.arange(len(s.actions)) for s in found] or [np.zeros(0, np.int64)]),
            not self.dropped,
        )


def sound(p: Piece) -> NDArray[np.bool_]:
    """Which rows (n,) of a piece are numbers throughout."""
    ok = (np.abs(p.actions) <= LARGEST).all(axis=1)  # NaN compares false
    return np.asarray(ok if p.states is None else ok & (np.abs(p.states) <= LARGEST).all(axis=1))


def stretches(p: Piece, ok: NDArray[np.bool_]) -> Iterator[Stretch]:
    """A piece cut at rows that are not sound, and every ``STRETCH`` rows."""
    cuts = [0, len(ok)] if ok.all() else np.flatnonzero(np.diff(np.concatenate([[0], ok, [0]]))).tolist()
    for lo, hi in zip(cuts[::2], cuts[1::2], strict=True):
        for a in range(lo, hi, STRETCH):
            z = min(a + STRETCH, hi)
            yield Stretch(p.episode, p.start + a, p.actions[a:z], None if p.states is None else p.states[a:z])


class Blocks:
    """Sound rows gathered into blocks of at least ``BLOCK``: many short episodes cost no more than a long one."""

    def __init__(self) -> None:
        self.held: list[Array] = []
        self.follows: list[NDArray[np.bool_]] = []
        self.n = 0
        self.last: tuple[int, int] | None = None  # episode and step of the last sound row

    def add(self, p: Piece, ok: NDArray[np.bool_]) -> bool:
        """Take a piece; true once a block is full."""
        at = np.flatnonzero(ok)
        if len(at):
            follows = np.diff(at, prepend=-2) == 1
            follows[0] = self.last == (p.episode, p.start + int(at[0]) - 1)
            self.last = p.episode, p.start + int(at[-1])
            self.held.append(p.actions[at])
            self.follows.append(follows)
            self.n += len(at)
        return self.n >= BLOCK

    def take(self) -> tuple[Array, NDArray[np.bool_]] | None:
        """Rows (n, da), and which of them follow the row before in one episode; None where there are none."""
        if not self.held:
            return None
        out = np.concatenate(self.held), np.concatenate(self.follows)
        self.held, self.follows, self.n = [], [], 0
        return out
