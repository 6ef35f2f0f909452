"""Chapter 07: total variation continuity. ``a`` is the plant's gain, ``slope`` the learner's, ``eps`` its offset, ``q`` a step."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from qbc.bounds.compounding import bad_path, firing
from qbc.bounds.domain import inside


def shifted_normals(shift: float, eps: float) -> float:
    """2 Phi((shift - eps) / 2) - 1, or 0 where eps > shift: TV_eps of N(0, 1) and N(shift, 1).

    Labels: prop-shifted-normals, prop-plugin-up, prop-baseline. Source: ours; the coupling and the set that meet are in the text.
    """
    inside(shift_nonnegative=shift >= 0, eps_nonnegative=eps >= 0)
    return float(2 * stats.norm.cdf(max(shift - eps, 0.0) / 2) - 1)


def bernoulli_tv(x: float, y: float, *, slope: float = 0.15) -> float:
    """|p(x) - p(y)| with p = clip(slope x, 0, 1): the total variation of the Bernoulli learner's actions at x and at y.

    Labels: prop-bernoulli-tvc. Source: the talk's not-so-bad learner is slope-TVC; that no smaller constant works is ours.
    """
    inside(slope_nonnegative=slope >= 0)
    return abs(min(max(slope * x, 0.0), 1.0) - min(max(slope * y, 0.0), 1.0))


def deterministic_tv(u: float, v: float) -> float:
    """1 if u differs from v, else 0: the total variation of two point masses.

    Labels: prop-deterministic. Source: the talk, mean of the not-so-bad learner; the form for all deterministic policies is ours.
    """
    return float(u != v)


def softmax_tv(weights: ArrayLike, r: float) -> float:
    """r max_jk |w_j - w_k| / 4: how far a distance r of the states can move the probabilities softmax(W x + b), in total variation.

    Labels: prop-softmax. Source: ours.
    """
    w = np.asarray(weights, dtype=float)
    inside(weights_in_rows=w.ndim == 2, r_nonnegative=r >= 0)
    return float(np.linalg.norm(w[:, None] - w[None], axis=2).max()) * r / 4


def tvc_additive(horizon: int, d_train: float, slope: float, eps: float) -> float:
    """H (D_train + L eps): the probability that a slope-TVC learner is ever farther than eps from the expert.

    Labels: thm-tvc-additive, cor-tvc-states. Source: the talk's first guarantee, in the additive form that can be proved (2307.14619,
    as reported, has it with hierarchical controllers); eps = beta eps' / (1 - alpha).
    """
    inside(horizon_positive=horizon >= 1, share=0 <= d_train <= 1, slope_nonnegative=slope >= 0, eps_nonnegative=eps >= 0)
    return horizon * (d_train + slope * eps)


def tvc_share_used(horizon: int, eps: float, *, a: float = 0.9, slope: float = 0.15) -> float:
    """firing / (H slope eps / (1 - a)): the share of the additive bound that the Bernoulli learner of offset eps uses.

    Labels: prop-tvc-tight. Source: ours; .894, .937, .947 at eps = 1e-4 and H = 100, 200, 400.
    """
    inside(eps_positive=eps > 0)
    return firing(horizon, eps, a=a, slope=slope) / tvc_additive(horizon, 0.0, slope, eps / (1 - a))


def offset_train(eps: float, offset: float) -> float:
    """1 if eps < offset, else 0: D_train at tolerance eps of a learner that is always off by ``offset``.

    Labels: prop-additive. Source: ours, from the definition of D_train; the learner is the talk's.
    """
    inside(eps_nonnegative=eps >= 0, offset_nonnegative=offset >= 0)
    return float(eps < offset)


def dithered_firing(horizon: int, eps: float, q: float, *, a: float = 0.9, slope: float = 0.15) -> float:
    """P(fired by H) of dithered rounding to {0, q}: that of the Bernoulli learner, with offset eps / q.

    Labels: prop-dither-bernoulli. Source: ours.
    """
    inside(step_positive=q > 0)
    return firing(horizon, eps / q, a=a, slope=slope)


def dithered_tv(slope: float, r: float, q: float) -> float:
    """min(1, slope r / q): total variation of dithered rounding, step q, of a mean with that slope at states r apart.

    Labels: lem-dither-tvc, prop-dither-equality. Source: ours.
    """
    inside(slope_nonnegative=slope >= 0, r_nonnegative=r >= 0, step_positive=q > 0)
    return min(1.0, slope * r / q)


def nearest_fires(horizon: int, eps: float, q: float, *, a: float = 0.9, slope: float = 0.15) -> int:
    """The first t < H with slope eps (1 - a^t) / (1 - a) >= q / 2, when rounding to nearest first leaves 0; H if there is none.

    Labels: prop-nearest-fate. Source: ours; there is none at any H iff 10 eps <= q / (2 * .15).
    """
    inside(a_in_0_1=0 <= a < 1, eps_nonnegative=eps >= 0, step_positive=q > 0, horizon_positive=horizon >= 1)
    t = np.flatnonzero(slope * eps * (1 - a ** np.arange(horizon)) / (1 - a) >= q / 2)
    return int(t[0]) if t.size else horizon


def nearest_escape(x: float, steps: int, eps: float, q: float, *, a: float = 0.9, slope: float = 0.15) -> float:
    """c + (a + slope)^steps (x - c), c = (q/2 - eps) / (a + slope - 1): no lower, after ``steps`` steps from x, is rounding to nearest.

    Labels: prop-nearest-escape. Source: ours, from round(z) >= z - q/2.
    """
    inside(rate_above_1=a + slope > 1, step_positive=q > 0, steps_nonnegative=steps >= 0)
    c = (q / 2 - eps) / (a + slope - 1)
    return float(c + (a + slope) ** steps * (x - c))


def dithered_mean(t: int, eps: float) -> float:
    """20 eps (1.05^t - 1): the mean state under dithered rounding that is not clipped, whatever its step.

    Labels: prop-dither-mean. Source: ours; the path of the talk's bad learner.
    """
    return bad_path(t, eps)


def frozen_firing(horizon: int, eps: float, q: float, *, a: float = 0.9, slope: float = 0.15) -> float:
    """min(1, slope eps (1 - a^(H-1)) / ((1 - a) q)): P(fired by H) of dithered rounding whose random number is drawn once.

    Labels: prop-frozen. Source: ours.
    """
    inside(a_in_0_1=0 <= a < 1, eps_nonnegative=eps >= 0, step_positive=q > 0, horizon_positive=horizon >= 1)
    return min(1.0, slope * eps * (1 - a ** (horizon - 1)) / ((1 - a) * q))
