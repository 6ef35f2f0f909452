"""Batches, what they cost each network, and how costs are averaged, in training as over all data."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Rows of each network's data, as the networks see them."""

    obs: Tensor  # (k, b, features)
    act: Tensor  # (k, b, h du)
    mask: Tensor | None  # (k, b, h du), 1 where demonstrated
    rows: Tensor  # (k, b): which they are
    weights: Tensor | None = None  # (k, b), where a batch is not drawn by weight: how often each counts


class Losses(NamedTuple):
    """What a batch costs each network: the mean of ``each`` over what is there, and what it costs ``besides``."""

    each: Tensor  # (k, b) or (k, b, d)
    there: Tensor | None = None  # the same shape: how much each counts; None: all alike
    besides: Tensor | float = 0.0  # (k,): of the network, or of the batch as a whole

    def mean(self) -> Tensor:
        return average(self.each, self.there) + self.besides


Objective = Callable[[Batch], Losses]


def average(each: Tensor, there: Tensor | None) -> Tensor:
    """The mean of errors (k, b, ...) over what is there: (k,)."""
    over = tuple(range(1, each.ndim))
    if there is None:
        return each.mean(dim=over)
    there = there.to(each.device)  # weights stay with the processor
    return (each * there).sum(dim=over) / there.sum(dim=over).clamp(min=1e-30)
