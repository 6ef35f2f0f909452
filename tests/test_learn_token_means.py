"""Networks over tokens: they play their mean, and their log-loss curves along a functional as its Hessian says."""

import numpy as np
import pytest
import torch

from qbc import learn

VALUES = np.array([-1.0, 0.0, 2.0])


def nets(k=2, seed=0):
    return learn.TokenMeans(learn.Ensemble(k, (2, 4, 6), seed=seed), VALUES)


def dense(one, f):
    """The derivative of f(outputs) in all weights of an ensemble of one network, by autograd, in rows."""
    parameters = list(one.parameters())
    rows = [torch.autograd.grad(y, parameters, retain_graph=True) for y in f.reshape(-1)]
    return np.array([torch.cat([g.reshape(-1) for g in row]).numpy() for row in rows], dtype=float)


def test_it_plays_the_mean_of_its_tokens(rng):
    x = rng.normal(size=(5, 2))
    logits = learn.Networks(nets().net)(x).reshape(2, 5, 2, 3)
    p = np.exp(logits) / np.exp(logits).sum(axis=3, keepdims=True)
    np.testing.assert_allclose(nets()(x), p @ VALUES, atol=1e-6)
    both = np.concatenate([x, x + 1])
    np.testing.assert_allclose(nets().policy(both, rng), np.concatenate([nets()(x)[0], nets()(x + 1)[1]]), atol=1e-6)


def test_jacobians_are_differences(rng):
    x, h = rng.normal(size=(2, 5, 2)), 1e-2
    along = [(nets()(x + h * e) - nets()(x - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(nets().jacobians(x), np.stack(along, axis=3), atol=1e-4)


@pytest.mark.parametrize("phi", [np.ones_like, lambda c: c, lambda c: 1 / (2 - 0.1 * c), lambda c: 1 / (0.05 + c)])
def test_curvatures_along_a_functional_are_those_of_the_fisher_information(rng, phi):
    x, at, weights = rng.normal(size=(9, 2)), rng.normal(size=(2, 4, 2)), rng.normal(size=(2, 4, 2))
    components, curvatures = learn.curvature_along(nets(), x, at, weights, steps=25)
    for i in range(2):
        net = nets().net.part(slice(i, i + 1)).requires_grad_(True)
        logits = net(torch.tensor(x, dtype=torch.float32)).reshape(9, 2, 3)
        j = dense(net, logits).reshape(18, 3, -1)
        p = logits.softmax(dim=2).detach().numpy().astype(float).reshape(18, 3)
        fisher = sum(a.T @ (np.diag(q) - np.outer(q, q)) @ a for a, q in zip(j, p, strict=True)) / 18
        played = net(torch.tensor(at[i], dtype=torch.float32)).reshape(4, 2, 3).softmax(dim=2) @ torch.tensor(
            VALUES, dtype=torch.float32
        )
        g = dense(net, (played * torch.tensor(weights[i], dtype=torch.float32)).sum())[0]
        size, vectors = np.linalg.eigh(fisher)
        expected = ((vectors.T @ g) ** 2 * phi(np.maximum(size, 0))).sum()
        assert (components[i] ** 2 * phi(curvatures[i])).sum() == pytest.approx(expected, rel=1e-3)


def test_fisher_is_the_hessian_where_labels_follow_the_network(rng):
    """One network, one weight's worth: g' F g is the second derivative of the expected log-loss along g."""
    x, at, weights = rng.normal(size=(40, 2)), rng.normal(size=(1, 4, 2)), rng.normal(size=(1, 4, 2))
    one = nets(1)
    components, curvatures = learn.curvature_along(one, x, at, weights, steps=10)
    net = one.net.snapshot().requires_grad_(True)
    played = one.mean(net(torch.tensor(at, dtype=torch.float32)))
    g = torch.autograd.grad((played * torch.tensor(weights, dtype=torch.float32)).sum(), list(net.parameters()))

    def law(h):
        moved = one.net.snapshot()
        with torch.no_grad():
            for p, d in zip(moved.parameters(), g, strict=True):
                p.add_(h * d)
        return torch.as_tensor(learn.Networks(moved)(x)).reshape(40, 2, 3).log_softmax(dim=2)

    p = law(0.0).exp()
    cost = [float(-(p * law(h)).sum(dim=2).mean()) for h in (-0.05, 0.0, 0.05)]
    second = (cost[0] - 2 * cost[1] + cost[2]) / 0.05**2
    assert (components**2 * curvatures).sum() == pytest.approx(second, rel=0.05)


def test_bad_input_is_named(rng):
    with pytest.raises(ValueError, match="x, in single precision: row 0, column 0 is inf"):
        learn.curvature_along(nets(), np.array([[1e39, 0]]), np.zeros((2, 1, 2)), np.ones((2, 1, 2)), steps=2)
    with pytest.raises(ValueError, match="at: network 0, row 0, column 1 is nan"):
        learn.curvature_along(nets(), np.zeros((1, 2)), np.array([[[0, np.nan]]] * 2), np.ones((2, 1, 2)), steps=2)
    odd = learn.TokenMeans(learn.Ensemble(1, (2, 4, 5), seed=0), VALUES)
    with pytest.raises(ValueError, match="tokens: at least 2, and a divisor of the width 5"):
        odd(np.zeros((1, 2)))
