"""Tasks with several answers: the expert's own rows as oracles, and laws of the measures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import tasks

T = tasks.T
each = pytest.mark.parametrize("task", tasks.EXAMPLES.values(), ids=tasks.EXAMPLES)


def line(a, b):
    return np.linspace(a, b, T)[None]


def test_a_path_must_be_free_long_enough_and_end_near_a_mode():
    ray = tasks.Radial(8)
    good = line([0.5, 0.5], [0.9, 0.5])
    s = ray.score(np.concatenate([good, line([0.5, 0.5], [0.5, 0.5]), line([0.9, 0.5], [0.5, 0.5]), ray.path(np.array([[np.pi / 8]]))]))
    assert s.success.tolist() == [True, False, False, False]  # stands still; ends in the centre; hits the square
    assert s.free.tolist() == [True, True, True, False]
    assert s.mode[0] == 0
    assert tasks.Corridor(4).score(line([0.05, 0.5], [0.95, 0.5])).free.tolist() == [False]


@each
def test_the_expert_succeeds_and_covers(task, rng):
    paths, mode = task.demonstrations(20 * task.K, rng)
    s = task.score(paths)
    assert s.success.all()
    assert (s.mode == mode).all()
    assert np.bincount(mode).tolist() == [20] * task.K
    assert (s.coverage, s.valid_coverage, s.entropy_ratio) == pytest.approx((1, 1, 1))
    assert s.bridge.mean() < 0.15


@each
def test_the_mean_of_the_modes_fails(task, rng):
    paths, _ = task.demonstrations(100 * task.K, rng)
    mean = tasks.actions(paths).mean(axis=0, keepdims=True)
    s = task.score(task.replay(mean))
    assert not s.success.any()
    assert s.valid_coverage == 0


@each
def test_declared_length_is_that_of_the_demonstrations(task, rng):
    """Rejection and clipping change the law of Rice by less than one per cent."""
    paths, _ = task.demonstrations(400, rng)
    assert np.linalg.norm(tasks.actions(paths), axis=2).sum(axis=1).mean() == pytest.approx(task.expert_length, rel=0.01)
    assert task.reach == 0.1  # the noise is small: the floor applies
    assert np.ptp(task.means[:, 0], axis=0).max() == 0  # one start for all modes


@pytest.mark.parametrize(("name", "ceiling"), [("radial 8", 0.985), ("radial 16", 0.976), ("corridor 16", 0.915), ("circle", 1.0)])
def test_the_ceiling_of_open_loop_replay(name, ceiling, rng):
    """A demonstrated chunk is relative to its own noisy start; replayed from the mean start it now and then hits."""
    task = tasks.EXAMPLES[name]
    paths, _ = task.demonstrations(3000, rng)
    s = task.score(task.replay(tasks.actions(paths)))
    assert s.success.mean() == pytest.approx(ceiling, abs=0.025)


@pytest.mark.parametrize(
    ("name", "success"), [("circle", 0.319), ("sequential", 0.5226), ("radial 8", 0.3467), ("radial 16", 0.5273), ("corridor 16", 0.5)]
)
def test_the_mode_blind_sampler_covers_everything_and_succeeds_by_half(name, success, rng):
    task = tasks.EXAMPLES[name]
    s = task.score(task.blind(20_000, rng))
    assert s.valid_coverage == 1
    assert s.success.mean() == pytest.approx(success, abs=0.02)
    assert s.bridge.mean() > 0.45


@each
def test_mode_members_of_the_family_are_the_means(task, rng):
    np.testing.assert_array_equal(task.path(task.modes), task.means)
    s = task.score(task.means)
    assert s.success.all()
    assert s.mode.tolist() == list(range(task.K))
    assert not s.bridge.any()


@given(st.integers(0, 15), st.floats(0, 1))
def test_bridge_is_the_middle_half_between_two_neighbours(k, share):
    """Halfway rays: the projection runs from one mean to the next as the path does."""
    task = tasks.Corridor(16)
    a, b = task.means[k], task.means[(k + 1) % 16 if k < 15 else 14]
    s = task.score((a + share * (b - a))[None])
    if min(abs(share - x) for x in (0.25, 0.5, 0.75)) > 1e-6:
        assert s.bridge.tolist() == [0.25 < share < 0.75]
        assert s.mode.tolist() == [k if share < 0.5 else (k + 1 if k < 15 else 14)]


def test_replay_is_the_cumulated_sum_from_the_mean_start(rng):
    task = tasks.Circle()
    paths, _ = task.demonstrations(5, rng)
    again = task.replay(tasks.actions(paths))
    np.testing.assert_allclose(again - again[:, :1], paths - paths[:, :1], atol=1e-12)
    np.testing.assert_array_equal(again[:, 0], np.tile([0.5, 0.5], (5, 1)))


@each
def test_what_is_followed_is_reached_and_agrees_with_the_replay_of_its_increments(task, rng):
    commanded = task.blind(5, rng)
    reached = task.follow(commanded)
    np.testing.assert_array_equal(reached, commanded)
    np.testing.assert_allclose(task.replay(tasks.actions(commanded)), reached, atol=1e-12)


def test_one_mode_covers_one_of_K(rng):
    task = tasks.Radial(16)
    s = task.score(np.repeat(task.means[3:4], 50, axis=0))
    assert (s.success.mean(), s.coverage, s.entropy_ratio) == (1, 1 / 16, 0)
    nothing = task.score(np.repeat(task.path(np.array([[np.pi / 16]])), 4, axis=0))
    assert (nothing.coverage, nothing.entropy_ratio) == (0, 0)


def test_same_seed_same_demonstrations():
    a, b = (tasks.Radial(8).demonstrations(16, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_array_equal(a[1], b[1])


def test_refusals(rng):
    task = tasks.Circle()
    with pytest.raises(ValueError, match="n >= 1"):
        task.demonstrations(0, rng)
    with pytest.raises(ValueError, match=r"^replay needs actions \(n, 59, 2\), got \(3, 60, 2\)$"):
        task.replay(np.zeros((3, T, 2)))
    with pytest.raises(ValueError, match="follow needs positions"):
        task.follow(np.zeros((3, T - 1, 2)))
    with pytest.raises(ValueError, match="score needs paths"):
        task.score(np.zeros((3, T - 1, 2)))
