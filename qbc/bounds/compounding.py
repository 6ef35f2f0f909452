"""Chapter 06: small errors over long horizons. ``a`` is the plant's gain, ``slope`` the learner's, ``eps`` its offset."""

from __future__ import annotations

import math
from typing import Annotated

from scipy import special

from qbc.bounds.domain import Count, Finite, Level, Natural, NonNegative, Positive, Rate, Share, bound
from qbc.bounds.stable import lost

Steps = Annotated[int, "[0, 100000]"]  # they are counted one by one


@bound()
def contraction(alpha: Rate, beta: NonNegative, gap: NonNegative) -> float:
    """beta / (1 - alpha) * gap: the largest state gap when the actions differ by at most ``gap`` at every step.

    Labels: lem-contraction. Source: the talk's contraction lemma (its slides; 2307.14619, as reported, uses it in stronger forms).
    """
    return beta / (1 - alpha) * gap


@bound()
def tightness(alpha: Rate, horizon: Natural) -> float:
    """1 - alpha^H: the share of the contraction bound that a constant action bias uses up within H steps.

    Labels: prop-tight. Source: ours, from x' = alpha x + beta u.
    """
    return lost(1 - alpha, horizon)


@bound()
def marginal(beta: NonNegative, gap: NonNegative, horizon: Natural) -> float:
    """beta * gap * H: the state gap after H steps of constant bias on the integrator, where alpha = 1.

    Labels: prop-marginal. Source: ours, the limit alpha -> 1 of the contraction lemma's sum.
    """
    return beta * gap * horizon


@bound("a + slope > 1")
def bad_path(t: Natural, eps: NonNegative, *, a: NonNegative = 0.9, slope: NonNegative = 0.15) -> float:
    """eps ((a + slope)^t - 1) / (a + slope - 1): the bad learner's state at step t, from x_0 = 0.

    It exceeds the slides' shorthand 1.05^t eps from t = 2 on.

    Labels: prop-bad, prop-same-mean. Source: the talk, bad learner and mean of the not-so-bad one; the equality and the conditions
    are ours.
    """
    growth = math.fsum((a, slope, -1))  # a + slope - 1 with all its digits
    return eps * math.expm1(t * math.log1p(growth)) / growth


@bound("a + slope > 1")
def bad_rate(slope: NonNegative = 0.15, *, a: NonNegative = 0.9) -> float:
    """log(a + slope): by how much log x grows in a step, once (a + slope)^-t is negligible; log 1.05 for the talk's numbers.

    Labels: cor-bad-rate. Source: the talk's bad learner.
    """
    return math.log1p(math.fsum((a, slope, -1)))


@bound("slope * eps / (1 - a) <= 1")
def firing(horizon: Steps, eps: Positive, *, a: Rate = 0.9, slope: NonNegative = 0.15) -> float:
    """1 - prod_{t<H} (1 - slope eps (1 - a^t) / (1 - a)): the probability that the not-so-bad learner has fired by step H.

    Labels: thm-firing. Source: the talk's not-so-bad learner; the product is ours.
    """
    fires = (min(1.0, slope * eps / (1 - a) * lost(1 - a, t)) for t in range(horizon))
    return -math.expm1(math.fsum(special.xlog1py(1, -p) for p in fires))


@bound("slope * eps < 1 - a")
def hazard(eps: Positive, *, a: Rate = 0.9, slope: NonNegative = 0.15) -> float:
    """-log(1 - slope eps / (1 - a)): the slope of -log P(not fired by H) in H, once a^H is negligible.

    Labels: prop-hazard. Source: ours, from the product of thm-firing.
    """
    return -math.log1p(-slope * eps / (1 - a))


@bound()
def token_firing(horizon: Natural, share: Share) -> float:
    """1 - (1 - share)^H: the probability that a token recorded in a ``share`` of the steps is drawn within H steps on the same states.

    Labels: prop-token-rate. Source: ours; as a union bound, H times the share, it is chapter 01's.
    """
    return lost(share, horizon)


@bound()
def open_slope(n: Count, share: Level, tau: Positive) -> float:
    """sqrt(2 / pi) / (tau sqrt(n share (1 - share))): the mean size of the log-odds' fitted slope, where tokens do not depend on the
    state: n rows, token 1 in a ``share`` of them, states normal with standard deviation ``tau`` [units of x].

    Labels: prop-open-slope. Source: ours, the Fisher information of logistic regression.
    """
    return math.sqrt(2 / math.pi) / tau / math.sqrt(n * share * (1 - share))


@bound()
def mean_tips(bias: Finite, slope: Finite, *, a: Rate = 0.9) -> float:
    """1 where x' = a x + sigmoid(bias + slope x), started at 0, has no rest point before the tangent one, so that it runs up; else 0.

    With q = (1 - a) / slope the tangent touches at the smaller root s of s (1 - s) = q, and the state tips iff
    bias + s / q > log(s / (1 - s)); for small sigmoid(bias) that is slope sigmoid(bias) / (1 - a) > 1 / e.

    Labels: prop-token-tips. Source: ours.
    """
    if slope <= 4 * (1 - a):
        return 0.0
    reach = 2 / (1 + math.sqrt(1 - 4 * (1 - a) / slope))  # s / q
    log_s = math.log(reach) + math.log1p(-a) - math.log(slope)
    return float(bias + reach > log_s - math.log1p(-math.exp(log_s)))


@bound()
def mean_distance(half_gap: NonNegative, s: NonNegative) -> float:
    """half_gap - 4 s: how far the mean of two modes stays from every action within 3 s of a mode, the fit erring by at most s.

    Negative, and so no demand, where the modes are closer.

    Labels: prop-mean-head. Source: the talk, a different inductive bias, in words; the form with 4 s is ours.
    """
    return half_gap - 4 * s


@bound("bias <= widths")
def sampler_within(widths: Positive = 4.0, *, bias: NonNegative = 0.5, spread: Positive = 1.1) -> float:
    """P(|bias + spread Z| <= widths) for Z normal: a sampled action lies within ``widths`` * s of a mode at least this often,
    if the fitted centres err by at most ``bias`` * s and the fitted widths are at most ``spread`` * s.

    Labels: prop-sampler. Source: the talk, a different inductive bias, in words; the form is ours.
    """
    above, below = (widths - bias) / spread, (widths + bias) / spread
    return (math.erf(above / math.sqrt(2)) + math.erf(below / math.sqrt(2))) / 2
