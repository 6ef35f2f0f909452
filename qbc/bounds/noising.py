"""Chapter 08: noise on the states. ``sigma`` is its standard deviation, ``s`` the data's, ``keep`` the plant's kappa."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from scipy import integrate, special, stats

from qbc.bounds.domain import Count, Finite, NonNegative, Positive, Rate, bound

Scheme = Literal["none", "test only", "train only", "replica"]


@bound()
def smoothed_tv(distance: NonNegative, sigma: Positive) -> float:
    """erf(r / (2 sqrt 2)), r = distance / sigma: the total variation of N(x, sigma^2 I) and N(x', sigma^2 I), |x - x'| = distance.

    Labels: lem-smoothing, prop-smoothing-tight. Source: ours for the exact form; the slides state the 1/(2 sigma) of Pinsker.
    """
    return math.erf(distance / sigma / math.sqrt(8))


@bound()
def pinsker_tv(distance: NonNegative, sigma: Positive) -> float:
    """distance / (2 sigma): what Pinsker's inequality makes of the divergence r^2 / 2 between the two normal laws.

    Helps: lem-smoothing. Source: the talk's slides.
    """
    return distance / 2 / sigma


@bound()
def strip_share(width: NonNegative, thickness: Positive, sigma: NonNegative = 0.0) -> float:
    """P(|z| <= width) for z ~ N(0, thickness^2 + sigma^2): how much of the data, or of noised data, lies in a strip.

    Labels: prop-on-data. Source: ours.
    """
    return math.erf(width / math.sqrt(2) / math.hypot(thickness, sigma))


@bound()
def far_move(tau: NonNegative, d: Count) -> float:
    """2 P(|w| > tau), w ~ N(0, I_d): how often the replica lies further than 2 sigma tau from its state, at most.

    Labels: prop-far-move. Source: the talk's lemma on the replica kernel.
    """
    return float(2 * stats.chi2.sf(tau * tau, d))


@bound()
def mode_swap(d: NonNegative) -> float:
    """E 1 / (1 + exp(2 d^2 + 2 d g)), g ~ N(0, 1): how often the replica of the atom m is -m, d = m / sigma.

    Computed as exp(-d^2 / 2) E sech(d g) / 2, which is the same with g + d for g; relative error below 1e-10.

    Labels: prop-swap. Source: ours.
    """
    k = max(d, 1.0)

    def density(u: float) -> float:
        return math.exp(-((u / k) ** 2) / 2) / math.cosh(d / k * u)

    total, _ = integrate.quad(density, 0, 40, epsabs=0, epsrel=1e-12)  # beyond 40 / k either factor is below 1e-17
    return math.exp(-(d * d) / 2) * float(total) / k / math.sqrt(2 * math.pi)


@bound()
def swap_range(d: NonNegative) -> tuple[float, float]:
    """Phi(-d) and 2 Phi(-d): once and twice the error of the best guess of the mode, between which the swap lies.

    Helps: prop-swap. Source: ours.
    """
    error = float(special.ndtr(-d))
    return error, 2 * error


def _law(scheme: Scheme, noise: float) -> tuple[float, float]:
    """(r, n) in units of s: the learner draws theta x' with x' ~ N(r y, r noise^2) where it was trained on noised states (else
    x' = y), at y = x, or at y = x + noise w; then x' given x has the mean r x and the variance n, with r = 1 / (1 + noise^2).
    """
    rho, spread = _shrinkage(noise)
    n = noise * noise
    return {"none": (1.0, 0.0), "test only": (1.0, n), "train only": (rho, spread), "replica": (rho, spread * (1 + rho))}[scheme]


def _shrinkage(noise: float) -> tuple[float, float]:
    """1 / (1 + noise^2) and noise^2 / (1 + noise^2): what a posterior mean keeps of a state, and the variance of the posterior."""
    total = math.hypot(1, noise)
    return total**-2, (noise / total) ** 2


def _ratio(keep: float, theta: float, r: float, extra: float) -> float:
    """Stationary variance of x' = (keep + (1 - keep) theta r) x + (1 - keep) N(0, q + extra), in units of the expert's, for which r = 1
    and extra = 0. Numerator and denominator are divided by 1 - keep: 1 minus a pole keep + (1 - keep) p is (1 - keep) (1 - p).
    """
    expert, pole = keep + (1 - keep) * theta, keep + (1 - keep) * theta * r
    return ((1 - theta) * (1 + expert) + (1 - keep) * extra) / ((1 - theta * r) * (1 + pole))


@bound("abs(keep + (1 - keep) * theta) < 1")
def scheme_ratio(scheme: Scheme, keep: Rate, theta: Finite, noise: NonNegative) -> float:
    """Deployed over demonstrated variance of x' = keep x + (1 - keep) c, expert c = theta x + N(0, q), noise = sigma / s.

    It is (1 - keep)^2 (q + theta^2 n) / (1 - (keep + (1 - keep) theta r)^2) in units of s^2, with r and n those of the scheme: (1, 0),
    (1, noise^2), (rho, rho noise^2) and (rho, rho noise^2 (1 + rho)), rho = 1 / (1 + noise^2).

    Labels: prop-schemes, prop-learned-marginal. Source: ours; the talk reports the simulation study.
    """
    r, n = _law(scheme, noise)
    return _ratio(keep, theta, r, theta * theta * n)


@bound("abs(keep + (1 - keep) * theta) < 1")
def replica_bias(keep: Rate, theta: Finite, noise: NonNegative) -> float:
    """-2 keep (1 - keep) (1 - r) theta / (1 - (keep + (1 - keep) theta r)^2): the variance ratio of the corollary LESS 1.

    r = 1 / (1 + noise^2).

    Labels: cor-replica-bias. Source: ours, from the law of the four schemes.
    """
    r, gone = _shrinkage(noise)
    pole = keep + (1 - keep) * theta * r
    return -2 * keep * gone * theta / ((1 - theta * r) * (1 + pole))


@bound("abs(keep + (1 - keep) * theta) < 1")
def point_head_ratio(scheme: Scheme, keep: Rate, theta: Finite, noise: NonNegative) -> float:
    """The ratio of ``scheme_ratio`` for a learner that plays the expert at the *mean* of the clean state given the noised one.

    Labels: prop-point-head. Source: ours.
    """
    r, _ = _law(scheme, noise)
    return _ratio(keep, theta, r, (theta * r * noise) ** 2 if scheme in ("test only", "replica") else 0.0)


@bound()
def mean_head_ratio(theta: Annotated[float, "(-1, 1)"], noise: NonNegative) -> float:
    """(theta r noise)^2 / (1 - (theta r)^2): the same at keep = 0 for a head that plays the mean action, with the noise in training and
    deployment and none of its own.

    Helps: prop-learned-marginal. Source: ours.
    """
    r, _ = _shrinkage(noise)
    slope = theta * r
    return (slope * noise) ** 2 / ((1 - slope) * (1 + slope))
