"""The shared instances: worked by hand, and against rollouts."""

import numpy as np
import pytest

from qbc import systems
from qbc.families import Martingale, Trap, frequency, most_likely


def test_most_likely_breaks_ties_fairly_and_refuses_an_impossible_class(rng):
    picks = most_likely(np.tile([0.0, -1.0, 0.0], (4000, 1, 1)), rng)
    assert set(picks) == {0, 2}
    assert (picks == 0).mean() == pytest.approx(0.5, abs=0.05)
    assert most_likely([[-1.0, -2.0], [-2.0, 0.0]], rng) == 1
    with pytest.raises(ValueError, match="probability zero under every member"):
        most_likely(np.full((2, 3), -np.inf), rng)
    with pytest.raises(ValueError, match=r"log_likelihood: \(..., n, K\) of each datum"):
        most_likely([-3.0, -2.0], rng)


def test_weights_count_data_and_what_never_occurred_rules_nothing_out(rng):
    each = np.log([[0.9, 0.5], [0.1, 0.5]])
    assert list(most_likely(each, rng, [[9, 1], [5, 5]])) == [0, 1]
    with np.errstate(divide="ignore"):
        assert list(most_likely(np.log([[1.0, 0.5], [0.0, 0.5]]), rng, [[4, 0], [4, 1]])) == [0, 1]


def test_frequency_is_the_mle_of_a_probability_and_refuses_impossible_counts(rng):
    assert list(frequency([0, 3], 4, rng)) == [0.0, 0.75]
    with pytest.raises(ValueError, match="counts between 0 and n"):
        frequency([5], 4, rng)


def test_martingale_regret_by_hand_and_by_rollout(rng):
    m = Martingale(0.5)
    assert m.regret(2, 1.0, 0.1, 1.0) == pytest.approx(0.025)  # mean of x_2 is .5 + .5 * .9 = .95; regret (1 - .95)/2
    mean_x = [systems.rollout(m.plant, m.policy(1.0, e), np.full((400_000, 1), 0.5), 8, rng).x[:, :8].mean() for e in (0.0, 0.05)]
    assert 8 * (mean_x[0] - mean_x[1]) / 2 == pytest.approx(m.regret(8, 0.5, 0.05, 1.0), abs=0.02)


def test_martingale_likelihood_finds_theta(rng):
    m, grid = Martingale(0.5), np.linspace(0, 1, 11)
    data = m.demonstrations(4000, 20, 0.5, rng, theta=0.6)
    assert grid[most_likely(m.log_likelihood(grid, data), rng)] == pytest.approx(0.6)


def test_trap_cycles_between_its_branches():
    t = Trap(2**-8)
    act, (low1, high1, _), (low2, high2, _) = t.policy(), t.branches()["T1"], t.branches()["T2"]
    for x in (low1, high1, (low1 + high1) / 2):
        y = t.A * x + t.B * act(np.array(x))
        z = t.A * y + t.B * act(y)
        assert low2 - 1e-12 <= y <= high2 + 1e-12
        assert low1 - 1e-12 <= z <= high1 + 1e-12


def test_trap_class_holds_twelve_different_policies(rng):
    t = Trap(2**-5)
    edges = np.array([v for low, high, _ in t.branches().values() for v in (low, high, (low + high) / 2)])
    x = np.concatenate([edges, rng.normal(size=100_000)])
    actions = np.array([pi(x, rng) for pi in t.policy_class().values()])
    assert len(np.unique(actions, axis=0)) == 12


def test_trap_without_branches_is_binning(rng):
    t = Trap(2**-6)
    x = rng.normal(size=1000)
    assert np.abs(t.policy(())(x) - np.arctan(x)).max() <= t.eps / 2 + 1e-12
