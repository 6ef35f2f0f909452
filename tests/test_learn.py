"""Fits find what generated the data, keep the prior where the data are silent, and repeat under the same seed."""

import subprocess
import sys

import numpy as np
import pytest

from qbc import learn, policies

SHORT = dict(steps=300, batch=256, width=16)


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


def test_descent_starts_at_zero_and_ends_at_the_smallest_fit(rng):
    x = np.column_stack([rng.normal(size=20), np.zeros(20)])  # the second coordinate is never excited
    u = x @ np.array([[2.0, 0.0], [-1.0, 0.0]]).T
    gains = learn.descend(x, u, steps=500, lr=0.1)
    assert gains.shape == (500, 2, 2)
    np.testing.assert_array_equal(gains[0], 0)
    np.testing.assert_allclose(gains[1], 0.2 * u.T @ x / 20)
    np.testing.assert_allclose(gains[-1], [[2.0, 0.0], [-1.0, 0.0]], atol=1e-9)
    loss = ((x @ gains.transpose(0, 2, 1) - u) ** 2).mean(axis=(1, 2))
    assert (np.diff(loss[loss > 1e-20]) < 0).all()
    with pytest.raises(ValueError, match="descend needs"):
        learn.descend(x, u, steps=0, lr=0.1)


def test_squared_loss_finds_the_mean_and_log_loss_the_modes(rng):
    expert = policies.TwoMode(1.0, 0.1)
    x = rng.uniform(-1, 1, size=(8000, 1))
    u = expert(x, rng)
    mean = learn.fit_mean(x, u, seed=1)
    assert np.abs(mean(x, rng) - expert.modes(x).mean(axis=1, keepdims=True)).mean() < 0.05
    w, centres, s = learn.fit_mixture(x, u, 2, seed=1).parts(x)
    np.testing.assert_allclose(w.sum(axis=1), 1.0)
    assert np.abs(np.sort(centres, axis=1) - np.sort(expert.modes(x), axis=1)).mean() < 0.03
    assert np.abs(s / 0.1 - 1).mean() < 0.1


def test_mixture_loss_is_the_likelihood_of_scipy(rng):
    import torch
    from scipy import stats

    out, u = rng.normal(size=(4, 6)), rng.normal(size=(4, 1))
    w = np.exp(out[:, :2]) / np.exp(out[:, :2]).sum(axis=1, keepdims=True)
    density = (w * stats.norm.pdf(u, out[:, 2:4], np.exp(out[:, 4:]))).sum(axis=1)
    ours = learn.mixture_loss(torch.as_tensor(out), torch.as_tensor(u))
    assert float(ours) == pytest.approx(-np.log(density).mean())


def test_a_mixture_samples_with_its_weights_and_widths(rng):
    class Fixed:
        def __call__(self, x):
            return np.tile([np.log(0.3), np.log(0.7), -1.0, 1.0, np.log(0.1), np.log(0.2)], (len(x), 1))

    u = learn.MixtureHead(Fixed(), 2)(np.zeros((50_000, 1)), rng)[:, 0]
    assert (u < 0).mean() == pytest.approx(0.3, abs=0.015)
    assert u[u < 0].std() == pytest.approx(0.1, rel=0.05)
    assert u[u > 0].std() == pytest.approx(0.2, rel=0.05)


CODE = """
import numpy as np
from qbc import learn, policies
rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, size=(500, 1)); u = policies.TwoMode(1.0, .1)(x, rng)
kw = dict(seed=3, steps=40, batch=64, width=8)
print(float(learn.fit_mean(x, u, **kw)(x, rng).sum()), float(learn.fit_mixture(x, u, 2, **kw)(x, rng).sum()))
"""


def test_same_seed_same_fit_also_in_another_process():
    first, second = (subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert first == second != ""


def test_bad_input_is_named(rng):
    with pytest.raises(ValueError, match="fit_linear needs"):
        learn.fit_linear(np.zeros((3, 1)), np.zeros((2, 1)))
    with pytest.raises(ValueError, match="scalar actions"):
        learn.fit_mixture(np.zeros((3, 1)), np.zeros((3, 2)), 2, seed=0)
    with pytest.raises(ValueError, match="training diverged"):
        learn.fit_mean(np.ones((4, 1)), np.full((4, 1), np.nan), seed=0, **SHORT)
