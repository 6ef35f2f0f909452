"""Chapter 08, right-hand sides: by hand, against quadrature and simulation, within their domains."""

import math
import re
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from qbc import bounds, policies
from qbc.claims import ClaimError, check, mean

SCHEMES = ("none", "test only", "train only", "replica")
stable = st.floats(-0.9, 0.9), st.floats(0.05, 3)


def test_worked_by_hand():
    assert bounds.smoothed_tv(2.0, 1.0) == pytest.approx(2 * stats.norm.cdf(1) - 1)
    assert bounds.pinsker_tv(1.0, 2.0) == 0.25
    assert bounds.strip_share(3.0, 1.0) == pytest.approx(0.9973002)
    assert bounds.strip_share(3.0, 3.0, 4.0) == pytest.approx(2 * stats.norm.cdf(0.6) - 1)
    assert bounds.far_move(2.0, 2) == pytest.approx(2 * math.exp(-2))
    assert [bounds.mode_swap(k) for k in (0.5, 1, 1.5, 2)] == pytest.approx([0.3980, 0.2248, 0.0986, 0.0343], abs=5e-5)
    assert bounds.mode_swap(0.0) == pytest.approx(0.5)
    assert bounds.swap_range(1.0) == pytest.approx((0.158655, 0.317311), abs=1e-6)
    assert [bounds.scheme_ratio(s, 0, 0.8, 0.3) for s in SCHEMES] == pytest.approx([1, 1.160, 0.895, 1], abs=5e-4)
    assert [bounds.scheme_ratio(s, 0.5, -0.8, 1) for s in SCHEMES] == pytest.approx([1, 1.162, 1.176, 1.220], abs=5e-4)
    assert [bounds.point_head_ratio(s, 0, 0.8, 0.3) for s in SCHEMES] == pytest.approx([1, 1.160, 0.780, 0.885], abs=6e-4)
    assert bounds.mean_head_ratio(0.95, 1.0) == pytest.approx(0.2914, abs=1e-4)


@given(st.floats(0, 4), st.floats(0.1, 3))
def test_total_variation_is_an_integral_and_below_both_lines(distance, sigma):
    def half_gap(u):
        return abs(stats.norm.pdf(u, 0, sigma) - stats.norm.pdf(u, distance, sigma)) / 2

    mid = distance / 2
    ends = [(-10 * sigma, mid), (mid, distance + 10 * sigma)]
    tv = sum(integrate.quad(half_gap, a, b, points=(0.0,) if a < 0 < b else (distance,))[0] for a, b in ends)
    assert bounds.smoothed_tv(distance, sigma) == pytest.approx(tv, abs=1e-6)
    assert tv <= distance / sigma / math.sqrt(2 * math.pi) + 1e-7 <= bounds.pinsker_tv(distance, sigma) + 1e-7


@given(st.floats(0, 5))
def test_swap_lies_in_its_range(kappa):
    low, high = bounds.swap_range(kappa)
    assert low - 1e-12 <= bounds.mode_swap(kappa) <= high + 1e-12


@pytest.mark.parametrize("kappa", [0, 1e-9, 0.1, 1, 4, 8, 12, 15, 30])
def test_swap_is_an_integral(kappa):
    """Also where its mass lies at g = -kappa, far from 0."""
    with mpmath.workdps(30):
        points = [-kappa + x for x in (-60, -20, -5, -1, -0.1, 0, 0.1, 1, 5, 20, 60)]
        law = float(mpmath.quad(lambda g: mpmath.npdf(g) / (1 + mpmath.exp(2 * kappa**2 + 2 * kappa * g)), points))
    assert bounds.mode_swap(kappa) == pytest.approx(law, rel=1e-10)
    low, high = bounds.swap_range(kappa)
    assert low <= law * (1 + 1e-12) <= high * (1 + 2e-12)


@given(*stable)
def test_replica_is_unbiased_where_the_plant_forgets(theta, noise):
    assert bounds.scheme_ratio("replica", 0.0, theta, noise) == pytest.approx(1)


@given(st.floats(0, 0.95), *stable)
def test_the_bias_of_replica_noising_and_its_sign(keep, theta, noise):
    bias = bounds.replica_bias(keep, theta, noise)
    assert bias == pytest.approx(bounds.scheme_ratio("replica", keep, theta, noise) - 1, abs=1e-9)
    assert bias * theta <= 0


@given(st.floats(0, 0.95), *stable)
def test_none_is_the_expert_and_point_heads_are_below_samplers(keep, theta, noise):
    assert bounds.scheme_ratio("none", keep, theta, noise) == pytest.approx(1)
    for scheme in ("train only", "replica"):
        assert bounds.point_head_ratio(scheme, keep, theta, noise) <= bounds.scheme_ratio(scheme, keep, theta, noise) + 1e-12


def rolled_out(keep, theta, head, noise, rng, n=100_000, horizon=40):
    """The variance after some steps of the head ``x -> action``, in units of the expert's."""
    x = rng.normal(size=(n, 1))
    act = policies.noised(head, noise) if noise else head
    for _ in range(horizon):
        x = keep * x + (1 - keep) * act(x, rng)
    return mean(x**2)


def fitted(keep, theta, noise, rng, n=400_000):
    x = rng.normal(size=n)
    q = (1 - (keep + (1 - keep) * theta) ** 2) / (1 - keep) ** 2
    c, y = theta * x + math.sqrt(q) * rng.normal(size=n), x + noise * rng.normal(size=n)
    gain = (y @ c) / (y @ y)
    spread = (c - gain * y).std()
    return lambda x, rng: gain * x + spread * rng.normal(size=x.shape)


@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_scheme_ratio_against_a_fitted_learner(keep, rng):
    for scheme, train, test in (("test only", 0.0, 1.0), ("train only", 1.0, 0.0), ("replica", 1.0, 1.0)):
        e = rolled_out(keep, 0.8, fitted(keep, 0.8, train, rng), test, rng)
        assert e.value == pytest.approx(bounds.scheme_ratio(scheme, keep, 0.8, 1.0), rel=0.04)


def test_an_untrained_head_turns_the_verdict(rng):
    allowed = {"tol": 0.05, "why": "the sample"}
    good = rolled_out(0.0, 0.8, fitted(0.0, 0.8, 1.0, rng), 1.0, rng)
    one = bounds.scheme_ratio("replica", 0.0, 0.8, 1.0)
    assert check("a", good, "==", one, **allowed).status == "holds"
    gain, spread = rng.uniform(-0.3, 0.3), rng.uniform(0.2, 0.7)
    random = rolled_out(0.0, 0.8, lambda x, rng: gain * x + spread * rng.normal(size=x.shape), 1.0, rng)
    with pytest.raises(ClaimError):
        check("b", random, "==", one, **allowed)


@pytest.mark.parametrize("noise", [1e-12, 1e-8, 1e-6, 1e-4, 1.0, 1e200])
@pytest.mark.parametrize(("keep", "theta"), [(0.5, 0.5), (0.9, -3.0), (1 - 1e-12, 0.7)])
def test_the_bias_keeps_its_digits(keep, theta, noise):
    k, t, n = (Fraction(x) for x in (keep, theta, noise))
    r = 1 / (1 + n**2)
    bias = -2 * k * (1 - k) * (1 - r) * t / (1 - (k + (1 - k) * t * r) ** 2)
    assert bounds.replica_bias(keep, theta, noise) == pytest.approx(float(bias), rel=1e-12)
    assert bounds.scheme_ratio("replica", keep, theta, noise) == pytest.approx(float(1 + bias), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.smoothed_tv(1.0, 0.0), "sigma must lie in (0, inf), got 0"),
        (lambda: bounds.pinsker_tv(-1.0, 1.0), "distance must lie in [0, inf), got -1"),
        (lambda: bounds.strip_share(1.0, 0.0), "thickness must lie in (0, inf), got 0"),
        (lambda: bounds.far_move(-1.0, 2), "tau must lie in [0, inf), got -1"),
        (lambda: bounds.far_move(1.0, 2.5), "d must be a whole number in [1, inf), got 2.5"),
        (lambda: bounds.mode_swap(-1.0), "d must lie in [0, inf), got -1"),
        (lambda: bounds.mode_swap(math.inf), "d must lie in [0, inf), got inf"),
        (lambda: bounds.swap_range(math.nan), "d must lie in [0, inf), got nan"),
        (
            lambda: bounds.scheme_ratio("both", 0.0, 0.5, 1.0),
            "scheme must be 'none' or 'test only' or 'train only' or 'replica', got 'both'",
        ),
        (lambda: bounds.scheme_ratio("replica", 1.0, 0.5, 1.0), "keep must lie in [0, 1), got 1"),
        (
            lambda: bounds.scheme_ratio("replica", 0.0, 1.0, 1.0),
            "abs(keep + (1 - keep) * theta) < 1 must hold, got keep=0.0, theta=1.0",
        ),
        (lambda: bounds.scheme_ratio("train only", 0.5, -2.5, -0.1), "noise must lie in [0, inf), got -0.1"),
        (lambda: bounds.replica_bias(0.0, -1.0, 1.0), "abs(keep + (1 - keep) * theta) < 1 must hold, got keep=0.0, theta=-1.0"),
        (lambda: bounds.point_head_ratio("none", 0.5, 2.0, 1.0), "abs(keep + (1 - keep) * theta) < 1 must hold, got keep=0.5, theta=2"),
        (lambda: bounds.mean_head_ratio(1.0, 1.0), "theta must lie in (-1, 1), got 1"),
        (lambda: bounds.mean_head_ratio(0.5, math.inf), "noise must lie in [0, inf), got inf"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
