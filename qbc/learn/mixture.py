"""Mixture densities: which component is drawn, from weights that depend on the observation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from qbc.demonstrations import Demonstrations
from qbc.finite import draw
from qbc.learn.device import alone, array, tensor
from qbc.learn.fitting import Batch, Data, Fit
from qbc.learn.head import Head
from qbc.learn.networks import Ensemble
from qbc.systems import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture(Head):
    """c Gaussians with diagonal covariances. ``spread``: a draw has the width of its component; else its centre is played."""

    net: Ensemble
    components: int
    floor: float
    spread: bool

    def logs(self, obs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log weights (k, n, c), centres and log widths (k, n, c, d), in the networks' units."""
        out, c = self.net(obs), self.components
        d = (out.shape[2] - c) // (2 * c)
        logits, centres, raw = out.split([c, c * d, c * d], dim=2)
        shape = (*out.shape[:2], c, d)
        return logits.log_softmax(dim=2), centres.reshape(shape), (self.floor + nn.functional.softplus(raw)).log().reshape(shape)

    def parts(self, x: Array) -> tuple[Array, Array, Array]:
        """Weights (k, n, c), centres and widths (k, n, c, h du) at x (k, n, dx) or (n, dx), in the units of the fitted chunks."""
        with alone():
            weights, centres, widths = (array(t) for t in self.logs(self.view.see(x)))
        act = self.view.act
        return (
            np.exp(weights),
            act.back(centres.reshape(self.k, -1, centres.shape[3])).reshape(centres.shape),
            (np.exp(widths) * act.sd[:, :, None]),
        )

    def draw(self, obs: Tensor, rng: np.random.Generator) -> Array:
        weights, centres, widths = (array(t) for t in self.logs(obs))
        pick = draw(np.exp(weights), rng)[..., None, None]
        z = np.take_along_axis(centres, pick, axis=2)[:, :, 0]
        if self.spread:
            z = z + np.exp(np.take_along_axis(widths, pick, axis=2)[:, :, 0]) * rng.normal(size=z.shape)
        return np.asarray(z)


def fit_mixture(
    demos: Demonstrations, fit: Fit, *, components: int, floor: float = 0.02, spread: bool = True, start: float = 0.3
) -> Mixture:
    """``components`` Gaussians by log-loss: a mixture density network.

    Centres start at k-means++ seeds of the demonstrated chunks, widths at ``start``; widths stay above ``floor``, below which a
    component could buy likelihood with one demonstration (both in standard deviations of the data).
    """
    data, c = Data(demos, fit), components
    if not 1 <= c <= data.learned.stop or not 0 < floor < start:
        raise ValueError(f"components: 1 to {data.learned.stop}, and 0 < floor < start, got {c}, {floor} and {start}")
    d = data.size
    net = data.network(data.features, c * (1 + 2 * d))
    head = Mixture(**data.untrained(), net=net, components=c, floor=floor, spread=spread)
    seeds = data.seeds(array(data.act[:, data.learned]), c)
    with torch.no_grad():
        net.weights[-1][:, :, c:] *= 0.1  # the seeds are where the components start
        net.biases[-1][:, 0, c : c + c * d] = tensor(seeds.reshape(data.k, -1))
        net.biases[-1][:, 0, c + c * d :] = float(np.log(np.expm1(start - floor)))

    def objective(batch: Batch) -> Tensor:
        weights, centres, widths = head.logs(batch.obs)
        each = -0.5 * ((batch.act[:, :, None] - centres) / widths.exp()) ** 2 - widths - 0.5 * np.log(2 * np.pi)
        each = each.sum(dim=3) if batch.mask is None else (each * batch.mask[:, :, None]).sum(dim=3)
        return -torch.logsumexp(weights + each, dim=2).mean(dim=1) / d

    return Mixture(**data.train(net.parameters(), objective), net=net, components=c, floor=floor, spread=spread)
