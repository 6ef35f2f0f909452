"""k networks of one shape side by side: seeds, settings or checkpoints that are trained and rolled out all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from qbc.arrays import finite
from qbc.learn.device import alone, array, generator, single, tensor
from qbc.systems import Array

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu, "silu": nn.functional.silu}


class Ensemble(nn.Module):
    """k independent networks with layer widths ``dims``: (k, n, d_in), or (n, d_in) shared by all, to (k, n, d_out).

    Initialised from ``seed`` alone, uniformly within one over the root of the fan-in. The sum of the k losses has in each
    network's weights the gradient of that network's own loss, so one optimiser trains all without mixing them.
    """

    def __init__(self, k: int, dims: Sequence[int], seed: int, activation: str = "tanh") -> None:
        if k < 1 or len(dims) < 2 or dims[0] < 0 or min(dims[1:]) < 1:
            raise ValueError(f"an Ensemble needs k >= 1, an input of 0 or more and widths >= 1, got k = {k}, dims = {tuple(dims)}")
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
        super().__init__()
        g = generator(seed)
        self.k, self.dims, self.activation = k, tuple(dims), activation
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for width_in, width_out in pairwise(dims):
            for store, rows in ((self.weights, width_in), (self.biases, 1)):
                start = (2 * torch.rand(k, rows, width_out, generator=g, dtype=torch.float32) - 1) / max(width_in, 1) ** 0.5
                store.append(nn.Parameter(tensor(start)))

    def forward(self, x: Tensor) -> Tensor:
        h = x.expand(self.k, *x.shape) if x.ndim == 2 else x
        last = len(self.weights) - 1
        for i, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(b, h, w)
            h = h if i == last else ACTIVATIONS[self.activation](h)
        return h

    def snapshot(self) -> Ensemble:
        """A copy that further training leaves alone: a checkpoint."""
        return Ensemble.join([self])

    def part(self, of: slice) -> Ensemble:
        """A copy of some of the networks, which further training leaves alone."""
        some = Ensemble(len(range(self.k)[of]), self.dims, 0, self.activation)
        with torch.no_grad():
            for mine, theirs in zip(some.parameters(), self.parameters(), strict=True):
                mine.copy_(theirs[of])
        return some.requires_grad_(False)

    @staticmethod
    def join(parts: Sequence[Ensemble]) -> Ensemble:
        """All networks of ``parts`` in one ensemble, in their order; they must have one shape and one activation."""
        if len({(p.activation, p.dims) for p in parts}) != 1:
            raise ValueError("join needs ensembles of one shape and one activation")
        joined = Ensemble(sum(p.k for p in parts), parts[0].dims, 0, parts[0].activation)
        with torch.no_grad():
            for mine, *theirs in zip(joined.parameters(), *(p.parameters() for p in parts), strict=True):
                mine.copy_(torch.cat(theirs))
        return joined.requires_grad_(False)


def blocks(x: Array, k: int) -> Array:
    """Rows x (k n, dx) as k blocks (k, n, dx); raises ``ValueError`` if they are not so many."""
    if x.ndim != 2 or len(x) % k:
        raise ValueError(f"observations: ({k} n, dx), {k} blocks of n rows, got {x.shape}")
    return x.reshape(k, -1, x.shape[1])


@dataclass(frozen=True)
class Networks:
    """An ensemble as a function of arrays: x (k, N, dx), or (N, dx) shown to all, to (k, N, du)."""

    net: Ensemble

    def __call__(self, x: Array) -> Array:
        z = single("observations", x if x.ndim == 3 else x[None], "network", "row", "column")
        with alone():
            u = array(self.net(z if x.ndim == 3 else z[0]))
        finite("actions", u, "network", "row", "coordinate")
        return u

    def policy(self, x: Array, rng: np.random.Generator) -> Array:
        """All k as one deterministic policy: x (k n, dx) is k blocks of n rows, and network i acts on block i."""
        return self(blocks(x, self.net.k)).reshape(len(x), -1)

    def jacobian(self, x: Array) -> Array:
        """Every network's derivative at the one state x (dx,): (k, du, dx). Raises ``ValueError`` for what is no number."""
        with alone(grad=True):
            z = single("observation", np.asarray(x, dtype=float), "column").repeat(self.net.k, 1, 1).requires_grad_()
            out = self.net(z).sum(dim=(0, 1))
            rows = [torch.autograd.grad(o, z, retain_graph=True)[0][:, 0] for o in out]
            return array(torch.stack(rows, dim=1))
