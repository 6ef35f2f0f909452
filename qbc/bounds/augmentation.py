"""Chapter 04: a policy queried on a learned copy of the expert's chain.

``A, B`` are the plant's, ``d, e`` the trap quantiser's, ``C, eta`` gain and rate of incremental stability. Losses are in rewards per
step, sizes of classes enter as natural logarithms, in nats.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from scipy import optimize, stats

from qbc.bounds.domain import Count, Finite, Level, NonNegative, Positive, Rate, Share, bound
from qbc.bounds.quantization import Part, trap_floor
from qbc.bounds.stable import alternating, excess, lost

E_APART = "A + B < 1", "(d + 1) * e < B"


@bound()
def tracking_loss(eps: NonNegative, C: NonNegative, eta: Rate, lip_x: NonNegative = 1.0, lip_u: NonNegative = 1.0) -> float:
    """eps (lip_u + lip_x C/(1 - eta)): loss per step of playing the expert's quantised actions open loop, eps their average error.

    Labels: prop-tracking. Source: ours, the deterministic half of thm-augmented.
    """
    return eps * (lip_u + lip_x * C / (1 - eta))


@bound()
def tracking_share(eta: Rate, horizon: Count) -> float:
    """1 - (1 - eta^H)/((1 - eta) H): the share of the tracking bound that a constant rounding error uses up in H steps.

    Labels: prop-tracking-tight. Source: ours, from x' = eta x + (1 - eta) u, u = 1, reward (1 + x)/2.
    """
    return excess(horizon, 1 - eta) / horizon


@bound()
def augmented_regret(n: Count, log_classes: NonNegative, tracking: NonNegative, delta: Level = 0.05) -> float:
    """sqrt(2 (log|Pi| + log|M| + log 1/delta)/n) + tracking: regret per step of Algorithm 1, with probability 1 - delta.

    ``log_classes`` is log|Pi| + log|M|, ``tracking`` the value of ``tracking_loss``; rewards in [0, 1].

    Labels: thm-augmented. Source: Cao & Xie, Theorem 7, as reported; the constants are ours.
    """
    return math.sqrt(2 * (log_classes - math.log(delta)) / n) + tracking


@bound(*E_APART)
def augmented_in_trap(e: Positive, A: Rate = 0.2, B: Part = 0.3, d: Positive = 1.2) -> float:
    """u - arctan(B u/(1 - A)) with u = (d + 1/2) e/B: limit of the regret per step of Algorithm 1 in the trap's plant.

    For small e it is (d + 1/2)(1/B - 1/(1 - A)) e.

    Labels: prop-trap-augmented, cor-trap-rate. Source: ours, in the plant of Cao & Xie, Theorem 6, as reported.
    """
    u = (d + 0.5) * e / B
    return u - math.atan(B * u / (1 - A))


@bound(*E_APART)
def simulator_in_trap(e: Positive, A: Part = 0.2, B: Part = 0.3, d: Positive = 1.2) -> float:
    """phi(e): limit of the regret per step of feedback in the trap, and of Algorithm 1 on a perfect simulator.

    Labels: prop-simulator-is-feedback. Source: ours; the cycle is that of Cao & Xie, Theorem 6, as reported.
    """
    return trap_floor(A, B, d, e)


@bound("A + B < 1")
def biased_kernel_loss(b: NonNegative, A: Rate = 0.2, B: Part = 0.3) -> float:
    """|u - arctan(B u/(1 - A))|, u = arctan x, x = A x + B arctan x + b: loss per step when the kernel is off by b and e -> 0.

    For small b it is b (1 - B/(1 - A))/(1 - A - B).

    Labels: prop-biased-model. Source: ours.
    """
    b = min(b, 1e100)  # beyond, u is pi/2 as a float
    x = optimize.brentq(lambda x: (1 - A) * x - B * math.atan(x) - b, 0.0, 2 * b / (1 - (A + B)), xtol=1e-300)
    u = math.atan(x)
    return abs(u - math.atan(B * u / (1 - A)))


@bound()
def martingale_augmented(horizon: Count, eps: Share, eta: Rate, x1: Annotated[float, "[-1, 1]"]) -> float:
    """(eps x_1/2)(H - (1 - eta^H)/(1 - eta)): total regret of Algorithm 1 on the family ``Martingale``.

    Labels: prop-linear-horizon, cor-horizon-rate. Source: ours.
    """
    return eps * x1 / 2 * excess(horizon, 1 - eta)


@bound("max(gap_pi, gap_M) < p")
def two_coins_regret(
    n: Annotated[int, "[1, 1000000]"], horizon: Count, m_pi: Count, m_M: Count, gap_pi: Share, gap_M: Share,
    eps: Share = 0.0, p: Level = 0.8, eta: Rate = 0.5,
) -> float:  # fmt: skip
    """Expected total regret on the plant with two coins, T_H f_pi + T_(H-1) f_M with T_H = H - (1 - eta^H)/(1 - eta).

    f = eps (2 p - 1)/4 + (1 - eps) (gap/2) P(a context's wrong coin is the likelier one). ``m`` contexts, coins p or p - gap; labels
    decode to +-(1 - eps). For n large against m the probability is Phi(-y), y = gap sqrt(n/m)/(2 sqrt(p (1 - p))), and y Phi(-y) is
    largest at y = .752. With gap_M = 0 the model costs nothing to learn: that is feedback.

    Labels: prop-both-terms, cor-n-rate, cor-class-rate, prop-model-price. Source: ours; it has the rates of thm-augmented.
    """

    def per_step(gap: float, m: int) -> float:
        return eps * (2 * p - 1) / 4 + (1 - eps) * gap / 2 * _wrong_coin(n, m, gap, p)

    return excess(horizon, 1 - eta) * per_step(gap_pi, m_pi) + excess(horizon - 1, 1 - eta) * per_step(gap_M, m_M)


def _wrong_coin(n: int, m: int, gap: float, p: float) -> float:
    """The probability that a coin of bias p, seen in Bin(n, 1/m) trajectories, looks likelier to have the bias p - gap."""
    odds = math.log1p(gap / (1 - p)), -math.log1p(-gap / p)  # of tails and of heads
    if not sum(odds):
        return 0.5
    mean, wide = n / m, 40 + 9 * math.sqrt(n / m)
    k = np.arange(max(0, math.floor(mean - wide)), min(n, math.ceil(mean + wide)) + 1)
    heads = np.ceil(odds[0] / sum(odds) * k - 1e-9) - 1  # at most so many where the wrong one wins
    wrong = np.where(k > 0, stats.binom.cdf(heads, k, p), 0.5)
    return float((stats.binom.pmf(k, n, 1 / m) * wrong).sum())


@bound()
def open_loop_growth(A: Annotated[float, "(1, inf)"]) -> float:
    """log A: growth rate per step of the gap between the real state and its copy on x' = A x + B u.

    Labels: prop-open-loop-growth. Source: ours.
    """
    return math.log(A)


@bound()
def rounding_ball(B: Finite, e: NonNegative, rate: Rate) -> float:
    """|B| e/(2 (1 - rate)): radius in which feedback ends if bins of width e disturb a closed loop that contracts by ``rate``.

    Labels: prop-feedback-stays. Source: ours, from the contraction lemma of chapter 06.
    """
    return abs(B) * e / (2 * (1 - rate))


@bound()
def independent_noise_floor(sigma: NonNegative, A: Annotated[float, "(-1, 1)"]) -> float:
    """2 sigma/sqrt(pi (1 - A^2)): loss per step of Algorithm 1 if the copy draws noise of its own, small sigma, any fine quantiser.

    Labels: prop-independent-noise. Source: ours.
    """
    return 2 * sigma / math.sqrt(math.pi * (1 - A) * (1 + A))


@bound()
def kick_cost(A: Rate = 0.2, B: Share = 0.3) -> float:
    """1 + sum_j arctan(B A^j): what one wrong action 1 at x = 0 costs if nobody corrects its effect; feedback pays the 1.

    By the series of the arctangent, sum_k (-1)^k B^m / (m (1 - A^m)) with m = 2 k + 1.

    Labels: prop-feedback-wins. Source: ours.
    """
    return 1 + alternating(lambda k: B ** (2 * k + 1) / ((2 * k + 1) * lost(1 - A, 2 * k + 1)))


@bound("0 < A + B", "A + B < 1", "B != 0")
def forgetting_ratio(A: Rate = 0.2, B: Annotated[float, "(-1, 1)"] = 0.3) -> float:
    """(1 - A)/(1 - A - B): distance that a kick makes in all if the loop is closed, over what it makes if nobody looks; B small.

    A kick B is B A^j after j steps of the plant alone, and B (A + B)^j where an expert u = x answers.

    Labels: prop-kick-forgotten. Source: ours.
    """
    return (1 - A) / (1 - (A + B))
