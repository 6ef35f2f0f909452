"""Chapter 12, right-hand sides: worked by hand, against quadrature and simulation, refusing what lies outside their domain."""

import math
import re

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from qbc import bounds, learn

GAPS = st.floats(0, 4)


def test_worked_by_hand():
    assert bounds.two_mode_bridge(1.0) == pytest.approx(0.3829249)
    assert bounds.two_mode_bridge(0.0) == 0
    assert bounds.mass_left([0.5], 0.0) == pytest.approx(0.5)
    assert bounds.mass_left([0.0, 0.0], 0.0) == 1
    assert bounds.mass_left([0.25] * 4, 1.0) == 0  # four quarters fill the base
    assert bounds.equal_bridge(16, 0.1) == pytest.approx(0.0947, abs=5e-5)
    assert bounds.uniform_bridge(4, 0.1) == pytest.approx(0.3)
    assert bounds.uniform_bridge(4, 1 / 3) == bounds.uniform_bridge(11, 0.1) == 1  # the most that can be touched
    assert bounds.touchable(0.25) == 5
    assert bounds.near_law(1.0, 0.5) == pytest.approx(1.5 * 0.3829249)
    assert bounds.blob_slope(1.0, 0.2) == pytest.approx(53667.457)
    assert bounds.blob_slope(0.3, 0.1) == pytest.approx(0.1 * math.exp(4.5))  # m = 3 s, which floats miss
    assert bounds.blob_tail(1e300, 1e-300) == 0
    assert bounds.flow_steepness(1) == 0  # one step ends in the mean
    assert bounds.flow_steepness(2) == pytest.approx(1.0)  # 1/2, then 0 + 2
    assert bounds.flow_steepness(3) == pytest.approx(3.5)  # 2/3, then 1/2 + 3/8, then 6
    assert bounds.budget_bridge(2, 2, 1.0) == pytest.approx(0.3829249)
    assert bounds.last_mean_bridge(2, 0.5, 1e-9) == pytest.approx(stats.norm.cdf(1.549306) - stats.norm.cdf(0.450694))  # atanh(1/2)
    assert bounds.near_budget(0.4) == pytest.approx(0.5)
    assert bounds.blob_tail(2.0, 1.0) == pytest.approx(math.exp(-2))


@settings(max_examples=15)
@given(GAPS)
def test_two_equal_modes_are_one_law_in_every_form(gap):
    law = bounds.two_mode_bridge(gap)
    assert bounds.equal_bridge(2, gap) == pytest.approx(law, abs=1e-12)
    assert bounds.simplex_bridge(2, gap) == pytest.approx(law, abs=1e-9)
    p = (1 - law) / 2
    assert bounds.mass_left([p], gap) == pytest.approx(p, abs=1e-12)


@given(st.integers(2, 12), GAPS)
def test_equal_masses_leave_each_other_what_they_have(modes, gap):
    p = (1 - bounds.equal_bridge(modes, gap)) / modes
    assert bounds.mass_left([p] * (modes - 1), gap) == pytest.approx(p, rel=1e-6, abs=1e-12)


@settings(max_examples=15)
@given(st.integers(2, 20), GAPS)
def test_the_simplex_obeys_the_bound_and_grows_with_both(modes, gap):
    b = bounds.simplex_bridge(modes, gap)
    assert bounds.equal_bridge(modes, gap) - 1e-9 <= b <= 1
    assert b <= bounds.simplex_bridge(modes + 1, gap) + 1e-9
    assert b <= bounds.simplex_bridge(modes, gap + 0.1) + 1e-9


@given(st.lists(st.floats(0.001, 0.2), min_size=1, max_size=4), GAPS)
def test_more_for_the_others_leaves_less(others, gap):
    assert bounds.mass_left([*others[:-1], others[-1] + 0.01], gap) <= bounds.mass_left(others, gap) <= 1 - sum(others) + 1e-12


@pytest.mark.parametrize("shift", [0.0, 0.7, 1.5])
def test_what_is_left_is_attained_by_every_clip_map(shift):
    """A half-space beside a half-space: equality at any masses."""
    gap = 0.6
    left, right = stats.norm.cdf(-gap / 2 - shift), stats.norm.cdf(-gap / 2 + shift)
    assert bounds.mass_left([left], gap) == pytest.approx(right)
    assert bounds.mass_left([right], gap) == pytest.approx(left)


def test_simplex_against_simulation(rng):
    top = np.sort(rng.normal(size=(200_000, 5)), axis=1)[:, -2:]
    bridge = (top[:, 1] - top[:, 0] < 0.8 / math.sqrt(2)).mean()
    assert bridge == pytest.approx(bounds.simplex_bridge(5, 0.8), abs=6 / math.sqrt(4 * 200_000))


@given(st.integers(2, 30), st.floats(0, 0.1))
def test_steepness_grows_with_evaluations_and_a_spread_only_softens_it(n, s):
    assert bounds.flow_steepness(n + 1, s) > bounds.flow_steepness(n, s)
    assert bounds.flow_steepness(n, s) <= bounds.flow_steepness(n) * (1 + 1e-12)


@pytest.mark.parametrize("evaluations", [2, 3, 5])
def test_steepness_against_the_slope_of_the_exact_flow(evaluations):
    """Two points at -1 and 1 on the line: v = (tanh(t x / (1 - t)^2) - x) / (1 - t); the steepest place is the middle."""
    slope = 1.0
    for i in range(evaluations):
        t, h = i / evaluations, 1 / evaluations
        slope *= 1 + h * (t / (1 - t) ** 2 - 1) / (1 - t)
    assert slope == pytest.approx(bounds.flow_steepness(evaluations))


@pytest.mark.parametrize(("m", "s"), [(1.0, 0.2), (1.0, 0.3), (2.0, 0.5)])
def test_blob_slope_is_the_largest_quotient_of_densities(m, s):
    u = np.linspace(-2 * m, 2 * m, 4001)
    half = 0.5 * stats.norm.cdf(u, -m, s) + 0.5 * stats.norm.cdf(u, m, s)
    p = 0.5 * stats.norm.pdf(u, -m, s) + 0.5 * stats.norm.pdf(u, m, s)
    assert (stats.norm.pdf(stats.norm.ppf(half)) / p).max() == pytest.approx(bounds.blob_slope(m, s), rel=1e-6)


def test_sampled_slopes_grow_towards_the_true_one(rng):
    found = [bounds.sampled_slope(n, 1.0, 0.2) for n in (100, 1000, 10_000, 10**6, 10**8)]
    assert (np.diff(found) > 0).all()
    assert found[1] == pytest.approx(66.42, abs=0.01)
    assert found[-1] == pytest.approx(bounds.blob_slope(1.0, 0.2), rel=1e-2)
    assert bounds.sampled_slope(1000, 1.0, 0.2, 0.1) < found[1] < bounds.sampled_slope(1000, 1.0, 0.2, 0.9)
    # the edge of the interval, by quadrature of the mixture's density
    hit = 1 - 0.5 ** (1 / 1000)
    z = stats.norm.ppf(0.5 + hit / 2)
    edge = optimize.brentq(lambda u: integrate.quad(stats.norm(1.0, 0.2).pdf, -u, u)[0] - hit, 0, 1)
    density = 0.5 * (stats.norm.pdf(edge, 1.0, 0.2) + stats.norm.pdf(edge, -1.0, 0.2))
    assert stats.norm.pdf(z) / density == pytest.approx(found[1], rel=1e-6)


@pytest.mark.parametrize(("modes", "last"), [(2, 0.6), (4, 0.7)])
def test_the_last_mean_against_simulation(rng, modes, last):
    """Posterior means by the definition, all modes and both coordinates counted."""
    s, n, angle = 0.02, 100_000, 2 * np.pi * np.arange(modes) / modes
    centres = np.column_stack([np.cos(angle), np.sin(angle)])
    y = centres[rng.integers(modes, size=n)] + math.hypot((1 - last) / last, s) * rng.normal(size=(n, 2))
    v2 = ((1 - last) / last) ** 2 + s**2
    weight = np.exp(y @ centres.T / v2)
    centre = (weight / weight.sum(axis=1, keepdims=True)) @ centres
    found = centre + s**2 / v2 * (y - centre)
    far = np.linalg.norm(found[:, None] - centres, axis=2).min(axis=1) > math.sin(math.pi / modes) / 2
    law = bounds.last_mean_bridge(modes, last, s)
    assert far.mean() == pytest.approx(law, abs=0.03 * law + 6 * math.sqrt(law / n))


@given(st.integers(2, 30), st.floats(0.3, 0.9), st.floats(0.001, 0.09))
def test_the_last_mean_leaves_less_the_later_it_is_taken(modes, last, s):
    assert bounds.last_mean_bridge(modes, last + 0.01, s) <= bounds.last_mean_bridge(modes, last, s) + 1e-12


def test_blob_tail_against_simulation(rng):
    far = (np.linalg.norm(rng.normal(size=(200_000, 2)), axis=1) > 2).mean()
    assert far == pytest.approx(bounds.blob_tail(2.0, 1.0), abs=6 * math.sqrt(0.135 / 200_000))


def test_an_untrained_network_does_not_come_near_the_law(rng):
    """The verdict of prop-near-law turns when the fit is left out; the law itself holds for any network."""
    z, u = rng.normal(size=(2000, 2)), rng.choice([-0.5, 0.5], size=1000)
    fresh = rng.normal(size=(20_000, 2))
    fits = [learn.Fit(seed=1, steps=n, lr=1e-2, width=32, depth=3) for n in (1, 300)]
    bridge = [(np.abs(learn.fit_lipschitz(z, u, [1.0], fit)(fresh)) < 0.4).mean() for fit in fits]
    law = bounds.two_mode_bridge(0.8)
    assert bridge[0] > 2 * law
    assert law - 0.02 <= bridge[1] <= bounds.near_law(0.8)


def bridge_in_mp(law, gap):
    with mpmath.workdps(40):
        return float(law(mpmath.mpf(gap)))


@pytest.mark.parametrize("gap", [1e-15, 1e-12, 1e-7, 1e-3, 0.5, 8.0, 200.0])
@pytest.mark.parametrize("modes", [2, 3, 16, 1000])
def test_bridges_keep_their_digits_at_every_gap(modes, gap):
    def equal(g):
        edge = -mpmath.sqrt(2) * mpmath.erfinv(1 - mpmath.mpf(2) / modes)
        return 1 - modes * mpmath.ncdf(edge - g / 2)

    def simplex(g):
        def lead(x):
            return mpmath.npdf(x) * (mpmath.ncdf(x) ** (modes - 1) - mpmath.ncdf(x - g / mpmath.sqrt(2)) ** (modes - 1))

        return modes * mpmath.quad(lead, range(-12, 13, 2))

    assert bounds.equal_bridge(modes, gap) == pytest.approx(bridge_in_mp(equal, gap), rel=1e-11, abs=0)
    assert bounds.simplex_bridge(modes, gap) == pytest.approx(bridge_in_mp(simplex, gap), rel=1e-9, abs=0)
    if modes == 2:
        assert bounds.two_mode_bridge(gap) == pytest.approx(bridge_in_mp(equal, gap), rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.two_mode_bridge(-1.0), "gap must lie in [0, inf), got -1"),
        (lambda: bounds.mass_left([1.2], 0.1), "others must have its entries in [0, 1], got 1.2 at [0]"),
        (lambda: bounds.mass_left([0.8, 0.8], 0.1), "sum(others) <= 1 must hold"),
        (lambda: bounds.mass_left(0.5, 0.1), "others must have the shape (n,), got 0.5"),
        (lambda: bounds.equal_bridge(1, 0.1), "modes must lie in [2, inf), got 1"),
        (lambda: bounds.equal_bridge(2.5, 0.1), "modes must be a whole number in [2, inf), got 2.5"),
        (lambda: bounds.simplex_bridge(3, -0.1), "gap must lie in [0, inf), got -0.1"),
        (lambda: bounds.uniform_bridge(0, 0.1), "modes must lie in [1, inf), got 0"),
        (
            lambda: bounds.uniform_bridge(10, 0.5),
            "(modes - 1) * gap <= 1 must hold, got modes=10, gap=0.5",
        ),
        (lambda: bounds.touchable(0.0), "gap must lie in (0, inf), got 0"),
        (lambda: bounds.near_law(0.1, -1.0), "slack must lie in [0, inf), got -1"),
        (lambda: bounds.blob_slope(1.0, 0.5), "m >= 3 * s must hold, got m=1.0, s=0.5"),
        (lambda: bounds.sampled_slope(49, 1.0, 0.2), "samples must lie in [50, inf), got 49"),
        (lambda: bounds.sampled_slope(math.inf, 1.0, 0.2), "samples must be a whole number in [50, inf), got inf"),
        (lambda: bounds.sampled_slope(50, 1.0, 0.2, 0.1), "q**(1 / samples) > 0.978 must hold, got samples=50, q=0.1"),
        (lambda: bounds.flow_steepness(0), "evaluations must lie in [1, 1000000], got 0"),
        (lambda: bounds.flow_steepness(2.5), "evaluations must be a whole number in [1, 1000000], got 2.5"),
        (lambda: bounds.budget_bridge(2, 1, 1.0), "evaluations must lie in [2, 1000000], got 1"),
        (lambda: bounds.last_mean_bridge(2, 1.0, 0.1), "last must lie in [0.01, 1), got 1"),
        (lambda: bounds.last_mean_bridge(2, 0.9, 0.2), "s < (1 - last) / last must hold, got last=0.9, s=0.2"),
        (lambda: bounds.near_budget(2.0), "bridge must lie in [0, 1], got 2"),
        (lambda: bounds.blob_tail(1.0, 0.0), "s must lie in (0, inf), got 0"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
