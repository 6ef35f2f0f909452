"""Chapter 03: which quantisers are safe. ``eps_q`` is a sup radius, ``L`` the slope of a policy; A, B, d, eps are those of the trap,
x' = A x + B u, whose branches are eps wide and apart if (d + 1) eps < B. Actions, and radii of quantisers, are in units of actions."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from scipy import integrate, optimize, special, stats

from qbc.bounds.domain import Count, Natural, NonNegative, Positive, Rate, Share, bound
from qbc.bounds.stable import kept

Part = Annotated[float, "(0, 1)"]
FAR = 40.0  # standard deviations: beyond, a normal law has no mass
APART = "A + B < 1", "(d + 1) * eps < B"


@bound("all(edges[:-1] <= edges[1:])")
def cells_radius(edges: Annotated[ArrayLike, "(n + 1,)"], values: Annotated[ArrayLike, "(n,)"]) -> float:
    """max_i max(v_i - e_i, e_{i+1} - v_i): the largest |q(u) - u| over the range of the edges; attained at an edge,
    whether the n values lie in their own cells or not.

    Labels: prop-radius. Source: ours; the sup-norm condition on a quantiser is equation 3 of Cao & Xie, as reported.
    """
    e, v = np.asarray(edges), np.asarray(values)
    return float(np.maximum(v - e[:-1], e[1:] - v).max())


@bound("eps_prime > 2 * eps_q")
def binning_safe_distance(eps_prime: Positive, eps_q: NonNegative, L: Positive) -> float:
    """(eps' - 2 eps_q) / L: pairs of states at this distance or closer get actions at most eps' apart.

    Labels: prop-binning-rtvc. Source: Cao & Xie, Proposition 5 (ii), as reported; that it is attained is ours.
    """
    return (eps_prime - 2 * eps_q) / L


@bound("eps_prime >= width")
def equal_cells_distance(eps_prime: Positive, width: Positive, L: Positive) -> float:
    """(eps' - w) / L: the limit, as eps' rises to a multiple of w, of the least distance of two states whose actions differ by more.

    Labels: prop-equal-cells. Source: ours.
    """
    return max(0.0, eps_prime - width) / L


@bound("distance * L <= width")
def zero_one_rate(distance: NonNegative, width: Positive, L: NonNegative) -> float:
    """distance L / w: the share of pairs at that distance that an edge separates, for cells of width w.

    Labels: prop-zero-one. Source: ours.
    """
    return min(1.0, distance * L / width)


@bound()
def average_jump(error: NonNegative) -> float:
    """4 times the average error: the mean jump of a fine codebook, weighted by the jumps and by how often a pair straddles them.

    Labels: prop-average-jump. Source: ours, from an average error of a quarter of each narrow cell.
    """
    return 4 * error


@bound()
def gaussian_tv(gap: NonNegative, s: Positive) -> float:
    """2 Phi(gap / 2 s) - 1, an erf: total variation of two normal laws of standard deviation s whose means are ``gap`` apart.

    Labels: prop-stochastic-tvc, prop-stochastic-tight. Source: Cao & Xie, Proposition 5, stochastic part, as
    reported; the formula and the equality are ours.
    """
    return math.erf(gap / s / math.sqrt(8))


@bound(*APART)
def trap_floor(A: Part, B: Part, d: Positive, eps: Positive) -> float:
    """phi(eps): regret per step on the cycle {(d+1) eps, B + A (d+1) eps}, the mean of its two costs.

    With d - 1/2 in the place of d it is that of the trap for noisy plants, whose cycle aims at the middle of I_T1.

    Labels: thm-trap, thm-trap-noise. Source: Cao & Xie, Theorem 6, as reported; the exact value is ours.
    """
    y = (d + 1) * eps
    return 0.5 * (1 - math.atan(y) + abs(A + math.atan(B + A * y) - (1 - A * A) * y / B))


@bound("A + B < 1")
def trap_limit(A: Part, B: Part) -> float:
    """(1 + A + arctan B) / 2: the limit of phi(eps) as eps -> 0.

    Labels: cor-trap-limit. Source: ours, from thm-trap.
    """
    return (1 + A + math.atan(B)) / 2


@bound("A + B <= 1/2", "(d + 1) * eps < B")
def trap_visit(A: Part, B: Part, d: Positive, eps: Positive) -> float:
    """P(an expert trajectory from N(0, 1) visits I_T2): the normal mass of the interval's preimages; it visits once at most.

    Labels: prop-trap-visit. Source: ours; x -> A x + B arctan x is increasing and more than halves x when A + B <= 1/2.
    """
    low, width, p = A * d * eps + B, A * eps, 0.0
    while low < FAR:
        p += _normal_mass(low, width)
        before = _step_back(A, B, 0.0, low)
        low, width = before, _step_back(A, B, before, width)
    return p


def _step_back(A: float, B: float, x: float, step: float) -> float:
    """The w, FAR at most, with g(x + w) - g(x) = ``step`` for g(x) = A x + B arctan x, found without taking that difference."""

    def miss(w: float) -> float:
        return A * w + B * math.atan(w / (1 + x * (x + w))) - step

    if miss(FAR) <= 0:
        return FAR
    steepest, flattest = step / (A + B), step / A  # the slope of g, which rounding may pass
    return float(optimize.brentq(miss, steepest / 2, min(2 * flattest, FAR), xtol=1e-300, maxiter=1000))


def _normal_mass(low: float, width: float) -> float:
    """P(low <= Z <= low + width) for Z normal: narrow intervals by Gauss's rule, because the tails of their ends agree."""
    if width < 0.1:
        return float(integrate.fixed_quad(stats.norm.pdf, low, low + width, n=8)[0])
    return float(stats.norm.sf(low) - stats.norm.sf(low + width))


@bound()
def trap_identified(p: Share, n: Count, rivals: Natural = 2) -> float:
    """1 - r / (r + 1) (1 - p)^n: P(the MLE is the quantised expert) when r members of the class agree with it off one interval,
    a trajectory visits that interval with probability p, and ties are broken at random.

    Labels: prop-trap-mle. Source: ours.
    """
    return 1 - rivals / (rivals + 1) * kept(p, n)


@bound("A + B < 1")
def trap_transient(A: Part, B: Part, d: Positive) -> float:
    """c0 = log((d+1)/d) / (2 log 1/(A+B)): mean number of visits to I_T1, and error of all of them, of an expert from N(0, 1).

    The phase of log x_1 is taken as uniform.

    Labels: find-horizon. Source: ours.
    """
    return math.log1p(1 / d) / (-2 * math.log(A + B))


@bound(*APART)
def trap_average_error(A: Part, B: Part, d: Positive, eps: Positive, horizon: Count) -> float:
    """((d + 1/2)/B) eps + c0 / H: mean |q(u) - u| per step on the expert's trajectories, up to O(eps log(1/eps) / H).

    Labels: prop-trap-error. Source: Cao & Xie, Theorem 6, as reported, gives the order; the value is ours.
    """
    return (d + 0.5) / B * eps + trap_transient(A, B, d) / horizon


@bound("A + B < 1", "(d + 1/2) / B * eps <= pi / 2")
def bias_of_same_average(A: Part, B: Part, d: Positive, eps: Positive) -> tuple[float, float]:
    """(c, c (1 - B/(1 - A))) with c = ((d + 1/2)/B) eps: average error, and regret per step, of a quantiser that decodes the
    neighbourhood of 0 to c; the second is the distance of c from the fixed point it makes, B c / (1 - A), up to O(eps^3).

    Labels: prop-same-average. Source: ours.
    """
    c = (d + 0.5) / B * eps
    return c, c * (1 - B / (1 - A))


@bound("B * value <= edge")
def rest_loss(edge: Positive, value: Positive, B: Annotated[float, "(0, 1]"]) -> float:
    """edge - B value / 2: loss per step where x' = x + B u comes to rest, steered by steps of B ``value`` into the cell [-edge, edge]
    of the code 0; or without such a code, with ``edge`` = ``value``, where it goes to and fro between the innermost two values.

    Labels: prop-rest. Source: ours.
    """
    return edge - B * value / 2


@bound("A + B < 1")
def dithered_regret(first: NonNegative, A: Rate, B: Rate) -> float:
    """2 E|x_1| / (1 - A - B): total regret of stochastic rounding at any horizon, expert arctan, 0 among the values.

    Labels: prop-dithered. Source: ours.
    """
    return 2 * first / (1 - (A + B))


@bound()
def clipped_normal_error(n_cells: Count, p: Annotated[float, "(0, 1/2]"] = 0.01) -> float:
    """Mean |q(u) - u| for u normal and n equal centred cells of width w between its quantiles z = +-Phi^-1(1 - p):
    2 (phi(z) - p z) beyond them, and from clipping at the last centre 2 p w/2, and w/4 in between: up to o(w), for narrow cells.

    Labels: prop-clip. Source: ours.
    """
    z = -float(special.ndtri(p))
    w = 2 * z / n_cells
    return float(2 * (stats.norm.pdf(z) - p * z) + 2 * p * w / 2 + (1 - 2 * p) * w / 4)
