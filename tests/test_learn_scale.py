"""Columns in units of their own spread, by hand: what counts, what rests, what is added, and the way back."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from qbc.learn.scale import REST, Scale

V = np.array([[[1.0, -2.0], [3.0, 2.0], [5.0, 0.0]], [[2.0, 7.0], [2.0, 7.0], [8.0, 7.0]]])  # (2, 3, 2)


def test_mean_and_deviation_of_each_column_of_each_network():
    s = Scale.of(V)
    np.testing.assert_allclose(s.mean, [[[3, 0]], [[4, 7]]])
    np.testing.assert_allclose(s.sd, np.sqrt([[[8 / 3, 8 / 3]], [[8, 1]]]))  # one at rest is not divided
    np.testing.assert_array_equal(s.at_rest, [[[False, False]], [[False, True]]])
    np.testing.assert_allclose(s.spread, np.sqrt([[[8 / 3, 8 / 3]], [[8, 0]]]))


def test_in_and_back():
    s = Scale.of(V)
    np.testing.assert_allclose(s.into(V)[1], (V[1] - [4, 7]) / np.sqrt([8, 1]))
    np.testing.assert_allclose(s.back(s.into(V)), V)
    np.testing.assert_allclose(s.back(np.ones((2, 1, 2)))[1, 0], [4 + np.sqrt(8), 7])  # at rest it is its mean


def test_a_weight_is_how_often_an_entry_counts():
    v = np.where(V == 5, np.nan, V)  # what never counts is not looked at
    s = Scale.of(v, np.array([[3.0, 1.0, 0.0], [1.0, 1.0, 2.0]])[:, :, None])
    np.testing.assert_allclose(s.mean, [[[1.5, -1]], [[5, 7]]])
    np.testing.assert_allclose(s.spread, [[[np.sqrt(0.75), np.sqrt(3)]], [[3, 0]]])
    by_entry = np.ones((2, 3, 2))
    by_entry[0, :, 0] = [1, 0, 0.5]
    np.testing.assert_allclose(Scale.of(V, by_entry).mean[0, 0], [(1 + 2.5) / 1.5, 0])


def test_what_never_counts_sets_no_scale():
    """1e9 beside it is no reason why a move of 1e-20 should be rounding."""
    s = Scale.of(np.array([[[1e-20], [3e-20], [1e9]]]), np.array([[[1.0], [1.0], [0.0]]]))
    np.testing.assert_allclose(s.spread, [[[1e-20]]])


def test_noise_is_added_to_the_deviation():
    s = Scale.of(V, noise=np.array([[1.0, 0.0], [0.0, 2.0]]))
    np.testing.assert_allclose(s.spread, np.sqrt([[[8 / 3 + 1, 8 / 3]], [[8, 4]]]))
    assert not s.at_rest.any()


@pytest.mark.parametrize(("moves", "rests"), [(0.5, True), (2.0, False)])
def test_what_varies_less_than_rounding_rests(moves, rests):
    low, high = 5.0, 5.0 + 2 * 5 * moves * REST  # two values: the deviation is half their distance
    s = Scale.of(np.array([[[low], [high]]]))
    assert s.at_rest.item() is rests
    assert (s.sd == 1.0).all() == rests


@pytest.mark.parametrize("unit", [2.0**-1000, 2.0**-20, 1.0, 2.0**1000])
def test_no_unit_is_too_small_or_too_large(unit):
    s = Scale.of(unit * V)
    np.testing.assert_array_equal(s.mean, unit * Scale.of(V).mean)
    np.testing.assert_array_equal(s.spread, unit * Scale.of(V).spread)


def test_a_column_of_zeros_rests_at_zero():
    s = Scale.of(np.zeros((1, 4, 1)))
    assert (s.mean.item(), s.sd.item(), s.at_rest.item()) == (0.0, 1.0, True)
    assert Scale.of(np.zeros((2, 4, 0))).mean.shape == (2, 1, 0)


def test_that_of_one_network():
    s = Scale.of(V)
    for name in ("mean", "sd", "at_rest"):
        np.testing.assert_array_equal(getattr(s.only(0), name), getattr(s, name)[:1])
        np.testing.assert_array_equal(getattr(s.only(1), name), getattr(s, name)[1:])
    assert s == s != Scale.of(V)
    with pytest.raises(FrozenInstanceError):
        s.mean = 0
