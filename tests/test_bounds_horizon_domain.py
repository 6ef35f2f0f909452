"""Chapter 02, right-hand sides: their digits, the ends of their domains, and what lies outside."""

import math
import re
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import bounds


def in_mp(H, gap):
    """H - (1 - (1 - gap)^H) / gap in 60 digits."""
    with mpmath.workdps(60):
        g = mpmath.mpf(gap)
        return float(H - (1 - (1 - g) ** H) / g)


@pytest.mark.parametrize("gap", [2.0**-3, 2.0**-17, 2.0**-30, 2.0**-34, 2.0**-40, 2.0**-53, 1e-7, 1e-10, 1e-12, 1e-15])
@pytest.mark.parametrize("H", [2, 10, 1000])
def test_small_gaps_keep_their_digits(H, gap):
    eta = 1 - gap
    assert bounds.offset_regret(H, 0.5, C=1.0, eta=eta) == pytest.approx(in_mp(H, 1 - eta) / 2, rel=1e-13)
    assert bounds.drift_regret(H, gap, eta=0.0, x1=1.0) == pytest.approx(in_mp(H, gap) / 2, rel=1e-13)


@pytest.mark.parametrize("eps", [1e-3, 1e-7, 1e-12, 1e-15])
def test_the_price_of_forgetting_keeps_its_digits(eps):
    with mpmath.workdps(50):
        e, eta, theta = mpmath.mpf(eps), mpmath.mpf("0.5"), mpmath.mpf("0.75")
        limit = float((1 / (1 - eta - (1 - eta) * theta) - 1 / (1 - eta - (1 - eta) * (1 - e) * theta)) / 2)
    assert bounds.forgetting_regret(eps, eta=0.5, x1=1.0, theta=0.75) == pytest.approx(limit, rel=1e-14)


# CL as decimals: 1 / (1 - CL) is an integer that floats miss; so is (2 + CL) / (1 - CL)
@pytest.mark.parametrize(
    ("C", "L", "rest"),
    [
        ("0.95", "1", 20),
        ("0.96", "1", 25),
        ("0.98", "1", 50),
        ("0.99", "1", 100),
        ("0.6", "1.5", 10),
        ("0.3", "3", 10),
        ("0.9999", "1", 10**4),
    ],
)
def test_where_the_quotient_is_an_integer_rounding_does_not_take_one_away(C, L, rest):
    assert 1 / (1 - Fraction(C) * Fraction(L)) == rest
    C, L = float(C), float(L)
    assert bounds.largest_rest_gap(C, L, 1e-4) == pytest.approx(C * rest * 1e-4, rel=1e-12)
    assert bounds.largest_rest_gap(C, L, 1e-4) == pytest.approx(bounds.small_gain_gap(C, L, 1e-4), rel=1e-9)
    assert bounds.least_rtvc_multiple(C, L) == 3 * rest - 1


@given(st.fractions(0, Fraction(999, 1000), max_denominator=10**6))
def test_whole_quotients_are_those_of_fractions(CL):
    assert bounds.least_rtvc_multiple(1.0, float(CL)) == math.ceil((2 + CL) / (1 - CL))
    assert bounds.largest_rest_gap(1.0, float(CL), 1e-3) == pytest.approx(math.floor(1 / (1 - CL)) * 1e-3)


def test_an_expert_that_does_not_look_costs_what_the_formula_says():
    """L = 0, lip = 0, x1 = 0, eps = 0 and eps = 1: true statements, and limits of their neighbours."""
    assert bounds.smooth_stochastic_regret(10, 0.1, C=2, L=0, lip=0.5) == pytest.approx(1.0)
    assert bounds.smooth_stochastic_regret(10, 0.1, C=2, L=0, lip=0) == 0
    assert bounds.small_gain_gap(0.5, 0, 0.1) == bounds.largest_rest_gap(0.5, 0, 0.1) == pytest.approx(0.05)
    assert bounds.least_rtvc_multiple(7.0, 0) == 2
    assert bounds.smooth_deterministic_regret(10, 0.1, C=0.5, L=0, n=100, size=1, delta=0.5) == pytest.approx(math.log(2) / 10 + 1.5)
    assert bounds.loop_leaves(0.9, 1.0, 0) == 0
    assert bounds.drift_regret(5, 0, eta=0.5, x1=0.5) == bounds.drift_regret(5, 0.1, eta=0.5, x1=0) == 0
    assert bounds.drift_regret(5, 1, eta=0, x1=0.5) == 1.0  # all is lost after the first step
    assert bounds.forgetting_regret(1, eta=0.0, x1=1.0, theta=0.5) == pytest.approx(0.5)
    assert bounds.sharp_share(2, 0, 0.9) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.incremental_gain(1.0, 1.0), "eta must lie in [0, 1), got 1"),
        (lambda: bounds.selection_probability([1.2], 3), "affinities must have its entries in [0, 1], got 1.2 at [0]"),
        (lambda: bounds.smooth_stochastic_regret(5, 0.1, C=1, L=-1, lip=1), "L must lie in [0, inf), got -1"),
        (lambda: bounds.smooth_stochastic_regret(5, 0.1, C=1, L=math.nan, lip=1), "L must lie in [0, inf), got nan"),
        (lambda: bounds.smooth_stochastic_regret(5, 0.1, C=1, L=1, lip=math.nan), "lip must lie in [0, inf), got nan"),
        (lambda: bounds.smooth_stochastic_regret(5, 0.1, C=1, L=1, lip=1, delta=1.0), "delta must lie in (0, 1), got 1"),
        (lambda: bounds.drift_regret(5, 1.1, eta=0.5, x1=0.5), "eps must lie in [0, 1], got 1.1"),
        (lambda: bounds.drift_regret_leading(5, 0.1, eta=1.0, x1=0.5), "eta must lie in [0, 1), got 1"),
        (
            lambda: bounds.drift_regret_leading(10**6, 0.1, eta=0.5, x1=0.5),
            "(1 - eta) * eps * H <= 1 must hold, got H=1000000, eps=0.1",
        ),
        (lambda: bounds.forgetting_regret(0.1, eta=0.5, x1=0.5, theta=1.0), "theta must lie in [0, 1), got 1"),
        (lambda: bounds.sharp_share(100, 0.1, 0.5), "eps * H <= 1/10 must hold, got H=100, eps=0.1"),
        (lambda: bounds.offset_regret(0, 0.1, C=1, eta=0.5), "H must lie in [1, inf), got 0"),
        (lambda: bounds.offset_regret(10, 5, C=0.8, eta=0.5), "eps must lie in [0, 1], got 5"),
        (lambda: bounds.offset_regret(10, 1, C=1.5, eta=0.5), "C * eps <= 1 must hold, got eps=1.0, C=1.5"),
        (lambda: bounds.least_rtvc_multiple(1.0, 1.0), "C * L < 1 must hold, got C=1.0, L=1.0"),
        (lambda: bounds.smooth_deterministic_regret(5, 0.1, C=0.5, L=1, n=0, size=3), "n must lie in [1, inf), got 0"),
        (lambda: bounds.smooth_deterministic_regret(5, 0.1, C=0.5, L=2, n=1, size=3), "C * L < 1 must hold, got C=0.5, L=2"),
        (lambda: bounds.small_gain_gap(1.0, 1.5, 0.1), "C * L < 1 must hold, got C=1.0, L=1.5"),
        (lambda: bounds.largest_rest_gap(0.5, 2.5, 0.1), "C * L < 1 must hold, got C=0.5, L=2.5"),
        (lambda: bounds.largest_rest_gap(0.9, 1, -1), "eps must lie in [0, inf), got -1"),
        (lambda: bounds.largest_rest_gap(0.9, 1, 0.5), "floor(1 / (1 - C * L)) * eps <= 1 must hold, got C=0.9, L=1.0, eps=0.5"),
        (lambda: bounds.loop_leaves(0.5, 1.0, -1.5), "abs(eta + b * L) != 1 must hold, got eta=0.5, b=1.0, L=-1.5"),
        (lambda: bounds.loop_leaves(0.5, 1.0, math.nan), "L must lie in (-inf, inf), got nan"),
        (lambda: bounds.parted_share(1.0, 1.0, 0.1), "C * L > 1 must hold, got C=1.0, L=1.0"),
        (
            lambda: bounds.parted_share(1.01, 1.0, 0.1),
            "(floor(1 / (C * L - 1)) + 1) * eps <= 1/2 must hold, got C=1.01, L=1.0, eps=0.1",
        ),
        (lambda: bounds.forgetting_regret(0.1, eta=0.5, x1=0.5, theta=0.5, H=0), "H must lie in [1, inf), got 0"),
        (lambda: bounds.dead_zone_gain("left"), "kind must be 'right end' or 'mid-rise' or 'mid-tread', got 'left'"),
        (lambda: bounds.steps_per_decade(0.5, 0.4, 1.0), "b * L > 1 - eta must hold, got eta=0.5, b=0.4, L=1"),
        (lambda: bounds.tie_probability(0.1, 3, rough=4, size=3), "rough <= size must hold, got rough=4, size=3"),
        (lambda: bounds.unstable_rate(1.0), "a must lie in (1, inf), got 1"),
        (lambda: bounds.stabilised_gap(1.05, 0.5, 0.0, 0.1), "abs(a + b * L) < 1 must hold, got a=1.05, b=0.5, L=0"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
