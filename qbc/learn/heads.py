"""One network as a policy: a conditional mean by squared loss, a conditional mixture by log-loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from qbc.finite import draw
from qbc.learn.training import DEVICE, array, minimise, tensor
from qbc.systems import Array

Loss = Callable[[Tensor, Tensor], Tensor]


def mlp(dims: tuple[int, ...], seed: int) -> nn.Sequential:
    """A tanh network with layer widths ``dims``, initialised from ``seed`` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for width_in, width_out in pairwise(dims):
            layers += [nn.Linear(width_in, width_out), nn.Tanh()]
        return nn.Sequential(*layers[:-1]).to(DEVICE)


def train(net: nn.Module, loss: Loss, x: Array, u: Array, *, seed: int, steps: int, lr: float, batch: int) -> float:
    """Adam with a cosine schedule on ``loss(net(x), u)`` over random batches of x (N, dx), u (N, du).

    Returns the loss on all data. Raises ``ValueError`` if it is not finite at the end.
    """
    g = torch.Generator().manual_seed(seed)
    X, U = tensor(x), tensor(u)

    def on_a_batch() -> Tensor:
        i = torch.randint(len(X), (batch,), generator=g)
        return loss(net(X[i]), U[i])

    minimise(net.parameters(), on_a_batch, steps=steps, lr=lr)
    with torch.no_grad():
        return float(loss(net(X), U))


@dataclass(frozen=True)
class Network:
    """A network as a function of arrays: (N, dx) -> (N, outputs)."""

    net: nn.Module

    def __call__(self, x: Array) -> Array:
        with torch.no_grad():
            return array(self.net(tensor(x)))


@dataclass(frozen=True)
class MeanHead:
    """The policy of a fitted conditional mean."""

    net: Network

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        return self.net(x)


@dataclass(frozen=True)
class MixtureHead:
    """A scalar-action policy that samples from a fitted mixture of k Gaussians, with weights, centres and widths from x."""

    net: Network
    k: int

    def parts(self, x: Array) -> tuple[Array, Array, Array]:
        """Weights, centres and standard deviations at x (N, dx), each (N, k)."""
        logits, centres, log_s = np.split(self.net(x), 3, axis=1)
        w = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights: Array = w / w.sum(axis=1, keepdims=True)
        return weights, centres, np.exp(log_s)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        w, centres, s = self.parts(x)
        pick = draw(w, rng)
        i = np.arange(len(x))
        u: Array = centres[i, pick] + s[i, pick] * rng.normal(size=len(x))
        return u[:, None]


def fit_mean(x: Array, u: Array, *, seed: int, steps: int = 600, lr: float = 1e-2, batch: int = 1024, width: int = 24) -> MeanHead:
    """Mean regression: a two-layer network fitted to x (N, dx), u (N, du) by squared loss."""
    net = mlp((x.shape[1], width, width, u.shape[1]), seed)
    train(net, nn.functional.mse_loss, x, u, seed=seed, steps=steps, lr=lr, batch=batch)
    return MeanHead(Network(net))


def mixture_loss(out: Tensor, u: Tensor) -> Tensor:
    """Mean negative log-likelihood of u (N, 1) under the mixture with parameters ``out`` (N, 3k): logits, centres, log widths."""
    logits, centres, log_s = out.chunk(3, dim=1)
    log_density = -0.5 * ((u - centres) / log_s.exp()) ** 2 - log_s - 0.5 * np.log(2 * np.pi)
    return -torch.logsumexp(logits.log_softmax(dim=1) + log_density, dim=1).mean()


def fit_mixture(
    x: Array, u: Array, k: int, *, seed: int, steps: int = 600, lr: float = 1e-2, batch: int = 1024, width: int = 24
) -> MixtureHead:
    """Conditional sampling: a mixture of k Gaussians fitted to x (N, dx), u (N, 1) by log-loss.

    The centres start at the k equally spaced quantiles of u, so that no component starts dead.
    """
    if u.shape[1] != 1:
        raise ValueError(f"fit_mixture is for scalar actions (N, 1), got {u.shape}")
    net = mlp((x.shape[1], width, width, 3 * k), seed)
    with torch.no_grad():
        bias = net[-1].bias
        assert isinstance(bias, Tensor)
        bias[k : 2 * k] = tensor(np.quantile(u, (np.arange(k) + 0.5) / k))
    train(net, mixture_loss, x, u, seed=seed, steps=steps, lr=lr, batch=batch)
    return MixtureHead(Network(net), k)
