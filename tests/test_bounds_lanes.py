"""Chapter 08, lanes and ring, right-hand sides: by hand, against simulation and quadrature; and that the verdicts need the learner."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from qbc import bounds, learn

LANES = dict(m=1.0, s=0.03, kappa=0.5, d=0.02, r=0.3)


def test_worked_by_hand():
    assert bounds.lane_posterior_mean(0.25, 1.0, 0.0, 0.5) == pytest.approx(math.tanh(1))
    assert bounds.lane_flip(0.0, 1.0, 0.1, train=0.3, test=0.3) == pytest.approx(0.5)
    assert bounds.lane_flip(1.0, 1.0, 0.0, train=1.0, test=0.0) == pytest.approx(1 / (1 + math.e**2))  # the talk's atoms, .119
    assert bounds.lane_prediction() == 0.8
    assert bounds.shifted_power(0.5, 0.0) == 0.5
    assert bounds.shifted_power(0.0, 3.0) == 0.0
    assert bounds.shifted_power(stats.norm.cdf(-2), 1.0) == pytest.approx(stats.norm.cdf(-1))
    assert bounds.flip_floor(2, 0.5, 0.0) == pytest.approx(0.75)
    assert bounds.ring_small("replica") == 2
    assert bounds.radius_growth(0.6) == pytest.approx(1.25)


@pytest.mark.parametrize(("kappa", "swap"), [(0.5, 0.3980), (1.0, 0.2248), (1.5, 0.0986), (2.0, 0.0343), (3.0, 0.00208)])
def test_lane_flip_of_two_atoms_is_the_mode_swap(kappa, swap):
    assert bounds.lane_flip(1.0, 1.0, 0.0, train=1 / kappa, test=1 / kappa) == pytest.approx(swap, rel=3e-3)


@given(st.floats(-1, 1), st.floats(0.1, 1), st.floats(0, 1))
def test_lanes_are_alike_and_a_flip_is_rarer_near_the_own_lane(x, train, test):
    p, q = (bounds.lane_flip(v, 1.0, 0.03, train=train, test=test) for v in (x, -x))
    assert p + q == pytest.approx(1)
    assert bounds.lane_flip(x + 0.1, 1.0, 0.03, train=train, test=test) <= p + 1e-12


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
    assert a == pytest.approx(b, rel=1e-6)
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
        assert bounds.ring_diffusion(sigma, scheme) / sigma**2 == pytest.approx(bounds.ring_small(scheme), rel=0.02)


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


def test_radius_growth_dominates_the_errors_of_every_step_and_is_their_limit():
    errors = np.sqrt(np.cumsum(0.6 ** (2 * np.arange(50))))
    assert errors.max() <= bounds.radius_growth(0.6) + 1e-12
    assert errors[-1] == pytest.approx(bounds.radius_growth(0.6))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.lane_posterior_mean(0.1, 1.0, 0.0, 0.0), "some noise"),
        (lambda: bounds.lane_flip(1.0, 1.0, 0.1, train=0.1, test=-1.0), "noise nonnegative"),
        (lambda: bounds.lane_failure(5, train=0.0, test=0.1, **LANES), "trained with noise"),
        (lambda: bounds.lane_failure(5, train=0.2, test=0.2, **LANES | {"kappa": 0.9}), "a flip leaves"),
        (lambda: bounds.lane_failure(5, train=0.2, test=0.2, **LANES | {"s": 1e-4}), "grid resolves s"),
        (lambda: bounds.shifted_power(1.5, 0.0), "probability"),
        (lambda: bounds.flip_floor(5, 0.1, -1.0), "shift nonnegative"),
        (lambda: bounds.ring_small("none"), "scheme known"),
        (lambda: bounds.ring_diffusion(0.001, "train"), "sigma between"),
        (lambda: bounds.radius_growth(1.0), "gain in 0 1"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(("steps", "snaps"), [(1, False), (1200, True)])
def test_an_untrained_sampler_neither_snaps_nor_follows_the_law(steps, snaps, rng):
    lane = rng.choice([-1.0, 1.0], size=(4000, 1))
    x, c = lane + 0.03 * rng.normal(size=lane.shape), lane + 0.03 * rng.normal(size=lane.shape)
    sampler = learn.fit_diffusion(x, c, [0.4], seed=0, steps=steps, width=32)
    between = np.array([-0.6, -0.4, -0.2, 0.2, 0.4, 0.6])
    shown = sampler(np.repeat(between, 500)[None, :, None], rng).reshape(6, 500).mean(axis=1)
    law = np.array([bounds.lane_posterior_mean(v, 1.0, 0.03, 0.4) for v in between])
    assert (np.abs(shown - law).mean() <= 0.2) == snaps
