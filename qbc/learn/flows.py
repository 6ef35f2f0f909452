"""Samplers that carry normal noise to actions in a chosen number of network evaluations: flow matching, DDPM and DDIM.

Both train one network of (action so far, time, observation). A flow matches the velocity of straight lines from noise to data
(arXiv 2210.02747) and is followed by Euler steps. A denoiser guesses the noise in a mixture of data and noise, and walks back
from pure noise with fresh noise at each step (``eta = 1``, DDPM, arXiv 2006.11239) or none (``eta = 0``, DDIM, arXiv 2010.02502).

Inside, tensors are (k, n, .): network, sample, coordinate; actions and observations in units of the data's standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from qbc.learn.ensemble import Ensemble
from qbc.learn.scale import Scale
from qbc.learn.training import array, minimise, tensor
from qbc.systems import Array

FREQUENCIES = np.pi * 2.0 ** np.arange(5)  # of the time t in [0, 1] that the network is shown
CLIP = 4.0  # standard deviations: a denoiser's guess of an action is held inside


def shown(noisy: Tensor, t: Tensor, obs: Tensor) -> Tensor:
    """What the network sees: the noisy action (k, n, du), the time t (k, n, 1) and waves of it, the observation (k, n, dx)."""
    waves = t * tensor(FREQUENCIES)
    return torch.cat([noisy, t, waves.sin(), waves.cos(), obs], dim=2)


def straight(u: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Flow matching: the point at time t (k, n, 1) on the line from noise to data u, (k, n, du) each, and the line's velocity."""
    return (1 - t) * noise + t * u, u - noise


def signal(t: Tensor) -> Tensor:
    """The share of variance that is data at time t of a denoiser, elementwise: falls from 1 at t = 0 to almost 0 at t = 1.

    The cosine schedule of arXiv 2102.09672; it stops short of 0 so that a guess of the data can be read off a guess of the noise.
    """
    return (t * (0.995 * np.pi / 2)).cos() ** 2


def mixed(u: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """DDPM: data u and noise, (k, n, du) each, mixed with unit variance at time t (k, n, 1), and the noise in the mixture."""
    return signal(t).sqrt() * u + (1 - signal(t)).sqrt() * noise, noise


@dataclass(frozen=True)
class _Sampler:
    """k fitted samplers of one shape; each of their calls raises ``ValueError`` for observations or times that do not fit."""

    net: Ensemble
    obs_scale: Scale
    act_scale: Scale

    def start(self, x: Array, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Base noise (k, N, du) and observations in the networks' units (k, N, dx), for x (k, N, dx) or (N, dx) shown to all."""
        if x.ndim not in (2, 3) or (x.ndim == 3 and len(x) != self.net.k):
            raise ValueError(f"a sampler needs observations ({self.net.k}, N, dx) or (N, dx), got {x.shape}")
        obs = tensor(self.obs_scale.into(x)).expand(self.net.k, *x.shape[-2:])
        return self.noise((self.net.k, x.shape[-2], self.act_scale.mean.shape[-1]), rng), obs

    def noise(self, shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
        """Standard normal, drawn by ``rng``: the same on every device."""
        return tensor(rng.standard_normal(shape, dtype=np.float32))

    def ask(self, a: Tensor, t: float, obs: Tensor) -> Tensor:
        """One evaluation of the k networks at time t: actions so far (k, N, du) to guesses (k, N, du)."""
        with torch.no_grad():
            guess: Tensor = self.net(shown(a, torch.full((*a.shape[:2], 1), t, device=a.device), obs))
        return guess

    def actions(self, a: Tensor) -> Array:
        """(k, N, du) back in the units of the data."""
        return self.act_scale.back(array(a))


def _times(evaluations: int | Array, first: float, last: float) -> Array:
    """The times between which steps are taken, (evaluations + 1,): equally spaced, or those that are given."""
    count = isinstance(evaluations, int | np.integer)
    t = np.linspace(first, last, max(int(evaluations), 0) + 1) if count else np.asarray(evaluations, dtype=float)
    if t.ndim != 1 or len(t) < 2 or t[0] != first or t[-1] != last or not (np.diff(t) * (last - first) > 0).all():
        raise ValueError(f"evaluations must be a number >= 1 or times that go from {first} to {last}")
    return t


@dataclass(frozen=True)
class Flow(_Sampler):
    """k samplers by flow matching. Noise at t = 0 follows the learned velocity to an action at t = 1."""

    def __call__(self, x: Array, rng: np.random.Generator, *, evaluations: int | Array) -> Array:
        """Actions (k, N, du) for x (k, N, dx), or (N, dx) shown to all.

        By Euler steps: that many equal ones, or one between each two of the given times, which rise from 0 to 1.
        """
        times = _times(evaluations, 0.0, 1.0)
        a, obs = self.start(x, rng)
        for now, then in pairwise(times):
            a = a + float(then - now) * self.ask(a, float(now), obs)
        return self.actions(a)


@dataclass(frozen=True)
class Denoiser(_Sampler):
    """k samplers by DDPM. Noise at t = 1 loses what the network takes for noise, step by step, until t = 0."""

    def __call__(self, x: Array, rng: np.random.Generator, *, evaluations: int | Array, eta: float = 1.0) -> Array:
        """Actions (k, N, du) for x (k, N, dx), or (N, dx) shown to all.

        By that many equal steps, or one between each two of the given times, which fall from 1 to 0. ``eta`` in [0, 1] scales
        the fresh noise of a step, from none to all that DDPM adds.
        """
        times = _times(evaluations, 1.0, 0.0)
        share = array(signal(tensor(times)))
        a, obs = self.start(x, rng)
        for t, now, then in zip(times[:-1], share[:-1], share[1:], strict=True):
            clean = ((a - (1 - now) ** 0.5 * self.ask(a, float(t), obs)) / now**0.5).clamp(-CLIP, CLIP)
            noise = (a - now**0.5 * clean) / (1 - now) ** 0.5
            fresh = eta * ((1 - then) / (1 - now) * (1 - now / then)) ** 0.5
            a = then**0.5 * clean + max(1 - then - fresh**2, 0.0) ** 0.5 * noise + fresh * self.noise(tuple(a.shape), rng)
        return self.actions(a)


_Path = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
_Fitted = tuple[Ensemble, Scale, Scale]


def _fit(path: _Path, x: Array, u: Array, k: int, seed: int, steps: int, lr: float, batch: int, width: int, depth: int) -> _Fitted:
    """k networks that guess the target of ``path`` from its point, and the scales of observations and actions."""
    if x.shape[:-1] != u.shape[:-1] or x.ndim not in (2, 3) or (x.ndim == 3 and len(x) != k):
        raise ValueError(f"a sampler is fitted to x (N, dx), u (N, du) or ({k}, N, .), got {x.shape} and {u.shape}")
    scales = Scale.of(x), Scale.of(u)
    X, U = (tensor(s.into(a)).expand(k, *a.shape[-2:]) for a, s in zip((x, u), scales, strict=True))
    seen = U.shape[2] + 1 + 2 * len(FREQUENCIES) + X.shape[2]
    net = Ensemble(k, (seen, *[width] * depth, U.shape[2]), seed, "silu")
    g = torch.Generator().manual_seed(seed)
    rows = torch.arange(k)[:, None]

    def loss() -> Tensor:
        i = torch.randint(X.shape[1], (k, batch), generator=g)
        noise = torch.randn(k, batch, U.shape[2], generator=g).to(U.device)
        t = torch.rand(k, batch, 1, generator=g).to(U.device)
        point, target = path(U[rows, i], noise, t)
        total: Tensor = ((net(shown(point, t, X[rows, i])) - target) ** 2).mean(dim=(1, 2)).sum()
        return total

    minimise(net.parameters(), loss, steps=steps, lr=lr)
    return net, *scales


def fit_flow(
    x: Array,
    u: Array,
    *,
    k: int,
    seed: int,
    steps: int = 2000,
    lr: float = 2e-3,
    batch: int = 512,
    width: int = 128,
    depth: int = 3,
) -> Flow:
    """k flows of u given x, to data x (N, dx), u (N, du) shared by all or (k, N, .) of their own; dx may be 0.

    Networks of ``depth`` hidden layers of ``width``; each step draws a batch, with times uniform on [0, 1], for every network.
    Raises ``ValueError`` for data of other shapes, or if training diverged.
    """
    return Flow(*_fit(straight, x, u, k, seed, steps, lr, batch, width, depth))


def fit_denoiser(
    x: Array,
    u: Array,
    *,
    k: int,
    seed: int,
    steps: int = 2000,
    lr: float = 2e-3,
    batch: int = 512,
    width: int = 128,
    depth: int = 3,
) -> Denoiser:
    """k denoising samplers of u given x; data, sizes and errors as in :func:`fit_flow`."""
    return Denoiser(*_fit(mixed, x, u, k, seed, steps, lr, batch, width, depth))
