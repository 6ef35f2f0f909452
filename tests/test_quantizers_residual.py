"""Codes of whole actions: what holds of them in any dimension, what does not, worked by hand, and errors that name the argument."""

import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import pairwise_distances_argmin

from qbc import quantizers as qz

seeds = st.integers(0, 2**32 - 1)
dims = st.integers(1, 7)
CROSS = qz.Residual(([[4.0, 0], [0, 0], [-4, 0]], [[1.0, 0], [-1, 0], [3, 0]]))  # twice two points of a line in the plane


def some(seed, d, sizes=(5, 3)):
    rng = np.random.default_rng(seed)
    return qz.Residual(tuple(rng.normal(size=(k, d)) / (t + 1) for t, k in enumerate(sizes))), rng


@given(seed=seeds, d=dims)
def test_one_book_is_the_nearest_codeword_and_every_code_comes_back(seed, d):
    q, rng = some(seed, d, (9,))
    u = rng.normal(size=(50, d))
    assert np.array_equal(q.encode(u)[:, 0], pairwise_distances_argmin(u, q.books[0]))
    assert np.array_equal(q.encode(q.decode(np.arange(9)[:, None])), np.arange(9)[:, None])
    assert np.array_equal(q(q(u)), q(u))


@given(seed=seeds, d=dims)
def test_each_token_is_the_nearest_to_what_is_left_and_an_action_their_sum(seed, d):
    q, rng = some(seed, d)
    u = rng.normal(size=(2, 4, d))
    codes = q.encode(u)
    assert codes.shape == (2, 4, 2)
    first, second = (book[codes[..., t]] for t, book in enumerate(q.books))
    assert np.array_equal(codes[0, :, 1], pairwise_distances_argmin((u - first)[0], q.books[1]))
    np.testing.assert_allclose(q(u), first + second, atol=1e-12)


@given(seed=seeds, d=dims, r=st.floats(0, 2))
def test_two_actions_never_decode_further_apart_than_their_distance_and_their_errors(seed, d, r):
    q, rng = some(seed, d)
    u = rng.normal(size=(20, d))
    other = u + r * rng.normal(size=u.shape)
    jump, apart, *errors = (np.linalg.norm(x, axis=1) for x in (q(u) - q(other), u - other, q(u) - u, q(other) - other))
    assert (jump <= (apart + sum(errors)) * (1 + 1e-12) + 1e-12).all()


def test_by_hand():
    assert CROSS.encode([4.9, 7]).tolist() == [0, 0]
    assert CROSS([4.9, 7]).tolist() == [5, 0]
    assert CROSS.encode([[1.9, 0], [2.1, 0]]).tolist() == [[1, 0], [0, 1]]
    assert (CROSS.d, CROSS.n_codes.tolist(), repr(CROSS)) == (2, [3, 3], "Residual(3 + 3 codes of 2 coordinates)")


def test_a_code_of_two_books_may_be_lost():
    assert CROSS.encode(CROSS.decode([1, 2])).tolist() == [0, 1]  # 3, which is 4 - 1
    assert np.array_equal(CROSS.decode([1, 2]), CROSS.decode([0, 1]))


def test_fit_takes_means_of_the_data_and_then_of_what_is_left(rng):
    u = np.repeat([[0.0, 0], [10, 0]], 2, axis=0) + np.tile([[0, 1], [0, -1]], (2, 1))
    q = qz.fit_residual(u, [2, 2], rng)
    assert sorted(q.books[0].tolist()) == [[0, 0], [10, 0]]
    assert sorted(q.books[1].tolist()) == [[0, -1], [0, 1]]
    assert np.array_equal(q(u), u)


def test_more_books_err_less_and_data_of_fewer_points_are_kept(rng):
    u = rng.normal(size=(400, 7))
    errors = [np.linalg.norm(qz.fit_residual(u, [8] * t, np.random.default_rng(0))(u) - u, axis=1).mean() for t in (1, 2, 4)]
    assert errors[0] > errors[1] > errors[2]
    few = qz.fit_residual(u[:3], [5, 5], rng)
    assert few.n_codes.tolist() == [3, 1]
    np.testing.assert_allclose(few(u[:3]), u[:3], atol=1e-12)
    assert np.array_equal(qz.fit_residual(u[:3], [3], rng).books[0], np.unique(u[:3], axis=0))


def test_each_book_is_fitted_to_what_those_before_it_leave_over_from_starts_that_are_drawn(rng):
    u = rng.normal(size=(60, 2))
    one, same, other = (qz.fit_residual(u, [3, 2, 1], np.random.default_rng(s)) for s in (0, 0, 1))
    assert one == same != other
    np.testing.assert_allclose(one.books[2][0], (u - qz.Residual(one.books[:2])(u)).mean(axis=0), atol=1e-12)


def test_equal_if_all_books_are():
    same = qz.Residual(CROSS.books)
    assert same == CROSS
    assert hash(same) == hash(CROSS)
    assert qz.Residual(CROSS.books[:1]) != CROSS
    assert qz.Residual((CROSS.books[0], CROSS.books[0])) != CROSS
    zero, minus = qz.Residual(([[0.0]],)), qz.Residual(([[-0.0]],))
    assert zero == minus
    assert hash(zero) == hash(minus)
    assert qz.Residual(([[1e150]],)) != zero  # the largest
    assert CROSS != "CROSS"
    with pytest.raises(ValueError, match="read-only"):
        CROSS.books[0][0, 0] = 1
    with pytest.raises(FrozenInstanceError):
        CROSS.books = ()


@pytest.mark.parametrize("name", ["encode", "__call__"])
def test_under_quantizer_actions_stay_as_they_are(under, name):
    u = np.array([[1.9, 0], [2.1, 7]])
    with under("quantizer"):
        assert np.array_equal(CROSS(u) if name == "__call__" else CROSS.decode(CROSS.encode(u)), u)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: qz.Residual(()), "books: one or more, all of vectors of one length"),
        (lambda: qz.Residual(([[1.0]], [[1.0, 2]])), "books: one or more, all of vectors of one length"),
        (lambda: qz.Residual(([1.0, 2],)), "books[0]: (K, d), non-empty, not (2,)"),
        (lambda: qz.Residual(([[1.0], [np.nan]],)), "books[0]: finite, at most 1e+150 in size, as it is not at [1, 0]"),
        (lambda: CROSS.encode([1.0, 2, 3]), "u: (…, 2), not (3,)"),
        (lambda: CROSS.encode([1.0, np.inf]), "u: finite, at most 1e+150 in size, as it is not at [1]"),
        (lambda: CROSS.decode([0]), "codes: (…, 2), not (1,)"),
        (lambda: CROSS.decode([0, 3]), "codes: integers from 0, below [3, 3]"),
        (lambda: CROSS.decode([0, -1]), "codes: integers from 0, below [3, 3]"),
        (lambda: CROSS.decode([0.0, 1.0]), "codes: integers from 0, below [3, 3]"),
        (lambda: qz.fit_residual(np.zeros(3), [2], np.random.default_rng(0)), "u: (N, d), not (3,)"),
        (lambda: qz.fit_residual(np.zeros((3, 1)), [], np.random.default_rng(0)), "n: one count or more"),
        (lambda: qz.fit_residual(np.zeros((3, 1)), [0], np.random.default_rng(0)), "n: a positive integer, not 0"),
        (lambda: qz.fit_residual(np.zeros((3, 1)), [2], None), "rng: k-means draws from a numpy Generator, not None"),
    ],
)
def test_errors_name_the_argument(call, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        call()
