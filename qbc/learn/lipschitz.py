"""Generators whose Lipschitz constant is certified: every layer is divided by its spectral norm, every activation is 1-Lipschitz.

A generator maps noise of a given base to actions and is fitted by squared Wasserstein distance between batches, which needs no
critic: on the line sort both sides and compare, in more dimensions assign one side to the other. Spectral norms as divisors are of
arXiv 1802.05957. ReLU shortens gradients; sorting pairs of units (GroupSort, arXiv 1811.05381) does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from qbc.arrays import finite
from qbc.learn.device import alone, array, generator, minimise, single, tensor
from qbc.learn.fitting import BLOCK, Fit
from qbc.learn.networks import Ensemble
from qbc.systems import Array


def sorted_pairs(h: Tensor) -> Tensor:
    """GroupSort of (..., width), width even: units 2i and 2i + 1 exchanged where out of order, so no gradient is shortened."""
    a, b = h[..., ::2], h[..., 1::2]
    return torch.stack([torch.minimum(a, b), torch.maximum(a, b)], dim=-1).flatten(-2)


def assigned(out: Tensor, wanted: Tensor) -> Tensor:
    """The rows of ``wanted`` (k, n, p) in the order that costs least against the rows of ``out`` (k, n, p), in squared distances."""
    costs = array(torch.cdist(out, wanted) ** 2)
    costs = np.where(np.isfinite(costs), costs, 1e30)  # a fit that diverged is found by its loss
    order = torch.as_tensor(np.stack([linear_sum_assignment(c)[1] for c in costs])).to(wanted.device)
    return torch.gather(wanted, 1, order[..., None].expand_as(wanted))


ONE_LIPSCHITZ = {"relu": torch.relu, "groupsort": sorted_pairs}


@dataclass(frozen=True)
class Generators:
    """k fitted maps of noise to actions, layer by layer: h W + b, then the activation, except after the last layer."""

    weights: tuple[Tensor, ...]  # (k, width in, width out) each
    biases: tuple[Tensor, ...]  # (k, 1, width out) each
    activation: str
    loss: Array | None = None  # (k,): squared Wasserstein distance, if it was fitted: see ``fit_lipschitz`` [units of u^2]

    def forward(self, z: Tensor) -> Tensor:
        """(k, N, p) for noise z (N, d) shown to all, or (k, N, d); carries gradients."""
        h = z.expand(self.weights[0].shape[0], *z.shape[-2:])
        for i, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(b, h, w)
            h = h if i == len(self.weights) - 1 else ONE_LIPSCHITZ[self.activation](h)
        return h

    def __call__(self, z: Array) -> Array:
        """Actions (k, N), or (k, N, p) where p > 1, for noise z (N, d) shown to all, or (k, N, d).

        Raises ``ValueError`` for noise of another shape, and for what is or gives no number.
        """
        k, d = self.weights[0].shape[:2]
        if np.ndim(z) not in (2, 3) or np.shape(z)[-1] != d or (np.ndim(z) == 3 and len(z) != k):
            raise ValueError(f"z: (N, {d}) or ({k}, N, {d}), got {np.shape(z)}")
        shown = single("z", np.asarray(z, dtype=float), *("network", "row", "column")[3 - np.ndim(z) :])
        with alone():
            u = array(self.forward(shown))
        u = u[..., 0] if u.shape[2] == 1 else u
        finite("actions", u, *("network", "row", "coordinate")[: u.ndim])
        return u

    @property
    def certified(self) -> Array:
        """(k,): the product of the layers' spectral norms, by singular values in double precision; no slope exceeds it.

        Up to the rounding of :meth:`forward`, which is in single precision.
        """
        norms = [np.linalg.norm(array(w), ord=2, axis=(1, 2)) for w in self.weights]
        product: Array = np.prod(norms, axis=0)
        return product


def fit_lipschitz(
    z: Array, u: Array, constants: Sequence[float], fit: Fit, *, activation: str = "groupsort", normalise: bool = True
) -> Generators:
    """One generator for each entry of ``constants``, at most that steep, from base noise z (N, d) to actions distributed as u (M,) or
    (M, p), by Euclidean distance.

    Each step of ``fit`` compares, for every generator, a sorted batch of its actions with as many quantiles of ``u`` (M,); or a batch
    with as many rows of ``u`` (M, p), assigned at the least total cost. Then ``loss`` is that of one more batch.
    ``normalise=False`` leaves the layers free; ``constants`` then only scale the output at the start.
    Constants are in units of u over units of z, so neither is rescaled; the networks start around the mean of u. Raises ``ValueError``
    for data, constants, activations or widths that do not fit, for settings of ``fit`` that it has no use for, or if training diverged.
    """
    if z.ndim != 2 or u.ndim not in (1, 2) or not u.size or not len(constants) or not all(0 < c < np.inf for c in constants):
        raise ValueError(
            f"fit_lipschitz needs z (N, d), u (M,) or (M, p) and constants > 0, got {z.shape}, {u.shape} and {tuple(constants)}"
        )
    for name, unused in (("activation", "silu"), ("every", 0), ("held_out", 0.0)):
        if getattr(fit, name) != unused:
            raise ValueError(f"{name}: fit_lipschitz has no use for it, got {getattr(fit, name)!r} in fit")
    Z = single("z", z, "row", "column")
    finite("u", u, *("row", "coordinate")[: u.ndim])
    U = single("u", u, *("row", "coordinate")[: u.ndim])
    if activation not in ONE_LIPSCHITZ or fit.width % 2:
        raise ValueError(f"activation must be one of {', '.join(ONE_LIPSCHITZ)} and width even, got {activation!r} and {fit.width}")
    k, g, batch = len(constants), generator(fit.seed), fit.batch or len(z)
    net = Ensemble(k, (z.shape[1], *[fit.width] * fit.depth, u[:1].size), fit.seed)
    with torch.no_grad():
        net.biases[-1] += tensor(u.mean(axis=0))  # far from 0 it would take all steps to get there
    top = tensor(constants)[:, None, None]

    def quantiles(n: int) -> Tensor:
        return single("u", np.quantile(u, (np.arange(n) + 0.5) / n), "quantile")

    target = quantiles(batch) if u.ndim == 1 else None

    def generators() -> Generators:
        weights = [w / torch.linalg.matrix_norm(w, ord=2)[:, None, None] if normalise else w for w in net.weights]
        return Generators((*weights[:-1], top * weights[-1]), tuple(net.biases), activation)

    def losses() -> Tensor:
        out = generators().forward(Z[torch.randint(len(Z), (k, batch), generator=g)])
        if target is not None:
            return ((out[..., 0].sort(dim=1).values - target) ** 2).mean(dim=1)
        wanted = U[torch.randint(len(U), (k, batch), generator=g)]
        return ((out - assigned(out.detach(), wanted)) ** 2).sum(dim=2).mean(dim=1)

    minimise(net.parameters(), lambda: losses().sum(), steps=fit.steps, lr=fit.lr)
    with alone():
        fitted = generators()
        if target is None:
            lost = array(losses())
        else:
            said = torch.cat([fitted.forward(part)[..., 0] for part in torch.split(Z, BLOCK)], dim=1).sort(dim=1).values
            lost = array(((said - quantiles(len(Z))) ** 2).mean(dim=1))
    if not np.isfinite(lost).all():
        raise ValueError(f"training diverged: losses {lost.tolist()} after {fit.steps} steps at lr {fit.lr}")
    return replace(fitted, loss=lost)
