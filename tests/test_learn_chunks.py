"""Chunk and token heads find small laws whose answer is known; tokens rebuild paths; same seed, same head."""

import numpy as np
import pytest
import torch
from scipy import stats

from qbc import learn, tasks
from qbc.learn import autoregressive, chunks
from qbc.learn.scale import Scale

SHORT = dict(seed=0, steps=400, batch=64, width=32)


@pytest.fixture
def two_modes(rng):
    """Two data sets (2, 400, 3): (1, 2, 3) times +-1 and times +-2, with noise .05; nothing observed."""
    sign = rng.choice([-1.0, 1.0], size=(2, 400, 1))
    u = sign * np.array([1.0, 2, 3]) * np.array([1, 2])[:, None, None] + 0.05 * rng.normal(size=(2, 400, 3))
    return np.zeros((2, 400, 1)), u


def test_points_are_the_mean_and_the_median(rng):
    u = np.where(rng.random((1, 500, 1)) < 0.7, 0.0, 1.0)
    none = np.zeros((1, 500, 1))
    assert learn.fit_points(none, u, loss="squared", **SHORT)(none, rng)[0, 0, 0] == pytest.approx(u.mean(), abs=0.03)
    assert learn.fit_points(none, u, loss="absolute", **SHORT)(none, rng)[0, 0, 0] == pytest.approx(0.0, abs=0.03)


def test_points_follow_the_observation(rng):
    x = np.tile(np.eye(2), (250, 1))[None]
    a = learn.fit_points(x, x[..., :1] * 3, loss="squared", **SHORT)(np.eye(2)[None], rng)
    np.testing.assert_allclose(a[0, :, 0], [3, 0], atol=0.1)


def test_samplers_find_both_modes_of_each_data_set(two_modes, rng):
    none, u = two_modes
    for head in (
        learn.fit_chunk_mixture(none, u, components=4, **SHORT),
        learn.fit_codes(none, u, [2, 2], **SHORT),
        learn.fit_prototypes(none, u, 4, seed=0),
    ):
        a = head(none, rng)
        scale = a / (np.array([1, 2])[:, None, None] * np.array([1.0, 2, 3]))
        assert (np.abs(np.abs(scale) - 1) < 0.2).mean() > 0.95
        assert 0.25 < (scale[..., 0] > 0).mean() < 0.75


def test_log_mixture_is_the_density_of_scipy(rng):
    logits, centres, log_s = rng.normal(size=(1, 2, 3)), rng.normal(size=(1, 2, 3, 4)), rng.normal(size=(1, 2, 3, 4)) / 3
    u = rng.normal(size=(1, 5, 4))
    ours = chunks.log_mixture(*(torch.as_tensor(t) for t in (logits, centres, log_s, u)))
    w = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    each = stats.norm.pdf(u[:, None, None], centres[:, :, :, None], np.exp(log_s)[:, :, :, None]).prod(axis=4)
    np.testing.assert_allclose(ours, np.log((w[..., None] * each).sum(axis=2)), rtol=1e-9)


def test_tokens_of_rebuilt_steps_do_not_drift(rng):
    paths = rng.normal(size=(20, 1, 2)) + 0.1 * rng.normal(size=(20, 60, 2)).cumsum(axis=1)
    grid = autoregressive.grids(paths, 16)
    width = max(q.jump for q in grid)
    _, at = autoregressive.increments(paths, grid)
    _, drifting = autoregressive.increments(paths, grid, rebuilt=False)
    inside = np.abs(at - paths)
    assert np.quantile(inside, 0.99) <= width / 2 + 1e-12
    assert np.abs(drifting - paths).max() > 2 * np.quantile(inside, 0.99)


@pytest.mark.parametrize("shape", [(50, 3), (2, 50, 3)])
def test_a_scale_makes_each_coordinate_standard_and_goes_back(shape, rng):
    u = 5 + rng.normal(size=shape) * np.array([1.0, 10, 0])
    scale = Scale.of(u)
    v = scale.into(u)
    np.testing.assert_allclose(v.mean(axis=-2), 0, atol=1e-12)
    np.testing.assert_allclose(v.std(axis=-2)[..., :2], 1)
    np.testing.assert_allclose(scale.back(v), u)


def test_waves_are_sines_and_cosines_of_doubling_frequency():
    np.testing.assert_allclose(autoregressive.waves(np.array([[0.5]]), 2)[0], [0.5, 1, 0, 0, -1], atol=1e-15)


def test_coefficients_given_those_before_keep_a_dependence_and_alone_lose_it(rng):
    t = np.linspace(0, 1, 20)
    sign = rng.choice([-1.0, 1.0], size=(1, 500, 1))
    u = np.stack([sign * np.ones(20), sign * np.ones(20)], axis=3) + 0 * t[:, None]
    none = np.zeros((1, 500, 0))
    own = dict(kept=1, bins=4, seed=0, steps=300, width=32)
    for auto, agree in ((True, 1.0), (False, 0.5)):
        a = autoregressive.fit_coefficients(none, u, autoregressive=auto, **own)(none, rng)[0, :, 0]
        assert (a[:, 0] * a[:, 1] > 0).mean() == pytest.approx(agree, abs=0.1)


def test_steppers_learn_two_straight_ways_and_repeat(rng):
    way = rng.choice([-1.0, 1.0], size=(1, 300, 1))
    y = np.linspace(0, 1, 13)
    paths = np.stack([way * y, np.broadcast_to(y, (1, 300, 13))], axis=3) + 0.01 * rng.normal(size=(1, 300, 13, 2))
    none, start = np.zeros((1, 300, 0)), np.zeros((1, 2))
    kw = dict(bins=16, seed=0, steps=500, rows=128, width=32, lr=5e-3)
    one, two = (learn.fit_steppers(none, paths, start, learn.Sight(last=2), **kw) for _ in range(2))
    a, b = (h(none, np.random.default_rng(1)) for h in (one, two))
    np.testing.assert_array_equal(a, b)
    end = a.sum(axis=2)[0]
    assert (np.abs(np.abs(end[:, 0]) - 1) < 0.15).mean() > 0.9


def test_the_exact_law_succeeds_and_without_history_does_not(rng):
    task = tasks.Radial(16)
    paths, _ = task.demonstrations(500, rng)
    grid = autoregressive.grids(paths, 32)
    assert task.score(tasks.exact_law(task, grid, 500, rng)).success.mean() > 0.97
    assert task.score(tasks.exact_law(task, grid, 500, rng, history=False)).success.mean() < 0.1


def test_refusals():
    x, u = np.zeros((1, 6, 1)), np.zeros((1, 6, 4))
    with pytest.raises(ValueError, match="loss is one of squared, absolute, got 'l2'"):
        learn.fit_points(x, u, loss="l2", **SHORT)
    with pytest.raises(ValueError, match="prototypes know only the observations"):
        learn.fit_prototypes(x, u, 1, seed=0)(x + 1, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"needs chunks \(k, N, H, 2\)"):
        autoregressive.fit_coefficients(x, u, seed=0, steps=1)
    with pytest.raises(ValueError, match=r"needs starts \(1, 2\), got \(2,\)"):
        autoregressive.fit_steppers(x, u.reshape(1, 6, 2, 2), np.zeros(2), autoregressive.Sight(), seed=0, steps=1)
    with pytest.raises(ValueError, match="a head is fitted to x"):
        learn.fit_points(np.zeros((3, 1)), np.zeros((3, 1)), loss="squared", **SHORT)
