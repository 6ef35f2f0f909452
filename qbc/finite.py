"""Finite Markov decision processes: exact occupancies, values and trajectory laws.

The oracle of the book. Everything a chapter samples from a finite instance can be computed here without sampling.
A trajectory is (x_1, u_1, ..., x_H, u_H). A policy is a table of probabilities in one of three shapes:

    (S, A)        one table for all steps                        pi(u | x)
    (H, S, A)     one table per step                             pi_h(u | x)
    (S, H, S, A)  one table per step and per first state x_1     pi_h(u | x_1, x), x_1 = the context of the episode

Two policies in the same plant have path laws that differ only through the actions, so the Bhattacharyya affinity
sum_tau sqrt(P(tau) P'(tau)) obeys a backward recursion in which the plant enters linearly:

    B_{H+1} = 1,   B_h(x) = sum_u sqrt(pi_h(u|x) pi'_h(u|x)) sum_y T(y|x,u) B_{h+1}(y),   affinity = E_{x_1} B_1(x_1).

Total variation has no such recursion; it is computed by enumerating the paths.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

from qbc.arrays import finite

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_PATHS = 2_000_000  # enumeration refuses to go beyond this many paths


class Trajectories(NamedTuple):
    """n sampled episodes of length H."""

    states: Ints  # (n, H)
    actions: Ints  # (n, H)
    rewards: Floats  # (n, H)


class Paths(NamedTuple):
    """All K trajectories that the plant allows, in lexicographic order, whatever the policy."""

    states: Ints  # (K, H)
    actions: Ints  # (K, H)
    plant: Floats  # (K,) initial(x_1) * prod_h transition(x_{h+1} | x_h, u_h): the policy-free factor of the law
    returns: Floats  # (K,) sum of rewards


def draw(weights: Floats, rng: np.random.Generator) -> Ints:
    """One index for each row of weights >= 0 (..., K), by inversion: (...). A row need not sum to 1; weight 0 is never drawn.

    Raises ``ValueError`` naming the row whose weights are not all finite.
    """
    cumulative = weights.cumsum(axis=-1)
    finite("weights", cumulative[..., -1], *["row"] * (weights.ndim - 1))
    threshold = rng.random((*weights.shape[:-1], 1)) * cumulative[..., -1:]
    return np.asarray((cumulative[..., :-1] <= threshold).sum(axis=-1), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class FiniteMDP:
    """A finite-horizon MDP with exact answers; arrays are copied, checked and made read-only."""

    initial: Floats  # (S,) law of x_1
    transition: Floats  # (S, A, S) law of x_{h+1} given (x_h, u_h)
    reward: Floats  # (S, A) or (H, S, A) reward of one step; stored as (H, S, A)
    horizon: int  # H >= 1

    def __post_init__(self) -> None:
        if self.horizon < 1:
            raise ValueError(f"horizon must be at least 1, got {self.horizon}")
        initial, transition = _laws(self.initial, "initial"), _laws(self.transition, "transition")
        if initial.ndim != 1:
            raise ValueError(f"initial must have shape (S,), got {initial.shape}")
        if transition.ndim != 3 or transition.shape[0] != len(initial) or transition.shape[2] != len(initial):
            raise ValueError(f"transition must have shape (S, A, S) with S={len(initial)}, got {transition.shape}")
        reward = np.array(self.reward, dtype=np.float64)
        shape = (self.horizon, *transition.shape[:2])
        if reward.shape not in (shape, shape[1:]):
            raise ValueError(f"reward must have shape {shape[1:]} or {shape}, got {reward.shape}")
        if not np.isfinite(reward).all():
            raise ValueError("reward must be finite")
        reward = np.array(np.broadcast_to(reward, shape))
        for name, array in (("initial", initial), ("transition", transition), ("reward", reward)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def n_states(self) -> int:
        return int(self.transition.shape[0])

    @property
    def n_actions(self) -> int:
        return int(self.transition.shape[1])

    def table(self, policy: Floats, name: str = "policy") -> Floats:
        """Any admissible policy table as (S, H, S, A): first state, step, state, action."""
        S, A, H = self.n_states, self.n_actions, self.horizon
        laws = _laws(policy, name)
        if laws.shape not in ((S, A), (H, S, A), (S, H, S, A)):
            raise ValueError(f"{name} must have shape {(S, A)}, {(H, S, A)} or {(S, H, S, A)}, got {laws.shape}")
        return np.broadcast_to(laws, (S, H, S, A))

    def context_occupancy(self, policy: Floats) -> Floats:
        """(S, H, S, A): joint law of (x_1, x_h, u_h) for every step h; sums to 1 over all axes but the second."""
        pi = self.table(policy)
        out = np.empty(pi.shape)
        mass = np.diag(self.initial)  # (x_1, x_h)
        for h in range(self.horizon):
            out[:, h] = mass[:, :, None] * pi[:, h]
            mass = np.einsum("cxu,xuy->cy", out[:, h], self.transition)
        return out

    def occupancy(self, policy: Floats) -> Floats:
        """(H, S, A): law of (x_h, u_h) for every step h."""
        return np.asarray(self.context_occupancy(policy).sum(axis=0))

    def value(self, policy: Floats) -> float:
        """Expected sum of rewards J(pi), in units of reward."""
        return float((self.occupancy(policy) * self.reward).sum())

    def affinity(self, policy: Floats, other: Floats) -> float:
        """Bhattacharyya affinity of the two trajectory laws, by the backward recursion above."""
        root = np.sqrt(self.table(policy) * self.table(other, "other"))
        ahead = np.ones((self.n_states, self.n_states))  # B_{h+1}(x) for each x_1
        for h in reversed(range(self.horizon)):
            ahead = (root[:, h] * np.einsum("xuy,cy->cxu", self.transition, ahead)).sum(axis=-1)
        return float(self.initial @ np.diag(ahead))

    def hellinger2(self, policy: Floats, other: Floats) -> float:
        """Squared Hellinger distance sum (sqrt P - sqrt P')^2 = 2 (1 - affinity) of the trajectory laws, in [0, 2]."""
        return max(0.0, 2.0 * (1.0 - self.affinity(policy, other)))

    def kl(self, policy: Floats, other: Floats) -> float:
        """Relative entropy of the path laws = excess log-loss of `other` on data of `policy`, in nats, may be inf."""
        context = self.context_occupancy(policy).sum(axis=-1)  # (x_1, h, x)
        step = rel_entr(self.table(policy), self.table(other, "other")).sum(axis=-1)
        return float((context * np.where(context > 0, step, 0.0)).sum())

    def paths(self) -> Paths:
        """Every trajectory to which the plant gives positive probability under some policy."""
        A, states, plant = self.n_actions, np.flatnonzero(self.initial)[:, None], self.initial[self.initial > 0]
        actions = np.empty((len(states), 0), dtype=np.int64)
        for h in range(self.horizon):
            if h > 0:  # every next state that the plant allows
                step = self.transition[states[:, -1], actions[:, -1]]
                k, y = np.nonzero(step)
                states, actions, plant = np.column_stack([states[k], y]), actions[k], plant[k] * step[k, y]
            if len(states) * A > MAX_PATHS:
                raise ValueError(f"horizon too long to enumerate: {len(states) * A} paths, at most {MAX_PATHS}")
            k, u = np.divmod(np.arange(len(states) * A), A)
            states, actions, plant = states[k], np.column_stack([actions[k], u]), plant[k]
        returns = self.reward[np.arange(self.horizon), states, actions].sum(axis=1)
        return Paths(states, actions, plant, returns)

    def path_law(self, policy: Floats, paths: Paths | None = None) -> Floats:
        """(K,) exact probability of each of `paths` (default: all of them); all sum to 1."""
        paths = self.paths() if paths is None else paths
        pi, first, steps = self.table(policy), paths.states[:, :1], np.arange(self.horizon)
        return np.asarray(paths.plant * pi[first, steps, paths.states, paths.actions].prod(axis=1))

    def tv(self, policy: Floats, other: Floats) -> float:
        """Total variation of the trajectory laws, by enumeration, in [0, 1]."""
        paths = self.paths()
        return float(0.5 * np.abs(self.path_law(policy, paths) - self.path_law(other, paths)).sum())

    def sample(self, policy: Floats, n: int, rng: np.random.Generator) -> Trajectories:
        """n independent episodes; the same generator state gives identical arrays."""
        if n < 0:
            raise ValueError(f"n must not be negative, got {n}")
        H, pi, plant = self.horizon, self.table(policy), self.transition
        states, actions = np.empty((n, H), dtype=np.int64), np.empty((n, H), dtype=np.int64)
        x = first = draw(np.broadcast_to(self.initial, (n, self.n_states)), rng)
        for h in range(H):
            u = draw(pi[first, h, x], rng)
            states[:, h], actions[:, h] = x, u
            x = draw(plant[x, u], rng) if h < H - 1 else x
        return Trajectories(states, actions, self.reward[np.arange(H), states, actions])


def _laws(array: Floats, name: str) -> Floats:
    """A float copy whose last axis holds probabilities, or a ValueError that names the argument."""
    laws = np.array(array, dtype=np.float64)
    if laws.ndim == 0 or not np.isfinite(laws).all() or (laws < 0).any():
        raise ValueError(f"{name} must hold finite probabilities >= 0 along its last axis")
    if not np.allclose(laws.sum(axis=-1), 1.0, rtol=0.0, atol=1e-9):
        raise ValueError(f"{name} must sum to 1 along its last axis")
    return laws
