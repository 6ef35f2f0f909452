"""Chapter 02, right-hand sides: worked by hand, dominating and tight where they say so."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import bounds, systems
from qbc.families import Martingale, most_likely

open_unit = st.floats(0.01, 0.97)


def right_end(u, eps):
    return np.clip(eps * (np.floor(u / eps) + 1), -1, 1)


def loops(C, L, eta, eps, x1, horizon):
    """States (horizon, N) of the expert and of its rounded copy."""
    x, y, out = x1, x1, []
    for _ in range(horizon):
        out.append((x, y))
        x = eta * x + C * (1 - eta) * np.clip(L * x, -1, 1)
        y = eta * y + C * (1 - eta) * right_end(np.clip(L * y, -1, 1), eps)
    return np.moveaxis(np.array(out), 1, 0)


def test_worked_by_hand():
    assert bounds.incremental_gain(0.5, 2.0) == pytest.approx(4.0)
    assert bounds.selection_probability([0.5, 0.1], 2) == pytest.approx(1 - 0.25 - 0.01)
    # 10 sqrt(2 log(20) / 8) + .5 * 2 * .01 * 10 * 9 / 2 + .5 * 2 * .01 * 10
    by_hand = 10 * math.sqrt(math.log(20) / 4) + 0.45 + 0.1
    assert bounds.smooth_stochastic_regret(10, 0.01, C=2, L=0.5, lip=0.5, n=8) == pytest.approx(by_hand)
    assert bounds.drift_regret(2, 0.1, eta=0.5, x1=1.0) == pytest.approx(0.025)  # the mean of x_2 is .95; (1 - .95) / 2
    assert bounds.drift_regret_leading(100, 0.01, eta=0.5, x1=1.0) == pytest.approx(12.5)
    assert bounds.forgetting_regret(0.5, eta=0.0, x1=1.0, theta=0.5) == pytest.approx((2 - 4 / 3) / 2)
    assert bounds.forgetting_regret(0.5, eta=0.0, x1=1.0, theta=0.5, H=3) == pytest.approx((1 / 4 + 3 / 16) / 2)
    assert bounds.forgetting_regret(0.5, eta=0.0, x1=1.0, theta=0.0, H=3) == 0
    assert bounds.sharp_share(2, 0.01, 0.9) == pytest.approx(0.3)
    assert bounds.offset_regret(3, 0.1, C=0.8, eta=0.5) == pytest.approx(0.08 * (0 + 0.5 + 0.75))
    assert [bounds.least_rtvc_multiple(CL, 1.0) for CL in (0.5, 0.8, 0.9)] == [5, 14, 29]
    by_hand = 10 * math.log(60) / 100 + 10 * 0.5 * 6 * 0.01
    assert bounds.smooth_deterministic_regret(10, 0.01, C=0.5, L=1.0, n=100, size=3) == pytest.approx(by_hand)
    assert bounds.small_gain_gap(0.5, 1.0, 0.1) == pytest.approx(0.1)
    assert bounds.largest_rest_gap(0.78, 1.0, 0.1) == pytest.approx(0.78 * 4 * 0.1)
    assert [bounds.loop_leaves(0.5, 1.0, L) for L in (-1.6, -1.4, 0.4, 0.6)] == [1.0, 0.0, 0.0, 1.0]
    assert bounds.parted_share(1.5, 1.0, 0.1) == pytest.approx(0.05 * 3)  # 1 / (C L - 1) is 2
    assert bounds.parted_share(2.7, 0.5, 0.1) == pytest.approx(0.05 * 3)  # 1 / .35 is 2.86
    assert [bounds.dead_zone_gain(k) for k in ("right end", "mid-rise", "mid-tread")] == [1.0, 2.0, math.inf]
    assert bounds.steps_per_decade(0.5, 9.5, 1.0) == pytest.approx(1.0)
    assert bounds.tie_probability(0.5, 2, rough=1, size=4) == pytest.approx(1 / 16)
    assert bounds.unstable_rate(math.e) == pytest.approx(1.0)
    assert bounds.stabilised_gap(1.05, 0.5, -0.5, 0.1) == pytest.approx(0.25)


@given(open_unit, st.floats(0.05, 3), st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_incremental_gain_dominates_every_sequence_and_is_tight_for_a_constant_one(eta, b, errors):
    C, gap, constant, worst = bounds.incremental_gain(eta, b), 0.0, 0.0, 0.0
    for e in errors:
        gap, constant = eta * gap + b * e, eta * constant + b
        worst = max(worst, abs(gap))
    assert worst <= C * max(abs(e) for e in errors) * (1 + 1e-12)
    assert constant == pytest.approx(C * (1 - eta ** len(errors)))


@given(st.integers(1, 300), st.floats(1e-6, 0.5), open_unit, st.floats(0.05, 1))
def test_drift_regret_is_the_exact_value_of_the_family_and_below_its_leading_term(horizon, eps, eta, x1):
    exact = bounds.drift_regret(horizon, eps, eta=eta, x1=x1)
    assert exact == pytest.approx(Martingale(eta).regret(horizon, x1, eps, 1.0), rel=1e-6, abs=1e-9)
    if (1 - eta) * eps * horizon <= 1:
        leading = bounds.drift_regret_leading(horizon, eps, eta=eta, x1=x1)
        assert leading * (1 - 1 / horizon - (1 - eta) * eps * horizon / 3) <= exact * (1 + 1e-9) <= leading * (1 + 2e-9)


@given(st.integers(1, 300), st.floats(1e-6, 0.5), open_unit, st.floats(0.05, 1))
def test_the_bound_with_constants_dominates_the_family(horizon, eps, eta, x1):
    bound = bounds.smooth_stochastic_regret(horizon, eps, C=1.0, L=0.5, lip=0.5)
    assert Martingale(eta).regret(horizon, x1, eps, 1.0) <= bound * (1 + 1e-9)


@given(st.integers(2, 400), st.floats(1e-6, 1e-4), st.floats(0.1, 1))
def test_sharp_share_is_the_share_of_the_bound(horizon, eps, x1):
    share = Martingale(0.0).regret(horizon, x1, eps, 1.0) / bounds.smooth_stochastic_regret(horizon, eps, C=1.0, L=0.5, lip=0.5)
    assert bounds.sharp_share(horizon, eps, x1) == pytest.approx(share, rel=2e-3)
    assert bounds.sharp_share(100_000, 1e-8, 1.0) == pytest.approx(1.0, abs=1e-3)


@given(open_unit, st.floats(0.01, 0.9), st.floats(1e-4, 0.5))
def test_forgetting_regret_is_approached_from_below(eta, theta, eps):
    family, limit = Martingale(eta), bounds.forgetting_regret(eps, eta=eta, x1=1.0, theta=theta)
    values = [family.regret(H, 1.0, eps, theta, expert=theta) for H in (10, 100, 10_000)]
    assert (np.diff(values) >= -1e-12).all()
    assert values[-1] == pytest.approx(limit, rel=1e-6, abs=1e-9)


@given(st.floats(0.05, 0.95), st.floats(0, 0.9), st.sampled_from([1e-1, 1e-2, 1e-3]))
def test_offset_regret_of_a_rounded_loop(CL, eta, eps):
    _, copy = loops(CL, 1.0, eta, eps, np.zeros(1), 100)
    assert np.abs(copy).sum() == pytest.approx(bounds.offset_regret(100, eps, C=CL, eta=eta))


@given(st.floats(0.05, 0.97), st.floats(0, 0.9), st.floats(0.3, 3))
def test_small_gain_dominates_rounded_loops_and_the_largest_rest_point_is_below_it(CL, eta, L):
    eps, C = 1e-2, CL / L
    expert, copy = loops(C, L, eta, eps, np.linspace(-1, 1, 41) / L, 200)
    assert np.abs(expert - copy).max() <= bounds.small_gain_gap(C, L, eps) * (1 + 1e-9)
    assert bounds.largest_rest_gap(C, L, eps) <= bounds.small_gain_gap(C, L, eps) * (1 + 1e-9)


@pytest.mark.parametrize("CL", [0.55, 0.78, 0.88])
def test_the_largest_rest_point_is_reached(CL):
    expert, copy = loops(CL, 1.0, 0.5, 1e-3, np.ones(1), 1000)
    assert np.abs(expert - copy)[-1, 0] == pytest.approx(bounds.largest_rest_gap(CL, 1.0, 1e-3), rel=1e-6)


@given(st.floats(0.05, 0.98))
def test_least_rtvc_multiple_is_the_least(CL):
    k = bounds.least_rtvc_multiple(CL, 1.0)
    assert CL * (k + 1) <= k - 2 + 1e-6
    assert CL * k > k - 3 - 1e-6
    assert bounds.small_gain_gap(CL, 1.0, 1.0) <= CL * (k + 1) / 3 + 1e-6  # a third of what Theorem 3 allows


@given(open_unit, st.floats(0.01, 0.9), st.floats(1e-4, 0.5), st.integers(1, 60))
def test_forgetting_regret_at_a_horizon_is_the_exact_value_of_the_family(eta, theta, eps, horizon):
    exact = Martingale(eta).regret(horizon, 1.0, eps, theta, expert=theta)
    assert bounds.forgetting_regret(eps, eta=eta, x1=1.0, theta=theta, H=horizon) == pytest.approx(exact, rel=1e-9, abs=1e-12)
    assert exact <= bounds.forgetting_regret(eps, eta=eta, x1=1.0, theta=theta) * (1 + 1e-9)


@pytest.mark.parametrize("pole", [-1.3, -1.02, -0.9, 0.0, 0.98, 1.02, 1.3])
@pytest.mark.parametrize("eta", [0.1, 0.5, 0.9])
def test_loop_leaves_by_simulation(pole, eta):
    b, L = 2 * (1 - eta), (pole - eta) / (2 * (1 - eta))
    _, copy = loops(2.0, L, eta, 1e-3, np.zeros(1), 3000)
    assert (np.abs(copy).max() > b / 2) == bounds.loop_leaves(eta, b, L)


@pytest.mark.parametrize("CL", [1.15, 1.2, 1.35, 1.5, 2.0, 2.5])
@pytest.mark.parametrize("L", [0.5, 1.0])
def test_parted_share_by_simulation(CL, L):
    N, C = 20_000, CL / L
    expert, copy = loops(C, L, 0.5, 1e-2, (2 * (np.arange(N) + 0.5) / N - 1) / L, 400)
    share = (np.abs(expert - copy)[-1] > C / 2).mean()
    assert share == pytest.approx(bounds.parted_share(C, L, 1e-2), abs=2 / N)


def test_steps_per_decade_by_simulation():
    times = [int((loops(1.5, 1.0, 0.5, 10.0**-k, np.zeros(1), 200)[1] > 0.5).argmax()) for k in (2, 7)]
    assert (times[1] - times[0]) / 5 == pytest.approx(bounds.steps_per_decade(0.5, 0.75, 1.0), abs=0.2)


def test_tie_probability_by_simulation(rng):
    calm = (rng.random((200_000, 4)) >= 0.3).all(axis=1)
    picks = calm & (rng.integers(3, size=calm.size) == 0)
    assert picks.mean() == pytest.approx(bounds.tie_probability(0.3, 4, rough=1, size=3), abs=0.004)


def test_selection_probability_by_simulation(rng):
    p, q, n, D = 0.7, 0.5, 20, 100_000  # a coin against a fair coin
    heads = rng.binomial(n, p, size=D)
    score = heads * math.log(p / q) + (n - heads) * math.log((1 - p) / (1 - q))
    affinity = math.sqrt(p * q) + math.sqrt((1 - p) * (1 - q))
    assert (score > 0).mean() >= bounds.selection_probability([affinity], n)


@given(st.floats(1.01, 1.2), st.floats(0.2, 1), st.floats(0.05, 0.95))
def test_stabilised_gap_dominates(a, b, target):
    L, x, y = (target - a) / b, 0.1, 0.1  # a + b L = target; no action is clipped
    for _ in range(100):
        x, y = a * x + b * L * x, a * y + b * float(right_end(np.array(L * y), 1e-3))
        assert abs(x - y) <= bounds.stabilised_gap(a, b, L, 1e-3) * (1 + 1e-9)


def exponent(theta):
    horizons = np.array([16, 32, 64, 128])
    regret = [np.mean([Martingale(0.5).regret(int(H), 0.5, 1e-3, t) for t in theta]) for H in horizons]
    return np.polyfit(np.log(horizons), np.log(regret), 1)[0]


def test_anticheat_the_square_is_the_fits_and_not_a_random_members(rng):
    m, thetas = Martingale(0.5), np.round(np.arange(0, 1.01, 0.1), 1)
    fits = [thetas[most_likely(m.log_likelihood(thetas, m.demonstrations(100, 25, 0.5, rng)), rng)] for _ in range(5)]
    assert exponent(fits) == pytest.approx(2.0, abs=0.05)
    assert exponent(rng.choice(thetas, 50)) < 1.5


def test_anticheat_the_price_at_rest_is_the_fits_and_not_a_random_members(rng):
    C, eps, H = 0.8, 1e-3, 200
    members = [(g, s) for g in (0.5, 0.75, 1.0, 1.25, 1.5) for s in (-1, 0, 1)]

    def play(g, s):
        return lambda x, rng: right_end(np.clip(g * x, -1, 1) + s * eps, eps)

    plant = systems.linear(0.5, C / 2)
    expert = systems.rollout(plant, lambda x, rng: np.clip(x, -1, 1), rng.uniform(-1, 1, (40, 1)), 60, rng)
    x, labels = expert.x[:, :-1], right_end(expert.u, eps)
    wrong = [np.abs(play(*k)(x, rng) - labels).max(axis=(1, 2)) > 1e-12 for k in members]
    fitted = members[most_likely(np.where(np.stack(wrong, axis=1), -np.inf, 0.0), rng)]

    def price(k):
        return np.minimum(np.abs(systems.rollout(plant, play(*k), np.zeros((1, 1)), H, rng).x[0, :-1]), 1).sum()

    stated = bounds.offset_regret(H, eps, C=C, eta=0.5)
    assert price(fitted) == pytest.approx(stated)
    assert np.mean([price(k) == pytest.approx(stated) for k in members]) < 0.3
