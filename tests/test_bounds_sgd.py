"""Chapter 10, right-hand sides: worked by hand, against quadrature and small simulations, refusing what lies outside their domain."""

import math
import re
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qbc import bounds, learn, systems
from qbc.claims import ClaimError, check

TWO = dict(checkpoints=2, every=1)


def test_worked_by_hand():
    assert bounds.sgd_variance(0.5, 2.0, 4) == pytest.approx(0.5 * 1.0 / 1.5)
    assert bounds.sgd_variance(0.5, 1.0, 1, kurtosis=3.0) == pytest.approx(0.5 / 0.5)
    assert bounds.sgd_variance(0.1, 1.0, 1, curvature=2.0) == pytest.approx(0.1 * 2 / (2 * (2 - 0.2)))  # eta sg^2/(lam (2 - eta lam))
    assert bounds.excess_loss_share(0.1, 4) == pytest.approx(0.1 / (4 * 1.9))
    assert bounds.mirror_gap(1, 0.005) == pytest.approx(4 * 0.1)  # (1 + d)^2 - (1 - d)^2 = 4 d, d = .1
    assert bounds.log_return_swing(1000, 1e-6) == pytest.approx(2.0)
    assert bounds.return_quantile(0.5, 300, 1e-4) == pytest.approx(1.0)
    assert bounds.mean_return(1, 0.3) == pytest.approx(1.3)
    assert bounds.mean_return(2, 0.025) == pytest.approx(1 + 6 * 0.025 + 3 * 0.025**2)
    assert bounds.mean_return(1000, 1e-6) == pytest.approx(7.352, abs=5e-4)
    assert bounds.mean_return(2000, 1e-6) == pytest.approx(2882, abs=1)
    assert bounds.mean_return_leading(100, 1e-6) == pytest.approx(math.exp(0.02))
    assert bounds.leaving(0.5, 1, 0.25) == pytest.approx(2 * stats.norm.sf(1.0))
    assert [bounds.ema_ratio(g, 0.9) for g in (0.5, 0.1, 0.01, 0.001)] == pytest.approx([0.8788, 0.5014, 0.08718, 0.009416], rel=1e-3)
    assert bounds.ema_ratio(0.2, 0.0) == pytest.approx(0.2 / 1.8)  # independent iterates
    assert bounds.critical_horizon(1e-6) == pytest.approx(707.1, abs=0.1)
    assert bounds.ema_ratio(0.01, 0.9) ** -0.5 == pytest.approx(3.387, abs=1e-3)
    assert bounds.run_scatter(1, 0.9) == pytest.approx(math.sqrt(2))
    assert bounds.run_scatter(50, 0.0) == pytest.approx(math.sqrt(2 / 50))
    assert bounds.scheduled_variance(1.0, [0.5], 2.0, 4) == pytest.approx(0.25 + 0.25)
    # half the squared difference of neighbours: V (1 - a); what is flat does not move
    assert bounds.tangent_swing([2.0, 5.0], [1.0, 0.0], 0.1, 1.0, 1, **TWO) ** 2 == pytest.approx(4 * 0.1 / 1.9 * 0.1)
    assert bounds.median_ratio(1e-3, 1e-5, 0.0) == pytest.approx(100, rel=1e-3)  # small swings: |e^z - 1| is |z|
    assert bounds.median_ratio(1e-4, 1e-5, 0.5) == pytest.approx(1, rel=1e-3)  # a bias drowns both


@given(st.integers(1, 60), st.floats(1e-6, 0.05))
def test_mean_return_is_the_gaussian_moment(horizon, variance):
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)  # exact for polynomials up to degree 159
    oracle = weights @ (1 + math.sqrt(variance) * nodes) ** (2 * horizon) / math.sqrt(2 * math.pi)
    assert bounds.mean_return(horizon, variance) == pytest.approx(oracle, rel=1e-9)


@given(st.integers(100, 5000), st.floats(1e-4, 0.1))
def test_the_leading_order_is_too_large_by_its_next_term(horizon, c):
    v = c / horizon**2
    short = 1 - bounds.mean_return(horizon, v) / bounds.mean_return_leading(horizon, v)
    assert short == pytest.approx((c + 4 * c**2) / horizon, rel=0.05)
    assert 0 < short < 0.002


@given(st.floats(0.01, 0.99), st.floats(-0.95, 0.95))
def test_ema_ratio_is_the_double_sum(gamma, decay):
    j = np.arange(4000)
    keep = ((1 - gamma) * decay) ** j
    total = gamma**2 / (1 - (1 - gamma) ** 2) * (2 * keep.sum() - 1)
    assert bounds.ema_ratio(gamma, decay) == pytest.approx(total, rel=1e-6)


@given(st.floats(0.001, 0.99), st.floats(0.001, 0.99))
def test_more_averaging_leaves_less_and_memory_leaves_more(gamma, decay):
    assert bounds.ema_ratio(gamma / 2, decay) < bounds.ema_ratio(gamma, decay) <= 1
    assert bounds.ema_ratio(gamma, decay) >= bounds.ema_ratio(gamma, decay / 2)


@given(st.floats(0.01, 0.6), st.integers(1, 16), st.floats(1, 3), st.floats(0.1, 1))
def test_the_schedule_ends_in_the_stationary_variance(eta, batch, kurtosis, curvature):
    kind = dict(curvature=curvature, kurtosis=kurtosis)
    fixed = bounds.sgd_variance(eta, 1.0, batch, **kind)
    assert bounds.scheduled_variance(fixed, [eta] * 20, 1.0, batch, **kind) == pytest.approx(fixed)
    assert bounds.scheduled_variance(0.0, [eta] * 20, 1.0, batch, **kind) <= fixed * (1 + 1e-12)


@given(st.integers(1, 300), st.floats(-0.95, 0.95))
def test_run_scatter_is_the_double_sum(n, decay):
    lags = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    assert bounds.run_scatter(n, decay) == pytest.approx(math.sqrt(2 * ((decay**2) ** lags).sum()) / n)


@given(st.floats(0.01, 0.99), st.integers(1, 2000), st.floats(1e-8, 1e-4))
def test_quantiles_and_the_cliff_agree(q, horizon, variance):
    """Returns above (1 + r)^2 or below (1 - r)^2 are the states outside the tube."""
    r = 0.5
    p = bounds.leaving(r, horizon, variance)
    up = stats.norm.cdf(((1 + r) ** (1 / horizon) - 1) / math.sqrt(variance))
    assert 0 <= p <= 1
    if 0.01 < up < 0.99:
        assert bounds.return_quantile(up, horizon, variance) == pytest.approx((1 + r) ** 2, rel=1e-6)
    assert bounds.return_quantile(q, horizon, variance) > 0


@given(st.floats(1e-3, 3), st.floats(1e-3, 3), st.floats(-2, 2))
def test_half_of_the_errors_are_below_the_median(swing, averaged, bias):
    z = stats.norm.ppf((np.arange(20_001) + 0.5) / 20_001)
    medians = [np.median(np.abs(np.expm1(bias + s * z))) for s in (swing, averaged)]
    assert bounds.median_ratio(swing, averaged, bias) == pytest.approx(medians[0] / medians[1], rel=0.01, abs=1e-3)
    assert bounds.median_ratio(swing, swing, bias) == 1


@given(st.floats(0, 15), st.floats(0.01, 1), st.integers(2, 12), st.integers(1, 40))
def test_tangent_swing_is_that_of_the_filtered_noise(curvature, gamma, checkpoints, every):
    """Every checkpoint is a sum over the noises of the past; the sample variance of their coefficients, summed over the noises."""
    eta = 0.1
    a, b, past = 1 - eta * curvature, 1 - gamma, 4000
    iterate = a ** np.arange(past + checkpoints * every)
    average = np.convolve(iterate, gamma * b ** np.arange(len(iterate)))[: len(iterate)] if gamma < 1 else iterate
    at = past + every * np.arange(checkpoints)
    coefficients = np.zeros((checkpoints, at[-1] + 1))
    for row, t in zip(coefficients, at, strict=True):
        row[: t + 1] = average[t::-1] if t < len(average) else 0
    kick = eta**2 * curvature * 0.5**2 / 3
    oracle = kick * coefficients.var(axis=0, ddof=1).sum()
    v = bounds.tangent_swing([1.0], [curvature], eta, 0.5, 3, gamma, checkpoints=checkpoints, every=every) ** 2
    whole = bounds.sgd_variance(eta, 0.5, 3, curvature=max(curvature, 1e-9))
    assert v == pytest.approx(oracle, rel=1e-6, abs=1e-9 * whole if curvature > 0.2 else 0.05 * whole)


def test_in_a_long_run_it_is_the_stationary_variance():
    long = dict(checkpoints=500, every=500)
    v = bounds.sgd_variance(0.1, 0.5, 3, curvature=2.0)
    assert bounds.tangent_swing([1.0], [2.0], 0.1, 0.5, 3, **long) ** 2 == pytest.approx(v)
    assert bounds.tangent_swing([1.0], [2.0], 0.1, 0.5, 3, 0.05, **long) ** 2 == pytest.approx(v * bounds.ema_ratio(0.05, 0.8))
    slow = bounds.tangent_swing([1.0], [2.0], 1e-8, 0.5, 3, **long) ** 2 / bounds.sgd_variance(1e-8, 0.5, 3, curvature=2.0)
    assert 0 <= slow < 0.01


def stream(rng, n, eta, batch, steps, gammas=(), noise=1.0, normal=True):
    def batches():
        x = rng.normal(size=(n, batch)) if normal else rng.choice([-1.0, 1.0], size=(n, batch))
        return x, 0.3 * x + noise * rng.normal(size=x.shape)

    run = learn.stream_gains(batches, 0.3 * np.ones(n), lr=eta, steps=steps, gammas=gammas)
    return run.raw[-1] - 0.3, run.ema[:, -1] - 0.3


def test_variance_and_ratio_against_sgd(rng):
    raw, ema = stream(rng, 20_000, 0.2, 2, 120, (0.1,))
    v = bounds.sgd_variance(0.2, 1.0, 2, kurtosis=3.0)
    assert (raw**2).mean() == pytest.approx(v, rel=0.08)
    assert (ema**2).mean() == pytest.approx(v * bounds.ema_ratio(0.1, 0.8), rel=0.08)
    assert (raw**2).mean() > 1.05 * bounds.sgd_variance(0.2, 1.0, 2)  # the minibatch's curvature is noisy too


def log_returns(gains, horizon=300):
    plant = systems.linear(0.7, 1.0)
    run = systems.rollout(plant, lambda x, rng: gains[:, None] * x, np.ones((len(gains), 1)), horizon, np.random.default_rng(0))
    return np.log(run.x[:, -1, 0] ** 2)


def test_an_untrained_learner_turns_the_verdict(rng):
    """The main verdict is about SGD's iterates: gains that no training made do not pass it."""
    noise = math.sqrt(1e-6 / bounds.sgd_variance(0.1, 1.0, 4))
    law = bounds.log_return_swing(300, 1e-6)
    delta, _ = stream(rng, 5000, 0.1, 4, 60, noise=noise, normal=False)
    close = dict(tol=0.1 * law, why="10 %: ten standard errors")
    check("swing", log_returns(0.3 + delta).std(), "==", law, **close)
    for untrained in (0.3 + 0.002 * rng.normal(size=5000), np.full(5000, 0.301)):
        with pytest.raises(ClaimError):
            check("swing", log_returns(untrained).std(), "==", law, **close)


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-8, 1e-10, 1e-12])
def test_memory_near_1_keeps_its_digits(gap):
    decay = 1 - gap
    a = Fraction(decay)
    total = sum((100 - j) * a ** (2 * j) for j in range(1, 100))
    assert bounds.run_scatter(100, decay) == pytest.approx(math.sqrt(2 * (100 + 2 * float(total))) / 100, rel=1e-12)
    for g in (gap, 1e-3):
        b = (1 - Fraction(g)) * a
        assert bounds.ema_ratio(g, decay) == pytest.approx(float(Fraction(g) / (2 - Fraction(g)) * (1 + b) / (1 - b)), rel=1e-13)


@pytest.mark.parametrize("excess", [1e-24, 1e-17, 1e-8, 0.1, 0.499])
def test_mirror_gap_keeps_its_digits(excess):
    with mpmath.workdps(40):
        d = mpmath.sqrt(2 * mpmath.mpf(excess))
        gap = float((1 + d) ** 20 - (1 - d) ** 20)
    assert bounds.mirror_gap(10, excess) == pytest.approx(gap, rel=1e-13)


def test_a_gain_that_does_not_vary_returns_what_it_should():
    assert bounds.mean_return(7, 0.0) == bounds.mean_return_leading(100, 0.0) == bounds.return_quantile(0.9, 7, 0.0) == 1


@pytest.mark.parametrize("variance", [1e-4, 1e-3, 0.01])
def test_the_swing_of_a_normal_gain_is_that_but_for_its_correction(variance):
    z, w = np.polynomial.hermite_e.hermegauss(20)
    log = np.log1p(math.sqrt(variance) * z)
    std = math.sqrt((w @ log**2) / w.sum() - ((w @ log) / w.sum()) ** 2)
    assert bounds.log_return_swing(1, variance) / (2 * std) == pytest.approx(1 - 1.25 * variance, abs=25 * variance**2)


def test_the_variance_grows_at_steps_that_are_too_long():
    assert bounds.scheduled_variance(1.0, [3.0, 3.0], 0.0, 1) == pytest.approx(16)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: bounds.sgd_variance(2.0, 1.0, 1),
            "eta * curvature * (1 + (kurtosis - 1) / batch) < 2 must hold, got eta=2.0, batch=1, curvature=1.0, kurtosis=1.0",
        ),
        (
            lambda: bounds.sgd_variance(0.7, 1.0, 1, kurtosis=3.0),
            "eta * curvature * (1 + (kurtosis - 1) / batch) < 2 must hold, got eta=0.7",
        ),
        (lambda: bounds.sgd_variance(0.1, 1.0, 1, kurtosis=0.5), "kurtosis must lie in [1, inf), got 0.5"),
        (lambda: bounds.sgd_variance(0.1, 1.0, 2.5), "batch must be a whole number in [1, inf), got 2.5"),
        (lambda: bounds.excess_loss_share(0.0, 1), "eta must lie in (0, inf), got 0"),
        (lambda: bounds.mirror_gap(10, -1.0), "excess must lie in [0, inf), got -1"),
        (lambda: bounds.mirror_gap(10, 10), "2 * excess < curvature must hold, got excess=10.0, curvature=1.0"),
        (lambda: bounds.mirror_gap(10, math.inf), "excess must lie in [0, inf), got inf"),
        (lambda: bounds.log_return_swing(10, 0.1), "variance must lie in [0, 0.01], got 0.1"),
        (
            lambda: bounds.return_quantile(1e-12, 10, 0.025),
            "1 + quantile(q) * sqrt(variance) > 0 must hold, got q=1e-12, variance=0.025",
        ),
        (lambda: bounds.return_quantile(0.5, 10, -1), "variance must lie in [0, 1/36], got -1"),
        (lambda: bounds.return_quantile(0.5, 10, 0.1), "variance must lie in [0, 1/36], got 0.1"),
        (lambda: bounds.mean_return(0, 1.0), "horizon must lie in [1, 1000000], got 0"),
        (lambda: bounds.mean_return(math.inf, 1.0), "horizon must be a whole number in [1, 1000000], got inf"),
        (lambda: bounds.mean_return_leading(1000, 1e-6), "must hold, got horizon=1000, variance=1e-06"),
        (lambda: bounds.leaving(1.0, 10, 1e-4), "radius must lie in (0, 1), got 1"),
        (lambda: bounds.ema_ratio(0.0, 0.5), "gamma must lie in (0, 1], got 0"),
        (lambda: bounds.ema_ratio(0.5, 1.0), "decay must lie in (-1, 1), got 1"),
        (lambda: bounds.critical_horizon(0.0), "variance must lie in (0, inf), got 0"),
        (lambda: bounds.run_scatter(0, 0.5), "checkpoints must lie in [1, 10000000], got 0"),
        (lambda: bounds.scheduled_variance(0.0, [-0.1], 1.0, 1), "etas must have its entries in [0, inf), got -0.1 at [0]"),
        (lambda: bounds.scheduled_variance(0.0, 0.1, 1.0, 1), "etas must have the shape (T,), got 0.1"),
        (lambda: bounds.scheduled_variance(0, [0.1], -1, 1), "noise must lie in [0, inf), got -1"),
        (lambda: bounds.scheduled_variance(0, [0.1], math.nan, 1), "noise must lie in [0, inf), got nan"),
        (
            lambda: bounds.tangent_swing([1.0], [1.0, 2.0], 0.1, 1.0, 1, **TWO),
            "curvatures must have the shape (p,) with p = 1, got [1.0, 2.0]",
        ),
        (
            lambda: bounds.tangent_swing([1.0], [-1.0], 0.1, 1.0, 1, **TWO),
            "curvatures must have its entries in [0, inf), got -1.0 at [0]",
        ),
        (
            lambda: bounds.tangent_swing([1.0, 1.0], [1.0, 30.0], 0.1, 1.0, 1, **TWO),
            "eta * max(curvatures) < 2 must hold, got",
        ),
        (lambda: bounds.median_ratio(1.0, 0.0, 0.0), "averaged must lie in [1e-6, 10], got 0"),
        (lambda: bounds.median_ratio(1.0, 1.0, 11.0), "bias must lie in [-10, 10], got 11"),
    ],
)
def test_outside_its_domain_a_bound_refuses(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
