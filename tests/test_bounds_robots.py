"""Chapter 14's right-hand sides: dominated by simulated errors, reached by the worst ones, worked examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from qbc import bounds

A, B = np.array([[1.2, 0.3], [0.0, 0.8]]), np.array([[0.0], [1.0]])
K, C = np.array([[-1.5, -1.3]]), np.array([[1.0, 0.0]])
F = A + B @ K


def deviations(errors, h):
    """|C d| at every step of d' = F d + B e, looked at every h steps: the errors within a chunk pass through A, d of its start
    through F."""
    out, carried, inside = [], np.zeros(2), np.zeros(2)
    for t, e in enumerate(errors):
        carried, inside = F @ carried, A @ inside + B[:, 0] * e
        out.append(abs((C @ (carried + inside)).item()))
        if t % h == h - 1:
            carried, inside = carried + inside, np.zeros(2)
    return np.array(out)


@pytest.mark.parametrize("h", [1, 2, 3, 5])
def test_no_errors_of_half_a_cell_lead_further(h):
    rng, bound = np.random.default_rng(h), bounds.quantised_deviation(A, B, K, C, 0.2, h)
    for _ in range(50):
        assert deviations(rng.choice([-0.1, 0.1], size=30 * h), h).max() <= bound


@pytest.mark.parametrize("h", [1, 2, 3, 5])
def test_the_worst_errors_reach_it(h):
    T = 150 // h * h
    answers = np.array([deviations(one, h) for one in np.eye(T)])  # of a unit of error at each step, to each step
    assert 0.1 * answers.sum(axis=0)[-h:].max() == pytest.approx(bounds.quantised_deviation(A, B, K, C, 0.2, h), rel=1e-6)


def test_worked_examples():
    assert bounds.quantised_deviation([[0.5]], [[1.0]], [[0.0]], [[1.0]], 2.0, 1) == pytest.approx(2.0)  # 1 / (1 - .5)
    assert bounds.quantised_deviation([[2.0]], [[1.0]], [[-2.0]], [[1.0]], 2.0, 2) == pytest.approx(3.0)  # deadbeat: 1 + 2
    assert bounds.quantised_deviation([[2.0]], [[1.0]], [[-0.5]], [[1.0]], 2.0, 1) == np.inf
    assert bounds.chunk_growth([[0.0, 2.0], [-2.0, 0.0]]) == pytest.approx(2.0)
    assert bounds.dead_band(2 / 15, 6.0) == pytest.approx(0.0111, abs=1e-4)
    assert bounds.zero_drift(4e-4) == 2e-4
    assert [bounds.gate_opens(2 / n, 6.0, 0.01) for n in (31, 15, 7)] == [1, 0, 0]


@pytest.mark.parametrize(("noise", "steps"), [(0.0, 3), (0.006, 8), (0.02, 1), (0.02, 5)])
def test_what_a_snap_leaves_is_what_an_integrated_servo_leaves(noise, steps):
    spread, stiff, held = 0.0087, 400.0, 0.035
    rho, state = spread**2 / (spread**2 + noise**2), np.array([1.0, 0.0])
    for _ in range(steps):
        goal = rho * state[0]

        def servo(t, z, goal=goal):
            return [z[1], stiff * (goal - z[0]) - 2 * stiff**0.5 * z[1]]

        state = solve_ivp(servo, (0, held), state, rtol=1e-10, atol=1e-12).y[:, -1]
    assert bounds.snapped(noise, spread, stiff, held, steps) == pytest.approx(state[0], abs=1e-8)


@given(st.floats(0, 1), st.floats(1e-3, 1), st.floats(1, 1e3), st.floats(1e-3, 0.1), st.integers(1, 20))
def test_a_snap_leaves_all_without_noise_and_less_with_more_noise_steps_and_stiffness(noise, spread, stiff, held, steps):
    def left(noise=noise, stiff=stiff, steps=steps):
        return bounds.snapped(noise, spread, stiff, held, steps)

    assert left(noise=0.0) == pytest.approx(1)
    assert 0 <= left() <= 1 + 1e-12
    assert left(noise=noise + 0.1) <= left() + 1e-12
    assert left(steps=steps + 1) <= left() + 1e-12
    assert left(stiff=2 * stiff) <= left() + 1e-12


def test_a_snap_by_hand():
    """One step with rho = 0: the free motion of the servo, (1 + 1) / e after one of its times."""
    assert bounds.snapped(1e6, 1e-3, 100.0, 0.1, 1) == pytest.approx(2 / np.e)
