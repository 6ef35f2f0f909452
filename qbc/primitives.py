"""Primitive controllers: a state, an action and a gain for each step, u = ubar + K (x - xbar); gains along a trajectory, what they do.

Trajectories come n at a time: x (n, T + 1, dx), u (n, T, du), gains (n, T, du, dx).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qbc.systems import Array, System

STEP = 1e-6  # of the differences that a plant is linearised with, in its own units


def linearised(plant: System, x: Array, u: Array) -> tuple[Array, Array]:
    """A (n, T, dx, dx) and B (n, T, dx, du): the derivatives of the plant's f along x (n, T or T + 1, dx), u (n, T, du)."""
    n, T, du = u.shape
    xs, us = x[:, :T].reshape(n * T, -1), u.reshape(n * T, -1)

    def slopes(by: Array, to: int) -> Array:
        into_x, into_u = (by, np.zeros(du)) if to else (np.zeros(plant.dx), by)
        return (plant.f(xs + into_x, us + into_u) - plant.f(xs - into_x, us - into_u)) / (2 * STEP)

    A = np.stack([slopes(e, 1) for e in STEP * np.eye(plant.dx)], axis=-1)
    B = np.stack([slopes(e, 0) for e in STEP * np.eye(du)], axis=-1)
    return A.reshape(n, T, plant.dx, plant.dx), B.reshape(n, T, plant.dx, du)


def tracking_gains(A: Array, B: Array, *, laps: int = 2) -> Array:
    """Gains K (n, T, du, dx) of u = ubar + K (x - xbar): the time-varying linear-quadratic regulator, both weights 1.

    The Riccati recursion runs backwards ``laps`` times over the trajectory, so that the last gains know what comes after a lap.
    """
    n, T, dx, du = B.shape
    S, K = np.broadcast_to(np.eye(dx), (n, dx, dx)), np.zeros((n, T, du, dx))
    for t in [*range(T)][::-1] * laps:
        BS = np.swapaxes(B[:, t], 1, 2) @ S
        K[:, t] = -np.linalg.solve(np.eye(du) + BS @ B[:, t], BS @ A[:, t])
        S = np.eye(dx) + np.swapaxes(A[:, t], 1, 2) @ S @ (A[:, t] + B[:, t] @ K[:, t])
    return K


def responses(A: Array, B: Array, gains: Array, *, seen: Array | None = None) -> Array:
    """(n, T + 1, T): |C Phi(t, s + 1) B_s|, the size at step t of what a unit of action at step s < t does in the loop A + B K.

    ``seen`` is C (m, dx), the identity unless given; norms are spectral.
    """
    n, T, dx, du = B.shape
    C = np.eye(dx) if seen is None else seen
    out, moved = np.zeros((n, T + 1, T)), np.zeros((n, 0, dx, du))
    for t in range(T):
        loop = A[:, t] + B[:, t] @ gains[:, t]
        moved = np.concatenate([loop[:, None] @ moved, B[:, t, None]], axis=1)
        out[:, t + 1, : t + 1] = np.linalg.norm(C @ moved, ord=2, axis=(2, 3))
    return out


@dataclass(eq=False)
class Primitives:
    """The policy that plays step t of its primitives at its t-th call, row i those of trajectory i; one object, one rollout."""

    x: Array  # (n, T, dx)
    u: Array  # (n, T, du)
    gains: Array  # (n, T, du, dx)
    _t: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        n, T, du = self.u.shape
        if self.x.shape[:2] != (n, T) or self.gains.shape != (n, T, du, self.x.shape[2]):
            raise ValueError(f"Primitives: {self.x.shape}, {self.u.shape}, {self.gains.shape} do not match")

    def at(self, x: Array) -> Array:
        """(n, T, dx) -> (n, T, du): what each step's primitive does in a state."""
        return np.asarray(self.u + np.einsum("ntij,ntj->nti", self.gains, x - self.x))

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Actions (n, du) for states (n, dx); raises ``ValueError`` after the last step and for another number of rows."""
        if self._t >= self.u.shape[1] or len(x) != len(self.u):
            raise ValueError(f"Primitives: {len(self.u)} rows for {self.u.shape[1]} steps, got {len(x)} rows at step {self._t}")
        t, self._t = self._t, self._t + 1
        return np.asarray(self.u[:, t] + np.einsum("nij,nj->ni", self.gains[:, t], x - self.x[:, t]))
