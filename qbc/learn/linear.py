"""Least squares, at its end and on the way there."""

from __future__ import annotations

import numpy as np

from qbc.arrays import finite
from qbc.policies import Linear
from qbc.systems import Array


def fit_linear(x: Array, u: Array, prior: Linear | None = None) -> Linear:
    """The affine least-squares fit to x (N, dx), u (N, du) that is closest to ``prior`` (default: zero) among all minimisers.

    What the demonstrations do not excite keeps the prior's value: the limit of gradient descent started at the prior.
    Where they excite all and there is one minimiser, it is sought without a prior from centred and scaled columns, so that no unit and
    no distance from 0 costs digits. With a prior, also one that is zero, columns are taken as they are, and the answer is another where
    their scales are many orders apart.
    """
    _checked("fit_linear", x, u)
    if prior is None and (scales := _scales(x)):
        mean, spread = scales
        gain = (np.linalg.lstsq((x - mean) / spread, u - u.mean(axis=0), rcond=None)[0] / spread[:, None]).T
        return Linear(gain, u.mean(axis=0) - gain @ mean)
    prior = prior or Linear(np.zeros((u.shape[1], x.shape[1])), np.zeros(u.shape[1]))
    design = np.hstack([x, np.ones((len(x), 1))])
    rest = u - (x @ prior.gain.T + prior.offset)
    change = np.linalg.lstsq(design, rest, rcond=None)[0].T
    return Linear(prior.gain + change[:, :-1], prior.offset + change[:, -1])


def _scales(x: Array) -> tuple[Array, Array] | None:
    """Means and spreads of the columns, if none is constant up to rounding, nor a combination of others: there is one minimiser."""
    mean, spread = x.mean(axis=0), x.std(axis=0)
    least = np.finfo(float).eps * max(x.shape) * np.maximum(np.abs(mean), spread.max(initial=0.0))
    alone = bool((spread > least).all()) and np.linalg.matrix_rank((x - mean) / spread) == x.shape[1]
    return (mean, spread) if alone else None


def descend(x: Array, u: Array, *, steps: int, lr: float) -> Array:
    """Gradient descent on the mean squared error of u = K x, from K = 0 on data x (N, dx), u (N, du): (steps, du, dx).

    Entry t is the gain after t steps, so the first is 0; in the limit it is the least-squares gain closest to 0, if lr is small.
    """
    _checked("descend", x, u)
    if steps < 1 or not 0 < lr < np.inf:
        raise ValueError(f"descend needs steps >= 1 and a finite lr > 0, got {steps} and {lr}")
    gains = np.zeros((steps, u.shape[1], x.shape[1]))
    for t in range(1, steps):
        gains[t] = gains[t - 1] - 2 * lr * (x @ gains[t - 1].T - u).T @ x / len(x)
    return gains


def _checked(name: str, x: Array, u: Array) -> None:
    if len(x) != len(u) or x.ndim != 2 or u.ndim != 2 or not len(x):
        raise ValueError(f"{name} needs x (N, dx) and u (N, du), N >= 1, got {x.shape} and {u.shape}")
    finite("x", x, "row", "column")
    finite("u", u, "row", "column")
