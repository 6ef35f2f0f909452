"""Laws, oracles and worked examples of qbc.finite."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import Zeros

from qbc.finite import FiniteMDP, Floats, draw


def random_mdp(rng: np.random.Generator, S: int, A: int, H: int, sparse: float = 0.3) -> FiniteMDP:
    """A random plant with some transitions and first states of probability 0, rewards in [0, 1)."""
    return FiniteMDP(random_laws(rng, (S,), sparse), random_laws(rng, (S, A, S), sparse), rng.random((H, S, A)), H)


def random_laws(rng: np.random.Generator, shape: tuple[int, ...], sparse: float) -> Floats:
    weights = rng.random(shape) * (rng.random(shape) > sparse)
    weights[..., 0] += 1e-3
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def shapes(S: int, A: int, H: int) -> tuple[tuple[int, ...], ...]:
    return (S, A), (H, S, A), (S, H, S, A)


sizes = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))
instances = st.tuples(st.integers(0, 2**32 - 1), sizes, st.integers(0, 2), st.integers(0, 2))


def make(instance: tuple[int, tuple[int, int, int], int, int]) -> tuple[FiniteMDP, Floats, Floats]:
    seed, (S, A, H), kind, other_kind = instance
    rng = np.random.default_rng(seed)
    mdp = random_mdp(rng, S, A, H)
    return mdp, random_laws(rng, shapes(S, A, H)[kind], 0.3), random_laws(rng, shapes(S, A, H)[other_kind], 0.3)


def brute_force(mdp: FiniteMDP, policy: Floats) -> dict[tuple[int, ...], float]:
    """The oracle: loop over all (S A)^H words (x_1, u_1, ..., x_H, u_H) in plain Python."""
    pi, law, S, A = mdp.table(policy), {}, range(mdp.n_states), range(mdp.n_actions)
    for word in itertools.product(itertools.product(S, A), repeat=mdp.horizon):
        p, (c, _) = float(mdp.initial[word[0][0]]), word[0]
        for h, (x, u) in enumerate(word):
            p *= pi[c, h, x, u]
            p *= mdp.transition[x, u, word[h + 1][0]] if h + 1 < mdp.horizon else 1.0
        law[tuple(itertools.chain.from_iterable(word))] = p
    return law


# ---- oracle ----------------------------------------------------------------------------------------------------------
@given(instances)
def test_everything_equals_brute_force(instance: tuple[int, tuple[int, int, int], int, int]) -> None:
    mdp, policy, other = make(instance)
    p, q = brute_force(mdp, policy), brute_force(mdp, other)
    P, Q = np.array(list(p.values())), np.array(list(q.values()))
    assert mdp.affinity(policy, other) == pytest.approx(np.sqrt(P * Q).sum(), abs=1e-12)
    assert mdp.hellinger2(policy, other) == pytest.approx(((np.sqrt(P) - np.sqrt(Q)) ** 2).sum(), abs=1e-12)
    assert mdp.tv(policy, other) == pytest.approx(0.5 * np.abs(P - Q).sum(), abs=1e-12)
    kl = math.inf if ((P > 0) & (Q == 0)).any() else (P[P > 0] * np.log(P[P > 0] / Q[P > 0])).sum()
    assert mdp.kl(policy, other) == pytest.approx(kl, abs=1e-10)
    occupancy, value = np.zeros((mdp.horizon, mdp.n_states, mdp.n_actions)), 0.0
    for word, mass in p.items():
        for h in range(mdp.horizon):
            x, u = word[2 * h], word[2 * h + 1]
            occupancy[h, x, u] += mass
            value += mass * mdp.reward[h, x, u]
    np.testing.assert_allclose(mdp.occupancy(policy), occupancy, atol=1e-12)
    assert mdp.value(policy) == pytest.approx(value, abs=1e-12)


@given(instances)
def test_paths_are_the_support_in_order(instance: tuple[int, tuple[int, int, int], int, int]) -> None:
    mdp, policy, _ = make(instance)
    paths, law = mdp.paths(), mdp.path_law(policy)
    words = np.stack([paths.states, paths.actions], axis=-1).reshape(len(law), -1)
    assert [tuple(w) for w in words.tolist()] == sorted(map(tuple, words.tolist()))
    assert len(set(map(tuple, words.tolist()))) == len(words)
    exact = brute_force(mdp, policy)
    assert law.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(law, [exact[tuple(w)] for w in words.tolist()], atol=1e-15)
    assert float(law @ paths.returns) == pytest.approx(mdp.value(policy), abs=1e-12)
    assert (paths.plant > 0).all()


# ---- laws ------------------------------------------------------------------------------------------------------------
@given(instances)
def test_laws_of_the_distances(instance: tuple[int, tuple[int, int, int], int, int]) -> None:
    mdp, policy, other = make(instance)
    h2, tv, kl = mdp.hellinger2(policy, other), mdp.tv(policy, other), mdp.kl(policy, other)
    assert h2 == pytest.approx(mdp.hellinger2(other, policy), abs=1e-12)
    assert 0.0 <= mdp.hellinger2(policy, policy) <= 1e-12  # also where rounding takes the affinity above 1
    assert mdp.tv(policy, policy) == 0.0
    assert mdp.kl(policy, policy) == 0.0
    assert -1e-12 <= h2 / 2 <= tv + 1e-12  # Le Cam: H^2/2 <= TV <= sqrt(H^2 (1 - H^2/4))
    assert tv <= math.sqrt(max(0.0, h2 * (1 - h2 / 4))) + 1e-6
    assert h2 <= kl + 1e-12
    assert abs(mdp.value(policy) - mdp.value(other)) <= mdp.horizon * tv + 1e-12  # rewards in [0, 1]


@given(instances)
def test_occupancies_are_laws_and_a_longer_table_is_the_same_policy(
    instance: tuple[int, tuple[int, int, int], int, int],
) -> None:
    mdp, policy, other = make(instance)
    np.testing.assert_allclose(mdp.occupancy(policy).sum(axis=(1, 2)), 1.0, atol=1e-12)
    np.testing.assert_allclose(mdp.context_occupancy(policy).sum(axis=(1, 2, 3)), mdp.initial * mdp.horizon, atol=1e-12)
    full = np.array(mdp.table(policy))
    assert mdp.value(full) == mdp.value(policy)
    assert mdp.affinity(full, other) == mdp.affinity(policy, other)


@given(st.integers(0, 2**32 - 1), st.permutations(range(3)))
def test_renaming_states_changes_nothing(seed: int, order: list[int]) -> None:
    rng, H = np.random.default_rng(seed), 3
    mdp, pi, other = random_mdp(rng, 3, 2, H), random_laws(rng, (H, 3, 2), 0.2), random_laws(rng, (H, 3, 2), 0.2)
    transition = mdp.transition[order][:, :, order]
    renamed = FiniteMDP(mdp.initial[order], transition, mdp.reward[:, order], H)
    assert renamed.value(pi[:, order]) == pytest.approx(mdp.value(pi), abs=1e-12)
    assert renamed.hellinger2(pi[:, order], other[:, order]) == pytest.approx(mdp.hellinger2(pi, other), abs=1e-12)


@given(st.integers(0, 2**32 - 1), sizes)
def test_deterministic_expert_makes_tv_the_probability_of_a_mistake(seed: int, size: tuple[int, int, int]) -> None:
    """For a deterministic expert TV = p = 1 - P(learner repeats the expert), p <= H^2 <= 2p; H^2 = 2p if both are."""
    (S, A, H), rng = size, np.random.default_rng(seed)
    mdp, learner = random_mdp(rng, S, A, H), random_laws(rng, (H, S, A), 0.3)
    expert = np.eye(A)[rng.integers(A, size=(H, S))]
    law = mdp.path_law(learner)
    p = float(law[mdp.path_law(expert) == 0].sum())
    assert mdp.tv(learner, expert) == pytest.approx(p, abs=1e-12)
    assert 2 * (1 - math.sqrt(max(0.0, 1 - p))) - 1e-7 <= mdp.hellinger2(learner, expert) <= 2 * p + 1e-12
    rounded = np.eye(A)[learner.argmax(axis=-1)]
    assert mdp.hellinger2(rounded, expert) == pytest.approx(2 * mdp.tv(rounded, expert), abs=1e-12)


# ---- worked examples by hand -----------------------------------------------------------------------------------------
COIN = FiniteMDP(np.ones(1), np.ones((1, 2, 1)), np.array([[1.0, 0.0]]), 2)  # one state, reward for u = 0, H = 2


def test_two_coin_flips_by_hand() -> None:
    """pi = (3/4, 1/4) against the fair coin: affinity per step (sqrt 3 + 1)/(2 sqrt 2), TV = 7/16 - 2/16 = 5/16."""
    pi, fair = np.array([[0.75, 0.25]]), np.array([[0.5, 0.5]])
    assert COIN.value(pi) == 1.5
    np.testing.assert_allclose(COIN.path_law(pi), np.array([9, 3, 3, 1]) / 16)
    step = (math.sqrt(3) + 1) / (2 * math.sqrt(2))
    assert COIN.affinity(pi, fair) == pytest.approx(step**2, abs=1e-15)
    assert COIN.tv(pi, fair) == pytest.approx(5 / 16)
    assert COIN.kl(pi, fair) == pytest.approx(2 * (math.log(2) - (0.75 * math.log(4 / 3) + 0.25 * math.log(4))))


def test_context_held_for_the_episode_by_hand() -> None:
    """Two contexts held for H steps, a policy that errs always in context 1 of probability q: TV = q for every H."""
    q, hold = 0.2, np.repeat(np.eye(2)[:, None], 2, axis=1)
    for H in (1, 4, 9):
        mdp = FiniteMDP(np.array([1 - q, q]), hold, np.array([[1.0, 0.0], [1.0, 0.0]]), H)
        expert, learner = np.array([[1.0, 0], [1, 0]]), np.array([[1.0, 0], [0, 1]])
        assert mdp.tv(learner, expert) == pytest.approx(q)
        assert mdp.hellinger2(learner, expert) == pytest.approx(2 * q)
        assert mdp.value(expert) - mdp.value(learner) == pytest.approx(q * H)


def test_table_indexed_by_the_first_state_is_a_policy_with_memory() -> None:
    """x_1 is a fair coin, x_2 = 0; repeating x_1 as u_2 needs memory and is worth 1, no memoryless table beats 1/2."""
    reset = np.zeros((2, 2, 2))
    reset[:, :, 0] = 1.0
    mdp = FiniteMDP(np.full(2, 0.5), reset, np.zeros((2, 2)), 2)
    memory = np.eye(2)[np.broadcast_to(np.arange(2)[:, None, None], (2, 2, 2))]
    np.testing.assert_allclose(mdp.context_occupancy(memory)[:, 1, 0], np.eye(2) / 2)
    assert mdp.tv(memory, np.full((2, 2), 0.5)) == pytest.approx(0.75)  # 8 paths of 1/8 against 2 of 1/2


# ---- sampling --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", range(3))
def test_samples_follow_the_exact_path_law(kind: int) -> None:
    """Chi-square of 40,000 episodes over the path law; limit = 1 - 1e-9 quantile by the Laurent-Massart bound."""
    rng = np.random.default_rng(7)
    mdp, policy = random_mdp(rng, 2, 2, 3), random_laws(rng, shapes(2, 2, 3)[kind], 0.2)
    n, paths, law = 40_000, mdp.paths(), mdp.path_law(policy)
    data = mdp.sample(policy, n, rng)
    words = np.stack([data.states, data.actions], axis=-1).reshape(n, -1) @ 2 ** np.arange(5, -1, -1)
    index = np.stack([paths.states, paths.actions], axis=-1).reshape(len(law), -1) @ 2 ** np.arange(5, -1, -1)
    observed = np.array([(words == i).sum() for i in index])
    assert observed.sum() == n
    assert (observed[law == 0] == 0).all()
    chi2, dof, t = ((observed - n * law)[law > 0] ** 2 / (n * law[law > 0])).sum(), (law > 0).sum() - 1, math.log(1e9)
    assert chi2 <= dof + 2 * math.sqrt(dof * t) + 2 * t
    np.testing.assert_array_equal(data.rewards, mdp.reward[np.arange(3), data.states, data.actions])


def test_draw_takes_weights_of_any_scale_and_shape_and_never_one_of_zero() -> None:
    w = np.tile([0.0, 0.4, 0.0, 1.6, 0.0], (20, 1000, 1))
    picks = draw(w, np.random.default_rng(0))
    assert picks.shape == (20, 1000)
    np.testing.assert_allclose(np.bincount(picks.ravel(), minlength=5) / 20_000, [0, 0.2, 0, 0.8, 0], atol=0.02)
    assert set(np.unique(picks)) == {1, 3}


def test_weight_zero_is_not_drawn_even_if_zero_is() -> None:
    assert draw(np.array([[0.0, 1.0], [0.5, 0.5]]), Zeros()).tolist() == [1, 0]  # type: ignore[arg-type]


def test_an_episode_takes_two_numbers_a_step() -> None:
    one, two = np.random.default_rng(6), np.random.default_rng(6)
    COIN.sample(np.array([[0.3, 0.7]]), 5, one)
    two.random(5 * 2 * COIN.horizon)
    assert one.random() == two.random()


def test_same_seed_same_arrays_and_a_generator_is_required() -> None:
    policy = np.array([[0.3, 0.7]])
    one, two = (COIN.sample(policy, 50, np.random.default_rng(1)) for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert COIN.sample(policy, 0, np.random.default_rng(1)).states.shape == (0, 2)
    with pytest.raises(TypeError):
        COIN.sample(policy, 3)  # type: ignore[call-arg]


# ---- broken subject: the law tests can fail --------------------------------------------------------------------------
class SquareRootPlant(FiniteMDP):
    """A tempting mistake: taking the square root of the plant too, as if it were not common to both laws."""

    def affinity(self, policy: Floats, other: Floats) -> float:
        root, ahead = np.sqrt(self.table(policy) * self.table(other))[0], np.ones(self.n_states)
        for h in reversed(range(self.horizon)):
            ahead = (root[h] * (np.sqrt(self.transition) @ ahead)).sum(axis=-1)
        return float(self.initial @ ahead)


def test_a_wrong_recursion_is_seen() -> None:
    rng = np.random.default_rng(3)
    mdp, p, q = random_mdp(rng, 3, 2, 3), random_laws(rng, (3, 2), 0.3), random_laws(rng, (3, 2), 0.3)
    broken = SquareRootPlant(mdp.initial, mdp.transition, mdp.reward, mdp.horizon)
    oracle = np.sqrt(np.array(list(brute_force(mdp, p).values())) * list(brute_force(mdp, q).values())).sum()
    assert mdp.affinity(p, q) == pytest.approx(oracle, abs=1e-12)
    assert broken.affinity(p, q) != pytest.approx(oracle, abs=1e-3)
