"""Policy gradient: heads tuned by what their actions earn, with the clipped objective of PPO (arXiv 1707.06347).

Returns are compared with the mean of their network's, in units of their spread; there is no critic, and every ask of an episode
counts with the episode's return.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from qbc.learn.agents import Agent
from qbc.learn.device import alone, minimise, tensor
from qbc.systems import Array

Act = Callable[[Array, np.random.Generator], Array]


@dataclass(frozen=True)
class Tuning:
    """``iterations`` batches of episodes, each looked at ``epochs`` times; the step size falls from ``lr`` to 0 over all of them."""

    iterations: int
    epochs: int = 5
    lr: float = 1e-3
    clip: float = 0.1

    def __post_init__(self) -> None:
        if min(self.iterations, self.epochs) < 1:
            raise ValueError(f"iterations and epochs: >= 1, got {self.iterations} and {self.epochs}")
        if not 0 < self.lr < np.inf or not 0 < self.clip < 1:
            raise ValueError(f"lr: > 0 and finite, clip: in (0, 1), got {self.lr} and {self.clip}")


@dataclass(eq=False)
class Recorder:
    """An agent that keeps what it saw and drew; called as the agent is."""

    agent: Agent
    seen: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        with alone():
            obs = self.agent.head.view.see(np.asarray(x, dtype=float))
            said, moves = self.agent.act(obs, rng)
            self.seen.append((obs, moves))
            return self.agent.head.view.say(said)


def standing(returns: Array) -> Array:
    """Returns (k, n) less the mean of each network's, in units of their spread; 0 where they are all alike."""
    gap = returns - returns.mean(axis=1, keepdims=True)
    spread = gap.std(axis=1, keepdims=True)
    return np.asarray(np.where(spread > 0, gap / np.where(spread > 0, spread, 1.0), 0.0))


def clipped(ratio: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """PPO's objective, elementwise."""
    return torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)


def tune(agent: Agent, episodes: Callable[[Act, np.random.Generator], Array], fit: Tuning, rng: np.random.Generator) -> Array:
    """Change the networks of an agent to earn more; the mean returns (iterations, k) on the way, each before its updates.

    ``episodes(act, rng)`` plays n episodes of each of k networks, in which ``act`` is asked as a head is, the rows of each network
    in the order of the episodes, and gives their returns (k, n). Raises ``ValueError`` for returns of another shape.
    """
    trace: list[Array] = []
    batch: tuple[Tensor, Tensor, Tensor, Tensor]
    calls = 0

    def collect() -> tuple[Tensor, Tensor, Tensor, Tensor]:
        recorder = Recorder(agent)
        returns = np.asarray(episodes(recorder, rng), dtype=float)
        obs, moves = (torch.cat(parts, dim=1) for parts in zip(*recorder.seen, strict=True))
        if returns.ndim != 2 or len(returns) != agent.head.k or obs.shape[1] % returns.shape[1]:
            raise ValueError(f"returns: ({agent.head.k}, episodes), got {returns.shape}")
        trace.append(returns.mean(axis=1))
        worth = np.tile(standing(returns), (1, obs.shape[1] // returns.shape[1]))
        with alone():
            return obs, moves, agent.logs(obs, moves), tensor(worth)[..., None]

    def loss() -> Tensor:
        nonlocal calls, batch
        if calls % fit.epochs == 0:
            batch = collect()
        calls += 1
        obs, moves, before, worth = batch
        ratio = (agent.logs(obs, moves) - before).exp()
        gained = clipped(ratio, worth, fit.clip) * agent.weights.to(ratio.device)
        return -gained.mean(dim=(1, 2)).sum()

    minimise(agent.net.parameters(), loss, steps=fit.iterations * fit.epochs, lr=fit.lr)
    return np.array(trace).reshape(-1, agent.head.k)
