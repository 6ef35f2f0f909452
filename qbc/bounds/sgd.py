"""Chapter 10: the noise of SGD seen through a closed loop.

``eta`` is the step size, ``noise`` the standard deviation of the label noise, ``batch`` the pairs in a minibatch, ``curvature``
E x^2 and ``kurtosis`` E x^4 / (E x^2)^2 of the training states; ``variance`` is that of the learner's gain.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from qbc.bounds.domain import Count, Level, NonNegative, Positive, bound

Kurtosis = Annotated[float, "[1, inf)"]
Memory = Annotated[float, "(-1, 1)"]
Averaging = Annotated[float, "(0, 1]"]
Swing = Annotated[float, "[1e-6, 10]"]
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
    return float(_averaged(gamma, decay, 1 - decay))


def _averaged(gamma: float, decay: Any, step: Any) -> Any:
    """ema_ratio, of numbers or arrays, from ``decay`` and ``step`` = 1 - decay, of which the one or the other may have lost digits."""
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
def tangent_swing(
    weights: Annotated[ArrayLike, "(p,)"],
    curvatures: Annotated[ArrayLike, "(p,) of [0, inf)"],
    eta: Positive,
    noise: NonNegative,
    batch: Count,
    gamma: Averaging = 1.0,
    *,
    checkpoints: Annotated[int, "[2, 10000]"],
    every: Annotated[int, "[1, 10000]"],
) -> float:
    """sqrt(sum_i w_i^2 V_i s_i), V_i = eta noise^2 / (B (2 - eta lam_i)): the root of the expected sample variance, in one stationary
    run, of a linear functional of a linearised network, over c = ``checkpoints`` that are ``every`` steps apart. ``weights`` are its
    components along the eigenvectors of the loss's Hessian, ``curvatures`` the eigenvalues, noise^2 lam_i one gradient's variance.

    s_i = 2 sum_{j<c} (c - j) D_j / (c (c - 1)); V_i D_j is half the mean squared difference of two averages (share ``gamma``),
    j ``every`` steps apart. s_i is near ema_ratio(gamma, 1 - eta lam_i) in a long run, and near 0 for what does not move in it.

    Labels: prop-network-raw, prop-network-ema, prop-network-horizon. Source: ours.
    """
    w, step = np.asarray(weights, dtype=float), eta * np.asarray(curvatures, dtype=float)
    a, b, c = 1 - step, 1 - gamma, checkpoints
    stationary = _averaged(gamma, a, step)
    cross = gamma / (step + gamma * a)  # covariance of iterate and average
    burst = np.zeros_like(a)
    for i in range(1, every + 1):
        burst = b * burst + a**i
    moved, share = np.zeros_like(a), np.zeros_like(a)
    for j in range(1, c):
        moved = b**every * moved + a ** ((j - 1) * every) * burst  # sum over i <= j every of b^(j every - i) a^i
        share += (c - j) * np.maximum(stationary * (1 - b ** (j * every)) - gamma * cross * moved, 0)
    variance = eta * noise**2 / batch / (2 - step)
    return math.sqrt(float((w**2 * variance * share).sum()) * 2 / (c * (c - 1)))


@bound()
def median_ratio(swing: Swing, averaged: Swing, bias: Annotated[float, "[-10, 10]"]) -> float:
    """The median of |e^z - 1| for z normal with mean ``bias`` and standard deviation ``swing``, over that with ``averaged``.

    Labels: prop-network-error. Source: ours.
    """
    return _median_error(swing, bias) / _median_error(averaged, bias)


def _median_error(swing: float, bias: float) -> float:
    """m with P(|e^z - 1| <= m) = 1/2."""

    def excess(log_m: float) -> float:
        m = math.exp(log_m)
        low = float(special.ndtr((math.log1p(-m) - bias) / swing)) if m < 1 else 0.0
        return float(special.ndtr((math.log1p(m) - bias) / swing)) - low - 0.5

    return math.exp(optimize.brentq(excess, -40.0, 30.0, xtol=1e-13))
