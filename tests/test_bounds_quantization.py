"""Chapter 03, right-hand sides: worked by hand, dominating and tight where they say so, refusing what lies outside their domain."""

import math
import re

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbc import bounds, quantizers, systems
from qbc.families import Trap

STEP = st.floats(0.01, 1.0)


def test_worked_by_hand():
    assert bounds.cells_radius([0, 1, 4], [0.5, 2]) == 2
    assert bounds.binning_safe_distance(0.5, 0.1, 2.0) == pytest.approx(0.15)
    assert bounds.equal_cells_distance(0.5, 0.1, 2.0) == pytest.approx(0.2)
    assert bounds.zero_one_rate(0.01, 0.05, 2.0) == pytest.approx(0.4)
    assert bounds.average_jump(0.25) == 1
    assert bounds.gaussian_tv(2.0, 1.0) == pytest.approx(0.6826894921)  # P(|Z| <= 1)
    assert bounds.trap_floor(0.2, 0.3, 1.2, 2**-8) == pytest.approx(0.72847, abs=1e-5)
    assert bounds.trap_limit(0.2, 0.3) == pytest.approx(0.7457284)
    assert bounds.trap_identified(0.5, 1) == pytest.approx(2 / 3)  # seen: right; not seen: one of three
    assert bounds.trap_average_error(0.2, 0.3, 1.2, 0.01, 10) == pytest.approx(0.017 / 0.3 + 0.0437234, abs=1e-6)
    assert bounds.trap_transient(0.2, 0.3, 1.2) == pytest.approx(math.log(2.2 / 1.2) / math.log(4))
    assert bounds.bias_of_same_average(0.2, 0.3, 1.2, 0.15) == pytest.approx((0.85, 0.53125))
    assert bounds.rest_loss(0.5, 1.0, 0.3) == pytest.approx(0.35)  # anywhere from .2 to .5
    assert bounds.rest_loss(1.0, 1.0, 0.3) == pytest.approx(0.85)  # 1 played, 0 to .3 wanted
    assert bounds.dithered_regret(0.5, 0.2, 0.3) == pytest.approx(2.0)
    assert bounds.clipped_normal_error(10**9) == pytest.approx(2 * (0.0266521 - 0.0232635), abs=1e-6)


@given(STEP, st.sampled_from(["left", "center", "right"]), st.floats(2.01, 9), st.floats(0.1, 3), st.floats(-1, 1), st.floats(-1, 1))
def test_pairs_at_the_safe_distance_are_never_split(step, decode, k, L, x, s):
    q = quantizers.lattice(step, 4 * L, decode=decode)
    r = abs(s) * bounds.binning_safe_distance(k * q.radius, q.radius, L)
    y = x + math.copysign(min(r, 1.0), s)
    assert abs(q(L * x) - q(L * y)) <= k * q.radius * (1 + 1e-9)


@pytest.mark.parametrize(("decode", "k"), [("left", 3), ("center", 4), ("right", 5)])
def test_equal_cells_distance_is_reached_but_no_less_will_do(decode, k):
    q = quantizers.uniform(50, decode=decode)
    prime = k * q.radius * (1 - 1e-9)
    r, below = bounds.equal_cells_distance(prime, q.jump, 1.0), q.edges[5:20] - 1e-9
    assert (np.abs(q(below) - q(below + r * (1 + 1e-6))) > prime).any()
    assert not (np.abs(q(below) - q(below + r * (1 - 1e-6))) > prime).any()
    if decode == "center":
        assert r == pytest.approx(bounds.binning_safe_distance(prime, q.radius, 1.0))


def test_cells_radius_is_the_one_that_quantizers_declare():
    for q in quantizers.EXAMPLES.values():
        if isinstance(q, quantizers.Cells):
            assert bounds.cells_radius(q.edges, q.values) == pytest.approx(q.radius)


def test_gaussian_tv_against_numerical_integration():
    z = np.linspace(-12, 12, 200_001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    shifted = np.exp(-((z - 0.7) ** 2) / 2) / math.sqrt(2 * math.pi)
    assert np.abs(density - shifted).sum() * (z[1] - z[0]) / 2 == pytest.approx(bounds.gaussian_tv(1.4, 2.0), abs=1e-6)


@given(st.floats(0.05, 0.45), st.floats(0.05, 0.45), st.floats(0.3, 2.0))
def test_trap_floor_tends_to_its_limit(A, B, d):
    assert bounds.trap_floor(A, B, d, 1e-9) == pytest.approx(bounds.trap_limit(A, B), abs=1e-6)


def test_trap_visit_and_average_error_against_simulation(rng):
    t = Trap(2**-5)
    x, (low, high, _) = t.expert_states(200_000, 12, rng), t.branches()["T2"]
    p = bounds.trap_visit(t.A, t.B, t.d, t.eps)
    visits = ((x >= low) & (x <= high)).sum(axis=0)
    assert visits.max() == 1
    assert visits.mean() == pytest.approx(p, abs=6 * math.sqrt(p / 200_000))
    error = np.abs(t.policy()(x, rng) - np.arctan(x)).sum() / 200_000 + (4096 - 12) * (t.d + 0.5) / t.B * t.eps
    assert error / 4096 == pytest.approx(bounds.trap_average_error(t.A, t.B, t.d, t.eps, 4096), rel=0.01)


def test_the_visit_decides_how_often_the_trap_is_identified(rng):
    wins = [rng.random() < (1.0 if (rng.random(5) < 0.2).any() else 1 / 3) for _ in range(20_000)]
    assert np.mean(wins) == pytest.approx(bounds.trap_identified(0.2, 5), abs=0.02)


def test_dithered_regret_dominates(rng):
    q = quantizers.Dithered(0.2 * np.arange(-9, 10))
    run = systems.rollout(systems.linear(0.2, 0.5), lambda x, rng: q(np.arctan(x), rng), rng.normal(size=(4000, 1)), 200, rng)
    total = np.abs(run.u - np.arctan(run.x[:, :-1])).mean(axis=0).sum()
    assert 0.05 * bounds.dithered_regret(0.8, 0.2, 0.5) <= total <= bounds.dithered_regret(0.8, 0.2, 0.5)


@pytest.mark.parametrize("n", [16, 17])
@pytest.mark.parametrize("B", [0.1, 0.3])
def test_rest_loss_of_a_straight_expert_against_simulation(n, B, rng):
    q = quantizers.uniform(n, -1, 1)
    x = rng.uniform(0.5, 1, 4000)
    for _ in range(200):
        x = x + B * q(-x)
    near = float(q.values[n // 2 + n % 2])
    assert abs(q(-x) + x).mean() == pytest.approx(bounds.rest_loss(near / (1 + n % 2), near, B), rel=0.03)


def test_an_average_jump_is_four_average_errors_for_any_fine_codebook(rng):
    u = rng.normal(size=200_000)
    for q in (quantizers.uniform(200, -5, 5), quantizers.mu_law(200, reach=5), quantizers.kmeans(u[:5000], 64, rng)):
        jump, mass = np.diff(q.values), np.exp(-(q.edges[1:-1] ** 2) / 2)
        inside = np.clip(u, q.low, q.high)
        law = bounds.average_jump(np.abs(q(inside) - inside).mean())
        assert (mass * jump**2).sum() / (mass * jump).sum() == pytest.approx(law, rel=0.1)


def test_clipped_normal_error_against_simulation(rng):
    u = rng.normal(size=1_000_000)
    z = 2.3263478740408408
    error = np.abs(quantizers.openvla(-z, z, 32)(u) - u)
    assert error.mean() == pytest.approx(bounds.clipped_normal_error(31), rel=0.02)


@pytest.mark.parametrize("trap", [Trap(2**-8), Trap(2**-10, A=0.2, B=0.25, k=1.0, d=0.6)])
def test_trap_floor_is_what_the_quantised_expert_loses(trap, rng):
    run = systems.rollout(trap.plant, trap.policy(), rng.normal(size=(200, 1)), 400, rng)
    late = np.abs(run.u - np.arctan(run.x[:, :-1]))[:, -20:].mean(axis=1)
    assert late == pytest.approx(bounds.trap_floor(trap.A, trap.B, trap.d, trap.eps), abs=1e-6)


def test_cells_radius_of_values_anywhere():
    assert bounds.cells_radius([0, 1], [1.5]) == 1.5
    assert bounds.cells_radius([0, 1, 1, 2], [-1, 1, 2]) == 2


@pytest.mark.parametrize("gap", [3.0, 1e-3, 1e-7, 1e-12])
def test_close_normal_laws_keep_their_digits(gap):
    with mpmath.workdps(50):
        assert bounds.gaussian_tv(gap, 0.7) == pytest.approx(
            float(mpmath.erf(mpmath.mpf(gap) / mpmath.mpf(0.7) / mpmath.sqrt(8))), rel=1e-14
        )


def visit_in_mp(A, B, d, eps):
    """The normal mass of the interval and its preimages, in 60 digits."""
    with mpmath.workdps(60):
        A, B, d, eps = map(mpmath.mpf, (A, B, d, eps))
        ends, p = [A * d * eps + B, A * (d + 1) * eps + B], mpmath.mpf(0)
        while ends[0] < 12:
            p += (mpmath.erfc(ends[0] / mpmath.sqrt(2)) - mpmath.erfc(ends[1] / mpmath.sqrt(2))) / 2
            ends = [mpmath.findroot(lambda x, e=e: A * x + B * mpmath.atan(x) - e, e / (A + B)) for e in ends]
        return float(p)


@pytest.mark.parametrize(
    ("A", "B", "eps"), [(0.2, 0.3, 0.1), (0.2, 0.3, 2**-8), (0.1, 0.25, 1e-7), (0.2, 0.3, 1e-12), (0.2, 0.3, 1e-30)]
)
def test_trap_visit_keeps_its_digits(A, B, eps):
    assert bounds.trap_visit(A, B, 1.2, eps) == pytest.approx(visit_in_mp(A, B, 1.2, eps), rel=1e-12)


@pytest.mark.parametrize("p", [0.3, 1e-6, 1e-12, 1e-15])
def test_what_is_rarely_clipped_keeps_its_digits(p):
    with mpmath.workdps(50):
        q = mpmath.mpf(p)
        z = mpmath.findroot(lambda z: mpmath.log(mpmath.erfc(z / mpmath.sqrt(2)) / 2 / q), mpmath.sqrt(-2 * mpmath.log(2 * q)))
        w, tail = 2 * z / 1000, mpmath.npdf(z) - q * z
        assert bounds.clipped_normal_error(1000, p) == pytest.approx(float(2 * tail + q * w + (1 - 2 * q) * w / 4), rel=1e-13)


@pytest.mark.parametrize("n", [10**7, 10**9, 10**12])
def test_many_trajectories_keep_their_digits(n):
    with mpmath.workdps(50):
        missed = (1 - mpmath.mpf(1 / n)) ** n
        assert bounds.trap_identified(1 / n, n, rivals=0) == 1
        assert 1 - bounds.trap_identified(1 / n, n) == pytest.approx(float(missed * 2 / 3), rel=1e-13)


def test_the_ends_of_the_domains():
    assert bounds.clipped_normal_error(5, 1 / 2) == pytest.approx(math.sqrt(2 / math.pi))  # all is clipped to 0: E|u|
    assert bounds.binning_safe_distance(0.5, 0, 2.0) == 0.25  # no rounding
    assert bounds.zero_one_rate(0.3, 0.1, 0) == 0  # all states get one action
    assert bounds.equal_cells_distance(0.1, 0.1, 1) == 0
    assert bounds.dithered_regret(1, 0, 0) == 2


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.cells_radius([0, 1], [0.5, 0.7]), "values must have the shape (n,) with n = 1, got [0.5, 0.7]"),
        (lambda: bounds.cells_radius(1.0, [0.5]), "edges must have the shape (n + 1,), got 1"),
        (lambda: bounds.cells_radius([1, 0], [0.5]), "all(edges[:-1] <= edges[1:]) must hold, got edges=an array of shape (2,)"),
        (lambda: bounds.binning_safe_distance(0.2, 0.1, 1.0), "eps_prime > 2 * eps_q must hold, got eps_prime=0.2, eps_q=0.1"),
        (lambda: bounds.equal_cells_distance(0.1, 0.2, 1.0), "eps_prime >= width must hold, got eps_prime=0.1, width=0.2"),
        (lambda: bounds.zero_one_rate(1.0, 0.1, 1.0), "distance * L <= width must hold, got distance=1.0, width=0.1, L=1.0"),
        (lambda: bounds.average_jump(-1.0), "error must lie in [0, inf), got -1"),
        (lambda: bounds.gaussian_tv(1.0, 0.0), "s must lie in (0, inf), got 0"),
        (lambda: bounds.trap_floor(0.6, 0.6, 1.0, 0.1), "A + B < 1 must hold, got A=0.6, B=0.6"),
        (lambda: bounds.trap_floor(0.2, 0.3, 1.2, 100), "(d + 1) * eps < B must hold, got B=0.3, d=1.2, eps=100"),
        (lambda: bounds.trap_limit(0.6, 0.6), "A + B < 1 must hold, got A=0.6, B=0.6"),
        (lambda: bounds.trap_visit(0.5, 0.3, 1.2, 0.01), "A + B <= 1/2 must hold, got A=0.5, B=0.3"),
        (lambda: bounds.trap_identified(1.5, 3), "p must lie in [0, 1], got 1.5"),
        (lambda: bounds.trap_average_error(0.2, 0.3, 1.2, 0.01, 0), "horizon must lie in [1, inf), got 0"),
        (lambda: bounds.trap_transient(0.6, 0.5, 1.2), "A + B < 1 must hold, got A=0.6, B=0.5"),
        (lambda: bounds.rest_loss(0.1, 0.3, 1.0), "B * value <= edge must hold, got edge=0.1, value=0.3, B=1.0"),
        (lambda: bounds.bias_of_same_average(0.2, 0.3, 0.0, 0.1), "d must lie in (0, inf), got 0"),
        (lambda: bounds.bias_of_same_average(0.2, 0.3, 1.2, 0.3), "(d + 1/2) / B * eps <= pi / 2 must hold, got B=0.3, d=1.2, eps=0.3"),
        (lambda: bounds.dithered_regret(1.0, 0.6, 0.5), "A + B < 1 must hold, got A=0.6, B=0.5"),
        (lambda: bounds.clipped_normal_error(10, 0.6), "p must lie in (0, 1/2], got 0.6"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
