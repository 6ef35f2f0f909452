"""Chapter 07, right-hand sides: worked by hand, against quadrature and simulation, dominating and tight, refusing what lies outside."""

import itertools
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from qbc import bounds, learn, quantizers, systems
from qbc.claims import ClaimError, check, proportion
from qbc.divergences import tv_eps


def test_worked_by_hand():
    assert bounds.shifted_normals(1.0, 0.0) == pytest.approx(0.3829249)
    assert bounds.shifted_normals(1.0, 2.0) == 0.0
    assert bounds.bernoulli_tv(1.0, 3.0) == pytest.approx(0.3)
    assert bounds.bernoulli_tv(6.0, 20.0) == pytest.approx(0.1)
    assert bounds.bernoulli_tv(7.0, 20.0) == 0
    assert bounds.deterministic_tv(1.0, 1.0) == 0.0
    assert bounds.deterministic_tv(1.0, 1.1) == 1.0
    assert bounds.softmax_tv([[3.0, 4.0], [0.0, 0.0]], 0.1) == pytest.approx(0.125)
    assert bounds.tvc_additive(10, 0.01, 0.5, 0.02) == pytest.approx(0.2)
    assert bounds.network_slope(3.0, 0.5) == pytest.approx(1.5)
    assert bounds.steering_slope(0.2, 0.01, 0.2, 0.1) == pytest.approx(6.0)
    assert bounds.steering_slope(0.2, 0.01, 0.9, 0.0) == 0.0
    assert bounds.steering_floor(2, 0.15, alpha=0.9, beta=1.0) == pytest.approx(4 / 3)  # kappa is .75
    assert bounds.steering_floor(10, 0.1, alpha=0.5, beta=1.0, shift=0.5) == pytest.approx(0.5)
    assert bounds.boundary_parting(3, 0.2, 0.5, 0.01, a=0.5) == pytest.approx(1 - 0.99 * 0.94 * 0.915)
    assert bounds.boundary_parting(3, 0.2, 0.5, -0.07, a=0.5) == pytest.approx(0.005)  # nothing before the gap has grown
    assert bounds.tvc_share_used(2, 0.01) == pytest.approx(0.05)  # fires at t = 1 with .0015, the bound is .03
    assert [bounds.tvc_share_used(h, 1e-4) for h in (50, 100, 200, 400)] == pytest.approx([0.799, 0.894, 0.937, 0.947], abs=5e-4)
    assert (bounds.offset_train(0.01, 0.01), bounds.offset_train(0.009, 0.01)) == (0.0, 1.0)
    assert bounds.dithered_firing(2, 0.01, 0.2) == pytest.approx(0.0075)
    assert bounds.dithered_tv(0.15, 0.2, 0.1) == pytest.approx(0.3)
    assert bounds.nearest_fires(100, 1.0, 1.0) == 4  # 1.5 (1 - .9^t) >= .5
    assert bounds.nearest_fires(100, 0.33, 1.0) == 100
    assert bounds.nearest_escape(11.0, 1, 0.0, 1.0) == pytest.approx(11.05)
    assert bounds.dithered_mean(2, 0.01) == pytest.approx(0.0205)
    assert bounds.frozen_firing(2, 0.01, 0.2) == pytest.approx(0.0075)


@given(st.floats(0, 4), st.floats(0, 1))
def test_shifted_normals_by_quadrature(shift, eps):
    r = max(shift - eps, 0.0)
    z = np.linspace(-10, 15, 20_001)
    overlap = integrate.trapezoid(np.minimum(stats.norm.pdf(z), stats.norm.pdf(z - r)), z)
    assert bounds.shifted_normals(shift, eps) == pytest.approx(1 - overlap, abs=1e-6)


@given(st.integers(2, 5), st.integers(1, 4), st.integers(0, 2**32 - 1), st.floats(1e-4, 5))
def test_softmax_dominates_and_two_even_tokens_attain_it(k, d, seed, r):
    rng = np.random.default_rng(seed)
    w, b, v = rng.normal(size=(k, d)), rng.normal(size=k), rng.normal(size=d)
    v *= r / np.linalg.norm(v)
    p, q = special.softmax(b), special.softmax(b + w @ v)
    assert np.abs(p - q).sum() / 2 <= bounds.softmax_tv(w, r) + 1e-12
    even = math.tanh(np.linalg.norm(w[0] - w[1]) * r / 4)  # the exact value across the boundary of two tokens
    assert even <= bounds.softmax_tv(w[:2], r) + 1e-12
    if r < 1e-3:
        assert even == pytest.approx(bounds.softmax_tv(w[:2], r), rel=1e-4)


@given(st.floats(0, 1), st.floats(0, 0.99), st.floats(1e-3, 5), st.floats(1e-3, 1), st.floats(0, 1))
def test_the_floor_is_the_least_of_the_sum_over_all_training_errors(d, alpha, steering, eps, shift):
    """D + L beta eps / (1 - alpha) with the least slope that D leaves."""
    least = bounds.steering_slope(steering, eps, d, shift)
    floor = bounds.steering_floor(1, steering, alpha=alpha, beta=1.0, shift=shift)
    assert bounds.tvc_additive(1, d, least, bounds.contraction(alpha, 1.0, eps)) >= floor - 1e-9


@given(st.floats(0.1, 3), st.floats(0.01, 0.3), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_no_law_of_tokens_is_less_steep_than_the_floor(steering, eps, n_tokens, seed):
    """Random token heads against u = -steering x on a ring of states, which a shift leaves as it is."""
    rng = np.random.default_rng(seed)
    r = 2 * eps / steering * (1 + 1e-9)
    n = 12  # states r apart; the ends are not neighbours, so the shift moves 1 / n of the law
    x = r * np.arange(n)
    values = rng.uniform(-steering * x[-1], 0, n_tokens)
    p = special.softmax(rng.normal(scale=5, size=(n, n_tokens)) - np.abs(values + steering * x[:, None]) / eps, axis=1)
    d = (p * (np.abs(values + steering * x[:, None]) > eps)).sum(axis=1).mean()
    slope = max(np.abs(p[i] - p[i + 1]).sum() / 2 / r for i in range(n - 1))
    assert slope >= bounds.steering_slope(steering, eps, d, 1 / n) * (1 - 1e-6)


@given(st.integers(2, 400), st.floats(1e-7, 0.05))
def test_the_bernoulli_learner_stays_below_the_additive_bound_and_tends_to_its_limit(horizon, eps):
    share = bounds.tvc_share_used(horizon, eps)
    limit = 1 - 10 * (1 - 0.9**horizon) / horizon
    assert share <= limit * (1 + 1e-6)
    assert bounds.tvc_share_used(horizon, 1e-9) == pytest.approx(limit, rel=1e-5)


@given(st.integers(1, 400), st.floats(1e-7, 0.05))
def test_a_head_with_no_tilt_parts_as_the_bernoulli_learner_fires(horizon, eps):
    fires = bounds.tvc_share_used(horizon, eps) * horizon * 1.5 * eps
    assert bounds.boundary_parting(horizon, 10 * eps, 0.15, 0.0, a=0.9) == pytest.approx(fires, rel=1e-9)


@given(st.integers(1, 300), st.floats(1e-6, 0.1))
def test_frozen_dither_fails_less_often_than_fresh(horizon, ratio):
    if ratio < 0.0999:
        fresh, frozen = bounds.dithered_firing(horizon, ratio, 1.0), bounds.frozen_firing(horizon, ratio, 1.0)
        assert frozen <= fresh + 1e-12
        assert frozen <= 1.5 * ratio


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1), st.integers(0, 2**32 - 1))
def test_dithered_tv_against_the_quantizer(a, b, q, seed):
    """The exact law of dithered rounding at u = a and u = b, from its definition."""
    values = q * np.arange(-1, int(1 / q) + 3)
    law = [np.maximum(0, 1 - np.abs(values - u) / q) for u in (a, b)]
    tv = np.abs(law[0] - law[1]).sum() / 2
    assert tv <= bounds.dithered_tv(1.0, abs(a - b), q) + 1e-9
    if math.floor(a / q) == math.floor(b / q):
        assert tv == pytest.approx(bounds.dithered_tv(1.0, abs(a - b), q), abs=1e-9)
    draws = quantizers.Dithered(values)(np.full(2000, a), np.random.default_rng(seed))
    assert set(np.unique(draws)) <= set(values[law[0] > 0]) | set(values[np.abs(values - a) < q * (1 + 1e-9)])


@pytest.mark.parametrize("ratio", [0.34, 0.6, 2.0])
def test_rounding_to_nearest_against_a_loop(ratio):
    x, path, fired = 0.0, [], None
    for t in range(400):
        u = math.floor(0.15 * x + 0.5)
        fired = t if u and fired is None else fired
        path.append(x)
        x = 0.9 * x + u + ratio
    assert fired == bounds.nearest_fires(400, ratio, 1.0)
    assert all(b >= bounds.nearest_escape(a, 1, ratio, 1.0) - 1e-9 * b for a, b in itertools.pairwise(path))
    assert path[-1] > 1e4


def tokens_apart(expert, head, horizon, rng, n=2000):
    """Coupled rollouts on x' = .5 x + u / 2: how often the tokens have differed, and the mean training error."""
    x, y, lost, train = *[rng.normal(size=(n, 1))] * 2, np.zeros(n, bool), 0.0
    for _ in range(horizon):
        z = rng.random(n)  # one uniform for both: the best coupling of two tokens
        p, trained, q = (h.probabilities(s)[:, 1] for h, s in ((expert, x), (head, x), (head, y)))
        train += np.abs(p - trained).mean() / horizon
        k, m = (z < p).astype(int), (z < q).astype(int)
        lost |= k != m
        x, y = 0.5 * x + expert.values[k] / 2, 0.5 * y + head.values[m] / 2
    return proportion(int(lost.sum()), n), train


def test_the_theorem_holds_for_a_fitted_head_and_turns_when_the_fit_is_replaced_by_a_random_one(rng):
    values, off = np.array([[-1.0], [1.0]]), 1e-3
    expert = learn.TokenHead(np.array([[0.0], [0.8]]), np.array([0.0, 0.3]), values)
    x = rng.normal(size=(20_000, 1))
    fit = learn.fit_softmax(x, expert.codes(x, rng), values + off)
    eps = bounds.contraction(0.5, 0.5, off)
    test, train = tokens_apart(expert, fit, 15, rng)
    bound = bounds.tvc_additive(15, train, fit.slope, eps) + 0.1
    check("thm-tvc-additive", test, "<=", bound)
    random = learn.TokenHead(rng.normal(size=(2, 1)) + np.array([[0.0], [-3.0]]), np.zeros(2), values + off)
    with pytest.raises(ClaimError, match="violated"):
        check("thm-tvc-additive", tokens_apart(expert, random, 15, rng)[0], "<=", bound)


def test_the_plug_in_brackets_the_truth(rng):
    shift, eps, delta, n = 1.0, 0.01, 0.05, 1000
    x, x2, y, y2 = (rng.normal(size=(20, n)) + s for s in (0, 0, shift, shift))
    high = np.mean([tv_eps(a, b, eps) for a, b in zip(x, y, strict=True)])
    base = [tv_eps(a, b, delta) for p, q in ((x, x2), (y, y2)) for a, b in zip(p, q, strict=True)]
    low = np.mean([tv_eps(a, b, eps + 2 * delta) for a, b in zip(x, y, strict=True)]) - 2 * np.mean(base)
    assert low < bounds.shifted_normals(shift, eps) < high


def test_the_declared_contraction_is_what_the_bound_uses():
    plant = systems.linear(0.9, 1.0)
    assert bounds.contraction(plant.alpha, plant.beta, 1e-4) == pytest.approx(1e-3)


@pytest.mark.parametrize(("horizon", "eps", "q"), [(400, 0.01, 0.03), (400, 0.1, 0.3), (1000, 1, 3), (1000, 0.0, 1.0)])
def test_a_state_that_tends_to_the_edge_and_does_not_reach_it_never_fires(horizon, eps, q):
    """10 eps = q / .3 exactly, or no offset at all."""
    assert bounds.nearest_fires(horizon, eps, q) == horizon
    assert bounds.nearest_fires(horizon, eps * (1 + 1e-9), q) < horizon or eps == 0


def test_close_states_and_slow_growth_keep_their_digits():
    assert bounds.shifted_normals(1e-12, 0.0) == pytest.approx(1e-12 / math.sqrt(2 * math.pi), rel=1e-14)
    assert bounds.bernoulli_tv(1.0, 1 + 2.0**-40) == pytest.approx(0.15 * 2.0**-40, rel=1e-15)
    slow = dict(a=1.0, slope=1e-13)
    assert bounds.nearest_escape(3.0, 10, 0.5, 0.2, **slow) == pytest.approx(3 + (0.4 + 3e-13) * (10 + 45e-13), rel=1e-15)
    assert bounds.frozen_firing(11, 1e-14, 1.0, a=1 - 2.0**-40) == pytest.approx(0.15 * 1e-14 * (10 - 45 * 2.0**-40), rel=1e-14)


@given(st.floats(0, 30), st.integers(0, 60), st.floats(0, 1), st.floats(0.01, 1))
def test_the_floor_of_the_escape_is_the_fixed_point_and_its_power(x, steps, eps, q):
    c = 10 * q - 20 * eps
    assert bounds.nearest_escape(x, steps, eps, q) == pytest.approx(c + 1.05**steps * (x - c), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.shifted_normals(-1.0, 0.1), "shift must lie in [0, inf), got -1"),
        (lambda: bounds.bernoulli_tv(0.0, 1.0, slope=-1.0), "slope must lie in [0, inf), got -1"),
        (lambda: bounds.bernoulli_tv(math.nan, 1.0), "x must lie in [0, inf), got nan"),
        (lambda: bounds.bernoulli_tv(1.0, -1.0), "y must lie in [0, inf), got -1"),
        (lambda: bounds.deterministic_tv(math.nan, 1.0), "u must lie in (-inf, inf), got nan"),
        (lambda: bounds.softmax_tv([1.0, 2.0], 0.1), "weights must have the shape (K, d), got [1.0, 2.0]"),
        (lambda: bounds.softmax_tv([[1.0], [2.0]], -0.1), "r must lie in [0, inf), got -0.1"),
        (lambda: bounds.network_slope(1.0, 0.0), "temperature must lie in (0, inf), got 0"),
        (lambda: bounds.network_slope(-1.0, 1.0), "lipschitz must lie in [0, inf), got -1"),
        (lambda: bounds.steering_slope(0.1, 0.0, 0.1, 0.1), "eps must lie in (0, inf), got 0"),
        (lambda: bounds.steering_slope(0.1, 0.1, 1.1, 0.1), "d_train must lie in [0, 1], got 1.1"),
        (lambda: bounds.steering_floor(1, 0.1, alpha=1, beta=1.0), "alpha must lie in [0, 1), got 1"),
        (lambda: bounds.steering_floor(1, 0.1, alpha=0.9, beta=1.0, shift=2.0), "shift must lie in [0, 1], got 2"),
        (lambda: bounds.tvc_additive(0, 0.1, 0.1, 0.1), "horizon must lie in [1, inf), got 0"),
        (lambda: bounds.tvc_additive(3, 1.1, 0.1, 0.1), "d_train must lie in [0, 1], got 1.1"),
        (lambda: bounds.tvc_share_used(3, 0.0), "eps must lie in (0, inf), got 0"),
        (lambda: bounds.tvc_share_used(3, 0.1, slope=0), "slope must lie in (0, inf), got 0"),
        (lambda: bounds.tvc_share_used(3, 0.1, a=1), "a must lie in [0, 1), got 1"),
        (lambda: bounds.tvc_share_used(3, 0.1), "eps < 1 - a must hold, got eps=0.1, a=0.9"),
        (lambda: bounds.offset_train(-0.1, 0.1), "eps must lie in [0, inf), got -0.1"),
        (lambda: bounds.dithered_firing(3, 0.1, 0.0), "q must lie in (0, inf), got 0"),
        (lambda: bounds.dithered_firing(3, 1.0, 0.1), "eps < (1 - a) * q must hold, got eps=1.0, q=0.1, a=0.9"),
        (lambda: bounds.dithered_firing(3, 0.1, 2.0, a=1), "a must lie in [0, 1), got 1"),
        (lambda: bounds.dithered_tv(0.1, -1.0, 0.1), "r must lie in [0, inf), got -1"),
        (lambda: bounds.nearest_fires(3, 0.1, 0.0), "q must lie in (0, inf), got 0"),
        (lambda: bounds.nearest_fires(2.5, 0.1, 0.1), "horizon must be a whole number in [1, 100000], got 2.5"),
        (lambda: bounds.nearest_fires(400, 0.1, 0.1, slope=math.nan), "slope must lie in [0, inf), got nan"),
        (lambda: bounds.nearest_escape(1.0, 1, 0.1, 1.0, a=0.5), "a + slope > 1 must hold, got a=0.5, slope=0.15"),
        (lambda: bounds.nearest_escape(math.nan, 1, 0.1, 1.0), "x must lie in (-inf, inf), got nan"),
        (lambda: bounds.nearest_escape(1.0, 1, math.nan, 1.0), "eps must lie in [0, inf), got nan"),
        (lambda: bounds.dithered_mean(-1, 0.1), "t must lie in [0, inf), got -1"),
        (lambda: bounds.dithered_mean(1, math.nan), "eps must lie in [0, inf), got nan"),
        (lambda: bounds.frozen_firing(3, 0.1, 0.0), "q must lie in (0, inf), got 0"),
        (lambda: bounds.frozen_firing(300, 0.01, 0.2, slope=-1), "slope must lie in [0, inf), got -1"),
        (lambda: bounds.frozen_firing(300, 0.01, 0.2, slope=math.nan), "slope must lie in [0, inf), got nan"),
        (lambda: bounds.frozen_firing(300, 0.01, 0.05), "eps < (1 - a) * q must hold, got eps=0.01, q=0.05, a=0.9"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
