"""Chapter 08b, right-hand sides: by hand, against simulation and quadrature; and that the verdicts need the learner."""

import math
import re

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from qbc import bounds, learn
from qbc.demonstrations import demonstrations

LANES = dict(m=1.0, s=0.03, kappa=0.5, d=0.02, r=0.3)


def test_worked_by_hand():
    assert bounds.lane_posterior_mean(0.25, 1.0, 0.0, 0.5) == pytest.approx(math.tanh(1))
    assert bounds.lane_flip(0.0, 1.0, 0.1, train=0.3, test=0.3) == pytest.approx(0.5)
    assert bounds.lane_flip(1.0, 1.0, 0.0, train=1.0, test=0.0) == pytest.approx(1 / (1 + math.e**2))  # the talk's atoms, .119
    assert bounds.shifted_power(0.5, 0.0) == 0.5
    assert bounds.shifted_power(1.0, -3.0) == bounds.flip_floor(3, 1.0, 2.0) == 1.0
    assert bounds.shifted_power(0.0, 3.0) == 0.0
    assert bounds.shifted_power(stats.norm.cdf(-2), 1.0) == pytest.approx(stats.norm.cdf(-1))
    assert bounds.flip_floor(2, 0.5, 0.0) == pytest.approx(0.75)
    assert bounds.ridge_slope(0.15, 1.0, 2.0) == pytest.approx(0.05)
    assert bounds.resting_state(1e-3, 0.05) == pytest.approx(0.02)
    assert bounds.slope_left(0.8, 0.1, 2.5, 3) == pytest.approx(0.1)
    assert bounds.learning_time(8.0, 0.1, 2.5) == pytest.approx(3)
    assert bounds.off_lanes(1.0, 1 - math.tanh(1), train=1.0, test=1.0) == pytest.approx(0.5 - stats.norm.cdf(-2))


@pytest.mark.parametrize("test", [0.0, 0.4])
def test_lane_failure_against_a_simulated_exact_sampler(test, rng):
    train, n = (0.6, 40_000) if test == 0 else (0.4, 40_000)
    m, s, kappa, d, r = LANES.values()
    own = rng.choice([-1.0, 1.0], size=n)
    x, failed = own + s * rng.normal(size=n), np.zeros(n, dtype=bool)
    for _ in range(20):
        seen = x + test * rng.normal(size=n)
        up = rng.random(n) < 1 / (1 + np.exp(-2 * m * seen / (s**2 + train**2)))
        x = kappa * x + (1 - kappa) * (np.where(up, m, -m) + s * rng.normal(size=n)) + d
        failed |= np.abs(x - own * m) > r
    p = bounds.lane_failure(20, train=train, test=test, **LANES)
    assert failed.mean() == pytest.approx(p, abs=6 * math.sqrt(p * (1 - p) / n))


def test_lane_failure_does_not_depend_on_its_grid_and_rises_with_horizon():
    a, b = (bounds.lane_failure(30, train=0.4, test=0.4, cells=cells, **LANES) for cells in (301, 900))
    assert a == pytest.approx(b, abs=1e-9)
    assert bounds.lane_failure(10, train=0.4, test=0.4, **LANES) < a


@given(st.floats(0.001, 0.999), st.floats(0, 3))
def test_shifted_power_is_attained_by_half_spaces_and_dominates_every_interval(p, shift):
    edge = stats.norm.ppf(p)
    assert stats.norm.cdf(edge, loc=-shift) == pytest.approx(bounds.shifted_power(p, shift))  # the event {w < edge}
    width = stats.norm.ppf((1 + p) / 2)  # the event {|w| < width} has the same probability at no shift
    assert stats.norm.cdf(width + shift) - stats.norm.cdf(-width + shift) <= bounds.shifted_power(p, shift) + 1e-12


@given(st.floats(0, 1), st.floats(0, 3), st.integers(1, 100))
def test_the_floor_rises_with_the_horizon_and_falls_with_the_distance(p, shift, horizon):
    assert bounds.flip_floor(horizon, p, shift) <= bounds.flip_floor(horizon + 1, p, shift) + 1e-12
    assert bounds.flip_floor(horizon, p, shift + 1) <= bounds.flip_floor(horizon, p, shift) + 1e-12


@pytest.mark.parametrize(("sigma", "replica"), [(0.1, 2.0206), (0.2, 2.0907), (0.3, 2.2623)])
def test_ring_diffusion_in_units_of_the_noise(sigma, replica):
    assert bounds.ring_diffusion(sigma, "replica") / sigma**2 == pytest.approx(replica, rel=1e-4)
    for scheme in ("train", "test"):
        assert bounds.ring_diffusion(sigma, scheme) / sigma**2 == pytest.approx(1, abs=1.6 * sigma**2)


@pytest.mark.parametrize("scheme", ["train", "test", "replica"])
def test_one_one_two_within_two_per_cent_up_to_a_tenth(scheme):
    for sigma in (0.02, 0.05, 0.1):
        assert bounds.ring_diffusion(sigma, scheme) / sigma**2 == pytest.approx(2 if scheme == "replica" else 1, rel=0.02)


def test_ring_diffusion_of_train_only_noise_is_a_von_mises_moment():
    moment = integrate.quad(lambda a: a**2 * stats.vonmises.pdf(a, 1 / 0.09), -np.pi, np.pi)[0]
    assert bounds.ring_diffusion(0.3, "train") == pytest.approx(moment, rel=1e-9)


@pytest.mark.parametrize("scheme", ["test", "replica"])
def test_ring_diffusion_against_simulation(scheme, rng):
    sigma, n = 0.5, 400_000
    z = 1 + sigma * (rng.normal(size=n) + 1j * rng.normal(size=n))
    angle = np.angle(z) if scheme == "test" else rng.vonmises(np.angle(z), np.abs(z) / sigma**2)
    square = np.angle(np.exp(1j * angle)) ** 2
    assert square.mean() == pytest.approx(bounds.ring_diffusion(sigma, scheme), abs=6 * square.std() / math.sqrt(n))


@given(st.floats(1e-6, 1), st.integers(0, 2**31))
def test_ridge_slope_is_what_ridge_regression_leaves(lam, seed):
    x = np.random.default_rng(seed).normal(size=50)
    z = (x - x.mean()) / 0.3
    v = -(z @ (0.15 * x)) / (z @ z + lam)
    assert bounds.ridge_slope(0.15, lam, float(z @ z)) == pytest.approx(0.15 + v / 0.3, abs=1e-9)


def test_resting_state_is_reached():
    x = 0.0
    for _ in range(500):
        x = 0.9 * x + 0.05 * x + 1e-3
    assert x == pytest.approx(bounds.resting_state(1e-3, 0.05))


@given(st.floats(0, 0.5), st.integers(0, 60), st.integers(0, 2**31))
def test_slope_left_is_what_gradient_descent_leaves(rate, steps, seed):
    z = np.random.default_rng(seed).normal(size=(20, 1))
    variance = float((z**2).mean())
    lr = rate / variance + 1e-12
    left = 0.7 + learn.descend(z, -0.7 * z, steps=steps + 1, lr=lr)[-1].item()
    assert left == pytest.approx(bounds.slope_left(0.7, lr, variance, steps), abs=1e-12)


@given(st.floats(1, 1e6), st.floats(1e-9, 0.4))
def test_after_the_learning_time_the_slope_has_shrunk_by_the_factor(shrink, rate):
    t = bounds.learning_time(shrink, rate, 1.0)
    assert bounds.slope_left(shrink, rate, 1.0, math.ceil(t)) <= 1 + 1e-6 <= bounds.slope_left(shrink, rate, 1.0, math.floor(t)) + 2e-6


def test_the_learning_time_is_inverse_to_the_variance_of_the_inputs():
    slow, fast = (bounds.learning_time(3.0, 1e-4, v) for v in (0.1**2, 0.1**2 + 0.3**2))
    assert slow / fast == pytest.approx(10, rel=1e-3)


@pytest.mark.parametrize(("train", "test"), [(0.6, 0.6), (0.4, 0.4), (0.3, 1.0)])
def test_off_lanes_against_simulated_mean_targets(train, test, rng):
    seen = 1.0 + test * rng.normal(size=400_000)
    off = np.abs(np.tanh(seen / train**2)) < 0.6
    assert off.mean() == pytest.approx(bounds.off_lanes(1.0, 0.4, train=train, test=test), abs=6 * off.std() / math.sqrt(400_000))


@pytest.mark.parametrize(("train", "test"), [(0.4, 0.4), (0.6, 0.0)])
def test_lane_failure_where_states_never_leave_the_centre(train, test, rng):
    """Demonstrated states exactly at +-m: a start and odds without spread, targets with one."""
    n, d, r, s = 100_000, 0.08, 0.4, 0.03
    x, side, alive = np.ones(n), rng.choice([-d, d], size=n), np.ones(n, dtype=bool)
    for _ in range(30):
        flips = special.expit(-2 * (x + test * rng.normal(size=n)) / train**2)
        alive &= rng.random(n) >= flips
        x = 0.5 * x + 0.5 * (1 + s * rng.normal(size=n)) + side
        alive &= np.abs(x - 1) <= r
    p = bounds.lane_failure(30, train=train, test=test, m=1.0, s=s, kappa=0.5, d=d, r=r, spread=0.0)
    assert 1 - alive.mean() == pytest.approx(p, abs=6 * math.sqrt(p * (1 - p) / n))
    near = bounds.lane_failure(30, train=train, test=test, m=1.0, s=s, kappa=0.5, d=d, r=r, spread=0.01)
    assert p == pytest.approx(near, abs=0.002)


def test_without_a_spread_the_states_are_spread_as_the_targets():
    a, b = (bounds.lane_failure(20, train=0.5, test=0.5, spread=spread, **LANES) for spread in (None, LANES["s"]))
    assert a == b


@pytest.mark.parametrize(("failures", "setting"), [  # two independent routes agree in these digits
    (0.7985, dict(train=0.1, test=0.0, m=1.0, s=0.1, kappa=0.5, d=0.05, r=0.2)),
    (0.2670, dict(train=0.256, test=0.256, m=1.0, s=0.032, kappa=0.53, d=0.056, r=0.162)),
])  # fmt: skip
def test_lane_failure_where_mass_lies_at_the_edge_of_the_tube(failures, setting, rng):
    p = bounds.lane_failure(50, **setting)
    assert p == pytest.approx(failures, abs=6e-5)
    assert p == pytest.approx(bounds.lane_failure(50, cells=900, **setting), abs=1e-8)
    m, s, kappa, d, r = (setting[k] for k in LANES)
    n = 200_000
    x, side, alive = m + s * rng.normal(size=n), rng.choice([-d, d], size=n), np.ones(n, dtype=bool)
    for _ in range(50):
        alive &= np.abs(x - m) <= r
        flips = special.expit(-2 * m * (x + setting["test"] * rng.normal(size=n)) / (s**2 + setting["train"] ** 2))
        alive &= rng.random(n) >= flips
        x = kappa * x + (1 - kappa) * (m + s * rng.normal(size=n)) + side
    alive &= np.abs(x - m) <= r
    assert 1 - alive.mean() == pytest.approx(p, abs=6 * math.sqrt(p * (1 - p) / n))


def test_a_lane_as_wide_as_the_road_is_resolved_at_the_middle():
    """With r > m the flip is a step inside the tube, at x = 0."""
    wide = dict(m=1.0, s=0.1, kappa=0.0, d=0.02, r=1.1)
    a, b = (bounds.lane_failure(5, train=0.01, test=0.0, cells=cells, **wide) for cells in (301, 1200))
    assert a == pytest.approx(b, abs=1e-9)


def test_a_faint_flip_keeps_its_digits():
    p = stats.norm.cdf(stats.norm.ppf(1e-12) - 0.5)
    assert bounds.flip_floor(10, 1e-12, 0.5) == pytest.approx(10 * p, rel=1e-10)


@pytest.mark.parametrize("sigma", [1e-9, 1e-3, 0.02, 0.1, 0.3, 0.6, 1.0, 3.0, 100.0])
def test_ring_diffusion_by_other_routes_at_every_noise(sigma):
    """The angle of a normal point has a density in closed form; the sum of two angles, a Fourier series."""
    e = mpmath.mpf(sigma)

    def density(a):
        c = mpmath.cos(a) / e
        return mpmath.exp(-1 / (2 * e**2)) + mpmath.sqrt(2 * mpmath.pi) * c * mpmath.exp(-((mpmath.sin(a) / e) ** 2) / 2) * mpmath.ncdf(
            c
        )

    ends = [mpmath.mpf(0), *(3 * k * e for k in range(1, 14) if 3 * k * e < mpmath.pi), mpmath.pi]
    moment = float(mpmath.quad(lambda a: a**2 * density(a), ends) / mpmath.pi)
    assert bounds.ring_diffusion(sigma, "test") == pytest.approx(moment, rel=1e-9)
    if 0.02 <= sigma <= 3:
        z, w = special.roots_legendre(400)
        low, high = max(0, 1 - 11 * sigma), 1 + 11 * sigma
        r = (low + high) / 2 + (high - low) / 2 * z
        law = w * (high - low) / 2 * r / sigma**2 * np.exp(-(((r - 1) / sigma) ** 2) / 2) * special.i0e(r / sigma**2)
        j = np.arange(1, 600)
        waves = (special.ive(j[:, None], r / sigma**2) / special.i0e(r / sigma**2)) ** 2 @ law
        replica = np.pi**2 / 3 + 4 * ((-1.0) ** j / j**2) @ waves
        assert bounds.ring_diffusion(sigma, "replica") == pytest.approx(replica, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.lane_posterior_mean(0.1, 1.0, 0.0, 0.0), "s + sigma > 0 must hold, got s=0.0, sigma=0.0"),
        (lambda: bounds.lane_posterior_mean(math.nan, 1.0, 0.1, 0.0), "x must lie in (-inf, inf), got nan"),
        (lambda: bounds.lane_flip(1.0, 1.0, 0.1, train=0.1, test=-1.0), "test must lie in [0, inf), got -1"),
        (lambda: bounds.lane_flip(1.0, 1.0, 0.1, train=0.1, test=math.nan), "test must lie in [0, inf), got nan"),
        (lambda: bounds.lane_flip(math.nan, 1.0, 0.1, train=0.1, test=0), "x must lie in (-inf, inf), got nan"),
        (lambda: bounds.lane_flip(1.0, 1.0, 0.0, train=0.0, test=0.1), "s + train > 0 must hold, got s=0.0, train=0.0"),
        (lambda: bounds.lane_failure(5, train=0.0, test=0.1, **LANES), "train must lie in (0, inf), got 0"),
        (lambda: bounds.lane_failure(5, train=0.2, test=-0.25, **LANES), "test must lie in [0, inf), got -0.25"),
        (lambda: bounds.lane_failure(5, train=0.2, test=math.nan, **LANES), "test must lie in [0, inf), got nan"),
        (lambda: bounds.lane_failure(50, train=0.2, test=0.2, **LANES | {"r": -0.3}), "r must lie in (0, inf), got -0.3"),
        (lambda: bounds.lane_failure(5, train=0.2, test=0.2, cells=0, **LANES), "cells must lie in [1, 2000], got 0"),
        (
            lambda: bounds.lane_failure(5, train=0.2, test=0.2, **LANES | {"kappa": 0.9}),
            "kappa * r - 2 * (1 - kappa) * m + abs(d) + 6 * (1 - kappa) * s < -r must hold",
        ),
        (lambda: bounds.lane_failure(5, train=0.2, test=0.2, **LANES | {"s": 1e-4}), "(1 - kappa) * s > 4 * r / cells must hold"),
        (lambda: bounds.shifted_power(1.5, 0.0), "p must lie in [0, 1], got 1.5"),
        (lambda: bounds.shifted_power(0.5, math.inf), "shift must lie in (-inf, inf), got inf"),
        (lambda: bounds.flip_floor(5, 0.1, -1.0), "shift must lie in [0, inf), got -1"),
        (lambda: bounds.ring_diffusion(0.1, "none"), "scheme must be 'train' or 'test' or 'replica', got 'none'"),
        (lambda: bounds.ring_diffusion(0.0, "train"), "sigma must lie in (0, inf), got 0"),
        (lambda: bounds.ridge_slope(0.15, 0.0, 1.0), "lam must lie in (0, inf), got 0"),
        (lambda: bounds.ridge_slope(math.nan, 1.0, 1.0), "prior must lie in (-inf, inf), got nan"),
        (
            lambda: bounds.ridge_slope(np.array([0.1, 0.2]), 1.0, 1.0),
            "prior must be a real number in (-inf, inf), got an array of shape (2,)",
        ),
        (lambda: bounds.resting_state(1e-3, 0.1), "abs(a + slope) < 1 must hold, got slope=0.1, a=0.9"),
        (lambda: bounds.resting_state(math.nan, 0.0), "eps must lie in (-inf, inf), got nan"),
        (lambda: bounds.slope_left(0.1, 1.0, 0.6, 1), "2 * lr * variance <= 1 must hold, got lr=1.0, variance=0.6"),
        (lambda: bounds.learning_time(0.5, 0.1, 1.0), "shrink must lie in [1, inf), got 0.5"),
        (lambda: bounds.learning_time(2.0, 0.5, 1.0), "2 * lr * variance < 1 must hold, got lr=0.5, variance=1.0"),
        (lambda: bounds.off_lanes(1.0, 1.0, train=0.1, test=0.1), "r < m must hold, got m=1.0, r=1.0"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()


@pytest.mark.parametrize(("steps", "snaps"), [(1, False), (1200, True)])
def test_an_untrained_sampler_neither_snaps_nor_follows_the_law(steps, snaps, rng):
    lane = rng.choice([-1.0, 1.0], size=(4000, 1))
    x, c = lane + 0.03 * rng.normal(size=lane.shape), lane + 0.03 * rng.normal(size=lane.shape)
    fit = learn.Fit(seed=0, steps=steps, lr=3e-3, batch=128, width=32)
    sampler = learn.fit_denoiser(demonstrations(x, c).noised(0.4), fit, path="levels", guess="velocity", clip=False, wide=True)
    between = np.array([-0.6, -0.4, -0.2, 0.2, 0.4, 0.6])
    shown = sampler(np.repeat(between, 500)[None, :, None], rng).reshape(6, 500).mean(axis=1)
    law = np.array([bounds.lane_posterior_mean(v, 1.0, 0.03, 0.4) for v in between])
    assert (np.abs(shown - law).mean() <= 0.2) == snaps
