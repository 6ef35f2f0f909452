"""Flows and denoisers sample the data's law, spend the evaluations they are given, and their paths' guesses give one another."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from qbc import learn
from qbc.demonstrations import demonstrations
from qbc.learn.paths import PATHS
from qbc.learn.samplers import schedule

T = torch.tensor([0.0, 0.001, 0.1, 0.5, 0.9, 0.999])[:, None]
BOTH = pytest.mark.parametrize("fit", [learn.fit_flow, learn.fit_denoiser])


@pytest.mark.parametrize("path", PATHS)
def test_a_path_goes_from_noise_to_data(path):
    way, ends = PATHS[path], torch.tensor([0.0, 1.0])
    a, b = way.a(ends), way.b(ends)
    assert a[0] < 0.06
    assert b[0] > 0.99
    assert a[1] > 0.99
    assert b[1] < 0.02
    grid = torch.linspace(0, 1, 50)
    assert (torch.diff(way.a(grid)) > 0).all()
    assert (torch.diff(way.b(grid)) < 0).all()
    if way.unit:
        torch.testing.assert_close(way.a(grid) ** 2 + way.b(grid) ** 2, torch.ones(50))


@pytest.mark.parametrize(("path", "guess"), [(p, g) for p in PATHS for g in PATHS[p].guesses])
def test_each_guess_gives_back_the_data_and_the_noise(path, guess):
    way = PATHS[path]
    u, noise = torch.randn(6, 3, dtype=torch.float64), torch.randn(6, 3, dtype=torch.float64)
    z, t = way.mix(u, noise, T.double()), T.double()
    back = way.data(guess, way.target(guess, u, noise, t), z, t)
    torch.testing.assert_close(back, u, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(way.noise(back, z, t), noise, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("path", PATHS)
def test_the_velocity_is_the_direction_of_the_path(path):
    """Up to its speed: d z / d t is along u - n on the straight path, and along b u - a n on the circles."""
    way, h = PATHS[path], 1e-6
    u, noise, t = torch.ones(6, 1, dtype=torch.float64), torch.full((6, 1), 0.3, dtype=torch.float64), T.double()
    slope = (way.mix(u, noise, t + h) - way.mix(u, noise, t - h)) / (2 * h)
    other = (way.mix(2 * u, -noise, t + h) - way.mix(2 * u, -noise, t - h)) / (2 * h)
    v, w = way.target("velocity", u, noise, t), way.target("velocity", 2 * u, -noise, t)
    torch.testing.assert_close(slope * w, other * v, rtol=1e-4, atol=1e-4)


@BOTH
def test_samples_the_conditional_law_of_linear_gaussian_data(rng, fit):
    x = 2 + rng.normal(size=(2, 8000, 1))
    u = np.stack([0.5 * x[0], 3 - x[1]]) + 0.5 * rng.normal(size=x.shape)
    f = fit(demonstrations(x, u), learn.Fit(seed=1, steps=800, batch=256, width=48, lr=3e-3)).using(30)
    for obs in (1.0, 2.5):
        a = f(np.full((4000, 1), obs), rng)[:, :, 0, 0]
        np.testing.assert_allclose(a.mean(axis=1), [0.5 * obs, 3 - obs], atol=0.15)
        np.testing.assert_allclose(a.std(axis=1), 0.5, rtol=0.2)


def test_what_few_steps_leave_out_is_added(rng):
    """Of N(0, 1) five steps keep too little, unless each adds what its guess leaves open."""
    u = rng.normal(size=(8000, 1))
    fit = learn.fit_denoiser(
        demonstrations(None, u), learn.Fit(seed=0, steps=800, width=32, lr=3e-3), path="levels", guess="data", clip=False, wide=True
    ).using(5)
    wide, narrow = (h(np.zeros((20_000, 0)), rng).std() for h in (fit, replace(fit, missing=None)))
    assert wide == pytest.approx(1, abs=0.07)
    assert narrow < 0.9


class Told:
    """A network that knows the exact answer for data N(0, 1)."""

    def __init__(self, answer, path):
        self.answer, self.asked, self.path = answer, [], path

    def __call__(self, seen):
        told = seen[..., 1:2]  # the time, in units of its spread on the path of levels
        t = told / 12**0.5 + 0.5 if self.path == "levels" else told
        self.asked.append(float(t[0, 0, 0]))
        return self.answer(seen[..., :1], t)


@pytest.fixture
def knowing():
    """A sampler of N(0, 1) without observations whose network is replaced: path, guess -> sampler."""
    demos = demonstrations(None, np.array([[1.0], [-1.0]]))  # mean 0, deviation 1

    def make(path, guess, answer, **how):
        fit = learn.fit_flow(demos, learn.Fit(seed=0, steps=1, width=1), clip=False)
        return replace(fit, net=Told(answer, path), path=path, guess=guess, **how)

    return make


@pytest.mark.parametrize("eta", [0.0, 1.0])
@pytest.mark.parametrize("path", PATHS)
def test_a_sampler_that_knows_keeps_the_normal_law(rng, knowing, path, eta):
    way = PATHS[path]
    h = knowing(path, "data", lambda z, t: way.a(t) * z / (way.a(t) ** 2 + way.b(t) ** 2)).using(100, eta=eta)
    a = h(np.zeros((20_000, 0)), rng)
    assert a.std() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(h.net.asked, np.arange(100) / 100, atol=1e-6)


def test_one_euler_step_of_a_flow_by_hand(knowing):
    h = knowing("straight", "velocity", lambda z, t: 3 - z).using([0, 0.25, 1])
    z = np.random.default_rng(5).standard_normal((1, 4, 1), dtype=np.float32)
    z = z + 0.25 * (3 - z)
    np.testing.assert_allclose(h(np.zeros((4, 0)), np.random.default_rng(5))[:, :, 0], z + 0.75 * (3 - z), rtol=1e-5)


def test_ddim_adds_no_noise_of_its_own(knowing):
    h = knowing("cosine", "noise", lambda z, t: 0.3 * z)
    runs = [h.using(8, eta=eta)(np.zeros((5, 0)), np.random.default_rng(3)) for eta in (0.0, 0.0, 1.0)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.allclose(runs[0], runs[2])


def test_guesses_are_held_inside_the_range_of_the_data(rng):
    u = rng.uniform(-1, 1, size=(500, 1))
    for clip in (True, False):
        h = learn.fit_denoiser(demonstrations(None, u), learn.Fit(seed=0, steps=2, width=4), clip=clip)
        assert (np.abs(h(np.zeros((500, 0)), rng)).max() <= 1.0001) == clip


def test_refusals(rng):
    demos, fit = demonstrations(None, rng.normal(size=(6, 1))), learn.Fit(seed=0, steps=1, width=4)
    for wrong in (dict(guess="score"), dict(path="sine")):
        with pytest.raises(ValueError, match="guess: one of data, noise, velocity"):
            learn.fit_denoiser(demos, fit, **wrong)
    for clip in (True, False):  # at its start the mixture is noise and nothing else
        with pytest.raises(ValueError, match="guess: one of data, velocity"):
            learn.fit_flow(demos, fit, guess="noise", clip=clip)
    h = learn.fit_flow(demos, fit)
    with pytest.raises(ValueError, match=r"eta: in \[0, 1\], got 2"):
        h.using(eta=2)
    for wrong in (0, -3, 2.5, np.nan, np.inf, [[0.0], [1.0]], [0.0, 0.5], [0.0, 0.7, 0.6, 1.0], [1.0, 0.0]):
        with pytest.raises(ValueError, match="evaluations: a number >= 1, or times that rise from 0 to 1"):
            h.using(wrong)
    np.testing.assert_array_equal(schedule(np.int64(2)), [0, 0.5, 1])


def test_given_noise_is_carried_as_a_call_carries_its_own(rng):
    u = rng.choice([-1.0, 1.0], size=(2, 300, 1)) + 0.1 * rng.normal(size=(2, 300, 1))
    f = learn.fit_flow(demonstrations(None, u, k=2), learn.Fit(seed=0, steps=30, width=8), octaves=2).using(4)
    nothing = np.zeros((5, 0))
    noise = np.random.default_rng(7).standard_normal((2, 5, 1), dtype=np.float32)
    np.testing.assert_array_equal(f.carry(noise, nothing), f(nothing, np.random.default_rng(7)))
    np.testing.assert_array_equal(f.only(1).carry(noise[1:], nothing), f.carry(noise, nothing)[1:])
    with pytest.raises(ValueError, match=r"noise: \(2, 5, 1\), got \(2, 4, 1\)"):
        f.carry(noise[:, :4], nothing)
    with pytest.raises(ValueError, match="carry needs steps without fresh noise"):
        learn.fit_denoiser(demonstrations(None, u, k=2), learn.Fit(seed=0, steps=1, width=8)).carry(noise, nothing)


def test_waves_of_the_mixture_help_with_many_close_modes(rng):
    """Eight points on the line: with waves the same brief training leaves less between them."""
    u = rng.integers(8, size=(1, 2000, 1)).astype(float)
    fit = learn.Fit(seed=0, steps=400, lr=1e-2, batch=128, width=32)
    left = []
    for octaves in (0, 5):
        a = learn.fit_flow(demonstrations(None, u, k=1), fit, octaves=octaves).using(30)(np.zeros((2000, 0)), rng)[0, :, 0, 0]
        left.append((np.abs(a - np.round(a)) > 0.25).mean())
    assert left[1] < 0.8 * left[0]
