"""Representations: what goes in comes back, as far as it was kept; a worked example each."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from qbc.representations import EXAMPLES, Cumulated, Dct, Pca

EXACT = ("cumulated", "all frequencies", "all directions")


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_was_kept_comes_back(rng, name):
    by, u = EXAMPLES[name], rng.normal(size=(3, 5, 8, 2))
    v = by.into(u)
    np.testing.assert_allclose(by.into(by.back(v)), v, atol=1e-12)
    assert by.back(v).shape == u.shape
    if name in EXACT:
        np.testing.assert_allclose(by.back(v), u, atol=1e-12)
    else:
        assert np.linalg.norm(by.back(v) - u) < np.linalg.norm(u)  # a projection, up to a mean


def test_by_hand():
    u = np.array([[1.0], [2.0], [-1.0]])
    np.testing.assert_array_equal(Cumulated().into(u), [[1], [3], [2]])
    np.testing.assert_array_equal(Cumulated().back(np.array([[1.0], [3.0], [2.0]])), u)
    np.testing.assert_allclose(Dct(2, 1).into(np.array([[3.0], [1.0]])), [[4 / np.sqrt(2)]])
    np.testing.assert_allclose(Dct(2, 1).back(np.array([[4 / np.sqrt(2)]])), [[2], [2]])
    line = np.array([0.0, 1.0, 2.0])[:, None, None] * np.array([[3.0], [4.0]])  # chunks on one line
    by = Pca.of(line, 1)
    np.testing.assert_allclose(np.abs(by.into(line)).ravel(), [5, 0, 5], atol=1e-12)
    np.testing.assert_allclose(by.back(by.into(line)), line, atol=1e-12)
    beside = line + np.array([[20.0], [-15.0]])  # the same line, far from 0
    np.testing.assert_allclose(Pca.of(beside, 1).back(Pca.of(beside, 1).into(beside)), beside, atol=1e-12)


def test_refusals():
    for kept in (0, 4):
        with pytest.raises(ValueError, match="Dct: 1 <= kept <= h"):
            Dct(3, kept)
    with pytest.raises(ValueError, match="chunks of 3 steps"):
        Dct(3, 2).into(np.zeros((4, 1)))
    for kept in (0, 3):
        with pytest.raises(ValueError, match=f"^Pca: 1 <= kept <= 2, got {kept}$"):
            Pca.of(np.zeros((2, 3, 1)), kept)
    with pytest.raises(ValueError, match="Dct: 2 frequencies"):
        Dct(3, 2).back(np.zeros((1, 1)))
    by = Pca.of(np.random.default_rng(0).normal(size=(9, 3, 2)), 2)
    for wrong in (np.zeros((4, 1, 2)), np.zeros((4, 3, 1)), np.zeros((4, 2, 3))):
        with pytest.raises(ValueError, match=r"Pca: chunks \(..., 3, 2\)"):
            by.into(wrong)
    for wrong in (np.zeros((4, 2, 2)), np.zeros((4, 1, 1))):
        with pytest.raises(ValueError, match=r"Pca: \(..., 2, 1\)"):
            by.back(wrong)


@pytest.mark.parametrize("name", EXAMPLES)
def test_none_changes_afterwards(name):
    with pytest.raises(FrozenInstanceError):
        EXAMPLES[name].h = 1


def test_they_are_equal_by_their_sizes_and_a_fitted_one_only_to_itself():
    assert Cumulated() == Cumulated()
    assert Dct(3, 2) == Dct(3, 2) != Dct(3, 1)
    one, other = (Pca.of(np.eye(3)[:, :, None], 1) for _ in range(2))
    assert one == one != other
