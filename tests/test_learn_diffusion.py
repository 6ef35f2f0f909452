"""The diffusion policy samples the conditional law: means, spreads and modes against closed forms."""

import subprocess
import sys

import numpy as np
import pytest

from qbc.learn import fit_diffusion

SHORT = dict(steps=1200, width=48)


def test_samples_the_conditional_law_of_linear_gaussian_data(rng):
    """u = x/2 + N(0, .3^2), x ~ N(2, 1): given x + sigma w the law is N(2 + g/2 (obs - 2), .3^2 + sigma^2 g/4), g = 1/(1 + sigma^2)."""
    x = 2 + rng.normal(size=(20_000, 1))
    u = 0.5 * x + 0.3 * rng.normal(size=x.shape)
    fit = fit_diffusion(x, u, [0.0, 1.0], seed=1, **SHORT)
    for i, sigma in enumerate(fit.sigmas):
        g = 1 / (1 + sigma**2)
        for obs in (1.0, 2.5):
            a = fit(np.full((2, 10_000, 1), obs), rng)[i, :, 0]
            assert a.mean() == pytest.approx(1 + g / 2 * (obs - 2), abs=0.06)
            assert a.std() == pytest.approx((0.09 + sigma**2 * g / 4) ** 0.5, rel=0.1)


def test_keeps_narrow_modes_apart_and_their_width(rng):
    x = rng.normal(size=(20_000, 1))
    u = rng.choice([-1.0, 1.0], size=(20_000, 1)) + 0.05 * rng.normal(size=(20_000, 1))
    a = fit_diffusion(x, u, [0.0], seed=0, steps=2500)(rng.normal(size=(1, 20_000, 1)), rng)[0, :, 0]
    on = np.abs(np.abs(a) - 1) < 0.25
    assert on.mean() > 0.95
    assert (a > 0).mean() == pytest.approx(0.5, abs=0.06)
    assert np.abs(a[on] - np.sign(a[on])).mean() == pytest.approx(0.05 * (2 / np.pi) ** 0.5, rel=0.25)


def test_as_a_policy_each_sampler_acts_on_its_own_block(rng):
    x = rng.normal(size=(500, 1))
    fit = fit_diffusion(x, x, [0.0, 0.5], seed=0, steps=30, width=8)
    z = rng.normal(size=(10, 1))
    one, two = (np.random.default_rng(4) for _ in range(2))
    np.testing.assert_array_equal(fit.policy(z, one), fit(z.reshape(2, 5, 1), two).reshape(10, 1))


CODE = """
import numpy as np
from qbc.learn import fit_diffusion
rng = np.random.default_rng(0)
x = rng.normal(size=(300, 1))
print(fit_diffusion(x, -x, [.1], seed=5, steps=40, width=8)(x[None, :20], rng).sum().hex())
"""


def test_same_seed_same_samples_in_two_processes():
    runs = [subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert runs[0] == runs[1] != ""


def test_refusals(rng):
    x = rng.normal(size=(6, 1))
    with pytest.raises(ValueError, match="fit_diffusion needs x"):
        fit_diffusion(x, x[:3], [0.1], seed=0)
    with pytest.raises(ValueError, match="sigmas >= 0 and levels >= 2"):
        fit_diffusion(x, x, [-0.1], seed=0)
    fit = fit_diffusion(x, x, [0.1], seed=0, steps=2, width=4)
    with pytest.raises(ValueError, match=r"needs observations \(1, N, dx\)"):
        fit(x, rng)
