"""Conditional denoising diffusion: a policy that samples, trained on observations with noise of a chosen size.

The law of an action given a noised observation is learned by DDPM: noise of a random level is added to the action and a
network learns to take it away; sampling walks from the largest level down to none. The levels are spaced geometrically, and
the walk adds at each level the variance that the network's own error there leaves out (the optimal reverse variance of
Analytic-DPM, arXiv 2201.06503), without which few levels sample too narrow a law.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from qbc.learn.ensemble import Ensemble
from qbc.learn.scale import Scale
from qbc.learn.training import array, minimise, tensor
from qbc.systems import Array

HIGH, LOW = 5.0, 0.01  # largest and smallest level, in standard deviations of the action


def denoise(net: Ensemble, noisy: Tensor, level: Tensor, obs: Tensor) -> Tensor:
    """The network's guess of the clean action; its raw output is scaled so that it has unit size at every level."""
    scale = (1 + level**2).sqrt()
    raw: Tensor = net(torch.cat([noisy / scale, level.log() / 2, obs], dim=2))
    return noisy / scale**2 + raw * level / scale


@dataclass(frozen=True)
class Diffusion:
    """k fitted conditional samplers. ``policy`` lets them act; ``sigmas`` is the observation noise each was trained with.

    The noise of deployment is not added here: hand in noised observations (fresh noise: replica noising; none: train-only).
    """

    net: Ensemble
    sigmas: tuple[float, ...]
    levels: Array  # (levels,), falling
    missing: Array  # (k, levels): mean squared error of the guess at each level, per coordinate
    obs_scale: Scale  # shared by all k
    act_scale: Scale

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """One sampled action for each observation in x (k, N, dx): (k, N, du)."""
        if x.ndim != 3 or x.shape[0] != self.net.k:
            raise ValueError(f"Diffusion needs observations ({self.net.k}, N, dx), got {x.shape}")
        obs = tensor(self.obs_scale.into(x))
        shape = (*x.shape[:2], self.act_scale.mean.shape[1])
        a = tensor(rng.standard_normal(shape, dtype=np.float32)) * (1 + self.levels[0] ** 2) ** 0.5
        for i, (now, then) in enumerate(zip(self.levels, [*self.levels[1:], 0.0], strict=True)):
            keep = (then / now) ** 2
            with torch.no_grad():
                guess = denoise(self.net, a, torch.full((*shape[:2], 1), now, device=a.device), obs)
            spread = tensor(np.sqrt(then**2 * (1 - keep) + (1 - keep) ** 2 * self.missing[:, i]))[:, None, None]
            a = keep * a + (1 - keep) * guess + spread * tensor(rng.standard_normal(shape, dtype=np.float32))
        return self.act_scale.back(array(a))

    def policy(self, x: Array, rng: np.random.Generator) -> Array:
        """All k as one policy: x (k n, dx) is k blocks of n rows, and sampler i acts on block i."""
        return self(x.reshape(self.net.k, -1, x.shape[1]), rng).reshape(len(x), -1)


def fit_diffusion(
    x: Array,
    u: Array,
    sigmas: Sequence[float],
    *,
    seed: int,
    steps: int = 2500,
    lr: float = 3e-3,
    batch: int = 128,
    width: int = 64,
    levels: int = 20,
) -> Diffusion:
    """Fit one sampler of u given x + sigma w, w ~ N(0, I) fresh in every batch, for each entry sigma of ``sigmas``.

    Data x (N, dx), u (N, du) shared by all, or (k, N, .) with k = len(sigmas); sigma is in units of x. Raises ``ValueError`` for
    other shapes, a negative sigma or fewer than two levels.
    """
    k = len(sigmas)
    if x.shape[:-1] != u.shape[:-1] or x.ndim not in (2, 3) or (x.ndim == 3 and len(x) != k):
        raise ValueError(f"fit_diffusion needs x (N, dx), u (N, du) or ({k}, N, .), got {x.shape} and {u.shape}")
    if k < 1 or min(sigmas) < 0 or levels < 2:
        raise ValueError(f"fit_diffusion needs sigmas >= 0 and levels >= 2, got {tuple(sigmas)} and {levels}")
    obs_scale, act_scale = (Scale.of(a.reshape(-1, a.shape[-1])) for a in (x, u))
    X, U = tensor(obs_scale.into(x)), tensor(act_scale.into(u))
    X, U = (t.expand(k, *t.shape[-2:]) for t in (X, U))
    noise = tensor(np.multiply.outer(sigmas, 1 / obs_scale.sd))
    net = Ensemble(k, (X.shape[2] + U.shape[2] + 1, width, width, U.shape[2]), seed, "silu")
    g = torch.Generator().manual_seed(seed)
    rows, steps_down = torch.arange(k)[:, None], np.geomspace(HIGH, LOW, levels)
    at = tensor(steps_down)

    def errors(level: Tensor) -> Tensor:
        """Squared errors of the guess on a fresh batch; ``level`` (k, batch, 1)."""
        i = torch.randint(X.shape[1], (k, level.shape[1]), generator=g)
        clean, obs = U[rows, i], X[rows, i]
        obs = obs + noise * torch.randn(obs.shape, generator=g).to(obs.device)
        noisy = clean + level * torch.randn(clean.shape, generator=g).to(obs.device)
        return (denoise(net, noisy, level, obs) - clean) ** 2

    def loss() -> Tensor:
        level = at[torch.randint(levels, (k, batch, 1), generator=g)]
        return ((1 + level**-2) * errors(level)).mean(dim=(1, 2)).sum()  # in units of what each level can teach

    minimise(net.parameters(), loss, steps=steps, lr=lr)
    with torch.no_grad():
        missing = torch.stack([errors(torch.full((k, 4096, 1), s, device=at.device)).mean(dim=(1, 2)) for s in steps_down], dim=1)
    return Diffusion(net, tuple(map(float, sigmas)), steps_down, array(missing), obs_scale, act_scale)
