"""Policies sample the laws they are named for, from the generator as their formulas say, and stay what they are."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from made_up import Zeros
from scipy import stats

from qbc import policies


def test_linear_worked_by_hand(rng):
    p = policies.Linear(np.array([[1.0, 2.0]]), np.array([0.5]))
    assert p(np.array([[3.0, 4.0]]), rng).tolist() == [[11.5]]
    with pytest.raises(ValueError, match="Linear needs gain"):
        policies.Linear(np.zeros((1, 2)), np.zeros(2))


@pytest.mark.parametrize("x", [-1.0, 0.0, 2.0, 5.0, 9.0])
def test_bernoulli_fires_as_often_as_it_says_and_mean_is_its_mean(x, rng):
    p, n = policies.Bernoulli(0.15, 0.01), 40_000
    u = p(np.full((n, 1), x), rng)
    expected = min(max(0.15 * x, 0.0), 1.0)
    assert set(np.unique(u)) <= {0.01, 1.01}
    assert stats.binomtest(int((u > 0.5).sum()), n, expected).pvalue > 1e-6
    assert p.mean(np.array([[x]]), rng)[0, 0] == pytest.approx(expected + 0.01)


def test_two_mode_expert_stays_within_three_widths_of_a_mode_and_uses_both(rng):
    p = policies.TwoMode(1.0, 0.1)
    x = rng.uniform(-1, 1, size=(20_000, 1))
    d = (p(x, rng) - p.modes(x)) / 0.1
    nearest = np.abs(d).argmin(axis=1)
    assert np.abs(d).min(axis=1).max() <= 3
    assert stats.binomtest(int(nearest.sum()), len(x), 0.5).pvalue > 1e-6
    w = d[np.arange(len(x)), nearest]
    assert stats.kstest(w, stats.truncnorm(-3, 3).cdf).pvalue > 1e-6
    assert policies.TwoMode(1.0, 0.1, signs=(1.0,)).modes(x).shape == (20_000, 1)


def test_two_mode_centres_worked_by_hand():
    x = np.array([[0.0], [np.pi / 6]])  # the wave is .3 sin 3x: 0, then .3
    np.testing.assert_allclose(policies.TwoMode(2.0, 0.1).modes(x), [[2.0, -2.0], [2.3, -1.7]])
    np.testing.assert_allclose(policies.TwoMode(2.0, 0.1, signs=(1.0, 0.5)).modes(x), [[2.0, 1.0], [2.3, 1.3]])


@pytest.mark.parametrize("seed", range(2))
def test_two_mode_draws_signs_then_widths_and_draws_again_what_lies_outside(seed):
    p, x, n = policies.TwoMode(1.0, 0.1), np.linspace(-1, 1, 2000)[:, None], 2000
    rng = np.random.default_rng(seed)
    sign, w = rng.integers(2, size=n), rng.normal(size=n)
    out = np.abs(w) > 3
    assert out.any()
    w[out] = rng.normal(size=out.sum())
    assert (np.abs(w) <= 3).all()
    expected = 0.3 * np.sin(3 * x[:, 0]) + np.where(sign == 0, 1.0, -1.0) + 0.1 * w
    np.testing.assert_allclose(p(x, np.random.default_rng(seed))[:, 0], expected)


def test_noised_is_the_policy_at_a_noised_state():
    def policy(x, rng):
        return 3 * x + rng.random(x.shape)

    x, rng = np.array([[1.0, 2.0]]), np.random.default_rng(5)
    at = x + 0.5 * rng.normal(size=x.shape)
    np.testing.assert_array_equal(policies.noised(policy, 0.5)(x, np.random.default_rng(5)), policy(at, rng))


def test_what_has_probability_zero_never_fires_even_if_zero_is_drawn():
    assert policies.Bernoulli(0.15, 0.0)(np.zeros((2, 1)), Zeros()).tolist() == [[0.0], [0.0]]


EACH = {
    "Linear": policies.Linear(np.ones((1, 1)), np.zeros(1)),
    "Bernoulli": policies.Bernoulli(0.1, 0.0, 0.2),
    "TwoMode": policies.TwoMode(1.0, 0.1),
}


@pytest.mark.parametrize("name", EACH)
def test_policies_are_frozen(name):
    with pytest.raises(FrozenInstanceError):
        EACH[name].offset = 2.0
