"""Heads find small laws whose answer is known: means, medians, modes; same seed, same head, in another process too."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from qbc import learn, policies
from qbc.demonstrations import demonstrations
from qbc.learn import fitting
from qbc.learn.device import array, tensor
from qbc.learn.mixture import all_densities, densities
from qbc.learn.scale import Scale
from qbc.learn.view import waves

SHORT = learn.Fit(seed=0, steps=400, batch=64, width=32)
PLAIN = learn.Fit(seed=1, steps=600, lr=1e-2, batch=1024, width=24, activation="tanh")
NOTHING = np.zeros((500, 0))


def test_points_are_the_mean_and_the_median(rng):
    u = np.where(rng.random((500, 1)) < 0.7, 0.0, 1.0)
    heads = [learn.fit_regression(demonstrations(None, u), SHORT, loss=loss) for loss in ("squared", "absolute")]
    mean, median = (h(NOTHING, rng)[0, 0, 0, 0] for h in heads)
    assert mean == pytest.approx(u.mean(), abs=0.03)
    assert median == pytest.approx(0.0, abs=0.03)
    with pytest.raises(ValueError, match="loss: one of squared, absolute, got 'l2'"):
        learn.fit_regression(demonstrations(None, u), SHORT, loss="l2")


def test_weights_count_as_repeats(rng):
    u = np.array([[0.0], [1.0]])
    h = learn.fit_regression(demonstrations(None, u, weights=[3, 1]), SHORT)
    assert h(NOTHING, rng)[0, 0, 0, 0] == pytest.approx(0.25, abs=0.05)


def test_squared_loss_finds_the_mean_and_log_loss_the_modes(rng):
    expert = policies.TwoMode(1.0, 0.1)
    x = rng.uniform(-1, 1, size=(8000, 1))
    demos = demonstrations(x, expert(x, rng))
    mean = learn.fit_regression(demos, PLAIN).policy
    assert np.abs(mean(x, rng) - expert.modes(x).mean(axis=1, keepdims=True)).mean() < 0.05
    w, centres, s = (a[0] for a in learn.fit_mixture(demos, PLAIN, components=2).parts(x))
    np.testing.assert_allclose(w.sum(axis=1), 1.0, rtol=1e-5)
    assert np.abs(np.sort(centres[..., 0], axis=1) - np.sort(expert.modes(x), axis=1)).mean() < 0.03
    assert np.abs(s / 0.1 - 1).mean() < 0.1


@pytest.mark.parametrize("spread", [True, False])
def test_a_mixture_draws_from_the_law_whose_likelihood_it_has(rng, spread):
    u = np.where(rng.random((4000, 1)) < 0.3, 5 + 0.2 * rng.normal(size=(4000, 1)), 1 + 0.1 * rng.normal(size=(4000, 1)))
    h = learn.fit_mixture(demonstrations(None, u), learn.Fit(seed=0, steps=800, batch=None, width=8), components=2, spread=spread)
    w, centres, s = (a[0, 0] for a in h.parts(NOTHING[:1]))
    density = (w * stats.norm.pdf(u, centres[:, 0], s[:, 0])).sum(axis=1)
    assert h.loss[0] == pytest.approx(-np.log(density * u.std()).mean(), abs=1e-4)  # of actions in units of their spread
    drawn = h(np.zeros((50_000, 0)), rng)[0, :, 0, 0]
    assert (drawn > 3).mean() == pytest.approx(0.3, abs=0.02)
    assert drawn[drawn > 3].std() == pytest.approx(0.2 * spread, abs=0.02)


@pytest.mark.parametrize("masked", [False, True])
def test_densities_of_few_observations_are_those_row_by_row(masked):
    g = torch.Generator().manual_seed(0)
    weights, centres, widths = (torch.randn(2, 3, 4, *more, generator=g) for more in ((), (5,), (5,)))
    parts = (weights.log_softmax(2), centres, widths / 3)
    act, mask = torch.randn(2, 3, 5, generator=g), (torch.rand(2, 3, 5, generator=g) < 0.7).float()
    mask = mask if masked else None
    table = all_densities(parts, act, mask)  # (k, m, n): action n under mixture m; row by row it is its diagonal
    torch.testing.assert_close(table.diagonal(dim1=1, dim2=2), densities(parts, act, mask), rtol=1e-4, atol=1e-4)


def test_evaluating_each_different_observation_once_changes_nothing(rng, monkeypatch):
    x = rng.choice([-1.0, 1.0], size=(2, 60, 1))
    demos = demonstrations(x, x + 0.1 * rng.normal(size=x.shape))
    brief = learn.Fit(seed=0, steps=20, batch=16, width=8)
    fits = [lambda: learn.fit_regression(demos, brief), lambda: learn.fit_mixture(demos, brief, components=2)]
    few = [fit().loss for fit in fits]
    monkeypatch.setattr(fitting, "FEW", 0)
    np.testing.assert_allclose([fit().loss for fit in fits], few, rtol=1e-4)


def test_a_width_has_a_floor(rng):
    u = (rng.random((300, 1)) < 0.5) * 1.0  # a gripper: log-loss without a floor has no end
    h = learn.fit_mixture(demonstrations(None, u), learn.Fit(seed=0, steps=1500, width=8), components=2, floor=0.05)
    _, centres, s = h.parts(NOTHING[:1])
    np.testing.assert_allclose(np.sort(centres.ravel()), [0, 1], atol=0.02)
    assert s.min() >= 0.05 * u.std() * (1 - 1e-5)


def test_codes_are_drawn_as_often_as_they_are_used(rng):
    u = rng.choice([-1.0, 1.0], size=(400, 1)) + 0.02 * rng.normal(size=(400, 1))
    h = learn.fit_codebook(demonstrations(None, u), SHORT, codes=[8])
    drawn = h(np.zeros((4000, 0)), rng)[0, :, 0, 0]
    assert (np.abs(np.abs(drawn) - 1) < 0.2).all()  # no dead code
    assert (drawn > 0).mean() == pytest.approx((u > 0).mean(), abs=0.05)


@pytest.mark.parametrize("fit", [lambda d, f: learn.fit_codebook(d, f, codes=[4]), lambda d, f: learn.fit_prototypes(d, f, codes=4)])
def test_the_observation_tells_which_code(rng, fit):
    x = rng.choice([-1.0, 1.0], size=(400, 1))
    h = fit(demonstrations(x, 3 * x + 0.02 * rng.normal(size=x.shape)), SHORT)
    assert np.abs(h(np.array([[1.0], [-1.0]]), rng)[0, :, 0, 0] - [3, -3]).max() < 0.4


def test_refusals():
    demos = demonstrations(None, np.zeros((4, 2)))
    for codes in ([0], [5], [1, 1], []):
        with pytest.raises(ValueError, match="codes: 1 numbers from 1 to 4, one a data set"):
            learn.fit_codebook(demos, SHORT, codes=codes)
    for codes in (0, 5):
        with pytest.raises(ValueError, match="codes: 1 to 1 different chunks"):
            learn.fit_prototypes(demos, SHORT, codes=codes)
    with pytest.raises(ValueError, match="codes: 1 numbers from 1 to 3"):  # of the four one is held out
        learn.fit_codebook(demos, replace(SHORT, held_out=0.25), codes=[4])
    mask = np.array([[True, True], [True, False]])
    with pytest.raises(ValueError, match="give chunks without padded steps"):
        learn.fit_prototypes(demonstrations(np.zeros((2, 1)), np.zeros((2, 2, 1)), mask=mask), SHORT, codes=1)
    for wrong in (dict(components=0), dict(components=5), dict(components=1, floor=1.5)):
        with pytest.raises(ValueError, match="components: 1 to 4, and 0 < floor < start"):
            learn.fit_mixture(demos, SHORT, **wrong)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_scale_makes_each_column_standard_and_goes_back(rng, weighted):
    u = 5 + rng.normal(size=(2, 50, 4)) * np.array([1.0, 10, 0, 1e-200])
    w = rng.random((2, 50, 1)) if weighted else None
    scale = Scale.of(u, w)
    v = scale.into(u)
    np.testing.assert_allclose(np.average(v, axis=1, weights=None if w is None else np.broadcast_to(w, v.shape)), 0, atol=1e-12)
    np.testing.assert_allclose(np.average(v**2, axis=1, weights=None if w is None else np.broadcast_to(w, v.shape))[:, :2], 1)
    np.testing.assert_array_equal(scale.at_rest[:, 0], [[False, False, True, True]] * 2)
    np.testing.assert_allclose(scale.back(v), u)
    assert Scale.of(u * 1e-180).at_rest[0, 0].tolist() == [False, False, True, True]  # squares would vanish
    np.testing.assert_allclose(Scale.of(u, None, np.full((2, 4), 3.0)).sd[:, 0, 2], 3)  # noise is spread


def test_waves_are_sines_and_cosines_of_doubling_frequency():
    np.testing.assert_allclose(array(waves(tensor([[0.5]]), 2))[0], [0.5, 1, 0, 0, -1], atol=1e-6)


def test_waves_let_a_head_see_finely(rng):
    x = rng.uniform(-1, 1, size=(2000, 1))
    demos = demonstrations(x, np.sin(12 * x))
    off = [learn.fit_regression(d, SHORT).loss[0] for d in (demos, demos.waved(4))]
    assert off[1] < 0.02 < 0.2 < off[0]


def test_noise_in_training_smooths_and_a_level_that_is_told_is_undone(rng):
    x = rng.choice([-1.0, 1.0], size=(2000, 1))
    demos = demonstrations(x, x)
    noised = learn.fit_regression(demos.noised(1.0), learn.Fit(seed=0, steps=800, width=32))
    seen = np.array([[0.5]])
    assert noised(seen, rng)[0, 0, 0, 0] == pytest.approx(np.tanh(0.5), abs=0.12)  # E[x | x + w = .5]
    told = learn.fit_regression(demos.noised(1.0, levels=(0.1, 1.0), told=True), learn.Fit(seed=0, steps=1500, width=32))
    sure, unsure = told(np.array([[0.8, 0.1], [0.8, 1.0]]), rng)[0, :, 0, 0]
    assert sure > 0.8 > unsure + 0.05
    assert unsure == pytest.approx(np.tanh(0.8), abs=0.12)


CODE = """
import numpy as np
from qbc.demonstrations import demonstrations
from qbc.learn import Fit
from qbc.learn.examples import EXAMPLES
rng = np.random.default_rng(0)
x = rng.normal(size=(100, 1)); d = demonstrations(x, np.sign(x) + 0.1 * x)
print([float(e.fit(d, Fit(seed=3, steps=10, batch=32, width=8))(x, rng).sum()).hex() for e in EXAMPLES.values()])
"""


def test_same_seed_same_heads_also_in_another_process():
    first, second = (subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert first == second != ""


def test_the_trace_shows_a_fit_on_its_way():
    x = np.linspace(-1, 1, 200)[:, None]
    h = learn.fit_regression(demonstrations(x, x**2), learn.Fit(seed=0, steps=300, batch=32, width=16, every=100, held_out=0.1))
    assert h.trace.shape == (3, 3)
    assert h.trace[0, 1] > h.trace[1, 1] > h.trace[2, 1]
    with torch.no_grad():
        assert h.loss[0] == pytest.approx(h.trace[-1, 1])


@pytest.mark.parametrize("weights", [[0, 1, 1, 1, 1], [1, 1, 1, 1, 1]])
def test_more_components_than_different_rows_start_at_rows_that_weigh(weights):
    u = np.array([[1e4 if not weights[0] else 0.0], [0], [1], [0], [1]])
    still = learn.Fit(seed=0, steps=1, lr=1e-30, width=4)
    for n in (3, 5):
        _, centres, _ = learn.fit_mixture(demonstrations(None, u, weights=weights), still, components=n).parts(NOTHING[:1])
        assert (np.abs(centres - 0.5) < 2).all()


def test_the_price_of_a_codebook_counts_rows_by_weight():
    """As repeats do: of one code, before anything is learned."""
    u, still = np.array([[1.0], [-1.0], [3.0]]), learn.Fit(seed=0, steps=1, lr=1e-30, width=4)
    counted, repeated = (
        learn.fit_codebook(d, still, codes=[1], commit=1e6)
        for d in (demonstrations(None, u, weights=[3.0, 1.0, 1.0]), demonstrations(None, u[[0, 0, 0, 1, 2]]))
    )
    np.testing.assert_array_equal(counted.book, repeated.book)
    assert counted.loss[0] == pytest.approx(repeated.loss[0], rel=1e-5)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_prices_are_numbers_from_zero_on(bad):
    demos = demonstrations(None, np.arange(4.0)[:, None])
    with pytest.raises(ValueError, match=r"^penalty: >= 0 and finite, got"):
        learn.fit_regression(demos, SHORT, penalty=bad)
    with pytest.raises(ValueError, match=r"^commit: >= 0 and finite, got"):
        learn.fit_codebook(demos, SHORT, codes=[1], commit=bad)
