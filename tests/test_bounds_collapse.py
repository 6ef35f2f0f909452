"""Chapter 11, right-hand sides: worked by hand, against quadrature and simulation, refusing what lies outside their domain."""

import itertools
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

from qbc import bounds, learn
from qbc.demonstrations import demonstrations


def test_worked_by_hand():
    assert bounds.kl_cap(1.0, 0.4, 0.1) == pytest.approx(6.0)
    assert bounds.fano_floor(4, 0.0) == pytest.approx(math.log(4))
    assert bounds.fano_floor(2, 0.25) == pytest.approx(0.1308, abs=1e-4)
    assert bounds.fano_floor(16, 0.05) == pytest.approx(2.439, abs=1e-3)
    assert bounds.fano_floor(4, 0.8) == 0.0
    assert bounds.gaussian_information(1.0, 4) == pytest.approx(2 * math.log(2))
    assert bounds.classifier_information(8, 0.5) == pytest.approx(math.log(8) - 0.5)
    assert bounds.collapse_squared(1.5) == 4.5
    assert bounds.collapse_chunks(np.diag([1.0, 3.0])) == pytest.approx(3.0)
    assert bounds.absolute_kl(1.0, 10.0) == pytest.approx(0.003183, abs=1e-6)
    assert bounds.mode_recall(1.0, 10.0) == pytest.approx(0.5318, abs=1e-4)
    assert bounds.step_share(0.0) == 0.5
    assert bounds.noise_threshold(1.0, 0.5) == pytest.approx(4.2186, abs=1e-4)
    assert bounds.action_threshold(1.0, 0.5) == pytest.approx(4.6304, abs=1e-4)
    assert bounds.mode_masses(0.5, 4) == pytest.approx([0.369, 0.131, 0.131, 0.369], abs=1e-3)
    assert bounds.mode_masses(4.0, 4) == pytest.approx([0.004, 0.496, 0.496, 0.004], abs=1e-3)
    assert bounds.prior_mismatch(0.5) == 0.5
    assert bounds.zero_latent(4) == 0.75
    assert bounds.zero_latent(1) == bounds.half_of_chance(1) == 0  # one mode is all there is
    assert bounds.half_of_chance(2) == 0.25
    assert bounds.collapsed_agreement(2) == 0.5


@given(st.integers(2, 16), st.integers(0, 2**32 - 1))
def test_fano_dominates_every_channel_and_is_tight_on_the_symmetric_one(modes, seed):
    channel = np.random.default_rng(seed).dirichlet(np.full(modes, 0.3), size=modes)  # P(Z | M)
    joint = channel / modes
    information = special.rel_entr(joint, joint.sum(axis=0) / modes).sum()
    error = 1 - joint.max(axis=0).sum()
    assert bounds.fano_floor(modes, float(np.clip(error, 0, 1))) <= information + 1e-9
    p = 0.3 * (1 - 1 / modes)
    symmetric = np.where(np.eye(modes), 1 - p, p / (modes - 1)) / modes
    information = special.rel_entr(symmetric, np.full((modes, modes), 1 / modes**2)).sum()
    assert bounds.fano_floor(modes, p) == pytest.approx(information)


@given(st.floats(0.01, 0.99), st.floats(0.1, 3))
def test_no_posterior_gains_more_than_the_squared_threshold_pays(p, m):
    information = math.log(2) - special.entr(p) - special.entr(1 - p)
    assert m**2 * (2 * p - 1) ** 2 <= bounds.collapse_squared(m) * information + 1e-12


def best_noiseless_code(beta, absolute):
    """Gaussian code of two modes +-1: least D + beta KL over w, s, by quadrature."""
    x, weight = np.polynomial.hermite_e.hermegauss(101)

    def objective(t):
        w, s = np.exp(t)
        seen = np.tanh(w * (w + s * x) / s**2)
        d = 2 * stats.norm.cdf(-w / s) if absolute else 1 - (weight * seen).sum() / weight.sum()
        return d + beta * ((w * w + s * s - 1) / 2 - math.log(s))

    w, s = np.exp(optimize.minimize(objective, [-1.0, -0.1], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12}).x)
    return (w * w + s * s - 1) / 2 - math.log(s)


def test_absolute_law_and_squared_threshold_against_quadrature():
    for beta in (1.0, 1.5, 3.0, 10.0, 30.0):
        short = 1 - bounds.absolute_kl(1.0, beta) / best_noiseless_code(beta, True)
        assert 0 <= abs(short) <= 1 / (3 * beta**2)
    assert best_noiseless_code(1.95, False) == pytest.approx(0.0133, abs=2e-4)
    assert best_noiseless_code(2.05, False) < 1e-4


@pytest.mark.parametrize("v", [0.5, 0.7])
def test_noisy_codes_live_below_their_threshold_only(v):
    edge = bounds.noise_threshold(1.0, v)
    assert bounds.noisy_code(0.95 * edge, 1.0, v) > 1e-4
    assert bounds.noisy_code(1.05 * edge, 1.0, v) < 1e-9
    assert bounds.noisy_code(0.5 * edge, 1.0, v) == pytest.approx({0.5: 0.01478, 0.7: 0.12126}[v], rel=5e-3)


@pytest.mark.parametrize(("beta", "v"), [(0.1, 0.3), (0.3, 0.1), (0.5, 0.5), (1.0, 0.9), (10.0, 0.3)])
def test_noisy_code_by_an_adaptive_quadrature_of_root_found_medians(beta, v):
    def error(z, r):
        """The joint density of z and the mode, times the expected distance of the action from its conditional median."""
        masses = stats.norm.pdf(z - r), stats.norm.pdf(z + r)
        p = masses[0] / sum(masses)
        a = optimize.brentq(lambda a: p * stats.norm.cdf((a - 1) / v) + (1 - p) * stats.norm.cdf((a + 1) / v) - 0.5, -1, 1)
        u = [(a - c) / v for c in (1, -1)]
        return v * sum(w * (x * (2 * stats.norm.cdf(x) - 1) + 2 * stats.norm.pdf(x)) for w, x in zip(masses, u, strict=True))

    def price(r):
        ends = sorted({0, 1e-4 / r, 1e-2 / r, r, r + 8})
        return (
            sum(integrate.quad(error, a, b, args=(r,), epsrel=1e-9)[0] for a, b in itertools.pairwise(ends))
            + beta * math.log1p(r * r) / 2
        )

    r = math.sqrt(math.expm1(2 * bounds.noisy_code(beta, 1.0, v)))
    curve = np.polyfit([-0.02, 0, 0.02], [price(r * (1 + h)) for h in (-0.02, 0, 0.02)], 2)
    assert curve[0] > 0
    assert -curve[1] / (2 * curve[0]) == pytest.approx(0, abs=5e-4)  # the cubic term of the price moves it by that much


def test_the_gain_of_a_faint_code_of_the_action_against_simulation(rng):
    """The conditional median of A given the sign-coded latent gains w^2 v / (4 phi(m / v)) to second order."""
    v, w, z = 0.7, 0.1, 0.8
    a = rng.choice([-1.0, 1.0], size=2_000_000) + v * rng.normal(size=2_000_000)
    tilt = np.exp(w * z * np.sign(a) - w**2 / 2)
    shift = w * z * bounds.action_threshold(1.0, v)  # slope over curvature: wz / (2 f(0))
    gain = (tilt * (np.abs(a) - np.abs(a - shift))).mean()
    assert gain == pytest.approx((w * z) ** 2 * bounds.action_threshold(1.0, v) / 2, rel=0.15)


@given(st.floats(0.1, 5), st.integers(2, 9))
def test_mode_masses_are_a_symmetric_law(c, modes):
    masses = bounds.mode_masses(c, modes)
    assert masses.sum() == pytest.approx(1)
    np.testing.assert_allclose(masses, masses[::-1], atol=1e-12)


def test_prior_mismatch_dominates_two_gaussians():
    for shift in (0.1, 0.5, 1.0):
        assert 2 * stats.norm.cdf(shift / 2) - 1 <= bounds.prior_mismatch(shift**2 / 2)


def test_an_untrained_code_turns_the_verdicts():
    """With a single step of training the squared code neither keeps nor loses what the law says."""
    two = np.repeat([1.0, -1.0], 64)[:, None]
    step = learn.Fit(seed=0, steps=1, batch=None, width=32, activation="tanh")
    demos = demonstrations(None, two).times(2)
    fit = learn.fit_autoencoders(demos, step, penalties=[5.0, 30.0], latent=1, strata=64, loss="absolute")
    mu, sigma = fit.encode(two)
    kl = ((mu**2 + sigma**2 - 1) / 2 - np.log(sigma)).mean(axis=(1, 2))
    slope = np.log(kl[1] / kl[0]) / np.log(6)
    assert abs(slope + 2) > 0.3


def test_small_numbers_keep_their_digits():
    assert bounds.noise_threshold(1e-12, 1.0) == pytest.approx(1e-24 * math.sqrt(2 / math.pi), rel=1e-12)
    far = 2 * stats.norm.sf(20 * 2 / 3) / 2
    assert bounds.mode_masses(20.0, 4) == pytest.approx([far, 0.5, 0.5, far], rel=1e-12)
    assert bounds.collapse_chunks(np.ones((3, 3)).tolist()) == pytest.approx(2)  # a list, and an eigenvalue 0


@pytest.mark.parametrize("beta", [1.0, 2.0, 5.0, 10.0])
def test_recall_is_that_of_the_best_code_but_for_a_third_of_the_square(beta):
    r = math.sqrt(math.expm1(2 * best_noiseless_code(beta, True)))
    argument = stats.norm.ppf(bounds.mode_recall(1.0, beta))
    assert r * (1 - 1 / (3 * beta**2)) <= argument * (1 + 1e-6) <= r * (1 + 2e-6)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.kl_cap(1.0, 0.5, 0.0), "beta must lie in (0, inf), got 0"),
        (lambda: bounds.kl_cap(1, 3, 1), "d <= d0 must hold, got d0=1.0, d=3.0"),
        (lambda: bounds.fano_floor(1, 0.1), "modes must lie in [2, inf), got 1"),
        (lambda: bounds.fano_floor(math.inf, 0.1), "modes must be a whole number in [2, inf), got inf"),
        (lambda: bounds.fano_floor(2, 1.5), "p_error must lie in [0, 1], got 1.5"),
        (lambda: bounds.gaussian_information(1.0, 0), "d must lie in [1, inf), got 0"),
        (lambda: bounds.gaussian_information(math.nan, 1), "gain must lie in (-inf, inf), got nan"),
        (lambda: bounds.classifier_information(2, -1.0), "cross_entropy must lie in [0, inf), got -1"),
        (lambda: bounds.collapse_squared(0.0), "m must lie in (0, inf), got 0"),
        (lambda: bounds.collapse_chunks(np.zeros(3)), "covariance must have the shape (d, d), got an array of shape (3,)"),
        (lambda: bounds.collapse_chunks(np.array([[-1.0]])), "is_covariance(covariance) must hold"),
        (lambda: bounds.collapse_chunks([[1.0, 0.5], [0.0, 1.0]]), "is_covariance(covariance) must hold"),
        (lambda: bounds.absolute_kl(1.0, 0.0), "beta must lie in (0, inf), got 0"),
        (lambda: bounds.absolute_kl(1.0, 0.1), "m <= beta must hold, got m=1.0, beta=0.1"),
        (lambda: bounds.mode_recall(1.0, -1.0), "beta must lie in (0, inf), got -1"),
        (lambda: bounds.mode_recall(1.0, 0.5), "m <= beta must hold, got m=1.0, beta=0.5"),
        (lambda: bounds.step_share(-0.1), "width must lie in [0, inf), got -0.1"),
        (lambda: bounds.noise_threshold(1.0, 0.0), "v must lie in (0, inf), got 0"),
        (lambda: bounds.action_threshold(0.0, 1.0), "m must lie in (0, inf), got 0"),
        (lambda: bounds.noisy_code(1.0, 1.0, 0.0), "v must lie in (0, inf), got 0"),
        (lambda: bounds.noisy_code(math.inf, 1.0, 1.0), "beta must lie in (0, inf), got inf"),
        (lambda: bounds.noisy_code(1.0, math.inf, 1.0), "m must lie in (0, inf), got inf"),
        (lambda: bounds.noisy_code(1.0, 1.0, math.inf), "v must lie in (0, inf), got inf"),
        (lambda: bounds.mode_masses(0.0, 4), "c must lie in (0, inf), got 0"),
        (lambda: bounds.mode_masses(1.0, 2.5), "modes must be a whole number in [2, 1000000], got 2.5"),
        (lambda: bounds.prior_mismatch(-0.1), "kl_aggregate must lie in [0, inf), got -0.1"),
        (lambda: bounds.zero_latent(0), "modes must lie in [1, inf), got 0"),
        (lambda: bounds.half_of_chance(2.5), "modes must be a whole number in [1, inf), got 2.5"),
        (lambda: bounds.collapsed_agreement(0), "modes_left must lie in [1, inf), got 0"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
