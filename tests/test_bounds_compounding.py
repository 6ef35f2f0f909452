"""Chapter 06, right-hand sides: worked by hand, dominating and tight where they say so, refusing what lies outside their domain."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import bounds


def test_worked_by_hand():
    assert bounds.contraction(0.9, 2.0, 0.1) == pytest.approx(2.0)
    assert bounds.tightness(0.5, 3) == pytest.approx(0.875)
    assert bounds.marginal(2.0, 0.1, 10) == pytest.approx(2.0)
    assert bounds.bad_path(2, 0.01) == pytest.approx(0.0205)  # .01, then 1.05 * .01 + .01
    assert bounds.tightness(0.0, 0) == bounds.tightness(0.5, 0) == bounds.marginal(1, 1, 0) == 0  # no step
    assert bounds.tightness(0.0, 1) == 1
    assert bounds.bad_rate() == pytest.approx(math.log(1.05))
    assert bounds.bad_rate(1.5, a=0.5) == pytest.approx(math.log(2))
    assert bounds.token_firing(2, 0.1) == pytest.approx(0.19)
    assert bounds.token_firing(0, 0.1) == 0
    assert bounds.open_slope(800, 0.5, 0.1) == pytest.approx(math.sqrt(2 / math.pi) / math.sqrt(2))
    assert bounds.firing(1, 0.1) == 0.0  # at t = 0 the state is 0
    assert bounds.firing(2, 0.1) == pytest.approx(0.015)  # then it is .1, and fires with .15 * .1
    assert bounds.hazard(0.1) == pytest.approx(-math.log(0.85))
    assert bounds.mean_distance(1.0, 0.1) == pytest.approx(0.6)
    assert bounds.mean_distance(0.3, 0.1) == pytest.approx(-0.1)  # asks for nothing
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
    assert 1.05 * bounds.bad_path(t, eps) + eps == pytest.approx(bounds.bad_path(t + 1, eps))


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


def test_firing_has_the_closed_end_of_the_theorem():
    """At eps = 2/3 the chance to fire tends to 1, and floats make it a little more than 1."""
    assert bounds.firing(10, 2 / 3) == pytest.approx(0.99127, abs=1e-5)
    assert bounds.firing(10, 2 / 3) == pytest.approx(1 - math.prod(0.9**t for t in range(10)), rel=1e-12)
    assert bounds.firing(1000, 2 / 3) == 1.0


@pytest.mark.parametrize("growth", ["0.5", "1e-9", "1e-13"])
def test_slow_growth_keeps_its_digits(growth):
    g = float(growth)
    path = [Fraction(0)]
    for _ in range(10):
        path.append((1 + Fraction(g)) * path[-1] + 1)
    assert [bounds.bad_path(t, 1.0, a=1.0, slope=g) for t in range(11)] == pytest.approx([float(x) for x in path], rel=1e-14)
    assert bounds.bad_rate(g, a=1.0) == pytest.approx(math.log1p(g), rel=1e-12)


def test_token_firing_against_draws(rng):
    fired = (rng.random((200_000, 10)) < 0.03).any(axis=1).mean()
    assert fired == pytest.approx(bounds.token_firing(10, 0.03), abs=6 * math.sqrt(0.2 / 200_000))


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_token_firing_is_below_the_union_bound(horizon, share):
    assert bounds.token_firing(horizon, share) <= min(1, horizon * share) * (1 + 1e-12)


def test_open_slope_against_logistic_regression(rng):
    """400 fits by Newton's method on tokens that do not depend on the state."""
    n, share, tau, size = 1000, 0.1, 0.2, 400
    x, y = tau * rng.normal(size=(size, n)), rng.random((size, n)) < share
    theta = np.zeros((size, 2))
    for _ in range(30):
        p = 1 / (1 + np.exp(-theta[:, :1] - theta[:, 1:] * x))
        g = np.stack([(y - p).sum(axis=1), ((y - p) * x).sum(axis=1)], axis=1)
        v = p * (1 - p)
        h = np.stack([v.sum(axis=1), (v * x).sum(axis=1), (v * x).sum(axis=1), (v * x * x).sum(axis=1)], axis=1).reshape(-1, 2, 2)
        theta += np.linalg.solve(h, g[..., None])[..., 0]
    size_ = np.abs(theta[:, 1])
    assert size_.mean() == pytest.approx(bounds.open_slope(n, share, tau), abs=6 * size_.std() / math.sqrt(size))


@pytest.mark.parametrize("a", [0.0, 0.5, 0.9, 0.99])
def test_mean_tips_against_the_plant(a):
    """From 0 the state rises to the first rest point; it has none near iff it passes the tangent point."""
    bias, slope = np.meshgrid(np.linspace(-8, 1, 19), np.array([-3.0, 0.05, 0.5, 1.7, 4.1, 12.0, 60.0]))
    x = np.zeros_like(bias)
    for _ in range(20_000):
        x = a * x + 1 / (1 + np.exp(-bias - slope * x))
    q = (1 - a) / np.where(slope > 0, slope, 1.0)
    touch = np.where((slope > 0) & (q < 0.25), (1 - np.sqrt(np.maximum(1 - 4 * q, 0))) / 2 / (1 - a), np.inf)
    stated = [bounds.mean_tips(b, w, a=a) for b, w in zip(bias.ravel(), slope.ravel(), strict=True)]
    assert (x > touch).ravel().tolist() == [s == 1 for s in stated]


def test_mean_tips_where_the_start_lies_beyond_the_tangent_point_and_where_tokens_are_rare():
    assert bounds.mean_tips(-20.0, 1.01 * 0.1 / math.e * math.exp(20)) == 1
    assert bounds.mean_tips(-20.0, 0.99 * 0.1 / math.e * math.exp(20)) == 0
    assert bounds.mean_tips(700.0, 1e308, a=0.0) == 1
    assert bounds.mean_tips(-1e6, 1e308) == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.contraction(1.0, 1.0, 1.0), "alpha must lie in [0, 1), got 1"),
        (lambda: bounds.contraction(0.5, -1.0, 1.0), "beta must lie in [0, inf), got -1"),
        (lambda: bounds.contraction(0.5, 1.0, math.nan), "gap must lie in [0, inf), got nan"),
        (lambda: bounds.tightness(0.5, -1), "horizon must lie in [0, inf), got -1"),
        (lambda: bounds.tightness(0.5, 2.5), "horizon must be a whole number in [0, inf), got 2.5"),
        (lambda: bounds.marginal(1.0, -1.0, 3), "gap must lie in [0, inf), got -1"),
        (lambda: bounds.bad_path(-1, 0.1), "t must lie in [0, inf), got -1"),
        (lambda: bounds.bad_path(1, -0.1), "eps must lie in [0, inf), got -0.1"),
        (lambda: bounds.bad_path(1, 0.1, slope=math.inf), "slope must lie in [0, inf), got inf"),
        (lambda: bounds.bad_path(1, 0.1, a=math.inf), "a must lie in [0, inf), got inf"),
        (lambda: bounds.bad_path(10**5, 0.1), "no finite value at t=100000, eps=0.1, a=0.9, slope=0.15"),
        (lambda: bounds.firing(10, 1.0), "must hold, got eps=1.0, a=0.9, slope=0.15"),
        (lambda: bounds.firing(10, 0.1, a=1), "a must lie in [0, 1), got 1"),
        (lambda: bounds.firing(2.5, 0.1), "horizon must be a whole number in [0, 100000], got 2.5"),
        (lambda: bounds.firing(math.inf, 0.1), "horizon must be a whole number in [0, 100000], got inf"),
        (lambda: bounds.bad_rate(0.1, a=0.5), "a + slope > 1 must hold, got slope=0.1, a=0.5"),
        (lambda: bounds.token_firing(3, 1.5), "share must lie in [0, 1], got 1.5"),
        (lambda: bounds.open_slope(100, 0.0, 0.1), "share must lie in (0, 1), got 0"),
        (lambda: bounds.open_slope(0, 0.5, 0.1), "n must lie in [1, inf), got 0"),
        (lambda: bounds.mean_tips(0.0, 1.0, a=1), "a must lie in [0, 1), got 1"),
        (lambda: bounds.hazard(2 / 3), "slope * eps < 1 - a must hold, got eps=0.6666666666666666, a=0.9, slope=0.15"),
        (lambda: bounds.hazard(0.1, a=1), "a must lie in [0, 1), got 1"),
        (lambda: bounds.mean_distance(0.3, -0.1), "s must lie in [0, inf), got -0.1"),
        (lambda: bounds.sampler_within(4.0, bias=5.0), "bias <= widths must hold, got widths=4.0, bias=5.0"),
        (lambda: bounds.sampler_within(4.0, spread=0), "spread must lie in (0, inf), got 0"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
