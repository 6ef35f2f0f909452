"""Chapter 05: what no learner can do. ``n`` demonstrations, ``H`` steps, ``eps`` the radius of the quantiser, half the width of the bin
that hides the action; the reward of a step spans 1, regrets are of H steps."""

from __future__ import annotations

import math
from typing import Annotated

from scipy import special, stats

from qbc.bounds.domain import Count, NonNegative, Positive, Rate, Share, bound
from qbc.bounds.stable import kept, wrong_majority


@bound()
def limit_deterministic(n: Count, H: Count, eps: Annotated[float, "[0, 1/4)"] = 0.0, Delta: Share | None = None) -> float:
    """H [eps + (1 - 4 eps) (Delta/2) (1 - Delta)^n]: the least worst regret over four deterministic experts.

    Delta is the probability of the context in which two of the experts differ, 1/(3n) unless given; 1/(n + 1) makes the bound largest.

    Labels: thm-limit-det, prop-limit-det-attained, rate-limit-det, prop-limit-best-delta, prop-limit-positive. Source: thm-limit-det is
    Cao & Xie, Theorem 8, as reported, with the constant and the closed form ours; the others are ours.
    """
    rare = 1 / (3 * n) if Delta is None else Delta
    return H * (eps + (1 - 4 * eps) * rare / 2 * kept(rare, n))


@bound()
def limit_quantised(H: Count, eps: Share) -> float:
    """H eps: the least worst regret over two constant experts, 2 eps apart, whose actions share a bin of radius eps.

    Labels: thm-limit-quant, prop-limit-quant-attained, prop-limit-remedies. Source: Cao & Xie, Theorem 8, as reported (a quarter of
    the bin's width in place of its half); the factor is ours, and so are that it is attained and what avoids it.
    """
    return H * eps


@bound()
def dithered_record(n: Count, H: Count, eps: Share) -> float:
    """H eps E|2B - n|/n, B ~ Bin(n, 1/2), which is nearly H eps sqrt(2/(pi n)): the mean of n records that were rounded at random.

    The raw action lies halfway between two codes 2 eps apart. E|2B - n|/n is the largest probability of Bin(n - 1, 1/2).

    Labels: prop-limit-dithered. Source: ours.
    """
    return float(H * eps * stats.binom.pmf((n - 1) // 2, n - 1, 0.5))


@bound("(1 - eta) * gain <= eta")
def limit_stabilised(H: Count, eps: Share, gain: NonNegative, eta: Rate) -> float:
    """H eps / (1 + gain): what codes of radius eps cost at most where the expert steers the plant back to rest.

    The plant is x' = eta x + (1 - eta) u, the expert u = r - gain (x - r). The condition says that their loop does not overshoot.

    Labels: prop-limit-stabilised. Source: ours.
    """
    return H * eps / (1 + gain)


@bound("c / (width * sqrt(n)) <= 1/2")
def limit_stochastic(n: Count, c: NonNegative, width: Positive = 1.0) -> float:
    """(1 - TV(Bin(n, 1/2 + D), Bin(n, 1/2 - D))) / 2 with D = c / (width sqrt n): half the sum of the smaller of the two laws.

    The least worst probability of a regret of H (c / sqrt n + eps) over two Bernoulli experts with atoms ``width`` apart. The smaller
    law is that of the coin with the other majority, so it is the chance that the majority of one coin is wrong.

    Labels: thm-limit-stoch, prop-limit-stoch-attained, prop-limit-displayed, prop-limit-wide. Source: Cao & Xie, Theorem 9 and, for
    prop-limit-displayed, Appendix E.2, as reported; (1 - TV)/2 in place of (1 - TV)/4, and what attains it, are ours.
    """
    return wrong_majority(n, min(0.5, c / (width * math.sqrt(n))))


@bound()
def limit_constant(prob: Annotated[float, "(0, 1/2]"] = 1 / 8, width: Positive = 1.0) -> float:
    """(width / 2) Phi^-1(1 - prob): the largest c for which the probability in Theorem 9 tends to ``prob`` or more.

    Labels: cor-limit-eighth, rate-limit-stoch, prop-limit-constant. Source: ours, the limit of thm-limit-stoch; cor-limit-eighth is
    Cao & Xie, Theorem 9, as reported, with this constant.
    """
    return float(-width / 2 * special.ndtri(prob))


@bound()
def shrunken_failure(c: NonNegative, factor: Annotated[float, "[1, inf)"], keep: Annotated[float, "(0, 1]"] = 1.0) -> float:
    """Phi(-2 c (1 - (factor - 1) (1 - keep) / keep)): how often 1/2 + keep (k/n - 1/2) has regret H c / sqrt n or more, as n grows.

    The expert plays its upper atom with probability 1/2 + factor c / sqrt n; keep = 1 is the frequency, for every factor. At n the
    error is of the order 1 / sqrt n.

    Labels: prop-limit-scan. Source: ours, from the normal limit of k/n.
    """
    return float(special.ndtr(-2 * c * (1 - (factor - 1) * (1 - keep) / keep)))


@bound()
def deterministic_upper(n: Count, H: Count, log_size: NonNegative) -> float:
    """H (1 + log|Pi|) / n: the mean regret of the log-loss MLE is at most this, for a deterministic expert in the class.

    Labels: prop-limit-det-upper. Source: ours, with the rate of Foster et al. and, as reported, of Cao & Xie, Theorem 3.
    """
    return H * (1 + log_size) / n


@bound()
def coupling_upper(H: Count, eps: Share) -> float:
    """eps H (H + 1) / 4: Theorem 2's quantisation term on the martingale family, by coupling.

    Labels: prop-limit-gap-upper. Source: ours; Cao & Xie, Theorem 2, as reported, gives the order.
    """
    return eps * H * (H + 1) / 4
