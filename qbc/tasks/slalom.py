"""Boxes one behind the other, each to be passed on the left or on the right: decisions that come one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import final

import numpy as np
from numpy.typing import NDArray

from qbc.systems import Policy, System
from qbc.tasks.task import Array, T, Task


@final
@dataclass(frozen=True)
class Slalom(Task):
    """From (.5, 0) up to y = 1 past ``gates`` boxes, each .2 to the left or right of its centre, and back to the middle after each;
    the family: any p in [-1, 1]^gates of those .2.

    A gate is 60 / gates steps long. The path is level alongside its box, which is its middle third; the box is .2 wide.
    """

    gates: int
    noise: float = 0.01

    def __post_init__(self) -> None:
        if self.gates < 1 or T % (3 * self.gates):
            raise ValueError(f"Slalom needs a number of gates that divides {T // 3}, got {self.gates}")

    @property
    def period(self) -> int:
        """Steps of a gate."""
        return T // self.gates

    @property
    def modes(self) -> Array:
        return np.array(list(product([-1.0, 1.0], repeat=self.gates)))

    @property
    def box(self) -> Array:
        return self.modes[[0, -1]]

    @property
    def bump(self) -> Array:
        """How far out the path is at each position, (T,), in units of its farthest."""
        r = np.arange(T) % self.period
        return np.asarray(np.minimum(np.minimum(r, self.period - r) / (self.period // 3), 1.0))

    @property
    def alongside(self) -> NDArray[np.bool_]:
        """Whether a position is beside a box, (T,)."""
        return np.asarray(self.bump == 1)

    @property
    def obstacles(self) -> Array:
        middle = (np.arange(self.gates) + 0.5) * self.period / (T - 1)
        return np.array([[0.5, y, 0.1, (self.period / 6 + 0.25) / (T - 1)] for y in middle])

    def path(self, p: Array) -> Array:
        x = 0.5 + 0.2 * self.bump * p.repeat(self.period, axis=1)
        return np.stack([x, np.broadcast_to(np.arange(T) / (T - 1), x.shape)], axis=2)

    def through(self, paths: Array) -> NDArray[np.bool_]:
        """Whether a path (n, T, 2) lies in a box at some position, or changes its side between two positions beside one: (n,)."""
        side = np.sign(paths[..., 0] - 0.5)
        swept = (side[:, 1:] != side[:, :-1]) & self.alongside[1:] & self.alongside[:-1]
        return np.asarray(self.hits(paths) | swept.any(axis=1))


def lateral() -> System:
    """The plant x' = u, beside a clock: the state is (offset from the middle, steps), the action the commanded offset."""
    return System(lambda x, u: np.concatenate([u, x[:, 1:] + 1], axis=1), dx=2, du=1, alpha=1.0, beta=1.0)


def shaken(policy: Policy, *, seen: float, done: float) -> Policy:
    """``policy`` which sees the first column of its state with fresh normal noise of deviation ``seen``, and whose actions are carried
    out with such noise of deviation ``done``."""

    def act(x: Array, rng: np.random.Generator) -> Array:
        y = np.array(x)
        y[:, 0] += seen * rng.normal(size=len(x))
        u = policy(y, rng)
        return np.asarray(u + done * rng.normal(size=u.shape))

    return act
