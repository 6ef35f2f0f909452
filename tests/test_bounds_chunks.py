"""What chunks pay where there is more than one answer: by hand, at their limits, and against the processes simulated."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from qbc import bounds, systems, tasks
from qbc.receding import Receding

GATE = tasks.Slalom(1)


def simulated(answer, m, sight, n=40_000, seed=0):
    """The share of n paths that pass the gate, asked every m steps; ``answer(step, offset seen, rng)`` in units of the path's width."""

    def head(x, rng):
        t = int(x[0, 0, 1])
        side = answer(t, x[0, :, 0] / 0.2, rng)
        ahead = GATE.bump[np.minimum(np.arange(t + 1, t + m + 1), 59)]
        return (0.2 * ahead * side[:, None])[None, :, :, None]

    policy = tasks.shaken(Receding(head, play=m), seen=sight, done=GATE.noise)
    x = systems.rollout(tasks.lateral(), policy, np.zeros((n, 2)), 59, np.random.default_rng(seed)).x[..., 0]
    return 1 - GATE.through(np.stack([0.5 + x, np.broadcast_to(np.arange(60) / 59, x.shape)], axis=2)).mean()


def asks(m):
    return sum(bool(GATE.alongside[t] and GATE.alongside[t + 1]) for t in range(0, 59, m))


S2 = 0.05**2 + 0.5**2  # what is seen, in units of the width


def plus(t, y):
    return 1 / (1 + np.exp(-2 * GATE.bump[t] * y / S2))


@pytest.mark.parametrize("m", [1, 4, 16])
def test_an_exact_sampler_changes_its_mind_as_often_as_the_law_says(m):
    measured = simulated(lambda t, y, rng: np.where(rng.random(len(y)) < plus(t, y), 1.0, -1.0), m, 0.1)
    assert measured == pytest.approx(bounds.one_side(1 / math.sqrt(S2), asks(m)), abs=0.013)  # five standard errors


@pytest.mark.parametrize("m", [1, 4, 16])
def test_the_same_number_at_every_ask(m):
    z = np.random.default_rng(1).random(40_000)
    measured = simulated(lambda t, y, rng: np.where(z < plus(t, y), 1.0, -1.0), m, 0.1)
    assert measured == pytest.approx(bounds.held_draw(GATE.bump, 1 / math.sqrt(S2), m), abs=0.013)


@pytest.mark.parametrize("m", [1, 4, 8, 16])
def test_the_mean_of_two_sides(m):
    measured = simulated(lambda t, y, rng: np.tanh(GATE.bump[t] * y / S2), m, 0.1)
    assert measured == pytest.approx(bounds.mean_success(GATE.bump, m, half=0.5, done=0.05, seen=0.5), abs=0.014)


@pytest.mark.parametrize("m", [20, 25, 59])
def test_the_mean_needs_an_ask_between_the_fork_and_the_box(m):
    assert bounds.mean_success(GATE.bump, m, half=0.5, done=0.05, seen=0.5) < 1e-6


def test_by_hand():
    assert [bounds.enough_answers(c, 2) for c in (1, 3, 4, 5)] == [0, 0, 1, 1]
    assert bounds.one_side(0.0, 3) == pytest.approx(1 / 8)  # nothing is seen: a fair coin each time
    assert bounds.one_side(1.0, 0) == 1
    assert bounds.gates_blind(3) == pytest.approx(1 / 8)
    assert bounds.gates_blind(2, 0.25) == pytest.approx(9 / 16)
    assert bounds.chunk_cost(0.5, -0.8, 1) == pytest.approx(1 / (1 - 0.64))  # the expert's own loop
    assert bounds.chunk_cost(2.0, 0.0, 2) == pytest.approx((1 + 5) / 2)  # all forgotten: 1, then 1 + 4
    assert bounds.chunk_overhead(0.2, 0.1, 0.5, 2) == pytest.approx(1 + 4 * 0.75 / (2 * 1.25))


def test_a_path_that_jumps_out_and_is_asked_once_beside_the_box():
    """z < 1/2 is held, the side + is named at the middle, and kept with Phi(d + l / 2 d) at the one ask that may change it."""
    z = (np.arange(4000) + 0.5) / 8000
    found = bounds.held_draw([0, 1, 1, 0], 2.0, 1)
    assert found == pytest.approx(np.mean(ndtr(2 + np.log(1 / z - 1) / 4)))


@given(st.floats(0, 5), st.integers(0, 30), st.integers(1, 9))
def test_more_asks_lose_and_more_looks_save(d, n, looks):
    assert bounds.one_side(d, n + 1) <= bounds.one_side(d, n)
    assert bounds.one_side(d, n, seen=looks + 1) >= bounds.one_side(d, n, seen=looks) - 1e-12


@given(st.floats(0.01, 3), st.floats(0.1, 3), st.floats(0, 0.95), st.integers(1, 40))
def test_overhead_falls_with_the_chunk_and_begins_as_in_chapter_13(s, e, lam, m):
    assert bounds.chunk_overhead(s, e, lam, 1) == pytest.approx(bounds.unimodal_overhead(s, e, lam))
    assert bounds.chunk_overhead(s, e, lam, m + 1) <= bounds.chunk_overhead(s, e, lam, m) * (1 + 1e-12)


@pytest.mark.parametrize(("alpha", "m"), [(0.5, 4), (1.05, 3)])
def test_cost_of_a_chunk_from_the_loop_itself(alpha, m):
    """The variance at each step of a cycle, iterated with the predicted actions."""
    kappa, cross, at_ask = -0.8, np.array([[1.0, 1.0], [1.0, 1.0]]), 1.0
    for _ in range(200):
        cross, found = np.full((2, 2), at_ask), []  # of (state, state at the ask)
        for j in range(m):
            step = np.array([[alpha, (kappa - alpha) * kappa**j], [0.0, 1.0]])
            cross = step @ cross @ step.T + np.diag([1.0, 0.0])
            found.append(cross[0, 0])
        at_ask = found[-1]
    assert bounds.chunk_cost(alpha, kappa, m) == pytest.approx(np.mean(found))
