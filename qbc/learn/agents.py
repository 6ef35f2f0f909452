"""Fitted heads as policies that can be tuned by what they earn: what they drew to act, and how likely that was.

An agent draws one or more *moves* for each action: the steps of a denoising chain, the tokens of a chunk, the action itself.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from qbc.finite import draw
from qbc.learn.autoregressive import Tokens
from qbc.learn.chains import Chain, normal
from qbc.learn.device import alone, array, tensor
from qbc.learn.head import Head
from qbc.learn.mixture import Mixture, densities
from qbc.learn.networks import Ensemble
from qbc.learn.regression import Regression
from qbc.systems import Array


class Agent(ABC):
    """k heads side by side with networks of their own, ``net``, that training may change; the heads they begin as stay as they are."""

    head: Head
    net: Ensemble

    @abstractmethod
    def act(self, obs: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """What the networks say, (k, n, d), and the moves that led there, (k, n, ...)."""

    @abstractmethod
    def logs(self, obs: Tensor, moves: Tensor) -> Tensor:
        """The log-probability, or density, of each move: (k, n, moves)."""

    @property
    def weights(self) -> Tensor:
        """How much each move counts in the policy gradient, (moves,) or (1,): all alike."""
        return torch.ones(1)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Chunks (k, n, h, du) for observations x (k, n, dx), or (n, dx) shown to all."""
        with alone():
            return self.head.view.say(self.act(self.head.view.see(np.asarray(x, dtype=float)), rng)[0])


def trainable(net: Ensemble) -> Ensemble:
    """A copy that can be trained."""
    return net.snapshot().requires_grad_(True)


@dataclass(eq=False)
class Denoising(Agent):
    """The last ``tuned`` steps of a chain (DPPO, arXiv 2409.00588); those before them are taken by the networks it began as.

    ``discount``: a step counts by this factor for each step that comes after it. Log-densities are averages over coordinates, as
    published. Raises ``ValueError`` for more steps than the chain has, and for steps without noise, whose moves have no density.
    """

    chain: Chain
    tuned: int
    discount: float = 0.95
    head: Head = field(init=False)
    net: Ensemble = field(init=False)

    def __post_init__(self) -> None:
        steps = list(self.chain.steps())
        if not 1 <= self.tuned <= len(steps):
            raise ValueError(f"tuned: 1 to {len(steps)} steps, got {self.tuned}")
        self.head, self.net = self.chain.sampler, trainable(self.chain.sampler.net)
        self._fixed, self._tuned = steps[: -self.tuned], steps[-self.tuned :]
        self._scored = [s for s in self._tuned if s.sd]  # all but a last one without noise
        if not self._scored or not all(s.sd for s in self._tuned[:-1]):
            raise ValueError("tuned: steps that add noise, but for the last one")

    def act(self, obs: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        z = torch.empty(*obs.shape[:2], math.prod(self.head.view.shape))
        z = self.chain.along(normal(z, rng), obs, rng, self._fixed)
        path = [z]
        for step in self._tuned:
            z = self.chain.mean(z, step, obs, self.net)
            z = z + step.sd * normal(z, rng) if step.sd else z
            path.append(z)
        return z, torch.stack(path[: len(self._scored) + 1], dim=2)

    def logs(self, obs: Tensor, moves: Tensor) -> Tensor:
        each = []
        for i, step in enumerate(self._scored):
            mean = self.chain.mean(moves[:, :, i], step, obs, self.net)
            each.append((-0.5 * ((moves[:, :, i + 1] - mean) / step.sd) ** 2).mean(dim=2))
        return torch.stack(each, dim=2)

    @property
    def weights(self) -> Tensor:
        return tensor(self.discount ** np.arange(len(self._scored))[::-1].astype(float))


@dataclass(eq=False)
class Speaking(Agent):
    """Tokens drawn one after the other. ``temperature`` divides their log-probabilities, for exploration; it is part of the policy."""

    head: Tokens
    temperature: float = 1.0
    net: Ensemble = field(init=False)

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise ValueError(f"temperature: > 0 and finite, got {self.temperature}")
        self.net = trainable(self.head.net)

    @cached_property
    def _values(self) -> Array:
        """(k, bins, h du): what each token stands for."""
        head = self.head
        every = head.bins.decode(np.broadcast_to(np.arange(head.bins.n)[None, :, None, None], (head.k, head.bins.n, *head.view.shape)))
        return every.reshape(head.k, head.bins.n, -1)

    def law(self, obs: Tensor, known: Array, j: int) -> Tensor:
        """Log-probabilities (k, n, bins) of token j after the known values (k, n, h du)."""
        head, (k, n, _) = self.head, known.shape
        shown = head.context(known.reshape(k, n, *head.view.shape), np.full((k, n), j), head.reach)
        logs = head.law(self.net(torch.cat([obs, tensor(shown)], dim=2)))
        return (logs / self.temperature).log_softmax(dim=2)

    def act(self, obs: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        head, (k, n, _) = self.head, obs.shape
        d = math.prod(head.view.shape)
        known, codes = np.zeros((k, n, d)), np.zeros((k, n, d), dtype=np.int64)
        for j in range(d):
            codes[:, :, j] = draw(array(self.law(obs, known, j).exp()), rng)
            known[:, :, j] = np.take_along_axis(self._values[:, :, j], codes[:, :, j], axis=1)
        u = head.bins.shift + known.reshape(k, n, *head.view.shape) * head.bins.top
        return tensor(head.view.act.into(u.reshape(k, n, d))), torch.as_tensor(codes)

    def logs(self, obs: Tensor, moves: Tensor) -> Tensor:
        codes, each = moves.cpu().numpy(), []
        values = np.stack([np.take_along_axis(self._values[:, :, j], codes[:, :, j], axis=1) for j in range(codes.shape[2])], axis=2)
        for j in range(codes.shape[2]):
            known = np.where(np.arange(codes.shape[2]) < j, values, 0.0)
            each.append(self.law(obs, known, j).gather(2, moves[:, :, j : j + 1].to(obs.device)))
        return torch.cat(each, dim=2)


@dataclass(eq=False)
class Dense(Agent):
    """A mixture density, drawn with the widths of its components; one component is a Gaussian of learned widths."""

    head: Mixture
    net: Ensemble = field(init=False)

    def __post_init__(self) -> None:
        self.net = trainable(self.head.net)

    @property
    def _tuned(self) -> Mixture:
        return replace(self.head, net=self.net)

    def act(self, obs: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        u = tensor(self._tuned.draw(obs, rng))
        return u, u

    def logs(self, obs: Tensor, moves: Tensor) -> Tensor:
        return densities(self._tuned.logs(obs), moves, None)[..., None] / moves.shape[2]


@dataclass(eq=False)
class Gaussian(Agent):
    """The mean with normal noise of one deviation ``sd``, in the units of the networks, that no training changes."""

    head: Regression
    sd: float
    net: Ensemble = field(init=False)

    def __post_init__(self) -> None:
        if not 0 < self.sd < math.inf:
            raise ValueError(f"sd: > 0 and finite, got {self.sd}")
        self.net = trainable(self.head.net)

    def act(self, obs: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        mean = self.net(obs)
        u = mean + self.sd * normal(mean, rng)
        return u, u

    def logs(self, obs: Tensor, moves: Tensor) -> Tensor:
        squares: Tensor = ((moves - self.net(obs)) / self.sd) ** 2
        return (-0.5 * squares).mean(dim=2, keepdim=True)
