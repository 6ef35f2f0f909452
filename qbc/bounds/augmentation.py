"""Chapter 04: a policy queried on a learned copy of the expert's chain.

``A, B`` are the plant's, ``d, e`` the trap quantiser's, ``C, eta`` gain and rate of incremental stability.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, stats

from qbc.bounds.domain import inside
from qbc.bounds.quantization import trap_floor


def tracking_loss(eps: float, C: float, eta: float, lip_x: float = 1.0, lip_u: float = 1.0) -> float:
    """eps (lip_u + lip_x C/(1 - eta)): loss per step of playing the expert's quantised actions open loop, eps their average error.

    Labels: prop-tracking. Source: ours, the deterministic half of thm-augmented.
    """
    inside(eta_in_0_1=0 <= eta < 1, C_nonnegative=C >= 0, eps_nonnegative=eps >= 0, lipschitz_nonnegative=min(lip_x, lip_u) >= 0)
    return eps * (lip_u + lip_x * C / (1 - eta))


def tracking_share(eta: float, horizon: int) -> float:
    """1 - (1 - eta^H)/((1 - eta) H): the share of the tracking bound that a constant rounding error uses up in H steps.

    Labels: prop-tracking-tight. Source: ours, from x' = eta x + (1 - eta) u, u = 1, reward (1 + x)/2.
    """
    inside(eta_in_0_1=0 <= eta < 1, horizon_positive=horizon >= 1)
    return 1 - (1 - eta**horizon) / ((1 - eta) * horizon)


def augmented_regret(n: int, log_classes: float, tracking: float, delta: float = 0.05) -> float:
    """sqrt(2 (log|Pi| + log|M| + log 1/delta)/n) + tracking: regret per step of Algorithm 1, with probability 1 - delta.

    ``log_classes`` is log|Pi| + log|M|, ``tracking`` the value of ``tracking_loss``; rewards in [0, 1].
    Labels: thm-augmented. Source: Cao & Xie, Theorem 7, as reported; the constants are ours.
    """
    inside(n_positive=n >= 1, delta_in_0_1=0 < delta < 1, sizes_at_least_1=log_classes >= 0, tracking_nonnegative=tracking >= 0)
    return math.sqrt(2 * (log_classes - math.log(delta)) / n) + tracking


def augmented_in_trap(e: float, A: float = 0.2, B: float = 0.3, d: float = 1.2) -> float:
    """u - arctan(B u/(1 - A)) with u = (d + 1/2) e/B: limit of the regret per step of Algorithm 1 in the trap's plant.

    For small e it is (d + 1/2)(1/B - 1/(1 - A)) e.
    Labels: prop-trap-augmented, cor-trap-rate. Source: ours, in the plant of Cao & Xie, Theorem 6, as reported.
    """
    inside(A_in_0_1=0 <= A < 1, B_in_0_to_1_minus_A=0 < B <= 1 - A, e_positive=e > 0)
    u = (d + 0.5) * e / B
    return u - math.atan(B * u / (1 - A))


def simulator_in_trap(e: float, A: float = 0.2, B: float = 0.3, d: float = 1.2) -> float:
    """phi(e): limit of the regret per step of feedback in the trap, and of Algorithm 1 on a perfect simulator.

    Labels: prop-simulator-is-feedback. Source: ours; the cycle is that of Cao & Xie, Theorem 6, as reported.
    """
    return trap_floor(A, B, d, e)


def biased_kernel_loss(b: float, A: float = 0.2, B: float = 0.3) -> float:
    """|u - arctan(B u/(1 - A))|, u = arctan x, x = A x + B arctan x + b: loss per step when the kernel is off by b and e -> 0.

    For small b it is b (1 - B/(1 - A))/(1 - A - B).
    Labels: prop-biased-model. Source: ours.
    """
    inside(A_in_0_1=0 <= A < 1, B_in_0_to_1_minus_A=0 < B < 1 - A, b_nonnegative=b >= 0)
    x = optimize.brentq(lambda x: (1 - A) * x - B * math.atan(x) - b, 0.0, b / (1 - A - B), xtol=1e-15)
    u = math.atan(x)
    return abs(u - math.atan(B * u / (1 - A)))


def martingale_augmented(horizon: int, eps: float, eta: float, x1: float) -> float:
    """(eps x_1/2)(H - (1 - eta^H)/(1 - eta)): total regret of Algorithm 1 on the family ``Martingale``.

    Labels: prop-linear-horizon, cor-horizon-rate. Source: ours.
    """
    inside(eta_in_0_1=0 <= eta < 1, horizon_positive=horizon >= 1, eps_nonnegative=eps >= 0)
    return eps * x1 / 2 * (horizon - (1 - eta**horizon) / (1 - eta))


def sign_classes_regret(n: int, horizon: int, m_pi: int, m_M: int, y: float = 0.752) -> float:
    """(y/2) Phi(-y) (H sqrt m_pi + (H - 1) sqrt m_M)/sqrt n: total regret on two sign classes whose gaps are (y/2) sqrt(m/n).

    y = .752 makes it largest; m_M = 0 is a deployment that does not use the model.
    Labels: prop-two-classes, cor-n-rate, cor-class-rate, prop-model-price. Source: ours; it has the rate of thm-augmented.
    """
    inside(n_positive=n >= 1, horizon_positive=horizon >= 1, classes_nonnegative=min(m_pi, m_M) >= 0, y_positive=y > 0)
    both = horizon * math.sqrt(m_pi) + (horizon - 1) * math.sqrt(m_M)
    return float(y / 2 * stats.norm.cdf(-y) * both / math.sqrt(n))


def open_loop_growth(A: float) -> float:
    """log A: growth rate per step of the gap between the real state and its copy on x' = A x + B u.

    Labels: prop-open-loop-growth. Source: ours.
    """
    inside(A_above_1=A > 1)
    return math.log(A)


def rounding_ball(B: float, e: float, rate: float) -> float:
    """|B| e/(2 (1 - rate)): radius in which feedback ends if bins of width e disturb a closed loop that contracts by ``rate``.

    Labels: prop-feedback-stays. Source: ours, from the contraction lemma of chapter 06.
    """
    inside(rate_in_0_1=0 <= rate < 1, e_nonnegative=e >= 0)
    return abs(B) * e / (2 * (1 - rate))


def independent_noise_floor(sigma: float, A: float) -> float:
    """2 sigma/sqrt(pi (1 - A^2)): loss per step of Algorithm 1 if the copy draws noise of its own, small sigma, any fine quantiser.

    Labels: prop-independent-noise. Source: ours.
    """
    inside(A_inside_1=abs(A) < 1, sigma_nonnegative=sigma >= 0)
    return 2 * sigma / math.sqrt(math.pi * (1 - A * A))


def kick_cost(A: float = 0.2, B: float = 0.3) -> float:
    """1 + sum_j arctan(B A^j): what one wrong action 1 at x = 0 costs if nobody corrects its effect; feedback pays the 1.

    Labels: prop-feedback-wins. Source: ours.
    """
    inside(A_in_0_1=0 <= A < 1, B_nonnegative=B >= 0)
    return float(1 + np.arctan(B * A ** np.arange(400)).sum())
