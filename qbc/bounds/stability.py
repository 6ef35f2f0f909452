"""Chapter 09: limits of stability. The twins: x' = A x + u, A = [[xi a, 1], [-d, 0]], d = a^2/4, xi = +-1; the expert's loop
is [[0, 0], [-d, 1/2]] on both. ``eta`` bounds the errors of a learner's derivative at 0 along e_2, the axis of the demonstrations.

Growth rates are logarithms per step, radii are spectral radii; states, actions and their errors are in the plant's units.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from scipy import stats

from qbc.bounds.domain import Count, Finite, Natural, NonNegative, Positive, Rate, Share, bound

A_TWIN = 1.05

Sign = Literal[1, -1]
Unstable = Annotated[float, "(1, inf)"]


@bound()
def twin_action_gap(hidden: Finite, *, a: Positive = A_TWIN) -> float:
    """2 a |x_1|: how far the two experts' actions are apart in a state whose hidden coordinate is x_1.

    Labels: prop-twin-demos. Source: ours. The idea of a pair that demonstrations cannot tell apart is that of 2503.09722.
    """
    return 2 * a * abs(hidden)


@bound()
def twin_rate(*, a: Unstable = A_TWIN) -> float:
    """log a: growth per step of what the smallest least-squares fit leaves along the hidden axis, on either plant.

    Labels: prop-twin-rate. Source: ours. The mechanism is that of 2503.09722.
    """
    return math.log(a)


@bound()
def twin_path(t: Natural, eps: Finite, xi: Sign, *, a: Unstable = A_TWIN) -> float:
    """eps ((xi a)^t - 1) / (xi a - 1): the hidden coordinate at step t, from 0, if every label of u_1 was off by eps.

    Labels: prop-twin-path. Source: ours.
    """
    grown = math.expm1(t * math.log(a))  # a^t - 1
    if xi == 1:
        return eps * grown / (a - 1)
    return eps * (grown + 2 if t % 2 else -grown) / (a + 1)


@bound("abs(r) <= 2 * (a - 1/2) - 6 * eta")
def worst_twin_radius(eta: Annotated[float, "[0, 1/10]"], r: Finite, *, a: Unstable = A_TWIN) -> float:
    """a - 2 eta: the larger of the two loops' spectral radii is at least this, ``r`` being the loop's entry (2, 1).

    Labels: thm-twin-smooth. Source: ours. 2503.09722, Theorem 1, as reported, has a bound of this rate for all smooth learners.
    """
    return a - 2 * eta


@bound()
def hidden_gain_radius(k: Finite, *, a: Unstable = A_TWIN) -> float:
    """a + |k|: the worst of the two radii for a learner of slope k from x_1 to u_1, to within 2 eta.

    Labels: prop-twin-gain. Source: ours. The two-sided form of thm-twin-smooth.
    """
    return a + abs(k)


@bound("0.6 * (a - 1/2 - 1.6 * eta) >= a**2 / 4")
def decayed_radius(eta: Annotated[float, "[0, 1/20]"], *, a: Unstable = A_TWIN) -> float:
    """a: the radius, on both plants and to within .6 eta, of a network whose weights from the unseen input have decayed to 0.

    Labels: prop-twin-decay. Source: ours. The data give these weights no gradient, the penalty takes them to 0.
    """
    return a


@bound()
def stable_error(xi: Sign, *, a: Annotated[float, "(1, 2)"] = A_TWIN) -> float:
    """The relative training error below which gradient descent from zero makes the loop unstable, on the plant xi.

    1 - s with s = (1 - a + d) / (d - xi (a - 1) / 2), that is (1 - xi / 2) (a - 1) / (d - xi (a - 1) / 2).

    Labels: prop-twin-training. Source: ours. The loop is [[xi a, 1 - s], [-d, s / 2]].
    """
    return (1 - xi / 2) * (a - 1) / (a**2 / 4 - xi * (a - 1) / 2)


@bound()
def chunk_multiplier(length: Count, *, a: Positive = A_TWIN) -> float:
    """(l + 1) (a/2)^l: what the hidden coordinate is multiplied by in one chunk of l actions.

    Labels: prop-chunks. Source: ours. The entry (1, 1) of A^l, in modulus. Chunks on stable plants: 2507.09061, Practice 1.
    """
    return float((length + 1) * (a / 2) ** length)


@bound()
def injected_gain_error(label_error: NonNegative, sigma: Positive, demos: Count, steps: Annotated[int, "[2, inf)"]) -> float:
    """sqrt(2) e / (sigma sqrt(n (T - 1))): root mean square error of a hidden gain after noise injection in two dimensions, up to
    terms of relative order 1 / (n T); e and sigma are standard deviations, of the labels' error and of the injected noise.

    Labels: prop-injection. Source: ours. For least squares; the dependence 1/sigma_u is that of 2507.09061, Practice 2, as reported.
    """
    return label_error / sigma * math.sqrt(2 / (demos * (steps - 1)))


@bound()
def ruin_survival(t: Natural) -> float:
    """2^-t: the probability that the gambler's ruin has not ended by step t.

    Labels: prop-ruin. Source: 2503.09722, benevolent gambler's ruin, as reported; on the twins it is ours.
    """
    return 2.0**-t


@bound()
def ruin_mean(t: Natural, *, a: Positive = A_TWIN) -> float:
    """a^t: the mean of |x_1| under the gambler's ruin, per unit at the start.

    Labels: prop-ruin-mean. Source: ours. 2^-t (2 a)^t.
    """
    return float(a**t)


@bound("2 * (1/2 - eta_hidden + eta) >= a**2 / 4 + eta_hidden", "eta_hidden + 2 * eta <= 1/2")
def spread_radius(eta: Annotated[float, "[0, 1/10]"], eta_hidden: NonNegative, *, a: Unstable = A_TWIN) -> float:
    """1/2 + 3 eta: the loop's radius, at most, where the demonstrations spread and the hidden column errs by at most ``eta_hidden``.

    Labels: prop-spread. Source: ours. That spread data rescue plain cloning is 2503.09722, Theorem 5, as reported.
    """
    return 0.5 + 3 * eta


@bound()
def low_level_gap(alpha: Rate, beta: NonNegative, gap: NonNegative) -> float:
    """beta gap / (1 - alpha): the largest state gap, in the loop's own norm, of commands that differ by at most ``gap``.

    Labels: lem-low-level. Source: ours. The talk's contraction lemma in the norm of the stabilised loop; the norm is Lyapunov's.
    """
    return beta * gap / (1 - alpha)


@bound()
def primitive_deviation(response: NonNegative, gain: NonNegative, curvature: NonNegative) -> Annotated[float, "[0, inf]"]:
    """2 lam / (1 + sqrt(1 - 2 c G lam)): how far primitive controllers go astray, at most; infinite if 2 c G lam > 1.

    The linear ``response`` is lam = max_t sum_s g_ts delta_s in units of x, G = max_t sum_s g_ts the loop's ``gain`` from actions to
    x; what the linearisation leaves out is at most c/2 times a squared error, as an action.

    Labels: thm-primitives. Source: the talk, Theorem 2, as reported, in a deterministic form of ours.
    """
    left = 1 - 2 * curvature * gain * response
    return 2 * response / (1 + math.sqrt(left)) if left >= 0 else math.inf


@bound()
def choices_apart(laps: Annotated[int, "[1, 1000]"], share: Share, chance: Share) -> float:
    """The total variation of the binomial laws of ``laps`` trials with probabilities ``share`` and ``chance``: that of the paths of a
    head which draws the first of two demonstrations in a ``share`` of its laps, and of an expert that chooses it with ``chance``.

    At most laps |share - chance|, and equal to it for one lap.

    Labels: thm-primitives-drawn. Source: ours. The talk, Theorem 2, as reported, has the law of a head that randomises.
    """
    j = np.arange(laps + 1)
    return float(np.abs(stats.binom.pmf(j, laps, share) - stats.binom.pmf(j, laps, chance)).sum() / 2)


@bound()
def low_level_failure(horizon: Count, slope: NonNegative, eps: NonNegative, d_train: Share) -> float:
    """H (D_train + L eps): the probability of ever being farther than ``eps`` from the expert, in the loop's norm, is at most this.

    Labels: thm-low-level. Source: the talk, Theorem 2, as reported; with one gain and the additive form of chapter 07.
    """
    return horizon * (d_train + slope * eps)


@bound()
def unknown_sign_rate(k: Finite, *, a: Unstable = 2.0) -> float:
    """log(a + |k|): growth per step of the gain k on x' = xi a x + u, for the worse of the two signs.

    Labels: prop-unknown-sign. Source: ours. The base of 2503.09722, Theorem 4, is 2, as reported.
    """
    return math.log(a + abs(k))
