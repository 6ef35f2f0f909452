"""Chapter 12: how much mass a smooth map must leave between modes.

``gap`` is the distance between the modes over the map's Lipschitz constant, Delta / L: the least distance in the base between
points that arrive on different modes. The base is a standard normal in any dimension unless a function says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import integrate, optimize, stats

from qbc.bounds.domain import inside


def two_mode_bridge(gap: float) -> float:
    """2 Phi(gap / 2) - 1: the least mass between two equally heavy modes; the clip map attains it.

    Labels: thm-two-modes, prop-clip-map. Source: Mazza et al., the abstract, in words; the form is ours, from the
    Gaussian isoperimetric inequality, and so is the clip map.
    """
    inside(gap_nonnegative=gap >= 0)
    return float(2 * stats.norm.cdf(gap / 2) - 1)


def mass_left(others: Sequence[float], gap: float) -> float:
    """Phi(Phi^-1(1 - sum_k Phi(Phi^-1(p_k) + gap/2)) - gap/2): the most mass a mode can have beside modes of masses ``others``.

    It is 0 where the neighbourhoods of the others fill the base.
    Labels: thm-any-masses, prop-certified. Source: Mazza et al., the abstract, in words; the form is ours, the inequality
    sum_k Phi(Phi^-1(p_k) + gap/2) <= 1 solved for one mass.
    """
    p = np.asarray(others, dtype=float)
    inside(gap_nonnegative=gap >= 0, masses_in_0_1=bool(((p >= 0) & (p <= 1)).all()))
    free = 1 - stats.norm.cdf(stats.norm.ppf(p) + gap / 2).sum()
    return float(stats.norm.cdf(stats.norm.ppf(max(free, 0.0)) - gap / 2))


def equal_bridge(modes: int, gap: float) -> float:
    """1 - K Phi(Phi^-1(1/K) - gap/2): the least mass between K equally heavy modes, in any dimension.

    Labels: cor-equal-masses. Source: ours; for K = 2 it is the two-mode law.
    """
    inside(at_least_two_modes=modes >= 2, gap_nonnegative=gap >= 0)
    return max(0.0, float(1 - modes * stats.norm.cdf(stats.norm.ppf(1 / modes) - gap / 2)))


def simplex_bridge(modes: int, gap: float) -> float:
    """1 - K int phi(x) Phi(x - gap/sqrt 2)^(K-1) dx: the bridge of the projection onto a simplex with K vertices.

    A point arrives on a vertex iff its largest coordinate leads the second by gap / sqrt 2.
    Labels: prop-simplex. Source: ours.
    """
    inside(at_least_two_modes=modes >= 2, gap_nonnegative=gap >= 0)
    lead = gap / math.sqrt(2)
    on, _ = integrate.quad(lambda x: stats.norm.pdf(x) * stats.norm.cdf(x - lead) ** (modes - 1), -10, 10 + lead, epsabs=1e-12)
    return float(1 - modes * on)


def uniform_bridge(modes: int, gap: float) -> float:
    """(K - 1) gap: the least mass between K modes that are all touched, when the base is uniform on [0, 1].

    Labels: thm-uniform-base. Source: ours.
    """
    inside(at_least_one_mode=modes >= 1, gap_nonnegative=gap >= 0)
    return (modes - 1) * gap


def touchable(gap: float) -> float:
    """1 + 1 / gap: no more modes than this are touched from a base uniform on [0, 1].

    Labels: cor-mode-count. Source: Mazza et al., the mode count, as reported; the form is ours.
    """
    inside(gap_positive=gap > 0)
    return 1 + 1 / gap


def near_law(gap: float, slack: float = 0.25) -> float:
    """(1 + slack) times the two-mode law: where certified networks end that are fitted by optimal transport, L <= 2.

    Labels: prop-near-law. Source: ours, measured.
    """
    inside(slack_nonnegative=slack >= 0)
    return (1 + slack) * two_mode_bridge(gap)


def blob_slope(m: float, s: float) -> float:
    """s exp(m^2 / (2 s^2)): the Lipschitz constant of the monotone map from N(0, 1) to blobs N(-m, s^2), N(m, s^2), m >= 3 s.

    It is the slope at 0. Labels: prop-blob-slope. Source: ours.
    """
    inside(spread_positive=s > 0, blobs_apart=m >= 3 * s)
    return s * math.exp(m**2 / (2 * s**2))


def sampled_slope(samples: int, m: float, s: float, q: float = 0.5) -> float:
    """The q-quantile of the largest slope of that map at ``samples`` normal points: the slope at the edge of the interval
    around 0 that all of them miss with probability q.

    Labels: prop-sampled-slope. Source: ours.
    """
    inside(at_least_ten_samples=samples >= 10, quantile_in_0_1=0 < q < 1, spread_positive=s > 0, blobs_apart=m >= 3 * s)
    hit = 1 - q ** (1 / samples)
    inside(interval_inside_the_gap=hit < stats.norm.cdf(-2))

    def mass(u: float) -> float:
        return float(stats.norm.cdf((u - m) / s) - stats.norm.cdf((-u - m) / s))

    edge = optimize.brentq(lambda u: mass(u) - hit, 0, m, xtol=1e-14)
    density = 0.5 * (stats.norm.pdf(edge, m, s) + stats.norm.pdf(edge, -m, s))
    return float(stats.norm.pdf(stats.norm.ppf(0.5 + hit / 2)) / density)


def flow_steepness(evaluations: int, s: float = 0.0) -> float:
    """A Lipschitz constant of Euler's map, N equal steps, for the exact flow from N(0, I) to blobs of spread s centred in the unit
    ball: prod_i max(1 - c_i, |1 - c_i + c_i t V / (1 - t)^2|) with t = i/N, c_i = 1/(N - i), V a bound on the posterior variance,
    in any direction, of the data given the point at time t; two opposite blobs on the sphere attain it.
    """
    inside(at_least_one_evaluation=evaluations >= 1, spread_nonnegative=s >= 0)
    product = 1.0
    for i in range(evaluations):
        t, c = i / evaluations, 1 / (evaluations - i)
        total = (1 - t) ** 2 + (t * s) ** 2
        variance = (s * (1 - t)) ** 2 / total + ((1 - t) ** 2 / total) ** 2
        product *= max(1 - c, abs(1 - c + c * t * variance / (1 - t) ** 2))
    return product


def budget_bridge(modes: int, evaluations: int, distance: float, s: float = 0.0) -> float:
    """The law for K equal masses at distance ``distance`` and the steepness that N evaluations of the exact flow can reach.

    Labels: thm-budget. Source: ours.
    """
    inside(at_least_two_evaluations=evaluations >= 2, distance_nonnegative=distance >= 0)
    return equal_bridge(modes, distance / flow_steepness(evaluations, s))


def near_budget(bridge: float, slack: float = 0.25) -> float:
    """(1 + slack) times the bound of the evaluation budget: where the exact flow to two modes ends with 2 to 4 evaluations.

    Labels: prop-budget-close. Source: ours, measured.
    """
    inside(bridge_in_0_1=0 <= bridge <= 1, slack_nonnegative=slack >= 0)
    return (1 + slack) * bridge


def share_of(bridge: float, share: float = 1.0) -> float:
    """share * bridge: what is left of a measured bridge at most, with more evaluations or with fewer modes.

    Labels: prop-flow-evaluations, prop-flow-modes, prop-heads-evaluations, prop-heads-modes. Source: ours, measured.
    """
    inside(bridge_in_0_1=0 <= bridge <= 1, share_in_0_1=0 <= share <= 1)
    return share * bridge


def blob_tail(radius: float, s: float) -> float:
    """exp(-radius^2 / (2 s^2)): the mass of N(0, s^2 I) in the plane beyond ``radius``, all that a mixture leaves between modes.

    Labels: prop-disconnected. Source: ours.
    """
    inside(radius_nonnegative=radius >= 0, spread_positive=s > 0)
    return math.exp(-(radius**2) / (2 * s**2))
