"""Avoiding without a servo: a held force leads along the path of a double integrator; wind; who demonstrates by forces arrives."""

import numpy as np
import pytest

pytest.importorskip("qbc.robots", reason="the extra sim is not installed")

from hypothesis import given, settings
from hypothesis import strategies as st

from qbc.robots import avoiding, demonstrators
from qbc.robots.avoiding import DESIRED, FATE, MEASURED, RUNNING, SPEED, START, STRONGEST
from qbc.systems import rollout

FORCE, SERVO, BLOWN = avoiding.plant("force"), avoiding.plant("target"), avoiding.plant("force", wind=0.8)
H, SUB = 0.005, 7  # of the physics: a step [s], and how many an action is held
small = st.floats(-0.5, 0.5)
forces = st.tuples(st.floats(-15, 15), st.floats(-15, 15))


def at(v):
    x = avoiding.start(1)
    x[:, SPEED] = v
    return x


def held(x, u, steps, force=FORCE):
    for _ in range(steps):
        x = force.f(x, np.array([u]))
    return x[0]


@settings(deadline=None)
@given(forces, st.tuples(small, small), st.integers(1, 3))
def test_a_constant_force_gives_the_path_of_a_double_integrator(u, v, steps):
    """In steps of H: v_k = v + k H u, x_k = x + k H v + H^2 u k (k + 1) / 2; of the continuous path it is within H u t / 2."""
    start = at(v)
    start[:, MEASURED] = start[:, DESIRED] = [0.0, -5.0]  # where there is no cylinder and no line
    k, u, v = SUB * steps, np.array(u), np.array(v)
    end, t = held(start, u, steps), SUB * steps * H
    assert end[SPEED] == pytest.approx(v + t * u, abs=1e-12)
    assert end[MEASURED] == pytest.approx(start[0, MEASURED] + t * v + H**2 * u * k * (k + 1) / 2, abs=1e-12)
    assert np.abs(end[MEASURED] - start[0, MEASURED] - t * v - u * t**2 / 2).max() <= H * np.abs(u).max() * t / 2 + 1e-12
    assert np.array_equal(end[DESIRED], end[MEASURED])


@settings(deadline=None, max_examples=30)
@given(st.lists(forces, min_size=2, max_size=6))
def test_a_step_is_a_pure_function_and_rows_are_alone(us):
    x, u = np.tile(at([0.1, 0.2]), (len(us), 1)), np.array(us)
    x_kept, u_kept = x.copy(), u.copy()
    together = FORCE.f(x, u)
    assert np.array_equal(together, FORCE.f(x, u))
    assert np.array_equal(together, np.concatenate([FORCE.f(x[i : i + 1], u[i : i + 1]) for i in range(len(us))]))
    assert np.array_equal(x, x_kept)
    assert np.array_equal(u, u_kept)


def test_a_force_has_a_limit():
    assert np.array_equal(held(at([0, 0]), [1e300, -1e300], 2), held(at([0, 0]), [STRONGEST, -STRONGEST], 2))


def test_wind_is_a_force_along_x():
    assert held(at([0.1, 0.0]), [0.5, 0.2], 3, BLOWN) == pytest.approx(held(at([0.1, 0.0]), [1.3, 0.2], 3), abs=1e-12)
    assert np.array_equal(
        avoiding.plant("force", wind=0.0).f(at([0.1, 0.2]), np.ones((1, 2))), FORCE.f(at([0.1, 0.2]), np.ones((1, 2)))
    )


def test_a_servo_yields_to_wind_by_wind_over_stiffness():
    end = held(avoiding.start(1), START, 60, avoiding.plant("target", wind=0.8))
    assert end[MEASURED] - START == pytest.approx([0.8 / 400, 0], abs=1e-6)
    assert held(avoiding.start(1), START, 60, SERVO)[MEASURED] == pytest.approx(START, abs=1e-12)


def test_place_and_velocity_are_sensed():
    x = np.arange(14.0).reshape(2, 7)
    assert avoiding.sensed(x).tolist() == [[2, 3, 4, 5], [9, 10, 11, 12]]


@pytest.fixture(scope="module")
def led():
    return {a: demonstrators.demonstrate(48, np.random.default_rng(3), action=a) for a in ("increment", "target", "force")}


def test_who_demonstrates_by_forces_arrives_in_every_mode_with_room_to_spare(led):
    plans = [u for _, u in led["increment"]]
    T = max(map(len, plans))
    u = np.stack([np.pad(p, ((0, T - len(p)), (0, 0))) for p in plans])
    run = rollout(FORCE, demonstrators.pushing(u), avoiding.start(48), T, np.random.default_rng(0))
    end = avoiding.outcome(run.x)
    assert end.success == 1
    assert np.bincount(end.mode, minlength=24).tolist() == [2] * 24
    assert avoiding.clearance(run.x[:, :, MEASURED]).min() > 0.015
    for (x, v), path, w in zip(led["force"], run.x, run.u, strict=True):
        assert np.array_equal(x, path[: len(x)])
        assert np.array_equal(v, w[: len(v)])
        assert (x[:, FATE] == RUNNING).all()
        assert np.abs(v).max() < STRONGEST


def test_what_an_action_means_leaves_the_plans_alone(led):
    for (x, u), (y, v) in zip(led["increment"], led["target"], strict=True):
        assert y == pytest.approx(x, abs=1e-12)
        assert v == pytest.approx(x[:, DESIRED] + u, abs=1e-12)


def test_the_forces_hold_the_rod_on_its_plan():
    """Pushed off by 20 mm, it is back within one after a second."""
    plan = np.tile([0.0, 0.004], (2, 60, 1))
    start = avoiding.start(2)
    start[:, MEASURED] += [[0.02, 0.0], [-0.02, 0.0]]
    run = rollout(FORCE, demonstrators.pushing(plan), start, 29, np.random.default_rng(0))
    assert np.abs(run.x[:, -1, 2] - START[0]).max() < 1e-3
