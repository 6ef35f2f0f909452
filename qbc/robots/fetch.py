"""The Fetch arm of gymnasium-robotics, to reach and to pick and place, under scripts whose commands pass through a quantiser.

Actions are those of the environments: a move of the gripper along x, y, z in units of .05 m a control step of 40 ms, and the fingers
(-1 closes, 1 opens). Lengths in metres.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qbc.robots.engine import UNKNOWN, fetch_env, mujoco, rows
from qbc.systems import Array, System

Name = Literal["reach", "pick and place"]
ROOM = 0.05  # how near to its goal what is moved must be: the environments' own threshold
HIGH = 0.1  # above the object: from where the script comes down
SPEC = mujoco.mjtState.mjSTATE_FULLPHYSICS | mujoco.mjtState.mjSTATE_MOCAP_POS | mujoco.mjtState.mjSTATE_MOCAP_QUAT


@dataclass(frozen=True, eq=False)
class Fetch:
    """One of the two environments as a plant: a state is the physics, then where the goal, the gripper and the object are (3 each).

    To reach has no object: there the gripper stands in its place.
    """

    name: Name
    env: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.name not in ("reach", "pick and place"):
            raise ValueError(f"name: reach or pick and place, got {self.name!r}")
        object.__setattr__(self, "env", fetch_env(self.name))

    @property
    def size(self) -> int:
        """How many numbers the physics has."""
        return int(mujoco.mj_stateSize(self.env.model, SPEC))

    def goal(self, x: Array) -> Array:
        return x[..., self.size : self.size + 3]

    def gripper(self, x: Array) -> Array:
        return x[..., self.size + 3 : self.size + 6]

    def thing(self, x: Array) -> Array:
        """Where what is moved to the goal is."""
        return x[..., self.size + 6 : self.size + 9]

    def plant(self) -> System:
        """One control step. Its contraction constants are unknown."""

        def f(x: Array, u: Array) -> Array:
            x, u = rows("x", x, self.size + 9), rows("u", u, 4)
            return np.stack([self._step(row, action) for row, action in zip(x, u, strict=True)])

        return System(f, self.size + 9, 4, UNKNOWN, UNKNOWN)

    def _step(self, x: Array, u: Array) -> Array:
        model, data = self.env.model, self.env.data
        mujoco.mj_setState(model, data, x[: self.size], SPEC)
        data.qacc_warmstart[:] = 0.0  # where the solver of the step before ended is no part of the state
        mujoco.mj_forward(model, data)
        self.env.step(u)
        return np.concatenate([self._physics(), self.goal(x), *self._places()])

    def _physics(self) -> Array:
        out = np.empty(self.size)
        mujoco.mj_getState(self.env.model, self.env.data, out, SPEC)
        return out

    def _places(self) -> tuple[Array, Array]:
        data = self.env.data
        gripper = data.site("robot0:grip").xpos.copy()
        return gripper, data.site("object0").xpos.copy() if self.name == "pick and place" else gripper.copy()

    def start(self, n: int, seed: int) -> Array:
        """n starts with goals of their own, as the environment draws them from the seeds ``seed`` to ``seed + n - 1``: (n, dx)."""
        out = []
        for i in range(n):
            self.env.reset(seed=seed + i)
            out.append(np.concatenate([self._physics(), self.env.goal, *self._places()]))
        return np.stack(out)

    def success(self, x: Array) -> NDArray[np.bool_]:
        """Whether what is moved is within ROOM of its goal in states x (..., dx): the environments' own rule."""
        return np.asarray(np.linalg.norm(self.thing(x) - self.goal(x), axis=-1) < ROOM)


@dataclass(eq=False)
class Reaching:
    """The policy q(gain (goal - gripper)), cut at -1 and 1; ``gain`` per metre, ``quantizer`` from arrays of actions to arrays."""

    fetch: Fetch
    gain: float
    quantizer: Callable[[Array], Array] = np.asarray

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        want = np.clip(self.gain * (self.fetch.goal(x) - self.fetch.gripper(x)), -1, 1)
        return np.concatenate([self.quantizer(want), np.zeros((len(x), 1))], axis=1)


@dataclass(eq=False)
class Picking:
    """Above the object, down to it, close the fingers, to the goal: four phases, the commands of each as those of ``Reaching``.

    A phase of motion ends when every axis is within ``tolerance`` of its target or, without one, after as many steps as ``timed``
    says; closing lasts ten steps. It remembers the phase of each row: one object, one rollout.
    """

    fetch: Fetch
    gain: float
    quantizer: Callable[[Array], Array] = np.asarray
    tolerance: float | None = None  # m
    timed: tuple[int, int] = (25, 15)
    phase: NDArray[np.int64] = field(init=False, repr=False)
    _since: NDArray[np.int64] = field(init=False, repr=False)
    _object: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.phase = np.empty(0, dtype=np.int64)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        fetch = self.fetch
        if not len(self.phase):
            self.phase, self._since = np.zeros((2, len(x)), dtype=np.int64)
            self._object = np.array(fetch.thing(x))
        elif len(self.phase) != len(x):
            raise ValueError(f"x: {len(self.phase)} rows, as at the step before, got {len(x)}")
        each = np.stack([self._object + np.array([0.0, 0.0, HIGH]), self._object, self._object, fetch.goal(x)])
        off = each[self.phase, np.arange(len(x))] - fetch.gripper(x)
        near = np.abs(off).max(axis=1) <= (self.tolerance or 0.0)
        until = np.array([*self.timed, 10, np.iinfo(np.int64).max])[self.phase]
        over = np.where((self.phase < 2) & (self.tolerance is not None), near, self._since >= until)
        self.phase, self._since = self.phase + over, np.where(over, 0, self._since + 1)
        off = each[self.phase, np.arange(len(x))] - fetch.gripper(x)
        fingers = np.where(self.phase < 2, 1.0, -1.0)[:, None]
        return np.concatenate([self.quantizer(np.clip(self.gain * off, -1, 1)), fingers], axis=1)
