"""Chapter 06: small errors over long horizons. ``a`` is the plant's gain, ``slope`` the learner's, ``eps`` its offset."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from qbc.bounds.domain import inside


def contraction(alpha: float, beta: float, gap: float) -> float:
    """beta / (1 - alpha) * gap: the largest state gap when the actions differ by at most ``gap`` at every step.

    Labels: lem-contraction. Source: the talk's contraction lemma (its slides; 2307.14619, as reported, uses it in stronger forms).
    """
    inside(alpha_in_0_1=0 <= alpha < 1, beta_nonnegative=beta >= 0, gap_nonnegative=gap >= 0)
    return beta / (1 - alpha) * gap


def tightness(alpha: float, horizon: int) -> float:
    """1 - alpha^H: the share of the contraction bound that a constant action bias uses up within H steps.

    Labels: prop-tight. Source: ours, from x' = alpha x + beta u.
    """
    inside(alpha_in_0_1=0 <= alpha < 1, horizon_positive=horizon >= 1)
    return 1 - alpha**horizon


def marginal(beta: float, gap: float, horizon: int) -> float:
    """beta * gap * H: the state gap after H steps of constant bias on the integrator, where alpha = 1.

    Labels: prop-marginal. Source: ours, the limit alpha -> 1 of the contraction lemma's sum.
    """
    inside(beta_nonnegative=beta >= 0, gap_nonnegative=gap >= 0, horizon_positive=horizon >= 1)
    return beta * gap * horizon


def training_error(eps: float) -> float:
    """eps: the error of the learner slope x + eps on an expert path that stays at x = 0, at every step.

    Labels: prop-training-error. Source: the talk's bad and not-so-bad learner.
    """
    inside(eps_nonnegative=eps >= 0)
    return eps


def next_bad_state(x: float, eps: float, *, a: float = 0.9, slope: float = 0.15) -> float:
    """(a + slope)(x + c) - c with c = eps / (a + slope - 1): the bad learner's next state, a geometric growth of x + c.

    Labels: prop-bad. Source: the talk's bad learner; the equality is ours. With a = .9 and slope = .15,
    x_t = 20 eps (1.05^t - 1) from x_0 = 0.
    """
    rate = a + slope
    inside(rate_above_1=rate > 1)
    c = eps / (rate - 1)
    return rate * (x + c) - c


def bad_path(t: int, eps: float, *, a: float = 0.9, slope: float = 0.15) -> float:
    """eps ((a + slope)^t - 1) / (a + slope - 1): the bad learner's state at step t, from x_0 = 0.

    It exceeds the slides' shorthand 1.05^t eps from t = 2 on.
    Labels: prop-same-mean, prop-mean-policy. Source: the talk, mean of the not-so-bad learner; the conditions are ours.
    """
    rate = a + slope
    inside(rate_above_1=rate > 1, t_nonnegative=t >= 0)
    return float(eps * (rate**t - 1) / (rate - 1))


def firing(horizon: int, eps: float, *, a: float = 0.9, slope: float = 0.15) -> float:
    """1 - prod_{t<H} (1 - slope eps (1 - a^t) / (1 - a)): the probability that the not-so-bad learner has fired by step H.

    Labels: thm-firing. Source: the talk's not-so-bad learner; the product is ours.
    """
    inside(a_in_0_1=0 <= a < 1, probability=0 <= slope * eps / (1 - a) <= 1, horizon_positive=horizon >= 1)
    t = np.arange(horizon)
    return float(-np.expm1(np.log1p(-slope * eps * (1 - a**t) / (1 - a)).sum()))


def hazard(eps: float, *, a: float = 0.9, slope: float = 0.15) -> float:
    """-log(1 - slope eps / (1 - a)): the slope of -log P(not fired by H) in H, once a^H is negligible.

    Labels: prop-hazard. Source: ours, from the product of thm-firing.
    """
    inside(a_in_0_1=0 <= a < 1, probability=0 <= slope * eps / (1 - a) < 1)
    return -math.log1p(-slope * eps / (1 - a))


def mean_distance(half_gap: float, s: float) -> float:
    """half_gap - 4 s: how far the mean of two modes stays from every action within 3 s of a mode, the fit erring by at most s.

    Labels: prop-mean-head. Source: the talk, a different inductive bias, in words; the form with 4 s is ours.
    """
    inside(s_positive=s > 0, modes_apart=half_gap > 4 * s)
    return half_gap - 4 * s


def sampler_within(widths: float = 4.0, *, bias: float = 0.5, spread: float = 1.1) -> float:
    """P(|bias + spread Z| <= widths) for Z normal: a sampled action lies within ``widths`` * s of a mode at least this often,
    if the fitted centres err by at most ``bias`` * s and the fitted widths are at most ``spread`` * s.

    Labels: prop-sampler. Source: the talk, a different inductive bias, in words; the form is ours.
    """
    inside(spread_positive=spread > 0, bias_below_widths=0 <= bias < widths)
    return float(stats.norm.cdf((widths - bias) / spread) - stats.norm.cdf((-widths - bias) / spread))
