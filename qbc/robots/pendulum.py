"""The inverted double pendulum of gymnasium (InvertedDoublePendulum-v5): its model, its control step of .05 s, its regulator.

A state is (cart [m], hinge, second hinge [rad], and their velocities), 0 where both poles stand; an action is the force on the cart
in units of the largest one, and the model cuts it at -1 and 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy import linalg

from qbc.policies import Linear
from qbc.robots.engine import UNKNOWN, Engine, gymnasium, mujoco
from qbc.systems import Array, System

HINGE = np.array([[0.0, 1.0, 0.0, 0.0, 0.0, 0.0]])  # what is looked at of a state: the angle of the lower pole
SPREAD = 0.03 * np.array([1.0, 1.0, 1.0, 0.3, 0.3, 0.3])  # standard deviations of a start
STEP = 1e-6  # of the differences, in the units of states and actions
COST = np.diag([1.0, 10.0, 10.0, 0.1, 0.1, 0.1])  # of a state, that of an action being 1


def model() -> Any:
    """The model as gymnasium ships it."""
    return mujoco.MjModel.from_xml_path(str(Path(gymnasium.__file__).parent / "envs/mujoco/assets/inverted_double_pendulum.xml"))


def _engine() -> Engine:
    return Engine(model(), 5)


def plant() -> System:
    """One control step, five of the physics. Its contraction constants are unknown: upright, it does not contract."""
    engine = _engine()
    return System(lambda x, u: engine(x, u)[:, -1], engine.dx, engine.du, UNKNOWN, UNKNOWN)


def upright() -> tuple[Array, Array]:
    """A (6, 6) and B (6, 1): derivatives of a control step where the poles stand, by central differences of STEP.

    MuJoCo's own derivatives refuse the integrator that this model asks for.
    """
    engine = _engine()
    away = STEP * np.eye(engine.dx + engine.du)
    x, u = np.split(np.concatenate([away, -away]), [engine.dx], axis=1)
    ahead, behind = np.split(engine(x, u)[:, -1], 2)
    A, B = np.split((ahead - behind).T / (2 * STEP), [engine.dx], axis=1)
    return A, B


def regulator(A: Array, B: Array) -> Linear:
    """The policy u = -K x of least summed cost x' COST x + u^2 on x' = A x + B u. Raises ``LinAlgError`` where there is none."""
    S = linalg.solve_discrete_are(A, B, COST, np.eye(B.shape[1]))
    K = np.linalg.solve(np.eye(B.shape[1]) + B.T @ S @ B, B.T @ S @ A)
    return Linear(-K, np.zeros(B.shape[1]))


def starts(n: int, rng: np.random.Generator) -> Array:
    """n states near the upright one, (n, 6)."""
    return np.asarray(SPREAD * rng.normal(size=(n, len(SPREAD))))
