"""Scenes: what holds for a task holds in each of them."""

import dataclasses

import numpy as np
import pytest

from qbc import tasks

each = pytest.mark.parametrize("task", tasks.EXAMPLES.values(), ids=tasks.EXAMPLES)


@each
def test_a_demonstration_is_played_home_again(task, rng):
    """The chunk leads from the mean start, whatever the demonstration's own start was."""
    paths, _ = task.demonstrations(40, rng)
    scenes = tasks.Scenes.draw(task, 40, rng)
    again = task.replay(scenes.home(scenes.chunks(task, paths)))
    np.testing.assert_allclose(again[:, 1:], paths[:, 1:], atol=1e-12)
    np.testing.assert_array_equal(again[:, 0], np.tile(task.start, (40, 1)))


@each
def test_scenes_stay_in_their_ranges(task, rng):
    scenes = tasks.Scenes.draw(task, 2000, rng)
    size = np.linalg.norm(scenes.linear, axis=1)
    assert (size >= 1 - task.shrink).all()
    assert (size <= 1).all()
    np.testing.assert_allclose(
        (scenes.linear[:, :, 0] * scenes.linear[:, :, 1]).sum(axis=1), 0, atol=1e-12
    )  # axes stay at right angles
    angle = np.arctan2(scenes.linear[:, 1, 0], scenes.linear[:, 0, 0])
    assert 0.98 * task.turn < np.abs(angle).max() <= task.turn
    assert 0.98 < np.abs(scenes.move).max() <= 1


def test_by_hand():
    """A quarter turn to the left, the first axis halved, moved by (1, 0): (1, .5) goes to (1.5, .75), where the start is (1.5, .5)."""
    linear = np.array([[[0.0, -1.0], [0.5, 0.0]]])
    scenes, task = tasks.Scenes(linear, np.array([[1.0, 0.0]])), tasks.Circle(told=True)
    np.testing.assert_allclose(scenes.seen(task, np.array([1])), [[1.5, 0.5, 1.5, 0.75, 1.0, 0.5, 0.0, 1.0]])
    np.testing.assert_allclose(scenes.home(np.array([[[0.0, 0.5], [-2.0, 0.0]]])), [[[1.0, 0.0], [0.0, 2.0]]], atol=1e-12)
    assert scenes.seen(tasks.Circle(), np.array([1])).shape == (1, 6)


def test_turns_and_shrinking():
    assert (tasks.Radial(16).turn, tasks.Radial(16).shrink) == (np.pi / 16, 0.4)
    assert tasks.Corridor(8).turn == pytest.approx(np.arctan(1 / 8.1))
    assert (tasks.Corridor(8).shrink, tasks.Circle().turn, tasks.Circle().shrink) == (0.2, 0.2, 0.4)


def test_the_wanted_mode_is_asked_for(rng):
    task = dataclasses.replace(tasks.Circle(), told=True)
    paths, mode = task.demonstrations(20, rng)
    assert task.score(paths, mode).success.all()
    assert not task.score(paths, 1 - mode).success.any()
    assert task.score(paths).success.all()
