"""How steep a map is at least: difference quotients, each of which no Lipschitz constant of the map is below."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qbc.systems import Array


def steepest(carry: Callable[[Array], Array], a: Array, b: Array, halvings: int = 16) -> Array:
    """(k,): the largest difference quotient of ``carry``, (k, n, d) to (k, n, ...), found between each a and b (k, n, d).

    Each segment is halved ``halvings`` times, and the half is kept across which the map moves farther: its quotient is no smaller than
    that of the whole. So this is a lower bound of each map's Lipschitz constant, and a sudden jump between a and b is found.
    Raises ``ValueError`` for ends of two shapes, or that coincide.
    """
    if a.ndim != 3 or a.shape != b.shape or not (a != b).any(axis=2).all():
        raise ValueError(f"steepest needs ends (k, n, d) that differ in each pair, got {a.shape} and {b.shape}")

    def values(x: Array) -> Array:
        return carry(x).reshape(*x.shape[:2], -1)

    f_a, f_b = values(a), values(b)
    best = np.linalg.norm(f_b - f_a, axis=2) / np.linalg.norm(b - a, axis=2)
    for _ in range(halvings):
        middle = (a + b) / 2
        f = values(middle)
        first = (np.linalg.norm(f - f_a, axis=2) >= np.linalg.norm(f_b - f, axis=2))[..., None]
        a, b = np.where(first, a, middle), np.where(first, middle, b)
        f_a, f_b = np.where(first, f_a, f), np.where(first, f, f_b)
        best = np.maximum(best, np.linalg.norm(f_b - f_a, axis=2) / np.linalg.norm(b - a, axis=2))
    return np.asarray(best.max(axis=1))
