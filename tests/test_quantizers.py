"""Laws, worked examples, broken subjects and errors of the quantizers of one coordinate."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantizer_laws import (
    Floats,
    LinspaceTokenizer,
    WrapAroundTokenizer,
    law_idempotent,
    law_radius,
    law_saturates,
    law_section,
)

from qbc import quantizers as qz

HEAVY: Floats = np.random.default_rng(1).standard_t(3, size=1500)
LINES: dict[str, Any] = {**qz.EXAMPLES, "kmeans": qz.kmeans(HEAVY, 16, np.random.default_rng(0))}
SUBJECTS: dict[str, Any] = LINES | qz.CIRCLES
over_lines = pytest.mark.parametrize("name", LINES)
over_examples = pytest.mark.parametrize("name", SUBJECTS)
seeds = st.integers(0, 2**32 - 1)


@over_examples
def test_section(name: str) -> None:
    law_section(SUBJECTS[name], np.random.default_rng(0))


@over_examples
@given(u=st.lists(st.floats(-20, 20), min_size=1, max_size=20), seed=seeds)
def test_idempotent(name: str, u: list[float], seed: int) -> None:
    law_idempotent(SUBJECTS[name], np.array(u), np.random.default_rng(seed))


@over_examples
def test_radius_is_tight(name: str) -> None:
    law_radius(SUBJECTS[name], np.random.default_rng(0))


@over_examples
@given(share=st.floats(0, 1), seed=seeds)
def test_radius_is_never_exceeded(name: str, share: float, seed: int) -> None:
    q = SUBJECTS[name]
    u = q.low + share * (q.high - q.low)
    assert q.distance(q(u, np.random.default_rng(seed)), u) <= q.radius * (1 + 1e-9)


@over_lines
@given(beyond=st.floats(0, 1e300) | st.just(np.inf), seed=seeds)
def test_saturation(name: str, beyond: float, seed: int) -> None:
    law_saturates(SUBJECTS[name], beyond, np.random.default_rng(seed))


@over_examples
@given(data=st.data(), seed=seeds)
def test_round_trip_of_codes(name: str, data: st.DataObject, seed: int) -> None:
    """Any array of codes survives decode → encode, keeps its shape, and decodes monotonically."""
    q = SUBJECTS[name]
    shape = data.draw(st.sampled_from([(), (3,), (2, 5), (0,)]))
    codes = np.random.default_rng(seed).integers(q.n_codes, size=shape)
    back = q.encode(q.decode(codes), np.random.default_rng(seed))
    assert back.dtype == np.int64
    assert q.decode(codes).dtype == np.float64
    assert back.shape == codes.shape
    assert np.array_equal(back, codes)
    assert (np.diff(q.decode(np.arange(q.n_codes))) > 0).all()


@over_examples
def test_jump_is_at_most_twice_the_radius(name: str) -> None:
    q = SUBJECTS[name]
    assert q.jump <= 2 * q.radius * (1 + 1e-12)


@given(
    levels=st.lists(st.integers(-50, 50), min_size=2, max_size=8, unique=True),
    u=st.lists(st.integers(-60, 60), min_size=2, max_size=9),
)
def test_codebook_is_nearest_and_monotone(levels: list[int], u: list[int]) -> None:
    """Oracle: brute-force nearest neighbour (distances compared: a tie may go either way)."""
    q = qz.codebook(levels, -50, 50)
    actions = np.sort(np.array(u, dtype=float))
    brute = np.abs(actions[:, None] - np.array(levels)).min(axis=1)
    assert np.array_equal(np.abs(q(actions) - actions), brute)
    assert (np.diff(q(actions)) >= 0).all()


@given(shift=st.integers(-8, 8), power=st.integers(-3, 3), n=st.integers(1, 40), seed=seeds)
def test_uniform_moves_with_its_range(shift: int, power: int, n: int, seed: int) -> None:
    """Invariance: scaling by a power of two is exact, and a shift moves the codes along."""
    u, scale = np.random.default_rng(seed).uniform(-1.5, 1.5, 50), 2.0**power
    q, scaled = qz.uniform(n), qz.uniform(n, -scale, scale)
    assert np.array_equal(scaled.encode(scale * u), q.encode(u))
    assert np.array_equal(scaled(scale * u), scale * q(u))
    moved = qz.uniform(n, shift - 1.0, shift + 1.0)
    assert np.array_equal(moved.encode(shift + u), q.encode(u))


def test_dithering_is_unbiased_and_deterministic_given_the_seed() -> None:
    q = qz.Dithered(np.array([-1.0, 0.0, 0.25, 2.0]))
    u = np.repeat([-0.7, 0.2, 1.0], 200_000)
    draws = q(u, np.random.default_rng(3)).reshape(3, -1)
    assert np.allclose(draws.mean(axis=1), [-0.7, 0.2, 1.0], atol=6 * 0.9 / np.sqrt(200_000))
    assert np.array_equal(q(u, np.random.default_rng(3)).reshape(3, -1), draws)


# --- broken subjects: each must fail a law


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="linspace(low, high, n) makes n − 1 cells")
def test_broken_linspace_radius() -> None:
    law_radius(LinspaceTokenizer(), np.random.default_rng(0))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="linspace(low, high, n) makes n − 1 cells")
def test_broken_linspace_section() -> None:
    law_section(LinspaceTokenizer(), np.random.default_rng(0))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the largest actions wrap around to code 0")
def test_broken_wrap_around_saturation() -> None:
    law_saturates(WrapAroundTokenizer(), 0.0, np.random.default_rng(0))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the largest actions wrap around to code 0")
def test_broken_wrap_around_radius() -> None:
    law_radius(WrapAroundTokenizer(), np.random.default_rng(0))


def test_wrap_around_worked_example() -> None:
    """+4.8 comes back as −3.7; the laws that it does satisfy do not find it."""
    q = WrapAroundTokenizer()
    assert np.isclose(q(4.8), -3.707, atol=1e-3)
    law_section(q, np.random.default_rng(0))
    law_idempotent(q, np.linspace(-6, 6, 101), np.random.default_rng(0))


# --- errors: one line that names the argument


LOOSE: Any = qz  # wrong types on purpose


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: LOOSE.uniform(0), "n_codes"),
        (lambda: LOOSE.uniform(2.5), "n_codes"),
        (lambda: LOOSE.uniform(4, 1, 1), "low, high"),
        (lambda: LOOSE.uniform(4, 0, np.inf), "low, high"),
        (lambda: LOOSE.uniform(4, "0", 1), "low, high: numbers of at most"),
        (lambda: LOOSE.openvla(2.0, 1.0), "q01, q99: numbers of at most 8.99e\\+307 in size, with q01 < q99, not 2.0, 1.0$"),
        (lambda: LOOSE.openvla(n_edges=1), "n_edges: at least 2, not 1$"),
        (lambda: LOOSE.mu_law(reach=-1.0), "reach: positive and finite, not -1.0$"),
        (lambda: LOOSE.quantile([0.0, 1.0], 4, "middle"), "decode: 'left', 'center' or 'right', not 'middle'"),
        (lambda: LOOSE.uniform(4).encode([[0.1], [0.1, 0.2]]), "u: an array of numbers$"),
        (lambda: LOOSE.uniform(4).encode(["a"]), "u: an array of numbers$"),
        (lambda: LOOSE.codebook(["a"], 0, 1), "values: an array of numbers$"),
        (lambda: LOOSE.codebook([1, 2], "a", 3), "low: a finite number, not 'a'$"),
        (lambda: LOOSE.codebook([1, 2], 0, np.inf), "high: a finite number, not inf$"),
        (lambda: LOOSE.Fitted("uniform", 4, 9, "a", 1.0), "low: a finite number, not 'a'$"),
        (lambda: LOOSE.PerCoordinate(3), "coordinates: one or more quantizers$"),
        (lambda: LOOSE.lattice(1e-300, 1e300), "step: at least reach / 1048576, not 1e-300 of 1e\\+300$"),
        (lambda: LOOSE.lattice(1, 2**20 + 1), "step: at least reach / 1048576, not 1 of 1048577$"),
        (lambda: LOOSE.uniform(4).distance("a", 1), "a: an array of numbers$"),
        (lambda: LOOSE.uniform(4).distance(1, [1j]), "b: an array of numbers$"),
        (lambda: LOOSE.Cells(["0.5"], ["0", "1"]), "values: an array of numbers$"),
        (lambda: LOOSE.periodic(4, -8e307, 8e307).encode(1.7e308), r"u: on a circle finite, at most 8.99e\+307 in size, as it is not$"),
        (lambda: LOOSE.fit_uniform([[0.0], [1.0, 2.0]], 4), "u: an array of numbers$"),
        (lambda: LOOSE.Dithered([0.0, 1.0]).encode(0.3, 0), "rng: a dithered quantizer needs a numpy Generator, not 0$"),
        (lambda: LOOSE.uniform(4, decode="middle"), "decode"),
        (lambda: LOOSE.lattice(0, 1), "step"),
        (lambda: LOOSE.lattice(0.1, 1, "tread"), "kind"),
        (lambda: LOOSE.mu_law(mu=0), "mu"),
        (lambda: LOOSE.uniform(4, -1.7e308, 1.7e308), "low, high"),
        (lambda: LOOSE.uniform(True), "n_codes"),
        (lambda: LOOSE.codebook([3.0], 0, 1), "values"),
        (lambda: LOOSE.Cells([0.0, 5.0], [0.0, 1.0, 2.0]), "values"),
        (lambda: LOOSE.Cells([0.0, 0.0], [0.0, 1.0, 2.0]), "values"),
        (lambda: LOOSE.Cells([0.5], [0.0, 1.0, 2.0]), "edges"),
        (lambda: LOOSE.Cells([0.5], [1.0, 0.0]), "edges"),
        (lambda: LOOSE.Cells([0.5], [[0.0], 1.0]), "edges"),
        (lambda: LOOSE.Cells(["a"], [0.0, 1.0]), "values"),
        (lambda: LOOSE.Cells([0.5], [0.0, 1.0], "both"), "closed"),
        (lambda: LOOSE.Cells([0.5], [0.4, 0.4]), "values"),
        (lambda: LOOSE.codebook([0.0, 1.0], 0.0, 0.0), "values"),
        (lambda: LOOSE.uniform(4).worst_error([]), "u: at least one"),
        (lambda: LOOSE.uniform(4).share_outside([[0.1, np.nan]]), r"u: must not contain NaN, as it does at \[0, 1\]"),
        (
            lambda: LOOSE.periodic(4).encode([[0.1], [np.inf]]),
            r"u: on a circle finite, at most 8.99e\+307 in size, as it is not at \[1, 0\]",
        ),
        (lambda: LOOSE.Periodic([0.0, 1.0], [0.0, 0.5, 1.0]), "values"),
        (lambda: LOOSE.periodic(0), "n_codes"),
        (lambda: LOOSE.periodic(4, 1.0, 1.0), "low, high"),
        (lambda: LOOSE.uniform(4).encode([0.1, np.nan]), "u"),
        (lambda: LOOSE.uniform(4).decode([-1]), "codes"),
        (lambda: LOOSE.uniform(4).decode([4]), "codes"),
        (lambda: LOOSE.uniform(4).decode([0.0]), "codes"),
        (lambda: LOOSE.Dithered([0.0, 1.0]).encode(0.3), "rng"),
    ],
)
def test_errors_name_the_argument(call: Any, argument: str) -> None:
    with pytest.raises(ValueError, match=f"^{argument}") as error:
        call()
    assert "\n" not in str(error.value)


def test_values_cannot_be_changed_from_outside() -> None:
    values = np.array([0.5])
    q = qz.Cells(values, np.array([0.0, 1.0]))
    values[0] = 9.0
    assert q(0.2) == 0.5
    with pytest.raises(ValueError, match="read-only"):
        q.values[0] = 9.0
