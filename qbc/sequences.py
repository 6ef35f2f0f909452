"""Sequences that a model continues frame by frame: a plant whose state is the history, and what a model is shown of one.

Training on clean histories is teacher forcing; with noise of its own level on every frame it is diffusion forcing (arXiv 2407.01392).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from qbc.receding import Answer
from qbc.systems import Array, System


def following(window: int, d: int) -> System:
    """The plant whose state is the last ``window`` frames of d numbers, oldest first, (N, window d), and whose action is the next.

    Raises ``ValueError`` for a window or a frame of no length.
    """
    if window < 1 or d < 1:
        raise ValueError(f"following: window and d >= 1, got {window} and {d}")
    return System(lambda x, u: np.concatenate([x[:, d:], u], axis=1), window * d, d, 1.0, 1.0)


def histories(frames: Array, levels: Sequence[float], rng: np.random.Generator) -> tuple[Array, Array]:
    """What is shown of frames (..., T, d), and what is told: each frame with noise of a level of its own, drawn from ``levels``.

    Returns the noised frames and the levels, side by side, (..., T (d + 1)), and the levels alone (..., T). One level 0 is teacher
    forcing. Raises ``ValueError`` for no level, and for a negative one.
    """
    if not len(levels) or min(levels) < 0:
        raise ValueError(f"histories: at least one level, each >= 0, got {tuple(levels)}")
    level = rng.choice(np.asarray(levels, dtype=float), size=frames.shape[:-1])
    noised = frames + level[..., None] * rng.normal(size=frames.shape)
    return np.concatenate([noised.reshape(*frames.shape[:-2], -1), level], axis=-1), level


@dataclass(frozen=True, eq=False)
class Continued:
    """A policy on :func:`following` from a head of k networks that sees a history and the level of each of its frames.

    At every step the history gets fresh noise of deviation ``shown``, and the head is told the level ``told``: the same is replica
    noise; neither, the clean history; one alone, noise at deployment or a level that is not there. Both are numbers, or (N, 1), one a
    sequence. Row block i is network i's.
    """

    head: Answer
    k: int
    window: int
    shown: float | Array = 0.0
    told: float | Array = 0.0

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        seen = x + self.shown * rng.normal(size=x.shape)
        seen = np.concatenate([seen, self.told * np.ones((len(x), self.window))], axis=1)
        u = self.head(seen.reshape(self.k, len(x) // self.k, -1), rng)[:, :, 0]
        return np.asarray(u.reshape(len(x), -1))


@dataclass(frozen=True, eq=False)
class Curve:
    """A closed curve, given at G equally spaced phases of [0, 2 pi), and what frames (..., d) have to do with it."""

    points: Array  # (G, d)

    def distance(self, frames: Array) -> Array:
        """To the nearest of the points, (...)."""
        return np.asarray(KDTree(self.points).query(frames)[0])

    def phases(self, paths: Array, start: Array, step: float, reach: float = 0.4) -> Array:
        """The phase of each frame of paths (N, T, d), followed from ``start`` (N,): the nearest point among those within ``reach`` of
        one step further on; (N, T)."""
        G = len(self.points)
        near = np.arange(-round(reach * G / (2 * np.pi)), round(reach * G / (2 * np.pi)) + 1)
        phase = [np.asarray(start, dtype=float)]
        for t in range(1, paths.shape[1]):
            at = np.rint((phase[-1] + step) * G / (2 * np.pi)).astype(int)[:, None] + near
            gap = ((self.points[at % G] - paths[:, t, None]) ** 2).sum(axis=2)
            phase.append(at[np.arange(len(at)), gap.argmin(axis=1)] * 2 * np.pi / G)
        return np.stack(phase, axis=1)
