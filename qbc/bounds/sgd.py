"""Chapter 10: the noise of SGD seen through a closed loop.

``eta`` is the step size, ``noise`` the standard deviation of the label noise, ``batch`` the pairs in a minibatch, ``curvature``
E x^2 and ``kurtosis`` E x^4 / (E x^2)^2 of the training states; ``variance`` is that of the learner's gain.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from qbc.bounds.domain import Count, Level, NonNegative, Positive, Rate, bound
from qbc.bounds.stable import lost

Kurtosis = Annotated[float, "[1, inf)"]
Memory = Annotated[float, "(-1, 1)"]
Averaging = Annotated[float, "(0, 1]"]
STABLE = "eta * curvature * (1 + (kurtosis - 1) / batch) < 2"


@bound(STABLE)
def sgd_variance(eta: Positive, noise: NonNegative, batch: Count, *, curvature: Positive = 1.0, kurtosis: Kurtosis = 1.0) -> float:
    """eta sg^2 / (lam (2 - eta lam (1 + (kurtosis - 1) / B))), sg^2 = noise^2 lam / B: the stationary variance of SGD's gain.

    Labels: lem-sgd-variance. Source: ours. The textbook formula eta sg^2 / (lam (2 - eta lam)) is the case kurtosis = 1.
    """
    return eta * noise**2 / batch / (2 - eta * curvature * (1 + (kurtosis - 1) / batch))


@bound(STABLE)
def excess_loss_share(eta: Positive, batch: Count, *, curvature: Positive = 1.0, kurtosis: Kurtosis = 1.0) -> float:
    """lam V / noise^2: by what share the expected loss of a checkpoint exceeds the noise floor, whatever the label noise.

    Labels: prop-loss-flat. Source: ours. It follows from lem-sgd-variance.
    """
    return curvature * sgd_variance(eta, 1.0, batch, curvature=curvature, kurtosis=kurtosis)


@bound("2 * excess < curvature")
def mirror_gap(horizon: Count, excess: NonNegative, *, curvature: Positive = 1.0) -> float:
    """(1 + d)^(2H) - (1 - d)^(2H), d = sqrt(2 excess / lam) < 1: returns of the two gains whose loss exceeds the least by ``excess``.

    Labels: prop-mirror. Source: ours.
    """
    d = math.sqrt(2 * excess / curvature)
    return math.expm1(2 * horizon * math.log1p(d)) - math.expm1(2 * horizon * math.log1p(-d))


@bound()
def log_return_swing(horizon: Count, variance: Annotated[float, "[0, 0.01]"]) -> float:
    """2 H sqrt(V): the standard deviation of log x_H^2 over the checkpoints, on a marginal loop with sqrt(V) small.

    For normal gains too small by 1.25 V of itself to leading order, 1.4 per cent at V = .01.

    Labels: thm-log-swing. Source: ours. The effect is that of 2310.11428.
    """
    return 2 * horizon * math.sqrt(variance)


@bound("1 + quantile(q) * sqrt(variance) > 0")
def return_quantile(q: Level, horizon: Count, variance: Annotated[float, "[0, 1/36]"]) -> float:
    """(1 + z_q sqrt(V))^(2H), z_q the normal quantile: the q-quantile of x_H^2 over checkpoints whose gain is normal.

    The return falls again where d < -1, which has the probability Phi(-1 / sqrt V): below 1e-9 for V <= 1/36.

    Labels: prop-return-quantiles. Source: ours.
    """
    return math.exp(2 * horizon * math.log1p(float(special.ndtri(q)) * math.sqrt(variance)))


@bound()
def mean_return(horizon: Annotated[int, "[1, 1000000]"], variance: NonNegative) -> float:
    """E (1 + d)^(2H) = sum_k C(2H, 2k) (2k - 1)!! V^k for d ~ N(0, V): the mean return over checkpoints whose gain is normal.

    Labels: prop-mean-return. Source: ours.
    """
    k, log = np.arange(horizon + 1), special.gammaln
    log_choose = log(2 * horizon + 1) - log(2 * k + 1) - log(2 * horizon - 2 * k + 1)
    log_double_factorial = log(2 * k + 1) - log(k + 1) - k * math.log(2)
    return math.exp(special.logsumexp(log_choose + log_double_factorial + special.xlogy(k, variance)))


@bound("horizon**2 * variance <= 0.1")
def mean_return_leading(horizon: Count, variance: NonNegative) -> float:
    """exp(2 H^2 V): the leading order of the mean return, for H^2 V <= .1.

    It is too large by (c + 4 c^2) / H of itself, c = H^2 V, to first order in 1 / H: by at most .2 per cent from H = 100 on.

    Labels: cor-mean-leading. Source: ours.
    """
    return math.exp(2 * horizon**2 * variance)


@bound()
def leaving(radius: Level, horizon: Count, variance: Positive) -> float:
    """1 - Phi(((1 + r)^(1/H) - 1) / sqrt(V)) + Phi(((1 - r)^(1/H) - 1) / sqrt(V)): the probability that a checkpoint with a
    normal gain leaves the tube of the radius r about the expert's path x = 1 within H steps.

    Labels: prop-cliff. Source: ours.
    """
    up, down = (math.expm1(math.log1p(r) / horizon) for r in (radius, -radius))
    return float(special.ndtr(-up / math.sqrt(variance)) + special.ndtr(down / math.sqrt(variance)))


@bound()
def ema_ratio(gamma: Averaging, decay: Memory) -> float:
    """gamma / (2 - gamma) * (1 + (1 - gamma) a) / (1 - (1 - gamma) a): variance of the moving average over that of the iterate,
    when the iterate's autocorrelation is a^j, a = ``decay`` = 1 - eta lam.

    Labels: thm-ema. Source: ours. That averaging calms the return is 2310.11428.
    """
    return _averaged(gamma, decay, 1 - decay)


def _averaged(gamma: float, decay: float, step: float) -> float:
    """ema_ratio, from both ``decay`` and ``step`` = 1 - decay, of which the one or the other may have lost its digits."""
    return gamma / (2 - gamma) * (1 + decay - gamma * decay) / (step + gamma * decay)


@bound()
def critical_horizon(variance: Positive) -> float:
    """1 / sqrt(2 V): where 2 H^2 V = 1, and the standard deviation of the log-return reaches sqrt(2).

    Labels: cor-critical-horizon. Source: ours.
    """
    return 1 / math.sqrt(2) / math.sqrt(variance)


@bound()
def run_scatter(checkpoints: Annotated[int, "[1, 10000000]"], decay: Memory) -> float:
    """sqrt(2/n ((1+q)/(1-q) - 2q(1-q^n)/(n(1-q)^2))), q = decay^2: the relative standard deviation of the mean of d^2 over n
    successive checkpoints of one run, d a stationary Gaussian chain with the autocorrelation decay^j.

    Computed as the sum over the lags, sqrt(2 (n + 2 sum_{j<n} (n - j) q^j)) / n.

    Labels: prop-one-run. Source: ours.
    """
    n, j = checkpoints, np.arange(1, checkpoints)
    return math.sqrt(2 * (n + 2 * float((n - j) @ (decay**2) ** j))) / n


@bound()
def scheduled_variance(
    start: NonNegative,
    etas: Annotated[ArrayLike, "(T,) of [0, inf)"],
    noise: NonNegative,
    batch: Count,
    *,
    curvature: Positive = 1.0,
    kurtosis: Kurtosis = 1.0,
) -> float:
    """V after one step of V' = (1 - 2 eta lam + eta^2 lam^2 (1 + (kurtosis - 1)/B)) V + eta^2 lam noise^2 / B for each of the T
    ``etas``, from V = ``start``: the last V only. Any step size will do, also one at which V grows.

    Labels: prop-decay. Source: ours.
    """
    v = start
    for eta in np.asarray(etas).tolist():
        step = eta * curvature
        v = (1 - 2 * step + step**2 * (1 + (kurtosis - 1) / batch)) * v + eta**2 * curvature * noise**2 / batch
    return v


@bound("eta * max(curvatures) < 2")
def tangent_variance(
    weights: Annotated[ArrayLike, "(p,)"],
    curvatures: Annotated[ArrayLike, "(p,) of [0, inf)"],
    eta: Positive,
    noise: NonNegative,
    batch: Count,
    gamma: Averaging = 1.0,
) -> float:
    """sum_i w_i^2 V_i r_i with V_i = eta noise^2 / (B (2 - eta lam_i)), r_i = ema_ratio(gamma, 1 - eta lam_i): the variance of a
    linear functional of a linearised network, ``weights`` its p components along the eigenvectors of the loss's Hessian, ``curvatures``
    its eigenvalues; flat directions (lam_i = 0) are moved by no gradient and count nothing.

    Labels: prop-network-raw, prop-network-ema. Source: ours.
    """
    total = 0.0
    for w, lam in zip(np.asarray(weights).tolist(), np.asarray(curvatures).tolist(), strict=True):
        step = eta * lam
        if lam > 0:
            total += w**2 * sgd_variance(eta, noise, batch, curvature=lam) * _averaged(gamma, 1 - step, step)
    return total


@bound()
def median_ratio_floor(swing: Positive, averaged: Positive) -> float:
    """(1 - e^(-q s)) / (e^(q s') - 1), q = Phi^-1(3/4): at least the ratio of the medians of |return - 1| when the log-return is normal
    with standard deviation s = ``swing`` and any mean, against s' = ``averaged`` and mean 0.

    Labels: prop-network-halved. Source: ours.
    """
    q = float(special.ndtri(0.75))
    return math.expm1(-q * swing) / -math.expm1(q * averaged)


@bound()
def amplification_ratio(horizon: Count, alpha: Rate) -> float:
    """H (1 - alpha) / (1 - alpha^H): the greatest amplification of an action error in H steps, H on a marginal loop, over that on a
    loop that contracts with alpha, sum_{j < H} alpha^j.

    Labels: prop-network-horizon. Source: ours. It follows from the talk's contraction lemma (lem-contraction).
    """
    return horizon * (1 - alpha) / lost(1 - alpha, horizon)
