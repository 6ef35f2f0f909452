"""Chapter 04, right-hand sides: worked by hand, dominating and tight in small simulations, refusing what lies outside their domain."""

import math
import re

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qbc import bounds, systems
from qbc.families import Trap, most_likely


def test_worked_by_hand():
    assert bounds.tracking_loss(0.1, 0.3, 0.2) == pytest.approx(0.1375)
    assert bounds.tracking_loss(0.1, 0.5, 0.5, lip_x=0.5, lip_u=0) == pytest.approx(0.05)
    assert bounds.tracking_share(0.5, 2) == pytest.approx(0.25)  # gaps 0 and 1/2 of eps, against eps each
    assert bounds.augmented_regret(2, 0.0, 0.1, delta=math.exp(-1)) == pytest.approx(1.1)
    assert bounds.augmented_in_trap(1e-6) / 1e-6 == pytest.approx(1.7 * (1 / 0.3 - 1 / 0.8), rel=1e-6)
    assert bounds.simulator_in_trap(1e-9) == pytest.approx((1.2 + math.atan(0.3)) / 2, abs=1e-6)
    assert bounds.biased_kernel_loss(0.0) == 0
    assert bounds.biased_kernel_loss(1e-4) == pytest.approx(1.25e-4, rel=1e-4)
    assert bounds.martingale_augmented(2, 0.1, 0.5, 1.0) == pytest.approx(0.025)  # x_2 = .95 against 1, half of it lost
    # one toss of a coin .8, or .5: tails, with probability .2, choose the wrong one; T_3 = 5/4, T_2 = 1/2 at eta = 1/2
    assert bounds.two_coins_regret(1, 3, 1, 1, 0.3, 0.0) == pytest.approx(5 / 4 * 0.15 * 0.2)
    assert bounds.two_coins_regret(1, 3, 1, 1, 0.0, 0.3) == pytest.approx(1 / 2 * 0.15 * 0.2)
    assert bounds.two_coins_regret(1, 3, 1, 1, 0.0, 0.0, eps=0.1) == pytest.approx(7 / 4 * 0.1 * 0.6 / 4)
    assert bounds.two_coins_regret(1, 3, 2, 1, 0.3, 0.0) == pytest.approx(5 / 4 * 0.15 * (0.5 * 0.2 + 0.5 * 0.5))
    assert bounds.forgetting_ratio(0.2, 0.3) == pytest.approx(1.6)
    assert bounds.forgetting_ratio(0.8, -0.3) == pytest.approx(0.4)
    assert bounds.open_loop_growth(math.e) == pytest.approx(1)
    assert bounds.rounding_ball(-0.3, 0.02, 0.7) == pytest.approx(0.01)
    assert bounds.independent_noise_floor(0.1, 0.0) == pytest.approx(0.2 / math.sqrt(math.pi))
    assert bounds.kick_cost(0.0, 1.0) == pytest.approx(1 + math.pi / 4)


@given(st.floats(0, 0.95), st.floats(0, 3), st.floats(0, 3), st.floats(0, 3), st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_tracking_dominates_every_sequence_of_rounding_errors(eta, C, lip_x, lip_u, errors):
    gap = lost = 0.0
    for r in errors:
        lost += lip_u * abs(r) + lip_x * abs(gap)
        gap = eta * gap + C * r
    eps = float(np.mean(np.abs(errors)))
    assert lost / len(errors) <= bounds.tracking_loss(eps, C, eta, lip_x, lip_u) * (1 + 1e-9) + 1e-12


@given(st.floats(0, 0.95), st.integers(1, 200))
def test_tracking_share_solves_its_recursion(eta, horizon):
    gap = lost = 0.0
    for _ in range(horizon):
        lost += gap / 2
        gap = eta * gap + (1 - eta)
    full = horizon * bounds.tracking_loss(1.0, 1 - eta, eta, lip_x=0.5, lip_u=0)
    assert lost / full == pytest.approx(bounds.tracking_share(eta, horizon), abs=1e-9)
    assert lost == pytest.approx(bounds.martingale_augmented(horizon, 1.0, eta, 1.0), abs=1e-9)


@pytest.mark.parametrize("e", [2**-6, 2**-9])
def test_the_limits_in_the_trap_are_those_of_its_recursions(e):
    trap = Trap(e)
    policy, plant = trap.policy(), trap.plant.f
    x, copy, watched, losses = np.array(0.0), np.array(0.0), np.array(1.0), []
    for _ in range(200):
        u, v = policy(copy), policy(watched)
        losses.append([abs(u - np.arctan(x)), abs(v - np.arctan(watched))])
        x, copy, watched = plant(x, u), trap.A * copy + trap.B * np.arctan(copy), plant(watched, v)
    closed, feedback = np.array(losses)[-20:].mean(axis=0)
    assert closed == pytest.approx(bounds.augmented_in_trap(e), rel=1e-9)
    assert feedback == pytest.approx(bounds.simulator_in_trap(e), rel=1e-9)


@pytest.mark.parametrize(("n", "m", "gap", "p"), [(4096, 4, 0.0188, 0.8), (256, 4, 0.094, 0.5), (30, 1, 0.2, 0.8), (5, 3, 0.4, 0.6)])
def test_two_coins_against_maximum_likelihood(n, m, gap, p, rng):
    visits = rng.multinomial(n, np.full(m, 1 / m), size=40_000)
    heads = rng.binomial(visits, p)
    each = np.log([[p, p - gap], [1 - p, 1 - p + gap]])
    wrong = most_likely(each, rng, weights=np.stack([heads, visits - heads], axis=-1)).mean()
    held = 5 - (1 - 0.5**5) / 0.5
    assert held * gap / 2 * wrong == pytest.approx(bounds.two_coins_regret(n, 5, m, 1, gap, 0.0, p=p), rel=0.04)


@pytest.mark.parametrize("p", [0.5, 0.8])
def test_two_coins_fall_to_their_normal_law(p):
    n, m, y = 10**6, 4, 0.752
    gap = 2 * y * math.sqrt(p * (1 - p) * m / n)
    held = 9 - (1 - 0.5**9) / 0.5
    normal = held * gap / 2 * stats.norm.cdf(-y)
    assert bounds.two_coins_regret(n, 10, 1, m, 0.0, gap, p=p) == pytest.approx(normal, rel=0.002)


@pytest.mark.parametrize(("A", "B"), [(0.2, 0.3), (0.8, -0.3), (0.95, -0.5)])
def test_forgetting_ratio_sums_two_geometric_series(A, B):
    j = np.arange(2000)
    assert ((A + B) ** j).sum() / (A**j).sum() == pytest.approx(bounds.forgetting_ratio(A, B), rel=1e-12)


def test_the_floor_of_independent_noise_against_simulation(rng):
    sigma, A, gap, losses = 0.05, 0.6, np.zeros(20_000), []
    for _ in range(60):
        gap = A * gap + sigma * (rng.normal(size=gap.size) - rng.normal(size=gap.size))
        losses.append(np.abs(gap).mean())
    assert np.mean(losses[20:]) == pytest.approx(bounds.independent_noise_floor(sigma, A), rel=0.01)


@given(st.floats(-0.25, 0.25), st.floats(0.01, 0.9), st.floats(0.001, 1))
def test_rounding_ball_holds_a_rounded_loop(B, rate, e):
    x = 0.0
    for _ in range(100):
        x = rate * abs(x) + abs(B) * e / 2
    assert x <= bounds.rounding_ball(B, e, rate) * (1 + 1e-9)
    assert systems.linear(rate, B).alpha == pytest.approx(rate)


@given(st.floats(0.001, 0.2), st.floats(1e-4, 0.12))
def test_a_larger_bias_and_a_larger_width_cost_more(b, e):
    assert bounds.biased_kernel_loss(1.1 * b) > bounds.biased_kernel_loss(b)
    assert bounds.augmented_in_trap(1.1 * e) > bounds.augmented_in_trap(e)


@pytest.mark.parametrize("gap", [0.5, 1e-5, 1e-8, 1e-10, 1e-15])
def test_slow_plants_keep_their_digits(gap):
    eta = 1 - gap
    with mpmath.workdps(60):
        slow = 1 - mpmath.mpf(eta)
        waited = float(10 - (1 - (1 - slow) ** 10) / slow)
    assert bounds.tracking_share(eta, 10) == pytest.approx(waited / 10, rel=1e-13)
    assert bounds.martingale_augmented(10, 0.5, eta, 0.5) == pytest.approx(waited / 8, rel=1e-13)


@pytest.mark.parametrize(
    ("A", "B"), [(0.2, 0.3), (0.0, 1.0), (0.95, 1.0), (0.99, 0.009), (0.999, 1.0), (0.9999, 0.5), (0.7, 1e-9), (0.5, 0.0)]
)
def test_kick_cost_sums_what_is_not_forgotten(A, B):
    terms = 1 if A == 0 else math.ceil(math.log(1e-20) / math.log(A))
    kept = math.fsum(np.arctan(B * A ** np.arange(terms)))
    assert bounds.kick_cost(A, B) == pytest.approx(1 + kept, rel=1e-12)


def test_a_kick_that_is_hardly_forgotten_costs_its_integral():
    """Sum over j of arctan(B A^j) = (1/h) int_0^B arctan(x)/x dx + arctan(B)/2 + O(h), h = -log A."""
    with mpmath.workdps(30):
        area = float(mpmath.quad(lambda x: mpmath.atan(x) / x, [0, 1]))
    A = 1 - 1e-12
    assert bounds.kick_cost(A, 1.0) == pytest.approx(area / -math.log(A), rel=1e-11)


@pytest.mark.parametrize("b", [1e-30, 1e-12, 1e-6])
def test_a_small_bias_costs_its_linear_law(b):
    assert bounds.biased_kernel_loss(b) == pytest.approx(1.25 * b, rel=1e-9)


def test_the_ends_of_the_domains():
    assert bounds.biased_kernel_loss(1e300) == pytest.approx(math.pi / 2 - math.atan(0.3 * math.pi / 2 / 0.8))
    assert bounds.tracking_loss(0.1, 0.0, 0.0) == 0.1
    assert bounds.tracking_share(0.0, 1) == bounds.martingale_augmented(1, 1, 0.5, 1) == 0
    assert bounds.two_coins_regret(1, 1, 1, 1, 0.3, 0.3) == bounds.two_coins_regret(1, 5, 1, 1, 0.0, 0.0) == 0
    assert bounds.augmented_in_trap(0.01, A=0.0) == pytest.approx(0.017 / 0.3 - math.atan(0.017))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.tracking_loss(0.1, 1.0, 1.0), "eta must lie in [0, 1), got 1"),
        (lambda: bounds.tracking_loss(-0.1, 1.0, 0.5), "eps must lie in [0, inf), got -0.1"),
        (lambda: bounds.tracking_loss(0.1, 1.0, 0.5, lip_u=math.nan), "lip_u must lie in [0, inf), got nan"),
        (lambda: bounds.tracking_share(0.5, 0), "horizon must lie in [1, inf), got 0"),
        (lambda: bounds.augmented_regret(0, 1.0, 0.1), "n must lie in [1, inf), got 0"),
        (lambda: bounds.augmented_regret(5, 1.0, 0.1, delta=1.0), "delta must lie in (0, 1), got 1"),
        (lambda: bounds.augmented_in_trap(0.1, A=0.5, B=0.6), "A + B < 1 must hold, got A=0.5, B=0.6"),
        (lambda: bounds.augmented_in_trap(2**-8, 0.2, 0.3, d=-1), "d must lie in (0, inf), got -1"),
        (lambda: bounds.augmented_in_trap(2**-8, 0.2, 0.3, d=math.nan), "d must lie in (0, inf), got nan"),
        (lambda: bounds.augmented_in_trap(0.2), "(d + 1) * e < B must hold, got e=0.2, B=0.3, d=1.2"),
        (lambda: bounds.simulator_in_trap(0.0), "simulator_in_trap: e must lie in (0, inf), got 0"),
        (lambda: bounds.biased_kernel_loss(-0.1), "b must lie in [0, inf), got -0.1"),
        (lambda: bounds.biased_kernel_loss(math.inf), "b must lie in [0, inf), got inf"),
        (lambda: bounds.martingale_augmented(0, 0.1, 0.5, 1.0), "horizon must lie in [1, inf), got 0"),
        (lambda: bounds.martingale_augmented(3, 0.1, 0.5, [1.0, 2.0]), "x1 must be a real number in [-1, 1], got [1.0, 2.0]"),
        (lambda: bounds.two_coins_regret(0, 5, 1, 1, 0.1, 0.1), "n must lie in [1, 1000000], got 0"),
        (lambda: bounds.two_coins_regret(100, 5, 0, 1, 0.1, 0.1), "m_pi must lie in [1, inf), got 0"),
        (lambda: bounds.two_coins_regret(4, 5, 8, 8, 0.9, 0.1), "max(gap_pi, gap_M) < p must hold, got gap_pi=0.9, gap_M=0.1, p=0.8"),
        (lambda: bounds.forgetting_ratio(0.2, -0.3), "0 < A + B must hold, got A=0.2, B=-0.3"),
        (lambda: bounds.forgetting_ratio(0.2, 0.8), "A + B < 1 must hold, got A=0.2, B=0.8"),
        (lambda: bounds.open_loop_growth(1.0), "A must lie in (1, inf), got 1"),
        (lambda: bounds.rounding_ball(0.3, 0.1, 1.0), "rate must lie in [0, 1), got 1"),
        (lambda: bounds.rounding_ball(math.nan, 0.1, 0.5), "B must lie in (-inf, inf), got nan"),
        (lambda: bounds.independent_noise_floor(0.1, 1.0), "A must lie in (-1, 1), got 1"),
        (lambda: bounds.kick_cost(1.0, 0.3), "A must lie in [0, 1), got 1"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
