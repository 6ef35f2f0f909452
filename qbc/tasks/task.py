"""What a task is, how its demonstrations are drawn, and how a path is judged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ive, xlogy

from qbc.arrays import finite

Array = NDArray[np.float64]
T = 60  # positions of a path


class Task(ABC):
    """What a task declares; everything else follows from it. Frozen: two tasks with the same fields are the same."""

    noise: float  # standard deviation of every coordinate of every demonstrated position
    told = False  # whether the observation says which mode is wanted
    turn = 0.2  # scenes are turned by up to so much either way [radians]
    shrink = 0.4  # and each of their axes is shrunk by up to this share

    @property
    @abstractmethod
    def modes(self) -> Array:
        """The K members of the family that are demonstrated: (K, d)."""

    @property
    @abstractmethod
    def box(self) -> Array:
        """The family's parameters fill the box from box[0] to box[1]: (2, d)."""

    @abstractmethod
    def path(self, p: Array) -> Array:
        """The noise-free paths with parameters p (n, d): (n, T, 2)."""

    @property
    @abstractmethod
    def obstacles(self) -> Array:
        """Closed boxes (B, 4): centre x, centre y, half width, half height."""

    @property
    def K(self) -> int:
        return len(self.modes)

    @cached_property
    def means(self) -> Array:
        """The noise-free path of each mode: (K, T, 2)."""
        return self.path(self.modes)

    @property
    def start(self) -> Array:
        """The mean start, (2,), which all modes share."""
        return np.asarray(self.means[0, 0])

    @cached_property
    def expert_length(self) -> float:
        """The mean length of a demonstrated path, before rejection: a noisy step's length has the law of Rice."""
        steps = np.linalg.norm(np.diff(self.means, axis=1), axis=2)
        s2 = 2 * self.noise**2  # variance of a coordinate of a step
        y = steps**2 / (4 * s2)
        rice = np.sqrt(np.pi * s2 / 2) * ((1 + 2 * y) * ive(0, y) + 2 * y * ive(1, y))
        return float(rice.sum(axis=1).mean())

    @property
    def reach(self) -> float:
        """How near to a mode's end a path must end: .1, or mean + 5 sd of the expert's own distance (the law of Rayleigh)."""
        return max(0.1, float(self.noise * (np.sqrt(np.pi / 2) + 5 * np.sqrt(2 - np.pi / 2))))

    def hits(self, paths: Array) -> NDArray[np.bool_]:
        """Whether one of the T positions of each path (n, T, 2) lies in an obstacle: (n,)."""
        hit = np.zeros(len(paths), dtype=bool)
        for x, y, w, h in self.obstacles:
            hit |= ((np.abs(paths[..., 0] - x) <= w) & (np.abs(paths[..., 1] - y) <= h)).any(axis=1)
        return hit

    def demonstrations(self, n: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
        """n paths (n, T, 2), as equal in number over the modes as n allows, and their modes (n,), in random order.

        Noise is clipped to the unit square; a path that hits an obstacle is drawn again.
        """
        if n < 1:
            raise ValueError(f"demonstrations needs n >= 1, got {n}")
        mode = rng.permutation(np.arange(n) % self.K)
        paths = np.empty((n, T, 2))
        todo = np.arange(n)
        while len(todo):
            noise = self.noise * rng.normal(size=(len(todo), T, 2))
            paths[todo] = np.clip(self.means[mode[todo]] + noise, 0, 1)
            todo = todo[self.hits(paths[todo])]
        return paths, mode

    def blind(self, n: int, rng: np.random.Generator) -> Array:
        """n paths of the mode-blind sampler, which knows the family and not which members were demonstrated: (n, T, 2)."""
        low, high = self.box
        return self.path(low + (high - low) * rng.random((n, len(low))))

    def replay(self, actions: Array) -> Array:
        """Actions (n, T-1, 2) played open loop from the mean start: positions (n, T, 2)."""
        if actions.ndim != 3 or actions.shape[1:] != (T - 1, 2):
            raise ValueError(f"replay needs actions (n, {T - 1}, 2), got {actions.shape}")
        moved = self.start + actions.cumsum(axis=1)
        return np.concatenate([np.broadcast_to(self.start, (len(actions), 1, 2)), moved], axis=1)

    def follow(self, positions: Array) -> Array:
        """Positions (n, T, 2) commanded one after the other as absolute targets, each reached at once: positions (n, T, 2)."""
        if positions.ndim != 3 or positions.shape[1:] != (T, 2):
            raise ValueError(f"follow needs positions (n, {T}, 2), got {positions.shape}")
        return positions

    def score(self, paths: Array, wanted: NDArray[np.int64] | None = None) -> Score:
        """Judge paths (n, T, 2). ``wanted`` (n,): the modes that were asked for; a path nearest to another is no success."""
        if paths.ndim != 3 or paths.shape[1:] != (T, 2):
            raise ValueError(f"score needs paths (n, {T}, 2), got {paths.shape}")
        finite("paths", paths, "path", "step", "coordinate")
        free = ~self.hits(paths)
        length = np.linalg.norm(np.diff(paths, axis=1), axis=2).sum(axis=1)
        ends = np.linalg.norm(paths[:, None, -1] - self.means[None, :, -1], axis=2).min(axis=1)
        success = free & (length >= self.expert_length / 2) & (ends <= self.reach)
        flat, targets = paths.reshape(len(paths), -1), self.means.reshape(self.K, -1)
        squares = (flat**2).sum(axis=1)[:, None] - 2 * flat @ targets.T + (targets**2).sum(axis=1)
        near = np.argsort(squares, axis=1, kind="stable")[:, :2]
        a, b = targets[near[:, 0]], targets[near[:, 1]]
        success &= True if wanted is None else near[:, 0] == wanted
        along = ((flat - a) * (b - a)).sum(axis=1) / ((b - a) ** 2).sum(axis=1)
        return Score(self.K, free, success, near[:, 0], (along > 0.25) & (along < 0.75))


def actions(paths: Array) -> Array:
    """The increments of paths (n, T, 2): (n, T-1, 2)."""
    return np.diff(paths, axis=1)


@dataclass(frozen=True)
class Score:
    """n judged paths. Shares that count paths are properties; ``success`` and ``bridge`` are kept path by path, for intervals."""

    K: int
    free: NDArray[np.bool_]  # (n,): no position in an obstacle
    success: NDArray[np.bool_]  # (n,): free, at least half as long as the expert's mean, ends near a mode's end; the wanted one
    mode: NDArray[np.int64]  # (n,): the mode with the nearest mean path
    bridge: NDArray[np.bool_]  # (n,): projected onto the segment between the two nearest mean paths it lies in (1/4, 3/4)

    def _masses(self, among: NDArray[np.bool_]) -> Array:
        counts: Array = np.bincount(self.mode[among], minlength=self.K) / max(1, among.sum())
        return counts

    @property
    def coverage(self) -> float:
        """Share of the modes that some collision-free path is assigned to."""
        return float((self._masses(self.free) > 0).mean())

    @property
    def valid_coverage(self) -> float:
        """Share of the modes that some successful path is assigned to."""
        return float((self._masses(self.success) > 0).mean())

    @property
    def entropy_ratio(self) -> float:
        """Entropy of the modes of the collision-free paths over log K: 1 if uniform, 0 if there are none."""
        m = self._masses(self.free)
        return float(-xlogy(m, m).sum() / np.log(self.K))
