"""Sequences as plants: the history moves on, noise on frames, what a head is shown; distances and phases on a curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import systems
from qbc.sequences import Continued, Curve, following, histories


def circle(p):
    return np.stack([np.cos(p), np.sin(p)], axis=-1)


CIRCLE = Curve(circle(np.linspace(0, 2 * np.pi, 720, endpoint=False)))


@given(st.integers(1, 5), st.integers(1, 3))
def test_the_state_is_the_last_frames(window, d):
    rng = np.random.default_rng(window * 10 + d)
    said = rng.normal(size=(7, 4, d))
    plant = following(window, d)
    x = rng.normal(size=(4, window * d))
    frames = np.concatenate([x.reshape(4, window, d), said.swapaxes(0, 1)], axis=1)
    turn = iter(said)
    run = systems.rollout(plant, lambda x, rng: next(turn), x, 7, rng)
    for t in range(8):
        assert np.array_equal(run.x[:, t], frames[:, t : t + window].reshape(4, -1))


def test_its_constants_are_those_of_the_shift():
    plant, rng = following(3, 2), np.random.default_rng(0)
    x, y, u, v = rng.normal(size=(2, 50, 6)).tolist() + rng.normal(size=(2, 50, 2)).tolist()
    gap = np.linalg.norm(plant.f(np.array(x), np.array(u)) - plant.f(np.array(y), np.array(v)), axis=1)
    far = plant.alpha * np.linalg.norm(np.subtract(x, y), axis=1) + plant.beta * np.linalg.norm(np.subtract(u, v), axis=1)
    assert (gap <= far).all()


def test_each_frame_has_noise_of_the_level_it_is_told_of():
    frames = np.zeros((20_000, 3, 2))
    seen, level = histories(frames, (0.0, 0.1, 0.5), np.random.default_rng(1))
    assert np.array_equal(seen[:, 6:], level)
    noise = seen[:, :6].reshape(-1, 3, 2)
    for s in (0.0, 0.1, 0.5):
        assert noise[level == s].std() == pytest.approx(s, rel=0.03)
        assert (level == s).mean(axis=0) == pytest.approx(1 / 3, abs=0.02)
    assert abs(np.corrcoef(level.T) - np.eye(3)).max() < 0.03  # independent from frame to frame


def test_level_zero_is_the_history_itself():
    frames = np.random.default_rng(2).normal(size=(2, 5, 4, 3))
    seen, level = histories(frames, (0.0,), np.random.default_rng(3))
    assert np.array_equal(seen[..., :12], frames.reshape(2, 5, 12))
    assert not level.any()


def test_a_head_is_shown_the_noise_and_told_the_level_that_are_asked_for():
    got = []

    def head(x, rng):
        got.append(x)
        return x[:, :, None, :2]

    x = np.arange(24.0).reshape(6, 4)
    u = Continued(head, k=3, window=2, shown=0.0, told=0.3)(x, np.random.default_rng(0))
    assert got[0].shape == (3, 2, 6)
    assert np.array_equal(got[0][:, :, :4].reshape(6, 4), x)
    assert (got[0][:, :, 4:] == 0.3).all()
    assert np.array_equal(u, x[:, :2])
    many = np.zeros((3 * 4000, 4))
    Continued(head, k=3, window=2, shown=0.2)(many, np.random.default_rng(1))
    assert got[1][:, :, :4].std() == pytest.approx(0.2, rel=0.02)
    assert not got[1][:, :, 4:].any()


def test_distance_to_a_circle_is_that_of_the_radius():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(3, 5000, 2))
    assert CIRCLE.distance(x) == pytest.approx(abs(np.linalg.norm(x, axis=-1) - 1), abs=5e-3)
    by_hand = np.linalg.norm(x[:, :50, None] - CIRCLE.points, axis=-1).min(axis=-1)
    assert CIRCLE.distance(x[:, :50]) == pytest.approx(by_hand)


@given(st.floats(0.05, 0.5), st.floats(0, 6))
def test_phases_are_followed_around(step, start):
    p = start + step * np.arange(60)
    found = CIRCLE.phases(1.1 * circle(p)[None], np.array([start]), step)
    assert found[0] == pytest.approx(p, abs=0.02)


def test_a_phase_that_falls_behind_by_hand():
    """A sequence that stands still at phase 0 is behind by the steps it has not made, as far as it is looked for."""
    found = CIRCLE.phases(np.repeat(circle(np.zeros(1))[None], 4, axis=1), np.zeros(1), 0.2)
    assert found[0] == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: following(0, 2), "following: window and d >= 1, got 0 and 2"),
        (lambda: following(2, 0), "following: window and d >= 1, got 2 and 0"),
        (lambda: histories(np.zeros((2, 2, 1)), (), np.random.default_rng(0)), "histories: at least one level"),
        (lambda: histories(np.zeros((2, 2, 1)), (0.1, -0.1), np.random.default_rng(0)), "histories: at least one level"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=f"^{said}"):
        call()
