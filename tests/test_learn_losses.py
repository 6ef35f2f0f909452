"""What a head tells of its fit: losses by weight over what was demonstrated, and fits that have nothing to tell."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from qbc import learn
from qbc.demonstrations import demonstrations
from qbc.learn import fitting
from qbc.learn.losses import Losses
from qbc.learn.view import View

SHORT = learn.Fit(seed=0, steps=400, batch=64, width=32)


@pytest.mark.parametrize(("weighted", "masked"), [(True, False), (False, True), (True, True)])
def test_the_loss_on_all_data_is_the_mean_by_weight_over_demonstrated_steps(rng, monkeypatch, weighted, masked):
    """Whatever the blocks it is taken in: here of three and four rows, of which some show nothing."""
    monkeypatch.setattr(fitting, "BLOCK", 4)
    x, u, w, mask = rng.normal(size=(11, 1)), rng.normal(size=(11, 2, 1)), rng.random(11), rng.random((11, 2)) < 0.5
    w[3], mask[0] = 0, True
    demos = demonstrations(x, u, weights=w if weighted else None, mask=mask if masked else None)
    count = (w if weighted else np.ones(11))[:, None] * (mask if masked else np.ones((11, 2)))
    brief = learn.Fit(seed=0, steps=3, width=4, batch=8)
    head = learn.fit_regression(demos, brief)
    missed = (head(x, rng)[0, :, :, 0] - u[..., 0]) / head.view.act.sd[0]
    assert head.loss[0] == pytest.approx(np.average(missed**2, weights=count), rel=1e-5)
    mix = learn.fit_mixture(demos, brief, components=1)
    _, centre, sd = (a[0, :, 0] for a in mix.parts(x))
    nats = -stats.norm.logpdf(u[..., 0], centre, sd) - np.log(head.view.act.sd[0])
    assert mix.loss[0] == pytest.approx(np.average(nats, weights=count), rel=1e-5)
    price = Losses(torch.zeros(1, 1), None, torch.ones(1)).mean()
    assert price.item() == 1


def test_a_loss_tells_the_price_and_rows_held_out_count_by_weight(rng):
    x = rng.normal(size=(10, 1))
    head = learn.fit_regression(demonstrations(x, x), learn.Fit(seed=0, steps=3, width=4), penalty=0.1)
    missed = ((head(x, rng)[0, :, 0] - x) / x.std()) ** 2
    assert head.loss[0] == pytest.approx(
        missed.mean() + 0.1 * sum(float((p.detach() ** 2).sum()) for p in head.net.parameters()), rel=1e-5
    )
    w = np.ones(10)
    w[8:] = 0
    for fit in (learn.fit_regression, lambda d, f: learn.fit_prototypes(d, f, codes=2)):
        nothing = fit(demonstrations(x, x, weights=w), learn.Fit(seed=0, steps=3, width=4, held_out=0.2))
        assert np.isnan(nothing.held[0])
        assert np.isfinite(nothing.loss[0])
    w[8:] = [0, 1]
    half = learn.fit_prototypes(demonstrations(x, x, weights=w), learn.Fit(seed=0, held_out=0.2, steps=3, width=4), codes=2)
    nearest = np.abs(x[9] - half.view.say(half.centres)[0, :, 0, 0]).min()
    assert half.held[0] == pytest.approx((nearest / x[:8].std()) ** 2)


def test_weights_that_leave_nothing_to_learn_from_are_named():
    x, fit = np.arange(8.0).reshape(2, 4, 1), learn.Fit(seed=0, held_out=0.5)
    weights, mask = np.ones((2, 4)), np.ones((2, 4, 1), dtype=bool)
    weights[1, :2] = 0
    mask[0, :2] = False
    for more, i in ((dict(weights=weights), 1), (dict(mask=mask[..., 0]), 0), (dict(weights=weights[::-1]), 0)):
        with pytest.raises(ValueError, match=f"step 0 of network {i} has no weight in the 2 rows that are learned from"):
            learn.fit_regression(demonstrations(x, x, **more), fit)
    with pytest.raises(ValueError, match=r"held_out: 0\.1 of 4 rows is none"):
        learn.fit_regression(demonstrations(x, x), replace(fit, held_out=0.1))


def test_a_level_counts_in_the_spread_of_what_is_seen(rng):
    x = rng.normal(size=(50, 1))
    sd = View.of(demonstrations(x, x).noised(3.0, levels=(0.0, 2.0), told=True)).obs.sd.ravel()
    np.testing.assert_allclose(sd, [np.hypot(x.std(), 3 * 2**0.5), 1.0])


def test_any_seed_goes_and_a_fit_that_ends_in_no_numbers_says_so(rng):
    x = rng.normal(size=(20, 1))
    for seed in (2**40, 2**70):
        for fit in (lambda d, f: learn.fit_mixture(d, f, components=2), lambda d, f: learn.fit_prototypes(d, f, codes=2)):
            assert np.isfinite(fit(demonstrations(x, x), learn.Fit(seed=seed, steps=1, width=2)).loss[0])
    with pytest.raises(ValueError, match="training diverged: loss"):
        learn.fit_regression(demonstrations(x, x), learn.Fit(seed=0, steps=1, lr=1e30))


def test_the_law_of_codes_tells_its_loss(rng):
    x = rng.choice([-1.0, 1.0], size=(400, 1))
    for seen, nats in ((x, 0.0), (0 * x, np.log(2))):
        head = learn.fit_prototypes(demonstrations(seen, x), SHORT, codes=2)
        assert head.law.loss[0] == pytest.approx(nats, abs=0.02)


def test_a_head_does_not_answer_with_what_is_no_number(rng):
    x = rng.normal(size=(20, 1))
    for fit in (learn.fit_regression, learn.fit_flow):
        head = fit(demonstrations(x, x), learn.Fit(seed=0, steps=1, width=2))
        with torch.no_grad():
            head.net.biases[-1][:] = torch.nan
        with pytest.raises(ValueError, match="answers: network 0, row 0, step 0, coordinate 0 is nan"):
            head(x, rng)
