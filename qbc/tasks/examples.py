"""The tasks: a class for each geometry, an instance for each column of the benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from qbc.tasks.task import Array, T, Task


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
    def turn(self) -> float:  # type: ignore[override]
        """Half the angle between two modes."""
        return float(np.pi / self.K_modes)

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
    shrink = 0.2

    def __post_init__(self) -> None:
        if self.K_modes < 2 or self.K_modes % 2:
            raise ValueError(f"Corridor needs an even K >= 2, so that the mean path meets the wall, got {self.K_modes}")

    @property
    def turn(self) -> float:  # type: ignore[override]
        """Half the angle between two gaps, seen from the start."""
        return float(np.arctan(1 / (self.K_modes + 1) / 0.9))

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
