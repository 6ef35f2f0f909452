"""Choices that come one after the other, how many of them a chunk holds, and the sampler that ignores them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qbc import tasks


def paths(offsets):
    x = 0.5 + np.asarray(offsets, dtype=float)
    return np.stack([x, np.broadcast_to(np.arange(tasks.T) / (tasks.T - 1), x.shape)], axis=2)


@pytest.mark.parametrize("gates", [1, 2, 4])
def test_every_mode_of_a_slalom_succeeds_and_every_average_of_two_hits(gates):
    task = tasks.Slalom(gates)
    assert 2**gates == task.K
    assert task.score(task.follow(task.means)).success.all()
    assert not task.through(task.means).any()
    assert task.through(task.means[:1] / 2 + task.means[1:] / 2).all()


def test_a_gate_by_hand():
    task = tasks.Slalom(4)
    assert task.period == 15
    np.testing.assert_allclose(task.bump[:16], [0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0], atol=1e-12)
    assert np.flatnonzero(task.alongside)[:7].tolist() == [5, 6, 7, 8, 9, 10, 20]
    np.testing.assert_allclose(task.obstacles[0], [0.5, 7.5 / 59, 0.1, 2.75 / 59])


def test_a_change_of_side_counts_beside_a_box_and_only_there():
    task = tasks.Slalom(1)
    out = 0.2 * task.bump
    early, late, edge = out.copy(), out.copy(), out.copy()
    early[:15] *= -1
    late[30:] *= -1
    edge[:20] *= -1  # the last position before the box and the first beside it
    assert task.through(paths([out, early, late, edge])).tolist() == [False, False, True, False]
    assert not task.hits(paths([late])).any()


@pytest.mark.parametrize("gates", [0, 7, 60])
def test_gates_that_do_not_fit(gates):
    with pytest.raises(ValueError, match="Slalom needs"):
        tasks.Slalom(gates)


def test_the_plant_goes_where_it_is_told_and_counts():
    plant = tasks.lateral()
    np.testing.assert_array_equal(plant.f(np.array([[0.3, 4.0]]), np.array([[0.1]])), [[0.1, 5.0]])


def test_sight_and_action_are_shaken_and_the_clock_is_not():
    seen = []

    def policy(x, rng):
        seen.append(x)
        return x[:, :1]

    x = np.tile([1.0, 3.0], (20_000, 1))
    u = tasks.shaken(policy, seen=0.3, done=0.4)(x, np.random.default_rng(0))
    assert seen[0][:, 0].std() == pytest.approx(0.3, rel=0.03)
    assert (seen[0][:, 1] == 3).all()
    assert u.std() == pytest.approx(0.5, rel=0.03)
    assert (x == [1, 3]).all()
    np.testing.assert_array_equal(tasks.shaken(policy, seen=0.0, done=0.0)(x, np.random.default_rng(0)), x[:, :1])


def test_open_ways_by_hand():
    assert tasks.open_ways(tasks.Circle(), 1).tolist() == [2] + [1] * 58
    ways = tasks.open_ways(tasks.Slalom(2), 30)
    assert ways[[0, 1, 29, 30, 31]].tolist() == [2, 2, 2, 2, 1]  # once out, a side is known, and the next gate is open
    assert tasks.open_ways(tasks.Slalom(2), 59)[0] == 4


@given(st.integers(1, 58))
def test_longer_chunks_hold_no_fewer_ways(h):
    for task in (tasks.EXAMPLES["sequential"], tasks.Slalom(4)):
        a, b = tasks.open_ways(task, h), tasks.open_ways(task, h + 1)
        assert (a <= b).all()
        assert (a >= 1).all()
        assert b.max() <= task.K


def test_open_ways_refuses_a_chunk_of_no_steps():
    with pytest.raises(ValueError, match="h >= 1"):
        tasks.open_ways(tasks.Circle(), 0)


SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [1.0, 3.0]])  # neighbours lie along the first coordinate


def test_the_blind_sampler_fills_the_segments_between_neighbours_uniformly():
    chunks = SQUARE.repeat(25, axis=0)[:, :, None]
    drawn = tasks.mode_blind(chunks, 4, 20_000, np.random.default_rng(0))
    assert drawn.shape == (20_000, 2, 1)
    assert set(np.round(drawn[:, 1, 0], 9)) == {0.0, 3.0}
    assert np.histogram(drawn[:, 0, 0], bins=4, range=(0, 1))[0] / 20_000 == pytest.approx([0.25] * 4, abs=0.02)


def test_the_sighted_sampler_stays_at_the_centres_as_often_as_they_are_demonstrated():
    chunks = SQUARE[[0, 0, 0, 3]].repeat(10, axis=0)[:, :, None]
    drawn = tasks.mode_blind(chunks, 2, 10_000, np.random.default_rng(0), blind=False)
    assert (drawn[:, 0] == 0).mean() == pytest.approx(0.75, abs=0.02)
    assert set(np.unique(drawn)) == {0.0, 1.0, 3.0}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_what_is_drawn_lies_between_demonstrations_and_the_seed_decides_it(seed, ways):
    chunks = np.random.default_rng(seed).normal(size=(30, 3, 2))
    a, b = (tasks.mode_blind(chunks, ways, 50, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert (a >= chunks.min(axis=0) - 1e-9).all()
    assert (a <= chunks.max(axis=0) + 1e-9).all()


@pytest.mark.parametrize(
    ("chunks", "ways", "n", "says"),
    [
        (np.zeros((4, 2)), 2, 1, "N, h, du"),
        (np.zeros((4, 2, 1)), 1, 1, "2 <= ways <= 4"),
        (np.zeros((4, 2, 1)), 5, 1, "2 <= ways <= 4"),
        (np.zeros((4, 2, 1)), 2, 0, "n >= 1"),
        (np.full((4, 2, 1), np.nan), 2, 1, "chunk"),
    ],
)
def test_what_the_blind_sampler_refuses(chunks, ways, n, says):
    with pytest.raises(ValueError, match=says):
        tasks.mode_blind(chunks, ways, n, np.random.default_rng(0))
