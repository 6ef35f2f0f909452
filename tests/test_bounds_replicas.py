"""Chapter 08, the guarantee: right-hand sides by hand, against simulation and quadrature, and laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from qbc import bounds, noising, policies, systems

LANES = dict(weight=0.7, m=1.0, s=0.1)
half, width, share = st.floats(0.1, 3), st.floats(0.05, 3), st.floats(0.05, 0.95)


def test_worked_by_hand():
    assert bounds.replica_guarantee(1, 0.1, 5.0, 1.0) == pytest.approx(0.1)
    assert bounds.replica_guarantee(3, 0.1, 2.0, 1.0) == pytest.approx(0.3 + 2 * (2 * stats.norm.cdf(1) - 1))
    assert bounds.lane_share(0, **LANES, train=1, test=0) == 0.7
    assert bounds.lane_left(1, weight=0.5, m=1.0, s=0.0, sigma=1.0) == pytest.approx(bounds.mode_swap(1.0))
    assert bounds.lane_left(0, **LANES, sigma=1.0) == 0
    assert bounds.loop_law(0, keep=0.3, theta=0.9, noise=1.0, error=0.1) == (0.0, 1.0)
    assert bounds.loop_law(1, keep=0.0, theta=0.9, noise=1.0, error=0.1) == pytest.approx((0.1, 1.0))
    assert bounds.loop_law(2, keep=0.0, theta=0.5, noise=1.0, error=1.0) == pytest.approx((1.25, 1.0))
    assert bounds.normal_tv(0.0, 1.0) == 0.0
    assert bounds.normal_tv(1.0, 1.0) == pytest.approx(math.erf(1 / math.sqrt(8)))
    assert bounds.normal_tv(50.0, 1.0) == pytest.approx(1.0)


@given(share, half, width, width, st.integers(0, 30))
def test_exact_replica_noising_keeps_the_share(weight, m, s, sigma, steps):
    assert bounds.lane_share(steps, weight=weight, m=m, s=s, train=sigma, test=sigma) == pytest.approx(weight, abs=1e-13)


@given(share, half, width, width, st.integers(1, 30))
def test_lanes_are_left_no_faster_than_the_union_bound(weight, m, s, sigma, horizon):
    once = bounds.lane_left(1, weight=weight, m=m, s=s, sigma=sigma)
    assert once - 1e-12 <= bounds.lane_left(horizon, weight=weight, m=m, s=s, sigma=sigma) <= min(1, horizon * once) + 1e-9


@given(share, half, width, st.floats(0, 2), st.integers(1, 8))
def test_no_exact_sampler_drifts_faster_than_the_guarantee(weight, m, sigma, eps, horizon):
    p = bounds.lane_share(horizon, weight=weight, m=m, s=0.0, train=sigma, test=sigma, error=-eps)
    assert abs(p - weight) <= bounds.replica_guarantee(horizon, 0.0, eps, sigma) + 1e-9


@pytest.mark.parametrize(("train", "test", "error"), [(1, 1, 0), (1, 0, 0), (0, 1, 0), (1, 1, -0.9), (0.6, 1.2, 0.4)])
def test_shares_and_changes_are_those_of_a_simulation(train, test, error):
    rng, n, H = np.random.default_rng(0), 200_000, 4
    lanes = noising.GaussianMixture(np.array([0.7, 0.3]), np.array([[1.0], [-1.0]]), np.full((2, 1, 1), 0.01))

    def exact(x, rng):
        clean = lanes.posterior(x, train, rng) if train else x
        return np.sign(clean) + 0.1 * rng.normal(size=x.shape)

    plant = systems.System(lambda x, u: u + error, 1, 1, 0.0, 1.0)
    run = systems.rollout(plant, policies.noised(exact, test), lanes.sample(n, rng), H, rng)
    shares = (run.u[:, :, 0] > 0).mean(axis=0)
    law = [bounds.lane_share(t, **LANES, train=train, test=test, error=error) for t in range(1, H + 1)]
    assert shares == pytest.approx(law, abs=0.006)
    if train == test and not error:
        left = (np.sign(run.x) != np.sign(run.x[:, :1])).any(axis=(1, 2)).mean()
        assert left == pytest.approx(bounds.lane_left(H, **LANES, sigma=1.0), abs=0.006)


@pytest.mark.parametrize(
    ("keep", "theta", "noise", "error", "horizon"), [(0.3, 0.95, 0.5, 0.1, 40), (0.8, 0.5, 2.0, 0.3, 3), (0, 0.9, 0, 0.1, 9)]
)
def test_the_loop_is_a_recursion(keep, theta, noise, error, horizon):
    r = 1 / (1 + noise**2)
    q = (1 - (keep + (1 - keep) * theta) ** 2) / (1 - keep) ** 2
    added = (1 - keep) ** 2 * (q + theta**2 * (1 - r) * (1 + r))
    mean, variance = 0.0, 1.0
    for _ in range(horizon):
        pole = keep + (1 - keep) * theta * r
        mean, variance = pole * mean + (1 - keep) * error, pole**2 * variance + added
    assert bounds.loop_law(horizon, keep=keep, theta=theta, noise=noise, error=error) == pytest.approx((mean, variance), rel=1e-12)


@given(st.floats(0, 0.95), st.floats(0, 0.95), st.floats(0, 3))
def test_the_loop_ends_at_the_variance_of_the_schemes(keep, theta, noise):
    _, variance = bounds.loop_law(100_000, keep=keep, theta=theta, noise=noise, error=0.0)
    assert variance == pytest.approx(bounds.scheme_ratio("replica", keep, theta, noise))


@given(st.floats(0, 3), st.floats(0.05, 20))
def test_total_variation_of_normals_is_an_integral(mean, variance):
    sd = math.sqrt(variance)

    grid = np.linspace(-60, 60, 400)
    z = grid[:-1, None] + np.diff(grid)[:, None] * (special.roots_legendre(20)[0] + 1) / 2
    gaps = np.abs(stats.norm.pdf(z, mean, sd) - stats.norm.pdf(z)) / 2
    total = gaps @ special.roots_legendre(20)[1] @ np.diff(grid) / 2
    assert bounds.normal_tv(mean, variance) == pytest.approx(total, abs=2e-4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: bounds.replica_guarantee(0, 0.1, 0.1, 1.0), "horizon must lie in"),
        (lambda: bounds.replica_guarantee(3, 1.1, 0.1, 1.0), "d_train must lie in"),
        (lambda: bounds.lane_share(3, weight=1.0, m=1.0, s=0.1, train=1.0, test=1.0), "weight must lie in"),
        (lambda: bounds.lane_share(3, weight=0.5, m=1.0, s=0.0, train=0.0, test=1.0), "s \\+ train > 0 must hold"),
        (lambda: bounds.lane_left(-1, weight=0.5, m=1.0, s=0.0, sigma=1.0), "horizon must lie in"),
        (lambda: bounds.loop_law(3, keep=1.0, theta=0.5, noise=1.0, error=0.0), "keep must lie in"),
        (lambda: bounds.normal_tv(-0.1, 1.0), "mean must lie in"),
    ],
)
def test_arguments_outside_the_domain_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
