"""Declared contraction constants are kept and reached; rollouts obey the plant; same seed, same numbers."""

from collections.abc import Hashable
from dataclasses import FrozenInstanceError, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import policies, systems

EXAMPLES = pytest.mark.parametrize("name", systems.EXAMPLES)


def ratios(system, rng, n=4000, size=1.0):
    """|f(x,u) - f(x',u')| / (alpha |dx| + beta |du|) for pairs at distances from tiny to large."""
    x, u = rng.normal(size=(n, system.dx)) * 2, rng.normal(size=(n, system.du)) * 2
    scale = size * 10.0 ** rng.uniform(-4, 1, size=(n, 1))
    dx, du = scale * rng.normal(size=x.shape), scale * rng.normal(size=u.shape)
    out = np.linalg.norm(system.f(x + dx, u + du) - system.f(x, u), axis=1)
    return out / (system.alpha * np.linalg.norm(dx, axis=1) + system.beta * np.linalg.norm(du, axis=1))


@EXAMPLES
def test_declared_constants_dominate(name, rng):
    assert ratios(systems.EXAMPLES[name], rng).max() <= 1 + 1e-6


@EXAMPLES
def test_declared_constants_are_reached_somewhere(name, rng):
    assert ratios(systems.EXAMPLES[name], rng, n=200_000).max() > 0.5


@pytest.mark.xfail(strict=True, reason="the broken subject: a plant that declares half its gain")
def test_a_false_declaration_is_caught(rng):
    honest = systems.EXAMPLES["scalar"]
    assert ratios(systems.System(honest.f, 1, 1, honest.alpha / 2, honest.beta / 2), rng).max() <= 1 + 1e-6


def test_rollout_is_the_recursion_worked_by_hand(rng):
    r = systems.rollout(systems.linear(0.5, 2.0), policies.Linear(np.array([[1.0]]), np.array([1.0])), np.array([[1.0]]), 2, rng)
    assert r.u[0, :, 0].tolist() == [2.0, 5.5]  # u = x + 1
    assert r.x[0, :, 0].tolist() == [1.0, 4.5, 13.25]  # x' = x/2 + 2u


@EXAMPLES
def test_every_stored_step_obeys_the_plant(name, rng):
    s = systems.EXAMPLES[name]
    policy = policies.Linear(0.1 * np.ones((s.du, s.dx)), np.zeros(s.du))
    r = systems.rollout(s, policy, rng.normal(size=(7, s.dx)), 5, rng)
    for t in range(5):
        np.testing.assert_allclose(r.x[:, t + 1], s.f(r.x[:, t], r.u[:, t]))


NOISY = {"noisy": systems.linear([[0.9, 0.1], [0.0, 0.8]], np.eye(2), sigma=0.3)}
PLANTS = pytest.mark.parametrize("plant", [*systems.EXAMPLES.values(), *NOISY.values()], ids=[*systems.EXAMPLES, *NOISY])
single = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def shaky(plant):
    """A policy that draws too, so that the order of the draws counts."""
    return lambda x, rng: 0.1 * x[:, :1] + rng.normal(size=(len(x), plant.du))


@PLANTS
@single
@pytest.mark.parametrize("n", [0, 1, 7])
def test_a_rollout_is_its_steps_to_the_last_bit(plant, dtype, n, rng):
    x1 = rng.normal(size=(n, plant.dx)).astype(dtype)
    run = systems.rollout(plant, shaky(plant), x1, 5, np.random.default_rng(1))
    moves = list(systems.steps(plant, shaky(plant), x1, 5, np.random.default_rng(1)))
    x, u, x_next = (np.stack(part, axis=1) for part in zip(*moves, strict=True))
    np.testing.assert_array_equal(run.x[:, 0], x1)
    np.testing.assert_array_equal(run.x[:, :-1], x)
    np.testing.assert_array_equal(run.x[:, 1:], x_next)
    np.testing.assert_array_equal(run.u, u.astype(dtype))
    assert run.x.dtype == run.u.dtype == x.dtype == dtype


@PLANTS
def test_a_rollout_is_the_plain_recursion_to_the_last_bit(plant, rng):
    x1, here, there = rng.normal(size=(7, plant.dx)), np.random.default_rng(1), np.random.default_rng(1)
    run, x = systems.rollout(plant, shaky(plant), x1, 5, here), x1
    for t in range(5):
        u = shaky(plant)(x, there)
        x = plant.f(x, u) + (plant.sigma * there.normal(size=x.shape) if plant.sigma else 0)
        np.testing.assert_array_equal(run.u[:, t], u)
        np.testing.assert_array_equal(run.x[:, t + 1], x)
    assert here.random() == there.random()


@PLANTS
def test_single_precision_follows_double_without_noise_and_has_the_noise_of_its_own(plant, rng):
    x1, policy = rng.normal(size=(5, plant.dx)), policies.Linear(0.1 * np.ones((plant.du, plant.dx)), np.zeros(plant.du))
    bare = replace(plant, sigma=0.0)
    double, low = (systems.rollout(bare, policy, x, 4, rng).x for x in (x1, x1.astype(np.float32)))
    np.testing.assert_allclose(low, double, atol=1e-5)
    noise = systems.rollout(replace(bare, sigma=1.0), policy, x1.astype(np.float32), 1, np.random.default_rng(1)).x[:, 1] - low[:, 1]
    np.testing.assert_allclose(noise, np.random.default_rng(1).standard_normal(x1.shape, dtype=np.float32), atol=1e-5)


def test_whole_numbers_start_a_rollout_in_double_precision(rng):
    run = systems.rollout(systems.linear(0.5, 1.0), lambda x, rng: x > 0, np.array([[3]]), 2, rng)
    assert (run.x.dtype, run.u.dtype) == (np.float64, np.float64)
    assert run.x[0, :, 0].tolist() == [3.0, 2.5, 2.25]


def test_noise_does_not_write_into_what_the_plant_returns(rng):
    plant = systems.System(lambda x, u: x, 1, 1, 1.0, 0.0, sigma=1.0)
    moves = list(systems.steps(plant, lambda x, rng: x, np.zeros((3, 1)), 4, rng))
    for (_, _, x_next), (x, _, _) in pairwise(moves):
        np.testing.assert_array_equal(x, x_next)
    assert len({x.tobytes() for x, _, _ in moves}) == 4


def test_noise_has_the_declared_size(rng):
    s = systems.linear(0.0, 0.0, sigma=0.3)
    r = systems.rollout(s, policies.Linear(np.zeros((1, 1)), np.zeros(1)), np.zeros((200_000, 1)), 1, rng)
    assert r.x[:, 1].std() == pytest.approx(0.3, rel=0.02)


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_same_seed_same_numbers(seed, n):
    def once():
        rng = np.random.default_rng(seed)
        return systems.rollout(systems.linear(0.9, 1, sigma=1.0), policies.Bernoulli(0.15, 0.1), np.zeros((n, 1)), 5, rng).x

    np.testing.assert_array_equal(once(), once())


def test_matvec_agrees_with_the_matrix_product(rng):
    for d in (1, 3):
        m, x = rng.normal(size=(d, d)), rng.normal(size=(5, d))
        np.testing.assert_allclose(systems.matvec(m, x), np.einsum("ij,nj->ni", m, x))


def run(policy=lambda x, rng: x, f=lambda x, u: x + u, x1=((0.0,), (1.0,)), horizon=3, rng=0):
    """Rows that double: 0, 0, 0 and 1, 2, 4."""
    given = np.random.default_rng(rng) if rng is not None else None
    return systems.rollout(systems.System(f, 1, 1, 1.0, 1.0), policy, np.array(x1), horizon, given)


def test_a_sum_too_large_is_no_state_too_large():
    assert run(policy=lambda x, rng: 0 * x, x1=[[1.5e308], [1.5e308]]).x.max() == 1.5e308


def test_rollouts_are_equal_if_their_entries_are():
    assert run() == run()
    assert run() != run(x1=[[0.0], [1.5]])
    assert run() != 3
    x, u = np.zeros((1, 2, 1)), np.zeros((1, 1, 1))
    assert systems.Rollouts(x, u) != systems.Rollouts(x, u + 1)
    assert not isinstance(run(), Hashable)  # arrays may change


def test_neither_a_plant_nor_a_rollout_changes_afterwards():
    for one in (systems.EXAMPLES["scalar"], run()):
        with pytest.raises(FrozenInstanceError):
            one.x = 1


def test_the_constants_of_a_linear_plant_are_spectral_norms():
    plant = systems.linear([[0.0, 3.0], [4.0, 0.0]], [[3.0, 4.0], [0.0, 0.0]])
    assert (plant.dx, plant.du, plant.alpha, plant.beta) == (2, 2, pytest.approx(4), pytest.approx(5))


def test_sizes_and_constants_of_a_random_plant_are_named(rng):
    with pytest.raises(TypeError):
        systems.contractive(rng, 1, 1, 0.5, 1.0)


def test_a_chunk_is_its_actions_one_after_the_other(rng):
    plant = systems.EXAMPLES["contractive 3-D"]
    x, u = rng.normal(size=(6, 3)), rng.normal(size=(6, 4 * plant.du))
    one_by_one = x
    for j in range(4):
        one_by_one = plant.f(one_by_one, u[:, j * plant.du : (j + 1) * plant.du])
    np.testing.assert_array_equal(systems.chunked(plant, 4).f(x, u), one_by_one)
    np.testing.assert_array_equal(systems.chunked(plant, 1).f(x, u[:, : plant.du]), plant.f(x, u[:, : plant.du]))


def test_a_chunk_worked_by_hand(rng):
    chunk = systems.chunked(systems.linear(0.5, 2.0), 2)
    assert chunk.f(np.array([[4.0]]), np.array([[1.0, -1.0]])).tolist() == [[0.0]]  # 4/2 + 2 = 4, then 4/2 - 2 = 0
    assert (chunk.du, chunk.alpha, chunk.beta) == (2, 0.25, pytest.approx(2 * 1.25**0.5))


@pytest.mark.parametrize(("length", "sigma", "said"), [(0, 0.0, "^length"), (2.5, 0.0, "^length"), (2, 0.1, "a plant without noise")])
def test_chunked_refuses_an_empty_chunk_and_a_noisy_plant(length, sigma, said):
    with pytest.raises(ValueError, match=said):
        systems.chunked(systems.linear(0.5, 1.0, sigma), length)
