"""The door to MuJoCo: its import, and one control step of a model as a function of the state and the action alone."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from qbc.arrays import finite
from qbc.systems import Array

INSTALL = ".venv/bin/python -m pip install --no-build-isolation -c constraints.txt -e '.[sim]'"
if sys.platform == "linux":
    os.environ.setdefault("MUJOCO_GL", "egl")  # frames without a screen; MuJoCo reads it once, when it is imported

try:
    import mujoco
    import mujoco.rollout

    with contextlib.redirect_stderr(io.StringIO()):  # it logs a line about an environment that nobody here asked for
        import gymnasium
        from gymnasium_robotics.envs.fetch.pick_and_place import MujocoFetchPickAndPlaceEnv
        from gymnasium_robotics.envs.fetch.reach import MujocoFetchReachEnv
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(f"no {missing.name}: install the extra sim with {INSTALL}", name=missing.name) from None

__all__ = ["UNKNOWN", "Engine", "fetch_env", "gymnasium", "mujoco", "rows"]

UNKNOWN = sys.float_info.max  # a contraction constant of which nothing is known but that it is finite


@cache
def fetch_env(name: str) -> Any:
    """The environment of gymnasium-robotics, ``reach`` or ``pick and place``, without what it is usually wrapped in: one for a process,
    because it is slow to make, and those who use it set its whole state first."""
    return {"reach": MujocoFetchReachEnv, "pick and place": MujocoFetchPickAndPlaceEnv}[name](reward_type="sparse")


def rows(name: str, a: Array, width: int) -> Array:
    """``a`` in double precision; raises ``ValueError`` naming it for another width than (N, width) and for what is no number."""
    x = np.asarray(a, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] != width:
        raise ValueError(f"{name}: (N, {width}), got {x.shape}")
    finite(name, x, "row", "column")
    return x


@dataclass(frozen=True, eq=False)
class Engine:
    """``substeps`` steps of a model's physics, the action held: a pure function, for each call sets the whole state and no solver
    begins where another call has ended.

    The state is (positions, velocities), of nq + nv numbers in the model's units; time is left out, for no model here looks at it.
    """

    model: Any
    substeps: int
    _scratch: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.substeps < 1:
            raise ValueError(f"substeps: >= 1, got {self.substeps}")
        if self.model.na or self.model.nmocap:
            raise ValueError("model: without activations and mocap bodies, whose states this engine does not keep")
        object.__setattr__(self, "_scratch", mujoco.MjData(self.model))

    @cached_property
    def dx(self) -> int:
        return int(self.model.nq + self.model.nv)

    @cached_property
    def du(self) -> int:
        return int(self.model.nu)

    @property
    def seconds(self) -> float:
        """How long a control step lasts."""
        return float(self.model.opt.timestep * self.substeps)

    def __call__(self, x: Array, u: Array) -> Array:
        """States x (N, dx) and actions u (N, du) to the states after each substep, (N, substeps, dx)."""
        x, u = rows("x", x, self.dx), rows("u", u, self.du)
        if len(x) != len(u):
            raise ValueError(f"u: a row for each of x, {len(x)}, got {len(u)}")
        if not len(x):
            return np.empty((0, self.substeps, self.dx))
        began = np.concatenate([np.zeros((len(x), 1)), x], axis=1)
        held = np.repeat(u[:, None], self.substeps, axis=1)
        state, _ = mujoco.rollout.rollout(self.model, self._scratch, began, held)
        return np.asarray(state[:, :, 1:], dtype=np.float64)
