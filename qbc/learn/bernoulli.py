"""A head of two tokens whose law is linear in the state: log-loss for the tokens, a residual for what they leave."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from qbc.arrays import finite
from qbc.policies import Bernoulli
from qbc.systems import Array

EDGE = 1e-9  # a probability nearer to 0 or 1 is 0 or 1


def fit_bernoulli(x: Array, u: Array, prior: Bernoulli) -> Bernoulli:
    """The likeliest P(token 1 | x) = chance + slope x for actions u (N, 1) at states x (N, 1), the one closest to ``prior`` if there
    are many, and the mean residual.

    An action's token is the nearer of 0 and 1, and what is left of the actions is ``offset`` in the mean, as of a head of bins with
    residuals. States that never vary determine one probability and leave the slope to the prior: the limit of gradient descent from
    there. Raises ``ValueError`` for other shapes, and for what is no finite number.
    """
    if x.ndim != 2 or x.shape[1] != 1 or x.shape != u.shape or not len(x):
        raise ValueError(f"fit_bernoulli needs x (N, 1) and u (N, 1), N >= 1, got {x.shape} and {u.shape}")
    finite("x", x, "row", "column")
    finite("u", u, "row", "column")
    tokens = (u[:, 0] > 0.5).astype(float)
    offset = float((u[:, 0] - tokens).mean())
    s, low, high = x[:, 0], float(x.min()), float(x.max())
    if high - low <= np.finfo(float).eps * len(x) * max(abs(low), abs(high)):
        change = (float(tokens.mean()) - prior.chance - prior.slope * low) / (1 + low * low)
        return Bernoulli(prior.slope + change * low, offset, prior.chance + change)
    share = (s - low) / (high - low)

    def loss(ends: Array) -> tuple[float, Array]:
        p = ends[0] + (ends[1] - ends[0]) * share
        pull = (p - tokens) / (p * (1 - p))
        nats = -(tokens * np.log(p) + (1 - tokens) * np.log1p(-p)).mean()
        return float(nats), np.array([(pull * (1 - share)).mean(), (pull * share).mean()])

    fit = minimize(
        loss, np.full(2, 0.5), jac=True, bounds=[(EDGE, 1 - EDGE)] * 2, options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000}
    )
    first, last = np.where(np.abs(fit.x - np.rint(fit.x)) <= 2 * EDGE, np.rint(fit.x), fit.x).tolist()
    slope = (last - first) / (high - low)
    return Bernoulli(slope, offset, first - slope * low)
