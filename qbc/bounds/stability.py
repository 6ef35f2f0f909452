"""Chapter 09: limits of stability. The twins: x' = A x + u, A = [[xi a, 1], [-d, 0]], d = a^2/4, xi = +-1; the expert's loop
is [[0, 0], [-d, c]] on both. ``eta`` bounds the errors of a learner's derivative at 0 along e_2, the axis of the demonstrations.
"""

from __future__ import annotations

import math

from qbc.bounds.domain import inside

A_TWIN, C_TWIN = 1.05, 0.5


def twin_action_gap(hidden: float, *, a: float = A_TWIN) -> float:
    """2 a |x_1|: how far the two experts' actions are apart in a state whose hidden coordinate is x_1.

    Labels: prop-twin-demos. Source: ours. The idea of a pair that demonstrations cannot tell apart is that of 2503.09722.
    """
    inside(a_positive=a > 0)
    return 2 * a * abs(hidden)


def twin_rate(*, a: float = A_TWIN) -> float:
    """log a: growth per step of what the smallest least-squares fit leaves along the hidden axis, on either plant.

    Labels: prop-twin-rate. Source: ours. The mechanism is that of 2503.09722.
    """
    inside(a_above_1=a > 1)
    return math.log(a)


def twin_path(t: int, eps: float, xi: int, *, a: float = A_TWIN) -> float:
    """eps ((xi a)^t - 1) / (xi a - 1): the hidden coordinate at step t, from 0, if every label of u_1 was off by eps.

    Labels: prop-twin-path. Source: ours.
    """
    inside(a_above_1=a > 1, xi_is_a_sign=xi in (1, -1), t_nonnegative=t >= 0)
    return float(eps * ((xi * a) ** t - 1) / (xi * a - 1))


def worst_twin_radius(eta: float, r: float, *, a: float = A_TWIN, c: float = C_TWIN) -> float:
    """a - 2 eta: the larger of the two loops' spectral radii is at least this, ``r`` being the loop's entry (2, 1).

    Labels: thm-twin-smooth. Source: ours. 2503.09722, Theorem 1, as reported, has a bound of this rate for all smooth learners.
    """
    inside(eta_small=0 <= eta <= 0.1, a_above_1=a > 1, coupling_moderate=0 <= abs(r) <= 2 * (a - c) - 6 * eta)
    return a - 2 * eta


def hidden_gain_radius(k: float, *, a: float = A_TWIN) -> float:
    """a + |k|: the worst of the two radii for a learner of slope k from x_1 to u_1, to within 2 eta.

    Labels: prop-twin-gain. Source: ours. The two-sided form of thm-twin-smooth.
    """
    inside(a_above_1=a > 1)
    return a + abs(k)


def decayed_radius(eta: float, *, a: float = A_TWIN, c: float = C_TWIN) -> float:
    """a: the radius, on both plants and to within .6 eta, of a network whose weights from the unseen input have decayed to 0.

    Labels: prop-twin-decay. Source: ours. The data give these weights no gradient, the penalty takes them to 0.
    """
    inside(eta_small=0 <= eta <= 0.05, a_above_1=a > 1, root_reached=0.6 * (a - c - 1.6 * eta) >= a**2 / 4)
    return a


def stable_error(xi: int, *, a: float = A_TWIN, c: float = C_TWIN) -> float:
    """The relative training error below which gradient descent from zero makes the loop unstable, on the plant xi.

    1 - s with s = (1 - a + d) / (d - c (a - 1)) for xi = 1 and (1 - a + d) / (d + c (a - 1)) for xi = -1.
    Labels: prop-twin-training. Source: ours. The loop is [[xi a, 1 - s], [-d, c s]].
    """
    d = a**2 / 4
    inside(xi_is_a_sign=xi in (1, -1), a_above_1=1 < a < 2, c_moderate=0 <= c < 1, crosses=0 < 1 - a + d < d - c * (a - 1))
    return 1 - (1 - a + d) / (d - xi * c * (a - 1))


def chunk_multiplier(length: int, *, a: float = A_TWIN) -> float:
    """(l + 1) (a/2)^l: what the hidden coordinate is multiplied by in one chunk of l actions.

    Labels: prop-chunks. Source: ours. The entry (1, 1) of A^l. Chunks on stable plants: 2507.09061, Practice 1, as reported.
    """
    inside(length_positive=length >= 1, a_positive=a > 0)
    return float((length + 1) * (a / 2) ** length)


def injected_gain_error(label_error: float, sigma: float, demos: int, steps: int) -> float:
    """sqrt(2) e / (sigma sqrt(n (T - 1))): root mean square error of a hidden gain after noise injection in two dimensions.

    Labels: prop-injection. Source: ours. For least squares; the dependence 1/sigma_u is that of 2507.09061, Practice 2, as reported.
    """
    inside(error_nonnegative=label_error >= 0, sigma_positive=sigma > 0, demos_positive=demos >= 1, two_steps=steps >= 2)
    return label_error / sigma * math.sqrt(2 / (demos * (steps - 1)))


def ruin_survival(t: int) -> float:
    """2^-t: the probability that the gambler's ruin has not ended by step t.

    Labels: prop-ruin. Source: 2503.09722, benevolent gambler's ruin, as reported; on the twins it is ours.
    """
    inside(t_nonnegative=t >= 0)
    return 2.0**-t


def ruin_mean(t: int, *, a: float = A_TWIN) -> float:
    """a^t: the mean of |x_1| under the gambler's ruin, per unit at the start.

    Labels: prop-ruin-mean. Source: ours. 2^-t (2 a)^t.
    """
    inside(t_nonnegative=t >= 0, a_positive=a > 0)
    return float(a**t)


def spread_radius(eta: float, eta_hidden: float, *, a: float = A_TWIN, c: float = C_TWIN) -> float:
    """c + 3 eta: the loop's radius where the demonstrations spread, if the hidden column errs by at most ``eta_hidden``.

    Labels: prop-spread. Source: ours. That spread data rescue plain cloning is 2503.09722, Theorem 5, as reported.
    """
    small = 2 * (c - eta_hidden + eta) >= a**2 / 4 + eta_hidden and eta_hidden + 2 * eta <= c
    inside(eta_small=0 <= eta <= 0.1, hidden_error_small=eta_hidden >= 0 and small)
    return c + 3 * eta


def low_level_gap(alpha: float, beta: float, gap: float) -> float:
    """beta gap / (1 - alpha): the largest state gap, in the loop's own norm, of commands that differ by at most ``gap``.

    Labels: lem-low-level. Source: ours. The talk's contraction lemma in the norm of the stabilised loop; the norm is Lyapunov's.
    """
    inside(alpha_in_0_1=0 <= alpha < 1, beta_nonnegative=beta >= 0, gap_nonnegative=gap >= 0)
    return beta * gap / (1 - alpha)


def low_level_failure(horizon: int, slope: float, eps: float, d_train: float) -> float:
    """H (D_train + L eps): the probability of ever being farther than ``eps`` from the expert, in the loop's norm.

    Labels: thm-low-level. Source: the talk, Theorem 2, as reported; with one gain and the additive form of chapter 07.
    """
    inside(horizon_positive=horizon >= 1, slope_nonnegative=slope >= 0, eps_nonnegative=eps >= 0, probability=0 <= d_train <= 1)
    return horizon * (d_train + slope * eps)


def unknown_sign_rate(k: float, *, a: float = 2.0) -> float:
    """log(a + |k|): growth per step of the gain k on x' = xi a x + u, for the worse of the two signs.

    Labels: prop-unknown-sign. Source: ours. The base of 2503.09722, Theorem 4, is 2, as reported.
    """
    inside(a_above_1=a > 1)
    return math.log(a + abs(k))
