"""What a fit returns: k heads side by side, how well they fit, and how they are called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from qbc.learn.device import alone
from qbc.learn.view import View
from qbc.systems import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Head(ABC):
    """k fitted heads side by side: ``head(x, rng)`` answers each observation with a chunk."""

    view: View = field(repr=False)
    loss: Array  # (k,): on all data it learned from, in the units in which it was trained
    held: Array = field(repr=False)  # (k,): on those that were held out; NaN if none were
    trace: Array = field(repr=False)  # (looks, 1 + 2 k): steps, and both losses after them

    @abstractmethod
    def draw(self, obs: Tensor, rng: np.random.Generator) -> Tensor | Array:
        """What the networks say, (k, n, h du) in their units, for observations as they see them (k, n, features)."""

    @property
    def k(self) -> int:
        return len(self.loss)

    @property
    def at_rest(self) -> tuple[int, ...]:
        """Columns of the observation in which no network's data vary: shifted, not divided, so a deviation there is not in units."""
        return tuple(np.flatnonzero(self.view.obs.at_rest.all(axis=(0, 1))).tolist())

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Chunks (k, n, h, du) for observations x (k, n, dx), or (n, dx) shown to all; raises ``ValueError`` for others, and NaN."""
        with alone():
            return self.view.say(self.draw(self.view.see(np.asarray(x, dtype=float)), rng))

    def policy(self, x: Array, rng: np.random.Generator) -> Array:
        """All k as one policy that plays the first action of each chunk: x (k n, dx) is k blocks of n rows, one a network."""
        u = self(x.reshape(self.k, -1, x.shape[1]), rng)
        return u[:, :, 0].reshape(len(x), -1)
