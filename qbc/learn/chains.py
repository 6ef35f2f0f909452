"""A denoising chain as a policy of many small steps: each draws the next mixture from a normal law of known mean and deviation.

What is added at a step is seen by the steps after it, which take it back as far as they are told of it. So exploration may enter in
three ways: ``floor``, a least deviation (DPPO, arXiv 2409.00588), at all steps or only where a later step is told; or by going back
to a level and denoising again (:meth:`Chain.again`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from qbc.learn.device import alone, tensor
from qbc.learn.networks import Ensemble
from qbc.learn.paths import PATHS
from qbc.learn.samplers import Sampler
from qbc.systems import Array


class Step(NamedTuple):
    now: float  # time of the mixture it begins with
    then: float  # and of the one it leads to
    sd: float  # of the fresh noise
    room: float  # how much of the noise of that time is left to it; the rest is guessed noise


@dataclass(frozen=True, eq=False)
class Chain:
    """The steps of a fitted sampler, with at least ``floor`` of fresh noise in each (in the units of the networks).

    As in the published code, all steps have it, the last one included, and it comes on top of the noise that the next step is told of.
    ``told``: only steps whose result is told of as much noise have it, and it takes the place of guessed noise, so that each mixture
    has as much as it is told of. Raises ``ValueError`` for a floor that is negative or not finite.
    """

    sampler: Sampler
    floor: float = 0.0
    told: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.floor < np.inf:
            raise ValueError(f"floor: >= 0 and finite, got {self.floor}")

    def steps(self) -> Iterator[Step]:
        """Each step, first to last."""
        for now, then in pairwise(float(t) for t in self.sampler.times):
            a, b = self.parts(now)
            a_then, b_then = self.parts(then) if then < 1 else (1.0, 0.0)
            kept = min(a * b_then / (a_then * b), 1.0) if a_then else 1.0
            sd = self.sampler.eta * b_then * (1 - kept**2) ** 0.5
            high = sd if self.told and b_then < self.floor else max(sd, self.floor)
            yield Step(now, then, high, high if self.told else sd)

    def parts(self, t: float) -> tuple[float, float]:
        """How much of data and of noise there is in the mixture at time t."""
        path, at = PATHS[self.sampler.path], torch.tensor(t, dtype=torch.float64)
        return float(path.a(at)), float(path.b(at))

    def mean(self, z: Tensor, step: Step, obs: Tensor, net: Ensemble | None = None) -> Tensor:
        """The mean of the law of the next mixture after z (k, n, d), by the sampler's networks or by ``net``."""
        clean, noise = (self.sampler if net is None else replace(self.sampler, net=net)).guesses(z, step.now, obs)
        if step.then == 1:
            return clean
        a_then, b_then = self.parts(step.then)
        mean: Tensor = a_then * clean + max(b_then**2 - step.room**2, 0.0) ** 0.5 * noise
        return mean

    def along(self, z: Tensor, obs: Tensor, rng: np.random.Generator, steps: list[Step]) -> Tensor:
        for step in steps:
            z = self.mean(z, step, obs)
            z = z + step.sd * normal(z, rng) if step.sd else z
        return z

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Chunks (k, n, h, du) for observations x (k, n, dx), or (n, dx) shown to all."""
        view = self.sampler.view
        with alone():
            obs = view.see(np.asarray(x, dtype=float))
            start = torch.empty(*obs.shape[:2], int(np.prod(view.shape)))
            return view.say(self.along(normal(start, rng), obs, rng, list(self.steps())))

    def again(self, u: Array, level: float, x: Array, rng: np.random.Generator) -> Array:
        """Chunks u (k, n, h, du) with noise of at least so many deviations of the data, denoised by the steps that are told of it.

        Raises ``ValueError`` for a level below that of the last step.
        """
        steps = list(self.steps())
        ratio = [b / a for a, b in (self.parts(now) for now, *_ in steps)]
        known = [i for i, r in enumerate(ratio) if r >= level]
        if not known:
            raise ValueError(f"level: at most {max(ratio):.3g}, of which the chain is told, got {level}")
        view = self.sampler.view
        with alone():
            obs, clean = view.see(np.asarray(x, dtype=float)), view.hear(u)
            a, b = self.parts(steps[known[-1]].now)
            return view.say(self.along(a * clean + b * normal(clean, rng), obs, rng, steps[known[-1] :]))

    def completed(self, u: Array, x: Array, rng: np.random.Generator) -> Array:
        """Chunks (k, n, h, du) that begin with the steps u (k, n, m, du), m < h: before each step of the chain those are replaced by
        themselves with as much noise as the mixture has there. Raises ``ValueError`` for as many steps as a chunk has, or more."""
        view, m = self.sampler.view, u.shape[2]
        h, du = view.shape
        if not 0 < m < h:
            raise ValueError(f"completed: 1 to {h - 1} known steps, got {m}")
        with alone():
            obs = view.see(np.asarray(x, dtype=float))
            known = view.hear(np.concatenate([u, np.zeros((*u.shape[:2], h - m, du))], axis=2))[:, :, : m * du]
            z = normal(torch.empty(*obs.shape[:2], h * du), rng)
            for step in self.steps():
                a, b = self.parts(step.now)
                z = torch.cat([a * known + b * normal(known, rng), z[:, :, m * du :]], dim=2)
                z = self.along(z, obs, rng, [step])
            return view.say(z)


def normal(like: Tensor, rng: np.random.Generator) -> Tensor:
    """Standard normal numbers of the shape of a tensor, drawn by ``rng``: the same on every device."""
    return tensor(rng.standard_normal(tuple(like.shape), dtype=np.float32))
