"""The range that a tokenizer is for: each coordinate of an action to [−1, 1] and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qbc.arrays import numbers
from qbc.quantizers import Floats

LARGEST = 1e150  # squares of numbers up to this are finite


@dataclass(frozen=True, eq=False)
class Scaling:
    """Coordinate j lies in [low[j], high[j]]; where the two are equal it never moves, and is decoded to that value."""

    low: Floats  # (d,) [action units]
    high: Floats  # (d,) [action units]

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            array = np.array(numbers(name, getattr(self, name)))
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        shapes = self.low.ndim == 1 and self.low.size > 0 and self.low.shape == self.high.shape
        if not (shapes and (self.low >= -LARGEST).all() and (self.low <= self.high).all() and (self.high <= LARGEST).all()):
            raise ValueError(f"low, high: (d,) each, finite, low <= high, not {self.low!r} and {self.high!r}")

    @staticmethod
    def of(u: Floats, tail: float = 0.0) -> Scaling:
        """Of chunks (n, h, d): between the quantiles ``tail`` and 1 − ``tail`` of each coordinate, over all chunks and steps pooled."""
        if not 0 <= tail < 0.5:
            raise ValueError(f"tail: 0 <= tail < 1/2, not {tail!r}")
        low, high = np.quantile(u.reshape(-1, u.shape[-1]), [tail, 1 - tail], axis=0)
        return Scaling(low, high)

    @property
    def d(self) -> int:
        return len(self.low)

    @property
    def half(self) -> Floats:
        """(d,) half the width of the range: what 1 is in action units; 0 for what never moves."""
        return np.asarray(self.high / 2 - self.low / 2)

    @property
    def moving(self) -> int:
        """How many coordinates move."""
        return int((self.half > 0).sum())

    def into(self, u: Floats) -> Floats:
        """Actions (..., d) to [−1, 1]; 0 where the coordinate never moves."""
        half = self.half
        return np.asarray((self.inside(u) - self.middle) / np.where(half > 0, half, 1.0))

    def back(self, v: Floats) -> Floats:
        """(..., d) of [−1, 1] to actions."""
        return np.asarray(self.middle + self.half * v)

    def inside(self, u: Floats) -> Floats:
        """What lies outside, set to the nearest end."""
        return np.clip(u, self.low, self.high)

    def outside(self, u: Floats) -> NDArray[np.bool_]:
        """(..., d): which entries lie outside."""
        return np.asarray((u < self.low) | (u > self.high))

    @property
    def middle(self) -> Floats:
        return np.asarray(self.low / 2 + self.high / 2)
