"""Chapter 06, right-hand sides: worked by hand, dominating and tight where they say so, refusing what lies outside their domain."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import bounds


def test_worked_by_hand():
    assert bounds.contraction(0.9, 2.0, 0.1) == pytest.approx(2.0)
    assert bounds.tightness(0.5, 3) == pytest.approx(0.875)
    assert bounds.marginal(2.0, 0.1, 10) == pytest.approx(2.0)
    assert bounds.training_error(0.01) == 0.01
    assert bounds.next_bad_state(0.0, 0.01) == pytest.approx(0.01)
    assert bounds.bad_path(2, 0.01) == pytest.approx(0.0205)  # .01, then 1.05 * .01 + .01
    assert bounds.firing(1, 0.1) == 0.0  # at t = 0 the state is 0
    assert bounds.firing(2, 0.1) == pytest.approx(0.015)  # then it is .1, and fires with .15 * .1
    assert bounds.hazard(0.1) == pytest.approx(-math.log(0.85))
    assert bounds.mean_distance(1.0, 0.1) == pytest.approx(0.6)
    assert bounds.sampler_within(4.0, bias=0.0, spread=1.0) == pytest.approx(0.9999366575)


@given(st.floats(0, 0.99), st.floats(0, 5), st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_contraction_dominates_every_sequence_of_action_errors(alpha, beta, errors):
    gap, worst = 0.0, 0.0
    for e in errors:
        gap = alpha * gap + beta * e
        worst = max(worst, abs(gap))
    assert worst <= bounds.contraction(alpha, beta, max(abs(e) for e in errors)) * (1 + 1e-12)


@given(st.floats(0.01, 0.99), st.integers(1, 200))
def test_contraction_is_tight_for_constant_errors(alpha, horizon):
    gap = 0.0
    for _ in range(horizon):
        gap = alpha * gap + 1.0
    assert gap == pytest.approx(bounds.tightness(alpha, horizon) * bounds.contraction(alpha, 1.0, 1.0))


@given(st.integers(0, 100), st.floats(1e-6, 1.0))
def test_bad_path_solves_its_recursion(t, eps):
    assert bounds.next_bad_state(bounds.bad_path(t, eps), eps) == pytest.approx(bounds.bad_path(t + 1, eps))


@given(st.integers(1, 500), st.floats(1e-6, 0.05))
def test_firing_is_below_the_union_bound_and_its_hazard_rises_to_the_constant_one(horizon, eps):
    p = bounds.firing(horizon, eps)
    assert 0 <= p <= 1.5 * eps * horizon + 1e-12
    if p < 1 - 1e-9:
        assert -math.log1p(-p) <= bounds.hazard(eps) * horizon * (1 + 1e-6)


@pytest.mark.parametrize("eps", [1e-4, 1e-3, 1e-2])
def test_the_hazard_becomes_constant(eps):
    late = math.log1p(-bounds.firing(200, eps)) - math.log1p(-bounds.firing(300, eps))
    assert late / 100 == pytest.approx(bounds.hazard(eps), rel=1e-6)


def test_firing_against_simulation(rng):
    x, fired, eps = np.zeros(200_000), np.zeros(200_000, dtype=bool), 0.02
    for _ in range(30):
        u = rng.random(x.size) < 0.15 * x
        fired |= u
        x = 0.9 * x + u + eps
    p = bounds.firing(30, eps)
    assert fired.mean() == pytest.approx(p, abs=6 * math.sqrt(p * (1 - p) / x.size))


def test_sampler_within_against_simulation(rng):
    z = 0.5 + 1.1 * rng.normal(size=2_000_000)
    assert (np.abs(z) <= 4).mean() == pytest.approx(bounds.sampler_within(), abs=6 * math.sqrt(8e-4 / z.size))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.contraction(1.0, 1.0, 1.0), "alpha in 0 1"),
        (lambda: bounds.contraction(0.5, -1.0, 1.0), "beta nonnegative"),
        (lambda: bounds.tightness(0.5, 0), "horizon positive"),
        (lambda: bounds.marginal(1.0, -1.0, 3), "gap nonnegative"),
        (lambda: bounds.training_error(-1.0), "eps nonnegative"),
        (lambda: bounds.next_bad_state(0.0, 0.1, a=0.5), "rate above 1"),
        (lambda: bounds.bad_path(-1, 0.1), "t nonnegative"),
        (lambda: bounds.firing(10, 1.0), "probability"),
        (lambda: bounds.hazard(1.0), "probability"),
        (lambda: bounds.mean_distance(0.3, 0.1), "modes apart"),
        (lambda: bounds.sampler_within(4.0, bias=5.0), "bias below widths"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=said):
        call()
