"""Autoencoders at the edge: chunks of one step, numbers too large, single rows that weigh, columns at rest under a learned prior."""

import numpy as np
import pytest
import torch

from qbc.demonstrations import demonstrations
from qbc.learn import Fit, fit_autoencoders, fitting
from qbc.learn.autoencoders import mmd
from qbc.learn.view import AtRest

TWO = np.repeat([1.0, -1.0], 64)[:, None]


def fitted(*, x=None, **how):
    return fit_autoencoders(demonstrations(x, TWO), Fit(seed=0, steps=1, batch=None, width=32), penalties=[1.0], latent=1, **how)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_chunks_of_one_step_are_told_by_their_shape(rng, k):
    u = rng.normal(size=(k, 8, 1, 2))
    fit = fit_autoencoders(demonstrations(None, u), Fit(seed=0, steps=1, width=4), penalties=[1.0] * k)
    own = fit.encode(u)[0]
    np.testing.assert_array_equal(fit.encode(u[:, :, 0])[0], own)  # flat, (k, n, 2)
    for n in (1, 2, 8):
        for shown in (u[0, :n], u[0, :n, 0]):  # (n, 1, 2), also where n is k; (n, 2)
            assert fit.encode(shown)[0].shape == (k, n, 4)
            np.testing.assert_allclose(fit.encode(shown)[0][0], own[0, :n], rtol=1e-6)


def test_what_is_too_large_to_be_encoded_is_named():
    fit = fitted()
    with pytest.raises(ValueError, match=r"chunks, in units of .*, in single precision: network 0, row 0, coordinate 0 is inf"):
        fit.encode(np.full((1, 1), 1e300))
    with pytest.raises(ValueError, match="of latents: network 0, row 0, coordinate 0 is"):
        fit.encode(np.full((1, 1), 3e38))
    seen = fitted(seen=TWO[None])
    with pytest.raises(ValueError, match=r"seen, in units of .*, in single precision: network 0, row 0, column 0 is inf"):
        seen.encode(np.full((1, 1), 1e300))


def test_as_many_observations_as_chunks_or_latents():
    fit = fitted(x=TWO)
    for call, given in ((fit.encode, np.zeros((5, 1))), (fit.decode, np.zeros((5, 1)))):
        with pytest.raises(ValueError, match="observations: 5, one a row of what is encoded or decoded, got 4"):
            call(given, np.zeros((4, 1)))


def test_one_row_that_weighs_has_no_pairs(monkeypatch):
    z, alone = torch.randn(2, 5, 1, generator=torch.Generator().manual_seed(0)), torch.tensor([[0.0, 1, 0, 0, 0], [0, 1, 1, 0, 0]])
    assert mmd(z, z, alone).isnan().tolist() == [True, False]
    u, w = np.arange(12.0)[:, None], np.ones(12)
    fit = Fit(seed=0, steps=1, width=4, batch=4, held_out=1 / 3)
    for held, told in (([0, 0, 1, 0], False), ([0, 1, 1, 0], True)):
        w[8:] = held
        head = fit_autoencoders(demonstrations(None, u, weights=w), fit, penalties=[1.0], penalty="mmd")
        assert np.isfinite(head.loss[0])
        assert np.isfinite(head.held[0]) == told
    monkeypatch.setattr(fitting, "BLOCK", 4)
    w[1:4] = 0  # a block with one row that weighs, beside one that has four
    assert np.isfinite(fit_autoencoders(demonstrations(None, u, weights=w), fit, penalties=[1.0], penalty="mmd").loss[0])
    w[4:8] = 0
    with pytest.raises(ValueError, match="penalty: mmd compares rows, and fewer than two that are learned from weigh"):
        fit_autoencoders(demonstrations(None, u, weights=w), fit, penalties=[1.0], penalty="mmd")


def test_rounding_of_a_column_at_rest_is_no_move_to_a_learned_prior_either(rng):
    """Warnings are errors here."""
    still = np.concatenate([TWO, np.full_like(TWO, 0.8)], axis=1)
    head = fitted(x=still, components=2)
    assert np.isfinite(head(still * [1, 1 + 1e-12], rng)).all()
    with pytest.warns(AtRest) as told:
        head(still + np.array([0, 0.1]), rng)
    assert len(told) == 1
