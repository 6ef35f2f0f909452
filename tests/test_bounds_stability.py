"""Right-hand sides of chapter 09: worked by hand, against eigenvalues and simulation, dominance and tightness."""

import math
import re

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qbc import bounds, learn, policies, systems
from qbc.claims import ClaimError, check

A, D = 1.05, 1.05**2 / 4
small, signs = st.floats(-1, 1), st.sampled_from([1, -1])


def radius(m):
    return np.abs(np.linalg.eigvals(np.asarray(m))).max()


def plant(xi):
    return systems.linear([[xi * A, 1], [-D, 0]], np.eye(2))


def expert(xi):
    return policies.Linear(np.array([[-xi * A, -1.0], [0.0, 0.5]]), np.zeros(2))


def test_worked_by_hand():
    assert bounds.twin_action_gap(-0.5) == pytest.approx(1.05)
    assert bounds.twin_rate() == pytest.approx(0.04879016417)
    assert bounds.twin_path(2, 0.01, 1) == pytest.approx(0.0205)  # .01, then 1.05 * .01 + .01
    assert bounds.twin_path(2, 0.01, -1) == pytest.approx(-0.0005)  # .01, then -1.05 * .01 + .01
    assert bounds.worst_twin_radius(0.02, -D) == pytest.approx(1.01)
    assert bounds.hidden_gain_radius(-0.3) == pytest.approx(1.35)
    assert bounds.decayed_radius(0.05) == 1.05
    assert [bounds.stable_error(xi) for xi in (1, -1)] == pytest.approx([0.09975062, 0.24948025])
    assert bounds.choices_apart(1, 0.6, 0.75) == pytest.approx(0.15)
    assert bounds.choices_apart(2, 0.5, 0.75) == pytest.approx(5 / 16)  # 4, 8, 4 and 1, 6, 9 sixteenths
    assert [bounds.chunk_multiplier(n) for n in (1, 2, 4, 8)] == pytest.approx([1.05, 0.826875, 0.379843, 0.051942], rel=1e-5)
    assert bounds.injected_gain_error(1e-3, 1e-2, 5, 21) == pytest.approx(math.sqrt(2) * 0.01)
    assert bounds.ruin_survival(3) == 0.125
    assert bounds.ruin_mean(2) == pytest.approx(1.1025)
    assert bounds.spread_radius(0.02, 0.1) == pytest.approx(0.56)
    assert bounds.low_level_gap(0.9, 2.0, 0.1) == pytest.approx(2.0)
    assert bounds.low_level_failure(100, 0.15, 0.01, 0.001) == pytest.approx(0.25)
    assert bounds.unknown_sign_rate(-1.0) == pytest.approx(math.log(3))


@given(st.floats(0, 0.1), small, small, small, small)
def test_no_derivative_beats_the_twins_and_the_guess_is_paid_for(eta, p, q, k, r):
    r = r * (1.1 - 6 * eta)
    worst = max(radius([[xi * A + k, eta * p], [r, 0.5 + eta * q]]) for xi in (1, -1))
    assert worst >= bounds.worst_twin_radius(eta, r) - 1e-9
    assert worst == pytest.approx(bounds.hidden_gain_radius(k), abs=2 * eta + 1e-9)


def test_the_premise_on_the_coupling_is_needed_and_the_root_reaches_two_eta():
    eta = 0.002
    r = 1.1 - 6 * eta
    assert radius([[A, -eta], [r, 0.5 + eta]]) == pytest.approx(bounds.worst_twin_radius(eta, r), abs=0.1 * eta)
    worst = max(radius([[xi * A + 0.65 * eta, -eta], [r, 0.5 + eta]]) for xi in (1, -1))
    assert worst < A - 1.2 * eta  # the better of the two choices of k leaves two thirds of the slack
    outside = max(radius([[xi * A + 0.1, -0.014], [10.0, 0.5]]) for xi in (1, -1))
    assert outside < 0.85


@given(st.floats(0, 0.05), small, small, signs)
def test_a_network_blind_to_the_hidden_axis_is_within_six_tenths_of_eta(eta, p, q, xi):
    assert radius([[xi * A, eta * p], [-D, 0.5 + eta * q]]) == pytest.approx(bounds.decayed_radius(eta), abs=0.6 * eta + 1e-9)


def test_the_six_tenths_are_nearly_reached():
    assert radius([[A, 0.05], [-D, 0.55]]) < bounds.decayed_radius(0.05) - 0.58 * 0.05


@given(st.floats(0, 0.1), st.floats(0, 0.3), small, small, small, small)
def test_spread_radius_dominates(eta, eta_hidden, kappa, p, q, m):
    try:
        limit = bounds.spread_radius(eta, eta_hidden)
    except ValueError:
        assume(False)
    loop = [[eta_hidden * kappa, eta * p], [-D + eta_hidden * m, 0.5 + eta * q]]
    assert radius(loop) <= limit + 1e-9


@pytest.mark.parametrize("xi", [1, -1])
def test_stable_error_is_where_the_radius_passes_one(xi):
    s = 1 - bounds.stable_error(xi)
    assert radius([[xi * A, 1 - s], [-D, 0.5 * s]]) == pytest.approx(1.0)
    assert radius([[xi * A, 1 - s + 0.01], [-D, 0.5 * (s - 0.01)]]) < 1 < radius([[xi * A, 1 - s - 0.01], [-D, 0.5 * (s + 0.01)]])


@given(st.integers(1, 30), st.floats(0.1, 1.99))
def test_chunk_multiplier_is_an_entry_of_the_power(length, a):
    power = np.linalg.matrix_power(np.array([[a, 1], [-(a**2) / 4, 0]]), length)
    assert power[0, 0] == pytest.approx(bounds.chunk_multiplier(length, a=a), rel=1e-9, abs=1e-12)


@given(st.integers(0, 100), signs)
def test_twin_path_solves_its_recursion(t, xi):
    assert bounds.twin_path(t + 1, 0.1, xi) == pytest.approx(xi * A * bounds.twin_path(t, 0.1, xi) + 0.1)


def test_the_mean_of_the_ruin_is_its_survivors(rng):
    x = np.ones(100_000)
    for t in range(1, 4):
        x = (1 + rng.choice([-1.0, 1.0], size=x.size)) * A * x
        assert (x > 0).mean() == pytest.approx(bounds.ruin_survival(t), abs=0.01)
        assert x.mean() == pytest.approx(bounds.ruin_mean(t), abs=0.06)


def test_injected_gain_error_against_least_squares(rng):
    misses, sigma, e = [], 0.05, 1e-3
    for _ in range(1000):
        angle = rng.uniform(0, 2 * np.pi, size=95)
        x = np.column_stack([sigma * np.cos(angle), rng.normal(size=95)])
        misses.append(learn.fit_linear(x, e * rng.normal(size=(95, 1))).gain[0, 0])
    assert np.sqrt(np.mean(np.square(misses))) == pytest.approx(bounds.injected_gain_error(e, sigma, 5, 20), rel=0.12)


def test_low_level_bounds_dominate_and_a_constant_command_reaches_the_gap():
    alpha, beta, x, largest = 0.9, 2.0, 0.0, 0.0
    for _ in range(300):
        x = alpha * x + beta * 0.1
        largest = max(largest, x)
    assert largest == pytest.approx(bounds.low_level_gap(alpha, beta, 0.1), rel=1e-9)


def test_low_level_failure_dominates_and_is_nearly_reached(rng):
    slope, eps, horizon = 0.15, 1e-2, 100
    alive = np.ones(100_000, dtype=bool)
    x = 0.0
    for _ in range(horizon):
        alive &= rng.random(alive.size) >= slope * x
        x = 0.9 * x + 0.1 * eps  # eps' = (1 - alpha) eps
    failed = 1 - alive.mean()
    assert 0.8 * bounds.low_level_failure(horizon, slope, eps, 0.0) < failed < bounds.low_level_failure(horizon, slope, eps, 0.0)


def growth(policy, k, xi=1):
    x = np.tile([[5e-4, 0.0], [-5e-4, 0.0]], (k, 1))
    run = systems.rollout(plant(xi), policy, x, 12, np.random.default_rng(0)).x
    apart = np.linalg.norm(run[0::2] - run[1::2], axis=2)
    return (apart[:, 12] / apart[:, 6]) ** (1 / 6)


def test_with_an_untrained_network_or_no_fit_the_verdicts_turn(rng):
    starts = np.column_stack([np.zeros(20), rng.uniform(-1, 1, size=20)])
    run = systems.rollout(plant(1), expert(1), starts, 5, rng)
    fitted = learn.fit_linear(run.x[:, :-1].reshape(-1, 2), run.u.reshape(-1, 2))
    judged = {"relation": "==", "rhs": bounds.decayed_radius(0.0), "tol": 0.0175, "why": "wider than in the chapter"}
    assert check("fitted", growth(fitted, 1), **judged).status == "holds"
    untrained = learn.Networks(learn.Ensemble(4, (2, 32, 32, 2), 0))
    with pytest.raises(ClaimError):
        check("untrained", growth(untrained.policy, 4), **judged)
    eta = np.abs(untrained.jacobian(np.zeros(2)) - expert(1).gain)[:, :, 1].max(axis=1)
    with pytest.raises(ValueError, match=r"eta must lie in \[0, 1/10\]"):
        bounds.worst_twin_radius(eta.min(), 0.0)
    with pytest.raises(ValueError, match=r"eta must lie in \[0, 1/10\]"):
        bounds.spread_radius(eta.min(), 0.0)


@pytest.mark.parametrize("a", [1.5, 1.05, 1 + 2.0**-20, 1 + 2.0**-40, math.nextafter(1, 2)])
@pytest.mark.parametrize(("t", "xi"), [(1, 1), (7, 1), (100, 1), (1, -1), (8, -1), (101, -1)])
def test_twin_path_keeps_its_digits(a, t, xi):
    with mpmath.workdps(60):
        exact = float(((xi * mpmath.mpf(a)) ** t - 1) / (xi * mpmath.mpf(a) - 1))
    assert bounds.twin_path(t, 1.0, xi, a=a) == pytest.approx(exact, rel=1e-13)


def test_the_ends_of_the_domains():
    assert bounds.twin_path(0, 0.1, 1) == bounds.twin_path(0, 0.1, -1) == bounds.twin_path(9, 0, 1) == 0
    assert bounds.twin_action_gap(0) == 0
    assert bounds.worst_twin_radius(0.1, 0.5) == pytest.approx(0.85)
    assert bounds.spread_radius(0, 0) == 0.5
    assert bounds.low_level_failure(10, 0, 0, 0) == bounds.low_level_gap(0, 0, 1) == bounds.injected_gain_error(0, 1, 1, 2) == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.twin_action_gap(1.0, a=0.0), "a must lie in (0, inf), got 0"),
        (lambda: bounds.twin_action_gap(np.ones(2)), "hidden must be a real number in (-inf, inf), got an array of shape (2,)"),
        (lambda: bounds.twin_rate(a=1.0), "a must lie in (1, inf), got 1"),
        (lambda: bounds.twin_path(-1, 0.1, 1), "t must lie in [0, inf), got -1"),
        (lambda: bounds.twin_path(1, math.nan, 1), "eps must lie in (-inf, inf), got nan"),
        (lambda: bounds.twin_path(1, 0.1, 2), "xi must be 1 or -1, got 2"),
        (lambda: bounds.twin_path(1, 0.1, 1, a=math.inf), "a must lie in (1, inf), got inf"),
        (lambda: bounds.twin_path(10**6, 0.1, 1), "twin_path: no finite value at t=1000000, eps=0.1, xi=1, a=1.05"),
        (lambda: bounds.worst_twin_radius(0.05, 1.0), "abs(r) <= 2 * (a - 1/2) - 6 * eta must hold, got eta=0.05, r=1.0, a=1.05"),
        (lambda: bounds.hidden_gain_radius(0.0, a=0.5), "a must lie in (1, inf), got 0.5"),
        (lambda: bounds.hidden_gain_radius(math.nan), "k must lie in (-inf, inf), got nan"),
        (lambda: bounds.decayed_radius(0.06), "eta must lie in [0, 1/20], got 0.06"),
        (lambda: bounds.decayed_radius(0.01, a=0.5), "a must lie in (1, inf), got 0.5"),
        (lambda: bounds.decayed_radius(0.01, a=2), "0.6 * (a - 1/2 - 1.6 * eta) >= a**2 / 4 must hold, got eta=0.01, a=2"),
        (lambda: bounds.stable_error(0), "xi must be 1 or -1, got 0"),
        (lambda: bounds.stable_error(1, a=2), "a must lie in (1, 2), got 2"),
        (lambda: bounds.chunk_multiplier(0), "length must lie in [1, inf), got 0"),
        (lambda: bounds.injected_gain_error(0.1, 0.0, 5, 20), "sigma must lie in (0, inf), got 0"),
        (lambda: bounds.injected_gain_error(0.1, 0.1, 5, 1), "steps must lie in [2, inf), got 1"),
        (lambda: bounds.ruin_survival(-1), "t must lie in [0, inf), got -1"),
        (lambda: bounds.ruin_mean(-1), "t must lie in [0, inf), got -1"),
        (lambda: bounds.spread_radius(0.02, 0.3), "2 * (1/2 - eta_hidden + eta) >= a**2 / 4 + eta_hidden must hold"),
        (lambda: bounds.spread_radius(0.1, 0.305), "eta_hidden + 2 * eta <= 1/2 must hold, got eta=0.1, eta_hidden=0.305"),
        (lambda: bounds.spread_radius(0, 0.1, a=-1), "a must lie in (1, inf), got -1"),
        (lambda: bounds.low_level_gap(1.0, 1.0, 1.0), "alpha must lie in [0, 1), got 1"),
        (lambda: bounds.low_level_failure(10, 0.1, 0.1, 2.0), "d_train must lie in [0, 1], got 2"),
        (lambda: bounds.unknown_sign_rate(0.0, a=1.0), "a must lie in (1, inf), got 1"),
        (lambda: bounds.unknown_sign_rate(math.nan), "k must lie in (-inf, inf), got nan"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
