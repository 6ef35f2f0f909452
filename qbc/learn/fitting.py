"""What all heads share: settings of a fit, batches in the networks' units, the loss along the way, and how a head is called.

Inside, tensors are (k, n, .): network, row, coordinate; a chunk is one flat action of h du coordinates, in units of its spread.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from qbc.demonstrations import Demonstrations
from qbc.learn.device import alone, array, generator, minimise, tensor
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
    batch: int | None = 256  # rows a step; None: all of them, in order
    width: int = 128  # of each hidden layer
    depth: int = 2  # hidden layers
    activation: str = "silu"
    every: int = 0  # steps between looks at the loss on all data; 0: only at the end

    def __post_init__(self) -> None:
        for name in ("seed", "steps", "width", "depth", "every", *(["batch"] if self.batch is not None else [])):
            value, least = getattr(self, name), 0 if name in ("seed", "every", "depth") else 1
            if isinstance(value, bool) or not hasattr(value, "__index__") or operator.index(value) < least:
                raise ValueError(f"{name}: an integer >= {least}, got {value!r}")
            object.__setattr__(self, name, operator.index(value))
        if not 0 < self.lr < np.inf:
            raise ValueError(f"lr: > 0 and finite, got {self.lr}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation: one of {', '.join(ACTIVATIONS)}, got {self.activation!r}")


class Batch(NamedTuple):
    """Rows of each network's data, as the networks see them."""

    obs: Tensor  # (k, b, features)
    act: Tensor  # (k, b, h du), 0 where padded
    mask: Tensor | None  # (k, b, h du), 1 where demonstrated
    rows: Tensor  # (k, b): which they are


Objective = Callable[[Batch], Tensor]  # the loss of each network on a batch, (k,)


class Data:
    """Demonstrations in the networks' units, the batches that training draws from them, and the random numbers it uses."""

    def __init__(self, demos: Demonstrations, fit: Fit) -> None:
        self.demos, self.fit, self.view, self.g = demos, fit, View.of(demos), generator(fit.seed)
        self.k, self.rows, self.size = demos.k, demos.rows, demos.h * demos.du
        obs, noise, dx = self.view.obs, demos.noise, demos.x.shape[2]
        self.x = tensor((demos.x - obs.mean[..., :dx]) / obs.sd[..., :dx])
        mask = None if demos.mask is None else np.repeat(demos.mask, demos.du, axis=2)
        u = self.view.act.into(demos.u.reshape(self.k, self.rows, -1))
        self.act = tensor(u if mask is None else np.where(mask, u, 0.0))
        self.mask = None if mask is None else tensor(mask)
        self.sigma = None if noise is None else tensor(noise.sigma[:, None] / obs.sd[..., :dx])
        self.share = (
            None if demos.weights is None else torch.as_tensor(demos.weights.cumsum(axis=1) / demos.weights.sum(axis=1)[:, None])
        )
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

    def batch(self) -> Batch:
        """The rows of one step of training: drawn as often as they weigh, or all in their order."""
        size, n = self.fit.batch or self.rows, self.rows
        if self.share is not None:
            return self.at(self.weighted(size))
        return self.at(torch.randint(n, (self.k, size), generator=self.g) if self.fit.batch else self.all())

    def all(self) -> Tensor:
        return torch.arange(self.rows).expand(self.k, -1)

    def weighted(self, size: int) -> Tensor:
        """Rows (k, size), each drawn as often as it weighs."""
        assert self.share is not None
        drawn = torch.rand(self.k, size, generator=self.g, dtype=torch.float64)
        return torch.searchsorted(self.share, drawn, right=True).clamp(max=self.rows - 1)

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

    def whole(self, objective: Objective) -> Array:
        """The loss of each network on all its data (k,), with random numbers that are the same at every look."""
        mine, self.g = self.g, generator(0)
        block = min(self.rows, BLOCK if self.fit.batch else self.rows)
        try:
            total, rows = (
                np.zeros(self.k),
                torch.arange(self.rows).expand(self.k, -1) if self.share is None else self.weighted(self.rows),
            )
            for index in (rows[:, i : i + block] for i in range(0, self.rows, block)):
                total += array(objective(self.at(index))) * index.shape[1]
            return total / self.rows
        finally:
            self.g = mine

    def train(self, parameters: Iterable[nn.Parameter], objective: Objective) -> dict[str, Any]:
        """Minimise each network's mean ``objective``; what a head keeps of it: how it sees and says, its loss, its trace."""
        trace: list[tuple[float, ...]] = []

        def look(t: int) -> None:
            trace.append((t, *self.whole(objective)))

        fit = self.fit
        minimise(parameters, lambda: objective(self.batch()).sum(), steps=fit.steps, lr=fit.lr, every=fit.every, watch=look)
        with alone():
            return {"view": self.view, "loss": self.whole(objective), "trace": np.array(trace).reshape(-1, 1 + self.k)}

    def hidden(self) -> list[int]:
        return [self.fit.width] * self.fit.depth

    def network(self, seen: int, said: int, *, plus: int = 0) -> Ensemble:
        """k networks of the shape of the fit, initialised from its seed (``plus`` a number, for a second one)."""
        return Ensemble(self.k, (seen, *self.hidden(), said), self.fit.seed + plus, self.fit.activation)


def average(each: Tensor, mask: Tensor | None) -> Tensor:
    """The mean of errors (k, b, d) over rows and demonstrated coordinates: (k,)."""
    if mask is None:
        return each.mean(dim=(1, 2))
    return (each * mask).sum(dim=(1, 2)) / mask.sum(dim=(1, 2)).clamp(min=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Head(ABC):
    """k fitted heads side by side: ``head(x, rng)`` answers each observation with a chunk."""

    view: View = field(repr=False)
    loss: Array  # (k,): on all data, in the units in which it was trained
    trace: Array = field(repr=False)  # (looks, 1 + k): steps, and the losses after them

    @abstractmethod
    def draw(self, obs: Tensor, rng: np.random.Generator) -> Tensor | Array:
        """What the networks say, (k, n, h du) in their units, for observations as they see them (k, n, features)."""

    @property
    def k(self) -> int:
        return len(self.loss)

    @property
    def at_rest(self) -> tuple[int, ...]:
        """Columns of the observation in which no network's data vary: shifted, not divided, so a deviation there is not in units."""
        return tuple(np.flatnonzero(self.view.obs.at_rest.all(axis=(0, 1))).tolist())

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Chunks (k, n, h, du) for observations x (k, n, dx), or (n, dx) shown to all; raises ``ValueError`` for others, and NaN."""
        with alone():
            return self.view.say(self.draw(self.view.see(np.asarray(x, dtype=float)), rng))

    def policy(self, x: Array, rng: np.random.Generator) -> Array:
        """All k as one policy that plays the first action of each chunk: x (k n, dx) is k blocks of n rows, one a network."""
        u = self(x.reshape(self.k, -1, x.shape[1]), rng)
        return u[:, :, 0].reshape(len(x), -1)
