"""A joint under a low-level loop: it is told where to be, and q'' = stiffness (u - q) - damping q' takes it there.

Time is in steps of the policy; between two of them the command u is held, and the motion in between is exact. So stiffness is in
1 / step^2, damping in 1 / step, velocities are in units of the position a step; a loop of 10 steps a second and of stiffness .5 has
50 / s^2. The loop is stable for all positive gains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import linalg

from qbc.systems import Array, System, linear


def held(stiffness: float, damping: float) -> tuple[Array, Array]:
    """A (2, 2) and B (2, 1) with which (position, velocity) is A (position, velocity) + B u after a step under the held command u.

    Raises ``ValueError`` for gains that are not positive and finite.
    """
    for name, gain in (("stiffness", stiffness), ("damping", damping)):
        if not 0 < gain < math.inf:
            raise ValueError(f"{name}: positive and finite, got {gain!r}")
    A = linalg.expm(np.array([[0.0, 1.0], [-stiffness, -damping]]))
    return A, (np.eye(2) - A)[:, :1]  # a joint that rests where it is told to be stays


def joint(stiffness: float, damping: float) -> System:
    """The joint alone: states (position, velocity), action the position it is told."""
    return linear(*held(stiffness, damping))


def pursuit(gains: Sequence[tuple[float, float]]) -> System:
    """Joints of m pairs (stiffness, damping) that are all told the same, beside a goal that moves at a speed of its own.

    States (2 + 2 m,): the goal and its speed, then position and velocity of each joint. The action is the command to all of them.
    Raises ``ValueError`` where there is no pair, and what :func:`held` raises.
    """
    if not len(gains):
        raise ValueError("gains: one pair at least")
    blocks = [held(*pair) for pair in gains]
    A = linalg.block_diag([[1.0, 1.0], [0.0, 1.0]], *(a for a, _ in blocks))
    return linear(A, np.concatenate([np.zeros((2, 1)), *(b for _, b in blocks)]))
