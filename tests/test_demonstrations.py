"""Demonstrations: shapes, what is refused by name, how episodes are cut, and what padded steps hide."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from qbc.demonstrations import Demonstrations, Noise, chunks, demonstrations
from qbc.representations import Cumulated, Dct

X, U = np.arange(8.0).reshape(4, 2), np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    ("x", "u", "shapes"),
    [
        (X, U, ((1, 4, 2), (1, 4, 1, 3))),
        (X, U[:, :, None], ((1, 4, 2), (1, 4, 3, 1))),
        (X[None], U[None], ((1, 4, 2), (1, 4, 1, 3))),
        (np.stack([X, X]), np.zeros((2, 4, 5, 3)), ((2, 4, 2), (2, 4, 5, 3))),
        (None, U, ((1, 4, 0), (1, 4, 1, 3))),
        (None, np.zeros((2, 4, 5, 3)), ((2, 4, 0), (2, 4, 5, 3))),
    ],
)
def test_shapes(x, u, shapes):
    d = demonstrations(x, u)
    assert (d.x.shape, d.u.shape) == shapes
    assert (d.k, d.rows, d.h, d.du) == (shapes[1][0], 4, *shapes[1][2:])


@pytest.mark.parametrize(
    ("x", "u", "more", "said"),
    [
        (X, U[:3], {}, "x .N, dx. or .k, N, dx. and u with as many rows"),
        (X[0], U, {}, "and u with as many rows"),
        (X, np.zeros((4, 1, 1, 1)), {}, "and u with as many rows"),
        (X[:1], U[:1], {}, "at least two rows"),
        (X, U[:, :0], {}, "one action coordinate"),
        (np.where(X == 3, np.nan, X), U, {}, "x: network 0, row 1, column 1 is nan, not a finite number"),
        (X, np.where(U == 7, -np.inf, U), {}, "u: network 0, row 2, step 0, column 1 is -inf"),
        (X, U, dict(weights=[1, 1, np.nan, 1]), "weights: network 0, row 2 is nan"),
        (X, U, dict(weights=[1, 1, -1, 1]), "weights: >= 0"),
        (X, U, dict(weights=np.zeros(4)), "weights: >= 0, and some > 0"),
        (np.stack([X, X]), np.stack([U, U]), dict(weights=[[1, 1, 1, 1], [0, 0, 0, 0]]), "weights: >= 0, and some > 0 in each network"),
        (X, U, dict(weights=np.ones(3)), r"^weights: shape \(1, 4\), got \(1, 3\)$"),
        (X, U, dict(mask=np.ones(4)), r"^mask: booleans \(1, 4, 1\), each step demonstrated in some row, got float64 \(1, 4, 1\)$"),
        (X, U[:, :, None], dict(mask=np.array([[True, True, False]] * 4)), "each step demonstrated in some row"),
        (X, U, dict(mask=np.zeros(4, dtype=bool)), "each step demonstrated in some row"),
    ],
)
def test_what_does_not_fit_is_named(x, u, more, said):
    with pytest.raises(ValueError, match=said):
        demonstrations(x, u, **more)


def test_three_axes_without_observations_say_how_many_networks():
    """Fifty chunks of eight steps are not silently fifty networks."""
    u = np.arange(800.0).reshape(50, 8, 2)
    for k in (None, 2):
        with pytest.raises(ValueError, match=r"50 networks or 50 chunks of 8 steps: give k = 50, or u\[None\]"):
            demonstrations(None, u, k=k)
    assert demonstrations(None, u, k=50).u.shape == (50, 8, 1, 2)
    assert demonstrations(None, u, k=50).x.shape == (50, 8, 0)
    np.testing.assert_array_equal(demonstrations(None, u, k=1).u[0], u)
    assert demonstrations(X, U, k=1).k == 1
    with pytest.raises(ValueError, match="k: 1 data sets, got 2"):
        demonstrations(X, U, k=2)


def test_what_the_caller_does_to_an_array_afterwards_is_not_learned():
    x, u, w = X[None].copy(), U[None, :, None].copy(), np.ones((1, 4))
    d = Demonstrations(x, u, None, w)
    for a in (x, u, w):
        a[:] = np.nan
    assert all(np.isfinite(a).all() for a in (d.x, d.u, d.weights))


def test_every_network_gets_the_same_rows():
    d = demonstrations(X, U, weights=[1, 2, 3, 4], mask=np.array([True, True, True, False])).noised(0.5).times(3)
    assert (d.x.shape, d.u.shape, d.mask.shape, d.weights.shape) == ((3, 4, 2), (3, 4, 1, 3), (3, 4, 1), (3, 4))
    assert d.noise.sigma.shape == (3, 2)
    np.testing.assert_array_equal(d.u[2], d.u[0])
    assert demonstrations(X, U).times(1).k == 1
    for wrong in (d, demonstrations(X, U)):
        with pytest.raises(ValueError, match="times: one data set and k >= 1"):
            wrong.times(2 if wrong is d else 0)


def test_noise_is_one_number_one_a_network_or_one_a_column():
    d = demonstrations(np.stack([X, X]), np.stack([U, U]))
    np.testing.assert_array_equal(d.noised(0.1).noise.sigma, np.full((2, 2), 0.1))
    np.testing.assert_array_equal(d.noised([[0.1], [0.2]]).noise.sigma, [[0.1, 0.1], [0.2, 0.2]])
    np.testing.assert_array_equal(d.noised([[0.1, 0.3], [0.2, 0.4]]).noise.sigma, [[0.1, 0.3], [0.2, 0.4]])
    for wrong in ([0.1, 0.2], [[0.1, 0.2]], np.ones(3)):  # two networks or two columns?
        with pytest.raises(ValueError, match=r"sigma: a number, \(2, 1\) or \(2, 2\), got"):
            d.noised(wrong)
    for wrong in (-0.1, [[0.1], [-0.1]], [[0.1], [np.nan]]):
        with pytest.raises(ValueError, match="sigma"):
            d.noised(wrong)
    for levels in ((), (-0.5, 1.0)):
        with pytest.raises(ValueError, match="at least one level"):
            d.noised(0.1, levels=levels)
    with pytest.raises(ValueError, match="octaves: >= 0"):
        d.waved(-1)


def test_untold_there_is_one_level_and_no_wave():
    d = demonstrations(X, U)
    assert (d.octaves, d.noise, d.waved(2).waved(0).octaves) == (0, None, 0)
    for noise in (Noise(np.zeros((1, 2))), d.noised(0.0).noise):
        assert (noise.levels, noise.told) == ((1.0,), False)
    noise = d.noised(0.1, levels=(0, 2), told=True).noise
    assert (noise.levels, noise.told) == ((0.0, 2.0), True)


def test_options_are_named():
    for call in (lambda: demonstrations(X, U, 1), lambda: demonstrations(X, U).noised(0.1, (1.0,)), lambda: chunks([(X, U)], 1, 1)):
        with pytest.raises(TypeError):
            call()


def test_none_changes_afterwards_and_each_is_equal_only_to_itself():
    for one, other in (((d := demonstrations(X, U)), demonstrations(X, U)), (d.noised(0.1).noise, d.noised(0.1).noise)):
        assert one == one != other
        with pytest.raises(FrozenInstanceError):
            one.octaves = 1


def test_a_row_may_count_for_nothing():
    weights = np.array([[0.5, 0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(demonstrations(X, U, weights=weights[0]).weights, weights)


def test_a_row_that_shows_no_step_counts_for_nothing():
    u = np.zeros((2, 3, 2, 1))
    mask = np.array([[[True, True], [False, False], [False, True]], [[True, True], [True, False], [False, True]]])
    np.testing.assert_array_equal(demonstrations(None, u, mask=mask).weights, [[1, 0, 1], [1, 1, 1]])
    told = demonstrations(None, u, mask=mask, weights=[[0.25, 9, 0.5], [0, 7, 0]])
    np.testing.assert_array_equal(told.weights, [[0.25, 0, 0.5], [0, 7, 0]])
    assert demonstrations(None, u[1:], mask=mask[1:]).weights is None  # each row shows some step
    with pytest.raises(ValueError, match=r"^weights: some > 0 in each network where the mask shows a step$"):
        demonstrations(None, u, mask=mask, weights=[[0, 9, 0], [1, 1, 1]])


def test_what_stands_in_padded_steps_stays_unless_it_is_no_number():
    u, mask = np.array([[1.0], [3.0], [7.0], [np.nan]]), np.array([True, True, False, False])
    np.testing.assert_array_equal(demonstrations(None, u, mask=mask).u.ravel(), [1, 3, 7, 2])
    u = np.array([[[1.0, 4.0], [3.0, np.nan], [5.0, 6.0]], [[np.nan, 0.0], [2.0, 8.0], [4.0, 1.0]]])[..., None]
    d = demonstrations(None, u, mask=np.isfinite(u[..., 0]))  # two networks of three chunks of two steps
    np.testing.assert_array_equal(d.u[..., 0], [[[1, 4], [3, 5], [5, 6]], [[3, 0], [2, 8], [4, 1]]])


def test_a_representation_sees_the_last_action_held_after_the_end():
    u = np.array([[1.0], [2.0], [4.0]])
    by = chunks([(u, u)], 3).represented(Cumulated())
    np.testing.assert_array_equal(by.u[0, :, :, 0], [[1, 3, 7], [2, 6, 10], [4, 8, 12]])


def test_episodes_are_cut_into_chunks_by_hand():
    first = (np.array([[0.0], [1.0], [2.0]]), np.array([[10.0], [11.0], [12.0]]))
    second = (np.array([[5.0]]), np.array([[15.0]]))
    d = chunks([first, second], 2, history=2)
    np.testing.assert_array_equal(d.x[0], [[0, 0], [0, 1], [1, 2], [5, 5]])
    np.testing.assert_array_equal(d.mask[0], [[True, True], [True, True], [True, False], [True, False]])
    np.testing.assert_array_equal(d.u[0, :2, :, 0], [[10, 11], [11, 12]])
    np.testing.assert_array_equal(d.u[0, 2:, 0, 0], [12, 15])
    assert chunks([first], 1).mask is None
    np.testing.assert_array_equal(chunks([first], 1).x[0], first[0])


def test_a_chunk_shows_what_the_episode_did(rng):
    x, u = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    d = chunks([(x, u)], 4, history=3)
    for t in range(20):
        np.testing.assert_array_equal(d.u[0, t][d.mask[0, t]], u[t : t + 4])
        np.testing.assert_array_equal(d.x[0, t].reshape(3, 3)[-1], x[t])
        if t >= 2:
            np.testing.assert_array_equal(d.x[0, t].reshape(3, 3), x[t - 2 : t + 1])


@pytest.mark.parametrize(
    ("episodes", "h", "said"),
    [
        ([], 1, "^chunks: at least one episode of h = 1 steps, got 0, the longest of 0$"),
        ([(X[:, 0], U)], 1, "episode 0 needs"),
        ([(X, U[:3])], 1, "episode 0 needs"),
        ([(X, U), (X[:0], U[:0])], 1, "episode 1 needs"),
        ([(X, U)], 0, "h and history >= 1"),
        ([(X, U), (X[:2], U[:2])], 5, "at least one episode of h = 5 steps, got 2, the longest of 4"),
        ([(X, U), (X[:, :1], U)], 1, "episode 1 has dx, du = 1, 3, episode 0 2, 3"),
        ([(X, U), (np.where(X == 3, np.nan, X), U)], 1, "x of episode 1: step 1, column 1 is nan"),
        ([(X, U), (X, np.where(U == 7, np.inf, U))], 1, "u of episode 1: step 2, column 1 is inf"),
    ],
)
def test_episodes_that_do_not_fit_are_named(episodes, h, said):
    with pytest.raises(ValueError, match=said):
        chunks(episodes, h)


def test_a_past_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"^chunks: h and history >= 1, got 1 and 0$"):
        chunks([(X, U)], 1, history=0)
    with pytest.raises(ValueError, match=r"^chunks: episode 1 has dx, du = 1, 3, episode 0 2, 3$"):
        chunks([(X, U), (X[:, :1], U)], 1, history=2)


def test_an_episode_weighs_as_it_is_told():
    np.testing.assert_array_equal(chunks([(X, U), (X[:2], U[:2])], 1, weights=[1, 3]).weights, [[1, 1, 1, 1, 3, 3]])
    with pytest.raises(ValueError, match="weights: 2, one an episode"):
        chunks([(X, U), (X, U)], 1, weights=[1])


def test_representations_follow_one_another():
    u = np.arange(24.0).reshape(1, 2, 6, 2)
    d = demonstrations(None, u, mask=None).represented(Cumulated()).represented(Dct(6, 3))
    assert d.u.shape == (1, 2, 3, 2)
    assert d.represented_as == (Cumulated(), Dct(6, 3))


def test_the_parts_are_checked_however_they_are_put_together():
    with pytest.raises(ValueError, match="of one k and N"):
        Demonstrations(X, U)
    with pytest.raises(ValueError, match="of one k and N"):
        Demonstrations(X[None], U[None])
