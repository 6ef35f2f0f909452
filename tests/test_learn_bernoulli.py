"""The two-token head: likeliest where the data speak, its prior's where they are silent."""

import numpy as np
import pytest
from scipy.special import xlog1py, xlogy

from qbc import learn, policies

PRIOR = policies.Bernoulli(0.15, 0.0, 0.2)


def nats(head, x, u):
    p, k = head.mean(x, None) - head.offset, u > 0.5
    return -(xlogy(k, p) + xlog1py(~k, -p)).mean()


def test_states_at_rest_leave_the_slope_to_the_prior_by_hand():
    x, u = np.zeros((4, 1)), np.array([[0.01], [0.03], [1.02], [-0.06]])
    fit = learn.fit_bernoulli(x, u, PRIOR)
    assert (fit.slope, fit.chance) == (0.15, 0.25)
    assert fit.offset == pytest.approx(0.0)


def test_away_from_zero_the_change_is_shared_as_gradient_descent_shares_it():
    """Both coefficients move along (x, 1): from .2 + .15 * 2 = .5 down to the frequency 0."""
    fit = learn.fit_bernoulli(np.full((5, 1), 2.0), np.zeros((5, 1)), PRIOR)
    assert fit.slope == pytest.approx(0.15 - 0.5 * 2 / 5)
    assert fit.chance == pytest.approx(0.2 - 0.5 / 5)


def test_it_recovers_the_law_and_the_residual(rng):
    x, truth = rng.uniform(0, 2, size=(20_000, 1)), policies.Bernoulli(0.3, 0.02, 0.1)
    fit = learn.fit_bernoulli(x, truth(x, rng), PRIOR)
    assert fit.slope == pytest.approx(0.3, abs=0.03)
    assert fit.chance == pytest.approx(0.1, abs=0.03)
    assert fit.offset == pytest.approx(0.02)


def test_no_other_line_is_likelier(rng):
    x = rng.uniform(-1, 1, size=(300, 1))
    u = policies.Bernoulli(0.2, 0.0, 0.4)(x, rng)
    fit = learn.fit_bernoulli(x, u, PRIOR)
    for _ in range(300):
        d = 0.05 * rng.normal(size=2)
        other = policies.Bernoulli(fit.slope + d[0], fit.offset, fit.chance + d[1])
        assert nats(fit, x, u) <= nats(other, x, u) + 1e-12


@pytest.mark.parametrize("token", [0.0, 1.0])
def test_varied_states_with_one_token_give_that_token_everywhere(token, rng):
    x = rng.uniform(-1, 1, size=(50, 1))
    fit = learn.fit_bernoulli(x, np.full((50, 1), token), PRIOR)
    assert fit.slope == pytest.approx(0.0, abs=1e-12)
    assert fit.chance == pytest.approx(token, abs=1e-12)


def test_a_prior_does_not_matter_where_the_data_say_all(rng):
    x = rng.uniform(-1, 1, size=(100, 1))
    u = policies.Bernoulli(0.2, 0.0, 0.4)(x, rng)
    assert learn.fit_bernoulli(x, u, PRIOR) == learn.fit_bernoulli(x, u, policies.Bernoulli(5.0, 1.0, -1.0))


@pytest.mark.parametrize(
    ("x", "u", "said"),
    [
        (np.zeros((0, 1)), np.zeros((0, 1)), "fit_bernoulli needs x"),
        (np.zeros((3, 2)), np.zeros((3, 2)), "fit_bernoulli needs x"),
        (np.zeros((3, 1)), np.zeros((2, 1)), "fit_bernoulli needs x"),
        (np.full((2, 1), np.nan), np.zeros((2, 1)), "x: row 0, column 0"),
        (np.zeros((2, 1)), np.full((2, 1), np.inf), "u: row 0, column 0"),
    ],
)
def test_what_it_cannot_take_is_named(x, u, said):
    with pytest.raises(ValueError, match=said):
        learn.fit_bernoulli(x, u, PRIOR)
