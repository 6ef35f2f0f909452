"""The head of noisy copies: a law of probability, brute force beside it, worlds in which the answer is known."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

from qbc import tokenizers as tk
from qbc.tokenizers.copies import Copies, nearest, squared
from qbc.tokenizers.modelability import Pairs
from qbc.tokenizers.transitions import Transitions


def head(rng, lag=0, pooled=False, N=12, T=3, V=3, K=4):
    rows = rng.integers(V, size=(N, T))
    return Copies(rows, Transitions.of(rows, np.full(T, V), lag, pooled), K, rng.uniform(0.1, 0.9, T), 0.0)


LAGS = pytest.mark.parametrize(("lag", "pooled"), [(0, False), (1, False), (1, True), (2, True)])


def chance(c, t, s):
    """p_t of the token s[t], as the rule of Witten and Bell has it."""
    column = [row[t] for row in c.rows if row[t] >= 0]
    kinds = len(set(column))
    p = (column.count(s[t]) + kinds / 3) / (len(column) + kinds)
    if not c.fresh.lag or t < c.fresh.lag:
        return p
    lag, T = c.fresh.lag, len(s)
    same = [q for q in range(lag, T) if q == t or (len(c.fresh.pairs) == lag and (q - t) % lag == 0)]
    behind = [row[q] for row in c.rows for q in same if row[q] >= 0 and row[q - lag] == s[t - lag]]
    kinds = max(len(set(behind)), 1)
    return (behind.count(s[t]) + kinds * p) / (len(behind) + kinds)


def plain(c, s, near):
    """log p of one sequence, as the equation has it."""
    terms = []
    for i in near:
        factors = [
            c.redrawn[t] * chance(c, t, s) + (1 - c.redrawn[t]) * (c.rows[i, t] == s[t]) if c.rows[i, t] >= 0 else chance(c, t, s)
            for t in range(len(s))
            if s[t] >= 0
        ]
        terms.append(np.log(factors).sum())
    return logsumexp(terms) - np.log(len(near))


@LAGS
def test_the_probabilities_of_all_sequences_sum_to_one(rng, lag, pooled):
    c = head(rng, lag, pooled)
    every = np.array(list(itertools.product(range(3), repeat=3)))
    near = np.tile([0, 3, 5, 8], (27, 1))
    assert (2 ** -c.bits(every, near)).sum() == pytest.approx(1)
    assert (2 ** -c.bits(every, None)).sum() == pytest.approx(1)


@LAGS
def test_bits_are_those_of_the_equation_ends_included(rng, lag, pooled):
    c = head(rng, lag, pooled)
    c.rows[3, 2] = c.rows[5, 1] = c.rows[5, 2] = -1  # these end early
    c = replace(c, fresh=Transitions.of(c.rows, np.full(3, 3), lag, pooled))
    s = rng.integers(3, size=(5, 3))
    s[0, 2] = -1
    near = np.array([[0, 3, 5, 8]] * 5)
    np.testing.assert_allclose(c.bits(s, near), [-plain(c, row, n) / np.log(2) for row, n in zip(s, near, strict=True)])


@LAGS
def test_the_likeliest_next_token_is_that_of_bayes(rng, lag, pooled):
    for _ in range(20):
        c = head(rng, lag, pooled)
        near = rng.permutation(12)[:4]
        s = np.full(3, -1)
        for t in range(3):
            s[t] = max(range(3), key=lambda v: plain(c, np.r_[s[:t], v, np.full(2 - t, -1)], near))
        got = c.likeliest(near[None])[0]
        assert plain(c, got, near) == pytest.approx(plain(c, s, near))


@LAGS
def test_samples_are_as_frequent_as_they_are_likely(rng, lag, pooled):
    c = head(rng, lag, pooled, T=2)
    near = np.tile([0, 3, 5, 8], (20000, 1))
    drawn = c.sample(near, rng) @ [3, 1]
    every = np.array(list(itertools.product(range(3), repeat=2)))
    p = 2 ** -c.bits(every, near[:9])
    assert np.abs(np.bincount(drawn, minlength=9) / 20000 - p).max() < 5 * np.sqrt(0.25 / 20000)


def test_fitting_finds_how_often_tokens_are_copied():
    """One demonstration for each sequence, copied but for a fifth and two thirds of the tokens."""
    rng = np.random.default_rng(0)
    rows = rng.integers(50, size=(2000, 2))
    seen = np.where(rng.random((2000, 2)) < [0.2, 2 / 3], rng.integers(50, size=(2000, 2)), rows)
    c = Copies.fit(rows, Transitions.of(rows, np.full(2, 50)), seen, np.arange(2000)[:, None])
    assert c.redrawn == pytest.approx([0.2, 2 / 3], abs=0.05)
    assert c.loss == pytest.approx(c.bits(seen, np.arange(2000)[:, None]).mean())


def test_codes_never_seen_get_a_share():
    table = Transitions.of(np.array([[0], [0], [1], [-1]]), np.array([4])).place
    np.testing.assert_allclose(table, [[(2 + 0.5) / 5, (1 + 0.5) / 5, 0.5 / 5, 0.5 / 5]])


def test_nearest_in_deviations_the_first_of_equal_ones():
    b = np.array([[0.0, 0], [2, 0], [0, 200], [2, 200]])
    assert nearest(squared(np.array([[0.9, 0], [1, 90]]), b), 2).tolist() == [[0, 1], [0, 1]]


def pairs(seed, n, world):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1))
    ways = {"one": np.sign(x), "two": rng.choice([-1.0, 1.0], (n, 1)), "none": rng.normal(size=(n, 1))}[world]
    u = ways[:, None, :] * np.linspace(0.5, 1, 4)[:, None] + 0.001 * rng.normal(size=(n, 4, 1))
    return Pairs(x, u, np.arange(n) // 10)


def judged(world, kind="RVQ", **options):
    train, held_out = pairs(1, 600, world), pairs(2, 200, world)
    q = tk.fit(kind, train.chunks, np.random.default_rng(0), **options)
    return tk.modelability(q, train, held_out, np.random.default_rng(0))


def test_a_chunk_that_the_context_decides_costs_no_bits():
    m = judged("one", n=(2,))
    assert m.bits < 0.15
    assert m.bits_alone == pytest.approx(1, abs=0.05)
    assert m.likeliest < 0.3
    assert m.sampled < 0.3


def test_two_ways_cost_one_bit_and_tokens_take_one_of_them():
    """A way is off by 2 deviations half of the time, and the mean of K ways by √(1 + 1/K): the head takes a way, never one between."""
    m = judged("two", n=(2,))
    assert 1 < m.bits < 1.1  # more than one, because K ways are never half and half
    assert m.regression == pytest.approx(np.sqrt(1 + 1 / m.neighbours), abs=0.1)
    assert m.sampled == pytest.approx(np.sqrt(2), abs=0.15)


def test_a_context_that_says_nothing_saves_nothing():
    m = judged("none", n=(8,))
    assert m.bits == pytest.approx(m.bits_alone, abs=0.15)


@pytest.mark.parametrize("kind", ["FAST", "bins", "ordered DCT"])
def test_the_same_seed_gives_the_same_numbers(kind):
    a, b = judged("two", kind), judged("two", kind)
    assert a == b
    assert min(a.undecodable, a.undecodable_likeliest) >= 0
    assert max(a.undecodable, a.undecodable_likeliest) <= (kind == "FAST")
    assert a.bits > 0


def test_arguments_that_are_none():
    train = pairs(1, 40, "one")
    q = tk.fit("ordered DCT", train.chunks, np.random.default_rng(0))
    wide = Pairs(np.zeros((40, 2)), train.chunks, train.episodes)
    with pytest.raises(ValueError, match="held_out: contexts of 1 columns, not 2"):
        tk.modelability(q, train, wide, np.random.default_rng(0))
    single = Pairs(train.contexts, train.chunks, np.zeros(40, dtype=int))
    with pytest.raises(ValueError, match="train: pairs of two episodes or more"):
        tk.modelability(q, single, train, np.random.default_rng(0))
    with pytest.raises(ValueError, match="rng: tokens are sampled with a numpy Generator"):
        tk.modelability(q, train, train, 0)
    with pytest.raises(ValueError, match=r"contexts: \(40, dx\), not \(39, 1\)"):
        Pairs(train.contexts[1:], train.chunks, train.episodes)
    with pytest.raises(ValueError, match=r"episodes: integers \(40,\), not float64"):
        Pairs(train.contexts, train.chunks, train.episodes / 2)
