"""Samplers that carry noise to chunks in a chosen number of network evaluations: flow matching and denoising diffusion.

One network of (mixture so far, time, observation) is trained on mixtures of data and noise at random times (see ``paths``). A
sampler starts at noise; at each time it takes the network's guess of the data and of the noise, and mixes them again for the
next time, with as much of the noise fresh as ``eta`` says: none (flows, DDIM of arXiv 2010.02502) or all (DDPM).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from qbc.demonstrations import Demonstrations
from qbc.learn.device import alone, array, single, tensor
from qbc.learn.fitting import Data, Fit
from qbc.learn.head import Head
from qbc.learn.losses import Batch, Losses, average
from qbc.learn.networks import Ensemble
from qbc.learn.paths import GUESSES, PATHS, Path
from qbc.learn.view import REACH, waves
from qbc.systems import Array

SPREADS = 20  # times at which the spread of the guess is measured


def shown(path: Path, z: Tensor, t: Tensor, obs: Tensor, octaves: int) -> Tensor:
    """What the network sees: the mixture (k, n, d) and waves of it, what the path tells of the time t (k, n, 1), the observation
    (k, n, features)."""
    seen = torch.cat([z, waves(z / REACH, octaves)[..., z.shape[-1] :]], dim=-1) if octaves else z
    return torch.cat([seen, path.told(t), obs], dim=2)


def schedule(evaluations: int | ArrayLike) -> Array:
    """The times between which steps are taken: equally spaced, or those that are given; they rise from 0 to 1."""
    t = np.asarray(evaluations, dtype=float)
    t = np.linspace(0, 1, max(int(t), 0) + 1) if t.ndim == 0 and np.isfinite(t) and t == np.floor(t) else t
    if t.ndim != 1 or len(t) < 2 or t[0] != 0 or t[-1] != 1 or not (np.diff(t) > 0).all():
        raise ValueError(f"evaluations: a number >= 1, or times that rise from 0 to 1, got {t.tolist()}")
    return t


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampler(Head):
    """k fitted samplers. :meth:`using` gives the same networks another number of evaluations, or other fresh noise."""

    owned = ("net", "ends", "missing")

    net: Ensemble
    path: str
    guess: str
    ends: Tensor | None  # (k, 2, h du), least and most: guesses of the data are held inside; None: they are not
    times: Array
    eta: float
    octaves: int  # of the waves of the mixture that the network sees
    missing: Array | None  # (k, SPREADS): mean squared error of the guess of the data at equally spaced times; None: not added

    def using(self, evaluations: int | ArrayLike | None = None, *, eta: float | None = None) -> Sampler:
        """With so many equal steps, or steps between the given times, which rise from 0 to 1; ``eta`` in [0, 1]."""
        eta = self.eta if eta is None else eta
        if not 0 <= eta <= 1:
            raise ValueError(f"eta: in [0, 1], got {eta}")
        return replace(self, times=self.times if evaluations is None else schedule(evaluations), eta=eta)

    def guesses(self, z: Tensor, t: float, obs: Tensor) -> tuple[Tensor, Tensor]:
        """The network's guess of the data and of the noise in the mixture z (k, n, d) at time t: one evaluation."""
        at, path = torch.full((*z.shape[:2], 1), t, dtype=torch.float32, device=z.device), PATHS[self.path]
        clean = path.data(self.guess, self.net(shown(path, z, at, obs, self.octaves)), z, at)
        if self.ends is not None:
            clean = torch.maximum(torch.minimum(clean, self.ends[:, 1:]), self.ends[:, :1])
        return clean, path.noise(clean, z, at)

    def draw(self, obs: Tensor, rng: np.random.Generator) -> Tensor:
        shape = (*obs.shape[:2], int(np.prod(self.view.shape)))

        def fresh_noise() -> Tensor:  # drawn by ``rng``: the same on every device
            return tensor(rng.standard_normal(shape, dtype=np.float32))

        return self.along(fresh_noise(), obs, fresh_noise)

    def carry(self, noise: Array, x: Array) -> Array:
        """The map from noise to chunks: where noise (k, n, h du) at t = 0 is carried for observations x, as in a call: (k, n, h, du).

        Raises ``ValueError`` if the steps add fresh noise, for then there is no such map, and for noise of another shape.
        """
        if self.eta or self.missing is not None:
            raise ValueError("carry needs steps without fresh noise: eta 0, and a sampler that is not wide")
        obs = self.view.see(np.asarray(x, dtype=float))
        shape = (*obs.shape[:2], int(np.prod(self.view.shape)))
        if np.shape(noise) != shape:
            raise ValueError(f"noise: {shape}, got {np.shape(noise)}")
        z = single("noise", np.asarray(noise, dtype=float), "network", "row", "coordinate")
        with alone():
            return self.view.say(self.along(z, obs, lambda: torch.zeros_like(z)))

    def along(self, z: Tensor, obs: Tensor, fresh_noise: Callable[[], Tensor]) -> Tensor:
        """From z (k, n, h du) at t = 0 to what the networks say at t = 1."""
        path = PATHS[self.path]

        def parts(t: float) -> tuple[float, float]:
            at = torch.tensor(t, dtype=torch.float64)
            return float(path.a(at)), float(path.b(at))

        for now, then in pairwise(self.times):
            clean, noise = self.guesses(z, float(now), obs)
            if then == 1:
                return clean if self.missing is None else clean + self.spread(now, 1.0) * fresh_noise()
            (a, b), (a_then, b_then) = parts(now), parts(then)
            kept = min(a * b_then / (a_then * b), 1.0) if a_then else 1.0
            fresh = self.eta * b_then * (1 - kept**2) ** 0.5  # what the posterior of the next mixture leaves open
            rest = (b_then**2 - fresh**2) ** 0.5
            z = a_then * clean + rest * noise
            if self.missing is not None:
                z = z + (tensor(fresh**2) + (a_then - rest * a / b) ** 2 * self.spread(now, 2.0)).sqrt() * fresh_noise()
            elif fresh:
                z = z + fresh * fresh_noise()
        raise AssertionError("the last time is 1")

    def spread(self, t: float, power: float) -> Tensor:
        """The root mean square error of the guess of the data at time t, to a power: (k, 1, 1)."""
        assert self.missing is not None
        grid = np.linspace(0, 1, SPREADS + 1)[:-1]
        return tensor(np.array([np.interp(t, grid, m) for m in self.missing]) ** (power / 2))[:, None, None]


def _fit(
    demos: Demonstrations, fit: Fit, path: str, guess: str, clip: bool, wide: bool, times: Array, eta: float, octaves: int = 0
) -> Sampler:
    if path not in PATHS or guess not in PATHS[path].guesses:
        named = ", ".join(PATHS[path].guesses if path in PATHS else GUESSES)
        raise ValueError(f"guess: one of {named}; path: one of {', '.join(PATHS)}; got {guess!r} and {path!r}")
    data, way = Data(demos, fit), PATHS[path]
    told = way.told(tensor([[[0.0]]])).shape[2]
    net = data.network(data.size * (1 + 2 * octaves) + told + data.features, data.size)

    def objective(batch: Batch) -> Losses:
        t, noise = data.uniform(*batch.act.shape[:2], 1), data.normal(*batch.act.shape)
        said = net(shown(way, way.mix(batch.act, noise, t), t, batch.obs, octaves))
        return Losses((said - way.target(guess, batch.act, noise, t)) ** 2, batch.mask)

    act = tensor(data.sure(array(data.act)))
    ends = torch.stack([act.amin(dim=1), act.amax(dim=1)], dim=1) if clip else None
    trained = data.train(net.parameters(), objective)
    kept: dict[str, Any] = dict(path=path, guess=guess, ends=ends, times=times, eta=eta, octaves=octaves)
    head = Sampler(**trained, **kept, net=net.requires_grad_(False), missing=None)
    if not wide:
        return head

    def missed(t: float, way: Path = way) -> Array:
        batch = data.at(data.weighted(4096))
        z = way.mix(batch.act, data.normal(*batch.act.shape), tensor(t))
        return array(average((head.guesses(z, t, batch.obs)[0] - batch.act) ** 2, batch.mask))

    with alone():
        return replace(head, missing=np.stack([missed(t) for t in np.linspace(0, 1, SPREADS + 1)[:-1]], axis=1))


def fit_flow(demos: Demonstrations, fit: Fit, *, guess: str = "velocity", clip: bool = True, octaves: int = 0) -> Sampler:
    """Flow matching: straight paths from noise to data, followed by ten Euler steps unless :meth:`Sampler.using` says otherwise.

    ``guess``: what the network predicts, ``velocity`` or ``data``; not ``noise``, all there is at the start. ``clip``: guesses of
    the data stay in their range. ``octaves``: so many octaves of waves of the mixture are shown beside it; without them many close
    modes take long to tell apart. Raises ``ValueError`` for another guess, or if training diverged.
    """
    return _fit(demos, fit, "straight", guess, clip, False, schedule(10), 0.0, octaves)


def fit_denoiser(
    demos: Demonstrations, fit: Fit, *, guess: str = "noise", path: str = "cosine", clip: bool = True, wide: bool = False
) -> Sampler:
    """Denoising diffusion: twenty steps with all the fresh noise (DDPM) unless :meth:`Sampler.using` says otherwise.

    ``guess``: ``noise``, ``data`` or ``velocity``. ``path``: ``cosine``, or ``levels`` spaced geometrically. ``wide``: each step adds
    the variance that the network's own error there leaves out (the optimal reverse variance of Analytic-DPM, arXiv 2201.06503),
    without which few steps sample too narrow a law. Other arguments and errors as in :func:`fit_flow`.
    """
    return _fit(demos, fit, path, guess, clip, wide, schedule(20), 1.0)
