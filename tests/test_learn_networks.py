"""Networks side by side are networks: each learns its own data, none sees the others, checkpoints stay."""

import numpy as np
import pytest
import torch

from qbc.demonstrations import demonstrations
from qbc.learn import Ensemble, Fit, fit_regression
from qbc.learn.device import array, tensor
from qbc.representations import Cumulated


def one(ens, i):
    """Network i of an ensemble as plain torch layers."""
    act = {"tanh": torch.tanh, "relu": torch.relu, "silu": torch.nn.functional.silu}[ens.activation]

    def net(x):
        for n, (w, b) in enumerate(zip(ens.weights, ens.biases, strict=True)):
            x = x @ w[i] + b[i]
            x = x if n == len(ens.weights) - 1 else act(x)
        return x

    return net


def fitted(x, u, k=1, penalty=0.0, **settings):
    demos = demonstrations(x, u)
    own = {"seed": 0, "steps": 20, "lr": 1e-2, "width": 16, "activation": "tanh", "batch": None} | settings
    return fit_regression(demos if k == demos.k else demos.times(k), Fit(**own), penalty=penalty)


@pytest.mark.parametrize("activation", ["tanh", "relu", "silu"])
def test_each_network_is_the_plain_one(rng, activation):
    ens = Ensemble(3, (2, 8, 8, 1), seed=1, activation=activation)
    x = tensor(rng.normal(size=(5, 2)))
    for i in range(3):
        torch.testing.assert_close(ens(x)[i], one(ens, i)(x))
        torch.testing.assert_close(ens(x.expand(3, 5, 2))[i], one(ens, i)(x))


def test_the_fan_in_sets_the_size_of_the_start_and_seeds_differ():
    a, b = Ensemble(50, (16, 4), seed=1), Ensemble(50, (16, 4), seed=2)
    w = array(a.weights[0])
    assert np.abs(w).max() <= 0.25
    assert w.std() == pytest.approx(0.25 / 3**0.5, rel=0.05)
    assert not torch.equal(a.weights[0], b.weights[0])
    assert torch.equal(a.weights[0], Ensemble(50, (16, 4), seed=1).weights[0])


def test_a_fit_finds_each_networks_own_data(rng):
    x = rng.uniform(-1, 1, size=(2, 200, 1))
    u = np.stack([np.sin(2 * x[0]), -(x[1] ** 2)])
    head = fitted(x, u, 2, steps=600, batch=64, width=32)
    assert np.abs(head(x, rng)[:, :, 0] - u).max() < 0.1


def test_networks_are_the_head_without_its_scales(rng):
    x, u = 50 + rng.normal(size=(2, 60, 3)), 1e3 * rng.normal(size=(2, 60, 2))
    x[..., 2] = 0.8  # at rest
    head = fitted(x, u, 2)
    nets = head.networks()
    np.testing.assert_allclose(nets(x), head(x, rng)[:, :, 0], rtol=0, atol=0.05)  # of a spread of 1000
    for other in (demonstrations(x, u).waved(1), demonstrations(x, u[:, :, None]).represented(Cumulated())):
        with pytest.raises(ValueError, match="networks: only of a head"):
            fit_regression(other, Fit(seed=0, steps=1)).networks()


def test_networks_that_single_precision_would_not_resolve_are_refused(rng):
    x, u = 1.7e9 + rng.normal(size=(60, 1)), rng.normal(size=(60, 1))
    for seen, said, what in ((x, u, "observation"), (u, x, "action")):
        with pytest.raises(ValueError, match=f"networks: {what} 0 of network 0 is more than 10000 of its spreads from 0"):
            fitted(seen, said).networks()


def test_an_action_at_rest_is_played_by_the_networks_too(rng):
    x = rng.normal(size=(60, 1))
    nets = fitted(x, np.column_stack([x, np.full(60, 3.0), np.zeros(60)])).networks()
    np.testing.assert_array_equal(nets(x)[0, :, 1:], np.tile([3.0, 0.0], (60, 1)))


def test_a_penalty_shrinks_what_the_data_do_not_fix(rng):
    x = np.column_stack([rng.normal(size=50), np.zeros(50)])
    free, held = (np.abs(fitted(x, x[:, :1], 4, p, steps=800).networks().jacobian(np.zeros(2))[:, 0, 1]) for p in (0.0, 1e-3))
    assert held.max() < 0.1 * free.max()


def test_jacobian_is_the_difference_quotient(rng):
    nets = fitted(rng.normal(size=(30, 3)), rng.normal(size=(30, 2)), 2).networks()
    x, h = rng.normal(size=3), 1e-2
    steps = np.stack([(nets((x + h * e)[None]) - nets((x - h * e)[None]))[:, 0] / (2 * h) for e in np.eye(3)], axis=2)
    np.testing.assert_allclose(nets.jacobian(x), steps, atol=1e-3)


def test_as_a_policy_each_network_acts_on_its_own_block(rng):
    head = fitted(rng.normal(size=(30, 1)), rng.normal(size=(30, 1)), 3)
    nets, x = head.networks(), rng.normal(size=(12, 1))
    own = np.concatenate([nets(x[4 * i : 4 * i + 4])[i] for i in range(3)])
    np.testing.assert_allclose(nets.policy(x, rng), own, rtol=1e-6)
    np.testing.assert_allclose(head.policy(x, rng), own, rtol=1e-3, atol=1e-5)


def test_a_snapshot_stays_while_training_goes_on_and_snapshots_join(rng):
    ens, x = Ensemble(2, (1, 4, 1), seed=0), tensor(rng.normal(size=(5, 1)))
    then, kept = ens(x).detach().clone(), ens.snapshot()
    with torch.no_grad():
        for p in ens.parameters():
            p.add_(1.0)
    torch.testing.assert_close(kept(x), then)
    torch.testing.assert_close(Ensemble.join([kept, ens])(x), torch.cat([then, ens(x)]))
    torch.testing.assert_close(Ensemble.join([kept, ens]).part(slice(2, None))(x), ens(x))
    assert not any(p.requires_grad for p in kept.parameters())


def test_refusals(rng):
    for wrong in (dict(k=0, dims=(1, 1)), dict(k=1, dims=(1,)), dict(k=1, dims=(1, 0)), dict(k=1, dims=(-1, 1))):
        with pytest.raises(ValueError, match="an Ensemble needs k >= 1"):
            Ensemble(**wrong, seed=0)
    with pytest.raises(ValueError, match="activation must be one of tanh, relu, silu"):
        Ensemble(1, (1, 1), seed=0, activation="gelu")
    with pytest.raises(ValueError, match="one shape and one activation"):
        Ensemble.join([Ensemble(1, (1, 1), seed=0), Ensemble(1, (1, 2), seed=0)])
    with pytest.raises(ValueError, match="observations: network 0, row 1, column 0 is nan"):
        fitted(rng.normal(size=(4, 1)), rng.normal(size=(4, 1))).networks()(np.array([[0.0], [np.nan]]))
    head = fitted(rng.normal(size=(4, 1)), rng.normal(size=(4, 1)), 2)
    with pytest.raises(ValueError, match="observations, in single precision: network 0, row 0, column 0 is inf"):
        head.networks()(np.array([[1e39]]))
    for policy in (head.policy, head.networks().policy):
        with pytest.raises(ValueError, match=r"observations: \(2 n, dx\), 2 blocks of n rows, got \(3, 1\)"):
            policy(np.zeros((3, 1)), rng)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (dict(seed=1.5), "seed: an integer >= 0, got 1.5"),
        (dict(seed=-1), "seed: an integer >= 0, got -1"),
        (dict(steps=0), "steps: an integer >= 1, got 0"),
        (dict(batch=0), "batch: an integer >= 1"),
        (dict(width=True), "width: an integer >= 1, got True"),
        (dict(lr=np.nan), "lr: > 0 and finite, got nan"),
        (dict(activation="gelu"), "activation: one of tanh, relu, silu, got 'gelu'"),
        (dict(held_out=1.0), r"held_out: in \[0, 1\), got 1.0"),
    ],
)
def test_settings_are_named(wrong, said):
    with pytest.raises(ValueError, match=said):
        Fit(**{"seed": 0} | wrong)


def test_a_fit_that_diverged_or_has_nothing_to_learn_from_says_so(rng):
    x = rng.normal(size=(4, 1))
    with pytest.raises(ValueError, match="training diverged: loss"):
        fitted(x, x, steps=3, lr=1e30)
    with pytest.raises(ValueError, match=r"held_out: 0\.8 leaves 1 of 4 rows"):
        fitted(x, x, held_out=0.8)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
def test_a_derivative_is_taken_at_numbers(rng, bad):
    nets = fitted(rng.normal(size=(4, 1)), rng.normal(size=(4, 1))).networks()
    with pytest.raises(ValueError, match=r"^observation.*: column 0 is"):
        nets.jacobian(np.array([bad]))


def test_an_action_at_rest_is_played_exactly_and_an_observation_at_rest_far_away_is_named(rng):
    x, rest = rng.normal(size=(50, 1)), np.full((50, 1), 2e4)
    nets = fitted(x, np.concatenate([x, rest], axis=1)).networks()
    np.testing.assert_array_equal(nets(x)[0, :, 1], rest[:, 0])
    with pytest.raises(ValueError, match="networks: observation 1 of network 0 rests at 20000, more than 10000 from 0"):
        fitted(np.concatenate([x, rest], axis=1), x).networks()
    with pytest.raises(ValueError, match="networks: action 0 of network 0 is more than 10000 of its spreads from 0"):
        fitted(x, rest + 1e-3 * x).networks()
