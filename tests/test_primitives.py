"""Primitive controllers: derivatives, gains and responses against closed forms, and a policy that keeps its clock."""

import numpy as np
import pytest
from scipy import linalg

from qbc import systems
from qbc.primitives import Primitives, linearised, responses, tracking_gains

A0, B0 = np.array([[1.1, 0.3], [0.0, 0.9]]), np.array([[0.0], [1.0]])
PLANT = systems.linear(A0, B0)


def along(T, n=2):
    return linearised(PLANT, np.ones((n, T + 1, 2)), np.ones((n, T, 1)))


def test_linearised_gives_the_matrices_of_a_linear_plant_and_the_slopes_of_another(rng):
    A, B = along(3)
    assert A.shape == (2, 3, 2, 2)
    assert B.shape == (2, 3, 2, 1)
    assert np.allclose(A, A0, atol=1e-8)
    assert np.allclose(B, B0, atol=1e-8)
    bent = systems.System(lambda x, u: np.sin(x) + u**2, 1, 1, 1.0, 1.0)
    x, u = rng.normal(size=(4, 6, 1)), rng.normal(size=(4, 5, 1))
    A, B = linearised(bent, x, u)
    assert np.allclose(A[..., 0], np.cos(x[:, :5]), atol=1e-8)
    assert np.allclose(B[..., 0], 2 * u, atol=1e-8)


def test_tracking_gains_become_the_regulator_of_a_plant_that_does_not_change():
    S = linalg.solve_discrete_are(A0, B0, np.eye(2), np.eye(1))
    K = -np.linalg.solve(np.eye(1) + B0.T @ S @ B0, B0.T @ S @ A0)
    assert np.allclose(tracking_gains(*along(100))[:, 0], K, atol=1e-6)
    assert np.allclose(tracking_gains(*along(40), laps=3)[:, -1], K, atol=1e-6)
    assert not np.allclose(tracking_gains(*along(40), laps=1)[:, -1], K, atol=1e-2)


def test_responses_are_those_of_the_rolled_out_loop():
    A, B = along(4)
    gains = np.broadcast_to([[-0.5, -0.4]], (2, 4, 1, 2))
    loop = A0 + B0 @ gains[0, 0]
    g = responses(A, B, gains, seen=np.array([[1.0, 0.0]]))
    assert g.shape == (2, 5, 4)
    assert g[0, 4, 0] == pytest.approx(abs((np.linalg.matrix_power(loop, 3) @ B0)[0, 0]), rel=1e-6)
    assert g[1, 2, 1] == pytest.approx(0, abs=1e-8)  # the first coordinate is not reached at once
    assert responses(A, B, gains)[0, 2, 1] == pytest.approx(1, rel=1e-6)
    assert (np.triu(g[0]) == 0).all()


def test_primitives_play_their_steps_in_order_and_then_refuse(rng):
    x, u, gains = np.zeros((1, 2, 1)), np.array([[[1.0], [2.0]]]), np.array([[[[-1.0]], [[-2.0]]]])
    policy = Primitives(x, u, gains)
    state = np.array([[0.5]])
    assert policy.at(np.full((1, 2, 1), 0.5)).tolist() == [[[0.5], [1.0]]]
    assert policy(state, rng).tolist() == [[0.5]]
    assert policy(state, rng).tolist() == [[1.0]]
    with pytest.raises(ValueError, match="1 rows for 2 steps, got 1 rows at step 2"):
        policy(state, rng)
    with pytest.raises(ValueError, match="got 3 rows"):
        Primitives(x, u, gains)(np.zeros((3, 1)), rng)
    with pytest.raises(ValueError, match="do not match"):
        Primitives(x, u, gains[..., 0])
