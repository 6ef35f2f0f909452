"""Policies: callables ``(x, rng) -> u`` with x (N, dx), u (N, du); all randomness comes from ``rng``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qbc.systems import Array, Policy, matvec


def noised(policy: Policy, sigma: float) -> Policy:
    """The smoothed policy: ``policy`` at x + sigma w, with fresh w ~ N(0, I) at every call and sigma in units of x."""
    return lambda x, rng: policy(x + sigma * rng.normal(size=x.shape), rng)


@dataclass(frozen=True)
class Linear:
    """u = gain x + offset."""

    gain: Array  # (du, dx)
    offset: Array  # (du,)

    def __post_init__(self) -> None:
        if self.gain.ndim != 2 or self.offset.shape != self.gain.shape[:1]:
            raise ValueError(f"Linear needs gain (du, dx) and offset (du,), got {self.gain.shape} and {self.offset.shape}")

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        return matvec(self.gain, x) + self.offset


@dataclass(frozen=True)
class Bernoulli:
    """u = B + offset with B ~ Bernoulli(clip(chance + slope x, 0, 1)) in each coordinate: the talk's not-so-bad learner.

    TV(pi(x), pi(x')) <= |slope| |x - x'| in one dimension. ``mean`` is the policy of its conditional means.
    """

    slope: float  # 1 / units of x
    offset: float  # units of u
    chance: float = 0.0  # at x = 0

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        fires: Array = (rng.random(x.shape) < self.chance + self.slope * x).astype(float)
        return fires + self.offset

    def mean(self, x: Array, rng: np.random.Generator) -> Array:
        probability: Array = np.clip(self.chance + self.slope * x, 0.0, 1.0)
        return probability + self.offset


@dataclass(frozen=True)
class TwoMode:
    """The two-lane expert: u = wave(x) +- half_gap + s w, one sign per trajectory and step, w normal truncated to +-3.

    The truncation makes "within 3 s of a mode" certain, so that a statement about *every* demonstrated action can hold.
    ``signs`` is (1, -1) for the two-mode expert and (1,) for the one-mode control.
    """

    half_gap: float  # units of u
    s: float  # units of u
    signs: tuple[float, ...] = (1.0, -1.0)

    def modes(self, x: Array) -> Array:
        """The centres of the lanes at x (N, 1): (N, number of signs)."""
        centres: Array = 0.3 * np.sin(3 * x) + self.half_gap * np.array(self.signs)
        return centres

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        modes = self.modes(x)
        centre = modes[np.arange(len(x)), rng.integers(modes.shape[1], size=len(x))]
        w = rng.normal(size=len(x))
        while (out := np.abs(w) > 3).any():
            w[out] = rng.normal(size=int(out.sum()))
        return (centre + self.s * w)[:, None]
