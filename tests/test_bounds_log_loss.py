"""Chapter 01, right-hand sides: worked by hand, dominating and tight where they say so, refusing what lies outside their domain."""

import math
import re

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qbc import bounds
from qbc.finite import FiniteMDP

unit = st.floats(0, 1)


def test_worked_by_hand():
    assert bounds.mle_hellinger(10, math.log(20), 0.05) == pytest.approx(0.2 * math.log(400))
    assert bounds.needle_wins(1, 0.0) == pytest.approx(0.5)
    assert bounds.needle_wins(2, 0.0) == pytest.approx(0.75)
    assert bounds.needle_share(4.0, math.log(20), 0.05) == pytest.approx(2 / math.log(400))
    assert bounds.smoothing_floor(2, 2, 0.5) == pytest.approx(0.5)  # two steps, each right with probability 3/4
    assert bounds.mistake_probability([0.5, 0.5, 0.0], [0.2, 0.5, 0.3]) == pytest.approx(0.3)
    assert bounds.hellinger_of_mistake(0.75) == pytest.approx((1.0, 1.5))
    assert bounds.regret_deterministic(10, 0.1) == pytest.approx(1.0)
    assert bounds.regret_clean_episode(0.4) == pytest.approx((0.2, 0.36))
    assert bounds.regret_any_expert(1, 2.0) == pytest.approx(1.0)  # disjoint laws
    assert bounds.regret_of_mle(1, 10.0, 0.05, deterministic=True) == pytest.approx(2.0)
    assert bounds.missing_label_regret(1, [0.5, 0.5]) == pytest.approx(0.25)
    assert bounds.missing_label_regret(1, [0.5], guess=1.0) == pytest.approx(0.25)
    assert bounds.rare_branch_limit(1) == pytest.approx(0.18393972)
    assert bounds.coin_regret(1, 0.25) == pytest.approx(0.125)  # one toss, wrong with probability 1/4
    assert bounds.coin_regret(2, 0.25) == pytest.approx(0.125)  # 1/16 + half of 6/16
    assert bounds.coin_limit(0.752) == pytest.approx(0.16997, abs=1e-5)
    assert bounds.held_mistake(2, 2) == pytest.approx(0.25)
    assert bounds.tables_mistake(1, 2, 2) == pytest.approx(0.75)
    assert bounds.fresh_mistake(1, 2, 1) == pytest.approx(0.5)
    assert bounds.fresh_mistake(1, 2, 2) == pytest.approx(0.375)  # half the data show one context: then 3/4 of the episodes err
    assert bounds.resampled_wrong(0.0, 3) == 0.5


@given(st.integers(1, 60), st.lists(unit, min_size=2, max_size=5), st.lists(unit, min_size=2, max_size=5))
def test_markov_step_of_the_guarantee(n, a, b):
    """(1 - D^2/2)^n is at most exp(-n D^2/2): at the bound, the union over the class costs exactly delta."""
    k = min(len(a), len(b))
    p, q = (np.array(v[:k]) + 0.1 for v in (a, b))
    affinity = float(np.sqrt(p / p.sum() * q / q.sum()).sum())
    assert affinity**n <= math.exp(-n * (1 - affinity)) + 1e-12
    assert 7 * math.exp(-n * bounds.mle_hellinger(n, math.log(7), 0.05) / 2) == pytest.approx(0.05)


@given(st.lists(st.tuples(unit, st.floats(0.01, 1)), min_size=1, max_size=6))
def test_hellinger_of_mistake_encloses_and_both_ends_are_reached(paths):
    w, law = np.array([p[0] for p in paths]), np.array([p[1] for p in paths])
    law = law / law.sum()
    p, distance = float(1 - law @ w), float(2 * (1 - law @ np.sqrt(w)))
    low, high = bounds.hellinger_of_mistake(p)
    assert low - 1e-9 <= distance <= high + 1e-9
    assert p <= distance + 1e-9
    assert bounds.hellinger_of_mistake(1 - w[0])[0] == pytest.approx(2 * (1 - math.sqrt(w[0])), abs=1e-9)
    clean = float(law @ (w > 0.5))
    assert bounds.hellinger_of_mistake(1 - clean)[1] == pytest.approx(2 * (1 - clean))


@given(unit, unit)
def test_regret_of_any_expert_dominates_total_variation_of_two_coins(a, b):
    affinity = math.sqrt(a * b) + math.sqrt((1 - a) * (1 - b))
    assert abs(a - b) <= bounds.regret_any_expert(1.0, min(2.0, max(0.0, 2 - 2 * affinity))) + 1e-7
    mirrored = 2 - 4 * math.sqrt(a * (1 - a))  # a against 1 - a: equality
    assert abs(2 * a - 1) == pytest.approx(bounds.regret_any_expert(1.0, max(0.0, mirrored)), abs=1e-7)


@given(unit, st.integers(1, 2000))
def test_no_mass_of_the_rare_branch_exceeds_its_limit(q, n):
    assert bounds.missing_label_regret(n, [q]) <= bounds.rare_branch_limit(n)
    worst = n * bounds.missing_label_regret(n, [1 / (n + 1)])
    assert worst >= n * bounds.missing_label_regret(n, [q]) - 1e-12
    assert n * bounds.rare_branch_limit(n) - worst <= 0.12 / n


def test_geometric_contexts_reach_their_limit():
    law = np.append(0.5 ** np.arange(1, 30), 0.5**29)
    measured = [n * bounds.missing_label_regret(n, law) for n in (16, 64, 256, 1024, 4096)]
    assert measured == pytest.approx([0.6789, 0.7103, 0.7185, 0.7206, 0.7212], abs=1e-4)


def test_the_coin_tends_to_its_limit_and_no_gap_exceeds_it_by_more_than_1_over_n():
    for n in (101, 1601, 6401):
        curve = [math.sqrt(n) * bounds.coin_regret(n, y / 2 / math.sqrt(n)) for y in np.linspace(0, 4, 41)]
        assert max(curve) <= bounds.coin_limit(0.752) + 1 / n
        assert curve[8] == pytest.approx(bounds.coin_limit(0.8), abs=1 / n)
    assert max(bounds.coin_limit(y) for y in np.linspace(0, 3, 3001)) == pytest.approx(bounds.coin_limit(0.752), abs=1e-6)


def test_label_tables_cost_what_finite_mdp_says(rng):
    """Regret per step of a table is the mass of its wrong labels, and per-step tables err with the product formula."""
    law, wrong = np.array([0.5, 0.3, 0.2]), np.array([0, 1, 1])
    held = FiniteMDP(law, np.repeat(np.eye(3)[:, None], 2, axis=1), np.tile([1.0, 0.0], (3, 1)), 5)
    assert 5 - held.value(np.eye(2)[wrong]) == pytest.approx(5 * (law @ wrong))
    tables = np.eye(2)[rng.integers(2, size=(4, 3))]
    anew = FiniteMDP(law, np.tile(law, (3, 2, 1)), np.zeros((3, 2)), 4)
    p = anew.hellinger2(tables, np.tile([1.0, 0.0], (4, 3, 1))) / 2
    assert p == pytest.approx(1 - np.prod(tables[:, :, 0] @ law))


@pytest.mark.parametrize("horizon", [1, 3])
def test_horizon_formulas_against_simulation(horizon, rng):
    n, m, D = 4, 5, 40_000
    seen = (rng.integers(m, size=(D, n * horizon, 1)) == np.arange(m)).any(axis=1)
    clean = np.take_along_axis(seen, rng.integers(m, size=(D, horizon)), axis=1).all(axis=1)
    assert 1 - clean.mean() == pytest.approx(bounds.fresh_mistake(n, m, horizon), abs=0.015)
    steps = (rng.integers(m, size=(D, horizon, n)) == rng.integers(m, size=(D, horizon, 1))).any(axis=2)
    assert 1 - steps.all(axis=1).mean() == pytest.approx(bounds.tables_mistake(n, m, horizon), abs=0.015)
    assert bounds.tables_mistake(n, m, 1) == pytest.approx(bounds.held_mistake(n, m))
    assert bounds.fresh_mistake(n, m, 1) == pytest.approx(bounds.held_mistake(n, m))


@pytest.mark.parametrize("t", [1.0, 6.2, 20.0])
def test_a_needle_wins_unless_all_lose(t):
    with mpmath.workdps(60):
        wins = 1 - (1 - mpmath.ncdf(-mpmath.mpf(t) / 2)) ** 256
        assert bounds.needle_wins(256, t) == pytest.approx(float(wins), rel=1e-11)


def test_a_needle_beats_the_truth_as_often_as_exact_counts_say():
    n, t = 40_000, 4.0
    g = t / 2 / math.sqrt(n)
    least = math.log1p(-2 * g) / (math.log1p(-2 * g) - math.log1p(2 * g)) * n  # heads at which the two are as likely
    assert bounds.needle_wins(1, t) == pytest.approx(stats.binom.sf(least, n, 0.5), rel=0.02)


@given(unit)
def test_regret_of_clean_episodes_is_the_mistake_at_both_ends(p):
    lower, upper = bounds.hellinger_of_mistake(p)
    assert bounds.regret_clean_episode(lower)[1] == pytest.approx(p, abs=1e-12)  # one path of the expert
    assert bounds.regret_clean_episode(upper)[0] == pytest.approx(p, abs=1e-12)  # a deterministic learner
    assert bounds.regret_clean_episode(upper)[1] <= bounds.regret_deterministic(1, upper)


@pytest.mark.parametrize("e", [1e-3, 1e-6, 1e-9])
def test_no_smaller_multiple_of_the_distance_bounds_the_regret(e):
    distance = bounds.hellinger_of_mistake(e)[0]
    assert 1 - e / 2 < e / bounds.regret_deterministic(1, distance) < 1 - e / 6


@pytest.mark.parametrize("x", [0.5, 1e-4, 1e-8, 1e-12, 1e-15])
def test_small_chances_keep_their_digits(x):
    with mpmath.workdps(50):
        p = mpmath.mpf(x)
        assert bounds.smoothing_floor(7, 2, x) == pytest.approx(float(2 * (1 - (1 - p / 2) ** 3.5)), rel=1e-14)
        assert bounds.hellinger_of_mistake(x)[0] == pytest.approx(float(2 * (1 - mpmath.sqrt(1 - p))), rel=1e-14)


@pytest.mark.parametrize("n", [10, 300, 600, 700, 1400])
def test_rare_mistakes_of_tables_keep_their_digits(n):
    with mpmath.workdps(80):
        missed = (1 - mpmath.mpf(1) / 20) ** n
        assert bounds.tables_mistake(n, 20, 100) == pytest.approx(float(1 - (1 - missed) ** 100), rel=1e-12)


@pytest.mark.parametrize("n", [10**7, 10**9, 10**12])
def test_many_demonstrations_keep_their_digits(n):
    with mpmath.workdps(50):
        assert bounds.held_mistake(n, n) == pytest.approx(float((1 - mpmath.mpf(1) / n) ** n), rel=1e-13)
        assert bounds.missing_label_regret(n, [1 / n], guess=1.0) == pytest.approx(float((1 - mpmath.mpf(1 / n)) ** n / n), rel=1e-13)


@pytest.mark.parametrize(("n", "gap"), [(1, 0.5), (8, 0.0), (9, 0.1), (100, 0.3), (101, 0.02)])
def test_coin_regret_is_the_sum_over_the_tosses(n, gap):
    law = stats.binom.pmf(np.arange(n + 1), n, 0.5 + gap)
    wrong = sum(p * (1 if 2 * k < n else 0.5 if 2 * k == n else 0) for k, p in enumerate(law))
    assert bounds.coin_regret(n, gap) == pytest.approx(2 * gap * wrong, rel=1e-12)


def test_the_ends_of_the_domains():
    assert bounds.hellinger_of_mistake(1) == (2, 2)
    assert bounds.regret_any_expert(3, 2) == 3
    assert bounds.held_mistake(0, 1) == bounds.missing_label_regret(0, [1.0], guess=1) == 1
    assert bounds.held_mistake(1, 1) == bounds.missing_label_regret(1, [1.0]) == bounds.smoothing_floor(3, 1, 1) == 0
    assert bounds.tables_mistake(0, 5, 3) == bounds.fresh_mistake(0, 5, 3) == 1
    assert bounds.coin_regret(5, 0.5) == bounds.coin_regret(5, 0) == bounds.coin_limit(0) == 0
    assert bounds.rare_branch_limit(3, 4) == pytest.approx(4 / (6 * math.e))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.mle_hellinger(0, 1.0, 0.1), "mle_hellinger: n must lie in [1, inf), got 0"),
        (lambda: bounds.mle_hellinger(1, 1.0, 1.0), "delta must lie in (0, 1), got 1"),
        (lambda: bounds.needle_wins(3, -1.0), "t must lie in [0, inf), got -1"),
        (lambda: bounds.needle_share(-1.0, 1.0, 0.1), "t must lie in [0, inf), got -1"),
        (lambda: bounds.smoothing_floor(3, 2, 1.5), "alpha must lie in [0, 1], got 1.5"),
        (lambda: bounds.mistake_probability([0.5, 0.6], [0.5, 0.5]), "sum(expert_law) == 1 must hold"),
        (lambda: bounds.mistake_probability([0.5, 0.5], [1.0]), "learner_law must have the shape (k,) with k = 2, got [1.0]"),
        (lambda: bounds.hellinger_of_mistake(1.1), "p must lie in [0, 1], got 1.1"),
        (lambda: bounds.regret_deterministic(-1.0, 0.1), "returns must lie in [0, inf), got -1"),
        (lambda: bounds.regret_clean_episode(3.0), "hellinger2 must lie in [0, 2], got 3"),
        (lambda: bounds.regret_any_expert(1.0, -0.1), "hellinger2 must lie in [0, 2], got -0.1"),
        (lambda: bounds.regret_of_mle(1, -1.0, 0.1, deterministic=True), "log_class must lie in [0, inf), got -1"),
        (lambda: bounds.regret_of_mle(1, 1.0, 0.1, deterministic=math.nan), "deterministic must be False or True, got nan"),
        (lambda: bounds.missing_label_regret(1, [0.7, 0.7]), "sum(masses) <= 1 must hold"),
        (lambda: bounds.missing_label_regret(1, [0.7, -0.1]), "masses must have its entries in [0, 1], got -0.1 at [1]"),
        (lambda: bounds.rare_branch_limit(2, 4), "m <= n + 1 must hold, got n=2, m=4"),
        (lambda: bounds.coin_regret(3, 0.6), "gap must lie in [0, 1/2], got 0.6"),
        (lambda: bounds.coin_regret(2.5, 0.1), "n must be a whole number in [1, inf), got 2.5"),
        (lambda: bounds.coin_limit(-1.0), "y must lie in [0, inf), got -1"),
        (lambda: bounds.coin_limit(math.inf), "y must lie in [0, inf), got inf"),
        (lambda: bounds.held_mistake(1, 0), "m must lie in [1, inf), got 0"),
        (lambda: bounds.tables_mistake(1, 2, 0), "horizon must lie in [1, inf), got 0"),
        (lambda: bounds.fresh_mistake(-1, 2, 1), "n must lie in [0, inf), got -1"),
        (lambda: bounds.fresh_mistake(10**5, 2, 3), "n * horizon <= 1e5 must hold, got n=100000, horizon=3"),
        (lambda: bounds.resampled_wrong(1.0, 0), "horizon must lie in [1, inf), got 0"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
