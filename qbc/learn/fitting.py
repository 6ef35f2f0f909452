"""What all heads share: settings of a fit, batches in the networks' units, the loss along the way, and how a head is called.

Inside, tensors are (k, n, .): network, row, coordinate; a chunk is one flat action of h du coordinates, in units of its spread.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qbc.demonstrations import Demonstrations
from qbc.learn.device import alone, array, generator, minimise, one_thread, tensor
from qbc.learn.losses import Batch, Objective
from qbc.learn.networks import ACTIVATIONS, Ensemble
from qbc.learn.view import View
from qbc.systems import Array

FEW = 8  # different observations, up to which a network is evaluated once for each of them
BLOCK = 4096  # rows that are evaluated at once when the loss on all data is taken


@dataclass(frozen=True)
class Fit:
    """How networks are trained: Adam, its step size falling to 0 along a cosine. Raises ``ValueError`` naming a setting."""

    seed: int  # any integer type
    steps: int = 2000
    lr: float = 2e-3
    batch: int | None = 256  # rows a step; None: as many as there are, all in their order, or drawn where they have weights
    width: int = 128  # of each hidden layer
    depth: int = 2  # hidden layers
    activation: str = "silu"
    every: int = 0  # steps between looks at the loss on all data; 0: only at the end
    held_out: float = 0.0  # share of the rows, the last ones, that is looked at and not learned from

    def __post_init__(self) -> None:
        for name in ("seed", "steps", "width", "depth", "every", *(["batch"] if self.batch is not None else [])):
            value, least = getattr(self, name), 0 if name in ("seed", "every", "depth") else 1
            if isinstance(value, bool) or not hasattr(value, "__index__") or operator.index(value) < least:
                raise ValueError(f"{name}: an integer >= {least}, got {value!r}")
            object.__setattr__(self, name, operator.index(value))
        if not 0 < self.lr < np.inf:
            raise ValueError(f"lr: > 0 and finite, got {self.lr}")
        if not 0 <= self.held_out < 1:
            raise ValueError(f"held_out: in [0, 1), got {self.held_out}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation: one of {', '.join(ACTIVATIONS)}, got {self.activation!r}")

    def learned(self, rows: int) -> slice:
        """Which of so many rows are learned from: the first ones. Raises ``ValueError`` if they are fewer than two, or all."""
        kept = rows - round(self.held_out * rows)
        if self.held_out and kept == rows:
            raise ValueError(f"held_out: {self.held_out} of {rows} rows is none")
        if kept < 2:
            raise ValueError(f"held_out: {self.held_out} leaves {kept} of {rows} rows, and a fit needs two")
        return slice(kept)


class Data:
    """Demonstrations in the networks' units, the batches that training draws from them, and the random numbers it uses."""

    def __init__(self, demos: Demonstrations, fit: Fit) -> None:
        self.demos, self.fit, self.g = demos, fit, generator(fit.seed)
        self.learned = fit.learned(demos.rows)
        self.held = slice(self.learned.stop, demos.rows)
        self.view = View.of(demos, self.learned)
        self.k, self.size = demos.k, demos.h * demos.du
        obs, noise, dx = self.view.obs, demos.noise, demos.x.shape[2]
        self.x = tensor((demos.x - obs.mean[..., :dx]) / obs.sd[..., :dx])
        u, mask = demos.u.reshape(self.k, demos.rows, -1), None if demos.mask is None else demos.mask.repeat(demos.du, axis=2)
        u = u if mask is None else np.where(mask, u, self.view.act.mean)
        self.u = u.reshape(demos.u.shape)  # padded steps at the mean
        self.act = tensor(self.view.act.into(u))
        self.mask = None if mask is None else tensor(mask)
        self.weights = None if demos.weights is None else torch.as_tensor(demos.weights)
        self.sigma = None if noise is None else tensor(noise.sigma[:, None] / obs.sd[..., :dx])
        self.of = torch.arange(self.k)[:, None]
        self.features = self.see(self.x[:, :1]).shape[2]

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.g, dtype=torch.float32).to(self.x.device)

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.g, dtype=torch.float32).to(self.x.device)

    def see(self, x: Tensor) -> Tensor:
        """Scaled observations (k, b, dx), with fresh noise where it was asked for, as the networks see them."""
        noise = self.demos.noise
        if noise is not None and self.sigma is not None:
            levels = tensor(noise.levels)
            level = levels[torch.randint(len(levels), (*x.shape[:2], 1), generator=self.g)]
            x = x + level * self.sigma * self.normal(*x.shape)
            if noise.told:
                shift, unit = (tensor(a[..., -1:]) for a in (self.view.obs.mean, self.view.obs.sd))
                x = torch.cat([x, (level - shift) / unit], dim=2)
        return self.view.waved(x)

    def at(self, index: Tensor) -> Batch:
        i = (self.of, index)
        return Batch(self.see(self.x[i]), self.act[i], None if self.mask is None else self.mask[i], index)

    def weighty(self, part: slice) -> NDArray[np.int64]:
        """The rows of a part (k, n); where one has no weight, the first that has."""
        rows = np.arange(self.demos.rows)[part]
        if self.demos.weights is None or not len(rows):
            return np.broadcast_to(rows, (self.k, len(rows)))
        there = self.demos.weights[:, part] > 0
        return np.where(there, rows, rows[there.argmax(axis=1)][:, None])

    def sure(self, v: Array) -> Array:
        """v (k, N, ...) at the rows that are learned from and weigh: what a range may be taken of."""
        return np.asarray(v[np.arange(self.k)[:, None], self.weighty(self.learned)])

    def all(self, part: slice | None = None) -> Tensor:
        """The rows of a part (default: of all data) in their order, (k, n)."""
        first, last, _ = (part or slice(None)).indices(self.demos.rows)
        return torch.arange(first, last).expand(self.k, -1)

    @cached_property
    def shares(self) -> Tensor:
        """The share of weight up to each row that is learned from, (k, n)."""
        assert self.weights is not None
        w = self.weights[:, self.learned].cumsum(dim=1)
        return w / w[:, -1:]

    def weighted(self, size: int) -> Tensor:
        """Rows (k, size) that are learned from, each drawn as often as it weighs; all alike without weights."""
        last = self.learned.stop
        if self.weights is None:
            return torch.randint(last, (self.k, size), generator=self.g)
        drawn = torch.rand(self.k, size, generator=self.g, dtype=torch.float64)
        return torch.searchsorted(self.shares, drawn, right=True).clamp(max=last - 1)

    def batch(self) -> Batch:
        """The rows of one step of training: drawn, or all in their order, if the fit asks for all and they weigh alike."""
        rows = self.fit.batch or self.learned.stop
        in_order = self.fit.batch is None and self.demos.weights is None
        return self.at(self.all(self.learned) if in_order else self.weighted(rows))

    def seeds(self, v: Array, n: int) -> Array:
        """(k, n, d): k-means++ seeds of v (k, rows that are learned from, d); a rare mode gets one of its own."""
        from sklearn.cluster import kmeans_plusplus  # slow to import, needed here only

        seed = self.fit.seed % 2**32

        def chosen(a: Array, weight: Array | None) -> Array:
            if weight is None:
                return np.asarray(kmeans_plusplus(a, n, random_state=seed)[0])
            there = np.flatnonzero(weight)  # alone, because where all distances are 0 the first row is taken
            there = np.resize(there, max(n, len(there)))  # over again, where fewer weigh than seeds are asked for
            return np.asarray(kmeans_plusplus(a[there], n, sample_weight=weight[there], random_state=seed)[0])

        with one_thread():
            w = [None] * self.k if self.demos.weights is None else self.demos.weights[:, self.learned]
            return np.stack([chosen(a, b) for a, b in zip(v, w, strict=True)])

    @cached_property
    def few(self) -> tuple[Tensor, Tensor] | None:
        """The different observations of each network (k, m, features), and which of them each row shows (k, N); None if there are
        more than ``FEW``, or noise. Where a network has fewer than m its last is repeated."""
        x, most = self.demos.x, FEW
        if self.demos.noise is not None or any(len(np.unique(v[: 8 * most], axis=0)) > most for v in x if v.size):
            return None
        found = [np.unique(v, axis=0, return_inverse=True) if v.size else (v[:1], np.zeros(len(v), dtype=np.int64)) for v in x]
        m = max(len(rows) for rows, _ in found)
        if m > most:
            return None
        each = np.stack([which.ravel() for _, which in found])
        first = np.stack([[(which == min(j, which.max())).argmax() for j in range(m)] for which in each])
        return self.see(self.x[self.of, torch.as_tensor(first)]), torch.as_tensor(each)

    def said(self, net: Ensemble, batch: Batch) -> Tensor:
        """What ``net`` says to each observation of a batch; evaluated once for each different one, where these are few."""
        if self.few is None:
            return cast(Tensor, net(batch.obs))
        obs, which = self.few
        return cast(Tensor, net(obs))[self.of, which[self.of, batch.rows]]

    def whole(self, objective: Objective, part: slice) -> Array:
        """The loss of each network on a part of its data (k,), by weight, with random numbers that are the same at every look; NaN
        where nothing weighs. What a block costs besides is left out where it is NaN: where the block shows too little to tell."""
        mine, self.g = self.g, generator(0)
        rows, shown = self.all(part), torch.tensor(self.weighty(part))
        n = rows.shape[1]
        cost, count, besides, weight = np.zeros((4, self.k))
        try:  # blocks of equal size, so that none has a single row
            parts = -(-n // BLOCK) if self.fit.batch else min(n, 1)
            for r, s in zip(rows.tensor_split(parts, dim=1), shown.tensor_split(parts, dim=1), strict=True) if parts else ():
                batch = self.at(s)._replace(weights=None if self.weights is None else self.weights[self.of, r])
                lost, there, more = objective(batch)
                each = lost.flatten(1).double().cpu()
                w = torch.ones_like(each[:, : r.shape[1]]) if batch.weights is None else batch.weights
                counts = w.repeat_interleave(each.shape[1] // r.shape[1], dim=1)
                counts = counts if there is None else counts * there.flatten(1).cpu()
                cost += array((each * counts).sum(dim=1))
                count += array(counts.sum(dim=1))
                extra = array(torch.as_tensor(more).double().cpu())
                besides += np.where(np.isnan(extra), 0.0, array(w.sum(dim=1)) * extra)
                weight += np.where(np.isnan(extra), 0.0, array(w.sum(dim=1)))
        finally:
            self.g = mine
        with np.errstate(invalid="ignore"):
            return np.asarray(cost / count + besides / weight)

    def untrained(self) -> dict[str, Any]:
        """What a head keeps of a fit that has not begun."""
        nothing = np.full(self.k, np.nan)
        return {"view": self.view, "loss": nothing, "held": nothing, "trace": np.empty((0, 1 + 2 * self.k))}

    def train(self, parameters: Iterable[nn.Parameter], objective: Objective) -> dict[str, Any]:
        """Minimise each network's mean ``objective``; what a head keeps of it: how it sees and says, its losses, its trace."""
        trace: list[Array] = []

        def losses() -> tuple[Array, Array]:
            return self.whole(objective, self.learned), self.whole(objective, self.held)

        def look(t: int) -> None:
            trace.append(np.concatenate([[t], *losses()]))

        fit = self.fit
        minimise(parameters, lambda: objective(self.batch()).mean().sum(), steps=fit.steps, lr=fit.lr, every=fit.every, watch=look)
        with alone():
            loss, held = losses()
        if not np.isfinite(loss).all():
            raise ValueError(f"training diverged: losses {loss.tolist()} after {fit.steps} steps at lr {fit.lr}")
        return self.untrained() | {"loss": loss, "held": held, "trace": np.array(trace).reshape(-1, 1 + 2 * self.k)}

    def hidden(self) -> list[int]:
        return [self.fit.width] * self.fit.depth

    def network(self, seen: int, said: int, *, plus: int = 0) -> Ensemble:
        """k networks of the shape of the fit, initialised from its seed (``plus`` a number, for a second one)."""
        return Ensemble(self.k, (seen, *self.hidden(), said), self.fit.seed + plus, self.fit.activation)
