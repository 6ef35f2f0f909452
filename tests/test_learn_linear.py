"""Least squares finds what generated the data, keeps the prior where the data are silent, and names what it cannot take."""

import numpy as np
import pytest

from qbc import learn, policies


def test_fit_linear_recovers_an_affine_law(rng):
    x = rng.normal(size=(50, 3))
    truth = policies.Linear(rng.normal(size=(2, 3)), rng.normal(size=2))
    fit = learn.fit_linear(x, truth(x, rng))
    np.testing.assert_allclose(fit.gain, truth.gain)
    np.testing.assert_allclose(fit.offset, truth.offset)


def test_fit_linear_keeps_the_prior_where_the_data_are_silent(rng):
    prior = policies.Linear(np.array([[0.3, 0.7]]), np.array([5.0]))
    x = np.column_stack([rng.normal(size=20), np.zeros(20)])  # the second coordinate is never excited
    fit = learn.fit_linear(x, 2.0 * x[:, :1] + 1.0, prior)
    np.testing.assert_allclose(fit.gain, [[2.0, 0.7]])
    np.testing.assert_allclose(fit.offset, [1.0])


def test_fit_linear_is_the_end_of_gradient_descent_from_the_prior(rng):
    x, u = rng.normal(size=(3, 5)), rng.normal(size=(3, 1))  # fewer points than coordinates: many minimisers
    prior = policies.Linear(rng.normal(size=(1, 5)), rng.normal(size=1))
    gain, offset = prior.gain.copy(), prior.offset.copy()
    for _ in range(20_000):
        rest = x @ gain.T + offset - u
        gain, offset = gain - 0.05 * rest.T @ x, offset - 0.05 * rest.sum(axis=0)
    fit = learn.fit_linear(x, u, prior)
    np.testing.assert_allclose(fit.gain, gain, atol=1e-6)
    np.testing.assert_allclose(fit.offset, offset, atol=1e-6)


def test_no_unit_and_no_distance_from_zero_costs_digits(rng):
    x = np.array([1e7, 0.0, 0.0]) + rng.normal(size=(200, 3)) * [1.0, 1e-9, 1e3]
    gain = np.array([[2.0, 3e9, -1e-3]])
    fit = learn.fit_linear(x, x @ gain.T - 2e7)
    np.testing.assert_allclose(fit.gain, gain, rtol=1e-6)


def test_a_small_unit_is_no_silence(rng):
    x = 1e-15 * rng.normal(size=(200, 2))
    np.testing.assert_allclose(learn.fit_linear(x, x @ [[2.0], [-3.0]]).gain, [[2.0, -3.0]])


@pytest.mark.parametrize("silent", ["a constant", "a constant up to rounding", "too fine beside the other"])
def test_a_silent_coordinate_gets_no_gain(silent, rng):
    fine = {"a constant": np.zeros(200), "a constant up to rounding": 1e7 + 1e-8 * rng.normal(size=200)}
    x = np.column_stack([rng.normal(size=200), fine.get(silent, 1e-15 * rng.normal(size=200))])
    fit = learn.fit_linear(x, np.c_[2 * x[:, :1], -x[:, :1], x[:, :1]] + 0.1 * rng.normal(size=(200, 3)))
    np.testing.assert_allclose(fit.gain, [[2, 0], [-1, 0], [1, 0]], atol=0.05)


def test_without_a_prior_the_fit_is_the_smallest_by_hand():
    """u = t of x = (t, 1 - t): all of gain (1 + b, b), offset -b fit, b = -1/3 is the smallest."""
    t = np.array([0.0, 1.0, 2.0, 5.0])[:, None]
    fit = learn.fit_linear(np.hstack([t, 1 - t]), t)
    np.testing.assert_allclose(fit.gain, [[2 / 3, -1 / 3]])
    np.testing.assert_allclose(fit.offset, [1 / 3])
    nothing = learn.fit_linear(np.zeros((4, 3)), np.hstack([t, 3 * t]))
    np.testing.assert_array_equal(nothing.gain, np.zeros((2, 3)))
    np.testing.assert_allclose(nothing.offset, [2, 6])


def test_descent_starts_at_zero_and_ends_at_the_smallest_fit(rng):
    x = np.column_stack([rng.normal(size=20), np.zeros(20)])  # the second coordinate is never excited
    u = x @ np.array([[2.0, 0.0], [-1.0, 0.0]]).T
    gains = learn.descend(x, u, steps=500, lr=0.1)
    assert gains.shape == (500, 2, 2)
    np.testing.assert_array_equal(gains[0], 0)
    np.testing.assert_allclose(gains[1], 0.2 * u.T @ x / 20)
    np.testing.assert_allclose(gains[2], gains[1] - 0.2 * (x @ gains[1].T - u).T @ x / 20)
    np.testing.assert_allclose(gains[-1], [[2.0, 0.0], [-1.0, 0.0]], atol=1e-9)
    loss = ((x @ gains.transpose(0, 2, 1) - u) ** 2).mean(axis=(1, 2))
    assert (np.diff(loss[loss > 1e-20]) < 0).all()
    np.testing.assert_array_equal(learn.descend(x, u, steps=1, lr=0.1), np.zeros((1, 2, 2)))
    for steps, lr in ((0, 0.1), (2, 0.0), (2, -0.5), (2, np.inf), (2, np.nan)):
        with pytest.raises(ValueError, match=f"^descend needs steps >= 1 and a finite lr > 0, got {steps} and {lr}$"):
            learn.descend(x, u, steps=steps, lr=lr)
    with pytest.raises(TypeError):
        learn.descend(x, u, 2, 0.1)


def test_bad_input_is_named(rng):
    x = rng.normal(size=(3, 1))
    for pair in ((x, x[:2]), (x[:, 0], x), (x, x[:, 0]), (x[:0], x[:0])):
        with pytest.raises(ValueError, match="fit_linear needs"):
            learn.fit_linear(*pair)
    for fit in (learn.fit_linear, lambda x, u: learn.descend(x, u, steps=2, lr=0.1)):
        for x_bad, u_bad, name in ((x * np.nan, x, "x"), (x, x + np.inf, "u")):
            with pytest.raises(ValueError, match=f"{name}: row 0, column 0 is"):
                fit(x_bad, u_bad)
