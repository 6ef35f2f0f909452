"""Simulated plants: pure functions of state and action, batches row by row, refusals in one line; the pendulum's numbers."""

import numpy as np
import pytest
from scipy import linalg

pytest.importorskip("qbc.robots", reason="the extra sim is not installed")

from qbc.primitives import linearised
from qbc.robots import avoiding, fetch, pendulum
from qbc.robots.engine import Engine, mujoco
from qbc.systems import rollout


def reach():
    arm = fetch.Fetch("reach")
    return arm.plant(), arm.start(3, 0), arm


def plants():
    arm = reach()
    block = fetch.Fetch("pick and place")
    return {
        "pendulum": (pendulum.plant(), pendulum.starts(4, np.random.default_rng(0)), 1.0),
        "avoiding": (avoiding.plant(), avoiding.start(3), 0.01),
        "avoiding, targets": (avoiding.plant("target"), avoiding.start(3), 0.3),
        "avoiding, forces": (avoiding.plant("force"), avoiding.start(3), 3.0),
        "avoiding, in the wind": (avoiding.plant(wind=0.8), avoiding.start(3), 0.01),
        "reach": (*arm[:2], 1.0),
        "pick and place": (block.plant(), block.start(2, 0), 1.0),
    }


PLANTS = plants()
each = pytest.mark.parametrize("name", PLANTS)


def shaken(plant, reach):
    return lambda x, rng: reach * rng.uniform(-1, 1, size=(len(x), plant.du))


@each
def test_two_runs_are_identical(name):
    plant, x, reach = PLANTS[name]
    a, b = (rollout(plant, shaken(plant, reach), x, 6, np.random.default_rng(1)) for _ in range(2))
    assert a == b
    assert np.isfinite(a.x).all()
    assert (a.x[:, 1:] != a.x[:, :-1]).any(axis=(1, 2)).all()


@each
def test_stepping_from_a_stored_state_is_going_on(name):
    plant, x, reach = PLANTS[name]
    run = rollout(plant, shaken(plant, reach), x, 5, np.random.default_rng(2))
    plant.f(x, 0 * run.u[:, 0])  # elsewhere meanwhile
    for t in (4, 2):
        assert np.array_equal(plant.f(run.x[:, t], run.u[:, t]), run.x[:, t + 1])


@each
def test_rows_do_not_know_of_each_other_and_arguments_are_left_alone(name):
    plant, x, reach = PLANTS[name]
    u = reach * np.random.default_rng(3).uniform(-1, 1, size=(len(x), plant.du))
    before = x.copy(), u.copy()
    y = plant.f(x, u)
    assert np.array_equal(y[::-1], plant.f(x[::-1], u[::-1]))
    assert np.array_equal(y[:1], plant.f(x[:1], u[:1]))
    assert np.array_equal(x, before[0])
    assert np.array_equal(u, before[1])


@each
def test_another_plant_of_the_same_kind_does_the_same(name):
    plant, x, reach = PLANTS[name]
    other, start, _ = plants()[name]
    assert np.array_equal(x, start)
    u = np.full((len(x), plant.du), 0.3 * reach)
    assert np.array_equal(plant.f(x, u), other.f(start, u))


@each
def test_refusals_are_one_line_naming_the_argument(name):
    plant, x, _ = PLANTS[name]
    u = np.zeros((len(x), plant.du))
    with pytest.raises(ValueError, match=rf"^u: \(N, {plant.du}\), got \({len(x)}, {plant.du + 1}\)$"):
        plant.f(x, np.zeros((len(x), plant.du + 1)))
    with pytest.raises(ValueError, match=rf"^x: \(N, {plant.dx}\), got"):
        plant.f(x[:, 1:], u)
    with pytest.raises(ValueError, match=r"^x: row 0, column 1 is nan"):
        plant.f(np.where(np.arange(plant.dx) == 1, np.nan, x), u)


def test_an_engine_refuses_what_it_cannot_keep():
    with pytest.raises(ValueError, match=r"^substeps: >= 1, got 0$"):
        Engine(avoiding.model(), 0)
    with pytest.raises(ValueError, match=r"^model: without activations and mocap bodies"):
        Engine(fetch.Fetch("reach").env.model, 20)
    engine = Engine(avoiding.model(), 7)
    assert engine.seconds == pytest.approx(0.035)
    assert engine(np.empty((0, 4)), np.empty((0, 2))).shape == (0, 7, 4)
    with pytest.raises(ValueError, match=r"^u: a row for each of x, 2, got 1$"):
        engine(np.zeros((2, 4)), np.zeros((1, 2)))


def test_a_control_step_is_so_many_steps_of_the_simulator():
    """The oracle: MuJoCo stepped by hand, its solver cold at the start of the control step."""
    plant, x, u = pendulum.plant(), np.array([[0.1, 0.05, -0.03, 0.2, -0.1, 0.3]]), np.array([[0.2]])
    model = pendulum.model()
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:], data.ctrl[:] = x[0, :3], x[0, 3:], u[0]
    for _ in range(5):
        mujoco.mj_step(model, data)
    assert np.allclose(plant.f(x, u)[0], np.concatenate([data.qpos, data.qvel]), atol=1e-12)


def test_the_pendulum_is_unstable_and_its_regulator_holds_it():
    plant = pendulum.plant()
    A, B = pendulum.upright()
    theirs = linearised(plant, np.zeros((1, 1, 6)), np.zeros((1, 1, 1)))
    assert np.allclose(A, theirs[0][0, 0], atol=1e-9)
    assert np.allclose(B, theirs[1][0, 0], atol=1e-9)
    expert = pendulum.regulator(A, B)
    assert np.abs(linalg.eigvals(A)).max() == pytest.approx(1.560, abs=1e-3)
    assert np.abs(linalg.eigvals(A + B @ expert.gain)).max() == pytest.approx(0.933, abs=1e-3)
    rng = np.random.default_rng(0)
    assert np.abs(rollout(plant, expert, pendulum.starts(5, rng), 300, rng).x[:, -1]).max() < 1e-4


def test_the_derivatives_are_those_of_small_steps():
    plant = pendulum.plant()
    A, B = pendulum.upright()
    x, u = 1e-4 * np.random.default_rng(0).normal(size=(20, 6)), 1e-4 * np.random.default_rng(1).normal(size=(20, 1))
    assert np.allclose(plant.f(x, u), x @ A.T + u @ B.T, atol=2e-6)


def test_mujocos_own_derivatives_agree_where_they_can_be_had():
    """With another integrator for both, of the same model: MuJoCo refuses derivatives of the fourth-order one."""
    model = pendulum.model()
    model.opt.integrator = mujoco.mjtIntegrator.mjINT_EULER
    data, A, B = mujoco.MjData(model), np.zeros((6, 6)), np.zeros((6, 1))
    mujoco.mjd_transitionFD(model, data, 1e-6, 1, A, B, None, None)
    engine, h = Engine(model, 1), 1e-6
    slopes = (engine(h * np.eye(6), np.zeros((6, 1))) - engine(-h * np.eye(6), np.zeros((6, 1))))[:, -1].T / (2 * h)
    assert np.allclose(slopes, A, atol=1e-6)
