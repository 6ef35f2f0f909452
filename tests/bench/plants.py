"""One plant, x' = A x + B u + noise with u = K x, rolled out by qbc, by numpy, by a loop over trajectories, by gymnasium."""

import numpy as np

from qbc import policies, systems

SIGMA = 0.1
Array = np.ndarray


def matrices(d: int) -> tuple[Array, Array, Array]:
    """A, a rotation that contracts by .9, B and K."""
    rng = np.random.default_rng(0)
    return 0.9 * np.linalg.qr(rng.normal(size=(d, d)))[0], 0.3 * rng.normal(size=(d, 1)), 0.1 * rng.normal(size=(1, d))


def setting(n: int, d: int, horizon: int) -> tuple:
    """What ``rollout`` and ``steps`` are called with."""
    (A, B, K), rng = matrices(d), np.random.default_rng(1)
    return systems.linear(A, B, SIGMA), policies.Linear(K, np.zeros(1)), rng.normal(size=(n, d)), horizon, rng


def stored(**sizes: int) -> Array:
    return systems.rollout(*setting(**sizes)).x[:, -1]


def streamed(**sizes: int) -> Array:
    for _, _, x_next in systems.steps(*setting(**sizes)):
        last = x_next
    return last


def stacked(**sizes: int) -> Array:
    """Steps collected in lists and stacked at the end."""
    *_, x_next = (np.stack(part, axis=1) for part in list(zip(*systems.steps(*setting(**sizes)), strict=True)))
    return x_next[:, -1]


def factors(d: int) -> tuple:
    """The matrices from the right, and their product; one number each, and a product of numbers, in one dimension."""
    return (np.multiply, *(m.item() for m in matrices(d))) if d == 1 else (np.matmul, *(m.T for m in matrices(d)))


def bare(n: int, d: int, horizon: int) -> Array:
    """All trajectories at once, in numpy alone; nothing is stored."""
    (times, A, B, K), rng = factors(d), np.random.default_rng(1)
    x = rng.normal(size=(n, d))
    for _ in range(horizon):
        u = times(x, K)
        x = times(x, A) + times(u, B) + SIGMA * rng.normal(size=x.shape)
    return x


def kept(n: int, d: int, horizon: int) -> Array:
    """The same, and everything is stored."""
    (times, A, B, K), rng = factors(d), np.random.default_rng(1)
    xs, us = np.empty((horizon + 1, n, d)), np.empty((horizon, n, 1))
    xs[0] = rng.normal(size=(n, d))
    for t in range(horizon):
        us[t] = times(xs[t], K)
        xs[t + 1] = times(xs[t], A) + times(us[t], B) + SIGMA * rng.normal(size=(n, d))
    return xs[-1]


def trajectories(n: int, d: int, horizon: int) -> Array:
    """One trajectory after the other."""
    (A, B, K), rng = matrices(d), np.random.default_rng(1)
    x1, xs = rng.normal(size=(n, d)), np.empty((n, horizon + 1, d))
    for i in range(n):
        x = xs[i, 0] = x1[i]
        for t in range(horizon):
            u = K @ x
            x = xs[i, t + 1] = A @ x + B @ u + SIGMA * rng.normal(size=d)
    return xs[:, -1]


def environments(n: int, d: int, horizon: int):
    """A run of n environments in gymnasium's SyncVectorEnv, built once."""
    from gymnasium import Env, spaces  # the extra `bench`
    from gymnasium.vector import SyncVectorEnv

    (A, B, K), rng = matrices(d), np.random.default_rng(1)
    x1 = iter(())

    class Plant(Env):
        observation_space = spaces.Box(-np.inf, np.inf, (d,), np.float64)
        action_space = spaces.Box(-np.inf, np.inf, (1,), np.float64)

        def reset(self, *, seed=None, options=None):
            self.x = next(x1)
            return self.x, {}

        def step(self, action):
            self.x = A @ self.x + B @ action + SIGMA * rng.normal(size=d)
            return self.x, 0.0, False, False, {}

    envs = SyncVectorEnv([Plant] * n)

    def run() -> Array:
        nonlocal x1
        x1 = iter(np.random.default_rng(1).normal(size=(n, d)))
        x, _ = envs.reset()
        for _ in range(horizon):
            x = envs.step(x @ K.T)[0]
        return x

    return run
