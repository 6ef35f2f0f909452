"""The random nonlinear plant and the noise of a plant, written out with the same draws."""

import numpy as np
import pytest
from scipy.signal import sawtooth

from qbc import systems


@pytest.mark.parametrize("seed", range(4))
def test_a_contractive_plant_is_a_squashed_softened_or_folded_linear_one(seed):
    """p orthogonal, |q| = 1; the fold is a triangle wave of slope -1 at 0, period 4, between -1 and 1."""
    plant, rng = systems.contractive(np.random.default_rng(seed), dx=6, du=2, alpha=0.8, beta=1.5), np.random.default_rng(seed)
    p, q = np.linalg.qr(rng.normal(size=(6, 6)))[0], rng.normal(size=(6, 2))
    c, kind = rng.normal(size=6), rng.integers(3, size=6)
    x, u = 4 * rng.normal(size=(50, 6)), 4 * rng.normal(size=(50, 2))
    z = 0.8 * x @ p.T + 1.5 * u @ q.T / np.linalg.svd(q)[1].max() + c
    by_kind = [np.tanh(z), np.log1p(np.exp(z)), -sawtooth(np.pi / 2 * (z + 1), 0.5)]
    np.testing.assert_allclose(plant.f(x, u), np.stack([by_kind[k][:, i] for i, k in enumerate(kind)], axis=1), atol=1e-12)
    assert (plant.dx, plant.du, plant.alpha, plant.beta, plant.sigma) == (6, 2, 0.8, 1.5, 0.0)


def test_noise_is_its_scale_times_normal_numbers_drawn_after_the_action():
    plant, rng = systems.linear(0.5, 2.0, sigma=0.3), np.random.default_rng(3)
    run = systems.rollout(plant, lambda x, rng: x + rng.random(x.shape), np.ones((4, 1)), 3, np.random.default_rng(3))
    x = np.ones((4, 1))
    for t in range(3):
        u = x + rng.random(x.shape)
        x = 0.5 * x + 2.0 * u + 0.3 * rng.normal(size=x.shape)
        np.testing.assert_allclose(run.u[:, t], u)
        np.testing.assert_allclose(run.x[:, t + 1], x)
