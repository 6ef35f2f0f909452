"""What plants and rollouts refuse, by name."""

import numpy as np
import pytest

from qbc import policies, systems


def run(policy=lambda x, rng: x, f=lambda x, u: x + u, x1=((0.0,), (1.0,)), horizon=3, rng=0):
    """Rows that double: 0, 0, 0 and 1, 2, 4."""
    given = np.random.default_rng(rng) if rng is not None else None
    return systems.rollout(systems.System(f, 1, 1, 1.0, 1.0), policy, np.array(x1), horizon, given)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda r: systems.rollout(systems.linear(1, 1), policies.Bernoulli(0, 0), np.zeros((2, 3)), 1, r),
            r"x1 must have shape \(N, 1\)",
        ),
        (
            lambda r: systems.rollout(systems.linear(1, 1), policies.Bernoulli(0, 0), np.zeros((2, 1)), 0, r),
            "horizon must be a whole number >= 1, got 0",
        ),
        (lambda r: systems.rollout(systems.linear(1, 1), lambda x, rng: x[:, 0], np.zeros((2, 1)), 1, r), "policy must return"),
        (
            lambda r: systems.rollout(systems.linear(1, 1), policies.Bernoulli(0, 0), np.array([[0.0], [np.nan]]), 1, r),
            "^x1: row 1, column 0 is nan",
        ),
        (
            lambda r: systems.rollout(systems.System(lambda x, u: x[:1], 1, 1, 1, 1), lambda x, rng: x, np.zeros((2, 1)), 1, r),
            r"plant's f must return states of shape \(2, 1\), got \(1, 1\)",
        ),
        (lambda r: systems.linear(np.ones((2, 3)), 1), "linear needs"),
        (lambda r: systems.linear(np.ones((2, 3)), np.ones((2, 1))), "linear needs"),
        (lambda r: systems.linear(np.eye(2), np.ones((1, 2))), "linear needs"),
        (lambda r: systems.System(lambda x, u: x, 0, 1, 1.0, 1.0), "^dx must be a whole number >= 1, got 0"),
        (lambda r: systems.System(lambda x, u: x, 1, 1, -1.0, 1.0), "^alpha must be a finite number >= 0, got -1.0"),
        (lambda r: systems.Rollouts(np.zeros((1, 2, 1)), np.zeros((1, 2, 1))), "Rollouts need"),
        (lambda r: systems.System(lambda x, u: x, 1, 1, np.nan, 1.0), "^alpha must be a finite number >= 0, got nan"),
        (lambda r: systems.System(lambda x, u: x, 1, 1, 1.0, np.inf), "^beta must be a finite"),
        (lambda r: systems.Rollouts(np.zeros((1, 3)), np.zeros((1, 2, 1))), "Rollouts need"),
        (lambda r: systems.System(lambda x, u: x, 1, 1, "a", 1.0), "^alpha must be a finite number >= 0, got 'a'"),
        (lambda r: systems.linear(1, 1, sigma=[0.1, 0.2]), "^sigma must be a finite number"),
        (lambda r: systems.linear([[1, 2], [3]], 1), "^a: an array of numbers"),
        (lambda r: systems.linear("x", 1), "^a: an array of numbers"),
        (lambda r: systems.linear(1, np.ones((1, 1, 1))), "linear needs"),
        (lambda r: systems.chunked(systems.linear(10, 1), 400), "^alpha must be a finite number >= 0, got inf"),
        (lambda r: systems.contractive(None, dx=1, du=1, alpha=0.5, beta=1), "^rng must be a numpy Generator, got None"),
        (lambda r: systems.contractive(r, dx=2.5, du=1, alpha=0.5, beta=1), "^dx must be a whole number"),
        (
            lambda r: systems.rollout(systems.linear(1, 1), lambda x, r: x, [[0.0]], True, r),
            "^horizon must be a whole number >= 1, got True",
        ),
        (lambda r: systems.rollout(systems.linear(1, 1), lambda x, r: x * 1j, [[0.0]], 1, r), r"real numbers, got complex128 of shape"),
        (
            lambda r: systems.rollout(systems.linear(1, 1), lambda x, r: ["a"], [[0.0]], 1, r),
            r"policy must return actions of shape \(1, 1\)",
        ),
        (lambda r: systems.System(lambda x, u: x, 2.5, 1, 1.0, 1.0), "^dx must be a whole number >= 1, got 2.5"),
        (lambda r: systems.linear(np.nan, 1), "^a: row 0, column 0 is nan"),
        (lambda r: systems.linear(1, [[np.inf]]), "^b: row 0, column 0 is inf"),
        (lambda r: run(horizon=2.5), "^horizon must be a whole number >= 1, got 2.5"),
        (lambda r: run(rng=None), "^rng must be a numpy Generator, got None"),
        (lambda r: run(x1=[[0.0], [np.inf]]), "^x1: row 1, column 0 is inf"),
        (lambda r: run(lambda x, rng: np.where(x == 2, np.nan, x)), "^actions: step 1, row 1, column 0 is nan, not a finite number"),
        (lambda r: run(f=lambda x, u: np.where(x == 2, np.inf, x + u)), "^states: step 2, row 1, column 0 is inf, not a finite number"),
    ],
)
def test_bad_input_is_named(call, said, rng):
    with pytest.raises(ValueError, match=said):
        call(rng)
