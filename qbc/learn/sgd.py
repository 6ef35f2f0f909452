"""Streaming stochastic gradient descent, every iterate a policy: raw checkpoints and their exponential moving averages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from qbc.arrays import finite
from qbc.learn.device import alone, single
from qbc.learn.networks import Ensemble, Networks
from qbc.learn.token_means import split
from qbc.systems import Array

Batches = Callable[[], tuple[Array, Array]]  # a fresh minibatch at every call: states and actions


def _checked(batch: tuple[Array, Array], t: int) -> tuple[Array, Array]:
    """The batch of step t, counted from 0."""
    for name, a in zip("xu", batch, strict=True):
        finite(f"batch {t}: {name}", a, "network", "row", "column")
    return batch


@dataclass(frozen=True)
class Gains:
    """The last iterates of n chains of scalar gains: one policy u = gain x for every entry."""

    raw: Array  # (keep, n)
    ema: Array  # (gammas, keep, n): moving averages of the same iterates


def stream_gains(
    batches: Batches, start: ArrayLike, *, lr: float | Sequence[float] | Array, steps: int, gammas: Sequence[float] = (), keep: int = 1
) -> Gains:
    """SGD on half the mean squared error of u = gain x, in n independent chains; the last ``keep`` iterates are kept.

    ``batches`` gives x (n, B), u (n, B) anew for every step. ``lr`` is a number or one for each step. A moving average starts at
    ``start`` (a number or (n,)) and moves by the share gamma towards each new iterate. Raises ``ValueError`` if lr and steps
    differ, for an lr that is not finite, or for a batch of other shapes.
    """
    rates = np.broadcast_to(np.asarray(lr, dtype=float), np.shape(lr) or (steps,))
    if rates.shape != (steps,) or not 1 <= keep <= steps:
        raise ValueError(f"stream_gains needs one lr or {steps}, and 1 <= keep <= steps; got {np.shape(lr)} and keep = {keep}")
    finite("lr", rates, "step")
    if any(not 0 < g <= 1 for g in gammas):
        raise ValueError(f"gammas must lie in (0, 1], got {tuple(gammas)}")
    gain, averages, kept = np.asarray(start, dtype=float), [np.asarray(start, dtype=float) for _ in gammas], []
    for t, eta in enumerate(rates):
        x, u = _checked(batches(), t)
        if x.ndim != 2 or x.shape != u.shape or gain.shape not in ((), x.shape[:1]):
            n = str(len(gain)) if gain.ndim else "n"
            raise ValueError(f"batch {t}: x and u must be of one shape ({n}, B), got {x.shape} and {u.shape}")
        gain = gain - eta * ((gain[..., None] * x - u) * x).mean(axis=1)
        averages = [m + g * (gain - m) for g, m in zip(gammas, averages, strict=True)]
        if t >= steps - keep:
            kept.append((gain, *averages))
    both = np.array(kept).swapaxes(0, 1)
    return Gains(both[0], both[1:])


def _codes(u: Array, tokens: int, t: int) -> None:
    if (np.not_equal(u, np.rint(u)) | np.less(u, 0) | np.greater_equal(u, tokens)).any():
        raise ValueError(f"batch {t}: u must be codes, whole numbers from 0 to {tokens - 1}")


def _log_loss(logits: Tensor, codes: Tensor) -> Tensor:
    """Nats a code, (k, B, du, tokens) against (k, B, du), summed over the networks."""
    loss = nn.functional.cross_entropy(logits.flatten(0, 2), codes.long().flatten(), reduction="sum")
    return loss / (codes.shape[1] * codes.shape[2])


@dataclass(frozen=True)
class Checkpoints:
    """``count`` checkpoints of k networks in one ensemble, network i of checkpoint c at c k + i, and their moving averages."""

    raw: Networks
    ema: Networks
    count: int


def stream_networks(
    nets: Networks, batches: Batches, *, lr: float, steps: int, gamma: float, count: int, every: int, tokens: int
) -> Checkpoints:
    """Plain SGD on the log-loss of every network of ``nets``, which stay as they are and say du ``tokens`` logits.

    ``batches`` gives x (k, B, dx) and codes u (k, B, du), whole numbers below ``tokens``, anew for every step; the cross-entropy is
    averaged over the du codes. The last ``count`` iterates at distance ``every`` are kept, with their moving averages (share ``gamma``
    towards each iterate, started at ``nets``). Raises ``ValueError`` for settings, batches or an output width that do not fit.
    """
    if not (1 <= count * every <= steps and 0 < gamma <= 1 and 0 < lr < np.inf):
        raise ValueError(
            f"stream_networks needs count * every <= steps, 0 < gamma <= 1, a finite lr > 0; got {count} * {every}, {gamma}, {lr}"
        )
    net, average = nets.net.snapshot().requires_grad_(True), nets.net.snapshot()
    raw, ema = [], []
    with alone(grad=True):
        for t in range(steps):
            batch = batches()
            x, u = (single(f"batch {t}: {name}", a, "network", "row", "column") for name, a in zip("xu", batch, strict=True))
            logits = split(net(x), tokens)
            if (shape := logits.shape[:3]) != u.shape:
                raise ValueError(f"batch {t}: u must be of the shape {tuple(shape)}, got {tuple(u.shape)}")
            _codes(batch[1], tokens, t)
            slopes = torch.autograd.grad(_log_loss(logits, u), list(net.parameters()))
            with torch.no_grad():
                for p, m, g in zip(net.parameters(), average.parameters(), slopes, strict=True):
                    p.sub_(g, alpha=lr)
                    m.lerp_(p, gamma)
            left = steps - 1 - t
            if left < count * every and left % every == 0:
                raw.append(net.snapshot())
                ema.append(average.snapshot())
    return Checkpoints(Networks(Ensemble.join(raw)), Networks(Ensemble.join(ema)), count)
