"""Log-losses on tokens: what a network's outputs say about the law of a token.

``softmax`` knows nothing of the order of tokens. ``ordinal`` draws a number from a mixture of logistic laws and returns the cell it
falls into (arXiv 1701.05517), so that what it learns about one token it knows about its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

FLOOR = 1e-3  # of the width of a cell: the least scale of a logistic law


class TokenLaw(Protocol):
    """Log-probabilities of ``bins`` tokens from ``outputs`` numbers of a network."""

    @property
    def bins(self) -> int: ...

    @property
    def outputs(self) -> int: ...

    def __call__(self, out: Tensor) -> Tensor:
        """(..., outputs) to (..., bins)."""

    def point(self, out: Tensor) -> Tensor | None:
        """What the outputs guess for the token, as a number in [-1, 1], where tokens are numbers."""


@dataclass(frozen=True)
class Softmax:
    bins: int

    @property
    def outputs(self) -> int:
        return self.bins

    def __call__(self, out: Tensor) -> Tensor:
        return out.log_softmax(dim=-1)

    def point(self, out: Tensor) -> None:
        return None


@dataclass(frozen=True)
class Ordinal:
    """Cells of equal width on [-1, 1]; the outer ones reach to infinity."""

    bins: int
    components: int = 1

    @property
    def outputs(self) -> int:
        return 3 * self.components

    def __call__(self, out: Tensor) -> Tensor:
        logits, centre, raw = out.chunk(3, dim=-1)
        edges = torch.linspace(-1, 1, self.bins + 1, dtype=torch.float32, device=out.device)[1:-1]
        scale = FLOOR * 2 / self.bins + nn.functional.softplus(raw)
        z = (edges - centre[..., None]) / scale[..., None]
        inf = torch.full_like(z[..., :1], torch.inf)
        low, high = torch.cat([-inf, z], dim=-1), torch.cat([z, inf], dim=-1)
        # sigma(high) - sigma(low), in the tail where it keeps its digits: the difference of log-sigmoids of the smaller side
        flip = (low + high > 0) | torch.isinf(high)
        a, b = torch.where(flip, -high, low), torch.where(flip, -low, high)
        upper, lower = nn.functional.logsigmoid(b), nn.functional.logsigmoid(a)
        gap = (lower - upper).clamp(max=-1e-7)
        each = upper + torch.log(-torch.expm1(gap))
        return torch.logsumexp(logits.log_softmax(dim=-1)[..., None] + each, dim=-2)

    def point(self, out: Tensor) -> Tensor:
        logits, centre, _ = out.chunk(3, dim=-1)
        return (logits.softmax(dim=-1) * centre).sum(dim=-1)
