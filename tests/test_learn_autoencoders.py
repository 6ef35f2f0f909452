"""Autoencoders: stratified noise, penalties worked by hand, the exact optimum of two modes, and what they refuse."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from qbc.demonstrations import demonstrations
from qbc.learn import Fit, fit_autoencoders, fitting
from qbc.learn.autoencoders import kl_to_prior, mmd, stratified

TWO = np.repeat([1.0, -1.0], 64)[:, None]


def fitted(weights, *, x=None, u=TWO, k=1, steps=600, lr=3e-3, **how):
    fit = Fit(seed=0, steps=steps, lr=lr, batch=None, width=32, activation="tanh")
    return fit_autoencoders(demonstrations(x, u).times(k), fit, **{"latent": 1, "penalties": weights} | how)


def kl(fit, a, s=None):
    mu, sigma = (torch.tensor(x) for x in fit.encode(a, s))
    return kl_to_prior(mu, sigma.log()).mean(dim=1).numpy()


def test_stratified_noise_has_one_draw_in_every_cell_of_every_block():
    z = stratified(3, 40, 2, 20, torch.Generator().manual_seed(0)).numpy()
    cells = np.floor(stats.norm.cdf(z) * 20).reshape(3, 2, 20, 2)
    np.testing.assert_array_equal(np.sort(cells, axis=2), np.broadcast_to(np.arange(20)[:, None], cells.shape))
    assert abs(np.corrcoef(z.reshape(-1, 2).T)[0, 1]) < 0.4  # the coordinates are in orders of their own
    plain = stratified(1, 50_000, 1, 1, torch.Generator().manual_seed(0)).numpy().ravel()
    assert stats.kstest(plain, "norm").pvalue > 1e-4


def test_kl_against_torch_and_mmd_against_loops():
    mu, log_sigma = torch.tensor([[0.5, -1.0]]), torch.tensor([[0.2, -0.7]])
    normal = torch.distributions.Normal
    oracle = torch.distributions.kl_divergence(normal(mu, log_sigma.exp()), normal(0.0, 1.0)).sum(dim=-1)
    torch.testing.assert_close(kl_to_prior(mu, log_sigma), oracle)
    x, y = torch.tensor([[[0.0], [1.0]]]), torch.tensor([[[0.0], [2.0]]])
    # kernel 2 / (2 + r^2): pairs of x 2/3, of y 1/3, across (1 + 1/3 + 2/3 + 2/3) / 4 = 2/3
    assert mmd(x, y).item() == pytest.approx(2 / 3 + 1 / 3 - 4 / 3, abs=1e-6)
    far, prior = torch.tensor([[[0.0], [1.0], [9.0]]]), torch.tensor([[[0.0], [2.0], [2.0]]])
    # rows of weights 1, 1, 0: pairs of x 2/3 as before, of y (1/3 + 1/3 + 1) / 3, across (1 + 1/3 + 1/3 + 3 2/3) / 6
    weighted = mmd(far, prior, torch.tensor([[1.0, 1.0, 0.0]])).item()
    assert weighted == pytest.approx(2 / 3 + 5 / 9 - 2 * (11 / 3) / 6, abs=1e-6)
    assert mmd(far, prior, torch.full((1, 3), 5.0)).item() == pytest.approx(mmd(far, prior).item(), abs=1e-6)
    with pytest.raises(ValueError, match="mmd: two rows or more, got 1"):
        mmd(x[:, :1], y[:, :1])


def test_no_block_of_the_loss_has_a_single_row(monkeypatch):
    monkeypatch.setattr(fitting, "BLOCK", 127)
    fit = Fit(seed=0, steps=2, batch=16, width=4)
    assert np.isfinite(fit_autoencoders(demonstrations(None, TWO), fit, penalties=[1.0], penalty="mmd").loss).all()
    for wrong in (replace(fit, batch=1), replace(fit, held_out=1 / 128)):
        with pytest.raises(ValueError, match="penalty: mmd compares rows, two a batch or more"):
            fit_autoencoders(demonstrations(None, TWO), wrong, penalties=[1.0], penalty="mmd")


def test_the_loss_counts_rows_by_weight():
    """Of a price so high that it is all there is."""
    u, w = np.array([[1.0], [-1.0], [3.0]]), np.array([3.0, 1.0, 0.5])
    fit = Fit(seed=0, steps=1, batch=4, width=4)
    head = fit_autoencoders(demonstrations(None, u, weights=w), fit, penalties=[1e9], latent=1)
    mu, sigma = (torch.tensor(a) for a in head.encode(u))
    assert head.loss[0] / 1e9 == pytest.approx(np.average(kl_to_prior(mu, sigma.log())[0], weights=w), rel=1e-5)


def test_the_scale_of_what_the_encoder_sees_counts_rows_by_weight():
    seen = np.array([[[0.0], [1.0], [1e6]]])
    demos = demonstrations(None, np.ones((3, 1)) * [[1], [2], [3]], weights=[1.0, 1.0, 0.0])
    fit = fit_autoencoders(demos, Fit(seed=0, steps=1, width=4), penalties=[1.0], seen=seen)
    assert (fit.seen.mean.item(), fit.seen.sd.item()) == (0.5, 0.5)


def test_mmd_vanishes_between_equal_laws_and_sees_a_shift_and_two_clusters(rng):
    g = torch.Generator().manual_seed(1)
    a, b = stratified(4, 1000, 1, 1, g), stratified(4, 1000, 1, 1, g)
    assert mmd(a, b).abs().max() < 8e-3
    assert mmd(a + 0.5, b).min() > 0.01
    assert mmd(a.sign() + 0.05 * a, b).min() > 0.005


def test_squared_loss_keeps_below_and_collapses_above_its_threshold():
    """Two modes +-1: the exact optimum has KL .490 at weight 1 and 0 from weight 2 on."""
    fit = fitted([1.0, 2.2], k=2, steps=800, strata=64, lr=1e-2)
    assert kl(fit, np.array([[1.0], [-1.0]])) == pytest.approx([0.490, 0.0], abs=0.02)
    z = np.array([[2.0], [-2.0]])
    assert np.abs(fit.decode(z)[0]).min() > 0.8
    assert np.abs(fit.decode(z)[1]).max() < 0.1


def test_a_weight_is_measured_in_the_units_of_the_data_or_of_their_spread():
    """Three times the modes: the threshold is nine times as high in units of the data, and where it was in units of the spread."""
    kept = [kl(fitted([3.0], u=3 * TWO, steps=400, strata=64, lr=1e-2, units=units), 3 * TWO)[0] for units in ("data", "spread")]
    assert kept[0] > 0.5
    assert kept[1] < 0.02


def test_what_the_encoder_is_not_shown_it_cannot_tell():
    fit = fitted([0.01], steps=200, seen=np.zeros((1, 128, 1)), strata=64)
    mu, _ = fit.encode(np.zeros((1, 1)))
    assert np.abs(fit.decode(mu)).max() < 0.1


def test_an_observation_that_tells_the_mode_needs_no_latent():
    fit = fitted([2.0], x=TWO, strata=64)
    assert kl(fit, TWO, TWO).max() < 1e-3
    assert fit.decode(np.zeros_like(TWO), TWO)[0, :, 0] == pytest.approx(TWO, abs=0.05)


def test_the_aggregate_penalty_keeps_the_modes_where_the_other_loses_them():
    fit = fitted([2.2], penalty="mmd", jitter=0.3, lr=1e-2)
    mu, sigma = fit.encode(np.array([[1.0], [-1.0]]))
    assert sigma == pytest.approx(0.3)
    assert abs(mu[0, 0, 0] - mu[0, 1, 0]) > 1.0
    assert fit.decode(mu)[0, :, 0, 0] == pytest.approx([1.0, -1.0], abs=0.15)


def test_a_prior_fitted_to_the_codes_draws_what_the_encoder_says(rng):
    plain, learned = (fitted([1e-3], steps=800, strata=64, components=c) for c in (0, 4))
    on_mode = [(np.abs(np.abs(h(np.zeros((4000, 0)), rng)) - 1) < 0.1).mean() for h in (plain, learned)]
    assert on_mode[1] > 0.97
    assert on_mode[0] < on_mode[1]


def test_chunks_are_encoded_and_decoded_in_their_own_shape_and_one_stands_alone(rng):
    a = rng.normal(size=(2, 60, 3, 2))
    x = a[:, :, 0, :1]
    fit = fit_autoencoders(
        demonstrations(x, a), Fit(seed=4, steps=5, batch=20, width=8), penalties=[0.1, 0.2], latent=2, strata=10, loss="absolute"
    )
    z = rng.normal(size=(2, 7, 2))
    both = fit.decode(z, np.zeros((7, 1)))
    assert both.shape == (2, 7, 3, 2)
    assert fit.encode(a, x)[0].shape == (2, 60, 2)
    np.testing.assert_allclose(fit.only(1).decode(z[1], np.zeros((7, 1)))[0], both[1], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(fit.only(1).encode(a[1:], x[1:])[0][0], fit.encode(a, x)[0][1], rtol=1e-4, atol=1e-6)
    assert fit.only(1).penalties == (0.2,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (dict(loss="huber"), "loss: one of squared, absolute, got 'huber'"),
        (dict(penalty="none"), "penalty: kl"),
        (dict(jitter=0.1), "without jitter"),
        (dict(weights=[1.0, 2.0]), "penalties: 1 numbers >= 0"),
        (dict(weights=[-1.0]), "penalties: 1 numbers >= 0"),
        (dict(seen=np.zeros((1, 5, 1))), r"seen: \(1, 128, d\), got"),
        (dict(seen=np.where(np.arange(128) == 7, np.nan, 0.0)[None, :, None]), "seen: network 0, row 7, column 0 is nan"),
        (dict(strata=100), "strata: a divisor of the rows of a batch, 128, got 100"),
        (dict(strata=0), "strata: a divisor of the rows of a batch, 128, got 0"),
        (dict(units="datum"), "units: data or spread, got 'datum'"),
    ],
)
def test_refusals(change, said):
    with pytest.raises(ValueError, match=said):
        fitted(**{"weights": [1.0], "steps": 1} | change)


@pytest.mark.parametrize("k", [1, 2])
def test_chunks_are_told_by_their_shape(rng, k):
    """Shown to all or one by one, flat or not, also where one network or one step could be read otherwise."""
    u = rng.normal(size=(k, 8, 3, 2))
    fit = fit_autoencoders(demonstrations(None, u), Fit(seed=0, steps=1, width=4), penalties=[1.0] * k)
    own, flat = fit.encode(u)[0], fit.encode(u.reshape(k, 8, 6))[0]
    np.testing.assert_array_equal(own, flat)
    for shown in (u[0], u[0].reshape(8, 6)):
        np.testing.assert_allclose(fit.encode(shown)[0][0], own[0], rtol=1e-6)
        assert fit.encode(shown)[0].shape == (k, 8, 4)
    for wrong in (u[0, 0], np.zeros((k + 1, 8, 3, 2)), np.zeros((5, 5))):
        with pytest.raises(ValueError, match="chunks"):
            fit.encode(wrong)
    bad = np.where(np.arange(8)[:, None, None] == 5, np.nan, u[0])
    with pytest.raises(ValueError, match="chunks: row 5, step 0, column 0 is nan"):
        fit.encode(bad)
    with pytest.raises(ValueError, match="latents: row 0, coordinate 0 is nan"):
        fit.decode(np.full((1, 4), np.nan))


def test_one_of_them_keeps_its_learned_prior(rng):
    fit = fitted([1e-3, 1e-3], k=2, steps=400, strata=64, components=4)
    drawn = fit.only(1)(np.zeros((2000, 0)), rng)
    assert (np.abs(np.abs(drawn) - 1) < 0.1).mean() > 0.95


def test_decoding_refuses_the_wrong_width():
    with pytest.raises(ValueError, match=r"latents: \(n, 2\) or \(1, n, 2\), got"):
        fitted([1.0], steps=1, latent=2).decode(np.zeros((3, 1)))
