"""Token heads: the law they declare is the law they sample, the slope they declare holds, tokens rebuild what they round."""

import numpy as np
import pytest
import torch
from scipy import special, stats

from qbc import bounds, tasks
from qbc.demonstrations import Demonstrations, demonstrations
from qbc.learn import Bins, Fit, Prefix, Sight, TokenHead, fit_softmax, fit_tokens
from qbc.learn.cells import Ordinal, Softmax
from qbc.quantizers import uniform


@pytest.fixture
def head(rng):
    return TokenHead(rng.normal(size=(4, 2)), rng.normal(size=4), rng.normal(size=(4, 3)))


def test_probabilities_are_the_softmax_and_samples_follow_them(head, rng):
    x = rng.normal(size=(3, 2))
    np.testing.assert_allclose(head.probabilities(x), special.softmax(x @ head.weights.T + head.bias, axis=1))
    codes = head.codes(np.repeat(x[:1], 50_000, axis=0), rng)
    np.testing.assert_allclose(np.bincount(codes, minlength=4) / 50_000, head.probabilities(x)[0], atol=0.015)
    u = head(x, np.random.default_rng(1))
    np.testing.assert_array_equal(u, head.values[head.codes(x, np.random.default_rng(1))])


def test_the_declared_slope_holds_and_is_the_one_of_the_bound(head, rng):
    x, y = rng.normal(size=(2, 1000, 2))
    tv = np.abs(head.probabilities(x) - head.probabilities(y)).sum(axis=1) / 2
    assert (tv <= head.slope * np.linalg.norm(x - y, axis=1)).all()
    assert head.slope == pytest.approx(bounds.softmax_tv(head.weights, 1.0))


@pytest.mark.parametrize("k", [2, 4])
def test_a_linear_fit_finds_the_probabilities_of_its_data_in_any_units(rng, k):
    true = TokenHead(rng.normal(size=(k, 2)), rng.normal(size=k), np.zeros((k, 1)))
    x = rng.normal(size=(20_000, 2))
    codes = true.codes(x, rng)
    fit, far = fit_softmax(x, codes, true.values), fit_softmax(1e-4 * x + 5, codes, true.values)
    assert np.abs(fit.probabilities(x[:1000]) - true.probabilities(x[:1000])).mean() < 0.01
    assert fit.slope == pytest.approx(true.slope, rel=0.1)
    assert fit.loss == pytest.approx(-np.log(fit.probabilities(x)[np.arange(len(x)), codes]).mean())
    np.testing.assert_allclose(far.probabilities(1e-4 * x + 5), fit.probabilities(x), atol=1e-4)


def test_refusals(rng):
    with pytest.raises(ValueError, match="do not match"):
        TokenHead(np.zeros((2, 1)), np.zeros(3), np.zeros((2, 1)))
    with pytest.raises(ValueError, match="token 1 of 3 never occurs"):
        fit_softmax(rng.normal(size=(4, 1)), np.array([0, 2, 0, 2]), np.zeros((3, 1)))
    with pytest.raises(ValueError, match="x: row 1, column 0 is inf"):
        fit_softmax(np.array([[0.0], [np.inf]]), np.array([0, 1]), np.zeros((2, 1)))
    for wrong in (dict(loss="hinge"), dict(bins=1), dict(components=0)):
        with pytest.raises(ValueError, match="loss softmax or ordinal, bins >= 2, components >= 1"):
            fit_tokens(demonstrations(None, np.zeros((3, 1))), Fit(seed=0), **wrong)

    for code in (-1, 2):
        with pytest.raises(ValueError, match=f"codes: 0 to 1, got {code}"):
            fit_softmax(rng.normal(size=(3, 1)), np.array([0, 1, code]), np.zeros((2, 1)))


def test_one_token_is_always_played(rng):
    head = fit_softmax(rng.normal(size=(4, 2)), np.zeros(4, dtype=int), np.array([[3.0]]))
    np.testing.assert_array_equal(head(rng.normal(size=(5, 2)), rng), np.full((5, 1), 3.0))


# --- laws of a token


@pytest.mark.parametrize("law", [Softmax(5), Ordinal(5), Ordinal(7, 3)])
def test_a_law_of_tokens_sums_to_one_and_has_gradients(law):
    out = torch.randn(4, law.outputs, requires_grad=True)
    logs = law(out)
    assert logs.shape == (4, law.bins)
    torch.testing.assert_close(logs.exp().sum(dim=1), torch.ones(4))
    logs[:, 0].sum().backward()
    assert torch.isfinite(out.grad).all()


def test_ordinal_is_the_mass_of_scipys_logistic_laws_in_the_cells(rng):
    logits, centre, raw = rng.normal(size=(3, 2))
    edges = np.r_[-np.inf, np.linspace(-1, 1, 6)[1:-1], np.inf]
    scale = 1e-3 * 2 / 5 + np.log1p(np.exp(raw))
    mass = sum(w * np.diff(stats.logistic.cdf(edges, c, s)) for w, c, s in zip(special.softmax(logits), centre, scale, strict=True))
    ours = Ordinal(5, 2)(torch.as_tensor(np.r_[logits, centre, raw][None], dtype=torch.float32))
    np.testing.assert_allclose(ours.exp()[0], mass, rtol=1e-4)


def test_ordinal_keeps_a_gradient_far_from_the_token():
    out = torch.tensor([[0.0, 0.9, -8.0]], requires_grad=True)  # sure of the last cell
    loss = -Ordinal(64)(out)[0, 0]
    loss.backward()
    assert torch.isfinite(loss)
    assert out.grad[0, 1] > 1  # back to the first


# --- bins and contexts


@pytest.mark.parametrize("shared", [True, False])
def test_bins_round_to_half_their_width_and_are_the_uniform_quantizer(rng, shared):
    u = rng.normal(size=(2, 50, 3, 2)) + 5
    grid = Bins.of(u, 8, shared)
    codes, said = grid.rounded(u, rebuilt=False)
    back = grid.shift + said * grid.top
    width = (grid.high - grid.low) * grid.top / 8
    assert (np.abs(back - u) <= width / 2 + 1e-12).all()
    part = u[1, :, :, 0] if shared else u[1, :, 2, 0]
    q = uniform(8, part.min(), part.max())
    inner = np.abs(np.subtract.outer(u[1, :, 2, 0], q.edges)).min(axis=1) > 1e-9
    np.testing.assert_array_equal(codes[1, :, 2, 0][inner], q.encode(u[1, :, 2, 0])[inner])


@pytest.mark.parametrize("shared", [True, False])
def test_a_coordinate_that_never_varies_is_decoded_to_itself(rng, shared):
    u = rng.normal(size=(1, 20, 5, 3))
    u[..., 1], u[..., 2] = 2e-4, 0.0
    grid = Bins.of(u, 8, shared)
    for rebuilt in (True, False):
        said = grid.shift + grid.rounded(u, rebuilt)[1] * grid.top
        np.testing.assert_allclose(said[..., 1:], u[..., 1:], rtol=1e-12)


def test_tokens_of_rebuilt_steps_do_not_drift(rng):
    steps = 0.1 * rng.normal(size=(1, 20, 60, 2))
    grid = Bins.of(steps, 16, shared=True)
    width = float((2 * grid.top / 16).max())
    both = [grid.rounded(steps, rebuilt)[1] for rebuilt in (True, False)]
    off = [np.abs((grid.shift + said * grid.top - steps).cumsum(axis=2)) for said in both]
    assert np.quantile(off[0], 0.99) <= width / 2 + 1e-12
    assert off[1].max() > 2 * np.quantile(off[0], 0.99)


@pytest.mark.parametrize("context", [Prefix(), Sight(octaves=1, last=2), Sight(position=False)])
def test_a_context_sees_all_before_and_nothing_after(rng, context):
    u, reach = rng.normal(size=(1, 6, 4, 2)), np.full((1, 1, 2), 3.0)
    for j in range(8):
        before = np.where(np.arange(8) < j, u.reshape(1, 6, 8), 0).reshape(u.shape)
        seen = context(before, np.full((1, 6), j), reach)
        assert seen.shape == context(before * 0, np.full((1, 6), 0), reach).shape
        if j % 2:  # this step's first coordinate is known
            changed = before.copy()
            changed[:, :, j // 2, 0] += 1
            assert not np.array_equal(context(changed, np.full((1, 6), j), reach), seen)


def test_sight_by_hand():
    known = np.array([[[[1.0, 2.0], [3.0, 4.0], [5.0, 0.0]]]])  # step 2, its second coordinate is to be drawn
    seen = Sight(last=3)(known, np.array([[5]]), np.array([[[10.0, 10.0]]]))[0, 0]
    time = 2 * 2 / 3 - 1
    angles = np.pi * time * 2.0 ** np.arange(4)
    wanted = [0, 1, 5, 0, time, *np.sin(angles), *np.cos(angles), 0.4, 0.6, 3, 4, 1, 2, 0, 0]
    np.testing.assert_allclose(seen, wanted, atol=1e-6)


def test_a_token_drawn_alone_loses_what_binds_it_to_another(rng):
    sign = rng.choice([-1.0, 1.0], size=(500, 1))
    demos = demonstrations(None, np.concatenate([sign, sign], axis=1))
    for told, agree in ((True, 1.0), (False, 0.5)):
        h = fit_tokens(demos, Fit(seed=0, steps=300, width=32), bins=4, context=Prefix(told=told))
        a = h(np.zeros((2000, 0)), rng)[0, :, 0]
        assert (a[:, 0] * a[:, 1] > 0).mean() == pytest.approx(agree, abs=0.1)


def test_steps_learn_two_straight_ways(rng):
    way = rng.choice([-1.0, 1.0], size=(300, 1))
    u = np.stack([way * np.full(12, 1 / 12), np.full((300, 12), 1 / 12)], axis=2) + 0.01 * rng.normal(size=(300, 12, 2))
    h = fit_tokens(demonstrations(None, u[None]), Fit(seed=0, steps=500, batch=128, width=32, lr=5e-3), bins=16, context=Sight(last=2))
    end = h(np.zeros((300, 0)), rng)[0].sum(axis=1)
    assert (np.abs(np.abs(end[:, 0]) - 1) < 0.15).mean() > 0.9


def test_more_bins_hurt_an_unordered_loss_and_not_an_ordered_one(rng):
    """Forty demonstrations of a line, 64 bins: the ordered tokens between those seen are drawn, the others are not."""
    x = rng.uniform(-1, 1, size=(40, 1))
    test = np.linspace(-0.9, 0.9, 200)[:, None]
    fit = Fit(seed=0, steps=600, batch=None, width=16)
    heads = [fit_tokens(demonstrations(x, x), fit, bins=64, loss=loss) for loss in ("softmax", "ordinal")]
    off = [np.abs(h(test, rng)[0, :, 0] - test).mean() for h in heads]
    assert off[1] < 0.03
    assert off[0] > 1.5 * off[1]


def test_the_exact_law_succeeds_and_without_history_does_not(rng):
    task = tasks.Radial(16)
    steps = np.diff(task.demonstrations(500, rng)[0], axis=1)
    grid = tuple(uniform(32, steps[..., c].min(), steps[..., c].max()) for c in (0, 1))
    assert task.score(tasks.exact_law(task, grid, 500, rng)).success.mean() > 0.97
    assert task.score(tasks.exact_law(task, grid, 500, rng, history=False)).success.mean() < 0.1


def test_ordered_tokens_start_at_least_squares(rng):
    """All of eight networks come near; log-loss alone, even twice as long, leaves some of them far off."""
    x, test = rng.uniform(-1, 1, size=(200, 1)), np.linspace(-0.9, 0.9, 200)[:, None]
    fit = Fit(seed=0, steps=200, lr=1e-2, batch=None, width=16)
    head = fit_tokens(demonstrations(x, np.sin(3 * x)).times(8), fit, bins=256, loss="ordinal", components=3)
    assert np.abs(head(test, rng)[:, :, 0] - np.sin(3 * test)).mean(axis=(1, 2)).max() < 0.06


def test_the_law_of_the_first_token_is_the_one_that_is_drawn_and_the_actions_are_its(rng):
    x = rng.normal(size=(2, 500, 1))
    u = np.where(rng.random((2, 500, 1)) < 1 / (1 + np.exp(-x)), 3.0, -1.0)[:, :, None]
    head = fit_tokens(Demonstrations(x, u), Fit(seed=0, steps=50, width=8), bins=4)
    at = np.full((20_000, 1), 0.3)
    p, values = head.first(at)
    assert p.shape == (2, 20_000, 4)
    np.testing.assert_allclose(p.sum(axis=2), 1, rtol=1e-5)
    drawn = head(at, rng)[:, :, 0, 0]
    for i in range(2):
        near = np.abs(drawn[i][:, None] - values[i])
        assert near.min(axis=1).max() < 1e-5
        np.testing.assert_allclose(np.bincount(near.argmin(axis=1), minlength=4) / 20_000, p[i, 0], atol=0.02)
