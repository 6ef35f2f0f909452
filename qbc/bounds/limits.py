"""Chapter 05: what no learner can do. ``n`` demonstrations, ``H`` steps, ``eps`` the width of the bin that hides the action."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from qbc.bounds.domain import inside


def limit_deterministic(n: float, H: float, eps: float = 0.0, Delta: float | None = None) -> float:
    """H [eps/2 + (1 - 2 eps) (Delta/2) (1 - Delta)^n]: the least worst regret over four deterministic experts.

    Delta is the probability of the context in which two of the experts differ, 1/(3n) unless given; 1/(n + 1) makes the bound largest.

    Labels: thm-limit-det, prop-limit-det-attained, rate-limit-det, prop-limit-best-delta, prop-limit-positive. Source: thm-limit-det is
    Cao & Xie, Theorem 8, as reported, with the constant and the closed form ours; the others are ours.
    """
    Delta = 1 / (3 * n) if Delta is None and n >= 1 else Delta or 0.0
    inside(n_at_least_1=n >= 1, horizon_positive=H >= 1, eps_in_0_half=0 <= eps < 0.5, Delta_in_0_1=0 <= Delta <= 1)
    return float(H * (eps / 2 + (1 - 2 * eps) * Delta / 2 * (1 - Delta) ** n))


def limit_quantised(H: float, eps: float) -> float:
    """H eps / 2: the least worst regret over two constant experts, eps apart, whose actions get the same code.

    Labels: thm-limit-quant, prop-limit-quant-attained. Source: Cao & Xie, Theorem 8, as reported (theirs is H eps / 4); the
    factor is ours, and so is that it is attained.
    """
    inside(horizon_positive=H >= 1, eps_nonnegative=eps >= 0)
    return H * eps / 2


def limit_stochastic(n: int, c: float, width: float = 1.0) -> float:
    """(1 - TV(Bin(n, 1/2 + D), Bin(n, 1/2 - D))) / 2 with D = c / (width sqrt n), by summing the smaller of the two laws.

    The least worst probability of a regret of H (c / sqrt n + eps) over two Bernoulli experts with atoms ``width`` apart.

    Labels: thm-limit-stoch, prop-limit-stoch-attained, prop-limit-displayed, prop-limit-wide. Source: Cao & Xie, Theorem 9 and, for
    prop-limit-displayed, Appendix E.2, as reported; (1 - TV)/2 in place of (1 - TV)/4, and what attains it, are ours.
    """
    D = c / (width * math.sqrt(n)) if n >= 1 and width > 0 else math.inf
    inside(n_at_least_1=n >= 1, width_positive=width > 0, c_nonnegative=c >= 0, gap_at_most_half=D <= 0.5)
    k = np.arange(n + 1)
    return float(np.minimum(stats.binom.pmf(k, n, 0.5 + D), stats.binom.pmf(k, n, 0.5 - D)).sum() / 2)


def limit_constant(prob: float = 1 / 8, width: float = 1.0) -> float:
    """(width / 2) Phi^-1(1 - prob): the largest c for which the probability in Theorem 9 tends to ``prob`` or more.

    Labels: cor-limit-eighth, rate-limit-stoch, prop-limit-constant. Source: ours, the limit of thm-limit-stoch; cor-limit-eighth is
    Cao & Xie, Theorem 9, as reported, with this constant.
    """
    inside(prob_in_0_half=0 < prob < 0.5, width_positive=width > 0)
    return float(width / 2 * stats.norm.ppf(1 - prob))


def shrunken_failure(c: float, factor: float, keep: float = 1.0) -> float:
    """Phi(-2 c (1 - (factor - 1) (1 - keep) / keep)): how often 1/2 + keep (k/n - 1/2) has regret H c / sqrt n or more, as n grows.

    The expert plays its upper atom with probability 1/2 + factor c / sqrt n; keep = 1 is the frequency, for every factor.

    Labels: prop-limit-scan. Source: ours, from the normal limit of k/n.
    """
    inside(c_nonnegative=c >= 0, factor_at_least_1=factor >= 1, keep_in_0_1=0 < keep <= 1)
    return float(stats.norm.cdf(-2 * c * (1 - (factor - 1) * (1 - keep) / keep)))


def deterministic_upper(n: float, H: float, log_size: float) -> float:
    """H (1 + log|Pi|) / n: the mean regret of the log-loss MLE is at most this, for a deterministic expert in the class.

    Labels: prop-limit-det-upper. Source: ours, with the rate of Foster et al. and, as reported, of Cao & Xie, Theorem 3.
    """
    inside(n_at_least_1=n >= 1, horizon_positive=H >= 1, log_size_nonnegative=log_size >= 0)
    return H * (1 + log_size) / n


def coupling_upper(H: float, eps: float) -> float:
    """eps H (H + 1) / 4: Theorem 2's quantisation term on the martingale family, by coupling.

    Labels: prop-limit-gap-upper. Source: ours; Cao & Xie, Theorem 2, as reported, gives the order.
    """
    inside(horizon_positive=H >= 1, eps_in_0_1=0 <= eps <= 1)
    return eps * H * (H + 1) / 4


def gap_exponent(auxiliary: bool) -> float:
    """2 for cloning, 1 for Algorithm 1 with its ``auxiliary`` chain: the power of H in their regret on the martingale family.

    Labels: prop-limit-gap. Source: ours; Cao & Xie, Theorems 2 and 7, as reported, give these powers as upper bounds.
    """
    return 1.0 if auxiliary else 2.0
