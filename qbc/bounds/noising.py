"""Chapter 08: noise on the states. ``sigma`` is its standard deviation, ``s`` the data's, ``keep`` the plant's kappa."""

from __future__ import annotations

import math

import numpy as np
from scipy import special, stats

from qbc.bounds.domain import inside


def smoothed_tv(distance: float, sigma: float) -> float:
    """erf(r / (2 sqrt 2)), r = distance / sigma: the total variation of N(x, sigma^2 I) and N(x', sigma^2 I), |x - x'| = distance.

    Labels: lem-smoothing, prop-smoothing-tight. Source: ours for the exact form; the slides state the 1/(2 sigma) of Pinsker.
    """
    inside(distance_nonnegative=distance >= 0, sigma_positive=sigma > 0)
    return math.erf(distance / sigma / (2 * math.sqrt(2)))


def pinsker_tv(distance: float, sigma: float) -> float:
    """distance / (2 sigma): what Pinsker's inequality makes of the divergence r^2 / 2 between the two normal laws.

    Source: the talk's slides.
    """
    inside(distance_nonnegative=distance >= 0, sigma_positive=sigma > 0)
    return distance / (2 * sigma)


def exchangeable_difference() -> float:
    """0: E g(x, x') - E g(x', x) for an exchangeable pair and any g with finite means.

    Labels: lem-exchangeable. Source: the talk's lemma on the replica kernel.
    """
    return 0.0


def strip_share(width: float, thickness: float, sigma: float = 0.0) -> float:
    """P(|z| <= width) for z ~ N(0, thickness^2 + sigma^2): how much of the data, or of noised data, lies in a strip.

    Labels: prop-on-data. Source: ours.
    """
    inside(width_nonnegative=width >= 0, thickness_positive=thickness > 0, sigma_nonnegative=sigma >= 0)
    return math.erf(width / math.sqrt(2 * (thickness**2 + sigma**2)))


def far_move(tau: float, d: int) -> float:
    """2 P(|w| > tau), w ~ N(0, I_d): how often the replica lies further than 2 sigma tau from its state, at most.

    Labels: prop-far-move. Source: the talk's lemma on the replica kernel.
    """
    inside(tau_nonnegative=tau >= 0, dimension_positive=d >= 1)
    return float(2 * stats.chi2.sf(tau**2, d))


def mode_swap(kappa: float) -> float:
    """E 1 / (1 + exp(2 kappa^2 + 2 kappa g)), g ~ N(0, 1): how often the replica of the atom m is -m, kappa = m / sigma.

    Labels: prop-swap. Source: ours.
    """
    inside(kappa_nonnegative=kappa >= 0)

    g = np.linspace(-12, 12, 8001)  # the sum of a smooth function that vanishes at both ends is its integral
    return float(stats.norm.pdf(g) @ special.expit(-2 * kappa**2 - 2 * kappa * g) * (g[1] - g[0]))


def swap_range(kappa: float) -> tuple[float, float]:
    """Phi(-kappa) and 2 Phi(-kappa): once and twice the error of the best guess of the mode, between which the swap lies.

    Source: ours.
    """
    inside(kappa_nonnegative=kappa >= 0)
    error = float(stats.norm.cdf(-kappa))
    return error, 2 * error


def lane_left(horizon: int, kappa: float) -> float:
    """1 - (1 - swap)^H: how often a replica-noised policy has left its atom by step H, if every step starts from an atom.

    Labels: prop-marginal-not-joint. Source: ours; the talk warns that its guarantee is marginal because of mode swapping.
    """
    inside(horizon_nonnegative=horizon >= 0)
    return -math.expm1(horizon * math.log1p(-mode_swap(kappa)))


def scheme_law(scheme: str, noise: float) -> tuple[float, float]:
    """(r, n) in units of s: the learner draws theta x' with x' ~ N(r y, r noise^2) where it was trained on noised states (else
    x' = y), at y = x, or at y = x + noise w; then x' given x has the mean r x and the variance n, with r = 1 / (1 + noise^2).
    """
    inside(noise_nonnegative=noise >= 0, known_scheme=scheme in ("none", "test only", "train only", "replica"))
    rho = 1 / (1 + noise**2)
    n = noise**2
    return {"none": (1.0, 0.0), "test only": (1.0, n), "train only": (rho, rho * n), "replica": (rho, rho * n * (1 + rho))}[scheme]


def scheme_ratio(scheme: str, keep: float, theta: float, noise: float) -> float:
    """Deployed over demonstrated variance of x' = keep x + (1 - keep) c, expert c = theta x + N(0, q), noise = sigma / s.

    Labels: prop-schemes, prop-learned-marginal. Source: ours; the talk reports the simulation study.
    """
    inside(keep_in_0_1=0 <= keep < 1, expert_stable=abs(keep + (1 - keep) * theta) < 1)
    r, n = scheme_law(scheme, noise)
    return _ratio(keep, theta, r, theta**2 * n)


def replica_bias(keep: float, theta: float, noise: float) -> float:
    """-2 keep (1 - keep) (1 - r) theta / (1 - (keep + (1 - keep) theta r)^2): deployed over demonstrated variance, minus 1.

    Labels: cor-replica-bias. Source: ours, from the law of the four schemes.
    """
    inside(keep_in_0_1=0 <= keep < 1, expert_stable=abs(keep + (1 - keep) * theta) < 1)
    r, _ = scheme_law("replica", noise)
    return -2 * keep * (1 - keep) * (1 - r) * theta / (1 - (keep + (1 - keep) * theta * r) ** 2)


def point_head_ratio(scheme: str, keep: float, theta: float, noise: float) -> float:
    """The same for a learner that plays the expert at the *mean* of the clean state given the noised one.

    Labels: prop-point-head. Source: ours.
    """
    inside(keep_in_0_1=0 <= keep < 1, expert_stable=abs(keep + (1 - keep) * theta) < 1)
    r, _ = scheme_law(scheme, noise)
    return _ratio(keep, theta, r, (theta * r * noise) ** 2 if scheme in ("test only", "replica") else 0.0)


def mean_head_ratio(theta: float, noise: float) -> float:
    """The same at keep = 0 for a head that plays the mean action, with the noise in training and deployment and none of its own.

    Source: ours.
    """
    inside(expert_stable=abs(theta) < 1)
    r, _ = scheme_law("replica", noise)
    return (theta * r * noise) ** 2 / (1 - (theta * r) ** 2)


def _ratio(keep: float, theta: float, r: float, extra: float) -> float:
    """Stationary variance of x' = (keep + (1 - keep) theta r) x + (1 - keep) N(0, q + extra), in units of the expert's."""
    q = (1 - (keep + (1 - keep) * theta) ** 2) / (1 - keep) ** 2  # the expert's variance is then 1
    pole = keep + (1 - keep) * theta * r
    inside(learner_stable=abs(pole) < 1)
    return (1 - keep) ** 2 * (q + extra) / (1 - pole**2)


def ridge_slope(prior: float, lam: float, excitation: float) -> float:
    """prior * lam / (lam + excitation): the slope a ridge correction leaves of its prior's, excitation = sum_i x_i^2 / ell^2.

    Labels: prop-ridge-slope. Source: ours.
    """
    inside(lam_positive=lam > 0, excitation_nonnegative=excitation >= 0)
    return prior * lam / (lam + excitation)


def resting_state(eps: float, slope: float, *, a: float = 0.9) -> float:
    """eps / (1 - a - slope): where x' = a x + slope x + eps comes to rest.

    Labels: prop-noise-stabilises. Source: ours, the geometric series of the contraction lemma.
    """
    inside(contracts=abs(a + slope) < 1)
    return eps / (1 - a - slope)
