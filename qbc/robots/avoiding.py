"""The task Avoiding: a rod is led between six cylinders on three levels to a line behind them; a contact is the end.

The geometry is that of D3IL's task of this name; model, demonstrators and rules are written anew from these facts, for a rod on two
slides instead of an arm. Lengths in metres; a control step lasts 35 ms, of which the physics makes seven.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import entropy

from qbc.robots.engine import UNKNOWN, Engine, mujoco, rows
from qbc.systems import Array, System

CYLINDERS = np.array([
    [0.5, -0.1, 0.03],
    [0.425, 0.08, 0.025], [0.575, 0.08, 0.025],
    [0.35, 0.26, 0.025], [0.5, 0.26, 0.025], [0.65, 0.26, 0.025],
])  # x, y, radius  # fmt: skip
LEVELS = np.array([-0.1, 0.08, 0.26])  # y
ROD = 0.01  # radius
START = np.array([0.525, -0.28])
AIM = 0.35  # y
MIDDLE, HALF = np.array([0.5, 0.04]), np.array([0.3, 0.34])  # of the arena
LIMIT = 0.02  # of an increment
STRONGEST = 20.0  # of a force along an axis [N]
MODES = 24
RUNNING, CONTACT, ARRIVED = 0.0, 1.0, 2.0  # the last number of a state
DESIRED, MEASURED, SPEED, FATE = slice(0, 2), slice(2, 4), slice(4, 6), 6  # what a state (7,) consists of
CAMERA = dict(x=0.5, y=0.03, height=1.05, fovy=45.0)
Meaning = Literal["increment", "target", "force"]


def model(*, servo: bool = True, wind: float = 0.0) -> Any:
    """Rod and cylinders. The rod (1 kg) has a servo on each of two slides, of 400 N/m and 40 N s/m, or without it is moved by forces
    alone; what a contact would do to it is left out, for it ends the run. ``wind`` [N] pushes it along x all the time.

    Raises ``ValueError`` for a wind that is not finite.
    """
    if not np.isfinite(wind):
        raise ValueError(f"wind: finite, got {wind}")
    pillars = "".join(f'<geom type="cylinder" size="{r} .05" pos="{x} {y} .05" rgba=".8 .3 .25 1"/>' for x, y, r in CYLINDERS)
    slides = "".join(f'<joint name="{a}" type="slide" axis="{v}"/>' for a, v in (("x", "1 0 0"), ("y", "0 1 0")))
    motors = "".join(f'<position joint="{a}" kp="400" kv="40"/>' if servo else f'<motor joint="{a}"/>' for a in "xy")
    return mujoco.MjModel.from_xml_string(f"""
    <mujoco><option timestep=".005" integrator="implicitfast" gravity="{float(wind)} 0 0">
        <flag contact="disable" constraint="disable"/></option>
      <visual><global offwidth="640" offheight="640"/><headlight ambient=".5 .5 .5" diffuse=".5 .5 .5" specular="0 0 0"/></visual>
      <default><geom contype="0" conaffinity="0"/></default>
      <worldbody>
        <camera name="top" pos="{CAMERA["x"]} {CAMERA["y"]} {CAMERA["height"]}" fovy="{CAMERA["fovy"]}"/>
        <geom type="plane" size="2 2 .1" rgba=".93 .93 .9 1"/>
        <geom type="box" size=".5 .004 .001" pos=".5 {AIM} .001" rgba=".2 .6 .3 1"/>
        {pillars}
        <body pos="0 0 .05">{slides}<geom type="cylinder" size="{ROD} .05" mass="1" rgba=".2 .35 .7 1"/></body>
      </worldbody><actuator>{motors}</actuator></mujoco>""")


def clearance(xy: Array) -> Array:
    """How far the rod's surface at xy (..., 2) is from the nearest cylinder's, (...); negative inside."""
    gap = np.linalg.norm(np.asarray(xy)[..., None, :] - CYLINDERS[:, :2], axis=-1) - CYLINDERS[:, 2] - ROD
    return np.asarray(gap.min(axis=-1))


def plant(action: Meaning = "increment", *, wind: float = 0.0) -> System:
    """States (desired xy, measured xy, velocity, fate), actions (N, 2): by how much the desired position moves [m], where it goes
    (``target``) [m], or without a servo the ``force`` that is held for the step [N]; the desired position is then the measured one.

    An increment is at most LIMIT along each axis, a force STRONGEST, and the desired position of a servo stays within twice the arena;
    NaN is refused. ``wind`` [N] pushes along x. A rod that touched a cylinder or is behind the line stays as it is.
    Raises ``ValueError`` for another meaning, and for a wind that is not finite. Its contraction constants are unknown.
    """
    if action not in ("increment", "target", "force"):
        raise ValueError(f"action: increment, target or force, got {action!r}")
    engine = Engine(model(servo=action != "force", wind=wind), 7)

    def f(x: Array, u: Array) -> Array:
        x, u = rows("x", x, 7), rows("u", u, 2)
        out = x.copy()
        on = np.flatnonzero(x[:, FATE] == RUNNING)
        if action == "force":
            told = np.clip(u[on], -STRONGEST, STRONGEST)
        else:
            want = x[on, DESIRED] + np.clip(u[on], -LIMIT, LIMIT) if action == "increment" else u[on]
            told = np.clip(want, MIDDLE - 2 * HALF, MIDDLE + 2 * HALF)
        path = engine(x[on, 2:6], told)
        touched = (clearance(path[:, :, :2]) <= 0).any(axis=1)
        out[on, DESIRED], out[on, 2:6] = path[:, -1, :2] if action == "force" else told, path[:, -1]
        out[on, FATE] = np.where(touched, CONTACT, np.where(path[:, -1, 1] > AIM, ARRIVED, RUNNING))
        return out

    return System(f, 7, 2, UNKNOWN, UNKNOWN)


def start(n: int) -> Array:
    """n times the one start, (n, 7)."""
    return np.tile(np.concatenate([START, START, np.zeros(3)]), (n, 1))


def observed(x: Array, octaves: int = 5) -> Array:
    """What a policy sees of states (..., 7): the desired position, from -1 to 1 over the arena, with so many octaves of sines and
    cosines of each coordinate, and how far the measured position is behind it [m]; (..., 4 + 4 octaves).

    A network tells places apart as finely as its inputs vary; the finest wave has half a period in 1 / 2^(octaves - 1) of the arena.
    """
    if octaves < 0:
        raise ValueError(f"octaves: >= 0, got {octaves}")
    z = (x[..., DESIRED] - MIDDLE) / HALF
    angles = (np.pi * 2.0 ** np.arange(octaves) * z[..., None]).reshape(*z.shape[:-1], -1)
    return np.concatenate([z, x[..., DESIRED] - x[..., MEASURED], np.sin(angles), np.cos(angles)], axis=-1)


def sensed(x: Array) -> Array:
    """The measured position [m] and velocity [m/s] of states (..., 7): (..., 4), what there is whatever an action means."""
    return np.asarray(x[..., MEASURED.start : SPEED.stop])


@dataclass(frozen=True, eq=False)
class Outcome:
    """How n rollouts ended."""

    arrived: NDArray[np.bool_]  # (n,)
    touched: NDArray[np.int64]  # (n,): which cylinder ended the run, -1 for none
    mode: NDArray[np.int64]  # (n,): 0 to 23, -1 for one that did not arrive

    @property
    def success(self) -> float:
        return float(self.arrived.mean())

    @property
    def diversity(self) -> float:
        """Entropy of the modes among the arrivals, base 24: 1 if all are equally frequent; 0 if none arrived."""
        counts = np.bincount(self.mode[self.arrived], minlength=MODES)
        return float(entropy(counts, base=MODES)) if counts.sum() else 0.0


def passed(paths: Array) -> NDArray[np.int64]:
    """Which of the gaps of each level paths (n, T, 2) go through, counted from the left, (n, 3): where they first reach it."""
    sides = []
    for level, y in enumerate(LEVELS):
        first = (paths[:, :, 1] >= y).argmax(axis=1)
        x = paths[np.arange(len(paths)), first, 0]
        sides.append((x[:, None] > CYLINDERS[CYLINDERS[:, 1] == LEVELS[level], 0]).sum(axis=1))
    return np.stack(sides, axis=1).astype(np.int64)


def outcome(x: Array) -> Outcome:
    """Of rollouts x (n, T, 7). Raises ``ValueError`` for another shape."""
    if x.ndim != 3 or x.shape[2] != 7:
        raise ValueError(f"x: (n, T, 7), got {x.shape}")
    fate, path = x[:, -1, FATE], x[:, :, MEASURED]
    gaps = np.linalg.norm(path[:, -1, None] - CYLINDERS[:, :2], axis=2) - CYLINDERS[:, 2]
    first, second, third = passed(path).T
    arrived = fate == ARRIVED
    mode = np.where(arrived, 12 * first + 4 * second + third, -1)
    return Outcome(arrived, np.where(fate == CONTACT, gaps.argmin(axis=1), -1), mode)
