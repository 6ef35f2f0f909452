"""The replica kernel of a Gaussian mixture, and the smoothed policy."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from scipy import stats
from sklearn import mixture

from qbc import bounds, noising, policies

MIX = noising.GaussianMixture(
    np.array([0.5, 0.3, 0.2]),
    np.array([[1.0, 0.3], [-0.5, 1.0], [0.2, -1.0]]),
    0.1 * np.array([[[3.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, 3.0]], [[2.0, -1.0], [-1.0, 2.0]]]),
)


def one(variance):
    return noising.GaussianMixture(np.ones(1), np.zeros((1, 1)), np.full((1, 1, 1), variance))


def test_one_gaussian_by_hand(rng):
    """x ~ N(0, 4), noise 1: the clean state given y = 5 is N(4, .8)."""
    x = one(4.0).posterior(np.full((200_000, 1), 5.0), 1.0, rng)
    assert x.mean() == pytest.approx(4.0, abs=0.015)
    assert x.var() == pytest.approx(0.8, rel=0.02)


def test_sample_has_the_mean_and_covariance_of_the_mixture(rng):
    x = MIX.sample(200_000, rng)
    mean = MIX.weights @ MIX.means
    second = np.einsum("k,kde->de", MIX.weights, MIX.covs + np.einsum("kd,ke->kde", MIX.means, MIX.means))
    assert x.mean(axis=0) == pytest.approx(mean, abs=0.02)
    assert np.cov(x.T) == pytest.approx(second - np.outer(mean, mean), abs=0.02)


def test_responsibilities_are_those_of_scikit_learn():
    total = MIX.covs + 0.6**2 * np.eye(2)
    ref = mixture.GaussianMixture(3)
    ref.weights_, ref.means_, ref.covariances_ = MIX.weights, MIX.means, total
    ref.precisions_cholesky_ = np.linalg.cholesky(np.linalg.inv(total))
    y = np.random.default_rng(1).normal(size=(50, 2))
    assert MIX.responsibilities(y, 0.6) == pytest.approx(ref.predict_proba(y))


def test_posterior_against_rejection(rng):
    """Clean states whose noised value falls next to y have the posterior law given y."""
    y, x = np.array([0.4, 0.2]), MIX.sample(2_000_000, rng)
    near = np.abs(x + 0.6 * rng.normal(size=x.shape) - y).max(axis=1) < 0.05
    drawn = MIX.posterior(np.tile(y, (20_000, 1)), 0.6, rng)
    for j in range(2):
        assert stats.ks_2samp(x[near, j], drawn[:, j]).pvalue > 1e-4


def test_replica_keeps_the_law_and_noise_alone_does_not(rng):
    x = MIX.sample(20_000, rng)
    other = MIX.sample(20_000, rng)[:, 0]
    assert stats.ks_2samp(MIX.replica(x, 0.6, rng)[:, 0], other).pvalue > 1e-4
    for z in (MIX.posterior(x, 0.6, rng), x + 0.6 * rng.normal(size=x.shape)):
        assert stats.ks_2samp(z[:, 0], other).pvalue < 1e-4


def test_atoms_swap_at_the_rate_of_the_law(rng):
    atoms = noising.GaussianMixture(np.full(2, 0.5), np.array([[1.0], [-1.0]]), np.zeros((2, 1, 1)))
    x = atoms.sample(200_000, rng)
    z = atoms.replica(x, 1.0, rng)
    assert set(np.unique(z)) == {-1.0, 1.0}
    assert (x != z).mean() == pytest.approx(bounds.mode_swap(1.0), abs=0.006)


def test_a_component_of_weight_zero_is_never_drawn(rng):
    mix = noising.GaussianMixture(np.array([1.0, 0.0]), np.array([[0.0], [5.0]]), np.full((2, 1, 1), 0.01))
    assert mix.posterior(np.full((1000, 1), 5.0), 1.0, rng).max() < 2


def test_far_from_every_component_the_nearest_answers_for_it():
    mix = noising.GaussianMixture(np.full(2, 0.5), np.array([[0.0], [1.0]]), np.full((2, 1, 1), 0.01))
    np.testing.assert_allclose(mix.responsibilities(np.array([[-1e3], [0.5], [1e3]]), 0.1), [[1, 0], [0.5, 0.5], [0, 1]])


def test_a_law_on_a_line_stays_on_it(rng):
    """Rounding gives some of these singular covariances an eigenvalue below zero."""
    v = rng.normal(size=(40, 3))
    covs = np.einsum("kd,ke->kde", v, v)
    assert np.linalg.eigvalsh(covs).min() < 0
    mix = noising.GaussianMixture(np.full(40, 1 / 40), np.zeros((40, 3)), covs)
    x = mix.sample(2000, rng)
    off = np.linalg.norm(np.cross(x[:, None], v[None] / np.linalg.norm(v, axis=1, keepdims=True)), axis=2)
    assert off.min(axis=1).max() < 1e-6


def test_replica_is_the_posterior_of_a_noised_state():
    x, rng = MIX.means, np.random.default_rng(4)
    y = x + 0.6 * rng.normal(size=x.shape)
    np.testing.assert_array_equal(MIX.replica(x, 0.6, np.random.default_rng(4)), MIX.posterior(y, 0.6, rng))


def test_refusals(rng):
    for weights in ([0.5, 0.25], [1.5, -0.5], [1.0, 1e-8]):
        with pytest.raises(ValueError, match=r"^weights must be nonnegative and sum to 1, got "):
            noising.GaussianMixture(np.array(weights), np.zeros((2, 1)), np.ones((2, 1, 1)))
    with pytest.raises(FrozenInstanceError):
        MIX.weights = np.ones(3)
    with pytest.raises(ValueError, match="needs"):
        noising.GaussianMixture(np.ones(1), np.zeros((1, 2)), np.ones((1, 1, 1)))
    with pytest.raises(ValueError, match="sigma"):
        one(1.0).replica(np.zeros((3, 1)), 0.0, rng)


def test_noised_draws_fresh_noise_and_only_from_rng():
    smooth = policies.noised(lambda x, rng: 2 * x, 0.5)
    x = np.ones((100_000, 1))
    u = smooth(x, np.random.default_rng(3))
    assert (u == smooth(x, np.random.default_rng(3))).all()
    assert u.mean() == pytest.approx(2.0, abs=0.02)
    assert u.std() == pytest.approx(1.0, abs=0.02)
