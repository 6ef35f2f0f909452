"""Tasks with several right answers: start, obstacles, K modes to choose from; and what counts as having solved one.

A task is a *continuous* family of noise-free paths, ``path(p)``, of which K members, ``path(modes)``, are demonstrated. An
expert picks one of the K and adds noise to every position; the mode-blind sampler draws p uniformly from all of the family.
All tasks live in the unit square and last T = 60 positions; an action is the increment from one position to the next, and a
policy acts open loop from the mean start, which it always sees: one observation, K answers (one answer each where the
observation tells the mode).

Geometry, noise, rejection and the measures of success and coverage follow the public code of arXiv 2605.22493, as we read it;
the bridge fraction and the mode-blind sampler are ours.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ive, xlogy

Array = NDArray[np.float64]
T = 60  # positions of a path


class Task(ABC):
    """What a task declares; everything else follows from it. Frozen: two tasks with the same fields are the same."""

    noise: float  # standard deviation of every coordinate of every demonstrated position
    told = False  # whether the observation says which mode is wanted

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

    def score(self, paths: Array) -> Score:
        """Judge paths (n, T, 2)."""
        if paths.ndim != 3 or paths.shape[1:] != (T, 2):
            raise ValueError(f"score needs paths (n, {T}, 2), got {paths.shape}")
        free = ~self.hits(paths)
        length = np.linalg.norm(np.diff(paths, axis=1), axis=2).sum(axis=1)
        ends = np.linalg.norm(paths[:, None, -1] - self.means[None, :, -1], axis=2).min(axis=1)
        success = free & (length >= self.expert_length / 2) & (ends <= self.reach)
        flat, targets = paths.reshape(len(paths), -1), self.means.reshape(self.K, -1)
        squares = (flat**2).sum(axis=1)[:, None] - 2 * flat @ targets.T + (targets**2).sum(axis=1)
        near = np.argsort(squares, axis=1, kind="stable")[:, :2]
        a, b = targets[near[:, 0]], targets[near[:, 1]]
        along = ((flat - a) * (b - a)).sum(axis=1) / ((b - a) ** 2).sum(axis=1)
        return Score(self.K, free, success, near[:, 0], (along > 0.25) & (along < 0.75))


def actions(paths: Array) -> Array:
    """The increments of paths (n, T, 2): (n, T-1, 2)."""
    return np.diff(paths, axis=1)


def exact_law(
    task: Task,
    grid: tuple[Callable[[Array], Array], Callable[[Array], Array]],
    n: int,
    rng: np.random.Generator,
    *,
    history: bool = True,
) -> Array:
    """n paths of the demonstrations' law of the next step given (t, position), with steps rounded by ``grid``, one quantiser a
    coordinate (``learn.autoregressive.grids(paths, bins)``).

    Of the demonstrations before clipping and rejection: given (t, position) the mode has its posterior, and the next position is
    normal about that mode's path; rounding adds its variance to that of the position. What still earlier positions say about the
    mode is not used. Without ``history`` each step is drawn from its law given t alone.
    """
    q = np.array([float(np.diff(np.unique(g(np.linspace(-1, 1, 20_001)))).max()) for g in grid])
    variance = task.noise**2 + q**2 / 12
    at = np.tile(task.start, (n, 1))
    path = [at]
    for now, then in pairwise(np.moveaxis(task.means, 1, 0)):
        here = at if history else now[rng.integers(task.K, size=n)] + np.sqrt(variance) * rng.normal(size=(n, 2))
        square = ((here[:, None] - now) ** 2 / variance).sum(axis=2)
        below = np.exp((square.min(axis=1, keepdims=True) - square) / 2).cumsum(axis=1)
        mode = (rng.random((n, 1)) * below[:, -1:] > below[:, :-1]).sum(axis=1)  # a draw from the posterior
        step = then[mode] + task.noise * rng.normal(size=(n, 2)) - here
        at = at + np.stack([g(step[:, c]) for c, g in enumerate(grid)], axis=1)
        path.append(at)
    return np.stack(path, axis=1)


@dataclass(frozen=True)
class Score:
    """n judged paths. Shares that count paths are properties; ``success`` and ``bridge`` are kept path by path, for intervals."""

    K: int
    free: NDArray[np.bool_]  # (n,): no position in an obstacle
    success: NDArray[np.bool_]  # (n,): free, at least half as long as the expert's mean, ends near the end of some mode
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


@final
@dataclass(frozen=True)
class Circle(Task):
    """A full clockwise loop from (.5, .5) around one of two tangent circles; the family scales the circle, p in [-1, 1]."""

    told: bool = False
    noise: float = 0.008

    @property
    def modes(self) -> Array:
        return np.array([[-1.0], [1.0]])

    @property
    def box(self) -> Array:
        return np.array([[-1.0], [1.0]])

    @property
    def obstacles(self) -> Array:
        return np.array([[0.5, 0.3, 0.08, 0.05], [0.5, 0.7, 0.08, 0.05]])

    def path(self, p: Array) -> Array:
        s = np.linspace(0, 2 * np.pi, T, endpoint=False)
        return 0.5 + 0.2 * np.stack([-p * np.sin(s), p * (1 - np.cos(s))], axis=2)


@final
@dataclass(frozen=True)
class Sequential(Task):
    """From (.5, 0) up to y = 1, left or right by .25 at y = .4 and by .15 at y = .7; the family: any p in [-1, 1]^2 of those."""

    noise: float = 0.012

    @property
    def modes(self) -> Array:
        return np.array([[a, b] for a in (-1.0, 1.0) for b in (-1.0, 1.0)])

    @property
    def box(self) -> Array:
        return self.modes[[0, -1]]

    @property
    def obstacles(self) -> Array:
        return np.array([[0.5, 0.55, 0.06, 0.05], [0.25, 0.88, 0.06, 0.05], [0.75, 0.88, 0.06, 0.05]])

    def path(self, p: Array) -> Array:
        y = np.linspace(0, 1, T)
        first, second = (np.interp(y, [fork, fork + 0.05], [0.0, 1.0]) for fork in (0.4, 0.7))
        x = 0.5 + 0.25 * p[:, :1] * first + 0.15 * p[:, 1:] * second
        return np.stack([x, np.broadcast_to(y, x.shape)], axis=2)


@final
@dataclass(frozen=True)
class Radial(Task):
    """A straight ray from the centre to radius .4 in one of K directions, squares between them; the family: any heading."""

    K_modes: int
    noise: float = 0.006

    def __post_init__(self) -> None:
        if self.K_modes < 2:
            raise ValueError(f"Radial needs K >= 2, got {self.K_modes}")
        if self.half_width <= 0:
            raise ValueError(f"Radial has room for no obstacle between {self.K_modes} modes at noise {self.noise}")

    @property
    def half_width(self) -> float:
        """Of the squares: the corridor of a mode keeps three standard deviations free."""
        return float((0.2 * np.sin(np.pi / self.K_modes) - 3 * self.noise) / np.sqrt(2))

    @property
    def modes(self) -> Array:
        return 2 * np.pi * np.arange(self.K_modes)[:, None] / self.K_modes

    @property
    def box(self) -> Array:
        return np.array([[0.0], [2 * np.pi]])

    @property
    def obstacles(self) -> Array:
        middle = self.modes[:, 0] + np.pi / self.K_modes
        sides = np.full(self.K_modes, self.half_width)
        return np.stack([0.5 + 0.2 * np.cos(middle), 0.5 + 0.2 * np.sin(middle), sides, sides], axis=1)

    def path(self, p: Array) -> Array:
        r = np.linspace(0, 0.4, T)
        return 0.5 + np.stack([r * np.cos(p), r * np.sin(p)], axis=2)


@final
@dataclass(frozen=True)
class Corridor(Task):
    """From (.05, .5) through one of K gaps of the wall .48 <= x <= .52 to (.95, .5); the family: any height p of the crossing.

    Gaps are centred at (i+1)/(K+1) and half as wide as their spacing; K - 1 pieces of wall stand between them, none outside.
    """

    K_modes: int
    noise: float = 0.005

    def __post_init__(self) -> None:
        if self.K_modes < 2 or self.K_modes % 2:
            raise ValueError(f"Corridor needs an even K >= 2, so that the mean path meets the wall, got {self.K_modes}")

    @property
    def modes(self) -> Array:
        return np.arange(1.0, self.K_modes + 1)[:, None] / (self.K_modes + 1)

    @property
    def box(self) -> Array:
        return self.modes[[0, -1]]

    @property
    def obstacles(self) -> Array:
        spacing = 1 / (self.K_modes + 1)
        return np.array([[0.5, y + spacing / 2, 0.02, spacing / 4] for y in self.modes[:-1, 0]])

    def path(self, p: Array) -> Array:
        x = np.linspace(0.05, 0.95, T)
        bend = np.interp(x, [0.05, 0.48, 0.52, 0.95], [0.0, 1.0, 1.0, 0.0])
        y = 0.5 + (p - 0.5) * bend
        return np.stack([np.broadcast_to(x, y.shape), y], axis=2)


EXAMPLES: dict[str, Task] = {
    "circle": Circle(),
    "conditional circle": Circle(told=True),
    "sequential": Sequential(),
    "radial 8": Radial(8),
    "radial 16": Radial(16),
    "corridor 16": Corridor(16),
}
