"""What a task measures and draws, worked by hand on a task of binary fractions, and against other formulas."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from qbc import tasks

T = tasks.T


class Squares(tasks.Task):
    """Two modes, straight up on the left and on the right, and two boxes whose sides binary fractions write exactly."""

    def __init__(self, noise=0.0):
        self.noise = noise

    modes = np.array([[0.25], [0.75]])
    box = np.array([[0.25], [1.0]])
    obstacles = np.array([[0.5, 0.5, 0.125, 0.25], [0.0, 0.0, 0.0, 0.0]])

    def path(self, p):
        y = np.arange(T) / 64
        return np.stack([np.broadcast_to(p, (len(p), T)), np.broadcast_to(y, (len(p), T))], axis=2)


@pytest.mark.parametrize("missing", ["modes", "box", "path", "obstacles"])
def test_a_task_without_a_member_is_none(missing):
    members = {n: vars(Squares)[n] for n in ("modes", "box", "path", "obstacles") if n != missing}
    with pytest.raises(TypeError, match=f"abstract method '?{missing}"):
        type("Part", (tasks.Task,), members)()


def test_an_observation_tells_no_mode_unless_the_task_says_so():
    assert not Squares().told


def test_obstacles_are_closed_boxes():
    def hit(x, y):
        return bool(Squares().hits(np.array([[[0.75, 0.75], [x, y], [0.75, 0.75]]]))[0])

    inside = [(0.5, 0.5), (0.375, 0.5), (0.625, 0.25), (0.625, 0.75), (0.0, 0.0)]
    outside = [(0.37, 0.5), (0.63, 0.5), (0.5, 0.24), (0.5, 0.76), (0.0, 0.1)]
    assert [hit(*at) for at in inside] == [True] * 5
    assert [hit(*at) for at in outside] == [False] * 5


def test_a_mean_noisy_step_has_the_law_of_rice():
    """Of length a and noise s in both ends: Rice(a / (s sqrt 2)) times s sqrt 2, by scipy."""
    for noise in (0.004, 0.02):
        s = noise * np.sqrt(2)
        assert Squares(noise).expert_length == pytest.approx(59 * stats.rice(1 / 64 / s, scale=s).mean(), rel=1e-9)
    task = tasks.Circle(noise=0.02)
    steps = np.linalg.norm(np.diff(task.means, axis=1), axis=2)
    s = 0.02 * np.sqrt(2)
    assert task.expert_length == pytest.approx(stats.rice(steps / s, scale=s).mean().sum() / 2, rel=1e-9)


def test_reach_is_five_deviations_of_the_law_of_rayleigh_beyond_its_mean():
    law = stats.rayleigh(scale=0.05)
    assert Squares(0.05).reach == pytest.approx(law.mean() + 5 * law.std())
    assert Squares(0.001).reach == 0.1


def test_demonstrations_are_their_modes_plus_noise_drawn_in_order():
    task, n = Squares(0.01), 7
    paths, mode = task.demonstrations(n, np.random.default_rng(2))
    rng = np.random.default_rng(2)
    order = rng.permutation([0, 1, 0, 1, 0, 1, 0])
    assert mode.tolist() == order.tolist()
    np.testing.assert_array_equal(paths, np.clip(task.means[order] + 0.01 * rng.normal(size=(n, T, 2)), 0, 1))
    assert task.demonstrations(1, rng)[1].tolist() == [0]
    wide, _ = Squares(0.1).demonstrations(9, rng)
    assert (wide.min(), wide.max()) == (0.0, 1.0)
    assert not task.hits(wide).any()


def test_blind_paths_fill_the_family():
    found = Squares().blind(5, np.random.default_rng(1))
    np.testing.assert_array_equal(found[:, 0, 0], 0.25 + 0.75 * np.random.default_rng(1).random((5, 1))[:, 0])


def test_what_is_just_long_and_near_enough_is_a_success():
    """The expert's length is nearly 59/64 = .922, and the reach .1: half as long and ending that near just do."""
    task = Squares(1e-4)

    def success(y, x):
        up = np.stack([np.full(T, x), y], axis=1)
        up[-1, 1] = 59 / 64  # ends at the height of the modes
        return task.score(up[None]).success.tolist()

    straight = np.arange(T) / 64
    assert [success(straight, x) for x in (0.25, 0.16, 0.149, 0.75, 0.84, 0.851)] == [[True], [True], [False], [True], [True], [False]]
    assert [success(np.linspace(59 / 64 - d, 59 / 64, T), 0.25) for d in (0.465, 0.455)] == [[True], [False]]


def test_the_end_is_the_last_position():
    task, up = Squares(1e-4), Squares().means[:1]
    late, early, above = (up.copy() for _ in range(3))
    late[0, -1, 0] += 0.15
    early[0, -2, 0] += 0.15
    above[0, -1, 1] += 0.095  # within .1 of the mode's end, and not of its last position but one
    assert task.score(np.concatenate([late, early, above])).success.tolist() == [False, True, True]


class Exact(Squares):
    """With thresholds that a path can meet exactly."""

    reach = 0.125
    expert_length = 59 / 32


def test_what_lies_on_a_threshold():
    task = Exact()
    left = task.path(np.array([[0.125], [0.124]]))  # of length 59/64, and .125 and more from the end of the left mode
    assert task.score(left).success.tolist() == [True, False]
    share = np.array([0.0, 0.25, 0.26, 0.5, 0.74, 0.75, 1.0])
    assert task.score(task.path(0.25 + 0.5 * share[:, None])).bridge.tolist() == [False, False, True, True, True, False, False]


def test_the_mode_is_the_nearest_mean_path_and_the_bridge_lies_between_the_nearest_two(rng):
    task = tasks.Sequential()
    paths = task.means[rng.integers(4, size=300)] * 0.6 + task.means[rng.integers(4, size=300)] * 0.4
    paths = paths + 0.02 * rng.normal(size=paths.shape)
    s, flat, targets = task.score(paths), paths.reshape(300, -1), task.means.reshape(4, -1)
    near = np.argsort(cdist(flat, targets), axis=1)
    assert s.mode.tolist() == near[:, 0].tolist()
    a, b = targets[near[:, 0]], targets[near[:, 1]]
    share = [np.linalg.lstsq((q - p)[:, None], f - p, rcond=None)[0][0] for f, p, q in zip(flat, a, b, strict=True)]
    assert s.bridge.tolist() == [0.25 < x < 0.75 for x in share]
    assert 0 < s.bridge.sum() < 300


def test_coverage_and_entropy_by_hand():
    free, success = np.array([True, True, True, True, False]), np.array([True, False, False, False, False])
    s = tasks.Score(4, free, success, np.array([0, 1, 1, 1, 2]), np.zeros(5, dtype=bool))
    assert (s.coverage, s.valid_coverage) == (0.5, 0.25)
    assert s.entropy_ratio == pytest.approx((np.log(4) / 4 + 3 / 4 * np.log(4 / 3)) / np.log(4))
    one = tasks.Score(4, np.ones(1, dtype=bool), np.ones(1, dtype=bool), np.array([2]), np.zeros(1, dtype=bool))
    assert (one.coverage, one.entropy_ratio) == (0.25, 0.0)
    with pytest.raises(FrozenInstanceError):
        s.K = 2
