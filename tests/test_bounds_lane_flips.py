"""Chapters 08 and 08b: how often an exact sampler names the other lane, against other ways to sum it."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from qbc import bounds


@pytest.mark.parametrize(("kappa", "swap"), [(0.5, 0.3980), (1.0, 0.2248), (1.5, 0.0986), (2.0, 0.0343), (3.0, 0.00208)])
def test_lane_flip_of_two_atoms_is_the_mode_swap(kappa, swap):
    assert bounds.lane_flip(1.0, 1.0, 0.0, train=1 / kappa, test=1 / kappa) == pytest.approx(swap, rel=3e-3)
    assert bounds.lane_flip(1.0, 1.0, 0.0, train=1 / kappa, test=1 / kappa) == pytest.approx(bounds.mode_swap(kappa), rel=1e-10)


@given(st.floats(-1, 1), st.floats(0.1, 1), st.floats(0, 1))
def test_lanes_are_alike_and_a_flip_is_rarer_near_the_own_lane(x, train, test):
    p, q = (bounds.lane_flip(v, 1.0, 0.03, train=train, test=test) for v in (x, -x))
    assert p + q == pytest.approx(1)
    assert bounds.lane_flip(x + 0.1, 1.0, 0.03, train=train, test=test) <= p + 1e-12


def flip_in_mp(x, m, s, train, test):
    """The chance of a flip in 30 digits: Phi(-(x + scale l) / test) summed over a logistic l in steps of a fifth of its features."""
    with mpmath.workdps(30):
        scale = (mpmath.mpf(s) ** 2 + mpmath.mpf(train) ** 2) / (2 * m)
        a, b = x / scale, test / scale
        step, middle = min(mpmath.mpf("0.2"), b / 5), min(b * b - a, 0) if b < 60 else 0
        n = int((45 + 10 * min(b, 45)) / step)
        at = (middle + k * step for k in range(-n, n + 1))
        return float(step * mpmath.fsum(mpmath.ncdf(-(a + z) / b) / (2 + 2 * mpmath.cosh(z)) for z in at))


# a knife edge: noise in training far below that of the test; tails: both small; a chance near 1; a wide law
@pytest.mark.parametrize(("x", "s", "train", "test"), [
    (0.98, 0.03, 0.0, 0.6), (0.98, 0.03, 0.03, 0.6), (1.0, 0.03, 0.05, 0.6), (1.0, 0.0, 0.1, 0.1), (1.0, 0.03, 0.1, 0.1),
    (-1.0, 0.03, 0.1, 0.03), (0.5, 0.03, 1.0, 0.1), (0.0, 0.1, 0.3, 0.3), (1.3, 0.0, 3.0, 3.0), (1.0, 1e-3, 0.03, 10.0),
    (1.77, 0.0, 0.082, 0.018),
])  # fmt: skip
def test_lane_flip_is_the_integral_at_knife_edges_and_in_the_tails(x, s, train, test):
    assert bounds.lane_flip(x, 1.0, s, train=train, test=test) == pytest.approx(flip_in_mp(x, 1.0, s, train, test), rel=1e-12, abs=0)


@given(st.floats(-1, 1), st.floats(-6, 4), st.floats(-6, 4))
def test_lane_flip_is_a_fine_sum_on_either_side_of_its_change_of_variable(x, log_scale, log_ratio):
    """Up to a spread of e^4 scales, where the sum over the noise itself still sees the step."""
    scale, spread = math.exp(log_scale), math.exp(log_scale + log_ratio)
    g = np.linspace(-10, 10, 20_001)
    total = 1e-3 * (stats.norm.pdf(g) @ special.expit(-(4 * x * max(scale, spread) + spread * g) / scale))
    p = bounds.lane_flip(4 * x * max(scale, spread), 1.0, 0.0, train=math.sqrt(2 * scale), test=spread)
    assert p == pytest.approx(total, rel=1e-12, abs=1e-13)


def test_with_an_endless_slope_the_flip_is_that_of_a_step():
    assert bounds.lane_flip(1.0, 1.0, 0.0, train=1e-300, test=0.5) == pytest.approx(stats.norm.cdf(-2), rel=1e-13)
    assert bounds.lane_flip(1e308, 1.0, 0.0, train=1e-300, test=1e-300) == 0
    assert bounds.lane_flip(-1e308, 1.0, 0.0, train=1e-300, test=0.0) == 1
