"""The Fetch arm: starts by seed, scripts that succeed, the environments' own rule of success, refusals."""

import numpy as np
import pytest

pytest.importorskip("qbc.robots", reason="the extra sim is not installed")

from qbc import quantizers
from qbc.robots.fetch import Fetch, Picking, Reaching
from qbc.systems import rollout

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def arm():
    return Fetch("reach")


@pytest.fixture(scope="module")
def block():
    return Fetch("pick and place")


def test_starts_are_those_of_the_environment_and_of_their_seeds(arm, block):
    for fetch in (arm, block):
        x = fetch.start(3, 7)
        assert np.array_equal(x[1:], fetch.start(2, 8))
        seen, _ = fetch.env.reset(seed=8)
        assert np.array_equal(fetch.goal(x[1]), seen["desired_goal"])
        assert np.array_equal(fetch.thing(x[1]), seen["achieved_goal"])
        assert np.array_equal(fetch.gripper(x[1]), seen["observation"][:3])


def test_an_unquantised_script_reaches(arm):
    run = rollout(arm.plant(), Reaching(arm, 6.0), arm.start(4, 0), 50, RNG)
    assert arm.success(run.x[:, -1]).all()
    assert np.median(np.abs(arm.goal(run.x) - arm.gripper(run.x))[:, -1]) < 1e-3


def test_an_unquantised_script_picks_and_places_timed_or_gated(block):
    for tolerance in (None, 0.01):
        policy = Picking(block, 6.0, tolerance=tolerance)
        run = rollout(block.plant(), policy, block.start(2, 0), 110, RNG)
        assert block.success(run.x[:, -1]).all()
        assert (policy.phase == 3).all()


def test_success_is_the_environments_own(block):
    x = block.start(5, 3)
    x[:, -3:] = block.goal(x) + RNG.uniform(-0.05, 0.05, size=(5, 3))
    theirs = [block.env._is_success(block.thing(row), block.goal(row)) for row in x]
    assert block.success(x).tolist() == [bool(s) for s in theirs]


def test_a_script_says_what_its_quantiser_says_and_leaves_the_fingers(arm):
    x = arm.start(2, 0)
    coarse = quantizers.uniform(3)
    u = Reaching(arm, 6.0, coarse)(x, RNG)
    want = np.clip(6.0 * (arm.goal(x) - arm.gripper(x)), -1, 1)
    assert np.array_equal(u, np.pad(coarse(want), ((0, 0), (0, 1))))


def test_phases_change_row_by_row_and_rows_stay_as_many(block):
    policy, x = Picking(block, 6.0, timed=(2, 1)), block.start(2, 0)
    seen = []
    for _ in range(17):
        policy(x, RNG)
        seen.append(policy.phase.copy())
    assert np.array(seen)[:, 0].tolist() == [0] * 2 + [1] * 2 + [2] * 11 + [3] * 2
    gated = Picking(block, 6.0, tolerance=0.01)
    x[0, -6:-3] = block.thing(x[0]) + np.array([0, 0, 0.1])  # one of them is there already
    gated(x, RNG)
    assert gated.phase.tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"^x: 2 rows, as at the step before, got 1$"):
        gated(x[:1], RNG)


def test_other_names_are_refused():
    with pytest.raises(ValueError, match=r"^name: reach or pick and place, got 'push'$"):
        Fetch("push")
