"""How networks see observations and say chunks, by hand: what counts, waves, levels, moves from rest, representations."""

import inspect
import warnings
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from qbc.demonstrations import demonstrations
from qbc.learn.device import array, tensor
from qbc.learn.view import AtRest, View, counts, waves
from qbc.representations import Cumulated, Dct

X = np.array([[[1.0, 7.0], [3.0, 7.0], [5.0, 7.0]], [[0.0, 2.0], [0.0, 4.0], [6.0, 0.0]]])  # (2, 3, 2)
U = np.arange(12.0).reshape(2, 3, 2, 1) ** 2  # chunks of two steps
MASK = np.array([[[True, True], [True, False], [True, True]]] * 2)
ALL = slice(None)


def test_each_step_counts_as_often_as_its_row_unless_it_is_masked():
    weights = np.array([[1.0, 2.0, 0.0], [1.0, 1.0, 3.0]])
    assert counts(demonstrations(X, U), ALL) is None
    np.testing.assert_array_equal(counts(demonstrations(X, U, mask=MASK), slice(1, 3)), [[[1, 0], [1, 1]]] * 2)
    both = [[[1, 1], [2, 0], [0, 0]], [[1, 1], [1, 0], [3, 3]]]
    np.testing.assert_array_equal(counts(demonstrations(X, U, mask=MASK, weights=weights), ALL), both)
    np.testing.assert_array_equal(counts(demonstrations(X, U, weights=0.1 * weights), slice(0, 2))[0], [[0.1, 0.1], [0.2, 0.2]])


def test_a_step_that_never_counts_is_named():
    demos = demonstrations(X, U, mask=MASK, weights=[[1.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    with pytest.raises(ValueError, match=r"^mask and weights: step 0 of network 1 has no weight in the 2 rows that are learned from$"):
        counts(demos, slice(0, 2))
    with pytest.raises(ValueError, match=r"^mask and weights: step 1 of network 0 has no weight in the 1 rows that are learned from$"):
        counts(demonstrations(X, U, mask=MASK), slice(1, 2))


def test_waves_stand_beside_what_they_are_of():
    z = np.array([[0.5, -0.25]])
    angles = np.pi * np.array([[0.5, 1.0, -0.25, -0.5]])
    np.testing.assert_allclose(array(waves(tensor(z), 2)), np.hstack([z, np.sin(angles), np.cos(angles)]), atol=1e-6)


def test_a_view_has_the_scales_of_what_is_learned_from():
    view = View.of(demonstrations(X, U, weights=[[1.0, 1.0, 0.0], [1.0, 1.0, 2.0]]))
    np.testing.assert_allclose(view.obs.mean, [[[2, 7]], [[3, 1.5]]])
    np.testing.assert_allclose(view.act.mean, [[[2, 5]], [[(36 + 64 + 200) / 4, (49 + 81 + 242) / 4]]])
    np.testing.assert_allclose(View.of(demonstrations(X, U), slice(1, 3)).obs.mean, [[[4, 7]], [[3, 2]]])
    np.testing.assert_allclose(View.of(demonstrations(X, U), slice(1, 3)).act.mean[0], [[10, 17]])
    np.testing.assert_allclose(View.of(demonstrations(X, U, mask=MASK)).act.mean[0], [[20 / 3, 13]])
    assert (view.shape, view.octaves, view.represented_as) == ((2, 1), 0, ())


def test_a_masked_step_hides_all_its_columns():
    u = np.concatenate([U, -2 * U], axis=3)
    np.testing.assert_allclose(View.of(demonstrations(X, u, mask=MASK)).act.mean[0], [[20 / 3, -40 / 3, 13, -26]])


def test_noise_widens_what_is_seen_and_a_told_level_is_one_more_column():
    demos = demonstrations(X, U).noised(2.0, levels=(1.0, 3.0), told=True)
    obs = View.of(demos).obs
    assert obs.mean.shape == (2, 1, 3)
    np.testing.assert_allclose(obs.sd[0, 0], [np.sqrt(8 / 3 + 4 * 5), np.sqrt(4 * 5), 1])  # mean square of the levels: 5
    np.testing.assert_allclose(obs.mean[:, 0, 2], 2)
    assert View.of(demonstrations(X, U).noised(2.0)).obs.mean.shape == (2, 1, 2)
    alone = View.of(demonstrations(X, U).noised(0.0, levels=(0.5,), told=True)).obs
    np.testing.assert_array_equal(alone.at_rest, [[[False, True, False]], [[False, False, False]]])
    np.testing.assert_array_equal(alone.into(np.array([[1.0, 7.0, 0.75]]))[0, 0, 2], 0.25)


def test_observations_are_seen_in_units_of_their_spread():
    view = View.of(demonstrations(X, U))
    np.testing.assert_allclose(array(view.see(X)), view.obs.into(X), atol=1e-6)
    shown = view.see(np.array([[3.0, 7.0]]))
    assert shown.shape == (2, 1, 2)
    np.testing.assert_allclose(array(shown)[:, 0], [[0, 0], [1 / np.sqrt(8), 5 / np.sqrt(8 / 3)]], atol=1e-6)


def test_slow_waves_have_half_a_period_of_three_deviations():
    view = View.of(demonstrations(X, U).waved(2))
    z = view.obs.into(X)
    seen = array(view.see(X))
    assert seen.shape == (2, 3, 2 * 5)
    np.testing.assert_allclose(seen[..., :2], z, atol=1e-6)
    np.testing.assert_allclose(seen[..., 2:4], np.sin(np.pi * z[..., :1] / 3 * [1, 2]), atol=1e-6)
    np.testing.assert_allclose(seen[..., 8:], np.cos(np.pi * z[..., 1:] / 3 * [1, 2]), atol=1e-6)
    np.testing.assert_array_equal(array(view.only(0).see(X[0])), seen[:1])


@pytest.mark.parametrize("shape", [(2,), (3, 3, 2), (1, 3, 2), (3, 3), (2, 3, 1), (1, 2, 3, 2)])
def test_observations_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"^observations: \(2, n, 2\) or \(n, 2\), got \("):
        View.of(demonstrations(X, U)).see(np.zeros(shape))


def test_an_observation_that_is_no_number_is_named():
    view = View.of(demonstrations(X, U))
    for x, said in (
        (np.where(X == 3, np.nan, X), "^observations: network 0, row 1, column 0 is nan"),
        (np.where(X == 3, np.inf, X)[0], "^observations: network 0, row 1, column 0 is inf"),
        (np.where(X == 3, 1e300, X), "^observations, in units of .*, in single precision: network 0, row 1, column 0 is inf"),
    ):
        with pytest.raises(ValueError, match=said):
            view.see(x)


def test_a_move_from_rest_is_told_to_the_caller_of_who_sees():
    view = View.of(demonstrations(X[::-1], U))  # column 1 of network 1 rests at 7

    def head(x):
        return view.see(x)

    with pytest.warns(AtRest, match=r"^column 1 of network 1 rests in its demonstrations, and moves in what it is shown$") as said:
        head(np.array([[3.0, 7.0], [3.0, 7.0], [3.0, 7.0 + 1e-8]]))
    assert said[0].lineno == inspect.currentframe().f_lineno - 1
    with pytest.warns(AtRest):
        head(np.array([[3.0, 7.0 - 1e-8]]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        head(np.array([[90.0, 7.0], [3.0, 7.0 + 1e-9]]))  # another column moves, this one by its rounding
        View.of(demonstrations(0 * X, U)).see(0 * X)
    with pytest.warns(AtRest, match=r"^column 0 of network 0 rests"):
        View.of(demonstrations(0 * X, U)).see(np.ones((3, 2)))


def test_chunks_are_said_in_the_units_of_the_demonstrations_and_heard_back():
    view = View.of(demonstrations(X, U))
    np.testing.assert_allclose(view.say(np.zeros((2, 1, 2)))[:, 0, :, 0], U.mean(axis=1)[..., 0])
    np.testing.assert_allclose(view.say(tensor(np.ones((2, 1, 2))))[0, 0, :, 0], U[0, :, :, 0].mean(axis=0) + U[0, :, :, 0].std(axis=0))
    np.testing.assert_allclose(
        array(view.hear(U)), (U[..., 0] - U[..., 0].mean(1, keepdims=True)) / U[..., 0].std(1, keepdims=True), atol=1e-6
    )
    np.testing.assert_allclose(view.say(view.hear(U)), U, atol=1e-4)


def test_representations_are_undone_last_first():
    u = np.random.default_rng(0).normal(size=(2, 5, 4, 3))
    demos = demonstrations(None, u).represented(Cumulated()).represented(Dct(4, 4))
    view = View.of(demos)
    assert view.represented_as == (Cumulated(), Dct(4, 4))
    np.testing.assert_allclose(view.say(view.hear(u)), u, atol=1e-5)
    np.testing.assert_allclose(array(view.hear(u)), view.act.into(demos.u.reshape(2, 5, 12)), atol=1e-5)


def test_that_of_one_network():
    view = View.of(demonstrations(X, U).waved(1).represented(Cumulated()))
    one = view.only(1)
    np.testing.assert_array_equal(one.obs.mean, view.obs.mean[1:])
    np.testing.assert_array_equal(one.act.mean, view.act.mean[1:])
    assert (one.octaves, one.shape, one.represented_as) == (1, (2, 1), (Cumulated(),))
    assert one == one != replace(one)
    with pytest.raises(FrozenInstanceError):
        one.octaves = 2
