"""Chapter 08: samplers trained and deployed with observation noise, on two lanes at +-m and on a ring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from qbc.bounds.domain import inside

Array = NDArray[np.float64]

_GRID = np.linspace(-9, 9, 1801)
_NORMAL = stats.norm.pdf(_GRID) / stats.norm.pdf(_GRID).sum()


def lane_posterior_mean(x: float, m: float, s: float, sigma: float) -> float:
    """m tanh(m x / (s^2 + sigma^2)): the mean target, given the observation x of a state on one of two lanes, noised with sigma.

    Labels: prop-lane-snap. Source: ours, Bayes' rule for two Gaussians.
    """
    inside(m_positive=m > 0, s_nonnegative=s >= 0, some_noise=s + sigma > 0, sigma_nonnegative=sigma >= 0)
    return float(m * np.tanh(m * x / (s**2 + sigma**2)))


def lane_flip(x: float, m: float, s: float, *, train: float, test: float) -> float:
    """E 1 / (1 + exp(2 m (x + test g) / (s^2 + train^2))): an exact sampler's chance to name the lane -m at the state x.

    Source: ours, Bayes' rule for two Gaussians; at x = m, train = test and s = 0 the talk's mode swap.
    """
    inside(m_positive=m > 0, s_nonnegative=s >= 0, some_noise=s + train > 0, noise_nonnegative=min(train, test) >= 0)
    return float(_flips(np.array([x]), m, s, train, test)[0])


def _flips(x: Array, m: float, s: float, train: float, test: float) -> Array:
    """lane_flip at every x (N,), by a sum over a fine grid of the normal law."""
    flips: Array = special.expit(-2 * m * (x[:, None] + test * _GRID) / (s**2 + train**2)) @ _NORMAL
    return flips


def lane_failure(
    horizon: int, *, train: float, test: float, m: float, s: float, kappa: float, d: float, r: float, cells: int = 301
) -> float:
    """The chance that an exact sampler is ever farther than r from its own lane: a Markov chain on a grid of |x - m| <= r.

    A step from x stays with the density N(kappa x + (1 - kappa) m +- d, ((1 - kappa) s)^2) times 1 - lane_flip(x); a flip
    leaves. The two lanes, one with the drift outward and one with it inward, are averaged.

    Labels: thm-lane-law. Source: ours.
    """
    inside(m_positive=m > 0, horizon_positive=horizon >= 1, kappa_in_0_1=0 <= kappa < 1, trained_with_noise=train > 0)
    inside(
        a_flip_leaves=kappa * r - 2 * (1 - kappa) * m + abs(d) + 6 * (1 - kappa) * s < -r,
        grid_resolves_s=(1 - kappa) * s > 4 * r / cells,
    )
    x, h = np.linspace(m - r, m + r, cells, retstep=True)
    stay = 1 - _flips(x, m, s, train, test)
    out = []
    for drift in (d, -d):
        move = stats.norm.pdf(x[None, :], (kappa * x + (1 - kappa) * m + drift)[:, None], (1 - kappa) * s) * h
        mass = stats.norm.pdf(x, m, s) * h
        for _ in range(horizon):
            mass = (mass * stay) @ move
        out.append(1 - mass.sum())
    return float(np.mean(out))


def lane_prediction() -> float:
    """.8: failures of replica noising, at least, with far too little and far too much noise; successes, at least, in between.

    Labels: cor-lane-u. Source: ours, written down before the run; the exact sampler has 0 or 1 to two digits.
    """
    return 0.8


def shifted_power(p: float, shift: float) -> float:
    """Phi(Phi^-1(p) + shift): the largest probability of an event under N(x', sigma^2 I) if it is p under N(x, sigma^2 I), where
    shift = |x - x'| / sigma; with a negative shift, the smallest.

    Source: Neyman and Pearson's lemma for two normal laws of one spread.
    """
    inside(probability=0 <= p <= 1, shift_finite=bool(np.isfinite(shift)))
    return float(stats.norm.cdf(stats.norm.ppf(p) + shift))


def flip_floor(horizon: int, p: float, shift: float) -> float:
    """1 - (1 - Phi(Phi^-1(p) - shift))^H: failures in H steps, at least, if a flip has probability p at the lane's centre, ends the
    run, and no state before it is farther than ``shift`` noise widths from the centre.

    Labels: lem-lane-power. Source: ours, from shifted_power.
    """
    inside(horizon_positive=horizon >= 1, shift_nonnegative=shift >= 0)
    return 1 - (1 - shifted_power(p, -shift)) ** horizon


def ring_small(scheme: str) -> int:
    """1, 1, 2: angle diffusion per step over sigma^2, for small sigma, of train-only, test-only and replica noise.

    Source: ours; the posterior angle has variance sigma^2, and so has the angle of the noised point.
    """
    factors = {"train": 1, "test": 1, "replica": 2}
    inside(scheme_known=scheme in factors)
    return factors[scheme]


def _posterior(radius: Array, angle: Array, sigma: float) -> Array:
    """The law of the clean angle around the observed one at each radius, as weights on the grid ``angle``: von Mises."""
    w = np.exp(np.multiply.outer(radius, np.cos(angle) - 1) / sigma**2)
    law: Array = w / w.sum(axis=1, keepdims=True)
    return law


def _observed(radius: Array, angle: Array, sigma: float) -> Array:
    """The law of 1 + sigma w in polar coordinates, as weights on the grid radius x angle."""
    r = radius[:, None]
    w = r * np.exp(-((r - 1) ** 2 + 2 * r * (1 - np.cos(angle))) / (2 * sigma**2))
    law: Array = w / w.sum()
    return law


def ring_diffusion(sigma: float, scheme: str, *, points: int = 1000) -> float:
    """E of the squared wrapped angle that one step adds to the rotation, by quadrature, for an exact model of the ring.

    Labels: prop-ring-exact, prop-ring-learned. Source: ours; the clean angle given the noised point z is von Mises around arg z
    with concentration |z| / sigma^2.
    """
    inside(sigma_between_002_and_1=0.02 <= sigma <= 1, scheme_known=scheme in ("train", "test", "replica"))
    angle = np.linspace(-np.pi, np.pi, points, endpoint=False)
    if scheme == "train":
        return float(_posterior(np.ones(1), angle, sigma)[0] @ angle**2)
    radius = np.linspace(max(1e-6, 1 - 9 * sigma), 1 + 9 * sigma, points)
    seen = _observed(radius, angle, sigma)
    if scheme == "test":
        return float(seen.sum(axis=0) @ angle**2)
    # The angles of the observation and of the posterior add: at each radius a circular convolution.
    both = np.fft.irfft(np.fft.rfft(seen) * np.fft.rfft(_posterior(radius, angle, sigma)), points)
    return float(both.sum(axis=0) @ np.roll(angle, points // 2) ** 2)


def radius_growth(gain: float) -> float:
    """1 / sqrt(1 - gain^2): how much larger the typical radius error ever gets than after one step, if the model multiplies radial
    errors by ``gain`` and adds independent normal ones.

    Labels: prop-ring-radius. Source: ours, a geometric sum of variances.
    """
    inside(gain_in_0_1=0 <= gain < 1)
    return float((1 - gain**2) ** -0.5)
