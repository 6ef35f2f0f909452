"""What every head leaves out of its data, padded steps, rows of no weight and rows held out; and what it adds, noise."""

import numpy as np
import pytest
from learn_data import SHORT, answer, data

from qbc.demonstrations import demonstrations
from qbc.learn import Fit, fit_autoencoders, fit_codebook
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


@pytest.mark.parametrize("how", ["no weight", "held out", "padded"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_rows_of_no_weight_wholly_padded_ones_and_those_held_out_are_not_learned_from(name, how):
    """Not even their range: ten times as wide it changes no digit."""
    x, u = data()
    out = np.zeros(64, dtype=bool)
    out[slice(48, None) if how == "held out" else slice(None, None, 2)] = True
    mask = np.broadcast_to(~out[:, None], u.shape[:3]) if how == "padded" else None
    if mask is not None and not EXAMPLES[name].padded:
        pytest.skip("takes no padded steps")
    weights = np.where(out, 0.0, 1.0) * np.ones((2, 1)) if how == "no weight" else None
    fit = Fit(seed=0, steps=100, batch=32, width=8, held_out=0.25 if how == "held out" else 0.0)
    changed = np.where(out[:, None, None], 10 * u[:, ::-1], u), np.where(out[:, None], 10 * x, x)
    heads = [EXAMPLES[name].fit(demonstrations(a, b, weights=weights, mask=mask), fit) for b, a in ((u, x), changed)]
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


@pytest.mark.parametrize(
    "fit", [lambda d, f: fit_codebook(d, f, codes=[3]), lambda d, f: fit_autoencoders(d, f, penalties=[0.003], components=4)]
)
def test_half_the_rows_wholly_padded_leave_the_modes_of_the_others(fit):
    rng = np.random.default_rng(0)
    u = rng.choice([-1.0, 1.0], size=(200, 1, 1)) + 0.02 * rng.normal(size=(200, 1, 1))
    demos = demonstrations(np.zeros((200, 0)), u, mask=np.arange(200)[:, None] < 100)
    drawn = fit(demos, Fit(seed=1, steps=600, batch=64, width=16, lr=5e-3))(np.zeros((2000, 0)), rng)
    assert (np.abs(np.abs(drawn) - 1) < 0.3).mean() > 0.9


def test_a_wholly_padded_row_weighs_nothing():
    x, mask = np.zeros((3, 1)), np.array([[True], [True], [False]])
    u = np.arange(3.0)[:, None, None]
    np.testing.assert_array_equal(demonstrations(x, u, mask=mask).weights, [[1, 1, 0]])
    np.testing.assert_array_equal(demonstrations(x, u, mask=mask, weights=[0, 2, 3]).weights, [[0, 2, 0]])
    assert demonstrations(x, u, mask=mask | True).weights is None
    with pytest.raises(ValueError, match="weights: some > 0 in each network where the mask shows a step"):
        demonstrations(x, u, mask=mask, weights=[0, 0, 3])


def test_the_noise_is_copied():
    x, s = np.zeros((1, 3, 2)), np.ones((1, 2))
    demos = demonstrations(x, x).noised(s)
    s[:] = 100
    np.testing.assert_array_equal(demos.noise.sigma, [[1, 1]])
