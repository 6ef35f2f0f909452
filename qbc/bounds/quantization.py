"""Chapter 03: which quantisers are safe. ``eps_q`` is a sup radius; A, B, d, eps are those of the trap, x' = A x + B u."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import optimize, stats

from qbc.bounds.domain import inside


def codes_returned(n_codes: int) -> int:
    """n: the number of codes with encode(decode(code)) = code, if every value lies in its own cell.

    Labels: prop-section. Source: ours.
    """
    inside(n_codes_positive=n_codes >= 1)
    return n_codes


def cells_radius(edges: Sequence[float], values: Sequence[float]) -> float:
    """max_i max(v_i - e_i, e_{i+1} - v_i): the largest |q(u) - u| over the range of the edges; attained at an edge.

    Labels: prop-radius. Source: ours; the sup-norm condition on a quantiser is equation 3 of Cao & Xie, as reported.
    """
    e, v = np.asarray(edges, dtype=float), np.asarray(values, dtype=float)
    inside(one_edge_more_than_values=e.size == v.size + 1, values_in_their_cells=bool((e[:-1] <= v).all() and (v <= e[1:]).all()))
    return float(np.maximum(v - e[:-1], e[1:] - v).max())


def binning_safe_distance(eps_prime: float, eps_q: float, L: float) -> float:
    """(eps' - 2 eps_q) / L: pairs of states at this distance or closer get actions at most eps' apart.

    Labels: prop-rtvc-tight. Source: ours; what it attains is Cao & Xie, Proposition 5 (ii), as reported.
    """
    inside(eps_q_positive=eps_q > 0, L_positive=L > 0, eps_prime_above_twice_eps_q=eps_prime > 2 * eps_q)
    return (eps_prime - 2 * eps_q) / L


def binning_rtvc(distance: float, eps_prime: float, eps_q: float, L: float) -> float:
    """1 if ``distance`` exceeds (eps' - 2 eps_q) / L, else 0: the modulus kappa of a quantised L-Lipschitz policy.

    Labels: prop-binning-rtvc. Source: Cao & Xie, Proposition 5 (ii), as reported.
    """
    inside(distance_nonnegative=distance >= 0)
    return float(distance > binning_safe_distance(eps_prime, eps_q, L))


def equal_cells_distance(eps_prime: float, width: float, L: float) -> float:
    """(eps' - w) / L: the limit, as eps' rises to a multiple of w, of the least distance of two states whose actions differ by more.

    Labels: prop-equal-cells. Source: ours.
    """
    inside(width_positive=width > 0, L_positive=L > 0, eps_prime_at_least_width=eps_prime >= width)
    return (eps_prime - width) / L


def zero_one_rate(distance: float, width: float, L: float) -> float:
    """distance L / w: the share of pairs at that distance that an edge separates, for cells of width w.

    Labels: prop-zero-one. Source: ours.
    """
    inside(width_positive=width > 0, at_most_one_edge_between=0 <= distance * L <= width)
    return distance * L / width


def equal_cells_share(k: float) -> float:
    """1 for k < 4, else 0: the share of neighbouring values more than k times the average error apart, for narrow equal cells.

    Labels: prop-average-jump. Source: ours, from an average error of a quarter of the width.
    """
    inside(k_positive_and_not_4=k > 0 and k != 4)
    return float(k < 4)


def most_edges() -> float:
    """1/2: a share that is more than this is most of them.

    Labels: find-kmeans-edges. Source: ours; that codebooks can break the necessary condition is Cao & Xie, Proposition 5 (i),
    as reported.
    """
    return 0.5


def gaussian_tv(gap: float, s: float) -> float:
    """2 Phi(gap / 2 s) - 1: total variation of two normal laws of standard deviation s whose means are ``gap`` apart.

    Labels: prop-stochastic-tvc, prop-stochastic-tight. Source: Cao & Xie, Proposition 5, stochastic part, as
    reported; the formula and the equality are ours.
    """
    inside(s_positive=s > 0, gap_nonnegative=gap >= 0)
    return float(2 * stats.norm.cdf(gap / (2 * s)) - 1)


def _in_trap(A: float, B: float, d: float, eps: float) -> None:
    inside(A_positive=A > 0, B_positive=B > 0, A_plus_B_below_1=A + B < 1, d_positive=d > 0, eps_positive=eps > 0)


def trap_floor(A: float, B: float, d: float, eps: float) -> float:
    """phi(eps): regret per step on the cycle {(d+1) eps, B + A (d+1) eps}, the mean of its two costs.

    Labels: thm-trap. Source: Cao & Xie, Theorem 6, as reported; the exact value is ours.
    """
    _in_trap(A, B, d, eps)
    y = (d + 1) * eps
    return 0.5 * (1 - math.atan(y) + abs(A + math.atan(B + A * y) - (1 - A * A) * y / B))


def trap_limit(A: float, B: float) -> float:
    """(1 + A + arctan B) / 2: the limit of phi(eps) as eps -> 0.

    Labels: cor-trap-limit. Source: ours, from thm-trap.
    """
    inside(A_positive=A > 0, B_positive=B > 0, A_plus_B_below_1=A + B < 1)
    return (1 + A + math.atan(B)) / 2


def trap_exponents() -> tuple[float, float]:
    """(1, 0): the exponents of H and of eps in the trap's regret, H Omega(1).

    Labels: rate-trap-horizon, rate-trap-eps. Source: Cao & Xie, Theorem 6, as reported.
    """
    return 1.0, 0.0


def trap_visit(A: float, B: float, d: float, eps: float) -> float:
    """P(an expert trajectory from N(0, 1) visits I_T2): the normal mass of the interval's preimages; it visits once at most.

    Labels: prop-trap-visit. Source: ours; x -> A x + B arctan x is increasing and more than halves x when A + B <= 1/2.
    """
    _in_trap(A, B, d, eps)
    inside(A_plus_B_at_most_a_half=A + B <= 0.5, eps_small=eps < B)
    ends, p = [A * d * eps + B, A * (d + 1) * eps + B], 0.0
    while ends[0] < 40:
        p += float(stats.norm.sf(ends[0]) - stats.norm.sf(ends[1]))
        ends = [float(optimize.brentq(lambda x, e=e: A * x + B * math.atan(x) - e, 0, e / A)) for e in ends]
    return p


def trap_identified(p: float, n: int, rivals: int = 2) -> float:
    """1 - r / (r + 1) (1 - p)^n: P(the MLE is the quantised expert) when r members of the class agree with it off one interval,
    a trajectory visits that interval with probability p, and ties are broken at random.

    Labels: prop-trap-mle. Source: ours.
    """
    inside(p_probability=0 <= p <= 1, n_positive=n >= 1, rivals_nonnegative=rivals >= 0)
    return 1 - rivals / (rivals + 1) * (1 - p) ** n


def trap_average_error(A: float, B: float, d: float, eps: float, horizon: float) -> float:
    """((d + 1/2)/B) eps + c0 / H, c0 = log((d+1)/d) / (2 log 1/(A+B)): mean |q(u) - u| per step on the expert's trajectories.

    The phase of log x_1 is taken as uniform. Labels: prop-trap-error, find-horizon. Source: Cao & Xie, Theorem 6,
    as reported, gives the order; the value is ours.
    """
    _in_trap(A, B, d, eps)
    inside(horizon_positive=horizon >= 1)
    return (d + 0.5) / B * eps + math.log((d + 1) / d) / (-2 * math.log(A + B) * horizon)


def trap_capture(A: float, B: float, offset: float) -> float:
    """offset B / (1 - A - B): half the least k for which every trajectory enters I_P, if off the branches |q(u) - u| <= offset eps.

    Labels: find-printed. Source: ours; with offset = 1 it is the condition of Cao & Xie, Theorem 6, as reported; bins of half-width
    eps/2 have 1/2.
    """
    inside(A_positive=A > 0, B_positive=B > 0, A_plus_B_below_1=A + B < 1, offset_nonnegative=offset >= 0)
    return offset * B / (1 - A - B)


def bias_of_same_average(A: float, B: float, d: float, eps: float) -> tuple[float, float]:
    """(c, c (1 - B/(1 - A))) with c = ((d + 1/2)/B) eps: average error, and regret per step, of a quantiser that decodes the
    neighbourhood of 0 to c; the second is the distance of c from the fixed point it makes, B c / (1 - A).

    Labels: prop-same-average. Source: ours.
    """
    _in_trap(A, B, d, eps)
    c = (d + 0.5) / B * eps
    return c, c * (1 - B / (1 - A))


def sup_radius_regret(eps_q: float) -> float:
    """eps_q: regret per step of q o pi*, when the reward is 1 - |u - pi*(x)| at the learner's own state and q stays in range.

    Labels: prop-sup-regret. Source: ours.
    """
    inside(eps_q_nonnegative=eps_q >= 0)
    return eps_q


def average_error_exponent() -> float:
    """-1: the exponent in H of the average error, when the demonstrations converge to an action that q represents exactly.

    Labels: find-average-error. Source: ours.
    """
    return -1.0


def dithered_regret(first: float, A: float, B: float) -> float:
    """2 E|x_1| / (1 - A - B): total regret of stochastic rounding at any horizon, expert arctan, 0 among the values.

    Labels: prop-dithered. Source: ours.
    """
    inside(first_nonnegative=first >= 0, A_nonnegative=A >= 0, B_nonnegative=B >= 0, A_plus_B_below_1=A + B < 1)
    return 2 * first / (1 - A - B)


def clipped_normal_error(n_cells: int, p: float = 0.01) -> float:
    """Mean |q(u) - u| for u normal and n equal centred cells of width w between its quantiles z = +-Phi^-1(1 - p):
    2 (phi(z) - p z) beyond them, and from clipping at the last centre 2 p w/2, and w/4 in between (narrow cells).

    Labels: prop-clip. Source: ours.
    """
    inside(p_below_a_half=0 < p < 0.5, n_cells_positive=n_cells >= 1)
    z = float(stats.norm.ppf(1 - p))
    w = 2 * z / n_cells
    return float(2 * (stats.norm.pdf(z) - p * z) + 2 * p * w / 2 + (1 - 2 * p) * w / 4)
