"""The shared instances: worked by hand, and against rollouts."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from made_up import Zeros

from qbc import quantizers, systems
from qbc.families import Branched, Martingale, Trap, frequency, most_likely


def test_most_likely_breaks_ties_fairly_and_refuses_an_impossible_class(rng):
    picks = most_likely(np.tile([0.0, -1.0, 0.0], (4000, 1, 1)), rng)
    assert set(picks) == {0, 2}
    assert (picks == 0).mean() == pytest.approx(0.5, abs=0.05)
    assert most_likely([[-1.0, -2.0], [-2.0, 0.0]], rng) == 1
    with pytest.raises(ValueError, match="probability zero under every member"):
        most_likely(np.full((2, 3), -np.inf), rng)
    with pytest.raises(ValueError, match=r"log_likelihood: \(..., n, K\) of each datum"):
        most_likely([-3.0, -2.0], rng)
    with pytest.raises(ValueError, match="some datum is NaN"):  # in one of two data sets
        most_likely([[[0.0, -1.0]], [[0.0, np.nan]]], rng)


def test_weights_count_data_and_what_never_occurred_rules_nothing_out(rng):
    each = np.log([[0.9, 0.5], [0.1, 0.5]])
    assert list(most_likely(each, rng, [[9, 1], [5, 5]])) == [0, 1]
    with np.errstate(divide="ignore"):
        assert list(most_likely(np.log([[1.0, 0.5], [0.0, 0.5]]), rng, [[4, 0], [4, 1]])) == [0, 1]


def test_many_data_sets_at_once_are_as_good_as_one_after_the_other(rng):
    each = np.log(rng.random((5, 4, 3, 6)))  # 5 x 4 data sets of 3 data under 6 members
    best = most_likely(each, rng)
    assert best.shape == (5, 4)
    assert best.tolist() == [[int(each[i, j].sum(axis=0).argmax()) for j in range(4)] for i in range(5)]
    weights = rng.integers(4, size=(5, 4, 3))
    own = most_likely(each, rng, weights)
    assert own.tolist() == [[int((weights[i, j] @ each[i, j]).argmax()) for j in range(4)] for i in range(5)]
    shared = most_likely(each[0, 0], rng, weights)
    assert shared.tolist() == [[int((weights[i, j] @ each[0, 0]).argmax()) for j in range(4)] for i in range(5)]


def test_a_tie_is_what_rounding_cannot_tell_apart(rng):
    picks = {gap: {int(most_likely([[0.0, -gap]], rng)) for _ in range(50)} for gap in (1e-10, 1e-9, 1e-8)}
    assert picks == {1e-10: {0, 1}, 1e-9: {0, 1}, 1e-8: {0}}


def test_weighted_impossible_data(rng):
    """Member 0 cannot make datum 1; one data set holds it half a time, the other never."""
    each = np.array([[-1.0, -2.0], [-np.inf, -3.0]])
    assert most_likely(each, rng, [[1.0, 0.5], [1.0, 0.0]]).tolist() == [1, 0]
    assert most_likely(np.stack([each, each]), rng, [[1.0, 0.5], [1.0, 0.0]]).tolist() == [1, 0]
    with pytest.raises(ValueError, match="some data set has probability zero"):
        most_likely(np.stack([each[:, :1]] * 2), rng, [[1.0, 0.5], [1.0, 0.0]])


def test_frequency_is_the_mle_of_a_probability_and_refuses_impossible_counts(rng):
    assert list(frequency([0, 3], 4, rng)) == [0.0, 0.75]
    assert list(frequency([0, 1], 1, rng)) == [0.0, 1.0]
    assert frequency([], 1, rng).shape == (0,)
    for count, n in (([5], 4), ([-1, 1], 4), ([0], 0), ([2.0, 4.5], 4)):
        with pytest.raises(ValueError, match=f"^frequency needs counts between 0 and n >= 1, got n = {n}$"):
            frequency(count, n, rng)


def test_martingale_regret_by_hand_and_by_rollout(rng):
    m = Martingale(0.5)
    assert m.regret(2, 1.0, 0.1, 1.0) == pytest.approx(0.025)  # mean of x_2 is .5 + .5 * .9 = .95; regret (1 - .95)/2
    mean_x = [systems.rollout(m.plant, m.policy(1.0, e), np.full((400_000, 1), 0.5), 8, rng).x[:, :8].mean() for e in (0.0, 0.05)]
    assert 8 * (mean_x[0] - mean_x[1]) / 2 == pytest.approx(m.regret(8, 0.5, 0.05, 1.0), abs=0.02)


def test_martingale_likelihood_finds_theta(rng):
    m, grid = Martingale(0.5), np.linspace(0, 1, 11)
    data = m.demonstrations(4000, 20, 0.5, rng, theta=0.6)
    assert grid[most_likely(m.log_likelihood(grid, data), rng)] == pytest.approx(0.6)


def test_martingale_worked_by_hand():
    """eta = 1/4: x' = x/4 + 3u/4; P(+1 | x) = (1 + theta x)/2."""
    assert Martingale().eta == 0.5
    m = Martingale(0.25)
    assert (m.plant.alpha, m.plant.beta) == (0.25, 0.75)
    data = systems.Rollouts(np.array([[[0.5], [0.2], [0.9]], [[-0.4], [0.0], [0.0]]]), np.array([[[1.0], [-1.0]], [[-0.9], [0.9]]]))
    by_hand = [[1.5 / 2 * 0.8 / 2, 1.25 / 2 * 0.9 / 2], [1.4 / 2 * 1 / 2, 1.2 / 2 * 1 / 2]]
    np.testing.assert_allclose(np.exp(m.log_likelihood([1.0, 0.5], data)), by_hand)
    np.testing.assert_array_equal(m.log_likelihood([1.0], systems.Rollouts(np.ones((1, 2, 1)), -np.ones((1, 1, 1)))), [[-np.inf]])
    keep = 0.25 + 0.75 * 0.8 * 0.9  # what a step of theta = .8, eps = .1 keeps of the mean; the expert of .5 keeps .625
    assert m.regret(3, 0.6, 0.1, 0.8, 0.5) == pytest.approx(0.3 * ((1 + 0.625 + 0.625**2) - (1 + keep + keep**2)))
    assert m.regret(3, 0.6, 0.1, 0.8) == m.regret(3, 0.6, 0.1, 0.8, 1.0)


def test_martingale_plays_the_decoded_sign_of_a_biased_coin():
    m, x = Martingale(0.5), np.linspace(-1, 1, 1000)[:, None]
    up = np.random.default_rng(2).random(x.shape) < (1 + 0.7 * x) / 2
    for eps, said in ((0.0, 1.0), (0.2, 0.8)):
        played = m.policy(0.7, eps)(x, np.random.default_rng(2))
        np.testing.assert_allclose(played, np.where(up, said, -said))
    np.testing.assert_array_equal(m.policy(0.7)(x, np.random.default_rng(2)), np.where(up, 1.0, -1.0))
    assert m.policy(1.0)(-np.ones(2), Zeros()).tolist() == [-1.0, -1.0]  # what has probability zero is not played
    run = m.demonstrations(3, 4, 0.25, np.random.default_rng(1))
    assert (run.x.shape, run.x[:, 0].tolist()) == ((3, 5, 1), [[0.25]] * 3)
    again = systems.rollout(m.plant, m.policy(1.0), np.full((3, 1), 0.25), 4, np.random.default_rng(1))
    np.testing.assert_array_equal(run.u, again.u)


def test_a_branched_grid_worked_by_hand():
    """Bins of width 1 on [-2, 2]; states in [0, 1] decode to 1.25, and those in [1, 2] to -0.5, also 1 itself."""
    grid = quantizers.lattice(1.0, 2.0, "mid-rise")
    q = Branched(np.unique([*grid.values, 1.25, -0.5]), grid, ((0.0, 1.0, 1.25), (1.0, 2.0, -0.5)))
    u = np.arctan([-0.1, 0.0, 0.5, 1.0, 2.0, 2.1, -4.0])
    assert q(u).tolist() == [-0.5, 1.25, 1.25, -0.5, -0.5, 1.5, -1.5]
    assert q.encode(u).dtype == np.int64
    assert (q.low, q.high) == (-2.0, 2.0)
    assert q.radius == pytest.approx(0.5 + np.arctan(2.0))  # of the second branch, at its far end
    assert Branched(np.unique([*grid.values, 1.25]), grid, ((0.0, 1.0, 1.25),)).radius == 1.25
    assert Branched(grid.values, grid, ()).radius == 0.5
    assert Branched(np.unique([*grid.values, 1.25]), grid, ((-2.0, 0.0, 1.25),)).radius == pytest.approx(1.25 + np.arctan(2.0))
    assert q == Branched(q.values, grid, q.parts)
    assert q != Branched(q.values, grid, q.parts[:1])
    assert repr(q).startswith("Branched(5 codes on [-2, 2]")
    with pytest.raises(FrozenInstanceError):
        q.parts = ()


def test_trap_worked_by_hand():
    t = Trap(0.01)
    assert (t.A, t.B, t.k, t.d, t.tolerance) == (0.2, 0.3, 2.0, 1.2, 1e-12)
    assert (t.plant.alpha, t.plant.beta) == (0.2, 0.3)
    by_hand = {"P": (-0.01, 0.01, 0.017 / 0.3), "T1": (0.012, 0.022, 1.0), "T2": (0.3024, 0.3044, 0.02112 / 0.3 - 0.2)}
    found = t.branches()
    assert list(found) == list(by_hand)
    for name, (low, high, value) in by_hand.items():
        assert found[name] == pytest.approx((low, high, value), abs=1e-12)
    for fixed in (t, Martingale()):
        with pytest.raises(FrozenInstanceError):
            fixed.eps = 1.0


def test_trap_policies_decode_as_their_branches_say():
    t, inside = Trap(0.01), {"P": 0.0, "T1": 0.017, "T2": 0.3034}
    x = np.array([*inside.values()])
    values = np.array([v for *_, v in t.branches().values()])
    bins = (np.floor(np.arctan(x) / 0.01) + 0.5) * 0.01  # mid-rise
    np.testing.assert_allclose(t.policy()(x), values)
    np.testing.assert_allclose(t.policy(())(x), bins)
    np.testing.assert_allclose(t.policy(("T1",))(x), [bins[0], 1.0, bins[2]])
    np.testing.assert_allclose(t.policy(values={"T1": 0.5, "T2": 0.0})(x), [values[0], 0.5, 0.0])
    np.testing.assert_allclose(t.policy(shift=0.5)(x + 0.005), values)
    np.testing.assert_allclose(t.policy(shift=-0.5)(x - 0.005), values)
    ends = np.array([0.012 - 1e-10, 0.012 - 1e-13, 0.022 + 1e-13, 0.022 + 1e-10])  # a branch reaches 1e-12 beyond its ends
    np.testing.assert_allclose(t.policy()(ends), [0.015, 1.0, 1.0, 0.025])
    assert np.abs(t.policy(())(np.array([-1e9, 1e9]))).tolist() == pytest.approx([np.pi / 2] * 2, abs=0.01)


def test_trap_class_by_name():
    t, x = Trap(0.01), np.linspace(-0.03, 0.32, 7001)
    members = t.policy_class()
    assert list(members) == [
        "bins",
        "P",
        "T1",
        "P+T1",
        "T2",
        "P+T2",
        "T1+T2",
        "P+T1+T2",
        "moved -0.5",
        "moved +0.5",
        "T1 to .5",
        "T2 to 0",
    ]
    same = {
        "bins": t.policy(()),
        "P+T2": t.policy(("T2", "P")),
        "P+T1+T2": t.policy(),
        "moved -0.5": t.policy(shift=-0.5),
        "moved +0.5": t.policy(shift=0.5),
        "T1 to .5": t.policy(values={"T1": 0.5}),
        "T2 to 0": t.policy(values={"T2": 0.0}),
    }
    for name, policy in same.items():
        np.testing.assert_array_equal(members[name](x), policy(x), err_msg=name)


def test_expert_states_are_the_raw_rollout():
    t = Trap(0.01)
    x = t.expert_states(50, 4, np.random.default_rng(3))
    assert x.shape == (4, 50)
    np.testing.assert_array_equal(x[0], np.random.default_rng(3).normal(size=50))
    np.testing.assert_allclose(x[1:], 0.2 * x[:-1] + 0.3 * np.arctan(x[:-1]))
    np.testing.assert_array_equal(t.expert_states(50, 1, np.random.default_rng(3)), x[:1])
    noisy = t.expert_states(20_000, 2, np.random.default_rng(3), sigma=0.5)
    assert (noisy[1] - 0.2 * noisy[0] - 0.3 * np.arctan(noisy[0])).std() == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_expert_states_draw_no_more_noise_than_they_need(horizon):
    one, two = np.random.default_rng(3), np.random.default_rng(3)
    Trap(0.01).expert_states(5, horizon, one, sigma=0.1)
    two.normal(size=(1 + max(1, horizon - 1), 5))
    assert one.random() == two.random()


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
