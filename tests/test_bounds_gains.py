"""Right-hand sides of the gains of a low-level loop: by hand, against Lyapunov's equation, steady pursuit and simulation, laws."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, optimize

from qbc import bounds, joints

stiff, damp = st.floats(1e-6, 1000), st.floats(1e-3, 100)


def share(stiffness, damping):
    return bounds.joint_noise(stiffness, damping, math.sqrt(12))


def lag(stiffness, damping):
    resting = bounds.pursuit_error(stiffness, damping, 1e-9, 0.0, 0.0)
    return math.sqrt(bounds.pursuit_error(stiffness, damping, 1e-9, 0.0, 1.0) - resting)


@given(st.floats(1e-3, 50), st.floats(0.02, 20))
def test_the_share_solves_lyapunovs_equation(stiffness, damping):
    A, B = joints.held(stiffness, damping)
    assert share(stiffness, damping) == pytest.approx(linalg.solve_discrete_lyapunov(A, B @ B.T)[0, 0], rel=1e-6)


@given(st.floats(1e-3, 50), st.floats(0.02, 20))
def test_the_lag_is_that_of_the_steady_pursuit(stiffness, damping):
    """Behind a goal at t the state is m + (t, 0) with A m + B 0 = m + (1, 0)."""
    A, _ = joints.held(stiffness, damping)
    m = np.linalg.solve(A - np.eye(2), [1.0, 0.0])
    assert lag(stiffness, damping) == pytest.approx(-m[0], rel=1e-6)


def test_by_hand():
    """Poles -log 2 and -log 4: A has the eigenvalues 1/2 and 1/4."""
    stiffness, damping = 2 * math.log(2) ** 2, 3 * math.log(2)
    # told 1 the position is 1 - 2 / 2^t + 1 / 4^t: 1/4 after a step, 9/16 after two; so its jumps are 1/4, 5/16, 13/64, ...
    jumps = np.diff([1 - 2 / 2**t + 1 / 4**t for t in range(60)])
    assert jumps[:3] == pytest.approx([1 / 4, 5 / 16, 13 / 64])
    assert share(stiffness, damping) == pytest.approx((jumps**2).sum())
    assert lag(stiffness, damping) == pytest.approx((jumps * np.arange(1, 60)).sum())
    assert bounds.joint_noise(stiffness, damping, 0.1) == pytest.approx(0.01 / 12 * (jumps**2).sum())
    assert bounds.resting_error(0.2, 0.5, 0.6, 0.3) == pytest.approx(0.09)
    assert bounds.resting_error(0.2, 0.5, 0.6, 0.1) == pytest.approx(0.01 + 0.05 * 0.2)
    assert bounds.pursuit_error(stiffness, damping, 0.6, 0.1, 0.0) == pytest.approx(0.01 + 0.05 * (jumps**2).sum())
    assert bounds.best_ratio(1 / math.sqrt(3000), 1.8) == pytest.approx(0.2 * (1 + 0.02 / 0.6 + 0.02))


@given(stiff, damp)
def test_the_limit_is_an_upper_bound_to_a_relative_twelfth_of_the_stiffness(stiffness, damping):
    limit = stiffness / (2 * damping)
    assert limit * (1 - stiffness / 12) * (1 - 1e-9) <= share(stiffness, damping) <= limit * (1 + 1e-9)


@given(st.floats(1e-2, 1), st.floats(0.1, 20), st.floats(1.01, 2))
def test_noise_rises_in_stiffness_and_falls_in_damping_without_oscillation(damped, damping, more):
    """``damped``: the stiffness over the critical one, damping^2 / 4."""
    stiffness = damped * damping**2 / 4
    assert share(stiffness, damping) > share(stiffness / more, damping)
    assert share(stiffness, damping) > share(stiffness, damping * more)


@given(st.floats(1e-3, 1), st.floats(0.05, 20))
def test_the_lag_is_damping_over_stiffness_and_half_a_step(stiffness, damping):
    assert lag(stiffness, damping) == pytest.approx(damping / stiffness + 0.5, abs=damping / 10 * min(stiffness, 1) + 1e-6)


def test_rounded_commands_of_independent_errors_shake_a_joint_as_much_as_is_said(rng):
    gains = [(0.3, 1.0), (1.5, 0.4)]
    plant = joints.pursuit(gains)
    x = np.zeros((4000, 6))
    for _ in range(60):
        x = plant.f(x, rng.uniform(-0.05, 0.05, (4000, 1)))
    for i, pair in enumerate(gains):
        assert x[:, 2 + 2 * i].var() == pytest.approx(bounds.joint_noise(*pair, 0.1), rel=0.12)


@pytest.mark.parametrize("pace", [1e-4, 1e-3, 0.02, 0.1])
@pytest.mark.parametrize("damping", [1e-3, 0.5, 1.0, 2.0])
def test_the_best_ratio_is_the_minimiser_of_the_pursuit_error_to_a_hundredth(pace, damping):
    def error(log_ratio):
        return bounds.pursuit_error(damping * math.exp(log_ratio), damping, 1.0, 0.0, pace)

    best = bounds.best_ratio(pace, damping)
    found = optimize.minimize_scalar(error, bounds=(math.log(best / 3), math.log(3 * best)), method="bounded", options={"xatol": 1e-6})
    assert math.exp(found.x) == pytest.approx(best, rel=0.01)


def test_at_critical_damping_the_formulas_are_continuous():
    for damping in (0.01, 1.0, 60.0):
        critical = damping**2 / 4
        near = [f(critical * (1 + e), damping) for f in (share, lag) for e in (-1e-9, 0.0, 1e-9)]
        assert near[:3] == pytest.approx([near[1]] * 3, rel=1e-7)
        assert near[3:] == pytest.approx([near[4]] * 3, rel=1e-7)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.joint_noise(0.0, 1.0, 0.1), "stiffness must lie in [1/1000000, 1000], got 0"),
        (lambda: bounds.joint_noise(1.0, 101.0, 0.1), "damping must lie in [1/1000, 100], got 101"),
        (lambda: bounds.joint_noise(1.0, 1.0, 0.0), "width must lie in (0, inf), got 0"),
        (lambda: bounds.resting_error(1.0, 1.0, math.inf, 0.05), "width must lie in (0, inf), got inf"),
        (lambda: bounds.pursuit_error(1.0, 1.0, 0.1, -0.1, 0.0), "bias must lie in [0, inf), got -0.1"),
        (lambda: bounds.pursuit_error(1.0, 1.0, 0.1, 0.0, math.inf), "speed must lie in (-inf, inf), got inf"),
        (lambda: bounds.best_ratio(0.3, 1.0), "pace must lie in (0, 1/10], got 0.3"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
