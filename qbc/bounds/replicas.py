"""Chapter 08: what replica noising guarantees, and what it does to two lanes at +-m and to a scalar loop that remembers."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from scipy import special

from qbc.bounds.domain import Count, Level, NonNegative, Positive, Rate, Share, bound
from qbc.bounds.stable import lane_flips, lost

Moderate = Annotated[float, "[0, 1000]"]
Half = Annotated[float, "[0.001, 1000]"]
Steps = Annotated[int, "[0, 100000]"]  # they are taken one by one


@bound()
def replica_guarantee(horizon: Count, d_train: Share, eps: NonNegative, sigma: Positive) -> float:
    """H D_train + (H - 1) erf(eps / (2 sqrt 2 sigma)): TV_eps of the learner's and the expert's state after at most H steps is no more,
    if the plant goes where the action says.

    ``d_train``: expected TV_eps of the learner's and the exact answer to a noised state of the expert. eps and sigma in units of x.

    Labels: thm-replica. Source: ours; the talk and 2307.14619 have it for plants with low-level control.
    """
    return horizon * d_train + (horizon - 1) * math.erf(eps / sigma / math.sqrt(8))


def _upper(weight: float, m: float, s: float, train: float, test: float, error: float) -> tuple[float, float]:
    """How often an exact sampler names the lane +m, at a state of the lane +m and at one of the lane -m, moved by ``error``.

    With unequal weights the posterior is that of equal ones at x + log(weight / (1 - weight)) (s^2 + train^2) / (2 m).
    """
    ends = np.array([m, -m]) + error + (math.log(weight) - math.log1p(-weight)) * (s * s + train * train) / (2 * m)
    lower = lane_flips(ends, m, s, train, math.hypot(s, test))
    return float(1 - lower[0]), float(1 - lower[1])


@bound("s + train > 0")
def lane_share(
    steps: Steps,
    *,
    weight: Level,
    m: Half,
    s: Moderate,
    train: Moderate,
    test: Moderate,
    error: Annotated[float, "[-1000, 1000]"] = 0.0,
) -> float:
    """The share on the lane +m after so many steps of x' = u + error, for an exact sampler that was trained and is deployed with noise.

    Demonstrations: the share ``weight`` on N(m, s^2), the others on N(-m, s^2), and each stays on its lane. The share p goes to
    a p + b (1 - p), a and b how often a state of the lane +m or -m, moved by ``error`` unless it is the first, is taken for one of +m.
    All lengths in units of x. By quadrature, to an absolute 1e-14 a step.

    Labels: prop-lane-drift. Source: ours, Bayes' rule for two normal laws.
    """
    p = weight
    for t in range(min(steps, 2)):
        a, b = _upper(weight, m, s, train, test, error if t else 0.0)
        p = a * p + b * (1 - p)
    for _ in range(steps - 2):
        p = a * p + b * (1 - p)
    return min(1.0, max(0.0, p))


@bound("s + sigma > 0")
def lane_left(horizon: Steps, *, weight: Level, m: Half, s: Moderate, sigma: Moderate) -> float:
    """weight (1 - a^H) + (1 - weight) (1 - (1 - b)^H): how often an exact replica sampler has left its lane by step H, with a and b as
    in ``lane_share``.

    Labels: prop-marginal-not-joint. Source: ours; the talk warns that its guarantee is marginal because of mode swapping.
    """
    a, b = _upper(weight, m, s, sigma, sigma, 0.0)
    return weight * lost(1 - a, horizon) + (1 - weight) * lost(b, horizon)


@bound("abs(keep + (1 - keep) * theta) < 1")
def loop_law(horizon: Steps, *, keep: Rate, theta: Rate, noise: Moderate, error: Moderate) -> tuple[float, float]:
    """Mean and variance, in units of the expert's spread, of the state after H steps of x' = keep x + (1 - keep) (c + error), where c
    comes from an exact replica sampler, noise = sigma / s, and the expert plays c = theta x + N(0, q) and starts stationary.

    With r = 1 / (1 + noise^2) and p = keep + (1 - keep) theta r the mean is (1 - keep) error (1 - p^H) / (1 - p), and the variance goes
    geometrically, like p^(2 t), from 1 to that of the four schemes.

    Helps: prop-u-shape. Source: ours.
    """
    r = 1 / (1 + noise * noise)
    expert, p = keep + (1 - keep) * theta, keep + (1 - keep) * theta * r
    gap = (1 - keep) * (1 - theta * r)  # 1 - p
    added = (1 - keep) * (1 - theta) * (1 + expert) + ((1 - keep) * theta) ** 2 * (1 - r) * (1 + r)
    moved, gone = lost(min(gap, 1.0), horizon), lost(min(gap * (1 + p), 1.0), horizon)
    return (1 - keep) * error * moved / gap, 1 - gone + gone * added / (gap * (1 + p))


@bound()
def normal_tv(mean: Annotated[float, "[0, 1000000]"], variance: Annotated[float, "[0.0001, 10000]"]) -> float:
    """Total variation of N(mean, variance) and N(0, 1): the mass that one has more between the two points of equal density. To 1e-15.

    Labels: prop-u-shape. Source: ours.
    """
    sd, log = math.sqrt(variance), math.log(variance)
    a = -math.expm1(log) / variance  # the points solve a z^2 - 2 (mean / variance) z + mean^2 / variance + log = 0
    z = mean / variance + math.sqrt(max((mean / sd) ** 2 - a * log, 0.0))
    if z == 0:
        return 0.0
    ends = np.array([((mean / sd) ** 2 + log) / z, z / a if a else math.inf])
    more = np.diff(special.ndtr((ends - mean) / sd)) - np.diff(special.ndtr(ends))
    return float(abs(more[0]))
