"""Least squares."""

from __future__ import annotations

import numpy as np

from qbc.policies import Linear
from qbc.systems import Array


def fit_linear(x: Array, u: Array, prior: Linear | None = None) -> Linear:
    """The affine least-squares fit to x (N, dx), u (N, du) that is closest to ``prior`` (default: zero) among all minimisers.

    What the demonstrations do not excite keeps the prior's value: the limit of gradient descent started at the prior.
    """
    if len(x) != len(u) or x.ndim != 2 or u.ndim != 2:
        raise ValueError(f"fit_linear needs x (N, dx) and u (N, du), got {x.shape} and {u.shape}")
    prior = prior or Linear(np.zeros((u.shape[1], x.shape[1])), np.zeros(u.shape[1]))
    design = np.hstack([x, np.ones((len(x), 1))])
    rest = u - (x @ prior.gain.T + prior.offset)
    change = np.linalg.lstsq(design, rest, rcond=None)[0].T
    return Linear(prior.gain + change[:, :-1], prior.offset + change[:, -1])
