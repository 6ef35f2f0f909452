"""Tokens differ as seldom as their laws allow, each of its own law, and two copies of a plant are two copies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qbc import couplings, systems
from qbc.learn import TokenHead


def test_worked_by_hand(rng):
    p, q = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    k, l = couplings.maximal(p, q, rng)  # noqa: E741
    assert k.tolist() == [0, 1]
    assert l.tolist() == [0, 0]


@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_equal_laws_give_equal_tokens(n_tokens, seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(n_tokens), size=50)
    k, l = couplings.maximal(p, p, rng)  # noqa: E741
    assert (k == l).mean() > 0.95  # but for rounding


def test_marginals_and_the_share_that_differs(rng):
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    n = 100_000
    k, l = couplings.maximal(np.tile(p, (n, 1)), np.tile(q, (n, 1)), rng)  # noqa: E741
    for codes, law in ((k, p), (l, q)):
        assert stats.chisquare(np.bincount(codes, minlength=3), n * law).pvalue > 1e-6
    assert stats.binomtest(int((k != l).sum()), n, 0.3).pvalue > 1e-6


def test_two_copies_go_each_its_own_way(rng):
    plant = systems.contractive(rng, dx=3, du=2, alpha=0.7, beta=1.0)
    pair = couplings.side_by_side(plant)
    x, y, u, v = (rng.normal(size=(5, d)) for d in (3, 3, 2, 2))
    np.testing.assert_allclose(pair.f(np.hstack([x, y]), np.hstack([u, v])), np.hstack([plant.f(x, u), plant.f(y, v)]))
    assert (pair.dx, pair.du, pair.alpha, pair.beta) == (6, 4, 0.7, 1.0)
    z, w = rng.normal(size=(2, 200, 10))
    gap = np.linalg.norm(pair.f(z[:, :6], z[:, 6:]) - pair.f(w[:, :6], w[:, 6:]), axis=1)
    apart = 0.7 * np.linalg.norm(z[:, :6] - w[:, :6], axis=1) + np.linalg.norm(z[:, 6:] - w[:, 6:], axis=1)
    assert (gap <= apart + 1e-12).all()


def test_a_noisy_plant_is_refused():
    with pytest.raises(ValueError, match=r"side_by_side needs a plant without noise, got sigma=0\.1"):
        couplings.side_by_side(systems.linear(0.9, 1.0, 0.1))


def test_heads_of_one_law_stay_together_and_play_their_own_values(rng):
    a = TokenHead(np.array([[0.0], [1.0]]), np.zeros(2), np.array([[-1.0], [1.0]]))
    b = TokenHead(a.weights, a.bias, a.values + 0.01)
    x = rng.normal(size=(1000, 1))
    u = couplings.coupled(a, b)(np.hstack([x, x]), rng)
    np.testing.assert_allclose(u[:, 1] - u[:, 0], 0.01)
    far = couplings.coupled(a, b)(np.hstack([x, x + 100]), rng)
    assert (far[:, 1] == 1.01).all()
    assert (far[:, 0] == -1).any()
