"""Avoiding: geometry against MuJoCo's, contact is failure, modes by another rule, demonstrators arrive; frames."""

import warnings

import numpy as np
import pytest

pytest.importorskip("qbc.robots", reason="the extra sim is not installed")

from qbc.robots import avoiding, demonstrators, rendering
from qbc.robots.avoiding import AIM, ARRIVED, CONTACT, CYLINDERS, DESIRED, FATE, MEASURED, RUNNING
from qbc.robots.engine import mujoco
from qbc.systems import rollout


def straight(u, steps, action="increment"):
    return rollout(avoiding.plant(action), lambda x, rng: np.tile(u, (len(x), 1)), avoiding.start(1), steps, np.random.default_rng(0))


def led(plans):
    H = max(map(len, plans))
    u = np.stack([np.pad(p, ((0, H - len(p)), (0, 0))) for p in plans])
    steps = iter(u.swapaxes(0, 1))
    return rollout(avoiding.plant(), lambda x, rng: next(steps), avoiding.start(len(u)), H, np.random.default_rng(0))


@pytest.fixture(scope="module", params=["smooth", "human"])
def demos(request):
    episodes = demonstrators.demonstrate(48, np.random.default_rng(5), like=request.param)
    return request.param, episodes, led([u for _, u in episodes])


def test_clearance_is_what_mujoco_measures():
    model = avoiding.model()
    data = mujoco.MjData(model)
    rod = next(g for g in range(model.ngeom) if model.geom_bodyid[g] and model.geom_type[g] == mujoco.mjtGeom.mjGEOM_CYLINDER)
    pillars = [g for g in range(model.ngeom) if not model.geom_bodyid[g] and model.geom_type[g] == mujoco.mjtGeom.mjGEOM_CYLINDER]
    assert len(pillars) == len(CYLINDERS)
    for xy in np.random.default_rng(0).uniform([0.3, -0.2], [0.7, 0.35], size=(200, 2)):
        data.qpos[:] = xy
        mujoco.mj_forward(model, data)
        theirs = min(mujoco.mj_geomDistance(model, data, rod, g, 1.0, None) for g in pillars)
        ours = avoiding.clearance(xy)
        assert ours == pytest.approx(theirs, abs=1e-4) if theirs > 0 else ours < 1e-4


def test_straight_ahead_is_a_contact_with_the_first_cylinder_and_stays_one():
    x = straight([-0.0005, 0.005], 60).x
    met = avoiding.outcome(x)
    assert met.touched.tolist() == [0]
    assert met.mode.tolist() == [-1]
    assert met.success == 0
    assert met.diversity == 0
    t = (x[0, :, FATE] == CONTACT).argmax()
    assert (x[0, t:] == x[0, t]).all()
    assert avoiding.clearance(x[0, t - 1, MEASURED]) > 0


def test_far_outside_the_rod_arrives_in_an_outer_mode_and_stays_behind_the_line():
    x = straight([0.01, 0.006], 150).x
    end = avoiding.outcome(x)
    assert end.mode.tolist() == [12 + 8 + 3]
    t = (x[0, :, FATE] == ARRIVED).argmax()
    assert x[0, t, 3] > AIM >= x[0, t - 1, 3]
    assert (x[0, t:] == x[0, t]).all()


def test_a_target_is_where_the_rod_goes_and_an_increment_how_far():
    goal = np.array([0.6, -0.25])
    x = straight(goal, 60, "target").x[0]
    assert (x[1:, DESIRED] == goal).all()
    assert np.abs(x[-1, MEASURED] - goal).max() < 1e-4
    y = straight([0.001, 0.0], 5).x[0]
    assert np.allclose(y[:, 0] - avoiding.START[0], 0.001 * np.arange(6))


def test_an_increment_has_a_limit_and_the_arena_an_end():
    x = straight([1.0, -1.0], 60).x[0]
    assert np.allclose(x[1, DESIRED] - x[0, DESIRED], [avoiding.LIMIT, -avoiding.LIMIT])
    assert np.allclose(x[-1, DESIRED], avoiding.MIDDLE + [2, -2] * avoiding.HALF)
    assert np.isfinite(straight([1e300, 1e300], 5, "target").x).all()


def test_the_servo_lags_by_damping_over_stiffness():
    """Behind a goal that moves by v a second a servo settles at v kv / kp, here a tenth of a second; half a step less at the end of a
    step, for the goal stood still in it."""
    x = straight([0.002, 0.0], 60).x[0]
    assert avoiding.observed(x, 0)[-1, 2] == pytest.approx(0.002 * (40 / 400 / 0.035 - 0.5), rel=0.05)


def test_both_demonstrators_arrive_in_every_mode_with_room_to_spare(demos):
    like, _, run = demos
    end = avoiding.outcome(run.x)
    assert end.success == 1
    assert np.bincount(end.mode, minlength=24).tolist() == [2] * 24
    assert end.diversity == pytest.approx(1)
    assert (end.touched == -1).all()
    assert avoiding.clearance(run.x[:, :, MEASURED]).min() > (0.0199 if like == "smooth" else 0.002)


def test_modes_are_those_of_an_independent_rule(demos):
    """Count crossings of rays: how often the path passes on the right of each cylinder, at the moment it is level with it."""
    _, _, run = demos
    for x, mode in zip(run.x, avoiding.outcome(run.x).mode, strict=True):
        path = x[x[:, FATE] != ARRIVED][:, MEASURED]
        right = [np.interp(cy, path[:, 1], path[:, 0]) > cx for cx, cy, _ in CYLINDERS]
        first, second, third = right[0], sum(right[1:3]), sum(right[3:])
        assert mode == 12 * first + 4 * second + third


def test_places_have_their_modes_and_gaps_are_counted_from_the_left():
    modes = np.arange(24)
    assert (demonstrators.gaps_of(modes) @ [12, 4, 1] == modes).all()
    at = demonstrators.places(modes, 0.01, np.random.default_rng(0))
    assert (at[:12, 0] < 0.5).all()
    assert (at[12:, 0] > 0.5).all()


def test_a_human_like_demonstrator_moves_as_was_measured(demos):
    like, episodes, _ = demos
    u = np.concatenate([u for _, u in episodes])
    if like == "smooth":
        assert np.linalg.norm(u, axis=1).max() <= demonstrators.STRIDE + 1e-9
        assert u[:, 1].min() > 0
        return
    assert u[:, 1].min() == 0
    assert u[:, 1].max() == demonstrators.FASTEST
    assert np.abs(u[:, 0]).max() <= demonstrators.FASTEST
    assert 0.4 < (u[:, 0] == 0).mean() < 0.65
    assert 0.1 < (u[:, 1] == 0).mean() < 0.3
    assert 0.3 < (u[:, 1] == demonstrators.FASTEST).mean() < 0.6
    assert 60 < len(u) / len(episodes) < 110
    assert all((v[0] == 0).all() for _, v in episodes)


def test_states_are_those_at_which_the_actions_were_taken(demos):
    _, episodes, run = demos
    for (seen, u), x in zip(episodes, run.x, strict=True):
        assert len(seen) == len(u)
        assert np.array_equal(seen, x[: len(u)])
        assert (x[: len(u), FATE] == RUNNING).all()


def test_a_policy_sees_the_place_in_waves_and_the_lag():
    x = np.array([[[0.5, 0.04, 0.49, 0.05, 9.0, 9.0, 0.0]], [[0.8, 0.38, 0.8, 0.38, 9.0, 9.0, 0.0]]])
    seen = avoiding.observed(x, 2)
    assert seen.shape == (2, 1, 12)
    assert np.allclose(seen[0, 0], [0, 0, 0.01, -0.01, 0, 0, 0, 0, 1, 1, 1, 1])
    assert np.allclose(seen[1, 0], [1, 1, 0, 0, 0, 0, 0, 0, -1, 1, -1, 1])
    with pytest.raises(ValueError, match=r"^octaves: >= 0, got -1$"):
        avoiding.observed(x, -1)


def test_only_the_modes_that_are_asked_for_are_demonstrated():
    episodes = demonstrators.demonstrate(4, np.random.default_rng(0), modes=[5, 18])
    assert sorted(avoiding.outcome(led([u for _, u in episodes]).x).mode) == [5, 5, 18, 18]


def test_the_same_seed_gives_the_same_demonstrations_and_another_one_others():
    a, b, c = (demonstrators.demonstrate(3, np.random.default_rng(s)) for s in (1, 1, 2))
    assert all(np.array_equal(p, q) for e, f in zip(a, b, strict=True) for p, q in zip(e, f, strict=True))
    assert not np.array_equal(a[0][1][:50], c[0][1][:50])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: avoiding.plant("torque"), "^action: increment, target or force, got 'torque'$"),
        (lambda: avoiding.plant(wind=float("nan")), "^wind: finite, got nan$"),
        (lambda: avoiding.plant("force").f(avoiding.start(1), np.array([[np.nan, 0.0]])), r"^u: .*row 0.*column 0"),
        (lambda: avoiding.outcome(np.zeros((2, 7))), r"^x: \(n, T, 7\), got \(2, 7\)$"),
        (lambda: demonstrators.demonstrate(0, np.random.default_rng(0)), "^demonstrate: n >= 1, .*got n = 0"),
        (lambda: demonstrators.demonstrate(1, np.random.default_rng(0), like="both"), "^demonstrate: .*'both'"),
        (lambda: demonstrators.demonstrate(1, np.random.default_rng(0), modes=[24]), r"^demonstrate: .*\(24,\)$"),
        (lambda: demonstrators.intervals(1, 0.03), "^clear: >= 0, and an interval of 0.03 m left in every gap, got 0.03$"),
        (lambda: rendering.frame(avoiding.model(), np.zeros(3), camera="top"), r"^positions: \(2,\), got \(3,\)$"),
    ],
)
def test_refusals_are_one_line_naming_the_argument(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # MuJoCo's own, of a context that was never made
def test_a_frame_shows_the_cylinders_or_says_why_there_is_none(monkeypatch):
    model, how = avoiding.model(), dict(camera="top", height=120, width=160)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rendering.NoFrames)  # a machine without: the second half of this test still holds
        seen, again = (rendering.frame(model, avoiding.START, **how) for _ in range(2))
    if seen is not None:
        assert seen.shape == (120, 160, 3)
        assert len(np.unique(seen.reshape(-1, 3), axis=0)) > 10
        assert np.array_equal(seen, again)

    def none(*_):
        raise RuntimeError("no display\nof any kind")

    monkeypatch.setattr(mujoco, "Renderer", none)
    with pytest.warns(rendering.NoFrames, match="^no frames: no display$"):
        assert rendering.frame(model, avoiding.START, camera="top") is None
