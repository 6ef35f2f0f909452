"""Right-hand sides of late looks: worked by hand, against recursions, polynomials and simulation."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, special

from qbc import bounds

lengths, slopes, alphas = st.integers(1, 12), st.floats(0.01, 3), st.floats(0, 1.5)


def companion(alpha, weights):
    """The loop of x' = alpha x + sum_j w_j x_{t-j} on the last states."""
    m = np.eye(len(weights), k=-1)
    m[0] = weights
    m[0, 0] += alpha
    return m


def played(way, length, slope):
    return np.full(length, slope / length) if way == "ensemble" else np.append(np.zeros(length - 1), slope)


def test_worked_by_hand():
    assert bounds.lag_deviation("chunk", 10, 1.0, 1.0, 1) == pytest.approx(1023)
    assert bounds.lag_deviation("chunk", 5, 0.1, 1.0, 2) == pytest.approx(1.7)  # 3 * 3 * 2 - 1 tenths
    assert bounds.lag_deviation("delay", 10, 1.0, 1.0, 2) == pytest.approx(143)  # Fibonacci's 144, less one
    assert bounds.lag_growth("chunk", 1.0, 1.0, 3) == pytest.approx(4 ** (1 / 3))
    assert bounds.lag_growth("delay", 1.0, 1.0, 2) == pytest.approx((1 + math.sqrt(5)) / 2)
    assert bounds.lag_growth("ensemble", 1.0, 1.0, 2) == pytest.approx((1.5 + math.sqrt(4.25)) / 2)
    assert bounds.lag_growth("delay", 0.0, 0.0, 3) == 0
    assert bounds.twin_lag_radius(1, [1.0]) == pytest.approx(1.05)
    assert bounds.late_variance(1.0, 8) == 8
    assert bounds.late_variance(1.2, 2) == pytest.approx(2.44)
    assert bounds.late_pole_variance("chunk", 0.5, 0.0) == pytest.approx(1.25)
    assert bounds.late_pole_variance("delay", 0.5, 0.0) == pytest.approx(1 / 0.75)  # nothing is left: the plant alone
    assert bounds.primitive_deviation(0.1, 1.0, 0.0) == pytest.approx(0.1)
    assert bounds.primitive_deviation(0.375, 1.0, 1.0) == pytest.approx(0.5)  # .5 = .375 + .5^2 / 2
    assert bounds.primitive_deviation(1.0, 1.0, 1.0) == math.inf


@given(st.sampled_from(["chunk", "delay"]), st.integers(1, 40), slopes, lengths)
def test_lag_deviation_is_the_recursion(way, H, slope, length):
    e = [0.0]
    for t in range(H):
        looked = t - t % length if way == "chunk" else max(0, t - length + 1)
        e.append(e[t] + slope * e[looked] + 1.0)
    assert bounds.lag_deviation(way, H, 1.0, slope, length) == pytest.approx(e[H], rel=1e-9)


@given(st.integers(1, 40), slopes, lengths)
def test_a_delay_leaves_no_faster_than_chunks_nor_these_than_a_look_at_every_step(H, slope, length):
    delay, chunk = (bounds.lag_deviation(way, H, 1.0, slope, length) for way in ("delay", "chunk"))
    assert delay <= chunk * (1 + 1e-9)
    assert chunk <= bounds.lag_deviation("chunk", H, 1.0, slope, 1) * (1 + 1e-9)


@given(st.sampled_from(["delay", "ensemble"]), alphas, slopes, lengths)
def test_lag_growth_is_the_spectral_radius(way, alpha, slope, length):
    radius = np.abs(np.linalg.eigvals(companion(alpha, played(way, length, slope)))).max()
    assert bounds.lag_growth(way, alpha, slope, length) == pytest.approx(radius, rel=1e-6)


@given(alphas, slopes, lengths)
def test_growth_exceeds_one_where_the_slope_exceeds_the_margin(alpha, slope, length):
    for way in ("chunk", "delay", "ensemble"):
        growth = bounds.lag_growth(way, alpha, slope, length)
        assert growth == pytest.approx(1) if abs(alpha + slope - 1) < 1e-12 else (growth > 1) == (alpha + slope > 1)


@pytest.mark.parametrize("length", [200, 1000])
def test_the_rates_for_long_chunks(length):
    chunk, delay, ensemble = (math.log(bounds.lag_growth(way, 1.0, 1.0, length)) for way in ("chunk", "delay", "ensemble"))
    assert chunk == pytest.approx(math.log(length) / length, rel=0.01)
    assert delay == pytest.approx(special.lambertw(length - 1).real / (length - 1), rel=0.02)
    assert ensemble == pytest.approx(math.sqrt(1 / length), rel=0.05)


@pytest.mark.parametrize("xi", [1, -1])
@pytest.mark.parametrize("weights", [[1.0], [0.0, 1.0], [0.5, 0.5], [0.0, 0.0, 0.0, 1.0], [0.2, 0.3, 0.5]])
def test_twin_lag_radius_is_that_of_the_loop_on_all_its_states(xi, weights):
    a, k = 1.05, len(weights)
    m = np.eye(2 * k, k=-2)
    m[:2, :2] = [[xi * a, 1], [-(a**2) / 4, 0]]
    for j, w in enumerate(weights):
        m[:2, 2 * j + 1] += w * 0.5**j * np.array([-1, 0.5])
    assert bounds.twin_lag_radius(xi, weights) == pytest.approx(np.abs(np.linalg.eigvals(m)).max(), rel=1e-6)


@given(st.floats(0.05, 1.9), st.floats(0, 0.95))
def test_late_pole_variance_solves_lyapunovs_equation(alpha, kappa):
    K = alpha - kappa
    if abs(K) >= 0.99:
        return
    for way, weights in (("delay", [0.0, -K * kappa]), ("ensemble", [-K / 2, -K * kappa / 2])):
        m = companion(alpha, weights)
        variance = linalg.solve_discrete_lyapunov(m, np.diag([1.0, 0.0]))[0, 0]
        assert bounds.late_pole_variance(way, alpha, kappa) == pytest.approx(variance, rel=1e-6)
        assert K < 0 or variance >= 1 / (1 - kappa**2) - 1e-9  # an expert that steers is better than its late copy


@given(st.floats(0.05, 1.9), st.floats(0, 0.95))
def test_a_delay_pays_at_least_what_not_looking_costs(alpha, kappa):
    if abs(alpha - kappa) < 0.99:
        for way in ("delay", "chunk"):
            assert bounds.late_pole_variance(way, alpha, kappa) >= bounds.late_variance(alpha, 2) * (1 - 1e-12)


@given(st.floats(0, 1), st.floats(0, 2), st.floats(0, 3))
def test_primitive_deviation_is_the_smaller_root(response, gain, curvature):
    E = bounds.primitive_deviation(response, gain, curvature)
    if math.isfinite(E):
        assert pytest.approx(response + gain * curvature * E**2 / 2, rel=1e-6, abs=1e-12) == E
        assert 2 * response + 1e-12 >= E


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.lag_deviation("ensemble", 2, 0.1, 1.0, 2), "way must be 'chunk' or 'delay'"),
        (lambda: bounds.lag_deviation("chunk", 2, 0.1, 0.0, 2), "slope must lie in (0, inf), got 0"),
        (lambda: bounds.twin_lag_radius(1, [0.0]), "sum(weights) > 0 must hold"),
        (lambda: bounds.late_pole_variance("delay", 1.2, 0.1), "abs(alpha - kappa) < 1 must hold"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
