"""How networks see observations and say chunks: columns in units of their spread, waves, representations."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from qbc.arrays import finite
from qbc.demonstrations import Demonstrations
from qbc.learn.device import array, single, tensor
from qbc.learn.scale import Scale
from qbc.representations import Representation
from qbc.systems import Array

MOVED = 1e-9  # of its mean: less of a deviation from a column at rest is rounding
REACH = 3.0  # standard deviations: half a period of the slowest wave


class AtRest(UserWarning):
    """A head is shown a move in a column in which its demonstrations rest: nothing says what the move is worth.

    Said where it happens and not at the fit: as long as the column rests also in deployment nothing is wrong.
    """


def counts(demos: Demonstrations, part: slice) -> Array | None:
    """How often each step of the rows of a part counts, (k, n, h); None: all alike. Raises ``ValueError`` for one that never does."""
    mask, weights = demos.mask, demos.weights
    if mask is None and weights is None:
        return None
    n = len(range(demos.rows)[part])
    count = np.ones((demos.k, n, demos.h))
    count = count if weights is None else count * weights[:, part, None]
    count = count if mask is None else count * mask[:, part]
    if not (count.sum(axis=1) > 0).all():
        i, t = np.argwhere(~(count.sum(axis=1) > 0))[0]
        raise ValueError(f"mask and weights: step {t} of network {i} has no weight in the {n} rows that are learned from")
    return count


def waves(z: Tensor, octaves: int) -> Tensor:
    """z (..., d) beside sines and cosines of pi z, 2 pi z, 4 pi z, ...: (..., d (1 + 2 octaves))."""
    angles = (z[..., None] * tensor(np.pi * 2.0 ** np.arange(octaves))).flatten(-2)
    return torch.cat([z, angles.sin(), angles.cos()], dim=-1)


@dataclass(frozen=True, eq=False)
class View:
    """How networks see observations and say chunks."""

    obs: Scale
    act: Scale
    octaves: int
    shape: tuple[int, int]  # (h, du) of what the networks say
    represented_as: tuple[Representation, ...]

    @staticmethod
    def of(demos: Demonstrations, part: slice = slice(None)) -> View:
        """From the rows of a part: those that are learned from."""
        x, u, w, noise = demos.x[:, part], demos.u[:, part], demos.weights, demos.noise
        count = counts(demos, part)
        added = None if noise is None else noise.sigma * np.sqrt(np.mean(np.square(noise.levels)))
        obs = Scale.of(x, None if w is None else w[:, part, None], added)
        if noise and noise.told:  # one more column, the level
            level = Scale.of(np.tile(np.array(noise.levels)[:, None], (demos.k, 1, 1)))
            level = replace(level, at_rest=np.zeros_like(level.at_rest))  # one that is always told is no column at rest
            obs = Scale(*(np.concatenate([getattr(s, f) for s in (obs, level)], axis=2) for f in ("mean", "sd", "at_rest")))
        act = Scale.of(u.reshape(*u.shape[:2], -1), None if count is None else count.repeat(demos.du, axis=2))
        return View(obs, act, demos.octaves, (demos.h, demos.du), demos.represented_as)

    def see(self, x: Array) -> Tensor:
        """Observations (k, n, dx), or (n, dx) shown to all, as networks see them; raises ``ValueError`` for others."""
        k, _, dx = self.obs.mean.shape
        if x.ndim not in (2, 3) or x.shape[-1] != dx or (x.ndim == 3 and len(x) != k):
            raise ValueError(f"observations: ({k}, n, {dx}) or (n, {dx}), got {x.shape}")
        finite("observations", x if x.ndim == 3 else x[None], "network", "row", "column")
        moved = ((np.abs(x - self.obs.mean) > MOVED * np.abs(self.obs.mean)) & self.obs.at_rest).any(axis=1)
        if moved.any():
            i, c = np.argwhere(moved)[0]
            warnings.warn(f"column {c} of network {i} rests in its demonstrations, and moves in what it is shown", AtRest, stacklevel=3)
        return self.scaled(x)

    def scaled(self, x: Array) -> Tensor:
        """As :meth:`see`, without a look at columns at rest."""
        k = len(self.obs.mean)
        z = single("observations, in units of the demonstrations", self.obs.into(x), "network", "row", "column")
        return self.waved(z.expand(k, *z.shape[-2:]))

    def waved(self, z: Tensor) -> Tensor:
        if not self.octaves:
            return z
        return torch.cat([z, waves(z / REACH, self.octaves)[..., z.shape[-1] :]], dim=-1)

    def say(self, z: Tensor | Array) -> Array:
        """What networks say (k, n, h du) as chunks (k, n, h, du) in the units of the demonstrations."""
        v = self.act.back(array(z) if isinstance(z, Tensor) else z)
        u = v.reshape(*v.shape[:2], *self.shape)
        for by in reversed(self.represented_as):
            u = by.back(u)
        return u

    def hear(self, u: Array) -> Tensor:
        """The inverse of :meth:`say`: chunks (k, n, h, du) in the networks' units (k, n, h du)."""
        for by in self.represented_as:
            u = by.into(u)
        z = self.act.into(u.reshape(*u.shape[:2], -1))
        return single("chunks, in units of the demonstrations", z, "network", "row", "coordinate")

    def only(self, i: int) -> View:
        return View(self.obs.only(i), self.act.only(i), self.octaves, self.shape, self.represented_as)
