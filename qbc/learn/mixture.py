"""Mixture densities: which component is drawn, from weights that depend on the observation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from qbc.demonstrations import Demonstrations
from qbc.finite import draw
from qbc.learn.device import alone, array, tensor
from qbc.learn.fitting import Data, Fit
from qbc.learn.head import Head
from qbc.learn.losses import Batch, Losses
from qbc.learn.networks import Ensemble
from qbc.systems import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture(Head):
    """c Gaussians with diagonal covariances. ``spread``: a draw has the width of its component; else its centre is played."""

    owned = ("net",)

    net: Ensemble
    components: int
    floor: float
    spread: bool

    def logs(self, obs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log weights (k, n, c), centres and log widths (k, n, c, d), in the networks' units."""
        out, c = self.net(obs), self.components
        d = math.prod(self.view.shape)
        logits, centres, raw = out.split([c, c * d, out.shape[2] - c * (1 + d)], dim=2)
        shape = (*out.shape[:2], c, d)
        widths = (self.floor + nn.functional.softplus(raw)).log().reshape(*out.shape[:2], -1, d)
        return logits.log_softmax(dim=2), centres.reshape(shape), widths.expand(shape)

    def parts(self, x: Array) -> tuple[Array, Array, Array]:
        """Weights (k, n, c), centres and widths (k, n, c, h du) at x (k, n, dx) or (n, dx), in the units of the fitted chunks; a
        coordinate at rest has width 0."""
        with alone():
            weights, centres, widths = (array(t) for t in self.logs(self.view.see(np.asarray(x, dtype=float))))
        act = self.view.act
        return (
            np.exp(weights),
            act.back(centres.reshape(self.k, -1, centres.shape[3])).reshape(centres.shape),
            (np.exp(widths) * act.spread[:, :, None]),
        )

    def draw(self, obs: Tensor, rng: np.random.Generator) -> Array:
        weights, centres, widths = self.logs(obs)
        pick = torch.as_tensor(draw(np.exp(array(weights)), rng)).to(centres.device)
        pick = pick[..., None, None].expand(-1, -1, 1, centres.shape[3])
        z = array(centres.gather(2, pick)[:, :, 0])
        if self.spread:
            z = z + np.exp(array(widths.gather(2, pick)[:, :, 0])) * rng.normal(size=z.shape)
        return z


def densities(parts: tuple[Tensor, Tensor, Tensor], act: Tensor, mask: Tensor | None) -> Tensor:
    """Log densities (k, n) of actions (k, n, d), each under a mixture of its own: log weights (k, n, c), centres and log widths
    (k, n, c, d)."""
    weights, centres, widths = parts
    each = -0.5 * ((act[:, :, None] - centres) / widths.exp()) ** 2 - widths - 0.5 * np.log(2 * np.pi)
    return torch.logsumexp(weights + (each if mask is None else each * mask[:, :, None]).sum(dim=3), dim=2)


def all_densities(parts: tuple[Tensor, Tensor, Tensor], act: Tensor, mask: Tensor | None) -> Tensor:
    """Log densities (k, m, n) of each of the actions (k, n, d) under each of m mixtures: products of matrices, in double precision
    because their terms cancel."""
    weights, centres, widths = parts
    k, m, c, d = centres.shape
    u, there, mu, log_s = (t.double() for t in (act, torch.ones_like(act) if mask is None else mask, centres, widths))
    precision = (-2 * log_s).exp()
    factors = (precision, -2 * precision * mu, precision * mu**2 + 2 * log_s + np.log(2 * np.pi))
    terms = (there * u**2, there * u, there)
    square = torch.cat(terms, dim=2) @ torch.cat(factors, dim=3).reshape(k, m * c, 3 * d).transpose(1, 2)  # (k, n, m c)
    each = weights[:, None] - 0.5 * square.float().reshape(k, -1, m, c)
    return torch.logsumexp(each, dim=3).transpose(1, 2)


def fit_mixture(
    demos: Demonstrations,
    fit: Fit,
    *,
    components: int,
    floor: float = 0.02,
    spread: bool = True,
    shared: bool = False,
    start: float = 1.0,
) -> Mixture:
    """``components`` Gaussians by log-loss: a mixture density network.

    Centres start at k-means++ seeds of the demonstrated chunks, widths at ``start``; widths stay above ``floor``, below which a
    component could buy likelihood with one demonstration (both in standard deviations of the data). ``shared``: all components have
    the same widths, so that none can win by being the widest.
    """
    data, c = Data(demos, fit), components
    if not 1 <= c <= data.learned.stop or not 0 < floor < start:
        raise ValueError(f"components: 1 to {data.learned.stop}, and 0 < floor < start, got {c}, {floor} and {start}")
    d = data.size
    net = data.network(data.features, c * (1 + d) + (d if shared else c * d))
    head = Mixture(**data.untrained(), net=net, components=c, floor=floor, spread=spread)
    seeds = data.seeds(array(data.act[:, data.learned]), c)
    with torch.no_grad():
        net.weights[-1][:, :, c:] *= 0.1  # the seeds are where the components start
        net.biases[-1][:, 0, c : c + c * d] = tensor(seeds.reshape(data.k, -1))
        net.biases[-1][:, 0, c + c * d :] = float(np.log(np.expm1(start - floor)))

    def likely(batch: Batch) -> Tensor:
        if data.few is None:
            return densities(head.logs(batch.obs), batch.act, batch.mask)
        seen, which = data.few
        logs = all_densities(head.logs(seen), batch.act, batch.mask)
        mine = which[data.of, batch.rows].to(logs.device)[:, None]
        return logs.gather(1, mine)[:, 0]

    def objective(batch: Batch) -> Losses:
        """Nats per demonstrated coordinate."""
        if batch.mask is None:
            return Losses(-likely(batch) / d)
        there = batch.mask.sum(dim=2)
        return Losses(-likely(batch) / there.clamp(min=1), there)

    return Mixture(**data.train(net.parameters(), objective), net=net, components=c, floor=floor, spread=spread)
