"""Expert and learner side by side: two copies of a plant, and tokens that are equal as often as their laws allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qbc.finite import draw
from qbc.systems import Array, Policy, System

Codes = NDArray[np.int64]


class Tokens(Protocol):
    """What draws token k with the probability ``probabilities(x)[:, k]`` and plays ``values[k]``."""

    values: Array  # (K, du)

    def probabilities(self, x: Array) -> Array:
        """(N, dx) -> (N, K)."""


def maximal(p: Array, q: Array, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Two tokens a row, k ~ p and l ~ q for laws p, q (N, K), that differ with the least probability: |p - q|_1 / 2."""
    both = np.minimum(p, q)
    k, differ = draw(both, rng), rng.random(len(p)) > both.sum(axis=1)
    l = k.copy()  # noqa: E741
    if differ.any():
        k[differ], l[differ] = draw((p - both)[differ], rng), draw((q - both)[differ], rng)
    return k, l


def side_by_side(plant: System) -> System:
    """Two copies of a plant without noise as one: states (N, 2 dx) and actions (N, 2 du), the first copy's first.

    Raises ``ValueError`` for a noisy plant: two copies would have to share the noise.
    """
    if plant.sigma:
        raise ValueError(f"side_by_side needs a plant without noise, got sigma={plant.sigma}")

    def f(x: Array, u: Array) -> Array:
        parts = zip(np.split(x, 2, axis=1), np.split(u, 2, axis=1), strict=True)
        return np.hstack([plant.f(own, action) for own, action in parts])

    return replace(plant, f=f, dx=2 * plant.dx, du=2 * plant.du)


def coupled(expert: Tokens, learner: Tokens) -> Policy:
    """The policy for :func:`side_by_side`: the expert acts on the first copy, the learner on the second, coupled by :func:`maximal`."""

    def policy(z: Array, rng: np.random.Generator) -> Array:
        x, y = np.split(z, 2, axis=1)
        k, l = maximal(expert.probabilities(x), learner.probabilities(y), rng)  # noqa: E741
        return np.hstack([expert.values[k], learner.values[l]])

    return policy
