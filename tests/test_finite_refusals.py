"""qbc.finite names what it refuses, copies what it is given, and stops where enumeration would be too long."""

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from qbc import finite
from qbc.finite import FiniteMDP

COIN = FiniteMDP(np.ones(1), np.ones((1, 2, 1)), np.array([[1.0, 0.0]]), 2)  # one state, reward for u = 0, H = 2
GOOD: dict[str, Any] = dict(initial=np.ones(1), transition=np.ones((1, 2, 1)), reward=np.zeros((1, 2)), horizon=2)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("initial", np.array([0.5, 0.4])),
        ("initial", np.array([[1.0]])),
        ("initial", np.array([np.nan])),
        ("initial", np.array([1.5, -0.5])),
        ("transition", np.ones((1, 2, 2)) / 2),
        ("transition", np.ones((1, 1))),
        ("transition", np.ones((2, 2, 1))),
        ("transition", np.full((1, 2, 1), 0.9)),
        ("reward", np.zeros((2, 1))),
        ("reward", np.zeros((3, 1, 2))),
        ("reward", np.array([[0.0, np.inf]])),
        ("horizon", 0),
    ],
)
def test_constructor_names_the_bad_argument(name: str, bad: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name} ") as info:
        FiniteMDP(**{**GOOD, name: bad})
    assert "\n" not in str(info.value)


def test_methods_name_the_bad_argument() -> None:
    good, rng = np.array([[0.5, 0.5]]), np.random.default_rng(0)
    for bad in (np.array([[0.5, 0.6]]), np.full((1, 3), 1 / 3), np.array([0.5, 0.5]), np.array([[1.5, -0.5]])):
        with pytest.raises(ValueError, match=r"^policy "):
            COIN.value(bad)
        with pytest.raises(ValueError, match=r"^other "):
            COIN.affinity(good, bad)
    with pytest.raises(ValueError, match=r"^n "):
        COIN.sample(good, -1, rng)
    for value in (np.float64(1.0), np.array([[np.nan, 1.0]])):
        with pytest.raises(ValueError, match=r"^policy must hold finite probabilities >= 0 along its last axis$"):
            COIN.value(value)
    with pytest.raises(ValueError, match=r"^reward must have shape \(1, 2\) or \(2, 1, 2\), got \(2, 1\)$"):
        FiniteMDP(**{**GOOD, "reward": np.zeros((2, 1))})


def test_a_draw_names_the_row_of_weights_that_are_not_finite() -> None:
    rng = np.random.default_rng(0)
    for weights, where in (
        (np.array([1.0, np.inf]), ""),
        (np.array([[1.0, 1.0], [0.0, np.inf]]), "row 1"),
        (np.array([[[1.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [np.nan, 1.0]]]), "row 1, row 1"),
    ):
        with pytest.raises(ValueError, match=rf"^weights: {where} is (inf|nan), not a finite number$"):
            finite.draw(weights, rng)


def test_enumeration_stops_at_a_number_of_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    assert finite.MAX_PATHS == 2_000_000
    monkeypatch.setattr(finite, "MAX_PATHS", 8)
    assert len(FiniteMDP(**{**GOOD, "horizon": 3}).paths().plant) == 8
    with pytest.raises(ValueError, match=r"^horizon too long to enumerate: 16 paths, at most 8$"):
        FiniteMDP(**{**GOOD, "horizon": 4}).paths()


def test_arrays_are_copied_and_frozen() -> None:
    reward = np.zeros((1, 2))
    mdp = FiniteMDP(**{**GOOD, "reward": reward})
    reward[0, 0] = 9.0
    assert mdp.reward.shape == (2, 1, 2)
    assert mdp.reward.max() == 0.0
    with pytest.raises(ValueError, match="read-only"):
        mdp.reward[0, 0, 0] = 1.0
    with pytest.raises(FrozenInstanceError):
        mdp.horizon = 3  # type: ignore[misc]
    assert mdp != FiniteMDP(**GOOD)  # arrays have no one equality
