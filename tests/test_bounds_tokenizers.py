"""Chapter 16's right-hand sides: against roundings and wrong tokens that are drawn, and worked by hand."""

import numpy as np
import pytest

from qbc import bounds, tokenizers


@pytest.mark.parametrize(("on_edges", "on_centres"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.4), (0.2, 0.5)])
def test_rounding_is_off_by_that_much(rng, on_edges, on_centres):
    n, width = 200_000, 0.2
    u = rng.uniform(0, 20, n)
    kind = rng.random(n)
    u = np.where(kind < on_edges, np.floor(u), np.where(kind < on_edges + on_centres, np.floor(u) + 0.5, u))
    error = width * (np.floor(u) + 0.5 - u)
    assert np.sqrt((error**2).mean()) == pytest.approx(bounds.rounded_rms(width, on_edges, on_centres), rel=0.01)


def test_second_differences_of_independent_errors(rng):
    error = rng.uniform(-0.1, 0.1, 200_000)
    assert np.sqrt((np.diff(error, 2) ** 2).mean()) == pytest.approx(bounds.rounded_roughness(0.2), rel=0.01)


@pytest.mark.parametrize("n", [2, 5, 64])
def test_a_wrong_code_against_tokens_that_are_drawn(rng, n):
    u = np.concatenate([rng.beta(2, 5, (3000, 4, 1)), rng.uniform(-3, 3, (3000, 4, 1))], axis=2)
    u[0, 0], u[0, 1] = (0, -3), (1, 3)
    t = tokenizers.fit("uniform", u, rng, n=n)
    rows = t.decode(t.encode(u)).reshape(-1, 2)  # the values that codes stand for: the law is exact for those
    spread, span = u.reshape(-1, 2).std(axis=0), np.array([1.0, 6.0])
    off = (rows.mean(axis=0) - [0.5, 0.0]) / spread
    scale = rows.std(axis=0) / spread
    squares = n / (n - 1) * (scale**2 + off**2 + (span / spread) ** 2 * (1 - 1 / n**2) / 12)
    exact = np.sqrt(squares.mean() / 8)
    assert tokenizers.measure(t, u, rng).wrong == pytest.approx(exact, rel=0.05)
    said = bounds.wrong_code_rms(span / spread, (u.reshape(-1, 2).mean(axis=0) - [0.5, 0.0]) / spread, n, 4)
    assert said == pytest.approx(exact, rel=0.2 if n == 2 else 0.05)


def test_worked_examples():
    assert bounds.rounded_rms(12.0, 0.0, 0.0) == pytest.approx(12**0.5)
    assert bounds.rounded_rms(2.0, 1.0, 0.0) == pytest.approx(1.0)  # all on edges: half a cell each
    assert bounds.rounded_rms(2.0, 0.0, 1.0) == 0
    assert bounds.rounded_roughness(2.0) == pytest.approx(2**0.5)
    assert bounds.wrong_code_rms([12**0.5] * 7, [0.0] * 7, 256, 50) == pytest.approx((2 / 350) ** 0.5, rel=0.01)
    assert bounds.wrong_code_rms([2.0], [0.0], 2, 1) == pytest.approx(2.5**0.5)  # (1 + 4 (3/4) / 12) 2
