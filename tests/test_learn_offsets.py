"""Prototypes that an observation moves."""

import numpy as np

from qbc import learn
from qbc.demonstrations import demonstrations

FIT = learn.Fit(seed=0, steps=600, lr=1e-2, width=32)


def moved(n, rng):
    """Two chunks, equally often, moved by the observation: -1 + x / 2 and 1 - x / 4."""
    x, sign = rng.uniform(-1, 1, size=(n, 1)), np.resize([-1.0, 1.0], n)[:, None]
    return x, np.where(sign < 0, -1 + x / 2, 1 - x / 4)


def test_offsets_follow_the_observation_and_the_code(rng):
    x, u = moved(600, rng)
    head = learn.fit_prototypes(demonstrations(x, u), FIT, codes=2, offsets=True)
    at = np.full((400, 1), 0.8)
    said = head(at, rng)[0, :, 0, 0]
    np.testing.assert_allclose(np.where(said < 0, said + 0.6, said - 0.8), 0, atol=0.03)
    assert 0.4 < (said < 0).mean() < 0.6
    assert head.only(0)(at, rng).shape == (1, 400, 1, 1)


def test_without_them_only_the_centres_are_played(rng):
    x, u = moved(600, rng)
    said = learn.fit_prototypes(demonstrations(x, u), FIT, codes=2)(np.full((50, 1), 0.8), rng)
    assert len(np.unique(said)) == 2


def test_what_an_offset_leaves_is_the_loss(rng):
    x, u = moved(600, rng)
    with_, without = (learn.fit_prototypes(demonstrations(x, u), FIT, codes=2, offsets=o) for o in (True, False))
    assert with_.loss[0] < 1e-3 < without.loss[0]
