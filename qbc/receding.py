"""Chunks at deployment: how much of a chunk is played before the next is asked for, and what is seen of the past."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from qbc.systems import Array

Answer = Callable[[Array, np.random.Generator], Array]


@dataclass(eq=False)
class Receding:
    """A policy (N, dx) -> (N, du) from a head (k, n, dx) -> (k, n, h, du) of k networks; block i of N = k n rows is network i's.

    It remembers the chunk it plays: one object, one rollout, and :meth:`reset` before the next. ``play`` of the h actions are
    played before the head is asked again. ``history``: the head sees so many observations, oldest first; before the start the first
    one is repeated. ``delay``: an answer is ready so many steps after it was asked for, and its first actions are then out of date;
    until the first answer is ready the policy plays that answer's first actions. ``ensemble``: the head is asked at every step and
    the answers for now are averaged, with weights exp(-ensemble * age) (temporal ensembling of arXiv 2304.13705 weighs the oldest
    most; ``ensemble`` < 0 does).
    ``level``: the last column that a head sees which was told the level of its noise in training.
    """

    head: Answer
    k: int = 1
    play: int = 1
    history: int = 1
    delay: int = 0
    ensemble: float | None = None
    level: float | None = None
    _seen: deque[Array] = field(init=False, repr=False)
    _chunks: deque[tuple[int, Array]] = field(default_factory=deque, init=False, repr=False)  # when asked, answer
    _t: int = field(default=0, init=False, repr=False)
    _rows: int = field(default=0, init=False, repr=False)  # N, from the first step on

    def __post_init__(self) -> None:
        for name, least in (("k", 1), ("play", 1), ("history", 1), ("delay", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: >= {least}, got {getattr(self, name)}")
        if self.ensemble is not None and not math.isfinite(self.ensemble):
            raise ValueError(f"ensemble: a finite number, got {self.ensemble}")
        if self.ensemble is not None and self.play != 1:
            raise ValueError(f"ensemble: asks at every step, so play is 1, got {self.play}")
        self.reset()

    def reset(self) -> None:
        """Forget what was seen and asked: the next step is the first of another rollout."""
        self._seen, self._chunks, self._t, self._rows = deque(maxlen=self.history), deque(), 0, 0

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Actions (N, du) for states x (N, dx); raises ``ValueError`` if chunks are too short for ``play`` and ``delay``, if N is no
        multiple of ``k`` or another than at the step before."""
        if len(x) % self.k or (self._rows and len(x) != self._rows):
            now = f" as at the step before, {self._rows}: reset() begins another rollout" if self._rows else ""
            raise ValueError(f"x: rows in a multiple of k = {self.k}{now}, got {len(x)}")
        self._rows, seen_now = len(x), np.array(x)  # a copy: a caller may go on in place
        self._seen.extend([seen_now] * (self.history if not self._seen else 1))
        if self._t % self.play == 0:
            told = [] if self.level is None else [np.full((len(x), 1), self.level)]
            seen = np.concatenate([*self._seen, *told], axis=1).reshape(self.k, len(x) // self.k, -1)
            answer = self.head(seen, rng)
            if answer.shape[2] < self.play + self.delay:
                raise ValueError(f"chunks of {answer.shape[2]} steps are too short for play = {self.play} and delay = {self.delay}")
            self._chunks.append((self._t, answer.reshape(len(x), *answer.shape[2:])))
        ready = [(t, u) for t, u in self._chunks if t + self.delay <= self._t] or [self._chunks[0]]
        usable = [(self._t - t, u) for t, u in ready if self._t - t < u.shape[1]]
        self._chunks = deque(c for c in self._chunks if self._t + 1 - c[0] < c[1].shape[1])
        self._t += 1
        if self.ensemble is None:
            age, u = usable[-1]
            return np.asarray(u[:, age])
        powers = -self.ensemble * np.array([age for age, _ in usable], dtype=float)
        weights = np.exp(powers - powers.max())  # the largest is 1, and none overflows
        return np.asarray(np.tensordot(weights / weights.sum(), np.stack([u[:, age] for age, u in usable]), axes=1))
