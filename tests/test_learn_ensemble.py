"""Networks side by side are networks: each learns its own data, none sees the others, checkpoints stay."""

import numpy as np
import pytest
import torch

from qbc.learn import Ensemble, fit_ensemble
from qbc.learn.training import array, tensor


def one(ens, i):
    """Network i of an ensemble as plain torch layers."""
    act = {"tanh": torch.tanh, "relu": torch.relu, "silu": torch.nn.functional.silu}[ens.activation]

    def net(x):
        for n, (w, b) in enumerate(zip(ens.weights, ens.biases, strict=True)):
            x = x @ w[i] + b[i]
            x = x if n == len(ens.weights) - 1 else act(x)
        return x

    return net


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


def test_a_fit_finds_each_networks_own_data_and_repeats(rng):
    x = rng.uniform(-1, 1, size=(2, 200, 1))
    u = np.stack([np.sin(2 * x[0]), -(x[1] ** 2)])
    fit = [fit_ensemble(x, u, k=2, seed=3, steps=600, lr=1e-2, batch=64) for _ in range(2)]
    assert np.abs(fit[0](x) - u).max() < 0.1
    np.testing.assert_array_equal(fit[0](x), fit[1](x))


def test_one_networks_data_leave_the_others_alone(rng):
    x, u = rng.normal(size=(2, 50, 1)), rng.normal(size=(2, 50, 1))
    other = np.stack([u[0], 100 * u[1]])
    a, b = (fit_ensemble(x, v, k=2, seed=0, steps=50, lr=1e-2)(x)[0] for v in (u, other))
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_penalty_shrinks_what_the_data_do_not_fix(rng):
    x = np.column_stack([rng.normal(size=50), np.zeros(50)])
    u = x[:, :1]
    free, held = (
        np.abs(fit_ensemble(x, u, k=4, seed=0, steps=800, lr=1e-2, penalty=p).jacobian(np.zeros(2))[:, 0, 1]) for p in (0, 1e-3)
    )
    assert held.max() < 0.1 * free.max()


def test_jacobian_is_the_difference_quotient(rng):
    fit = fit_ensemble(rng.normal(size=(30, 3)), rng.normal(size=(30, 2)), k=2, seed=0, steps=20, lr=1e-2)
    x, h = rng.normal(size=3), 1e-2
    steps = np.stack([(fit((x + h * e)[None]) - fit((x - h * e)[None]))[:, 0] / (2 * h) for e in np.eye(3)], axis=2)
    np.testing.assert_allclose(fit.jacobian(x), steps, atol=1e-3)


def test_as_a_policy_each_network_acts_on_its_own_block(rng):
    fit = fit_ensemble(rng.normal(size=(30, 1)), rng.normal(size=(30, 1)), k=3, seed=0, steps=20, lr=1e-2)
    x = rng.normal(size=(12, 1))
    np.testing.assert_allclose(fit.policy(x, rng), np.concatenate([fit(x[4 * i : 4 * i + 4])[i] for i in range(3)]), rtol=1e-6)


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
    x = rng.normal(size=(4, 1))
    for wrong in (dict(k=0, dims=(1, 1)), dict(k=1, dims=(1,)), dict(k=1, dims=(1, 0))):
        with pytest.raises(ValueError, match="an Ensemble needs k >= 1"):
            Ensemble(**wrong, seed=0)
    with pytest.raises(ValueError, match="activation must be one of tanh, relu, silu"):
        Ensemble(1, (1, 1), seed=0, activation="gelu")
    with pytest.raises(ValueError, match="one shape and one activation"):
        Ensemble.join([Ensemble(1, (1, 1), seed=0), Ensemble(1, (1, 2), seed=0)])
    with pytest.raises(ValueError, match="fit_ensemble needs x"):
        fit_ensemble(x, x[:2], k=1, seed=0, steps=1, lr=0.1)
    with pytest.raises(ValueError, match="steps >= 1 and lr > 0"):
        fit_ensemble(x, x, k=1, seed=0, steps=0, lr=0.1)
    with pytest.raises(ValueError, match="training diverged"):
        fit_ensemble(x, x * 1e30, k=1, seed=0, steps=3, lr=0.1)
