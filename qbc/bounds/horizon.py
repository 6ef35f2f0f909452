"""Chapter 02: quantisation error over the horizon. The plant is x' = eta x + b u and ``C`` = b / (1 - eta) is its gain; ``L`` is the
slope of the policy, C L the loop gain, ``eps`` the largest error of the quantiser."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from qbc.bounds.domain import inside


def incremental_gain(eta: float, b: float) -> float:
    """C = b / (1 - eta): the largest state gap per unit of action gap on x' = eta x + b u + shared noise.

    Labels: lem-piiss. Source: ours; Cao & Xie, Definition 3 (P-IISS), as reported, worked out for this plant.
    """
    inside(eta_in_0_1=0 <= eta < 1, b_positive=b > 0)
    return b / (1 - eta)


def selection_probability(affinities: Sequence[float], n: int) -> float:
    """1 - sum_k a_k^n: how often the MLE over a finite class returns the truth from n trajectories at least; a_k is the
    Bhattacharyya affinity of one trajectory's law under the truth and under the k-th wrong member.

    Labels: prop-identify. Source: ours; the textbook union bound.
    """
    a = np.asarray(affinities, dtype=float)
    inside(affinities_in_0_1=bool(((a >= 0) & (a <= 1)).all()), n_positive=n >= 1)
    return float(1 - (a**n).sum())


def smooth_stochastic_regret(
    H: int, eps: float, *, C: float, L: float, lip: float, n: float = math.inf, size: int = 1, delta: float = 0.05
) -> float:
    """H sqrt(2 log(size / delta) / n) + L C eps H (H - 1) / 2 + lip C eps H: Theorem 2 with explicit constants.

    ``size`` members of total-variation slope L, n trajectories, rewards in [0, 1] of slope ``lip`` in the state.

    Labels: thm-h2-bound. Source: Cao & Xie, Theorem 2, as reported; the constants are ours, for rewards of the state alone.
    """
    inside(horizon_positive=H >= 1, eps_nonnegative=eps >= 0, gains_positive=min(C, L, lip) > 0)
    inside(n_positive=n > 0, size_positive=size >= 1, delta_in_0_1=0 < delta < 1)
    return H * math.sqrt(2 * math.log(size / delta) / n) + L * C * eps * H * (H - 1) / 2 + lip * C * eps * H


def drift_regret(H: int, eps: float, *, eta: float, x1: float) -> float:
    """(x1 / 2) (H - (1 - r^H) / (1 - r)) with r = 1 - (1 - eta) eps: the exact regret of the quantised martingale expert.

    Labels: prop-h2-value, prop-h2-saturation. Source: ours.
    """
    inside(horizon_positive=H >= 1, eps_in_0_1=0 < eps < 1, eta_in_0_1=0 <= eta < 1, x1_in_minus_1_1=-1 <= x1 <= 1)
    pull = (1 - eta) * eps
    return x1 / 2 * (H + math.expm1(H * math.log1p(-pull)) / pull)


def drift_regret_leading(H: float, eps: float, *, eta: float, x1: float) -> float:
    """x1 (1 - eta) eps H^2 / 4: what ``drift_regret`` is while (1 - eta) eps H is small and H large.

    Labels: thm-h2-attained, prop-h2-eps. Source: ours; Cao & Xie, Theorem 2, as reported, has the matching upper bound.
    """
    inside(horizon_positive=H >= 1, eps_nonnegative=eps >= 0, eta_in_0_1=0 <= eta < 1, x1_in_minus_1_1=-1 <= x1 <= 1)
    return x1 * (1 - eta) * eps * H**2 / 4


def forgetting_regret(eps: float, *, eta: float, x1: float, theta: float) -> float:
    """(x1 / 2) (1 / (1 - r*) - 1 / (1 - r)), r* = eta + (1 - eta) theta, r = eta + (1 - eta)(1 - eps) theta.

    The regret for H -> infinity of the expert of slope theta < 1, which is pulled back to 0 by itself.

    Labels: prop-mixing-flat. Source: ours.
    """
    inside(eps_in_0_1=0 <= eps < 1, eta_in_0_1=0 <= eta < 1, theta_in_0_1=0 <= theta < 1, x1_in_minus_1_1=-1 <= x1 <= 1)
    return x1 / 2 / (1 - eta) * (1 / (1 - theta) - 1 / (1 - (1 - eps) * theta))


def sharp_share(H: int, eps: float, x1: float) -> float:
    """x1 (H - 1) / (H + 1) (1 - eps (H - 2) / 3): the share of Theorem 2's quantisation terms that is paid where eta = 0.

    Correct to a relative (eps H)^2; tends to 1 as x1 -> 1, H -> infinity, eps H -> 0.

    Labels: prop-h2-sharp. Source: ours.
    """
    inside(horizon_at_least_2=H >= 2, eps_H_small=0 < eps * H <= 0.1, x1_in_0_1=0 <= x1 <= 1)
    return x1 * (H - 1) / (H + 1) * (1 - eps * (H - 2) / 3)


def offset_regret(H: int, eps: float, *, C: float, eta: float) -> float:
    """C eps (H - (1 - eta^H) / (1 - eta)): the regret, in |x|, of a loop at rest whose resting action is rounded up to eps; C L < 1.

    Labels: thm-linear. Source: ours; Cao & Xie, Theorem 3, as reported, has O(H eps).
    """
    inside(horizon_positive=H >= 1, eps_nonnegative=eps >= 0, C_positive=C > 0, eta_in_0_1=0 <= eta < 1)
    return C * eps * (H - (1 - eta**H) / (1 - eta))


def least_rtvc_multiple(C: float, L: float) -> int:
    """Least integer k with C (k + 1) <= (k - 2) / L, that is ceil((2 + C L) / (1 - C L)): then Theorem 3's H^2 term is 0.

    Labels: prop-least-k. Source: ours, from Cao & Xie, Theorem 3 and Proposition 5, as reported.
    """
    inside(gains_positive=min(C, L) > 0, loop_gain_below_1=C * L < 1)
    return math.ceil((2 + C * L) / (1 - C * L) - 1e-9)


def smooth_deterministic_regret(H: int, eps: float, *, C: float, L: float, n: int, size: int, delta: float = 0.05) -> float:
    """2 H log(size / delta) / n + H C (k + 1) eps: Theorem 3 for rewards in [0, 1] of slope 1 in the state, at the least k.

    Labels: thm-linear-bound. Source: Cao & Xie, Theorem 3 with Proposition 5's modulus, as reported; the constants are ours.
    """
    inside(horizon_positive=H >= 1, eps_nonnegative=eps >= 0, n_positive=n >= 1, size_positive=size >= 1, delta_in_0_1=0 < delta < 1)
    return 2 * H * math.log(size / delta) / n + H * C * (least_rtvc_multiple(C, L) + 1) * eps


def small_gain_gap(C: float, L: float, eps: float) -> float:
    """C eps / (1 - C L): the largest state gap between an L-Lipschitz expert and any quantised copy that errs by at most eps.

    Labels: prop-small-gain. Source: ours.
    """
    inside(gains_positive=min(C, L) > 0, loop_gain_below_1=C * L < 1, eps_nonnegative=eps >= 0)
    return C * eps / (1 - C * L)


def largest_rest_gap(C: float, L: float, eps: float) -> float:
    """C floor(1 / (1 - C L)) eps: the farthest point from 0 at which x' = eta x + b q(L x) rests, bins decoded at the right end.

    Labels: prop-small-gain-tight. Source: ours.
    """
    return C * eps * math.floor(small_gain_gap(1.0, C * L, 1.0))


def loop_escapes(C: float, L: float) -> float:
    """1 if C L > 1, else 0: whether the loop at rest leaves, however fine the bins, when they are decoded at the right end.

    Labels: prop-phase. Source: ours.
    """
    inside(gains_positive=min(C, L) > 0, not_marginal=C * L != 1)
    return float(C * L > 1)


def dead_zone_gain(kind: str) -> float:
    """The loop gain above which a loop started at rest leaves: 1 for right ends, 2 for mid-rise, never for mid-tread.

    Labels: prop-dead-zone. Source: ours.
    """
    gains = {"right end": 1.0, "mid-rise": 2.0, "mid-tread": math.inf}
    inside(kind_is_right_end_or_mid_rise_or_mid_tread=kind in gains)
    return gains[kind]


def steps_per_decade(eta: float, b: float, L: float) -> float:
    """ln 10 / ln(eta + b L): by how many steps ten times finer bins postpone the escape of an unstable loop.

    Labels: prop-escape. Source: ours.
    """
    inside(rate_above_1=eta + b * L > 1)
    return math.log(10) / math.log(eta + b * L)


def tie_probability(excited: float, n: int, *, rough: int, size: int) -> float:
    """(1 - excited)^n rough / size: how often the MLE returns one of ``rough`` given wrong members of a class whose ``size`` members
    all agree at rest, when each of n demonstrations is excited with probability ``excited`` and ties are broken fairly.

    Labels: prop-excite. Source: ours.
    """
    inside(excited_in_0_1=0 <= excited <= 1, n_nonnegative=n >= 0, rough_within_size=0 <= rough <= size)
    return (1 - excited) ** n * rough / size


def unstable_rate(a: float) -> float:
    """ln a: the rate at which a constant action error grows on x' = a x + b u, a > 1.

    Labels: prop-unstable-growth. Source: ours.
    """
    inside(a_above_1=a > 1)
    return math.log(a)


def stabilised_gap(a: float, b: float, L: float, eps: float) -> float:
    """b eps / (1 - |a + b L|): the largest state gap where the expert u = L x itself makes the loop contract.

    Labels: prop-stabilised. Source: ours.
    """
    inside(b_positive=b > 0, loop_contracts=abs(a + b * L) < 1, eps_nonnegative=eps >= 0)
    return b * eps / (1 - abs(a + b * L))
