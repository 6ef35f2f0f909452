"""How networks see observations and say chunks: columns in units of their spread, waves, representations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from qbc.arrays import finite
from qbc.demonstrations import Demonstrations
from qbc.learn.device import array, tensor
from qbc.learn.scale import Scale
from qbc.representations import Representation
from qbc.systems import Array

REACH = 3.0  # standard deviations: half a period of the slowest wave


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
    def of(demos: Demonstrations) -> View:
        k, n, w, noise = demos.k, demos.rows, demos.weights, demos.noise
        rows = None if w is None else w[..., None]
        steps: Array | None = None
        if demos.mask is not None:
            steps = np.repeat(demos.mask, demos.du, axis=2) * (np.ones((k, n, 1)) if rows is None else rows)
        obs = Scale.of(demos.x, rows, noise.sigma if noise else None)
        if noise and noise.told:  # one more column, the level
            level = Scale.of(np.tile(np.array(noise.levels)[:, None], (k, 1, 1)))
            obs = Scale(*(np.concatenate([getattr(s, f) for s in (obs, level)], axis=2) for f in ("mean", "sd", "at_rest")))
        u = demos.u.reshape(k, n, -1)
        return View(obs, Scale.of(u, rows if steps is None else steps), demos.octaves, (demos.h, demos.du), demos.represented_as)

    def see(self, x: Array) -> Tensor:
        """Observations (k, n, dx), or (n, dx) shown to all, as networks see them; raises ``ValueError`` for others."""
        k, _, dx = self.obs.mean.shape
        if x.ndim not in (2, 3) or x.shape[-1] != dx or (x.ndim == 3 and len(x) != k):
            raise ValueError(f"observations: ({k}, n, {dx}) or (n, {dx}), got {x.shape}")
        finite("observations", x if x.ndim == 3 else x[None], "network", "row", "column")
        z = tensor(self.obs.into(x))
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
        return tensor(self.act.into(u.reshape(*u.shape[:2], -1)))

    def only(self, i: int) -> View:
        return View(self.obs.only(i), self.act.only(i), self.octaves, self.shape, self.represented_as)
