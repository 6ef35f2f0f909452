"""Chapter 10: the noise of SGD seen through a closed loop.

``eta`` is the step size, ``noise`` the standard deviation of the label noise, ``batch`` the pairs in a minibatch, ``curvature``
E x^2 and ``kurtosis`` E x^4 / (E x^2)^2 of the training states; ``variance`` is that of the learner's gain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from qbc.bounds.domain import inside


def sgd_variance(eta: float, noise: float, batch: int, *, curvature: float = 1.0, kurtosis: float = 1.0) -> float:
    """eta sg^2 / (lam (2 - eta lam (1 + (kurtosis - 1) / B))), sg^2 = noise^2 lam / B: the stationary variance of SGD's gain.

    Labels: lem-sgd-variance. Source: ours. The textbook formula eta sg^2 / (lam (2 - eta lam)) is the case kurtosis = 1.
    """
    inside(batch_positive=batch >= 1, curvature_positive=curvature > 0, kurtosis_at_least_1=kurtosis >= 1, noise_nonnegative=noise >= 0)
    contraction = 2 - eta * curvature * (1 + (kurtosis - 1) / batch)
    inside(step_positive=eta > 0, step_small_enough_for_a_finite_variance=contraction > 0)
    return eta * noise**2 / batch / contraction


def excess_loss_share(eta: float, batch: int, *, curvature: float = 1.0, kurtosis: float = 1.0) -> float:
    """lam V / noise^2: by what share the expected loss of a checkpoint exceeds the noise floor, whatever the label noise.

    Labels: prop-loss-flat. Source: ours. It follows from lem-sgd-variance.
    """
    return curvature * sgd_variance(eta, 1.0, batch, curvature=curvature, kurtosis=kurtosis)


def mirror_gap(horizon: int, excess: float, *, curvature: float = 1.0) -> float:
    """(1 + d)^(2H) - (1 - d)^(2H), d = sqrt(2 excess / lam): returns of the two gains whose loss exceeds the least one by ``excess``.

    Labels: prop-mirror. Source: ours.
    """
    inside(horizon_positive=horizon >= 1, excess_nonnegative=excess >= 0, curvature_positive=curvature > 0)
    d = math.sqrt(2 * excess / curvature)
    return float((1 + d) ** (2 * horizon) - (1 - d) ** (2 * horizon))


def log_return_swing(horizon: int, variance: float) -> float:
    """2 H sqrt(V): the standard deviation of log x_H^2 over the checkpoints, on a marginal loop with sqrt(V) small.

    Labels: thm-log-swing. Source: ours. The effect is that of 2310.11428.
    """
    inside(horizon_positive=horizon >= 1, variance_small=0 <= variance <= 1e-2)
    return 2 * horizon * math.sqrt(variance)


def return_quantile(q: float, horizon: int, variance: float) -> float:
    """(1 + z_q sqrt(V))^(2H), z_q the normal quantile: the q-quantile of x_H^2 over checkpoints whose gain is normal.

    Labels: prop-return-quantiles. Source: ours.
    """
    base = 1 + float(stats.norm.ppf(q)) * math.sqrt(variance)
    inside(q_in_0_1=0 < q < 1, horizon_positive=horizon >= 1, loop_gain_positive=base > 0)
    return float(base ** (2 * horizon))


def mean_return(horizon: int, variance: float) -> float:
    """E (1 + d)^(2H) = sum_k C(2H, 2k) (2k - 1)!! V^k for d ~ N(0, V): the mean return over checkpoints whose gain is normal.

    Labels: prop-mean-return. Source: ours.
    """
    inside(horizon_positive=horizon >= 1, variance_positive=variance > 0)
    k, log = np.arange(horizon + 1), special.gammaln
    log_choose = log(2 * horizon + 1) - log(2 * k + 1) - log(2 * horizon - 2 * k + 1)
    log_double_factorial = log(2 * k + 1) - log(k + 1) - k * math.log(2)
    return float(np.exp(special.logsumexp(log_choose + log_double_factorial + k * math.log(variance))))


def mean_return_leading(horizon: int, variance: float) -> float:
    """exp(2 H^2 V): the leading order of the mean return, for H^2 V <= .1; it is too large by (c + 4 c^2) / H, c = H^2 V.

    Labels: cor-mean-leading. Source: ours.
    """
    inside(horizon_positive=horizon >= 1, variance_nonnegative=variance >= 0, leading_order=horizon**2 * variance <= 0.1 + 1e-12)
    return math.exp(2 * horizon**2 * variance)


def leaving(radius: float, horizon: int, variance: float) -> float:
    """1 - Phi(((1 + r)^(1/H) - 1) / sqrt(V)) + Phi(((1 - r)^(1/H) - 1) / sqrt(V)): the probability that a checkpoint with a
    normal gain leaves the tube of the radius r about the expert's path x = 1 within H steps.

    Labels: prop-cliff. Source: ours.
    """
    inside(radius_in_0_1=0 < radius < 1, horizon_positive=horizon >= 1, variance_positive=variance > 0)
    up, down = ((1 + sign * radius) ** (1 / horizon) - 1 for sign in (1, -1))
    return float(stats.norm.sf(up / math.sqrt(variance)) + stats.norm.cdf(down / math.sqrt(variance)))


def ema_ratio(gamma: float, decay: float) -> float:
    """gamma / (2 - gamma) * (1 + (1 - gamma) a) / (1 - (1 - gamma) a): variance of the moving average over that of the iterate,
    when the iterate's autocorrelation is a^j, a = ``decay`` = 1 - eta lam.

    Labels: thm-ema. Source: ours. That averaging calms the return is 2310.11428.
    """
    inside(gamma_in_0_1=0 < gamma <= 1, decay_below_1=abs(decay) < 1)
    keep = (1 - gamma) * decay
    return gamma / (2 - gamma) * (1 + keep) / (1 - keep)


def critical_horizon(variance: float) -> float:
    """1 / sqrt(2 V): where 2 H^2 V = 1, and the standard deviation of the log-return reaches sqrt(2).

    Labels: cor-critical-horizon. Source: ours.
    """
    inside(variance_positive=variance > 0)
    return 1 / math.sqrt(2 * variance)


def run_scatter(checkpoints: int, decay: float) -> float:
    """sqrt(2/n ((1+q)/(1-q) - 2q(1-q^n)/(n(1-q)^2))), q = decay^2: the relative standard deviation of the mean of d^2 over n
    successive checkpoints of one run, d a stationary Gaussian chain with the autocorrelation decay^j.

    Labels: prop-one-run. Source: ours.
    """
    inside(checkpoints_positive=checkpoints >= 1, decay_below_1=abs(decay) < 1)
    n, q = checkpoints, decay**2
    return math.sqrt(2 / n * ((1 + q) / (1 - q) - 2 * q * (1 - q**n) / (n * (1 - q) ** 2)))


def scheduled_variance(
    start: float, etas: Sequence[float], noise: float, batch: int, *, curvature: float = 1.0, kurtosis: float = 1.0
) -> float:
    """V after one step of V' = (1 - 2 eta lam + eta^2 lam^2 (1 + (kurtosis - 1)/B)) V + eta^2 lam noise^2 / B for each of ``etas``.

    Labels: prop-decay. Source: ours.
    """
    inside(batch_positive=batch >= 1, kurtosis_at_least_1=kurtosis >= 1, curvature_positive=curvature > 0)
    inside(start_nonnegative=start >= 0, steps_nonnegative=min(etas, default=0.0) >= 0)
    v = start
    for eta in etas:
        step = eta * curvature
        v = (1 - 2 * step + step**2 * (1 + (kurtosis - 1) / batch)) * v + eta**2 * curvature * noise**2 / batch
    return v


def tangent_variance(weights: ArrayLike, curvatures: ArrayLike, eta: float, noise: float, batch: int, gamma: float = 1.0) -> float:
    """sum_i w_i^2 V_i r_i with V_i = eta noise^2 / (B (2 - eta lam_i)), r_i = ema_ratio(gamma, 1 - eta lam_i): the variance of a
    linear functional of a linearised network, ``weights`` its components along the eigenvectors of the loss's Hessian; flat
    directions (lam_i = 0) are moved by no gradient and count nothing.

    Labels: prop-network-raw, prop-network-ema. Source: ours.
    """
    w, lam = np.asarray(weights, dtype=float), np.asarray(curvatures, dtype=float)
    inside(one_weight_for_each_curvature=w.shape == lam.shape, curvatures_nonnegative=bool((lam >= 0).all()))
    w, lam = w[lam > 0], lam[lam > 0]
    terms = [
        wi**2 * sgd_variance(eta, noise, batch, curvature=li) * ema_ratio(gamma, 1 - eta * li) for wi, li in zip(w, lam, strict=True)
    ]
    return float(sum(terms))


def contractive_error(alpha: float, action_error: float) -> float:
    """action_error / (1 - alpha): how far a checkpoint gets from the expert in a contractive loop, at every horizon.

    Labels: prop-network-contractive. Source: the talk, contraction lemma (lem-contraction), here for the expert's closed loop.
    """
    inside(alpha_in_0_1=0 <= alpha < 1, action_error_nonnegative=action_error >= 0)
    return action_error / (1 - alpha)


def median_ratio_floor(swing: float, averaged: float) -> float:
    """(1 - e^(-q s)) / (e^(q s') - 1), q = Phi^-1(3/4): at least the ratio of the medians of |return - 1| when the log-return is normal
    with standard deviation s = ``swing`` and any mean, against s' = ``averaged`` and mean 0.

    Labels: prop-network-halved. Source: ours.
    """
    inside(swing_positive=swing > 0, averaged_positive=averaged > 0)
    q = float(stats.norm.ppf(0.75))
    return math.expm1(-q * swing) / -math.expm1(q * averaged)


def amplification_ratio(horizon: int, alpha: float) -> float:
    """H (1 - alpha) / (1 - alpha^H): the greatest amplification of an action error in H steps, H on a marginal loop, over that on a
    loop that contracts with alpha, sum_{j < H} alpha^j.

    Labels: prop-network-horizon. Source: ours. It follows from the talk's contraction lemma (lem-contraction).
    """
    inside(horizon_positive=horizon >= 1, alpha_in_0_1=0 <= alpha < 1)
    return horizon * (1 - alpha) / (1 - alpha**horizon)
