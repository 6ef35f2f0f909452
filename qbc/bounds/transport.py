"""Chapter 12: how much mass a smooth map must leave between modes.

``gap`` is the distance between the modes over the map's Lipschitz constant, Delta / L: the least distance in the base between
points that arrive on different modes. The base is a standard normal in any dimension unless a function says otherwise.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from scipy import integrate, optimize, special, stats

from qbc.bounds.domain import Count, Level, NonNegative, Positive, Share, bound

Several = Annotated[int, "[2, inf)"]


@bound()
def two_mode_bridge(gap: NonNegative) -> float:
    """2 Phi(gap / 2) - 1: the least mass between two equally heavy modes; the clip map attains it.

    Labels: thm-two-modes, prop-clip-map. Source: Mazza et al., the abstract, in words; the form is ours, from the
    Gaussian isoperimetric inequality, and so is the clip map.
    """
    return math.erf(gap / math.sqrt(8))


@bound("sum(others) <= 1")
def mass_left(others: Annotated[ArrayLike, "(n,) of [0, 1]"], gap: NonNegative) -> float:
    """Phi(Phi^-1(1 - sum_k Phi(Phi^-1(p_k) + gap/2)) - gap/2): the most mass a mode can have beside n modes of masses ``others``.

    It is 0 where the neighbourhoods of the others fill the base.

    Labels: thm-any-masses, prop-certified, prop-certified-chunks, prop-shifted-clip. Source: Mazza et al., the abstract, in words; the
    form is ours, the inequality sum_k Phi(Phi^-1(p_k) + gap/2) <= 1 solved for one mass.
    """
    free = 1 - special.ndtr(special.ndtri(others) + gap / 2).sum()
    return float(special.ndtr(special.ndtri(max(free, 0.0)) - gap / 2))


@bound()
def equal_bridge(modes: Several, gap: NonNegative) -> float:
    """1 - K Phi(Phi^-1(1/K) - gap/2): the least mass between K equally heavy modes, in any dimension.

    Computed as K times the integral of phi over the gap/2 below Phi^-1(1/K), to a relative 1e-12.

    Labels: cor-equal-masses. Source: ours; for K = 2 it is the two-mode law.
    """
    edge = float(special.ndtri(1 / modes))
    far = min(gap / 2, 40.0)  # no mass that counts lies farther below the edge
    mass, _ = integrate.quad(lambda t: math.exp(-((edge - t) ** 2) / 2), 0.0, far, epsabs=0, epsrel=1e-12)
    return min(1.0, modes * float(mass) / math.sqrt(2 * math.pi))


@bound()
def simplex_bridge(modes: Annotated[int, "[2, 1000000]"], gap: NonNegative) -> float:
    """1 - K int phi(x) Phi(x - gap/sqrt 2)^(K-1) dx: the bridge of the projection onto a simplex with K vertices.

    A point arrives on a vertex iff its largest coordinate leads the second by gap / sqrt 2. Computed as K (K - 1) times the integral of
    phi(y + t) phi(y) Phi(y)^(K-2) over the second one y and leads t < gap / sqrt 2, to a relative 1e-9.

    Labels: prop-simplex. Source: ours.
    """
    node, weight = special.roots_legendre(300)
    top = min(gap / math.sqrt(2), 20.0)
    t, y = (node + 1) * top / 2, 10 * node
    density = np.exp(-((y + t[:, None]) ** 2) / 2) * np.exp(-(y**2) / 2) * special.ndtr(y) ** (modes - 2) / (2 * math.pi)
    return min(1.0, float(modes * (modes - 1) * (weight * top / 2) @ density @ (10 * weight)))


@bound("(modes - 1) * gap <= 1")
def uniform_bridge(modes: Count, gap: Positive) -> float:
    """(K - 1) gap: the least mass between K modes that are all touched, when the base is uniform on [0, 1].

    No map touches more than 1 + 1 / gap modes, and so no more may be asked for.

    Labels: thm-uniform-base, prop-stairs. Source: ours.
    """
    return min(1.0, (modes - 1) * gap)


@bound()
def touchable(gap: Positive) -> float:
    """1 + 1 / gap: no more modes than this are touched from a base uniform on [0, 1].

    Labels: cor-mode-count, prop-steep-stairs. Source: Mazza et al., the mode count, as reported; the form is ours.
    """
    return 1 + 1 / gap


@bound()
def near_law(gap: NonNegative, slack: NonNegative = 0.25) -> float:
    """(1 + slack) times the two-mode law: where certified networks to two modes end that are fitted by optimal transport.

    Labels: find-near-law, find-chunks-near-law. Source: ours, measured.
    """
    return (1 + slack) * two_mode_bridge(gap)


@bound("m >= 3 * s")
def blob_slope(m: Positive, s: Positive) -> float:
    """s exp(m^2 / (2 s^2)): the Lipschitz constant of the monotone map from N(0, 1) to blobs N(-m, s^2), N(m, s^2), m >= 3 s.

    It is the slope at 0.

    Labels: prop-blob-slope. Source: ours.
    """
    return s * math.exp((m / s) ** 2 / 2)


@bound("m >= 3 * s", "q**(1 / samples) > 0.978")
def sampled_slope(samples: Annotated[int, "[50, inf)"], m: Positive, s: Positive, q: Level = 0.5) -> float:
    """The q-quantile of the largest slope of that map at ``samples`` normal points: the slope at the edge of the interval
    around 0 that all of them miss with probability q, whose mass 1 - q^(1 / samples) must be below .022. At the median it is.

    Labels: prop-sampled-slope. Source: ours.
    """
    hit = -math.expm1(math.log(q) / samples)

    def mass(u: float) -> float:
        return float(special.ndtr((u - m) / s) - special.ndtr((-u - m) / s))

    edge = optimize.brentq(lambda u: mass(u) - hit, 0, m, xtol=1e-14)
    density = 0.5 * (stats.norm.pdf(edge, m, s) + stats.norm.pdf(edge, -m, s))
    return float(stats.norm.pdf(stats.norm.ppf(0.5 + hit / 2)) / density)


@bound()
def flow_steepness(evaluations: Annotated[int, "[1, 1000000]"], s: NonNegative = 0.0) -> float:
    """A Lipschitz constant of Euler's map, N equal steps, for the exact flow from N(0, I) to blobs of spread s centred in the unit
    ball: prod_i max(1 - c_i, |1 - c_i + c_i t V / (1 - t)^2|) with t = i/N, c_i = 1/(N - i), V a bound on the posterior variance,
    in any direction, of the data given the point at time t; two opposite blobs on the sphere attain it.

    Helps: thm-budget. Source: ours.
    """
    product = 1.0
    for i in range(evaluations):
        t, c = i / evaluations, 1 / (evaluations - i)
        total = (1 - t) ** 2 + (t * s) ** 2
        variance = (s * (1 - t)) ** 2 / total + ((1 - t) ** 2 / total) ** 2
        product *= max(1 - c, abs(1 - c + c * t * variance / (1 - t) ** 2))
    return product


@bound()
def budget_bridge(modes: Several, evaluations: Annotated[int, "[2, 1000000]"], distance: NonNegative, s: NonNegative = 0.0) -> float:
    """The law for K equal masses at distance ``distance`` and the steepness that N evaluations of the exact flow can reach.

    Labels: thm-budget. Source: ours.
    """
    return equal_bridge(modes, distance / flow_steepness(evaluations, s))


@bound("s < (1 - last) / last")
def last_mean_bridge(modes: Annotated[int, "[2, 1000000]"], last: Annotated[float, "[0.01, 1)"], s: NonNegative) -> float:
    """The share of points of the exact law at time ``last`` whose posterior mean is on the chord between two of K blobs of spread s on
    the unit circle, farther from both than a quarter of their distance 2 m.

    With m = sin(pi / K) and v^2 = ((1 - last) / last)^2 + s^2 the point is at y = +-m + v z along the chord, and its mean, to two
    neighbours, at (1 - s^2/v^2) m tanh(m y / v^2) + y s^2/v^2; this is m/2 at y*, and the share is Phi((m + y*)/v) - Phi((m - y*)/v),
    twice that where a mode has two neighbours.

    Labels: prop-last-mean. Source: ours.
    """
    m, v = math.sin(math.pi / modes), math.hypot((1 - last) / last, s)
    own, unit = (s / v) ** 2, (v / m) ** 2
    w = optimize.brentq(lambda w: (1 - own) * math.tanh(w) + own * unit * w - 0.5, 0, 40.0, xtol=1e-15)  # y* = w v^2 / m
    share = float(special.ndtr(w * v / m - m / v) - special.ndtr(-w * v / m - m / v))
    return min(1.0, share * (1 if modes == 2 else 2))


@bound()
def near_budget(bridge: Share, slack: NonNegative = 0.25) -> float:
    """(1 + slack) times the bound of the evaluation budget: where the exact flow to two modes ends with 2 to 4 evaluations.

    Labels: find-budget-close. Source: ours, measured.
    """
    return (1 + slack) * bridge


@bound()
def blob_tail(radius: NonNegative, s: Positive) -> float:
    """exp(-radius^2 / (2 s^2)): the mass of N(0, s^2 I) in the plane beyond ``radius``, all that a mixture leaves between modes.

    Labels: prop-disconnected. Source: ours.
    """
    return math.exp(-(radius / s) * (radius / s) / 2)
