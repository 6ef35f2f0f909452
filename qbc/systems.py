"""Plants x_{t+1} = f(x_t, u_t) + sigma w_t, and rolling policies out on them, over all trajectories at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qbc.arrays import finite, numbers

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Policy = Callable[[Array, np.random.Generator], Array]


def matvec(m: Array, x: Array) -> Array:
    """m x for every row x of a (N, d) array; a product, not a matmul, where m is 1 x 1 (fifteen times faster)."""
    return x * m.item() if m.shape == (1, 1) else x @ m.T


def _count(name: str, n: object) -> None:
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 1:
        raise ValueError(f"{name} must be a whole number >= 1, got {n!r}")


def _generator(rng: object) -> None:
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a numpy Generator, got {rng!r}")


@dataclass(frozen=True)
class System:
    """A plant with its declared contraction constants: |f(x,u) - f(x',u')| <= alpha |x - x'| + beta |u - u'|, Euclidean norms."""

    f: Callable[[Array, Array], Array]  # ((N, dx), (N, du)) -> (N, dx)
    dx: int
    du: int
    alpha: float
    beta: float
    sigma: float = 0.0  # standard deviation of the plant noise, in units of x

    def __post_init__(self) -> None:
        for name in ("dx", "du"):
            _count(name, getattr(self, name))
        for name in ("alpha", "beta", "sigma"):
            x = getattr(self, name)
            if not (isinstance(x, Real) and 0 <= float(x) < math.inf):  # False for NaN
                raise ValueError(f"{name} must be a finite number >= 0, got {x!r}")


@dataclass(frozen=True, eq=False)
class Rollouts:
    """N trajectories of H steps: the states visited and the actions taken. Two are equal if all their entries are."""

    x: Array  # (N, H + 1, dx)
    u: Array  # (N, H, du)

    def __post_init__(self) -> None:
        if self.x.ndim != 3 or self.u.ndim != 3 or self.x.shape[:2] != (self.u.shape[0], self.u.shape[1] + 1):
            raise ValueError(f"Rollouts need x (N, H+1, dx) and u (N, H, du), got {self.x.shape} and {self.u.shape}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rollouts):
            return NotImplemented
        return np.array_equal(self.x, other.x) and np.array_equal(self.u, other.u)

    __hash__ = None  # type: ignore[assignment]  # arrays may change


def linear(a: ArrayLike, b: ArrayLike, sigma: float = 0.0) -> System:
    """x' = a x + b u with matrices a (dx, dx), b (dx, du), or numbers; alpha and beta are their spectral norms."""
    A, B = np.atleast_2d(numbers("a", a)), np.atleast_2d(numbers("b", b))
    if A.ndim != 2 or B.ndim != 2 or A.shape[0] != A.shape[1] or B.shape[0] != A.shape[0]:
        raise ValueError(f"linear needs a (dx, dx) and b (dx, du), got {A.shape} and {B.shape}")
    finite("a", A, "row", "column")
    finite("b", B, "row", "column")
    alpha, beta = float(np.linalg.norm(A, 2)), float(np.linalg.norm(B, 2))
    return System(lambda x, u: matvec(A, x) + matvec(B, u), A.shape[0], B.shape[1], alpha, beta, sigma)


def contractive(rng: np.random.Generator, *, dx: int, du: int, alpha: float, beta: float) -> System:
    """A random nonlinear system x' = g(alpha P x + beta Q u + c): P orthogonal, |Q| = 1, g elementwise 1-Lipschitz.

    (alpha, beta)-contractive for alpha < 1 by construction; tanh, softplus and a triangle wave take turns as g, so that some
    coordinates saturate, some are one-sided and some fold.
    """
    _generator(rng)
    _count("dx", dx)
    _count("du", du)
    p = np.linalg.qr(rng.normal(size=(dx, dx)))[0]
    q = rng.normal(size=(dx, du))
    q /= np.linalg.norm(q, 2)
    c, kind = rng.normal(size=dx), rng.integers(3, size=dx)

    def f(x: Array, u: Array) -> Array:
        z = alpha * x @ p.T + beta * u @ q.T + c
        fold = np.abs((z + 1) % 4 - 2) - 1
        return np.choose(kind, [np.tanh(z), np.logaddexp(0.0, z), fold])

    return System(f, dx, du, alpha, beta)


def chunked(plant: System, length: int) -> System:
    """The plant whose action is ``length`` actions of ``plant``, stacked in their order and executed without looking.

    Its action is (N, length * du), its step ``length`` steps; its constants are those of the composition. Raises
    ``ValueError`` for a length that is none and for a noisy plant, whose noise would have to act between the actions.
    """
    _count("length", length)
    if plant.sigma:
        raise ValueError(f"chunked needs a plant without noise, got sigma={plant.sigma}")

    def f(x: Array, u: Array) -> Array:
        for action in np.split(u, length, axis=1):
            x = plant.f(x, action)
        return x

    with np.errstate(over="ignore"):  # then they are infinite, which System refuses
        powers = np.float64(plant.alpha) ** np.arange(length + 1)
        beta = plant.beta * float(np.sqrt(np.sum(powers[:-1] ** 2)))
    return System(f, plant.dx, length * plant.du, float(powers[-1]), beta)


def _start(system: System, x1: Array | Single, horizon: int, rng: np.random.Generator) -> Array:
    """A copy of the states that a rollout starts from, in their own precision."""
    _count("horizon", horizon)
    _generator(rng)
    x: Array = np.array(x1, dtype=np.float32 if np.asarray(x1).dtype == np.float32 else np.float64)
    if x.ndim != 2 or x.shape[1] != system.dx:
        raise ValueError(f"x1 must have shape (N, {system.dx}), got {x.shape}")
    finite("x1", x, "row", "column")
    return x


def steps(
    system: System, policy: Policy, x1: Array | Single, horizon: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array, Array]]:
    """Yield ``(x, u, x_next)`` for each of ``horizon`` steps from the states ``x1`` (N, dx); nothing is stored.

    States are float64, or float32 if ``x1`` is, and then the plant's noise is drawn in float32 too; actions are as the policy gives
    them. Float32 halves memory and saves no time. Raises ``ValueError`` naming the argument if ``x1``, ``horizon``, ``rng``, the
    policy's actions or the plant's states have the wrong form, or ``x1`` is not finite; later numbers are not looked at.
    """
    x = _start(system, x1, horizon, rng)
    actions = (len(x), system.du)
    for _ in range(horizon):
        u = np.asarray(policy(x, rng))
        if u.shape != actions or u.dtype.kind not in "fiub":
            raise ValueError(f"policy must return actions of shape {actions}, real numbers, got {u.dtype} of shape {u.shape}")
        x_next = np.asarray(system.f(x, u), dtype=x.dtype)
        if x_next.shape != x.shape:
            raise ValueError(f"the plant's f must return states of shape {x.shape}, got {x_next.shape}")
        if system.sigma:  # in place in the noise, which is ours; what f returns may be the plant's
            noise = rng.standard_normal(x.shape, dtype=x.dtype)
            noise *= system.sigma
            noise += x_next
            x_next = noise
        yield x, u, x_next
        x = x_next


def rollout(system: System, policy: Policy, x1: Array | Single, horizon: int, rng: np.random.Generator) -> Rollouts:
    """Roll ``policy`` out from the states ``x1`` (N, dx) and keep every state and action, in the precision of :func:`steps`.

    The two arrays are views of one block of memory, step after step. Raises what :func:`steps` raises, and ``ValueError`` for
    the first step of which actions or states are not finite, once all are there.
    """
    x = _start(system, x1, horizon, rng)
    xs_shape, us_shape = (horizon + 1, *x.shape), (horizon, len(x), system.du)
    states = math.prod(xs_shape)
    room = np.empty(states + math.prod(us_shape), x.dtype)  # one block: an allocator keeps it for the next call, and seldom two
    xs, us = room[:states].reshape(xs_shape), room[states:].reshape(us_shape)
    xs[0] = x
    for t, (_, u, x_next) in enumerate(steps(system, policy, x, horizon, rng)):
        us[t], xs[t + 1] = u, x_next
    with np.errstate(all="ignore"):
        doubtful = not np.isfinite(room.sum())  # one pass without a copy; a sum may be too large where no entry is
    if doubtful:
        at = (~np.isfinite(xs)).any(axis=(1, 2)).argmax()  # 0 if all are finite, as those at the start are
        acted = us[:at] if at else us
        finite("actions", acted, "step", "row", "column")  # those that led there, first
        finite("states", xs, "step", "row", "column")
    return Rollouts(xs.swapaxes(0, 1), us.swapaxes(0, 1))


EXAMPLES: dict[str, System] = {
    "scalar": linear(0.9, 1.0),
    "rotation": linear(0.8 * np.array([[0.6, -0.8], [0.8, 0.6]]), [[0.5], [0.0]]),
    "chunked": chunked(linear([[0.9, 0.2], [0.0, 0.7]], np.eye(2)), 3),
    "contractive 1-D": contractive(np.random.default_rng(1), dx=1, du=1, alpha=0.5, beta=2.0),
    "contractive 3-D": contractive(np.random.default_rng(2), dx=3, du=2, alpha=0.95, beta=0.3),
    "contractive 6-D": contractive(np.random.default_rng(3), dx=6, du=6, alpha=0.7, beta=1.0),
}
