"""Chapter 11, right-hand sides: worked by hand, against quadrature and simulation, refusing what lies outside their domain."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats

from qbc import bounds, learn


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
    assert bounds.step_share(0.0) == 1.0
    assert bounds.noise_threshold(1.0, 0.5) == pytest.approx(4.2186, abs=1e-4)
    assert bounds.action_threshold(1.0, 0.5) == pytest.approx(4.6304, abs=1e-4)
    assert bounds.mode_masses(0.5, 4) == pytest.approx([0.369, 0.131, 0.131, 0.369], abs=1e-3)
    assert bounds.mode_masses(4.0, 4) == pytest.approx([0.004, 0.496, 0.496, 0.004], abs=1e-3)
    assert bounds.prior_mismatch(0.5) == 0.5
    assert bounds.zero_latent(4) == 0.75
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
    assert best_noiseless_code(30.0, True) == pytest.approx(bounds.absolute_kl(1.0, 30.0), rel=2e-3)
    assert best_noiseless_code(1.95, False) == pytest.approx(0.0133, abs=2e-4)
    assert best_noiseless_code(2.05, False) < 1e-4


@pytest.mark.parametrize("v", [0.5, 0.7])
def test_noisy_codes_live_below_their_threshold_only(v):
    edge = bounds.noise_threshold(1.0, v)
    assert bounds.noisy_code(0.95 * edge, 1.0, v) > 1e-4
    assert bounds.noisy_code(1.05 * edge, 1.0, v) < 1e-5
    assert bounds.noisy_code(0.5 * edge, 1.0, v) == pytest.approx({0.5: 0.01478, 0.7: 0.12126}[v], rel=5e-3)


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
    fit = learn.fit_autoencoders(two, [5.0, 30.0], seed=0, steps=1, strata=64, loss="absolute")
    mu, sigma = fit.encode(two)
    kl = ((mu**2 + sigma**2 - 1) / 2 - np.log(sigma)).mean(axis=(1, 2))
    slope = np.log(kl[1] / kl[0]) / np.log(6)
    assert abs(slope + 2) > 0.3


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bounds.kl_cap(1.0, 0.5, 0.0), "beta positive"),
        (lambda: bounds.fano_floor(1, 0.1), "two modes"),
        (lambda: bounds.fano_floor(2, 1.5), "probability"),
        (lambda: bounds.gaussian_information(1.0, 0), "dimension"),
        (lambda: bounds.classifier_information(2, -1.0), "cross entropy"),
        (lambda: bounds.collapse_squared(0.0), "m positive"),
        (lambda: bounds.collapse_chunks(np.zeros(3)), "square"),
        (lambda: bounds.absolute_kl(1.0, 0.0), "beta positive"),
        (lambda: bounds.mode_recall(1.0, -1.0), "beta positive"),
        (lambda: bounds.step_share(-0.1), "width"),
        (lambda: bounds.noise_threshold(1.0, 0.0), "v positive"),
        (lambda: bounds.action_threshold(0.0, 1.0), "m positive"),
        (lambda: bounds.noisy_code(1.0, 1.0, 0.0), "v positive"),
        (lambda: bounds.mode_masses(0.0, 4), "c positive"),
        (lambda: bounds.prior_mismatch(-0.1), "kl nonnegative"),
        (lambda: bounds.zero_latent(1), "two modes"),
        (lambda: bounds.half_of_chance(1), "two modes"),
        (lambda: bounds.collapsed_agreement(0), "one mode"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=said):
        call()
