"""Networks whose last layer holds the logits of tokens: played by their mean, and how their log-loss curves along a functional."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from qbc.arrays import finite
from qbc.learn.device import alone, array, single, tensor
from qbc.learn.networks import Ensemble, blocks
from qbc.systems import Array


def split(out: Tensor, tokens: int) -> Tensor:
    """Outputs (..., du tokens) as logits (..., du, tokens); raises ``ValueError`` for a width that tokens do not divide."""
    if tokens < 2 or out.shape[-1] % tokens:
        raise ValueError(f"tokens: at least 2, and a divisor of the width {out.shape[-1]} of the networks' output, got {tokens}")
    return out.reshape(*out.shape[:-1], -1, tokens)


@dataclass(frozen=True, eq=False)
class TokenMeans:
    """k networks with softmax heads over the same tokens in every coordinate: each plays the mean of its tokens' values."""

    net: Ensemble
    values: Array  # (tokens,) [units of u]

    def __call__(self, x: Array) -> Array:
        """States x (k, N, dx), or (N, dx) shown to all, to mean actions (k, N, du)."""
        z = single("observations", x if x.ndim == 3 else x[None], "network", "row", "column")
        with alone():
            u = array(self.mean(self.net(z if x.ndim == 3 else z[0])))
        finite("actions", u, "network", "row", "coordinate")
        return u

    def mean(self, out: Tensor) -> Tensor:
        return split(out, len(self.values)).softmax(dim=-1) @ tensor(self.values)

    def jacobians(self, x: Array) -> Array:
        """The derivative of the mean actions in the state, for each row of x (k, N, dx): (k, N, du, dx)."""
        with alone(grad=True):
            z = single("observations", x, "network", "row", "column").requires_grad_()
            u = self.mean(self.net(z)).sum(dim=(0, 1))
            return array(torch.stack([torch.autograd.grad(c, z, retain_graph=True)[0] for c in u], dim=2))

    def policy(self, x: Array, rng: np.random.Generator) -> Array:
        """All k as one deterministic policy: x (k n, dx) is k blocks of n rows, and network i acts on block i."""
        return self(blocks(x, self.net.k)).reshape(len(x), -1)


def curvature_along(nets: TokenMeans, x: Array, at: Array, weights: Array, *, steps: int = 20) -> tuple[Array, Array]:
    """How the log-loss curves along the functional f = sum_t <weights_t, mean action at at_t> of each network.

    ``x`` (N, dx) are training states, ``at`` (k, T, dx), ``weights`` (k, T, du) [f per unit of u]. Returns components and
    curvatures, both (k, steps): sum_i components_i^2 phi(curvatures_i) is g' phi(F) g for a smooth phi, g the gradient of f in the
    weights, and F the Fisher information of one state's tokens, averaged over coordinates: the Hessian where the networks fit the
    law of the tokens. Lanczos from g, its basis kept orthogonal; exact for polynomials phi below the degree 2 ``steps``.
    """
    net = nets.net.snapshot().requires_grad_(True)
    with alone(grad=True):
        u = nets.mean(net(single("at", at, "network", "row", "column")))
        gradient = _flat(torch.autograd.grad((u * tensor(weights)).sum(), list(net.parameters())), net.k)
        return _lanczos(_fisher(net, single("x", x, "row", "column"), len(nets.values)), gradient.detach(), steps)


def _flat(parts: tuple[Tensor, ...], k: int) -> Tensor:
    return torch.cat([p.reshape(k, -1) for p in parts], dim=1)


def _fisher(net: Ensemble, x: Tensor, tokens: int) -> Callable[[Tensor], Tensor]:
    """v (k, P) to F v: F = the mean over states and coordinates of J' (diag p - p p') J."""
    parameters = list(net.parameters())
    logits = split(net(x), tokens)
    p = logits.softmax(dim=-1).detach()
    dual = torch.zeros_like(logits, requires_grad=True)
    pulled = _flat(torch.autograd.grad(logits, parameters, dual, create_graph=True), net.k)  # J' dual, linear in dual

    def product(v: Tensor) -> Tensor:
        (moved,) = torch.autograd.grad(pulled, dual, v, retain_graph=True)  # J v
        moved = p * (moved - (p * moved).sum(dim=-1, keepdim=True))
        rate = moved / (p.shape[1] * p.shape[2])
        return _flat(torch.autograd.grad(logits, parameters, rate, retain_graph=True), net.k).detach()

    return product


def _lanczos(product: Callable[[Tensor], Tensor], start: Tensor, steps: int) -> tuple[Array, Array]:
    size = start.norm(dim=1)
    basis = (start / size[:, None])[:, None]
    diagonal, beside = [], []
    for _ in range(steps):
        v = product(basis[:, -1])
        diagonal.append((v * basis[:, -1]).sum(dim=1))
        for _ in range(2):
            v = v - torch.einsum("kmp,km->kp", basis, torch.einsum("kmp,kp->km", basis, v))
        beside.append(v.norm(dim=1))
        basis = torch.cat([basis, (v / beside[-1][:, None])[:, None]], dim=1)
    a, b = array(torch.stack(diagonal, dim=1)), array(torch.stack(beside[:-1], dim=1))
    i = np.arange(steps)
    t = np.zeros((len(a), steps, steps))
    t[:, i, i], t[:, i[1:], i[:-1]], t[:, i[:-1], i[1:]] = a, b, b
    curvatures, vectors = np.linalg.eigh(t)
    return array(size)[:, None] * vectors[:, 0], np.maximum(curvatures, 0)
