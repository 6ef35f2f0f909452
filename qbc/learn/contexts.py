"""What an autoregressive policy sees of the chunk so far, when it draws coordinate c of step t."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from qbc.learn.device import array, tensor
from qbc.learn.view import waves
from qbc.systems import Array

Ints = NDArray[np.int64]


class Context(Protocol):
    """``stepwise``: steps share their bins, and what matters of them is where they lead."""

    @property
    def stepwise(self) -> bool: ...

    def __call__(self, known: Array, j: Ints, reach: Array) -> Array:
        """Features (k, n, f) of what is known, (k, n, h, du) and 0 from token j = du t + c (k, n) on, in values of the
        bins; ``reach`` (k, 1, du) is the farthest that sums of steps lead, in these units."""


def waved(z: Array, octaves: int) -> Array:
    return array(waves(tensor(z), octaves))


@dataclass(frozen=True)
class Prefix:
    """Which token is drawn, and all tokens before it with waves of their values. ``told=False``: none of them."""

    octaves: int = 3
    told: bool = True
    stepwise: ClassVar[bool] = False

    def __call__(self, known: Array, j: Ints, reach: Array) -> Array:
        values = known.reshape(*j.shape, -1)
        m = values.shape[-1]
        return np.concatenate([np.eye(m)[j], waved(values * self.told, self.octaves)], axis=-1)


@dataclass(frozen=True)
class Sight:
    """The time, this step's earlier coordinates, where the steps so far have led, and the last ones.

    ``octaves`` of waves of the position, the finest with half a wave per 1 / 2^(octaves - 1) of its reach.
    """

    position: bool = True
    octaves: int = 0
    last: int = 0  # how many of its last actions
    stepwise: ClassVar[bool] = True

    def __call__(self, known: Array, j: Ints, reach: Array) -> Array:
        h, du = known.shape[-2:]
        t, c = np.divmod(j, du)

        def step(at: Ints) -> Array:
            return np.take_along_axis(known, np.maximum(at, 0)[..., None, None], axis=-2)[..., 0, :]

        now = step(t)
        parts = [np.eye(du)[c], now, waved(2 * t[..., None] / h - 1, 4)]
        if self.position:
            parts.append(waved((known.sum(axis=-2) - now) / reach, self.octaves))
        parts += [step(t - back) * (t >= back)[..., None] for back in range(1, self.last + 1)]
        return np.concatenate(parts, axis=-1)
