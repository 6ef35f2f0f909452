"""Policies sample the laws they are named for."""

import numpy as np
import pytest
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
