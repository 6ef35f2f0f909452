"""The geometry of every task, worked by hand: where its paths run, where its obstacles stand, which family it draws from."""

import dataclasses
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from qbc import tasks

T = tasks.T


def test_geometry_worked_by_hand():
    circle, fork, ray, wall = tasks.Circle(), tasks.Sequential(), tasks.Radial(8), tasks.Corridor(16)
    np.testing.assert_allclose(circle.means[:, T // 2], [[0.5, 0.1], [0.5, 0.9]])  # half way round: the far ends
    np.testing.assert_allclose(circle.means[:, T // 4], [[0.7, 0.3], [0.3, 0.7]])  # clockwise
    np.testing.assert_allclose(fork.means[:, -1], [[0.1, 1], [0.4, 1], [0.6, 1], [0.9, 1]])
    np.testing.assert_allclose(ray.means[2, -1], [0.5, 0.9])
    assert ray.half_width == pytest.approx(0.04139, abs=5e-6)
    assert tasks.Radial(16).half_width == pytest.approx(0.01486, abs=5e-6)
    assert [len(t.obstacles) for t in (circle, fork, ray, wall)] == [2, 3, 8, 15]
    np.testing.assert_allclose(wall.obstacles[0], [0.5, 1.5 / 17, 0.02, 1 / 68])
    inside = (wall.means[0, :, 0] > 0.48) & (wall.means[0, :, 0] < 0.52)
    np.testing.assert_allclose(wall.means[0, inside, 1], 1 / 17)
    assert [t.K for t in tasks.EXAMPLES.values()] == [2, 2, 4, 8, 16, 16]


def test_a_path_has_sixty_positions():
    assert T == 60
    assert all(t.means.shape == (t.K, 60, 2) for t in tasks.EXAMPLES.values())


def test_noises_and_defaults():
    assert [t.noise for t in tasks.EXAMPLES.values()] == [0.008, 0.008, 0.012, 0.006, 0.006, 0.005]
    assert [t.told for t in tasks.EXAMPLES.values()] == [False, True, False, False, False, False]


@pytest.mark.parametrize("task", tasks.EXAMPLES.values(), ids=tasks.EXAMPLES)
def test_a_task_is_what_its_fields_are(task):
    assert task == dataclasses.replace(task)
    assert task != dataclasses.replace(task, noise=0.001)
    with pytest.raises(FrozenInstanceError):
        task.noise = 1.0


def test_the_circle():
    task = tasks.Circle()
    s = 2 * np.pi * np.arange(T) / T
    np.testing.assert_allclose(task.path(np.array([[0.5]]))[0], np.stack([0.5 - 0.1 * np.sin(s), 0.6 - 0.1 * np.cos(s)], axis=1))
    np.testing.assert_allclose(np.linalg.norm(task.means - [[[0.5, 0.3]], [[0.5, 0.7]]], axis=2), 0.2)  # about the tangent circles
    assert task.modes.tolist() == task.box.tolist() == [[-1.0], [1.0]]
    assert task.obstacles.tolist() == [[0.5, 0.3, 0.08, 0.05], [0.5, 0.7, 0.08, 0.05]]


def test_the_forks():
    """On the two straight pieces between forks, at the end, and half way through a fork, for one member of the family."""
    task = tasks.Sequential()
    path = task.path(np.array([[0.4, -0.8]]))[0]
    y = np.arange(T) / 59
    np.testing.assert_allclose(path[:, 1], y)
    bend = 0.1 * np.clip((y - 0.4) / 0.05, 0, 1) - 0.12 * np.clip((y - 0.7) / 0.05, 0, 1)  # .25 * .4 and -.15 * .8
    np.testing.assert_allclose(path[:, 0], 0.5 + bend, atol=1e-12)
    assert task.modes.tolist() == [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    assert task.box.tolist() == [[-1, -1], [1, 1]]
    assert task.obstacles.tolist() == [[0.5, 0.55, 0.06, 0.05], [0.25, 0.88, 0.06, 0.05], [0.75, 0.88, 0.06, 0.05]]


def test_the_rays():
    task, r = tasks.Radial(4), 0.4 * np.arange(T) / 59
    path = task.path(np.array([[np.pi / 6]]))[0]
    np.testing.assert_allclose(path, 0.5 + np.outer(r, [np.sqrt(0.75), 0.5]))
    np.testing.assert_allclose(task.modes, np.pi / 2 * np.array([[0], [1], [2], [3]]))
    np.testing.assert_allclose(task.box, [[0], [2 * np.pi]])
    side = (0.2 * np.sqrt(0.5) - 0.018) / np.sqrt(2)
    a, b = 0.5 + 0.2 * np.sqrt(0.5), 0.5 - 0.2 * np.sqrt(0.5)
    np.testing.assert_allclose(task.obstacles, [[x, y, side, side] for x, y in ((a, a), (b, a), (b, b), (a, b))])


def test_the_corridor():
    task, x = tasks.Corridor(4), 0.05 + 0.9 * np.arange(T) / 59
    np.testing.assert_allclose(task.modes, [[0.2], [0.4], [0.6], [0.8]])
    np.testing.assert_allclose(task.box, [[0.2], [0.8]])
    np.testing.assert_allclose(task.obstacles, [[0.5, 0.3, 0.02, 0.05], [0.5, 0.5, 0.02, 0.05], [0.5, 0.7, 0.02, 0.05]])
    path = task.path(np.array([[0.9]]))[0]
    np.testing.assert_allclose(path[:, 0], x)
    np.testing.assert_allclose(path[:, 1], 0.5 + 0.4 * np.minimum(np.minimum((x - 0.05) / 0.43, (0.95 - x) / 0.43), 1), atol=1e-12)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: tasks.Radial(1), "Radial needs K >= 2, got 1"),
        (lambda: tasks.Radial(64), "Radial has room for no obstacle between 64 modes at noise 0.006"),
        (lambda: tasks.Radial(2, noise=0.2 / 3), "room for no obstacle between 2 modes"),  # half_width is 0 exactly
        (lambda: tasks.Corridor(5), "Corridor needs an even K >= 2, so that the mean path meets the wall, got 5"),
        (lambda: tasks.Corridor(0), "even K >= 2"),
        (lambda: tasks.Corridor(1), "even K >= 2"),
    ],
)
def test_numbers_of_modes_that_leave_no_task_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_two_modes_are_enough():
    assert tasks.Radial(2).half_width == pytest.approx((0.2 - 0.018) / np.sqrt(2))
    np.testing.assert_allclose(tasks.Corridor(2).obstacles, [[0.5, 0.5, 0.02, 1 / 12]])
