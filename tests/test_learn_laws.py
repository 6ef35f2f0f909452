"""What holds of every head: what it refuses, units, columns at rest, rare modes, more training, settings of the caller."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from learn_data import SHORT, answer, data

from qbc.demonstrations import demonstrations
from qbc.learn import Fit
from qbc.learn.examples import EXAMPLES
from qbc.learn.view import AtRest
from qbc.representations import Cumulated, Dct

MULTIMODAL = [name for name, e in EXAMPLES.items() if e.modes]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_head_answers_each_observation_with_a_chunk_and_says_how_it_fits(name):
    x, u = data()
    head = EXAMPLES[name].fit(demonstrations(x, u), Fit(seed=np.int64(0), steps=4, every=2, batch=32, width=8, held_out=0.25))
    assert head(x[:, :5], np.random.default_rng(0)).shape == (2, 5, 3, 2)
    assert head(x[0, :5], np.random.default_rng(0)).shape == (2, 5, 3, 2)  # shown to both
    assert head.policy(x[:, :5].reshape(10, 2), np.random.default_rng(0)).shape == (10, 2)
    assert head.loss.shape == head.held.shape == (2,)
    assert np.isfinite(head.loss).all()
    assert np.isfinite(head.held).all()
    assert [a.shape for a in head.at_rest] == [(2, 2), (2, *head.view.shape)]
    assert not any(a.any() for a in head.at_rest)
    if name != "prototypes":  # which no network is trained for
        np.testing.assert_array_equal(head.trace[:, 0], [2, 4])
        np.testing.assert_allclose(head.trace[-1, 1:], [*head.loss, *head.held])


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_head_refuses_what_is_no_observation(name, bad):
    x, u = data()
    head = EXAMPLES[name].fit(demonstrations(x, u), Fit(seed=0, steps=1, batch=8, width=4))
    shown = x[:, :3].copy()
    shown[1, 2, 0] = bad
    with pytest.raises(ValueError, match=r"observations.*: network 1, row 2, column 0 is"):
        head(shown, np.random.default_rng(0))
    for wrong in (x[:, :3, :1], x[:1, :3], x[0, 0]):
        with pytest.raises(ValueError, match=r"observations: \(2, n, 2\) or \(n, 2\), got"):
            head(wrong, np.random.default_rng(0))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_seed_gives_the_same_head_and_another_seed_another(name):
    x, u = data()
    first, again, other = (answer(name, demonstrations(x, u), x[:, :8], Fit(seed=s, steps=5, batch=16, width=8)) for s in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert name == "prototypes" or not np.array_equal(first, other)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_network_learns_the_same_whatever_stands_beside_it(name):
    x, u = data()
    both = EXAMPLES[name].fit(demonstrations(x, u), Fit(seed=0, steps=5, batch=None, width=8))
    twin = EXAMPLES[name].fit(demonstrations(x, np.stack([u[0], u[0]])), Fit(seed=0, steps=5, batch=None, width=8))
    np.testing.assert_allclose(both.loss[0], twin.loss[0], rtol=1e-4)


@pytest.mark.parametrize(("scale", "shift"), [(1e-4, 0.0), (1e3, 0.0), (1.0, 1e3)])
@pytest.mark.parametrize("name", EXAMPLES)
def test_units_change_nothing_but_units(name, scale, shift):
    x, u = data()
    plain = answer(name, demonstrations(x, u), x[:, :32])
    for of_x, of_u in ((False, not (shift and EXAMPLES[name].steps)), (True, False)):
        x2, u2 = (scale * x + shift if of_x else x), (scale * u + shift if of_u else u)
        other = answer(name, demonstrations(x2, u2), x2[:, :32])
        back = (other - shift) / scale if of_u else other
        off = np.abs(back - plain) > 1e-2
        assert off.mean() < 0.05, name  # a draw at the edge of a code may fall on its other side


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_column_at_rest_is_shifted_and_not_divided(name):
    x, u = data()
    still = np.concatenate([x, np.full((*x.shape[:2], 1), 0.8)], axis=2)
    still[1, :, 2] += x[1, :, 0]  # at rest in one network
    head = EXAMPLES[name].fit(demonstrations(still, u), SHORT)
    np.testing.assert_array_equal(head.at_rest[0], [[False, False, True], [False, False, False]])
    plain = head(still[:, :32], np.random.default_rng(2))
    with pytest.warns(AtRest, match="column 2 of network 0 rests"):
        other = head(still[:, :32] + [0, 0, 1e-4], np.random.default_rng(2))
    assert (np.abs(other - plain) > 1e-2).mean() < 0.05


def test_seconds_of_the_clock_are_not_at_rest_and_a_level_that_is_told_is_none():
    x, u = data()
    clock = x + 1.7e9
    head = EXAMPLES["mean"].fit(demonstrations(clock, u).noised(0.1, told=True), SHORT)
    assert not head.at_rest[0].any()
    assert np.isfinite(head(np.concatenate([clock, np.full((*x.shape[:2], 1), 0.5)], axis=2), np.random.default_rng(0))).all()


@pytest.mark.parametrize("scale", [1.0, 1e-4])
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_action_at_rest_is_played(name, scale):
    x, u = data()
    u[0, ..., 1], u[1, ..., 1] = 2.0, 0.0
    head = EXAMPLES[name].fit(demonstrations(x, scale * u), SHORT)
    played = head(x, np.random.default_rng(2)) / scale
    np.testing.assert_allclose(played[..., 1], [np.full((64, 3), 2.0), np.zeros((64, 3))], atol=1e-6)
    np.testing.assert_array_equal(head.at_rest[1], np.broadcast_to([False, True], (2, 3, 2)))


@pytest.mark.parametrize("name", MULTIMODAL)
def test_a_rare_mode_survives(name):
    rng = np.random.default_rng(0)
    u = 0.1 * rng.normal(size=(2000, 1))
    u[:20] += 10
    head = EXAMPLES[name].fit(demonstrations(None, u), Fit(seed=0, steps=1500, lr=4e-3, batch=128, width=32))
    drawn = head(np.zeros((20_000, 0)), rng)[0, :, 0, 0]
    assert 0.002 < (drawn > 5).mean() < 0.03
    assert ((drawn > 1.5) & (drawn < 8.5)).mean() < 0.02


@pytest.mark.parametrize("name", EXAMPLES)
def test_four_times_the_training_is_no_worse_on_rows_held_out(name):
    """By no more than a twentieth of what the first steps changed."""
    x, u = data(k=1, n=500)
    first, once, four = (
        EXAMPLES[name].fit(demonstrations(x, u), Fit(seed=0, steps=n, batch=64, width=16, held_out=0.2)).held[0] for n in (1, 150, 600)
    )
    assert four <= once + 0.05 * abs(first - once)


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_one_head_can_do_every_head_can(name):
    """And does: it answers otherwise with noise in training, with another level, with waves."""
    x, u = data()
    quick = Fit(seed=0, steps=25, batch=32, width=8, lr=2e-2)
    plain = demonstrations(x, u, weights=np.ones(x.shape[:2])).noised([[0.0], [0.0]], levels=(0.5, 1.0), told=True)
    demos = plain.noised([[1.0], [2.0]], levels=(0.5, 1.0), told=True)
    low, high = (np.concatenate([x, np.full((2, 64, 1), level)], axis=2) for level in (0.5, 1.0))
    played = [answer(name, d, at, quick) for d, at in ((plain, low), (demos, low), (demos, high), (demos.waved(2), low))]
    assert all(not np.array_equal(a, b) for i, a in enumerate(played) for b in played[:i])
    assert answer(name, demos.waved(2).represented(Dct(3, 2)), low).shape == (2, 64, 3, 2)
    assert answer(name, demonstrations(x, u).represented(Cumulated()), x[:, :4]).shape == (2, 4, 3, 2)


class Same:
    """A generator that draws one number only."""

    def random(self, size=None):
        return np.full(size, 0.3)

    def normal(self, size=None):
        return np.full(size, 0.3)

    def standard_normal(self, size, dtype=float):
        return np.full(size, 0.3, dtype)


@pytest.mark.parametrize("name", EXAMPLES)
def test_one_of_the_heads_stands_alone(name):
    x, u = data()
    both = EXAMPLES[name].fit(demonstrations(x, u), Fit(seed=0, steps=25, batch=32, width=8, every=25))
    one = both.only(1)
    np.testing.assert_allclose(one(x[1:, :8], Same())[0], both(x[:, :8], Same())[1], rtol=1e-3, atol=1e-4)
    assert (one.k, one.loss[0]) == (1, both.loss[1])
    np.testing.assert_array_equal(one.trace, both.trace[:, [0, 2, 4]])
    with pytest.raises(ValueError, match="only: 0 to 1, got 2"):
        both.only(2)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_callers_settings_are_not_assumed_and_not_changed(name):
    x, u = data()
    plain = answer(name, demonstrations(x, u), x[:, :8], Fit(seed=0, steps=3, batch=16, width=8))
    before = torch.get_num_threads(), torch.get_default_dtype()
    try:
        torch.set_num_threads(2)
        torch.set_default_dtype(torch.float64)
        state = torch.get_rng_state()
        with torch.no_grad():
            other = answer(name, demonstrations(x, u), x[:, :8], Fit(seed=0, steps=3, batch=16, width=8))
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(before[0])
        torch.set_default_dtype(before[1])
    np.testing.assert_array_equal(plain, other)


def test_importing_leaves_the_callers_threads_alone():
    code = "import torch; torch.set_num_threads(2); import qbc.learn; assert torch.get_num_threads() == 2"
    subprocess.run([sys.executable, "-c", code], check=True)
