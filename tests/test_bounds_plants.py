"""Chapter 08, noise on the observations of a policy on a stable or unstable plant: by hand, against the recursion, as laws."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qbc import bounds

SCHEMES = ("none", "test only", "train only", "replica")


def test_worked_by_hand():
    """x' = 1.2 x + u with u = -.5 x: the pole is .7, and 1.2 - .5 rho after noise in training."""
    tests = [bounds.noised_ratio("test only", 1.2, -0.5, v) for v in (0.3, 1, 1.5, 2)]
    assert tests == pytest.approx([1 + 0.25 * v * v / 0.51 for v in (0.3, 1, 1.5, 2)])
    assert bounds.noised_ratio("replica", 1.2, -0.5, 1) == pytest.approx((0.51 + 0.25 * 0.75) / (1 - 0.95**2))
    assert bounds.noised_ratio("train only", 1.2, -0.5, 1) == pytest.approx((0.51 + 0.25 * 0.5) / (1 - 0.95**2))
    assert bounds.noise_limit(1.2, -0.5) == pytest.approx(math.sqrt(1.5))
    assert bounds.noised_growth("replica", 1.2, -0.5, 2) == pytest.approx(1.1**2)
    assert bounds.noised_growth("test only", 1.2, -0.5, 2) == 1
    assert bounds.noised_ratio("replica", 1.2, -0.5, 2) == math.inf


@pytest.mark.parametrize("scheme", SCHEMES)
@given(st.floats(0, 0.99), st.floats(-2, 2), st.floats(0, 3))
def test_a_tracking_loop_is_a_special_case(scheme, keep, theta, noise):
    gain = (1 - keep) * theta
    assume(abs(keep + gain) < 0.999)
    assert bounds.noised_ratio(scheme, keep, gain, noise) == pytest.approx(bounds.scheme_ratio(scheme, keep, theta, noise), rel=1e-9)


@given(st.floats(1.01, 3), st.floats(-0.99, 0.99), st.floats(0.01, 10))
def test_the_limit_is_where_growth_begins(a, pole, share):
    limit = bounds.noise_limit(a, pole - a)
    assume(abs(share - 1) > 1e-6)
    for scheme in ("train only", "replica"):
        grows = bounds.noised_growth(scheme, a, pole - a, share * limit) > 1
        assert grows == (share > 1) == math.isinf(bounds.noised_ratio(scheme, a, pole - a, share * limit))
    assert bounds.noised_growth("test only", a, pole - a, share * limit) == 1


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("noise", [0.3, 1.0, 2.0])
def test_least_squares_and_the_recursion_of_the_variance(scheme, noise):
    """The head is fitted to noised states and its noised loop iterated: V' = p^2 V + (spread^2 + (slope sigma)^2)."""
    rng = np.random.default_rng(0)
    n, a, pole = 2_000_000, 1.2, 0.7
    x = rng.normal(size=n)
    u = (pole - a) * x + math.sqrt(1 - pole**2) * rng.normal(size=n)
    train, test = scheme in ("train only", "replica"), scheme in ("test only", "replica")
    y = x + train * noise * rng.normal(size=n)
    slope = y @ u / (y @ y)
    added = np.mean((u - slope * y) ** 2) + (slope * noise * test) ** 2
    v = [1.0]
    for _ in range(400):
        v.append((a + slope) ** 2 * v[-1] + added)
    ratio, growth = bounds.noised_ratio(scheme, a, -0.5, noise), bounds.noised_growth(scheme, a, -0.5, noise)
    assert v[-1] / v[-2] == pytest.approx(growth, abs=0.005)
    assert math.isinf(ratio) or v[-1] == pytest.approx(ratio, rel=0.02)
