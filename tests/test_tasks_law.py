"""The law that autoregressive tokens imitate: against plain loops on the same draws, and where its answers are known."""

import math

import numpy as np
import pytest

from qbc import quantizers, tasks
from qbc.finite import draw

T = tasks.T


def grids(*steps):
    return tuple(quantizers.lattice(s, 1.0) for s in steps)


def by_loops(task, grid, steps, n, rng, history):
    """The oracle: path by path, with the posterior of the modes written out; it draws in the same order."""
    sd = [math.sqrt(task.noise**2 + s**2 / 12) for s in steps]
    at = [list(task.start) for _ in range(n)]
    paths = [[tuple(a)] for a in at]
    for t in range(T - 1):
        now, then = task.means[:, t], task.means[:, t + 1]
        here = at
        if not history:
            picked, noise = rng.integers(task.K, size=n), rng.normal(size=(n, 2))
            here = [[now[k, c] + sd[c] * noise[i, c] for c in range(2)] for i, k in enumerate(picked)]
        log = np.array([[-sum(((h[c] - m[c]) / sd[c]) ** 2 for c in range(2)) / 2 for m in now] for h in here])
        posterior = np.exp(log) / np.exp(log).sum(axis=1, keepdims=True)
        modes, noise = draw(posterior, rng), rng.normal(size=(n, 2))
        for i, k in enumerate(modes):
            step = [then[k, c] + task.noise * noise[i, c] - here[i][c] for c in range(2)]
            at[i] = [at[i][c] + float(grid[c](step[c])) for c in range(2)]
            paths[i].append(tuple(at[i]))
    return np.array(paths)


@pytest.mark.parametrize("history", [True, False])
def test_it_is_the_law_written_out_in_loops(history):
    task, steps = tasks.Circle(noise=0.03), (0.02, 0.05)
    found = tasks.exact_law(task, grids(*steps), 5, np.random.default_rng(1), history=history)
    assert found.shape == (5, T, 2)
    np.testing.assert_allclose(found, by_loops(task, grids(*steps), steps, 5, np.random.default_rng(1), history), atol=1e-9)


@pytest.mark.parametrize("history", [True, False])
def test_of_uneven_cells_the_widest_that_steps_can_meet_counts(history):
    """Steps lie in [-1, 1]: there the values are at most .8 and .9 apart, and 1 or more beyond."""
    grid = tuple(quantizers.codebook(v, -2.0, 2.0) for v in ([-2.0, -0.9, -0.1, 0.0, 0.1, 2.0], [-2.0, -0.1, 0.0, 0.1, 1.0, 2.0]))
    found = tasks.exact_law(tasks.Sequential(), grid, 30, np.random.default_rng(1), history=history)
    np.testing.assert_allclose(found, by_loops(tasks.Sequential(), grid, (0.8, 0.9), 30, np.random.default_rng(1), history), atol=1e-9)


def test_history_is_kept_unless_said_otherwise():
    task, grid = tasks.Circle(), grids(0.01, 0.01)
    one, two, three = (
        tasks.exact_law(task, grid, 3, np.random.default_rng(0), **k) for k in ({}, {"history": True}, {"history": False})
    )
    np.testing.assert_array_equal(one, two)
    assert (one != three).any()
    with pytest.raises(TypeError):
        tasks.exact_law(task, grid, 3, np.random.default_rng(0), False)


def test_a_path_with_a_history_stays_with_its_mode_and_one_without_does_not(rng):
    task, grid = tasks.Sequential(noise=0.002), grids(0.001, 0.001)
    paths = tasks.exact_law(task, grid, 400, rng)
    ends = np.linalg.norm(paths[:, None, -1] - task.means[:, -1], axis=2)
    assert ends.min(axis=1).max() < 0.02
    assert np.bincount(ends.argmin(axis=1), minlength=4).min() > 50  # 100 expected of each mode
    lost = tasks.exact_law(task, grid, 400, rng, history=False)
    assert np.linalg.norm(lost[:, None, -1] - task.means[:, -1], axis=2).min(axis=1).mean() > 0.02


def test_far_from_every_path_the_nearest_mode_answers():
    """A coarse grid throws the path far off: the weights of all modes would underflow."""
    task = tasks.Circle(noise=1e-4)
    paths = tasks.exact_law(task, grids(0.5, 1e-4), 4, np.random.default_rng(0))
    assert np.isfinite(paths).all()
