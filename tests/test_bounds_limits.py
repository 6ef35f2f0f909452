"""Chapter 05, right-hand sides: worked by hand, below every learner and reached by one, refusing what lies outside their domain."""

import math
import re

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qbc import bounds, families


def test_worked_by_hand():
    assert bounds.limit_deterministic(1, 6) == pytest.approx(6 * (1 / 3) / 2 * (2 / 3))  # .6667
    assert bounds.limit_deterministic(2, 10, 0.125, Delta=0.5) == pytest.approx(10 * (0.125 + 0.5 * 0.25 * 0.25))
    assert bounds.limit_deterministic(1, 1, 0.2, Delta=0.5) == pytest.approx(0.225)  # .2 + .2 x .125
    assert bounds.limit_deterministic(3, 1, 0.1, Delta=0.0) == bounds.limit_quantised(1, 0.1) == pytest.approx(0.1)
    assert bounds.dithered_record(1, 10, 0.1) == pytest.approx(1.0)  # one record is off by eps
    assert bounds.dithered_record(2, 1, 0.1) == pytest.approx(0.05)  # 0 or eps
    assert bounds.dithered_record(3, 1, 0.1) == pytest.approx(0.05)  # eps or eps / 3
    assert bounds.limit_stabilised(10, 0.1, 3.0, 0.75) == pytest.approx(0.25)
    assert bounds.limit_stochastic(1, 0.25) == pytest.approx(0.25)  # Bin(1, .75) and Bin(1, .25) share half their mass
    assert bounds.limit_stochastic(1, 0.5, width=2.0) == pytest.approx(0.25)
    assert bounds.limit_constant() == pytest.approx(0.5751747)
    assert bounds.limit_constant(1 / 4) == pytest.approx(0.3372449)
    assert bounds.limit_constant(width=2.96) == pytest.approx(1.7025170)
    assert bounds.shrunken_failure(0.6, 1.0, keep=0.5) == bounds.shrunken_failure(0.6, 7.0) == pytest.approx(0.1150697)
    assert bounds.shrunken_failure(0.5, 2.0, keep=0.5) == pytest.approx(0.5)  # the bias has eaten the gap
    assert bounds.deterministic_upper(10, 5, math.log(8)) == pytest.approx(0.5 + 0.5 * math.log(8))
    assert bounds.coupling_upper(3, 0.1) == pytest.approx(0.3)  # .05 + (.05 + .05) + (.1 + .05)


action = st.floats(-0.5, 1.5)


@given(st.integers(1, 40), st.floats(0, 0.25, exclude_max=True), st.floats(0, 1), action, st.tuples(action, action, action))
def test_limit_deterministic_is_below_every_learner(n, eps, Delta, common, rare):
    """A learner is its action in the common context and, in the rare one, after label a, after label b, and without a label."""
    unseen, paid = (1 - Delta) ** n, []
    for e in (0, 1):
        for s in (0, 1):
            seen = abs(rare[e] - (2 * s * eps + e * (1 - 2 * eps)))
            missed = abs(rare[2] - (2 * s * eps + e * (1 - 2 * eps)))
            paid.append((1 - Delta) * abs(common - 2 * s * eps) + Delta * ((1 - unseen) * seen + unseen * missed))
    assert max(paid) >= bounds.limit_deterministic(n, 1, eps, Delta) - 1e-12


@given(st.integers(1, 200), st.floats(0, 0.25, exclude_max=True), st.floats(0, 1))
def test_limit_deterministic_is_the_mean_regret_of_the_bayes_rule(n, eps, Delta):
    seen = eps
    unseen = np.mean([abs(0.5 - t) for t in (0, 2 * eps, 1 - 2 * eps, 1)])
    share = Delta * (1 - Delta) ** n
    assert bounds.limit_deterministic(n, 1, eps, Delta) == pytest.approx((1 - share) * seen + share * unseen)


@given(st.integers(1, 500))
def test_no_context_is_rarer_to_better_effect(n):
    best = bounds.limit_deterministic(n, 1, Delta=1 / (n + 1))
    assert all(bounds.limit_deterministic(n, 1, Delta=d) <= best + 1e-15 for d in np.linspace(0, 1, 101))
    assert bounds.limit_deterministic(n, 1) >= 1 / (9 * n)


@given(st.floats(0, 1), st.floats(-1, 2))
def test_limit_quantised_is_below_every_action_and_reached_at_the_centre(eps, u):
    assert (abs(u) + abs(u - 2 * eps)) / 2 >= bounds.limit_quantised(1, eps) - 1e-15
    assert abs(eps) == abs(eps - 2 * eps) == pytest.approx(bounds.limit_quantised(1, eps))


@given(st.integers(1, 200))
def test_dithered_record_is_the_mean_error_of_a_mean_of_coins(n):
    B = np.arange(n + 1)
    assert bounds.dithered_record(n, 1, 1.0) == pytest.approx(stats.binom.pmf(B, n, 0.5) @ np.abs(2 * B - n) / n)


@pytest.mark.parametrize("n", [10**4, 10**8])
def test_dithered_record_falls_as_one_over_the_root_of_n(n):
    assert bounds.dithered_record(n, 1, 1.0) == pytest.approx(math.sqrt(2 / (math.pi * n)), rel=1 / n)


@given(st.floats(0.5, 0.95), st.floats(0, 1), st.floats(-1, 1))
def test_limit_stabilised_dominates_every_fault_of_the_action_and_is_reached_by_a_constant_one(eta, share, start):
    """x - r = d obeys d' = (eta - (1 - eta) gain) d + (1 - eta) e with |e| <= eps, from rest."""
    gain, eps, d, worst = share * eta / (1 - eta), 0.1, 0.0, 0.0
    faults = np.random.default_rng(round(abs(start) * 1e6)).uniform(-eps, eps, 400)
    for e in faults:
        d = eta * d + (1 - eta) * (e - gain * d)
        worst = max(worst, abs(d))
    assert worst <= bounds.limit_stabilised(1, eps, gain, eta) + 1e-12
    d = 0.0
    for _ in range(1000):
        d = eta * d + (1 - eta) * (eps - gain * d)
    assert d == pytest.approx(bounds.limit_stabilised(1, eps, gain, eta))


@given(st.integers(1, 60), st.floats(0, 0.5), st.lists(st.booleans(), min_size=61, max_size=61))
def test_limit_stochastic_is_below_every_test_between_the_two_coins(n, share, says_minus):
    c = share * math.sqrt(n)
    k, minus = np.arange(n + 1), np.array(says_minus[: n + 1])
    errors = stats.binom.pmf(k, n, 0.5 + share) @ minus, stats.binom.pmf(k, n, 0.5 - share) @ ~minus
    assert max(errors) >= bounds.limit_stochastic(n, c) - 1e-12


@pytest.mark.parametrize(("n", "c"), [(1, 0.2), (11, 0.5), (101, 0.6)])
def test_limit_stochastic_is_the_error_of_the_majority(n, c):
    assert bounds.limit_stochastic(n, c) == pytest.approx(stats.binom.cdf(n // 2, n, 0.5 + c / math.sqrt(n)))


@pytest.mark.parametrize("prob", [1 / 8, 1 / 4])
def test_limit_constant_is_where_limit_stochastic_ends(prob):
    assert bounds.limit_stochastic(100_001, bounds.limit_constant(prob)) == pytest.approx(prob, abs=1e-3)


def test_the_displayed_pair_is_true_of_wide_experts_at_every_n():
    assert min(bounds.limit_stochastic(n, 0.6, 2.96) for n in range(1, 500)) >= 1 / 8


def test_shrunken_failure_against_simulation(rng):
    n, c, f, keep, N = 10_001, 0.45, 4.0, 0.9, 200_000
    k = rng.binomial(n, 0.5 + f * c / math.sqrt(n), N)
    fails = (f * c / math.sqrt(n) - keep * (k / n - 0.5) >= c / math.sqrt(n)).mean()
    assert fails == pytest.approx(bounds.shrunken_failure(c, f, keep), abs=0.008 + 6 * math.sqrt(0.25 / N))


@given(st.integers(1, 1000), st.integers(1, 30))
def test_deterministic_upper_dominates_rare_contexts_and_has_their_order(n, m):
    exact = m / 2 / (n + m) * (1 - 1 / (n + m)) ** n
    upper = bounds.deterministic_upper(n, 1, m * math.log(2))
    assert exact <= upper
    assert m > n or upper <= 4 * (1 + math.log(2)) * math.e * exact


@given(st.integers(1, 300), st.floats(0, 1))
def test_coupling_upper_dominates_the_martingale_family_and_has_its_order(H, eps):
    paid = families.Martingale(0.5).regret(H, 1.0, eps, 1.0)
    assert paid <= bounds.coupling_upper(H, eps) + 1e-9
    if H >= 20 and 1e-9 < eps < 0.1 / H:
        assert paid >= 0.4 * bounds.coupling_upper(H, eps)


@pytest.mark.parametrize(("n", "c"), [(1, 0.5), (2, 0.3), (11, 0.0), (400, 0.575), (10_001, 0.6)])
def test_limit_stochastic_is_half_the_sum_of_the_smaller_law(n, c):
    k, D = np.arange(n + 1), c / math.sqrt(n)
    smaller = np.minimum(stats.binom.pmf(k, n, 0.5 + D), stats.binom.pmf(k, n, 0.5 - D))
    assert bounds.limit_stochastic(n, c) == pytest.approx(smaller.sum() / 2, rel=1e-10)


@pytest.mark.parametrize("n", [10**7, 10**9, 10**12])
def test_limit_deterministic_keeps_its_digits(n):
    with mpmath.workdps(50):
        Delta = mpmath.mpf(1 / n)
        assert bounds.limit_deterministic(n, 1, Delta=1 / n) == pytest.approx(float(Delta / 2 * (1 - Delta) ** n), rel=1e-13)


def test_the_ends_of_the_domains():
    assert bounds.limit_constant(1 / 2) == 0
    assert bounds.limit_deterministic(3, 1, 0.125, Delta=1) == 0.125
    assert bounds.limit_stabilised(1, 1, 1.0, 0.5) == 0.5  # the loop ends in one step
    assert bounds.limit_stabilised(1, 0.5, 0.0, 0.0) == 0.5
    assert bounds.limit_stochastic(4, 1.0) == 0  # both coins are certain
    assert bounds.limit_stochastic(4, 0.0) == pytest.approx(0.5)
    assert bounds.shrunken_failure(0, 1) == 0.5


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.limit_deterministic(0, 1), "n must lie in [1, inf), got 0"),
        (lambda: bounds.limit_deterministic(3, 0), "H must lie in [1, inf), got 0"),
        (lambda: bounds.limit_deterministic(3, 1, 0.25), "eps must lie in [0, 1/4), got 0.25"),
        (lambda: bounds.limit_deterministic(3, 1, 0.1, 1.5), "Delta must lie in [0, 1], got 1.5"),
        (lambda: bounds.limit_quantised(1, -0.1), "eps must lie in [0, 1], got -0.1"),
        (lambda: bounds.limit_quantised(10, 5), "eps must lie in [0, 1], got 5"),
        (lambda: bounds.dithered_record(0, 1, 0.1), "n must lie in [1, inf), got 0"),
        (lambda: bounds.dithered_record(4, 1, 1.1), "eps must lie in [0, 1], got 1.1"),
        (lambda: bounds.limit_stabilised(4, 0.1, -1.0, 0.5), "gain must lie in [0, inf), got -1"),
        (lambda: bounds.limit_stabilised(4, 0.1, 2.0, 0.5), "(1 - eta) * gain <= eta must hold, got gain=2.0, eta=0.5"),
        (lambda: bounds.limit_stochastic(0, 0.1), "n must lie in [1, inf), got 0"),
        (lambda: bounds.limit_stochastic(2.5, 0.1), "n must be a whole number in [1, inf), got 2.5"),
        (lambda: bounds.limit_stochastic(4, 0.1, width=0.0), "width must lie in (0, inf), got 0"),
        (lambda: bounds.limit_stochastic(4, -0.1), "c must lie in [0, inf), got -0.1"),
        (lambda: bounds.limit_stochastic(4, 2.0), "c / (width * sqrt(n)) <= 1/2 must hold, got n=4, c=2.0, width=1.0"),
        (lambda: bounds.limit_constant(0.6), "prob must lie in (0, 1/2], got 0.6"),
        (lambda: bounds.limit_constant(0.1, 0.0), "width must lie in (0, inf), got 0"),
        (lambda: bounds.shrunken_failure(-0.1, 1.0), "c must lie in [0, inf), got -0.1"),
        (lambda: bounds.shrunken_failure(0.1, 0.5), "factor must lie in [1, inf), got 0.5"),
        (lambda: bounds.shrunken_failure(0.1, 2.0, keep=0.0), "keep must lie in (0, 1], got 0"),
        (lambda: bounds.deterministic_upper(3, 1, -1.0), "log_size must lie in [0, inf), got -1"),
        (lambda: bounds.coupling_upper(3, 2.0), "eps must lie in [0, 1], got 2"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
