"""What every head leaves out of its data, padded steps, rows of no weight and rows held out; and what it adds, noise."""

import numpy as np
import pytest
from learn_data import SHORT, answer, data

from qbc.demonstrations import demonstrations
from qbc.learn import Fit
from qbc.learn.examples import EXAMPLES

PADDED = [name for name, e in EXAMPLES.items() if e.padded]


@pytest.mark.parametrize("name", PADDED)
def test_padded_steps_are_not_looked_at(name):
    x, u = data()
    mask = np.random.default_rng(0).random(u.shape[:3]) < 0.7
    shown = [np.where(mask[..., None], u, junk) for junk in (0.0, 1e3, np.nan)]
    plain, *others = (answer(name, demonstrations(x, v, mask=mask), x[:, :8]) for v in shown)
    for other in others:
        np.testing.assert_array_equal(plain, other)


@pytest.mark.parametrize("name", PADDED)
def test_padded_steps_do_not_count(name):
    """Where one step in two is padded, the answer is the other one's and not half-way to their mean."""
    rng = np.random.default_rng(0)
    x = rng.choice([-1.0, 1.0], size=(400, 1))
    mask = np.stack([np.ones(400, dtype=bool), rng.random(400) < 0.5], axis=1)
    demos = demonstrations(x, x[:, None] * np.ones((2, 1)), mask=mask)
    played = EXAMPLES[name].fit(demos, Fit(seed=0, steps=300, batch=64, width=16, lr=1e-2))(x, rng)[0, :, :, 0]
    assert np.abs(played - x).mean() < 0.2


@pytest.mark.parametrize("how", ["no weight", "held out"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_rows_of_no_weight_and_rows_held_out_are_not_learned_from(name, how):
    """Not even their range: ten times as wide it changes no digit."""
    x, u = data()
    out = np.zeros(64, dtype=bool)
    out[0 if how == "no weight" else 48 :: 2 if how == "no weight" else 1] = True
    weights = np.where(out, 0.0, 1.0) * np.ones((2, 1)) if how == "no weight" else None
    fit = Fit(seed=0, steps=100, batch=32, width=8, held_out=0.25 if how == "held out" else 0.0)
    changed = np.where(out[:, None, None], 10 * u[:, ::-1], u), np.where(out[:, None], 10 * x, x)
    heads = [EXAMPLES[name].fit(demonstrations(a, b, weights=weights), fit) for b, a in ((u, x), changed)]
    np.testing.assert_array_equal(*(h(x[:, :8], np.random.default_rng(2)) for h in heads))
    np.testing.assert_array_equal(*(h.loss for h in heads))


def test_a_prototype_that_weighs_nothing_is_not_drawn():
    x, u = data(k=1)
    w = (u[:, :, 0, 0] > 0).astype(float)
    played = EXAMPLES["prototypes"].fit(demonstrations(0 * x, u, weights=w), SHORT)(0 * x, np.random.default_rng(0))
    assert (played[..., 0] > 0).all()


@pytest.mark.parametrize("name", EXAMPLES)
def test_noise_in_training_leaves_a_head_in_doubt(name):
    """The action is the sign that is seen, but for noise three times as large: of which side it is the posterior mean is .11."""
    rng = np.random.default_rng(0)
    x = rng.choice([-1.0, 1.0], size=(400, 1))
    u = x + 0.01 * rng.normal(size=x.shape)
    head = EXAMPLES[name].fit(demonstrations(x, u).noised(3.0), Fit(seed=0, steps=300, batch=128, width=16, lr=1e-2))
    shown = np.repeat([[1.0], [-1.0]], 1000, axis=0)
    assert -0.3 < (head(shown, rng)[0, :, 0] * shown).mean() < 0.5
