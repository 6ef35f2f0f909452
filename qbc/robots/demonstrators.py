"""Who leads the rod in Avoiding: a smooth demonstrator, and one that moves as people with a joystick do.

A demonstration is a list of increments of the desired position, decided beforehand; a plant with a servo is led along it without
feedback, and one that takes forces by a demonstrator who looks at every step.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from qbc.robots.avoiding import (
    AIM,
    CYLINDERS,
    DESIRED,
    FATE,
    LEVELS,
    MEASURED,
    MODES,
    ROD,
    RUNNING,
    SPEED,
    START,
    Meaning,
    plant,
    start,
)
from qbc.systems import Array, Policy, rollout

Episode = tuple[Array, Array]  # states (T, 7), actions (T, 2) [m or N]
STRIDE = 0.0065  # of the smooth demonstrator: arc length a step [m]
FASTEST = 0.0125  # of the human-like one: either way along x, and along y [m a step]
HELD = 0.03  # x does not change this far before and behind a level [m]
WIDTH = 0.03  # of the interval from which x is drawn at a level [m]
FAR, PAUSE = 0.08, 3  # before and behind a move along x of more than this [m] it waits so many steps
STIFF, DAMPED = 100.0, 20.0  # of who leads the rod by forces [N/m, N s/m], 1 kg
HOLD = 0.035  # how long an action is held [s]
OUTSIDE = 0.1  # beyond the outermost cylinders, as far as this [m]


def intervals(level: int, clear: float) -> Array:
    """Where x may be at a level, one row for each gap from the left, (gaps, 2): WIDTH wide, ``clear`` from every edge or in the middle.

    Raises ``ValueError`` for a clearance with which the inner gaps are narrower than that.
    """
    x, r = CYLINDERS[CYLINDERS[:, 1] == LEVELS[level]][:, [0, 2]].T
    low = np.concatenate([[x[0] - OUTSIDE - r[0] - ROD], x + r + ROD + clear])
    high = np.concatenate([x - r - ROD - clear, [x[-1] + OUTSIDE + r[-1] + ROD]])
    if clear < 0 or (high - low)[1:-1].min(initial=WIDTH) < WIDTH - 1e-12:
        raise ValueError(f"clear: >= 0, and an interval of {WIDTH} m left in every gap, got {clear}")
    middle = (low + high) / 2
    middle[0], middle[-1] = high[0] - WIDTH / 2, low[-1] + WIDTH / 2
    return np.stack([middle - WIDTH / 2, middle + WIDTH / 2], axis=1)


def gaps_of(mode: NDArray[np.int64]) -> NDArray[np.int64]:
    """The gaps (n, 3) of modes (n,): 12 first + 4 second + third."""
    return np.stack([mode // 12, mode // 4 % 3, mode % 4], axis=1)


def places(mode: NDArray[np.int64], clear: float, rng: np.random.Generator) -> Array:
    """Where x is at each level, (n, 3), drawn for modes (n,)."""
    each = [intervals(level, clear)[gap] for level, gap in enumerate(gaps_of(mode).T)]
    return np.stack([rng.uniform(ends[:, 0], ends[:, 1]) for ends in each], axis=1)


def smooth(at: Array) -> Array:
    """Increments (T, 2) through the places ``at`` (3,): a monotone curve between the levels, straight beside them, in equal strides."""
    y = np.concatenate([[START[1]], np.stack([LEVELS - HELD, LEVELS + HELD], axis=1).ravel(), [AIM + 0.03]])
    x = np.concatenate([[START[0]], np.repeat(at, 2), at[-1:]])
    fine = np.linspace(y[0], y[-1], 4000)
    path = np.stack([PchipInterpolator(y, x)(fine), fine], axis=1)
    length = np.concatenate([[0.0], np.linalg.norm(np.diff(path, axis=0), axis=1).cumsum()])
    along = np.arange(0.0, length[-1], STRIDE)
    return np.diff(np.stack([np.interp(along, length, path[:, c]) for c in (0, 1)], axis=1), axis=0)


def human(at: Array, rng: np.random.Generator) -> Array:
    """Increments (T, 2) through the places ``at`` (3,): a pause first, then straight ahead with x exactly 0 beside the levels, and
    across between them, y at rest where the way is far, with a pause before and behind, for the rod lags; y never goes back, and there
    is a speed limit."""
    out = [np.zeros(2)] * int(rng.geometric(0.2))
    x, y = START
    stops = [*zip(at, LEVELS - 1.5 * HELD, LEVELS + 1.5 * HELD, strict=True), (at[-1], AIM, AIM + 0.05)]
    pace = min(1.0, rng.uniform(0.6, 1.1)) * FASTEST
    for goal, near, far in stops:
        rest = [np.zeros(2)] * (PAUSE if abs(goal - x) > FAR else 0)
        out += rest
        while abs(goal - x) > 1e-12:
            dx = float(np.clip(goal - x, -pace, pace))
            left = int(np.ceil(abs(goal - x) / pace))
            dy = float(np.clip((near - y) / left, 0.0, FASTEST))
            dy = 0.0 if dy < 0.3 * FASTEST else dy
            out.append(np.array([dx, dy]))
            x, y = x + dx, y + dy
        out += rest
        while y < far:
            dy = FASTEST if rng.random() < 0.8 else float(rng.uniform(0.5, 1.0)) * FASTEST
            out.append(np.array([0.0, dy]))
            y += dy
    return np.array(out)


def pushing(plans: Array) -> Policy:
    """Forces that lead the rod along the places to which plans of increments (n, T, 2) lead: what their bends ask for, and what errors
    of place and velocity do (STIFF, DAMPED), looked at once a step. It counts its steps: one policy, one rollout."""
    goal = START + np.concatenate([np.zeros((len(plans), 2, 2)), plans, np.zeros((len(plans), 1, 2))], axis=1).cumsum(axis=1)
    now = iter(range(1, plans.shape[1] + 1))

    def force(x: Array, rng: np.random.Generator) -> Array:
        t = next(now)
        before, here, ahead = goal[:, t - 1], goal[:, t], goal[:, t + 1]
        bend = (ahead - 2 * here + before) / HOLD**2
        return np.asarray(bend + STIFF * (here - x[:, MEASURED]) + DAMPED * ((ahead - before) / (2 * HOLD) - x[:, SPEED]))

    return force


def played(plans: Sequence[Array], action: Meaning = "increment") -> list[Episode]:
    """What is recorded of plans of increments (T, 2) each: states and actions until the rod arrives or the plan ends.

    Whether it arrives is for the caller to look at: those of :func:`demonstrate` do, if ``clear`` is two millimetres or more.
    """
    n, H = len(plans), max(map(len, plans))
    u = np.zeros((n, H, 2))
    for row, plan in zip(u, plans, strict=True):
        row[: len(plan)] = plan
    steps = iter(u.swapaxes(0, 1))

    def lead(x: Array, rng: np.random.Generator) -> Array:
        return next(steps) + (action == "target") * x[:, DESIRED]

    policy = pushing(u) if action == "force" else lead
    run = rollout(plant(action), policy, start(n), H, np.random.default_rng(0))
    return [(x[:-1][on], u[on]) for x, u in zip(run.x, run.u, strict=True) for on in [x[:-1, FATE] == RUNNING]]


def demonstrate(
    n: int,
    rng: np.random.Generator,
    *,
    clear: float = 0.02,
    like: str = "smooth",
    modes: Sequence[int] = range(MODES),
    action: Meaning = "increment",
) -> list[Episode]:
    """n demonstrations, as many of each of the ``modes`` as can be, in random order; ``like``: smooth or human. The same ``rng``
    gives the same plans whatever ``action`` means.

    Raises ``ValueError`` for other words and modes, for n below 1, and for a clearance that no gap has.
    """
    if like not in ("smooth", "human") or n < 1 or not set(modes) <= set(range(MODES)) or not len(modes):
        raise ValueError(f"demonstrate: n >= 1, like smooth or human, modes of 0 to 23, got n = {n}, {like!r} and {tuple(modes)}")
    mode = np.array(modes)[rng.permutation(np.arange(n) % len(modes))]
    at = places(mode, clear, rng)
    return played([smooth(p) if like == "smooth" else human(p, rng) for p in at], action)
