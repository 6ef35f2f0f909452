"""Chapter 08b: what noise in training leaves of a wrong slope, and heads trained with it on two lanes at +-m and on a ring.

``sigma``, ``train`` and ``test`` are standard deviations of the noise, in units of the state.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from qbc.bounds.domain import Count, Finite, Natural, NonNegative, Positive, Rate, Share, bound
from qbc.bounds.stable import kept, lane_flips, lost

Array = NDArray[np.float64]


@bound()
def ridge_slope(prior: Finite, lam: Positive, excitation: NonNegative) -> float:
    """prior * lam / (lam + excitation): the slope a ridge correction leaves of its prior's, excitation = sum_i (x_i - mean)^2 / ell^2.

    Labels: prop-ridge-slope. Source: ours.
    """
    return prior * (lam / (lam + excitation))


@bound("abs(a + slope) < 1")
def resting_state(eps: Finite, slope: Finite, *, a: Finite = 0.9) -> float:
    """eps / (1 - a - slope): where x' = a x + slope x + eps comes to rest.

    Labels: prop-noise-stabilises. Source: ours, the geometric series of the contraction lemma.
    """
    return eps / math.fsum((1, -a, -slope))


@bound("2 * lr * variance <= 1")
def slope_left(prior: Finite, lr: NonNegative, variance: NonNegative, steps: Natural) -> float:
    """prior (1 - 2 lr variance)^steps: what gradient descent on the mean squared error of v z leaves of a prior slope, where labels
    ask for none and z has the second moment ``variance``.

    Labels: prop-slope-time. Source: ours.
    """
    return prior * kept(min(2 * lr * variance, 1.0), steps)


@bound("2 * lr * variance < 1")
def learning_time(shrink: Annotated[float, "[1, inf)"], lr: Positive, variance: Positive) -> float:
    """ln(shrink) / -ln(1 - 2 lr variance): steps of gradient descent until a prior slope has shrunk by that factor.

    Labels: cor-learning-time. Source: ours, the law of the slope solved for the time.
    """
    return math.log(shrink) / -math.log1p(-2 * lr * variance)


@bound("s + sigma > 0")
def lane_posterior_mean(x: Finite, m: Positive, s: NonNegative, sigma: NonNegative) -> float:
    """m tanh(m x / (s^2 + sigma^2)): the mean target, given the observation x of a state on one of two lanes, noised with sigma.

    Helps: prop-mean-head-lanes. Source: ours, Bayes' rule for two Gaussians.
    """
    width = math.hypot(s, sigma)
    return m * math.tanh(m / width * (x / width))


@bound("s + train > 0")
def lane_flip(x: Finite, m: Positive, s: NonNegative, *, train: NonNegative, test: NonNegative) -> float:
    """E 1 / (1 + exp(2 m (x + test g) / (s^2 + train^2))): an exact sampler's chance to name the lane -m at the state x.

    By quadrature, to a relative 1e-12 where it is above 1e-250.

    Helps: prop-lane-law. Source: ours, Bayes' rule for two Gaussians; at x = m, train = test and s = 0 the talk's mode swap.
    """
    return float(lane_flips(np.array([x]), m, s, train, test)[0])


@bound("kappa * r - 2 * (1 - kappa) * m + abs(d) + 6 * (1 - kappa) * s < -r", "(1 - kappa) * s > 4 * r / cells")
def lane_failure(
    horizon: Annotated[int, "[1, 10000]"],
    *,
    train: Positive,
    test: NonNegative,
    m: Positive,
    s: Positive,
    kappa: Rate,
    d: Finite,
    r: Positive,
    spread: NonNegative | None = None,
    cells: Annotated[int, "[1, 2000]"] = 301,
) -> float:
    """The chance that an exact sampler is ever farther than r from its own lane: a Markov chain on |x - m| <= r.

    Demonstrated states are +-m + N(0, spread^2), targets +-m + N(0, s^2); without a ``spread`` it is s. An episode starts at a
    demonstrated state. A step from x stays with the density N(kappa x + (1 - kappa) m +- d, ((1 - kappa) s)^2) times 1 - lane_flip(x);
    a flip leaves. The two lanes, one with the drift outward and one with it inward, are averaged. The chain lives on ``cells`` points
    of Gauss and Legendre on either side of x = 0, where lane_flip may be a step; the error is below 1e-8. The conditions: a flip
    leaves, up to six standard deviations, and the points resolve s, and the spread unless it is 0.

    Labels: prop-lane-law, find-lanes-learned. Source: ours.
    """
    x, weight = _points(np.unique(np.clip([m - r, 0.0, m + r], m - r, None)), cells)
    wide, sd = s if spread is None else spread, (1 - kappa) * s
    start, law = (np.array([m]), np.ones(1)) if wide == 0 else (x, stats.norm.pdf(x, m, wide) * weight)
    out = []
    for drift in (d, -d):

        def step(x: Array, points: Array = x, drift: float = drift) -> tuple[Array, Array]:
            """From each x: the chance to fail, and that to be next at each of the points."""
            middle, flip = kappa * x + (1 - kappa) * m + drift, lane_flips(x, m, wide, train, test)
            leave = special.ndtr((m - r - middle) / sd) + special.ndtr((middle - m - r) / sd)
            return flip + (1 - flip) * leave, (1 - flip)[:, None] * stats.norm.pdf(points, middle[:, None], sd) * weight

        fail, move = step(start)
        gone, mass = law @ fail + (2 * special.ndtr(-r / wide) if wide else 0.0), law @ move
        fail, move = step(x)
        for _ in range(horizon - 1):
            gone, mass = gone + mass @ fail, mass @ move
        out.append(gone)
    return min(1.0, float(np.mean(out)))


def _points(ends: Array, n: int) -> tuple[Array, Array]:
    """The n points and weights of Gauss and Legendre on each of the intervals between ``ends``."""
    z, w = special.roots_legendre(n)
    middle, half = (ends[1:] + ends[:-1]) / 2, np.diff(ends) / 2
    return (middle[:, None] + half[:, None] * z).ravel(), (half[:, None] * w).ravel()


@bound("r < m")
def off_lanes(m: Positive, r: Positive, *, train: Positive, test: Positive) -> float:
    """P(|m tanh(m z / train^2)| < m - r), z ~ N(m, test^2): how often the mean target lies farther than r from both lanes.

    The mean is that of a target at +-m given a state noised with ``train``; seen is the state m, noised with ``test``. Absolute error
    1e-15.

    Labels: prop-mean-head-lanes. Source: ours.
    """
    edge = train / m * train * math.log((2 - r / m) / (r / m)) / 2
    return float(special.ndtr((edge - m) / test) - special.ndtr((-edge - m) / test))


@bound()
def shifted_power(p: Share, shift: Finite) -> float:
    """Phi(Phi^-1(p) + shift): the largest probability of an event under N(x', sigma^2 I) if it is p under N(x, sigma^2 I), where
    shift = |x - x'| / sigma; with a negative shift, the smallest.

    Labels: lem-lane-power. Source: Neyman and Pearson's lemma for two normal laws of one spread.
    """
    return float(special.ndtr(special.ndtri(p) + shift))


@bound()
def flip_floor(horizon: Count, p: Share, shift: NonNegative) -> float:
    """1 - (1 - Phi(Phi^-1(p) - shift))^H: failures in H steps, at least, if a flip has probability p at the lane's centre, ends the
    run, and no state before it is farther than ``shift`` noise widths from the centre.

    Labels: cor-lane-floor. Source: ours, from shifted_power.
    """
    return lost(shifted_power(p, -shift), horizon)


@bound()
def ring_diffusion(sigma: Positive, scheme: Literal["train", "test", "replica"]) -> float:
    """E of the squared wrapped angle, in rad^2, that one step adds to the rotation, for an exact model of the ring.

    The clean angle given the noised point z is von Mises around arg z with concentration k = |z| / sigma^2, and so is arg z around the
    clean angle given |z|, which has Rice's law: for train-only noise the second moment of a von Mises angle at |z| = 1, for test-only
    noise its mean over |z|, for replica noise that of the sum of two. By quadrature, to a relative 1e-9; beyond 10^-6 and 10^9 by the
    limits: a multiple of sigma^2, and the uniform law.

    Labels: prop-ring-exact, find-ring-learned. Source: ours.
    """
    e = min(max(sigma, 1e-6), 1e9)
    angle, weight = _points(np.array([0, min(math.pi, 30 * e)]), 200)
    radius, law = np.ones(1), np.ones(1)
    if scheme != "train":
        radius, law = _points(np.array([max(0.0, 1 - 10 * e), 1 + 10 * e]), 200)
        law = law * radius / e**2 * np.exp(-(((radius - 1) / e) ** 2) / 2) * special.i0e(radius / e**2)
    k = radius[:, None] / e**2
    if scheme == "replica":  # of the sum of two von Mises angles
        density = special.i0e(2 * k * np.cos(angle / 2)) * np.exp(-4 * k * np.sin(angle / 4) ** 2) / special.i0e(k) ** 2
    else:
        density = np.exp(-2 * k * np.sin(angle / 2) ** 2) / special.i0e(k)
    return float(law @ density @ (weight * angle**2) / math.pi) * min(1.0, sigma / e) ** 2
