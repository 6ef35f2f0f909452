"""Steepest quotients: exact for linear maps, never above the Lipschitz constant, and halving finds a jump."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import learn


@given(st.integers(0, 2**32), st.integers(0, 8))
def test_never_above_the_constant_never_below_the_chord_and_grows_with_halvings(seed, halvings):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(3, 2))
    top = np.linalg.norm(W, ord=2)

    def carry(z):
        return np.sin(z @ W.T)

    a, b = rng.normal(size=(2, 2, 5, 2))
    chord = np.linalg.norm(carry(b) - carry(a), axis=2) / np.linalg.norm(b - a, axis=2)
    found = learn.steepest(carry, a, b, halvings)
    assert (found >= chord.max(axis=1)).all()
    assert (found <= top * (1 + 1e-9)).all()
    assert (learn.steepest(carry, a, b, halvings + 1) >= found).all()


def test_worked_by_hand():
    a, b = np.array([[[-1.0]], [[0.0]]]), np.array([[[1.0]], [[3.0]]])
    assert learn.steepest(lambda z: 3 * z, a, b) == pytest.approx([3, 3])
    jump = learn.steepest(lambda z: np.sign(z - 0.3), a, b, 10)  # a jump by 2 within 2 / 2^10, and within 3 / 2^10
    assert jump == pytest.approx([2**10, 2 / 3 * 2**10])
    assert learn.steepest(lambda z: z[..., None] * np.array([3.0, 4.0]), a, b, 0) == pytest.approx([5, 5])  # chunks: the norm of all


def test_refusals():
    for a, b in ((np.zeros((1, 2)), np.ones((1, 2))), (np.zeros((1, 2, 1)), np.ones((1, 3, 1))), (np.zeros((1, 2, 1)),) * 2):
        with pytest.raises(ValueError, match="steepest needs ends"):
            learn.steepest(lambda z: z, a, b)
