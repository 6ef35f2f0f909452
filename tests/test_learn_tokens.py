"""Token heads: the law they declare is the law they sample, the slope they declare holds, and fits find their data."""

import numpy as np
import pytest
from scipy import special

from qbc import bounds
from qbc.learn import TokenHead, fit_tokens


@pytest.fixture
def head(rng):
    return TokenHead(rng.normal(size=(4, 2)), rng.normal(size=4), rng.normal(size=(4, 3)))


def test_probabilities_are_the_softmax_and_samples_follow_them(head, rng):
    x = rng.normal(size=(3, 2))
    np.testing.assert_allclose(head.probabilities(x), special.softmax(x @ head.weights.T + head.bias, axis=1))
    codes = head.codes(np.repeat(x[:1], 50_000, axis=0), rng)
    np.testing.assert_allclose(np.bincount(codes, minlength=4) / 50_000, head.probabilities(x)[0], atol=0.015)
    u = head(x, np.random.default_rng(1))
    np.testing.assert_array_equal(u, head.values[head.codes(x, np.random.default_rng(1))])


def test_the_declared_slope_holds_and_is_the_one_of_the_bound(head, rng):
    x, y = rng.normal(size=(2, 1000, 2))
    tv = np.abs(head.probabilities(x) - head.probabilities(y)).sum(axis=1) / 2
    assert (tv <= head.slope * np.linalg.norm(x - y, axis=1)).all()
    assert head.slope == pytest.approx(bounds.softmax_tv(head.weights, 1.0))


@pytest.mark.parametrize("k", [2, 4])
def test_a_fit_finds_the_probabilities_of_its_data(rng, k):
    true = TokenHead(rng.normal(size=(k, 2)), rng.normal(size=k), np.zeros((k, 1)))
    x = rng.normal(size=(20_000, 2))
    fit = fit_tokens(x, true.codes(x, rng), true.values)
    assert np.abs(fit.probabilities(x[:1000]) - true.probabilities(x[:1000])).mean() < 0.01
    assert fit.slope == pytest.approx(true.slope, rel=0.1)


def test_refusals(rng):
    with pytest.raises(ValueError, match="do not match"):
        TokenHead(np.zeros((2, 1)), np.zeros(3), np.zeros((2, 1)))
    with pytest.raises(ValueError, match="token 1 of 3 never occurs"):
        fit_tokens(rng.normal(size=(4, 1)), np.array([0, 2, 0, 2]), np.zeros((3, 1)))
