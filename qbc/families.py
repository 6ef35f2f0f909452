"""Instances that several chapters test theorems on; actions and states of one coordinate, arrays of any shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qbc import quantizers, systems
from qbc.systems import Array

Act = Callable[[Array, np.random.Generator], Array]


def most_likely(log_likelihood: ArrayLike, rng: np.random.Generator, weights: ArrayLike | None = None) -> Any:
    """The MLE of a finite class: index of the member with the largest log-likelihood, ties broken uniformly.

    ``log_likelihood`` (..., n, K) of each of n data under each of K members gives (...); ``weights`` (..., n) says how often each
    datum occurred (default: once). An impossible datum is -inf, unless it never occurred.
    Raises ``ValueError`` for NaN, and if a data set has probability zero under every member: the class then does not contain the
    truth.
    """
    each = np.asarray(log_likelihood, dtype=float)
    if each.ndim < 2:
        raise ValueError(f"log_likelihood: (..., n, K) of each datum under each member, got shape {each.shape}")
    total = each.sum(axis=-2) if weights is None else _weighted(np.asarray(weights, dtype=float), each)
    best = total.max(axis=-1, keepdims=True)
    if np.isnan(best).any():
        raise ValueError("log_likelihood: some datum is NaN under a member of the class")
    if np.isneginf(best).any():
        raise ValueError("log_likelihood: some data set has probability zero under every member of the class")
    return (rng.random(total.shape) * (total >= best - 1e-9)).argmax(axis=-1)


def _weighted(weights: Array, each: Array) -> Array:
    """sum_i weights_i each_ik, with 0 times -inf equal to 0."""

    def summed(x: Array) -> Array:  # one product if all data sets share the table: many small ones are slow
        return np.tensordot(weights, x, axes=1) if x.ndim == 2 else np.matmul(weights[..., None, :], x)[..., 0, :]

    impossible = np.isneginf(each)
    total = summed(np.where(impossible, 0.0, each))
    if impossible.any():
        total = np.where(summed(impossible.astype(float)) > 0, -np.inf, total)
    return np.asarray(total)


def frequency(count: ArrayLike, n: int, rng: np.random.Generator) -> Array:
    """The MLE of a probability: ``count`` (...) occurrences among ``n`` draws, each over n. ``rng`` is not used by this learner."""
    k = np.asarray(count, dtype=float)
    if n < 1 or k.min(initial=0) < 0 or k.max(initial=0) > n:
        raise ValueError(f"frequency needs counts between 0 and n >= 1, got n = {n}")
    return np.asarray(k / n)


@dataclass(frozen=True)
class Martingale:
    """x' = eta x + (1 - eta) u, u = +-1 with P(+1 | x) = (1 + theta x)/2, reward (1 + x)/2; the expert has theta = 1 unless said.

    The state is a martingale under the expert, so what quantisation takes away is never given back: Theorem 2's H^2 term.
    """

    eta: float = 0.5

    @property
    def plant(self) -> systems.System:
        return systems.linear(self.eta, 1 - self.eta)

    def policy(self, theta: float, eps: float = 0.0) -> Act:
        """Plays the decoded sign: the end bins decode to +-(1 - eps)."""
        q = quantizers.codebook([eps - 1, 1 - eps], -1.0, 1.0)
        return lambda x, rng: q(np.where(rng.random(x.shape) < (1 + theta * x) / 2, 1.0, -1.0))

    def demonstrations(self, n: int, horizon: int, x1: float, rng: np.random.Generator, theta: float = 1.0) -> systems.Rollouts:
        """n expert trajectories with raw states (n, horizon + 1, 1) and raw actions +-1 (n, horizon, 1)."""
        return systems.rollout(self.plant, self.policy(theta), np.full((n, 1), x1), horizon, rng)

    def log_likelihood(self, thetas: Sequence[float], data: systems.Rollouts) -> Array:
        """(n, K) log-likelihood of the signs of each trajectory of the data under each theta."""
        x, sign = data.x[:, :-1], np.sign(data.u)
        with np.errstate(divide="ignore"):
            return np.stack([np.log((1 + t * sign * x) / 2).sum(axis=(1, 2)) for t in thetas], axis=1)

    def regret(self, horizon: int, x1: float, eps: float, theta: float, expert: float = 1.0) -> float:
        """Exact J(expert) - J(policy(theta, eps)) over ``horizon`` rewarded states: all means are linear in the state."""
        h = np.arange(horizon)
        keep = self.eta + (1 - self.eta) * np.array([expert, theta * (1 - eps)])
        return float(x1 / 2 * (keep[0] ** h - keep[1] ** h).sum())


@dataclass(frozen=True, eq=False, repr=False)
class Branched(quantizers.Quantizer):
    """``grid``, but for actions arctan x of the states x in [low, high]: those get the code of ``value``, the last one that applies."""

    grid: quantizers.Cells
    parts: tuple[tuple[float, float, float], ...]  # (low, high, value)

    @property
    def ends(self) -> Array:
        return self.grid.ends

    @property
    def radius(self) -> float:
        off = [max(abs(v - np.arctan(low)), abs(v - np.arctan(high))) for low, high, v in self.parts]
        return float(max([self.grid.radius, *off]))

    def encode(self, u: ArrayLike, rng: np.random.Generator | None = None) -> quantizers.Codes:
        a = np.asarray(u, dtype=float)
        codes = np.searchsorted(self.values, self.grid.values)[self.grid.encode(a)]
        for low, high, value in self.parts:
            codes = np.where((a >= np.arctan(low)) & (a <= np.arctan(high)), np.searchsorted(self.values, value), codes)
        return codes.astype(np.int64)


@dataclass(frozen=True)
class Trap:
    """The instance of Cao & Xie, Theorem 6, as reported: x' = A x + B u, expert arctan, reward 1 - |u - arctan x|, and a quantiser
    with three exceptional branches that are accurate on average along the expert and lock the learner into a 2-cycle."""

    eps: float
    A: float = 0.2
    B: float = 0.3
    k: float = 2.0
    d: float = 1.2
    tolerance: float = 1e-12  # the cycle converges to an end point of a closed interval

    @property
    def plant(self) -> systems.System:
        return systems.linear(self.A, self.B)

    @staticmethod
    def expert(x: Array, rng: np.random.Generator | None = None) -> Array:
        return np.arctan(x)

    def branches(self) -> dict[str, tuple[float, float, float]]:
        """Name -> (low, high, decoded action) of the intervals I_P, I_T1, I_T2."""
        A, B, d, e = self.A, self.B, self.d, self.eps
        return {
            "P": (-self.k * e / 2, self.k * e / 2, (d + 0.5) / B * e),
            "T1": (d * e, (d + 1) * e, 1.0),
            "T2": (A * d * e + B, A * (d + 1) * e + B, (d + 1) * (1 - A * A) / B * e - A),
        }

    def policy(self, keep: Sequence[str] = ("P", "T1", "T2"), shift: float = 0.0, values: Mapping[str, float] | None = None) -> Act:
        """x -> q(arctan x) with the branches in ``keep``, moved by ``shift`` eps, decoding to ``values`` where given.

        Elsewhere bins of half-width eps/2 (mid-rise). The defaults are the quantised expert of the theorem.
        """
        grid = quantizers.lattice(self.eps, np.pi / 2, "mid-rise")
        move, other, tol = shift * self.eps, values or {}, self.tolerance
        parts = [(low + move - tol, high + move + tol, other.get(n, v)) for n, (low, high, v) in self.branches().items() if n in keep]
        q = Branched(np.unique([*grid.values, *(v for *_, v in parts)]), grid, tuple(parts))

        def act(x: Array, rng: np.random.Generator | None = None) -> Array:
            return q(np.arctan(x))

        return act

    def policy_class(self) -> dict[str, Act]:
        """Twelve members: every subset of the branches, moved branches, wrong values. ``P+T1+T2`` is the quantised expert."""
        names = ("P", "T1", "T2")
        subsets = [[n for i, n in enumerate(names) if mask >> i & 1] for mask in range(8)]
        members = {"+".join(s) or "bins": self.policy(s) for s in subsets}
        members |= {f"moved {s:+}": self.policy(shift=s) for s in (-0.5, 0.5)}
        return members | {"T1 to .5": self.policy(values={"T1": 0.5}), "T2 to 0": self.policy(values={"T2": 0.0})}

    def expert_states(self, n: int, horizon: int, rng: np.random.Generator, sigma: float = 0.0) -> Array:
        """(horizon, n) raw states of the raw expert from x_1 ~ N(0, 1), plant noise ``sigma``."""
        plant = systems.linear(self.A, self.B, sigma)
        run = systems.rollout(plant, self.expert, rng.normal(size=(n, 1)), max(horizon - 1, 1), rng)
        return run.x[:, :horizon, 0].T
