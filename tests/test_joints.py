"""Joints under a low-level loop: against expm and a fine integration, their stability, worked by hand, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from qbc import joints, systems

stiff, damp = st.floats(1e-3, 50), st.floats(1e-2, 20)


@given(stiff, damp, st.floats(-2, 2), st.floats(-2, 2), st.floats(-2, 2))
def test_a_step_is_the_exponential_of_joint_and_held_command(stiffness, damping, q, v, u):
    generator = np.array([[0, 1, 0], [-stiffness, -damping, stiffness], [0, 0, 0]])
    exact = linalg.expm(generator) @ [q, v, u]
    A, B = joints.held(stiffness, damping)
    assert A @ [q, v] + B[:, 0] * u == pytest.approx(exact[:2], rel=1e-9, abs=1e-9)


def test_a_fine_integration_ends_where_the_step_does():
    stiffness, damping, u = 2.0, 0.7, 0.5
    q, v, dt = 1.0, -0.3, 1e-5
    for _ in range(100_000):  # semi-implicit Euler
        v += dt * (stiffness * (u - q) - damping * v)
        q += dt * v
    A, B = joints.held(stiffness, damping)
    assert A @ [1.0, -0.3] + B[:, 0] * u == pytest.approx([q, v], abs=2e-5)


@given(stiff, damp)
def test_stable_for_all_gains_with_the_poles_of_the_equation_of_motion(stiffness, damping):
    A, _ = joints.held(stiffness, damping)
    poles = np.exp(np.roots([1, damping, stiffness]))
    assert np.abs(poles).max() < 1
    assert np.poly(A) == pytest.approx(np.poly(poles).real, abs=1e-9)


@given(stiff, damp, st.floats(-2, 2))
def test_a_joint_where_it_is_told_to_be_rests(stiffness, damping, u):
    x = np.array([[u, 0.0]])
    assert joints.joint(stiffness, damping).f(x, x[:, :1]) == pytest.approx(x, abs=1e-12)


def test_by_hand_without_oscillation():
    """Poles -1 and -2: told 1 from rest at 0, the position after a step is (1 - 1/e)^2."""
    _, B = joints.held(2.0, 3.0)
    assert B[:, 0] == pytest.approx([(1 - math.exp(-1)) ** 2, 2 * (math.exp(-1) - math.exp(-2))])


def test_a_pursuit_is_its_joints_side_by_side_behind_a_goal_of_constant_speed(rng):
    gains = [(0.3, 1.0), (2.0, 0.4)]

    def command(x, rng):
        return np.sin(40 * x[:, :1])

    x1 = rng.normal(size=(5, 6))
    together = systems.rollout(joints.pursuit(gains), command, x1, 12, rng)
    assert together.x[:, :, 0] == pytest.approx(x1[:, :1] + x1[:, 1:2] * np.arange(13))
    for i, pair in enumerate(gains):
        x, one = x1[:, 2 + 2 * i : 4 + 2 * i], joints.joint(*pair)
        for t in range(12):
            x = one.f(x, together.u[:, t])
        assert together.x[:, -1, 2 + 2 * i : 4 + 2 * i] == pytest.approx(x)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: joints.held(0.0, 1.0), "stiffness: positive and finite, got 0.0"),
        (lambda: joints.joint(1.0, math.inf), "damping: positive and finite, got inf"),
        (lambda: joints.held(math.nan, 1.0), "stiffness: positive and finite, got nan"),
        (lambda: joints.pursuit([]), "gains: one pair at least"),
        (lambda: joints.pursuit([(1.0, -1.0)]), "damping: positive and finite, got -1.0"),
    ],
)
def test_refuses(call, said):
    with pytest.raises(ValueError, match=said):
        call()
