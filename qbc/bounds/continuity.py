"""Chapter 07: total variation continuity. ``a`` is the plant's gain, ``slope`` the learner's, ``eps`` its offset, ``q`` a step."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from qbc.bounds.compounding import bad_path, firing
from qbc.bounds.domain import Count, Finite, Natural, NonNegative, Positive, Rate, Share, bound
from qbc.bounds.stable import lost

Steps = Annotated[int, "[1, 100000]"]  # they are counted one by one


@bound()
def shifted_normals(shift: NonNegative, eps: NonNegative) -> float:
    """2 Phi((shift - eps) / 2) - 1, or 0 where eps > shift: TV_eps of N(0, 1) and N(shift, 1).

    Labels: prop-shifted-normals, prop-plugin-up, prop-baseline. Source: ours; the coupling and the set that meet are in the text.
    """
    return math.erf(max(shift - eps, 0.0) / math.sqrt(8))


@bound()
def bernoulli_tv(x: NonNegative, y: NonNegative, *, slope: NonNegative = 0.15) -> float:
    """|p(x) - p(y)| with p = min(slope x, 1): the total variation of the Bernoulli learner's actions at x and at y.

    Labels: prop-bernoulli-tvc. Source: the talk's not-so-bad learner is slope-TVC; that no smaller constant works is ours.
    """
    return min(slope * abs(x - y), max(0.0, 1 - slope * min(x, y)))


@bound()
def deterministic_tv(u: Finite, v: Finite) -> float:
    """1 if u differs from v, else 0: the total variation of two point masses.

    Labels: prop-deterministic. Source: the talk, mean of the not-so-bad learner; the form for all deterministic policies is ours.
    """
    return float(u != v)


@bound()
def softmax_tv(weights: Annotated[ArrayLike, "(K, d)"], r: NonNegative) -> float:
    """r max_jk |w_j - w_k| / 4: how far a distance r of the states can move the probabilities softmax(W x + b), in total variation.

    ``weights`` has a row w_k for each of K tokens and a column for each coordinate of the state.

    Labels: prop-softmax, prop-softmax-boundary. Source: ours.
    """
    w = np.asarray(weights)
    return float(np.linalg.norm(w[:, None] - w[None], axis=2).max()) * r / 4


@bound()
def network_slope(lipschitz: NonNegative, temperature: Positive) -> float:
    """lipschitz / (4 temperature): a TVC constant of a softmax of logits any two of which differ by a lipschitz-continuous function.

    ``lipschitz`` is in logits per unit of the state; at ``temperature`` T the logits are divided by T.

    Labels: cor-network-slope. Source: ours.
    """
    return lipschitz / 4 / temperature


@bound()
def steering_slope(steering: NonNegative, eps: Positive, d_train: Share, shift: Share) -> float:
    """steering max(0, 1 - 3/2 d_train - shift) / (2 eps): the least TVC constant of a learner of a deterministic expert.

    ``steering`` is the slope of the expert [units of u per unit of x], ``eps`` the tolerance of D_train [units of u], ``shift`` the
    total variation between the law of the visited states and the same law moved by 2 eps / steering.

    Labels: lem-steep. Source: ours.
    """
    return steering * max(0.0, 1 - 1.5 * d_train - shift) / 2 / eps


@bound()
def steering_floor(horizon: Count, steering: NonNegative, *, alpha: Rate, beta: NonNegative, shift: Share = 0.0) -> float:
    """H (1 - shift) min(2/3, steering beta / (2 (1 - alpha))): no learner of a deterministic expert has a smaller additive bound.

    ``steering`` and ``shift`` as in :func:`steering_slope`; the plant is (alpha, beta)-contractive.

    Labels: prop-void, prop-void-attained. Source: ours.
    """
    return horizon * (1 - shift) * min(2 / 3, steering * beta / 2 / (1 - alpha))


@bound()
def tvc_additive(horizon: Count, d_train: Share, slope: NonNegative, eps: NonNegative) -> float:
    """H (D_train + L eps): the probability that a slope-TVC learner is ever farther than eps from the expert is at most this.

    Labels: thm-tvc-additive, cor-tvc-states. Source: the talk's first guarantee, in the additive form that can be proved (2307.14619,
    as reported, has it with hierarchical controllers); eps = beta eps' / (1 - alpha).
    """
    return horizon * (d_train + slope * eps)


@bound("eps < 1 - a", "slope * eps <= 1 - a")
def tvc_share_used(horizon: Steps, eps: Positive, *, a: Rate = 0.9, slope: Positive = 0.15) -> float:
    """firing / (H slope eps / (1 - a)): the share of the additive bound that the Bernoulli learner of offset eps uses.

    Labels: prop-tvc-tight. Source: ours; .894, .937, .947 at eps = 1e-4 and H = 100, 200, 400.
    """
    return firing(horizon, eps, a=a, slope=slope) / (horizon * slope * eps / (1 - a))


@bound("slope * eps + abs(tilt) <= 1")
def boundary_parting(horizon: Steps, eps: NonNegative, slope: NonNegative, tilt: Finite, *, a: Rate) -> float:
    """1 - prod_{t<H} (1 - max(0, L eps (1 - a^t) + tilt)): the probability that a head of two tokens and slope L takes another token
    than its expert within H steps, where both stay near the boundary of their tokens.

    ``eps`` is the gap of the states at last [units of x]; ``tilt`` how much more probable the head makes the token that the gap
    favours than the expert does, on average over the expert's states.

    Labels: prop-tvc-boundary. Source: ours.
    """
    rates = (min(1.0, max(0.0, slope * eps * lost(1 - a, t) + tilt)) for t in range(horizon))
    return -math.expm1(math.fsum(special.xlog1py(1, -p) for p in rates))


@bound()
def offset_train(eps: NonNegative, offset: NonNegative) -> float:
    """1 if eps < offset, else 0: D_train at tolerance eps of a learner that is always off by ``offset``.

    Labels: prop-additive. Source: ours, from the definition of D_train; the learner is the talk's.
    """
    return float(eps < offset)


@bound("eps < (1 - a) * q", "slope * eps <= (1 - a) * q")
def dithered_firing(horizon: Steps, eps: Positive, q: Positive, *, a: Rate = 0.9, slope: NonNegative = 0.15) -> float:
    """P(fired by H) of dithered rounding to {0, q}: that of the Bernoulli learner, with offset eps / q.

    Labels: prop-dither-bernoulli. Source: ours.
    """
    return firing(horizon, eps / q, a=a, slope=slope)


@bound()
def dithered_tv(slope: NonNegative, r: NonNegative, q: Positive) -> float:
    """min(1, slope r / q): total variation of dithered rounding, step q, of a mean with that slope at states r apart.

    Labels: lem-dither-tvc, prop-dither-equality. Source: ours.
    """
    return min(1.0, slope * r / q)


@bound()
def nearest_fires(horizon: Steps, eps: NonNegative, q: Positive, *, a: Rate = 0.9, slope: NonNegative = 0.15) -> int:
    """The first t < H with slope eps (1 - a^t) / (1 - a) >= q / 2, when rounding to nearest first leaves 0; H if there is none.

    There is none at any H iff slope eps / (1 - a) <= q / 2, equal to a relative 1e-12 included: iff 10 eps <= q / (2 * .15).

    Labels: prop-nearest-fate. Source: ours.
    """
    reach, rounding = slope * eps / (1 - a), 1e-12
    if reach <= q / 2 * (1 + rounding):
        return horizon
    return next((t for t in range(horizon) if reach * lost(1 - a, t) >= q / 2 * (1 - rounding)), horizon)


@bound("a + slope > 1")
def nearest_escape(
    x: Finite, steps: Natural, eps: NonNegative, q: Positive, *, a: NonNegative = 0.9, slope: NonNegative = 0.15
) -> float:
    """c + (a + slope)^steps (x - c), c = (q/2 - eps) / (a + slope - 1): no lower, after ``steps`` steps from x, is rounding to nearest.

    Computed as x + ((a + slope - 1) x - q/2 + eps) times the sum of (a + slope)^j over j < steps.

    Labels: prop-nearest-escape. Source: ours, from round(z) >= z - q/2.
    """
    total = bad_path(steps, 1.0, a=a, slope=slope)
    return x + (math.fsum((a, slope, -1)) * x - q / 2 + eps) * total


@bound()
def dithered_mean(t: Natural, eps: NonNegative) -> float:
    """20 eps (1.05^t - 1): the mean state under dithered rounding that is not clipped, whatever its step.

    Labels: prop-dither-mean. Source: ours; the path of the talk's bad learner.
    """
    return bad_path(t, eps)


@bound("eps < (1 - a) * q")
def frozen_firing(horizon: Count, eps: NonNegative, q: Positive, *, a: Rate = 0.9, slope: NonNegative = 0.15) -> float:
    """min(1, slope eps (1 - a^(H-1)) / ((1 - a) q)): P(fired by H) of dithered rounding whose random number is drawn once.

    Labels: prop-frozen. Source: ours.
    """
    return min(1.0, slope * eps / ((1 - a) * q) * lost(1 - a, horizon - 1))
