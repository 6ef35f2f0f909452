"""Chapter 02: quantisation error over the horizon. The plant is x' = eta x + b u and ``C`` = b / (1 - eta) is its gain; ``L`` is the
slope of the policy, C L the loop gain, ``eps`` the largest error of the quantiser, in units of actions; regrets are in rewards."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike

from qbc.bounds.domain import Count, Finite, Level, Natural, NonNegative, Positive, Rate, Share, bound
from qbc.bounds.stable import excess, kept, lost, whole

Start = Annotated[float, "[-1, 1]"]


@bound()
def incremental_gain(eta: Rate, b: Positive) -> float:
    """C = b / (1 - eta): the largest state gap per unit of action gap on x' = eta x + b u + shared noise.

    Labels: lem-piiss. Source: ours; Cao & Xie, Definition 3 (P-IISS), as reported, worked out for this plant.
    """
    return b / (1 - eta)


@bound()
def selection_probability(affinities: Annotated[ArrayLike, "(k,) of [0, 1]"], n: Count) -> float:
    """1 - sum_k a_k^n: how often the MLE over a finite class returns the truth from n trajectories at least; a_k is the
    Bhattacharyya affinity of one trajectory's law under the truth and under the k-th wrong member. Negative where it says nothing.

    Labels: prop-identify. Source: ours; the textbook union bound.
    """
    return float(1 - np.power(affinities, n).sum())


@bound()
def smooth_stochastic_regret(
    H: Count,
    eps: NonNegative,
    *,
    C: Positive,
    L: NonNegative,
    lip: NonNegative,
    n: Annotated[float, "[1, inf]"] = math.inf,
    size: Count = 1,
    delta: Level = 0.05,
) -> float:
    """H sqrt(2 log(size / delta) / n) + L C eps H (H - 1) / 2 + lip C eps H: Theorem 2 with explicit constants.

    ``size`` members of total-variation slope L, n trajectories, rewards in [0, 1] of slope ``lip`` in the state.

    Labels: thm-h2-bound. Source: Cao & Xie, Theorem 2, as reported; the constants are ours, for rewards of the state alone.
    """
    return H * math.sqrt(2 * (math.log(size) - math.log(delta)) / n) + L * C * eps * H * (H - 1) / 2 + lip * C * eps * H


@bound()
def drift_regret(H: Count, eps: Share, *, eta: Rate, x1: Start) -> float:
    """(x1 / 2) (H - (1 - r^H) / (1 - r)) with r = 1 - (1 - eta) eps: the exact regret of the quantised martingale expert.

    Labels: prop-h2-value, thm-h2-attained, prop-h2-eps, prop-h2-saturation. Source: ours; Cao & Xie, Theorem 2, as reported, has the
    matching upper bound.
    """
    return x1 / 2 * excess(H, (1 - eta) * eps)


@bound("(1 - eta) * eps * H <= 1")
def drift_regret_leading(H: Count, eps: Share, *, eta: Rate, x1: Start) -> float:
    """x1 (1 - eta) eps H^2 / 4: what ``drift_regret`` is to a relative 1 / H + (1 - eta) eps H / 3, and the larger of the two.

    Helps: thm-h2-attained, prop-h2-eps. Source: ours.
    """
    return x1 * (1 - eta) * eps * H**2 / 4


@bound()
def forgetting_regret(eps: Share, *, eta: Rate, x1: Start, theta: Rate, H: Count | None = None) -> float:
    """(x1 / 2) (1 / (1 - r*) - 1 / (1 - r)), r* = eta + (1 - eta) theta, r = eta + (1 - eta)(1 - eps) theta.

    The regret for H -> infinity of the expert of slope theta < 1, which is pulled back to 0 by itself; at a finite ``H`` that of
    its first H terms, (x1 / 2) sum_{h < H} (r*^h - r^h), which is less.

    Labels: prop-mixing-flat. Source: ours.
    """
    if H is not None and theta > 0:
        gap, off, keep = (1 - eta) * eps * theta, (1 - eta) * (1 - theta), eta + (1 - eta) * theta
        both = gap * lost(off, H) - off * kept(off, H) * lost(gap / keep, H)  # both series over their common denominator
        return x1 / 2 * both / off / (off + gap)
    return x1 / 2 * eps * theta / (1 - eta) / (1 - theta) / (1 - theta + eps * theta)


@bound("eps * H <= 1/10")
def sharp_share(H: Annotated[int, "[2, inf)"], eps: Share, x1: Share) -> float:
    """x1 (H - 1) / (H + 1) (1 - eps (H - 2) / 3): the share of Theorem 2's quantisation terms that is paid where eta = 0.

    Correct to a relative .09 (eps H)^2, so where eps H <= .1 to a thousandth; tends to 1 as x1 -> 1, H -> infinity, eps H -> 0.

    Labels: prop-h2-sharp. Source: ours.
    """
    return x1 * (H - 1) / (H + 1) * (1 - eps * (H - 2) / 3)


@bound("C * eps <= 1")
def offset_regret(H: Count, eps: Share, *, C: Positive, eta: Rate) -> float:
    """C eps (H - (1 - eta^H) / (1 - eta)): the regret, in |x|, of a loop at rest whose resting action is rounded up to eps; C L < 1.

    Labels: thm-linear. Source: ours; Cao & Xie, Theorem 3, as reported, has O(H eps).
    """
    return C * eps * excess(H, 1 - eta)


@bound("C * L < 1")
def least_rtvc_multiple(C: Positive, L: NonNegative) -> int:
    """Least integer k with C (k + 1) <= (k - 2) / L, that is ceil((2 + C L) / (1 - C L)): then Theorem 3's H^2 term is 0.

    A quotient that is an integer but for rounding is that integer.

    Labels: prop-least-k. Source: ours, from Cao & Xie, Theorem 3 and Proposition 5, as reported.
    """
    return -whole(-(2 + C * L) / (1 - C * L))


@bound("C * L < 1")
def smooth_deterministic_regret(
    H: Count, eps: NonNegative, *, C: Positive, L: NonNegative, n: Count, size: Count, delta: Level = 0.05
) -> float:
    """H log(size / delta) / n + H C (k + 1) eps: Theorem 3 for rewards in [0, 1] of slope 1 in the state, at the least k.

    Labels: thm-linear-bound. Source: Cao & Xie, Theorem 3 with Proposition 5's modulus, as reported; the constants are ours.
    """
    return H * (math.log(size) - math.log(delta)) / n + H * C * (least_rtvc_multiple(C, L) + 1) * eps


@bound("C * L < 1")
def small_gain_gap(C: Positive, L: NonNegative, eps: NonNegative) -> float:
    """C eps / (1 - C L): the largest state gap between an L-Lipschitz expert and any quantised copy that errs by at most eps.

    Labels: prop-small-gain. Source: ours.
    """
    return C * eps / (1 - C * L)


@bound("C * L < 1", "floor(1 / (1 - C * L)) * eps <= 1")
def largest_rest_gap(C: Positive, L: NonNegative, eps: NonNegative) -> float:
    """C floor(1 / (1 - C L)) eps: the farthest point from 0 at which x' = eta x + b q(L x) rests, bins decoded at the right end.

    A quotient that is an integer but for rounding is that integer: there it is all of ``small_gain_gap``.

    Labels: prop-small-gain-tight. Source: ours.
    """
    return C * eps * whole(1 / (1 - C * L))


@bound("abs(eta + b * L) != 1")
def loop_leaves(eta: Rate, b: Positive, L: Finite) -> float:
    """1 if |eta + b L| > 1, else 0: whether x' = eta x + b q(L x) leaves rest, however fine the bins, decoded at the right end.

    Labels: prop-phase. Source: ours; proved for eta + b L > -1, and what was seen in every case below.
    """
    return float(abs(eta + b * L) > 1)


@bound("C * L > 1", "(floor(1 / (C * L - 1)) + 1) * eps <= 1/2")
def parted_share(C: Positive, L: Positive, eps: Positive) -> float:
    """(eps / 2) (floor(1 / (C L - 1)) + 1): the share of the starts in [-1 / L, 1 / L] from which an expert that runs away from rest
    and its copy, decoded at the right end, end apart: from the others both run to the same side.

    Labels: prop-starts. Source: ours.
    """
    return eps / 2 * (whole(1 / (C * L - 1)) + 1)


@bound()
def dead_zone_gain(kind: Literal["right end", "mid-rise", "mid-tread"]) -> Annotated[float, "[1, inf]"]:
    """The loop gain above which a loop started at rest leaves: 1 for right ends, 2 for mid-rise, never (infinity) for mid-tread.

    Labels: prop-dead-zone. Source: ours.
    """
    return {"right end": 1.0, "mid-rise": 2.0, "mid-tread": math.inf}[kind]


@bound("b * L > 1 - eta")
def steps_per_decade(eta: Rate, b: Positive, L: Positive) -> float:
    """ln 10 / ln(eta + b L): by how many steps ten times finer bins postpone the escape of an unstable loop.

    Labels: prop-escape. Source: ours.
    """
    return math.log(10) / math.log1p(b * L - (1 - eta))


@bound("rough <= size")
def tie_probability(excited: Share, n: Natural, *, rough: Natural, size: Count) -> float:
    """(1 - excited)^n rough / size: how often the MLE returns one of ``rough`` given wrong members of a class whose ``size`` members
    all agree at rest, when each of n demonstrations is excited with probability ``excited`` and ties are broken fairly.

    Labels: prop-learned-pole. Source: ours.
    """
    return kept(excited, n) * rough / size


@bound()
def unstable_rate(a: Annotated[float, "(1, inf)"]) -> float:
    """ln a: the rate per step at which a constant action error grows on x' = a x + b u, a > 1.

    Labels: prop-unstable-growth. Source: ours.
    """
    return math.log(a)


@bound("abs(a + b * L) < 1")
def stabilised_gap(a: Finite, b: Positive, L: Finite, eps: NonNegative) -> float:
    """b eps / (1 - |a + b L|): the largest state gap where the expert u = L x itself makes the loop contract.

    Labels: prop-stabilised. Source: ours.
    """
    return b * eps / (1 - abs(a + b * L))
