"""Tokens of a chunk drawn one after the other by log-loss: over steps and coordinates, or over its coefficients.

A chunk of h steps and du coordinates is h du tokens, step by step; each is a uniform bin of its coordinate's range. What the network
sees of the tokens before it is a ``Context``; how its outputs give the law of a token is a ``TokenLaw``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qbc.demonstrations import Demonstrations
from qbc.finite import draw
from qbc.learn.cells import Ordinal, Softmax, TokenLaw
from qbc.learn.contexts import Context, Prefix
from qbc.learn.device import alone, array, indices, tensor
from qbc.learn.fitting import Data, Fit
from qbc.learn.head import Head
from qbc.learn.losses import Batch, Losses
from qbc.learn.networks import Ensemble
from qbc.quantizers import uniform
from qbc.systems import Array

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Bins:
    """Uniform bins of every coordinate's range: one range a token; or one for all steps, where a step of 0 leads nowhere.

    A coordinate that never varies has a range of no width, and every code is decoded to it.
    """

    shift: Array  # (k, 1, h, du): the middle of the range, or 0
    top: Array  # the largest distance from it: values are (u - shift) / top
    low: Array  # the ends of the range, as values
    high: Array
    n: int

    @staticmethod
    def of(u: Array, n: int, shared: bool) -> Bins:
        """For chunks u (k, N, h, du); ``shared`` by all steps or not."""
        over = (1, 2) if shared else (1,)
        least, most = u.min(axis=over, keepdims=True), u.max(axis=over, keepdims=True)
        shift = np.zeros_like(least) if shared else (least + most) / 2
        top = np.maximum(most - shift, shift - least)
        unit = np.where(top > 0, top, 1.0)
        low, high = (least - shift) / unit, (most - shift) / unit
        full = (len(u), 1, *u.shape[2:])
        shift, unit, low, high = (np.broadcast_to(a, full) for a in (shift, unit, low, high))
        return Bins(shift, unit, low, high, n)

    def value(self, u: Array, step: slice = slice(None)) -> Array:
        return np.asarray((u - self.shift[:, :, step]) / self.top[:, :, step])

    def encode(self, u: Array, step: slice = slice(None)) -> Codes:
        """Codes of chunks (k, n, h, du), or of some of their steps."""
        low, width = self.low[:, :, step], self.high[:, :, step] - self.low[:, :, step]
        return uniform(self.n).encode(np.clip(2 * (self.value(u, step) - low) / np.where(width > 0, width, 1.0) - 1, -1, 1))

    def decode(self, codes: Codes, step: slice = slice(None)) -> Array:
        """Values."""
        low, high = self.low[:, :, step], self.high[:, :, step]
        return np.asarray(low + (uniform(self.n).decode(codes) + 1) / 2 * (high - low))

    def rounded(self, u: Array, rebuilt: bool) -> tuple[Codes, Array]:
        """Codes of chunks (k, n, h, du) and the values they decode to. ``rebuilt``: each token rounds the step from where the
        tokens so far lead to where the demonstration led, so that rounding does not add up."""
        if not rebuilt:
            codes = self.encode(u)
            return codes, self.decode(codes)
        codes, said, behind = np.empty(u.shape, dtype=np.int64), np.empty(u.shape), np.zeros_like(u[:, :, :1])
        for t in range(u.shape[2]):
            at = slice(t, t + 1)
            chosen = self.encode(u[:, :, at] + behind, at)
            codes[:, :, at], said[:, :, at] = chosen, self.decode(chosen, at)
            behind = behind + u[:, :, at] - (self.shift + said * self.top)[:, :, at]
        return codes, said

    def only(self, i: int) -> Bins:
        """Those of network i."""
        one = slice(i, i + 1)
        return Bins(self.shift[one], self.top[one], self.low[one], self.high[one], self.n)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tokens(Head):
    """``loss`` and ``held`` score one random token of each row."""

    owned = ("net", "bins", "reach")

    net: Ensemble
    law: TokenLaw
    context: Context
    bins: Bins
    reach: Array  # (k, 1, du)

    def logs(self, obs: Tensor, known: Array, j: Codes) -> Tensor:
        """Log-probabilities (k, n, bins) of token j (k, n), given those before it."""
        return self.law(self.net(torch.cat([obs, tensor(self.context(known, j, self.reach))], dim=2)))

    def first(self, x: Array) -> tuple[Array, Array]:
        """The law (k, n, bins) of the first token at observations x (k, n, dx), or (n, dx) shown to all, and the actions (k, bins) it
        stands for: the whole law of the policy where a chunk is one number."""
        with alone():
            obs = self.view.see(np.asarray(x, dtype=float))
            k, n = obs.shape[:2]
            p = array(self.logs(obs, np.zeros((k, n, *self.view.shape)), np.zeros((k, n), dtype=np.int64)).exp())
        at = slice(0, 1)
        value = self.bins.decode(np.arange(self.bins.n)[None, :, None, None], at)
        return p, (self.bins.shift[:, :, at] + value * self.bins.top[:, :, at])[:, :, 0, 0]

    def draw(self, obs: Tensor, rng: np.random.Generator) -> Array:
        k, n = obs.shape[:2]
        h, du = self.view.shape
        known = np.zeros((k, n, h, du))
        for j in range(h * du):
            p = array(self.logs(obs, known, np.full((k, n), j)).exp())
            t, c = divmod(j, du)
            codes = draw(p, rng)[:, :, None, None]
            low, high = self.bins.low[:, :, t, c], self.bins.high[:, :, t, c]
            known[:, :, t, c] = low + (uniform(self.bins.n).decode(codes[:, :, 0, 0]) + 1) / 2 * (high - low)
        u = (self.bins.shift + known * self.bins.top).reshape(k, n, -1)
        return self.view.act.into(u)


def fit_tokens(
    demos: Demonstrations,
    fit: Fit,
    *,
    bins: int = 32,
    context: Context | None = None,
    loss: Literal["softmax", "ordinal"] = "softmax",
    components: int = 1,
    rebuilt: bool = True,
) -> Tokens:
    """Autoregressive tokens; a batch is that many single tokens of each data set.

    ``context``: ``Prefix()`` (default) sees all tokens before, ``Sight()`` steps through a path. ``loss``: ``softmax``, or ``ordinal``
    with so many logistic ``components``, which starts at least squares: as many steps of those come first, of which the head tells
    nothing. ``rebuilt``: the tokens of a stepwise context follow where
    the demonstration led; else each rounds its own step. Raises ``ValueError`` for other losses and fewer than two bins.
    """
    if loss not in ("softmax", "ordinal") or bins < 2 or components < 1:
        raise ValueError(f"fit_tokens: loss softmax or ordinal, bins >= 2, components >= 1, got {loss!r}, {bins}, {components}")
    data, seen = Data(demos, fit), context or Prefix()
    law: TokenLaw = Ordinal(bins, components) if loss == "ordinal" else Softmax(bins)
    grid = Bins.of(data.sure(data.u), bins, seen.stepwise)
    codes, values = grid.rounded(data.u, rebuilt and seen.stepwise)
    reach = np.maximum(np.abs(data.sure(values.cumsum(axis=2))).max(axis=(1, 2)), 1e-12)[:, None]
    m, of = data.size, np.arange(data.k)[:, None]
    flat, flat_codes, later = values.reshape(data.k, demos.rows, m), codes.reshape(data.k, demos.rows, m), np.arange(m)

    def known(index: Codes, j: Codes) -> Array:
        shown = np.where(later < j[..., None], flat[of, index], 0.0)
        return shown.reshape(*index.shape, demos.h, demos.du)

    first = np.zeros((data.k, 1), dtype=np.int64)
    net = data.network(data.features + seen(known(first, first), first, reach).shape[-1], law.outputs)

    def outputs(batch: Batch) -> tuple[Tensor, Codes, Tensor]:
        """What the network says about one token of each row, which it is, and whether it was demonstrated."""
        index = indices(batch.rows)
        j = indices(torch.randint(m, index.shape, generator=data.g))
        said = net(torch.cat([batch.obs, tensor(seen(known(index, j), j, reach))], dim=2))
        there = torch.ones(index.shape) if batch.mask is None else batch.mask.cpu().gather(2, torch.as_tensor(j)[..., None])[..., 0]
        return said, flat_codes[of, index, j], there.to(said.device)

    def squares(batch: Batch) -> Losses:
        said, want, there = outputs(batch)
        point = law.point(said)
        assert point is not None
        return Losses((point - tensor(uniform(bins).decode(want))) ** 2, there)

    def objective(batch: Batch) -> Losses:
        said, want, there = outputs(batch)
        logs = law(said).gather(2, torch.as_tensor(want).to(said.device)[..., None])[..., 0]
        return Losses(-logs, there)

    if loss == "ordinal":
        data.train(net.parameters(), squares)
    return Tokens(**data.train(net.parameters(), objective), net=net, law=law, context=seen, bins=grid, reach=reach)
