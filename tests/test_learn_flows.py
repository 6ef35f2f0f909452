"""Flows and denoisers sample the data's law, spend the evaluations they are given, and keep their networks apart."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from qbc import learn
from qbc.learn import flows
from qbc.learn.scale import Scale

SHORT = dict(steps=800, batch=256, width=48, depth=2, lr=3e-3)
BOTH = pytest.mark.parametrize("fit", [learn.fit_flow, learn.fit_denoiser])


@BOTH
def test_samples_the_conditional_law_of_linear_gaussian_data(rng, fit):
    x = 2 + rng.normal(size=(2, 8000, 1))
    u = np.stack([0.5 * x[0], 3 - x[1]]) + 0.5 * rng.normal(size=x.shape)
    f = fit(x, u, k=2, seed=1, **SHORT)
    for obs in (1.0, 2.5):
        a = f(np.full((4000, 1), obs), rng, evaluations=30)[:, :, 0]
        np.testing.assert_allclose(a.mean(axis=1), [0.5 * obs, 3 - obs], atol=0.15)
        np.testing.assert_allclose(a.std(axis=1), 0.5, rtol=0.2)


@BOTH
def test_finds_two_modes_without_any_observation(rng, fit):
    u = rng.choice([-1.0, 1.0], size=(4000, 1)) + 0.1 * rng.normal(size=(4000, 1))
    a = fit(np.zeros((4000, 0)), u, k=1, seed=0, **{**SHORT, "steps": 2000, "batch": 128})(u[:, :0], rng, evaluations=30)[0, :, 0]
    assert (np.abs(np.abs(a) - 1) < 0.5).mean() > 0.93
    assert (a > 0).mean() == pytest.approx(0.5, abs=0.08)


def test_the_paths_go_from_noise_to_data():
    u, noise = torch.randn(1, 5, 2), torch.randn(1, 5, 2)
    at = [torch.full((1, 5, 1), t) for t in (0.0, 0.3, 1.0)]
    torch.testing.assert_close(flows.straight(u, noise, at[0])[0], noise)
    torch.testing.assert_close(flows.straight(u, noise, at[2])[0], u)
    a, b = (flows.straight(u, noise, torch.full((1, 5, 1), t))[0] for t in (0.3, 0.4))
    torch.testing.assert_close((b - a) / 0.1, flows.straight(u, noise, at[1])[1], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(flows.mixed(u, noise, at[0])[0], u)
    torch.testing.assert_close(flows.mixed(u, noise, at[2])[0], noise, rtol=0.05, atol=0.05)
    assert (torch.diff(flows.signal(torch.linspace(0, 1, 20))) < 0).all()


class Told:
    """A network that knows the exact answer for data N(0, 1)."""

    k = 1

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def __call__(self, seen):
        self.asked.append(float(seen[0, 0, 1]))
        return self.answer(seen[..., :1], seen[..., 1:2])


UNIT = Scale(np.zeros((1, 1, 1)), np.ones((1, 1, 1)))
EMPTY = Scale(np.zeros((1, 1, 0)), np.ones((1, 1, 0)))


def test_a_flow_with_the_exact_velocity_keeps_the_normal_law(rng):
    net = Told(lambda a, t: a * (2 * t - 1) / (t**2 + (1 - t) ** 2))
    a = learn.Flow(net, EMPTY, UNIT)(np.zeros((20_000, 0)), rng, evaluations=100)
    assert a.std() == pytest.approx(1, abs=0.03)
    np.testing.assert_allclose(net.asked, np.arange(100) / 100, atol=1e-6)
    net.asked.clear()
    learn.Flow(net, EMPTY, UNIT)(np.zeros((3, 0)), rng, evaluations=np.array([0.0, 0.2, 1.0]))
    np.testing.assert_allclose(net.asked, [0.0, 0.2], atol=1e-6)


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_a_denoiser_with_the_exact_noise_keeps_the_normal_law(rng, eta):
    net = Told(lambda a, t: (1 - flows.signal(t)).sqrt() * a)
    a = learn.Denoiser(net, EMPTY, UNIT)(np.zeros((20_000, 0)), rng, evaluations=100, eta=eta)
    assert a.std() == pytest.approx(1, abs=0.05)
    assert len(net.asked) == 100


def test_ddim_adds_no_noise_of_its_own(rng):
    net, x = Told(lambda a, t: 0.3 * a), np.zeros((5, 0))
    runs = [learn.Denoiser(net, EMPTY, UNIT)(x, np.random.default_rng(3), evaluations=8, eta=eta) for eta in (0.0, 0.0, 1.0)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.allclose(runs[0], runs[2])


@BOTH
def test_one_networks_data_leave_the_others_alone(rng, fit):
    x, u = np.zeros((2, 50, 0)), rng.normal(size=(2, 50, 1))
    a, b = (
        fit(x, v, k=2, seed=0, steps=20, width=8)(x, np.random.default_rng(1), evaluations=3)[0]
        for v in (u, np.stack([u[0], 9 * u[1]]))
    )
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


CODE = """
import numpy as np
from qbc import learn
rng = np.random.default_rng(0)
x = rng.normal(size=(300, 1))
for fit in (learn.fit_flow, learn.fit_denoiser):
    print(fit(x, -x, k=2, seed=5, steps=30, width=8)(x[:20], rng, evaluations=4).sum().hex())
"""


def test_same_seed_same_samples_in_two_processes():
    runs = [subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert runs[0] == runs[1] != ""


def test_a_count_from_numpy_is_a_count(rng):
    net = Told(lambda a, t: 0 * a)
    learn.Flow(net, EMPTY, UNIT)(np.zeros((3, 0)), rng, evaluations=np.int64(4))
    assert len(net.asked) == 4


def test_refusals(rng):
    x = rng.normal(size=(6, 1))
    with pytest.raises(ValueError, match="a sampler is fitted to"):
        learn.fit_flow(x, x[:3], k=1, seed=0)
    f = learn.fit_flow(x, x, k=2, seed=0, steps=2, width=4)
    with pytest.raises(ValueError, match=r"needs observations \(2, N, dx\)"):
        f(x[None], rng, evaluations=3)
    for wrong in (0, -3, np.array(2.5), np.array([[0.0], [1.0]]), np.array([0.0, 0.5]), np.array([0.0, 0.7, 0.6, 1.0])):
        with pytest.raises(ValueError, match="evaluations must be"):
            f(x, rng, evaluations=wrong)
