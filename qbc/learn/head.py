"""What a fit returns: k heads side by side, how well they fit, and how they are called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from qbc.arrays import finite
from qbc.learn.device import alone
from qbc.learn.networks import Ensemble, blocks
from qbc.learn.view import View
from qbc.systems import Array


def own(value: Any, i: int) -> Any:
    """What network i has of something of which each of k networks has its own."""
    if value is None:
        return None
    if isinstance(value, Ensemble):
        return value.part(slice(i, i + 1))
    return value.only(i) if hasattr(value, "only") else value[i : i + 1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Head(ABC):
    """k fitted heads side by side: ``head(x, rng)`` answers each observation with a chunk."""

    owned: ClassVar[tuple[str, ...]]  # fields of a subclass of which each network has its own

    view: View = field(repr=False)
    loss: Array  # (k,): what was minimised, on all data it learned from, in the units in which it was trained
    held: Array = field(repr=False)  # (k,): on those that were held out; NaN if none were, or none that weighs anything
    trace: Array = field(repr=False)  # (looks, 1 + 2 k): steps, and both losses after them

    @abstractmethod
    def draw(self, obs: Tensor, rng: np.random.Generator) -> Tensor | Array:
        """What the networks say, (k, n, h du) in their units, for observations as they see them (k, n, features)."""

    @property
    def k(self) -> int:
        return len(self.loss)

    @property
    def at_rest(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Columns of the observation in which a network's data do not vary, (k, dx and the level, if it is told): shifted, not
        divided. And coordinates of what networks say, (k, h, du): always their mean."""
        obs, act = self.view.obs.at_rest[:, 0], self.view.act.at_rest[:, 0]
        return obs, act.reshape(-1, *self.view.shape)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Chunks (k, n, h, du) for observations x (k, n, dx), or (n, dx) shown to all.

        Raises ``ValueError`` for others, for NaN, and for answers that are none; warns ``AtRest`` where a column moves that never did.
        """
        with alone():
            u = self.view.say(self.draw(self.view.see(np.asarray(x, dtype=float)), rng))
        finite("answers", u, "network", "row", "step", "coordinate")
        return u

    def policy(self, x: Array, rng: np.random.Generator) -> Array:
        """All k as one policy that plays the first action of each chunk: x (k n, dx) is k blocks of n rows, one a network."""
        return self(blocks(x, self.k), rng)[:, :, 0].reshape(len(x), -1)

    def only(self, i: int) -> Self:
        """Head i alone. Raises ``ValueError`` for other numbers."""
        if not 0 <= i < self.k:
            raise ValueError(f"only: 0 to {self.k - 1}, got {i}")
        mine = {name: own(getattr(self, name), i) for name in ("view", "loss", "held", *self.owned)}
        return replace(self, trace=self.trace[:, [0, 1 + i, 1 + self.k + i]], **mine)
