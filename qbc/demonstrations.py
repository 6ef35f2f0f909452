"""Demonstrations: what was observed and the chunk of actions that followed, for k data sets side by side.

Checked here, once; learners take them as they are. What one learner can do with an observation or a chunk every learner can:
noise in training, waves of an observation and other representations of a chunk belong to the demonstrations, not to a head.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qbc.arrays import finite
from qbc.representations import Representation
from qbc.systems import Array

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Noise:
    """Fresh noise on observations, in every batch of training: standard deviation ``sigma`` times a level drawn from ``levels``.

    ``told``: the level is shown beside the observation, in training and, as a last column, at deployment.
    """

    sigma: Array  # (k, dx) [units of x]
    levels: tuple[float, ...] = (1.0,)
    told: bool = False


@dataclass(frozen=True, eq=False)
class Demonstrations:
    """k data sets of N rows, copied. Raises ``ValueError`` naming network, row and column for numbers that are none, and wrong shapes.

    Where ``mask`` is false the step was not demonstrated (the episode had ended): no learner looks at it. What stands there stays,
    for representations; what is no number becomes the mean of the demonstrated ones. A row of which no step was demonstrated weighs 0.
    """

    x: Array  # (k, N, dx): observations; dx may be 0
    u: Array  # (k, N, h, du): the h actions that followed
    mask: Mask | None = None  # (k, N, h): which of them were demonstrated
    weights: Array | None = None  # (k, N), >= 0: how often a row counts
    noise: Noise | None = None
    octaves: int = 0  # of waves beside the observation: see :meth:`waved`
    represented_as: tuple[Representation, ...] = ()  # what was done to the chunks, first to last

    def __post_init__(self) -> None:
        for name in ("x", "u", "mask", "weights"):  # copied: what the caller does to an array afterwards is not learned
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.array(getattr(self, name)))
        x, u, mask, weights = self.x, self.u, self.mask, self.weights
        if x.ndim != 3 or u.ndim != 4 or x.shape[:2] != u.shape[:2]:
            raise ValueError(f"demonstrations: x (k, N, dx) and u (k, N, h, du) of one k and N, got {x.shape} and {u.shape}")
        if self.rows < 2 or not u.size:
            raise ValueError(f"demonstrations: at least two rows and one action coordinate, got u {u.shape}")
        if mask is not None and (mask.shape != u.shape[:3] or mask.dtype != np.bool_ or not mask.any(axis=1).all()):
            raise ValueError(f"mask: booleans {u.shape[:3]}, each step demonstrated in some row, got {mask.dtype} {mask.shape}")
        finite("x", x, "network", "row", "column")
        if mask is not None and not np.isfinite(u[~mask]).all():
            there = mask[..., None]
            mean = np.where(there, u, 0.0).sum(axis=1, keepdims=True) / there.sum(axis=1, keepdims=True)
            u = np.where(there | np.isfinite(u), u, mean)
            object.__setattr__(self, "u", u)
        finite("u", u, "network", "row", "step", "column")
        if weights is not None:
            if weights.shape != u.shape[:2]:
                raise ValueError(f"weights: shape {u.shape[:2]}, got {weights.shape}")
            finite("weights", weights, "network", "row")
            if weights.min() < 0 or not (weights.sum(axis=1) > 0).all():
                raise ValueError("weights: >= 0, and some > 0 in each network")
        if mask is not None and not (shows := mask.any(axis=2)).all():  # else codes, priors and seeds would be learned from it
            counted = np.where(shows, 1.0 if weights is None else weights, 0.0)
            object.__setattr__(self, "weights", counted)
            if not (counted.sum(axis=1) > 0).all():
                raise ValueError("weights: some > 0 in each network where the mask shows a step")

    @property
    def k(self) -> int:
        return len(self.x)

    @property
    def rows(self) -> int:
        return int(self.x.shape[1])

    @property
    def h(self) -> int:
        return int(self.u.shape[2])

    @property
    def du(self) -> int:
        return int(self.u.shape[3])

    def times(self, k: int) -> Demonstrations:
        """One data set, shown to k networks."""
        if self.k != 1 or k < 1:
            raise ValueError(f"times: one data set and k >= 1, got {self.k} data sets and k = {k}")
        mask = None if self.mask is None else self.mask.repeat(k, axis=0)
        weights = None if self.weights is None else self.weights.repeat(k, axis=0)
        noise = self.noise and replace(self.noise, sigma=self.noise.sigma.repeat(k, axis=0))
        return replace(self, x=self.x.repeat(k, axis=0), u=self.u.repeat(k, axis=0), mask=mask, weights=weights, noise=noise)

    def noised(self, sigma: ArrayLike, *, levels: Sequence[float] = (1.0,), told: bool = False) -> Demonstrations:
        """With fresh noise on observations in training: ``sigma`` a number, (k, 1) one a network, or (k, dx) [units of x]."""
        s, dx = np.asarray(sigma, dtype=float), self.x.shape[2]
        if s.shape not in ((), (self.k, 1), (self.k, dx)):
            raise ValueError(f"sigma: a number, ({self.k}, 1) or ({self.k}, {dx}), got {s.shape}")
        s = np.array(np.broadcast_to(s, (self.k, dx)))  # copied, as the data are
        finite("sigma", s, "network", "column")
        if (s < 0).any() or not len(levels) or min(levels) < 0:
            raise ValueError(f"noised: sigma >= 0 and at least one level >= 0, got {s.tolist()} and {tuple(levels)}")
        return replace(self, noise=Noise(s, tuple(map(float, levels)), told))

    def waved(self, octaves: int) -> Demonstrations:
        """With sines and cosines of each observation beside it, the finest with half a wave per 3 / 2^(octaves - 1) deviations."""
        if octaves < 0:
            raise ValueError(f"octaves: >= 0, got {octaves}")
        return replace(self, octaves=octaves)

    def represented(self, by: Representation) -> Demonstrations:
        """With chunks replaced by ``by.into`` of them; heads fitted to them answer with ``by.back``. Padded steps count as played."""
        return replace(self, u=by.into(self.u), mask=None, represented_as=(*self.represented_as, by))


def demonstrations(
    x: ArrayLike | None, u: ArrayLike, *, k: int | None = None, mask: ArrayLike | None = None, weights: ArrayLike | None = None
) -> Demonstrations:
    """Demonstrations from arrays: x (N, dx) with u (N, du) or (N, h, du) for one network, or x (k, N, dx) with u (k, N, du) or
    (k, N, h, du) for k. Without observations x is None, and u is (N, du) or (k, N, h, du), or three axes and ``k`` networks:
    (k, N, du), and for ``k`` = 1 also (N, h, du). A ``k`` that is given is checked.

    ``mask`` and ``weights`` have the shape of u without its last axis, and of x without its last.
    """
    U = np.asarray(u, dtype=float)
    if x is None and U.ndim == 3:
        if k not in (1, len(U)):
            n, m = U.shape[:2]
            raise ValueError(
                f"demonstrations: u {U.shape} is {n} networks or {n} chunks of {m} steps: give k = {n}, or u[None]; k = {k}"
            )
        X = np.zeros((*U.shape[: 1 if k != len(U) else 2], 0))
    else:
        X = np.zeros((*U.shape[: min(U.ndim - 1, 2)], 0)) if x is None else np.asarray(x, dtype=float)
    if X.ndim not in (2, 3) or U.ndim not in (X.ndim, X.ndim + 1) or X.shape[:-1] != U.shape[: X.ndim - 1]:
        raise ValueError(f"demonstrations: x (N, dx) or (k, N, dx) and u with as many rows, got {X.shape} and {U.shape}")
    M = None if mask is None else np.asarray(mask)
    W = None if weights is None else np.asarray(weights, dtype=float)
    if U.ndim == X.ndim:
        U, M = U[..., None, :], None if M is None else M[..., None]
    if X.ndim == 2:
        X, U, M, W = X[None], U[None], None if M is None else M[None], None if W is None else W[None]
    if k not in (None, len(X)):
        raise ValueError(f"k: {len(X)} data sets, got {k}")
    return Demonstrations(X, U, M, W)


def chunks(
    episodes: Iterable[tuple[ArrayLike, ArrayLike]], h: int, *, history: int = 1, weights: Iterable[float] | None = None
) -> Demonstrations:
    """One row for each step of each episode (x (T, dx), u (T, du)): the last ``history`` observations, oldest first, and the next h
    actions. Before its start an episode repeats its first observation; after its end its last action, masked. ``weights``: how often
    each episode counts. Raises ``ValueError`` naming the episode, and the step, that does not fit.
    """
    if h < 1 or history < 1:
        raise ValueError(f"chunks: h and history >= 1, got {h} and {history}")
    xs: list[Array] = []
    us: list[Array] = []
    masks: list[Mask] = []
    for i, (x, u) in enumerate(episodes):
        X, U = np.asarray(x, dtype=float), np.asarray(u, dtype=float)
        if X.ndim != 2 or U.ndim != 2 or len(X) != len(U) or not len(X):
            raise ValueError(f"chunks: episode {i} needs x (T, dx) and u (T, du), T >= 1, got {X.shape} and {U.shape}")
        if xs and (X.shape[1] * history, U.shape[1]) != (xs[0].shape[1], us[0].shape[2]):
            first = xs[0].shape[1] // history, us[0].shape[2]
            raise ValueError(f"chunks: episode {i} has dx, du = {X.shape[1]}, {U.shape[1]}, episode 0 {first[0]}, {first[1]}")
        finite(f"x of episode {i}", X, "step", "column")
        finite(f"u of episode {i}", U, "step", "column")
        t = np.arange(len(X))[:, None]
        xs.append(X[np.maximum(t + np.arange(1 - history, 1), 0)].reshape(len(X), -1))
        us.append(U[np.minimum(t + np.arange(h), len(U) - 1)])
        masks.append(t + np.arange(h) < len(U))
    lengths = [len(x) for x in xs]
    if h > max(lengths, default=0):
        raise ValueError(f"chunks: at least one episode of h = {h} steps, got {len(xs)}, the longest of {max(lengths, default=0)}")
    mask = np.concatenate(masks)
    each = None if weights is None else np.array(list(weights), dtype=float)
    if each is not None and each.shape != (len(xs),):
        raise ValueError(f"weights: {len(xs)}, one an episode, got {each.shape}")
    each = None if each is None else each.repeat(lengths)
    return demonstrations(np.concatenate(xs), np.concatenate(us), mask=None if mask.all() else mask, weights=each)
